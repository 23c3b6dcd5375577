//! All objects, by kind and name, and what is looked up in the other direction.

use std::ops::Range;
use std::sync::Arc;

use crate::api::LastCompleted;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{StorageClass, VolumeAttributesClass};
use crate::model::config::{ConfigMap, Secret};
use crate::model::controller_revision::ControllerRevision;
use crate::model::csi::{CsiDriver, CsiNode, CsiStorageCapacity};
use crate::model::deployment::Deployment;
use crate::model::id::{Id, ObjectId, Sequence};
use crate::model::kind::{Kind, Object, ObjectKey, Resource};
use crate::model::list::{ResourceList, StringMap};
use crate::model::metadata::{ObjectMeta, OwnerReference, Uid};
use crate::model::namespace::Namespace;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::replica_set::ReplicaSet;
use crate::model::resource_quota::ResourceQuota;
use crate::model::selector::Predicate;
use crate::model::service::Service;
use crate::model::shared::Shared;
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::store::links::Links;
use crate::store::members::Members;
use crate::store::selecting::Selecting;
use crate::store::table::Table;

/// All objects. Copies share each part until one of them changes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) volumes: Shared<Table<PersistentVolume>>,
    pub(crate) claims: Shared<Table<PersistentVolumeClaim>>,
    pub(crate) classes: Shared<Table<StorageClass>>,
    pub(crate) attributes_classes: Shared<Table<VolumeAttributesClass>>,
    pub(crate) sets: Shared<Table<StatefulSet>>,
    pub(crate) pods: Shared<Table<Pod>>,
    pub(crate) nodes: Shared<Table<Node>>,
    pub(crate) deployments: Shared<Table<Deployment>>,
    pub(crate) replica_sets: Shared<Table<ReplicaSet>>,
    pub(crate) revisions: Shared<Table<ControllerRevision>>,
    pub(crate) services: Shared<Table<Service>>,
    pub(crate) config_maps: Shared<Table<ConfigMap>>,
    pub(crate) secrets: Shared<Table<Secret>>,
    pub(crate) quotas: Shared<Table<ResourceQuota>>,
    pub(crate) namespaces: Shared<Table<Namespace>>,
    pub(crate) csi_drivers: Shared<Table<CsiDriver>>,
    pub(crate) csi_nodes: Shared<Table<CsiNode>>,
    pub(crate) storage_capacities: Shared<Table<CsiStorageCapacity>>,
    pub(super) links: Shared<Links>,
    selecting: Shared<Selecting>,
    members: Shared<Members>,
    pub(super) version: u64,
    pub(super) sequence: u64,
    pub(super) uids: u64,
    /// It makes pods of one template cheaper, and no difference to anything.
    pub(super) last_pod: LastCompleted,
}

/// A kind that the store has a table for.
pub(crate) trait Stored: Resource {
    fn table(store: &Store) -> &Table<Self>;
}

