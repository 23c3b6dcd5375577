//! What is true of every text.

use bindery::{Cluster, Document, Kind, Manifest, ManifestError, Problem, Reader, Strictness, to_json};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::runner::Property;
use crate::texts::{GOOD, nearly_good, texts};

/// Everything that a cluster holds, and its journal.
fn contents(cluster: &Cluster) -> (Vec<String>, usize) {
    let objects = Kind::ALL.iter().flat_map(|kind| cluster.objects(*kind)).map(|object| to_json(&object));
    (objects.collect(), cluster.journal().len())
}

/// There is at least one problem, each stands in the text and says what is wrong, and they come in order.
fn problems_are_useful(text: &str, problems: &[Problem]) -> TestCaseResult {
    prop_assert!(!problems.is_empty());
    for problem in problems {
        prop_assert!(problem.document >= 1);
        prop_assert!(problem.line <= text.split(['\n', '\r']).count() + 1, "{}", problem);
        prop_assert!(!problem.rule.is_empty());
        prop_assert!(problem.to_string().starts_with("file.yaml: document "), "{}", problem);
    }
    let places: Vec<_> = problems.iter().map(|problem| (problem.document, problem.line)).collect();
    prop_assert!(places.is_sorted(), "{:?}", places);
    Ok(())
}

#[test]
fn no_text_makes_the_reader_panic_and_every_refusal_says_why() {
    Property::new(file!(), "no text makes the reader panic and every refusal says why", 1500).check(&texts(), |text| {
        for strictness in [Strictness::Strict, Strictness::Warn, Strictness::Keep] {
            if let Err(error) = Reader::new().source("file.yaml").strictness(strictness).read(&text) {
                problems_are_useful(&text, &error.problems)?;
            }
        }
        Ok(())
    });
}

#[test]
fn nothing_of_a_refused_manifest_is_applied_and_what_is_applied_settles() {
    Property::new(file!(), "nothing of a refused manifest is applied and what is applied settles", 600).check(
        &texts(),
        |text| {
            let mut cluster = Cluster::default();
            cluster.apply_yaml(GOOD[0]).expect("a good manifest");
            let before = contents(&cluster);
            let reader = Reader::new().source("file.yaml");
            match cluster.apply(&text, &reader) {
                Ok(_) => prop_assert!(cluster.settle().is_ok()),
                Err(error) => {
                    problems_are_useful(&text, error.problems())?;
                    prop_assert_eq!(before, contents(&cluster));
                }
            }
            Ok(())
        },
    );
}

#[test]
fn nothing_of_a_refused_dump_is_restored_and_what_is_restored_settles() {
    Property::new(file!(), "nothing of a refused dump is restored and what is restored settles", 600).check(
        &texts(),
        |text| {
            let mut cluster = Cluster::default();
            match cluster.restore_from(&text, &Reader::new().source("file.yaml")) {
                Ok(_) => prop_assert!(cluster.settle().is_ok()),
                Err(error) => {
                    problems_are_useful(&text, error.problems())?;
                    prop_assert_eq!(contents(&cluster), (Vec::new(), 0));
                }
            }
            Ok(())
        },
    );
}

/// What a reading comes to, without what only one of the passes gives.
fn outcome(read: Result<Manifest, ManifestError>) -> Result<Vec<(usize, String)>, Vec<Problem>> {
    let text = |Document { number, object, .. }: &Document| (*number, to_json(object));
    read.map(|manifest| manifest.documents.iter().map(text).collect()).map_err(|error| error.problems)
}

