//! The processes of the contract tests, made from a line of steps. Nothing in them needs Java in the engine.

/// One step of a process, in BPMN, with its id.
pub struct Step {
    id: String,
    xml: String,
}

/// Work that fails until the variable `ok` is true, with one attempt.
pub fn work() -> Step {
    job("work", "${ok ? 1 : failing.bean}", "R1/PT0S")
}

/// An asynchronous expression with a retry cycle.
pub fn job(id: &str, expression: &str, retries: &str) -> Step {
    let attributes = format!(r#"name="Name of {id}" camunda:asyncBefore="true" camunda:expression="{expression}""#);
    let retries = format!("<extensionElements><camunda:failedJobRetryTimeCycle>{retries}</camunda:failedJobRetryTimeCycle></extensionElements>");
    Step { id: id.to_owned(), xml: format!(r#"<serviceTask id="{id}" {attributes}>{retries}</serviceTask>"#) }
}

/// The same within the transaction of the step before: the job of that one fails, at this activity.
pub fn work_at_once(id: &str) -> Step {
    let expression = "${ok ? 1 : failing.bean}";
    Step { id: id.to_owned(), xml: format!(r#"<serviceTask id="{id}" name="Name of {id}" camunda:expression="{expression}"/>"#) }
}

/// Does nothing, and begins a transaction.
pub fn accept() -> Step {
    job("accept", "${true}", "R1/PT0S")
}

/// Calls another process with all variables.
pub fn call(key: &str) -> Step {
    let mapping = r#"<extensionElements><camunda:in variables="all"/></extensionElements>"#;
    Step { id: "call".into(), xml: format!(r#"<callActivity id="call" name="Call" calledElement="{key}">{mapping}</callActivity>"#) }
}

/// Calls a case with all variables and the business key.
pub fn call_case(key: &str) -> Step {
    let mapping = r##"<extensionElements><camunda:in variables="all"/><camunda:in businessKey="#{execution.processBusinessKey}"/></extensionElements>"##;
    Step { id: "call".into(), xml: format!(r#"<callActivity id="call" name="Call case" camunda:caseRef="{key}">{mapping}</callActivity>"#) }
}

/// Calls another process so many times at once; the variable `ok` of each is this expression.
pub fn call_many(key: &str, number: u32, ok: &str) -> Step {
    let mapping = format!(r#"<extensionElements><camunda:in sourceExpression="{ok}" target="ok"/></extensionElements>"#);
    let loops = format!("<multiInstanceLoopCharacteristics><loopCardinality>{number}</loopCardinality></multiInstanceLoopCharacteristics>");
    Step { id: "call".into(), xml: format!(r#"<callActivity id="call" name="Call" calledElement="{key}">{mapping}{loops}</callActivity>"#) }
}

/// Calls this version of a process of this tenant, with all variables.
pub fn call_version(key: &str, version: u32, tenant: &str) -> Step {
    let mapping = r#"<extensionElements><camunda:in variables="all"/></extensionElements>"#;
    let binding = format!(r#"camunda:calledElementBinding="version" camunda:calledElementVersion="{version}" camunda:calledElementTenantId="{tenant}""#);
    Step { id: "call".into(), xml: format!(r#"<callActivity id="call" name="Call" calledElement="{key}" {binding}>{mapping}</callActivity>"#) }
}

/// Calls another process and gives up after an hour.
pub fn call_for_an_hour(key: &str) -> Step {
    let due = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";
    let Step { id, xml } = call(key);
    Step { xml: format!(r#"{xml}<boundaryEvent id="late" attachedToRef="{id}">{due}</boundaryEvent>"#), id }
}

/// Work for whoever subscribes to the topic.
pub fn external(topic: &str) -> Step {
    Step { id: "book".into(), xml: format!(r#"<serviceTask id="book" name="Book" camunda:type="external" camunda:topic="{topic}"/>"#) }
}

/// A timer due in an hour.
pub fn timer() -> Step {
    let due = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";
    Step { id: "pause".into(), xml: format!(r#"<intermediateCatchEvent id="pause" name="Pause">{due}</intermediateCatchEvent>"#) }
}

/// Waits for a person.
pub fn person() -> Step {
    Step { id: "decide".into(), xml: r#"<userTask id="decide" name="Decide"/>"#.into() }
}

/// Waits for a person, and evaluates this expression when that is over or cancelled.
pub fn person_with_listener(expression: &str) -> Step {
    let listener = format!(r#"<extensionElements><camunda:executionListener event="end" expression="{expression}"/></extensionElements>"#);
    Step { id: "decide".into(), xml: format!(r#"<userTask id="decide" name="Decide">{listener}</userTask>"#) }
}

/// Waits for so many persons at once.
pub fn people(number: u32) -> Step {
    let loops = format!("<multiInstanceLoopCharacteristics><loopCardinality>{number}</loopCardinality></multiInstanceLoopCharacteristics>");
    Step { id: "vote".into(), xml: format!(r#"<userTask id="vote" name="Vote">{loops}</userTask>"#) }
}

/// Waits for a person, with a variable `tags` of its own: a list that holds this text, which is an object in the engine.
pub fn person_with_list(text: &str) -> Step {
    let list = format!("<camunda:list><camunda:value>{text}</camunda:value></camunda:list>");
    let input = format!(r#"<camunda:inputOutput><camunda:inputParameter name="tags">{list}</camunda:inputParameter></camunda:inputOutput>"#);
    Step { id: "decide".into(), xml: format!(r#"<userTask id="decide" name="Decide"><extensionElements>{input}</extensionElements></userTask>"#) }
}

/// Work that takes `latencyMillis`, done by the rig's stand-in for outside systems.
pub fn slow() -> Step {
    Step { id: "slow".into(), xml: r#"<serviceTask id="slow" camunda:asyncBefore="true" camunda:delegateExpression="${outsideSystem}"/>"#.into() }
}

/// Keeps the names of the variables in a variable: an object that the engine serialises.
pub fn names() -> Step {
    let what = r##"camunda:expression="${execution.getVariableNames()}" camunda:resultVariable="names""##;
    Step { id: "names".into(), xml: format!(r#"<serviceTask id="names" {what}/>"#) }
}

/// A process of these steps in a row.
pub fn process(key: &str, steps: impl IntoIterator<Item = Step>) -> String {
    let (mut body, mut last) = (String::from(r#"<startEvent id="start"/>"#), "start".to_owned());
    let end = Step { id: "end".into(), xml: r#"<endEvent id="end"/>"#.into() };
    for step in steps.into_iter().chain([end]) {
        body.push_str(&format!(r#"{}<sequenceFlow id="to-{1}" sourceRef="{last}" targetRef="{1}"/>"#, step.xml, step.id));
        last = step.id;
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="https://bpmtop.example/contract">
  <process id="{key}" name="Name of {key}" isExecutable="true" camunda:historyTimeToLive="P30D">{body}</process>
</definitions>"#
    )
}
