//! Trees of which a login may see a part only: the engine ends the rest all the same, so a plan must not speak as if it were not there.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bpmtop::action::plan::{Plan, Weight};
use bpmtop::action::planner::{self, facts::NoFacts};
use bpmtop::action::wish::Asked;
use bpmtop::engine::{Client, Sent};
use bpmtop::model::ids::ProcessInstanceId;
use bpmtop::model::rights::{Right, Rights};
use bpmtop::model::section::Moment;
use bpmtop::model::snapshot::{EngineIdentity, Snapshot};

use super::bench::{Bench, Deployed};
use super::diagrams::{call, person};
use super::plans::{asking_of, called};
use super::wire::Wire;

/// Whether the picture that a plan is asked on knows the rights of the login already.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asks {
    AtOnce,
    OnceRightsAreKnown,
}

async fn cancel(client: &Client, instance: &ProcessInstanceId, asks: Asks) -> Result<Plan> {
    let version = client.known_version().map(|version| version.text);
    let engine = EngineIdentity { url: client.address().to_owned(), version, ..EngineIdentity::default() };
    let mut asking = asking_of(engine, Asked::Cancel(vec![instance.clone()]), Arc::new(NoFacts));
    if asks == Asks::OnceRightsAreKnown {
        let mut rights = Rights::default();
        for right in Right::ALL {
            rights.note(*right, client.may(*right).await?.data);
        }
        let mut picture = Snapshot::clone(&asking.picture);
        picture.rights.succeed(rights, Moment::now());
        asking.picture = Arc::new(picture);
    }
    planner::plan(client, &asking).await.map_err(|no| anyhow::anyhow!("{}: {}", no.why, no.remedy))
}

/// Somebody who may cancel instances of this process, and of no other may see any.
async fn somebody(bench: &Bench, wire: &Wire, word: &str, process: &Deployed, rights: &[&str]) -> Result<Client> {
    let name = bench.user(word).await?;
    bench.driver().grant(&name, 6, &process.key, &[&["READ", "READ_INSTANCE", "DELETE_INSTANCE"], rights].concat()).await?;
    bench.client_of(&name, bench.password(), wire)
}

/// A plan that does not claim to know all that ends.
fn ensure_open(plan: &Plan) -> Result<()> {
    let level = plan.level().context("a level")?;
    ensure!(!level.complete && level.warnings.iter().any(|warning| warning.weight >= Weight::Caution), "{level:?}");
    ensure!(plan.sentence().contains("at least"), "{}", plan.sentence());
    Ok(())
}

pub async fn a_plan_to_cancel_never_claims_that_nothing_ends_beside_what_this_login_may_see(bench: Bench) -> Result<()> {
    let bottom = bench.deploy("seen", [person()]).await?;
    let top = bench.deploy("unseen", [call(&bottom.key)]).await?;
    let wire = bench.wire().await?;
    let caller = bench.start_failing(&top).await?;
    let instance = called(&bench, &caller).await?.remove(0);

    let whole = cancel(bench.client(), &instance, Asks::AtOnce).await?;
    ensure!(whole.level().is_some_and(|level| level.complete && level.count == 2), "who sees all is told all: {:?}", whole.levels);

    let teller = somebody(&bench, &wire, "teller", &bottom, &["READ_HISTORY"]).await?;
    let blind = somebody(&bench, &wire, "blind", &bottom, &[]).await?;
    for asks in [Asks::AtOnce, Asks::OnceRightsAreKnown] {
        ensure!(teller.process_instance(&caller).await?.is_none() && blind.process_instance(&caller).await?.is_none(), "it is hidden indeed");
        // The history of what was called names its caller: that it ends is certain enough to refuse.
        let plan = cancel(&teller, &instance, asks).await?;
        ensure_open(&plan).with_context(|| format!("with history, {asks:?}"))?;
        let refused = plan.is_performable().err().with_context(|| format!("{asks:?}: {:?}", plan.levels))?;
        ensure!(refused.why.contains(caller.as_wire()) && refused.why.contains("may end with it"), "{refused:?}");
        // Without a history nobody tells: the plan says so.
        let plan = cancel(&blind, &instance, asks).await?;
        ensure_open(&plan).with_context(|| format!("without history, {asks:?}"))?;
        ensure!(plan.is_performable().is_ok(), "{:?}", plan.is_performable());
    }
    let plan = cancel(&blind, &instance, Asks::AtOnce).await?;
    ensure!(matches!(blind.change(&plan.steps()[0].change).await.sent, Sent::Accepted { .. }));
    ensure!(bench.client().process_instance(&caller).await?.is_none(), "the caller ended too, though nobody may cancel it");

    // The other way down: who may cancel the caller, and does not see what it called.
    let caller = bench.start_failing(&top).await?;
    let instance = called(&bench, &caller).await?.remove(0);
    let above = somebody(&bench, &wire, "above", &top, &["READ_HISTORY"]).await?;
    for asks in [Asks::AtOnce, Asks::OnceRightsAreKnown] {
        let plan = cancel(&above, &caller, asks).await?;
        ensure_open(&plan).with_context(|| format!("from above, {asks:?}"))?;
    }
    let plan = cancel(&above, &caller, Asks::AtOnce).await?;
    ensure!(matches!(above.change(&plan.steps()[0].change).await.sent, Sent::Accepted { .. }));
    ensure!(bench.client().process_instance(&instance).await?.is_none(), "what it called ended too");
    Ok(())
}
