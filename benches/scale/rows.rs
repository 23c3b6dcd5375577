//! The rows: what is done to a cluster of a size, and how it is counted.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bindery::{
    Cluster, Kind, LabelSelector, Object, PersistentVolume, PersistentVolumeClaim, PodPhase, Reader, to_json, to_yaml,
};

use crate::is_wanted;
use crate::timing::{Figures, float, median, nanos_each, once, print};
use crate::worlds::{self, Adverse, Numbers, scan};

/// Claims that are looked up in turn.
const CLAIMS: usize = 512;
/// Gives the claim of a number its selector.
type Selecting = fn(usize, &mut Numbers) -> Option<LabelSelector>;

/// Operations that change a cluster.
const CHANGES: usize = 400;
/// Scans are slow: so many claims are looked up by them.
const SCANS: usize = 8;

/// `match`, `match-selector`, `match-selector-hard`: choosing a volume among so many that are Available.
pub(crate) fn looking_up(size: usize) {
    let rows: [(&str, Selecting); 3] = [
        ("match", |_, _| None),
        ("match-selector", |number, numbers| Some(worlds::selector(number, numbers))),
        ("match-selector-hard", |number, _| Some(worlds::hard_selector(number))),
    ];
    if !rows.iter().any(|(row, _)| is_wanted(row)) {
        return;
    }
    let cluster = worlds::available(size, 1);
    let volumes: Vec<&PersistentVolume> = cluster.volumes().collect();
    for (row, selector) in rows.into_iter().filter(|(row, _)| is_wanted(row)) {
        let mut numbers = Numbers::new(7);
        let claims: Vec<PersistentVolumeClaim> = (0..CLAIMS)
            .map(|number| {
                let claim = worlds::claim(number, &mut numbers);
                match selector(number, &mut numbers) {
                    None => claim,
                    Some(selector) => claim.with_selector(selector),
                }
            })
            .collect();
        let find = |claim| cluster.find_volume_for(claim).expect("a sound claim");
        let scanned: Vec<_> = claims.iter().take(SCANS).map(|claim| scan(&volumes, claim)).collect();
        for (claim, scanned) in claims.iter().zip(&scanned) {
            let name = |volume: &PersistentVolume| volume.metadata.name.clone();
            assert_eq!(find(claim).map(name), scanned.map(name), "{row}: index and scan disagree");
        }
        let mut next = claims.iter().cycle();
        let nanos = median(|| {
            black_box(next.next().map(find));
        });
        let mut next = claims.iter().take(SCANS).cycle();
        let scanned = median(|| {
            black_box(next.next().map(|claim| scan(&volumes, claim)));
        });
        print(row, size, &Figures { nanos, ratio: Some(scanned / nanos), ..Figures::default() });
    }
}

/// `settle`, `settle-quiet`: as many volumes as claims, restored as new objects and settled; `idle` and `fork` of what
/// came of it.
pub(crate) fn settling(size: usize) {
    for (row, journal) in [("settle", true), ("settle-quiet", false)] {
        if !is_wanted(row) && !is_wanted("idle") && !is_wanted("fork") {
            continue;
        }
        let objects = worlds::pairs(size, 1);
        let (cluster, time, bytes) = once(|| {
            let mut cluster = worlds::empty(journal);
            for object in objects {
                cluster.restore(object).expect("a new name");
            }
            cluster.settle().expect("it gets quiet");
            cluster
        });
        let bytes = Some(bytes / float(2 * size));
        print(row, size, &Figures { nanos: nanos_each(time, size), bytes, ratio: None });
        if journal {
            let nanos = median(|| drop(black_box(cluster.fork())));
            print("fork", size, &Figures { nanos, ..Figures::default() });
            let mut cluster = cluster;
            let nanos = median(|| drop(black_box(cluster.settle())));
            print("idle", size, &Figures { nanos, ..Figures::default() });
        }
    }
}

