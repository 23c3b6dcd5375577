//! Reads `src/` and defends the architecture: arrows between layers point down only.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom, each with those that it may name. A layer may always name itself.
const LAYERS: [(&str, &[&str]); 17] = [
    ("guide", &[]),
    ("testing", &["explore", "cluster", "model"]),
    ("scenario", &["report", "explore", "cluster", "controllers", "backend", "store", "api", "manifest", "model"]),
    ("report", &["explain", "cluster", "controllers", "store", "manifest", "model"]),
    ("explain", &["cluster", "controllers", "backend", "matching", "store", "api", "manifest", "model"]),
    ("synthetic", &["model"]),
    ("openapi", &["manifest", "model"]),
    ("explore", &["cluster", "controllers", "backend", "matching", "store", "api", "model"]),
    ("cluster", &["controllers", "backend", "matching", "store", "api", "manifest", "model"]),
    ("pool", &["controllers", "matching", "model"]),
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

/// What the library may use of the standard library: what works everywhere, in a browser as well, and is the same
/// everywhere. Of two modules only some items.
const STANDARD: [&str; 24] = [
    "array",
    "borrow",
    "cell",
    "char",
    "cmp",
    "collections",
    "convert",
    "error",
    "fmt",
    "hash",
    "iter",
    "marker",
    "mem",
    "num",
    "ops",
    "option",
    "rc",
    "result",
    "slice",
    "str",
    "string",
    "vec",
    "sync",
    "time",
];
const OF_SYNC: [&str; 4] = ["Arc", "LazyLock", "OnceLock", "Weak"];
const OF_TIME: [&str; 1] = ["Duration"];

/// The paths below `std` that a text names, those of a group one by one: `std::{fmt, time::Duration}` has two.
fn standard_paths(code: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in code.match_indices("std::") {
        if !code[..at].ends_with(is_name) {
            expand(&code[at + "std::".len()..], "", &mut found);
        }
    }
    found
}

/// Reads a path or a group of them, and returns what stands behind it.
fn expand<'c>(code: &'c str, before: &str, found: &mut Vec<String>) -> &'c str {
    let mut rest = code.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        rest = group;
        while !rest.trim_start().starts_with('}') && !rest.is_empty() {
            rest = expand(rest, before, found).trim_start().trim_start_matches(',');
        }
        return rest.trim_start().trim_start_matches('}');
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    let path = if before.is_empty() { name.to_owned() } else { format!("{before}::{name}") };
    if let Some(more) =
        behind.strip_prefix("::").filter(|more| more.starts_with(|c: char| c == '{' || c.is_ascii_alphabetic()))
    {
        return expand(more, &path, found);
    }
    found.push(path);
    // Whatever stands there, the next path is further on.
    if end == 0 { rest.get(1..).unwrap_or_default() } else { behind }
}

fn is_everywhere(path: &str) -> bool {
    let mut steps = path.split("::");
    let (module, item) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    let items = match module {
        "sync" => &OF_SYNC[..],
        "time" => &OF_TIME[..],
        _ => return STANDARD.contains(&module),
    };
    items.contains(&item)
}

#[test]
fn the_core_has_no_clock_no_thread_no_files_and_no_output() {
    let macros = ["print!(", "println!(", "dbg!(", "thread_local!"];
    for (layer, path, code) in sources() {
        for name in standard_paths(&code) {
            // Exploring may search with several threads; what it finds does not depend on them.
            let is_search = layer == "explore" && name.split("::").next() == Some("thread");
            assert!(is_search || is_everywhere(&name), "src/{path} names std::{name}");
        }
        for name in macros.into_iter().chain(["rand::", "getrandom", "extern crate"]) {
            // Bugs are planted in unit tests only, each in a thread of its own.
            if path == "controllers/planted.rs" && name == "thread_local!" {
                continue;
            }
            assert!(!code.contains(name), "src/{path} names {name}");
        }
    }
}

#[test]
fn paths_of_the_standard_library_are_found_wherever_they_stand() {
    let code = "use std::{fmt, time::{Duration, Instant}, sync::Arc};\nlet x = std::fs::read(y); my_std::thing();";
    let found = standard_paths(code);
    assert_eq!(found, ["fmt", "time::Duration", "time::Instant", "sync::Arc", "fs::read"]);
    let bad: Vec<&String> = found.iter().filter(|path| !is_everywhere(path)).collect();
    assert_eq!(bad, ["time::Instant", "fs::read"]);
    assert!(!is_everywhere("sync::Mutex") && !is_everywhere("time") && !is_everywhere("thread::spawn"));
}

#[test]
fn files_stay_small() {
    for (_, path, _) in sources() {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&path)).expect("text");
        assert!(text.lines().count() <= 600, "src/{path} has more than 600 lines");
    }
}
