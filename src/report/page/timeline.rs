//! The timeline as SVG: lanes that stay beside what scrolls, bars for phases, marks for writes.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::model::kind::Kind;
use crate::report::markup::{Attribute, Markup};
use crate::report::page::journal::Journal;
use crate::report::page::lanes::{Column, Lane, Timeline};
use crate::report::page::{moment, scrolling, section as titled};
use crate::report::picture::{Tone, count, shortened};
use crate::store::Actor;

/// The width of a column, the heights of a lane and of what stands above the lanes.
const PITCH: usize = 24;
const LANE: usize = 40;
const HEAD: usize = 148;
/// How wide the names of the lanes are.
const NAMES: usize = 240;
/// The bar within a lane.
const BAR: (usize, usize) = (22, 15);
/// How wide a letter of a phase is, about, in tenths of a pixel.
const LETTER: usize = 62;
/// How far two times must stand apart to be readable.
const APART: usize = 54;

pub(super) fn section(timeline: &Timeline, journal: &Journal<'_>, main: &mut Markup) {
    titled(main, "timeline", "Timeline of phases and writes", |section| {
        if timeline.lanes.is_empty() {
            section.line("p", &[], "There is no claim and no volume.");
            return;
        }
        let text = "Every column is one write to a claim or a volume, with its number and its rule; they stand in the order \
                    in which they were made. Bars are phases, marks say who wrote. The writes stand below as a table, too.";
        section.line("p", &[("class", &"muted")], text);
        key(timeline, section);
        section.element("div", &[("class", &"chart")], |chart| {
            names(timeline, chart);
            scrolling(chart, "Timeline", |frame| draw(timeline, journal, frame));
        });
        if let Some(text) = left_out(timeline) {
            section.line("p", &[("class", &"muted")], text);
        }
        if !timeline.milestones.is_empty() {
            section.line("h3", &[], "Steps");
            section.element("ol", &[("class", &"steps")], |list| {
                timeline.milestones.iter().for_each(|what| {
                    list.line("li", &[], what);
                });
            });
        }
    });
}

