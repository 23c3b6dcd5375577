//! The writes and the events as tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{Cluster, JournalEntry, WriteRecord};
use crate::controllers::EventType;
use crate::explain::{FieldChange, thousands};
use crate::model::text::Text;
use crate::report::age::age;
use crate::report::markup::Markup;
use crate::report::page::lanes::Timeline;
use crate::report::page::summary::pill;
use crate::report::page::tables::head;
use crate::report::page::{frame, moment, section as titled};
use crate::report::picture::{Tone, count, shortened};

/// How many writes and how many events are listed at most.
const WRITES: usize = 500;
const EVENTS: usize = 300;
/// How many changed fields of a write are told, and how many letters of each.
const FIELDS: usize = 8;
const LETTERS: usize = 110;

/// The writes that are listed.
pub(super) struct Journal<'c> {
    /// By number, counted from one, with the place in the journal.
    rows: BTreeMap<usize, (usize, &'c WriteRecord)>,
    total: usize,
}

impl<'c> Journal<'c> {
    /// Those of the timeline, and of the others as many as there is room for, the first ones first.
    pub(super) fn of(cluster: &'c Cluster, timeline: &Timeline) -> Self {
        let on_lanes: BTreeSet<usize> =
            timeline.columns.iter().flatten().flat_map(|column| &column.writes).map(|(number, _)| *number).collect();
        let mut room = WRITES.saturating_sub(on_lanes.len());
        let mut journal = Self { rows: BTreeMap::new(), total: 0 };
        for (entry, held) in cluster.journal().iter().enumerate() {
            let JournalEntry::Write(write) = held else {
                continue;
            };
            journal.total += 1;
            let listed = on_lanes.contains(&journal.total);
            if listed || room > 0 {
                room -= usize::from(!listed);
                journal.rows.insert(journal.total, (entry, write));
            }
        }
        journal
    }

    /// What a write changed, field by field.
    pub(super) fn changes(&self, number: usize) -> Vec<String> {
        self.rows.get(&number).map(|(_, write)| changes(write)).unwrap_or_default()
    }
}

fn changes(write: &WriteRecord) -> Vec<String> {
    let (Some(before), Some(after)) = (&write.before, &write.after) else {
        return Vec::new();
    };
    let fields = FieldChange::between(before, after);
    let mut lines: Vec<String> =
        fields.iter().take(FIELDS).map(|field| shortened(&field.to_string(), LETTERS)).collect();
    if fields.len() > FIELDS {
        lines.push(format!("and {}", count(fields.len() - FIELDS, "more field")));
    }
    lines
}

pub(super) fn section(journal: &Journal<'_>, milestones: &[(usize, Text)], main: &mut Markup) {
    titled(main, "writes", "Writes", |section| {
        if journal.rows.is_empty() {
            section.line("p", &[], "Nothing was written.");
            return;
        }
        let left_out = journal.total - journal.rows.len();
        section.element("details", &[("open", &"open")], |details| {
            let summary = match left_out {
                0 => format!("All {}", count(journal.total, "write")),
                _ => format!(
                    "{} of {}: those of the timeline, and the first of the others",
                    thousands(journal.rows.len()),
                    count(journal.total, "write")
                ),
            };
            details.line("summary", &[], &summary);
            frame(details, "scroll tall", "Table of writes", |frame| {
                frame.element("table", &[], |table| {
                    head(table, &["Write", "Time", "What", "Rule", "Who", "Changes"]);
                    table.element("tbody", &[], |body| rows(journal, milestones, body));
                });
            });
        });
    });
}

fn rows(journal: &Journal<'_>, milestones: &[(usize, Text)], body: &mut Markup) {
    let mut due = milestones.iter().enumerate().peekable();
    for (number, (entry, write)) in &journal.rows {
        while let Some((step, (_, what))) = due.next_if(|(_, (at, _))| at <= entry) {
            milestone(step + 1, what, body);
        }
        let id = format!("w{number}");
        body.element("tr", &[("id", &id)], |row| {
            row.line("th", &[("scope", &"row"), ("class", &"number")], thousands(*number));
            row.line("td", &[("class", &"tight")], moment(write.time));
            let object = write.object().map(ToString::to_string).unwrap_or_default();
            row.line("td", &[("class", &"object")], format!("{} {object}", write.verb.as_str()));
            row.line("td", &[("class", &"tight")], write.rule);
            row.line("td", &[("class", &"tight")], write.actor.as_str());
            row.element("td", &[("class", &"text")], |cell| {
                let changes = changes(write);
                if !changes.is_empty() {
                    cell.element("ul", &[], |list| {
                        for change in changes {
                            list.element("li", &[], |item| {
                                item.line("code", &[], change);
                            });
                        }
                    });
                }
            });
        });
    }
    due.for_each(|(step, (_, what))| milestone(step + 1, what, body));
}

fn milestone(number: usize, what: &Text, body: &mut Markup) {
    body.element("tr", &[("class", &"step")], |row| {
        row.line("td", &[("colspan", &"6")], format!("Step {number}: {what}"));
    });
}

pub(super) fn events(cluster: &Cluster, main: &mut Markup) {
    let records = cluster.events();
    titled(main, "events", "Events", |section| {
        if records.is_empty() {
            section.line("p", &[], "There are no events.");
            return;
        }
        let left_out = records.len().saturating_sub(EVENTS);
        if left_out > 0 {
            let text = format!("The last {}; {} before them are not listed.", thousands(EVENTS), thousands(left_out));
            section.line("p", &[("class", &"muted")], text);
        }
        let since = |time| age(cluster.elapsed().saturating_sub(time).as_secs().cast_signed());
        frame(section, "scroll tall", "Table of events", |frame| {
            frame.element("table", &[], |table| {
                head(table, &["Last seen", "Type", "Reason", "Message", "Object", "Count", "Source"]);
                table.element("tbody", &[], |body| {
                    for record in &records[left_out..] {
                        let event = &record.event;
                        body.element("tr", &[], |row| {
                            row.line("td", &[("class", &"tight")], format!("{} ago", since(record.last)));
                            row.element("td", &[("class", &"tight")], |cell| match event.event_type {
                                EventType::Warning => pill(Tone::Waits, "Warning", cell),
                                EventType::Normal => drop(cell.write("Normal")),
                            });
                            row.line("td", &[("class", &"tight")], event.reason);
                            row.line("td", &[("class", &"text")], &event.message);
                            row.line("td", &[("class", &"object")], &event.object);
                            row.line("td", &[("class", &"number")], record.count);
                            row.line("td", &[("class", &"tight")], event.source.as_str());
                        });
                    }
                });
            });
        });
    });
}
