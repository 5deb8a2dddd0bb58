//! The actions of this run, and those that an earlier run left under way.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::stage_words;
use crate::action::desk::LeftUnderWay;
use crate::action::ledger::put_back;
use crate::app::App;
use crate::app::pages::actions::{ActionsPage, Row as ActionRow};
use crate::text::{Align, age, plural};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 4] = [
    Column { title: "AGO", width: Width::Fixed(8), align: Align::Right, rank: 0 },
    Column { title: "STATE", width: Width::Share { least: 14, weight: 2 }, align: Align::Left, rank: 0 },
    Column { title: "WHAT", width: Width::Share { least: 20, weight: 5 }, align: Align::Left, rank: 0 },
    Column { title: "OUTCOME", width: Width::Share { least: 20, weight: 5 }, align: Align::Left, rank: 1 },
];

/// Draws the page.
pub fn draw(app: &App, page: &ActionsPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let remark = ("bpmtop journal lists those of other runs".to_owned(), Role::Muted);
    Title { path: super::path(app, ["Actions".to_owned()]), summary: Vec::new(), remark, focused: true, look }.draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if page.rows.is_empty() {
        if let Some(mut pen) = Pen::new(buffer, body, 1) {
            pen.skip(2).write("Nothing was changed in this run. a on a row tells what can be done.", look.style(Role::Muted));
        }
        return;
    }
    let rows = page.list.visible().map(|(key, selected)| {
        let cells = page.rows.iter().find(|row| row.action() == key).map_or_else(Vec::new, |row| cells(app, row));
        Row { cells, selected, marked: false, ghost: None }
    });
    Table { columns: &COLUMNS, sort: (usize::MAX, false), rows: rows.collect(), window: page.list.window(), focused: true }.draw(look, body, buffer);
}

fn cells(app: &App, row: &ActionRow) -> Vec<Cell> {
    match row {
        ActionRow::Own(ledger, sum) => {
            let left = ledger.leaves_held() && put_back(&app.acting.ledgers, &ledger.plan.action, ledger.origin()).is_none();
            let (stage, role) = if left { ("LOOK AT THIS".to_owned(), Role::Critical) } else { stage_words(ledger) };
            let sum = if left { format!("P plans to put back what it left; {sum}") } else { sum.clone() };
            vec![
                Cell::new(age(app.now.since(ledger.began)), Role::Muted),
                Cell::new(stage, role),
                Cell::new(ledger.sentence.clone(), Role::Text),
                Cell::new(sum, if left { Role::Warning } else { Role::Text }),
            ]
        }
        ActionRow::Left(left) => vec![
            Cell::new("before", Role::Muted),
            Cell::new(
                match (left.looks, left.unknown) {
                    (Some(_), _) => "LOOK AT THIS",
                    (None, Some(_)) => "NOT WHOLLY KNOWN",
                    (None, None) => "LEFT UNDER WAY",
                },
                Role::Critical,
            ),
            Cell::new(crate::text::safe(&left.sentence).into_owned(), Role::Text),
            Cell::new(left_words(left), Role::Warning),
        ],
    }
}

fn left_words(left: &LeftUnderWay) -> String {
    if let Some(looks) = left.looks {
        return format!("P plans to put back what it left; {} to look at", plural(looks as u64, "thing"));
    }
    let how = match left.unknown {
        Some(unknown) => format!("ended while {unknown} were unknown"),
        None => format!("{} of {} sent", left.sent, left.steps),
    };
    format!("{how}; enter reads back what became of it")
}
