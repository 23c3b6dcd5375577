//! A CSI driver behind the sidecar `csi-provisioner`.
//!
//! Follows `pkg/controller/controller.go` of `github.com/kubernetes-csi/external-provisioner`, release 6: what is
//! refused before the driver is asked, what a failure of the driver leads to, and how a volume looks.

mod capacity;
mod parameters;
mod source;
mod topology;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backend::calls::{Calls, StatusCode, Trouble};
use crate::backend::csi::capacity::Taken;
use crate::backend::driver::{DeleteRequest, Driver, ExpandRequest, Expansion, Fate, NewVolume, ProvisionRequest};
use crate::backend::reply::{Failure, FailureKind, Reply};
use crate::backend::sidecar::Sidecar;
use crate::model::duration;
use crate::model::list::StringMap;
use crate::model::node::Node;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::volume::VolumeMode;
use crate::model::volume_source::{CsiVolumeSource, VolumeSource};

/// What becomes of requests to grow volumes, as data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ExpansionMode {
    /// Nobody grows them; the caller does it by hand (`RESIZE-9`).
    #[default]
    External,
    /// They are grown at once.
    Instant,
    /// Every request fails.
    Failing,
}

/// A CSI driver, as data.
///
/// ```
/// use bindery::{CsiProvisioner, DriverSpec, drivers_from_yaml};
///
/// let drivers = drivers_from_yaml("
/// - kind: Csi
///   name: ebs.csi.aws.com
///   topologyKeys: [topology.ebs.csi.aws.com/zone]
///   roundTo: 1Gi
///   provision: {delay: 3s, fail: {code: Internal, message: no credentials, times: 2}}
/// ")?;
/// let DriverSpec::Csi(driver) = &drivers[0] else { unreachable!() };
/// assert_eq!(driver.name, "ebs.csi.aws.com");
/// assert_eq!(driver.timeout, CsiProvisioner::new("x").timeout);
/// # Ok::<(), bindery::DriverConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct CsiProvisioner {
    /// The name by which classes call it.
    pub name: Text,
    /// The labels of nodes that tell where its volumes can be reached; none where they are reached from everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topology_keys: Vec<Text>,
    /// Whether only the selected node's topology is offered to the driver, as by `--strict-topology`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict_topology: bool,
    /// Sizes are rounded up to a multiple of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_to: Option<Quantity>,
    /// The largest volume that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Quantity>,
    /// How much storage it has in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Quantity>,
    /// Whether it copies volumes for claims with another claim as data source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clones: bool,
    /// Whether it takes attributes classes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub modifies: bool,
    /// How long the sidecar waits for an answer, as set by `--timeout`.
    #[serde(default = "default_timeout", with = "duration")]
    pub timeout: Duration,
    /// How it behaves when it is asked for a volume.
    #[serde(default, skip_serializing_if = "Calls::is_plain")]
    pub provision: Calls,
    /// How it behaves when it is asked to delete one.
    #[serde(default, skip_serializing_if = "Calls::is_plain")]
    pub delete: Calls,
    /// What becomes of requests to grow volumes.
    #[serde(default)]
    pub expand: ExpansionMode,
    #[serde(skip)]
    state: State,
}

/// What a driver remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    provisions: u32,
    deletions: u32,
    /// When work on a volume began that takes longer than the sidecar waits.
    begun: BTreeMap<(Work, Text), Duration>,
    taken: Box<Taken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Provision,
    Delete,
}

fn default_timeout() -> Duration {
    Duration::from_secs(10)
}

