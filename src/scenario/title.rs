//! What a step is called where it has no name of its own.

use crate::backend::Driver;
use crate::model::duration;
use crate::model::kind::Object;
use crate::scenario::expectation::{Expectation, TableQuery};
use crate::scenario::faults::FaultStep;
use crate::scenario::perform::{Files, objects};
use crate::scenario::step::{Failing, File, Held, InjectedError, Manifest, Print, StepAction};

pub(super) fn title(action: &StepAction, files: &Files) -> String {
    match action {
        StepAction::Apply(manifests) => format!("apply {}", names(manifests, files)),
        StepAction::Create(manifests) => format!("create {}", names(manifests, files)),
        StepAction::Replace(manifests) => format!("replace {}", names(manifests, files)),
        StepAction::Patch(patch) => format!("patch {}", patch.object.short()),
        StepAction::Delete(delete) => {
            let objects = delete.objects.iter().map(crate::model::kind::ObjectKey::short);
            format!("delete {}", join(objects.chain(delete.files.iter().map(ToString::to_string))))
        }
        StepAction::Scale(scale) => format!("scale {} to {}", scale.object.short(), scale.replicas),
        StepAction::Cordon(node) => format!("cordon {node}"),
        StepAction::Uncordon(node) => format!("uncordon {node}"),
        StepAction::Drain(node) => format!("drain {node}"),
        StepAction::Fail(failing) => format!("fail {}", what_fails(failing)),
        StepAction::Heal(failing) => format!("heal {}", what_fails(failing)),
        StepAction::Hold(held) => format!("hold {}", what_is_held(held)),
        StepAction::Release(held) => format!("release {}", what_is_held(held)),
        StepAction::Inject(injected) => {
            let error = match injected.error {
                InjectedError::Conflict => "a conflict",
                InjectedError::AlreadyExists => "\"already exists\"",
                InjectedError::ServerError => "an error of the server",
            };
            format!("inject {error} into the next {} of a {}", injected.verb.as_str(), injected.kind)
        }
        StepAction::Faults(faults) => format!("plan {}", join(faults.iter().map(FaultStep::title))),
        StepAction::Take(text) => text.to_string(),
        StepAction::FeatureGates(gates) => match gates.remove_self_link {
            Some(remove) => format!("set RemoveSelfLink={remove}"),
            None => "set no feature gates".to_owned(),
        },
        StepAction::Drivers(drivers) => {
            format!("install {}", join(drivers.iter().map(|driver| driver.name().to_owned())))
        }
        StepAction::Advance(time) => format!("advance {}", duration::write(*time)),
        StepAction::Write(file) => format!("write {}", place(file)),
        StepAction::Read(file) => format!("read {}", place(file)),
        StepAction::Expect(expectations) => format!("expect {}", join(expectations.iter().map(expected))),
        StepAction::Print(prints) => format!("print {}", join(prints.iter().map(shown))),
    }
}

fn join(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Files by their paths, and what stands in the scenario by the objects.
fn names(manifests: &[Manifest], files: &Files) -> String {
    join(manifests.iter().map(|manifest| match manifest {
        Manifest::File(path) => path.to_string(),
        Manifest::Inline(_) | Manifest::Object(_) => {
            let objects = objects(manifest, files).unwrap_or_default();
            join(objects.iter().map(Object::reference).map(|key| key.short()))
        }
    }))
}

fn what_fails(failing: &Failing) -> String {
    let named = [("node", &failing.node), ("pod", &failing.pod), ("driver", &failing.driver)];
    join(named.iter().filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}"))))
}

fn what_is_held(held: &Held) -> String {
    let named = [("readiness", &held.readiness), ("termination", &held.termination)];
    join(named.iter().filter_map(|(what, pod)| pod.as_ref().map(|pod| format!("the {what} of {pod}"))))
}

fn place(file: &File) -> String {
    format!("{}:{}", file.place(), file.path)
}

fn asked(query: &TableQuery) -> String {
    let wide = if query.wide { " -o wide" } else { "" };
    let selector = if query.selector.is_empty() { String::new() } else { format!(" -l {}", query.selector) };
    format!("{}{selector}{wide}", query.table)
}

fn expected(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Object(expected) => expected.object.short(),
        Expectation::Absent { absent } => format!("no {}", absent.short()),
        Expectation::Event { event } => {
            let reason = event.reason.as_deref().unwrap_or("an event");
            format!("{reason} of {}", event.object.short())
        }
        Expectation::Log { log } => format!("log about {}", log.object.short()),
        Expectation::Table(table) => format!("table of {}", asked(&table.query)),
        Expectation::Dns { dns } => join(dns.keys().map(ToString::to_string)),
        Expectation::File { file } => place(file),
    }
}

fn shown(print: &Print) -> String {
    match print {
        Print::Table(query) => asked(query),
        Print::Yaml(key) => key.short(),
        Print::Text(_) => "a remark".to_owned(),
    }
}
