//! Where things stand on the screen: sizes only, no content. Pure, so that update and drawing agree on how many rows are visible.

use ratatui::layout::Rect;

/// The panes with a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// Incidents by activity, and what lies below.
    #[default]
    Incidents,
    /// Job definitions.
    JobDefinitions,
    /// Process definitions.
    Definitions,
}

/// How the key figures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureGrid {
    /// Cells in a row.
    pub columns: u16,
    /// Rows of cells.
    pub rows: u16,
    /// Lines of one cell: 1 label and value, 2 with a sparkline below, 3 with value, sparkline and span.
    pub lines: u16,
}

/// The screen divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Engine, connection, cost.
    pub header: Rect,
    /// The key figures.
    pub figures: Rect,
    /// How they are drawn.
    pub grid: FigureGrid,
    /// Incidents, if shown.
    pub incidents: Option<Rect>,
    /// Job definitions, if shown.
    pub job_definitions: Option<Rect>,
    /// Process definitions, if shown.
    pub definitions: Option<Rect>,
    /// All of the space of the panes, for a page that takes it whole.
    pub main: Rect,
    /// What happened, what is wrong.
    pub status: Rect,
    /// Keys.
    pub footer: Rect,
}

/// Lines below the incidents that say more about the selected row.
pub const PREVIEW_LINES: u16 = 3;

/// From this pane height on there is room for the preview.
const PREVIEW_FROM: u16 = 14;

/// Screens lower than this give the figures up for a page or a zoomed pane.
const FIGURES_FROM: u16 = 20;

/// Divides a screen. `lower` stands below the incidents where there is room for two panes and none below them has the focus; `alone`
/// says that a page or a zoomed pane has the screen to itself.
pub fn divide(area: Rect, focus: Pane, lower: Pane, alone: bool) -> Geometry {
    let grid = figure_grid(area);
    let figures_height = if alone && area.height < FIGURES_FROM { 0 } else { grid.rows * grid.lines };
    let mut top = area.y;
    let mut take = |lines: u16| {
        let height = lines.min((area.y + area.height).saturating_sub(top));
        let rect = Rect { x: area.x, y: top, width: area.width, height };
        top += height;
        rect
    };
    let header = take(1);
    let figures = take(figures_height);
    let main = take(area.height.saturating_sub(1 + figures_height + 2));
    let status = take(1);
    let footer = take(1);
    let both = main.height >= 28 && !alone;
    let upper = if both { main.height * 3 / 5 } else { 0 };
    let rest = Rect { y: main.y + upper, height: main.height - upper, ..main };
    let below = if both && focus == Pane::Incidents { lower } else { focus };
    let place = |pane| (below == pane).then_some(rest);
    let incidents = if both { Some(Rect { height: upper, ..main }) } else { place(Pane::Incidents) };
    let (job_definitions, definitions) = (place(Pane::JobDefinitions), place(Pane::Definitions));
    Geometry { header, figures, grid, incidents, job_definitions, definitions, main, status, footer }
}

fn figure_grid(area: Rect) -> FigureGrid {
    if area.width >= 150 && area.height >= 40 {
        FigureGrid { columns: 6, rows: 2, lines: 4 }
    } else if area.width >= 110 && area.height >= 30 {
        FigureGrid { columns: 6, rows: 2, lines: 3 }
    } else {
        FigureGrid { columns: 3, rows: 4, lines: 1 }
    }
}

/// Rows of a table within a pane: without border, title and column heads, and without the preview where there is one.
pub fn table_rows(pane: Rect, preview: bool) -> u16 {
    pane.height.saturating_sub(2).saturating_sub(if preview && has_preview(pane) { PREVIEW_LINES } else { 0 })
}

/// Whether a pane has room for the preview.
pub fn has_preview(pane: Rect) -> bool {
    pane.height >= PREVIEW_FROM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_is_divided_without_overlap_and_keeps_room_for_rows() {
        for (width, height) in [(200, 60), (120, 36), (80, 24), (60, 15)] {
            let area = Rect::new(0, 0, width, height);
            for focus in [Pane::Incidents, Pane::JobDefinitions, Pane::Definitions] {
                let geometry = divide(area, focus, Pane::JobDefinitions, false);
                let panes = [geometry.incidents, geometry.job_definitions, geometry.definitions];
                let parts = [Some(geometry.header), Some(geometry.figures), Some(geometry.status), Some(geometry.footer)];
                let lines: u16 = parts.iter().chain(&panes).flatten().map(|part| part.height).sum();
                assert_eq!(lines, height, "{width}x{height}: {geometry:?}");
                assert!(table_rows(panes.into_iter().flatten().next().unwrap(), true) >= 6, "{width}x{height}");
                assert!(panes[focus as usize].is_some(), "{width}x{height}: the pane with the cursor is shown");
            }
        }
    }

    #[test]
    fn below_the_incidents_stands_the_pane_with_the_cursor_or_the_one_that_had_it_last() {
        let below = |focus, lower| {
            let geometry = divide(Rect::new(0, 0, 200, 60), focus, lower, false);
            assert!(geometry.incidents.is_some());
            (geometry.job_definitions.is_some(), geometry.definitions.is_some())
        };
        assert_eq!(below(Pane::Incidents, Pane::JobDefinitions), (true, false));
        assert_eq!(below(Pane::Incidents, Pane::Definitions), (false, true));
        assert_eq!(below(Pane::JobDefinitions, Pane::Definitions), (true, false));
    }

    #[test]
    fn even_an_absurdly_small_screen_is_divided() {
        for width in 0..20 {
            for height in 0..20 {
                divide(Rect::new(0, 0, width, height), Pane::JobDefinitions, Pane::Definitions, true);
            }
        }
    }
}
