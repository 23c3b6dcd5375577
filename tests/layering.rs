//! Reads `src/` and defends the architecture: arrows between layers point down only.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom, each with those that it may name. A layer may always name itself.
const LAYERS: [(&str, &[&str]); 12] = [
    ("testing", &["explore", "cluster", "model"]),
    ("scenario", &["report", "explore", "cluster", "controllers", "backend", "store", "api", "manifest", "model"]),
    ("report", &["cluster", "manifest", "model"]),
    ("explore", &["cluster", "controllers", "backend", "matching", "store", "api", "model"]),
    ("cluster", &["controllers", "backend", "matching", "store", "api", "manifest", "model"]),
    ("controllers", &["backend", "matching", "store", "api", "model"]),
    ("backend", &["model"]),
    ("matching", &["model"]),
    ("store", &["api", "model"]),
    ("api", &["model"]),
    ("manifest", &["model"]),
    ("model", &[]),
];

/// Every Rust file below a folder, with its path relative to `src`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Layer, path and code of every file of the library, the guide in `lib.rs` left out.
fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    let mut sources = Vec::new();
    for path in found {
        let relative = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        let layer = relative.split(['/', '.']).next().unwrap_or_default().to_owned();
        if layer != "lib" && layer != "bin" {
            sources.push((layer, relative, code(&fs::read_to_string(&path).expect("text"))));
        }
    }
    sources
}

/// The text without its comments.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_belongs_to_a_layer() {
    for (layer, path, _) in sources() {
        assert!(LAYERS.iter().any(|(known, _)| *known == layer), "src/{path} belongs to no layer");
    }
}

#[test]
fn arrows_point_down_only() {
    for (layer, path, code) in sources() {
        let (_, below) = LAYERS.iter().find(|(known, _)| *known == layer).expect("a layer");
        for named in code.match_indices("crate::").map(|(at, found)| &code[at + found.len()..]) {
            let named = named.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            let is_layer = LAYERS.iter().any(|(known, _)| *known == named);
            assert!(
                !is_layer || named == layer || below.contains(&named),
                "src/{path} names {named}, which {layer} must not know"
            );
        }
    }
}

#[test]
fn layers_are_listed_from_top_to_bottom() {
    for (place, (layer, below)) in LAYERS.iter().enumerate() {
        for named in *below {
            let other = LAYERS.iter().position(|(known, _)| known == named).expect("a layer");
            assert!(other > place, "{layer} stands below {named}");
        }
    }
}

#[test]
fn only_the_engine_writes_to_the_store() {
    let writes = ["store.apply(", "store.replace(", "store.restore(", "store.remove(", "store.install("];
    for (layer, path, code) in sources() {
        for write in writes {
            assert!(layer == "cluster" || !code.contains(write), "src/{path} writes to the store");
        }
    }
}

#[test]
fn only_manifest_knows_yaml() {
    for (layer, path, code) in sources() {
        for package in ["serde_yaml", "saphyr_parser"] {
            assert!(layer == "manifest" || !code.contains(package), "src/{path} names {package}");
        }
    }
}

#[test]
fn the_core_has_no_clock_no_thread_and_no_files() {
    let forbidden = ["std::time::Instant", "SystemTime", "std::thread", "std::fs", "std::net", "std::env", "rand::"];
    for (layer, path, code) in sources() {
        // Exploring may search with several threads; what it finds does not depend on them.
        for name in forbidden.into_iter().filter(|name| layer != "explore" || *name != "std::thread") {
            assert!(!code.contains(name), "src/{path} names {name}");
        }
    }
}

#[test]
fn files_stay_small() {
    for (_, path, _) in sources() {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&path)).expect("text");
        assert!(text.lines().count() <= 600, "src/{path} has more than 600 lines");
    }
}
