//! The containers of a pod or of a template, as `kubectl describe` prints them.

use crate::model::json::Json;
use crate::model::pod::{Container, Pod};
use crate::model::time::Timestamp;
use crate::report::describe::sources::plain;
use crate::report::describe::{NONE, Sheet, moment, none_if_empty};

/// The containers below a heading; those of a pod with what they do, those of a template indented.
pub(super) fn containers(
    sheet: &mut Sheet,
    heading: &str,
    containers: &[Container],
    pod: Option<&Pod>,
    statuses: &Json,
) {
    let (space, indent) = if pod.is_some() { ("", "") } else { ("  ", " ") };
    let none = if containers.is_empty() { " <none>" } else { "" };
    sheet.line(format_args!("{space}{heading}:{none}"));
    for container in containers {
        let is_its = |status: &&Json| status.get("name").and_then(Json::as_str) == Some(container.name.as_str());
        sheet.line(format_args!("  {indent}{}:", container.name));
        describe(sheet, container, statuses.items().iter().find(is_its), pod);
    }
}

fn describe(sheet: &mut Sheet, container: &Container, status: Option<&Json>, pod: Option<&Pod>) {
    if let Some(status) = status {
        sheet.pair("    Container ID", plain(status.get("containerID")));
    }
    sheet.pair("    Image", &container.image);
    if let Some(status) = status {
        sheet.pair("    Image ID", plain(status.get("imageID")));
    }
    ports(sheet, container);
    for (name, words) in [("Command", &container.command), ("Args", &container.args)] {
        if !words.items().is_empty() {
            sheet.line(format_args!("    {name}:"));
        }
        for line in words.items().iter().filter_map(Json::as_str).flat_map(|word| word.split('\n')) {
            sheet.line(format_args!("      {line}"));
        }
    }
    if let Some(status) = status {
        state(sheet, "State", status.get("state"));
        if let Some(last) = status.get("lastState").filter(|last| last.get("terminated").is_some()) {
            state(sheet, "Last State", Some(last));
        }
        sheet.pair("    Ready", if status.get("ready") == Some(&Json::Bool(true)) { "True" } else { "False" });
        sheet.pair("    Restart Count", status.get("restartCount").and_then(Json::as_i64).unwrap_or_default());
    }
    resources(sheet, "    ", &container.resources);
    let probes = [
        ("    Liveness", &container.liveness_probe),
        ("    Readiness", &container.readiness_probe),
        ("    Startup", &container.startup_probe),
    ];
    for (name, probe) in probes.into_iter().filter(|(_, probe)| !matches!(probe, Json::Null)) {
        sheet.pair(name, probe_text(probe));
    }
    environment_from(sheet, &container.env_from);
    environment(sheet, &container.env, pod);
    mounts(sheet, container);
}

fn ports(sheet: &mut Sheet, container: &Container) {
    for (name, key) in [("    Port", "containerPort"), ("    Host Port", "hostPort")] {
        let ports = container.ports.items().iter().map(|port| {
            let protocol = port.get("protocol").and_then(Json::as_str).unwrap_or("TCP");
            let number = port.get(key).and_then(Json::as_i64).unwrap_or_default();
            match port.get("name").and_then(Json::as_str).filter(|name| !name.is_empty()) {
                Some(name) => format!("{number}/{protocol} ({name})"),
                None => format!("{number}/{protocol}"),
            }
        });
        let ports: Vec<String> = ports.collect();
        let several = if ports.len() > 1 { "s" } else { "" };
        sheet.pair(&format!("{name}{several}"), none_if_empty(ports.join(", ")));
    }
}

