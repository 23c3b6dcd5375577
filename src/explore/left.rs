//! What may still come at a point of a run: how much may go wrong, and how far users have come.

/// How many users there may be.
pub(super) const USERS: usize = 4;

/// How many deeds of each user are done.
pub(super) type Done = [u8; USERS];

/// How often something may still go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) conflicts: u8,
    pub(super) server_errors: u8,
    pub(super) backend_failures: u8,
    pub(super) crashes: u8,
    pub(super) stale_views: u8,
    /// The largest number stands for no limit.
    pub(super) waits: u8,
}

/// A part of what may happen next. What leads from a state is tried in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What controllers do where nothing goes wrong.
    Moves,
    Conflicts,
    ServerErrors,
    BackendFailures,
    BackendSilences,
    /// Backends that end what nobody waits for any more.
    Late,
    Crashes,
    StaleViews,
    /// What users do.
    Deeds,
    /// Time that passes where everything is quiet.
    Wait,
}

impl Part {
    pub(super) const ALL: [Self; 10] = [
        Self::Moves,
        Self::Conflicts,
        Self::ServerErrors,
        Self::BackendFailures,
        Self::BackendSilences,
        Self::Late,
        Self::Crashes,
        Self::StaleViews,
        Self::Deeds,
        Self::Wait,
    ];

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Some of the parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u16);

impl Parts {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn contains(self, part: Part) -> bool {
        self.0 & part.bit() != 0
    }

    pub(super) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(super) fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// The parts in their order.
    pub(super) fn iter(self) -> impl Iterator<Item = Part> {
        Part::ALL.into_iter().filter(move |part| self.contains(*part))
    }
}

impl Left {
    /// What is left once something of a part has happened, if it may.
    pub(super) fn after(mut self, part: Part) -> Option<Self> {
        let times = match part {
            Part::Moves | Part::Late | Part::Deeds => return Some(self),
            Part::Conflicts => &mut self.conflicts,
            Part::ServerErrors => &mut self.server_errors,
            Part::BackendFailures | Part::BackendSilences => &mut self.backend_failures,
            Part::Crashes => &mut self.crashes,
            Part::StaleViews => &mut self.stale_views,
            Part::Wait if self.waits == u8::MAX => return Some(self),
            Part::Wait => &mut self.waits,
        };
        *times = times.checked_sub(1)?;
        Some(self)
    }

    /// The parts of which something may happen.
    pub(super) fn parts(self) -> Parts {
        let open = Part::ALL.into_iter().filter(|part| self.after(*part).is_some());
        Parts(open.fold(0, |bits, part| bits | part.bit()))
    }
}
