//! Process definitions and process instances.

use super::ids::{CaseInstanceId, DeploymentId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use crate::text::EngineText;

/// One version of a process (`GET /process-definition`).
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessDefinition {
    /// Its id.
    pub id: ProcessDefinitionId,
    /// Key shared by all versions.
    pub key: ProcessKey,
    /// Name from the diagram.
    pub name: Option<EngineText>,
    /// Version, counted by the engine per key and tenant.
    pub version: i64,
    /// Version tag from the diagram.
    pub version_tag: Option<EngineText>,
    /// Deployment it came with.
    pub deployment: Option<DeploymentId>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Category of the diagram: its target namespace, unless the modeller chose another.
    pub category: Option<EngineText>,
}

/// One running process instance (`GET /process-instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInstance {
    /// Its id.
    pub id: ProcessInstanceId,
    /// Definition it runs on.
    pub definition: ProcessDefinitionId,
    /// Business key, where one was given; called instances inherit one only if the diagram says so.
    pub business_key: Option<EngineText>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// The case it belongs to (`caseInstanceId`): the one that called it, or that of a caller. Whoever starts an instance may give it one too.
    pub case: Option<CaseInstanceId>,
}
