//! How the provisioner in front of a driver behaves: pauses, patience, finalizers, words.
//!
//! The constants are those of `sigs.k8s.io/sig-storage-lib-external-provisioner` (`controller/controller.go`) and of the
//! flags of `github.com/kubernetes-csi/external-provisioner` (`cmd/csi-provisioner/csi-provisioner.go`).

use std::time::Duration;

/// How often a provisioner built on the library looks at everything again.
pub(crate) const RESYNC: Duration = Duration::from_mins(15);

/// How often saving a volume, or cleaning up what cannot be saved, is tried where it is not tried forever.
pub(crate) const TRIES: u32 = 5;

/// The time between two such tries.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// How a provisioner behaves, whatever driver stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Sidecar {
    /// The pause after a first failure; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest pause.
    pub longest_retry: Duration,
    /// Whether all retries share a bucket of ten per second and a hundred at once.
    pub bucket: bool,
    /// After how many retries a claim or volume is left alone until everything is looked at again; none for never.
    pub give_up_after: Option<u32>,
    /// Whether volumes with policy `Delete` are held by the provisioner's finalizer until their storage is deleted.
    pub finalizer: bool,
    /// Whether volumes are offered as block devices.
    pub block: bool,
    /// Whether a volume that cannot be saved is tried forever. If not, its storage is deleted after a while.
    pub saves_forever: bool,
    /// Whether the selected node must exist before the driver is asked, and failures name the class, as in releases
    /// of the library before 12.
    pub early_release: bool,
}

impl Sidecar {
    /// The CSI sidecar `csi-provisioner`, release 6, with its default flags.
    pub const CSI: Self = Self {
        first_retry: Duration::from_secs(1),
        longest_retry: Duration::from_mins(5),
        bucket: false,
        give_up_after: None,
        finalizer: true,
        block: true,
        saves_forever: true,
        early_release: false,
    };

    /// A provisioner built on the library with its default options, release 6, as the NFS subdirectory provisioner is.
    pub const LIBRARY: Self = Self {
        first_retry: Duration::from_secs(15),
        longest_retry: Duration::from_secs(1000),
        bucket: true,
        give_up_after: Some(15),
        finalizer: false,
        block: false,
        saves_forever: false,
        early_release: true,
    };

    /// The pause after so many failures before this one.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.first_retry.saturating_mul(2u32.saturating_pow(failures)).min(self.longest_retry)
    }
}
