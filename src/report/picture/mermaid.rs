//! The picture as a flowchart of Mermaid, for documents that are rendered where they are read.
//!
//! Follows <https://mermaid.js.org/syntax/flowchart.html>. Nodes have ids of their own making, labels are quoted, and what
//! could end a label or be taken for markup is written as an entity code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::model::text::Text;
use crate::report::markup::shown;
use crate::report::picture::chain::{Chain, Tie};
use crate::report::picture::item::Item;
use crate::report::picture::palette::Palette;
use crate::report::picture::{Picture, Tone, shortened};

/// How many letters of a name are written. With the rows of a picture, a chart stays below the 50,000 letters and 500
/// edges that Mermaid draws.
const NAME: usize = 60;

/// The colours of the tones: fill and stroke; the text is dark on all of them, in the dark as well.
const COLOURS: [(Tone, &str, &str); 6] = [
    (Tone::Bad, "#fdecea", "#b3261e"),
    (Tone::Waits, "#fff4dc", "#9a6200"),
    (Tone::Left, "#f4effb", "#6b4fa0"),
    (Tone::Good, "#edf8f0", "#1f7344"),
    (Tone::Free, "#eaf3fc", "#2a67a8"),
    (Tone::Plain, "#f3f4f6", "#6b7280"),
];

pub(super) fn flowchart(picture: &Picture) -> String {
    let mut chart = Chart { text: "flowchart LR\n".to_owned(), ..Chart::default() };
    for chain in picture.all() {
        chart.chain(chain, &picture.palette);
    }
    for (number, class) in picture.palette.classes().iter().enumerate() {
        chart.line(format_args!("s{number}{{{{\"StorageClass {}\"}}}}:::plain", escaped(class)));
    }
    let used: BTreeSet<Tone> = picture.all().flat_map(Chain::items).map(|item| item.tone).collect();
    let classes = !picture.palette.classes().is_empty();
    let is_used = |tone: &Tone| used.contains(tone) || (classes && *tone == Tone::Plain);
    for (tone, fill, stroke) in COLOURS.into_iter().filter(|(tone, ..)| is_used(tone)) {
        let name = tone.name();
        chart.line(format_args!("classDef {name} fill:{fill},stroke:{stroke},color:#1b1f24"));
    }
    if let Some(left_out) = picture.left_out() {
        chart.line(format_args!("%% {left_out}"));
    }
    chart.text
}

#[derive(Default)]
struct Chart {
    text: String,
    pods: usize,
    claims: usize,
    volumes: usize,
}

impl Chart {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "  {line}");
    }

    fn chain(&mut self, chain: &Chain, palette: &Palette) {
        let (pods, claims, volumes) = (self.pods, self.claims, self.volumes);
        for (number, item) in chain.pods.iter().enumerate() {
            self.line(format_args!("p{}([\"{}\"]):::{}", pods + number, label("Pod", item), item.tone.name()));
        }
        for (number, item) in chain.claims.iter().enumerate() {
            let label = label("PersistentVolumeClaim", item);
            self.line(format_args!("c{}[\"{label}\"]:::{}", claims + number, item.tone.name()));
        }
        for (number, item) in chain.volumes.iter().enumerate() {
            let label = label("PersistentVolume", item);
            self.line(format_args!("v{}[(\"{label}\")]:::{}", volumes + number, item.tone.name()));
        }
        for (pod, claim) in &chain.uses {
            self.line(format_args!("p{} --> c{}", pods + pod, claims + claim));
        }
        let mut tied: BTreeMap<usize, bool> = BTreeMap::new();
        for (claim, volume, tie) in &chain.ties {
            let arrow = match tie {
                Tie::Bound => "==>",
                Tie::Named => "-. \"named, not bound\" .->",
                Tie::Former => "-. \"former claim\" .->",
                Tie::Broken => "-. \"lost\" .->",
            };
            *tied.entry(*claim).or_default() |= *tie == Tie::Bound;
            self.line(format_args!("c{} {arrow} v{}", claims + claim, volumes + volume));
        }
        // The class of a volume, or of a claim that has none.
        let class = |item: &Item| palette.classes().iter().position(|class| Some(class) == item.class.as_ref());
        for (number, item) in chain.volumes.iter().enumerate() {
            if let Some(class) = class(item) {
                self.line(format_args!("v{} -.- s{class}", volumes + number));
            }
        }
        for (number, item) in chain.claims.iter().enumerate().filter(|(number, _)| !tied.contains_key(number)) {
            if let Some(class) = class(item) {
                self.line(format_args!("c{} -.- s{class}", claims + number));
            }
        }
        self.pods += chain.pods.len();
        self.claims += chain.claims.len();
        self.volumes += chain.volumes.len();
    }
}

/// What is written in a node: kind and name, phase, and what else there is.
fn label(kind: &str, item: &Item) -> String {
    let name = match &item.object {
        Some(object) => format!("{kind} {}", shortened(&object.key.to_string(), NAME)),
        None => item.title.clone(),
    };
    let rest: Vec<&str> =
        [&item.status, &item.detail].into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let name = escaped(&Text::from(name));
    if rest.is_empty() { name } else { format!("{name}<br/>{}", escaped(&Text::from(rest.join(", ")))) }
}

/// Letters and the few signs that names are made of are written as they are, everything else by its number.
fn escaped(text: &Text) -> String {
    let mut escaped = String::new();
    for letter in shortened(text, 2 * NAME).chars().map(shown) {
        if letter.is_alphanumeric() || " -./,:…".contains(letter) {
            escaped.push(letter);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "#{};", u32::from(letter));
        }
    }
    escaped
}
