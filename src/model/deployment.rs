//! Deployments: when definitions came to the engine, and from where.

use jiff::Timestamp;

use super::ids::TenantId;
use crate::text::EngineText;

/// One deployment (`GET /deployment`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployment {
    /// Its name, where one was given.
    pub name: Option<EngineText>,
    /// Where it came from, such as `process application`.
    pub source: Option<EngineText>,
    /// When it was made.
    pub time: Option<Timestamp>,
    /// Its tenant.
    pub tenant: Option<TenantId>,
}
