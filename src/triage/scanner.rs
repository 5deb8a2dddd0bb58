//! The one pass over a message: cuts it into names, numbers and punctuation, asks what each is, writes what stays. Every byte is
//! passed once; look-ahead is bounded. What things are is decided in the neighbouring files.

mod parts;

use super::codes::{self, Surroundings};
use super::marks::{Mark, Output};
use super::{names, places, times, values};

/// How far an expression `${…}` may reach.
const LONGEST_EXPRESSION: usize = 400;

/// How far back the words are looked for that say what a number means.
const LONGEST_CONTEXT: usize = 120;

/// Placeholders as they appear in text that is normalised already.
const MARKS: &[(&str, Mark)] = &[
    ("<n>", Mark::Number),
    ("<id>", Mark::Id),
    ("<date>", Mark::Date),
    ("<duration>", Mark::Duration),
    ("<size>", Mark::Size),
    ("<amount>", Mark::Amount),
    ("<addr>", Mark::Address),
    ("<email>", Mark::Email),
    ("<key>", Mark::Key),
    ("<v>", Mark::Value),
];

/// The message without what changes from failure to failure, whitespace folded. Expects safe text of one line with single spaces.
pub(super) fn normalise(text: &str) -> String {
    let mut scanner = Scanner { text, at: 0, out: Output::with_capacity(text.len()), host: false, url: false, code_end: 0 };
    while let Some(c) = text[scanner.at..].chars().next() {
        scanner.step(c);
    }
    scanner.out.into_string()
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    out: Output,
    /// The last name was a host, so a number behind `:` is its port.
    host: bool,
    /// Within a URL, where every number is data.
    url: bool,
    /// Where the output ended when a code had been written.
    code_end: usize,
}