/// `add-claim`, `add-claim-selector`, `add-volume`, `add-volume-selector`, `rebind`: one change in a full cluster, with all
/// that follows from it.
pub(crate) fn changing(size: usize) {
    let change = |row: &str, mut cluster: Cluster, change: &mut dyn FnMut(&mut Cluster, usize)| {
        // The one in the middle: neither what the first change builds for all that follow nor a pause of the machine
        // counts.
        let mut times: Vec<Duration> = (0..CHANGES)
            .map(|number| {
                let start = Instant::now();
                change(&mut cluster, number);
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let nanos = nanos_each(times[CHANGES / 2], 1);
        print(row, size, &Figures { nanos, ..Figures::default() });
    };
    let settle = |cluster: &mut Cluster| {
        cluster.settle().expect("it gets quiet");
    };
    let mut numbers = Numbers::new(11);
    for (row, with_selector) in [("add-claim", false), ("add-claim-selector", true)] {
        if is_wanted(row) {
            change(row, worlds::available(size, 1), &mut |cluster, number| {
                let claim = worlds::claim(number, &mut numbers);
                let selector = worlds::selector(number, &mut numbers);
                let claim = if with_selector { claim.with_selector(selector) } else { claim };
                cluster.restore(claim).expect("a new name");
                settle(cluster);
            });
        }
    }
    for (row, with_selector) in [("add-volume", false), ("add-volume-selector", true)] {
        if is_wanted(row) {
            change(row, worlds::pending(size, with_selector), &mut |cluster, number| {
                cluster.restore(worlds::volume(size + number, &mut numbers)).expect("a new name");
                settle(cluster);
            });
        }
    }
    if is_wanted("rebind") {
        let recycled = worlds::pairs(size, 1).into_iter().map(worlds::recycled);
        let mut cluster = worlds::empty(false);
        for object in recycled {
            cluster.restore(object).expect("a new name");
        }
        settle(&mut cluster);
        change("rebind", cluster, &mut |cluster, number| {
            let key = Kind::PersistentVolumeClaim.named(format!("default/claim-{number}"));
            let held = cluster.claim(&key.key.to_string()).expect("it is bound").clone();
            cluster.delete(&key).expect("it exists");
            settle(cluster);
            cluster.restore(worlds::renewed(held)).expect("the name is free");
            settle(cluster);
        });
    }
}

/// Worlds that a matcher may fear, up to 100,000 of a kind: `settle-…` of each of them.
pub(crate) fn adverse(size: usize) {
    if size > 100_000 {
        return;
    }
    for adverse in Adverse::ALL.into_iter().filter(|adverse| is_wanted(adverse.row())) {
        let objects = adverse.objects(size);
        let (mut cluster, mut time, bytes) = once(|| {
            let mut cluster = worlds::empty(false);
            for object in objects {
                cluster.restore(object).expect("a new name");
            }
            cluster.settle().expect("it gets quiet");
            cluster
        });
        if adverse == Adverse::Recreated {
            let again: Vec<Object> = cluster.objects(Kind::PersistentVolumeClaim);
            let ((), spent, _) = once(|| {
                for object in again {
                    let key = object.reference();
                    cluster.remove(&key).expect("it exists");
                    cluster.settle().expect("it gets quiet");
                    let Object::PersistentVolumeClaim(claim) = object else { continue };
                    cluster.restore(worlds::renewed((*claim).clone())).expect("the name is free");
                    cluster.settle().expect("it gets quiet");
                }
            });
            time = spent;
        }
        let bytes = Some(bytes / float(2 * size));
        print(adverse.row(), size, &Figures { nanos: nanos_each(time, size), bytes, ratio: None });
    }
}

/// `read-yaml`, `read-json`: reading volumes, up to 100,000.
pub(crate) fn reading(size: usize) {
    if size > 100_000 {
        return;
    }
    let mut numbers = Numbers::new(3);
    let volumes: Vec<PersistentVolume> = (0..size).map(|number| worlds::volume(number, &mut numbers)).collect();
    let yaml = || volumes.iter().map(to_yaml).collect::<Vec<_>>().join("---\n");
    let json = || {
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{}]}}",
            volumes.iter().map(to_json).collect::<Vec<_>>().join(",")
        )
    };
    let rows: [(&str, &dyn Fn() -> String); 2] = [("read-yaml", &yaml), ("read-json", &json)];
    for (row, write) in rows.into_iter().filter(|(row, _)| is_wanted(row)) {
        let text = write();
        let (manifest, time, bytes) = once(|| Reader::new().read(&text).expect("sound manifests"));
        assert_eq!(manifest.documents.len(), size);
        let bytes = Some(bytes / float(size));
        print(row, size, &Figures { nanos: nanos_each(time, size), bytes, ratio: None });
    }
}

/// `replicas`: the pods of one set with two templates, in order, provisioned, on a tenth as many nodes.
pub(crate) fn replicas(size: usize) {
    if !is_wanted("replicas") || size > 10_000 {
        return;
    }
    let mut cluster = worlds::set(size);
    let ((), time, bytes) = once(|| {
        cluster.settle().expect("it gets quiet");
    });
    let is_running = |object: &Object| matches!(object, Object::Pod(pod) if pod.status.phase == PodPhase::Running);
    assert_eq!(cluster.objects(Kind::Pod).iter().filter(|object| is_running(object)).count(), size);
    let bytes = Some(bytes / float(size));
    print("replicas", size, &Figures { nanos: nanos_each(time, size), bytes, ratio: None });
}
