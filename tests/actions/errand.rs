//! What is asked of the scripted engine: retries of its jobs. How it answers is in `plant.rs`.

use std::sync::Arc;

use bpmtop::action::plan::{ActionId, Choices, Pace, Plan};
use bpmtop::action::target::{Subject, Target};
use bpmtop::action::verb::Verb;
use bpmtop::action::wish::{Asked, Wish};
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::incident::Incident;
use bpmtop::model::job::Job;
use bpmtop::model::snapshot::EngineIdentity;

use super::plant;

/// As fast as it goes, without a canary.
pub const FAST: Pace = Pace { per_second: 1_000.0, canary: 0, stop_at: 100 };

/// The engine as somebody knows it who is logged in.
pub fn engine(url: &str) -> EngineIdentity {
    EngineIdentity { url: url.to_owned(), version: Some("7.24.0".into()), user: Some("demo".into()), ..EngineIdentity::default() }
}

fn target(number: usize) -> Target {
    let id = plant::job(number);
    let (instance, execution) = (id.replace("job", "instance"), id.replace("job", "execution"));
    let incident = Incident {
        id: format!("incident-{number:05}").as_str().into(),
        kind: "failedJob".into(),
        process_definition: Some("payment:2:uuid".into()),
        process_instance: Some(instance.as_str().into()),
        execution: Some(execution.as_str().into()),
        activity: Some("charge".into()),
        failed_activity: Some("charge".into()),
        cause: None,
        root_cause: None,
        configuration: Some(id.as_str().into()),
        message: Some("Card service answered 503".into()),
        tenant: None,
        job_definition: Some("jd".into()),
        annotation: None,
        created: "2020-01-01T00:00:00Z".parse().expect("a moment"),
    };
    let job = Job {
        id: id.as_str().into(),
        job_definition: Some("jd".into()),
        process_instance: Some(instance.as_str().into()),
        process_definition: Some("payment:2:uuid".into()),
        process_key: Some("payment".into()),
        execution: Some(execution.as_str().into()),
        exception_message: None,
        failed_activity: Some("charge".into()),
        retries: 0,
        due: None,
        suspended: false,
        priority: 0,
        tenant: None,
        created: None,
        unreadable: Default::default(),
    };
    let subject = Subject::Job { job: Arc::new(job), incident: Some(KnownIncident::of(incident)) };
    Target { subject, label: format!("payment v2 · Charge {number}"), business_key: None, version: Some(2) }
}

/// A retry of the first so many jobs, as if it had been planned.
pub fn retry(url: &str, number: usize, pace: Pace) -> Arc<Plan> {
    let action = ActionId(format!("20260301T120000.000Z-{number:04}-{}", std::process::id()));
    let wish = Wish { about: "Charge of payment".to_owned(), what: Asked::RetryItems { jobs: Vec::new(), tasks: Vec::new() } };
    let plan = Plan::of(action, wish, Verb::Retry, engine(url), (0..number).map(target).collect());
    Arc::new(Plan { choices: Choices { pace, ..Choices::default() }, ..plan })
}
