//! The filter of a list: a text that rows must contain, or must not.

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    needle: String,
    inverse: bool,
    typed: String,
}

impl Filter {
    /// Reads what the operator typed: words that must all occur, case aside; a leading `!` turns it round.
    pub fn parse(typed: &str) -> Self {
        let (inverse, needle) = match typed.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, typed),
        };
        Self { needle: needle.trim().to_lowercase(), inverse, typed: typed.to_owned() }
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        self.needle.is_empty()
    }

    /// What was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether a row with this text passes.
    pub fn admits(&self, text: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        self.needle.split_whitespace().all(|word| text.contains(word)) != self.inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_must_occur_in_any_case() {
        assert!(Filter::parse("pay TIMEOUT").admits("Payment: read Timeout"));
        assert!(!Filter::parse("pay refused").admits("Payment: read timeout"));
    }

    #[test]
    fn a_leading_exclamation_mark_turns_the_filter_round() {
        assert!(!Filter::parse("!pay").admits("payment"));
        assert!(Filter::parse("!pay").admits("shipping"));
        assert!(Filter::parse("!").admits("anything"));
    }
}
