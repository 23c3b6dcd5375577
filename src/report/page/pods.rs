//! The pods that wait, and for what.

use crate::cluster::Cluster;
use crate::explain::PodExplanation;
use crate::model::claim::ClaimPhase;
use crate::model::pod::Pod;
use crate::report::markup::Markup;
use crate::report::page::summary::pill;
use crate::report::page::tables::head;
use crate::report::page::{scrolling, section as titled};
use crate::report::picture::{Tone, count};

/// How many pods are told of.
const SHOWN: usize = 40;

/// Whether a pod that should run does not.
pub(super) fn waits(pod: &Pod) -> bool {
    !pod.is_terminated() && !pod.is_ready()
}

pub(super) fn section(cluster: &Cluster, main: &mut Markup) {
    let waiting: Vec<&Pod> = cluster.pods().filter(|pod| waits(pod)).collect();
    titled(main, "pods", "Pods that wait", |section| {
        if waiting.is_empty() {
            section.line("p", &[], "No pod waits.");
            return;
        }
        scrolling(section, "Table of pods that wait", |frame| {
            frame.element("table", &[], |table| {
                head(table, &["Pod", "Phase", "Why"]);
                table.element("tbody", &[], |body| {
                    let explained =
                        waiting.iter().take(SHOWN).filter_map(|pod| cluster.explain_pod(&pod.key().to_string()).ok());
                    explained.for_each(|pod| row(&pod, body));
                });
            });
        });
        if let Some(more) = waiting.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            section.line("p", &[("class", &"muted")], format!("{} are not listed.", count(more, "more pod")));
        }
    });
}

fn row(explained: &PodExplanation, body: &mut Markup) {
    let pod = &explained.pod;
    body.element("tr", &[], |row| {
        row.line("th", &[("scope", &"row")], &pod.pod);
        row.element("td", &[("class", &"tight")], |cell| {
            pill(Tone::Waits, &pod.phase, cell);
        });
        row.element("td", &[("class", &"text")], |cell| {
            match (pod.node.as_str(), pod.message.as_str()) {
                ("", "") => cell.line("p", &[], "It can be scheduled."),
                ("", message) => cell.line("p", &[], message),
                (node, _) => cell.line("p", &[], format!("It is on node {node} and not ready.")),
            };
            for claim in explained.claims.iter().filter(|claim| claim.phase != Some(ClaimPhase::Bound)) {
                let text = match &claim.phase {
                    Some(phase) => format!("Claim {} is {phase}: {}.", claim.claim, claim.why),
                    None => format!("Claim {} does not exist.", claim.claim),
                };
                cell.line("p", &[], text);
            }
            let mut warnings = explained.events.iter().filter(|event| event.event_type == "Warning");
            if let Some(event) = warnings.next_back().filter(|event| event.message != pod.message) {
                cell.line("p", &[("class", &"muted")], format!("{}: {}", event.reason, event.message));
            }
        });
    });
}
