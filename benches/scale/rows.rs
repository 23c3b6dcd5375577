//! The rows: what is done to a cluster of a size, and how it is counted.

use std::hint::black_box;
use std::time::Instant;

use bindery::{
    Cluster, Kind, LabelSelector, Object, PersistentVolume, PersistentVolumeClaim, PodPhase, Reader, VolumePool,
    to_json, to_yaml,
};

use crate::is_wanted;
use crate::timing::{Figures, float, held, median, middle, nanos_each, once, once_above, print, spent};
use crate::worlds::{self, Adverse, Numbers, scan};

/// Gives the claim of a number its selector.
type Selecting = fn(usize, &mut Numbers) -> Option<LabelSelector>;

/// Claims that get volumes before these are given back, and how often that is done.
const BATCH: usize = 64;
const BATCHES: usize = 201;
/// Operations that change a cluster.
const CHANGES: usize = 400;
/// Scans are slow: so many claims are looked up by them.
const SCANS: usize = 8;

/// `match`, `match-selector`, `match-selector-hard`: choosing and reserving a volume among so many that are free. Every claim
/// is a new one, so that its volume is as far away in memory as any.
pub(crate) fn choosing(size: usize) {
    let rows: [(&str, Selecting); 3] = [
        ("match", |_, _| None),
        ("match-selector", |number, numbers| Some(worlds::selector(number, numbers))),
        ("match-selector-hard", |number, _| Some(worlds::hard_selector(number))),
    ];
    let mut wanted = rows.into_iter().filter(|(row, _)| is_wanted(row)).peekable();
    if wanted.peek().is_none() {
        return;
    }
    let mut pool = worlds::pool(size, 1);
    for (row, selecting) in wanted {
        reserve(row, &mut pool, selecting);
    }
}

fn reserve(row: &str, pool: &mut VolumePool, selecting: Selecting) {
    let mut numbers = Numbers::new(7);
    let mut claims = (0..).map(|number| {
        let claim = worlds::claim(number, &mut numbers);
        with_selector(claim, selecting(number, &mut numbers))
    });
    let scanned = scanned(row, pool, &claims.by_ref().take(SCANS).collect::<Vec<_>>());
    let mut times = Vec::new();
    for _ in 0..BATCHES {
        let claims: Vec<PersistentVolumeClaim> = claims.by_ref().take(BATCH).collect();
        let start = spent();
        for claim in &claims {
            black_box(pool.reserve(claim).expect("a sound claim"));
        }
        times.push(spent().saturating_sub(start));
        worlds::give_back(pool, &claims);
    }
    let nanos = nanos_each(middle(times), BATCH);
    print(row, pool.len(), &Figures { nanos, ratio: Some(scanned / nanos), ..Figures::default() });
}

/// The nanoseconds of a scan for one of some claims; it must find what the pool finds.
fn scanned(row: &str, pool: &VolumePool, claims: &[PersistentVolumeClaim]) -> f64 {
    let volumes: Vec<&PersistentVolume> = pool.iter().collect();
    let name = |volume: &PersistentVolume| volume.metadata.name.clone();
    for claim in claims {
        let found = pool.find(claim).expect("a sound claim");
        assert_eq!(found.map(name), scan(&volumes, claim).map(name), "{row}: pool and scan disagree");
    }
    let mut next = claims.iter().cycle();
    median(|| {
        black_box(next.next().map(|claim| scan(&volumes, claim)));
    })
}

/// `add-claim`, `add-claim-selector`: one more claim where so many volumes are Available, and its binding.
pub(crate) fn available(size: usize) {
    let rows: [(&str, Selecting); 2] =
        [("add-claim", |_, _| None), ("add-claim-selector", |number, numbers| Some(worlds::selector(number, numbers)))];
    let mut wanted = rows.into_iter().filter(|(row, _)| is_wanted(row)).peekable();
    if wanted.peek().is_none() {
        return;
    }
    let mut cluster = worlds::available(size, 1);
    for (row, selecting) in wanted {
        let mut numbers = Numbers::new(11);
        let claims = (0..CHANGES).map(|number| {
            let mut claim = worlds::claim(number, &mut numbers);
            claim.metadata.name = format!("{row}-{number}").into();
            with_selector(claim, selecting(number, &mut numbers))
        });
        change(row, size, &mut cluster, claims.collect(), |cluster, claim| {
            cluster.restore(claim).expect("a new name");
            settle(cluster);
        });
    }
}

