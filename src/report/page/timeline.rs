//! The timeline as SVG: lanes that stay beside what scrolls, bars for phases, marks for writes.

use std::collections::BTreeMap;

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
        let text = "Every mark is a write to a claim or a volume, in the order in which they were made, below its number and its \
                    rule; alike ones share a column. Bars are phases. The writes stand below as a table, too.";
        section.line("p", &[("class", &"muted")], text);
        key(timeline, section);
        section.element("div", &[("class", &"chart")], |chart| {
            names(timeline, chart);
            scrolling(chart, "Chart of phases and writes", |frame| draw(timeline, journal, frame));
        });
        if let Some(text) = left_out(timeline) {
            section.line("p", &[("class", &"muted")], text);
        }
        if !timeline.milestones.is_empty() {
            section.element("details", &[], |details| {
                details.line("summary", &[], format!("The {}", count(timeline.milestones.len(), "step")));
                details.element("ol", &[("class", &"steps")], |list| {
                    timeline.milestones.iter().for_each(|what| {
                        list.line("li", &[], what);
                    });
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

/// The names of the lanes, in a column that stays where it is. The chart's description has them, too.
fn names(timeline: &Timeline, chart: &mut Markup) {
    chart.element("div", &[("class", &"names"), ("aria-hidden", &"true")], |names| {
        let steps = if timeline.milestones.is_empty() { "" } else { "step" };
        names.element("p", &[("class", &"corner muted")], |corner| {
            corner.line("span", &[], "virtual time").line("span", &[], steps).line("span", &[], "write, rule");
        });
        for lane in &timeline.lanes {
            let key = &lane.object.key;
            let kind = match key.namespace.as_str() {
                "" => short(lane).to_owned(),
                namespace => format!("{} in {namespace}", short(lane)),
            };
            names.element("p", &[("title", &lane.object)], |name| {
                name.line("b", &[], shortened(&key.name, 26)).line("span", &[("class", &"muted")], kind);
            });
        }
    });
}

fn stripes(timeline: &Timeline, svg: &mut Markup) {
    let height = HEAD + timeline.lanes.len() * LANE + 8;
    svg.void("rect", &[("class", &"back"), ("width", &"100%"), ("height", &height)]);
    for place in (0..timeline.lanes.len()).step_by(2) {
        let y = HEAD + place * LANE;
        svg.void("rect", &[("class", &"stripe"), ("y", &y), ("width", &"100%"), ("height", &LANE)]);
    }
}

fn draw(timeline: &Timeline, journal: &Journal<'_>, frame: &mut Markup) {
    let width = (timeline.columns.len() * PITCH + 64).max(320);
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
        stripes(timeline, svg);
        times(timeline, height, svg);
        milestones(timeline, height, svg);
        for (place, column) in timeline.columns.iter().enumerate() {
            let lanes = column.iter().flat_map(|column| &column.writes).map(|(_, lane)| *lane);
            let (x, end) = (place * PITCH + PITCH / 2, lanes.max().map_or(HEAD, mark_at) - 9);
            let guide: [Attribute<'_>; 5] =
                [("class", &"guide"), ("x1", &x), ("y1", &HEAD), ("x2", &x), ("y2", &end.max(HEAD))];
            svg.void("line", &guide);
        }
        for (place, lane) in timeline.lanes.iter().enumerate() {
            bars(lane, HEAD + place * LANE, svg);
        }
        for (place, column) in timeline.columns.iter().enumerate() {
            if let Some(column) = column {
                marks(place, column, timeline, journal, svg);
                continue;
            }
            let x = place * PITCH + PITCH / 2;
            turned("muted", x, &format!("{} left out", count(timeline.columns_left_out, "write")), svg);
            let line: [Attribute<'_>; 5] = [("class", &"tick"), ("x1", &x), ("y1", &HEAD), ("x2", &x), ("y2", &height)];
            svg.void("line", &line);
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
    let mut free_from = 0;
    for (column, numbers) in at {
        let x = column * PITCH;
        let text = match numbers.as_slice() {
            [one] => one.to_string(),
            [first, .., last] => format!("{first}–{last}"),
            [] => continue,
        };
        let room = x >= free_from;
        if room {
            free_from = x + text.chars().count() * LETTER / 10 + 10;
        }
        svg.element("g", &[], |group| {
            let titles = numbers.iter().filter_map(|number| Some((number, timeline.milestones.get(number - 1)?)));
            let titles: Vec<String> = titles.map(|(number, what)| format!("{number}. {what}")).collect();
            group.line("title", &[], titles.join("\n"));
            group.void("line", &[("class", &"rule"), ("x1", &x), ("y1", &26), ("x2", &x), ("y2", &height)]);
            if room {
                group.line("text", &[("x", &(x + 3)), ("y", &36)], text);
            }
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

/// How high the marks of a lane stand.
fn mark_at(lane: usize) -> usize {
    HEAD + lane * LANE + 11
}

fn marks(place: usize, column: &Column, timeline: &Timeline, journal: &Journal<'_>, svg: &mut Markup) {
    let x = place * PITCH + PITCH / 2;
    let what = if column.rule.is_empty() { column.verb.as_str() } else { column.rule };
    let numbers = match column.writes.as_slice() {
        [.., (last, _)] if column.writes.len() > 1 => format!("{}–{last}", column.writes[0].0),
        [(one, _), ..] => one.to_string(),
        [] => String::new(),
    };
    turned("", x, &format!("{numbers} {what}"), svg);
    for (number, lane) in &column.writes {
        let object = &timeline.lanes[*lane].object;
        let mut changes = journal.changes(*number);
        changes.insert(0, String::new());
        let title = format!(
            "Write {number} at {}: {} by {}{}, {object}{}",
            moment(column.time),
            column.verb.as_str(),
            column.actor.as_str(),
            if column.rule.is_empty() { String::new() } else { format!(" ({})", column.rule) },
            changes.join("\n"),
        );
        mark(x, mark_at(*lane), &format!("#w{number}"), &column.actor, &title, svg);
    }
}

/// A mark that leads to the row of its write. The table has everything for the keyboard; hundreds of stops here would be in
/// the way.
fn mark(x: usize, y: usize, target: &str, actor: &Actor, title: &str, svg: &mut Markup) {
    svg.element("a", &[("class", &"mark"), ("href", &target), ("tabindex", &"-1")], |link| {
        link.line("title", &[], title);
        if *actor == Actor::User {
            let path = format!("M{} {y}l9 -9l9 9l-9 9z", x - 9);
            link.void("path", &[("d", &path)]);
        } else {
            link.void("circle", &[("cx", &x), ("cy", &y), ("r", &8)]);
        }
        link.line("text", &[("x", &x), ("y", &(y + 4))], letter(actor));
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
