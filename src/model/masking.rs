//! Which variables are masked on the screen until somebody asks for them: by name, since a value does not tell what it is.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::text::safe;

/// Names that are masked unless the configuration lists others. A pattern without stars is a word that stands alone or anywhere in a
/// longer name, so that `cardPinCode` is masked and `shippingAddress` is not. Words run together with others, such as `smsotp`, are
/// found only where no ordinary word contains them, as with `pwd`.
pub const DEFAULT_MASK: &[&str] = &[
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*passwort*",
    "*pwd*",
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
    "otp",
    "ssn",
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

    /// Whether a variable of this name is masked: a pattern fits the name as it is written, its words between underscores, or one of them.
    pub fn hides(&self, name: &str) -> bool {
        let words = words(name);
        self.patterns.is_match(name) || self.patterns.is_match(&words) || words.split('_').any(|word| !word.is_empty() && self.patterns.is_match(word))
    }
}

/// The name as words between underscores: `cardPin`, `card-pin`, `card.pin` and `CARDPin` are all `card_pin`, and `pin2` is `pin_2`.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    let mut signs = name.chars().peekable();
    while let Some(sign) = signs.next() {
        if before.is_some_and(|before| begins_word(before, sign, signs.peek().copied())) {
            words.push('_');
        }
        if sign.is_alphanumeric() {
            words.extend(sign.to_lowercase())
        } else {
            words.push('_')
        }
        before = Some(sign);
    }
    words
}

/// Whether a word begins with this sign: a capital after a small letter, the last capital of several before a small letter (`PINCode`),
/// and wherever digits begin or end.
fn begins_word(before: char, sign: char, after: Option<char>) -> bool {
    if !before.is_alphanumeric() || !sign.is_alphanumeric() {
        return false;
    }
    if before.is_numeric() != sign.is_numeric() {
        return true;
    }
    sign.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && after.is_some_and(char::is_lowercase))
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
            "cardPinCode",
            "customerSsnNumber",
            "smsOtpValue",
            "db_pwd_old",
            "PINCode",
            "userPINCode",
            "card.pin.code",
            "card-otp-2",
            "newPin2Repeated",
            "pin2",
            "dbpwd",
            "DBPwd",
        ] {
            assert!(mask.hides(name), "{name}");
        }
    }

    #[test]
    fn what_only_sounds_like_a_secret_is_shown() {
        let mask = Mask::default();
        for name in [
            "shippingAddress",
            "spinner",
            "opinion",
            "SPINNER",
            "PinnedNote",
            "classNumber",
            "mapping",
            "className",
            "orderNumber",
            "passed",
            "amount",
            "hotpot",
            "customer",
            "",
        ] {
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
