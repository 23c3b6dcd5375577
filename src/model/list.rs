//! Lists and maps of the API: immutable, shared, and aware of the difference between absent and empty.
//!
//! Kubernetes prints an absent list as `null` and an empty one as `[]` in its error messages, and validates them
//! differently in places (`VALID-13`). Both types keep that difference and are otherwise ordinary slices.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter;
use std::marker::PhantomData;
use std::ops::{Deref, Range};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use triomphe::ThinArc;

use crate::model::quantity::Quantity;
use crate::model::text::{Key, Text};

/// Absent, or items that copies share, behind a single word: an object has many of these.
struct Items<T>(Option<ThinArc<(), T>>);

impl<T> Items<T> {
    fn new(items: impl ExactSizeIterator<Item = T>) -> Self {
        Self(Some(ThinArc::from_header_and_iter((), items)))
    }

    fn as_slice(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |items| &items.slice)
    }

    /// Whether both are the same memory.
    fn same(&self, other: &Self) -> bool {
        self.0.as_ref().zip(other.0.as_ref()).is_some_and(|(one, other)| one.ptr() == other.ptr())
    }
}

impl<T: Clone> Items<T> {
    /// The same items, of which those of a range are left out and one is put in their place.
    fn spliced(&self, range: Range<usize>, item: T) -> Self {
        let items = self.as_slice();
        let (before, after) = (&items[..range.start], &items[range.end..]);
        let all = before.iter().cloned().chain(iter::once(item)).chain(after.iter().cloned());
        Self::new(Counted { items: all, left: before.len() + 1 + after.len() })
    }
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// An iterator of which the length is known, so that the items are put where they stay.
struct Counted<I> {
    items: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.left = self.left.saturating_sub(1);
        self.items.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}

/// A list of the API: absent, or a shared slice. An absent list equals an empty one.
pub struct List<T>(Items<T>);

impl<T> List<T> {
    /// The absent list.
    pub const fn absent() -> Self {
        Self(Items(None))
    }

    /// Whether the list is absent, which is not the same as empty.
    pub fn is_absent(&self) -> bool {
        self.0.0.is_none()
    }
}

impl<T: Clone> List<T> {
    /// The items in a vector of their own.
    pub fn to_vec(&self) -> Vec<T> {
        self.deref().to_vec()
    }

    /// The same list with one more item at its end. Cost: linear in its length.
    #[must_use]
    pub fn with(&self, item: T) -> Self {
        Self(self.0.spliced(self.len()..self.len(), item))
    }
}

impl<T: Clone + PartialEq> List<T> {
    /// The same list with those items of another one at its end that it lacks. Where it is empty it becomes the other.
    pub(crate) fn with_missing(&self, items: &Self) -> Self {
        if self.is_empty() {
            return items.clone();
        }
        let missing = items.iter().filter(|item| !self.contains(item));
        missing.fold(self.clone(), |list, item| list.with(item.clone()))
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The same memory is equal without a look at it: versions of an object share most of what they hold, and items may be far
/// away in memory. Nothing here is unequal to itself.
impl<T: Eq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&other.0) || **self == **other
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T: Hash> Hash for List<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::absent()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_slice()
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::from(items.into_iter().collect::<Vec<T>>())
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(items: [T; N]) -> Self {
        Self(Items::new(items.into_iter()))
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Items::new(items.into_iter()))
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_absent() {
            return serializer.serialize_none();
        }
        let mut out = serializer.serialize_seq(Some(self.len()))?;
        for item in self {
            out.serialize_element(item)?;
        }
        out.end()
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<Option<T>>()? {
                    items.push(item.unwrap_or_default());
                }
                Ok(List::from(items))
            }
        }

        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

/// How many keys are compared more quickly with another one than put in order: their lengths mostly tell them apart.
const FEW: usize = 8;

/// A map of the API with text as keys: absent, or shared entries sorted by key. An absent map equals an empty one.
pub struct Map<V>(Items<(Text, V)>);

/// Labels, annotations, parameters: text to text.
pub type StringMap = Map<Text>;

