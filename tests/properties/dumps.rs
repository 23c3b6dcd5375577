//! A cluster goes through its own dump unchanged.

use bindery::{Cluster, Kind, to_json, to_yaml};
use proptest::prelude::*;

use crate::runner::Property;
use crate::runs::{objects, settle};
use crate::world::worlds;

/// As YAML, one document for each object, and as JSON, one list.
#[test]
fn a_cluster_is_restored_from_its_own_dump() {
    Property::new(file!(), "a cluster is restored from its own dump", 100).check(&worlds(20), |world| {
        let mut cluster = world.run();
        settle(&mut cluster)?;
        let all = || Kind::ALL.iter().flat_map(|kind| cluster.objects(*kind));
        let documents: Vec<String> = all().map(|object| to_yaml(&object)).collect();
        let items: Vec<String> = all().map(|object| to_json(&object)).collect();
        let list = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(", "));
        for dump in [documents.join("---\n"), list] {
            let mut copy = Cluster::new(world.config());
            let restored = copy.restore_yaml(&dump);
            prop_assert!(restored.is_ok(), "{:?}", restored);
            prop_assert_eq!(objects(&copy), objects(&cluster));
        }
        Ok(())
    });
}
