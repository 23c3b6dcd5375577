//! Tables of `kubectl get`.

use crate::cluster::{Cluster, EventRecord};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::selector::{LabelSelector, Predicate};
use crate::model::text::Text;
use crate::report::age::age;
use crate::report::infrastructure;
use crate::report::storage;
use crate::report::table::Table;
use crate::report::workloads;

/// What `kubectl get` is asked for.
///
/// ```
/// use bindery::report::{Query, tables};
/// use bindery::{AccessMode, Cluster, Kind, PersistentVolume};
///
/// let mut cluster = Cluster::default();
/// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.settle()?;
/// let table = &tables(&cluster, &Query::kinds([Kind::PersistentVolume]))[0];
/// let status = table.column("STATUS").unwrap();
/// assert_eq!((table.rows[0][0].as_str(), table.rows[0][status].as_str()), ("pv-1", "Available"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Query {
    /// The kinds, in the order of their tables.
    pub kinds: Vec<Kind>,
    /// The namespace and name of the one object that is asked for.
    pub object: Option<ObjectKey>,
    /// The labels that objects must have.
    pub selector: Option<LabelSelector>,
    /// Whether the columns of `-o wide` are added.
    pub wide: bool,
}

impl Query {
    /// All objects of some kinds, as with `kubectl get pv,pvc`.
    pub fn kinds(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), ..Self::default() }
    }

    /// One object, as with `kubectl get pvc/data`.
    pub fn object(key: ObjectKey) -> Self {
        Self { kinds: vec![key.kind], object: Some(key), ..Self::default() }
    }

    /// Only objects with these labels, as with `-l`.
    #[must_use]
    pub fn selector(mut self, selector: LabelSelector) -> Self {
        self.selector = Some(selector);
        self
    }

    /// With the columns of `-o wide`.
    #[must_use]
    pub fn wide(mut self, wide: bool) -> Self {
        self.wide = wide;
        self
    }

    fn objects(&self, cluster: &Cluster, kind: Kind) -> Vec<Object> {
        let predicate = self.selector.as_ref().and_then(|selector| Predicate::of(Some(selector)).ok());
        let mut objects = match &self.object {
            Some(key) => cluster.get(key).into_iter().collect(),
            None => cluster.objects(kind),
        };
        objects
            .retain(|object| predicate.as_ref().is_none_or(|predicate| predicate.matches(&object.metadata().labels)));
        objects.sort_by_key(Object::key);
        objects
    }
}

/// The tables that a query is answered with, one for each kind that has objects, in the order of their names. Where
/// several kinds are asked for a name has its kind before it; a namespace column appears where objects live in more
/// than one namespace.
pub fn tables(cluster: &Cluster, query: &Query) -> Vec<Table> {
    query.kinds.iter().filter_map(|kind| table_of(cluster, *kind, query)).collect()
}

/// The tables of some kinds as text, as `kubectl get pv,pvc,sc` prints them; `wide` adds the columns of `-o wide`.
pub fn print_tables(cluster: &Cluster, kinds: &[Kind], wide: bool) -> String {
    let tables = tables(cluster, &Query::kinds(kinds.iter().copied()).wide(wide));
    tables.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The events, as `kubectl get events` prints them; `wide` adds who said so, when first, and how often.
pub fn print_events(cluster: &Cluster, wide: bool) -> String {
    let table = events(cluster, None, wide);
    if table.is_empty() { String::new() } else { table.to_string() }
}

/// The events as a table, or those of one object.
pub fn events(cluster: &Cluster, of: Option<&ObjectKey>, wide: bool) -> Table {
    let mut header = vec!["LAST SEEN", "TYPE", "REASON", "OBJECT"];
    header.extend(wide.then_some("SOURCE"));
    header.push("MESSAGE");
    header.extend(wide.then_some(["FIRST SEEN", "COUNT"]).into_iter().flatten());
    let records = cluster.events().into_iter().filter(|record| of.is_none_or(|key| record.event.object == *key));
    Table::new(header, records.map(|record| event_row(cluster, &record, wide)))
}

fn event_row(cluster: &Cluster, record: &EventRecord, wide: bool) -> Vec<String> {
    let since = |time: std::time::Duration| age((cluster.elapsed().saturating_sub(time)).as_secs().cast_signed());
    let event = &record.event;
    let object = format!("{}/{}", event.object.kind.as_str().to_lowercase(), event.object.key.name);
    let mut row = vec![since(record.last), event.event_type.as_str().to_owned(), event.reason.to_owned(), object];
    row.extend(wide.then(|| event.source.as_str().to_owned()));
    row.push(event.message.to_string());
    row.extend(wide.then(|| [since(record.first), record.count.to_string()]).into_iter().flatten());
    row
}

/// The columns of a kind: those of every table, and those that `-o wide` adds.
pub(super) type Columns = (&'static [&'static str], &'static [&'static str]);

