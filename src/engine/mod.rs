//! The REST client and the request catalogue. Nothing above this module sees JSON or a URL.
//!
//! | part | what belongs there |
//! |---|---|
//! | [`mod@catalogue`] | one row for every REST call the product can make |
//! | [`change`] | what can be changed in an engine, as values |
//! | [`client`] | the client and its typed calls |
//! | [`question`] | what can be asked of counts and lists, as values |
//! | [`version`] | which product and feature level answers |
//! | [`error`] | the one error type, in words an operator understands |
//! | [`identity`] | whether the engine that answers is still the one that was known |
//!
//! Logins and tokens, certificates, proxies and extra headers are re-exported from here. The wire types, the transport and the reading
//! of failures stay private. No schedules, no caching, no state of the engine: those
//! belong to the poller and the mirror.

pub mod catalogue;
pub mod change;
pub mod client;
pub mod error;
pub mod identity;
pub mod question;
pub mod version;

mod fault;
mod json_path;
mod login;
mod request;
mod route;
mod telemetry;
mod tls;
mod transport;
mod typed;
mod wire;

pub use catalogue::{RequestName, Since, catalogue};
pub use change::{Change, Delivered, Due, NewValue, Sent, ShownRequest, VariableHome};
pub use client::{Answer, Client, ClientOptions, DATE_LAG, Usage};
pub use error::{EngineError, ErrorKind, Objection, Problem, ProxyFault, TlsFault, Unreachable};
pub use login::{Login, Token};
pub use question::{
    CaseFilter, CountQuestion, Excerpt, ExternalTaskFilter, ExternalTaskIs, ExternalTaskLogFilter, ExternalTaskLogQuery, HistoricActivityFilter,
    HistoricActivityQuery, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, HistoricInstanceQuery, IncidentFilter, IncidentQuery,
    IncidentSort, InstanceFilter, InstanceOrder, InstanceQuery, JobDefinitionFilter, JobFilter, JobIs, JobLogFilter, JobLogOfExecutions, JobLogQuery, Order,
    Page, Permit, RunningOrder, UserOperationFilter, UserOperationQuery, beginning_with, containing,
};
pub use route::{ExtraHeaders, Proxy};
pub use telemetry::Telemetry;
pub use tls::{Authorities, ClientCertificate};
pub use transport::Standing;
pub use typed::MOST_IDS;
pub use version::{EngineVersion, Product};
