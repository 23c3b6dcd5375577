//! What a table is asked for, as `kubectl get` understands it.

use crate::cluster::Cluster;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::list::StringMap;
use crate::model::selector::LabelSelector;
use crate::report::{Query, Table, events, tables};
use crate::scenario::expectation::TableQuery;
use crate::scenario::pattern;

/// A question that can be answered.
pub(super) enum Asked {
    Objects(Query),
    Events { wide: bool },
}

impl Asked {
    /// Reads `pv,pvc`, `sts/nginx-web` or `events`, and a selector such as `app=nginx`.
    pub(super) fn parse(query: &TableQuery) -> Result<Self, String> {
        let text = query.table.trim();
        if ["events", "event", "ev"].contains(&text) {
            return Ok(Self::Events { wide: query.wide });
        }
        let asked = if text.contains('/') {
            Query::object(text.parse::<ObjectKey>().map_err(|error| error.to_string())?)
        } else {
            let kind = |name: &str| Kind::parse(name).ok_or_else(|| format!("the kind {name:?} is not known"));
            Query::kinds(text.split(',').map(|name| kind(name.trim())).collect::<Result<Vec<_>, _>>()?)
        };
        let asked = asked.wide(query.wide);
        if query.selector.is_empty() {
            return Ok(Self::Objects(asked));
        }
        let label = |pair: &str| match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok((key.trim().to_owned(), value.trim_start_matches('=').trim().to_owned()))
            }
            _ => Err(format!("{pair:?} is no label such as app=nginx")),
        };
        let labels: StringMap =
            query.selector.split(',').map(label).collect::<Result<Vec<_>, _>>()?.into_iter().collect();
        Ok(Self::Objects(asked.selector(LabelSelector::matching(labels))))
    }

    /// The tables of the answer; those without rows are left out.
    pub(super) fn answer(mut self, cluster: &Cluster) -> Vec<Table> {
        match &mut self {
            Self::Events { wide } => {
                Some(events(cluster, None, *wide)).filter(|table| !table.is_empty()).into_iter().collect()
            }
            Self::Objects(query) => {
                query.object = query.object.take().map(|key| full(cluster, &key));
                tables(cluster, query)
            }
        }
    }
}

/// A key with the namespace of the cluster where it has none and needs one.
pub(super) fn full(cluster: &Cluster, key: &ObjectKey) -> ObjectKey {
    let mut key = key.clone();
    if key.kind.is_namespaced() && key.key.namespace.is_empty() {
        key.key.namespace = cluster.config().namespace.clone();
    }
    key
}

/// The objects that a key stands for, in which a `*` stands for any characters of a name; nothing where none is there.
pub(super) fn matching(cluster: &Cluster, key: &ObjectKey) -> Vec<ObjectKey> {
    let key = full(cluster, key);
    if !key.key.name.contains('*') {
        return cluster.get(&key).map(|_| key).into_iter().collect();
    }
    let keys = cluster.objects(key.kind).into_iter().map(|object| object.reference());
    let is_meant = |found: &ObjectKey| {
        found.key.namespace == key.key.namespace && pattern::matches(&key.key.name, &found.key.name)
    };
    keys.filter(is_meant).collect()
}
