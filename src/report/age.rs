//! Durations as kubectl writes them: two or three significant figures.

/// A duration in seconds, such as `37s`, `5m3s`, `4h12m`, `2d`.
pub(super) fn age(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let seconds = seconds.max(0);
    // Up to a bound, a unit is followed by the next smaller one unless that is zero.
    let two = |unit: i64, name: &str, rest: i64, rest_name: &str| {
        let (whole, rest) = (seconds / unit, seconds % unit / rest);
        if rest == 0 { format!("{whole}{name}") } else { format!("{whole}{name}{rest}{rest_name}") }
    };
    let one = |unit: i64, name: &str| format!("{}{name}", seconds / unit);
    match seconds {
        ..120 => one(1, "s"),
        120..600 => two(MINUTE, "m", 1, "s"),
        600..10_800 => one(MINUTE, "m"),
        10_800..28_800 => two(HOUR, "h", MINUTE, "m"),
        28_800..172_800 => one(HOUR, "h"),
        172_800..691_200 => two(DAY, "d", HOUR, "h"),
        _ if seconds < 2 * YEAR => one(DAY, "d"),
        _ if seconds < 8 * YEAR => two(YEAR, "y", DAY, "d"),
        _ => one(YEAR, "y"),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    /// Follows `HumanDuration` of `k8s.io/apimachinery`.
    #[test]
    fn ages_have_the_units_that_kubectl_gives_them() {
        let ages =
            [(0, "0s"), (119, "119s"), (120, "2m"), (303, "5m3s"), (601, "10m"), (10_799, "179m"), (10_800, "3h")];
        for (seconds, text) in ages {
            assert_eq!(age(seconds), text);
        }
        let ages = [(15_120, "4h12m"), (90_000, "25h"), (172_800, "2d"), (176_400, "2d1h"), (31_536_000 * 3, "3y")];
        for (seconds, text) in ages {
            assert_eq!(age(seconds), text);
        }
    }
}
