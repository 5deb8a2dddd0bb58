//! A document of lines that scrolls and can be searched: our own lines first, then foreign text of any length. Knows no engine.

use super::list::Motion;
use crate::text::SafeLines;

/// How a line of the page reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Plain.
    Plain,
    /// Something to notice.
    Warning,
    /// Something is suspended.
    Suspended,
    /// What failed.
    Critical,
    /// Not known or of minor interest.
    Muted,
}

/// One line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A label and its value.
    Field(&'static str, String, Tone),
    /// Heading of a part.
    Heading(String),
    /// A line of foreign text, made safe.
    Text(String),
    /// A remark of ours.
    Remark(String, Tone),
    /// Nothing.
    Blank,
}

impl Line {
    fn contains(&self, needle: &str) -> bool {
        match self {
            Line::Field(label, value, _) => label.to_lowercase().contains(needle) || value.to_lowercase().contains(needle),
            Line::Heading(text) | Line::Text(text) | Line::Remark(text, _) => text.to_lowercase().contains(needle),
            Line::Blank => false,
        }
    }
}

/// Lines to read, with a place in them.
#[derive(Clone, Debug)]
pub struct Document {
    /// First line on the screen.
    pub top: usize,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// What is searched for.
    pub needle: String,
    head: Vec<Line>,
    tail: SafeLines,
    hits: Vec<usize>,
    /// Hits within the tail, which is searched only when it or the needle changes: it may be megabytes.
    tail_hits: Vec<usize>,
    height: usize,
}

impl Default for Document {
    fn default() -> Self {
        Self { top: 0, wrap: true, needle: String::new(), head: Vec::new(), tail: SafeLines::default(), hits: Vec::new(), tail_hits: Vec::new(), height: 1 }
    }
}

impl Document {
    /// Replaces the lines before the foreign text.
    pub fn set_head(&mut self, head: Vec<Line>) {
        self.head = head;
        self.find();
    }

    /// Replaces the foreign text.
    pub fn set_tail(&mut self, tail: SafeLines) {
        self.tail = tail;
        self.search_tail();
        self.find();
    }

    /// Lines of foreign text.
    pub fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A line.
    pub fn line(&self, index: usize) -> Option<Line> {
        match self.head.get(index) {
            Some(line) => Some(line.clone()),
            None => self.tail.get(index - self.head.len()).map(|text| Line::Text(text.to_owned())),
        }
    }

    /// Tells how many lines fit on the screen.
    pub fn set_height(&mut self, height: usize) {
        self.height = height.max(1);
        self.top = self.top.min(self.last_top());
    }

    fn last_top(&self) -> usize {
        // Wrapped lines take more than one row, so the last lines are reached by letting the page scroll to its very end.
        if self.wrap { self.len().saturating_sub(1) } else { self.len().saturating_sub(self.height) }
    }

    /// Scrolls.
    pub fn go(&mut self, motion: Motion) {
        let page = self.height.saturating_sub(2).max(1);
        self.top = match motion {
            Motion::Up => self.top.saturating_sub(1),
            Motion::Down => self.top + 1,
            Motion::PageUp => self.top.saturating_sub(page),
            Motion::PageDown => self.top + page,
            Motion::Top => 0,
            Motion::Bottom => self.len().saturating_sub(self.height),
        }
        .min(self.last_top());
    }

    /// Searches, and scrolls to the first hit from the top of the screen on.
    pub fn search(&mut self, needle: &str) {
        self.needle = needle.to_owned();
        self.search_tail();
        self.find();
        if let Some(hit) = self.hits.iter().copied().find(|hit| *hit >= self.top).or(self.hits.first().copied()) {
            self.top = hit.min(self.last_top());
        }
    }

    /// Scrolls to the next or previous hit, round the end.
    pub fn next_hit(&mut self, forward: bool) {
        let next = if forward {
            self.hits.iter().copied().find(|hit| *hit > self.top).or(self.hits.first().copied())
        } else {
            self.hits.iter().rev().copied().find(|hit| *hit < self.top).or(self.hits.last().copied())
        };
        if let Some(hit) = next {
            self.top = hit.min(self.last_top());
        }
    }

    /// Lines with hits.
    pub fn hits(&self) -> &[usize] {
        &self.hits
    }

    fn search_tail(&mut self) {
        let needle = self.needle.trim().to_lowercase();
        self.tail_hits = if needle.is_empty() { Vec::new() } else { self.tail.search(&needle) };
    }

    fn find(&mut self) {
        let needle = self.needle.trim().to_lowercase();
        self.hits.clear();
        if needle.is_empty() {
            return;
        }
        self.hits.extend(self.head.iter().enumerate().filter(|(_, line)| line.contains(&needle)).map(|(index, _)| index));
        self.hits.extend(self.tail_hits.iter().map(|index| index + self.head.len()));
    }
}
