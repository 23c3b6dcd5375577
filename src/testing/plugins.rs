//! Plugins of generated worlds: the stock ones, and one that behaves as a world says.

#![expect(missing_docs, reason = "a field or variant has the name of what it stands for in the object or in the API")]

use std::time::Duration;

use crate::volume_source::FlockerVolumeSource;
use crate::{Behaviour, Plugin, Sources};
use proptest::prelude::*;

/// How the scripted plugin behaves when it is asked to provision, to delete and to recycle.
#[derive(Clone, Copy, Debug)]
pub struct PluginSeed {
    pub provision: usize,
    pub delete: usize,
    pub recycle: usize,
}

/// Plugins that answer at once and always in the same way.
pub fn steady_plugins() -> impl Strategy<Value = PluginSeed> + Clone {
    plugins_among(4)
}

/// Any plugins.
pub fn plugins() -> impl Strategy<Value = PluginSeed> + Clone {
    plugins_among(9)
}

fn plugins_among(behaviours: usize) -> impl Strategy<Value = PluginSeed> + Clone {
    (0..behaviours, 0..behaviours, 0..behaviours).prop_map(|(provision, delete, recycle)| PluginSeed {
        provision,
        delete,
        recycle,
    })
}

fn behaviour(number: usize) -> Behaviour {
    let fail = || Behaviour::Fail("the disk is on fire".into());
    let later = |then| Behaviour::After(Duration::from_secs(30), Box::new(then));
    match number {
        0 => Behaviour::Succeed,
        1 => fail(),
        2 => Behaviour::InUse("the disk is in use".into()),
        3 => Behaviour::Refuse("there is no disk".into()),
        4 => later(Behaviour::Succeed),
        5 => later(fail()),
        6 => Behaviour::Hang,
        7 => Behaviour::Sequence(vec![fail(), fail()], Box::new(Behaviour::Succeed)),
        _ => Behaviour::FailByLabel("tier".into()),
    }
}

impl PluginSeed {
    /// The plugins of a cluster.
    pub fn build(self) -> Vec<Plugin> {
        let source = FlockerVolumeSource { dataset_name: "made".into(), ..FlockerVolumeSource::default() };
        let scripted = Plugin::new("kubernetes.io/scripted", Sources::Keys(vec!["flocker"]))
            .provisions(behaviour(self.provision), source)
            .deletes(behaviour(self.delete))
            .recycles(behaviour(self.recycle));
        vec![Plugin::host_path(false), Plugin::nfs(), scripted]
    }
}
