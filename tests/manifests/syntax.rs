//! What YAML and JSON allow, and where the reader draws a line.

use std::fmt::Write as _;

use bindery::{Manifest, ManifestError, Reader};

fn read(text: &str) -> Result<Manifest, ManifestError> {
    Reader::new().read(text)
}

/// The only problem of a text, without its place.
fn problem(text: &str) -> String {
    let error = read(text).expect_err("a bad manifest");
    assert_eq!(error.problems.len(), 1, "{error}");
    error.problems[0].rule.clone()
}

fn labels(text: &str) -> Vec<(String, String)> {
    let manifest = read(text).expect("a good manifest");
    let labels = &manifest.documents[0].object.metadata().labels;
    labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// A node of which the labels are some YAML.
fn node(labels: &str) -> String {
    format!("apiVersion: v1\nkind: Node\nmetadata:\n  name: node\n  labels:{labels}\n")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What stands below a merge key wins over what is merged, which wins over what stands above it. Of what is merged the
/// first wins.
#[test]
fn a_merge_key_fills_what_the_map_does_not_say_below_it() {
    let text = "\
apiVersion: v1
kind: Node
metadata:
  name: node
  annotations: &one {a: one, b: one, c: one}
  labels:
    a: above
    <<: [{b: two}, *one]
    c: below
";
    assert_eq!(labels(text), pairs(&[("a", "one"), ("b", "two"), ("c", "below")]));
}

#[test]
fn a_merge_key_needs_maps() {
    for value in ["1", "[1]", "[{a: b}, [c]]", "~"] {
        let text = node(&format!(" {{<<: {value}}}"));
        assert_eq!(problem(&text), "map merge requires map or sequence of maps as the value");
    }
}

#[test]
fn a_quoted_merge_key_is_a_key_like_any_other() {
    assert_eq!(labels(&node(" {\"<<\": a}")), pairs(&[("<<", "a")]));
}

#[test]
fn an_alias_stands_for_what_was_anchored() {
    assert_eq!(labels(&node(" {a: &x one, b: *x}")), pairs(&[("a", "one"), ("b", "one")]));
    assert!(problem(&node(" {a: *x}")).contains("unknown anchor"));
    assert!(problem(&node(" &x {a: *x}")).contains("contains"));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").expect("written");
    }
    assert_eq!(problem(&text), "document contains excessive aliasing");
}

/// Aliases within aliases nest deeper than any text shows.
#[test]
fn nesting_is_bounded_whether_it_is_written_or_comes_from_aliases() {
    let too_deep = "values are nested more than 127 deep";
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let nested = |depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
        let other = |value: &str| format!("apiVersion: v1\nkind: Other\nvalue: {value}\n");
        let read = |depth| Reader::new().keep_written().read(&other(&nested(depth)));
        assert!(read(100).is_ok());
        assert_eq!(read(200).expect_err("too deep").problems[0].rule, too_deep);
        assert!(read(100_000).is_err());
    }
    let mut text = format!("filler: [{}]\na0: &a0 []\n", "x, ".repeat(100_000));
    for level in 1..200 {
        let (open, close) = ("[".repeat(100), "]".repeat(100));
        writeln!(text, "a{level}: &a{level} {open}*a{}{close}", level - 1).expect("written");
    }
    assert_eq!(problem(&text), too_deep);
    let json = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!problem(&json).is_empty());
}

/// A number that 64 bits do not hold loses its last digits on its way to the API server, a quantity in quotes does not.
#[test]
fn huge_numbers_are_exact_where_they_are_quoted_quantities_and_refused_where_they_are_none() {
    let claim = |storage: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: a}}\n\
             spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: {storage}}}}}}}\n"
        )
    };
    let storage = |text: &str| {
        let written = bindery::to_json(&read(&claim(text)).expect("a good manifest").documents[0].object);
        let line = written.lines().find(|line| line.contains("\"storage\"")).expect("a request").to_owned();
        line.split('"').nth(3).expect("a quantity").to_owned()
    };
    assert_eq!(storage("9223372036854775807"), "9223372036854775807");
    assert_eq!(storage("18446744073709551615"), "18446744073709552k");
    assert_eq!(storage("\"9223372036854775807123\""), "9223372036854775807123");
    assert_eq!(storage("1.5"), "1500m");
    assert!(problem(&claim("\"1e999999999999\"")).contains("quantit"));
    assert!(problem(&claim(&format!("\"{}\"", "9".repeat(100_000)))).contains("quantit"));
    let replicas = |number: &str| format!("apiVersion: apps/v1\nkind: StatefulSet\nspec: {{replicas: {number}}}\n");
    for number in ["2147483648", "-2147483649", "99999999999999999999999", "1e400", "1.5"] {
        let text = replicas(number);
        assert!(read(&text).is_err(), "{number}");
    }
    assert_eq!(problem(&replicas("2147483648")), "the number 2147483648 is no integer of 32 bits");
}