fn state(sheet: &mut Sheet, name: &str, state: Option<&Json>) {
    let of = |key: &str| state.and_then(|state| state.get(key));
    let time = |value: Option<&Json>| {
        let text = value.and_then(Json::as_str);
        moment(text.and_then(|text| text.parse::<Timestamp>().ok()))
    };
    let name = format!("    {name}");
    if let Some(running) = of("running") {
        sheet.pair(&name, "Running");
        sheet.pair("      Started", time(running.get("startedAt")));
    } else if let Some(ended) = of("terminated") {
        sheet.pair(&name, "Terminated");
        for (title, key) in [("Reason", "reason"), ("Message", "message")] {
            let text = plain(ended.get(key));
            if !text.is_empty() {
                sheet.pair(&format!("      {title}"), text);
            }
        }
        sheet.pair("      Exit Code", ended.get("exitCode").and_then(Json::as_i64).unwrap_or_default());
        if let Some(signal) = ended.get("signal").and_then(Json::as_i64).filter(|signal| *signal > 0) {
            sheet.pair("      Signal", signal);
        }
        sheet.pair("      Started", time(ended.get("startedAt")));
        sheet.pair("      Finished", time(ended.get("finishedAt")));
    } else {
        sheet.pair(&name, "Waiting");
        let reason = plain(of("waiting").and_then(|waiting| waiting.get("reason")));
        if !reason.is_empty() {
            sheet.pair("      Reason", reason);
        }
    }
}

/// Limits and requests, sorted by resource.
pub(super) fn resources(sheet: &mut Sheet, indent: &str, resources: &Json) {
    for (title, key) in [("Limits", "limits"), ("Requests", "requests")] {
        let Some(Json::Map(amounts)) = resources.get(key).filter(|amounts| **amounts != Json::Map(Vec::new())) else {
            continue;
        };
        let mut amounts: Vec<_> = amounts.iter().map(|(name, amount)| (name, plain(Some(amount)))).collect();
        amounts.sort();
        sheet.line(format_args!("{indent}{title}:"));
        for (name, amount) in &amounts {
            sheet.pair(&format!("{indent}  {name}"), amount);
        }
    }
}

fn probe_text(probe: &Json) -> String {
    // Where nothing is said the API server's defaults stand.
    let number = |key: &str, default: i64| probe.get(key).and_then(Json::as_i64).unwrap_or(default);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds", 0),
        number("timeoutSeconds", 1),
        number("periodSeconds", 10),
        number("successThreshold", 1),
        number("failureThreshold", 3),
    );
    let of = |fields: &Json, key: &str| plain(fields.get(key));
    if let Some(exec) = probe.get("exec") {
        let words = exec.get("command").map(Json::items).unwrap_or_default();
        let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
        return format!("exec [{}] {attributes}", words.join(" "));
    }
    if let Some(get) = probe.get("httpGet") {
        let scheme = get.get("scheme").and_then(Json::as_str).unwrap_or("HTTP").to_lowercase();
        let path = get.get("path").and_then(Json::as_str).unwrap_or("/");
        return format!("http-get {scheme}://{}:{}{path} {attributes}", of(get, "host"), of(get, "port"));
    }
    if let Some(socket) = probe.get("tcpSocket") {
        return format!("tcp-socket {}:{} {attributes}", of(socket, "host"), of(socket, "port"));
    }
    if let Some(grpc) = probe.get("grpc") {
        return format!("grpc <pod>:{} {} {attributes}", of(grpc, "port"), of(grpc, "service"));
    }
    format!("unknown {attributes}")
}

fn environment_from(sheet: &mut Sheet, from: &Json) {
    if !from.items().is_empty() {
        sheet.line("    Environment Variables from:");
    }
    for entry in from.items() {
        let of_config = entry.get("configMapRef").map(|fields| ("ConfigMap", fields));
        let of_secret = || entry.get("secretRef").map(|fields| ("Secret", fields));
        let (kind, fields) = of_config.or_else(of_secret).unwrap_or(("", &Json::Null));
        let prefix = plain(entry.get("prefix"));
        let with = if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
        sheet.line(format_args!(
            "      {}\t{kind}{with}\tOptional: {}",
            plain(fields.get("name")),
            is_optional(fields)
        ));
    }
}

