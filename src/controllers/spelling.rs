//! Hashes and numbers in letters that make no words: the suffixes of generated names.
//!
//! Follows `SafeEncodeString` of `k8s.io/apimachinery/pkg/util/rand`. Kubernetes draws the suffix of a pod at random
//! and hashes a dump of Go's memory for that of a ReplicaSet; here both are stable functions (`ND-9`).

use serde::Serialize;

use crate::model::field_error::go_json;
use crate::model::fnv::Fnv1a;

const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many suffixes of five letters there are.
pub(super) const SUFFIXES: u64 = 27u64.pow(5);

/// A number that has no factor in common with [`SUFFIXES`], near its golden section: steps of this length reach every
/// suffix before one comes again, and neighbours look unlike.
const STRIDE: u64 = 8_867_920;

/// A number, digit by digit in letters.
pub(super) fn spelled(number: u32) -> String {
    let digits = number.to_string();
    digits.bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}

/// The hash of a value and of how often it collided: the decimal digits of FNV-1a of its JSON, spelled.
pub(super) fn hash<T: Serialize + ?Sized>(value: &T, collisions: Option<i32>) -> String {
    let mut hash = Fnv1a::new().with(go_json(value).as_bytes());
    if let Some(collisions) = collisions {
        hash = hash.with(&collisions.to_le_bytes());
    }
    spelled(hash.0)
}

/// The suffix of a number among those of an owner, who is known by a hash. No two of the first [`SUFFIXES`] numbers
/// have the same one.
pub(super) fn suffix(owner: Fnv1a, number: u64) -> String {
    let mut rest = (u64::from(owner.0) + number % SUFFIXES * STRIDE) % SUFFIXES;
    let mut letters = [0; 5];
    for letter in &mut letters {
        let index = usize::try_from(rest % 27).unwrap_or_default();
        *letter = LETTERS[index];
        rest /= 27;
    }
    letters.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Fnv1a, SUFFIXES, hash, suffix};

    #[test]
    fn hashes_are_spelled_as_kubernetes_spells_them() {
        // FNV-1a of `""`, which is the JSON of an empty text, is 4291472005.
        assert_eq!(hash("", None), "86f58c6449");
        assert_ne!(hash("a", None), hash("a", Some(0)));
        assert_ne!(hash("a", Some(0)), hash("a", Some(1)));
    }

    #[test]
    fn no_suffix_of_an_owner_comes_twice() {
        let owner = Fnv1a::new().with(b"an owner");
        let suffixes: BTreeSet<String> = (0..20_000).map(|number| suffix(owner, number)).collect();
        assert_eq!(suffixes.len(), 20_000);
        assert_eq!(suffix(owner, 0), suffix(owner, SUFFIXES));
    }
}