#[test]
fn plain_words_are_read_by_the_rules_of_yaml_1_1() {
    for word in ["yes", "On", "n", "010", "0x1F", "1_000", "09", "1e3", "+1", ".5", "0b1", "2", "-0"] {
        assert!(read(&node(&format!(" {{a: {word}}}"))).is_err(), "{word} is no text");
        assert_eq!(labels(&node(&format!(" {{a: '{word}'}}"))), pairs(&[("a", word)]));
    }
    for word in ["2024-01-01", "1.2.3", "yEs", "1Gi", "0x", "_1", "12:30:45", "1e", "0o8", "a=b"] {
        assert_eq!(labels(&node(&format!(" {{a: {word}}}"))), pairs(&[("a", word)]), "{word} is text");
    }
}

#[test]
fn documents_are_counted_and_empty_ones_are_passed_over() {
    let node = |name: &str| format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n");
    let text = format!("# nothing\n---\n---\n{}---\n# a comment\n---\n{}...\n---\n{}", node("a"), node("b"), node("c"));
    for reader in [Reader::new(), Reader::new().keep_written()] {
        let manifest = reader.read(&text).expect("a good manifest");
        let found: Vec<_> = manifest.documents.iter().map(|found| (found.number, found.object.to_string())).collect();
        let expected = [(2, "Node a"), (4, "Node b"), (5, "Node c")];
        assert_eq!(found, expected.map(|(number, name)| (number, name.to_owned())));
    }
    for empty in ["", "\n", "# nothing\n", "---\n", "---\n---\n", "~\n"] {
        assert!(read(empty).expect("nothing").documents.is_empty(), "{empty:?}");
    }
}

#[test]
fn marks_of_the_byte_order_and_line_ends_of_windows_make_no_difference() {
    let text = node(" {a: b}");
    for other in [format!("\u{feff}{text}"), text.replace('\n', "\r\n")] {
        assert_eq!(labels(&other), pairs(&[("a", "b")]));
        let broken = other.replace("kind: Node", "kind: Node\nspecs: {}").replace("\n\n", "\n");
        assert_eq!(problem(&broken), "unknown field \"specs\"");
    }
    let json = "\u{feff}{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"labels\": {\"a\": \"b\"}}}";
    assert_eq!(labels(json), pairs(&[("a", "b")]));
}

/// A list of a kind says of which kind its items are; a list without items holds nothing.
#[test]
fn lists_hold_objects_and_lists() {
    let node = "{apiVersion: v1, kind: Node, metadata: {name: a}}";
    let cases = [
        (format!("{{apiVersion: v1, kind: List, items: [{node}, {node}]}}"), 2),
        (format!("{{apiVersion: v1, kind: NodeList, metadata: {{resourceVersion: \"1\"}}, items: [{node}]}}"), 1),
        ("{apiVersion: v1, kind: NodeList, items: [{metadata: {name: a}}, {metadata: {name: b}}]}".to_owned(), 2),
        (format!("{{apiVersion: v1, kind: List, items: [{{apiVersion: v1, kind: List, items: [{node}]}}]}}"), 1),
        ("{apiVersion: v1, kind: List, items: []}".to_owned(), 0),
        // kubectl sorts keys.
        (format!("{{apiVersion: v1, items: [{node}, {node}], kind: List, metadata: {{resourceVersion: \"\"}}}}"), 2),
        ("{apiVersion: v1, items: [{metadata: {name: a}}], kind: NodeList}".to_owned(), 1),
        (format!("{{apiVersion: v1, items: [{node}], kind: Pile}}"), 0),
    ];
    for (text, expected) in cases {
        for reader in [Reader::new(), Reader::new().keep_written()] {
            assert_eq!(reader.read(&text).expect("a good manifest").documents.len(), expected, "{text}");
        }
    }
    assert!(problem("{apiVersion: v1, kind: List, items: [1]}").starts_with("an object is expected"));
    assert!(problem("{apiVersion: v1, items: [], kind: List, items: []}").starts_with("duplicate field"));
    assert!(problem("{apiVersion: v1, items: []}").starts_with("kind is not set"));
}

/// Time grows with the text, not with its square: a map of many keys, and a long line.
#[test]
fn large_texts_are_read_in_one_pass() {
    let many: Vec<String> = (0..60_000).map(|number| format!("\"key-{number}\": \"value\"")).collect();
    let json = format!("{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"data\": {{{}}}}}", many.join(", "));
    let manifest = Reader::new().keep_written().read(&json).expect("a good manifest");
    assert_eq!(manifest.documents.len(), 1);
    let repeated = json.replace("key-59999", "key-0");
    let manifest = Reader::new().keep_written().read(&repeated);
    assert_eq!(manifest.expect_err("a repeated key").problems.len(), 1);
}
