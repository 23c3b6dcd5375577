//! Carrying out what a step does.
//!
//! Answers with what kubectl would say, or with the words in which the API server refuses.

use std::collections::BTreeMap;

use crate::api::ApiError;
use crate::backend::Driver;
use crate::cluster::Cluster;
use crate::manifest::{self, Problem, Reader, Strictness, to_json};
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::text::Text;
use crate::scenario::faults::FaultStep;
use crate::scenario::query::{full, matching};
use crate::scenario::step::{Delete, Manifest, StepAction};
use crate::scenario::{storage, trouble};
use crate::store::{DeleteOptions, Propagation};

/// What kubectl says, or why the step was refused.
pub(super) type Said = Result<Vec<String>, String>;

/// Nothing is said of what was done.
const NOTHING: Said = Ok(Vec::new());

/// What kubectl says of a number of replicas below zero.
const NEGATIVE_SCALE: &str = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";

/// The texts of the files that a scenario names.
pub(super) type Files = BTreeMap<Text, Text>;

/// What a scenario runs in.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) cluster: Cluster,
    /// The drivers that fail, as they were before.
    pub(super) failing: BTreeMap<Text, Box<dyn Driver>>,
}

/// Does what a step says. Expectations and tables are not its business.
pub(super) fn perform(world: &mut World, action: &StepAction, files: &Files) -> Said {
    let cluster = &mut world.cluster;
    match action {
        StepAction::Apply(manifests) => all(manifests, |manifest| apply(cluster, manifest, files)),
        StepAction::Create(manifests) => all(manifests, |manifest| {
            all(&objects(manifest, files)?, |object| {
                let accepted = cluster.create(object.clone()).map_err(refused)?;
                Ok(warned(&accepted.warnings, format!("{} created", named(&object.reference()))))
            })
        }),
        StepAction::Replace(manifests) => all(manifests, |manifest| {
            all(&objects(manifest, files)?, |object| {
                let accepted = cluster.replace(&object.reference(), object.clone()).map_err(refused)?;
                Ok(warned(&accepted.warnings, format!("{} replaced", named(&object.reference()))))
            })
        }),
        StepAction::Patch(patch) => {
            let accepted = cluster.patch(&patch.object, &patch.merge).map_err(refused)?;
            Ok(warned(&accepted.warnings, format!("{} patched", named(&patch.object))))
        }
        StepAction::Delete(deletion) => delete(cluster, deletion, files),
        // It does not come to the API server.
        StepAction::Scale(scale) if scale.replicas < 0 => Err(NEGATIVE_SCALE.to_owned()),
        StepAction::Scale(scale) => {
            let replicas = Json::Number(scale.replicas.to_string().into());
            cluster.patch(&scale.object, &spec("replicas", replicas)).map_err(refused)?;
            Ok(vec![format!("{} scaled", named(&scale.object))])
        }
        StepAction::Cordon(node) => cordon(cluster, node, true),
        StepAction::Uncordon(node) => cordon(cluster, node, false),
        StepAction::Drain(node) => drain(cluster, node),
        StepAction::Fail(failing) => trouble::fail(world, failing),
        StepAction::Heal(failing) => trouble::heal(world, failing),
        StepAction::Hold(held) => {
            trouble::holds(held).for_each(|(pod, hold)| cluster.hold(pod, hold));
            NOTHING
        }
        StepAction::Release(held) => {
            trouble::holds(held).for_each(|(pod, hold)| cluster.release(pod, hold));
            NOTHING
        }
        StepAction::Inject(injected) => {
            cluster.inject(trouble::fault(injected));
            NOTHING
        }
        StepAction::Faults(faults) => {
            cluster.plan_faults(faults.iter().cloned().map(FaultStep::fault));
            NOTHING
        }
        StepAction::Take(text) => match cluster.action(text) {
            Some(action) if cluster.take(&action) => NOTHING,
            Some(_) | None => Err(not_possible(cluster, text)),
        },
        StepAction::FeatureGates(gates) => {
            gates.set(cluster);
            NOTHING
        }
        StepAction::Drivers(drivers) => {
            for driver in drivers {
                cluster.set_driver(driver.clone().into());
            }
            NOTHING
        }
        StepAction::Advance(duration) => {
            cluster.advance(*duration).map_err(|error| error.to_string())?;
            NOTHING
        }
        StepAction::Write(file) => storage::write(cluster, file),
        StepAction::Read(_) | StepAction::Expect(_) | StepAction::Print(_) => NOTHING,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "this is what `map_err` passes")]
pub(super) fn refused(error: ApiError) -> String {
    error.to_string()
}

/// Does something with each, and gathers what is said.
fn all<T>(items: &[T], mut each: impl FnMut(&T) -> Said) -> Said {
    let said: Vec<Vec<String>> = items.iter().map(&mut each).collect::<Result<_, _>>()?;
    Ok(said.concat())
}

fn warned(warnings: &[String], said: String) -> Vec<String> {
    warnings.iter().map(|warning| format!("Warning: {warning}")).chain([said]).collect()
}

