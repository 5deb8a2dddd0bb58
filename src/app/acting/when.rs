//! A moment as an operator types it: `now`, `10m`, `1h30m`, `06:00`, `2026-11-22 06:00`, always read in the zone that is shown.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// As it is.
    Keep,
    /// At this moment, which lies ahead.
    At(Timestamp),
}

/// Farther ahead than this is a slip of the finger rather than a plan.
const FARTHEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Reads a moment.
///
/// # Errors
///
/// What cannot be read, with examples; a moment that has passed, or lies more than a year ahead.
pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<When, String> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "now" | "" => return Ok(When::Now),
        "keep" => return Ok(When::Keep),
        _ => {}
    }
    let at = match span(text.trim_start_matches('+')) {
        Some(span) => now.checked_add(span).map_err(|_| "That lies too far ahead.".to_owned())?,
        None => moment(&text, now, zone)?,
    };
    // Read back, a moment must be the one that was sent: the engine keeps milliseconds, and nobody types them.
    let at = at.round(jiff::Unit::Second).map_err(|_| "That lies too far ahead.".to_owned())?;
    if at <= now {
        return Err("That moment has passed.".to_owned());
    }
    if at.duration_since(now) > FARTHEST {
        return Err("That lies more than a year ahead.".to_owned());
    }
    Ok(When::At(at))
}

/// `90s`, `10m`, `1h30m`, `2d`. A number alone is no span: of what would it be?
fn span(text: &str) -> Option<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut digits = String::new();
    for sign in text.chars() {
        if sign.is_ascii_digit() {
            digits.push(sign);
            continue;
        }
        let count: i64 = digits.parse().ok()?;
        digits.clear();
        let seconds = match sign {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(SignedDuration::from_secs(count.checked_mul(seconds)?))?;
    }
    (digits.is_empty() && total > SignedDuration::ZERO).then_some(total)
}

fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let unreadable = || "Write now, 10m, 1h30m, 06:00 or 2026-11-22 06:00.".to_owned();
    let today = now.to_zoned(zone.clone());
    // Read as a time, a whole date would lose its day, and a bare number would become an hour.
    if text.contains(':')
        && !text.contains('-')
        && let Ok(time) = text.parse::<Time>()
    {
        let at = civil(today.date().to_datetime(time), zone, unreadable)?;
        // A time of the day is the next one of its kind.
        return if at.timestamp() > now {
            Ok(at.timestamp())
        } else {
            let tomorrow: Date = today.date().tomorrow().map_err(|_| unreadable())?;
            civil(tomorrow.to_datetime(time), zone, unreadable).map(|at| at.timestamp())
        };
    }
    let parsed: DateTime = text.replace(' ', "t").parse().map_err(|_| unreadable())?;
    civil(parsed, zone, unreadable).map(|at| at.timestamp())
}

fn civil(at: DateTime, zone: &TimeZone, unreadable: impl Fn() -> String) -> Result<Zoned, String> {
    at.to_zoned(zone.clone()).map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let now: Timestamp = "2026-11-21T01:14:05Z".parse().expect("a moment");
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        parse(text, now, &zone).map(|when| match when {
            When::Now => "now".to_owned(),
            When::Keep => "keep".to_owned(),
            When::At(at) => at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        })
    }

    #[test]
    fn spans_count_from_now() {
        assert_eq!(read("10m").as_deref(), Ok("2026-11-21 02:24:05"));
        assert_eq!(read("+1h30m").as_deref(), Ok("2026-11-21 03:44:05"));
        assert_eq!(read("2d").as_deref(), Ok("2026-11-23 02:14:05"));
        assert_eq!(read("90s").as_deref(), Ok("2026-11-21 02:15:35"));
    }

    #[test]
    fn a_moment_has_no_more_digits_than_the_engine_keeps() {
        let now: Timestamp = "2026-11-21T01:14:05.123456789Z".parse().expect("a moment");
        let Ok(When::At(at)) = parse("10m", now, &TimeZone::UTC) else { panic!("not read") };
        assert_eq!(at, "2026-11-21T01:24:05Z".parse::<Timestamp>().expect("a moment"));
    }

    #[test]
    fn a_time_of_the_day_is_the_next_one_in_the_zone_that_is_shown() {
        assert_eq!(read("06:00").as_deref(), Ok("2026-11-21 06:00:00"));
        assert_eq!(read("02:00").as_deref(), Ok("2026-11-22 02:00:00"), "two o'clock has passed");
        assert_eq!(read("2026-11-22 06:00").as_deref(), Ok("2026-11-22 06:00:00"));
        assert_eq!(read("2026-11-22T06:00:30").as_deref(), Ok("2026-11-22 06:00:30"));
    }

    #[test]
    fn words_are_understood_and_anything_else_is_asked_again() {
        assert_eq!(read("now").as_deref(), Ok("now"));
        assert_eq!(read("").as_deref(), Ok("now"));
        assert_eq!(read("KEEP").as_deref(), Ok("keep"));
        for wrong in ["10", "soon", "10x", "m", "25:00", "2026-13-01 00:00", "1h30", "-5m"] {
            assert!(read(wrong).unwrap_err().starts_with("Write now"), "{wrong}: {:?}", read(wrong));
        }
        assert!(read("2026-11-21 02:00").unwrap_err().contains("has passed"));
        assert!(read("2031-01-01 00:00").unwrap_err().contains("a year"));
        assert!(read("99999999999999999999d").is_err());
    }
}
