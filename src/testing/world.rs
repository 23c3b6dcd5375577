//! Worlds: clusters as they are found, and what is done to them.

#![expect(missing_docs, reason = "a field or variant has the name of what it stands for in the object or in the API")]

use crate::{Cluster, Config, Node, ObjectMeta, VolumeAttributesClass};
use proptest::prelude::*;

use crate::testing::objects::found_uid;
use crate::testing::operations::{Operation, operations};
use crate::testing::plugins::{self, PluginSeed};
use crate::testing::seeds::{
    ATTRIBUTES, ClaimSeed, PodSeed, StorageClassSeed, VolumeSeed, claims, pods, storage_classes, volumes,
};

/// A cluster as it is found, and what is done to it.
#[derive(Clone, Debug)]
pub struct World {
    pub plugins: PluginSeed,
    pub found: Found,
    pub operations: Vec<Operation>,
}

/// The objects of a cluster as they are found: in any phase, and not always consistent.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub classes: Vec<StorageClassSeed>,
    pub volumes: Vec<VolumeSeed>,
    pub claims: Vec<ClaimSeed>,
    pub pods: Vec<PodSeed>,
}

/// Any objects. A good part of the volumes is made to fit one of the claims and to be reserved for it, and some claims
/// name their volume in turn.
pub fn found() -> impl Strategy<Value = Found> + Clone {
    let fitting = prop::option::weighted(0.5, (any::<prop::sample::Index>(), prop::bool::weighted(0.3)));
    let parts = (
        prop::collection::vec(storage_classes(), 0..4),
        prop::collection::vec((volumes(), fitting), 0..9),
        prop::collection::vec(claims(), 0..6),
        prop::collection::vec(pods(), 0..3),
    );
    parts.prop_map(|(classes, volumes, mut claims, pods)| {
        let mut found = Found { classes, pods, ..Found::default() };
        for (volume, fitting) in volumes {
            found.volumes.push(match fitting {
                Some((claim, mutual)) if !claims.is_empty() => {
                    let claim = claim.get_mut(&mut claims);
                    if mutual {
                        claim.volume = Some(volume.name);
                    }
                    volume.fitting(claim)
                }
                Some(_) | None => volume,
            });
        }
        Found { claims, ..found }
    })
}

/// Any objects, and up to a number of things done to them.
pub fn worlds(most: usize) -> impl Strategy<Value = World> + Clone {
    (plugins::plugins(), found(), prop::collection::vec(operations(), 0..=most))
        .prop_map(|(plugins, found, operations)| World { plugins, found, operations })
}

/// Clusters that have nothing but classes at first; whatever comes then comes through the API.
pub fn histories(most: usize) -> impl Strategy<Value = World> + Clone {
    let found =
        prop::collection::vec(storage_classes(), 0..4).prop_map(|classes| Found { classes, ..Found::default() });
    (plugins::plugins(), found, prop::collection::vec(operations(), 0..=most))
        .prop_map(|(plugins, found, operations)| World { plugins, found, operations })
}

impl World {
    /// The cluster before anything is done to it, and before any controller runs.
    pub fn start(&self) -> Cluster {
        let mut cluster = Cluster::new(self.config());
        self.found.restore_into(&mut cluster);
        cluster
    }

    /// The cluster after everything was done to it. Controllers have run as far as the operations let them.
    pub fn run(&self) -> Cluster {
        let mut cluster = self.start();
        for operation in &self.operations {
            operation.carry_out(&mut cluster);
        }
        cluster
    }

    /// The same world in which no write is refused by chance. A fault that is injected waits for a write that it
    /// concerns, which may be the one that is judged.
    #[must_use]
    pub fn without_faults(mut self) -> Self {
        self.operations.retain(|operation| !matches!(operation, Operation::Conflict(_)));
        self
    }

    /// What the cluster is set to.
    pub fn config(&self) -> Config {
        // The budget is far above what any of these worlds takes.
        Config { plugins: self.plugins.build(), step_budget: 20_000, ..Config::default() }
    }
}

impl Found {
    /// Restores everything. Of several objects with one name the first counts.
    pub fn restore_into(&self, cluster: &mut Cluster) {
        for class in &self.classes {
            let _ = cluster.restore(class.build());
        }
        for name in ATTRIBUTES.into_iter().flatten().filter(|name| !name.is_empty()) {
            let class = VolumeAttributesClass {
                metadata: ObjectMeta::named(name),
                driver_name: "csi.example.com".into(),
                ..VolumeAttributesClass::default()
            };
            let _ = cluster.restore(class);
        }
        let _ = cluster.restore(Node { metadata: ObjectMeta::named("node"), ..Node::default() });
        for volume in &self.volumes {
            let _ = cluster.restore(volume.restored(&found_uid));
        }
        for claim in &self.claims {
            let _ = cluster.restore(claim.restored());
        }
        for pod in &self.pods {
            let _ = cluster.restore(pod.build());
        }
    }
}
