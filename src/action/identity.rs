//! Whether the engine that answers is the one a plan was made on. Behind the same address another may stand by then: one that was started again
//! with an empty database, or whichever a balancer chose. Ids of the plan mean nothing there, or something else.
//!
//! The installation id decides where both are known: the engine keeps it in its database, so all nodes on one database tell the same, and so does
//! an engine that was restarted or updated (`GET /telemetry/data`, 7.17 and later, READ on SYSTEM). Otherwise the process definitions decide that
//! were there when the plan was made: one that still is proves it, whatever the version, since the nodes of one database are updated one after
//! the other. Only then does another version tell another engine.
//!
//! That something cannot be told is an answer only in the engine's own words: this login may not, or this version does not. Whatever else comes
//! back, such as the page of a proxy while the engine is replaced, tells nothing, and is an error.

use super::target::{Subject, Target};
use crate::engine::error::Stranger;
use crate::engine::{Client, EngineError, ErrorKind, Problem};
use crate::model::ids::ProcessDefinitionId;
use crate::model::snapshot::EngineIdentity;
use crate::text::{EngineText, safe};

/// Process definitions that stand for an engine whose installation id cannot be read.
const WITNESSES: usize = 2;

/// What a comparison gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same engine.
    Same,
    /// Nothing that tells engines apart can be read, and nothing could when the plan was made.
    Unknown,
    /// What told the engine when the plan was made is not told any more, and nothing else tells: in words, with the way out.
    Unsure(String),
    /// Another one, in words that name what differs.
    Another(String),
}

/// Reads what will tell this engine from another: one request for the installation id, one for each witness. The witnesses count where the id
/// cannot be read any more later.
///
/// # Errors
///
/// No answer of an engine: no connection, no login, a page of a proxy.
pub async fn read(client: &Client, engine: &mut EngineIdentity, targets: &[Target]) -> Result<(), EngineError> {
    engine.installation = match installation(client).await {
        Err(error) if is_trouble_of_its_own(&error) => None,
        told => told?,
    };
    engine.witnesses.clear();
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

/// Whether a plan knows nothing by which its engine could be told from another of the same version.
pub fn tells_nothing(engine: &EngineIdentity) -> bool {
    engine.installation.is_none() && engine.witnesses.is_empty()
}

/// Compares the engine that answers now with the one of a plan.
///
/// # Errors
///
/// No answer of an engine, or one that tells nothing while it could: no connection, no login, a page of a proxy, an engine in trouble.
pub async fn compare(client: &Client, planned: &EngineIdentity) -> Result<Verdict, EngineError> {
    match (compared(client, planned).await, planned.engine_name.as_deref()) {
        // Without a name it means that no engine has started yet, which passes.
        (Err(error), Some(name)) if matches!(error.problem(), Problem::NotAnEngine(Stranger::NoSuchEngine)) => {
            Ok(Verdict::Another(format!("another engine answers at {}: it has no engine {}", safe(client.address()), safe(name))))
        }
        (compared, _) => compared,
    }
}

async fn compared(client: &Client, planned: &EngineIdentity) -> Result<Verdict, EngineError> {
    let (now, trouble) = match installation(client).await {
        Ok(now) => (now, None),
        Err(error) if is_trouble_of_its_own(&error) => (None, Some(error)),
        Err(error) => return Err(error),
    };
    if let (Some(known), Some(now)) = (&planned.installation, &now) {
        return Ok(if known == now { Verdict::Same } else { another(client, &format!("installation {now}"), &format!("installation {known}")) });
    }
    let mut missing = Vec::new();
    for witness in &planned.witnesses {
        match is_there(client, witness).await? {
            Some(true) => return Ok(Verdict::Same),
            Some(false) => missing.push(witness.to_string()),
            None => {}
        }
    }
    if !missing.is_empty() && missing.len() == planned.witnesses.len() {
        return Ok(another(client, &format!("no process definition {}", missing.join(", ")), "one that has it"));
    }
    let version = if_told(client.version().await.map(|version| version.data))?;
    if let (Some(known), Some(now)) = (&planned.version, &version)
        && known != now
    {
        return Ok(another(client, &format!("version {now}"), &known.to_string()));
    }
    match (trouble, &planned.installation) {
        (Some(error), _) => Err(error),
        (None, Some(known)) => Ok(Verdict::Unsure(format!(
            "whether it is still the engine of the plan cannot be told: that was installation {known}, and {} tells none now; give this login READ on \
             SYSTEM again, or stop it and plan it anew",
            safe(client.address())
        ))),
        (None, None) => Ok(Verdict::Unknown),
    }
}

/// Whether another engine answers than the one of this installation id, in words that name both; none where the engine does not tell its own.
///
/// # Errors
///
/// No answer that tells it, or that it cannot be told.
pub async fn is_another(client: &Client, recorded: &EngineText) -> Result<Option<String>, EngineError> {
    let now = installation(client).await?;
    let now = now.filter(|now| now != recorded);
    Ok(now.map(|now| format!("another engine answers at {}: installation {now}, it was done to installation {recorded}", safe(client.address()))))
}

fn another(client: &Client, now: &str, planned: &str) -> Verdict {
    Verdict::Another(format!("another engine answers at {}: {now}, the plan was made on {planned}", safe(client.address())))
}

/// None where it cannot be told.
async fn installation(client: &Client) -> Result<Option<EngineText>, EngineError> {
    Ok(if_told(client.telemetry().await)?.and_then(|told| told.data.installation))
}

/// None where it cannot be told.
async fn is_there(client: &Client, definition: &ProcessDefinitionId) -> Result<Option<bool>, EngineError> {
    if_told(client.process_definition(definition).await.map(|found| found.is_some()))
}

/// None where the engine itself says that it does not tell: this login may not read it, or this version knows nothing of it.
fn if_told<T>(told: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Unsupported) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the engine itself failed at what it was asked, in its own words: other things it may still tell.
fn is_trouble_of_its_own(error: &EngineError) -> bool {
    matches!(error.problem(), Problem::Engine { status: 500.., kind: Some(_), .. })
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
