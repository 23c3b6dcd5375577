//! Reading good input in one pass.
//!
//! A document goes straight from the parser into objects; what comes before its kind waits until that is known. Whatever
//! is out of the ordinary (a repeated key, a number whose text is lost, a plain scalar that YAML 1.1 reads differently)
//! makes this pass give up, and the second pass decides. So this one never has to explain anything.

use std::fmt;
use std::vec;

use rustc_hash::FxHashSet;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::manifest::guard::is_out_of_the_ordinary;
use crate::model::fields::Finding;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object};
use crate::model::text::{Key, Text};

/// What a text holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The objects, with the numbers of their documents.
    pub(super) objects: Vec<(usize, Object)>,
    /// Kinds that the simulator does not hold, with how many objects there were of each.
    pub(super) passed_over: Vec<Text>,
    /// The number of the document that is read.
    document: usize,
}

/// Why the fast pass gave up. Nobody is told; the second pass looks again.
pub(super) struct GaveUp;

pub(super) fn read_json(text: &str) -> Result<Contents, GaveUp> {
    let mut contents = Contents::default();
    let mut documents = serde_json::Deserializer::from_str(text);
    loop {
        contents.document += 1;
        Document { contents: &mut contents }.deserialize(&mut documents).map_err(|_| GaveUp)?;
        // Anything but the end is another document, or an error that reading it will show.
        if documents.end().is_ok() {
            return Ok(contents);
        }
    }
}

pub(super) fn read_yaml(text: &str) -> Result<Contents, GaveUp> {
    if is_out_of_the_ordinary(text) {
        return Err(GaveUp);
    }
    let mut contents = Contents::default();
    for document in serde_yaml::Deserializer::from_str(text) {
        contents.document += 1;
        Document { contents: &mut contents }.deserialize(document).map_err(|_| GaveUp)?;
    }
    Ok(contents)
}

/// Whether an object holds what strict decoding refuses.
pub(super) fn is_clean(object: &Object, keep_unknown: bool) -> bool {
    let mut clean = true;
    object.audit(&mut |_, finding| clean &= keep_unknown && matches!(finding, Finding::Unknown { .. }));
    clean
}

/// Reads one document, or one item of a list, into the contents.
struct Document<'c> {
    contents: &'c mut Contents,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// An empty document.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut version, mut kind): (Option<Text>, Option<Text>) = (None, None);
        let mut early = Vec::new();
        let first = loop {
            match map.next_key()?.map(|Key(key)| key) {
                Some(key) if key == "apiVersion" && version.is_none() => version = map.next_value()?,
                Some(key) if key == "kind" && kind.is_none() => kind = map.next_value()?,
                Some(key) if kind.is_none() && key != "items" => early.push((key, map.next_value()?)),
                key => break key,
            }
        };
        let Some(version) = version else {
            return Err(A::Error::custom("the version comes later"));
        };
        let mut entries = early.into_iter();
        match (kind, entries.next()) {
            (None, None) => visit_sorted_list(first.as_ref(), map, self.contents),
            (None, Some(_)) => Err(A::Error::custom("there is no kind")),
            (Some(kind), None) => self.visit_object(&version, kind, first, map),
            (Some(kind), Some((key, value))) => {
                let is_over = first.is_none();
                let map = Early { entries, value: Some(value), first, map, is_over };
                self.visit_object(&version, kind, Some(key), map)
            }
        }
    }
}

impl Document<'_> {
    /// Reads what is left of an object of which version and kind, and perhaps one more key, were read already.
    fn visit_object<'de, A: MapAccess<'de>>(
        self,
        version: &Text,
        kind: Text,
        first: Option<Text>,
        map: A,
    ) -> Result<(), A::Error> {
        match Kind::find(version, &kind) {
            Some(kind) => {
                let object = Object::deserialize_rest(kind, first, map)?;
                self.contents.objects.push((self.contents.document, object));
                Ok(())
            }
            None if kind.ends_with("List") => visit_rest(first, map, Some(self.contents)),
            None if Kind::is_built_in(version) && Kind::ALL.iter().any(|known| kind == known.as_str()) => {
                Err(A::Error::custom("no such version"))
            }
            None => {
                self.contents.passed_over.push(kind);
                visit_rest(first, map, None)
            }
        }
    }
}

