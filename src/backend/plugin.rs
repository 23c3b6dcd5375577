//! In-tree plugins: which volumes they serve, and what they can do with them (`PLUG-*`).

use std::hash::{Hash, Hasher};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::backend::behaviour::{Answer, Behaviour, Script};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::list::{ResourceList, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::STORAGE;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumeMode, VolumeOffer};
use crate::model::volume_source::{HostPathVolumeSource, VolumeSource};

/// Which volume sources a plugin serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sources {
    /// Every one.
    All,
    /// Those with these keys, such as `nfs`.
    Keys(Vec<&'static str>),
}

/// What a plugin can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ability {
    Provision,
    Delete,
    Recycle,
}

impl Ability {
    /// The word in "no deletable volume plugin matched".
    fn adjective(self) -> &'static str {
        match self {
            Self::Provision => "provisionable",
            Self::Delete => "deletable",
            Self::Recycle => "recyclable",
        }
    }
}

/// An in-tree volume plugin.
///
/// ```
/// use bindery::{Behaviour, Plugin, Sources};
///
/// let plugin = Plugin::new("example.com/disk", Sources::All)
///     .deletes(Behaviour::Fail("disk is on fire".into()))
///     .recycles(Behaviour::Succeed);
/// assert_eq!(plugin.name(), "example.com/disk");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plugin {
    name: Text,
    sources: Sources,
    provision: Option<(Script, VolumeSource)>,
    delete: Option<Script>,
    recycle: Option<Script>,
    mount_options: bool,
    /// Whether only paths below `/tmp` are deleted, as the host path plugin does (`PLUG-5`).
    only_below_tmp: bool,
}

impl Plugin {
    /// A plugin that can do nothing yet.
    pub fn new(name: impl Into<Text>, sources: Sources) -> Self {
        Self {
            name: name.into(),
            sources,
            provision: None,
            delete: None,
            recycle: None,
            mount_options: false,
            only_below_tmp: false,
        }
    }

    /// The host path plugin of the controller manager; it provisions only where that is switched on.
    pub fn host_path(provisioning: bool) -> Self {
        let behaviour = if provisioning {
            Behaviour::Succeed
        } else {
            Behaviour::Refuse("provisioning in volume plugin \"kubernetes.io/host-path\" is disabled".into())
        };
        let mut plugin = Self::new("kubernetes.io/host-path", Sources::Keys(vec!["hostPath"]))
            .provisions(behaviour, HostPathVolumeSource::default())
            .deletes(Behaviour::Succeed)
            .recycles(Behaviour::Succeed);
        plugin.only_below_tmp = true;
        plugin
    }

    /// The NFS plugin of the controller manager: it recycles and does nothing else.
    pub fn nfs() -> Self {
        let mut plugin = Self::new("kubernetes.io/nfs", Sources::Keys(vec!["nfs"])).recycles(Behaviour::Succeed);
        plugin.mount_options = true;
        plugin
    }

    /// The same plugin able to provision volumes with this source behind them.
    #[must_use]
    pub fn provisions(mut self, behaviour: Behaviour, source: impl Into<VolumeSource>) -> Self {
        self.provision = Some((Script::new(behaviour), source.into()));
        self
    }

    /// The same plugin able to delete.
    #[must_use]
    pub fn deletes(mut self, behaviour: Behaviour) -> Self {
        self.delete = Some(Script::new(behaviour));
        self
    }

    /// The same plugin able to recycle.
    #[must_use]
    pub fn recycles(mut self, behaviour: Behaviour) -> Self {
        self.recycle = Some(Script::new(behaviour));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn serves(&self, volume: &PersistentVolume) -> bool {
        match &self.sources {
            Sources::All => true,
            Sources::Keys(keys) => volume.spec.sources.iter().any(|source| keys.contains(&source.key())),
        }
    }

    fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Provision => self.provision.is_some(),
            Ability::Delete => self.delete.is_some(),
            Ability::Recycle => self.recycle.is_some(),
        }
    }
}

/// What a provisioner is asked for (`PROV-17`).
pub(crate) struct PluginRequest<'r> {
    pub(crate) name: Text,
    pub(crate) claim: &'r PersistentVolumeClaim,
    pub(crate) class: &'r StorageClass,
    /// A number that makes a provisioned path unique.
    pub(crate) unique: u64,
}

/// The plugins of a controller manager, by name, in the order in which they were configured. Of two with one name the
/// last counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plugins(IndexMap<Text, Plugin, FxBuildHasher>);

impl Hash for Plugins {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.values().for_each(|plugin| plugin.hash(state));
    }
}

impl Plugins {
    pub(crate) fn new(plugins: Vec<Plugin>) -> Self {
        Self(plugins.into_iter().map(|plugin| (plugin.name.clone(), plugin)).collect())
    }

