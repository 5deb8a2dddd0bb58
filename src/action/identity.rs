//! Whether the engine that answers is the one a plan was made on. Behind the same address another may stand by then: one that was started again
//! with an empty database, or whichever a balancer chose. Ids of the plan mean nothing there, or something else.
//!
//! The installation id decides where it can be read: the engine keeps it in its database, so all nodes on one database tell the same, and so does
//! an engine that was restarted or updated (`GET /telemetry/data`, 7.17 and later, READ on SYSTEM). Otherwise version and engine name must be the
//! same, and of the process definitions that were there when the plan was made one must still be.

use super::target::{Subject, Target};
use crate::engine::{Client, EngineError, ErrorKind};
use crate::model::ids::ProcessDefinitionId;
use crate::model::snapshot::EngineIdentity;
use crate::poll::inquire::concerns_one;
use crate::text::{EngineText, safe};

/// Process definitions that stand for an engine whose installation id cannot be read.
const WITNESSES: usize = 2;

/// What a comparison gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same engine.
    Same,
    /// Nothing that tells engines apart can be read.
    Unknown,
    /// Another one, in words that name what differs.
    Another(String),
}

/// Reads what will tell this engine from another: one request where the installation id can be read, else one for each witness.
///
/// # Errors
///
/// What concerns every request: no connection, no login.
pub async fn read(client: &Client, engine: &mut EngineIdentity, targets: &[Target]) -> Result<(), EngineError> {
    engine.installation = installation(client).await?;
    engine.witnesses.clear();
    if engine.installation.is_some() {
        return Ok(());
    }
    let mut candidates: Vec<&ProcessDefinitionId> = Vec::new();
    for definition in targets.iter().filter_map(definition_of) {
        if candidates.len() < WITNESSES && !candidates.contains(&definition) {
            candidates.push(definition);
        }
    }
    for definition in candidates {
        if is_there(client, definition).await? == Some(true) {
            engine.witnesses.push(definition.clone());
        }
    }
    Ok(())
}

/// Compares the engine that answers now with the one of a plan.
///
/// # Errors
///
/// What concerns every request: no connection, no login. It tells nothing.
pub async fn compare(client: &Client, planned: &EngineIdentity) -> Result<Verdict, EngineError> {
    let now = installation(client).await?;
    if let (Some(planned), Some(now)) = (&planned.installation, &now) {
        return Ok(if planned == now { Verdict::Same } else { another(client, &format!("installation {now}"), &planned.to_string()) });
    }
    match client.version().await {
        Ok(now) => {
            if let Some(planned) = planned.version.as_ref().filter(|planned| **planned != now.data) {
                return Ok(another(client, &format!("version {}", now.data), &planned.to_string()));
            }
        }
        // An address of an engine by name answers this where there is none of that name.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Engine) && !error.is_transient() => {
            let name = planned.engine_name.as_deref().unwrap_or_default();
            return Ok(Verdict::Another(format!("another engine answers at {}: it has no engine {}", safe(client.address()), safe(name))));
        }
        Err(error) if concerns_one(&error) => {}
        Err(error) => return Err(error),
    }
    let (mut missing, mut asked) = (Vec::new(), 0);
    for witness in &planned.witnesses {
        asked += 1;
        match is_there(client, witness).await? {
            Some(true) => return Ok(Verdict::Same),
            Some(false) => missing.push(witness.to_string()),
            None => {}
        }
    }
    Ok(match missing.len() {
        0 => Verdict::Unknown,
        gone if gone == asked => another(client, &format!("no process definition {}", missing.join(", ")), "one that has it"),
        _ => Verdict::Unknown,
    })
}

fn another(client: &Client, now: &str, planned: &str) -> Verdict {
    Verdict::Another(format!("another engine answers at {}: {now}, the plan was made on {planned}", safe(client.address())))
}

async fn installation(client: &Client) -> Result<Option<EngineText>, EngineError> {
    match client.telemetry().await {
        Ok(told) => Ok(told.data.installation),
        Err(error) if concerns_one(&error) && !matches!(error.kind(), ErrorKind::TooSlow | ErrorKind::CutOff) => Ok(None),
        Err(error) => Err(error),
    }
}

/// None where it cannot be told.
async fn is_there(client: &Client, definition: &ProcessDefinitionId) -> Result<Option<bool>, EngineError> {
    match client.process_definition(definition).await {
        Ok(found) => Ok(Some(found.is_some())),
        Err(error) if concerns_one(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn definition_of(target: &Target) -> Option<&ProcessDefinitionId> {
    match &target.subject {
        Subject::Job { job, .. } => job.process_definition.as_ref(),
        Subject::ExternalTask { task, .. } => task.process_definition.as_ref(),
        Subject::Instance(instance) => Some(&instance.definition),
        Subject::JobDefinition(definition) => definition.process_definition.as_ref(),
        Subject::ProcessDefinition(definition) => Some(&definition.id),
        Subject::Incident(known) => known.incident.process_definition.as_ref(),
        Subject::Timed(timed) => timed.process_definition.as_ref(),
        Subject::Variable { .. } => None,
    }
}
