//! Where the volume of a claim shall be reachable.
//!
//! Follows `pkg/controller/topology.go` of `github.com/kubernetes-csi/external-provisioner`. A driver is taken to run on
//! every node that has one of its labels, unless a `CSINode` says otherwise, and to make the volume in the topology that
//! it is offered first.

use std::fmt::Write as _;

use crate::backend::csi::CsiProvisioner;
use crate::backend::driver::ProvisionRequest;
use crate::backend::reply::Failure;
use crate::model::class::TopologySelectorTerm;
use crate::model::fnv::fnv_1;
use crate::model::list::StringMap;
use crate::model::text::Text;

/// Labels of nodes that must all agree; in the order of the keys.
type Term = Vec<(Text, Text)>;

/// The topology that the driver makes the volume in; none where it has no topology.
pub(super) fn choose(driver: &CsiProvisioner, request: &ProvisionRequest<'_>) -> Result<Option<StringMap>, Failure> {
    if driver.topology_keys.is_empty() {
        return Ok(None);
    }
    let allowed = flatten(&request.class().allowed_topologies);
    if let Some(node) = request.selected_node() {
        let selected = selected(driver, request, node)?;
        return delayed(driver, request, node, &selected, allowed).map(|term| Some(StringMap::from_iter(term)));
    }
    let requisite = requisite(driver, request, allowed)?;
    let at = spread(&request.claim().metadata.name) as usize % requisite.len();
    Ok(requisite.into_iter().nth(at).map(StringMap::from_iter))
}

/// The topology of the selected node.
fn selected(driver: &CsiProvisioner, request: &ProvisionRequest<'_>, name: &str) -> Result<Term, Failure> {
    let Some(node) = request.surroundings().node(name) else {
        let cause = format!("csinode.storage.k8s.io {name:?} not found");
        return Err(Failure::reschedule(format!("failed to get selected CSINode {name}: {cause}")));
    };
    let labels = &node.metadata.labels;
    let registered = request.surroundings().csi_node(name).is_none_or(|drivers| {
        drivers.driver(&driver.name).is_some_and(|registered| !registered.topology_keys.is_empty())
    });
    if !registered || driver.topology_keys.iter().all(|key| labels.get(key).is_none()) {
        return Err(broken(&format!("no topology key found for node {name}")));
    }
    topology_of(driver, labels).ok_or_else(|| {
        let labels = go_map(labels.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let keys = driver.topology_keys.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
        broken(&format!(
            "topology labels from selected node {labels} does not match topology keys from CSINode [{keys}]"
        ))
    })
}

/// What the driver is offered first where a node is selected.
fn delayed(
    driver: &CsiProvisioner,
    request: &ProvisionRequest<'_>,
    node: &str,
    selected: &Term,
    allowed: Vec<Term>,
) -> Result<Term, Failure> {
    if driver.strict_topology {
        if allowed.is_empty() || allowed.iter().any(|term| is_subset(term, selected)) {
            return Ok(selected.clone());
        }
        let (selected, allowed) = (go_term(selected), go_terms(&allowed));
        return Err(broken(&format!(
            "selected node '{node:?}' topology '{selected}' is not in allowed topologies: {allowed}"
        )));
    }
    let requisite = requisite(driver, request, allowed)?;
    let found = requisite.iter().find(|term| is_subset(term, selected)).cloned();
    found.ok_or_else(|| {
        let (selected, requisite) = (go_term(selected), go_terms(&requisite));
        broken(&format!("topology {selected} from selected node {node:?} is not in requisite: {requisite}"))
    })
}

/// The topologies that will do: those that the class allows, or all that there are.
fn requisite(
    driver: &CsiProvisioner,
    request: &ProvisionRequest<'_>,
    allowed: Vec<Term>,
) -> Result<Vec<Term>, Failure> {
    let mut terms = allowed;
    if terms.is_empty() {
        let nodes = request.surroundings().nodes();
        terms = nodes.into_iter().filter_map(|node| topology_of(driver, &node.metadata.labels)).collect();
    }
    if terms.is_empty() {
        return Err(broken("no available topology found"));
    }
    terms.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    terms.dedup();
    Ok(terms)
}

/// The values of the driver's labels; none where one is missing.
fn topology_of(driver: &CsiProvisioner, labels: &StringMap) -> Option<Term> {
    let mut term: Term =
        driver.topology_keys.iter().map(|key| Some((key.clone(), labels.get(key)?.clone()))).collect::<Option<_>>()?;
    term.sort();
    Some(term)
}

/// The allowed topologies with one value for each label.
fn flatten(allowed: &[TopologySelectorTerm]) -> Vec<Term> {
    let mut flat = Vec::new();
    for selector in allowed {
        let mut terms: Vec<Term> = Vec::new();
        for expression in &selector.match_label_expressions {
            let segments = expression.values.iter().map(|value| (expression.key.clone(), value.clone()));
            terms = if terms.is_empty() {
                segments.map(|segment| vec![segment]).collect()
            } else {
                segments
                    .flat_map(|segment| {
                        terms.iter().map(move |term| [term.as_slice(), std::slice::from_ref(&segment)].concat())
                    })
                    .collect()
            };
        }
        flat.extend(terms);
    }
    for term in &mut flat {
        term.sort();
    }
    flat
}

fn is_subset(term: &Term, of: &Term) -> bool {
    term.iter().all(|segment| of.contains(segment))
}

/// Where in the list of topologies a claim begins, so that the claims of a `StatefulSet` are spread: the hash of the
/// set's name (FNV-1, 32 bits) plus the number of the pod.
fn spread(claim: &str) -> u32 {
    let (mut hashed, mut index) = (claim, 0);
    if let Some((before, number)) = claim.rsplit_once('-')
        && let Ok(number) = number.parse::<u32>()
    {
        index = number;
        hashed = before.rsplit_once('-').map_or(before, |(_, set)| set);
    }
    fnv_1(hashed).wrapping_add(index)
}

fn broken(cause: &str) -> Failure {
    Failure::retry(format!("error generating accessibility requirements: {cause}"))
}

/// A map as Go prints it.
fn go_map<'m>(entries: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key}:{value}")).collect();
    format!("map[{}]", entries.join(" "))
}

/// A term as Go prints it.
fn go_term(term: &Term) -> String {
    let mut text = String::from("[");
    for (number, (key, value)) in term.iter().enumerate() {
        let space = if number > 0 { " " } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{space}{{{key} {value}}}");
    }
    text + "]"
}

fn go_terms(terms: &[Term]) -> String {
    format!("[{}]", terms.iter().map(go_term).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn the_claims_of_a_set_begin_one_after_the_other() {
        assert_eq!(spread("data-web-1"), spread("data-web-0").wrapping_add(1));
        assert_eq!(spread("data-web-0"), spread("logs-web-0"));
        // FNV-1 of "a", from the reference of the hash.
        assert_eq!(spread("a"), 0x050c_5d7e);
    }
}