macro_rules! stored {
    ($($kind:ident: $field:ident,)*) => {
        $(
            impl Stored for $kind {
                fn table(store: &Store) -> &Table<Self> {
                    &store.$field
                }
            }
        )*

        impl Store {
            /// An object of any kind.
            pub(crate) fn find(&self, key: &ObjectKey) -> Option<Object> {
                match key.kind {
                    $( Kind::$kind => self.$field.find(&key.key).map(|object| $kind::wrap(Arc::clone(object))), )*
                }
            }

            /// All objects of a kind in the order of their creation.
            pub(crate) fn list(&self, kind: Kind) -> Vec<Object> {
                match kind {
                    $( Kind::$kind => self.$field.in_order().into_iter().map(|(_, object)| $kind::wrap(Arc::clone(object))).collect(), )*
                }
            }

            /// The number of the name of an object, which gets one if it has none.
            pub(super) fn number(&mut self, object: &Object) -> ObjectId {
                match object.kind() {
                    $( Kind::$kind => self.$field.number(object.key()).into(), )*
                }
            }

            /// Puts an object in under its number, or takes it out. A new one gets the given place in the order of
            /// creation.
            pub(super) fn put(&mut self, id: ObjectId, object: Option<&Object>, created: Option<Sequence>) {
                let before = match id.kind {
                    $( Kind::$kind => {
                        let new = object.and_then($kind::unwrap).cloned();
                        self.$field.set(Id::from_number(id.number), new, created).map($kind::wrap)
                    } )*
                };
                // What is not concerned stays shared with the copies of the store.
                if self.links.concern(before.as_ref(), object) {
                    self.links.change(id, before.as_ref(), object);
                }
                if Selecting::concerns(id.kind) {
                    self.selecting.change(id, before.as_ref(), object);
                }
                if Members::concern(id.kind) {
                    self.members.change(id, before.as_ref(), object);
                }
                if let Some(Object::ResourceQuota(quota)) = object {
                    self.count_usage(quota);
                }
            }

            /// How many objects of a kind there are.
            pub(crate) fn count(&self, kind: Kind) -> usize {
                match kind {
                    $( Kind::$kind => self.$field.len(), )*
                }
            }

            /// The number of a name, if it has, or once had, an object.
            pub(crate) fn object_id(&self, key: &ObjectKey) -> Option<ObjectId> {
                match key.kind {
                    $( Kind::$kind => self.$field.id(&key.key).map(ObjectId::from), )*
                }
            }

            /// The object of a number, if it exists.
            pub(crate) fn object(&self, id: ObjectId) -> Option<Object> {
                match id.kind {
                    $( Kind::$kind => self.$field.get(Id::from_number(id.number)).cloned().map($kind::wrap), )*
                }
            }

            /// Whether a number has an object.
            pub(crate) fn exists(&self, id: ObjectId) -> bool {
                match id.kind {
                    $( Kind::$kind => self.$field.get(Id::from_number(id.number)).is_some(), )*
                }
            }

            /// The name of a number.
            pub(crate) fn object_key(&self, id: ObjectId) -> Option<ObjectKey> {
                let key = match id.kind {
                    $( Kind::$kind => self.$field.key(Id::from_number(id.number)), )*
                };
                key.map(|key| ObjectKey { kind: id.kind, key: key.clone() })
            }
        }
    };
}

stored! {
    PersistentVolume: volumes,
    PersistentVolumeClaim: claims,
    StorageClass: classes,
    VolumeAttributesClass: attributes_classes,
    StatefulSet: sets,
    Pod: pods,
    Node: nodes,
    Deployment: deployments,
    ReplicaSet: replica_sets,
    ControllerRevision: revisions,
    Service: services,
    ConfigMap: config_maps,
    Secret: secrets,
    ResourceQuota: quotas,
    Namespace: namespaces,
    CsiDriver: csi_drivers,
    CsiNode: csi_nodes,
    CsiStorageCapacity: storage_capacities,
}

impl Store {
    /// Becomes a copy of another one, quickly where it is one but for a few writes.
    #[cfg(feature = "explore")]
    pub(crate) fn become_copy_of(&mut self, other: &Self) {
        macro_rules! take_over {
            ($($part:ident,)*) => {
                let Self { $($part,)* version, sequence, uids, last_pod: _ } = self;
                $($part.become_copy_of(&other.$part);)*
                (*version, *sequence, *uids) = (other.version, other.sequence, other.uids);
            };
        }
        take_over! {
            volumes, claims, classes, attributes_classes, sets, pods, nodes, deployments, replica_sets, revisions,
            services, config_maps, secrets, quotas, namespaces, csi_drivers, csi_nodes, storage_capacities, links,
            selecting, members,
        }
    }

    /// The pods that name a claim, in no particular order.
    pub(crate) fn pods_of_claim(&self, key: &ClaimKey) -> impl Iterator<Item = &Arc<Pod>> {
        self.pod_ids_of_claim(key).filter_map(|id| self.pods.get(id))
    }

    /// The numbers of the pods that name a claim, in no particular order.
    pub(crate) fn pod_ids_of_claim(&self, key: &ClaimKey) -> impl Iterator<Item = Id<Pod>> {
        self.links.pods_of_claim(key).map(Id::from_number)
    }

    /// The pods that are assigned to a node, in no particular order.
    pub(crate) fn pods_on(&self, node: &Text) -> impl Iterator<Item = &Arc<Pod>> {
        self.links.pods_on(node).filter_map(|id| self.pods.get(Id::from_number(id)))
    }

    /// The nodes to which a volume is attached, by the name that it has there.
    pub(crate) fn nodes_with(&self, volume: &str) -> impl Iterator<Item = &Text> {
        self.links.nodes_with(volume)
    }

    /// The pods that a controller manages, in the order of their ordinals, but for those with an ordinal of some ranges,
    /// which are in order. Cost: that of the pods that are given.
    pub(crate) fn pods_of_controller(
        &self,
        uid: &Uid,
        except: impl Iterator<Item = Range<i64>> + Clone,
    ) -> impl Iterator<Item = &Arc<Pod>> {
        self.members.managed(uid, except).filter_map(|number| self.pods.get(Id::from_number(number)))
    }

