//! Expectations, and what is to be shown, from the text of a file.

use crate::manifest::Located;
use crate::model::json::Json;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::list::Map;
use crate::model::text::Text;
use crate::scenario::expectation::{
    EventExpectation, Expectation, Names, ObjectExpectation, TableExpectation, TableQuery,
};
use crate::scenario::grid::Grid;
use crate::scenario::query::Asked;
use crate::scenario::read::Gathered;
use crate::scenario::step::Print;
use crate::scenario::steps;

/// What tells expectations apart.
const FORMS: [&str; 8] = ["object", "kind", "absent", "event", "log", "table", "dns", "file"];

pub(super) fn expectation(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Expectation> {
    let form = FORMS.into_iter().find(|form| value.get(form).is_some());
    match form {
        Some("object") => {
            let object = gathered.take(value.get("object")?.decode())?;
            fields(value, object, gathered)
        }
        Some("kind") => {
            let object = reference(value, gathered)?;
            fields(value, object, gathered)
        }
        Some("absent") => {
            gathered.only(value, &["absent"]);
            Some(Expectation::Absent { absent: gathered.take(value.get("absent")?.decode())? })
        }
        Some("event") => {
            gathered.only(value, &["event"]);
            let event: EventExpectation = gathered.take(value.get("event")?.decode())?;
            Some(Expectation::Event { event })
        }
        Some("log") => {
            gathered.only(value, &["log"]);
            Some(Expectation::Log { log: gathered.take(value.get("log")?.decode())? })
        }
        Some("table") => table(value, gathered),
        Some("dns") => {
            gathered.only(value, &["dns"]);
            let dns: Map<Names> = gathered.take(value.get("dns")?.decode())?;
            Some(Expectation::Dns { dns })
        }
        Some("file") => {
            gathered.only(value, &["file"]);
            Some(Expectation::File { file: steps::file(&value.get("file")?, false, gathered)? })
        }
        _ => gathered.wrong(value, format!("an expectation has one of {}", FORMS.join(", "))),
    }
}

/// The object of an expectation that is written as a manifest is.
fn reference(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<ObjectKey> {
    let at = value.get("kind")?;
    let text: Text = gathered.take(at.decode())?;
    let Some(kind) = Kind::parse(&text) else {
        return gathered.wrong(&at, format!("the kind {:?} is not known", text.as_str()));
    };
    let metadata = value.get("metadata").unwrap_or_else(|| value.clone());
    let mut text = |key: &str| metadata.get(key).and_then(|value| gathered.take(value.decode::<Text>()));
    let namespace = text("namespace").unwrap_or_default();
    let Some(name) = text("name") else {
        return gathered.wrong(&metadata, "the name of the object is not set");
    };
    Some(if namespace.is_empty() { kind.named(name.as_str()) } else { kind.named(format!("{namespace}/{name}")) })
}

/// The fields of an object, as far as they matter. Those that the kind does not have are found here.
fn fields(value: &Located<'_>, object: ObjectKey, gathered: &mut Gathered<'_>) -> Option<Expectation> {
    gathered.problems.extend(value.unknown_fields(object.kind, &["object", "apiVersion", "kind"]));
    let Json::Map(entries) = value.json() else {
        return None;
    };
    let fields = entries.into_iter().filter(|(key, _)| !["object", "kind", "apiVersion"].contains(&key.as_str()));
    Some(Expectation::Object(ObjectExpectation::new(object, fields)))
}

fn table(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Expectation> {
    gathered.only(value, &["table", "selector", "wide", "text"]);
    let mut text = |key: &str| value.get(key).map_or(Some(Text::default()), |value| gathered.take(value.decode()));
    let (table, selector, text) = (text("table")?, text("selector")?, text("text")?);
    let wide = value.get("wide").map_or(Some(false), |value| gathered.take(value.decode()))?;
    let query = TableQuery { table, selector, wide };
    if let Err(why) = Asked::parse(&query) {
        return gathered.wrong(value, why);
    }
    if let Err(why) = Grid::parse_all(&text) {
        return gathered.wrong(&value.get("text").unwrap_or_else(|| value.clone()), why);
    }
    Some(Expectation::Table(TableExpectation { query, text }))
}

/// Something to show: a table by its kinds, or a map with `table`, `yaml` or `text`.
pub(super) fn print(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Print> {
    let form = ["yaml", "text"].into_iter().find(|form| value.get(form).is_some());
    let query = match form {
        Some("yaml") => {
            gathered.only(value, &["yaml"]);
            return gathered.take(value.get("yaml")?.decode()).map(Print::Yaml);
        }
        Some(_) => {
            gathered.only(value, &["text"]);
            return gathered.take(value.get("text")?.decode()).map(Print::Text);
        }
        None if value.text().is_some() => TableQuery { table: value.text()?.into(), ..TableQuery::default() },
        None => gathered.take(value.decode())?,
    };
    match Asked::parse(&query) {
        Ok(_) => Some(Print::Table(query)),
        Err(why) => gathered.wrong(value, why),
    }
}