fn left_out(timeline: &Timeline) -> Option<String> {
    let lanes = timeline.lanes_left_out;
    let columns = timeline.columns_left_out;
    let lanes = (lanes > 0).then(|| {
        let have = if lanes == 1 { "has" } else { "have" };
        format!("{} {have} no lane.", count(lanes, "more object"))
    });
    let columns = (columns > 0).then(|| format!("{} in the middle are left out.", count(columns, "write")));
    let all: Vec<String> = lanes.into_iter().chain(columns).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// The letter that stands for an actor.
fn letter(actor: &Actor) -> char {
    match actor {
        Actor::User => 'U',
        Actor::PersistentVolumeController => 'V',
        Actor::ProtectionController => 'P',
        Actor::GarbageCollector => 'G',
        Actor::StatefulSetController => 'S',
        Actor::EphemeralVolumeController => 'E',
        Actor::ExpandController => 'X',
        Actor::DeploymentController => 'D',
        Actor::ReplicaSetController => 'R',
        Actor::QuotaController => 'Q',
        Actor::Scheduler => 'L',
        Actor::NodeController => 'N',
        Actor::AttachController => 'A',
        Actor::Kubelet => 'K',
        Actor::Provisioner(_) => 'C',
    }
}

/// Who wrote, by letter.
fn key(timeline: &Timeline, section: &mut Markup) {
    let mut actors: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    for column in timeline.columns.iter().flatten() {
        let names = actors.entry(letter(&column.actor)).or_default();
        let name = column.actor.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    section.element("ul", &[("class", &"key")], |list| {
        for (letter, names) in actors {
            list.element("li", &[], |item| {
                item.line("b", &[], letter).write(names.join(", "));
            });
        }
    });
}

fn short(lane: &Lane) -> &'static str {
    if lane.object.kind == Kind::PersistentVolume { "volume" } else { "claim" }
}

/// The names of the lanes. They are in the chart's description, so that they are not read twice.
fn names(timeline: &Timeline, chart: &mut Markup) {
    let height = HEAD + timeline.lanes.len() * LANE + 8;
    let attributes: [Attribute<'_>; 4] =
        [("class", &"picture names"), ("width", &NAMES), ("height", &height), ("aria-hidden", &"true")];
    chart.element("svg", &attributes, |svg| {
        stripes(timeline, NAMES, svg);
        svg.line("text", &[("class", &"muted"), ("x", &10), ("y", &18)], "virtual time");
        svg.line("text", &[("class", &"muted"), ("x", &10), ("y", &(HEAD - 10))], "write and rule");
        for (place, lane) in timeline.lanes.iter().enumerate() {
            let y = HEAD + place * LANE;
            let (name, kind) = (y + 17, y + 32);
            svg.element("g", &[], |group| {
                group.line("title", &[], &lane.object);
                let key = &lane.object.key;
                group.line("text", &[("class", &"name"), ("x", &10), ("y", &name)], shortened(&key.name, 30));
                let kind_text = match key.namespace.as_str() {
                    "" => short(lane).to_owned(),
                    namespace => format!("{} in {}", short(lane), shortened(namespace, 24)),
                };
                group.line("text", &[("class", &"muted"), ("x", &10), ("y", &kind)], kind_text);
            });
        }
    });
}

fn stripes(timeline: &Timeline, width: usize, svg: &mut Markup) {
    let height = HEAD + timeline.lanes.len() * LANE + 8;
    svg.void("rect", &[("class", &"back"), ("width", &width), ("height", &height)]);
    for place in (0..timeline.lanes.len()).step_by(2) {
        let y = HEAD + place * LANE;
        svg.void("rect", &[("class", &"stripe"), ("y", &y), ("width", &width), ("height", &LANE)]);
    }
}

fn draw(timeline: &Timeline, journal: &Journal<'_>, frame: &mut Markup) {
    let width = (timeline.columns.len() * PITCH + 40).max(320);
    let height = HEAD + timeline.lanes.len() * LANE + 8;
    let attributes: [Attribute<'_>; 5] = [
        ("class", &"picture"),
        ("width", &width),
        ("height", &height),
        ("role", &"group"),
        ("aria-labelledby", &"lanes-title lanes-text"),
    ];
    frame.element("svg", &attributes, |svg| {
        svg.line("title", &[("id", &"lanes-title")], "Phases of claims and volumes, write by write");
        svg.line("desc", &[("id", &"lanes-text")], description(timeline));
        stripes(timeline, width, svg);
        times(timeline, height, svg);
        milestones(timeline, height, svg);
        for (place, lane) in timeline.lanes.iter().enumerate() {
            bars(lane, HEAD + place * LANE, svg);
        }
        for (place, column) in timeline.columns.iter().enumerate() {
            match column {
                Some(column) => mark(place, column, timeline, journal, svg),
                None => {
                    let x = place * PITCH + PITCH / 2;
                    turned("muted", x, &format!("{} left out", count(timeline.columns_left_out, "write")), svg);
                    let lines: [Attribute<'_>; 5] =
                        [("class", &"tick"), ("x1", &x), ("y1", &HEAD), ("x2", &x), ("y2", &height)];
                    svg.void("line", &lines);
                }
            }
        }
    });
}

/// A text that reads upwards, above the lanes.
fn turned(class: &str, x: usize, text: &str, svg: &mut Markup) {
    let (x, y) = (x + 4, HEAD - 6);
    let turn = format!("rotate(-90 {x} {y})");
    svg.line("text", &[("class", &class), ("x", &x), ("y", &y), ("transform", &turn)], text);
}

/// Where time has passed, and how much.
fn times(timeline: &Timeline, height: usize, svg: &mut Markup) {
    let mut last = None;
    let mut free_from = 0;
    for (place, column) in timeline.columns.iter().enumerate() {
        let Some(column) = column.as_ref().filter(|column| last != Some(column.time)) else {
            continue;
        };
        let x = place * PITCH;
        if last.is_some() {
            svg.void("line", &[("class", &"tick"), ("x1", &x), ("y1", &8), ("x2", &x), ("y2", &height)]);
        }
        if x >= free_from {
            let at = x + 3;
            svg.line("text", &[("class", &"muted"), ("x", &at), ("y", &18)], moment(column.time));
            free_from = x + APART;
        }
        last = Some(column.time);
    }
}

/// The numbers of steps, where they began.
fn milestones(timeline: &Timeline, height: usize, svg: &mut Markup) {
    let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for mark in &timeline.marks {
        at.entry(mark.column).or_default().push(mark.number);
    }
    for (column, numbers) in at {
        let x = column * PITCH;
        let text = match numbers.as_slice() {
            [one] => format!("step {one}"),
            [first, .., last] => format!("steps {first}–{last}"),
            [] => continue,
        };
        svg.element("g", &[], |group| {
            let titles = numbers.iter().filter_map(|number| Some((number, timeline.milestones.get(number - 1)?)));
            let titles: Vec<String> = titles.map(|(number, what)| format!("{number}. {what}")).collect();
            group.line("title", &[], titles.join("\n"));
            group.void("line", &[("class", &"rule"), ("x1", &x), ("y1", &26), ("x2", &x), ("y2", &height)]);
            group.line("text", &[("x", &(x + 3)), ("y", &36)], text);
        });
    }
}

fn bars(lane: &Lane, top: usize, svg: &mut Markup) {
    for span in &lane.spans {
        let (x, y) = (span.from * PITCH + 2, top + BAR.0);
        let width = ((span.to - span.from) * PITCH).saturating_sub(3).max(4);
        svg.element("g", &[("class", &span.tone.name())], |group| {
            group.line("title", &[], format!("{} is {}", lane.object, span.phase));
            group.void(
                "rect",
                &[("class", &"bar"), ("x", &x), ("y", &y), ("width", &width), ("height", &BAR.1), ("rx", &4)],
            );
            if span.phase.chars().count() * LETTER / 10 + 8 <= width {
                let (x, y) = (x + 5, y + 11);
                let attributes: [Attribute<'_>; 4] = [("class", &"state"), ("x", &x), ("y", &y), ("font-size", &"11")];
                group.line("text", &attributes, &span.phase);
            }
        });
    }
}

fn mark(place: usize, column: &Column, timeline: &Timeline, journal: &Journal<'_>, svg: &mut Markup) {
    let x = place * PITCH + PITCH / 2;
    let y = HEAD + column.lane * LANE + 11;
    let what = if column.rule.is_empty() { column.verb.as_str() } else { column.rule };
    turned("", x, &format!("{} {what}", column.number), svg);
    let guide: [Attribute<'_>; 5] = [("class", &"guide"), ("x1", &x), ("y1", &HEAD), ("x2", &x), ("y2", &(y - 9))];
    svg.void("line", &guide);
    let lane = &timeline.lanes[column.lane];
    let title = format!(
        "Write {} at {}: {} by {}{}, {}{}",
        column.number,
        moment(column.time),
        column.verb.as_str(),
        column.actor.as_str(),
        if column.rule.is_empty() { String::new() } else { format!(" ({})", column.rule) },
        lane.object,
        journal.changes(column.number).iter().map(|change| format!("\n{change}")).collect::<String>(),
    );
    let target = format!("#w{}", column.number);
    // The table has everything for the keyboard; hundreds of stops here would be in the way.
    svg.element("a", &[("class", &"mark"), ("href", &target), ("tabindex", &"-1")], |link| {
        link.line("title", &[], title);
        if column.actor == Actor::User {
            let path = format!("M{} {y}l9 -9l9 9l-9 9z", x - 9);
            link.void("path", &[("d", &path)]);
        } else {
            link.void("circle", &[("cx", &x), ("cy", &y), ("r", &8)]);
        }
        let base = y + 4;
        let letter: &dyn Display = &letter(&column.actor);
        link.line("text", &[("x", &x), ("y", &base)], letter);
    });
}

/// The lanes in words, where there are few enough to listen to.
fn description(timeline: &Timeline) -> String {
    let of = |lane: &Lane| {
        let phases: Vec<&str> = lane.spans.iter().map(|span| &*span.phase).collect();
        format!("{}: {}.", lane.object, phases.join(", then "))
    };
    let all: Vec<String> = timeline.lanes.iter().map(of).collect();
    let troubled = timeline.lanes.iter().filter_map(|lane| lane.spans.last()).filter(|span| span.tone <= Tone::Waits);
    format!(
        "{}, {} of them waiting or lost at the end. {}",
        count(timeline.lanes.len(), "lane"),
        troubled.count(),
        all.join(" ")
    )
}
