//! What fails, and works again.

use crate::api::ApiError;
use crate::backend::{
    DeleteRequest, Driver, ExpandRequest, Expansion, Failure, Fate, NewVolume, ProvisionRequest, Reply, Sidecar,
};
use crate::cluster::Fault;
use crate::controllers::Hold;
use crate::model::kind::Kind;
use crate::model::pod::{PodCondition, PodPhase};
use crate::model::text::Text;
use crate::scenario::perform::{Said, World, refused};
use crate::scenario::query::full;
use crate::scenario::step::{Failing, Held, Injected, InjectedError};

/// What a driver that fails says where the scenario does not.
const SILENCE: &str = "rpc error: code = Unavailable desc = connection error";

fn no_driver(name: &str) -> String {
    format!("there is no such driver: {name}")
}

/// A driver that refuses whatever it is asked.
#[derive(Clone, Debug)]
struct Broken {
    works: Box<dyn Driver>,
    message: Text,
}

impl Driver for Broken {
    fn name(&self) -> &str {
        self.works.name()
    }

    fn provision(&mut self, _: &ProvisionRequest<'_>) -> Reply<NewVolume> {
        Reply::failed(Failure::retry(&self.message))
    }

    fn delete(&mut self, _: &DeleteRequest<'_>) -> Reply<Fate> {
        Reply::failed(Failure::retry(&self.message))
    }

    fn expand(&mut self, _: &ExpandRequest<'_>) -> Expansion {
        Expansion::Failed(Failure::retry(&self.message))
    }

    fn sidecar(&self) -> Sidecar {
        self.works.sidecar()
    }

    fn needs_self_link(&self) -> bool {
        self.works.needs_self_link()
    }
}

pub(super) fn fail(world: &mut World, failing: &Failing) -> Said {
    let World { cluster, failing: drivers } = world;
    if let Some(node) = &failing.node {
        cluster.fail_node(node).map_err(refused)?;
    }
    if let Some(pod) = &failing.pod {
        let key = full(cluster, &Kind::Pod.named(pod.as_str()));
        let missing = || refused(ApiError::NotFound { kind: Kind::Pod, name: key.key.name.clone() });
        let mut failed = cluster.pod(&key.key.to_string()).ok_or_else(missing)?.clone();
        failed.status.phase = PodPhase::Failed;
        failed.status.message = failing.message.clone();
        failed.set_condition(PodCondition::new("Ready", false), cluster.time());
        cluster.replace_status(&key, failed).map_err(refused)?;
    }
    if let Some(name) = &failing.driver {
        let driver = cluster.driver(name).ok_or_else(|| no_driver(name))?.clone_driver();
        let works = drivers.entry(name.clone()).or_insert(driver).clone();
        let message = if failing.message.is_empty() { SILENCE.into() } else { failing.message.clone() };
        cluster.set_driver(Box::new(Broken { works, message }));
    }
    Ok(Vec::new())
}

pub(super) fn heal(world: &mut World, failing: &Failing) -> Said {
    if let Some(node) = &failing.node {
        world.cluster.heal_node(node).map_err(refused)?;
    }
    if let Some(name) = &failing.driver {
        let works = world.failing.remove(name).ok_or_else(|| no_driver(name))?;
        world.cluster.set_driver(works);
    }
    Ok(Vec::new())
}

pub(super) fn holds(held: &Held) -> impl Iterator<Item = (&Text, Hold)> {
    let readiness = held.readiness.iter().map(|pod| (pod, Hold::Readiness));
    readiness.chain(held.termination.iter().map(|pod| (pod, Hold::Termination)))
}

pub(super) fn fault(injected: &Injected) -> Fault {
    let Injected { error, kind, verb, message } = injected.clone();
    match error {
        InjectedError::Conflict => Fault::Conflict { verb, kind },
        InjectedError::AlreadyExists => Fault::AlreadyExists { kind },
        InjectedError::ServerError => Fault::ServerError { verb, kind, message },
    }
}
