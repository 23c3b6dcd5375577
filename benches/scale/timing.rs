//! Time and memory of what a row does, and the line that says so.

use std::fmt::Write;
use std::time::Duration;

use crate::MEMORY;

/// What a row found.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) nanos: f64,
    pub(crate) bytes: Option<f64>,
    pub(crate) ratio: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "figures are printed with a few digits")]
pub(crate) fn float(number: usize) -> f64 {
    number as f64
}

/// The time that this thread has computed. On a machine that others use, too, it differs much from the time that passes.
#[cfg(unix)]
pub(crate) fn spent() -> Duration {
    let counted = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(counted).unwrap_or_default()
}

/// The time that has passed.
#[cfg(not(unix))]
pub(crate) fn spent() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// The nanoseconds that one of some operations took.
pub(crate) fn nanos_each(time: Duration, operations: usize) -> f64 {
    time.as_secs_f64() * 1e9 / float(operations)
}

/// Batches of which the one in the middle counts, so that neither a pause of the machine nor a lucky cache does.
const BATCHES: usize = 7;
/// What a batch takes at least.
const BATCH: Duration = Duration::from_millis(20);

/// Nanoseconds of one of the operations that a closure does.
pub(crate) fn median(mut operation: impl FnMut()) -> f64 {
    let mut operations = 1;
    loop {
        let start = spent();
        (0..operations).for_each(|_| operation());
        if spent().saturating_sub(start) > BATCH || operations > 1 << 24 {
            break;
        }
        operations *= 2;
    }
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let start = spent();
            (0..operations).for_each(|_| operation());
            nanos_each(spent().saturating_sub(start), operations)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}

/// The one in the middle.
pub(crate) fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// What is allocated, in bytes.
pub(crate) fn held() -> usize {
    MEMORY.current_usage()
}

/// What a closure makes, how long that took, and the most that was allocated meanwhile.
pub(crate) fn once<T>(make: impl FnOnce() -> T) -> (T, Duration, f64) {
    once_above(held(), make)
}

/// The same where what the closure is given, and keeps, counts as well: `held` is what was allocated without it.
pub(crate) fn once_above<T>(held: usize, make: impl FnOnce() -> T) -> (T, Duration, f64) {
    MEMORY.reset_peak_usage();
    let start = spent();
    let result = make();
    let time = spent().saturating_sub(start);
    (result, time, float(MEMORY.peak_usage().saturating_sub(held)))
}

/// Prints the line of a row.
pub(crate) fn print(row: &str, size: usize, figures: &Figures) {
    let mut line = format!("{row} n={size} ns_per_op={:.1}", figures.nanos);
    if let Some(bytes) = figures.bytes {
        let _ = write!(line, " bytes_per_object={bytes:.0}");
    }
    if let Some(ratio) = figures.ratio {
        let _ = write!(line, " ratio_to_scan={ratio:.0}");
    }
    println!("{line}");
}
