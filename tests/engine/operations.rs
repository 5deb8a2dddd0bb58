//! Single things one can do to an engine over REST: start, repair, fail, complete, grant.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::driver::{Driver, id_of};

/// Plain JSON values as the engine's typed variables: `{"ok": true}` becomes `{"ok": {"value": true}}`.
pub fn typed(variables: &Value) -> Value {
    let typed: Map<String, Value> = variables.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!({"value": value}))).collect();
    Value::Object(typed)
}

impl Driver {
    /// Starts the latest version of a process; gives the instance's id. `variables` is a plain JSON object.
    pub async fn start(&self, key: &str, business_key: &str, variables: &Value) -> Result<String> {
        self.start_at(&format!("/process-definition/key/{key}/start"), business_key, variables).await
    }

    /// Starts a process that belongs to a tenant.
    pub async fn start_for_tenant(&self, key: &str, tenant: &str, business_key: &str, variables: &Value) -> Result<String> {
        self.start_at(&format!("/process-definition/key/{key}/tenant-id/{tenant}/start"), business_key, variables).await
    }

    /// Starts one version of a process.
    pub async fn start_version(&self, key: &str, version: u32, business_key: &str, variables: &Value) -> Result<String> {
        let definitions = self.list(&format!("/process-definition?key={key}&version={version}")).await?;
        let id = id_of(definitions.first().with_context(|| format!("{key} has no version {version}"))?)?;
        self.start_at(&format!("/process-definition/{id}/start"), business_key, variables).await
    }

    async fn start_at(&self, path: &str, business_key: &str, variables: &Value) -> Result<String> {
        id_of(&self.post(path, &json!({"businessKey": business_key, "variables": typed(variables)})).await?)
    }

    /// Starts an order. `variables` may hold `fault`, `lines`, `paymentMethod`, `suspicious`, `pickupIn`, `reminderAfter`, `latencyMillis`, `ok`.
    pub async fn start_order(&self, business_key: &str, variables: &Value) -> Result<String> {
        self.start("order", business_key, variables).await
    }

    /// Starts `number` instances of a process at once (eight requests at a time), all with the same variables; gives their ids.
    pub async fn start_many(&self, key: &str, number: usize, key_prefix: &str, variables: &Value) -> Result<Vec<String>> {
        let keys: Vec<String> = (1..=number).map(|index| format!("{key_prefix}-{index:05}")).collect();
        let mut ids = Vec::with_capacity(number);
        for group in keys.chunks(8) {
            ids.extend(try_join_all(group.iter().map(|business_key| self.start(key, business_key, variables))).await?);
        }
        Ok(ids)
    }

    /// Makes `number` incidents fast, one instance each and nothing bubbled; needs no Java in the engine. Waits until all are there.
    pub async fn make_incidents(&self, number: usize, key_prefix: &str) -> Result<Vec<String>> {
        let before = self.count("/incident/count?processDefinitionKeyIn=price-calculation").await?;
        let ids = self.start_many("price-calculation", number, key_prefix, &json!({"ok": false})).await?;
        let limit = Duration::from_secs(20) + Duration::from_millis(50) * u32::try_from(number)?;
        self.await_count("/incident/count?processDefinitionKeyIn=price-calculation", limit, |count| count >= before + number as u64).await?;
        Ok(ids)
    }

