//! Which product answers, and at which feature level. Pure: it reads texts that the client fetched and sends nothing.

use std::fmt;

use super::catalogue::Since;
use crate::text::EngineText;

/// The family of engines that share one REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// Camunda Platform 7.
    Camunda,
    /// Operaton, a fork that restarted at 1.0.
    Operaton,
    /// CIB seven, a fork that restarted at 1.0.
    CibSeven,
    /// A fork by its version number, or nothing that says its name; telemetry may need a permission.
    Unknown,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Camunda => "Camunda",
            Self::Operaton => "Operaton",
            Self::CibSeven => "CIB seven",
            Self::Unknown => "engine",
        })
    }
}

/// How sure the feature level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The version is one that was studied.
    Known,
    /// The version is newer than any studied, or unreadable: the nearest older level is assumed.
    Assumed,
}

/// Version of one engine (`GET /version`, `GET /telemetry/data`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineVersion {
    /// Whose engine it is.
    pub product: Product,
    /// The version as the engine words it, such as `7.24.0` or `7.18.3-ee`.
    pub text: EngineText,
    /// Features it has, in Camunda's numbering.
    pub feature_level: (u16, u16),
    /// Whether that level is known or assumed.
    pub certainty: Certainty,
}

/// The newest level that was studied; forks from 1.0 on have all of it.
const NEWEST: (u16, u16) = (7, 24);
/// The level of an engine whose version cannot be read: nothing gated is sent to it.
const OLDEST: (u16, u16) = (7, 0);

impl EngineVersion {
    /// Reads a version text and, where telemetry could be read, the product name in it.
    pub fn detect(text: EngineText, product_name: Option<&EngineText>) -> Self {
        let numbers = leading_numbers(text.as_wire());
        let named = product_name.map(|name| product_named(name.as_wire()));
        let (product, feature_level, certainty) = match (named, numbers) {
            (named, None) => (named.unwrap_or(Product::Unknown), OLDEST, Certainty::Assumed),
            (named, Some(level @ (7, _))) => {
                let certainty = if level > NEWEST { Certainty::Assumed } else { Certainty::Known };
                let product = named.filter(|product| *product != Product::Unknown).unwrap_or(Product::Camunda);
                (product, level.min(NEWEST), certainty)
            }
            (Some(product @ (Product::Operaton | Product::CibSeven)), Some((1.., _))) => (product, NEWEST, Certainty::Known),
            // A fork that does not tell its name, or still tells the old one: Camunda never had versions 1 to 6 of this API.
            (_, Some((1..=6, _))) => (Product::Unknown, NEWEST, Certainty::Known),
            (_, Some((8.., _))) => (Product::Unknown, NEWEST, Certainty::Assumed),
            (_, Some((0, _))) => (Product::Unknown, OLDEST, Certainty::Assumed),
        };
        Self { product, text, feature_level, certainty }
    }

    /// Whether the engine has what exists `since` then.
    pub fn has(&self, since: Since) -> bool {
        self.feature_level >= since.camunda
    }
}

impl fmt::Display for EngineVersion {
    /// `Camunda 7.18.0`, or `engine 7.31.0, treated as 7.24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.24}", self.product, self.text.to_string())?;
        match self.certainty {
            Certainty::Known => Ok(()),
            Certainty::Assumed => write!(f, ", treated as {}.{}", self.feature_level.0, self.feature_level.1),
        }
    }
}

fn product_named(name: &str) -> Product {
    let name = name.to_ascii_lowercase();
    if name.contains("operaton") {
        Product::Operaton
    } else if name.contains("cib") {
        Product::CibSeven
    } else if name.contains("camunda") {
        Product::Camunda
    } else {
        Product::Unknown
    }
}

fn leading_numbers(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.trim().split(['.', '-']);
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(text: &str, product: Option<&str>) -> EngineVersion {
        EngineVersion::detect(EngineText::from(text), product.map(EngineText::from).as_ref())
    }

    #[test]
    fn camunda_versions_are_their_own_level() {
        let version = detected("7.18.0", Some("Camunda BPM Runtime"));
        assert_eq!((version.product, version.feature_level, version.certainty), (Product::Camunda, (7, 18), Certainty::Known));
        assert_eq!(version.to_string(), "Camunda 7.18.0");
        assert_eq!(detected("7.15.0-ee", None).feature_level, (7, 15));
        assert_eq!(detected("7.24-SNAPSHOT", None).feature_level, (7, 24));
    }

    #[test]
    fn forks_have_the_level_of_the_newest_camunda() {
        for (text, name, product) in [
            ("1.0.3", Some("Operaton BPM Runtime"), Product::Operaton),
            ("2.2.0", Some("Operaton"), Product::Operaton),
            ("1.1.0", Some("CIB seven BPM Runtime"), Product::CibSeven),
            ("1.1.0", Some("Camunda BPM Runtime"), Product::Unknown),
            ("2.0.0", None, Product::Unknown),
        ] {
            let version = detected(text, name);
            assert_eq!((version.product, version.feature_level), (product, (7, 24)), "{text} {name:?}");
            assert_eq!(version.certainty, Certainty::Known, "{text} {name:?}");
        }
    }

    #[test]
    fn a_newer_version_is_treated_as_the_newest_known_and_says_so() {
        let version = detected("7.31.0", None);
        assert_eq!(version.feature_level, (7, 24));
        assert_eq!(version.to_string(), "Camunda 7.31.0, treated as 7.24");
    }

    #[test]
    fn an_unreadable_version_has_no_gated_feature() {
        for text in ["", "latest", "7", "0.1"] {
            let version = detected(text, None);
            assert!(!version.has(Since::camunda7(1)), "{text}");
            assert!(version.has(Since::ALWAYS), "{text}");
            assert_eq!(version.certainty, Certainty::Assumed, "{text}");
        }
    }

    #[test]
    fn gates_open_at_their_level() {
        assert!(!detected("7.23.5", None).has(Since::camunda7(24)));
        assert!(detected("7.24.0", None).has(Since::camunda7(24)));
        assert!(detected("1.0.3", Some("Operaton BPM Runtime")).has(Since::camunda7(24)));
    }
}
