//! What is written is read again.

use bindery::{Cluster, Kind, Map, Node, Object, ObjectMeta, Reader, Strictness, StringMap, to_json, to_yaml};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use crate::runner::Property;
use crate::texts::nearly_good;

fn read_again(object: &Object, text: &str) -> TestCaseResult {
    for reader in [Reader::new(), Reader::new().keep_written()] {
        let manifest = reader.strictness(Strictness::Keep).read(text);
        let manifest = manifest.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let found: Vec<String> = manifest.documents.iter().map(|document| to_json(&document.object)).collect();
        prop_assert_eq!(found, vec![to_json(object)], "{}", text);
    }
    Ok(())
}

/// Texts that are hard to write: empty, of several lines, with signs that mean something to YAML.
fn hard_texts() -> impl Strategy<Value = String> {
    let sign = prop::sample::select(
        &[
            "\n",
            "\n\n",
            " ",
            "  ",
            "\t",
            ": ",
            " #",
            "- ",
            "'",
            "\"",
            "\\",
            "|",
            "\r",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\0",
            "\u{7f}",
            "a",
            "b: c",
            "---",
            "...",
            "yes",
            "0",
            "1",
            "é",
            "\u{1f600}",
            "{",
            "]",
            "&",
            "*",
            "!",
            "%",
            "@",
            "~",
            "=",
            "<<",
            "?",
            ",",
        ][..],
    );
    prop_oneof![
        3 => prop::collection::vec(sign, 0..7).prop_map(|signs| signs.concat()),
        1 => ".{0,12}",
        1 => "[-+.0-9a-zA-Z_:]{0,6}",
    ]
}

/// In any place: as a value of a map, as a key, and below a list. Only a key `<<` is not, which kubectl writes as a merge.
#[test]
fn every_text_is_written_so_that_it_is_read_again() {
    let keys = hard_texts().prop_filter("kubectl writes it as a merge", |key| key != "<<");
    let texts = (keys, hard_texts(), hard_texts());
    Property::new(file!(), "every text is written so that it is read again", 3000).check(
        &texts,
        |(key, value, item)| {
            let mut metadata = ObjectMeta::named("node");
            metadata.annotations = StringMap::from([(key, value)]);
            metadata.finalizers = [item.as_str().into()].into();
            let object = Object::from(Node { metadata, ..Node::default() });
            read_again(&object, &to_yaml(&object))?;
            read_again(&object, &to_json(&object))
        },
    );
}

#[test]
fn what_was_read_from_a_manifest_is_written_so_that_it_is_read_again() {
    Property::new(file!(), "what was read from a manifest is written so that it is read again", 500).check(
        &nearly_good(),
        |text| {
            let Ok(manifest) = Reader::new().strictness(Strictness::Keep).read(&text) else {
                return Ok(());
            };
            for document in manifest.documents {
                read_again(&document.object, &to_yaml(&document.object))?;
                read_again(&document.object, &to_json(&document.object))?;
            }
            Ok(())
        },
    );
}

/// A dump of all objects, as one text, gives the same cluster.
#[test]
fn a_cluster_is_restored_from_its_own_dump() {
    Property::new(file!(), "a cluster is restored from its own dump", 300).check(&nearly_good(), |text| {
        let mut cluster = Cluster::default();
        if cluster.apply_yaml(&text).is_err() {
            return Ok(());
        }
        prop_assert!(cluster.settle().is_ok());
        let objects =
            |cluster: &Cluster| -> Vec<Object> { Kind::ALL.iter().flat_map(|kind| cluster.objects(*kind)).collect() };
        let dump: Vec<String> = objects(&cluster).iter().map(to_yaml).collect();
        let dump = dump.join("---\n");
        let mut copy = Cluster::default();
        prop_assert!(copy.restore_yaml(&dump).is_ok(), "{}", dump);
        let texts = |cluster: &Cluster| objects(cluster).iter().map(to_json).collect::<Vec<_>>();
        prop_assert_eq!(texts(&copy), texts(&cluster));
        prop_assert!(copy.settle().is_ok());
        prop_assert_eq!(texts(&copy), texts(&cluster));
        Ok(())
    });
}

#[test]
fn an_unknown_field_of_a_dump_is_kept_and_written_again() {
    let text = "apiVersion: v1\nkind: Node\nmetadata: {name: a, future: {b: [1, 2.50, {c: ~}]}}\nspec: {zone: 1e3}\n";
    let manifest = Reader::new().strictness(Strictness::Keep).read(text).expect("a dump");
    let written = to_yaml(&manifest.documents[0].object);
    assert!(written.contains("    future:\n") || written.contains("  future:\n    b:\n    - 1\n"), "{written}");
    let empty: Map<bindery::Text> = Map::default();
    assert_eq!(manifest.documents[0].object.metadata().labels, empty);
}
