//! Whether the engine that answers is the one that was known: when a plan was made, when an action was recorded, before an outage. Behind the same
//! address another may stand by then: one that was started again with an empty database, one whose database was set back, or whichever a balancer
//! chose. Ids of the one mean nothing there, or something else. The poller and the actions ask it here, in the same way.
//!
//! The installation id decides where both are known: the engine keeps it in its database, so all nodes on one database tell the same, and so does
//! an engine that was restarted or updated (`GET /telemetry/data`, 7.17 and later, READ on SYSTEM). Otherwise the process definitions decide that
//! were there: one that still is proves it, whatever the version, since the nodes of one database are updated one after the other. Only then does
//! another version tell another engine.
//!
//! A database that was set back from a backup keeps its installation id and its older definitions. What it had written last is gone from it: the
//! newest instances, incidents, operations and deployments that were seen are asked for by their ids. One of them suffices to prove the engine. That
//! they are gone proves a setback only if more than one deletion would be needed for it and neither the cleanup of the history nor a deletion by
//! somebody explains it.
//!
//! That something cannot be told is an answer only in the engine's own words: this login may not, or this version does not. Whatever else comes
//! back, such as the page of a proxy while the engine is replaced, tells nothing, and is an error.

use jiff::{SignedDuration, Timestamp};

use super::error::Stranger;
use super::{
    Client, EngineError, ErrorKind, HistoricIncidentFilter, HistoricIncidentQuery, HistoricInstanceFilter, HistoricInstanceQuery, InstanceOrder, Order, Page,
    Problem, Telemetry, UserOperationFilter, UserOperationQuery,
};
use crate::model::ids::ProcessDefinitionId;
use crate::model::rights::Right;
use crate::model::snapshot::EngineIdentity;
use crate::model::witness::{OF_A_KIND, Witness, Written, in_order, tells_of_a_setback};
use crate::text::{EngineText, safe};

/// Process definitions that stand for an engine whose installation id cannot be read.
pub const DEFINITIONS: usize = 2;

/// How far back it is looked for the newest things, step by step: an engine sorts all that match.
const BACK: [SignedDuration; 3] = [SignedDuration::from_hours(1), SignedDuration::from_hours(24), SignedDuration::from_hours(24 * 30)];

/// Operations that are looked through for deletions.
const OPERATIONS: u32 = 50;

/// What a comparison gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same engine.
    Same,
    /// Nothing that tells engines apart can be read, and nothing could before.
    Unknown,
    /// What told the engine before is not told any more, and nothing else tells: in words, with the way out.
    Unsure(String),
    /// Another one, in words that name what differs.
    Another(String),
}

/// Where an engine is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownFrom {
    /// A plan that was made on it.
    Plan,
    /// The journal, of an action that was done to it.
    Journal,
    /// The picture that was read of it.
    Picture,
}

impl KnownFrom {
    fn lead(self) -> &'static str {
        match self {
            Self::Plan => "the plan was made on",
            Self::Journal => "it was done to",
            Self::Picture => "before it was",
        }
    }

    fn engine(self) -> &'static str {
        match self {
            Self::Plan => "the engine of the plan",
            Self::Journal => "the engine it was done to",
            Self::Picture => "the engine that answered before",
        }
    }
}

/// How thoroughly it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A node that was known before has not been started anew, so its database was not set back.
    Node,
    /// The newest things are asked for whatever node answers: there was an outage.
    Database,
}

/// Reads what will tell this engine from another: one request for the installation id, one for each of the definitions. These count where the id
/// cannot be read any more later.
///
/// # Errors
///
/// No answer of an engine: no connection, no login, a page of a proxy.
pub async fn read(client: &Client, engine: &mut EngineIdentity, definitions: impl IntoIterator<Item = &ProcessDefinitionId>) -> Result<(), EngineError> {
    let told = match telemetry(client).await {
        Err(error) if is_trouble_of_its_own(&error) => Told::default(),
        told => told?,
    };
    (engine.installation, engine.node) = (told.installation, told.node);
    engine.witnesses.clear();
    let mut candidates: Vec<&ProcessDefinitionId> = Vec::new();
    for definition in definitions {
        if candidates.len() < DEFINITIONS && !candidates.contains(&definition) {
            candidates.push(definition);
        }
    }
    for definition in candidates {
        if is_there(client, definition).await? == Some(true) {
            engine.witnesses.push(definition.clone());
        }
    }
    engine.newest = match newest(client, told.now.unwrap_or_else(Timestamp::now)).await {
        Err(error) if error.stops_polling() => return Err(error),
        // It can do without: they tell only a database that was set back.
        newest => newest.unwrap_or_default(),
    };
    Ok(())
}

