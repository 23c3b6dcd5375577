//! Manifests are read as kubectl reads them, and what is printed reads back.

use bindery::{Json, Manifest, ManifestError, Reader, Strictness, to_json, to_yaml};
use proptest::prelude::*;

/// A volume with a field that the model does not know, of which the value is written as given.
fn manifest(value: &str) -> String {
    format!("apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: v\nextra: {value}\n")
}

/// Reads in one pass where that is possible, and in two passes.
fn read(text: &str) -> (Result<Manifest, ManifestError>, Result<Manifest, ManifestError>) {
    let reader = Reader::new().strictness(Strictness::Keep);
    (reader.read(text), reader.keep_written().read(text))
}

/// The field that the model does not know, as one line; the first problem where the text cannot be read.
fn extra(text: &str) -> Result<String, String> {
    let (fast, slow) = read(text);
    let slow = slow.map_err(|error| error.problems[0].rule.clone())?;
    let fast = fast.unwrap_or_else(|error| panic!("only one pass fails: {error}\n{text}"));
    let (fast, slow) = (&fast.documents[0], &slow.documents[0]);
    assert_eq!(to_json(&fast.object), to_json(&slow.object), "both passes agree on\n{text}");
    let written = slow.written.as_ref().and_then(|written| written.get("extra")).expect("the field");
    Ok(serde_json::to_string(written).expect("text"))
}

