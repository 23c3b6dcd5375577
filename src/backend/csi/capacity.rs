//! How large the volumes of a CSI driver are, and how much it has left.

use std::collections::BTreeMap;

use crate::backend::calls::StatusCode;
use crate::backend::csi::CsiProvisioner;
use crate::backend::reply::Failure;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;

/// The sizes of the volumes that exist, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    sizes: BTreeMap<Text, Quantity>,
    sum: Quantity,
}

impl Taken {
    /// What all volumes but one take.
    fn without(&self, name: &Text) -> Quantity {
        self.sizes.get(name).map_or_else(|| self.sum.clone(), |size| self.sum.minus(size))
    }

    fn insert(&mut self, name: &Text, size: &Quantity) {
        let before = self.sizes.insert(name.clone(), size.clone());
        let others = before.map(|before| self.sum.minus(&before));
        self.sum = others.as_ref().unwrap_or(&self.sum).plus(size);
    }

    pub(super) fn remove(&mut self, name: &Text) {
        self.sum = self.without(name);
        self.sizes.remove(name);
    }
}

impl CsiProvisioner {
    /// A size in whole bytes, rounded up to the multiple that the driver is set to.
    pub(super) fn rounded(&self, size: &Quantity) -> Quantity {
        let bytes = size.value().unwrap_or(i64::MAX);
        let unit = self.round_to.as_ref().and_then(Quantity::value).filter(|unit| *unit > 0).unwrap_or(1);
        let over = bytes % unit;
        let rounded = if over == 0 { bytes } else { bytes.saturating_add(unit - over) };
        Quantity::from_bytes(rounded)
    }

    /// Takes a volume from what the driver has. Asked again for the same volume it gives the same.
    pub(super) fn take(&mut self, name: &Text, size: &Quantity) -> Result<(), Failure> {
        if let Some(limit) = self.limit.as_ref().filter(|limit| size > *limit) {
            let message = format!("requested capacity {size} is larger than {limit}");
            return Err(self.failure(StatusCode::OutOfRange, &message));
        }
        if let Some(pool) = &self.pool {
            let used = self.state.taken.without(name);
            if used.plus(size) > *pool {
                let message = format!("requested capacity {size} exceeds the free {}", pool.minus(&used));
                return Err(self.failure(StatusCode::ResourceExhausted, &message));
            }
        }
        self.state.taken.insert(name, size);
        Ok(())
    }

    /// Grows a volume within what the driver has.
    pub(super) fn grow(&mut self, volume: &PersistentVolume, size: &Quantity) -> Result<(), Failure> {
        let Some(VolumeSource::Csi(source)) = volume.spec.sources.first() else {
            return Err(Failure::retry("invalid CSI PV"));
        };
        let size = self.rounded(size);
        self.take(&source.volume_handle, &size)
    }
}