fn with_selector(claim: PersistentVolumeClaim, selector: Option<LabelSelector>) -> PersistentVolumeClaim {
    match selector {
        None => claim,
        Some(selector) => claim.with_selector(selector),
    }
}

fn settle(cluster: &mut Cluster) {
    cluster.settle().expect("it gets quiet");
}

/// One change of many, with all that follows from it: that in the middle of their times, so that neither what the first
/// one builds for all nor a pause of the machine counts.
fn change<T>(row: &str, size: usize, cluster: &mut Cluster, given: Vec<T>, mut change: impl FnMut(&mut Cluster, T)) {
    let changes = given.into_iter().map(|given| {
        let start = Instant::now();
        change(cluster, given);
        start.elapsed()
    });
    let nanos = nanos_each(middle(changes.collect()), 1);
    print(row, size, &Figures { nanos, ..Figures::default() });
}

/// `settle`, `settle-quiet`: as many volumes as claims, restored as new objects and settled; `idle` and `fork` of what
/// came of it.
pub(crate) fn settling(size: usize) {
    for (row, journal) in [("settle", true), ("settle-quiet", false)] {
        if !is_wanted(row) && !is_wanted("idle") && !is_wanted("fork") {
            continue;
        }
        let held = held();
        let objects = worlds::pairs(size, 1);
        let (cluster, time, bytes) = once_above(held, || {
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

/// `add-volume`: one more volume where so many claims wait, a tenth of them with selectors, and its binding.
pub(crate) fn pending(size: usize) {
    if is_wanted("add-volume") {
        let mut numbers = Numbers::new(11);
        let volumes = (0..CHANGES).map(|number| worlds::volume(size + number, &mut numbers)).collect();
        change("add-volume", size, &mut worlds::pending(size), volumes, |cluster, volume| {
            cluster.restore(volume).expect("a new name");
            settle(cluster);
        });
    }
}

/// `rebind`: a claim of a full cluster is deleted, its volume is released and wiped, and the claim is created again.
pub(crate) fn rebinding(size: usize) {
    if !is_wanted("rebind") {
        return;
    }
    let mut cluster = worlds::empty(false);
    for object in worlds::pairs(size, 1) {
        cluster.restore(worlds::recycled(object)).expect("a new name");
    }
    settle(&mut cluster);
    let claims = (0..CHANGES).map(|number| {
        let held = cluster.claim(&format!("default/claim-{number}")).expect("it exists").clone();
        (Object::from(held.clone()).reference(), worlds::renewed(held))
    });
    let claims = claims.collect();
    change("rebind", size, &mut cluster, claims, |cluster, (key, renewed)| {
        cluster.delete(&key).expect("it exists");
        settle(cluster);
        cluster.restore(renewed).expect("the name is free");
        settle(cluster);
    });
}

/// Worlds that a matcher may fear, up to 100,000 of a kind: `settle-…` of each of them.
pub(crate) fn adverse(size: usize) {
    if size > 100_000 {
        return;
    }
    for adverse in Adverse::ALL.into_iter().filter(|adverse| is_wanted(adverse.row())) {
        let held = held();
        let objects = adverse.objects(size);
        let (mut cluster, mut time, bytes) = once_above(held, || {
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

/// `plan`: the best assignment of as many volumes as claims, in nanoseconds for each pair.
pub(crate) fn planning(size: usize) {
    if !is_wanted("plan") || size > 10_000 {
        return;
    }
    let mut cluster = worlds::empty(false);
    for object in worlds::pairs(size, 1) {
        cluster.restore(object).expect("a new name");
    }
    let (plan, time, bytes) = once(|| cluster.plan().expect("it gets quiet"));
    assert!(plan.is_exact() && plan.pairs.len() >= plan.in_order);
    let bytes = Some(bytes / float(2 * size));
    print("plan", size, &Figures { nanos: nanos_each(time, size), bytes, ratio: None });
}

/// `check`, `check-unbound`: reading a dump of so many objects, half of them claims, and judging every claim in it, in
/// nanoseconds for each object.
pub(crate) fn checking(size: usize) {
    for (row, settled) in [("check", true), ("check-unbound", false)] {
        if !is_wanted(row) || size > 10_000 {
            continue;
        }
        let text = worlds::dump(size, settled);
        let (check, time, bytes) = once(|| worlds::check(&text));
        assert_eq!(check.claims.len(), size / 2);
        let bytes = Some(bytes / float(size));
        print(row, size, &Figures { nanos: nanos_each(time, size), bytes, ratio: None });
    }
}
