//! Objects are printed as kubectl prints them.

use bindery::{Json, to_json, to_yaml};

fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

fn string(text: &str) -> Json {
    Json::String(text.into())
}

#[test]
fn strings_are_quoted_where_they_would_be_read_as_something_else() {
    let quoted = [
        "",
        "~",
        "null",
        "Null",
        "NULL",
        "true",
        "True",
        "TRUE",
        "false",
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "n",
        "no",
        "NO",
        "on",
        "On",
        "off",
        "OFF",
        "0",
        "10",
        "-1",
        "+1",
        "010",
        "0x1F",
        "0X1f",
        "0b11",
        "0b-1",
        "0o17",
        "1_000",
        "1e3",
        "1.5",
        ".5",
        "5.",
        ".inf",
        "-.INF",
        ".NaN",
        "190:20:30",
        "1:20",
        "20:30.5",
        "2024-01-01",
        "2024-1-1",
        "2024-01-01T00:00:00Z",
        "2024-01-01t00:00:00.5+01:00",
        "2024-01-01 00:00:00",
        "123456789012345678901234567890",
    ];
    for text in quoted {
        assert_eq!(to_yaml(&string(text)), format!("\"{text}\"\n"));
    }
}

#[test]
fn strings_that_are_read_as_text_stand_plain() {
    let plain = [
        "a",
        "yEs",
        "nuLL",
        "tRUE",
        "10Gi",
        "100m",
        "1e",
        "0x",
        "0b2",
        "0xg",
        "08:61",
        "1e400",
        "2024-13-01",
        "2024-02-30",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00:00Z",
        "1:60",
        "_1",
        "=",
        "/tmp/data",
        "a:b",
        "a#b",
        "-a",
        "?a",
        ":a",
        "--",
        "nan",
        "inf",
        "é",
        "日本",
        "a  b",
        "it's",
        "a\"b",
        "a\\b",
        "a,b",
        "<a>&b",
        "\u{a0}",
        "pv.kubernetes.io/bind-completed",
    ];
    for text in plain {
        assert_eq!(to_yaml(&string(text)), format!("{text}\n"));
    }
}

#[test]
fn strings_that_would_end_early_or_begin_something_stand_in_single_quotes() {
    let quoted = [
        "-", "- a", "?", "? a", ":", ": a", "a:", "a: b", "a #b", "#a", " a", "a ", "---", "--- a", "...", "...a",
        "{}", "[a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", ",a", "\"a\"", "<<: *a",
    ];
    for text in quoted {
        assert_eq!(to_yaml(&string(text)), format!("'{text}'\n"));
    }
    assert_eq!(to_yaml(&string("'a'")), "'''a'''\n");
    assert_eq!(to_yaml(&string("it's: a")), "'it''s: a'\n");
}

