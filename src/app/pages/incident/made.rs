//! What made an incident where no failure did: a program or a person, or somebody who took the attempts away. Words for the describe page.

use super::IncidentPage;
use crate::app::document::{Line, Tone};
use crate::app::earlier::attempts_words;
use crate::model::description::{Description, FailedWork};
use crate::model::incident::Custom;
use crate::text::EngineText;

/// The lines of a custom incident.
pub(super) fn custom(kind: &EngineText, custom: Custom, lines: &mut Vec<Line>) {
    match custom {
        Custom::OwnType => {
            lines.push(Line::Field(
                "made by",
                "a program or a person: it is a custom incident, and nothing failed that could be retried".into(),
                Tone::Warning,
            ));
            let words = "whoever is in charge of it resolves it: DELETE /incident/{id}, which takes the right UPDATE on the process instance";
            lines.push(Line::Field("it ends", words.into(), Tone::Plain));
        }
        Custom::NoWork => {
            let what = if kind.as_wire() == "failedJob" { "job" } else { "external task" };
            let words = format!("a program or a person: it is a custom incident that calls itself {kind}, and no {what} stands behind it");
            lines.push(Line::Field("made by", words, Tone::Warning));
            let words = "with the activity it stands at: there is nothing to retry, and the engine refuses to resolve it (400)";
            lines.push(Line::Field("it ends", words.into(), Tone::Plain));
        }
    }
}

/// What stands in place of a message where there is none: a failure without one, or no failure at all.
pub(super) fn no_message(page: &IncidentPage) -> (String, Tone) {
    let muted = |words: &str| (words.to_owned(), Tone::Muted);
    let Some(description) = &page.description else { return muted("It carries no message.") };
    match (&description.work, &description.trace) {
        (Ok(FailedWork::Custom(_)), _) => muted("Whoever made it left no message."),
        (_, Ok(Some(_))) => muted("The failure carried no message; the stack trace names the exception."),
        (_, Err(_)) => muted("It carries no message; whether there is a stack trace is not known."),
        (Ok(FailedWork::Job(Some(job))), Ok(None)) if job.exception_message.is_none() => never_failed(page, description),
        (Ok(FailedWork::ExternalTask(Some(task))), Ok(None)) if task.error_message.is_none() => match taken_away(page, description) {
            Some(words) => (format!("No failure was reported: {words}."), Tone::Warning),
            None => muted("The worker reported a failure without a message, or somebody set the attempts to 0: nothing tells which."),
        },
        _ => muted("The failure carried no message and no stack trace."),
    }
}

fn never_failed(page: &IncidentPage, description: &Description) -> (String, Tone) {
    let failed = description.past.as_ref().and_then(|past| past.has_failed());
    match (failed, taken_away(page, description)) {
        (Some(true), _) => ("An attempt failed without a message and without a stack trace.".to_owned(), Tone::Muted),
        (_, Some(words)) => (format!("No attempt failed: {words}."), Tone::Warning),
        (Some(false), None) => ("No attempt failed: its attempts were set to 0. Nothing tells by whom.".to_owned(), Tone::Warning),
        (None, None) => ("It has neither message nor stack trace: its attempts were set to 0, by hand or by a batch.".to_owned(), Tone::Warning),
    }
}

/// Who took the attempts away, if somebody did after the latest failure.
fn taken_away(page: &IncidentPage, description: &Description) -> Option<String> {
    let work = page.known.incident.configuration.as_ref()?;
    description.past.as_ref()?.taken_away(work).map(|attempts| attempts_words(&attempts))
}

