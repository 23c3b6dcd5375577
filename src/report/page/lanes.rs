//! The timeline as data: a lane for each claim and volume, a column for each write to one of them, or for several of one
//! kind that follow each other, as when a user creates many objects.
//!
//! Most of what happens happens at one instant of virtual time, so that the columns are writes in their order; where
//! time passes between two of them the later one says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cluster::{Cause, Cluster, WriteRecord};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::text::Text;
use crate::report::picture::{Chain, Item, Picture, Tone, claim_tone, volume_tone};
use crate::store::{Actor, Verb};

/// How many lanes there are at most, and how many writes to them are drawn.
const LANES: usize = 48;
const WRITES: usize = 400;
/// How many of the writes are the last ones, where some are left out.
const LAST: usize = 120;

/// A phase of an object, from a column on to before another one.
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) phase: Text,
    pub(super) tone: Tone,
}

pub(super) struct Lane {
    pub(super) object: ObjectKey,
    pub(super) spans: Vec<Span>,
}

/// Writes of one kind by one actor, one after the other, each to another object that has a lane.
pub(super) struct Column {
    /// Their numbers among all writes, counted from one, and their lanes.
    pub(super) writes: Vec<(usize, usize)>,
    pub(super) time: Duration,
    pub(super) actor: Actor,
    pub(super) verb: Verb,
    pub(super) rule: &'static str,
}

/// Something that was done, before a column.
pub(super) struct Mark {
    /// Its number, counted from one.
    pub(super) number: usize,
    pub(super) column: usize,
}

#[derive(Default)]
pub(super) struct Timeline {
    pub(super) lanes: Vec<Lane>,
    /// The columns; nothing for the one that stands for those that are left out.
    pub(super) columns: Vec<Option<Column>>,
    pub(super) marks: Vec<Mark>,
    pub(super) milestones: Vec<Text>,
    /// How many claims and volumes have no lane, and how many writes no column.
    pub(super) lanes_left_out: usize,
    pub(super) columns_left_out: usize,
}

impl Column {
    /// Whether another write can stand in the same column.
    fn takes(&self, write: &WriteRecord, lane: usize) -> bool {
        let alike = self.time == write.time && self.verb == write.verb && self.rule == write.rule;
        alike && self.actor == write.actor && self.writes.iter().all(|(_, held)| *held != lane)
    }
}

impl Timeline {
    pub(super) fn of(cluster: &Cluster, picture: &Picture, milestones: &[(usize, Text)]) -> Self {
        let (lanes, lanes_left_out) = lanes(cluster, picture);
        let known: BTreeMap<&ObjectKey, usize> = lanes.iter().enumerate().map(|(lane, key)| (key, lane)).collect();
        let lane_of = |write: &WriteRecord| {
            let object = write.object().filter(|object| has_phase(object))?;
            known.get(&object.reference()).copied()
        };
        let writes = || cluster.journal().iter().enumerate().filter_map(|(entry, held)| Some((entry, held.write()?)));
        let total = writes().filter(|(_, write)| lane_of(write).is_some()).count();
        let left_out = if total > WRITES { WRITES - LAST..total - LAST } else { total..total };
        let mut timeline = Self {
            lanes: lanes.iter().map(|object| Lane { object: object.clone(), spans: Vec::new() }).collect(),
            milestones: milestones.iter().map(|(_, what)| what.clone()).collect(),
            lanes_left_out,
            columns_left_out: left_out.len(),
            ..Self::default()
        };
        let mut due = milestones.iter().map(|(entry, _)| *entry).enumerate().peekable();
        let mut place = 0;
        for (number, (entry, write)) in writes().enumerate() {
            let Some(lane) = lane_of(write) else {
                continue;
            };
            let reached = due.peek().is_some_and(|(_, at)| *at <= entry);
            let column = timeline.column(number + 1, write, lane, left_out.contains(&place), reached);
            while let Some((milestone, _)) = due.next_if(|(_, at)| *at <= entry) {
                timeline.marks.push(Mark { number: milestone + 1, column });
            }
            timeline.lanes[lane].take(write, column);
            place += 1;
        }
        let end = timeline.columns.len();
        timeline.marks.extend(due.map(|(milestone, _)| Mark { number: milestone + 1, column: end }));
        for span in timeline.lanes.iter_mut().flat_map(|lane| &mut lane.spans) {
            span.to = span.to.min(end);
        }
        timeline
    }