#[test]
fn plain_scalars_are_read_as_yaml_1_1() {
    let cases = [
        ("yes", "true"),
        ("On", "true"),
        ("y", "true"),
        ("NO", "false"),
        ("off", "false"),
        ("yEs", "\"yEs\""),
        ("~", "null"),
        ("", "null"),
        ("NULL", "null"),
        ("010", "8"),
        ("-017", "-15"),
        ("0o17", "15"),
        ("0O17", "15"),
        ("08", "8"),
        ("0x1F", "31"),
        ("-0X1f", "-31"),
        ("0b11", "3"),
        ("0b-11", "-3"),
        ("1_000", "1000"),
        ("0x_1", "1"),
        ("_1", "\"_1\""),
        ("+5", "5"),
        ("1e3", "1000"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("._5", "\"._5\""),
        ("5.", "5"),
        ("1e400", "\"1e400\""),
        ("0x1p3", "\"0x1p3\""),
        ("9223372036854775808", "9223372036854776000"),
        ("190:20:30", "\"190:20:30\""),
        ("2024-01-01", "\"2024-01-01\""),
        ("10Gi", "\"10Gi\""),
        ("\"yes\"", "\"yes\""),
        ("'010'", "\"010\""),
        ("!!str yes", "\"yes\""),
        ("! yes", "\"yes\""),
        // kubectl decodes this one.
        ("!!binary aGk=", "\"aGk=\""),
        ("!mine 10", "\"10\""),
        ("!!int \"010\"", "8"),
        ("!!float 1", "1"),
        ("!!bool 'on'", "true"),
    ];
    for (written, expected) in cases {
        assert_eq!(extra(&manifest(written)), Ok(expected.to_owned()), "{written}");
    }
    let wrong = [
        (".inf", "JSON has no number .inf"),
        (".NaN", "JSON has no number .NaN"),
        ("!!int x", "\"x\" is no int"),
        ("<<: 1", "map merge requires map or sequence of maps as the value"),
        ("{[a]: 1}", "only text, a number or a boolean can be a key"),
    ];
    for (written, rule) in wrong {
        let written = written.replace("<<: 1", "{<<: 1}");
        assert_eq!(extra(&manifest(&written)), Err(rule.to_owned()), "{written}");
    }
}

#[test]
fn keys_are_the_text_of_what_they_mean() {
    let written = "{yes: 1, 010: 2, 1.50: 3, 1e6: 4, .inf: 5, 2024-01-01: 6, 0.1: 7}";
    let expected = r#"{"true":1,"8":2,"1.5":3,"1e+06":4,".inf":5,"2024-01-01":6,"0.1":7}"#;
    assert_eq!(extra(&manifest(written)), Ok(expected.to_owned()));
}

#[test]
fn a_merge_puts_its_entries_over_what_stands_before_it() {
    let cases = [
        ("{<<: {a: 1, b: 2}, a: 3}", r#"{"b":2,"a":3}"#),
        ("{a: 3, <<: {a: 1, b: 2}}", r#"{"a":1,"b":2}"#),
        ("{<<: [{a: 1}, {a: 2, b: 3}]}", r#"{"a":1,"b":3}"#),
        ("{!!merge <<: {a: 1}}", r#"{"a":1}"#),
        ("{x: &x {a: 1}, z: {<<: *x}, w: *x}", r#"{"x":{"a":1},"z":{"a":1},"w":{"a":1}}"#),
        ("{\"<<\": {a: 1}}", r#"{"<<":{"a":1}}"#),
    ];
    for (written, expected) in cases {
        assert_eq!(extra(&manifest(written)), Ok(expected.to_owned()), "{written}");
    }
}

#[test]
fn a_number_in_json_has_the_text_that_the_api_server_sees() {
    let cases = [
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("-0", "0"),
        ("1E21", "1e+21"),
        ("18446744073709551615", "18446744073709552000"),
        ("\"1.50\"", "\"1.50\""),
    ];
    for (written, expected) in cases {
        let text = format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"PersistentVolume\", \"metadata\": {{\"name\": \"v\"}}, \
             \"spec\": {{\"capacity\": {{\"storage\": {written}}}}}, \"extra\": {written}}}"
        );
        assert_eq!(to_json(&json(&extra(&text).expect("JSON"))), format!("{expected}\n"));
    }
}

#[test]
fn a_number_or_a_boolean_is_no_string() {
    let cases = [
        ("10", "expected a string, found a number"),
        ("1.5", "expected a string, found a number"),
        ("true", "expected a string, found a boolean"),
        ("yes", "expected a string, found a boolean"),
        ("[a]", "expected a string, found a list"),
        ("{a: b}", "expected a string, found a map"),
    ];
    for (value, rule) in cases {
        let text = format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: v\n  labels:\n    tier: {value}\nspec:\n  \
             storageClassName: {value}\n"
        );
        let error = Reader::new().read(&text).expect_err("a string is expected");
        let found: Vec<_> =
            error.problems.iter().map(|problem| (problem.path.as_str(), problem.rule.as_str())).collect();
        assert_eq!(found, [("metadata.labels.tier", rule), ("spec.storageClassName", rule)], "{value}");
    }
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

fn string(text: &str) -> Json {
    Json::String(text.into())
}

/// Texts in which something is likely to be special.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b",
        " ",
        "  ",
        "\n",
        "\t",
        ":",
        ": ",
        " #",
        "-",
        "- ",
        "?",
        "'",
        "\"",
        "\\",
        "{",
        "]",
        ",",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "0",
        "1",
        "07",
        "0x",
        "_",
        ".",
        "e",
        "yes",
        "null",
        "~",
        "<<",
        "2024-01-01",
        "T00:00:00Z",
        "é",
        "日",
        "😀",
        "\u{a0}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{7f}",
        "\u{1}",
        "\r",
        "\u{fffe}",
        "lorem ipsum dolor sit amet ",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()),
        "[-+0-9._:eExobTZ ]{1,12}",
        ".{0,12}",
    ]
}

fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|value| Json::Number(value.to_string().as_str().into())),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |value| value.is_finite())
            .prop_map(|value| Json::Number(format!("{value:e}").as_str().into())),
        texts().prop_map(|text| string(&text)),
        texts().prop_map(|text| string(&text)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            prop::collection::btree_map(
                texts().prop_filter("kubectl prints it as a merge", |key| key != "<<"),
                inner,
                0..4
            )
            .prop_map(|map| Json::Map(map.into_iter().map(|(key, value)| (key.as_str().into(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same_value(value in values()) {
        let object = Json::Map(vec![
            ("apiVersion".into(), string("v1")),
            ("kind".into(), string("PersistentVolume")),
            ("metadata".into(), Json::Map(vec![("name".into(), string("v"))])),
            ("extra".into(), value),
        ]);
        for text in [to_yaml(&object), to_json(&object)] {
            let (fast, slow) = read(&text);
            let written = slow.as_ref().map(|manifest| manifest.documents[0].written.as_ref().map(to_json));
            prop_assert_eq!(written, Ok(Some(to_json(&object))), "{}", text);
            let [fast, slow] = [fast, slow].map(|read| read.map(|manifest| to_json(&manifest.documents[0].object)));
            prop_assert_eq!(fast, slow, "{}", text);
        }
    }
}