    /// The pods that nobody manages and whose names belong to a set.
    pub(crate) fn free_pods_of(&self, set: &NamespacedName) -> impl Iterator<Item = &Arc<Pod>> {
        self.members.free(set).filter_map(|number| self.pods.get(Id::from_number(number)))
    }

    /// The revisions that a controller manages, and those of its namespace that nobody manages.
    pub(crate) fn revisions_of(&self, uid: &Uid, namespace: &Text) -> impl Iterator<Item = &Arc<ControllerRevision>> {
        self.members.revisions(namespace, uid).filter_map(|number| self.revisions.get(Id::from_number(number)))
    }

    /// What is used of a quota, for each resource that it limits. Cost: linear in these.
    pub(crate) fn quota_usage(&self, quota: &ResourceQuota) -> Option<ResourceList> {
        self.links.ledgers.used(quota)
    }

    /// The quotas of a namespace by name.
    pub(crate) fn quotas_in(&self, namespace: &Text) -> impl Iterator<Item = &Arc<ResourceQuota>> {
        self.links
            .ledgers
            .quotas(namespace)
            .filter_map(move |name| self.quotas.find(&NamespacedName::new(namespace, name)))
    }

    /// Counts what is used of a quota that is new or changed.
    fn count_usage(&mut self, quota: &Arc<ResourceQuota>) {
        if self.links.ledgers.is_counted(quota) {
            return;
        }
        let mut ledgers = std::mem::take(&mut self.links.ledgers);
        let kinds = Kind::ALL.iter().filter(|kind| kind.is_namespaced());
        ledgers.count(quota, kinds.flat_map(|kind| self.list(*kind)));
        self.links.ledgers = ledgers;
    }

    /// The objects that an owner reference with this uid makes depend on it, by kind and number.
    pub(crate) fn dependents(&self, owner: &Uid) -> impl Iterator<Item = ObjectId> {
        self.links.dependents(owner)
    }

    /// The objects of a kind that a controller manages, in no particular order.
    pub(crate) fn managed<T: Stored>(&self, owner: &Uid) -> impl Iterator<Item = &Arc<T>> {
        let ids = self.dependents(owner).filter(|id| id.kind == T::KIND).map(|id| Id::from_number(id.number));
        ids.filter_map(|id| T::table(self).get(id)).filter(|object| {
            let manager = object.metadata().controller();
            manager.is_some_and(|manager| manager.uid == *owner)
        })
    }

    /// The objects of a kind that nobody manages and that a predicate chooses, in no particular order. Cost: linear in
    /// the number of those that have one of the labels that it asks for.
    pub(crate) fn unmanaged<T: Stored>(
        &self,
        namespace: &Text,
        predicate: &Predicate,
    ) -> impl Iterator<Item = &Arc<T>> {
        let ids = self.selecting.free(T::KIND, namespace, predicate).map(Id::from_number);
        let objects = ids.filter_map(|id| T::table(self).get(id));
        objects.filter(|object| predicate.matches(&object.metadata().labels))
    }

    /// The place of an object in the order of creation.
    pub(crate) fn created<T: Stored>(&self, object: &T) -> Sequence {
        let ObjectMeta { identity, .. } = object.metadata();
        let table = T::table(self);
        let id = table.id(&NamespacedName { namespace: identity.namespace.clone(), name: identity.name.clone() });
        id.map(|id| table.created(id)).unwrap_or_default()
    }

    /// The controllers of a kind that may select these labels. Those that do are among them.
    pub(crate) fn selecting(&self, kind: Kind, namespace: &Text, labels: &StringMap) -> Vec<ObjectId> {
        let numbers = self.selecting.candidates(kind, namespace, labels);
        numbers.into_iter().map(|number| ObjectId { kind, number }).collect()
    }

    /// The object that an owner reference points to, if it exists. A kind that the simulator does not hold is taken
    /// to exist: `Err`.
    pub(crate) fn owner(&self, reference: &OwnerReference, namespace: &Text) -> Result<Option<Object>, ()> {
        let kind = Kind::find(&reference.api_version, &reference.kind).ok_or(())?;
        let namespace = if kind.is_namespaced() { namespace.clone() } else { Text::default() };
        let found = self.find(&ObjectKey { kind, key: NamespacedName { namespace, name: reference.name.clone() } });
        Ok(found.filter(|owner| owner.metadata().uid == reference.uid))
    }
}
