//! The part of an engine an operator cares for: a tenant, some processes, a category, or what belongs to a team.
//!
//! `tenant:acme process:pay*` — words of one kind are alternatives, different kinds must all hold. Pure: reads text, answers yes or no.

use globset::{Glob, GlobMatcher};

use super::ids::{ProcessKey, TenantId};
use crate::text::{EngineText, safe};

/// What belongs to one team, from the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// Its name, without spaces.
    pub name: String,
    /// Patterns of process keys.
    pub processes: Vec<String>,
    /// Patterns of categories of definitions.
    pub categories: Vec<String>,
}

/// Which tenants, processes and categories are shown. The default admits everything.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    typed: String,
    label: String,
    tenants: Vec<GlobMatcher>,
    processes: Vec<GlobMatcher>,
    categories: Vec<GlobMatcher>,
    teams: Vec<Belongings>,
}

/// Compiled patterns of one team: one of them must match.
#[derive(Clone, Debug)]
struct Belongings {
    processes: Vec<GlobMatcher>,
    categories: Vec<GlobMatcher>,
}

/// The word for "without a tenant".
const NO_TENANT: &str = "-";

/// The kinds of words, as they are typed.
const KINDS: [&str; 4] = ["tenant", "process", "category", "team"];

impl Scope {
    /// Reads what was typed; nothing but blanks means everything.
    ///
    /// # Errors
    ///
    /// What is wrong and what can be written instead, safe to show.
    pub fn parse(typed: &str, teams: &[Team]) -> Result<Self, String> {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let mut scope = Self { typed: words.join(" "), ..Self::default() };
        for word in &words {
            let (kind, value) = word.split_once(':').ok_or_else(|| not_a_word(word, teams))?;
            if value.is_empty() {
                return Err(format!("{}: needs something behind it, such as {}", safe(kind), example(kind, teams)));
            }
            match kind {
                "tenant" => scope.tenants.push(pattern(value)?),
                "process" => scope.processes.push(pattern(value)?),
                "category" => scope.categories.push(pattern(value)?),
                "team" => scope.teams.push(belongings(value, teams)?),
                _ => return Err(not_a_word(word, teams)),
            }
        }
        // A team is called by its name alone; anything else needs its kind to be understood.
        scope.label = match words.as_slice() {
            [only] => only.strip_prefix("team:").unwrap_or(only).to_owned(),
            _ => scope.typed.clone(),
        };
        Ok(scope)
    }

    /// Whether it leaves anything out.
    pub fn is_on(&self) -> bool {
        !self.typed.is_empty()
    }

    /// What was typed, blanks put in order.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// A short name for a badge, safe to show.
    pub fn label(&self) -> String {
        safe(&self.label).into_owned()
    }

    /// Whether it can be answered only once process definitions were read.
    pub fn needs_categories(&self) -> bool {
        !self.categories.is_empty() || self.teams.iter().any(|team| !team.categories.is_empty())
    }

    /// Whether something of this tenant, process and category is shown. What has no process is in no team.
    pub fn admits(&self, tenant: Option<&TenantId>, process: Option<&ProcessKey>, category: Option<&EngineText>) -> bool {
        let (process, category) = (process.map(ProcessKey::as_wire), category.map(EngineText::as_wire));
        let tenant = tenant.map_or(NO_TENANT, TenantId::as_wire);
        (self.tenants.is_empty() || any(&self.tenants, Some(tenant)))
            && (self.processes.is_empty() || any(&self.processes, process))
            && (self.categories.is_empty() || any(&self.categories, category))
            && (self.teams.is_empty() || self.teams.iter().any(|team| any(&team.processes, process) || any(&team.categories, category)))
    }
}

/// Why this cannot be a pattern; none if it can.
pub fn pattern_problem(text: &str) -> Option<String> {
    pattern(text).err()
}

/// Everything one could type, for a chooser: the teams, then these tenants.
pub fn suggestions(teams: &[Team], tenants: impl IntoIterator<Item = String>) -> Vec<String> {
    teams.iter().map(|team| format!("team:{}", team.name)).chain(tenants.into_iter().map(|tenant| format!("tenant:{tenant}"))).collect()
}

fn any(patterns: &[GlobMatcher], text: Option<&str>) -> bool {
    text.is_some_and(|text| patterns.iter().any(|pattern| pattern.is_match(text)))
}

fn pattern(text: &str) -> Result<GlobMatcher, String> {
    let glob =
        Glob::new(text).map_err(|error| format!("\"{}\" is no pattern: {}; write pay*, or {{pay,ship}}*", safe(text), safe(&error.kind().to_string())))?;
    Ok(glob.compile_matcher())
}

fn belongings(name: &str, teams: &[Team]) -> Result<Belongings, String> {
    let Some(team) = teams.iter().find(|team| team.name == name) else { return Err(no_team(name, teams)) };
    let compiled = |patterns: &[String]| patterns.iter().map(|text| pattern(text)).collect::<Result<_, _>>();
    Ok(Belongings { processes: compiled(&team.processes)?, categories: compiled(&team.categories)? })
}

fn no_team(name: &str, teams: &[Team]) -> String {
    let way_out = match nearest(name, teams.iter().map(|team| team.name.as_str())) {
        Some(near) => format!("did you mean team:{near}?"),
        None => team_words(teams),
    };
    format!("there is no team {}; {way_out}", safe(name))
}

fn team_words(teams: &[Team]) -> String {
    if teams.is_empty() {
        return "the configuration has no [team.NAME] section".to_owned();
    }
    format!("teams are {}", safe(&teams.iter().map(|team| team.name.as_str()).collect::<Vec<_>>().join(", ")))
}

