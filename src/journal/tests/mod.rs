//! The journal from its outside: what is written, what a crash leaves, what verification notices, what is told of actions.

mod chain;
mod crash;
mod stories;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::*;

/// A journal in a folder of its own.
pub(crate) struct Desk {
    parent: tempfile::TempDir,
    pub(crate) journal: Journal,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let journal = Journal::open(&parent.path().join("journal")).unwrap();
        Self { parent, journal }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.parent.path().join("journal")
    }

    fn file(&self, day: &str) -> PathBuf {
        self.folder().join(format!("{day}.jsonl"))
    }

    /// Another run of the program, as far as the journal can tell.
    fn another(&self) -> Journal {
        Journal::open(&self.folder()).unwrap()
    }

    pub(crate) fn append(&self, at: &str, entry: &Entry) -> Head {
        self.journal.append_at(entry, || moment(at)).unwrap()
    }

    /// The run that wrote so far is gone, as after a crash.
    pub(crate) fn die(self) -> Self {
        let journal = self.another();
        Self { parent: self.parent, journal }
    }

    fn verify(&self) -> Verified {
        self.journal.archive().verify(None).unwrap()
    }
}

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn engine() -> Engine {
    Engine {
        url: "http://h:8080/engine-rest".into(),
        name: None,
        version: Some("Camunda 7.24.0".into()),
        installation: None,
        definitions: Vec::new(),
        newest: Vec::new(),
    }
}

pub(crate) fn who() -> Who {
    Who {
        user: "ann".into(),
        uid: 1000,
        sudo_user: None,
        host: "ops1".into(),
        ssh: Some("192.0.2.7 50022 192.0.2.1 22".into()),
        engine_user: Some("demo".into()),
        pid: 4711,
        version: "0.1.0".into(),
    }
}

pub(crate) fn intent(action: &str, verb: &str, targets: u64) -> Intent {
    let target = |index: u64| Target {
        kind: "job".into(),
        id: format!("job-{index}").into(),
        label: format!("payment v3 · Charge card {index}").into(),
        business_key: Some(format!("ORDER-{index}").into()),
        instance: Some(format!("instance-{index}").into()),
        before: Before { retries: Some(0), ..Before::default() },
    };
    let request = |index: u64| Request {
        method: "PUT".into(),
        path: format!("/job/job-{index}/retries").into(),
        body: Some(r#"{"retries":1}"#.into()),
        targets: vec![index],
    };
    Intent {
        action: action.into(),
        who: who(),
        engine: engine(),
        profile: Some("prod".into()),
        verb: verb.into(),
        sentence: format!("{verb} {targets} jobs").into(),
        reason: Some("SAP is back".into()),
        steps: targets,
        targets: (0..targets).map(target).collect(),
        held: Vec::new(),
        requests: (0..targets).map(request).collect(),
        undo_of: None,
        thaw_of: None,
        puts_back: None,
        jobs_too: None,
        role: None,
        engine_time: None,
        journal_broken: None,
    }
}

pub(crate) fn begin(action: &str, targets: u64) -> Entry {
    Entry::Intent(Box::new(intent(action, "retry", targets)))
}

pub(crate) fn sent(action: &str, step: u64) -> Entry {
    Entry::Sent(Sent { action: action.into(), step })
}

pub(crate) fn answered(action: &str, step: u64, answer: Answer) -> Entry {
    Entry::Answered(Answered { action: action.into(), step, answer, words: None, batch: None })
}

pub(crate) fn outcome(action: &str, target: u64, name: &str, class: Class) -> Entry {
    Entry::Outcome(Outcome { action: action.into(), target, name: name.into(), class, words: None })
}

pub(crate) fn end(action: &str, how: How, counts: &[(&str, Class, u64)]) -> Entry {
    let counts = counts.iter().map(|(name, class, count)| Count { name: (*name).into(), class: *class, count: *count }).collect();
    Entry::End(End { action: action.into(), how, words: None, counts, unknown: Vec::new() })
}
