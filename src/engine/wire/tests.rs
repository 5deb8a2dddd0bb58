//! Reading answers offline: shapes as engines send them, and shapes they should not send.

use super::*;

fn incidents(json: &str) -> Result<Vec<Incident>, serde_json::Error> {
    let mut pool = Pool::default();
    rows(json.as_bytes(), |row: IncidentRow<'_>| row.into_incident(&mut pool))
}

const ROOT: &str = r#"{"id":"i1","incidentType":"failedJob","incidentTimestamp":"2025-03-30T02:30:00.123+0200","causeIncidentId":"i1",
    "rootCauseIncidentId":"i1","processInstanceId":"p1","executionId":"p1","configuration":"j1","tenantId":null,"somethingNew":{"a":[1]}}"#;

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[test]
fn dates_are_sent_with_milliseconds_and_an_offset_without_colon() {
    assert_eq!(date(moment("2013-01-23T12:42:45Z")), "2013-01-23T12:42:45.000+0000");
    assert_eq!(date(moment("2013-01-23T12:42:45.9999Z")), "2013-01-23T12:42:45.999+0000");
}

#[test]
fn dates_are_read_in_every_spelling_engines_use() {
    for (sent, meant) in [
        ("2013-01-23T14:42:45.000+0200", "2013-01-23T12:42:45Z"),
        ("2013-01-23T14:42:45+0200", "2013-01-23T12:42:45Z"),
        ("2013-01-23T12:42:45.5Z", "2013-01-23T12:42:45.5Z"),
        ("2013-01-23T07:12:45.001-05:30", "2013-01-23T12:42:45.001Z"),
    ] {
        let read: Date = serde_json::from_str(&format!("\"{sent}\"")).expect(sent);
        assert_eq!(read.0, moment(meant), "{sent}");
    }
    let refused = serde_json::from_str::<Date>("\"yesterday\"").expect_err("no date");
    assert!(refused.to_string().contains("expected a date"), "{refused}");
}

#[test]
fn a_root_keeps_one_copy_of_its_id() {
    let all = incidents(&format!("[{ROOT}]")).expect("readable");
    let incident = &all[0];
    assert!(incident.is_root());
    assert_eq!(incident.created, moment("2025-03-30T00:30:00.123Z"));
    let copies = [incident.cause.as_ref(), incident.root_cause.as_ref()];
    for copy in copies {
        assert!(Arc::ptr_eq(copy.expect("set").text().shared(), incident.id.text().shared()));
    }
    let (instance, execution) = (incident.process_instance.as_ref().expect("set"), incident.execution.as_ref().expect("set"));
    assert!(Arc::ptr_eq(instance.text().shared(), execution.text().shared()));
}

#[test]
fn rows_of_one_page_share_what_repeats() {
    let all = incidents(&format!("[{ROOT},{ROOT}]")).expect("readable");
    assert!(Arc::ptr_eq(all[0].kind.shared(), all[1].kind.shared()));
}

#[test]
fn escaped_text_is_read_too() {
    let json = r#"[{"id":"i","incidentType":"a\"b\u001b","incidentTimestamp":"2025-01-01T00:00:00.000+0000","incidentMessage":"line\nline"}]"#;
    let all = incidents(json).expect("readable");
    assert_eq!(all[0].kind.as_wire(), "a\"b\u{1b}");
    assert_eq!(all[0].message.as_ref().map(EngineText::as_wire), Some("line\nline"));
}

#[test]
fn a_missing_or_odd_field_is_named() {
    let missing = incidents(r#"[{"incidentType":"failedJob","incidentTimestamp":"2025-01-01T00:00:00.000+0000"}]"#).expect_err("no id");
    assert!(missing.to_string().starts_with("missing field `id`"), "{missing}");
    let odd = incidents(r#"{"count":1}"#).expect_err("no list");
    assert!(odd.to_string().starts_with("invalid type: map, expected a list"), "{odd}");
}

#[test]
fn text_after_the_list_is_an_error() {
    assert!(incidents("[] x").is_err());
}

#[test]
fn an_ended_incident_says_what_became_of_it() {
    let with = |extra: &str| {
        let json = format!(r#"[{{"id":"i","incidentType":"failedJob","createTime":"2025-01-01T00:00:00.000+0000",{extra}}}]"#);
        let mut pool = Pool::default();
        rows(json.as_bytes(), |row: IncidentRow<'_>| row.into_historic(&mut pool)).expect("readable")[0].state
    };
    assert_eq!(with(r#""open":true,"resolved":false,"deleted":false,"endTime":null"#), IncidentState::Open);
    assert_eq!(with(r#""resolved":true,"endTime":"2025-01-02T00:00:00.000+0000""#), IncidentState::Resolved);
    assert_eq!(with(r#""deleted":true,"endTime":"2025-01-02T00:00:00.000+0000""#), IncidentState::Deleted);
}

#[test]
fn an_external_task_without_retries_is_read() {
    let mut pool = Pool::default();
    let task = rows(br#"[{"id":"e","topicName":"mail","retries":null}]"#, |row: ExternalTaskRow<'_>| row.into_external_task(&mut pool)).expect("readable");
    assert_eq!(task[0].retries, None);
}

#[test]
fn of_texts_of_a_megabyte_the_beginning_and_the_end_are_kept_whatever_their_field() {
    let long = |number: usize| format!("first {number} {} Caused by: the innermost {number}", "\u{652f}x".repeat(250_000));
    let row = |number: usize| {
        serde_json::json!({"id": format!("i{number}"), "incidentType": "failedJob", "incidentTimestamp": "2025-01-01T00:00:00.000+0000",
            "incidentMessage": long(number), "activityId": long(number), "annotation": long(number)})
    };
    let all = incidents(&serde_json::to_string(&(0..20).map(row).collect::<Vec<_>>()).expect("JSON")).expect("readable");
    let texts = all.iter().flat_map(|incident| [incident.message.as_ref(), incident.annotation.as_ref(), incident.activity.as_ref().map(|id| id.text())]);
    let texts: Vec<&EngineText> = texts.flatten().collect();
    let kept: usize = texts.iter().map(|text| text.as_wire().len()).sum();
    assert!(texts.len() == 60 && kept < 60 * (MOST_TEXT + 64), "60 MB came, {kept} bytes are kept");
    for (number, incident) in all.iter().enumerate() {
        let message = incident.message.as_ref().expect("a message").as_wire();
        assert!(
            message.starts_with(&format!("first {number} ")) && message.ends_with(&format!("the innermost {number}")) && message.contains("bytes left out")
        );
    }
}
