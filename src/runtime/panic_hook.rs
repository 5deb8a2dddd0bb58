//! What a panic does to the terminal: restored first, then the message. The process still unwinds afterwards.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::thread::{self, ThreadId};

use super::guard;

/// The thread that owns the terminal; set with the hook, which is installed once.
static OWNER: OnceLock<ThreadId> = OnceLock::new();

/// Installs the hook, once in a process.
///
/// Only the thread that owns the terminal restores it: a panic in a task ends that task, while the program goes on drawing. Such a
/// panic is logged and otherwise left to whoever supervises the task.
pub(super) fn install(hint: Option<String>) {
    if OWNER.set(thread::current().id()).is_err() {
        return;
    }
    std::panic::set_hook(Box::new(move |info| report(info, hint.as_deref())));
}

fn report(info: &PanicHookInfo<'_>, hint: Option<&str>) {
    let owner = OWNER.get() == Some(&thread::current().id());
    if owner {
        guard::restore();
    }
    let backtrace = Backtrace::capture();
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    tracing::error!(%message, %place, thread = thread::current().name(), %backtrace, "panic");
    if owner {
        let mut text = format!("\nThis is a bug, and the program had to stop: {message}\n  at {place}\n");
        if let Some(hint) = hint {
            text.push_str(&format!("  {hint}\n"));
        }
        match backtrace.status() {
            BacktraceStatus::Captured => text.push_str(&format!("{backtrace}\n")),
            _ => text.push_str("  Run it with RUST_BACKTRACE=1 to see how it got there.\n"),
        }
        // Not eprint!: on a dead terminal that one panics again.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
