//! The picture as SVG, inside of a page or alone.

use std::collections::BTreeSet;

use crate::model::text::Text;
use crate::report::markup::{Attribute, Markup};
use crate::report::picture::chain::Tie;
use crate::report::picture::layout::{BOX, COLUMNS, Layout, Line, MARGIN, Placed, WIDTH, drawn, lay_out};
use crate::report::picture::{Chain, Item, Picture, STYLE, count, shortened};

/// How many letters fit into the lines of a box.
const NAME: usize = 27;
const DETAIL: usize = 34;
/// How wide a letter is, about, in tenths of a pixel.
const LETTER: usize = 68;
/// The height of a line of the legend.
const LEGEND_LINE: usize = 22;

/// The picture in a document of its own.
pub(super) fn alone(picture: &Picture) -> String {
    let mut markup = Markup::default();
    draw(picture, true, &mut markup);
    markup.into_text()
}

/// The picture in a page that has its style.
pub(super) fn inline(picture: &Picture) -> Markup {
    let mut markup = Markup::default();
    draw(picture, false, &mut markup);
    markup
}

fn draw(picture: &Picture, alone: bool, markup: &mut Markup) {
    let legend = legend(picture);
    let legend_lines = legend.last().map_or(0, |entry| entry.line + 1);
    let columns_at = MARGIN + legend_lines * LEGEND_LINE + 14;
    let layout = lay_out(picture, columns_at + 18);
    let left_out = picture.left_out();
    let height = layout.height + MARGIN + if left_out.is_some() { 20 } else { 0 };
    let view = format!("0 0 {WIDTH} {height}");
    let namespace = "http://www.w3.org/2000/svg";
    let (width, labelled) = (WIDTH, "picture-title picture-text");
    let mut attributes: Vec<Attribute<'_>> = Vec::new();
    if alone {
        attributes.push(("xmlns", &namespace));
    }
    attributes.extend([
        ("class", &"picture" as &dyn std::fmt::Display),
        ("viewBox", &view),
        ("width", &width),
        ("height", &height),
        ("role", &"img"),
        ("aria-labelledby", &labelled),
    ]);
    markup.element("svg", &attributes, |svg| {
        svg.line("title", &[("id", &"picture-title")], "Who binds to whom");
        svg.line("desc", &[("id", &"picture-text")], description(picture));
        if alone {
            svg.element("style", &[], |style| {
                style.literal(STYLE);
            });
        }
        svg.void("rect", &[("class", &"back"), ("width", &WIDTH), ("height", &height)]);
        for entry in &legend {
            entry.draw(svg);
        }
        for (x, text) in COLUMNS.iter().zip(["Pods", "Claims", "Volumes"]) {
            svg.line("text", &[("class", &"column"), ("x", x), ("y", &columns_at)], text);
        }
        draw_layout(&layout, picture, svg);
        if let Some(left_out) = left_out {
            let y = height - MARGIN;
            svg.line("text", &[("class", &"muted"), ("x", &MARGIN), ("y", &y)], left_out);
        }
    });
}

fn draw_layout(layout: &Layout<'_>, picture: &Picture, svg: &mut Markup) {
    for (y, text) in &layout.headings {
        let (line, base, end) = (y + 4, y + 20, WIDTH - MARGIN);
        svg.void("line", &[("class", &"rule"), ("x1", &MARGIN), ("y1", &line), ("x2", &end), ("y2", &line)]);
        svg.line("text", &[("class", &"heading muted"), ("x", &MARGIN), ("y", &base)], shortened(text, 120));
    }
    layout.lines.iter().for_each(|line| draw_line(line, svg));
    layout.boxes.iter().for_each(|placed| draw_box(placed, picture, svg));
}

fn draw_line(line: &Line, svg: &mut Markup) {
    let Line { style, from, to, title } = line;
    let middle = usize::midpoint(from.0, to.0);
    let path = format!("M{} {}C{middle} {} {middle} {} {} {}", from.0, from.1, from.1, to.1, to.0, to.1);
    let class = if *style == "edge" { "edge".to_owned() } else { format!("edge {style}") };
    svg.element("path", &[("class", &class), ("d", &path)], |path| {
        path.line("title", &[], title);
    });
}

