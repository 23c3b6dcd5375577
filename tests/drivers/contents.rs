//! Files behind volumes live exactly as long as they should.

use bindery::volume_source::{CsiVolumeSource, HostPathVolumeSource, NfsVolumeSource};
use bindery::{
    AccessMode, Backing, Cluster, ContentsError, Kind, Location, Node, ObjectMeta, PersistentVolume,
    PersistentVolumeClaim, ReclaimPolicy,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn on_nfs(name: &str, path: &str) -> PersistentVolume {
    let source = NfsVolumeSource { server: "10.0.0.1".into(), path: path.into(), ..Default::default() };
    volume(name).with_source(source)
}

fn on_host(name: &str, path: &str) -> PersistentVolume {
    let source = HostPathVolumeSource { path: path.into(), ..Default::default() };
    volume(name).with_source(source)
}

fn volume(name: &str) -> PersistentVolume {
    PersistentVolume::new(name, "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteMany])
}

fn claim(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, "1Gi".parse().expect("a quantity"), [AccessMode::ReadWriteMany])
}

/// A cluster in which the volume was bound, written to and released.
fn released(volume: PersistentVolume) -> Result<Cluster, Box<dyn std::error::Error>> {
    let mut cluster = Cluster::default();
    let name = volume.metadata.name.clone();
    cluster.create(volume)?;
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.write_file(&name, "ibdata1", "rows")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    Ok(cluster)
}

fn changes(cluster: &Cluster) -> Vec<String> {
    cluster.journal().iter().filter_map(|entry| entry.contents()).map(ToString::to_string).collect()
}

#[test]
fn two_volumes_on_one_export_share_their_files() -> Outcome {
    let mut cluster = Cluster::default();
    cluster.create(on_nfs("a", "/mnt/data"))?;
    cluster.create(on_nfs("b", "/mnt/data/"))?;
    cluster.create(on_nfs("below", "/mnt/data/sub"))?;
    cluster.create(on_nfs("beside", "/mnt/data-1"))?;
    cluster.write_file("a", "sub/page", "hello")?;
    assert_eq!(cluster.files("b").ok_or("no files")?.read("sub/page").ok_or("no page")?, "hello");
    assert_eq!(cluster.files("below").ok_or("no files")?.read("page").ok_or("no page")?, "hello");
    assert!(cluster.files("beside").ok_or("no files")?.is_empty());
    let listed = cluster.contents().list(&Location::nfs("10.0.0.1", "/mnt"));
    assert_eq!(listed, [("data/sub/page".into(), &"hello".into())]);
    Ok(())
}

#[test]
fn recycling_wipes() -> Outcome {
    let mut cluster = released(on_nfs("pv", "/mnt/data").with_reclaim_policy(ReclaimPolicy::Recycle))?;
    assert!(cluster.files("pv").ok_or("no files")?.is_empty());
    let last = changes(&cluster).pop().ok_or("no change")?;
    assert!(
        last.ends_with("persistentvolume-controller  contents     nfs 10.0.0.1:/mnt/data: wiped (RECYCLE-8)"),
        "{last}"
    );
    // The next claim finds an empty volume.
    cluster.create(claim("next"))?;
    cluster.settle()?;
    assert_eq!(cluster.claim("next").ok_or("no claim")?.spec.volume_name, "pv");
    Ok(())
}

#[test]
fn deleting_destroys() -> Outcome {
    let cluster = released(on_host("pv", "/tmp/data").with_reclaim_policy(ReclaimPolicy::Delete))?;
    assert!(cluster.volume("pv").is_none());
    assert!(cluster.contents().is_empty(&Location::on_node("", "/tmp")));
    let last = changes(&cluster).pop().ok_or("no change")?;
    assert!(last.ends_with("node :/tmp/data: destroyed (DELETE-6)"), "{last}");
    Ok(())
}

#[test]
fn a_failed_deletion_destroys_nothing() -> Outcome {
    let cluster = released(on_host("pv", "/srv/data").with_reclaim_policy(ReclaimPolicy::Delete))?;
    assert_eq!(cluster.volume("pv").ok_or("no volume")?.status.phase.as_str(), "Failed");
    assert_eq!(cluster.files("pv").ok_or("no files")?.read("ibdata1").ok_or("no file")?, "rows");
    Ok(())
}

#[test]
fn retaining_keeps_even_without_the_volume() -> Outcome {
    let mut cluster = released(on_nfs("pv", "/mnt/data"))?;
    cluster.delete(&Kind::PersistentVolume.named("pv"))?;
    cluster.settle()?;
    assert!(cluster.volume("pv").is_none());
    cluster.create(on_nfs("again", "/mnt/data"))?;
    assert_eq!(cluster.files("again").ok_or("no files")?.read("ibdata1").ok_or("no file")?, "rows");
    Ok(())
}

#[test]
fn a_host_path_lies_on_the_node_that_is_allowed() -> Outcome {
    let mut cluster = Cluster::default();
    for name in ["node-b", "node-a"] {
        cluster.create(Node { metadata: ObjectMeta::named(name), ..Node::default() })?;
    }
    cluster.create(on_host("pv", "/data"))?;
    assert_eq!(cluster.location("pv"), Some(Location::on_node("node-a", "/data")));
    cluster.write_file(&Location::on_node("node-b", "/data"), "x", "1")?;
    assert!(cluster.files("pv").ok_or("no files")?.is_empty());
    Ok(())
}

#[test]
fn a_csi_volume_is_known_by_its_handle() {
    let source = CsiVolumeSource { driver: "d".into(), volume_handle: "h".into(), ..Default::default() };
    let location = Location::of_source(&source.into(), "node");
    assert_eq!(location.backing(), &Backing::Csi { driver: "d".into(), handle: "h".into() });
    assert_eq!(location.to_string(), "csi d h");
}

#[test]
fn writing_where_something_is_in_the_way_is_an_error() -> Outcome {
    let mut cluster = Cluster::default();
    cluster.create(on_nfs("pv", "/mnt/data"))?;
    cluster.write_file("pv", "a", "1")?;
    let error = cluster.write_file("pv", "a/b", "2");
    assert_eq!(error, Err(ContentsError::NotADirectory { path: "a/b".into() }));
    cluster.write_file("pv", "c/d", "3")?;
    assert_eq!(cluster.write_file("pv", "c", "4"), Err(ContentsError::IsADirectory { path: "c".into() }));
    assert_eq!(cluster.write_file("pv", "../x", "5"), Err(ContentsError::Outside { path: "../x".into() }));
    assert_eq!(cluster.write_file("other", "x", "6"), Err(ContentsError::NoPlace { name: "other".into() }));
    assert_eq!(cluster.remove_file("pv", "y"), Err(ContentsError::Missing { path: "y".into() }));
    cluster.remove_file("pv", "c")?;
    assert_eq!(cluster.files("pv").ok_or("no files")?.list().len(), 1);
    Ok(())
}

#[test]
fn a_fork_writes_for_itself() -> Outcome {
    let mut cluster = Cluster::default();
    cluster.create(on_nfs("pv", "/mnt/data"))?;
    cluster.write_file("pv", "a", "1")?;
    let mut fork = cluster.fork();
    fork.write_file("pv", "a", "2")?;
    fork.write_file("pv", "b", "3")?;
    assert_eq!(cluster.files("pv").ok_or("no files")?.list(), [("a".into(), &"1".into())]);
    assert_eq!(fork.files("pv").ok_or("no files")?.list(), [("a".into(), &"2".into()), ("b".into(), &"3".into())]);
    Ok(())
}

#[test]
fn a_replay_restores_the_files() -> Outcome {
    let first = released(on_nfs("pv", "/mnt/data").with_reclaim_policy(ReclaimPolicy::Retain))?;
    let mut second = Cluster::default();
    second.replay(first.journal())?;
    assert_eq!(second.files("pv").ok_or("no files")?.list(), first.files("pv").ok_or("no files")?.list());
    let text = |cluster: &Cluster| serde_json::to_string(&cluster.journal().iter().collect::<Vec<_>>());
    assert_eq!(text(&first)?, text(&second)?);
    Ok(())
}
