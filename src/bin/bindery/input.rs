//! Files, folders and standard input.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::Failure;

/// A text and what it is called.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Reads everything that was named, in order.
pub(crate) fn read(paths: &[PathBuf], recursive: bool) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable("standard input", &error))?;
            if text.trim().is_empty() {
                let message = "standard input is empty: did the command before the pipe fail?";
                return Err(Failure::Input(message.to_owned()));
            }
            sources.push(Source { name: "standard input".to_owned(), text });
        } else if path.is_dir() {
            let before = sources.len();
            read_folder(path, recursive, &mut sources)?;
            if sources.len() == before {
                return Err(Failure::Input(format!("{}: no *.yaml, *.yml or *.json in this folder", path.display())));
            }
        } else {
            sources.push(read_file(path)?);
        }
    }
    Ok(sources)
}

fn read_folder(folder: &Path, recursive: bool, sources: &mut Vec<Source>) -> Result<(), Failure> {
    let name = folder.display().to_string();
    if folder.join("Chart.yaml").is_file() {
        let message = "a chart, whose templates must be rendered first: helm template";
        return Err(Failure::Input(format!("{name}: {message} {name} | bindery check -")));
    }
    let entries = fs::read_dir(folder).map_err(|error| unreadable(&name, &error))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| unreadable(&name, &error))?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if recursive {
                read_folder(&path, recursive, sources)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
        {
            sources.push(read_file(&path)?);
        }
    }
    Ok(())
}

pub(crate) fn read_file(path: &Path) -> Result<Source, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| unreadable(&name, &error))?;
    Ok(Source { name, text })
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::Input(format!("{name}: cannot be read: {error}"))
}
