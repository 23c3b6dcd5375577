//! The controller that makes the claims of generic ephemeral volumes (`EPH-1` to `EPH-4`).

use std::sync::Arc;

use crate::controllers::turn::{Caching, Emission, EventType, Resumed, Turn, World};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, Object};
use crate::model::metadata::{Identity, ObjectMeta, OwnerReference, RareMetadata};
use crate::model::pod::{EphemeralVolumeSource, Pod, PodVolume, PodVolumeSource};
use crate::model::reference::ClaimKey;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::store::Write;

/// A look at the ephemeral volumes of a pod, at one after the other; the first that fails ends it (`EPH-2`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EphemeralSync {
    pod: Arc<Pod>,
    /// The volume whose claim was asked for.
    at: usize,
}

impl EphemeralSync {
    /// Looks at a pod. One that is being deleted gets no claims.
    pub(crate) fn start(pod: &Arc<Pod>, world: &World<'_>) -> Turn<Self> {
        if pod.metadata.is_deleting() {
            return Turn::done();
        }
        Self { pod: Arc::clone(pod), at: 0 }.look(world)
    }

    /// Goes on when the claim was written, or refused.
    pub(crate) fn resume(mut self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        if let Resumed::Written(Err(error)) = resumed {
            let (volume, claim) = self.names();
            let message = format!("ephemeral volume {volume}: create PVC {claim}: {error}");
            return self.fail(message);
        }
        self.at += 1;
        self.look(world)
    }

    fn look(mut self, world: &World<'_>) -> Turn<Self> {
        while let Some((volume, source)) = self.pod.spec.volumes.get(self.at).map(|volume| (volume, ephemeral(volume)))
        {
            if let Some(source) = source {
                let key = self.pod.ephemeral_claim(&volume.name);
                match world.live_claim(&key) {
                    None => {
                        let claim = claim(&self.pod, &key, source);
                        return Turn::write(Write::Create(Object::from(claim)), "EPH-1", self)
                            .caching(Caching::Nothing);
                    }
                    Some(claim) if !self.pod.controls(&claim.metadata) => {
                        let pod = self.pod.key();
                        let reason = format!("PVC {key} was not created for pod {pod} (pod is not owner)");
                        let message = format!("ephemeral volume {}: {reason}", volume.name);
                        return self.fail(message);
                    }
                    Some(_) => {}
                }
            }
            self.at += 1;
        }
        Turn::done()
    }

    fn names(&self) -> (Text, Text) {
        let volume = self.pod.spec.volumes.get(self.at).map(|volume| volume.name.clone()).unwrap_or_default();
        let claim = self.pod.ephemeral_claim(&volume).name;
        (volume, claim)
    }

    /// Ends the look with an event on the pod (`EPH-3`, `EPH-4`).
    fn fail(self, message: String) -> Turn<Self> {
        let emission = Emission::on(&*self.pod, EventType::Warning, "FailedBinding", message.clone());
        Turn::failed(message).emitting(emission)
    }
}

fn ephemeral(volume: &PodVolume) -> Option<&EphemeralVolumeSource> {
    volume.sources.iter().find_map(|source| match source {
        PodVolumeSource::Ephemeral(source) => Some(source),
        _ => None,
    })
}

/// The claim of an ephemeral volume: of the template's metadata only labels and annotations are taken.
fn claim(pod: &Pod, key: &ClaimKey, source: &EphemeralVolumeSource) -> PersistentVolumeClaim {
    let template = source.volume_claim_template.clone().unwrap_or_default();
    let owner = OwnerReference {
        api_version: Kind::Pod.api_version().into(),
        kind: Kind::Pod.as_str().into(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    };
    let identity = Identity {
        name: key.name.clone(),
        namespace: key.namespace.clone(),
        labels: template.metadata.labels.clone(),
        rare: RareMetadata { owner_references: [owner].into(), ..RareMetadata::default() }.into(),
        ..Identity::default()
    };
    let metadata = ObjectMeta {
        annotations: template.metadata.annotations.clone(),
        identity: Shared::new(identity),
        ..ObjectMeta::default()
    };
    PersistentVolumeClaim { metadata, spec: template.spec, ..PersistentVolumeClaim::default() }
}
