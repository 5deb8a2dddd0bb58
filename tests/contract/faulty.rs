//! The fault matrix on a real engine: a breaker on the way carries a change or does not, and lies about it. The engine's log of operations is
//! the judge of what was made, and how often.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::catalogue::Endpoint;
use bpmtop::engine::{Client, ClientOptions, Login, RequestName};
use futures_util::future::try_join_all;
use reqwest::Url;
use serde_json::json;

use super::actor::{evidence, proofs};
use super::bench::{Bench, SOON};
use super::diagrams::{external, timer, work};
use super::engine::driver::id_of;
use super::faults::breaker::Breaker;
use super::faults::{Cell, Fault, Ids, Matrix, change, rows};
use super::filters::text;

/// The longest a client waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(2);
/// When a slow way has carried a change at last.
const DELAY: Duration = Duration::from_secs(3);
/// Cells filled at the same time.
const AT_ONCE: usize = 24;

/// Things of its own for every cell.
struct Supply {
    jobs: Vec<serde_json::Value>,
    incidents: Vec<serde_json::Value>,
    tasks: Vec<serde_json::Value>,
    operation: String,
}

impl Supply {
    async fn for_cells(bench: &Bench, number: usize) -> Result<Self> {
        let (failing, topic) = (bench.deploy("failing", [work()]).await?, bench.name("faulty"));
        let booking = bench.deploy("booking", [external(&topic)]).await?;
        bench.driver().start_many(&failing.key, number, "faulty", &json!({"ok": false})).await?;
        bench.driver().start_many(&booking.key, 2 * Fault::ALL.len(), "faulty", &json!({})).await?;
        let of = format!("processDefinitionId={}", failing.id.as_wire());
        bench.driver().await_count(&format!("/incident/count?{of}"), 2 * SOON, |count| count == number as u64).await?;
        bench.driver().put(&format!("/process-definition/{}/suspended", booking.id.as_wire()), &json!({"suspended": false})).await?;
        let operation = bench.driver().list(&format!("/history/user-operation?processDefinitionId={}", booking.id.as_wire())).await?;
        Ok(Self {
            jobs: bench.driver().list(&format!("/job?{of}")).await?,
            incidents: bench.driver().list(&format!("/incident?{of}")).await?,
            tasks: bench.driver().list(&format!("/external-task?topicName={topic}")).await?,
            operation: text(operation.first().context("an operation")?, "operationId")?.to_owned(),
        })
    }

    fn take(&mut self, row: RequestName) -> Result<Ids> {
        let job = self.jobs.pop().context("a job")?;
        let instance = text(&job, "processInstanceId")?;
        let incident = self.incidents.iter().find(|incident| incident["processInstanceId"] == instance).context("its incident")?;
        let needs_task = matches!(row, RequestName::SetExternalTaskRetries | RequestName::UnlockExternalTask);
        Ok(Ids {
            job: id_of(&job)?,
            external_task: if needs_task { id_of(&self.tasks.pop().context("a task")?)? } else { "none".to_owned() },
            job_definition: "none".to_owned(),
            process_definition: "none".to_owned(),
            instance: instance.to_owned(),
            execution: text(&job, "executionId")?.to_owned(),
            incident: id_of(incident)?,
            operation: self.operation.clone(),
        })
    }
}

/// A process of its own for a change of definitions: two changes of one at the same time would make each other fail.
async fn with_definitions(bench: &Bench, row: RequestName, fault: Fault, ids: Ids) -> Result<Ids> {
    if !matches!(row, RequestName::SuspendJobDefinition | RequestName::SetJobDefinitionPriority | RequestName::SuspendProcessDefinition) {
        return Ok(ids);
    }
    let process = bench.deploy(&format!("{row:?}x{fault:?}"), [timer()]).await?;
    let definition = bench.driver().list(&format!("/job-definition?processDefinitionId={}", process.id.as_wire())).await?;
    let job_definition = id_of(definition.first().context("a job definition")?)?;
    Ok(Ids { job_definition, process_definition: process.id.as_wire().to_owned(), ..ids })
}

/// Sends a change through a breaker, as somebody who does nothing else, and asks the log what he did.
async fn fill(bench: &Bench, row: &'static Endpoint, fault: Fault, ids: Ids) -> Result<Cell> {
    let ids = with_definitions(bench, row.name, fault, ids).await?;
    let name = bench.user(&format!("{:?}x{fault:?}", row.name)).await?;
    let base = Url::parse(&bench.target().url)?;
    let engine = format!("{}:{}", base.host_str().context("a host")?, base.port_or_known_default().context("a port")?);
    let breaker = Breaker::before(engine, row, fault, DELAY).await?;
    let mut address = base;
    ensure!(address.set_host(Some("127.0.0.1")).is_ok() && address.set_port(Some(breaker.port())).is_ok());
    let login = Login::Basic { user: name.clone(), password: bench.password().into() };
    let client = Client::new(ClientOptions { login, ..ClientOptions::new(address) })?;
    client.assume_version(bench.target().version.clone());
    let client = if fault.is_slow() { client.with_change_timeout(PATIENCE) } else { client };
    let change = change(row.name, &ids);
    let delivered = client.change(&change).await;
    breaker.settled().await;
    let operations = super::actor::operations_of(bench, &name).await?;
    Ok(Cell { row, fault, change, delivered, arrived: breaker.arrived(), performed: proofs(&operations, evidence(row.name)?) })
}

/// Fills every cell and has it judged.
async fn matrix(bench: &Bench, judge: impl AsyncFn(&Cell) -> Result<String, String>) -> Result<Matrix> {
    let wanted: Vec<_> = rows().flat_map(|row| Fault::ALL.iter().map(move |fault| (row, *fault))).collect();
    let mut supply = Supply::for_cells(bench, wanted.len()).await?;
    let mut matrix = Matrix::default();
    for some in wanted.chunks(AT_ONCE) {
        let cells = some.iter().map(|(row, fault)| Ok((*row, *fault, supply.take(row.name)?))).collect::<Result<Vec<_>>>()?;
        for cell in try_join_all(cells.into_iter().map(|(row, fault, ids)| fill(bench, row, fault, ids))).await? {
            let played = cell.performed == cell.fault.performs();
            ensure!(played, "the engine says {:?} x {:?} was made {} times: {:?}", cell.row.name, cell.fault, cell.performed, cell.delivered);
            matrix.note(cell.row.name, cell.fault, judge(&cell).await);
        }
    }
    Ok(matrix)
}

pub async fn no_fault_on_the_way_makes_a_change_lie_or_be_made_twice(bench: Bench) -> Result<()> {
    let matrix = matrix(&bench, async |cell| cell.judge_the_sending()).await?;
    println!("{}", matrix.markdown());
    let faulty = matrix.faulty();
    ensure!(faulty.is_empty(), "{}", faulty.join("\n"));
    Ok(())
}
