//! What a scenario expects of a cluster, as plain data.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::json::Json;
use crate::model::kind::ObjectKey;
use crate::model::list::Map;
use crate::model::text::Text;
use crate::scenario::step::File;

/// Something that is expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Expectation {
    /// There is an object, and it has these fields.
    Object(ObjectExpectation),
    /// There is no such object.
    Absent {
        /// The object; a `*` stands for any characters of its name.
        absent: ObjectKey,
    },
    /// An event was emitted.
    Event {
        /// The event.
        event: EventExpectation,
    },
    /// A controller wrote a line into its log, where Kubernetes leaves no other trace.
    Log {
        /// The line.
        log: LogExpectation,
    },
    /// `kubectl get` shows this.
    Table(TableExpectation),
    /// Names stand for the addresses of these pods.
    Dns {
        /// The pods behind each name; none where the name is not known.
        dns: Map<Names>,
    },
    /// A file has this text.
    File {
        /// The file.
        file: File,
    },
}

/// Names of pods, or addresses.
pub type Names = Vec<Text>;

/// An object that has certain fields. A map matches where each of its keys does, a list where each of its items
/// matches one of the live items, in order; `null` means that nothing is there, and a `*` in a text stands for any
/// characters.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ObjectExpectation {
    /// The object.
    pub object: ObjectKey,
    /// Its fields: `metadata`, `spec`, `status` and so on, as far as they matter.
    pub fields: Vec<(Text, Json)>,
}

impl ObjectExpectation {
    /// Some fields of an object.
    pub fn new(object: ObjectKey, fields: impl IntoIterator<Item = (Text, Json)>) -> Self {
        Self { object, fields: fields.into_iter().collect() }
    }
}

impl Serialize for ObjectExpectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.fields.len()))?;
        map.serialize_entry("object", &self.object)?;
        for (key, value) in &self.fields {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// An event about an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EventExpectation {
    /// The object that it is about.
    pub object: ObjectKey,
    /// Normal or Warning; any where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<Text>,
    /// Its reason; any where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// Its whole message, in which a `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
    /// A part of its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<Text>,
    /// How often it was emitted; 0 where it must not have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// A line in the log of a controller about an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LogExpectation {
    /// The object that it is about.
    pub object: ObjectKey,
    /// The line without its time, in which a `*` stands for any characters.
    pub message: Text,
}

/// What `kubectl get` is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableQuery {
    /// Kinds such as `pv,pvc`, an object such as `sts/nginx-web`, or `events`.
    pub table: Text,
    /// Labels, as with `-l`: `app=nginx`.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub selector: Text,
    /// Whether the columns of `-o wide` are shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wide: bool,
}

/// A table that is expected. The text has a header and rows; columns may be left out, spaces between them are of no
/// account, and a `*` in a cell stands for any characters.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TableExpectation {
    /// What is asked for.
    #[serde(flatten)]
    pub query: TableQuery,
    /// What is shown; empty where nothing is found.
    pub text: Text,
}
