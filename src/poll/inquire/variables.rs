//! The variables of one instance. The engine sends every value whole, so a page that is too long is read in halves.

use std::sync::Arc;

use super::{Counter, Found};
use crate::engine::{EngineError, ErrorKind, Page};
use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{Finding, VARIABLES_PAGE, VariableRow, VariablesAsk, VariablesPage};
use crate::model::variable::Variable;

/// Requests spent on one page at most: each may cost the engine the reading of many large values.
const MOST_REQUESTS: u32 = 40;

impl Counter {
    pub(super) async fn variables(&self, ask: &VariablesAsk) -> Found {
        let mut reading = Reading::of(Page { first: ask.page.saturating_mul(VARIABLES_PAGE), max: VARIABLES_PAGE });
        while let Some(page) = reading.next() {
            let rows = self.page_of_variables(&ask.instance, page).await?;
            reading.take(page, rows);
        }
        Ok(Finding::Variables(VariablesPage { rows: reading.rows, more: reading.more }))
    }

    /// One page; none if it is too long to be read.
    async fn page_of_variables(&self, instance: &ProcessInstanceId, page: Page) -> Result<Option<Vec<Variable>>, EngineError> {
        match self.one(self.client.variables(instance, page)).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if error.kind() == ErrorKind::TooLarge => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The reading of a page from its first row to its last, in halves where it is too long.
#[derive(Debug)]
struct Reading {
    rows: Vec<VariableRow>,
    more: bool,
    /// What is still to be read, the first last.
    left: Vec<Page>,
    requests: u32,
}

impl Reading {
    fn of(whole: Page) -> Self {
        Self { rows: Vec::new(), more: true, left: vec![whole], requests: 0 }
    }

    /// What to read next; none at the end.
    fn next(&mut self) -> Option<Page> {
        if self.requests >= MOST_REQUESTS {
            self.rows.extend(self.left.drain(..).rev().map(|page| VariableRow::LeftOut { place: page.first, count: page.max }));
        }
        self.requests += 1;
        self.left.pop()
    }

    /// Takes the rows of a page in, none if it was too long.
    fn take(&mut self, page: Page, rows: Option<Vec<Variable>>) {
        match rows {
            Some(rows) => {
                // Nothing stands behind a page that is not full.
                if rows.len() < page.max as usize {
                    self.left.clear();
                    self.more = false;
                }
                self.rows.extend(rows.into_iter().map(|variable| VariableRow::Read(Arc::new(variable))));
            }
            None if page.max <= 1 => self.rows.push(VariableRow::TooLarge { place: page.first }),
            None => {
                let half = page.max / 2;
                self.left.push(Page { first: page.first + half, max: page.max - half });
                self.left.push(Page { first: page.first, max: half });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example::instance as example;
    use crate::model::variable::VariableValue;

    fn variable(place: u32) -> Variable {
        Variable { id: format!("v{place}").into(), ..example::variable(&format!("name{place}"), "String", VariableValue::Null) }
    }

    /// Reads a page of so many variables, of which those at some places are too large; tells the requests too.
    fn read(count: u32, large: impl Fn(u32) -> bool) -> (VariablesPage, u32) {
        let mut reading = Reading::of(Page { first: 0, max: 100 });
        let mut requests = 0;
        while let Some(page) = reading.next() {
            requests += 1;
            let places = page.first..(page.first + page.max).min(count.max(page.first));
            let fits = !places.clone().any(&large);
            reading.take(page, fits.then(|| places.map(variable).collect()));
        }
        (VariablesPage { rows: reading.rows, more: reading.more }, requests)
    }

    fn places(page: &VariablesPage) -> Vec<String> {
        let words = |row: &VariableRow| match row {
            VariableRow::Read(variable) => variable.id.to_string(),
            VariableRow::TooLarge { place } => format!("large{place}"),
            VariableRow::LeftOut { place, count } => format!("{count} from {place}"),
        };
        page.rows.iter().map(words).collect()
    }

    #[test]
    fn a_page_that_fits_is_one_request() {
        let (page, requests) = read(3, |_| false);
        assert_eq!((places(&page).join(" "), page.more, requests), ("v0 v1 v2".to_owned(), false, 1));
        assert!(read(100, |_| false).0.more);
    }

    #[test]
    fn what_is_too_long_is_halved_until_only_the_large_variable_is_missing() {
        let (page, requests) = read(100, |place| place == 37);
        assert_eq!(page.rows.len(), 100);
        assert_eq!(places(&page)[36..39], ["v36", "large37", "v38"]);
        assert!(requests <= 15, "{requests}");
    }

    #[test]
    fn halving_stops_behind_the_last_variable() {
        let (page, _) = read(5, |place| place == 4);
        assert_eq!((places(&page).join(" "), page.more), ("v0 v1 v2 v3 large4".to_owned(), false));
    }

    #[test]
    fn too_many_large_variables_are_left_out_rather_than_asked_for_one_by_one() {
        let (page, requests) = read(100, |_| true);
        assert_eq!(requests, MOST_REQUESTS);
        assert!(places(&page).last().is_some_and(|last| last.contains(" from ")), "{:?}", places(&page));
        let told: u32 = page.rows.iter().map(|row| if let VariableRow::LeftOut { count, .. } = row { *count } else { 1 }).sum();
        assert_eq!(told, 100, "nothing is left out in silence");
    }
}
