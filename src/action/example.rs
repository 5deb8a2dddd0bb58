//! Plans made up for tests of what is done with them. Test code only.

use std::sync::Arc;

use super::plan::{ActionId, Cancelled, Choices, Held, Level, Plan};
use super::target::{Subject, Target};
use super::verb::Verb;
use super::wish::{Asked, Wish};
use crate::model::definition::ProcessInstance;
use crate::model::example;
use crate::model::external_task::ExternalTask;
use crate::model::job::{Job, JobDefinition};
use crate::model::snapshot::EngineIdentity;

/// A plan outside production, on an engine of 7.24, for these targets.
pub fn plan(asked: Asked, targets: Vec<Target>) -> Plan {
    let (action, verb) = (ActionId("20260301T120000.000Z-0001".to_owned()), asked.verb().unwrap_or(Verb::Retry));
    let wish = Wish { about: "Charge card of payment".to_owned(), what: asked };
    Plan { read: example::noon(), ..Plan::of(action, wish, verb, engine("7.24.0"), targets) }
}

/// An engine of this version.
pub fn engine(version: &str) -> EngineIdentity {
    EngineIdentity { version: Some(version.into()), product: Some("Camunda".to_owned()), ..EngineIdentity::default() }
}

/// A plan that retries so many jobs.
pub fn retry(jobs: usize) -> Plan {
    plan(Asked::RetryItems { jobs: Vec::new(), tasks: Vec::new() }, (0..jobs).map(job).collect())
}

/// A failed job; even ones are of version 2, odd ones of version 3.
pub fn job(number: usize) -> Target {
    of_job(example::job(number), 2 + i64::try_from(number % 2).unwrap_or_default())
}

/// A job as a target.
pub fn of_job(job: Job, version: i64) -> Target {
    let key = format!("A-{}", job.id);
    Target {
        subject: Subject::Job { job: Arc::new(job), incident: None },
        label: format!("payment v{version} · Charge card"),
        business_key: Some(key.as_str().into()),
        version: Some(version),
    }
}

/// A failed external task.
pub fn external_task(number: usize) -> Target {
    let task = ExternalTask {
        id: format!("task-{number:04}").as_str().into(),
        activity: Some("ship".into()),
        error_message: None,
        execution: None,
        lock_expires: None,
        process_definition: Some("payment:2:uuid".into()),
        process_key: Some("payment".into()),
        process_instance: Some("instance-1".into()),
        retries: Some(0),
        suspended: false,
        worker: None,
        topic: "shipping".into(),
        tenant: None,
        priority: 0,
        business_key: None,
        unreadable: Default::default(),
    };
    Target {
        subject: Subject::ExternalTask { task: Arc::new(task), incident: None },
        label: "payment v2 · Ship".to_owned(),
        business_key: None,
        version: Some(2),
    }
}

/// A process instance.
pub fn instance(id: &str) -> Target {
    let instance = ProcessInstance { id: id.into(), definition: "payment:2:uuid".into(), business_key: None, suspended: true, tenant: None, case: None };
    Target {
        subject: Subject::Instance(Arc::new(instance)),
        label: "payment v2".to_owned(),
        business_key: Some(format!("K-{id}").as_str().into()),
        version: Some(2),
    }
}

/// A job definition.
pub fn job_definition(id: &str) -> Target {
    let definition = JobDefinition {
        id: id.into(),
        process_definition: Some("payment:2:uuid".into()),
        process_key: Some("payment".into()),
        job_type: "async-continuation".into(),
        configuration: Some("async-before".into()),
        activity: Some("charge-card".into()),
        suspended: true,
        overriding_priority: None,
        tenant: None,
        deployment: None,
    };
    Target { subject: Subject::JobDefinition(Arc::new(definition)), label: "payment v2 · Charge card".to_owned(), business_key: None, version: Some(2) }
}

/// A job of this target that something else suspended.
pub fn held(target: usize, job: &str) -> Held {
    Held { target, job: job.into(), due: None, label: "payment v2 · Charge card".to_owned(), cause: "its job definition is suspended".to_owned() }
}

/// A plan that cancels at one of these levels, each with so many instances.
pub fn cancel(levels: &[(&str, usize)]) -> Plan {
    let levels: Vec<Level> = levels
        .iter()
        .map(|(id, count)| Level {
            cancels: vec![Cancelled { first: 0, count: 1 }],
            ends: vec![instance(id)],
            tree: Vec::new(),
            warnings: Vec::new(),
            count: *count,
            complete: true,
        })
        .collect();
    let mut plan = plan(Asked::Cancel(vec!["child".into()]), Vec::new());
    plan.levels = levels;
    plan.choose(Choices::default());
    plan
}
