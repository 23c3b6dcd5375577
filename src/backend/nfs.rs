//! The NFS subdirectory provisioner: one directory of one export for each claim.
//!
//! Follows `github.com/kubernetes-sigs/nfs-subdir-external-provisioner` (`cmd/.../provisioner.go`) from 3.1.0, then
//! called `nfs-client-provisioner`, to 4.0.3.

use serde::{Deserialize, Serialize};

use crate::backend::calls::Calls;
use crate::backend::driver::{DeleteRequest, Driver, ExpandRequest, Expansion, Fate, NewVolume, ProvisionRequest};
use crate::backend::location::{Backing, Location};
use crate::backend::reply::{Failure, Reply};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::field_error::go_quote;
use crate::model::list::StringMap;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::NfsVolumeSource;

/// Where the provisioner mounts the export in its own pod; paths in its messages begin here.
const MOUNT: &str = "/persistentvolumes";

/// The NFS subdirectory provisioner. Its directories are named namespace, claim and volume, joined by hyphens, unless
/// the class has a `pathPattern`. The class also says what happens to them in the end, by `onDelete` (`delete` or
/// `retain`) or else by `archiveOnDelete` (archived, unless `false`).
///
/// ```
/// use bindery::{AccessMode, Cluster, Config, NfsSubdirProvisioner, PersistentVolumeClaim, StorageClass};
///
/// let mut config = Config::default();
/// config.drivers.push(Box::new(NfsSubdirProvisioner::new("gxf-nfs-storage", "10.24.0.1", "/home/nfs/1")));
/// let mut cluster = Cluster::new(config);
/// cluster.create(StorageClass::new("managed-nfs-storage", "gxf-nfs-storage"))?;
/// let claim = PersistentVolumeClaim::new("default", "test-claim", "100Mi".parse()?, [AccessMode::ReadWriteMany]);
/// cluster.create(claim.with_class("managed-nfs-storage"))?;
/// cluster.settle()?;
/// let volume = cluster.claim("test-claim").unwrap().spec.volume_name.clone();
/// let path = format!("nfs 10.24.0.1:/home/nfs/1/default-test-claim-{volume}");
/// assert_eq!(cluster.location(&volume).unwrap().to_string(), path);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct NfsSubdirProvisioner {
    /// The name by which classes call it.
    pub name: Text,
    /// The NFS server.
    pub server: Text,
    /// The directory of the server that it has mounted.
    pub path: Text,
    /// The release, such as `4.0.2`.
    #[serde(default)]
    pub release: Release,
    /// How it behaves when it is asked to make a directory.
    #[serde(default, skip_serializing_if = "Calls::is_plain")]
    pub provision: Calls,
    /// How it behaves when it is asked to delete one.
    #[serde(default, skip_serializing_if = "Calls::is_plain")]
    pub delete: Calls,
    #[serde(skip)]
    provisions: u32,
    #[serde(skip)]
    deletions: u32,
}

/// A release of the provisioner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Release(u32, u32, u32);

impl Release {
    /// A release by its three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self(major, minor, patch)
    }
}

impl Default for Release {
    /// The latest.
    fn default() -> Self {
        Self(4, 0, 3)
    }
}

impl TryFrom<Text> for Release {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let mut numbers = text.trim_start_matches('v').split('.').map(str::parse::<u32>);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => Ok(Self(major, minor, patch)),
            _ => Err(format!("{text:?} is no release such as 4.0.2")),
        }
    }
}

impl From<Release> for Text {
    fn from(Release(major, minor, patch): Release) -> Self {
        format!("{major}.{minor}.{patch}").into()
    }
}

