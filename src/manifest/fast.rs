//! Reading good input in one pass.
//!
//! A document goes straight from the parser into objects. Whatever is out of the ordinary (a repeated key, a kind
//! that comes after the spec, a number whose text is lost, a plain scalar that YAML 1.1 reads differently) makes
//! this pass give up, and the second pass decides. So this one never has to explain anything.

use std::fmt;

use rustc_hash::FxHashSet;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

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
        let first = loop {
            match map.next_key()? {
                Some(Key(key)) if key == "apiVersion" && version.is_none() => version = map.next_value()?,
                Some(Key(key)) if key == "kind" && kind.is_none() => kind = map.next_value()?,
                key => break key.map(|Key(key)| key),
            }
        };
        let Some(version) = version else {
            return Err(A::Error::custom("the version comes later"));
        };
        let Some(kind) = kind else {
            return visit_sorted_list(first.as_ref(), map, self.contents);
        };
        match Kind::find(&version, &kind) {
            Some(kind) => {
                let object = Object::deserialize_rest(kind, first, map)?;
                self.contents.objects.push((self.contents.document, object));
                Ok(())
            }
            None if kind.ends_with("List") => visit_rest(first, map, Some(self.contents)),
            None if Kind::is_built_in(&version) && Kind::ALL.iter().any(|known| kind == known.as_str()) => {
                Err(A::Error::custom("no such version"))
            }
            None => {
                self.contents.passed_over.push(kind);
                visit_rest(first, map, None)
            }
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
