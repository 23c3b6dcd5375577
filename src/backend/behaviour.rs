//! How a plugin behaves when it is asked to do something.

use std::time::Duration;

use crate::model::list::StringMap;
use crate::model::text::Text;

/// How an ability of a plugin behaves, call after call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Behaviour {
    /// Every call succeeds at once.
    #[default]
    Succeed,
    /// Every call fails with this message.
    Fail(Text),
    /// Every call fails before it begins: the deleter or provisioner cannot be made.
    Refuse(Text),
    /// Every call fails because the storage is still in use (`DELETE-7`).
    InUse(Text),
    /// A call fails where the volume has this label, with the label's value as message; else it succeeds.
    FailByLabel(Text),
    /// Every call takes this long, then behaves like the other.
    After(Duration, Box<Behaviour>),
    /// No call ever ends.
    Hang,
    /// A provisioner fails unless it is called with these parameters; with them it behaves like the other.
    Expect(StringMap, Box<Behaviour>),
    /// The first calls behave one after the other like the list, all later ones like the last.
    Sequence(Vec<Behaviour>, Box<Behaviour>),
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Succeeded,
    Failed(Text),
    /// The deleter or provisioner could not be made.
    Refused(Text),
    InUse(Text),
    /// It ends later, or never.
    Pending(Option<Duration>, Box<Answer>),
}

impl Answer {
    /// Whether it succeeds, now or later.
    pub(crate) fn is_success(&self) -> bool {
        match self {
            Self::Succeeded => true,
            Self::Failed(_) | Self::Refused(_) | Self::InUse(_) => false,
            Self::Pending(_, answer) => answer.is_success(),
        }
    }
}

impl Behaviour {
    /// Whether the answer depends on how many calls came before.
    fn counts(&self) -> bool {
        match self {
            Self::Sequence(..) => true,
            Self::After(_, then) | Self::Expect(_, then) => then.counts(),
            Self::Succeed | Self::Fail(_) | Self::Refuse(_) | Self::InUse(_) | Self::FailByLabel(_) | Self::Hang => {
                false
            }
        }
    }
}

/// A behaviour and how often it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Script {
    behaviour: Behaviour,
    calls: usize,
}

impl Script {
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        Self { behaviour, calls: 0 }
    }

    /// Answers the next call. `labels` are those of the volume, `parameters` those of the class.
    pub(crate) fn call(&mut self, labels: &StringMap, parameters: &StringMap) -> Answer {
        let call = self.calls;
        // Where every call ends alike there is nothing to remember, so that two clusters that differ in nothing else are
        // the same.
        self.calls += usize::from(self.behaviour.counts());
        answer(&self.behaviour, call, labels, parameters)
    }
}

fn answer(behaviour: &Behaviour, call: usize, labels: &StringMap, parameters: &StringMap) -> Answer {
    match behaviour {
        Behaviour::Succeed => Answer::Succeeded,
        Behaviour::Fail(message) => Answer::Failed(message.clone()),
        Behaviour::Refuse(message) => Answer::Refused(message.clone()),
        Behaviour::InUse(message) => Answer::InUse(message.clone()),
        Behaviour::FailByLabel(label) => {
            labels.get(label).map_or(Answer::Succeeded, |value| Answer::Failed(value.clone()))
        }
        Behaviour::After(delay, then) => {
            Answer::Pending(Some(*delay), Box::new(answer(then, call, labels, parameters)))
        }
        Behaviour::Hang => Answer::Pending(None, Box::new(Answer::Succeeded)),
        Behaviour::Expect(expected, then) if expected == parameters => answer(then, call, labels, parameters),
        Behaviour::Expect(..) => Answer::Failed("called with other parameters than expected".into()),
        Behaviour::Sequence(first, last) => match first.get(call) {
            Some(behaviour) => answer(behaviour, 0, labels, parameters),
            None => answer(last, call - first.len(), labels, parameters),
        },
    }
}
