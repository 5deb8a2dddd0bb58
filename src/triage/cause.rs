//! The innermost cause that a stack trace names, and which messages leave the cause to the trace. Pure.

use crate::text::safe;

/// The engine keeps this many UTF-16 units of a message: what is as long has probably lost its end.
const ENGINE_CUT: usize = 666;

/// Lines of a message that are looked at behind its first: a statement of a database stands between them.
const MOST_LINES: usize = 400;

/// The longest part of a cause that is kept, in characters.
const MOST_CHARS: usize = 300;

/// Messages that only say that something failed.
const EMPTY_WORDS: &[&str] = &[
    "null",
    "none",
    "error",
    "errors",
    "failed",
    "failure",
    "exception",
    "fail",
    "unknown",
    "unknown error",
    "unexpected error",
    "internal error",
    "an error occurred",
    "an unexpected error occurred",
    "something went wrong",
    "n/a",
    "job failed",
    "job execution failed",
    "execution failed",
    "task failed",
    "general error",
];

/// Words of a message that wraps another exception without saying which.
const WRAPPERS: &[&str] = &[
    "an exception occurred in the persistence layer",
    "unable to evaluate script",
    "exception while executing database operation",
    "exception while executing batch database operation",
    "error flushing statements",
    "nested exception is",
    "invocationtargetexception",
    "undeclaredthrowableexception",
    "completionexception",
    "executionexception",
];

/// What a stack trace names as its innermost cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Class of the exception, without its package.
    pub exception: String,
    /// The first line of its message, with what a database adds as code or detail; where there is none, the place in the code.
    pub text: String,
    /// How the statement of a database begins that failed.
    pub statement: Option<String>,
}

impl Cause {
    /// In one line: `JdbcBatchUpdateException: Value too long for column …`.
    pub fn line(&self) -> String {
        if self.text.is_empty() { self.exception.clone() } else { format!("{}: {}", self.exception, self.text) }
    }
}

/// Whether a message leaves the cause to the stack trace: it says nothing, it wraps another exception, or the engine cut it off.
pub fn hides_cause(message: Option<&str>) -> bool {
    let Some(message) = message else { return true };
    if message.encode_utf16().take(ENGINE_CUT).count() >= ENGINE_CUT {
        return true;
    }
    let text = message.trim().trim_end_matches(['.', '!', ':']).to_lowercase();
    text.is_empty() || EMPTY_WORDS.contains(&text.as_str()) || WRAPPERS.iter().any(|wrapper| text.contains(wrapper)) || is_class_alone(&text)
}

/// `java.lang.NullPointerException`, also with `: null` behind it.
fn is_class_alone(text: &str) -> bool {
    let name = text.strip_suffix(": null").unwrap_or(text);
    let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '$' | '_'));
    is_name && (name.ends_with("exception") || name.ends_with("error") || name.ends_with("throwable"))
}

/// The innermost cause of a stack trace: the last `Caused by:` that belongs to the exception itself, else its first line. None for text that
/// is no stack trace.
pub fn innermost(trace: &str) -> Option<Cause> {
    let lines: Vec<&str> = trace.lines().collect();
    // What an exception suppressed stands further in.
    let last = lines.iter().rposition(|line| line.starts_with("Caused by: ")).unwrap_or(0);
    let head = lines.get(last)?;
    let head = head.strip_prefix("Caused by: ").unwrap_or(head);
    let head = head.strip_prefix("Exception in thread \"main\" ").unwrap_or(head);
    let (class, first) = head.split_once(": ").unwrap_or((head.trim_end_matches(':'), ""));
    let is_class = class.contains('.') && class.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '$' | '_'));
    if !is_class {
        return None;
    }
    let rest = &lines[last + 1..lines.len().min(last + 1 + MOST_LINES)];
    let message: Vec<&str> = rest.iter().take_while(|line| !is_frame(line)).copied().collect();
    let statement = statement(&message);
    let first = first.trim_end().trim_end_matches("SQL statement:").trim_end().trim_end_matches(';');
    let mut text =
        if first.trim().is_empty() { message.iter().map(|line| line.trim()).find(|line| !line.is_empty()).unwrap_or_default() } else { first }.to_owned();
    for extra in message.iter().filter_map(|line| telling(line)).take(2) {
        if !text.contains(extra) {
            text.push(' ');
            text.push_str(extra);
        }
    }
    if text.trim().is_empty() || text.trim() == "null" {
        let frame = rest.iter().find(|line| is_frame(line)).map(|line| line.trim()).unwrap_or_default();
        text = frame.to_owned();
    }
    let exception = class.rsplit('.').next().unwrap_or(class).to_owned();
    Some(Cause { exception: shown(&exception), text: shown(text.trim()), statement: statement.map(|statement| shown(&statement)) })
}

fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("at ") && line.contains('(') || line.starts_with("... ") || line.starts_with("Suppressed: ")
}

/// What a database says behind the statement: its code (`[22001-232]`), its detail, its state.
fn telling(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(at) = line.rfind('[').filter(|_| line.ends_with(']')) {
        let inside = &line[at + 1..line.len() - 1];
        let is_code = inside.len() >= 5 && inside.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && inside.contains(|c: char| c.is_ascii_digit());
        return is_code.then(|| &line[at..]);
    }
    let lower = line.to_lowercase();
    ["detail:", "hint:", "sqlstate", "sql state", "value too long", "error code"].iter().any(|word| lower.contains(word)).then_some(line)
}

