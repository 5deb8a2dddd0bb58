//! Somebody who changes things, with a login of his own: so the engine's log of operations tells which changes were his, and how many.

use anyhow::{Context as _, Result, bail, ensure};
use bpmtop::engine::catalogue::{Entry, Evidence, endpoint};
use bpmtop::engine::{Change, Client, Page, RequestName, Sent, UserOperationFilter, UserOperationQuery};
use bpmtop::model::history::UserOperation;
use bpmtop::model::ids::BatchId;

use super::bench::Bench;
use super::wire::Wire;

/// What proves the changes of a row.
pub fn evidence(row: RequestName) -> Result<&'static Evidence> {
    endpoint(row).evidence().with_context(|| format!("{row:?} changes nothing"))
}

fn is_entry(operation: &UserOperation, entry: &Entry) -> bool {
    operation.kind.as_wire() == entry.operation
        && operation.entity.as_ref().is_some_and(|entity| entity.as_wire() == entry.entity)
        && operation.property.as_ref().map(|property| property.as_wire()) == entry.property
}

/// How many of these operations prove such a change.
pub fn proofs(operations: &[UserOperation], evidence: &Evidence) -> usize {
    operations.iter().filter(|operation| evidence.entries.iter().any(|entry| is_entry(operation, entry))).count()
}

/// Everything a user did, newest first.
pub async fn operations_of(bench: &Bench, user: &str) -> Result<Vec<UserOperation>> {
    let filter = UserOperationFilter { user: Some(user.into()), ..UserOperationFilter::default() };
    Ok(bench.client().user_operations_where(&UserOperationQuery { filter, page: Page::first(500) }).await?.data)
}

pub struct Actor {
    pub name: String,
    pub client: Client,
    _wire: Wire,
}

impl Actor {
    /// Somebody new.
    pub async fn new(bench: &Bench, word: &str) -> Result<Self> {
        let name = bench.user(word).await?;
        let wire = bench.wire().await?;
        Ok(Self { client: bench.client_of(&name, bench.password(), &wire)?, name, _wire: wire })
    }

    /// Everything this one did, newest first. Reads with the administrator's eyes.
    pub async fn operations(&self, bench: &Bench) -> Result<Vec<UserOperation>> {
        operations_of(bench, &self.name).await
    }

    /// Makes a change that is accepted, and sees that the log of operations has one proof of it more. Gives what the operation wrote there.
    pub async fn makes(&self, bench: &Bench, change: &Change) -> Result<Vec<UserOperation>> {
        let evidence = evidence(change.name())?;
        let before = self.operations(bench).await?;
        let delivered = self.client.change(change).await;
        ensure!(matches!(delivered.sent, Sent::Accepted { .. }), "{change:?}: {delivered:?}");
        let after = self.operations(bench).await?;
        let (old, new) = (proofs(&before, evidence), proofs(&after, evidence));
        let written: Vec<_> = after.into_iter().filter(|row| before.iter().all(|known| known.id != row.id)).collect();
        ensure!(new == old + 1, "{old} proofs of {change:?} became {new}: {written:?}");
        ensure!(written.iter().all(|row| row.operation == written[0].operation), "one operation: {written:?}");
        Ok(written)
    }

    /// Makes a change that the engine takes as a batch.
    pub async fn orders(&self, bench: &Bench, change: &Change) -> Result<BatchId> {
        let delivered = self.client.change(change).await;
        match delivered.sent {
            Sent::Accepted { batch: Some(batch) } => {
                ensure!(proofs(&self.operations(bench).await?, evidence(change.name())?) >= 1, "{change:?} is not in the log");
                Ok(batch)
            }
            other => bail!("{change:?}: {other:?}"),
        }
    }
}

/// The properties of rows of the log, sorted.
pub fn properties(rows: &[UserOperation]) -> Vec<&str> {
    let mut names: Vec<&str> = rows.iter().filter_map(|row| row.property.as_ref()).map(|property| property.as_wire()).collect();
    names.sort_unstable();
    names
}
