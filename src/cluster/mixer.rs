//! A hash that is the same on every platform and in every release, and fast for the small values that states are made of.

use std::fmt::{self, Debug, Write};
use std::hash::Hasher;

/// Odd numbers without a pattern: the fractions of the square roots of two primes.
const FIRST: u64 = 0x6a09_e667_f3bc_c909;
const SECOND: u64 = 0xbb67_ae85_84ca_a73b;

/// Takes in words and multiplies each into what came before, high and low half folded together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixer(u64);

impl Mixer {
    /// A mixer for things of one sort; those of another sort begin with another number.
    pub(crate) fn new(seed: u64) -> Self {
        let mut mixer = Self(FIRST);
        mixer.mix(seed);
        mixer
    }

    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0.rotate_left(23) ^ word ^ FIRST) * u128::from(SECOND);
        #[expect(clippy::cast_possible_truncation, reason = "the halves of the product are wanted")]
        let (high, low) = ((product >> 64) as u64, product as u64);
        self.0 = high ^ low;
    }

    /// Takes in what a value prints for debugging.
    pub(crate) fn print(&mut self, value: &impl Debug) {
        // Taking in text does not fail; a value that fails to print is taken in as far as it was printed.
        let _ = write!(self, "{value:?}");
    }
}

impl Write for Mixer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let mut last = *self;
        last.mix(SECOND);
        last.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.mix(u64::from_le_bytes(*chunk));
        }
        let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        // The length tells apart what ends in zeros.
        self.mix(rest ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_u128(&mut self, value: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken in")]
        let (high, low) = ((value >> 64) as u64, value as u64);
        self.mix(low);
        self.mix(high);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn write_i8(&mut self, value: i8) {
        self.write_i64(value.into());
    }

    fn write_i16(&mut self, value: i16) {
        self.write_i64(value.into());
    }

    fn write_i32(&mut self, value: i32) {
        self.write_i64(value.into());
    }

    fn write_i64(&mut self, value: i64) {
        self.mix(value.cast_unsigned());
    }

    fn write_i128(&mut self, value: i128) {
        self.write_u128(value.cast_unsigned());
    }

    fn write_isize(&mut self, value: isize) {
        // Discriminants of enums come as these, and are small.
        self.write_i64(value as i64);
    }
}
