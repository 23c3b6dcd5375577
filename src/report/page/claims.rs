//! Why claims do not bind, and what would make them: claims that wait for the same reason are told of once.

use crate::cluster::Cluster;
use crate::explain::{Candidates, Edit, Explanation, Step, thousands};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::report::markup::{Attribute, Markup};
use crate::report::page::section as titled;
use crate::report::page::summary::pill;
use crate::report::picture::{Tone, claim_tone, count};

/// How many claims are explained, and for how many groups of them edits are looked for and everything is told.
const EXPLAINED: usize = 200;
const GROUPS: usize = 24;
/// How many of them are unfolded.
const OPEN: usize = 4;
/// How many claims of a group are named.
const NAMED: usize = 12;
/// How many volumes that nearly fit are named.
const NEAREST: usize = 3;

/// Claims that are explained alike: the first one, and the others.
struct Group {
    first: Explanation,
    others: Vec<String>,
}

pub(super) fn section(cluster: &Cluster, main: &mut Markup) {
    let troubled =
        |claim: &&PersistentVolumeClaim| claim.status.phase != ClaimPhase::Bound || claim.metadata.is_deleting();
    let mut claims: Vec<&PersistentVolumeClaim> = cluster.claims().filter(troubled).collect();
    // What is lost comes first; otherwise the order of their creation stays.
    claims.sort_by_key(|claim| claim_tone(&claim.status.phase));
    titled(main, "claims", "Claims that do not bind", |section| {
        if claims.is_empty() {
            section.line("p", &[], "Every claim is Bound.");
            return;
        }
        let explained = claims.iter().take(EXPLAINED).map(|claim| claim.key().to_string());
        let groups = groups(explained.filter_map(|name| cluster.explain_briefly(&name).ok()));
        for (place, group) in groups.iter().take(GROUPS).enumerate() {
            let full = cluster.explain(&group.first.claim.to_string());
            article(full.as_ref().unwrap_or(&group.first), &group.others, place < OPEN, section);
        }
        let told: usize = groups.iter().take(GROUPS).map(|group| 1 + group.others.len()).sum();
        if claims.len() > told {
            let rest = claims.len() - told;
            let text = format!("{} are not explained here; bindery explain tells of each.", count(rest, "more claim"));
            section.line("p", &[("class", &"muted")], text);
        }
    });
}

fn groups(explanations: impl Iterator<Item = Explanation>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for explanation in explanations {
        let alike = |group: &&mut Group| {
            let first = &group.first;
            (&first.phase, &first.state, &first.asks, &first.volumes, &first.hints)
                == (&explanation.phase, &explanation.state, &explanation.asks, &explanation.volumes, &explanation.hints)
                && first.claim.namespace == explanation.claim.namespace
                && first.terminating == explanation.terminating
                && first.pods.len() == explanation.pods.len()
                && first.history.is_empty()
                && explanation.history.is_empty()
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.others.push(explanation.claim.name.to_string()),
            None => groups.push(Group { first: explanation, others: Vec::new() }),
        }
    }
    groups
}

