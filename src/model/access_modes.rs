//! Access modes: a set of four, and the list as it was written.
//!
//! Matching looks at the set only (`HELP-9`, `MATCH-1`); a bound claim's status copies the list as it stands on the
//! volume, order and repetitions included (`STATUS-3`). Both are kept, in two machine words.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::model::fields::{Field, api_enum};
use crate::model::list::List;
use crate::model::text::Text;

api_enum! {
    /// How a volume may be mounted.
    pub enum AccessMode {
        /// Read and write on one node.
        ReadWriteOnce = "ReadWriteOnce",
        /// Read only on many nodes.
        ReadOnlyMany = "ReadOnlyMany",
        /// Read and write on many nodes.
        ReadWriteMany = "ReadWriteMany",
        /// Read and write in one pod.
        ReadWriteOncePod = "ReadWriteOncePod",
    }
    other: /** A text that is no access mode; validation refuses it (`VALID-11`). */ Other
}

impl AccessMode {
    /// The four modes in the order of `MATCH-1`.
    pub const ALL: [Self; 4] = [Self::ReadWriteOnce, Self::ReadOnlyMany, Self::ReadWriteMany, Self::ReadWriteOncePod];

    /// The abbreviation that kubectl prints.
    pub fn abbreviation(&self) -> &'static str {
        match self {
            Self::ReadWriteOnce => "RWO",
            Self::ReadOnlyMany => "ROX",
            Self::ReadWriteMany => "RWX",
            Self::ReadWriteOncePod => "RWOP",
            Self::Other(_) => "",
        }
    }

    /// Its place in [`AccessMode::ALL`]; a text that is no mode has none.
    fn place(&self) -> Option<u8> {
        match self {
            Self::ReadWriteOnce => Some(0),
            Self::ReadOnlyMany => Some(1),
            Self::ReadWriteMany => Some(2),
            Self::ReadWriteOncePod => Some(3),
            Self::Other(_) => None,
        }
    }
}

/// A set of access modes. The order is that of `MATCH-3` and `DET-1`: fewer modes first, then the set that has the
/// earlier mode.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ModeSet(u8);

impl ModeSet {
    /// All sixteen sets in order.
    pub fn all() -> impl Iterator<Item = Self> {
        const ORDERED: [u8; 16] = [
            0b0000, 0b0001, 0b0010, 0b0100, 0b1000, 0b0011, 0b0101, 0b1001, 0b0110, 0b1010, 0b1100, 0b0111, 0b1011,
            0b1101, 0b1110, 0b1111,
        ];
        ORDERED.into_iter().map(Self)
    }

    /// Whether every mode of the other set is in this one (`MATCH-2`).
    pub fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the mode is in the set.
    pub fn contains(self, mode: &AccessMode) -> bool {
        mode.place().is_some_and(|place| self.0 & (1 << place) != 0)
    }

    /// How many modes are in the set.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether no mode is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The modes in order.
    pub fn iter(self) -> impl Iterator<Item = AccessMode> {
        AccessMode::ALL.into_iter().filter(move |mode| self.contains(mode))
    }

    /// A number below 16 that tells the sets apart.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Ord for ModeSet {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Reversed bits: the set that has the earlier mode is the larger number.
        self.len().cmp(&other.len()).then_with(|| other.0.reverse_bits().cmp(&self.0.reverse_bits()))
    }
}

impl PartialOrd for ModeSet {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ModeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modes: Vec<_> = self.iter().map(|mode| mode.abbreviation()).collect();
        f.pad(&modes.join(","))
    }
}

impl fmt::Debug for ModeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// Access modes as they were written, with the set that they make.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct AccessModes(Written);

/// The list: up to eight known modes packed into a number, four bits each and the first lowest; else in full.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Written {
    Packed { set: ModeSet, modes: u32 },
    Spelled(Arc<Spelled>),
}

#[derive(PartialEq, Eq, Hash)]
struct Spelled {
    set: ModeSet,
    /// Whether a text among them is no mode.
    strange: bool,
    modes: Vec<AccessMode>,
}

const PACKED_MODES: usize = 8;

impl Default for Written {
    fn default() -> Self {
        Self::Packed { set: ModeSet::default(), modes: 0 }
    }
}

impl AccessModes {
    /// The set of modes; texts that are no mode are dropped (`MATCH-1`).
    pub fn set(&self) -> ModeSet {
        match &self.0 {
            Written::Packed { set, .. } => *set,
            Written::Spelled(spelled) => spelled.set,
        }
    }

    /// Whether every mode listed here is listed there, be it a mode or a text that is none (`HELP-9`).
    pub fn satisfied_by(&self, other: &Self) -> bool {
        if self.has_strange() {
            return self.iter().all(|mode| other.iter().any(|held| held == mode));
        }
        other.set().contains_all(self.set())
    }

    /// Whether a text among them is no mode.
    pub fn has_strange(&self) -> bool {
        matches!(&self.0, Written::Spelled(spelled) if spelled.strange)
    }

    /// The modes as they were written.
    pub fn iter(&self) -> impl Iterator<Item = AccessMode> {
        let (packed, spelled) = match &self.0 {
            Written::Packed { modes, .. } => (*modes, None),
            Written::Spelled(spelled) => (0, Some(&spelled.modes)),
        };
        let packed = std::iter::successors(Some(packed), |rest| Some(rest >> 4)).take_while(|rest| *rest != 0);
        let known = packed.filter_map(|rest| AccessMode::ALL.get((rest & 0b1111) as usize - 1).cloned());
        known.chain(spelled.into_iter().flat_map(|list| list.iter().cloned()))
    }

    /// How many modes are written.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no mode is written.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Written::Packed { modes: 0, .. })
    }
}

impl FromIterator<AccessMode> for AccessModes {
    fn from_iter<I: IntoIterator<Item = AccessMode>>(modes: I) -> Self {
        let modes: Vec<AccessMode> = modes.into_iter().collect();
        let places: Vec<Option<u8>> = modes.iter().map(AccessMode::place).collect();
        let set = ModeSet(places.iter().flatten().fold(0, |set, place| set | 1 << place));
        let strange = places.contains(&None);
        Self(if strange || modes.len() > PACKED_MODES {
            Written::Spelled(Arc::new(Spelled { set, strange, modes }))
        } else {
            let modes = places.iter().rev().flatten().fold(0, |packed, place| packed << 4 | u32::from(place + 1));
            Written::Packed { set, modes }
        })
    }
}

impl From<Vec<AccessMode>> for AccessModes {
    fn from(modes: Vec<AccessMode>) -> Self {
        modes.into_iter().collect()
    }
}

impl<const N: usize> From<[AccessMode; N]> for AccessModes {
    fn from(modes: [AccessMode; N]) -> Self {
        modes.into_iter().collect()
    }
}

impl fmt::Debug for AccessModes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Field for AccessModes {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Serialize for AccessModes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(None)?;
        for mode in self.iter() {
            out.serialize_element(&mode)?;
        }
        out.end()
    }
}

impl<'de> Deserialize<'de> for AccessModes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = List::<Text>::deserialize(deserializer)?;
        Ok(texts
            .iter()
            .map(|text| AccessMode::known(text).unwrap_or_else(|| AccessMode::Other(text.clone())))
            .collect())
    }
}
