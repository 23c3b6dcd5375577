//! Explanations as text, in Kubernetes' words where it has words.

use std::fmt::{self, Display, Formatter};

use crate::explain::candidates::{Candidates, Objection, VolumeGroup, VolumeReasons};
use crate::explain::consumers::{Consumer, NodeGroup};
use crate::explain::edit::{Edit, Step};
use crate::explain::state::{Hint, NotTaken, State};
use crate::explain::{Asks, EventLine, Explanation};
use crate::model::kind::Kind;
use crate::model::text::Text;

/// How many of the nearest volumes are printed.
const NEAREST: usize = 3;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "PersistentVolumeClaim {} is {}: {}.", self.claim, self.phase, self.state)?;
        writeln!(f, "It asks for {}.", self.asks)?;
        if let Some(terminating) = &self.terminating {
            let finalizers = joined(&terminating.finalizers);
            writeln!(f, "It is Terminating, held by {finalizers}; its phase stays {}.", self.phase)?;
            if !terminating.pods.is_empty() {
                writeln!(f, "It is used by {}.", pods(&terminating.pods))?;
            }
        }
        if let Some(volumes) = &self.volumes {
            write!(f, "\n{}", Indented(volumes, 0))?;
        }
        for pod in &self.pods {
            write!(f, "\n{pod}")?;
        }
        if !self.edits.is_empty() {
            writeln!(f, "\nWhat would make it bind, tried in a copy of the cluster:")?;
            for (number, edit) in self.edits.iter().enumerate() {
                write!(f, "  {}. {edit}", number + 1)?;
            }
        }
        if !self.hints.is_empty() {
            writeln!(f)?;
            self.hints.iter().try_for_each(|hint| writeln!(f, "{hint}"))?;
        }
        if !self.history.is_empty() {
            writeln!(f, "\nWhat happened:")?;
            self.history.iter().try_for_each(|happening| writeln!(f, "  {happening}"))?;
        }
        EventLine::print(&self.events, f)
    }
}

impl Display for Asks {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.storage, self.access_modes)?;
        if self.volume_mode != "Filesystem" {
            write!(f, ", volumeMode {}", self.volume_mode)?;
        }
        match (self.class.as_str(), self.says_class) {
            ("", true) => write!(f, ", class \"\"")?,
            ("", false) => write!(f, ", no class")?,
            (class, _) => write!(f, ", class {class}")?,
        }
        if !self.attributes_class.is_empty() {
            write!(f, ", attributes class {}", self.attributes_class)?;
        }
        if !self.selector.is_empty() {
            write!(f, ", labels {}", self.selector)?;
        }
        if self.volume.is_empty() { Ok(()) } else { write!(f, ", volume {}", self.volume) }
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound { volume, capacity, surplus } if surplus.is_positive() => {
                write!(f, "it has {volume} with {capacity}, of which {surplus} are stranded")
            }
            Self::Bound { volume, capacity, .. } => write!(f, "it has {volume} with {capacity}"),
            Self::Fits { volume } => write!(f, "{volume} fits, and is bound when the controllers get to it"),
            Self::NoVolume => f.write_str("no persistent volumes available for this claim and no storage class is set"),
            Self::ClassNotFound { class, nearest } => {
                write!(
                    f,
                    "storageclass.storage.k8s.io {:?} not found, and no volume of that class fits",
                    class.as_str()
                )?;
                suggest(f, nearest.as_ref())
            }
            Self::NoProvisioner { class, provisioner } => {
                write!(f, "no volume fits, and class {class} makes none (provisioner {provisioner})")
            }
            Self::ProvisioningOff { class } => {
                write!(f, "no volume fits, and dynamic provisioning is off, so that class {class} makes none")
            }
            Self::Provisioning { provisioner, node, failure, runs, class } => {
                let place = node.as_ref().map(|node| format!(" on node {node}")).unwrap_or_default();
                match (failure, runs) {
                    (Some(failure), true) => {
                        write!(f, "provisioner {provisioner} of class {class} fails to make a volume{place}: {failure}")
                    }
                    (None, true) => write!(f, "provisioner {provisioner} of class {class} is making a volume{place}"),
                    (_, false) => write!(
                        f,
                        "no volume fits, and provisioner {provisioner} of class {class}, which is to make one{place}, is \
                         not known to run"
                    ),
                }
            }
            Self::NoConsumer { class } => write!(
                f,
                "nothing is wrong, it is waiting for first consumer to be created before binding (class {class}, \
                 WaitForFirstConsumer)"
            ),
            Self::WaitsForPods { class, pods: names } => {
                write!(f, "waiting for {} to be scheduled (class {class}, WaitForFirstConsumer)", pods(names))
            }
            Self::VolumeNotFound { volume, nearest } => {
                write!(f, "it names volume {volume}, which does not exist")?;
                suggest(f, nearest.as_ref())
            }
            Self::VolumeMismatch { volume, mismatches } => {
                let first = mismatches.first().and_then(|mismatch| mismatch.event_reason(volume));
                write!(f, "Cannot bind to requested volume {:?}: {}", volume.as_str(), first.unwrap_or_default())?;
                let all: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
                write!(f, "; {volume} {}", all.join(", and "))
            }
            Self::VolumeTaken { volume, by, exists } => {
                let gone = if *exists { "" } else { ", which is gone" };
                write!(f, "volume {:?} already bound to a different claim: {by}{gone}", volume.as_str())
            }
            Self::BadSelector { message } => write!(f, "its selector makes no sense: {message}"),
            Self::NoBindingMode { class } => {
                write!(f, "VolumeBindingMode not set for StorageClass {:?}", class.as_str())
            }
            Self::LostReference => {
                f.write_str("Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
            }
            Self::LostVolume { volume } => {
                write!(f, "Bound claim has lost its PersistentVolume. Data on the volume is lost! ({volume} is gone)")
            }
            Self::Misbound { volume, by, same_name } => {
                let whose = if *same_name {
                    format!("{volume} names this claim with another uid or none")
                } else {
                    format!("{volume} belongs to {by}")
                };
                write!(f, "Two claims are bound to the same volume, this one is bound incorrectly: {whose}")
            }
        }
    }
}