fn draw_box(placed: &Placed<'_>, picture: &Picture, svg: &mut Markup) {
    let Placed { item, x, y } = placed;
    let (width, height) = BOX;
    svg.element("g", &[("class", &item.tone.name())], |group| {
        let class = item.class.as_ref().map(class_words);
        let details: Vec<&str> =
            [&item.detail, class.as_deref().unwrap_or_default()].into_iter().filter(|part| !part.is_empty()).collect();
        let rest = details.join(" · ");
        let named = item.object.as_ref().map_or_else(|| item.title.clone(), ToString::to_string);
        let all: Vec<&str> =
            [named.as_str(), &item.status, &rest].into_iter().filter(|part| !part.is_empty()).collect();
        group.line("title", &[], all.join(" · "));
        if item.count > 1 {
            // A second edge behind the box: a stack.
            let (x, y) = (x + 4, y + 4);
            group.void(
                "rect",
                &[("class", &"box"), ("x", &x), ("y", &y), ("width", &width), ("height", &height), ("rx", &6)],
            );
        }
        group
            .void("rect", &[("class", &"box"), ("x", x), ("y", y), ("width", &width), ("height", &height), ("rx", &6)]);
        if let Some(class) = &item.class {
            let (colour, x, y, height) = (picture.palette.colour(class), x + 4, y + 5, height - 10);
            group.void(
                "rect",
                &[("class", &colour), ("x", &x), ("y", &y), ("width", &5), ("height", &height), ("rx", &2)],
            );
        }
        let (x, name, line) = (x + 17, y + 18, y + 35);
        group.line("text", &[("class", &"name"), ("x", &x), ("y", &name)], shortened(&item.title, NAME));
        let status = shortened(&item.status, DETAIL);
        let room = DETAIL.saturating_sub(status.chars().count() + 3);
        group.element("text", &[("x", &x), ("y", &line)], |text| {
            text.line("tspan", &[("class", &"state")], &status);
            if !rest.is_empty() && room > 3 {
                let apart = if status.is_empty() { "" } else { " · " };
                text.line("tspan", &[("class", &"muted")], format!("{apart}{}", shortened(&rest, room)));
            }
        });
    });
}

fn class_words(class: &Text) -> String {
    if class.is_empty() { "no class".to_owned() } else { class.to_string() }
}

/// An entry of the legend: a coloured square or a line, and what it means.
struct Entry {
    style: String,
    is_line: bool,
    text: String,
    x: usize,
    line: usize,
}

impl Entry {
    fn draw(&self, svg: &mut Markup) {
        let Self { style, is_line, text, x, line } = self;
        let base = MARGIN + line * LEGEND_LINE + 10;
        let (end, y) = (x + 26, base - 4);
        if *is_line {
            let class = format!("edge {style}");
            svg.void("line", &[("class", &class), ("x1", x), ("y1", &y), ("x2", &end), ("y2", &y)]);
        } else {
            let y = base - 10;
            svg.void("rect", &[("class", style), ("x", x), ("y", &y), ("width", &12), ("height", &12), ("rx", &3)]);
        }
        let x = x + if *is_line { 32 } else { 18 };
        svg.line("text", &[("class", &"muted"), ("x", &x), ("y", &base)], text);
    }
}

/// What the colours and lines mean that occur.
fn legend(picture: &Picture) -> Vec<Entry> {
    let chains = || picture.all();
    let ties: BTreeSet<_> = chains().flat_map(|chain| &chain.ties).map(|(_, _, tie)| *tie).collect();
    let mut entries: Vec<(String, bool, String)> = Vec::new();
    for class in picture.palette.classes() {
        entries.push((picture.palette.colour(class), false, format!("class {}", shortened(class, 28))));
    }
    if chains().flat_map(Chain::items).any(|item| item.class.as_ref().is_some_and(|class| class.is_empty())) {
        entries.push(("k".to_owned(), false, "no class".to_owned()));
    }
    for tie in ties {
        let (style, _) = drawn(tie);
        let text = match tie {
            Tie::Bound => "bound",
            Tie::Named => "named, not bound",
            Tie::Former => "names a former claim",
            Tie::Broken => "lost",
        };
        entries.push((style.to_owned(), true, text.to_owned()));
    }
    let (mut x, mut line) = (MARGIN, 0);
    let mut placed = Vec::new();
    for (style, is_line, text) in entries {
        let width = if is_line { 32 } else { 18 } + text.chars().count() * LETTER / 10 + 20;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, line) = (MARGIN, line + 1);
        }
        placed.push(Entry { style, is_line, text, x, line });
        x += width;
    }
    placed
}

/// The picture in words.
fn description(picture: &Picture) -> String {
    let chains = || picture.all();
    let ties = chains().flat_map(|chain| &chain.ties).filter(|(_, _, tie)| *tie == Tie::Bound).count();
    let sum = |column: fn(&Chain) -> &[Item]| chains().flat_map(column).map(|item| item.count).sum::<usize>();
    let (pods, claims, volumes) = (sum(|chain| &chain.pods), sum(|chain| &chain.claims), sum(|chain| &chain.volumes));
    let left_out = picture.left_out().map(|left_out| format!(" {left_out}")).unwrap_or_default();
    format!(
        "{} on the left, {} in the middle, {} on the right; {} between a claim and a volume that are bound.{left_out}",
        count(pods, "pod"),
        count(claims, "claim"),
        count(volumes, "volume"),
        count(ties, "line"),
    )
}
