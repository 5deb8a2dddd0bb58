//! What tells one engine from another behind the same address, on engines as they are.

use anyhow::{Context as _, Result, ensure};
use bpmtop::engine::identity::{Depth, KnownFrom, Verdict, compare, read};
use bpmtop::model::ids::ProcessInstanceId;
use bpmtop::model::snapshot::EngineIdentity;
use bpmtop::model::witness::{Witness, Written};
use jiff::{SignedDuration, Timestamp};

use super::bench::Bench;

fn instance(id: ProcessInstanceId, at: Timestamp) -> Witness {
    Witness { what: Written::Instance(id.clone()), at, instance: Some(id), definition: None }
}

pub async fn what_an_engine_has_written_last_proves_it_and_what_it_does_not_know_tells_a_setback(bench: Bench) -> Result<()> {
    let process = bench.failed("known", 2).await?;
    let mut known = EngineIdentity::default();
    read(bench.client(), &mut known, [&process.id]).await?;
    ensure!(known.installation.is_some() && known.witnesses == [process.id.clone()], "{known:?}");
    for kind in ["process instance", "incident", "operation"] {
        ensure!(known.newest.iter().any(|witness| witness.kind() == kind), "no {kind}: {:?}", known.newest);
    }
    let verdict = compare(bench.client(), &known, KnownFrom::Picture, Depth::Database).await?;
    ensure!(verdict == Verdict::Same, "{verdict:?}");
    // Newer than anything that others delete meanwhile.
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    let lost = ["lost-1", "lost-2"].map(|id| instance(id.into(), later));
    let set_back = EngineIdentity { newest: lost.into_iter().chain(known.newest.clone()).collect(), node: None, ..known.clone() };
    let Verdict::Another(why) = compare(bench.client(), &set_back, KnownFrom::Picture, Depth::Node).await? else { anyhow::bail!("it knows no such things") };
    ensure!(why.contains("lost-1") && why.contains("set back"), "{why}");
    let other = EngineIdentity { installation: Some("another".into()), ..known };
    ensure!(matches!(compare(bench.client(), &other, KnownFrom::Picture, Depth::Node).await?, Verdict::Another(_)));
    Ok(())
}

pub async fn instances_that_somebody_deletes_from_the_history_make_no_other_engine(bench: Bench) -> Result<()> {
    let process = bench.deploy("erased", [super::diagrams::work()]).await?;
    let mut known = EngineIdentity::default();
    let (one, two) = (bench.start_failing(&process).await?, bench.start_failing(&process).await?);
    read(bench.client(), &mut known, [&process.id]).await?;
    known.newest = [one.clone(), two.clone()].into_iter().map(|id| instance(id, Timestamp::now() - SignedDuration::from_secs(5))).collect();
    for id in [&one, &two] {
        bench.driver().delete(&format!("/process-instance/{id}")).await?;
        bench.driver().delete(&format!("/history/process-instance/{id}")).await.context("it is erased")?;
    }
    let verdict = compare(bench.client(), &known, KnownFrom::Picture, Depth::Database).await?;
    ensure!(verdict == Verdict::Same, "{verdict:?}");
    Ok(())
}
