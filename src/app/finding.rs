//! Searching from anywhere: the prompt becomes a page of results, and what commands do there.

use std::sync::Arc;

use super::command::Command;
use super::pages::Page;
use super::pages::results::{Content, ResultsPage};
use super::paging;
use super::update::describe_known;
use super::{App, Effect};
use crate::model::call_tree::Target;
use crate::model::grouping::KnownIncident;
use crate::model::ids::ProcessInstanceId;
use crate::model::search::{Found, Hit, Needle, Place, Search, Source};
use crate::model::snapshot::{Link, Snapshot};
use crate::poll::command::PollCommand;

/// What the prompt begins with: the text whose results are on the screen.
pub(super) fn last(app: &App) -> String {
    match app.page() {
        // A line of input shows what it holds as it is: what is not safe is left out.
        Some(Page::Results(page)) if page.place.is_none() => page.needle.to_string(),
        _ => String::new(),
    }
}

/// Searches for what was typed. A text without anything in it does nothing.
pub(super) fn find(app: &mut App, text: &str) -> Vec<Effect> {
    let Some(needle) = Needle::typed(text) else { return Vec::new() };
    let whole = app.whole();
    if matches!(whole.link, Link::LoginRefused { .. }) {
        app.notice = Some(("Log in first with L: nothing is sent before.".to_owned(), app.now));
        return Vec::new();
    }
    let page = ResultsPage::new(needle, &whole);
    let cheap = page.cheap(&whole);
    if matches!(app.page(), Some(Page::Results(_))) {
        app.pages.pop();
    }
    app.pages.push(Page::Results(Box::new(page)));
    ask(app, cheap, 0)
}

/// Lists the running instances of a place, those with an incident first.
pub(super) fn list_instances(app: &mut App, place: Place, name: &str) -> Vec<Effect> {
    let Some(name) = Needle::typed(name) else { return Vec::new() };
    let whole = app.whole();
    if matches!(whole.link, Link::LoginRefused { .. }) {
        app.notice = Some(("Log in first with L: nothing is sent before.".to_owned(), app.now));
        return Vec::new();
    }
    let page = ResultsPage::of_place(place, name, &whole);
    let sources = page.first_sources();
    app.pages.push(Page::Results(Box::new(page)));
    ask(app, sources, 0)
}

/// Sends a search for the page on the screen. Whatever was under way is given up.
fn ask(app: &mut App, sources: Vec<Source>, page: u32) -> Vec<Effect> {
    app.searches += 1;
    let (number, now, whole) = (app.searches, app.now, app.whole());
    give_up(app);
    let Some(Page::Results(results)) = app.pages.last_mut() else { return Vec::new() };
    let search = Search { number, needle: results.needle.clone(), sources, page };
    results.begin(search.clone(), now);
    results.count_trouble(&whole);
    vec![Effect::Poll(PollCommand::Find(search))]
}

/// Forgets the search under way, on whichever page; false if there is none.
pub(super) fn give_up(app: &mut App) -> bool {
    let mut given_up = false;
    for page in &mut app.pages {
        if let Page::Results(page) = page {
            given_up |= page.give_up();
        }
    }
    given_up
}

/// Takes the answers to a search in.
pub(super) fn take(app: &mut App, found: &Found) {
    let whole = app.whole();
    for page in &mut app.pages {
        if let Page::Results(page) = page {
            page.fill(found);
            page.count_trouble(&whole);
        }
    }
}

/// Carries out a command on the results; none if it means the same everywhere.
pub(super) fn run(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Open => Some(open(app)),
        Command::Describe => Some(describe(app)),
        Command::Back => {
            let Some(Page::Results(page)) = app.pages.last_mut() else { return None };
            if page.give_up() {
                app.notice = Some(("The search is given up.".to_owned(), app.now));
                return Some(vec![Effect::Poll(PollCommand::GiveUp)]);
            }
            None
        }
        Command::Refresh => {
            let whole = app.whole();
            let Some(Page::Results(page)) = app.pages.last_mut() else { return None };
            page.start_anew(&whole);
            let cheap = page.cheap(&whole);
            let mut effects = vec![Effect::Poll(PollCommand::Refresh)];
            effects.extend(ask(app, cheap, 0));
            Some(effects)
        }
        _ => None,
    }
}