    /// Waits until a count is as wished; gives it.
    pub async fn await_count(&self, path: &str, limit: Duration, wished: impl Fn(u64) -> bool) -> Result<u64> {
        let begin = std::time::Instant::now();
        loop {
            let count = self.count(path).await?;
            if wished(count) {
                return Ok(count);
            }
            if begin.elapsed() > limit {
                bail!("{path} is still {count} after {} s", limit.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn set_variable(&self, instance: &str, name: &str, value: &Value) -> Result<()> {
        self.put(&format!("/process-instance/{instance}/variables/{name}"), &json!({"value": value})).await.map(drop)
    }

    pub async fn job_ids(&self, filter: &str) -> Result<Vec<String>> {
        self.list(&format!("/job?{filter}")).await?.iter().map(id_of).collect()
    }

    /// Gives a job one attempt, now.
    pub async fn retry_job(&self, job: &str) -> Result<()> {
        self.put(&format!("/job/{job}/retries"), &json!({"retries": 1, "dueDate": null})).await.map(drop)
    }

    pub async fn stack_trace(&self, job: &str) -> Result<String> {
        self.text(&format!("/job/{job}/stacktrace")).await
    }

    /// Removes the fault in a job's instance and retries the job. Tells whether the job was still there.
    pub async fn repair_job(&self, job: &str) -> Result<bool> {
        let rows = self.list(&format!("/job?jobId={job}")).await?;
        let Some(instance) = rows.first().and_then(|row| row["processInstanceId"].as_str()) else { return Ok(false) };
        self.set_variable(instance, "ok", &json!(true)).await?;
        self.retry_job(job).await?;
        Ok(true)
    }

    /// Repairs every job without retries that the filter matches, `processDefinitionKey=payment&…`, eight at a time; gives their number.
    pub async fn repair_jobs(&self, filter: &str) -> Result<usize> {
        let jobs = self.job_ids(&format!("noRetriesLeft=true&{filter}")).await?;
        for group in jobs.chunks(8) {
            try_join_all(group.iter().map(|job| self.repair_job(job))).await?;
        }
        Ok(jobs.len())
    }

    /// Locks external tasks of a topic for a worker.
    pub async fn fetch_and_lock(&self, worker: &str, topic: &str, max_tasks: u32, lock: Duration) -> Result<Vec<Value>> {
        let topics = json!([{"topicName": topic, "lockDuration": u64::try_from(lock.as_millis())?}]);
        match self.post("/external-task/fetchAndLock", &json!({"workerId": worker, "maxTasks": max_tasks, "topics": topics})).await? {
            Value::Array(tasks) => Ok(tasks),
            other => bail!("fetchAndLock gave {other}"),
        }
    }

    pub async fn complete_external_task(&self, task: &str, worker: &str) -> Result<()> {
        self.post(&format!("/external-task/{task}/complete"), &json!({"workerId": worker})).await.map(drop)
    }

    /// Reports a failure of a locked task; with `retries` 0 an incident opens.
    pub async fn fail_external_task(&self, task: &str, worker: &str, failure: &Failure<'_>) -> Result<()> {
        let body = json!({"workerId": worker, "errorMessage": failure.message, "errorDetails": failure.details, "retries": failure.retries,
            "retryTimeout": u64::try_from(failure.retry_after.as_millis())?});
        self.post(&format!("/external-task/{task}/failure"), &body).await.map(drop)
    }

    /// Reports a BPMN error from a locked task: `carrier-refused` leads an order to the user task `decide-refusal`.
    pub async fn raise_bpmn_error(&self, task: &str, worker: &str, code: &str) -> Result<()> {
        self.post(&format!("/external-task/{task}/bpmnError"), &json!({"workerId": worker, "errorCode": code})).await.map(drop)
    }

    pub async fn retry_external_task(&self, task: &str, retries: u32) -> Result<()> {
        self.put(&format!("/external-task/{task}/retries"), &json!({"retries": retries})).await.map(drop)
    }

    pub async fn complete_task(&self, task: &str, variables: &Value) -> Result<()> {
        self.post(&format!("/task/{task}/complete"), &json!({"variables": typed(variables)})).await.map(drop)
    }

    /// Delivers a message to the one instance with this business key that waits for it: `payment-received` for a payment.
    pub async fn correlate(&self, message: &str, business_key: &str) -> Result<()> {
        self.post("/message", &json!({"messageName": message, "businessKey": business_key})).await.map(drop)
    }

    pub async fn suspend_instance(&self, instance: &str, suspended: bool) -> Result<()> {
        self.put(&format!("/process-instance/{instance}/suspended"), &json!({"suspended": suspended})).await.map(drop)
    }

    pub async fn suspend_job_definitions(&self, key: &str, suspended: bool, include_jobs: bool) -> Result<()> {
        let body = json!({"processDefinitionKey": key, "suspended": suspended, "includeJobs": include_jobs});
        self.put("/job-definition/suspended", &body).await.map(drop)
    }

    pub async fn cancel_instance(&self, instance: &str) -> Result<()> {
        self.delete(&format!("/process-instance/{instance}")).await.map(drop)
    }

    /// An incident of a type of our own; such an incident can be deleted over REST, unlike failed jobs.
    pub async fn create_incident(&self, execution: &str, kind: &str, message: &str) -> Result<String> {
        let body = json!({"incidentType": kind, "configuration": "rig", "message": message});
        id_of(&self.post(&format!("/execution/{execution}/create-incident"), &body).await?)
    }

    pub async fn create_user(&self, user: &str, password: &str) -> Result<()> {
        let profile = json!({"id": user, "firstName": user, "lastName": "Fixture", "email": format!("{user}@bpmtop.example")});
        self.post("/user/create", &json!({"profile": profile, "credentials": {"password": password}})).await.map(drop)
    }

    /// Grants a user permissions on a resource (type 6: process definitions, 8: process instances, 21: system; "*": all).
    pub async fn grant(&self, user: &str, resource_type: u32, resource: &str, permissions: &[&str]) -> Result<String> {
        let body = json!({"type": 1, "permissions": permissions, "userId": user, "resourceType": resource_type, "resourceId": resource});
        id_of(&self.post("/authorization/create", &body).await?)
    }
}

/// What a worker says about its failure.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    pub message: &'a str,
    pub details: &'a str,
    pub retries: u32,
    pub retry_after: Duration,
}