impl NfsSubdirProvisioner {
    /// The latest release, without failures.
    pub fn new(name: impl Into<Text>, server: impl Into<Text>, path: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            server: server.into(),
            path: path.into(),
            release: Release::default(),
            provision: Calls::default(),
            delete: Calls::default(),
            provisions: 0,
            deletions: 0,
        }
    }

    /// Another release of it. Those before 4.0 need a self link on every claim.
    #[must_use]
    pub fn release(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    fn export(&self) -> Location {
        Location::nfs(&self.server, &self.path)
    }

    /// The directory for a claim.
    fn directory(&self, request: &ProvisionRequest<'_>) -> Location {
        let claim = request.claim();
        let usual = format!("{}-{}-{}", claim.metadata.namespace, claim.metadata.name, request.volume_name());
        let pattern = request.class().parameters.get("pathPattern").filter(|_| self.release >= Release(4, 0, 0));
        match pattern.map(|pattern| filled(pattern, claim)) {
            Some(path) if !path.is_empty() || self.release < Release(4, 0, 3) => self.export().join(&path),
            Some(_) | None => self.export().join(&usual),
        }
    }

    /// What becomes of a directory.
    fn fate(&self, request: &DeleteRequest<'_>, directory: &Location) -> Result<Fate, Failure> {
        let class = self.class(request)?;
        if self.release >= Release(4, 0, 0) {
            match class.parameters.get("onDelete").map(Text::as_str) {
                Some("delete") => return Ok(Fate::Destroyed),
                Some("retain") => return Ok(Fate::Kept),
                Some(_) | None => {}
            }
        }
        if let Some(text) = class.parameters.get("archiveOnDelete")
            && !go_bool(text)?
        {
            return Ok(Fate::Destroyed);
        }
        let name = if self.release == Release(4, 0, 0) { &request.volume().metadata.name } else { directory.base() };
        let archive = self.export().join(&format!("archived-{name}"));
        if request.surroundings().contents().is_empty(&archive) {
            return Ok(Fate::Archived(archive));
        }
        let inside = |location: &Location| {
            let export = self.export();
            format!("{MOUNT}{}", location.path().strip_prefix(export.path().as_str()).unwrap_or_default())
        };
        Err(Failure::retry(format!("rename {} {}: file exists", inside(directory), inside(&archive))))
    }

    /// The class of a volume, which says what becomes of its directory.
    fn class<'r>(&self, request: &DeleteRequest<'r>) -> Result<&'r StorageClass, Failure> {
        let name = request.volume().class_name();
        if name.is_empty() {
            let early = self.release < Release(4, 0, 0);
            return Err(Failure::retry(if early {
                "Volume has no storage class"
            } else {
                "volume has no storage class"
            }));
        }
        let missing = || Failure::retry(format!("storageclasses.storage.k8s.io {} not found", go_quote(name)));
        request.surroundings().class(name).ok_or_else(missing)
    }
}

impl Driver for NfsSubdirProvisioner {
    fn name(&self) -> &str {
        &self.name
    }

    fn provision(&mut self, request: &ProvisionRequest<'_>) -> Reply<NewVolume> {
        if request.claim().spec.selector.is_some() {
            return Reply::failed(Failure::retry("claim Selector is not supported"));
        }
        self.provisions = self.provision.next(self.provisions);
        let directory = self.directory(request);
        let path = if directory.path().is_empty() { Text::from("/") } else { directory.path().clone() };
        let source = NfsVolumeSource { server: self.server.clone(), path, ..NfsVolumeSource::default() };
        let made = NewVolume::new(source, request.size());
        self.provision.answer(self.provisions, |trouble| Failure::retry(&trouble.message), || Ok(made))
    }

    fn delete(&mut self, request: &DeleteRequest<'_>) -> Reply<Fate> {
        self.deletions = self.delete.next(self.deletions);
        let fate = match nfs_location(request.volume()) {
            Some(directory) => self.fate(request, &directory),
            None => Ok(Fate::Kept),
        };
        self.delete.answer(self.deletions, |trouble| Failure::retry(&trouble.message), || fate)
    }

    /// Nobody grows a directory, and nobody needs to.
    fn expand(&mut self, _request: &ExpandRequest<'_>) -> Expansion {
        Expansion::External
    }

    fn needs_self_link(&self) -> bool {
        self.release < Release(4, 0, 0)
    }
}

fn nfs_location(volume: &PersistentVolume) -> Option<Location> {
    let location = Location::of_source(volume.spec.sources.first()?, "");
    matches!(location.backing(), Backing::Nfs { .. }).then_some(location)
}

/// A `pathPattern` with the claim's values in the place of `${.PVC.name}`, `${.PVC.namespace}`, `${.PVC.labels.x}` and
/// `${.PVC.annotations.x}`. What is not known is left out.
fn filled(pattern: &str, claim: &PersistentVolumeClaim) -> String {
    let (mut path, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once("${.PVC.") {
        path.push_str(before);
        let Some((key, tail)) = after.split_once('}') else {
            path.push_str("${.PVC.");
            rest = after;
            continue;
        };
        let value = |map: &StringMap, key: &str| map.get(key).cloned().unwrap_or_default();
        let value = match key.split_once('.') {
            Some(("labels", label)) => value(&claim.metadata.labels, label),
            Some(("annotations", annotation)) => value(&claim.metadata.annotations, annotation),
            _ if key == "name" => claim.metadata.name.clone(),
            _ if key == "namespace" => claim.metadata.namespace.clone(),
            _ => Text::default(),
        };
        path.push_str(&value);
        rest = tail;
    }
    path + rest
}

/// A truth value as Go's `strconv.ParseBool` reads it.
fn go_bool(text: &str) -> Result<bool, Failure> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(Failure::retry(format!("strconv.ParseBool: parsing {}: invalid syntax", go_quote(text)))),
    }
}
