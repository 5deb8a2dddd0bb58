//! Figures as the screens write them: counts, ages, rates, sizes. No colours, no thresholds, no clock.
//!
//! Everything is rounded down: a figure never claims more than there is, and never jumps a unit early.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// A count to the last digit: `12,345`.
pub fn count_exact(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its thing, for things whose plural ends with an s: `1 job`, `1,234 jobs`.
pub fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", count_exact(count)) }
}

/// A number of retries: `1 retry`, `3 retries`.
pub fn retries(count: u64) -> String {
    if count == 1 { "1 retry".to_owned() } else { format!("{} retries", count_exact(count)) }
}

/// The first `most` of these, and how many more there are: `a, b and 3 more`.
pub fn listed(mut words: Vec<String>, most: usize) -> String {
    let more = words.len().saturating_sub(most);
    words.truncate(most);
    if more > 0 { format!("{} and {more} more", words.join(", ")) } else { words.join(", ") }
}

/// A count in at most five cells: `9999`, `12.3k`, `123k`, `4.5M`.
pub fn count_short(count: u64) -> String {
    if count < 10_000 {
        return count.to_string();
    }
    scaled(count, 1000, &["", "k", "M", "G", "T", "P", "E"])
}

/// A size in bytes: `812 B`, `1.4 KiB`, `20.0 MiB`, `200 KiB`.
pub fn bytes(count: u64) -> String {
    if count < 1024 {
        return format!("{count} B");
    }
    scaled(count, 1024, &["", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"])
}

/// An age in words, two units at most: `8 s`, `12 min`, `3 h 05`, `2 d 4 h`.
pub fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..MINUTE => format!("{seconds} s"),
        seconds @ MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h {:02}", seconds / HOUR, seconds % HOUR / MINUTE),
        seconds => match seconds % DAY / HOUR {
            0 => format!("{} d", seconds / DAY),
            hours => format!("{} d {hours} h", seconds / DAY),
        },
    }
}

/// An age in at most five cells: `8s`, `12m`, `3h`, `999d`, `3y`.
pub fn age_short(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..MINUTE => format!("{seconds}s"),
        seconds @ MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{}h", seconds / HOUR),
        seconds if seconds < 1000 * DAY => format!("{}d", seconds / DAY),
        seconds => format!("{}y", (seconds / YEAR).min(9999)),
    }
}

/// A rate in the unit that makes it a number to read: `3.5/s`, `120/s`, `24/min`, `2/h`. What is no rate at all is `–`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.0 {
        return "–".to_owned();
    }
    let per_hour = per_second * HOUR as f64;
    if per_second >= 10.0 {
        format!("{}/s", count_short(per_second as u64))
    } else if per_second >= 1.0 {
        format!("{:.1}/s", (per_second * 10.0).floor() / 10.0)
    } else if nearly(per_hour) >= MINUTE {
        format!("{}/min", nearly(per_hour / MINUTE as f64))
    } else if nearly(per_hour) > 0 {
        format!("{}/h", nearly(per_hour))
    } else if per_hour > 0.0 {
        "<1/h".to_owned()
    } else {
        "0/s".to_owned()
    }
}

/// Rounded down, but forgiving what floating point lost: twelve a minute must not come back as eleven.
fn nearly(value: f64) -> u64 {
    (value + 1e-6) as u64
}

fn scaled(count: u64, base: u64, units: &[&str]) -> String {
    let mut one = 1;
    let mut unit = 0;
    while count / one >= base && unit + 1 < units.len() {
        one *= base;
        unit += 1;
    }
    let whole = count / one;
    let tenth = u128::from(count % one) * 10 / u128::from(one);
    if whole < 100 { format!("{whole}.{tenth}{}", units[unit]) } else { format!("{whole}{}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::width;
    use proptest::prelude::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn an_exact_count_has_a_comma_every_three_digits() {
        let shown: Vec<_> = [0, 999, 1000, 12_345, 1_234_567, u64::MAX].into_iter().map(count_exact).collect();
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "1,234,567", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn a_short_count_rounds_down_and_changes_units_on_time() {
        let shown: Vec<_> = [0, 9999, 10_000, 12_399, 99_999, 100_000, 999_999, 1_000_000, u64::MAX].into_iter().map(count_short).collect();
        assert_eq!(shown, ["0", "9999", "10.0k", "12.3k", "99.9k", "100k", "999k", "1.0M", "18.4E"]);
    }

    #[test]
    fn sizes_use_binary_units() {
        let shown: Vec<_> = [0, 1023, 1024, 1500, 204_800, 20 << 20].into_iter().map(bytes).collect();
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.4 KiB", "200 KiB", "20.0 MiB"]);
    }

    #[test]
    fn an_age_uses_two_units_at_most() {
        let shown: Vec<_> = [0, 8, 59, 60, 725, 3600, 11_100, 86_399, 86_400, 187_200].into_iter().map(|s| age(seconds(s))).collect();
        assert_eq!(shown, ["0 s", "8 s", "59 s", "1 min", "12 min", "1 h 00", "3 h 05", "23 h 59", "1 d", "2 d 4 h"]);
    }

    #[test]
    fn a_short_age_uses_one_unit() {
        let shown: Vec<_> = [8, 725, 11_100, 187_200, 86_400 * 999, 86_400 * 1200].into_iter().map(|s| age_short(seconds(s))).collect();
        assert_eq!(shown, ["8s", "12m", "3h", "2d", "999d", "3y"]);
    }

    #[test]
    fn a_rate_chooses_its_unit() {
        let shown: Vec<_> = [0.0, 0.0001, 2.0 / 3600.0, 1.0 / 60.0, 0.2, 0.4, 1.0, 3.59, 10.0, 25_000.0].into_iter().map(rate).collect();
        assert_eq!(shown, ["0/s", "<1/h", "2/h", "1/min", "12/min", "24/min", "1.0/s", "3.5/s", "10/s", "25.0k/s"]);
    }

    #[test]
    fn what_is_no_rate_is_a_dash() {
        for nonsense in [f64::NAN, f64::INFINITY, -0.5] {
            assert_eq!(rate(nonsense), "–");
        }
    }

    proptest! {
        #[test]
        fn short_figures_stay_within_five_cells(figure in any::<u64>(), shift in 0u32..64) {
            prop_assert!(width(&count_short(figure >> shift)) <= 5);
            prop_assert!(width(&age_short(seconds(figure >> shift))) <= 5);
        }
    }
}
