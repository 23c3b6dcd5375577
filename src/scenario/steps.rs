//! Steps from the text of a file.

use crate::manifest::{self, Located};
use crate::model::kind::ObjectKey;
use crate::model::text::Text;
use crate::scenario::expectations;
use crate::scenario::faults::FaultStep;
use crate::scenario::names::Period;
use crate::scenario::read::Gathered;
use crate::scenario::step::{Delete, Failing, File, Held, Manifest, Step, StepAction};

/// What every step may have.
const COMMON: [&str; 4] = ["name", "comment", "settle", "refused"];

/// What steps do; each has one of them.
const ACTIONS: [&str; 23] = [
    "apply",
    "create",
    "replace",
    "patch",
    "delete",
    "scale",
    "cordon",
    "uncordon",
    "drain",
    "fail",
    "heal",
    "hold",
    "release",
    "inject",
    "faults",
    "take",
    "featureGates",
    "drivers",
    "advance",
    "write",
    "read",
    "expect",
    "print",
];

pub(super) fn step(at: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Step> {
    let Some(entries) = at.entries() else {
        return gathered.wrong(at, format!("a step is expected, found {}", at.json().kind()));
    };
    let known: Vec<&str> = ACTIONS.into_iter().chain(COMMON).collect();
    gathered.only(at, &known);
    let actions: Vec<_> = entries.into_iter().filter(|(key, _)| ACTIONS.contains(key)).collect();
    let [(verb, value)] = actions.as_slice() else {
        let has_unknown = at.entries().is_some_and(|entries| entries.iter().any(|(key, _)| !known.contains(key)));
        return match actions.as_slice() {
            [] if has_unknown => None,
            [] => gathered.wrong(at, format!("a step does one thing, {}", manifest::hint("", &ACTIONS))),
            many => {
                let verbs: Vec<&str> = many.iter().map(|(verb, _)| *verb).collect();
                gathered.wrong(at, format!("a step does one thing, and this one has {}", verbs.join(" and ")))
            }
        };
    };
    let action = action(verb, value, gathered)?;
    let mut step = Step::new(action);
    step.line = at.line();
    let mut text = |key: &str| at.get(key).map(|value| gathered.take(value.decode::<Text>()).unwrap_or_default());
    step.name = text("name").unwrap_or_default();
    step.comment = text("comment").unwrap_or_default();
    step.refused = text("refused");
    // An action that is chosen by hand is one of many; the others wait for their turn.
    step.settle = !matches!(step.action, StepAction::Take(_));
    if let Some(settle) = at.get("settle") {
        step.settle = gathered.take(settle.decode()).unwrap_or_default();
    }
    Some(step)
}

fn action(verb: &str, value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<StepAction> {
    Some(match verb {
        "apply" => StepAction::Apply(manifests(value, gathered)?),
        "create" => StepAction::Create(manifests(value, gathered)?),
        "replace" => StepAction::Replace(manifests(value, gathered)?),
        "patch" => StepAction::Patch(gathered.take(value.decode())?),
        "delete" => StepAction::Delete(delete(value, gathered)?),
        "scale" => StepAction::Scale(gathered.take(value.decode())?),
        "cordon" => StepAction::Cordon(gathered.take(value.decode())?),
        "uncordon" => StepAction::Uncordon(gathered.take(value.decode())?),
        "drain" => StepAction::Drain(gathered.take(value.decode())?),
        "fail" => StepAction::Fail(failing(value, gathered)?),
        "heal" => StepAction::Heal(healed(value, gathered)?),
        "hold" => StepAction::Hold(held(value, gathered)?),
        "release" => StepAction::Release(held(value, gathered)?),
        "inject" => StepAction::Inject(gathered.take(value.decode())?),
        "faults" => StepAction::Faults(faults(value, gathered)?),
        "take" => StepAction::Take(gathered.take(value.decode())?),
        "featureGates" => StepAction::FeatureGates(gathered.take(value.decode())?),
        "drivers" => StepAction::Drivers(gathered.take(value.decode())?),
        "advance" => StepAction::Advance(gathered.take(value.decode::<Period>())?.0),
        "write" => StepAction::Write(file(value, true, gathered)?),
        "read" => StepAction::Read(file(value, false, gathered)?),
        "expect" => StepAction::Expect(each(value, gathered, expectations::expectation)),
        "print" => StepAction::Print(each(value, gathered, expectations::print)),
        _ => return gathered.wrong(value, "this is no step"),
    })
}

/// Reads the items of a list, or the one value that stands in its place.
fn each<'f, T>(
    value: &Located<'_>,
    gathered: &mut Gathered<'f>,
    read: fn(&Located<'_>, &mut Gathered<'f>) -> Option<T>,
) -> Vec<T> {
    let items = value.items().unwrap_or_else(|| vec![value.clone()]);
    items.iter().filter_map(|item| read(item, gathered)).collect()
}

fn manifests(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Vec<Manifest>> {
    if value.items().is_some_and(|items| items.is_empty()) {
        return gathered.wrong(value, "a file, a text or an object is expected");
    }
    Some(each(value, gathered, manifest))
}

fn manifest(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Manifest> {
    if value.entries().is_some() {
        gathered.problems.extend(value.check_objects());
        return Some(Manifest::Object(value.json()));
    }
    let Some(text) = value.text() else {
        return gathered
            .wrong(value, format!("a file, a text or an object is expected, found {}", value.json().kind()));
    };
    if text.contains('\n') || text.trim_start().starts_with('{') {
        gathered.problems.extend(value.check_text(text));
        return Some(Manifest::Inline(text.into()));
    }
    gathered.file(value, &text.into());
    Some(Manifest::File(text.into()))
}

/// One object or file, several, or a map that says how they are deleted.
fn delete(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Delete> {
    if value.entries().is_some() {
        let delete: Delete = gathered.take(value.decode())?;
        delete.files.iter().for_each(|path| gathered.file(value, path));
        if delete.objects.is_empty() && delete.files.is_empty() {
            return gathered.wrong(value, "objects or files to delete are expected");
        }
        return Some(delete);
    }
    let mut delete = Delete::default();
    for item in value.items().unwrap_or_else(|| vec![value.clone()]) {
        let text: Text = gathered.take(item.decode())?;
        let is_file = [".yaml", ".yml", ".json"].iter().any(|end| text.ends_with(end));
        match text.parse::<ObjectKey>() {
            Ok(key) => delete.objects.push(key),
            Err(_) if is_file => {
                gathered.file(&item, &text);
                delete.files.push(text);
            }
            Err(error) => return gathered.wrong(&item, error.to_string()),
        }
    }
    Some(delete)
}

fn failing(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Failing> {
    let failing: Failing = gathered.take(value.decode())?;
    let given = [&failing.node, &failing.pod, &failing.driver].into_iter().flatten().count();
    if given == 1 { Some(failing) } else { gathered.wrong(value, "a node, a pod or a driver is expected") }
}

/// What works again; a pod that failed stays so, and whoever made it makes another.
fn healed(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Failing> {
    let failing = failing(value, gathered)?;
    if failing.pod.is_some() { gathered.wrong(value, "a pod that failed cannot be healed") } else { Some(failing) }
}

/// One fault or several.
fn faults(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Vec<FaultStep>> {
    let items = value.items().unwrap_or_else(|| vec![value.clone()]);
    let mut faults = Vec::new();
    for item in &items {
        let fault: FaultStep = gathered.take(item.decode())?;
        if fault.count() != 1 {
            return gathered.wrong(
                item,
                "one thing that goes wrong is expected, such as `conflict: true` or `crash: PersistentVolumes`",
            );
        }
        faults.push(fault);
    }
    Some(faults)
}

fn held(value: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Held> {
    let held: Held = gathered.take(value.decode())?;
    let given = [&held.readiness, &held.termination].into_iter().flatten().count();
    if given == 1 { Some(held) } else { gathered.wrong(value, "readiness or termination of a pod is expected") }
}

/// A file that is written, which needs a text, or read.
pub(super) fn file(value: &Located<'_>, written: bool, gathered: &mut Gathered<'_>) -> Option<File> {
    let file: File = gathered.take(value.decode())?;
    let given = [&file.pod, &file.volume, &file.nfs, &file.node].into_iter().flatten().count();
    let rule = match &file {
        _ if given != 1 => "a file is in one of pod, volume, nfs, node",
        File { pod: None, container: Some(_), .. } => "only a pod has containers",
        File { nfs: Some(nfs), .. } if !nfs.contains(":/") => "an export is a server and a path such as 10.0.0.1:/data",
        _ if file.path.is_empty() => "the path of the file is not set",
        _ if written && file.text.is_none() => "the text of the file is not set",
        _ => return Some(file),
    };
    gathered.wrong(value, rule)
}
