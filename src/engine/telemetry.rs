//! Live counters and product data of the node that answers (`GET /telemetry/data`). Wire type and domain type in one place, as
//! nothing else uses either.

use std::collections::HashMap;

use jiff::Timestamp;

use super::wire::Date;
use crate::text::EngineText;

/// What one node tells of itself, from its memory, even with telemetry switched off (since 7.17; needs READ on SYSTEM).
///
/// It speaks for one node: behind a balancer the answers alternate, told apart by [`Telemetry::since`].
#[derive(Clone, Debug, PartialEq)]
pub struct Telemetry {
    /// Id of the installation: one per database, so nodes that share one are one engine.
    pub installation: Option<EngineText>,
    /// Product name, such as `Camunda BPM Runtime`.
    pub product: Option<EngineText>,
    /// Version of the product.
    pub version: Option<EngineText>,
    /// `community` or `enterprise`.
    pub edition: Option<EngineText>,
    /// Database vendor and version.
    pub database: Option<EngineText>,
    /// Application server vendor and version.
    pub application_server: Option<EngineText>,
    /// When this node began to count; Camunda 7.18 does not tell.
    pub since: Option<Timestamp>,
    /// How often each engine command ran on this node since then.
    pub commands: HashMap<EngineText, u64>,
}

impl Telemetry {
    /// How often `command` ran; none if it never did.
    pub fn command(&self, command: &str) -> Option<u64> {
        self.commands.iter().find(|(name, _)| name.as_wire() == command).map(|(_, count)| *count)
    }
}

#[derive(serde::Deserialize)]
#[serde(expecting = "telemetry data")]
pub(super) struct TelemetryRow {
    installation: Option<EngineText>,
    product: ProductRow,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "a product")]
struct ProductRow {
    name: Option<EngineText>,
    version: Option<EngineText>,
    edition: Option<EngineText>,
    internals: Option<InternalsRow>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "internals of a product")]
struct InternalsRow {
    database: Option<VendorRow>,
    #[serde(rename = "application-server", alias = "applicationServer")]
    application_server: Option<VendorRow>,
    commands: Option<HashMap<EngineText, CounterRow>>,
    #[serde(rename = "data-collection-start-date", alias = "dataCollectionStartDate")]
    since: Option<Date>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "a vendor")]
struct VendorRow {
    vendor: Option<EngineText>,
    version: Option<EngineText>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "a counter")]
struct CounterRow {
    count: u64,
}

impl VendorRow {
    fn named(self) -> Option<EngineText> {
        match (self.vendor, self.version) {
            (Some(vendor), Some(version)) => Some(EngineText::from(format!("{} {}", vendor.as_wire(), version.as_wire()))),
            (vendor, version) => vendor.or(version),
        }
    }
}

impl TelemetryRow {
    pub(super) fn into_telemetry(self) -> Telemetry {
        let product = self.product;
        let internals = product.internals.unwrap_or(InternalsRow { database: None, application_server: None, commands: None, since: None });
        Telemetry {
            installation: self.installation,
            product: product.name,
            version: product.version,
            edition: product.edition,
            database: internals.database.and_then(VendorRow::named),
            application_server: internals.application_server.and_then(VendorRow::named),
            since: internals.since.map(|date| date.0),
            commands: internals.commands.unwrap_or_default().into_iter().map(|(name, counter)| (name, counter.count)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telemetry_of_a_real_engine_is_read() {
        let json = r#"{"installation":"9b8c","product":{"name":"Camunda BPM Runtime","version":"7.24.0","edition":"community","internals":{
            "database":{"vendor":"H2","version":"2.3.232"},"application-server":{"vendor":"Apache Tomcat","version":"Apache Tomcat/10.1.44"},
            "license-key":null,"commands":{"SuccessfulJobListener":{"count":12},"FailedJobListener":{"count":3}},"metrics":{},
            "data-collection-start-date":"2025-09-01T10:00:00.000+0200","jdk":{"version":"17","vendor":"x"}}}}"#;
        let telemetry = serde_json::from_str::<TelemetryRow>(json).expect("readable").into_telemetry();
        assert_eq!(telemetry.command("FailedJobListener"), Some(3));
        assert_eq!(telemetry.command("StartProcessInstanceCmd"), None);
        assert_eq!(telemetry.database.map(|text| text.to_string()).as_deref(), Some("H2 2.3.232"));
        assert_eq!(telemetry.since, Some("2025-09-01T08:00:00Z".parse().expect("a moment")));
    }

    #[test]
    fn telemetry_without_internals_is_read() {
        let telemetry = serde_json::from_str::<TelemetryRow>(r#"{"product":{"name":"Operaton"}}"#).expect("readable").into_telemetry();
        assert!(telemetry.commands.is_empty());
    }
}