fn suggest(f: &mut Formatter<'_>, nearest: Option<&Text>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(f, " (did you mean {nearest}?)"))
}

/// Candidates below something else.
struct Indented<'c>(&'c Candidates, usize);

impl Display for Indented<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(candidates, depth) = self;
        let indent = " ".repeat(*depth);
        let (count, fitting) = (candidates.count, candidates.fitting);
        match (count, fitting) {
            (0, _) => return writeln!(f, "{indent}There are no volumes."),
            (1, 0) => writeln!(f, "{indent}1 volume, which does not fit:")?,
            (count, 0) => writeln!(f, "{indent}{} volumes, none fits:", thousands(count))?,
            (count, fitting) => {
                let (count, fits) = (plural(count, "volume"), if fitting == 1 { "fits" } else { "fit" });
                let end = if candidates.groups.is_empty() { "." } else { ":" };
                writeln!(f, "{indent}{count}, {} {fits}{end}", thousands(fitting))?;
            }
        }
        candidates.groups.iter().try_for_each(|group| writeln!(f, "{indent}  {group}"))?;
        let near: Vec<&VolumeReasons> =
            candidates.nearest.iter().filter(|volume| !volume.mismatches.is_empty()).take(NEAREST).collect();
        if near.len() > 1 || near.iter().any(|volume| volume.mismatches.len() > 1) {
            writeln!(f, "{indent}The nearest:")?;
            near.iter().try_for_each(|volume| writeln!(f, "{indent}  {volume}"))?;
        }
        Ok(())
    }
}

impl Display for Candidates {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Indented(self, 0).fmt(f)
    }
}

impl Display for VolumeReasons {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.mismatches.is_empty() {
            return write!(f, "{} ({}, {}) fits", self.volume, self.capacity, self.phase);
        }
        let all: Vec<String> = self.mismatches.iter().map(ToString::to_string).collect();
        write!(f, "{} ({}, {}) {}", self.volume, self.capacity, self.phase, all.join("; "))
    }
}

impl Display for VolumeGroup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", thousands(self.count), self.objection)?;
        // One volume is named; of several that are bound or lack a mode nobody needs an example.
        if self.count == 1 && !matches!(self.objection, Objection::TooSmall { .. }) {
            write!(f, " ({})", self.example)?;
        }
        Ok(())
    }
}

impl Display for Objection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let named = |class: &Text| if class.is_empty() { "no class".to_owned() } else { format!("class {class}") };
        match self {
            Self::AccessModes { offered } if offered.is_empty() => f.write_str("without access modes"),
            Self::AccessModes { offered } => write!(f, "with access modes {offered} only"),
            Self::Bound => f.write_str("bound to another claim"),
            Self::Released => f.write_str("still with the claimRef of a claim that is gone"),
            Self::OldClaim => f.write_str("with the claimRef of an earlier claim of this name"),
            Self::Reserved => f.write_str("reserved for another claim"),
            Self::TooSmall { largest, volume, otherwise_fits } => {
                let which = if *otherwise_fits { "the largest free one" } else { "the largest" };
                write!(f, "too small, {which} is {largest} ({volume})")
            }
            Self::VolumeMode { offered } => write!(f, "with volumeMode {offered}"),
            Self::AttributesClass { offered } if offered.is_empty() => f.write_str("without attributes class"),
            Self::AttributesClass { offered } => write!(f, "with attributes class {offered}"),
            Self::Deleting => f.write_str("being deleted"),
            Self::Delayed => f.write_str("not looked at before a pod is scheduled"),
            Self::Phase { phase } => write!(f, "{phase}"),
            Self::Selector => f.write_str("without the labels that the claim selects"),
            Self::Class { offered } => write!(f, "of {}", named(offered)),
            Self::NodeAffinity => f.write_str("for other nodes"),
        }
    }
}