#[test]
fn what_only_escapes_can_express_is_escaped() {
    let escaped = [
        ("a\tb", r"a\tb"),
        ("a\r", r"a\r"),
        ("\0\u{7}\u{8}\u{b}\u{c}\u{1b}\u{1}", r"\0\a\b\v\f\e\x01"),
        ("\u{7f}", r"\x7F"),
        ("\u{1f600}", r"\U0001F600"),
        ("a \nb", r"a \nb"),
        ("a\nb ", r"a\nb "),
        ("a\tb\n\"c\\", r#"a\tb\n\"c\\"#),
        ("\u{feff}a b", r"\uFEFF\x61\x20\x62"),
    ];
    for (text, expected) in escaped {
        assert_eq!(to_yaml(&string(text)), format!("\"{expected}\"\n"));
    }
}

#[test]
fn line_ends_of_yaml_1_1_are_escaped_unlike_in_kubectl() {
    assert_eq!(to_yaml(&string("a\u{2028}b\u{2029}c\u{85}d")), "\"a\\Lb\\Pc\\Nd\"\n");
}

#[test]
fn lines_stand_in_literal_blocks() {
    let blocks = [
        ("a\nb", "|-\n  a\n  b\n"),
        ("a\nb\n", "|\n  a\n  b\n"),
        ("a\nb\n\n", "|+\n  a\n  b\n\n"),
        ("a\n\n b\n", "|\n  a\n\n   b\n"),
        ("a\n", "|\n  a\n"),
        (" a\nb", "|2-\n   a\n  b\n"),
        ("\na", "|2-\n\n  a\n"),
    ];
    for (text, expected) in blocks {
        let map = Json::Map(vec![("k".into(), string(text))]);
        assert_eq!(to_yaml(&map), format!("k: {expected}"));
    }
    // Text of a document or of a list's item, and a key.
    assert_eq!(to_yaml(&string("a\nb")), "|-\n  a\n  b\n");
    assert_eq!(to_yaml(&json(r#"["a\nb"]"#)), "- |-\n  a\n  b\n");
    assert_eq!(to_yaml(&json(r#"{"a\nb": 1}"#)), "? |-\n  a\n  b\n: 1\n");
}

#[test]
fn lines_are_folded_at_the_first_space_beyond_column_80() {
    let words = "0123456789 ".repeat(10);
    let plain = Json::Map(vec![("k".into(), string(words.trim_end()))]);
    let first = "0123456789 ".repeat(8);
    let first = first.trim_end();
    assert_eq!(to_yaml(&plain), format!("k: {first}\n  0123456789 0123456789\n"));
    let single = Json::Map(vec![("k".into(), string(&words.trim_end().replacen('0', "#", 1)))]);
    let expected = first.replacen('0', "#", 1);
    assert_eq!(to_yaml(&single), format!("k: '{expected}\n  0123456789 0123456789'\n"));
    // An escape is as wide as it is written.
    let double = Json::Map(vec![("k".into(), string(&words.trim_end().replacen('0', "\t", 1)))]);
    let expected = format!("\\t123456789{}", " 0123456789".repeat(6));
    assert_eq!(to_yaml(&double), format!("k: \"{expected}\n  0123456789 0123456789 0123456789\"\n"));
}

#[test]
fn long_keys_stand_behind_a_question_mark() {
    let key = |length: usize| Json::Map(vec![("k".repeat(length).as_str().into(), string("v"))]);
    assert_eq!(to_yaml(&key(128)), format!("{}: v\n", "k".repeat(128)));
    assert_eq!(to_yaml(&key(129)), format!("? {}\n: v\n", "k".repeat(129)));
}

#[test]
fn lists_stand_under_their_keys_and_maps_are_indented_by_two() {
    let cases = [
        (
            r#"{"b": {"c": 1}, "a": [{"z": [], "x": {}}, [1, [2]], "z"]}"#,
            "a:\n- x: {}\n  z: []\n- - 1\n  - - 2\n- z\nb:\n  c: 1\n",
        ),
        (r#"{"a": null, "b": true, "c": false}"#, "a: null\nb: true\nc: false\n"),
        ("[]", "[]\n"),
        ("{}", "{}\n"),
        ("null", "null\n"),
    ];
    for (value, expected) in cases {
        assert_eq!(to_yaml(&json(value)), expected);
    }
}

#[test]
fn keys_are_sorted_with_numbers_by_value_and_letters_last() {
    let cases = [
        (&["pv-10", "pv-2", "pv-1"], "pv-1 pv-2 pv-10"),
        (&["ab", "a-b", "a.b"], "a-b a.b ab"),
        (&["a", "B", "aB"], "B a aB"),
        (&["é", "z", "_"], "_ z é"),
        (&["x01", "x1", "x2"], "x1 x01 x2"),
        // Each stands before the next, and the last before the first: kubectl's order changes from run to run.
        (&["2", "12", "1a"], "\"12\" 1a \"2\""),
    ];
    for (keys, expected) in cases {
        let map = Json::Map(keys.iter().map(|key| ((*key).into(), Json::Null)).collect());
        assert_eq!(to_yaml(&map).replace(": null\n", " ").trim_end(), expected);
    }
}

#[test]
fn numbers_have_the_spelling_that_they_have_in_a_cluster() {
    // As written, in YAML, in JSON.
    let cases = [
        ("10", "10", "10"),
        ("-9223372036854775808", "-9223372036854775808", "-9223372036854775808"),
        ("1.50", "1.5", "1.5"),
        ("1e3", "1000", "1000"),
        ("0.00001", "1e-05", "0.00001"),
        ("0.0000001", "1e-07", "1e-7"),
        ("1234567.5", "1.2345675e+06", "1234567.5"),
        ("1e21", "1e+21", "1e+21"),
        ("18446744073709551616", "1.8446744073709552e+19", "18446744073709552000"),
        ("5e-324", "5e-324", "5e-324"),
    ];
    for (written, in_yaml, in_json) in cases {
        let number = Json::Number(written.into());
        assert_eq!(to_yaml(&number), format!("{in_yaml}\n"), "{written}");
        assert_eq!(to_json(&number), format!("{in_json}\n"), "{written}");
    }
}

#[test]
fn json_is_indented_by_four_and_escapes_what_html_could_mistake() {
    let value = json(r#"{"b": [1, {}, []], "a": {"<&>": "\u2028\u2029é\u007f\u0001\n\""}}"#);
    let expected = concat!(
        "{\n    \"a\": {\n        \"\\u003c\\u0026\\u003e\": \"\\u2028\\u2029é\u{7f}\\u0001\\n\\\"\"\n    },\n",
        "    \"b\": [\n        1,\n        {},\n        []\n    ]\n}\n"
    );
    assert_eq!(to_json(&value), expected);
}
