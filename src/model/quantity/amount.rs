//! The number inside a quantity: an exact decimal with nine places.
//!
//! Almost every quantity is a whole number of bytes below 2^63, so that case is two machine words and compares in
//! two instructions. Everything larger is held as limbs of nine decimal digits; nothing is ever rounded here
//! unless the caller asks for it.

use std::cmp::Ordering;
use std::fmt::Write;
use std::sync::Arc;

pub(super) const NANOS_PER_UNIT: u32 = 1_000_000_000;
pub(super) const NANOS_PER_MILLI: u32 = 1_000_000;

const LIMB: u64 = NANOS_PER_UNIT as u64;
const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// An exact decimal number with nine places.
///
/// The representation is unique for each number, so equality and hash may be derived.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Amount {
    /// `units + nanos / 10^9`, with `nanos` below 10^9 also for negative numbers.
    Small { units: i64, nanos: u32 },
    /// Any other number.
    Large(Arc<Large>),
}

/// A number whose units do not fit 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Large {
    negative: bool,
    magnitude: Limbs,
}

/// A magnitude in limbs of nine decimal digits, the lowest first: limb 0 counts nanos, limb 1 units. The highest
/// limb is not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Limbs(Vec<u32>);

impl Limbs {
    /// Decimal digits, the last of which counts nanos.
    pub(super) fn from_digits(digits: &[u8]) -> Self {
        let limbs =
            digits.rchunks(9).map(|chunk| chunk.iter().fold(0, |limb, digit| limb * 10 + u32::from(digit - b'0')));
        Self(limbs.collect()).trimmed()
    }

    fn from_nanos(mut nanos: u128) -> Self {
        let mut limbs = Vec::new();
        while nanos > 0 {
            limbs.push(low_limb(nanos % u128::from(LIMB)));
            nanos /= u128::from(LIMB);
        }
        Self(limbs)
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops the lowest limbs, rounding away from zero.
    pub(super) fn drop_limbs(&mut self, count: usize) {
        let dropped: Vec<u32> = self.0.drain(..count.min(self.0.len())).collect();
        if dropped.iter().any(|limb| *limb != 0) {
            self.add_small(1);
        }
    }

    pub(super) fn multiply_small(&mut self, factor: u32) {
        let mut carry = 0u64;
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = low_limb((product % LIMB).into());
            carry = product / LIMB;
        }
        while carry > 0 {
            self.0.push(low_limb((carry % LIMB).into()));
            carry /= LIMB;
        }
    }

    fn add_small(&mut self, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            let sum = u64::from(*limb) + carry;
            *limb = low_limb((sum % LIMB).into());
            carry = sum / LIMB;
        }
        if carry > 0 {
            self.0.push(low_limb(carry.into()));
        }
    }

    fn divide_small(&self, divisor: u32) -> (Self, u32) {
        let mut limbs = self.0.clone();
        let mut remainder = 0u64;
        for limb in limbs.iter_mut().rev() {
            let value = remainder * LIMB + u64::from(*limb);
            *limb = low_limb((value / u64::from(divisor)).into());
            remainder = value % u64::from(divisor);
        }
        (Self(limbs).trimmed(), low_limb(remainder.into()))
    }

    fn plus(&self, other: &Self) -> Self {
        let mut limbs = Vec::with_capacity(self.0.len().max(other.0.len()) + 1);
        let mut carry = 0;
        for place in 0..self.0.len().max(other.0.len()) {
            let sum = self.limb(place) + other.limb(place) + carry;
            limbs.push(sum % NANOS_PER_UNIT);
            carry = sum / NANOS_PER_UNIT;
        }
        limbs.push(carry);
        Self(limbs).trimmed()
    }

    /// The difference; `other` must not be larger.
    fn minus(&self, other: &Self) -> Self {
        let mut limbs = Vec::with_capacity(self.0.len());
        let mut borrow = 0;
        for place in 0..self.0.len() {
            let (have, take) = (self.limb(place), other.limb(place) + borrow);
            borrow = u32::from(have < take);
            limbs.push(have + borrow * NANOS_PER_UNIT - take);
        }
        Self(limbs).trimmed()
    }

    fn limb(&self, place: usize) -> u32 {
        self.0.get(place).copied().unwrap_or(0)
    }

    /// The number of nanos, where it fits.
    fn nanos(&self) -> Option<u128> {
        self.0.iter().rev().try_fold(0u128, |nanos, limb| nanos.checked_mul(LIMB.into())?.checked_add((*limb).into()))
    }

    /// The digits down to the nanos, without leading zeros.
    fn digits(&self) -> String {
        let mut digits = String::with_capacity(self.0.len() * 9);
        for (place, limb) in self.0.iter().rev().enumerate() {
            if place == 0 {
                digits.push_str(&limb.to_string());
            } else {
                // Writing to a string cannot fail.
                let _ = write!(digits, "{limb:09}");
            }
        }
        digits
    }
}