/// Whether nothing is known by which an engine could be told from another of the same version.
pub fn tells_nothing(engine: &EngineIdentity) -> bool {
    engine.installation.is_none() && engine.witnesses.is_empty()
}

/// The newest things the engine has written, as far as this login may see them: three requests, and more where nothing was written for long.
/// `now` is by the engine's clock.
///
/// # Errors
///
/// No answer of an engine.
pub async fn newest(client: &Client, now: Timestamp) -> Result<Vec<Witness>, EngineError> {
    let mut found = Vec::new();
    for kind in [Kind::Instances, Kind::Incidents, Kind::Operations] {
        for back in BACK {
            let rows = rows(client, kind, now.saturating_sub(back).unwrap_or(Timestamp::MIN)).await?;
            if !rows.is_empty() {
                found.extend(rows);
                break;
            }
        }
    }
    Ok(in_order(found))
}

/// Compares the engine that answers now with the known one.
///
/// # Errors
///
/// No answer of an engine, or one that tells nothing while it could: no connection, no login, a page of a proxy, an engine in trouble.
pub async fn compare(client: &Client, known: &EngineIdentity, from: KnownFrom, depth: Depth) -> Result<Verdict, EngineError> {
    let compared = Comparison { client, known, from };
    match (compared.verdict(depth).await, known.engine_name.as_deref()) {
        // Without a name it means that no engine has started yet, which passes.
        (Err(error), Some(name)) if matches!(error.problem(), Problem::NotAnEngine(Stranger::NoSuchEngine)) => {
            Ok(Verdict::Another(format!("another engine answers at {}: it has no engine {}", safe(client.address()), safe(name))))
        }
        (compared, _) => compared,
    }
}

/// What one node tells of its engine.
#[derive(Default)]
struct Told {
    installation: Option<EngineText>,
    node: Option<Timestamp>,
    now: Option<Timestamp>,
}

/// Things of which an engine knows the newest.
#[derive(Clone, Copy)]
enum Kind {
    Instances,
    Incidents,
    Operations,
}

struct Comparison<'a> {
    client: &'a Client,
    known: &'a EngineIdentity,
    from: KnownFrom,
}