impl CsiProvisioner {
    /// A driver without topology and limits that succeeds at once.
    pub fn new(name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            topology_keys: Vec::new(),
            strict_topology: false,
            round_to: None,
            limit: None,
            pool: None,
            clones: false,
            modifies: false,
            timeout: default_timeout(),
            provision: Calls::default(),
            delete: Calls::default(),
            expand: ExpansionMode::default(),
            state: State::default(),
        }
    }

    /// The same driver with volumes that can be reached where these labels of nodes agree.
    #[must_use]
    pub fn with_topology<K: Into<Text>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.topology_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// The same driver with other behaviour when it is asked for a volume.
    #[must_use]
    pub fn provisions(mut self, calls: Calls) -> Self {
        self.provision = calls;
        self
    }

    /// The same driver with other behaviour when it is asked to delete a volume.
    #[must_use]
    pub fn deletes(mut self, calls: Calls) -> Self {
        self.delete = calls;
        self
    }

    /// What the sidecar refuses by itself, in its order, and the volume that the driver is asked for.
    fn prepare(&self, request: &ProvisionRequest<'_>) -> Result<NewVolume, Failure> {
        let claim = request.claim();
        let data_source = source::data_source(self, request)?;
        if !claim.attributes_class().is_empty() && !self.modifies {
            let missing = "controller MODIFY_VOLUME capability is not reported";
            return Err(Failure::retry(format!("CSI driver does not support VolumeAttributesClass: {missing}")));
        }
        if claim.spec.selector.is_some() {
            return Err(Failure::retry("claim Selector is not supported"));
        }
        let fs_type = parameters::fs_type(&request.class().parameters)?;
        let filled_from = data_source.map(|key| source::cloned(self, request, &key)).transpose()?;
        let topology = topology::choose(self, request)?;
        parameters::check(&request.class().parameters)?;
        self.check_attributes_class(request)?;
        let block = claim.spec.volume_mode == VolumeMode::Block;
        let identity = format!("0-0-{}", self.name);
        let source = CsiVolumeSource {
            driver: self.name.clone(),
            volume_handle: request.volume_name().clone(),
            fs_type: if block { Text::default() } else { fs_type },
            volume_attributes: StringMap::from([("storage.kubernetes.io/csiProvisionerIdentity", identity)]),
            ..CsiVolumeSource::default()
        };
        let mut made = NewVolume::new(source, self.rounded(&request.size()));
        made.as_claimed = true;
        made.filled_from = filled_from;
        made.topologies.extend(topology);
        made.annotations = StringMap::from([
            ("volume.kubernetes.io/provisioner-deletion-secret-name", ""),
            ("volume.kubernetes.io/provisioner-deletion-secret-namespace", ""),
        ]);
        Ok(made)
    }

    fn check_attributes_class(&self, request: &ProvisionRequest<'_>) -> Result<(), Failure> {
        let name = request.claim().attributes_class();
        if name.is_empty() {
            return Ok(());
        }
        let Some(class) = request.surroundings().attributes_class(name) else {
            return Err(Failure::retry(format!("volumeattributesclasses.storage.k8s.io {name:?} not found")));
        };
        if class.driver_name != self.name {
            let (other, own) = (&class.driver_name, &self.name);
            return Err(Failure::retry(format!(
                "VAC {name} referenced in PVC is for driver {other} which does not match driver name {own}"
            )));
        }
        Ok(())
    }

    /// How long a call may still take, for one of which the work began earlier; nothing where it is too long.
    fn remaining(&mut self, work: Work, name: &Text, calls: &Calls, now: Duration) -> Option<Duration> {
        let begun = *self.state.begun.entry((work, name.clone())).or_insert(now);
        let left = calls.delay.saturating_sub(now.saturating_sub(begun));
        if calls.hang || left > self.timeout {
            return None;
        }
        self.state.begun.remove(&(work, name.clone()));
        Some(left)
    }

    /// What the sidecar makes of a call that it waited for in vain.
    fn timed_out<T>(&self) -> Reply<T> {
        let message = rpc_error(StatusCode::DeadlineExceeded, "context deadline exceeded");
        Reply::failed(Failure::new(FailureKind::Background, message)).after(self.timeout)
    }

    /// What follows from a failure of the driver.
    fn failure(&self, code: StatusCode, message: &str) -> Failure {
        let kind = match code {
            StatusCode::InvalidArgument => FailureKind::Infeasible,
            StatusCode::ResourceExhausted if !self.topology_keys.is_empty() => FailureKind::Reschedule,
            StatusCode::Canceled | StatusCode::DeadlineExceeded | StatusCode::Unavailable | StatusCode::Aborted => {
                FailureKind::Background
            }
            _ => FailureKind::Retry,
        };
        Failure::new(kind, rpc_error(code, message))
    }
}

impl Driver for CsiProvisioner {
    fn name(&self) -> &str {
        &self.name
    }

    fn provision(&mut self, request: &ProvisionRequest<'_>) -> Reply<NewVolume> {
        let made = match self.prepare(request) {
            Ok(made) => made,
            Err(failure) => return Reply::failed(failure),
        };
        let (calls, name) = (self.provision.clone(), request.volume_name());
        let Some(left) = self.remaining(Work::Provision, name, &calls, request.surroundings().elapsed()) else {
            return self.timed_out();
        };
        self.state.provisions = calls.next(self.state.provisions);
        let result = match calls.trouble(self.state.provisions) {
            Some(Trouble { code, message, .. }) => Err(self.failure(*code, message)),
            None => self.take(name, &made.capacity).map(|()| made),
        };
        Reply::from(result).after(left)
    }

    fn delete(&mut self, request: &DeleteRequest<'_>) -> Reply<Fate> {
        let Some(VolumeSource::Csi(source)) = request.volume().spec.sources.first() else {
            return Reply::failed(Failure::retry("invalid CSI PV"));
        };
        let attached = Text::from(format!("kubernetes.io/csi/{}^{}", source.driver, source.volume_handle));
        let nodes = request.surroundings().nodes();
        let holds = |node: &&Node| node.status.volumes_attached.iter().any(|volume| volume.name == attached);
        if let Some(node) = nodes.into_iter().find(holds) {
            let (volume, node) = (&request.volume().metadata.name, &node.metadata.name);
            return Reply::failed(Failure::retry(format!(
                "persistentvolume {volume} is still attached to node {node}"
            )));
        }
        let calls = self.delete.clone();
        let now = request.surroundings().elapsed();
        let Some(left) = self.remaining(Work::Delete, &source.volume_handle, &calls, now) else {
            return self.timed_out();
        };
        self.state.deletions = calls.next(self.state.deletions);
        let result = if let Some(Trouble { code, message, .. }) = calls.trouble(self.state.deletions) {
            Err(self.failure(*code, message))
        } else {
            self.state.taken.remove(&source.volume_handle);
            Ok(Fate::Destroyed)
        };
        Reply::from(result).after(left)
    }

    fn expand(&mut self, request: &ExpandRequest<'_>) -> Expansion {
        match self.expand {
            ExpansionMode::External => Expansion::External,
            ExpansionMode::Failing => Expansion::Failed(self.failure(StatusCode::Internal, "cannot expand volume")),
            ExpansionMode::Instant => match self.grow(request.volume, request.size) {
                Ok(()) => Expansion::Instant,
                Err(failure) => Expansion::Failed(failure),
            },
        }
    }

    fn sidecar(&self) -> Sidecar {
        Sidecar::CSI
    }
}

/// The error of a call, as gRPC prints it.
fn rpc_error(code: StatusCode, message: &str) -> String {
    format!("rpc error: code = {code:?} desc = {message}")
}
