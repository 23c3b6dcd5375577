//! The language of scenarios: what is read, what each step does, and what a failure looks like.

mod building;
mod expectations;
mod reading;
mod steps;

use bindery::scenario::{Scenario, ScenarioError, ScenarioRun, StepReport};

/// The scenario with these steps.
fn scenario(steps: &str) -> Scenario {
    let text = format!("apiVersion: bindery.dev/v1\nkind: Scenario\nmetadata: {{name: test}}\nspec:\n{steps}");
    Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Runs steps that must hold.
fn holds(steps: &str) {
    if let Err(error) = scenario(steps).run() {
        panic!("{error}");
    }
}

/// The failure of steps, in words.
fn failure(steps: &str) -> String {
    match scenario(steps).run() {
        Ok(_) => panic!("this does not fail:\n{steps}"),
        Err(ScenarioError::Step { report }) => report.failure.expect("a failure").to_string(),
        Err(error) => error.to_string(),
    }
}

/// Takes every step, and gives what was said.
fn reports(run: ScenarioRun<'_>) -> Vec<StepReport> {
    run.collect()
}

/// What is wrong with a text, line by line.
fn problems(text: &str) -> Vec<String> {
    let files = |path: &str| match path {
        "good.yaml" => Ok("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}".to_owned()),
        "bad.yaml" => {
            Ok("apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv-1}\nspec: {size: 5Gi}\n".to_owned())
        }
        _ => Err("cannot be read: no such file"),
    };
    match Scenario::read("test.yaml", text, files) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(ToOwned::to_owned).collect(),
    }
}
