//! What the example's instances called. Test code only.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::model::activity_instance::Token;
use crate::model::definition::ProcessInstance;
use crate::model::history::{HistoricInstance, InstanceState};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{CALLED_PAGE, Called, CalledPage, Finding, Inquiry, InstanceFinding, Standing, Tokens, Which};
use crate::model::section::{Moment, Section};
use crate::model::snapshot::Snapshot;

/// Puts an answer into the picture.
pub fn answer(snapshot: &mut Snapshot, inquiry: Inquiry, finding: Finding, now: Moment) {
    let mut section = Section::default();
    section.succeed(finding, now);
    Arc::make_mut(&mut snapshot.findings).insert(inquiry, section);
}

/// A called instance that began so many seconds ago.
pub fn called(id: &str, definition: &str, key: Option<&str>, at: &str, age: i64, now: Moment) -> Called {
    Called {
        id: id.into(),
        definition: format!("{definition}:uuid").as_str().into(),
        process_key: None,
        business_key: key.map(Into::into),
        tenant: None,
        standing: Standing::Running,
        started: Some(now.wall - SignedDuration::from_secs(age)),
        ended: None,
        called_at: Some(at.into()),
    }
}

fn token(activity: &str, name: &str, kind: &str, waiting: bool, count: u64) -> Token {
    Token { activity: activity.into(), name: Some(name.into()), kind: kind.into(), waiting, count, incidents: 0 }
}

/// What history and runtime know of an instance.
pub fn instance(row: &Called, over: Option<InstanceState>) -> Finding {
    let running = over.is_none().then(|| ProcessInstance {
        id: row.id.clone(),
        definition: row.definition.clone(),
        business_key: row.business_key.clone(),
        suspended: false,
        tenant: None,
        case: None,
    });
    let past = HistoricInstance {
        id: row.id.clone(),
        definition: row.definition.clone(),
        process_key: None,
        process_name: None,
        version: None,
        business_key: row.business_key.clone(),
        started: row.started.unwrap_or_default(),
        ended: over.and_then(|_| row.started.map(|started| started + SignedDuration::from_secs(60))),
        state: over.unwrap_or(InstanceState::Active),
        caller: None,
        calling_case: None,
        root: None,
        tenant: None,
        delete_reason: over.map(|_| "wrong customer, see CASE-117".into()),
        start_user: None,
    };
    Finding::Instance(Box::new(InstanceFinding { running, past: Ok(Some(past)), caller: None, cases: None }))
}

fn page(rows: Vec<Called>, total: u64) -> Finding {
    Finding::Called(CalledPage { more: total > rows.len() as u64, total: Some(total), rows, all_at: None, cases: Vec::new(), history: None, unread: None })
}

/// The order whose payment fails, with a shipment that waits and an invoice that is suspended.
pub fn failing_order(snapshot: &mut Snapshot, now: Moment) {
    let order = called("instance-0100", "order:7", Some("A-2026-000"), "", 7_300, now);
    let payment = called("instance-0000", "payment:2", Some("A-2026-000"), "call-payment", 7_200, now);
    let mut invoice = called("instance-0300", "invoice:3", None, "call-invoice", 7_100, now);
    invoice.standing = Standing::Suspended;
    let of = |row: &Called| ProcessInstanceId::clone(&row.id);
    answer(snapshot, Inquiry::Instance(of(&order)), instance(&order, None), now);
    answer(snapshot, Inquiry::Called(of(&order), Which::Running, 0), page(vec![payment.clone(), invoice], 2), now);
    answer(snapshot, Inquiry::Called(of(&order), Which::Failing, 0), page(vec![payment.clone()], 1), now);
    answer(snapshot, Inquiry::Called(of(&payment), Which::Running, 0), page(Vec::new(), 0), now);
    let at = |tokens| Finding::Tokens(Tokens::At(tokens));
    let calls = vec![token("call-payment", "Take payment", "callActivity", false, 1), token("call-invoice", "Send invoice", "callActivity", false, 1)];
    answer(snapshot, Inquiry::Tokens(of(&order)), at(calls), now);
    answer(snapshot, Inquiry::Tokens(of(&payment)), at(vec![token("charge-card", "Charge card", "serviceTask", true, 1)]), now);
    answer(snapshot, Inquiry::Tokens("instance-0300".into()), at(vec![token("approve", "Approve", "userTask", false, 2)]), now);
}

/// The same order with ten thousand payments, three of which are known to fail.
pub fn order_with_many_payments(snapshot: &mut Snapshot, now: Moment) {
    failing_order(snapshot, now);
    let order = ProcessInstanceId::from("instance-0100");
    let payment = |number: u32| called(&format!("instance-{number:04}"), "payment:2", Some(&format!("A-2026-000/{number}")), "call-payment", 7_200, now);
    let running = (1_000..1_000 + CALLED_PAGE).map(payment).collect();
    let Finding::Called(mut counted) = page(running, 10_000) else { return };
    counted.all_at = Some("call-payment".into());
    answer(snapshot, Inquiry::Called(order.clone(), Which::Running, 0), Finding::Called(counted), now);
    answer(snapshot, Inquiry::Called(order.clone(), Which::Failing, 0), page([0, 1, 2].map(payment).to_vec(), 3), now);
    answer(snapshot, Inquiry::Tokens(order), Finding::Tokens(Tokens::TooMany(10_002)), now);
}

/// The order was cancelled while it was looked at.
pub fn cancelled_order(snapshot: &mut Snapshot, now: Moment) {
    let order = called("instance-0100", "order:7", Some("A-2026-000"), "", 7_300, now);
    let mut payment = called("instance-0000", "payment:2", Some("A-2026-000"), "call-payment", 7_200, now);
    payment.standing = Standing::Over(InstanceState::ExternallyTerminated);
    payment.ended = Some(now.wall);
    answer(snapshot, Inquiry::Instance(order.id.clone()), instance(&order, Some(InstanceState::ExternallyTerminated)), now);
    answer(snapshot, Inquiry::Called(order.id.clone(), Which::Running, 0), page(Vec::new(), 0), now);
    answer(snapshot, Inquiry::Called(order.id, Which::Ended, 0), page(vec![payment], 1), now);
}

/// The engine knows nothing of the order any more.
pub fn vanished_order(snapshot: &mut Snapshot, now: Moment) {
    let nothing = InstanceFinding { running: None, past: Ok(None), caller: None, cases: None };
    answer(snapshot, Inquiry::Instance("instance-0100".into()), Finding::Instance(Box::new(nothing)), now);
}