/// The row under the cursor; the first key in a list without a cursor only puts it there.
fn chosen(app: &mut App) -> Option<Content> {
    let Some(Page::Results(page)) = app.pages.last_mut() else { return None };
    if page.list.selected_key().is_none() {
        // A key pressed ahead of the answers must not fall on what costs more.
        if page.hits() > 0 || !page.is_searching() {
            page.select_first();
        }
        return None;
    }
    page.stay();
    page.selected().map(|row| row.content.clone())
}

fn open(app: &mut App) -> Vec<Effect> {
    match chosen(app) {
        Some(Content::Hit(hit, _)) => open_hit(app, &hit),
        Some(Content::Offer(source)) => ask(app, vec![source], 0),
        Some(Content::More(source)) => {
            let Some(Page::Results(page)) = app.page() else { return Vec::new() };
            let next = page.asked.get(&source).map_or(0, |asked| asked.pages);
            ask(app, vec![source], next)
        }
        Some(Content::Problem(..)) => {
            let Some(Page::Results(page)) = app.page() else { return Vec::new() };
            let failed = page.failed();
            if failed.is_empty() { Vec::new() } else { ask(app, failed, 0) }
        }
        Some(Content::Remark(_)) | None => Vec::new(),
    }
}

fn open_hit(app: &mut App, hit: &Hit) -> Vec<Effect> {
    let whole = app.whole();
    if let Hit::Activity(activity) = hit {
        return ask(app, vec![activity.source()], 0);
    }
    // The tree of an incident has the cursor on its cause; the tree of an instance has it there too, if there is one below.
    let target = match (hit, hit.instance()) {
        (Hit::Instance(_), Some(id)) => Target::Instance(id.clone()),
        (_, Some(id)) => incident_of(hit, &whole).map_or_else(|| Target::Instance(id.clone()), Target::Incident),
        (_, None) => match incident_of(hit, &whole) {
            Some(known) => return describe_known(app, known),
            None => {
                app.notice = Some(("This belongs to no process instance: there is no tree of it.".to_owned(), app.now));
                return Vec::new();
            }
        },
    };
    paging::show_tree(app, target);
    Vec::new()
}

fn describe(app: &mut App) -> Vec<Effect> {
    let Some(Content::Hit(hit, _)) = chosen(app) else { return Vec::new() };
    match incident_of(&hit, &app.whole()) {
        Some(known) => describe_known(app, known),
        None => {
            app.notice = Some(("No open incident is known of this row to describe.".to_owned(), app.now));
            Vec::new()
        }
    }
}

/// The incident that a row is about.
fn incident_of(hit: &Hit, snapshot: &Snapshot) -> Option<Arc<KnownIncident>> {
    match hit {
        Hit::Incident(known) | Hit::Message { sample: known, .. } => Some(Arc::clone(known)),
        Hit::EndedIncident(past) => Some(KnownIncident::of(past.incident.clone())),
        Hit::Instance(hit) => newest(snapshot, |known| on_instance(known, &hit.id)),
        Hit::Job(job) => newest(snapshot, |known| known.incident.configuration.as_ref() == Some(job.id.text())),
        Hit::ExternalTask(task) => newest(snapshot, |known| known.incident.configuration.as_ref() == Some(task.id.text())),
        Hit::UserTask(task) => {
            let at_task = |known: &KnownIncident| known.incident.activity.is_some() && known.incident.activity == task.activity;
            newest(snapshot, |known| task.process_instance.as_ref().is_some_and(|id| on_instance(known, id)) && at_task(known))
        }
        Hit::Activity(hit) => newest(snapshot, |known| {
            let incident = &known.incident;
            let process = incident.process_definition.as_ref().map(|id| crate::model::grouping::Names::process_key(&snapshot.names(), id));
            incident.activity.as_ref() == Some(&hit.activity) && process == hit.process
        }),
    }
}

fn on_instance(known: &KnownIncident, instance: &ProcessInstanceId) -> bool {
    known.incident.process_instance.as_ref() == Some(instance)
}

/// The newest incident like this, causes before what they block.
fn newest(snapshot: &Snapshot, like: impl Fn(&KnownIncident) -> bool) -> Option<Arc<KnownIncident>> {
    let found = snapshot.incidents.get()?.incidents.values().filter(|known| like(known));
    found.max_by_key(|known| (known.incident.is_root(), known.incident.created, known.incident.id.clone())).cloned()
}