/// The cells of an object: those of every table, and those that `-o wide` adds.
pub(super) type Cells = (Vec<String>, Vec<String>);

fn table_of(cluster: &Cluster, kind: Kind, query: &Query) -> Option<Table> {
    let objects = query.objects(cluster, kind);
    let first = objects.first()?;
    let namespaced = objects.iter().any(|object| object.metadata().namespace != first.metadata().namespace);
    let (columns, more) = columns(kind);
    let header = namespaced.then_some("NAMESPACE").into_iter().chain(columns.iter().copied());
    let rows = objects.iter().map(|object| {
        let metadata = object.metadata();
        let name = if query.kinds.len() > 1 {
            format!("{}/{}", kind.qualified_name(), metadata.name)
        } else {
            metadata.name.to_string()
        };
        let (cells, more) = cells(object, name, age_of(cluster, object));
        let namespace = namespaced.then(|| metadata.namespace.to_string());
        namespace.into_iter().chain(cells).chain(more.into_iter().filter(|_| query.wide)).collect()
    });
    Some(Table::new(header.chain(more.iter().copied().filter(|_| query.wide)), rows))
}

fn columns(kind: Kind) -> Columns {
    let more = || infrastructure::columns(kind).map(|columns| (columns, &[] as &[&str]));
    storage::columns(kind).or_else(|| workloads::columns(kind)).or_else(more).unwrap_or((&["NAME", "AGE"], &[]))
}

fn cells(object: &Object, name: String, age: String) -> Cells {
    match object {
        Object::PersistentVolume(volume) => storage::volume(name, volume, age),
        Object::PersistentVolumeClaim(claim) => storage::claim(name, claim, age),
        Object::StorageClass(class) => (storage::class(name, class, age), Vec::new()),
        Object::VolumeAttributesClass(class) => (vec![name, class.driver_name.to_string(), age], Vec::new()),
        Object::StatefulSet(set) => workloads::stateful_set(name, set, age),
        Object::Deployment(deployment) => workloads::deployment(name, deployment, age),
        Object::ReplicaSet(set) => workloads::replica_set(name, set, age),
        Object::Pod(pod) => workloads::pod(name, pod, age),
        Object::Node(node) => (workloads::node(name, node, age), Vec::new()),
        Object::Service(service) => workloads::service(name, service, age),
        Object::Secret(secret) => {
            let kind = if secret.r#type.is_empty() { Text::from("Opaque") } else { secret.r#type.clone() };
            (vec![name, kind.to_string(), secret.data.len().to_string(), age], Vec::new())
        }
        Object::ConfigMap(map) => (vec![name, (map.data.len() + map.binary_data.len()).to_string(), age], Vec::new()),
        object => {
            let cells = infrastructure::cells(object, name.clone(), age.clone());
            (cells.unwrap_or_else(|| vec![name, age]), Vec::new())
        }
    }
}

fn age_of(cluster: &Cluster, object: &Object) -> String {
    let created = object.metadata().creation_timestamp;
    let created = created.map(|created| age(cluster.time().unix_seconds() - created.unix_seconds()));
    created.unwrap_or_else(|| "<unknown>".to_owned())
}