fn not_a_word(word: &str, teams: &[Team]) -> String {
    let (kind, value) = word.split_once(':').unwrap_or((word, ""));
    let way_out = if teams.iter().any(|team| team.name == word) {
        format!("did you mean team:{}?", safe(word))
    } else if let (Some(near), false) = (nearest(kind, KINDS), value.is_empty()) {
        format!("did you mean {near}:{}?", safe(value))
    } else {
        format!("write tenant:acme, process:pay*, category:finance* or team:NAME; {}", team_words(teams))
    };
    format!("\"{}\" is no scope; {way_out}", safe(word))
}

fn example(kind: &str, teams: &[Team]) -> String {
    match kind {
        "tenant" => "tenant:acme, or tenant:- for none".to_owned(),
        "category" => "category:finance*".to_owned(),
        "team" => teams.first().map_or_else(|| "team:NAME".to_owned(), |team| format!("team:{}", safe(&team.name))),
        _ => "process:pay*".to_owned(),
    }
}

fn nearest<'c>(typed: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let distances = candidates.into_iter().map(|candidate| (strsim::damerau_levenshtein(typed, candidate), candidate));
    distances.filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1)).min_by_key(|(distance, _)| *distance).map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn teams() -> Vec<Team> {
        let team = |name: &str, processes: &[&str], categories: &[&str]| Team {
            name: name.to_owned(),
            processes: processes.iter().map(ToString::to_string).collect(),
            categories: categories.iter().map(ToString::to_string).collect(),
        };
        vec![team("payments", &["payment*", "refund"], &[]), team("logistics", &[], &["http://acme/ship*"])]
    }

    fn admits(typed: &str, tenant: Option<&str>, process: Option<&str>, category: Option<&str>) -> bool {
        let scope = Scope::parse(typed, &teams()).expect("a scope");
        scope.admits(tenant.map(TenantId::from).as_ref(), process.map(ProcessKey::from).as_ref(), category.map(EngineText::from).as_ref())
    }

    fn refusal(typed: &str) -> String {
        Scope::parse(typed, &teams()).expect_err("refused")
    }

    #[test]
    fn a_team_holds_its_processes_and_its_categories() {
        assert!(admits("team:payments", None, Some("payment-retry"), None));
        assert!(!admits("team:payments", None, Some("shipping"), None));
        assert!(admits("team:logistics", Some("acme"), Some("anything"), Some("http://acme/shipping")));
        assert!(!admits("team:logistics", Some("acme"), Some("anything"), None));
    }

    #[test]
    fn words_of_one_kind_are_alternatives_and_kinds_must_all_hold() {
        let typed = "process:pay* process:order tenant:acme";
        assert!(admits(typed, Some("acme"), Some("payment"), None));
        assert!(admits(typed, Some("acme"), Some("order"), None));
        assert!(!admits(typed, Some("other"), Some("order"), None));
        assert!(!admits(typed, Some("acme"), Some("orders"), None));
    }

    #[test]
    fn what_has_no_tenant_or_no_process_is_only_shown_where_that_is_meant() {
        assert!(admits("tenant:-", None, Some("order"), None));
        assert!(!admits("tenant:-", Some("acme"), Some("order"), None));
        assert!(!admits("process:*", None, None, None));
        assert!(!admits("team:payments", None, None, None));
    }

    #[test]
    fn a_badge_calls_a_team_by_its_name_and_everything_else_by_what_was_typed() {
        let label = |typed| Scope::parse(typed, &teams()).expect("a scope").label();
        assert_eq!((label("team:payments"), label(" tenant:a   process:b ")), ("payments".to_owned(), "tenant:a process:b".to_owned()));
    }

    #[test]
    fn a_mistake_names_the_nearest_word_or_the_teams() {
        assert_eq!(refusal("team:paymnts"), "there is no team paymnts; did you mean team:payments?");
        assert_eq!(refusal("team:x"), "there is no team x; teams are payments, logistics");
        assert_eq!(refusal("proces:pay*"), "\"proces:pay*\" is no scope; did you mean process:pay*?");
        assert_eq!(refusal("payments"), "\"payments\" is no scope; did you mean team:payments?");
        assert!(refusal("x").contains("process:pay*") && refusal("x").ends_with("teams are payments, logistics"), "{}", refusal("x"));
        assert_eq!(refusal("tenant:"), "tenant: needs something behind it, such as tenant:acme, or tenant:- for none");
        assert!(refusal("process:[a").starts_with("\"[a\" is no pattern"), "{}", refusal("process:[a"));
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down_and_no_refusal_steers_a_terminal(typed in "\\PC{0,12}[\u{0}-\u{ff}]{0,12}") {
            match Scope::parse(&typed, &teams()) {
                Ok(scope) => prop_assert_eq!(scope.is_on(), !typed.trim().is_empty()),
                Err(refusal) => prop_assert!(!refusal.chars().any(char::is_control), "{:?}", refusal),
            }
        }

        #[test]
        fn a_plain_key_admits_itself_alone_and_a_prefix_all_that_begin_with_it(key in "[a-zA-Z0-9_.-]{1,12}", other in "[a-zA-Z0-9_.-]{0,14}") {
            prop_assert_eq!(admits(&format!("process:{key}"), None, Some(&other), None), key == other);
            prop_assert_eq!(admits(&format!("process:{key}*"), None, Some(&other), None), other.starts_with(&key));
        }

        #[test]
        fn the_empty_scope_admits_everything(tenant in prop::option::of(".{0,6}"), process in prop::option::of(".{0,6}")) {
            prop_assert!(admits("", tenant.as_deref(), process.as_deref(), None));
        }
    }
}
