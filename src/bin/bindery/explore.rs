//! `bindery explore` and `bindery outcomes`: manifests or a scenario in, what happens in any order out.

use std::fs;

use bindery::explore::{self, ClaimOutcome, Deed, Explorer, Found, invariants};
use bindery::scenario::{Manifest, Scenario, Step, StepAction};
use bindery::{Cluster, Strictness};

use crate::Failure;
use crate::args::{Explore, ExploredWorld, Outcomes};
use crate::output::{complain, show, showln};
use crate::{diagnostics, input, run};

/// Where exploring begins: a cluster, and the scenario that leads to it.
struct Beginning {
    scenario: Scenario,
    cluster: Cluster,
}

pub(crate) fn run(arguments: &Explore) -> Result<(), Failure> {
    let beginning = begin(&arguments.world)?;
    let mut explorer = Explorer::new(&beginning.cluster)
        .properties(invariants())
        .crashes(arguments.crashes)
        .conflicts(arguments.conflicts)
        .server_errors(arguments.server_errors)
        .backend_failures(arguments.backend_failures)
        .stale_views(arguments.stale_views)
        .waits(arguments.waits)
        .max_states(arguments.world.max_states)
        .max_depth(arguments.max_depth.unwrap_or(u32::MAX))
        .threads(arguments.threads);
    if arguments.delete.len() > 4 {
        return Err(Failure::Input("no more than four objects can be deleted beside each other".to_owned()));
    }
    for key in &arguments.delete {
        let key = beginning.cluster.full_name(key);
        explorer = explorer.user([Deed::Delete(key)]);
    }
    if arguments.progress {
        explorer = explorer.progress(|progress| {
            let bindery::explore::Progress { depth, states, waiting, .. } = progress;
            complain!("depth {depth}: {states} states, {waiting} to be looked at");
        });
    }
    let found = explorer.run();
    print(&found);
    if let (Some(path), Some(violation)) = (&arguments.save, found.violations.first()) {
        let mut scenario = beginning.scenario.clone();
        scenario.description = format!("{}: {}", violation.property, violation.message).into();
        let scenario = scenario
            .with_trace(&violation.trace, &beginning.cluster)
            .map_err(|action| Failure::Input(format!("the trace cannot be saved: {action}")))?;
        fs::write(path, scenario.to_yaml())
            .map_err(|error| Failure::Input(format!("{}: cannot be written: {error}", path.display())))?;
        showln!("the trace is in {}", path.display());
    }
    match (found.violations.len(), found.complete) {
        (0, true) => Ok(()),
        (0, false) => Err(Failure::Demand("not every order was tried".to_owned())),
        (1, _) => Err(Failure::Demand("1 property is violated".to_owned())),
        (number, _) => Err(Failure::Demand(format!("{number} properties are violated"))),
    }
}

fn print(found: &Found) {
    let complete = if found.complete { "all orders" } else { "not all orders" };
    showln!(
        "{complete}: {} states, {} steps between them, {} steps deep, {} states are quiet",
        found.states,
        found.steps,
        found.depth,
        found.quiet
    );
    for outcome in found.outcomes.claims() {
        showln!("  {}", sentence(outcome));
    }
    for violation in &found.violations {
        showln!("\nviolated: {}\n  {}", violation.property, violation.message);
        show!("{}", violation.trace);
    }
}

pub(crate) fn outcomes(arguments: &Outcomes) -> Result<(), Failure> {
    let beginning = begin(&arguments.world)?;
    let found = explore::outcomes(&beginning.cluster, arguments.world.max_states);
    for outcome in found.claims() {
        showln!("{}", sentence(outcome));
    }
    if !found.exact {
        showln!("not exact: there are more orders than were tried; what is said not to happen does not");
    }
    Ok(())
}

fn sentence(outcome: &ClaimOutcome) -> String {
    let claim = &outcome.claim;
    let volumes = outcome.volumes().join(" or ");
    let what = match (outcome.cannot_be_bound(), outcome.must_be_bound()) {
        (true, _) => "cannot be bound".to_owned(),
        (false, true) => format!("must be bound to {volumes}"),
        (false, false) => format!("may be bound to {volumes}, and may stay unbound"),
    };
    let gone = if outcome.may_be_gone() { ", and may be gone" } else { "" };
    format!("claim {claim} {what}{gone}")
}

/// Runs the scenario, or creates what the manifests hold and lets nothing happen yet.
fn begin(world: &ExploredWorld) -> Result<Beginning, Failure> {
    let sources = input::read(&world.paths, world.recursive)?;
    if let [source] = sources.as_slice()
        && Scenario::is_in(&source.text)
    {
        let parsed = run::parse(source);
        let mut scenarios = parsed.map_err(|error| diagnostics::failure(&error.problems, &sources))?;
        if scenarios.len() != 1 {
            return Err(Failure::Input(format!("{}: one scenario is expected", source.name)));
        }
        let scenario = scenarios.remove(0);
        let cluster = scenario.run().map_err(|error| Failure::Input(error.to_string()))?;
        return Ok(Beginning { scenario, cluster });
    }
    let mut scenario = Scenario::new("explored");
    let manifests: Vec<Manifest> = sources.iter().map(|source| Manifest::Inline(source.text.as_str().into())).collect();
    let mut cluster = Cluster::default();
    for source in &sources {
        let reader = bindery::Reader::new().source(source.name.as_str()).strictness(Strictness::Strict);
        let applied = cluster.apply(&source.text, &reader);
        applied.map_err(|error| diagnostics::failure(error.problems(), &sources))?;
    }
    scenario.steps.push(Step::new(StepAction::Apply(manifests)).unsettled());
    Ok(Beginning { scenario, cluster })
}
