//! What a run has exercised: rows of the catalogue that an engine answered, and parameters proved to filter.

use std::collections::BTreeSet;
use std::sync::Mutex;

use bpmtop::engine::catalogue::Endpoint;
use bpmtop::engine::{EngineVersion, RequestName, catalogue};

/// The catalogue's rows and parameters, ticked off one by one.
#[derive(Debug, Default)]
pub struct Ledger {
    answered: Mutex<BTreeSet<RequestName>>,
    proved: Mutex<BTreeSet<(RequestName, &'static str)>>,
}

/// How much of the catalogue a run has reached.
#[derive(Debug)]
pub struct Coverage {
    pub rows: usize,
    pub parameters: usize,
    /// What is missing, in words.
    pub missing: Vec<String>,
}

impl Ledger {
    /// Notes that an engine answered a request of the product with success. `path` stands below the REST base.
    pub fn answered(&self, method: &str, path: &str) {
        if let Some(name) = row_of(method, path) {
            self.answered.lock().expect("unpoisoned").insert(name);
        }
    }

    /// Notes that a parameter makes the difference it promises.
    pub fn prove(&self, row: RequestName, parameter: &'static str) {
        self.proved.lock().expect("unpoisoned").insert((row, parameter));
    }

    /// Compares with everything this engine has. Parameters it is too old for are nobody's concern: the client never sends them.
    pub fn coverage(&self, engine: &EngineVersion) -> Coverage {
        let (answered, proved) = (self.answered.lock().expect("unpoisoned"), self.proved.lock().expect("unpoisoned"));
        let mut coverage = Coverage { rows: 0, parameters: 0, missing: Vec::new() };
        for row in catalogue().iter().filter(|row| engine.has(row.since)) {
            coverage.rows += 1;
            if !answered.contains(&row.name) {
                coverage.missing.push(format!("no answer to {} {} was read", row.method, row.path));
            }
            for parameter in row.parameters.iter().filter(|parameter| engine.has(parameter.since)) {
                coverage.parameters += 1;
                if !proved.contains(&(row.name, parameter.name)) {
                    coverage.missing.push(format!("{} of {} {} was not proved", parameter.name, row.method, row.path));
                }
            }
        }
        coverage
    }
}

/// What became of each row on one engine, in words for the table of all engines.
#[derive(Debug)]
pub struct Column {
    pub engine: String,
    pub cells: Vec<String>,
}

impl Ledger {
    /// The engine's column: whether each row was answered, how many parameters were proved, and which are too new for it.
    pub fn column(&self, name: String, engine: &EngineVersion) -> Column {
        let (answered, proved) = (self.answered.lock().expect("unpoisoned"), self.proved.lock().expect("unpoisoned"));
        let cell = |row: &Endpoint| {
            if !engine.has(row.since) {
                return format!("not sent, since {}", row.since);
            }
            let sent: Vec<_> = row.parameters.iter().filter(|parameter| engine.has(parameter.since)).collect();
            let done = sent.iter().filter(|parameter| proved.contains(&(row.name, parameter.name))).count();
            let mut cell = format!("{}, {done}/{} parameters", if answered.contains(&row.name) { "read" } else { "NOT READ" }, sent.len());
            for parameter in row.parameters.iter().filter(|parameter| !engine.has(parameter.since)) {
                cell.push_str(&format!("; {} not sent, since {}", parameter.name, parameter.since));
            }
            cell
        };
        Column { engine: name, cells: catalogue().iter().map(cell).collect() }
    }
}

/// Prints request by engine: a cell that says the same as the first engine's is `same`, so that differences stand out.
pub fn print_table(columns: &[Column]) {
    let Some(first) = columns.first() else { return };
    println!("\n| request | {} |", columns.iter().map(|column| column.engine.as_str()).collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(columns.len()));
    for (index, row) in catalogue().iter().enumerate() {
        let cells = columns.iter().enumerate().map(|(number, column)| {
            let cell = column.cells[index].as_str();
            if number > 0 && cell == first.cells[index] { "same" } else { cell }
        });
        println!("| {} {} | {} |", row.method, row.path, cells.collect::<Vec<_>>().join(" | "));
    }
}

/// The row a request was built from. A row without ids goes first: `/job/count` is no job called count.
fn row_of(method: &str, path: &str) -> Option<RequestName> {
    let fits = |row: &str| {
        let (row, path): (Vec<_>, Vec<_>) = (row.split('/').collect(), path.split('/').collect());
        row.len() == path.len() && row.iter().zip(&path).all(|(row, path)| row.starts_with('{') || row == path)
    };
    let mut rows: Vec<_> = catalogue().iter().filter(|row| row.method.to_string() == method && fits(row.path)).collect();
    rows.sort_by_key(|row| row.path.matches('{').count());
    rows.first().map(|row| row.name)
}
