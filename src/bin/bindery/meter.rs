//! What the phases of a run take: time by the clock of the machine and memory as the operating system counts it.

#![expect(clippy::disallowed_types, reason = "the program may have a clock; the library has none")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::progress::Progress;

/// What one phase took.
#[derive(Debug)]
struct Measured {
    phase: &'static str,
    time: Duration,
    /// The most memory that the program had in use until then, where the system says it.
    peak: Option<u64>,
}

/// Follows a run through its phases, for `--stats` and for the progress bar.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) progress: Progress,
    measured: Vec<Measured>,
    running: Option<(&'static str, Instant)>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { progress: Progress::new(), measured: Vec::new(), running: None }
    }

    /// Begins a phase, and ends the one before. One that comes again is added to what it took before.
    pub(crate) fn begin(&mut self, phase: &'static str, total: Option<u64>) {
        self.end();
        self.progress.begin(phase, total);
        self.running = Some((phase, Instant::now()));
    }

    /// Ends the phase.
    pub(crate) fn end(&mut self) {
        self.progress.clear();
        let Some((phase, began)) = self.running.take() else {
            return;
        };
        let (time, peak) = (began.elapsed(), peak());
        match self.measured.iter_mut().find(|measured| measured.phase == phase) {
            Some(measured) => (measured.time, measured.peak) = (measured.time + time, peak),
            None => self.measured.push(Measured { phase, time, peak }),
        }
    }

    /// What `--stats` prints. The shape is documented in the help of the option and does not change.
    pub(crate) fn stats(&self) -> String {
        let with_peak = self.measured.iter().all(|measured| measured.peak.is_some());
        let total = Measured {
            phase: "total",
            time: self.measured.iter().map(|measured| measured.time).sum(),
            peak: self.measured.iter().filter_map(|measured| measured.peak).max(),
        };
        let mut text = format!("PHASE     SECONDS{}\n", if with_peak { "    PEAK-KIB" } else { "" });
        for Measured { phase, time, peak } in self.measured.iter().chain([&total]) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{phase:<6} {:>10.3}", time.as_secs_f64());
            if let Some(peak) = peak.filter(|_| with_peak) {
                let _ = write!(text, " {peak:>11}");
            }
            text.push('\n');
        }
        text
    }
}

/// The most memory that the program had in use, in KiB, where Linux counts it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_left_out_where_it_is_not_known() {
        let mut meter = Meter::new();
        let seconds = |seconds| Duration::from_secs(seconds);
        meter.measured.push(Measured { phase: "read", time: seconds(1), peak: Some(2048) });
        meter.measured.push(Measured { phase: "settle", time: seconds(20), peak: Some(40960) });
        let whole = "\
PHASE     SECONDS    PEAK-KIB
read        1.000        2048
settle     20.000       40960
total      21.000       40960
";
        assert_eq!(meter.stats(), whole);
        meter.measured[0].peak = None;
        assert_eq!(meter.stats(), "PHASE     SECONDS\nread        1.000\nsettle     20.000\ntotal      21.000\n");
    }
}
