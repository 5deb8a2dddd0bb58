//! A desk as a session has it, what it tells, and what its journal holds.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::errand::engine;
use bpmtop::action::desk::{ActCommand, Acted, DeskHandle, Setup, start};
use bpmtop::action::ledger::{Ledger, Stage};
use bpmtop::action::plan::Plan;
use bpmtop::action::verb::Role;
use bpmtop::engine::{Client, ClientOptions, EngineVersion, Login};
use bpmtop::journal::{Entry, Journal};
use bpmtop::text::EngineText;

pub fn client(url: &str) -> Client {
    let login = Login::Basic { user: "demo".into(), password: "demo".to_owned().into() };
    let client =
        Client::new(ClientOptions { login, timeout: Duration::from_secs(3), max_in_flight: 8, ..ClientOptions::new(url.parse().expect("an address")) })
            .expect("a client");
    client.assume_version(EngineVersion::detect(EngineText::from("7.24.0"), None));
    client
}

pub struct Desk {
    pub handle: DeskHandle,
    pub journal: Arc<Journal>,
    pub url: String,
}

pub fn setup(url: &str, journal: &Arc<Journal>) -> Setup {
    Setup::of(client(url), engine(url), Role::Admin, Arc::clone(journal))
}

impl Desk {
    pub fn open(url: &str, folder: &Path) -> Self {
        let journal = Arc::new(Journal::open(folder).expect("a journal"));
        Self { handle: start(setup(url, &journal)), journal, url: url.to_owned() }
    }

    pub fn send(&self, command: ActCommand) {
        self.handle.commands.send(command).expect("a desk");
    }

    pub fn perform(&self, plan: &Arc<Plan>) {
        self.send(ActCommand::Perform(Arc::clone(plan)));
    }

    pub async fn ledger(&mut self, is: impl Fn(&Ledger) -> bool) -> Arc<Ledger> {
        let begun = Instant::now();
        let mut last = None;
        loop {
            match tokio::time::timeout(Duration::from_secs(30).saturating_sub(begun.elapsed()), self.handle.told.recv()).await {
                Ok(Some(Acted::Ledgers(ledgers))) => last = ledgers.last().cloned(),
                Ok(Some(Acted::Notice(notice))) => panic!("{notice}"),
                Ok(Some(Acted::NotBegun(_, why))) => panic!("{}", why.words()),
                Ok(Some(_)) => {}
                Ok(None) => panic!("the desk is gone"),
                Err(_) => panic!("not in time: {last:#?}"),
            }
            if let Some(ledger) = last.clone().filter(|ledger| is(ledger)) {
                return ledger;
            }
        }
    }

    pub async fn over(&mut self) -> Arc<Ledger> {
        self.ledger(|ledger| matches!(ledger.stage, Stage::Over(_))).await
    }

    pub async fn notice(&mut self) -> String {
        loop {
            match tokio::time::timeout(Duration::from_secs(10), self.handle.told.recv()).await.expect("in time").expect("a desk") {
                Acted::Notice(notice) => return notice,
                Acted::NotBegun(_, why) => return why.words(),
                Acted::Ledgers(ledgers) if !ledgers.is_empty() => panic!("something was begun: {ledgers:?}"),
                _ => {}
            }
        }
    }

    pub fn entries(&self) -> Vec<Entry> {
        entries(&self.journal)
    }
}

pub fn entries(journal: &Journal) -> Vec<Entry> {
    journal.archive().records(None).expect("a journal").map(|record| record.expect("a line").entry).collect()
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub async fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(20), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