fn is_optional(fields: &Json) -> bool {
    fields.get("optional") == Some(&Json::Bool(true))
}

fn environment(sheet: &mut Sheet, variables: &Json, pod: Option<&Pod>) {
    if variables.items().is_empty() {
        return sheet.pair("    Environment", NONE);
    }
    sheet.line("    Environment:");
    for variable in variables.items() {
        let name = format!("      {}", plain(variable.get("name")));
        let Some(from) = variable.get("valueFrom") else {
            let value = plain(variable.get("value"));
            sheet.list(&name, value.split('\n'));
            continue;
        };
        let of = |fields: &Json, key: &str| plain(fields.get(key));
        if let Some(field) = from.get("fieldRef") {
            let path = of(field, "fieldPath");
            let version = field.get("apiVersion").and_then(Json::as_str).unwrap_or("v1");
            let value = pod.and_then(|pod| field_of(pod, &path)).unwrap_or_default();
            sheet.pair(&name, format_args!("{value} ({version}:{path})"));
        } else if let Some(field) = from.get("resourceFieldRef") {
            sheet.pair(&name, format_args!(" ({})", of(field, "resource")));
        } else if let Some(key) = from.get("secretKeyRef") {
            let (secret, optional) = (of(key, "name"), is_optional(key));
            let key = of(key, "key");
            sheet.pair(&name, format_args!("<set to the key '{key}' in secret '{secret}'>\tOptional: {optional}"));
        } else if let Some(key) = from.get("configMapKeyRef") {
            let (map, optional) = (of(key, "name"), is_optional(key));
            let key = of(key, "key");
            sheet.pair(&name, format_args!("<set to the key '{key}' of config map '{map}'>\tOptional: {optional}"));
        }
    }
}

/// What a pod says of itself.
fn field_of(pod: &Pod, path: &str) -> Option<String> {
    let metadata = &pod.metadata;
    let within = |prefix: &str| path.strip_prefix(prefix)?.strip_prefix("['")?.strip_suffix("']");
    let text = match path {
        "metadata.name" => metadata.name.to_string(),
        "metadata.namespace" => metadata.namespace.to_string(),
        "metadata.uid" => metadata.uid.to_string(),
        "spec.nodeName" => pod.spec.node_name.to_string(),
        "spec.serviceAccountName" => plain(Some(&pod.spec.extras.service_account_name)),
        "status.podIP" => pod.status.pod_ip.to_string(),
        "status.hostIP" => plain(Some(&pod.status.host_ip)),
        _ => {
            let label = within("metadata.labels").and_then(|key| metadata.labels.get(key));
            let annotation = || within("metadata.annotations").and_then(|key| metadata.annotations.get(key));
            label.or_else(annotation)?.to_string()
        }
    };
    Some(text)
}

fn mounts(sheet: &mut Sheet, container: &Container) {
    let mut mounts: Vec<_> = container.volume_mounts.iter().collect();
    mounts.sort_by_key(|mount| &mount.mount_path);
    if mounts.is_empty() {
        sheet.pair("    Mounts", NONE);
    } else {
        sheet.line("    Mounts:");
    }
    for mount in mounts {
        let access = if mount.read_only { "ro" } else { "rw" };
        let path =
            if mount.sub_path.is_empty() { String::new() } else { format!(",path={:?}", mount.sub_path.as_str()) };
        sheet.line(format_args!("      {} from {} ({access}{path})", mount.mount_path, mount.name));
    }
    let mut devices: Vec<_> = container.volume_devices.iter().collect();
    devices.sort_by_key(|device| &device.device_path);
    if !devices.is_empty() {
        // kubectl says of devices, too, that there are none where there are no mounts.
        if container.volume_mounts.is_empty() { sheet.pair("    Devices", NONE) } else { sheet.line("    Devices:") }
    }
    for device in devices {
        sheet.line(format_args!("      {} from {}", device.device_path, device.name));
    }
}
