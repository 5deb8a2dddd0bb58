//! What commands do on the page of an instance, and how it is opened from other places.

use crate::app::command::Command;
use crate::app::pages::Page;
use crate::app::pages::instance::{Content, Fact, InstancePage, Part, RowKey, State};
use crate::app::update::describe_known;
use crate::app::{App, Effect};
use crate::model::call_tree::Target;
use crate::model::ids::ProcessInstanceId;
use crate::model::variable::VariableValue;
use crate::text::bytes;

/// Carries out a command on the page of an instance; none if it means the same everywhere.
pub(super) fn on_instance(app: &mut App, command: Command) -> Option<Vec<Effect>> {
    let whole = app.whole();
    let Some(Page::Instance(page)) = app.pages.last_mut() else { return None };
    match command {
        Command::Open => return Some(open_row(app)),
        Command::Variables if matches!(page.state, State::Over(_) | State::NotFound(_)) && !page.variables.are_known() => {
            app.notice = Some(("The instance has ended, and its variables with it; its timeline (T) names those that were set.".to_owned(), app.now));
        }
        Command::Variables => page.show_variables(&whole),
        Command::Tree => open_tree(app),
        _ => return None,
    }
    Some(Vec::new())
}

fn open_tree(app: &mut App) {
    let Some(Page::Instance(page)) = app.pages.last() else { return };
    let target = Target::Instance(page.id.clone());
    super::show_tree(app, target);
}

/// Enter on a row: what failed, what was called, or the value of a variable.
fn open_row(app: &mut App) -> Vec<Effect> {
    let (whole, now) = (app.whole(), app.now);
    let Some(Page::Instance(page)) = app.pages.last_mut() else { return Vec::new() };
    let Some(row) = page.selected() else { return Vec::new() };
    if let Some(known) = row.incident().cloned() {
        return describe_known(app, known);
    }
    let (key, content) = (row.key.clone(), row.content.clone());
    let mut remark = None;
    match (key, content) {
        (RowKey::Fact(Fact::Caller), _) => {
            if let Some(caller) = page.caller().cloned() {
                open(app, caller);
            }
            return Vec::new();
        }
        (_, Content::Called(_)) => open_tree(app),
        (RowKey::Heading(Part::Variables), _) => page.show_variables(&whole),
        (_, Content::MoreVariables(_)) => page.more_variables(&whole),
        (_, Content::Variable { variable, .. }) if variable.is_marked() => {
            remark = Some(format!(
                "The engine marks {} as {}: bpmtop does not know that mark, and neither shows nor writes the value.",
                variable.name,
                variable.marks_words()
            ));
        }
        (_, Content::Variable { variable, secret, .. }) => match &variable.value {
            VariableValue::TooLarge { bytes: size } => {
                remark = Some(format!("This value has {}: values over 64 KiB are neither kept nor shown.", bytes(*size as u64)));
            }
            _ if secret => page.toggle_mask(&variable.id, &whole),
            _ => {}
        },
        (_, Content::Unread(_)) => remark = Some("What is longer than 2 MiB is not fetched.".to_owned()),
        (_, Content::Job(row)) if row.job.exception_message.is_some() => {
            remark = Some("No incident yet: retries are left. The message of the latest failure stands below.".to_owned());
        }
        (_, Content::ExternalTask(task, _)) if task.error_message.is_some() => {
            remark = Some("No incident yet: retries are left. The message of the latest failure stands below.".to_owned());
        }
        _ => {}
    }
    if let Some(remark) = remark {
        app.notice = Some((remark, now));
    }
    Vec::new()
}

/// Opens the page of an instance.
pub(super) fn open(app: &mut App, id: ProcessInstanceId) {
    let page = InstancePage::new(id, app.settings.mask.clone(), &app.whole(), app.now);
    app.pages.push(Page::Instance(Box::new(page)));
}

/// Opens the page of the instance the selected row or the page is about.
pub(in crate::app) fn open_instance(app: &mut App) {
    if let Some((id, _)) = super::selected_instance(app) {
        open(app, id);
    }
}
