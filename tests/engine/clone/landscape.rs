//! The processes of a clone: 40 definitions in 3 versions with 200 activities, their XML made at run time.
//!
//! Ten families of four: two processes call a third, that calls a fourth, and there one of 17 service tasks fails. So an incident bubbles through
//! three levels, as from fraud-check through payment to order.

/// Four processes that belong together, and to one tenant or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    pub tenant: Option<&'static str>,
    /// The two processes at the top.
    pub tops: [&'static str; 2],
    /// What both call.
    pub middle: &'static str,
    /// What that calls; here things fail.
    pub bottom: &'static str,
    /// What the failing tasks work on.
    pub subject: &'static str,
}

const fn family(tenant: Option<&'static str>, tops: [&'static str; 2], middle: &'static str, bottom: &'static str, subject: &'static str) -> Family {
    Family { tenant, tops, middle, bottom, subject }
}

pub const FAMILIES: [Family; 10] = [
    family(None, ["order", "web-order"], "payment", "fraud-check", "customer"),
    family(None, ["claim", "motor-claim"], "claim-assessment", "claim-payout", "claim"),
    family(None, ["loan-application", "mortgage-application"], "credit-decision", "credit-score", "debtor"),
    family(None, ["account-opening", "account-closing"], "identity-check", "document-scan", "document"),
    family(Some("acme"), ["parcel-intake", "parcel-return"], "route-planning", "carrier-call", "parcel"),
    family(Some("acme"), ["meter-change", "tariff-change"], "contract-update", "meter-reading", "meter"),
    family(Some("globex"), ["hiring", "relocation"], "equipment-order", "workplace-setup", "workplace"),
    family(Some("globex"), ["production-run", "sample-run"], "quality-gate", "lab-analysis", "sample"),
    family(Some("initech"), ["monthly-report", "yearly-report"], "data-collection", "ledger-extract", "ledger"),
    family(Some("initech"), ["license-renewal", "license-audit"], "seat-count", "directory-sync", "seat"),
];

pub const VERSIONS: usize = 3;

/// What the tasks of a bottom process do to its subject.
pub const VERBS: [&str; 17] = [
    "score", "verify", "load", "match", "book", "reserve", "notify", "sign", "archive", "export", "import", "validate", "enrich", "convert", "publish",
    "confirm", "release",
];

/// Activities at which something fails, over all families.
pub const SLOTS: usize = FAMILIES.len() * VERBS.len();

/// Chains that differ in version, process or activity.
pub const VARIETIES: usize = SLOTS * VERSIONS;

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variety {
    pub family: Family,
    pub top: &'static str,
    pub version: usize,
    /// Number of the failing activity, below `SLOTS`.
    pub slot: usize,
    verb: &'static str,
}

impl Variety {
    /// The newest version comes first, as most incidents belong to it.
    pub fn numbered(index: usize) -> Self {
        let (age, slot) = (index / SLOTS % VERSIONS, index % SLOTS);
        let (family, verb) = (FAMILIES[slot % FAMILIES.len()], slot / FAMILIES.len());
        Self { family, top: family.tops[(verb + age) % 2], version: VERSIONS - age, slot, verb: VERBS[verb] }
    }

    /// That many varieties, spread evenly over all.
    pub fn spread(number: usize) -> Vec<Self> {
        let number = number.min(VARIETIES);
        (0..number).map(|index| Self::numbered(index * VARIETIES / number)).collect()
    }

    pub fn activity(&self) -> String {
        activity(&self.family, self.verb)
    }
}

fn activity(family: &Family, verb: &str) -> String {
    format!("{verb}-{}", family.subject)
}

/// The files of one family's version: resource and XML, called processes first.
pub fn files(family: &Family, version: usize) -> Vec<(String, String)> {
    let [first, second] = family.tops;
    [
        (family.bottom, bottom_process(family, version)),
        (family.middle, calling_process(family.middle, family.bottom, version)),
        (first, calling_process(first, family.middle, version)),
        (second, calling_process(second, family.middle, version)),
    ]
    .map(|(key, xml)| (format!("{key}.bpmn"), xml))
    .to_vec()
}

fn title(key: &str) -> String {
    let words = key.replace('-', " ");
    words[..1].to_uppercase() + &words[1..]
}

fn process(key: &str, version: usize, content: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="https://bpmtop.example/clone">
  <process id="{key}" name="{}" isExecutable="true" camunda:versionTag="2026.{version}" camunda:historyTimeToLive="P30D">
    <startEvent id="start" name="Asked for" />
    <endEvent id="end" name="Done" />
{content}  </process>
</definitions>
"#,
        title(key)
    )
}

/// Calls the same version of another process; `ok` and `fault` go along, as every row of a variable is copied many times.
fn calling_process(key: &str, called: &str, version: usize) -> String {
    let call = format!(
        r##"    <callActivity id="{key}-calls-{called}" name="{}" calledElement="{called}" camunda:calledElementBinding="version" camunda:calledElementVersion="{version}">
      <extensionElements>
        <camunda:in source="ok" target="ok" />
        <camunda:in source="fault" target="fault" />
        <camunda:in businessKey="#{{execution.processBusinessKey}}" />
      </extensionElements>
    </callActivity>
    <sequenceFlow id="to-call" sourceRef="start" targetRef="{key}-calls-{called}" />
    <sequenceFlow id="to-end" sourceRef="{key}-calls-{called}" targetRef="end" />
"##,
        title(called)
    );
    process(key, version, &call)
}

/// The variable `fault`, `book-parcel=timeout`, also says which task an instance takes.
fn bottom_process(family: &Family, version: usize) -> String {
    let mut content = String::from(
        "    <exclusiveGateway id=\"which\" name=\"What to do?\" />\n    <sequenceFlow id=\"to-which\" sourceRef=\"start\" targetRef=\"which\" />\n",
    );
    for verb in VERBS {
        let id = activity(family, verb);
        content.push_str(&format!(
            r#"    <serviceTask id="{id}" name="{}" camunda:asyncBefore="true" camunda:delegateExpression="${{outsideSystem}}">
      <extensionElements><camunda:failedJobRetryTimeCycle>R1/PT0S</camunda:failedJobRetryTimeCycle></extensionElements>
    </serviceTask>
    <sequenceFlow id="to-{id}" sourceRef="which" targetRef="{id}">
      <conditionExpression xsi:type="tFormalExpression">${{fault.startsWith('{id}=')}}</conditionExpression>
    </sequenceFlow>
    <sequenceFlow id="{id}-to-end" sourceRef="{id}" targetRef="end" />
"#,
            title(&id)
        ));
    }
    process(family.bottom, version, &content)
}
