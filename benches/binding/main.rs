//! Every operation of which the cost matters, by criterion: `cargo bench --bench binding`.
//!
//! The rows are those of the bench `scale`, which says how they grow up to a million: choosing and reserving a volume
//! (`match`) by the index, and choosing one by a scan, settling as many volumes as claims (`settle`) with the journal and
//! without, one change in a full cluster (`change`), worlds that a matcher may fear (`adverse`), reading manifests (`read`)
//! beside what the parsers take for plain structs, a StatefulSet (`replicas`), the best assignment of as many volumes as
//! claims (`plan`), and judging the claims of a dump (`check`).

#![expect(clippy::disallowed_types, reason = "a bench measures time")]

mod plain;
#[path = "../worlds/mod.rs"]
mod worlds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bindery::{
    Cluster, Kind, LabelSelector, Object, PersistentVolume, PersistentVolumeClaim, Reader, VolumePool, to_json, to_yaml,
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use crate::worlds::{Adverse, Numbers, available, give_back, pool, scan};

/// Gives the claim of a number its selector.
type Selecting = fn(usize, &mut Numbers) -> Option<LabelSelector>;

/// The sizes of the worlds; a mere test of the benches builds small ones only.
fn sizes() -> &'static [usize] {
    if std::env::args().any(|argument| argument == "--test") { &[1_000] } else { &[1_000, 10_000, 100_000] }
}

/// Claims that are looked up in turn.
fn claims(selecting: Selecting) -> Vec<PersistentVolumeClaim> {
    let mut numbers = Numbers::new(7);
    let with = |number| {
        let claim = worlds::claim(number, &mut numbers);
        match selecting(number, &mut numbers) {
            None => claim,
            Some(selector) => claim.with_selector(selector),
        }
    };
    (0..1_000).map(with).collect()
}

fn settle(mut cluster: Cluster) -> Cluster {
    cluster.settle().expect("it gets quiet");
    cluster
}

fn restored(objects: Vec<Object>, journal: bool) -> Cluster {
    let mut cluster = worlds::empty(journal);
    for object in objects {
        cluster.restore(object).expect("a new name");
    }
    cluster
}

fn matching(criterion: &mut Criterion) {
    let rows: [(&str, Selecting); 3] = [
        ("plain", |_, _| None),
        ("selector", |number, numbers| Some(worlds::selector(number, numbers))),
        ("selector-hard", |number, _| Some(worlds::hard_selector(number))),
    ];
    let mut group = criterion.benchmark_group("match");
    group.sample_size(20);
    for size in sizes() {
        let mut pool = pool(*size, 1);
        for (name, selecting) in rows {
            let claims = claims(selecting);
            let volumes: Vec<&PersistentVolume> = pool.iter().collect();
            for claim in &claims[..20] {
                let found = pool.find(claim).expect("a sound claim").map(PersistentVolume::capacity);
                assert_eq!(found, scan(&volumes, claim).map(PersistentVolume::capacity));
            }
            let mut next = claims.iter().cycle();
            group.bench_function(BenchmarkId::new(format!("scan/{name}"), size), |bencher| {
                bencher.iter(|| black_box(scan(&volumes, next.next().expect("it has no end"))));
            });
            group.bench_function(BenchmarkId::new(format!("index/{name}"), size), |bencher| {
                bencher.iter_custom(|times| reserve(&mut pool, &claims, times));
            });
        }
    }
    group.finish();
}

/// The time of so many choices and reservations; what was reserved is given back in between.
fn reserve(pool: &mut VolumePool, claims: &[PersistentVolumeClaim], times: u64) -> Duration {
    let (mut left, mut spent) = (usize::try_from(times).unwrap_or(usize::MAX), Duration::ZERO);
    for claims in claims.chunks(64).cycle() {
        let claims = &claims[..left.min(claims.len())];
        let start = Instant::now();
        for claim in claims {
            black_box(pool.reserve(claim).expect("a sound claim"));
        }
        spent += start.elapsed();
        give_back(pool, claims);
        left -= claims.len();
        if left == 0 {
            break;
        }
    }
    spent
}

