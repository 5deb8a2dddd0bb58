//! Ranges as Nagios and Icinga write them, so that a threshold can be copied from an existing check.

use std::fmt;
use std::str::FromStr;

/// The values at which a figure raises an alert.
///
/// | written | alerts when the value is |
/// |---|---|
/// | `10` | below 0 or above 10 |
/// | `10:` | below 10 |
/// | `~:10` | above 10 |
/// | `10:20` | outside 10 to 20 |
/// | `@10:20` | inside 10 to 20, ends included |
/// | `~:` | never |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
}

/// Why a text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Nothing was written.
    #[error("a range is empty; write \"~:\" for one that never alerts")]
    Empty,
    /// One end is not a decimal number.
    #[error("\"{0}\" is not a number; a range is written 10, 10:, ~:10, 10:20 or @10:20")]
    NotANumber(String),
    /// The start lies above the end.
    #[error("the range starts above its end; write the smaller number first")]
    Reversed,
}

impl Range {
    /// Whether this value raises the alert. A value that is no number never does: what is unknown is shown as unknown.
    pub fn alerts(&self, value: f64) -> bool {
        if self.inside { value >= self.start && value <= self.end } else { value < self.start || value > self.end }
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let text = text.trim();
        let (inside, body) = match text.strip_prefix('@') {
            Some(body) => (true, body),
            None => (false, text),
        };
        let (start, end) = match body.split_once(':') {
            None if body.is_empty() => return Err(RangeError::Empty),
            None => (0.0, number(body)?),
            Some((start, end)) => (if start == "~" { f64::NEG_INFINITY } else { number(start)? }, if end.is_empty() { f64::INFINITY } else { number(end)? }),
        };
        if start > end { Err(RangeError::Reversed) } else { Ok(Self { start, end, inside }) }
    }
}

fn number(text: &str) -> Result<f64, RangeError> {
    // The float parser of the language also takes `inf`, `nan` and `1e9`, which no monitoring system would read back.
    let decimal = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    match text.parse::<f64>() {
        // Adding zero turns a negative zero into a plain one.
        Ok(number) if decimal && number.is_finite() => Ok(number + 0.0),
        _ => Err(RangeError::NotANumber(super::safe(text))),
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside {
            f.write_str("@")?;
        }
        if self.start == f64::NEG_INFINITY {
            f.write_str("~:")?;
        } else if self.start != 0.0 || self.end == f64::INFINITY {
            write!(f, "{}:", self.start)?;
        }
        if self.end == f64::INFINITY { Ok(()) } else { write!(f, "{}", self.end) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(text: &str) -> Range {
        text.parse().unwrap()
    }

    #[test]
    fn the_documented_forms_alert_as_documented() {
        for (text, alerting, quiet) in [
            ("10", &[-0.1, 10.1, 11.0][..], &[0.0, 5.0, 10.0][..]),
            ("10:", &[9.9, -5.0], &[10.0, 1e9]),
            ("~:10", &[10.1], &[10.0, 0.0, -1e9]),
            ("10:20", &[9.9, 20.1], &[10.0, 15.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
            ("0.5:1.5", &[0.4, 1.6], &[0.5, 1.0, 1.5]),
            ("-5:-1", &[-6.0, 0.0], &[-5.0, -1.0]),
            ("~:", &[], &[-1e300, 0.0, 1e300]),
            ("0", &[1.0], &[0.0]),
        ] {
            for value in alerting {
                assert!(range(text).alerts(*value), "{text} must alert at {value}");
            }
            for value in quiet {
                assert!(!range(text).alerts(*value), "{text} must stay quiet at {value}");
            }
        }
    }

    #[test]
    fn a_value_that_is_no_number_never_alerts() {
        assert!(!range("10").alerts(f64::NAN));
        assert!(!range("@~:").alerts(f64::NAN));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "@", ":", ":10", "ten", "1e9", "inf", "10:nan", "20:10", "10:20:30", "1,5", "~", "10 20"] {
            assert!(text.parse::<Range>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_range_is_shown_in_its_shortest_form() {
        for (text, shown) in
            [("0:10", "10"), ("0:", "0:"), ("@0:", "@0:"), ("~:", "~:"), ("10:", "10:"), ("~:10", "~:10"), ("@1.50:2", "@1.5:2"), ("-0:-0", "0")]
        {
            assert_eq!(range(text).to_string(), shown, "{text}");
            assert_eq!(range(shown), range(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_range_reads_back_what_it_shows(a in -1e12f64..1e12, b in -1e12f64..1e12, open in 0u8..4, inside: bool) {
            let range = Range {
                start: if open & 1 == 1 { f64::NEG_INFINITY } else { a.min(b) },
                end: if open & 2 == 2 { f64::INFINITY } else { a.max(b) },
                inside,
            };
            prop_assert_eq!(range.to_string().parse::<Range>(), Ok(range));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<Range>();
        }

        #[test]
        fn the_at_sign_turns_an_alert_round(a in -1e6f64..1e6, b in -1e6f64..1e6, value in -1e6f64..1e6) {
            let text = format!("{}:{}", a.min(b), a.max(b));
            prop_assert_ne!(range(&text).alerts(value), range(&format!("@{text}")).alerts(value));
        }
    }
}
