//! The stack trace of one failure of the past, as the job log keeps it.

use jiff::tz::TimeZone;

use super::Contents;
use crate::app::document::{Document, Line, Tone};
use crate::app::keymap::Context;
use crate::app::list::Motion;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::naming;
use crate::model::section::Moment;
use crate::model::section::Problem;
use crate::model::snapshot::Snapshot;
use crate::model::timeline::{Attempt, Event};
use crate::poll::command::Looking;
use crate::text::{EngineText, bytes};

/// Page of one stack trace.
#[derive(Clone, Debug)]
pub struct TracePage {
    /// The entry of the job log.
    pub entry: EngineText,
    /// Where the job failed, for the title.
    pub place: String,
    /// What is read: what is known of the failure, and the trace as foreign text.
    pub text: Document,
    facts: Vec<Line>,
    filled: bool,
}

impl TracePage {
    /// A page that waits for the trace of this failure.
    pub fn new(event: &Event, attempt: &Attempt, at: (String, Option<&ProcessDefinitionId>), zone: &TimeZone, snapshot: &Snapshot) -> Self {
        let (place, definition) = at;
        let at = event.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string();
        let mut facts = vec![Line::Field("time", at, Tone::Plain)];
        facts.push(Line::Field("activity", place.clone(), Tone::Plain));
        if let Some(failed) = &attempt.failed_at {
            let name = naming::failed_at(&snapshot.names(), definition, failed);
            let id = if name == naming::activity_id(failed) { String::new() } else { format!("  ({failed})") };
            facts.push(Line::Field("failed at", format!("{name}{id}"), Tone::Critical));
        }
        facts.push(Line::Field("job", attempt.job.to_string(), Tone::Plain));
        if let Some(node) = &event.by {
            facts.push(Line::Field("node", node.to_string(), Tone::Plain));
        }
        if let Some(left) = attempt.left {
            facts.push(Line::Field("retries left", left.to_string(), if left == 0 { Tone::Critical } else { Tone::Plain }));
        }
        facts.push(Line::Blank);
        facts.push(Line::Heading("Message".into()));
        match &attempt.message {
            Some(message) => facts.extend(message.lines().map(Line::Text)),
            None => facts.push(Line::Remark("The failure carried no message; the stack trace names the exception.".into(), Tone::Muted)),
        }
        facts.push(Line::Blank);
        let mut page = Self { entry: attempt.entry.clone(), place, text: Document::default(), facts, filled: false };
        page.refresh(snapshot);
        page
    }
}

fn heading(found: Option<&Option<(EngineText, Option<usize>)>>, problem: Option<&Problem>, lines: usize) -> Vec<Line> {
    match (found, problem) {
        (Some(Some((trace, _))), _) if trace.is_empty() => vec![Line::Heading("No stack trace".into())],
        (Some(Some((_, None))), _) => vec![Line::Heading(format!("Stack trace, {lines} lines"))],
        (Some(Some((_, Some(cut)))), _) => vec![
            Line::Heading(format!("Stack trace, the first {lines} lines")),
            Line::Remark(format!("Reading stopped after {}.", bytes(*cut as u64)), Tone::Warning),
        ],
        (Some(None), _) => {
            vec![Line::Remark("The history does not have this entry any more: it was cleaned up, or the instance was deleted with it.".into(), Tone::Warning)]
        }
        (None, Some(problem)) => vec![
            Line::Heading("Stack trace not known".into()),
            Line::Remark(problem.what.clone(), Tone::Warning),
            Line::Remark(problem.remedy.clone(), Tone::Muted),
        ],
        (None, None) => vec![Line::Heading("Stack trace: reading…".into())],
    }
}

impl Contents for TracePage {
    fn context(&self) -> Context {
        Context::Text
    }

    fn crumb(&self) -> &'static str {
        "Stack trace"
    }

    fn set_height(&mut self, height: usize) {
        self.text.set_height(height);
    }

    /// Takes the trace in, once it has arrived. It never changes.
    fn refresh(&mut self, snapshot: &Snapshot) {
        if self.filled {
            return;
        }
        let section = snapshot.findings.get(&Inquiry::FailureTrace(self.entry.clone()));
        let found = match section.and_then(|section| section.get()) {
            Some(Finding::FailureTrace(found)) => Some(found),
            _ => None,
        };
        let mut head = self.facts.clone();
        if let Some(Some((trace, _))) = found {
            self.text.set_tail(trace.safe_lines());
            self.filled = true;
        }
        head.extend(heading(found, section.and_then(|section| section.problem.as_ref()), self.text.tail_len()));
        self.text.set_head(head);
    }

    fn go(&mut self, motion: Motion, _now: Moment) {
        self.text.go(motion);
    }

    /// Asks for the trace.
    fn look(&self, _snapshot: &Snapshot, looking: &mut Looking) {
        looking.inquiries.push(Inquiry::FailureTrace(self.entry.clone()));
    }

    fn id(&self) -> Option<String> {
        Some(self.entry.to_string())
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        None
    }

    fn text(&self) -> Option<&Document> {
        Some(&self.text)
    }

    fn text_mut(&mut self) -> Option<&mut Document> {
        Some(&mut self.text)
    }
}
