//! Binding, at 1,000, 10,000 and 100,000 volumes: `cargo bench --bench binding`.
//!
//! `match` finds the volume for a claim, by the index and, beside it, by a scan over all volumes. The world has three
//! sets of access modes, four classes, random sizes and two labels; `selector` asks for a label that a third of the
//! volumes have. `settle` takes as many volumes as claims from nothing to quiet: all phases, all four writes of each
//! binding, the events; with the journal (`journal`) and without (`quiet`). `idle` settles when nothing changed.

#[path = "../worlds/mod.rs"]
mod worlds;

use std::hint::black_box;
use std::time::Duration;

use bindery::{LabelSelector, PersistentVolume, PersistentVolumeClaim};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use crate::worlds::{Numbers, available, claim, scan, unsettled};

/// The sizes of the worlds; a mere test of the benches builds small ones only.
fn sizes() -> &'static [usize] {
    if std::env::args().any(|argument| argument == "--test") { &[1_000] } else { &[1_000, 10_000, 100_000] }
}

/// Claims that are looked up in turn.
fn claims(selectors: bool) -> Vec<PersistentVolumeClaim> {
    let mut numbers = Numbers::new(7);
    let plain = (0..1_000).map(|number| claim(number, &mut numbers));
    if !selectors {
        return plain.collect();
    }
    plain.map(|claim| claim.with_selector(LabelSelector::matching([("tier", "ssd")]))).collect()
}

fn matching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("match");
    group.sample_size(20);
    for size in sizes() {
        let cluster = available(*size, 1);
        let volumes: Vec<&PersistentVolume> = cluster.volumes().collect();
        for (name, claims) in [("plain", claims(false)), ("selector", claims(true))] {
            for claim in &claims[..20] {
                let found = cluster.find_volume_for(claim).expect("a sound claim").map(PersistentVolume::capacity);
                assert_eq!(found, scan(&volumes, claim).map(PersistentVolume::capacity));
            }
            let mut next = claims.iter().cycle();
            group.bench_function(BenchmarkId::new(format!("index/{name}"), size), |bencher| {
                bencher.iter(|| black_box(cluster.find_volume_for(next.next().expect("it has no end"))));
            });
            let mut next = claims.iter().cycle();
            group.bench_function(BenchmarkId::new(format!("scan/{name}"), size), |bencher| {
                bencher.iter(|| black_box(scan(&volumes, next.next().expect("it has no end"))));
            });
        }
    }
    group.finish();
}

fn settling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("settle");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for size in sizes() {
        group.throughput(Throughput::Elements(*size as u64));
        for (name, journal) in [("journal", true), ("quiet", false)] {
            let start = unsettled(*size, 1, journal);
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter_batched(
                    || start.fork(),
                    |mut cluster| {
                        cluster.settle().expect("it gets quiet");
                        cluster
                    },
                    BatchSize::PerIteration,
                );
            });
        }
        let mut settled = unsettled(*size, 1, false);
        settled.settle().expect("it gets quiet");
        group.bench_function(BenchmarkId::new("idle", size), |bencher| {
            bencher.iter(|| black_box(settled.settle()));
        });
    }
    group.finish();
}

criterion_group!(benches, matching, settling);
criterion_main!(benches);
