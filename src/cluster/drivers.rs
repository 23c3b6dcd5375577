//! The drivers of a cluster: asked by their provisioners, changed by the user.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::{
    Contents, DeleteRequest, Driver, Drivers, ExpandRequest, Expansion, Failure, Fate, NewVolume, ProvisionRequest,
    Reply, Surroundings,
};
use crate::cluster::sync::End;
use crate::cluster::work::{Origin, SyncTask, Worker};
use crate::cluster::{Cluster, Controller};
use crate::controllers::{ResizeSync, bound_volume, needs_expansion};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{StorageClass, VolumeAttributesClass};
use crate::model::csi::CsiNode;
use crate::model::id::{Id, ObjectId};
use crate::model::node::Node;
use crate::model::quantity::Quantity;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::store::Store;

/// What drivers can see.
struct View<'c> {
    store: &'c Store,
    contents: &'c Contents,
    now: Duration,
}

impl Surroundings for View<'_> {
    fn node(&self, name: &str) -> Option<&Node> {
        self.store.nodes.named(name).map(|node| &**node)
    }

    fn nodes(&self) -> Vec<&Node> {
        let mut nodes: Vec<&Node> = self.store.nodes.in_order().into_iter().map(|(_, node)| &**node).collect();
        nodes.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        nodes
    }

    fn csi_node(&self, name: &str) -> Option<&CsiNode> {
        self.store.csi_nodes.named(name).map(|node| &**node)
    }

    fn claim(&self, key: &NamespacedName) -> Option<&PersistentVolumeClaim> {
        self.store.claims.find(key).map(|claim| &**claim)
    }

    fn volume(&self, name: &str) -> Option<&PersistentVolume> {
        self.store.volumes.named(name).map(|volume| &**volume)
    }

    fn class(&self, name: &str) -> Option<&StorageClass> {
        self.store.classes.named(name).map(|class| &**class)
    }

    fn attributes_class(&self, name: &str) -> Option<&VolumeAttributesClass> {
        self.store.attributes_classes.named(name).map(|class| &**class)
    }

    fn contents(&self) -> &Contents {
        self.contents
    }

    fn elapsed(&self) -> Duration {
        self.now
    }
}

impl Cluster {
    /// Asks a driver for storage. Returns after how long it answers, and what.
    pub(super) fn ask_to_provision(
        &mut self,
        driver: &Text,
        name: &Text,
        claim: &PersistentVolumeClaim,
        class: &StorageClass,
    ) -> (Option<Duration>, Result<NewVolume, Failure>) {
        let view = View { store: &self.store, contents: &self.contents, now: self.now };
        let request = ProvisionRequest { name, claim, class, surroundings: &view };
        let Reply { delay, result } = Arc::make_mut(&mut self.drivers).provision(driver, &request);
        (delay, result)
    }

    /// Asks a driver to delete storage. Returns after how long it answers, and what.
    pub(super) fn ask_to_delete(
        &mut self,
        driver: &Text,
        volume: &PersistentVolume,
    ) -> (Option<Duration>, Result<Fate, Failure>) {
        let view = View { store: &self.store, contents: &self.contents, now: self.now };
        let request = DeleteRequest { volume, surroundings: &view };
        let Reply { delay, result } = Arc::make_mut(&mut self.drivers).delete(driver, &request);
        (delay, result)
    }

    /// What the driver of a volume does when it is asked to grow it (`RESIZE-9`). Nothing is written.
    pub fn request_expansion(&mut self, volume: &str, size: &Quantity) -> Expansion {
        let key = NamespacedName::new("", volume);
        let Some(volume) = self.store.volumes.find(&key) else {
            return Expansion::External;
        };
        let Some(driver) = self.drivers.for_volume(volume).cloned() else {
            return Expansion::External;
        };
        Arc::make_mut(&mut self.drivers).expand(&driver, &ExpandRequest { volume, size })
    }

    /// A resizer looks at a claim that asks for more than it has (`RESIZE-9`).
    pub(super) fn begin_resize(&mut self, mut origin: Origin) -> End {
        let claim = self.store.claims.get(Id::from_number(origin.key.number)).cloned();
        let claim = claim.filter(|claim| needs_expansion(claim));
        let bound = claim.and_then(|claim| Some((bound_volume(&claim.key(), &self.store)?.clone(), claim)));
        let Some((volume, claim)) = bound else {
            return Some(Ok(()));
        };
        origin.provisioner = self.drivers.for_volume(&volume).cloned();
        let answer = self.request_expansion(&volume.metadata.name, &claim.request());
        let turn = ResizeSync::start(&claim, &Arc::new(volume), answer, self.time());
        self.follow_start(origin, Some(turn), |task| SyncTask::Resize(Box::new(task)))
    }

    /// A driver, by the name that classes call it by.
    pub fn driver(&self, name: &str) -> Option<&dyn Driver> {
        self.drivers.get(name)
    }

    /// Adds a driver, or puts it in the place of the one with its name. Its provisioner starts anew: what it was in the
    /// middle of is dropped, and it looks at every claim and volume that it serves.
    pub fn set_driver(&mut self, driver: Box<dyn Driver>) {
        let name = Text::from(driver.name());
        Arc::make_mut(&mut self.drivers).set(driver);
        self.restart_provisioner(&name);
    }

    /// Takes a driver away; what it was in the middle of is dropped. Returns whether it was there.
    pub fn remove_driver(&mut self, name: &str) -> bool {
        self.operations.drop_of(name);
        Arc::make_mut(&mut self.drivers).remove(name)
    }

    /// Switches the feature gate `RemoveSelfLink`. The API server starts anew for it, so that every provisioner looks
    /// at everything again.
    pub fn set_remove_self_link(&mut self, remove: bool) {
        Arc::make_mut(&mut self.settings).self_links = !remove;
        Arc::make_mut(&mut self.config).remove_self_link = remove;
        let names: Vec<Text> = self.drivers.names().cloned().collect();
        for name in names {
            self.restart_provisioner(&name);
        }
    }

    fn restart_provisioner(&mut self, name: &Text) {
        self.operations.drop_of(name);
        if !self.runs(Controller::ExternalProvisioning) {
            return;
        }
        let drivers: &Drivers = &self.drivers;
        let claims = self.store.claims.in_order().into_iter();
        let claims = claims.filter(|(_, claim)| drivers.for_claim(claim) == Some(name)).map(|(id, _)| id.into());
        let claims: Vec<ObjectId> = claims.collect();
        let volumes = self.store.volumes.in_order().into_iter();
        let volumes = volumes.filter(|(_, volume)| drivers.for_volume(volume) == Some(name)).map(|(id, _)| id.into());
        let volumes: Vec<ObjectId> = volumes.collect();
        let grown = self.store.claims.in_order().into_iter().filter(|(_, claim)| needs_expansion(claim));
        let grown: Vec<ObjectId> = grown.map(|(id, _)| id.into()).collect();
        for (worker, keys) in [(Worker::Provision, claims), (Worker::Delete, volumes), (Worker::Resize, grown)] {
            for key in keys {
                self.external.start_anew(worker, key);
                self.work.enqueue(worker, key, false);
            }
        }
    }
}
