//! `bindery get` and `bindery describe`: objects as kubectl prints them.

use bindery::report::{Format, Query, describe_all, events, print_objects, tables};
use bindery::{Cluster, Kind, ObjectKey};

use crate::Failure;
use crate::args::{Describe, Get, Output};
use crate::load::{load, settle};
use crate::output::{complain, show};

/// What `all` means here: what has to do with storage.
const ALL: [Kind; 8] = [
    Kind::StatefulSet,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::Pod,
    Kind::PersistentVolume,
    Kind::PersistentVolumeClaim,
    Kind::StorageClass,
    Kind::Node,
];

/// What a user asks for.
enum Asked {
    Kinds(Vec<Kind>),
    One(ObjectKey),
    Events,
}

fn asked(what: &str) -> Result<Asked, Failure> {
    if what == "all" {
        return Ok(Asked::Kinds(ALL.to_vec()));
    }
    if ["events", "event", "ev"].contains(&what) {
        return Ok(Asked::Events);
    }
    if what.contains('/') {
        let key: Result<ObjectKey, _> = what.parse();
        return key.map(Asked::One).map_err(|error| Failure::Input(format!("error: {error}")));
    }
    let known = |name: &str| {
        let kind = Kind::parse(name);
        kind.ok_or_else(|| Failure::Input(format!("error: the server doesn't have a resource type {name:?}")))
    };
    what.split(',').map(known).collect::<Result<_, _>>().map(Asked::Kinds)
}

/// The one object that is asked for, with its namespace.
fn find(cluster: &Cluster, mut key: ObjectKey) -> Result<ObjectKey, Failure> {
    if key.kind.is_namespaced() && key.key.namespace.is_empty() {
        key.key.namespace = cluster.config().namespace.clone();
    }
    if cluster.get(&key).is_none() {
        let resource = match key.kind.group() {
            "" => key.kind.resource().to_owned(),
            group => format!("{}.{group}", key.kind.resource()),
        };
        let name = &key.key.name;
        return Err(Failure::Demand(format!("Error from server (NotFound): {resource} \"{name}\" not found")));
    }
    Ok(key)
}

pub(crate) fn get(arguments: &Get) -> Result<(), Failure> {
    let asked = asked(&arguments.what)?;
    let mut cluster = load(&arguments.paths, &arguments.input)?;
    settle(&mut cluster, &arguments.drivers)?;
    if let Some(duration) = arguments.advance {
        cluster.advance(duration).map_err(|error| Failure::Demand(error.to_string()))?;
    }
    let wide = matches!(arguments.output, Output::Wide);
    let query = match asked {
        Asked::Kinds(kinds) => Query::kinds(kinds),
        Asked::One(key) => Query::object(find(&cluster, key)?),
        Asked::Events => {
            show!("{}", events(&cluster, None, wide));
            return Ok(());
        }
    };
    let objects = |format| match &query.object {
        Some(key) => cluster.get(key).map_or_else(String::new, |object| match format {
            Format::Yaml => bindery::to_yaml(&object),
            Format::Json => bindery::to_json(&object),
        }),
        None => print_objects(&cluster, &query.kinds, format),
    };
    match arguments.output {
        Output::Yaml => show!("{}", objects(Format::Yaml)),
        Output::Json => show!("{}", objects(Format::Json)),
        Output::Table | Output::Wide => {
            let tables = tables(&cluster, &query.clone().wide(wide));
            if tables.is_empty() {
                complain!("No resources found");
            }
            show!("{}", tables.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(())
}

pub(crate) fn describe(arguments: &Describe) -> Result<(), Failure> {
    let asked = asked(&arguments.what)?;
    let mut cluster = load(&arguments.paths, &arguments.input)?;
    settle(&mut cluster, &arguments.drivers)?;
    let described = match asked {
        Asked::Kinds(kinds) => {
            let parts: Vec<String> = kinds.into_iter().map(|kind| describe_all(&cluster, kind, None)).collect();
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
        }
        Asked::One(key) => {
            let key = find(&cluster, key)?;
            describe_all(&cluster, key.kind, Some(&key.key))
        }
        Asked::Events => String::new(),
    };
    if described.is_empty() {
        return Err(Failure::Input("error: only volumes, claims, classes, pods, StatefulSets, Deployments, ReplicaSets and nodes are described".to_owned()));
    }
    show!("{described}");
    Ok(())
}
