//! Dates, times of day, durations and units at the start of a text. Each function answers how many bytes it recognised.

use super::codes::is_any;
use super::marks::Mark;

const MONTHS: &[&str] = &[
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
    "January",
    "February",
    "March",
    "April",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "Januar",
    "Februar",
    "März",
    "Mai",
    "Juni",
    "Juli",
    "Oktober",
    "Dezember",
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
];
const WEEKDAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ZONES: &[&str] =
    &["Z", "UTC", "GMT", "CET", "CEST", "EST", "EDT", "PST", "PDT", "CST", "CDT", "MST", "MDT", "BST", "MEZ", "MESZ", "IST", "JST", "AM", "PM"];

const LONG_TIME_UNITS: &[&str] = &[
    "ns",
    "us",
    "µs",
    "ms",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "min",
    "mins",
    "minute",
    "minutes",
    "hour",
    "hours",
    "hrs",
    "day",
    "days",
    "millis",
    "millisecond",
    "milliseconds",
    "nanos",
    "nanoseconds",
    "microseconds",
    "week",
    "weeks",
    "Sekunde",
    "Sekunden",
    "Minute",
    "Minuten",
    "Stunde",
    "Stunden",
    "Millisekunden",
    "Tage",
    "Tagen",
];
const SHORT_TIME_UNITS: &[&str] = &["h", "m", "d"];
const SIZE_UNITS: &[&str] = &["b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "byte", "bytes", "kilobytes", "megabytes", "gigabytes"];
pub(super) const CURRENCIES: &[&str] =
    &["EUR", "USD", "CHF", "GBP", "JPY", "CNY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "INR", "Euro", "AUD", "CAD", "BRL"];
const CURRENCY_SIGNS: &[char] = &['€', '$', '£', '¥', '₹'];
const CHINESE_UNITS: &[&str] = &["毫秒", "秒", "分钟", "小时", "天"];

/// A date, a time, or both, at the start of `text`. `after_date` allows a bare `08:15`.
pub(super) fn timestamp(text: &str, after_date: bool) -> Option<usize> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return calendar(text);
    }
    if let Some(end) = date(text) {
        return Some(end + clock_behind(&text[end..]));
    }
    if let Some(end) = clock(text, after_date) {
        return Some(end + zone(&text[end..]));
    }
    calendar(text)
}

/// `2024-05-17`, `2024/05/17`, `17.05.2024`, `05/17/2024`, `20240517T081530`.
fn date(text: &str) -> Option<usize> {
    let first = digits(text);
    if first == 8 && text[8..].starts_with('T') && digits(&text[9..]) == 6 {
        return Some(15);
    }
    let separator = text[first..].chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let second = digits(&text[first + 1..]);
    let third_at = first + 1 + second + 1;
    if !(1..=2).contains(&second) || !text[first + 1 + second..].starts_with(separator) {
        return None;
    }
    let third = digits(&text[third_at..]);
    let end = third_at + third;
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_alphabetic() && c != 'T' && c != 'Z');
    match (first, third) {
        (4, 1..=2) | (1..=2, 4) if !goes_on => Some(end),
        _ => None,
    }
}

/// The time of day behind a date, with what joins the two.
fn clock_behind(text: &str) -> usize {
    for joint in ["T", " ", "-", ", ", " um ", " at ", "_"] {
        if let Some(rest) = text.strip_prefix(joint)
            && let Some(end) = clock(rest, true)
        {
            return joint.len() + end + zone(&rest[end..]);
        }
    }
    zone(text)
}

/// `08:15:30`, with a fraction; `08:15` only when `short` is allowed or a word says so.
fn clock(text: &str, short: bool) -> Option<usize> {
    let hours = digits(text);
    let separator = text[hours..].chars().next().filter(|c| *c == ':' || short && *c == '.')?;
    if !(1..=2).contains(&hours) || digits(&text[hours + 1..]) != 2 {
        return None;
    }
    let mut end = hours + 3;
    let seconds = text[end..].strip_prefix(separator).filter(|rest| digits(rest) == 2).is_some();
    if seconds {
        end += 3;
        if let Some(fraction) = text[end..].strip_prefix([',', '.']) {
            end += match digits(fraction) {
                0 => 0,
                count => 1 + count,
            };
        }
    }
    let named = [" Uhr", " AM", " PM", "Uhr"].iter().any(|word| text[end..].starts_with(word));
    (seconds || short || named).then_some(end)
}

/// `Z`, `+02:00`, ` CEST`, `[Europe/Berlin]`, ` Uhr`.
fn zone(text: &str) -> usize {
    let spaced = usize::from(text.starts_with(' '));
    let rest = &text[spaced..];
    let mut end = 0;
    if rest.starts_with(['+', '-']) && digits(&rest[1..]) >= 2 {
        end = 1 + digits(&rest[1..]).min(4);
        if rest[end..].starts_with(':') && digits(&rest[end + 1..]) == 2 {
            end += 3;
        }
    } else {
        let word = letters(rest);
        if is_zone(&rest[..word]) {
            end = word;
        }
    }
    if rest[end..].starts_with("[")
        && let Some(close) = rest.as_bytes().iter().take(end + 40).position(|&byte| byte == b']')
        && rest[end..close].contains('/')
    {
        end = close + 1;
    }
    if end == 0 { 0 } else { spaced + end }
}

