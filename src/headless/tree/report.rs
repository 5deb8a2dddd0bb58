//! What `bpmtop tree` prints: rows for people, nested objects for scripts. The field names are a promise.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Grown, Read};
use crate::headless::engine_work::EngineWorkPart;
use crate::headless::failed::FailedPart;
use crate::model::activity_instance::Token;
use crate::model::call_tree::{CaseRow, Content, Fold, Node, Place, Row, Top};
use crate::model::case::{CaseStanding, CaseTask};
use crate::model::engine_job::Known;
use crate::model::grouping::{KnownIncident, Names as _};
use crate::model::ids::{IncidentId, ProcessDefinitionId};
use crate::model::inquiry::{Standing, Tokens};
use crate::model::naming;
use crate::model::snapshot::KnownNames;
use crate::model::suspension::HeldJobs;
use crate::text::{Align, age_short, count_exact, pad, plural, truncate, width};
use crate::theme::Symbols;

#[derive(Serialize)]
struct Report {
    engine: String,
    taken_at: Timestamp,
    what: String,
    trees: Vec<TreePart>,
    more_trees: bool,
    /// Whether all that was asked was answered. What the tree leaves out because it is large is told by other fields.
    complete: bool,
    /// Why not.
    incomplete: Vec<String>,
}

#[derive(Serialize)]
struct TreePart {
    state: &'static str,
    root_causes: Vec<CausePart>,
    /// Whether there may be more than those.
    more_root_causes: bool,
    path: Vec<String>,
    not_unfolded: usize,
    /// Where the incident that was asked for is of a job of the engine itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine_work: Option<EngineWorkPart>,
    root: Option<Part>,
}

#[derive(Serialize)]
struct CausePart {
    incident: String,
    instance: Option<String>,
    activity: Option<String>,
    activity_name: Option<String>,
    failed_activity: Option<String>,
    failed_activity_name: Option<String>,
    failed_process: Option<String>,
    r#type: String,
    message: Option<String>,
    created: Timestamp,
}

/// An instance, a case, instances of one place, or a remark.
#[derive(Serialize)]
struct Part {
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<InstancePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<CasePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folded: Option<FoldPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    on_path: bool,
    called: Vec<Part>,
}

#[derive(Serialize)]
struct InstancePart {
    id: String,
    process_definition: Option<String>,
    process_key: Option<String>,
    process_name: Option<String>,
    version: Option<i64>,
    business_key: Option<String>,
    business_key_inherited: bool,
    tenant: Option<String>,
    state: Option<&'static str>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    called_at: Option<String>,
    stands_at: Option<Vec<TokenPart>>,
    own_incidents: Vec<CausePart>,
    blocked_from_below: usize,
    /// Of the first 50 suspended jobs.
    suspended_jobs: SuspendedJobsPart,
}

#[derive(Serialize)]
struct SuspendedJobsPart {
    waiting: usize,
    due_later: usize,
    out_of_attempts: usize,
}

#[derive(Serialize)]
struct TokenPart {
    activity: String,
    name: Option<String>,
    r#type: String,
    waiting_job: bool,
    count: u64,
}

/// A case (CMMN) between instances. No incident of the engine tells of it.
#[derive(Serialize)]
struct CasePart {
    id: String,
    case_key: Option<String>,
    case_name: Option<String>,
    business_key: Option<String>,
    tenant: Option<String>,
    state: Option<&'static str>,
    started: Option<Timestamp>,
    called_at: Option<String>,
    /// The task of it that called what stands below.
    task: Option<String>,
    task_name: Option<String>,
    fails_below: bool,
    called_more: bool,
    not_read: Option<String>,
}

fn case_part(row: &CaseRow) -> CasePart {
    let case = &row.case;
    let own = |text: &crate::text::EngineText| text.as_wire().to_owned();
    CasePart {
        id: case.id.as_wire().to_owned(),
        case_key: case.key.as_ref().map(own),
        case_name: case.name.as_ref().map(own),
        business_key: case.business_key.as_ref().map(own),
        tenant: case.tenant.as_ref().map(|tenant| tenant.as_wire().to_owned()),
        state: (case.standing != CaseStanding::Unknown).then(|| case.standing.words()),
        started: case.started,
        called_at: row.called_at.as_ref().map(|(_, activity)| activity.as_wire().to_owned()),
        task: case.task.as_ref().map(|task| task.activity.as_wire().to_owned()),
        task_name: case.task.as_ref().and_then(|task| task.name.as_ref()).map(own),
        fails_below: row.failing,
        called_more: row.more,
        not_read: row.problem.as_ref().map(|problem| problem.what.clone()),
    }
}

