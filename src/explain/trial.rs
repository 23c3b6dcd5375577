//! What a run in order and the contest for volumes say of each claim that was applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::explain::alike::Alike;
use crate::explain::check::{ClaimProspect, Prospect};
use crate::explain::claim::{brief_state, runs};
use crate::explain::contest::{Contender, Contest, untaken};
use crate::explain::edit::Edit;
use crate::explain::history::object_of;
use crate::explain::probe::{binds_with_a_pod, is_unused, probe};
use crate::explain::remedies::reserve;
use crate::explain::said::Said;
use crate::explain::state::State;
use crate::explain::text::plural;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::BindingMode;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// The cluster before, with what was applied, and after a run in order.
pub(super) struct Trial<'c> {
    pub(super) before: &'c Cluster,
    pub(super) applied: &'c Cluster,
    settled: &'c Cluster,
    /// What was said last about claims for which no volume could be made.
    failures: Said,
    /// The provisioners of the claims that are not bound, and whether one of these asked for a volume.
    unbound: BTreeMap<&'c str, bool>,
    /// The claims that have no volume, as far as none is reserved for them: those that may be alone, and those that wait
    /// for a pod.
    alone: Alike<'c>,
    waiting: Alike<'c>,
}

impl<'c> Trial<'c> {
    /// Cost: linear in the objects and events.
    pub(super) fn new(before: &'c Cluster, applied: &'c Cluster, settled: &'c Cluster) -> Self {
        let mut unbound: BTreeMap<&'c str, bool> = BTreeMap::new();
        for claim in settled.claims().filter(|claim| claim.status.phase != ClaimPhase::Bound) {
            if let Some(class) = settled.class(claim.class_name()) {
                *unbound.entry(&class.provisioner).or_default() |= !is_unused(settled, claim);
            }
        }
        let failures = Said::failures(settled);
        let reserved: BTreeSet<(&str, &str)> = applied
            .volumes()
            .filter_map(|volume| volume.spec.claim_ref.as_ref())
            .map(|reference| (&*reference.namespace, &*reference.name))
            .collect();
        let free = settled.claims().filter(|claim| {
            let key = (&*claim.metadata.namespace, &*claim.metadata.name);
            claim.status.phase != ClaimPhase::Bound && !reserved.contains(&key)
        });
        let (waiting, alone): (Vec<_>, Vec<_>) = free.partition(|claim| is_unused(settled, claim));
        let (alone, waiting) = (Alike::new(alone.into_iter()), Alike::new(waiting.into_iter()));
        Self { before, applied, settled, failures, unbound, alone, waiting }
    }

    pub(super) fn is_new(&self, claim: &PersistentVolumeClaim) -> bool {
        let held = self.before.claim(&claim.key().to_string());
        held.is_none_or(|held| held.metadata.uid != claim.metadata.uid)
    }

