//! Which variables are masked on the screen until somebody asks for them: by name, since a value does not tell what it is.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::text::safe;

/// Names that are masked unless the configuration lists others. Short words stand alone or as a word of a longer name, so that
/// `shippingAddress` is no `pin`.
pub const DEFAULT_MASK: &[&str] = &[
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*passwort*",
    "pwd",
    "*_pwd",
    "pwd_*",
    "*secret*",
    "*token*",
    "*credential*",
    "*api*key*",
    "*private*key*",
    "*access*key*",
    "*authorization*",
    "*iban*",
    "*card*number*",
    "*cvv*",
    "*cvc*",
    "pin",
    "*_pin",
    "pin_*",
    "otp",
    "*_otp",
    "otp_*",
    "ssn",
    "*_ssn",
    "ssn_*",
];

/// Compiled patterns of names.
#[derive(Clone, Debug)]
pub struct Mask {
    patterns: GlobSet,
}

impl Default for Mask {
    fn default() -> Self {
        // The built-in patterns are tested to compile.
        Self::new(DEFAULT_MASK.iter().copied()).unwrap_or_else(|_| Self { patterns: GlobSet::empty() })
    }
}

impl Mask {
    /// A mask of these patterns; of none, if nothing shall be masked.
    ///
    /// # Errors
    ///
    /// The first pattern that is none, safe to show.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for text in patterns {
            let glob = GlobBuilder::new(text).case_insensitive(true).build();
            set.add(glob.map_err(|error| format!("\"{}\" is no pattern: {}; write *token*, or {{pin,otp}}", safe(text), safe(&error.kind().to_string())))?);
        }
        set.build().map(|patterns| Self { patterns }).map_err(|error| format!("too many patterns: {}", safe(&error.to_string())))
    }

    /// Whether a variable of this name is masked.
    pub fn hides(&self, name: &str) -> bool {
        self.patterns.is_match(name) || self.patterns.is_match(words(name))
    }
}

/// The name as words between underscores: `cardPin`, `card-pin` and `card.pin` are all `card_pin`.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for sign in name.chars() {
        if sign.is_uppercase() && after_small {
            words.push('_');
        }
        after_small = sign.is_lowercase() || sign.is_numeric();
        if sign.is_alphanumeric() { words.extend(sign.to_lowercase()) } else { words.push('_') }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_pattern_is_one() {
        assert!(Mask::new(DEFAULT_MASK.iter().copied()).is_ok());
        assert!(Mask::default().hides("password"));
    }

    #[test]
    fn secrets_are_masked_however_their_names_are_written() {
        let mask = Mask::default();
        for name in [
            "password",
            "userPassword",
            "DB_PASSWD",
            "clientSecret",
            "accessToken",
            "api_key",
            "apiKey",
            "X-API-KEY",
            "credentials",
            "customerIban",
            "IBAN",
            "cvv2",
            "creditCardNumber",
            "card.number",
            "pin",
            "PIN",
            "cardPin",
            "card-pin",
            "pinCode",
            "smsOtp",
            "ssn",
        ] {
            assert!(mask.hides(name), "{name}");
        }
    }

    #[test]
    fn what_only_sounds_like_a_secret_is_shown() {
        let mask = Mask::default();
        for name in ["shippingAddress", "opinion", "mapping", "className", "orderNumber", "passed", "amount", "hotpot", "customer", ""] {
            assert!(!mask.hides(name), "{name}");
        }
    }

    #[test]
    fn what_is_configured_replaces_what_is_built_in() {
        let mask = Mask::new(["salary*"]).unwrap();
        assert!(mask.hides("Salary2026") && !mask.hides("password"));
        assert!(!Mask::new([]).unwrap().hides("password"));
        assert!(Mask::new(["[a"]).unwrap_err().contains("\"[a\" is no pattern"));
    }
}
