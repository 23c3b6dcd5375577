//! A driver that a tool brings along.

use bindery::volume_source::NfsVolumeSource;
use bindery::{
    ClaimPhase, DeleteRequest, Driver, Failure, FailureKind, Fate, Kind, Location, NewVolume, ProvisionRequest, Reply,
    Sidecar,
};

use crate::build::{Outcome, changes, claim, cluster_with, events, journal, volume_of};

/// Counts what it is asked for, fills volumes from a template, and refuses what is called `odd`.
#[derive(Clone, Debug, Default)]
struct Counting {
    asked: u32,
}

impl Driver for Counting {
    fn name(&self) -> &'static str {
        "example.com/counting"
    }

    fn provision(&mut self, request: &ProvisionRequest<'_>) -> Reply<NewVolume> {
        self.asked += 1;
        if request.claim().metadata.name == "odd" {
            return Reply::failed(Failure::new(FailureKind::Ignored, ""));
        }
        let path = format!("/{}-{}", self.asked, request.surroundings().nodes().len());
        let source = NfsVolumeSource { server: "tool".into(), path: path.into(), ..NfsVolumeSource::default() };
        let made = NewVolume::new(source, request.size()).reached_from([("zone", "a")]);
        Reply::ready(made.filled_from(Location::nfs("tool", "/template"))).after(std::time::Duration::from_secs(1))
    }

    fn delete(&mut self, request: &DeleteRequest<'_>) -> Reply<Fate> {
        let name = &request.volume().metadata.name;
        Reply::ready(Fate::Archived(Location::nfs("attic", &format!("/{name}"))))
    }

    fn sidecar(&self) -> Sidecar {
        Sidecar::CSI
    }
}

#[test]
fn it_serves_claims_like_any_other() -> Outcome {
    let mut cluster = cluster_with(Counting::default());
    cluster.write_file(&Location::nfs("tool", "/template"), "readme", "welcome")?;
    cluster.create(claim("data"))?;
    cluster.create(claim("odd"))?;
    cluster.settle()?;
    // A fork has a driver of its own.
    let mut fork = cluster.fork();
    fork.create(claim("elsewhere"))?;
    fork.advance(std::time::Duration::from_secs(1))?;
    cluster.advance(std::time::Duration::from_secs(1))?;
    let volume = volume_of(&cluster, "data");
    assert_eq!(cluster.location(&volume), Some(Location::nfs("tool", "/1-0")));
    assert_eq!(fork.location(&volume_of(&fork, "elsewhere")), Some(Location::nfs("tool", "/3-0")));
    assert_eq!(cluster.files(&*volume).ok_or("no files")?.read("readme").ok_or("no file")?, "welcome");
    assert_eq!(cluster.claim("odd").ok_or("no claim")?.status.phase, ClaimPhase::Pending);
    assert!(events(&cluster, "ProvisioningFailed").is_empty());
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    assert_eq!(changes(&cluster).last(), Some(&format!("nfs tool:/1-0: archived to nfs attic:/{volume}")));
    Ok(())
}

#[test]
fn it_can_be_taken_away_and_brought_back() -> Outcome {
    let mut cluster = cluster_with(Counting::default());
    cluster.create(claim("data"))?;
    cluster.settle()?;
    assert!(cluster.remove_driver("example.com/counting"));
    assert!(cluster.driver("example.com/counting").is_none());
    cluster.advance(std::time::Duration::from_mins(1))?;
    assert_eq!(volume_of(&cluster, "data"), "");
    cluster.set_driver(Box::new(Counting::default()));
    cluster.advance(std::time::Duration::from_secs(1))?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

#[test]
fn every_step_is_one_write_at_most() -> Outcome {
    let mut cluster = cluster_with(Counting::default());
    cluster.create(claim("data"))?;
    let mut settled = cluster.fork();
    settled.advance(std::time::Duration::from_secs(1))?;
    for _ in 0..2 {
        let writes =
            |cluster: &bindery::Cluster| cluster.journal().iter().filter(|entry| entry.write().is_some()).count();
        let mut before = writes(&cluster);
        while cluster.step().is_some() {
            let after = writes(&cluster);
            assert!(after <= before + 1);
            before = after;
        }
        cluster.advance(std::time::Duration::from_secs(1))?;
    }
    settled.advance(std::time::Duration::from_secs(1))?;
    assert_eq!(journal(&cluster), journal(&settled));
    Ok(())
}