/// The first words of the statement that failed.
fn statement(message: &[&str]) -> Option<String> {
    let begins = |line: &&&str| {
        let line = line.trim_start().to_lowercase();
        ["insert into ", "update ", "delete from ", "select ", "merge into "].iter().any(|verb| line.starts_with(verb))
    };
    message.iter().find(begins).map(|line| line.trim().trim_end_matches('(').trim_end().to_owned())
}

fn shown(text: &str) -> String {
    let clean = safe(text);
    match clean.char_indices().nth(MOST_CHARS) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERSISTENCE: &str = "org.camunda.bpm.engine.ProcessEnginePersistenceException: An exception occurred in the persistence layer. Please check the server logs.\n\tat org.camunda.A.b(A.java:1)\nCaused by: org.camunda.bpm.engine.ProcessEngineException: ENGINE-03004 Exception while executing Database Operation with message '\n### Error flushing statements.  Cause: x\ninsert into ACT_HI_VARINST (\n  ID_\n) [22001-232]\n'\n\tat org.camunda.C.d(C.java:2)\n\t... 3 more\nCaused by: org.h2.jdbc.JdbcBatchUpdateException: Value too long for column \"TEXT_\"; SQL statement:\ninsert into ACT_HI_VARINST (\n      ID_,\n      TEXT_\n    ) values (\n      ?\n    ) [22001-232]\n\tat org.h2.E.f(E.java:3)\n\tSuppressed: java.io.IOException: late\n\t\tat x.Y.z(Y.java:4)\n\tCaused by: java.io.IOException: of what was suppressed\n\t... 4 more\n";

    #[test]
    fn the_last_cause_of_a_persistence_error_tells_message_code_and_statement() {
        let cause = innermost(PERSISTENCE).expect("a cause");
        assert_eq!(cause.line(), "JdbcBatchUpdateException: Value too long for column \"TEXT_\" [22001-232]");
        assert_eq!(cause.statement.as_deref(), Some("insert into ACT_HI_VARINST"));
    }

    #[test]
    fn details_of_other_databases_come_along() {
        let trace = "a.b.Outer: failed\n\tat a.B.c(B.java:1)\nCaused by: org.postgresql.util.PSQLException: ERROR: duplicate key value violates unique constraint \"uq\"\n  Detail: Key (id)=(5) already exists.\n\tat a.B.d(B.java:2)\n";
        let line = innermost(trace).expect("a cause").line();
        assert_eq!(line, "PSQLException: ERROR: duplicate key value violates unique constraint \"uq\" Detail: Key (id)=(5) already exists.");
    }

    #[test]
    fn an_exception_without_a_message_tells_where_in_the_code_it_was_thrown() {
        let trace = "java.lang.reflect.InvocationTargetException\n\tat a.B.c(B.java:1)\nCaused by: java.lang.NullPointerException\n\tat com.acme.Booking.book(Booking.java:42)\n\t... 5 more";
        assert_eq!(innermost(trace).expect("a cause").line(), "NullPointerException: at com.acme.Booking.book(Booking.java:42)");
    }

    #[test]
    fn an_exception_without_causes_is_its_own_and_text_that_is_no_trace_has_none() {
        assert_eq!(
            innermost("com.acme.CarrierException: booking rejected\n\tat x.Y.z(Y.java:7)").expect("a cause").line(),
            "CarrierException: booking rejected"
        );
        for no_trace in ["", "details of P-1", "HTTP 503: try later", "{\"error\": 1}"] {
            assert_eq!(innermost(no_trace), None, "{no_trace}");
        }
    }

    #[test]
    fn messages_that_say_nothing_or_wrap_another_leave_the_cause_to_the_trace() {
        let cut = "x".repeat(666);
        let hiding = [
            "An exception occurred in the persistence layer. Please check the server logs for a detailed message and the entire exception stack trace.",
            "Unable to evaluate script while executing activity 'a' in the process definition with id 'b:1:c'",
            "java.lang.reflect.InvocationTargetException",
            "java.util.concurrent.CompletionException: java.lang.IllegalStateException: x",
            "org.camunda.bpm.engine.ProcessEngineException: could not; nested exception is java.lang.NullPointerException",
            "java.lang.NullPointerException: null",
            "null",
            "Error",
            "failed.",
            "  ",
            &cut,
        ];
        for message in hiding {
            assert!(hides_cause(Some(message)), "{message}");
        }
        assert!(hides_cause(None));
        for telling in ["HTTP 503 from https://ledger.example", "Unknown property used in expression: ${x}", "Connection refused", "carrier 503"] {
            assert!(!hides_cause(Some(telling)), "{telling}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_bounded_and_harmless_cause_or_none(text in "(Caused by: )?[a-z.$]{0,9}(: )?\\PC{0,40}(\n\tat a.b\\(c\\))?(\n\\PC{0,500}){0,6}") {
            if let Some(cause) = innermost(&text) {
                prop_assert!(cause.text.chars().count() <= MOST_CHARS + 1 && cause.exception.chars().count() <= MOST_CHARS + 1);
                let line = cause.line();
                prop_assert_eq!(crate::text::safe(&line), line.as_str());
            }
            hides_cause(Some(&text));
        }
    }
}
