//! The BPMN fixtures and their deployment.

use anyhow::Result;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::driver::{Driver, Refused, id_of};

/// One deployment of one file.
#[derive(Debug, Clone, Copy)]
pub struct Fixture {
    /// The resource's name in the deployment; versions of one process share it.
    pub resource: &'static str,
    pub xml: &'static str,
    pub tenant: Option<&'static str>,
}

macro_rules! fixture {
    ($resource:literal) => {
        fixture!($resource, $resource, None)
    };
    ($resource:literal, $file:literal, $tenant:expr) => {
        Fixture { resource: $resource, xml: include_str!(concat!("fixtures/", $file)), tenant: $tenant }
    };
}

/// The tenants that own definitions; each owns one of `onboarding`.
pub const TENANTS: [&str; 2] = ["acme", "globex"];

/// Every tenant: the one without fixtures owns definitions of a clone.
pub const ALL_TENANTS: [&str; 3] = ["acme", "globex", "initech"];

/// Every fixture in the order of deployment: called processes before their callers, versions ascending.
pub const FIXTURES: [Fixture; 23] = [
    fixture!("fraud-check.bpmn"),
    fixture!("payment.bpmn"),
    fixture!("shipping.bpmn"),
    fixture!("order.bpmn"),
    fixture!("invoice.bpmn", "invoice-v1.bpmn", None),
    fixture!("invoice.bpmn", "invoice-v2.bpmn", None),
    fixture!("invoice.bpmn", "invoice-v3.bpmn", None),
    fixture!("reconciliation.bpmn"),
    fixture!("delivery-note.bpmn"),
    fixture!("nightly-settlement.bpmn"),
    fixture!("stock-sync.bpmn"),
    fixture!("price-calculation.bpmn"),
    fixture!("hostile-text.bpmn"),
    fixture!("long-name.bpmn"),
    fixture!("onboarding.bpmn", "onboarding.bpmn", Some("acme")),
    fixture!("onboarding.bpmn", "onboarding.bpmn", Some("globex")),
    fixture!("letter.bpmn"),
    fixture!("campaign.bpmn"),
    fixture!("exchange.bpmn"),
    fixture!("complaint.bpmn"),
    fixture!("month-end.bpmn"),
    fixture!("referral.bpmn"),
    fixture!("referral.bpmn", "referral.bpmn", Some("acme")),
];

impl Driver {
    /// Deploys every fixture, unless the engine has them already. Returns the number of deployments made.
    pub async fn deploy_all(&self) -> Result<usize> {
        self.create_tenants().await?;
        if self.count("/process-definition/count?key=invoice").await? >= 3 {
            return Ok(0);
        }
        for fixture in &FIXTURES {
            self.deploy(fixture).await?;
        }
        Ok(FIXTURES.len())
    }

    /// Deploys one fixture; gives the deployment's id.
    pub async fn deploy(&self, fixture: &Fixture) -> Result<String> {
        self.deploy_xml(fixture.resource, fixture.xml, fixture.tenant).await
    }

    /// Deploys any BPMN text; gives the deployment's id.
    pub async fn deploy_xml(&self, resource: &str, xml: &str, tenant: Option<&str>) -> Result<String> {
        let name = resource.trim_end_matches(".bpmn").to_owned();
        let mut form = Form::new().text("deployment-name", name).text("deployment-source", "bpmtop fixtures");
        if let Some(tenant) = tenant {
            form = form.text("tenant-id", tenant.to_owned());
        }
        let part = Part::text(xml.to_owned()).file_name(resource.to_owned());
        id_of(&self.upload("/deployment/create", form.part("bpmn", part)).await?)
    }

    /// Deploys several files as one deployment: pairs of resource and XML.
    pub async fn deploy_together(&self, name: &str, files: Vec<(String, String)>, tenant: Option<&str>) -> Result<String> {
        let mut form = Form::new().text("deployment-name", name.to_owned()).text("deployment-source", "bpmtop fixtures");
        if let Some(tenant) = tenant {
            form = form.text("tenant-id", tenant.to_owned());
        }
        for (resource, xml) in files {
            form = form.part(resource.clone(), Part::text(xml).file_name(resource));
        }
        id_of(&self.upload("/deployment/create", form).await?)
    }

    /// Makes sure every tenant is there; gives their ids.
    pub async fn create_tenants(&self) -> Result<[&'static str; 3]> {
        for tenant in ALL_TENANTS {
            match self.get(&format!("/tenant/{tenant}")).await {
                Ok(_) => {}
                Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status.as_u16() == 404) => {
                    self.post("/tenant/create", &json!({"id": tenant, "name": tenant})).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(ALL_TENANTS)
    }
}
