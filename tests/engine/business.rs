//! Made-up business data of the workload: keys, variables, outages. Random, but from a seed.

use serde_json::{Value, json};

/// A small pseudo-random generator (xorshift), so that a run can be repeated.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number from 0 to `limit - 1`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit.max(1)
    }

    pub fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.below(choices.len() as u64)).unwrap_or(0)]
    }
}

/// Something to start.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub process: &'static str,
    pub business_key: String,
    pub variables: Value,
}

/// One system that is down: every case started meanwhile fails at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub system: &'static str,
    /// The process that is started.
    pub process: &'static str,
    /// The activity and the kind of its failure.
    pub fault: &'static str,
    /// The process whose jobs lie broken.
    pub broken: &'static str,
}

pub const OUTAGES: [Outage; 4] = [
    Outage { system: "scoring service", process: "order", fault: "score-customer=unavailable", broken: "fraud-check" },
    Outage { system: "card acquirer", process: "order", fault: "charge-card=timeout", broken: "payment" },
    Outage { system: "ledger", process: "invoice", fault: "capture-invoice=refused", broken: "invoice" },
    Outage { system: "bank interface", process: "reconciliation", fault: "match-entries=html", broken: "reconciliation" },
];

const ORDER_FAULTS: [&str; 9] = [
    "score-customer=timeout",
    "score-customer=null",
    "charge-card=refused",
    "charge-card=constraint",
    "charge-card=umlaut",
    "pick-line=business",
    "confirm-order=json",
    "check-stock=unavailable",
    "print-label",
];
const OTHER_FAULTS: [&str; 6] = ["timeout", "refused", "optimistic-lock", "constraint", "html", "null"];
const CITIES: [&str; 8] = ["Köln", "Łódź", "München", "São-Paulo", "上海", "القاهرة", "Αθήνα", "Zürich"];

/// The next ordinary case; `failing` makes it fail somewhere.
pub fn next_case(dice: &mut Dice, number: u64, failing: bool) -> Case {
    match dice.below(10) {
        0..6 => order(dice, number, failing),
        6..8 => other("invoice", format!("RE-2026-{:06}", 100_000 + number), dice, failing),
        8 => other("reconciliation", format!("对账-{}-{number}", dice.pick(&CITIES)), dice, failing),
        _ => other("stock-sync", format!("SKU-{:05}", dice.below(100_000)), dice, failing),
    }
}

fn order(dice: &mut Dice, number: u64, failing: bool) -> Case {
    let fault = if failing { *dice.pick(&ORDER_FAULTS) } else { "" };
    let method = if dice.percent(15) { "transfer" } else { "card" };
    let variables = json!({"fault": fault, "ok": false, "lines": 1 + dice.below(4), "paymentMethod": method, "reminderAfter": "PT30S",
        "pickupIn": "PT20S", "suspicious": dice.percent(5), "latencyMillis": dice.below(150)});
    Case { process: "order", business_key: format!("B-{}-{:06}", dice.pick(&CITIES), number), variables }
}

fn other(process: &'static str, business_key: String, dice: &mut Dice, failing: bool) -> Case {
    let fault = if failing { *dice.pick(&OTHER_FAULTS) } else { "" };
    Case { process, business_key, variables: json!({"fault": fault, "ok": false, "latencyMillis": dice.below(100)}) }
}

/// One case of an outage.
pub fn case_in_outage(outage: Outage, dice: &mut Dice, number: u64) -> Case {
    let variables = json!({"fault": outage.fault, "ok": false, "lines": 1, "pickupIn": "PT20S", "latencyMillis": dice.below(50)});
    Case { process: outage.process, business_key: format!("W-{}-{number:06}", dice.pick(&CITIES)), variables }
}