    /// Puts a write into a column, a new one where a step begins with it. Returns the place of the column.
    fn column(&mut self, number: usize, write: &WriteRecord, lane: usize, left_out: bool, new: bool) -> usize {
        match self.columns.last_mut() {
            Some(None) if left_out => {}
            Some(Some(last)) if !left_out && !new && last.takes(write, lane) => last.writes.push((number, lane)),
            _ if left_out => self.columns.push(None),
            _ => {
                let Cause { actor, verb, rule } = (*write.cause).clone();
                let column = Column { writes: vec![(number, lane)], time: write.time, actor, verb, rule };
                self.columns.push(Some(column));
            }
        }
        self.columns.len() - 1
    }
}

impl Lane {
    /// What a write makes of the phase.
    fn take(&mut self, write: &WriteRecord, column: usize) {
        let now = write.after.as_ref().and_then(phase);
        let last = self.spans.last_mut().filter(|span| span.to == usize::MAX);
        if let Some(last) = last {
            if now.as_ref().is_some_and(|(phase, _)| *phase == last.phase) {
                return;
            }
            last.to = column;
        }
        // What lasted for no column is not drawn.
        self.spans.retain(|span| span.to > span.from);
        self.spans.extend(now.map(|(phase, tone)| Span { from: column, to: usize::MAX, phase, tone }));
    }
}

fn has_phase(object: &Object) -> bool {
    matches!(object.kind(), Kind::PersistentVolume | Kind::PersistentVolumeClaim)
}

fn phase(object: &Object) -> Option<(Text, Tone)> {
    match object {
        Object::PersistentVolume(volume) => {
            let phase = &volume.status.phase;
            Some((phase.as_str().into(), volume_tone(phase)))
        }
        Object::PersistentVolumeClaim(claim) => {
            let phase = &claim.status.phase;
            Some((phase.as_str().into(), claim_tone(phase)))
        }
        _ => None,
    }
}

/// The objects that get a lane: those of the picture in its order, each claim before its volumes, then those that are
/// gone. And how many get none.
fn lanes(cluster: &Cluster, picture: &Picture) -> (Vec<ObjectKey>, usize) {
    let drawn = picture.chains.iter().flat_map(|chain: &Chain| chain.claims.iter().chain(&chain.volumes));
    let drawn = drawn.filter_map(|item: &Item| item.object.clone()).filter(|key| cluster.get(key).is_some());
    let mut lanes: Vec<ObjectKey> = Vec::new();
    let mut seen: BTreeSet<ObjectKey> = BTreeSet::new();
    // What is gone has its place, too, if there is any.
    let gone: Vec<ObjectKey> = gone(cluster);
    let room = LANES - gone.len().min(LANES / 4);
    let wanted = drawn.take(room).chain(gone.iter().cloned());
    for key in wanted {
        if lanes.len() < LANES && seen.insert(key.clone()) {
            lanes.push(key);
        }
    }
    let all = cluster.count(Kind::PersistentVolume) + cluster.count(Kind::PersistentVolumeClaim) + gone.len();
    let left_out = all.saturating_sub(lanes.len());
    (lanes, left_out)
}

/// The claims and volumes that were there and are not, in the order in which they went.
fn gone(cluster: &Cluster) -> Vec<ObjectKey> {
    let writes = cluster.journal().iter().filter_map(|entry| entry.write());
    let ended = writes.filter(|write| write.after.is_none()).filter_map(|write| write.before.as_ref());
    let mut seen = BTreeSet::new();
    let keys = ended.filter(|object| has_phase(object)).map(Object::reference);
    keys.filter(|key| cluster.get(key).is_none() && seen.insert(key.clone())).collect()
}
