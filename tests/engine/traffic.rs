//! The parts of a workload, each a loop until the workload is over: starting, clerks, repairs, external workers, outages.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    business::{Case, Dice, OUTAGES, Outage, case_in_outage, next_case},
    driver::id_of,
    operations::Failure,
    workload::Workload,
};

/// Starts ordinary cases at the asked rate.
pub async fn start_cases(work: Workload) {
    let Some(rest) = Duration::from_secs(60).checked_div(work.params.starts_per_minute) else { return };
    let mut dice = Dice::new(work.params.seed);
    let mut number = 0;
    while work.pause(rest).await {
        number += 1;
        let failing = dice.percent(work.params.failure_percent);
        start(&work, &next_case(&mut dice, number, failing)).await;
    }
}

async fn start(work: &Workload, case: &Case) {
    if work.granted(work.driver.start(case.process, &case.business_key, &case.variables).await).is_some() {
        work.note(|tally| tally.started += 1);
    }
}

/// Completes some user tasks (the six oldest stay for people to look at), and lets some awaited transfers arrive.
pub async fn work_on_tasks(work: Workload) {
    while work.pause(Duration::from_secs(3)).await {
        work.granted(complete_some_tasks(&work).await);
        work.granted(let_some_transfers_arrive(&work).await);
    }
}

async fn complete_some_tasks(work: &Workload) -> Result<()> {
    for task in work.driver.list("/task?active=true&sortBy=created&sortOrder=asc&firstResult=6&maxResults=4").await? {
        work.driver.complete_task(&id_of(&task)?, &json!({})).await?;
        work.note(|tally| tally.tasks_completed += 1);
    }
    Ok(())
}

/// Three customers still owe, whoever they are; the others pay.
async fn let_some_transfers_arrive(work: &Workload) -> Result<()> {
    let waiting =
        work.driver.list("/process-instance?processDefinitionKey=payment&activityIdIn=await-transfer&active=true&businessKeyLike=B-%25&maxResults=6").await?;
    for payment in waiting.iter().skip(3) {
        let business_key = payment["businessKey"].as_str().unwrap_or_default();
        work.driver.correlate("payment-received", business_key).await?;
    }
    Ok(())
}

/// Operators at work: now and then some of the oldest failures are repaired. The ones without a business key of this workload stay.
pub async fn repair_old_failures(work: Workload) {
    while work.pause(Duration::from_secs(15)).await {
        work.granted(repair_some(&work).await);
    }
}

async fn repair_some(work: &Workload) -> Result<()> {
    let processes = "order,payment,fraud-check,shipping,invoice,reconciliation,stock-sync";
    let failed =
        work.driver.list(&format!("/process-instance?withIncident=true&processDefinitionKeyIn={processes}&leafProcessInstances=true&maxResults=200")).await?;
    let ours = failed.iter().filter(|instance| is_ours(instance["businessKey"].as_str().unwrap_or_default(), work));
    for instance in ours.take(2) {
        let instance = id_of(instance)?;
        for job in work.driver.job_ids(&format!("processInstanceId={instance}&noRetriesLeft=true")).await? {
            let repaired = work.driver.repair_job(&job).await?;
            work.note(|tally| tally.repaired += u64::from(repaired));
        }
        for task in work.driver.list(&format!("/external-task?processInstanceId={instance}&noRetriesLeft=true")).await? {
            work.driver.retry_external_task(&id_of(&task)?, 1).await?;
            work.note(|tally| tally.repaired += 1);
        }
    }
    Ok(())
}

/// Single failures are ours; those of an outage (`W-…`) wait for the outage's end, those of the standing picture for nobody.
fn is_ours(business_key: &str, work: &Workload) -> bool {
    work.params.failure_percent > 0 && (business_key.starts_with("B-") || business_key.starts_with("RE-2026-1") && business_key.len() == 14)
}

/// A carrier worker: completes most bookings, fails some, refuses some, and now and then forgets one until its lock expires.
pub async fn carrier_worker(work: Workload, number: u32) {
    let worker = format!("carrier-worker-{number}");
    let mut dice = Dice::new(work.params.seed + 100 + u64::from(number));
    while work.pause(Duration::from_millis(1_000 + dice.below(1_000))).await {
        let Some(tasks) = work.granted(work.driver.fetch_and_lock(&worker, "carrier-booking", 3, Duration::from_secs(20)).await) else { continue };
        for task in tasks {
            work.granted(book(&work, &worker, &task, &mut dice).await);
        }
    }
}

async fn book(work: &Workload, worker: &str, task: &Value, dice: &mut Dice) -> Result<()> {
    let id = id_of(task)?;
    let message = format!("Carrier API answered 503 for parcel {:06x} (attempt at depot {})", dice.below(0xff_ffff), dice.below(90));
    let details = format!("CarrierException: {message}\n\tat example.carrier.Client.book(Client.java:77)\n\tat example.carrier.Worker.run(Worker.java:21)");
    let failure = Failure { message: &message, details: &details, retries: 0, retry_after: Duration::from_secs(5) };
    if work.params.failure_percent > 0 {
        match dice.below(1_000) / u64::from(work.params.failure_percent) {
            0 => {
                work.note(|tally| tally.locks_left += 1);
                return Ok(());
            }
            1 | 2 => {
                work.note(|tally| tally.bookings_failed += 1);
                return work.driver.fail_external_task(&id, worker, &failure).await;
            }
            3 | 4 => {
                work.note(|tally| tally.bookings_failed += 1);
                return work.driver.fail_external_task(&id, worker, &Failure { retries: 2, ..failure }).await;
            }
            5 => return work.driver.raise_bpmn_error(&id, worker, "carrier-refused").await,
            _ => {}
        }
    }
    work.driver.complete_external_task(&id, worker).await?;
    work.note(|tally| tally.bookings_completed += 1);
    Ok(())
}

/// Outages come and go: one system is down and its cases pile up, half an interval later it is back and everything is repaired.
pub async fn outages(work: Workload) {
    let Some(interval) = work.params.wave_every else { return };
    let mut dice = Dice::new(work.params.seed + 1_000);
    let mut number = 0;
    for outage in OUTAGES.iter().cycle() {
        if !work.pause(interval / 2).await {
            return;
        }
        work.note(|tally| tally.waves += 1);
        for _ in 0..work.params.wave_size {
            number += 1;
            start(&work, &case_in_outage(*outage, &mut dice, number)).await;
        }
        if !work.pause(interval / 2).await {
            return;
        }
        work.granted(end_outage(&work, outage).await);
    }
}

/// Repairs what the outage broke: the cases of this workload's waves, two requests each.
async fn end_outage(work: &Workload, outage: &Outage) -> Result<()> {
    let broken = format!("/process-instance?withIncident=true&processDefinitionKey={}&businessKeyLike=W-%25", outage.broken);
    for instance in work.driver.list(&broken).await? {
        for job in work.driver.job_ids(&format!("processInstanceId={}&noRetriesLeft=true", id_of(&instance)?)).await? {
            if work.granted(work.driver.repair_job(&job).await) == Some(true) {
                work.note(|tally| tally.repaired += 1);
            }
        }
        if work.is_over() {
            break;
        }
    }
    Ok(())
}