fn article(explanation: &Explanation, others: &[String], open: bool, section: &mut Markup) {
    let attributes: &[Attribute<'_>] = if open { &[("open", &"open")] } else { &[] };
    section.element("article", &[], |article| {
        article.element("details", attributes, |details| {
            details.element("summary", &[], |summary| heading(explanation, others, summary));
            body(explanation, others, details);
        });
    });
}

fn heading(explanation: &Explanation, others: &[String], summary: &mut Markup) {
    summary.element("h3", &[], |heading| {
        heading.line("span", &[], &explanation.claim).write(" ");
        pill(claim_tone(&explanation.phase), explanation.phase.as_str(), heading);
        if explanation.terminating.is_some() {
            pill(Tone::Left, "Terminating", heading);
        }
        if !others.is_empty() {
            heading.line("span", &[("class", &"muted")], format!("and {} more", thousands(others.len())));
        }
    });
    summary.line("p", &[("class", &"why")], sentence(&explanation.state.to_string()));
}

fn body(explanation: &Explanation, others: &[String], article: &mut Markup) {
    article.line("p", &[], format!("It asks for {}.", explanation.asks));
    if let Some(terminating) = &explanation.terminating {
        let finalizers: Vec<&str> = terminating.finalizers.iter().map(AsRef::as_ref).collect();
        let hold = if finalizers.len() == 1 { "holds" } else { "hold" };
        article.line("p", &[], format!("Its deletion was asked for; {} {hold} it.", finalizers.join(", ")));
        if !terminating.pods.is_empty() {
            let pods: Vec<&str> = terminating.pods.iter().map(AsRef::as_ref).collect();
            article.line("p", &[], format!("It is used by {}.", pods.join(", ")));
        }
    }
    if !others.is_empty() {
        alike(others, article);
    }
    if let Some(volumes) = &explanation.volumes {
        candidates(volumes, article);
    }
    for pod in &explanation.pods {
        article.line("p", &[("class", &"nodes")], pod.to_string().trim_end());
    }
    if !explanation.edits.is_empty() {
        article.line("h4", &[], "What would make it bind, tried in a copy of the cluster");
        article.element("ol", &[], |list| explanation.edits.iter().for_each(|tried| edit(tried, list)));
    }
    list("What else to know", explanation.hints.iter().map(ToString::to_string), article);
    list("What happened", explanation.history.iter().map(ToString::to_string), article);
    let events = explanation.events.iter().map(|event| {
        let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
        format!("{} {}{times}: {}", event.event_type, event.reason, event.message)
    });
    list("Events", events, article);
}

fn alike(others: &[String], article: &mut Markup) {
    let names: Vec<&str> = others.iter().take(NAMED).map(String::as_str).collect();
    let more = others.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {} more", thousands(more)) } else { String::new() };
    let verb = if others.len() == 1 { "waits" } else { "wait" };
    let what = count(others.len(), "more claim");
    article.line("p", &[], format!("{what} of this namespace {verb} for the same reason: {}{more}.", names.join(", ")));
}

fn candidates(volumes: &Candidates, article: &mut Markup) {
    let heading = match (volumes.count, volumes.fitting) {
        (0, _) => "There are no volumes".to_owned(),
        (1, 0) => "There is 1 volume, which does not fit".to_owned(),
        (all, 0) => format!("Of {}, none fits", count(all, "volume")),
        (all, 1) => format!("Of {}, 1 fits", count(all, "volume")),
        (all, fitting) => format!("Of {}, {} fit", count(all, "volume"), thousands(fitting)),
    };
    article.line("h4", &[], heading);
    list("", volumes.groups.iter().map(ToString::to_string), article);
    let near: Vec<_> = volumes.nearest.iter().filter(|volume| !volume.mismatches.is_empty()).take(NEAREST).collect();
    if near.len() > 1 || near.iter().any(|volume| volume.mismatches.len() > 1) {
        list("The nearest", near.iter().map(ToString::to_string), article);
    }
}

fn edit(tried: &Edit, list: &mut Markup) {
    list.element("li", &[], |item| {
        item.line("p", &[], tried.headline());
        tried.steps.iter().for_each(|step| commands(step, item));
        for caution in &tried.cautions {
            item.line("p", &[], caution);
        }
        if !tried.displaced.is_empty() {
            let names: Vec<String> = tried.displaced.iter().map(ToString::to_string).collect();
            item.line("p", &[], format!("Not bound any more then: {}.", names.join(", ")));
        }
    });
}

/// What does a step, to be copied: a click selects all of it. What is long is folded.
fn commands(step: &Step, item: &mut Markup) {
    let block = |markup: &mut Markup| {
        markup.element("pre", &[("class", &"command"), ("tabindex", &"0")], |block| {
            block.line("code", &[], step.script());
        });
    };
    match step {
        Step::Recreate { .. } => {
            item.element("details", &[], |details| {
                details.element("summary", &[], |summary| {
                    summary.line("code", &[], step);
                });
                block(details);
            });
        }
        _ => block(item),
    }
}

/// A list below a heading, if there is anything in it.
fn list(heading: &str, lines: impl Iterator<Item = String>, article: &mut Markup) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    if !heading.is_empty() {
        article.line("h4", &[], heading);
    }
    article.element("ul", &[], |list| {
        for line in lines {
            list.line("li", &[], line);
        }
    });
}

/// A text as a sentence, from a large letter to a full stop. What begins with a name stays as it is.
fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let named = !word.chars().all(|letter| letter.is_ascii_lowercase() || letter == ',');
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    if named { format!("{text}{end}") } else { format!("{first}{}{end}", letters.as_str()) }
}