fn is_zone(word: &str) -> bool {
    ZONES.contains(&word) || word == "Uhr"
}

/// Dates with month names: `Fri May 17 08:15:30 CEST 2024`, `17 May 2024`, `May 17, 2024 8:15 AM`, `17-MAY-2024`.
fn calendar(text: &str) -> Option<usize> {
    let (mut month, mut day, mut year, mut time) = (false, false, false, false);
    let mut end = 0;
    let mut at = 0;
    for _ in 0..7 {
        let rest = &text[at..];
        let count = digits(rest);
        let length = if let Some(length) = clock(rest, false).filter(|_| !time && month) {
            time = true;
            length + zone(&rest[length..])
        } else if count > 0 {
            match count {
                1..=2 if !day => day = true,
                4 if month && !year => year = true,
                _ => break,
            }
            count
        } else {
            let length = letters(rest);
            match &rest[..length] {
                word if MONTHS.contains(&word) && !month => month = true,
                word if WEEKDAYS.contains(&word) && !month => {}
                word if is_zone(word) && time => {}
                _ => break,
            }
            length
        };
        if text[at + length..].starts_with(|c: char| c.is_alphanumeric()) {
            break;
        }
        end = at + length;
        at = end + text[end..].len().min(text[end..].find(|c| !matches!(c, ' ' | ',' | '-' | '.')).unwrap_or(0));
        if at == end || at - end > 2 {
            break;
        }
    }
    (month && day).then_some(end)
}

/// What the unit behind a number makes of it, and the bytes the unit takes: ` ms`, ` MB`, ` EUR`, `€`, `秒`.
pub(super) fn unit_behind(text: &str) -> Option<(Mark, usize)> {
    let spaced = usize::from(text.starts_with(' '));
    let rest = &text[spaced..];
    if let Some(sign) = rest.chars().next().filter(|c| CURRENCY_SIGNS.contains(c)) {
        let opens_name = sign == '$' && rest[1..].starts_with(|c: char| c.is_alphanumeric() || c == '{' || c == '$');
        return (!opens_name).then_some((Mark::Amount, spaced + sign.len_utf8()));
    }
    if let Some(unit) = CHINESE_UNITS.iter().find(|unit| rest.starts_with(**unit)) {
        return Some((Mark::Duration, spaced + unit.len()));
    }
    let length = letters(rest);
    if length == 0 || rest[length..].starts_with(|c: char| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let word = &rest[..length];
    let mark = if is_any(word, LONG_TIME_UNITS) || spaced == 0 && is_any(word, SHORT_TIME_UNITS) {
        Mark::Duration
    } else if is_any(word, SIZE_UNITS) {
        Mark::Size
    } else if CURRENCIES.contains(&word) {
        Mark::Amount
    } else {
        return None;
    };
    Some((mark, spaced + length))
}

/// What a figure with its units makes as a whole: `30000ms`, `1m30s`, `1.5GB`, `PT1H30M`.
pub(super) fn measured(word: &str) -> Option<Mark> {
    if let Some(iso) = word.strip_prefix('P') {
        return is_iso_duration(iso).then_some(Mark::Duration);
    }
    let mut rest = word;
    let mut found = None;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&length| length > 0)?;
        rest = &rest[number..];
        let unit = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let mark = unit_behind(&rest[..unit])?.0;
        if found.is_some_and(|before| before != mark) {
            return None;
        }
        found = Some(mark);
        rest = &rest[unit..];
    }
    found
}

fn is_iso_duration(mut rest: &str) -> bool {
    let mut parts = 0;
    while !rest.is_empty() {
        rest = rest.strip_prefix('T').unwrap_or(rest);
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        if number == 0 || !rest[number..].starts_with(['Y', 'M', 'W', 'D', 'H', 'S']) {
            return false;
        }
        parts += 1;
        rest = &rest[number + 1..];
    }
    parts > 0
}

/// The ASCII digits `text` starts with; no number worth reading has more than forty.
pub(super) fn digits(text: &str) -> usize {
    text.bytes().take(40).take_while(u8::is_ascii_digit).count()
}

/// The bytes of the letters `text` starts with; no word asked for here has more than twenty.
fn letters(text: &str) -> usize {
    text.chars().take(20).take_while(|c| c.is_alphabetic() && !is_ideograph(*c)).map(char::len_utf8).sum()
}

/// Scripts written without spaces: a figure among their characters stands alone.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0xdfff | 0xf900..=0xfaff | 0xff00..=0xffef | 0x2_0000..=0x3_ffff)
}
