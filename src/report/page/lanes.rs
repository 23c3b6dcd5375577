//! The timeline as data: a lane for each claim and volume, a column for each write to one of them.
//!
//! Most of what happens happens at one instant of virtual time, so that the columns are writes in their order; where
//! time passes between two of them the later one says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cluster::{Cluster, WriteRecord};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::text::Text;
use crate::report::picture::{Chain, Item, Picture, Tone, claim_tone, volume_tone};
use crate::store::{Actor, Verb};

/// How many lanes and columns there are at most.
const LANES: usize = 48;
const COLUMNS: usize = 180;
/// How many of the columns are the last ones, where some are left out.
const LAST: usize = 60;

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

/// A write to an object that has a lane.
pub(super) struct Column {
    /// Its number among all writes, counted from one.
    pub(super) number: usize,
    pub(super) lane: usize,
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

/// Where a write to an object with a lane goes.
struct Places {
    total: usize,
}

impl Places {
    fn head(&self) -> usize {
        if self.total > COLUMNS { COLUMNS - LAST } else { self.total }
    }

    fn left_out(&self) -> usize {
        self.total.saturating_sub(COLUMNS)
    }

    /// The column of a write by its place, and whether it is drawn there.
    fn column(&self, place: usize) -> (usize, bool) {
        let (head, left_out) = (self.head(), self.left_out());
        match place {
            _ if left_out == 0 || place < head => (place, true),
            _ if place < head + left_out => (head, false),
            _ => (place + 1 - left_out, true),
        }
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
        let places = Places { total: writes().filter(|(_, write)| lane_of(write).is_some()).count() };
        let mut timeline = Self {
            lanes: lanes.iter().map(|object| Lane { object: object.clone(), spans: Vec::new() }).collect(),
            milestones: milestones.iter().map(|(_, what)| what.clone()).collect(),
            lanes_left_out,
            columns_left_out: places.left_out(),
            ..Self::default()
        };
        let mut due = milestones.iter().map(|(entry, _)| *entry).enumerate().peekable();
        let mut place = 0;
        for (number, (entry, write)) in writes().enumerate() {
            let Some(lane) = lane_of(write) else {
                continue;
            };
            let (column, drawn) = places.column(place);
            place += 1;
            while let Some((milestone, _)) = due.next_if(|(_, at)| *at <= entry) {
                timeline.marks.push(Mark { number: milestone + 1, column });
            }
            if drawn {
                let WriteRecord { time, ref actor, verb, rule, .. } = *write;
                let drawn = Column { number: number + 1, lane, time, actor: actor.clone(), verb, rule };
                timeline.columns.push(Some(drawn));
            } else if timeline.columns.len() == column {
                timeline.columns.push(None);
            }
            timeline.lanes[lane].take(write, column);
        }
        let end = timeline.columns.len();
        timeline.marks.extend(due.map(|(milestone, _)| Mark { number: milestone + 1, column: end }));
        for span in timeline.lanes.iter_mut().flat_map(|lane| &mut lane.spans) {
            span.to = span.to.min(end);
        }
        timeline
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
    let drawn: BTreeMap<usize, ObjectKey> = drawn.filter_map(|item: &Item| item.object.clone()).enumerate().collect();
    let mut lanes: Vec<ObjectKey> = Vec::new();
    let mut seen: BTreeSet<ObjectKey> = BTreeSet::new();
    // What is gone has its place, too, if there is any.
    let gone: Vec<ObjectKey> = gone(cluster);
    let room = LANES - gone.len().min(LANES / 4);
    let wanted = drawn.into_values().take(room).chain(gone.iter().cloned());
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