#[derive(Serialize)]
struct FoldPart {
    activity: Option<String>,
    process_key: Option<String>,
    count: u64,
    exact: bool,
    with_incidents: Option<u64>,
}

/// The trees as JSON.
pub(super) fn json(read: &Read) -> serde_json::Result<String> {
    let names = read.names.known();
    let now = read.engine.engine_time(read.at);
    let report = Report {
        engine: read.engine.url.clone(),
        taken_at: now,
        what: read.what.clone(),
        trees: read.trees.iter().map(|grown| tree_part(grown, &names, now)).collect(),
        more_trees: read.more,
        complete: read.missing.is_empty(),
        incomplete: read.missing.clone(),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&report)?))
}

fn tree_part(grown: &Grown, names: &KnownNames<'_>, now: Timestamp) -> TreePart {
    let tree = &grown.tree;
    // Of a cause that was not followed only the incidents above it are known, unless its instance is among the rows.
    let nodes = tree.rows.iter().filter_map(|row| match &row.content {
        Content::Instance(node) => Some(node),
        _ => None,
    });
    let shown: HashMap<&IncidentId, &KnownIncident> = nodes.flat_map(|node| &node.own).map(|known| (&known.incident.id, &**known)).collect();
    TreePart {
        state: match &tree.top {
            Top::Over(_) => "over",
            Top::Found => "running",
            Top::Searching | Top::NotFound | Top::Unknown => "unknown",
            Top::NoInstance => "no process instance",
        },
        root_causes: tree.causes.iter().map(|known| cause_part(shown.get(known.incident.root()).copied().unwrap_or(known), names)).collect(),
        more_root_causes: tree.more_causes,
        path: tree.path.iter().map(|id| id.as_wire().to_owned()).collect(),
        not_unfolded: grown.left_folded,
        engine_work: grown.work.as_ref().map(|(job, progress)| EngineWorkPart::of(&Known { job: job.clone(), progress: progress.as_ref() })),
        root: nested(&tree.rows, &mut 0, 0, names, now).into_iter().next(),
    }
}

fn cause_part(known: &KnownIncident, names: &KnownNames<'_>) -> CausePart {
    let incident = &known.incident;
    let root = incident.is_root();
    let failed = FailedPart::of(incident, names);
    CausePart {
        incident: known.incident.root().as_wire().to_owned(),
        instance: incident.process_instance.as_ref().filter(|_| root).map(|id| id.as_wire().to_owned()),
        activity: incident.activity.as_ref().filter(|_| root).map(|id| id.as_wire().to_owned()),
        activity_name: incident
            .process_definition
            .as_ref()
            .zip(incident.activity.as_ref().filter(|_| root))
            .and_then(|(definition, id)| names.activity_name(definition, id).map(|name| name.as_wire().to_owned())),
        failed_activity: failed.activity,
        failed_activity_name: failed.name,
        failed_process: failed.process_key,
        r#type: incident.kind.as_wire().to_owned(),
        message: incident.message.as_ref().map(|message| message.as_wire().to_owned()),
        created: incident.created,
    }
}

/// The rows of one level with those below them.
fn nested(rows: &[Row], at: &mut usize, depth: usize, names: &KnownNames<'_>, now: Timestamp) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(row) = rows.get(*at).filter(|row| row.depth >= depth) {
        *at += 1;
        let (mut instance, mut case, mut folded, mut remark) = (None, None, None, None);
        match &row.content {
            Content::Instance(node) => instance = Some(instance_part(node, names, now)),
            Content::Case(row) => case = Some(case_part(row)),
            Content::Fold(fold) => folded = Some(fold_part(fold)),
            Content::More { left, .. } => remark = Some(left.map_or_else(|| "more".to_owned(), |left| format!("{left} more"))),
            Content::Rest(count) => remark = Some(format!("{count} more without an incident")),
            Content::Remark(text) => remark = Some(text.clone()),
        }
        let called = nested(rows, at, depth + 1, names, now);
        parts.push(Part { instance, case, folded, remark, on_path: row.on_path, called });
    }
    parts
}