    /// The plugin of a name that has the ability (`PLUG-3`).
    pub(crate) fn by_name(&self, name: &str, ability: Ability) -> Result<usize, NoPlugin> {
        match self.0.get_index_of(name) {
            None => Err(NoPlugin(format!("no volume plugin matched name: {name}"))),
            Some(found) => self.checked(found, ability),
        }
    }

    /// The plugin that serves a volume and has the ability (`PLUG-2`).
    pub(crate) fn by_source(&self, volume: &PersistentVolume, ability: Ability) -> Result<usize, NoPlugin> {
        let serving: Vec<usize> = (0..self.0.len()).filter(|at| self.0[*at].serves(volume)).collect();
        match *serving {
            [] => Err(NoPlugin("no volume plugin matched".to_owned())),
            [found] => self.checked(found, ability),
            _ => {
                let names: Vec<&str> = serving.iter().map(|at| self.0[*at].name.as_str()).collect();
                Err(NoPlugin(format!("multiple volume plugins matched: {}", names.join(","))))
            }
        }
    }

    fn checked(&self, found: usize, ability: Ability) -> Result<usize, NoPlugin> {
        if self.0[found].can(ability) {
            return Ok(found);
        }
        Err(NoPlugin(format!("no {} volume plugin matched", ability.adjective())))
    }

    pub(crate) fn name(&self, plugin: usize) -> &Text {
        &self.0[plugin].name
    }

    pub(crate) fn supports_mount_options(&self, plugin: usize) -> bool {
        self.0[plugin].mount_options
    }

    /// Whether a plugin would not even begin to provision (`PROV-15`).
    pub(crate) fn refuses_to_provision(&self, plugin: usize, class: &StorageClass) -> bool {
        let script = self.0[plugin].provision.as_ref().map(|(script, _)| script.clone());
        let answer = script.map(|mut script| script.call(&StringMap::default(), &class.parameters));
        matches!(answer, Some(Answer::Refused(_)))
    }

    /// Asks a plugin to delete or recycle what stands behind a volume.
    pub(crate) fn reclaim(&mut self, plugin: usize, ability: Ability, volume: &PersistentVolume) -> Answer {
        let plugin = &mut self.0[plugin];
        if ability == Ability::Delete && plugin.only_below_tmp {
            let Some(path) = volume.spec.sources.iter().find_map(host_path) else {
                return Answer::Refused("spec.PersistentVolumeSource.HostPath is nil".into());
            };
            if path.split_once("/tmp/").is_none_or(|(_, rest)| rest.is_empty()) {
                let message = format!("host_path deleter only supports /tmp/.+ but received provided {path}");
                return Answer::Failed(message.into());
            }
        }
        let script = if ability == Ability::Delete { &mut plugin.delete } else { &mut plugin.recycle };
        let labels = &volume.metadata.labels;
        script.as_mut().map_or(Answer::Succeeded, |script| script.call(labels, &StringMap::default()))
    }

    /// Asks a plugin for a volume. The volume is what it would make; it exists only if the answer says so.
    pub(crate) fn provision(&mut self, plugin: usize, request: &PluginRequest<'_>) -> (Answer, PersistentVolume) {
        let plugin = &mut self.0[plugin];
        let Some((script, source)) = &mut plugin.provision else {
            return (Answer::Refused("cannot provision".into()), PersistentVolume::default());
        };
        if plugin.only_below_tmp && request.claim.spec.volume_mode == VolumeMode::Block {
            let message = "kubernetes.io/host-path does not support block volume provisioning".into();
            return (Answer::Failed(message), PersistentVolume::default());
        }
        let answer = script.call(&StringMap::default(), &request.class.parameters);
        let mut source = source.clone();
        let mut metadata = ObjectMeta::named(request.name.clone());
        if let VolumeSource::HostPath(source) = &mut source {
            source.path = format!("/tmp/hostpath_pv/{:08x}-0000-4000-8000-000000000000", request.unique).into();
            metadata.annotations = metadata.annotations.with("kubernetes.io/createdby", "hostpath-dynamic-provisioner");
        }
        let offer = VolumeOffer {
            capacity: ResourceList::from([(STORAGE, request.claim.request())]),
            access_modes: request.claim.spec.access_modes.clone(),
            persistent_volume_reclaim_policy: request.class.reclaim_policy.clone().unwrap_or(ReclaimPolicy::Delete),
            sources: source.into(),
            ..VolumeOffer::default()
        };
        (answer, PersistentVolume { metadata, spec: offer.into(), ..PersistentVolume::default() })
    }
}

/// The path of a host path volume.
fn host_path(source: &VolumeSource) -> Option<&str> {
    if let VolumeSource::HostPath(source) = source { Some(&source.path) } else { None }
}

/// Why there is no plugin for something, in Kubernetes' words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoPlugin(pub(crate) String);