impl Ord for Limbs {
    fn cmp(&self, other: &Self) -> Ordering {
        let lengths = self.0.len().cmp(&other.0.len());
        lengths.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Limbs {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A value known to be below 2^32 because it is a remainder or a carry of limb arithmetic.
fn low_limb(value: u128) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl Default for Amount {
    fn default() -> Self {
        Self::from_units(0)
    }
}

impl Amount {
    /// Not smaller for a larger number, and of most numbers all that matters: how many bits the units have, and the
    /// highest 25 after the first.
    pub(super) fn key(&self) -> i32 {
        match self {
            Self::Small { units: units @ 1.., .. } => {
                let zeros = units.leading_zeros();
                let highest = (units.unsigned_abs() << zeros << 1) >> 39;
                i32::try_from((u64::from(64 - zeros) << 25) + highest).unwrap_or(i32::MAX)
            }
            Self::Large(large) if !large.negative => i32::MAX,
            Self::Small { .. } | Self::Large(_) => 0,
        }
    }

    pub(super) fn from_units(units: i64) -> Self {
        Self::Small { units, nanos: 0 }
    }

    pub(super) fn from_nanos(nanos: i128) -> Self {
        let (units, rest) = (nanos.div_euclid(NANOS_PER_UNIT.into()), nanos.rem_euclid(NANOS_PER_UNIT.into()));
        match (i64::try_from(units), u32::try_from(rest)) {
            (Ok(units), Ok(nanos)) => Self::Small { units, nanos },
            _ => {
                Self::Large(Arc::new(Large { negative: nanos < 0, magnitude: Limbs::from_nanos(nanos.unsigned_abs()) }))
            }
        }
    }

    pub(super) fn from_limbs(negative: bool, magnitude: Limbs) -> Self {
        match magnitude.nanos().and_then(|nanos| i128::try_from(nanos).ok()) {
            Some(nanos) => Self::from_nanos(if negative { -nanos } else { nanos }),
            None => Self::Large(Arc::new(Large { negative, magnitude })),
        }
    }

    pub(super) fn sign(&self) -> Ordering {
        match self {
            Self::Small { units: 0, nanos } => nanos.cmp(&0),
            Self::Small { units, .. } => units.cmp(&0),
            Self::Large(large) if large.negative => Ordering::Less,
            Self::Large(_) => Ordering::Greater,
        }
    }

    fn nanos(units: i64, nanos: u32) -> i128 {
        i128::from(units) * i128::from(NANOS_PER_UNIT) + i128::from(nanos)
    }

    fn parts(&self) -> (bool, Limbs) {
        match self {
            Self::Small { units, nanos } => {
                let nanos = Self::nanos(*units, *nanos);
                (nanos < 0, Limbs::from_nanos(nanos.unsigned_abs()))
            }
            Self::Large(large) => (large.negative, large.magnitude.clone()),
        }
    }

    /// Whether it is a multiple of so many nanos, a divisor of 10^9.
    pub(super) fn is_multiple_of_nanos(&self, unit: u32) -> bool {
        match self {
            Self::Small { nanos, .. } => nanos % unit == 0,
            Self::Large(large) => large.magnitude.limb(0).is_multiple_of(unit),
        }
    }

    /// The nearest multiple of so many nanos (a divisor of 10^9) that is not nearer to zero.
    pub(super) fn rounded_away(&self, unit: u32) -> Self {
        let (negative, magnitude) = self.parts();
        let excess = magnitude.limb(0) % unit;
        if excess == 0 {
            return self.clone();
        }
        let mut magnitude = magnitude;
        magnitude.add_small(unit - excess);
        Self::from_limbs(negative, magnitude)
    }

    pub(super) fn units_rounded_away(&self) -> Option<i64> {
        match self {
            Self::Small { units, nanos: 0 } => Some(*units),
            Self::Small { units, .. } if *units >= 0 => units.checked_add(1),
            // Negative: `units` is already the floor, which is the number away from zero.
            Self::Small { units, .. } => Some(*units),
            Self::Large(_) => None,
        }
    }

    pub(super) fn thousandths_rounded_away(&self) -> Option<i64> {
        match self.rounded_away(NANOS_PER_MILLI) {
            Self::Small { units, nanos } => i64::try_from(Self::nanos(units, nanos) / i128::from(NANOS_PER_MILLI)).ok(),
            Self::Large(_) => None,
        }
    }

    /// The number counted in so many nanos (a divisor of 10^9) as Kubernetes counts: what is cut off adds one, also
    /// to a negative number. `Ok` where it fits 64 bits, else its low bits as two's complement.
    pub(super) fn counted_in(&self, unit: u32) -> Result<i64, i64> {
        match self {
            Self::Small { units, nanos } => {
                let (nanos, unit) = (Self::nanos(*units, *nanos), i128::from(unit));
                let count = nanos / unit + i128::from(nanos % unit != 0);
                let low = u64::try_from(count & i128::from(u64::MAX)).unwrap_or_default();
                i64::try_from(count).map_err(|_| low.cast_signed())
            }
            Self::Large(large) => {
                let limbs = large.magnitude.0.iter().skip(1).rev();
                let units = limbs.fold(0u64, |bits, limb| bits.wrapping_mul(LIMB).wrapping_add((*limb).into()));
                let (nanos, per_unit) = (large.magnitude.limb(0), NANOS_PER_UNIT / unit);
                let count = units.wrapping_mul(per_unit.into()).wrapping_add((nanos / unit).into());
                let count = if large.negative { count.wrapping_neg() } else { count };
                Err(count.wrapping_add((nanos % unit != 0).into()).cast_signed())
            }
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if let (Self::Small { units: a, nanos: b }, Self::Small { units: c, nanos: d }) = (self, other) {
            return Self::from_nanos(Self::nanos(*a, *b) + Self::nanos(*c, *d));
        }
        let ((minus_a, a), (minus_b, b)) = (self.parts(), other.parts());
        match (minus_a == minus_b, a >= b) {
            (true, _) => Self::from_limbs(minus_a, a.plus(&b)),
            (false, true) => Self::from_limbs(minus_a, a.minus(&b)),
            (false, false) => Self::from_limbs(minus_b, b.minus(&a)),
        }
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        let (negative, magnitude) = other.parts();
        self.plus(&Self::from_limbs(!negative, magnitude))
    }

    /// Mantissa and suffix in powers of 1024, for a whole number of at least 1024 either side of zero.
    pub(super) fn binary_parts(&self) -> Option<(String, &'static str)> {
        let (negative, magnitude) = self.parts();
        let mut units = Limbs(magnitude.0.get(1..).unwrap_or_default().to_vec());
        if units <= Limbs(vec![1023]) {
            return None;
        }
        let mut power = 0;
        while power + 1 < BINARY_SUFFIXES.len() {
            let (quotient, remainder) = units.divide_small(1024);
            if remainder != 0 {
                break;
            }
            units = quotient;
            power += 1;
        }
        let sign = if negative { "-" } else { "" };
        Some((format!("{sign}{}", units.digits()), BINARY_SUFFIXES[power]))
    }

    /// Mantissa and exponent of ten, the exponent a multiple of three and as large as possible.
    pub(super) fn decimal_parts(&self) -> (String, i32) {
        let (negative, magnitude) = self.parts();
        let mut digits = magnitude.digits();
        let significant = digits.trim_end_matches('0').len();
        let zeros = digits.len() - significant;
        // Nine places lie behind the point, so the exponent that all zeros would give starts at -9.
        let usable = zeros - zeros % 3;
        digits.truncate(digits.len() - usable);
        if negative {
            digits.insert(0, '-');
        }
        (digits, i32::try_from(usable).unwrap_or(i32::MAX) - 9)
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small { units: a, nanos: b }, Self::Small { units: c, nanos: d }) => (a, b).cmp(&(c, d)),
            // A large number lies outside of all small ones.
            (Self::Large(_), Self::Small { .. }) => self.sign(),
            (Self::Small { .. }, Self::Large(_)) => other.sign().reverse(),
            (Self::Large(a), Self::Large(b)) => match (a.negative, b.negative) {
                (false, false) => a.magnitude.cmp(&b.magnitude),
                (true, true) => b.magnitude.cmp(&a.magnitude),
                (negative, _) => {
                    if negative {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
            },
        }
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