    /// The claims that were not bound when the run began.
    pub(super) fn contenders(&self) -> Vec<Contender<'c>> {
        let unbound = self.settled.claims().filter(|claim| !was_bound(self.applied, claim));
        unbound.map(|claim| self.contender(claim)).collect()
    }

    fn contender(&self, claim: &'c PersistentVolumeClaim) -> Contender<'c> {
        let class = self.settled.class(claim.class_name());
        let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
        let mut nodes: Vec<&Node> = Vec::new();
        if delayed {
            let pods = self.settled.pods_of_claim(&claim.key());
            nodes.extend(pods.iter().filter_map(|pod| self.settled.node(&pod.spec.node_name)));
        }
        let written = self.applied.claim(&claim.key().to_string());
        let mut unbound = claim.clone();
        unbound.spec.volume_name = written.map(|written| written.spec.volume_name.clone()).unwrap_or_default();
        Contender { claim, unbound, delayed, nodes }
    }

    /// The volumes that one of the claims could have: those that nobody had before, as they were then.
    pub(super) fn pool(&self, contenders: &[Contender<'_>]) -> Vec<PersistentVolume> {
        let keys: BTreeSet<ClaimKey> = contenders.iter().map(|contender| contender.claim.key()).collect();
        let volumes = self.applied.volumes().filter(|before| {
            let Some(after) = self.settled.volume(&before.metadata.name) else {
                return false;
            };
            match &after.spec.claim_ref {
                None => after.status.phase == VolumePhase::Available,
                Some(reference) => keys.contains(&ClaimKey::new(&reference.namespace, &reference.name)),
            }
        });
        volumes
            .map(|volume| {
                let mut volume = untaken(volume);
                let given_back = volume
                    .spec
                    .claim_ref
                    .as_ref()
                    .is_some_and(|reference| !keys.contains(&ClaimKey::new(&reference.namespace, &reference.name)));
                if given_back {
                    // It was wiped and is free again.
                    volume.spec.claim_ref = None;
                }
                volume
            })
            .collect()
    }

    /// Which claims bind in every order.
    pub(super) fn safe(
        &self,
        contenders: &[Contender<'_>],
        contest: &Contest,
        volumes: &[PersistentVolume],
    ) -> Vec<bool> {
        let mut safe: Vec<bool> = contenders
            .iter()
            .enumerate()
            .map(|(number, contender)| {
                contender.claim.status.phase == ClaimPhase::Bound
                    && (contest.is_safe(number) || self.is_made(contender.claim))
            })
            .collect();
        for number in self.safe_in_orders(contenders, contest, volumes, &safe) {
            safe[number] = true;
        }
        // A claim that waits for a pod is as safe as the other claims of the pod.
        let places: BTreeMap<ClaimKey, usize> =
            contenders.iter().enumerate().map(|(number, contender)| (contender.claim.key(), number)).collect();
        loop {
            let unsafe_pod =
                |pod: &&Pod| pod.claim_keys().any(|key| places.get(&key).is_some_and(|number| !safe[*number]));
            let falls = |(number, contender): (usize, &Contender<'_>)| {
                let pods = self.settled.pods_of_claim(&contender.claim.key());
                (safe[number] && contender.delayed && !pods.is_empty() && pods.iter().all(unsafe_pod)).then_some(number)
            };
            let fallen: Vec<usize> = contenders.iter().enumerate().filter_map(falls).collect();
            if fallen.is_empty() {
                return safe;
            }
            for number in fallen {
                safe[number] = false;
            }
        }
    }

    /// Whether a volume is made for a claim that finds none, in every order: its provisioner runs, and has made one for
    /// everybody who asked.
    fn is_made(&self, claim: &PersistentVolumeClaim) -> bool {
        let Some(class) = self.settled.class(claim.class_name()) else {
            return false;
        };
        let provisioner = &class.provisioner;
        let plugin = self.settled.config().plugins.iter().any(|plugin| plugin.name() == &**provisioner);
        if !plugin && !runs(self.settled, provisioner) || !self.settled.config().dynamic_provisioning {
            return false;
        }
        let as_written = self.applied.claim(&claim.key().to_string());
        if as_written.is_some_and(|written| !written.spec.volume_name.is_empty()) {
            return false;
        }
        let was_made = self.applied.volume(&claim.spec.volume_name).is_none();
        (was_made || runs(self.settled, provisioner)) && !self.unbound.get(&**provisioner).is_some_and(|asked| *asked)
    }

    pub(super) fn already_bound(&self, key: &ClaimKey) -> Option<ClaimProspect> {
        let claim = self.settled.claim(&key.to_string())?;
        let bound = claim.status.phase == ClaimPhase::Bound;
        let why = || brief_state(self.settled, claim, &self.failures).to_string();
        Some(ClaimProspect {
            claim: key.clone(),
            prospect: if bound { Prospect::Must } else { Prospect::Cannot },
            volume: claim.spec.volume_name.clone(),
            why: if bound { "it is bound already".into() } else { why().into() },
            waits_for_pod: false,
            rivals: 0,
            edits: Vec::new(),
        })
    }

    pub(super) fn judge(
        &self,
        contender: &Contender<'_>,
        contest: &Contest,
        number: usize,
        safe: bool,
        tries: &mut usize,
    ) -> ClaimProspect {
        let claim = contender.claim;
        let key = claim.key();
        let (choices, rivals) = contest.choices_and_rivals(number);
        let mut judged = ClaimProspect {
            claim: key.clone(),
            prospect: Prospect::Must,
            volume: claim.spec.volume_name.clone(),
            why: Text::default(),
            waits_for_pod: false,
            rivals,
            edits: Vec::new(),
        };
        if claim.status.phase == ClaimPhase::Bound {
            let volume = &claim.spec.volume_name;
            judged.why = if !safe {
                judged.prospect = Prospect::May;
                if take(tries) {
                    judged.edits.extend(self.reservation(claim));
                }
                self.unsafely(contender, choices, rivals).into()
            } else if self.applied.volume(volume).is_none() {
                format!("a volume is made for it by {}", self.provisioner_of(claim)).into()
            } else {
                format!("it gets {volume}, or another one that nobody can take from it").into()
            };
            if safe && choices == 1 && self.applied.volume(volume).is_some() {
                judged.why = format!("it gets {volume}, which nobody can take from it").into();
            }
            return judged;
        }
        judged.volume = Text::default();
        if is_unused(self.settled, claim) {
            judged.waits_for_pod = true;
            return self.judge_waiting(judged, claim, tries);
        }
        let explanation = if take(tries) { self.settled.explain(&key.to_string()).ok() } else { None };
        let (state, edits) = match explanation {
            Some(explanation) => (explanation.state, explanation.edits),
            None => (brief_state(self.settled, claim, &self.failures), Vec::new()),
        };
        judged.why = state.to_string().into();
        judged.edits = edits;
        judged.prospect = Prospect::Cannot;
        if choices > 0 {
            judged.prospect = Prospect::May;
            judged.why = format!("{}; {state}", contested(choices, rivals)).into();
        } else if matches!(state, State::Provisioning { runs: true, .. })
            && self.alone.is_served(claim, |claim| self.binds_alone(claim))
        {
            judged.prospect = Prospect::May;
            judged.why = format!("it binds where it comes first; else {state}").into();
        }
        judged
    }

    /// The volume that a claim has in a run in order, reserved for it from the beginning.
    fn reservation(&self, claim: &PersistentVolumeClaim) -> Option<Edit> {
        self.applied.volume(&claim.spec.volume_name)?;
        reserve(self.applied, claim)
    }

    /// Why a claim that is bound in a run in order may not be in another one.
    fn unsafely(&self, contender: &Contender<'_>, choices: usize, rivals: usize) -> String {
        if choices > 0 && rivals > 0 {
            return contested(choices, rivals);
        }
        let provisioner = self.provisioner_of(contender.claim);
        if self.unbound.contains_key(&*provisioner) {
            return format!("it binds where it comes first; {provisioner} has not made a volume for every claim");
        }
        "it binds only if the other claims of its pod do".to_owned()
    }

    fn provisioner_of(&self, claim: &PersistentVolumeClaim) -> Text {
        self.settled.class(claim.class_name()).map(|class| class.provisioner.clone()).unwrap_or_default()
    }

    /// A claim that no pod uses: a pod is made for it in a copy, to see whether it would bind.
    fn judge_waiting(
        &self,
        mut judged: ClaimProspect,
        claim: &PersistentVolumeClaim,
        tries: &mut usize,
    ) -> ClaimProspect {
        let waits = "it waits for a pod that uses it (WaitForFirstConsumer), and";
        let binds = |claim: &PersistentVolumeClaim| binds_with_a_pod(&mut self.settled.fork(), &claim.key());
        if self.waiting.is_served(claim, binds) {
            judged.why = format!("{waits} binds when there is one").into();
            return judged;
        }
        if self.settled.count(Kind::Node) == 0 {
            judged.prospect = Prospect::May;
            judged.why = format!("{waits} there are no nodes").into();
            return judged;
        }
        judged.prospect = Prospect::Cannot;
        if !take(tries) {
            judged.why = format!("{waits} would not bind if there were one").into();
            return judged;
        }
        let mut copy = self.settled.fork();
        let key = claim.key();
        let name = probe(claim).key().to_string();
        binds_with_a_pod(&mut copy, &key);
        let verdict = copy.try_schedule(&Kind::Pod.named(name));
        let said = verdict.map_or_else(|error| error.message, |verdict| verdict.to_string());
        judged.why = format!("a pod that uses it would not be scheduled: {said}").into();
        judged.edits = copy.explain(&key.to_string()).map(|explanation| explanation.edits).unwrap_or_default();
        judged
    }

    /// Whether a claim binds where all other claims that were not bound before are taken out.
    fn binds_alone(&self, claim: &PersistentVolumeClaim) -> bool {
        let mut copy = self.applied.fork();
        let key = claim.key();
        let others: Vec<ClaimKey> = copy
            .claims()
            .filter(|other| other.status.phase != ClaimPhase::Bound && other.key() != key)
            .map(PersistentVolumeClaim::key)
            .collect();
        for other in others {
            let _ = copy.remove(&object_of(&other));
        }
        let class = copy.class(claim.class_name());
        let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
        if delayed {
            let pods: Vec<_> =
                copy.pods().filter(|pod| pod.claim_keys().any(|used| used == key)).map(Pod::key).collect();
            for pod in pods {
                let _ = copy.remove(&ObjectKey { kind: Kind::Pod, key: pod });
            }
            return binds_with_a_pod(&mut copy, &key);
        }
        copy.settle().is_ok()
            && copy.claim(&key.to_string()).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound)
    }
}

/// Whether a claim had its volume when the run began.
pub(super) fn was_bound(applied: &Cluster, claim: &PersistentVolumeClaim) -> bool {
    let held = applied.claim(&claim.key().to_string());
    held.is_some_and(|held| held.status.phase == ClaimPhase::Bound && held.metadata.uid == claim.metadata.uid)
}

/// Whether something may be tried once more.
fn take(tries: &mut usize) -> bool {
    let may = *tries > 0;
    *tries -= usize::from(may);
    may
}

fn contested(choices: usize, rivals: usize) -> String {
    let volumes = plural(choices, "volume");
    match rivals {
        0 => format!("{volumes} would do"),
        1 => format!("{volumes} would do, and another claim may take what it needs"),
        rivals => format!("{volumes} would do, and {rivals} other claims may take what it needs"),
    }
}
