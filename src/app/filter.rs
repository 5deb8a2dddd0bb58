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
        self.admits_parts(&[text])
    }

    /// Whether a row made of these texts passes. A word must occur within one of them.
    pub fn admits_parts(&self, parts: &[&str]) -> bool {
        self.is_empty() || self.needle.split_whitespace().all(|word| parts.iter().any(|part| contains(part, word))) != self.inverse
    }
}

/// Whether a text contains a word in lower case. Rows are many and nearly all ASCII, which needs no copy.
pub(super) fn contains(text: &str, word: &str) -> bool {
    if !(text.is_ascii() && word.is_ascii()) {
        return text.to_lowercase().contains(word);
    }
    let Some(first) = word.bytes().next() else { return true };
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let last = text.len().checked_sub(word.len());
    last.is_some_and(|last| (0..=last).any(|start| text[start].to_ascii_lowercase() == first && text[start..start + word.len()].eq_ignore_ascii_case(word)))
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
    fn a_word_is_found_at_any_place_of_any_part_in_any_script() {
        let row = ["Payment", "Größe 支付 ÄRGER", ""];
        for (typed, admitted) in
            [("pay", true), ("MENT", true), ("größe", true), ("ärger", true), ("GRÖSSE", false), ("支付 pay", true), ("paymentx", false), ("ment g", true)]
        {
            assert_eq!(Filter::parse(typed).admits_parts(&row), admitted, "{typed}");
        }
    }

    #[test]
    fn a_leading_exclamation_mark_turns_the_filter_round() {
        assert!(!Filter::parse("!pay").admits("payment"));
        assert!(Filter::parse("!pay").admits("shipping"));
        assert!(Filter::parse("!").admits("anything"));
    }
}
