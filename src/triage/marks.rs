//! The normalised text under construction. Knows how placeholders are written and when a row of them is one; knows no messages.

/// What a changing part of a message is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Number,
    Id,
    Date,
    Duration,
    Size,
    Amount,
    Address,
    Email,
    Key,
    Value,
}

impl Mark {
    fn text(self) -> &'static str {
        match self {
            Self::Number => "<n>",
            Self::Id => "<id>",
            Self::Date => "<date>",
            Self::Duration => "<duration>",
            Self::Size => "<size>",
            Self::Amount => "<amount>",
            Self::Address => "<addr>",
            Self::Email => "<email>",
            Self::Key => "<key>",
            Self::Value => "<v>",
        }
    }
}

/// The output, one piece after the other.
#[derive(Debug, Default)]
pub(super) struct Output(String);

/// The longest item of a list that is recognised as one.
const LONGEST_ITEM: usize = 60;

impl Output {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// A space, unless one stands there already.
    pub(super) fn space(&mut self) {
        if !self.0.ends_with(' ') {
            self.0.push(' ');
        }
    }

    /// Writes a placeholder. A list of the same placeholders is one: how long it was changes from message to message.
    pub(super) fn mark(&mut self, mark: Mark) {
        let mark = mark.text();
        let before = self.0.trim_end_matches([' ', ',', ';', '-', '_']);
        if self.0.len() - before.len() <= 2 && before.ends_with(mark) {
            self.0.truncate(before.len());
        } else {
            self.0.push_str(mark);
            self.fold_list();
        }
    }

    /// `ORD-<n>, ORD-<n>` and `'<id>', '<id>'`: an item like the one before it adds nothing.
    fn fold_list(&mut self) {
        let tail = self.0.len().saturating_sub(LONGEST_ITEM);
        let Some(comma) = self.0.as_bytes()[tail..].iter().rposition(|&byte| byte == b',').map(|comma| tail + comma) else { return };
        let item = self.0[comma + 1..].trim_start_matches(' ');
        let before = &self.0[..comma];
        let unquoted = before.strip_suffix(['\'', '"', '`']).filter(|_| item.starts_with(['\'', '"', '`'])).unwrap_or(before);
        if !item.contains(' ') && unquoted.ends_with(item) {
            self.0.truncate(unquoted.len());
        }
    }

    /// Takes back a minus sign that turned out to belong to a number.
    pub(super) fn drop_sign(&mut self) {
        if self.0.ends_with('-') {
            self.0.pop();
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}
