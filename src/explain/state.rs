//! Why a claim is in its phase, in one value, and what there is to do besides editing objects.

use serde::Serialize;

use crate::matching::Mismatch;
use crate::model::quantity::Quantity;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;

/// Why a claim is in its phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum State {
    /// It is bound.
    Bound {
        /// The volume.
        volume: Text,
        /// How large the volume is.
        capacity: Quantity,
        /// How much of it nobody asked for, and nobody else gets.
        surplus: Quantity,
    },
    /// A volume fits; it is bound when the controllers get to it.
    Fits {
        /// The volume.
        volume: Text,
    },
    /// No volume fits, and it has no class (`CLAIM-8`).
    NoVolume,
    /// No volume fits, and its class does not exist (`PROV-2`).
    ClassNotFound {
        /// The class.
        class: Text,
        /// The class that was probably meant.
        nearest: Option<Text>,
    },
    /// No volume fits, and its class makes none (`PROV-6`, `PROV-7`).
    NoProvisioner {
        /// The class.
        class: Text,
        /// Its provisioner.
        provisioner: Text,
    },
    /// No volume fits, and volumes are not made for claims in this cluster (`PROV-1`).
    ProvisioningOff {
        /// The class.
        class: Text,
    },
    /// No volume fits; its provisioner shall make one and has not.
    Provisioning {
        /// The class.
        class: Text,
        /// The provisioner.
        provisioner: Text,
        /// Whether the provisioner runs in this cluster, as far as is known.
        runs: bool,
        /// What it said last of why it has made none.
        failure: Option<Text>,
        /// The node that the volume is for, where binding waited for a pod.
        node: Option<Text>,
    },
    /// Binding waits for a pod that uses the claim, and there is none (`CLAIM-6`). Nothing is wrong.
    NoConsumer {
        /// The class.
        class: Text,
    },
    /// Binding waits for pods that are not scheduled (`CLAIM-6`).
    WaitsForPods {
        /// The class.
        class: Text,
        /// The pods.
        pods: Vec<Text>,
    },
    /// It asks for a volume by a name that does not exist (`CLAIM-9`).
    VolumeNotFound {
        /// The name.
        volume: Text,
        /// The volume that was probably meant.
        nearest: Option<Text>,
    },
    /// It asks for a volume by name, and that does not suit it (`CLAIM-10`).
    VolumeMismatch {
        /// The volume.
        volume: Text,
        /// Every rule that the volume breaks.
        mismatches: Vec<Mismatch>,
    },
    /// It asks for a volume by name, and that belongs to another claim (`CLAIM-12`, `CLAIM-13`).
    VolumeTaken {
        /// The volume.
        volume: Text,
        /// The claim that it belongs to.
        by: ClaimKey,
        /// Whether that claim exists.
        exists: bool,
    },
    /// Its selector cannot be understood (`MATCH-12`).
    BadSelector {
        /// What is wrong.
        message: Text,
    },
    /// Its class says nothing about when to bind (`HELP-5`).
    NoBindingMode {
        /// The class.
        class: Text,
    },
    /// It was bound and does not say any more to what (`CLAIM-20`).
    LostReference,
    /// It was bound, and its volume is gone (`CLAIM-21`).
    LostVolume {
        /// The volume.
        volume: Text,
    },
    /// It was bound, and its volume belongs to another claim, or to nobody (`CLAIM-24`).
    Misbound {
        /// The volume.
        volume: Text,
        /// The claim that the volume names.
        by: ClaimKey,
        /// Whether the volume names this claim, but not its uid.
        same_name: bool,
    },
}

/// What to know or to do, besides editing objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "hint", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Hint {
    /// Nothing is wrong; create a pod that uses the claim.
    CreatePod,
    /// See to it that the provisioner runs.
    StartProvisioner {
        /// The provisioner.
        provisioner: Text,
    },
    /// Create a volume by hand that fits.
    CreateVolume {
        /// How large it must be.
        storage: Quantity,
        /// Its access modes.
        access_modes: Text,
        /// Its class, empty for none.
        class: Text,
    },
    /// The class need not exist as an object where volumes of its name are made by hand.
    ClassIsOptional {
        /// The class.
        class: Text,
    },
    /// A volume with a class never serves a claim without one, nor the other way round.
    ClassesNeverMix,
    /// There is no default class, so the claim gets none later either.
    NoDefaultClass,
    /// One volume serves one claim, whole.
    WholeVolume,
    /// A smaller volume would have done.
    SmallerVolume {
        /// The smaller volume.
        volume: Text,
        /// Its capacity.
        capacity: Quantity,
        /// Why it was not taken.
        why: NotTaken,
    },
    /// The pod cannot use the volume that its claim got before it was scheduled.
    BoundElsewhere {
        /// The pod.
        pod: NamespacedName,
        /// The volume.
        volume: Text,
        /// Where the volume can be used.
        usable: Text,
        /// The class of the claim, empty for none.
        class: Text,
    },
    /// What was on the lost volume is not on another one.
    DataIsGone,
    /// Delete the pods that use the claim, and it goes.
    DeletePods,
}

/// Why a smaller volume was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum NotTaken {
    /// The node is chosen first, by whatever else matters, and then the smallest volume there.
    OtherNode,
    /// It has more access modes, and volumes with fewer come first.
    MoreModes,
    /// It was not free, or not there, when the claim was bound.
    CameLater,
}
