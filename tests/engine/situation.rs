//! The standing picture of troubles a fresh rig shows: every kind of trouble the cockpit knows, once or a few times, the same at every start.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{
    driver::{Driver, id_of},
    operations::Failure,
};

/// Single instances: process, business key, fault.
const FAILING: [(&str, &str, &str); 20] = [
    ("order", "A-2026-004711", "score-customer=timeout"),
    ("order", "A-2026-004712", "score-customer=timeout"),
    ("order", "A-2026-004713", "score-customer=unavailable"),
    ("order", "A-2026-004720", "charge-card=refused"),
    ("order", "A-2026-004721", "charge-card=constraint"),
    ("order", "Bestellung-Müller-Größe-XL", "pick-line=business"),
    ("order", "订单-2026-0815", "charge-card=umlaut"),
    ("order", "طلب-١٢٣", "score-customer=null"),
    ("order", "📦-4713", "confirm-order=json"),
    ("order", "A-2026-004730", "check-stock=unavailable"),
    ("stock-sync", "SKU-88123", "push-stock=refused"),
    ("stock-sync", "SKU-88124", "push-stock=timeout"),
    ("reconciliation", "对账-2026-11", "match-entries=html"),
    ("reconciliation", "对账-2026-12", "post-difference=optimistic-lock"),
    ("delivery-note", "إشعار-٧٧", "sign-note=null"),
    ("nightly-settlement", "2026-11-21", "settle-accounts=huge-stacktrace"),
    ("nightly-settlement", "2026-11-20", "settle-accounts=long-message"),
    ("hostile-text", "hostile-\u{202e}1\u{202c}", "hostile-call=hostile"),
    ("long-name", "long-1", "long-activity=business"),
    ("price-calculation", "price-1", ""),
];

impl Driver {
    /// Starts everything that stands in trouble. Returns when it was asked for; the last incident follows within some seconds.
    pub async fn populate(&self) -> Result<()> {
        for (key, business_key, fault) in FAILING {
            let variables = json!({"fault": fault, "ok": false, "lines": 3, "amount": 129.9, "customer": format!("C-{business_key}")});
            self.start(key, business_key, &variables).await.with_context(|| format!("starting {key} {business_key}"))?;
        }
        for version in 1..=3 {
            self.start_version("invoice", version, &format!("RE-2026-{version}001"), &json!({"fault": "capture-invoice=constraint"})).await?;
            self.start_version("invoice", version, &format!("RE-2026-{version}002"), &json!({})).await?;
        }
        for (tenant, fault) in [("acme", "create-account=unavailable,send-welcome=timeout"), ("globex", "create-account=unavailable")] {
            self.start_for_tenant("onboarding", tenant, &format!("{tenant}-customer-1"), &json!({"fault": fault})).await?;
        }
        self.start_order("A-2026-004740", &json!({"paymentMethod": "transfer", "reminderAfter": "PT2H"})).await?;
        self.start_order("A-2026-004741", &json!({"suspicious": true})).await?;
        self.start("shipping", "V-2026-0009", &json!({"fault": "print-label"})).await?;
        self.suspend_some().await?;
        self.populate_external_tasks().await?;
        self.populate_call_trees().await
    }

    /// One payment suspended with its timer, and one job born suspended because its job definition was.
    async fn suspend_some(&self) -> Result<()> {
        let waiting = "/process-instance?processDefinitionKey=payment&activityIdIn=await-transfer&businessKey=A-2026-004742";
        self.start_order("A-2026-004742", &json!({"paymentMethod": "transfer", "reminderAfter": "PT2H"})).await?;
        self.await_count(&waiting.replace('?', "/count?"), Duration::from_secs(20), |count| count == 1).await?;
        for payment in self.list(waiting).await? {
            self.suspend_instance(&id_of(&payment)?, true).await?;
        }
        self.suspend_job_definitions("delivery-note", true, false).await?;
        self.start("delivery-note", "إشعار-٧٨", &json!({})).await.map(drop)
    }

    /// Five shippings: failed for good, failed with a retry left, locked for long, lock expired, never fetched. `V-2026-0009` goes on to fail in its script.
    async fn populate_external_tasks(&self) -> Result<()> {
        for number in 1..=5 {
            self.start("shipping", &format!("V-2026-000{number}"), &json!({"pickupIn": "PT1H"})).await?;
        }
        let locks = [("0009", 60), ("0001", 60), ("0002", 60), ("0003", 7200), ("0004", 1)];
        let mut locked = Vec::new();
        for (business_key, seconds) in locks {
            locked.push(self.lock_one(&format!("V-2026-{business_key}"), Duration::from_secs(seconds)).await?);
        }
        self.complete_external_task(&locked[0], "carrier-worker-1").await?;
        let details = "CarrierException: booking rejected\n\tat example.carrier.Client.book(Client.java:77)\n\tat example.carrier.Worker.run(Worker.java:21)";
        let failure = Failure { message: "Carrier API answered 503 for parcel 7d1f", details, retries: 0, retry_after: Duration::ZERO };
        self.fail_external_task(&locked[1], "carrier-worker-1", &failure).await?;
        let failure = Failure { message: "Carrier API answered 429", retries: 2, retry_after: Duration::from_secs(3600), ..failure };
        self.fail_external_task(&locked[2], "carrier-worker-1", &failure).await
    }

    /// Locks the booking of one shipping for `carrier-worker-1`; gives the task's id.
    pub async fn lock_one(&self, business_key: &str, lock: Duration) -> Result<String> {
        let topic = json!([{"topicName": "carrier-booking", "lockDuration": u64::try_from(lock.as_millis())?, "businessKey": business_key}]);
        let tasks: Value = self.post("/external-task/fetchAndLock", &json!({"workerId": "carrier-worker-1", "maxTasks": 1, "topics": topic})).await?;
        id_of(tasks.get(0).with_context(|| format!("no booking to lock for {business_key}"))?)
    }
}