impl Comparison<'_> {
    async fn verdict(&self, depth: Depth) -> Result<Verdict, EngineError> {
        let (told, trouble) = match telemetry(self.client).await {
            Ok(told) => (told, None),
            Err(error) if is_trouble_of_its_own(&error) || self.known.installation.is_none() && is_a_page(&error) => (Told::default(), Some(error)),
            Err(error) => return Err(error),
        };
        if let (Some(known), Some(now)) = (&self.known.installation, &told.installation) {
            if known != now {
                return Ok(self.another(&format!("installation {now}"), &format!("installation {known}")));
            }
            return self.unless_set_back(&told, depth).await;
        }
        let mut missing = Vec::new();
        for witness in &self.known.witnesses {
            match is_there(self.client, witness).await? {
                Some(true) => return self.unless_set_back(&told, depth).await,
                Some(false) => missing.push(witness.to_string()),
                None => {}
            }
        }
        if !missing.is_empty() && missing.len() == self.known.witnesses.len() && !self.are_hidden().await? {
            return Ok(self.another(&format!("no process definition {}", missing.join(", ")), "one that has it"));
        }
        let version = if_told(self.client.version().await.map(|version| version.data))?;
        if let (Some(known), Some(now)) = (&self.known.version, &version)
            && known != now
        {
            return Ok(self.another(&format!("version {now}"), &known.to_string()));
        }
        match (trouble, &self.known.installation) {
            (Some(error), _) => Err(error),
            (None, Some(known)) => Ok(Verdict::Unsure(format!(
                "whether it is still {} cannot be told: that was installation {known}, and {} tells none now; give this login READ on SYSTEM again, or \
                 stop it and plan it anew",
                self.from.engine(),
                safe(self.client.address())
            ))),
            (None, None) => Ok(Verdict::Unknown),
        }
    }

    /// Whether this login sees no process definition at all and says so itself: then they only look as if they were gone.
    async fn are_hidden(&self) -> Result<bool, EngineError> {
        match self.client.may(Right::ReadDefinitions).await {
            Ok(answer) if !answer.data => {
                Ok(if_told(self.client.process_definitions(Page::first(1)).await)?.is_none_or(|definitions| definitions.data.is_empty()))
            }
            Err(error) if error.stops_polling() => Err(error),
            _ => Ok(false),
        }
    }

    fn another(&self, now: &str, known: &str) -> Verdict {
        Verdict::Another(format!("another engine answers at {}: {now}, {} {known}", safe(self.client.address()), self.from.lead()))
    }

    /// The same, unless what it had written last is gone.
    async fn unless_set_back(&self, told: &Told, depth: Depth) -> Result<Verdict, EngineError> {
        let not_restarted = told.node.is_some() && told.node == self.known.node;
        if depth == Depth::Node && not_restarted {
            return Ok(Verdict::Same);
        }
        let mut gone = Vec::new();
        for witness in &self.known.newest {
            match is_written(self.client, witness).await? {
                Some(true) => break,
                Some(false) => gone.push(witness),
                None => {}
            }
        }
        if !tells_of_a_setback(gone.iter().copied()) {
            return Ok(Verdict::Same);
        }
        let now = told.now.unwrap_or_else(Timestamp::now);
        let gone = self.unexplained(gone, now).await?;
        if !tells_of_a_setback(gone.iter().copied()) {
            return Ok(Verdict::Same);
        }
        let names: Vec<String> = gone.iter().take(2).map(|witness| format!("{} {}", witness.kind(), safe(witness.id().as_wire()))).collect();
        let newest = names.join(" and ");
        let known = "one that knew them: its database was set back to an earlier state, or replaced by a copy";
        Ok(self.another(&format!("its history does not know {newest} any more, the newest there were"), known))
    }

    /// Of what is gone, what neither a cleanup of the history nor somebody who deletes explains, nor that this login may not see it any more.
    async fn unexplained<'w>(&self, gone: Vec<&'w Witness>, now: Timestamp) -> Result<Vec<&'w Witness>, EngineError> {
        let Some(oldest) = gone.iter().map(|witness| witness.at).min() else { return Ok(gone) };
        let query = UserOperationQuery { filter: UserOperationFilter::default(), page: Page::first(OPERATIONS) };
        let operations = if_told(self.client.user_operations_where(&query).await)?.map(|answer| answer.data).unwrap_or_default();
        if operations.iter().any(|operation| operation.at >= oldest && operation.kind.as_wire().starts_with("Delete")) {
            return Ok(Vec::new());
        }
        let sees_operations = !operations.is_empty();
        let sees_history = self.sees_history().await?;
        let mut kept: Vec<(&ProcessDefinitionId, Option<i64>)> = Vec::new();
        for definition in gone.iter().filter_map(|witness| witness.definition.as_ref()) {
            if kept.iter().all(|(known, _)| *known != definition) {
                let days = if_told(self.client.history_time_to_live(definition).await)?.flatten().and_then(|answer| answer.data);
                kept.push((definition, days));
            }
        }
        let days = |witness: &Witness| kept.iter().find(|(known, _)| Some(*known) == witness.definition.as_ref()).and_then(|(_, days)| *days);
        let is_unexplained = |witness: &&Witness| match witness.what {
            Written::Operation(_) => sees_operations && !witness.may_be_cleaned_up(days(witness), now),
            Written::Instance(_) | Written::Incident(_) => sees_history && !witness.may_be_cleaned_up(days(witness), now),
            Written::Deployment(_) => true,
        };
        Ok(gone.into_iter().filter(is_unexplained).collect())
    }

    /// Whether this login sees something of the history, or may: what it does not see looks gone.
    async fn sees_history(&self) -> Result<bool, EngineError> {
        if if_told(self.client.may(Right::ReadHistory).await)?.is_some_and(|answer| answer.data) {
            return Ok(true);
        }
        let query = HistoricInstanceQuery { filter: HistoricInstanceFilter::default(), order: None, page: Page::first(1) };
        Ok(if_told(self.client.historic_process_instances(&query).await)?.is_some_and(|answer| !answer.data.is_empty()))
    }
}