impl<'a> Scanner<'a> {
    fn step(&mut self, c: char) {
        let rest = self.rest();
        if c.is_whitespace() {
            self.url = false;
            self.at += c.len_utf8();
            self.out.space();
        } else if is_name_start(c) {
            self.name();
        } else if c == '<'
            && let Some((text, mark)) = MARKS.iter().find(|(text, _)| rest.starts_with(text))
        {
            self.at += text.len();
            self.host = *mark == Mark::Address || self.host;
            self.out.mark(*mark);
        } else if let Some(value) = values::value(self.out.as_str(), rest) {
            self.out.text(&rest[..value.lead]);
            self.out.text("<v>");
            self.at += value.lead + value.length;
        } else if matches!(c, '$' | '#') && rest[1..].starts_with('{') {
            self.expression();
        } else if c == '?' && self.url {
            self.query();
        } else if is_foreign_digit(c) {
            self.foreign_number();
        } else if matches!(c, '€' | '£' | '¥' | '$') && rest[c.len_utf8()..].trim_start().starts_with(|c: char| c.is_ascii_digit()) && !self.previous_is_name()
        {
            self.amount(c.len_utf8());
        } else if c == ':'
            && !self.previous_is_name()
            && let Some(length) = places::ipv6(rest)
        {
            self.replace(length, Mark::Address);
        } else {
            self.punctuation(c);
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn previous(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn previous_is_name(&self) -> bool {
        self.previous().is_some_and(|c| is_name_start(c) || matches!(c, '$' | '>'))
    }

    fn replace(&mut self, length: usize, mark: Mark) {
        self.at += length;
        self.out.mark(mark);
    }

    fn keep(&mut self, length: usize) {
        self.out.text(&self.rest()[..length]);
        self.at += length;
    }

    fn punctuation(&mut self, c: char) {
        self.at += c.len_utf8();
        if matches!(c, '"' | '\'' | '`' | '>' | ')' | ']' | '}' | ',' | ';') {
            self.url = false;
        }
        self.host = self.host && c == ':';
        self.out.text(&self.text[self.at - c.len_utf8()..self.at]);
    }

    /// An expression of the model is source code: its constants tell causes apart.
    fn expression(&mut self) {
        let end = self.rest().bytes().take(LONGEST_EXPRESSION).position(|byte| byte == b'}');
        self.keep(end.map_or(2, |end| end + 1));
    }

    /// `?order=4711&force=true`: the names stay, the values go.
    fn query(&mut self) {
        self.keep(1);
        loop {
            let name = self.rest().find(|c: char| c.is_whitespace() || "=&\"'<>()[]`".contains(c)).unwrap_or(self.rest().len());
            self.keep(name);
            if self.rest().starts_with('=') {
                self.keep(1);
                let value = self.rest().strip_prefix("<v>").unwrap_or(self.rest());
                let value = value.trim_start_matches(|c: char| !c.is_whitespace() && !"&\"'<>)]`".contains(c));
                if value.len() < self.rest().len() {
                    self.at = self.text.len() - value.len();
                    self.out.text("<v>");
                }
            }
            if !self.rest().starts_with('&') {
                return;
            }
            self.keep(1);
        }
    }

    fn foreign_number(&mut self) {
        let length = self.rest().find(|c| !is_foreign_digit(c)).unwrap_or(self.rest().len());
        if codes::follows_code_noun("", &self.surroundings(length)) { self.keep(length) } else { self.replace(length, Mark::Number) }
    }

    /// An amount with its currency in front; `lead` is the length of the currency.
    fn amount(&mut self, lead: usize) {
        let number = &self.rest()[lead..];
        let gap = number.len() - number.trim_start().len();
        let length = self.number_length(lead + gap);
        self.out.drop_sign();
        self.replace(lead + gap + length, Mark::Amount);
    }

    /// The bytes of a number `from` bytes ahead, with its separators.
    fn number_length(&self, from: usize) -> usize {
        let bytes = &self.rest().as_bytes()[from..];
        let mut end = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        while bytes.get(end).is_some_and(|byte| b",.'".contains(byte)) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1 + bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        }
        end
    }

    /// The names written in this clause, nearest first. Read from the output, so that a normalised message reads like its original.
    fn words(&self) -> [&str; 4] {
        let text = self.out.as_str();
        let mut rest = &text[text.floor_char_boundary(text.len().saturating_sub(LONGEST_CONTEXT))..];
        let mut words = [""; 4];
        let mut found = 0;
        while found < words.len() {
            let Some(last) = rest.chars().next_back() else { break };
            if is_name_start(last) {
                let name = rest.trim_end_matches(|c| is_name_start(c) || c == '.' || c == '-').len();
                let word = rest[name..].trim_start_matches(['.', '-']);
                // The version in `HTTP/1.1 503` does not stand between a word and its number.
                if !(word.contains('.') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
                    words[found] = word;
                    found += 1;
                }
                rest = &rest[..name];
            } else if matches!(last, ',' | ';' | '.' | '，' | '；' | '。') {
                break;
            } else {
                let mark = MARKS.iter().find(|(mark, _)| last == '>' && rest.ends_with(mark));
                rest = &rest[..rest.len() - mark.map_or(last.len_utf8(), |(mark, _)| mark.len())];
            }
        }
        words
    }

    fn surroundings(&self, length: usize) -> Surroundings<'_> {
        let before = self.out.as_str();
        let between = before.get(self.code_end..).unwrap_or_default();
        let after = &self.rest()[length..];
        let number = &self.rest()[..length];
        let after_code =
            self.code_end > 0 && (matches!(between, " (" | "-" | "/") || between == " - " && length >= 6 || between == " " && number.split('.').count() == 3);
        Surroundings { before, after, words: self.words(), after_code }
    }

    fn name(&mut self) {
        if self.special_name() {
            return;
        }
        let rest = self.rest();
        let length = name_length(rest);
        let name = &rest[..length];
        let after = &rest[length..];
        if after.starts_with("://") {
            self.keep(length + 3);
            self.url = true;
            self.skip_credentials();
            return;
        }
        let number = if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') { self.number_length(0) } else { 0 };
        if number >= length {
            self.number(number);
            return;
        }
        let port_follows = after.starts_with(':') && times::digits(&after[1..]) > 0;
        let host = places::is_host(name, port_follows || self.url && self.out.as_str().ends_with("//"));
        self.dotted(name, host);
        self.host = host;
    }

    /// Names that are recognised by what they look like rather than by their parts. True when there was one.
    fn special_name(&mut self) -> bool {
        let rest = self.rest();
        if self.previous().is_some_and(is_name_start) {
            return false;
        }
        let after_date = ["<date> ", "<date> um ", "<date> at ", "<date>, "].iter().any(|lead| self.out.as_str().ends_with(lead));
        let found = if let Some(length) = places::ipv6(rest) {
            Some((length, Mark::Address))
        } else if let Some(length) = places::email(rest) {
            Some((length, Mark::Email))
        } else if let Some(length) = names::spaced_iban(rest) {
            Some((length, Mark::Key))
        } else if let Some(length) = names::base64(rest) {
            Some((length, Mark::Id))
        } else {
            times::timestamp(rest, after_date).map(|length| (length, Mark::Date))
        };
        if let Some((length, mark)) = found {
            self.host = mark == Mark::Address;
            self.replace(length, mark);
            return true;
        }
        self.generated_class() || self.object_hash() || self.leading_currency()
    }

    /// `$$Lambda$123/0x0000000801a3c440`, `$$EnhancerBySpringCGLIB$$3f2a1b9c`.
    fn generated_class(&mut self) -> bool {
        if !self.out.as_str().ends_with('$') {
            return false;
        }
        let rest = self.rest();
        if let Some(behind) = rest.strip_prefix("Lambda") {
            let length = behind.bytes().take(80).take_while(|byte| byte.is_ascii_hexdigit() || b"$/x@".contains(byte)).count();
            self.keep("Lambda".len());
            if length > 0 {
                self.replace(length, Mark::Id);
            }
            return true;
        }
        let word = rest.bytes().take(60).take_while(u8::is_ascii_alphanumeric).count();
        let after_generator = ["CGLIB$$", "HibernateProxy$", "ByteBuddy$"].iter().any(|lead| self.out.as_str().ends_with(lead));
        if after_generator && word > 0 {
            self.replace(word, Mark::Id);
        }
        after_generator && word > 0
    }

    /// `com.acme.Order@1a2b3c`, and a partition's `orders-3@1523`.
    fn object_hash(&mut self) -> bool {
        if self.previous() != Some('@') {
            return false;
        }
        let length = self.rest().bytes().take(33).take_while(u8::is_ascii_hexdigit).count();
        if length == 0 || length > 32 || self.rest()[length..].starts_with(is_name_start) {
            return false;
        }
        self.replace(length, Mark::Id);
        true
    }

    fn leading_currency(&mut self) -> bool {
        let Some(currency) = times::CURRENCIES.iter().find(|currency| self.rest().starts_with(**currency)) else { return false };
        let behind = &self.rest()[currency.len()..];
        let found = behind.strip_prefix(' ').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()));
        if found {
            self.amount(currency.len());
        }
        found
    }

    /// `user:secret@` behind the scheme of a URL.
    fn skip_credentials(&mut self) {
        let authority = self.rest().bytes().take(200).take_while(|byte| byte.is_ascii_graphic() && !b"/?#\"'<>".contains(byte)).count();
        if let Some(end) = self.rest()[..authority].rfind('@') {
            self.at += end + 1;
        }
    }

    fn number(&mut self, length: usize) {
        let raw = &self.rest()[..length];
        let previous = self.previous();
        let before_previous = self.text[..self.at].chars().rev().nth(1);
        let is_port = (self.host && previous == Some(':') || self.words()[0].eq_ignore_ascii_case("port")) && places::is_service_port(raw);
        let is_inner_class = previous == Some('$') && before_previous.is_some_and(char::is_alphabetic);
        if is_port || is_inner_class || self.is_version(raw) {
            self.keep(length);
        } else if places::is_ipv4(raw) {
            self.replace(length, Mark::Address);
            self.host = true;
            return;
        } else if !self.url && codes::is_code(raw, &self.surroundings(length)) {
            self.keep(length);
            self.code_end = self.out.as_str().len();
        } else {
            self.take_sign();
            match times::unit_behind(&self.rest()[length..]).filter(|_| !self.url) {
                Some((mark, unit)) => self.replace(length + unit, mark),
                None => self.replace(length, Mark::Number),
            }
        }
        self.host = false;
    }

    fn take_sign(&mut self) {
        let before_sign = self.text[..self.at].strip_suffix('-').and_then(|before| before.chars().next_back());
        if before_sign.is_none_or(|c| !is_name_start(c) && c != '>') {
            self.out.drop_sign();
        }
    }

    /// `version 7.24`, `HTTP/1.1`: which version does not change from one failure to the next.
    fn is_version(&self, number: &str) -> bool {
        let word = self.words()[0];
        number.contains('.') && (codes::is_any(word, &["version", "java", "jdk", "soap", "xml"]) || word == "HTTP" && self.previous() == Some('/'))
    }
}

/// The bytes of a name with its inner dots and dashes.
fn name_length(text: &str) -> usize {
    let end = text.find(|c: char| !is_name_start(c) && c != '.' && c != '-').unwrap_or(text.len());
    text[..end].trim_end_matches(['.', '-']).len()
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() && c.is_alphabetic() && !times::is_ideograph(c)
}

/// Decimal digits of other scripts, and full-width ones.
fn is_foreign_digit(c: char) -> bool {
    matches!(c, '０'..='９' | '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' | '\u{966}'..='\u{96f}')
}
