//! Deployments as the engine sends them.

use super::{Date, Pool, Text};
use crate::model::deployment::Deployment;
use crate::model::ids::DeploymentId;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a deployment", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct DeploymentRow<'a> {
    id: Text<'a>,
    name: Option<Text<'a>>,
    source: Option<Text<'a>>,
    deployment_time: Option<Date>,
    tenant_id: Option<Text<'a>>,
}

impl DeploymentRow<'_> {
    pub(in crate::engine) fn into_deployment(self, pool: &mut Pool) -> (DeploymentId, Deployment) {
        let deployment = Deployment {
            name: pool.id(&self.name),
            source: pool.id(&self.source),
            time: self.deployment_time.map(|date| date.0),
            tenant: pool.id(&self.tenant_id),
        };
        (pool.share(&self.id).into(), deployment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_needs_nothing_but_its_id() {
        let read = |json: &str| serde_json::from_str::<DeploymentRow<'_>>(json).map(|row| row.into_deployment(&mut Pool::default())).expect("a deployment");
        let (id, full) = read(r#"{"id":"d1","name":"payment","source":"ci","deploymentTime":"2013-01-23T14:42:45.000+0200","tenantId":"acme","links":[]}"#);
        assert_eq!((id.as_wire(), full.name, full.source), ("d1", Some("payment".into()), Some("ci".into())));
        assert_eq!((full.time, full.tenant), (Some("2013-01-23T12:42:45Z".parse().expect("a moment")), Some("acme".into())));
        assert_eq!(read(r#"{"id":"d2","name":null}"#).1, Deployment::default());
    }
}