/// The newest of a kind after this moment. What may not be read is not known, which is not an error.
async fn rows(client: &Client, kind: Kind, after: Timestamp) -> Result<Vec<Witness>, EngineError> {
    let page = Page::first(OF_A_KIND as u32);
    let (after, newest) = (Some(after), Order::Descending);
    Ok(match kind {
        Kind::Instances => {
            let filter = HistoricInstanceFilter { started_after: after, ..HistoricInstanceFilter::default() };
            let query = HistoricInstanceQuery { filter, order: Some(InstanceOrder::ByStart(newest)), page };
            let rows = if_told(client.historic_process_instances(&query).await)?.map(|answer| answer.data).unwrap_or_default();
            let witness = |row: crate::model::history::HistoricInstance| Witness {
                what: Written::Instance(row.id.clone()),
                at: row.started,
                instance: Some(row.id),
                definition: Some(row.definition),
            };
            rows.into_iter().map(witness).collect()
        }
        Kind::Incidents => {
            let filter = HistoricIncidentFilter { created_after: after, ..HistoricIncidentFilter::default() };
            let query = HistoricIncidentQuery { filter, by_creation: Some(newest), page };
            let rows = if_told(client.historic_incidents(&query).await)?.map(|answer| answer.data).unwrap_or_default();
            let witness = |row: crate::model::history::HistoricIncident| Witness {
                what: Written::Incident(row.incident.id),
                at: row.incident.created,
                instance: row.incident.process_instance,
                definition: row.incident.process_definition,
            };
            rows.into_iter().map(witness).collect()
        }
        Kind::Operations => {
            let query = UserOperationQuery { filter: UserOperationFilter { after, ..UserOperationFilter::default() }, page };
            let rows = if_told(client.user_operations_where(&query).await)?.map(|answer| answer.data).unwrap_or_default();
            let witness = |row: crate::model::history::UserOperation| {
                Some(Witness { what: Written::Operation(row.operation?), at: row.at, instance: row.instance, definition: row.process_definition })
            };
            // An operation has several rows.
            let mut witnesses: Vec<Witness> = rows.into_iter().filter_map(witness).collect();
            witnesses.dedup_by(|one, other| one.what == other.what);
            witnesses
        }
    })
}

/// Whether the engine still knows it; none where it cannot be told.
async fn is_written(client: &Client, witness: &Witness) -> Result<Option<bool>, EngineError> {
    match &witness.what {
        Written::Instance(id) => if_told(client.historic_process_instance(id).await.map(|found| found.is_some())),
        Written::Deployment(id) => if_told(client.deployment(id).await.map(|found| found.is_some())),
        Written::Incident(id) => {
            let filter = HistoricIncidentFilter { id: Some(id.clone()), ..HistoricIncidentFilter::default() };
            let query = HistoricIncidentQuery { filter, by_creation: None, page: Page::first(1) };
            if_told(client.historic_incidents(&query).await.map(|found| found.data.iter().any(|row| row.incident.id == *id)))
        }
        Written::Operation(id) => {
            let filter = UserOperationFilter { operation: Some(id.clone()), ..UserOperationFilter::default() };
            let query = UserOperationQuery { filter, page: Page::first(1) };
            if_told(client.user_operations_where(&query).await.map(|found| found.data.iter().any(|row| row.operation.as_ref() == Some(id))))
        }
    }
}

/// Nothing is told where it cannot be.
async fn telemetry(client: &Client) -> Result<Told, EngineError> {
    let told = if_told(client.telemetry().await)?;
    Ok(told.map_or_else(Told::default, |answer| {
        let Telemetry { installation, since, .. } = answer.data;
        Told { installation, node: since, now: answer.engine_time }
    }))
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

/// Whether something before the engine answered this one path: a hardened gateway lets few paths through. Where the installation was never told,
/// other things tell.
fn is_a_page(error: &EngineError) -> bool {
    matches!(error.problem(), Problem::NotAnEngine(stranger) if !matches!(stranger, Stranger::NoSuchEngine))
}
