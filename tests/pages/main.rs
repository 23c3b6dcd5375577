//! Pages, pictures and charts: well formed whatever is in a cluster, the same for the same cluster, with everything in
//! them that there is to say, and of a size that can be looked at.

mod contents;
mod limits;
mod markup;

use std::fs;
use std::path::Path;

use bindery::Cluster;
use bindery::report::{Page, Picture};
use bindery::scenario::Scenario;

/// What a file of manifests or a dump becomes.
fn settled(text: &str) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.load(text, &bindery::Reader::new()).expect("manifests");
    cluster.settle().expect("it comes to rest");
    cluster
}

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)).expect("a fixture")
}

/// What a scenario of the tutorial comes to.
fn played(name: &str) -> Cluster {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tutorial");
    let read = |file: &str| fs::read_to_string(folder.join(file)).map_err(|error| error.to_string());
    let scenarios = Scenario::read(name, &read(name).expect("a scenario"), read).expect("a scenario");
    scenarios[0].run().expect("it passes")
}

/// Every fixture that a page can be made of.
fn fixtures() -> Vec<(String, Cluster)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut names: Vec<String> = Vec::new();
    for folder in fs::read_dir(root.join("questions")).expect("a folder") {
        for file in fs::read_dir(folder.expect("an entry").path()).expect("a folder") {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(&root).expect("below it").display().to_string();
                names.push(name.replace('\\', "/"));
            }
        }
    }
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    let mut clusters: Vec<(String, Cluster)> =
        names.into_iter().map(|name| (name.clone(), settled(&fixture(&name)))).collect();
    for file in fs::read_dir(root.join("tutorial")).expect("a folder") {
        let path = file.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_name().expect("a name").display().to_string();
            clusters.push((name.clone(), played(&name)));
        }
    }
    clusters
}

#[test]
fn the_page_of_every_fixture_is_well_formed_and_the_same_again() {
    for (name, cluster) in fixtures() {
        let html = Page::new(name.as_str()).to_html(&cluster);
        markup::check(&name, html.strip_prefix("<!DOCTYPE html>\n").expect("a document type"));
        assert_eq!(html, Page::new(name.as_str()).to_html(&cluster.fork()), "{name}");
        let svg = Picture::of(&cluster).to_svg();
        markup::check(&name, &svg);
        for claim in cluster.claims() {
            // A claim is named in the picture, in the tables and, where it waits, above its explanation.
            assert!(html.contains(claim.metadata.name.as_str()), "{name}: {}", claim.key());
            let waits = claim.status.phase != bindery::ClaimPhase::Bound;
            let heading = format!("<h3><span>{}</span>", claim.key());
            assert!(!waits || html.contains(&heading) || html.contains("more claim"), "{name}: {}", claim.key());
        }
    }
}
