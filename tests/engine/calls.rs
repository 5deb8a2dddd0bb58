//! Call trees: instances that call others, of every shape the fixtures know, and moving them on.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::{
    driver::{Driver, id_of},
    operations::Failure,
};

/// Every fourth letter of a campaign cannot be printed.
pub const EVERY_FOURTH: u32 = 4;

/// Complaints, one for each place where a call tree can fail: business key, fault. The last has no fault: its booking is failed by a worker.
const COMPLAINTS: [(&str, &str); 4] = [
    ("RK-2026-0001", "acknowledge-complaint=json"),
    ("RK-2026-0002", "register-return=unavailable"),
    ("RK-2026-0003", "score-customer=timeout"),
    ("RK-2026-0004", ""),
];

impl Driver {
    /// Starts a campaign of `letters` letters and waits until each is there; gives the campaign's id. Letter 4, 8, 12, … fails at `print-letter`, the
    /// others wait at `await-receipt`. The engine makes all of them in one transaction: beyond 2,000 it needs more than its usual memory.
    pub async fn start_campaign(&self, business_key: &str, letters: u32) -> Result<String> {
        let variables = json!({"letters": letters, "failEvery": EVERY_FOURTH, "fault": "print-letter=unavailable"});
        let campaign = self.start("campaign", business_key, &variables).await?;
        let limit = Duration::from_secs(20) + Duration::from_millis(30) * letters;
        let begin = Instant::now();
        let called = format!("/process-instance/count?superProcessInstance={campaign}");
        loop {
            match self.await_count(&called, limit, |count| count >= u64::from(letters)).await {
                // while it makes thousands of letters, a busy engine may leave a count unanswered
                Err(error) if begin.elapsed() < limit && error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout) => {}
                outcome => return outcome.map(|_| campaign),
            }
        }
    }

    /// Waits until no letter of any campaign is still to be printed: each has failed or waits for its receipt.
    pub async fn await_letters_settled(&self, letters: u32) -> Result<()> {
        let limit = Duration::from_secs(20) + Duration::from_millis(60) * letters;
        self.await_count("/job/count?processDefinitionKey=letter&withRetriesLeft=true", limit, |count| count == 0).await.map(drop)
    }

    /// The ids of the instances an instance called, 10,000 at most; `filter` narrows them, `&withIncident=true`.
    pub async fn called_by(&self, instance: &str, filter: &str) -> Result<Vec<String>> {
        self.list(&format!("/process-instance?superProcessInstance={instance}{filter}")).await?.iter().map(id_of).collect()
    }

    /// Ends one letter that waits at `await-receipt`; the campaign ends with its last letter.
    pub async fn confirm_receipt(&self, letter: &str) -> Result<()> {
        self.post("/message", &json!({"messageName": "receipt-confirmed", "processInstanceId": letter})).await.map(drop)
    }

    /// Starts a complaint; gives its id. `fault` as in `start_order`; whatever does not fail waits: the booking for a worker, the payment for its transfer.
    pub async fn start_complaint(&self, business_key: &str, fault: &str) -> Result<String> {
        let variables = json!({"fault": fault, "ok": false, "paymentMethod": "transfer", "reminderAfter": "PT2H"});
        self.start("complaint", business_key, &variables).await
    }

    /// Starts one call tree of every shape: a campaign, complaints that fail at each level, a month end that calls two versions, referrals across tenants.
    pub async fn populate_call_trees(&self) -> Result<()> {
        self.start_campaign("Kampagne-2026-11", 12).await?;
        for (business_key, fault) in COMPLAINTS {
            self.start_complaint(business_key, fault).await?;
        }
        let booking = self.lock_one("RK-2026-0004", Duration::from_secs(60)).await?;
        let details = "CarrierException: address unknown\n\tat example.carrier.Client.book(Client.java:81)";
        let failure = Failure { message: "Carrier API answered 422: address unknown", details, retries: 0, retry_after: Duration::ZERO };
        self.fail_external_task(&booking, "carrier-worker-1", &failure).await?;
        self.start("month-end", "Monat-2026-10", &json!({"fault": "capture-invoice=constraint", "ok": false})).await?;
        self.start("referral", "E-2026-0001", &json!({"partner": "globex", "fault": "create-account=unavailable", "ok": false})).await?;
        self.start_for_tenant("referral", "acme", "E-2026-0002", &json!({"partner": "globex"})).await.map(drop)
    }
}
