//! What a sync or an operation in progress has taken along: where it stands, and its copies of objects.

use std::sync::Arc;

use crate::controllers::turn::Resumed;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::Object;
use crate::model::volume::PersistentVolume;

/// Everything that decides about what a task does next, but for the world around it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copies<'t> {
    /// Where it stands; two tasks of one kind that stand elsewhere have other numbers.
    pub(crate) stage: u8,
    /// The volumes that it works on.
    pub(crate) volumes: [Option<&'t Arc<PersistentVolume>>; 2],
    /// The claim that it works on.
    pub(crate) claim: Option<&'t Arc<PersistentVolumeClaim>>,
    /// What it is going to say.
    pub(crate) text: &'t str,
}

impl<'t> Copies<'t> {
    /// A task that stands there and has taken nothing along.
    pub(crate) fn at(stage: u8) -> Self {
        Self { stage, ..Self::default() }
    }

    /// The same with a volume.
    pub(crate) fn volume(mut self, volume: &'t Arc<PersistentVolume>) -> Self {
        self.volumes = [self.volumes[1], Some(volume)];
        self
    }

    /// The same with a claim.
    pub(crate) fn claim(mut self, claim: &'t Arc<PersistentVolumeClaim>) -> Self {
        self.claim = Some(claim);
        self
    }

    /// The same without the copy that a sync of a volume or a claim replaces by the result of its write before it looks at
    /// it again.
    pub(crate) fn replaced_by(mut self, resumed: &Resumed) -> Self {
        match resumed {
            Resumed::Written(Ok(Object::PersistentVolume(_))) => self.volumes = [None; 2],
            Resumed::Written(Ok(Object::PersistentVolumeClaim(_))) => self.claim = None,
            _ => {}
        }
        self
    }

    /// The same with a text.
    pub(crate) fn text(mut self, text: &'t str) -> Self {
        self.text = text;
        self
    }
}