/// Said of work that failed and would have been tried again, had nobody taken its attempts away.
pub(super) fn taken_after_failure(page: &IncidentPage) -> Option<String> {
    let description = page.description.as_ref()?;
    if page.known.incident.message.is_none() || !matches!(description.work, Ok(FailedWork::Job(Some(_)) | FailedWork::ExternalTask(Some(_)))) {
        return None;
    }
    let work = page.known.incident.configuration.as_ref()?;
    let attempts = description.past.as_ref()?.taken_away(work).filter(|attempts| attempts.from != Some(0))?;
    Some(format!("The engine would have tried it again: {}.", attempts_words(&attempts)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::model::earlier::Past;
    use crate::model::example;
    use crate::model::grouping::KnownIncident;
    use crate::model::history::{JobEvent, UserOperation};
    use crate::model::job::Job;
    use crate::model::section::Moment;

    /// What the page says of a job without any message, whose past is this.
    fn told(incident: &dyn Fn(&mut KnownIncident), work: FailedWork, trace: Option<&str>, past: Option<Past>) -> Vec<String> {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        let mut known = KnownIncident::clone(snapshot.incident(&"incident-0000".into()).expect("an incident"));
        incident(&mut known);
        let (open, known) = (Ok(Some(known.incident.clone())), Arc::new(known));
        example::set_incidents(&mut snapshot, vec![Arc::clone(&known)], now);
        let mut page = IncidentPage::new(known, &snapshot, TimeZone::UTC, now);
        let description =
            Description { incident: "incident-0000".into(), read: now, now: open, instance: None, work: Ok(work), trace: Ok(trace.map(Into::into)), past };
        page.take(description, &snapshot);
        let words = |line: &Line| match line {
            Line::Remark(text, _) => Some(text.clone()),
            Line::Field(label, text, _) => Some(format!("{label}: {text}")),
            _ => None,
        };
        super::super::head(&page, &snapshot).iter().filter_map(words).collect()
    }

    fn silent(known: &mut KnownIncident) {
        known.incident.message = None;
    }

    fn never_failed() -> FailedWork {
        FailedWork::Job(Some(Job { exception_message: None, ..example::job(0) }))
    }

    fn set(now: Moment, original: Option<&str>, new: &str, job: bool, definition: bool) -> UserOperation {
        UserOperation {
            operation: Some("op".into()),
            job: job.then(|| "job-0000".into()),
            job_definition: definition.then(|| "jd-1".into()),
            property: Some("retries".into()),
            original: original.map(Into::into),
            new: Some(new.into()),
            ..example::operation("SetJobRetries", "Job", now.wall)
        }
    }

    /// A past in which no attempt failed and this was done.
    fn past(operations: Vec<UserOperation>) -> Option<Past> {
        let mut past = example::past(example::noon());
        past.log = past.log.map(|log| log.into_iter().filter(|entry| entry.event == JobEvent::Created).collect());
        past.operations = Ok(operations);
        Some(past)
    }

    #[track_caller]
    fn says(lines: &[String], part: &str) {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }

    #[test]
    fn attempts_that_somebody_took_away_are_no_failure_and_no_retry() {
        let now = example::noon();
        let lines = told(&silent, never_failed(), None, past(vec![set(now, Some("1"), "0", true, true)]));
        says(&lines, "No attempt failed: retries set from 1 to 0 by demo: it is not tried any more.");
        assert!(!lines.iter().any(|line| line.contains("stack trace names") || line.contains("retried")), "{lines:#?}");
        let lines = told(&silent, never_failed(), None, past(vec![set(now, None, "0", false, true)]));
        says(&lines, "No attempt failed: retries set to 0 by demo, for all failed jobs of its job definition");
        let lines = told(&silent, never_failed(), None, past(vec![set(now, None, "0", false, false)]));
        says(&lines, "No attempt failed: retries set to 0 by demo, in a batch: perhaps this one");
        let lines = told(&silent, never_failed(), None, past(Vec::new()));
        says(&lines, "No attempt failed: its attempts were set to 0. Nothing tells by whom.");
        let again = vec![set(now, Some("0"), "0", true, true), set(now, Some("3"), "0", true, true)];
        let again = again.into_iter().enumerate().map(|(number, row)| UserOperation { operation: Some(format!("op{number}").as_str().into()), ..row });
        says(&told(&silent, never_failed(), None, past(again.collect())), "retries set from 3 to 0 by demo");
    }

    #[test]
    fn a_failure_without_a_message_is_told_from_no_failure() {
        let lines = told(&silent, never_failed(), Some("java.lang.NullPointerException"), Some(example::past(example::noon())));
        says(&lines, "the stack trace names the exception");
        let lines = told(&silent, never_failed(), None, Some(example::past(example::noon())));
        says(&lines, "An attempt failed without a message and without a stack trace.");
    }

    #[test]
    fn work_that_failed_and_whose_attempts_were_then_taken_away_says_both() {
        let now = example::noon();
        let mut failed = example::past(now);
        failed.operations = Ok(vec![set(now, Some("2"), "0", true, true)]);
        let lines = told(&|_| {}, FailedWork::Job(Some(example::job(0))), Some("boom"), Some(failed));
        says(&lines, "The engine would have tried it again: retries set from 2 to 0 by demo");
    }

    #[test]
    fn a_custom_incident_is_no_job_that_ran() {
        let own = |known: &mut KnownIncident| known.incident.kind = "dataQuality".into();
        let lines = told(&own, FailedWork::Custom(Custom::OwnType), None, None);
        says(&lines, "made by: a program or a person: it is a custom incident");
        says(&lines, "it ends: whoever is in charge of it resolves it: DELETE /incident/{id}");
        let lines = told(&|_| {}, FailedWork::Custom(Custom::NoWork), None, None);
        says(&lines, "calls itself failedJob, and no job stands behind it");
        says(&lines, "the engine refuses to resolve it (400)");
        assert!(!lines.iter().any(|line| line.contains("it ran")), "{lines:#?}");
    }

    #[test]
    fn an_open_incident_whose_job_has_attempts_again_says_why_it_is_open_and_that_nothing_runs() {
        let job = Job { retries: 3, suspended: true, ..example::job(0) };
        let lines = told(&|_| {}, FailedWork::Job(Some(job)), None, None);
        says(&lines, "it has retries left again although the incident is open");
        says(&lines, "SUSPENDED: it does not run");
    }
}