fn instance_part(node: &Node, names: &KnownNames<'_>, now: Timestamp) -> InstancePart {
    let definition = node.definition.as_ref();
    InstancePart {
        id: node.id.as_wire().to_owned(),
        process_definition: definition.map(|id| id.as_wire().to_owned()),
        process_key: definition.map(|id| names.process_key(id).as_wire().to_owned()),
        process_name: definition.and_then(|id| names.process_name(id)).map(|name| name.as_wire().to_owned()),
        version: definition.and_then(|id| names.version(id)),
        business_key: node.business_key.as_ref().map(|key| key.as_wire().to_owned()),
        business_key_inherited: node.inherited_key,
        tenant: node.tenant.as_ref().map(|tenant| tenant.as_wire().to_owned()),
        state: node.standing.map(state),
        started: node.started,
        ended: node.ended,
        called_at: node.called_at.as_ref().map(|(_, activity)| activity.as_wire().to_owned()),
        stands_at: match &node.tokens {
            Some(Tokens::At(tokens)) => Some(
                tokens
                    .iter()
                    .map(|token| TokenPart {
                        activity: token.activity.as_wire().to_owned(),
                        name: token_name(token, definition, names),
                        r#type: token.kind.as_wire().to_owned(),
                        waiting_job: token.waiting,
                        count: token.count,
                    })
                    .collect(),
            ),
            _ => None,
        },
        own_incidents: node.own.iter().map(|known| cause_part(known, names)).collect(),
        blocked_from_below: node.bubbled,
        suspended_jobs: {
            let held = HeldJobs::of(&node.held, now);
            SuspendedJobsPart { waiting: held.waiting, due_later: held.later, out_of_attempts: held.failed }
        },
    }
}

fn token_name(token: &Token, definition: Option<&ProcessDefinitionId>, names: &KnownNames<'_>) -> Option<String> {
    let named = token.name.as_ref().map(|name| naming::of_body(&token.activity, name));
    named.or_else(|| names.activity_name(definition?, &token.activity)).map(|name| name.as_wire().to_owned())
}

fn state(standing: Standing) -> &'static str {
    match standing {
        Standing::Running => "running",
        Standing::Suspended => "suspended",
        Standing::Over(state) => state.words(),
    }
}

fn fold_part(fold: &Fold) -> FoldPart {
    let (activity, process_key) = match &fold.place {
        Place::Activity(activity) => (Some(activity.as_wire().to_owned()), None),
        Place::Process(key) => (None, Some(key.as_wire().to_owned())),
    };
    FoldPart { activity, process_key, count: fold.count, exact: fold.exact, with_incidents: fold.all_failing.or((fold.failing > 0).then_some(fold.failing)) }
}

/// The trees for people.
pub(super) fn text(read: &Read, symbols: &Symbols) -> String {
    let names = read.names.known();
    let now = read.engine.engine_time(read.at);
    let mut text = String::new();
    for (number, grown) in read.trees.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let rows: Vec<[String; 5]> = grown.tree.rows.iter().map(|row| columns(row, &names, now, symbols)).collect();
        let widths: [usize; 4] = std::array::from_fn(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0).min(64));
        for row in rows {
            let mut line = String::new();
            for (part, cells) in row.iter().zip(widths) {
                line.push_str(&pad(part, cells, Align::Left));
                line.push_str("  ");
            }
            line.push_str(&row[4]);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        remarks(grown, &mut text);
    }
    if read.more {
        text.push_str("There are more trees with this business key.\n");
    }
    for why in &read.missing {
        let _ = writeln!(text, "INCOMPLETE: {why}");
    }
    text
}

fn remarks(grown: &Grown, text: &mut String) {
    match &grown.tree.top {
        Top::Over(ending) => {
            let reason = ending.reason.as_ref().map_or_else(String::new, |reason| format!(", reason: {reason}"));
            let _ = writeln!(text, "The whole tree has ended: {}{reason}.", ending.state.words());
        }
        Top::NotFound => text.push_str("The instance has ended and is not in the history, or this login may not see it.\n"),
        Top::NoInstance => {
            let words = grown.work.as_ref().map(|(job, progress)| Known { job: job.clone(), progress: progress.as_ref() }.words());
            let words = words.map_or_else(String::new, |words| format!(": {words}"));
            let _ = writeln!(text, "This incident stands on no process instance: it is the engine's own work{words}.");
        }
        _ => {}
    }
    match grown.tree.causes.len() {
        0 => {}
        1 => text.push_str("1 root cause.\n"),
        many => {
            let more = if grown.tree.more_causes { " or more" } else { "" };
            let _ = writeln!(text, "{}{more} root causes; the path to the first one of what was asked for is marked.", count_exact(many as u64));
        }
    }
    if grown.tree.left_behind {
        text.push_str("Another instance called the topmost one; it does not run any more, or this login may not see it.\n");
    }
    if grown.left_folded > 0 {
        let _ = writeln!(
            text,
            "What {} called was not read: the tree is large. The cockpit unfolds them one by one.",
            plural(grown.left_folded as u64, "instance")
        );
    }
}