/// A reading that keeps what was written goes the slow way; the other one only where the fast way gives up. Each has a
/// parser of its own, and that of the slow way is stricter, such as about how far a flow is indented that goes on in the
/// next line. A mistake of the syntax is the only problem of its text, and has no path.
#[test]
fn the_fast_way_of_reading_gives_what_the_slow_one_gives() {
    Property::new(file!(), "the fast way of reading gives what the slow one gives", 1500).check(
        &nearly_good(),
        |text| {
            for strictness in [Strictness::Strict, Strictness::Keep] {
                let reader = Reader::new().strictness(strictness);
                let (fast, slow) = (outcome(reader.read(&text)), outcome(reader.clone().keep_written().read(&text)));
                let syntax = |problems: &Vec<Problem>| problems.len() == 1 && problems[0].path.is_empty();
                if !slow.as_ref().is_err_and(syntax) {
                    prop_assert_eq!(fast, slow);
                }
            }
            Ok(())
        },
    );
}

/// A plain word is text, a number or a truth value by the rules of YAML 1.1, whichever way it is read, and a key has the
/// text of its meaning.
#[test]
fn both_ways_of_reading_agree_about_every_plain_word() {
    let words = prop_oneof![
        "[-+]?[0-9][0-9._eExXoObBa-fA-F:+-]{0,6}",
        "[-+.~=<yYnNoO0-9][A-Za-z0-9._-]{0,5}",
        "[ -~]{1,6}",
        "\\PC{1,4}",
    ];
    Property::new(file!(), "both ways of reading agree about every plain word", 3000).check(&words, |word| {
        for pair in [format!("word: {word}"), format!("{word}: word"), format!("{{{word}: word}}")] {
            let text = format!("apiVersion: v1\nkind: Node\nmetadata:\n  name: node\n  labels:\n    {pair}\n");
            let reader = Reader::new();
            prop_assert_eq!(
                outcome(reader.read(&text)),
                outcome(reader.clone().keep_written().read(&text)),
                "{}",
                text
            );
        }
        Ok(())
    });
}

/// A word that is something else where it stands alone is text within a sentence, wherever that ends.
#[test]
fn both_ways_of_reading_agree_about_every_sentence() {
    const WORDS: &[&str] = &[
        "no",
        "true",
        "y",
        "1",
        "1.25",
        "-1",
        "0x1f",
        "~",
        "null",
        "-",
        "---",
        "...",
        "<<",
        "<a",
        "&a",
        "*a",
        "!t",
        "?",
        "%",
        "a",
        "nginx",
        "\"no\"",
        "'1'",
        "#",
        "|",
        ">",
        "2001-12-14",
        "@",
        "`",
    ];
    const BETWEEN: &[&str] = &[
        " ", " ", " ", "  ", ":", ": ", " : ", ", ", ",", "\t", "#", " #", "[", " [", "]", "{", "}", "\"", "'",
        "\n      ", "\n    ",
    ];
    let words = prop::sample::select(WORDS);
    let sentence = prop::collection::vec((words, prop::sample::select(BETWEEN)), 1..6);
    let sentence = sentence.prop_map(|parts| parts.into_iter().flat_map(|(word, gap)| [word, gap]).collect());
    Property::new(file!(), "both ways of reading agree about every sentence", 6000).check(&sentence, |text: String| {
        for pair in
            [format!("word: {text}"), format!("{text}: word"), format!("word: [{text}]"), format!("{{{text}: word}}")]
        {
            let text = format!("apiVersion: v1\nkind: Node\nmetadata:\n  name: node\n  labels:\n    {pair}\n");
            let reader = Reader::new().strictness(Strictness::Keep);
            let (fast, slow) = (outcome(reader.read(&text)), outcome(reader.clone().keep_written().read(&text)));
            let syntax = |problems: &Vec<Problem>| problems.len() == 1 && problems[0].path.is_empty();
            if !slow.as_ref().is_err_and(syntax) {
                prop_assert_eq!(fast, slow, "{}", text);
            }
        }
        Ok(())
    });
}

#[test]
fn good_manifests_are_good() {
    for text in GOOD {
        let applied = Cluster::default().apply_yaml(text);
        assert!(applied.is_ok(), "{}", applied.expect_err("refused"));
    }
}
