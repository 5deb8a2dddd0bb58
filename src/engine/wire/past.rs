//! Rows of the past: who did what, and when something was deployed.

use super::{Date, Pool, Text};
use crate::model::history::UserOperation;
use crate::model::since::Deployed;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an operation of a user", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct UserOperationRow<'a> {
    operation_id: Option<Text<'a>>,
    operation_type: Text<'a>,
    user_id: Option<Text<'a>>,
    timestamp: Date,
    job_id: Option<Text<'a>>,
    annotation: Option<Text<'a>>,
}

impl UserOperationRow<'_> {
    pub(in crate::engine) fn into_operation(self, pool: &mut Pool) -> UserOperation {
        UserOperation {
            operation: pool.id(&self.operation_id),
            kind: pool.share(&self.operation_type),
            user: pool.id(&self.user_id),
            at: self.timestamp.0,
            job: pool.id(&self.job_id),
            annotation: pool.id(&self.annotation),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a deployment", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct DeploymentRow<'a> {
    name: Option<Text<'a>>,
    deployment_time: Date,
}

impl DeploymentRow<'_> {
    pub(in crate::engine) fn into_deployed(self, pool: &mut Pool) -> Deployed {
        Deployed { name: pool.id(&self.name), at: self.deployment_time.0 }
    }
}