fn columns(row: &Row, names: &KnownNames<'_>, now: Timestamp, symbols: &Symbols) -> [String; 5] {
    let tree = symbols.tree;
    let mut lead = String::new();
    for (level, goes_on) in row.lines.iter().enumerate() {
        lead.push_str(tree.part(level + 1 == row.depth, *goes_on));
        lead.push(' ');
    }
    let alone = |text: String| [format!("{lead}{text}"), String::new(), String::new(), String::new(), String::new()];
    match &row.content {
        Content::Instance(node) => instance_columns(node, &lead, row.on_path, names, now, symbols),
        Content::Case(row) => case_columns(row, &lead, now, symbols),
        Content::Fold(fold) => {
            let place = match &fold.place {
                Place::Activity(activity) => naming::activity(names, fold.caller.as_ref(), activity),
                Place::Process(key) => key.to_string(),
            };
            let failing = fold.all_failing.unwrap_or(fold.failing);
            let failing = if failing > 0 { format!(", {} with incidents", count_exact(failing)) } else { String::new() };
            alone(format!("{place} x {}{}{failing}", if fold.exact { "" } else { ">=" }, count_exact(fold.count)))
        }
        Content::More { left, .. } => alone(left.map_or_else(|| "more".to_owned(), |left| format!("{} more", count_exact(left)))),
        Content::Rest(count) => alone(format!("{} more without an incident", count_exact(*count))),
        Content::Remark(text) => alone(text.clone()),
    }
}

fn case_columns(row: &CaseRow, lead: &str, now: Timestamp, symbols: &Symbols) -> [String; 5] {
    let case = &row.case;
    let tenant = case.tenant.as_ref().map_or_else(String::new, |tenant| format!(" [{tenant}]"));
    let key = case.business_key.as_ref().map_or_else(String::new, ToString::to_string);
    let age = case.started.map(|started| age_short(Duration::try_from(now.duration_since(started)).unwrap_or_default())).unwrap_or_default();
    let waits = case.task.as_ref().map(CaseTask::words);
    let fails = row.failing.then(|| format!("{} fails below; a case shows no incident", symbols.hollow_dot));
    let unread = row.problem.as_ref().map(|problem| format!("not all of it could be read: {}", problem.what));
    let rest = [waits, fails, unread].into_iter().flatten().collect::<Vec<_>>().join("  ");
    [format!("{lead}case {}{tenant}", case.title()), case.id.to_string(), key, format!("{} {age}", case.standing.words()), rest]
}

fn instance_columns(node: &Node, lead: &str, on_path: bool, names: &KnownNames<'_>, now: Timestamp, symbols: &Symbols) -> [String; 5] {
    let process = node.definition.as_ref().map_or_else(String::new, |id| format!("{}{}", naming::process(names, id), naming::version(names, id)));
    let tenant = node.tenant.as_ref().map_or_else(String::new, |tenant| format!(" [{tenant}]"));
    let mark = if on_path { format!("{} ", symbols.arrow) } else { String::new() };
    let key = node.business_key.as_ref().map_or_else(String::new, |key| format!("{}{key}", if node.inherited_key { "= " } else { "" }));
    let age = node.started.map(|started| age_short(Duration::try_from(now.duration_since(started)).unwrap_or_default())).unwrap_or_default();
    let places = match &node.tokens {
        Some(Tokens::At(tokens)) => {
            let names = tokens.iter().map(|token| naming::named_activity(names, node.definition.as_ref(), &token.activity, token.name.as_ref()));
            names.collect::<Vec<_>>().join(", ")
        }
        Some(Tokens::TooMany(executions)) => format!("{} executions", count_exact(*executions)),
        _ => String::new(),
    };
    let trouble = match (node.own.first(), node.bubbled) {
        (Some(own), _) => {
            let message = own.incident.message.as_ref().map_or_else(|| "no message".to_owned(), |message| message.line());
            let failed = own.incident.failed_elsewhere().map(|failed| naming::failed_at(names, node.definition.as_ref(), failed));
            let failed = failed.map_or_else(String::new, |failed| format!("failed at {failed}: "));
            format!("{} {failed}{}", symbols.failed, truncate(&message, 160))
        }
        (None, 0) if node.failing => format!("{} has an incident", symbols.hollow_dot),
        (None, 0) => String::new(),
        (None, _) => format!("{} blocked from below", symbols.hollow_dot),
    };
    let held = HeldJobs::of(&node.held, now).words().map_or_else(String::new, |jobs| format!("SUSPENDED {jobs}"));
    let rest = [places, held, trouble].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    let state = node.standing.map(|standing| if standing == Standing::Suspended { "SUSPENDED" } else { state(standing) }).unwrap_or_default();
    [format!("{lead}{mark}{process}{tenant}"), node.id.to_string(), key, format!("{state} {age}"), rest]
}