fn settling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("settle");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for size in sizes() {
        group.throughput(Throughput::Elements(*size as u64));
        for (name, journal) in [("journal", true), ("quiet", false)] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let objects = || worlds::pairs(*size, 1);
                bencher.iter_batched(objects, |objects| settle(restored(objects, journal)), BatchSize::PerIteration);
            });
        }
        let mut settled = settle(restored(worlds::pairs(*size, 1), true));
        group.bench_function(BenchmarkId::new("idle", size), |bencher| {
            bencher.iter(|| black_box(settled.settle()));
        });
        group.bench_function(BenchmarkId::new("fork", size), |bencher| bencher.iter(|| black_box(settled.fork())));
    }
    group.finish();
}

fn changing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("change");
    group.sample_size(10);
    for size in sizes() {
        let mut numbers = Numbers::new(11);
        let volumes = available(*size, 1);
        let pending = worlds::pending(*size);
        let full = settle(restored(worlds::pairs(*size, 1).into_iter().map(worlds::recycled).collect(), false));
        let mut change = |name: &str, cluster: &Cluster, change: &mut dyn FnMut(&mut Cluster)| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let fork = || cluster.fork();
                let changed = |mut cluster: Cluster| {
                    change(&mut cluster);
                    settle(cluster)
                };
                bencher.iter_batched(fork, changed, BatchSize::PerIteration);
            });
        };
        let mut claims = Numbers::new(11);
        change("add-claim", &volumes, &mut |cluster| {
            drop(cluster.restore(worlds::claim(0, &mut claims)).expect("a new name"));
        });
        change("add-volume", &pending, &mut |cluster| {
            drop(cluster.restore(worlds::volume(*size, &mut numbers)).expect("a new name"));
        });
        change("rebind", &full, &mut |cluster| {
            let key = Kind::PersistentVolumeClaim.named("default/claim-0");
            let held = cluster.claim("default/claim-0").expect("it is bound").clone();
            cluster.delete(&key).expect("it exists");
            cluster.settle().expect("it gets quiet");
            drop(cluster.restore(worlds::renewed(held)).expect("the name is free"));
        });
    }
    group.finish();
}

fn adverse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("adverse");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    for size in sizes().iter().filter(|size| **size <= 10_000) {
        for adverse in Adverse::ALL.into_iter().filter(|adverse| *adverse != Adverse::Recreated) {
            group.bench_function(BenchmarkId::new(adverse.row(), size), |bencher| {
                let objects = || adverse.objects(*size);
                bencher.iter_batched(objects, |objects| settle(restored(objects, false)), BatchSize::PerIteration);
            });
        }
    }
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10);
    let mut numbers = Numbers::new(3);
    let volumes: Vec<PersistentVolume> = (0..1_000).map(|number| worlds::volume(number, &mut numbers)).collect();
    let yaml = volumes.iter().map(to_yaml).collect::<Vec<_>>().join("---\n");
    let items = volumes.iter().map(to_json).collect::<Vec<_>>().join(",");
    let json = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{items}]}}");
    for (name, text) in [("yaml", &yaml), ("json", &json)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(Reader::new().read(text))));
    }
    group.throughput(Throughput::Bytes(yaml.len() as u64));
    group.bench_function("yaml-plain", |bencher| bencher.iter(|| black_box(plain::read_yaml(&yaml))));
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("json-plain", |bencher| bencher.iter(|| black_box(plain::read_json(&json))));
    group.finish();
}

fn replicas(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replicas");
    group.sample_size(10);
    for size in sizes().iter().filter(|size| **size <= 10_000) {
        group.bench_function(BenchmarkId::new("ordered", size), |bencher| {
            bencher.iter_batched(|| worlds::set(*size), settle, BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    for size in sizes().iter().filter(|size| **size <= 10_000) {
        let cluster = restored(worlds::pairs(*size, 1), false);
        group.bench_function(BenchmarkId::new("pairs", size), |bencher| bencher.iter(|| black_box(cluster.plan())));
    }
    group.finish();
}

/// A dump is read and each claim in it judged; the size is that of the dump, volumes and claims together.
fn checking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    for size in sizes().iter().filter(|size| **size <= 10_000) {
        for (name, settled) in [("settled", true), ("unbound", false)] {
            let text = worlds::dump(*size, settled);
            assert_eq!(worlds::check(&text).claims.len(), size / 2);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| black_box(worlds::check(&text)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, matching, settling, changing, adverse, reading, replicas, planning, checking);
criterion_main!(benches);