/// Resource names to quantities; the only one that matters here is `storage`.
pub type ResourceList = Map<Quantity>;

impl<V> Map<V> {
    /// Whether the map is absent, which is not the same as empty.
    pub fn is_absent(&self) -> bool {
        self.0.0.is_none()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// The value of a key. Cost: logarithmic.
    pub fn get(&self, key: &str) -> Option<&V> {
        let entries = self.entries();
        if entries.len() <= FEW {
            return entries.iter().find(|(k, _)| k == key).map(|(_, value)| value);
        }
        let found = entries.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        Some(&entries[found].1)
    }

    /// Whether the key is present, whatever its value.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &V)> {
        self.entries().iter().map(|(key, value)| (key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.entries().iter().map(|(key, _)| key)
    }

    fn entries(&self) -> &[(Text, V)] {
        self.0.as_slice()
    }

    /// A map of entries that are in order, and of which no two have one key.
    fn of_sorted(entries: Vec<(Text, V)>) -> Self {
        Self(Items::new(entries.into_iter()))
    }
}

impl<V: Clone> Map<V> {
    /// The same map with one entry set. Cost: linear in its size.
    #[must_use]
    pub fn with(&self, key: impl Into<Text>, value: impl Into<V>) -> Self {
        let key = key.into();
        let replaced = match self.entries().binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(found) => found..found + 1,
            Err(place) => place..place,
        };
        Self(self.0.spliced(replaced, (key, value.into())))
    }

    /// The same map with those entries of another one of which it lacks the keys. Where it is empty it becomes the other.
    pub(crate) fn with_missing(&self, entries: &Self) -> Self {
        if self.is_empty() {
            return entries.clone();
        }
        let missing = entries.iter().filter(|(key, _)| !self.contains_key(key));
        missing.fold(self.clone(), |map, (key, value)| map.with(key, value.clone()))
    }

    /// The same map without a key; absent where nothing is left, as the API server drops empty maps.
    /// Cost: linear in its size.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        if !self.contains_key(key) {
            return self.clone();
        }
        let rest: Vec<_> = self.entries().iter().filter(|(k, _)| k != key).cloned().collect();
        if rest.is_empty() { Self::default() } else { Self::of_sorted(rest) }
    }
}

impl<V> Clone for Map<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The same memory is equal without a look at it.
impl<V: Eq> PartialEq for Map<V> {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&other.0) || self.entries() == other.entries()
    }
}

impl<V: Eq> Eq for Map<V> {}

impl<V: Hash> Hash for Map<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries().hash(state);
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(Items(None))
    }
}

impl<K: Into<Text>, W: Into<V>, V> FromIterator<(K, W)> for Map<V> {
    /// Collects entries; of a repeated key the last counts.
    fn from_iter<I: IntoIterator<Item = (K, W)>>(items: I) -> Self {
        let mut entries: Vec<(Text, V)> = items.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.reverse();
        entries.dedup_by(|(a, _), (b, _)| a == b);
        entries.reverse();
        Self::of_sorted(entries)
    }
}

impl<K: Into<Text>, W: Into<V>, V, const N: usize> From<[(K, W); N]> for Map<V> {
    fn from(items: [(K, W); N]) -> Self {
        items.into_iter().collect()
    }
}

impl<V: fmt::Debug> fmt::Debug for Map<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_absent() {
            return serializer.serialize_none();
        }
        let mut out = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            out.serialize_entry(key, value)?;
        }
        out.end()
    }
}

impl<'de, V: Deserialize<'de> + Default> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de> + Default> Visitor<'de> for MapVisitor<V> {
            type Value = Map<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<V>, A::Error> {
                let mut entries: Vec<(Text, V)> = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value::<Option<V>>()?.unwrap_or_default()));
                }
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                if let Some([(key, _), _]) = entries.array_windows().find(|[(a, _), (b, _)]| a == b) {
                    return Err(A::Error::custom(format_args!("repeated key {:?}", key.as_str())));
                }
                Ok(Map::of_sorted(entries))
            }
        }

        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}
