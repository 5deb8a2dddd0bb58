//! The inside of one name: labels between dots, segments between dashes, parts between underscores.

use super::super::marks::Mark;
use super::super::{codes, names, times};
use super::Scanner;

impl<'a> Scanner<'a> {
    /// Writes what stays of a name; `host` when it is certainly one.
    pub(super) fn dotted(&mut self, name: &'a str, host: bool) {
        if names::is_uuid(name) && name.len() == 36 && self.previous() != Some('-') {
            self.replace(36, Mark::Id);
            return;
        }
        if name.len() > 30 && name.starts_with("eyJ") {
            self.replace(name.len(), Mark::Id);
            return;
        }
        if self.is_mark_of_time(name) {
            return;
        }
        let path = self.url || self.previous().is_some_and(|c| c == '/' || c == '\\');
        for (index, label) in name.split('.').enumerate() {
            if index > 0 {
                self.keep(1);
            }
            if !host && !path && label.len() <= 2 && self.numbers_a_name(label) { self.keep(label.len()) } else { self.dashed(label, host, path) }
        }
    }

    /// `TLSv1.2`, `DEV.QUEUE.1`: a small number behind the dot of a name is part of the name.
    fn numbers_a_name(&self, label: &str) -> bool {
        let named = self.out.as_str().strip_suffix('.').is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric()));
        named && !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn is_mark_of_time(&mut self, name: &str) -> bool {
        let Some(mark) = times::measured(name) else { return false };
        self.take_sign();
        self.replace(name.len(), mark);
        true
    }

    fn dashed(&mut self, label: &'a str, host: bool, path: bool) {
        let keeps_digits = !path && (self.is_code_with_prefix(label) || codes::is_h2_code(label, self.out.as_str()));
        let end = self.at + label.len();
        let model_id = label.starts_with("sid-");
        while self.at < end {
            let rest = &self.text[self.at..end];
            if names::is_uuid(rest) {
                if model_id { self.keep(36) } else { self.replace(36, Mark::Id) }
            } else if rest.starts_with('-') {
                self.keep(1);
            } else {
                let segment = &rest[..rest.find('-').unwrap_or(rest.len())];
                let lead = segment.rfind('_').map_or(0, |underscore| underscore + 1);
                if lead > 0 && names::is_uuid(&rest[lead..]) {
                    self.keep(lead);
                } else {
                    self.segment(segment, keeps_digits, host, path);
                }
            }
        }
    }

    /// True for `ERR-4711` and `ORA-00001`, false for `ORD-4711`.
    fn is_code_with_prefix(&self, label: &str) -> bool {
        let Some((prefix, digits)) = label.split_once('-') else { return false };
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_uppercase()) || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        codes::is_prefixed_code(prefix, digits, &self.surroundings(label.len().min(self.rest().len())))
    }

    fn segment(&mut self, segment: &'a str, keeps_digits: bool, host: bool, path: bool) {
        let length = segment.len();
        let all_digits = segment.bytes().all(|byte| byte.is_ascii_digit());
        let after_noun = segment.bytes().any(|byte| byte.is_ascii_digit()) && !path && codes::follows_code_noun(segment, &self.surroundings(length));
        let data_52e = self.out.as_str().ends_with("error, data ");
        if keeps_digits || after_noun || data_52e || names::is_generated_name(segment) {
            self.keep(length);
        } else if all_digits {
            self.replace(length, Mark::Number);
        } else if segment.contains('_') {
            self.underscored(segment, path);
        } else if let Some(mark) = times::measured(segment) {
            self.replace(length, mark);
        } else if names::is_iban(segment) {
            self.replace(length, Mark::Key);
        } else if self.is_random_here(segment) {
            self.replace(length, Mark::Id);
        } else if let Some((prefix, digits, _)) = names::prefixed(segment) {
            if codes::is_prefixed_code(prefix, digits, &self.surroundings(length)) {
                self.keep(length);
            } else {
                self.keep(prefix.len());
                self.replace(length - prefix.len(), Mark::Number);
            }
        } else if let Some(stem) = names::numbered(segment, host) {
            self.keep(stem.len());
            self.replace(length - stem.len(), Mark::Number);
        } else {
            self.keep(length);
        }
    }

    fn is_random_here(&self, segment: &str) -> bool {
        if codes::is_any(self.words()[0], &["constraint", "index"]) {
            return false;
        }
        names::is_random(segment) || self.out.as_str().ends_with("<id>-") && names::is_pod_suffix(segment)
    }

    /// `invoice_20240517_0017`: once one part is a number, all are; `Task_1` and `UK_ORDER_2` are names.
    fn underscored(&mut self, segment: &'a str, path: bool) {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let numbered = path || segment.split('_').any(|part| part.len() >= 5 && is_number(part));
        for (index, part) in segment.split('_').enumerate() {
            if index > 0 {
                self.keep(1);
            }
            if numbered && is_number(part) {
                self.replace(part.len(), Mark::Number);
            } else if part.len() >= 8 && names::is_random(part) {
                self.replace(part.len(), Mark::Id);
            } else {
                self.keep(part.len());
            }
        }
    }
}