impl Display for Consumer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.node.is_empty() {
            return writeln!(f, "Pod {} is {} on node {}.", self.pod, self.phase, self.node);
        }
        if self.message.is_empty() {
            return writeln!(f, "Pod {} is {} and can be scheduled.", self.pod, self.phase);
        }
        writeln!(f, "Pod {} is {}: {}", self.pod, self.phase, self.message)?;
        self.nodes.iter().try_for_each(|group| write!(f, "{group}"))
    }
}

impl Display for NodeGroup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let more = self.count.saturating_sub(self.nodes.len());
        let more = if more > 0 { format!(" and {} more", thousands(more)) } else { String::new() };
        let reasons: Vec<String> = self.reasons.iter().map(ToString::to_string).collect();
        writeln!(f, "  {}{more}: {}", joined(&self.nodes), reasons.join(", "))?;
        for on_node in &self.claims {
            writeln!(f, "    For claim {} on {}:", on_node.claim, on_node.node)?;
            write!(f, "{}", Indented(&on_node.volumes, 6))?;
        }
        Ok(())
    }
}

impl Edit {
    /// What is done and what comes of it, in one line.
    pub(crate) fn headline(&self) -> String {
        let mut letters = self.summary.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        let volume = if self.made { "a volume that is made for it" } else { self.volume.as_str() };
        let when = if self.waits_for_pod { " when a pod uses it" } else { "" };
        format!("{first}{}; it binds to {volume}{when}.", letters.as_str())
    }
}

impl Display for Edit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        self.steps.iter().try_for_each(|step| writeln!(f, "     {step}"))?;
        let recreated = self.steps.iter().filter(|step| matches!(step, Step::Recreate { .. }));
        for kind in recreated.map(|step| step.object().kind) {
            let (what, part) = match kind {
                Kind::PersistentVolume => ("volume", "its nodeAffinity"),
                _ => ("claim", "its spec"),
            };
            writeln!(f, "     The {what} must be deleted and created again: {part} cannot be changed.")?;
        }
        self.cautions.iter().try_for_each(|caution| writeln!(f, "     {caution}"))?;
        if !self.displaced.is_empty() {
            let names: Vec<String> = self.displaced.iter().map(ToString::to_string).collect();
            writeln!(f, "     Not bound any more then: {}.", names.join(", "))?;
        }
        Ok(())
    }
}

impl Display for Hint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreatePod => {
                f.write_str("It binds when a pod that uses it is scheduled; until then there is nothing to repair.")
            }
            Self::StartProvisioner { provisioner } => {
                write!(f, "See to it that the provisioner {provisioner} runs and is correctly registered.")
            }
            Self::CreateVolume { storage, access_modes, class } => {
                let class = if class.is_empty() { "no class".to_owned() } else { format!("class {class}") };
                write!(f, "A volume made by hand would do, too: at least {storage}, {access_modes}, {class}.")
            }
            Self::ClassIsOptional { class } => write!(
                f,
                "A class without a StorageClass object is fine where volumes with class {class} are made by hand."
            ),
            Self::ClassesNeverMix => {
                f.write_str("A volume that has a class never serves a claim without one, nor the other way round.")
            }
            Self::NoDefaultClass => f.write_str("There is no default class that it could get."),
            Self::WholeVolume => {
                f.write_str("One volume serves one claim, whole: what it did not ask for, nobody else gets.")
            }
            Self::SmallerVolume { volume, capacity, why } => {
                write!(f, "{volume} with {capacity} would have done; {why}.")
            }
            Self::BoundElsewhere { pod, volume, usable, class } => {
                write!(f, "Pod {pod} cannot be where {volume} is")?;
                if !usable.is_empty() {
                    write!(f, " ({usable})")?;
                }
                let class = if class.is_empty() { "its class" } else { class.as_str() };
                write!(
                    f,
                    ". The volume was bound before the pod was scheduled: volumeBindingMode WaitForFirstConsumer in class \
                     {class} would have asked the scheduler first, and allowedTopologies would keep volumes where the \
                     pod can be."
                )
            }
            Self::DataIsGone => f.write_str("A new volume of that name does not bring back what was on the old one."),
            Self::DeletePods => f.write_str(
                "It goes when no pod uses it any more; a new pod that names it is not scheduled until then.",
            ),
        }
    }
}

impl Display for NotTaken {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherNode => {
                "it cannot be used on the pod's node, and nodes are chosen without regard to the size of their volumes"
            }
            Self::MoreModes => "it has more access modes, and volumes with fewer come first",
            Self::CameLater => "it was not free when the claim was bound",
        })
    }
}

/// A number with its thousands set apart.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
pub(super) fn plural(count: usize, one: &str) -> String {
    format!("{} {one}{}", thousands(count), if count == 1 { "" } else { "s" })
}

fn joined(names: &[Text]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ")
}

fn pods(names: &[Text]) -> String {
    let noun = if names.len() == 1 { "pod" } else { "pods" };
    format!("{noun} {}", names.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(","))
}