/// An object as kubectl names it: `statefulset.apps/nginx-web`.
fn named(key: &ObjectKey) -> String {
    format!("{}/{}", key.kind.qualified_name(), key.key.name)
}

/// The name and the text of a manifest.
fn text_of(manifest: &Manifest, files: &Files) -> (Text, Text) {
    match manifest {
        Manifest::File(path) => (path.clone(), files.get(path).cloned().unwrap_or_default()),
        Manifest::Inline(text) => (Text::default(), text.clone()),
        Manifest::Object(json) => (Text::default(), to_json(json).into()),
    }
}

fn apply(cluster: &mut Cluster, manifest: &Manifest, files: &Files) -> Said {
    let (name, text) = text_of(manifest, files);
    let applied = cluster.apply(&text, &Reader::new().source(name)).map_err(|error| {
        let lines: Vec<String> = error.problems().iter().map(sentence).collect();
        lines.join("\n")
    })?;
    let objects = applied.objects.iter().map(|(key, outcome)| format!("{} {}", named(key), outcome.as_str()));
    let passed = applied.passed_over.iter().map(|(kind, count)| format!("passed over {count} {kind}"));
    let let_pass = applied.let_pass.iter().map(ToString::to_string);
    let warnings = let_pass.chain(applied.warnings.iter().cloned()).map(|warning| format!("Warning: {warning}"));
    Ok(warnings.chain(objects).chain(passed).collect())
}

/// A problem with its place in a file. The line of a text inside of a scenario would say nothing.
fn sentence(problem: &Problem) -> String {
    if problem.source.is_empty() { problem.message() } else { problem.to_string() }
}

/// The objects of a manifest, strictly read.
pub(super) fn objects(manifest: &Manifest, files: &Files) -> Result<Vec<Object>, String> {
    let (name, text) = text_of(manifest, files);
    let read = Reader::new().source(name).strictness(Strictness::Strict).read(&text);
    let documents = read.map_err(|error| error.to_string())?.documents;
    Ok(documents.into_iter().map(|document| document.object).collect())
}

fn delete(cluster: &mut Cluster, deletion: &Delete, files: &Files) -> Said {
    let mut keys = deletion.objects.clone();
    for path in &deletion.files {
        keys.extend(objects(&Manifest::File(path.clone()), files)?.iter().map(Object::reference));
    }
    let options = DeleteOptions {
        // As kubectl, which always says so.
        propagation: Some(deletion.propagation.unwrap_or(Propagation::Background)),
        grace_period_seconds: deletion.grace_period_seconds,
        ..DeleteOptions::default()
    };
    let expand = |key: &ObjectKey| match matching(cluster, key) {
        found if found.is_empty() => vec![full(cluster, key)],
        found => found,
    };
    let keys: Vec<ObjectKey> = keys.iter().flat_map(expand).collect();
    all(&keys, |key| {
        cluster.delete_with(key, &options).map_err(refused)?;
        let from =
            if key.kind.is_namespaced() { format!(" from {} namespace", key.key.namespace) } else { String::new() };
        Ok(vec![format!("{} \"{}\" deleted{from}", key.kind.qualified_name(), key.key.name)])
    })
}

/// That an action cannot be taken now, and what can.
fn not_possible(cluster: &Cluster, text: &str) -> String {
    let possible: Vec<String> = cluster.possible().iter().map(|action| format!("\n  {action}")).collect();
    if possible.is_empty() {
        return format!("{text:?} cannot happen now; everything is quiet");
    }
    format!("{text:?} cannot happen now; what can:{}", possible.concat())
}

fn map(key: &str, value: Json) -> Json {
    Json::Map(vec![(key.into(), value)])
}

fn spec(key: &str, value: Json) -> Json {
    map("spec", map(key, value))
}

fn cordon(cluster: &mut Cluster, node: &Text, cordoned: bool) -> Said {
    let value = if cordoned { Json::Bool(true) } else { Json::Null };
    cluster.patch(&Kind::Node.named(node.as_str()), &spec("unschedulable", value)).map_err(refused)?;
    Ok(vec![format!("node/{node} {}", if cordoned { "cordoned" } else { "uncordoned" })])
}

/// Cordons a node and deletes its pods, as `kubectl drain --force --delete-emptydir-data` does. No budget stands in the
/// way, because none is simulated.
fn drain(cluster: &mut Cluster, node: &Text) -> Said {
    let mut said = cordon(cluster, node, true)?;
    for object in cluster.objects(Kind::Pod) {
        if let Object::Pod(pod) = &object
            && pod.spec.node_name == *node
        {
            cluster.delete(&object.reference()).map_err(refused)?;
            said.push(format!("pod/{} evicted", pod.metadata.name));
        }
    }
    Ok(said)
}

/// An object of the cluster as `kubectl get -o yaml` prints it.
pub(super) fn yaml(cluster: &Cluster, key: &ObjectKey) -> String {
    match cluster.get(&full(cluster, key)) {
        Some(object) => manifest::to_yaml(&object),
        None => format!("there is no {key}\n"),
    }
}
