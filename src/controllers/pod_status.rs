//! The status of a pod, as its kubelet writes it: waiting, running or stopped, with its containers.

use crate::controllers::obstacle::Obstacle;
use crate::model::json::Json;
use crate::model::pod::{Container, Pod, PodCondition, PodPhase};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// The state of a container: its key in the API, and what is below it.
type State = (&'static str, Json);

/// A pod that waits to start.
pub(super) fn waiting(pod: &Pod, obstacle: Option<&Obstacle>, now: Timestamp) -> Pod {
    let mut new = begun(pod, now);
    let has_sandbox = matches!(obstacle, Some(Obstacle::Container(..)));
    new.set_condition(PodCondition::new("PodReadyToStartContainers", has_sandbox), now);
    let incomplete: Vec<&str> = pod.spec.init_containers.iter().map(|container| container.name.as_str()).collect();
    let mut initialized = PodCondition::new("Initialized", incomplete.is_empty());
    if !incomplete.is_empty() {
        initialized.reason = "ContainersNotInitialized".into();
        initialized.message = format!("containers with incomplete status: [{}]", incomplete.join(" ")).into();
    }
    new.set_condition(initialized, now);
    set_conditions(&mut new, false, now);
    let usual = if incomplete.is_empty() { "ContainerCreating" } else { "PodInitializing" };
    let state = |container: &Container| match obstacle {
        Some(Obstacle::Container(name, why)) if *name == container.name => {
            waiting_for("CreateContainerConfigError", Some(why))
        }
        _ => waiting_for(usual, None),
    };
    let statuses = |containers: &[Container]| {
        Json::List(containers.iter().map(|container| container_status(container, false, state(container))).collect())
    };
    new.status.container_statuses = statuses(&pod.spec.containers);
    if !incomplete.is_empty() {
        new.status.init_container_statuses = statuses(&pod.spec.init_containers);
    }
    new
}

/// A pod that runs and is ready.
pub(super) fn running(pod: &Pod, address: Text, now: Timestamp) -> Pod {
    let mut new = begun(pod, now);
    new.status.phase = PodPhase::Running;
    new.status.pod_ip = address.clone();
    new.status.pod_ips = Json::List(vec![Json::object([("ip", Json::String(address))])]);
    let begun = ["PodReadyToStartContainers", "Initialized"];
    new.set_conditions(begun.map(|condition| PodCondition::new(condition, true)), now);
    if !pod.spec.init_containers.is_empty() {
        let stays = |container: &Container| container.restart_policy.as_str() == Some("Always");
        let state = |container: &Container| {
            if stays(container) { running_since(&time(now)) } else { terminated("Completed", 0, &time(now), now) }
        };
        let statuses = pod.spec.init_containers.iter().map(|init| container_status(init, true, state(init)));
        new.status.init_container_statuses = Json::List(statuses.collect());
    }
    set_ready(&mut new, true, now);
    new
}

/// Makes a pod that runs ready, or not, with its containers.
pub(super) fn set_ready(pod: &mut Pod, ready: bool, now: Timestamp) {
    set_conditions(pod, ready, now);
    let statuses = pod.spec.containers.iter().map(|container| {
        let since = started_at(pod, &container.name).unwrap_or_else(|| time(now));
        container_status(container, ready, running_since(&since))
    });
    pod.status.container_statuses = Json::List(statuses.collect());
}

/// A pod of which nothing runs any more. One that never ran has failed.
pub(super) fn stopped(pod: &Pod, now: Timestamp) -> Pod {
    let ran = pod.status.phase == PodPhase::Running;
    ended(pod, if ran { PodPhase::Succeeded } else { PodPhase::Failed }, now)
}

/// A pod that its kubelet has stopped for a reason.
pub(super) fn failed(pod: &Pod, reason: &str, message: &str, now: Timestamp) -> Pod {
    let mut new = ended(pod, PodPhase::Failed, now);
    new.status.reason = reason.into();
    new.status.message = message.into();
    new
}

/// A pod that its kubelet does not take up. What kubelets say of pods that they have is not said of it.
pub(super) fn rejected(pod: &Pod, reason: &str, why: &str, now: Timestamp) -> Pod {
    const OF_KUBELETS: [&str; 5] =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let mut new = pod.clone();
    new.status.phase = PodPhase::Failed;
    new.status.reason = reason.into();
    new.status.message = format!("Pod was rejected: {why}").into();
    new.status.start_time = Some(now);
    let conditions = pod.status.conditions.iter().filter(|held| !OF_KUBELETS.contains(&held.r#type.as_str()));
    new.status.conditions = conditions.cloned().collect::<Vec<_>>().into();
    new
}

fn ended(pod: &Pod, phase: PodPhase, now: Timestamp) -> Pod {
    let mut new = pod.clone();
    let ran = pod.status.phase == PodPhase::Running;
    let why = if phase == PodPhase::Succeeded { "PodCompleted" } else { "PodFailed" };
    new.status.phase = phase;
    for condition in ["Ready", "ContainersReady"] {
        let condition = PodCondition { reason: why.into(), ..PodCondition::new(condition, false) };
        new.set_condition(condition, now);
    }
    let statuses = pod.spec.containers.iter().map(|container| {
        let (reason, code) = if ran { ("Completed", 0) } else { ("ContainerStatusUnknown", 137) };
        let since = started_at(pod, &container.name).unwrap_or(Json::Null);
        container_status(container, false, terminated(reason, code, &since, now))
    });
    new.status.container_statuses = Json::List(statuses.collect());
    new
}

/// A pod that its kubelet has taken up.
fn begun(pod: &Pod, now: Timestamp) -> Pod {
    let mut new = pod.clone();
    new.status.start_time = new.status.start_time.or(Some(now));
    if pod.condition("PodScheduled").is_none_or(|condition| condition.status != "True") {
        new.set_condition(PodCondition::new("PodScheduled", true), now);
    }
    new
}

fn set_conditions(pod: &mut Pod, ready: bool, now: Timestamp) {
    let mut containers = PodCondition::new("ContainersReady", ready);
    if !ready {
        let names: Vec<&str> = pod.spec.containers.iter().map(|container| container.name.as_str()).collect();
        containers.reason = "ContainersNotReady".into();
        containers.message = format!("containers with unready status: [{}]", names.join(" ")).into();
    }
    let closed = closed_gates(pod);
    let whole = if ready && !closed.is_empty() {
        let message = closed.join(", ").into();
        PodCondition { reason: "ReadinessGatesNotReady".into(), message, ..PodCondition::new("Ready", false) }
    } else {
        PodCondition { r#type: "Ready".into(), ..containers.clone() }
    };
    pod.set_conditions([whole, containers], now);
}

/// What keeps a pod from being ready although its containers are: a condition that it waits for does not hold.
pub(super) fn closed_gates(pod: &Pod) -> Vec<String> {
    let gates = pod.spec.extras.readiness_gates.items().iter();
    let gates = gates.filter_map(|gate| gate.get("conditionType").and_then(Json::as_str));
    let closed = |gate: &str| match pod.condition(gate) {
        None => Some(format!("corresponding condition of pod readiness gate {gate:?} does not exist.")),
        Some(held) if held.status != "True" => {
            Some(format!("the status of pod readiness gate {gate:?} is not \"True\", but {}", held.status))
        }
        Some(_) => None,
    };
    gates.filter_map(closed).collect()
}

/// Since when a container runs.
fn started_at(pod: &Pod, container: &str) -> Option<Json> {
    let mut statuses = pod.status.container_statuses.items().iter();
    let status = statuses.find(|status| status.get("name").and_then(Json::as_str) == Some(container))?;
    status.get("state")?.get("running")?.get("startedAt").cloned()
}

fn time(time: Timestamp) -> Json {
    Json::String(time.to_string().into())
}

fn waiting_for(reason: &str, message: Option<&String>) -> State {
    let reason = [("reason".into(), Json::String(reason.into()))];
    let message = message.map(|message| ("message".into(), Json::String(message.as_str().into())));
    ("waiting", Json::Map(message.into_iter().chain(reason).collect()))
}

fn running_since(since: &Json) -> State {
    ("running", Json::object([("startedAt", since.clone())]))
}

fn terminated(reason: &str, code: i32, since: &Json, now: Timestamp) -> State {
    let state = Json::object([
        ("exitCode", Json::Number(code.to_string().into())),
        ("finishedAt", time(now)),
        ("reason", Json::String(reason.into())),
        ("startedAt", since.clone()),
    ]);
    ("terminated", state)
}

fn container_status(container: &Container, ready: bool, (state, details): State) -> Json {
    Json::object([
        ("image", Json::String(container.image.clone())),
        ("imageID", Json::String(Text::default())),
        ("lastState", Json::Map(Vec::new())),
        ("name", Json::String(container.name.clone())),
        ("ready", Json::Bool(ready)),
        ("restartCount", Json::Number("0".into())),
        ("started", Json::Bool(state == "running")),
        ("state", Json::object([(state, details)])),
    ])
}
