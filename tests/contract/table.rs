//! All contract tests, one line each. Their order is the order of the report; those that need the engine for themselves stand last.

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use super::bench::Bench;
use super::incidents;

/// Which engine a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Everybody may do everything.
    Plain,
    /// Authorizations are checked.
    Guarded,
}

impl On {
    pub const EVERYWHERE: [Self; 2] = [Self::Plain, Self::Guarded];
}

/// What other tests may do to the engine meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Anything: the test looks at what is its own.
    Any,
    /// Nothing: the test looks at the engine as a whole.
    None,
}

/// One contract test.
pub struct Test {
    pub name: &'static str,
    pub on: On,
    pub company: Company,
    pub run: fn(Bench) -> LocalBoxFuture<'static, Result<()>>,
}

macro_rules! tests {
    ($on:ident, $company:ident: $($module:ident::$name:ident),* $(,)?) => {
        [$(Test { name: stringify!($name), on: On::$on, company: Company::$company, run: |bench| Box::pin($module::$name(bench)) }),*]
    };
}

const SHARED: &[Test] = &tests![Plain, Any:
    incidents::bubbled_incidents_name_their_root_and_carry_nothing_else,
    incidents::an_incident_leaves_with_its_blocked_parents,
    incidents::a_retry_resolves_the_incident_and_a_new_failure_makes_a_new_one,
];

/// Every test.
pub const TESTS: &[Test] = SHARED;
