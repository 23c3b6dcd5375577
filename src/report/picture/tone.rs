//! What a phase means to somebody who looks: one of few tones, each with a colour and a word beside it.

use crate::model::claim::ClaimPhase;
use crate::model::pod::Pod;
use crate::model::pod::PodPhase;
use crate::model::volume::VolumePhase;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum Tone {
    /// Lost, failed or missing.
    Bad,
    /// It waits for something.
    Waits,
    /// Released: not used any more, and not free.
    Left,
    /// All is well.
    Good,
    /// Free.
    Free,
    /// Over, or without meaning here.
    Plain,
}

impl Tone {
    /// The name by which the style knows it.
    pub(in crate::report) fn name(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Waits => "waits",
            Self::Left => "left",
            Self::Good => "good",
            Self::Free => "free",
            Self::Plain => "plain",
        }
    }
}

pub(in crate::report) fn claim_tone(phase: &ClaimPhase) -> Tone {
    match phase {
        ClaimPhase::Bound => Tone::Good,
        ClaimPhase::Pending => Tone::Waits,
        ClaimPhase::Lost => Tone::Bad,
        ClaimPhase::Other(_) => Tone::Plain,
    }
}

pub(in crate::report) fn volume_tone(phase: &VolumePhase) -> Tone {
    match phase {
        VolumePhase::Bound => Tone::Good,
        VolumePhase::Available => Tone::Free,
        VolumePhase::Pending => Tone::Waits,
        VolumePhase::Released => Tone::Left,
        VolumePhase::Failed => Tone::Bad,
        VolumePhase::Other(_) => Tone::Plain,
    }
}

pub(in crate::report) fn pod_tone(pod: &Pod) -> Tone {
    match pod.status.phase {
        PodPhase::Succeeded => Tone::Plain,
        PodPhase::Failed => Tone::Bad,
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown if pod.is_ready() => Tone::Good,
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => Tone::Waits,
    }
}
