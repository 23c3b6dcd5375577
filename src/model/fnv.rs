//! The hash of Fowler, Noll and Vo: with 32 bits, by which Kubernetes names revisions and spreads volumes, and with 64,
//! by which runs are told apart.

const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// FNV-1: multiplies, then takes in the byte.
pub(crate) fn fnv_1(text: &str) -> u32 {
    text.bytes().fold(OFFSET, |hash, byte| hash.wrapping_mul(PRIME) ^ u32::from(byte))
}

/// FNV-1a, which takes in the byte, then multiplies; it can go on where it stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv1a(pub(crate) u32);

impl Fnv1a {
    pub(crate) fn new() -> Self {
        Self(OFFSET)
    }

    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME)))
    }
}

/// FNV-1a with 64 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv1a64(pub(crate) u64);

impl Fnv1a64 {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }
}