/// What is left of a map of which some entries were read before it was known what they belong to: the value of the
/// first, the others, the next key if it was read, and the rest. kubectl sorts keys, so that `allowVolumeExpansion`
/// precedes the kind of a class.
struct Early<A> {
    value: Option<Json>,
    entries: vec::IntoIter<(Text, Json)>,
    first: Option<Text>,
    map: A,
    /// Whether nothing follows the entries. Who asks again after the end may get any answer.
    is_over: bool,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Early<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let key = match self.entries.next() {
            Some((key, value)) => {
                self.value = Some(value);
                Some(key)
            }
            None => self.first.take(),
        };
        match key {
            Some(key) => seed.deserialize(key.as_str().into_deserializer()).map(Some),
            None if self.is_over => Ok(None),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(value) => value.read_with(seed).map_err(A::Error::custom),
            None => self.map.next_value_seed(seed),
        }
    }
}

/// Reads a list as kubectl prints it, with its keys sorted: after the version come the items, and only then the kind.
fn visit_sorted_list<'de, A: MapAccess<'de>>(
    first: Option<&Text>,
    mut map: A,
    contents: &mut Contents,
) -> Result<(), A::Error> {
    let later = || A::Error::custom("the kind comes later");
    if first.is_none_or(|key| key != "items") {
        return Err(later());
    }
    map.next_value_seed(Items { contents })?;
    let mut keys: FxHashSet<Text> = ["apiVersion", "items"].into_iter().map(Text::from).collect();
    let mut is_list = false;
    while let Some(Key(key)) = map.next_key::<Key>()? {
        if key == "kind" {
            is_list = map.next_value::<Text>()? == "List";
        } else {
            drop(map.next_value::<Json>()?);
        }
        if !keys.insert(key) {
            return Err(A::Error::custom("a key is repeated"));
        }
    }
    if is_list { Ok(()) } else { Err(later()) }
}

/// Reads what is no object of ours: the items of a list into the contents, the rest only to see that no key is repeated.
fn visit_rest<'de, A: MapAccess<'de>>(
    first: Option<Text>,
    mut map: A,
    mut list: Option<&mut Contents>,
) -> Result<(), A::Error> {
    let mut keys: FxHashSet<Text> = ["apiVersion", "kind"].into_iter().map(Text::from).collect();
    let mut next = first;
    while let Some(key) = next {
        match &mut list {
            Some(contents) if key == "items" => map.next_value_seed(Items { contents })?,
            Some(_) | None => drop(map.next_value::<Json>()?),
        }
        if !keys.insert(key) {
            return Err(A::Error::custom("a key is repeated"));
        }
        next = map.next_key()?.map(|Key(key)| key);
    }
    Ok(())
}

struct Items<'c> {
    contents: &'c mut Contents,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Document { contents: &mut *self.contents })?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<Object>> {
        let contents = read_yaml(text).ok()?;
        Some(contents.objects.into_iter().map(|(_, object)| object).collect())
    }

    #[test]
    fn keys_may_come_before_the_kind() {
        let sorted =
            "allowVolumeExpansion: true\nallowedTopologies: []\napiVersion: storage.k8s.io/v1\nkind: StorageClass\n";
        let plain =
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nallowVolumeExpansion: true\nallowedTopologies: []\n";
        let rest = "metadata: {name: gold}\nprovisioner: example.com/disk\n";
        let classes = read(&format!("{sorted}{rest}"));
        assert!(classes.as_ref().is_some_and(|classes| classes.len() == 1));
        assert_eq!(classes, read(&format!("{plain}{rest}")));
        assert_eq!(read(sorted), read(plain), "nothing follows");
        let list = "apiVersion: v1\nitems:\n- {metadata: {name: a}, apiVersion: v1, kind: ConfigMap}\nkind: List\n";
        assert!(read(list).is_some_and(|objects| objects.len() == 1));
        assert!(
            read("metadata: {name: a}\napiVersion: v1\nkind: Endpoints\nsubsets: []\n")
                .is_some_and(|held| held.is_empty())
        );
    }

    #[test]
    fn what_is_repeated_or_has_no_kind_is_left_to_the_second_pass() {
        let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gold}\n";
        assert!(read(&format!("metadata: {{name: a}}\n{class}")).is_none());
        assert!(read(&format!("allowVolumeExpansion: true\n{class}allowVolumeExpansion: true\n")).is_none());
        assert!(read("metadata: {name: a}\napiVersion: v1\n").is_none());
    }
}
