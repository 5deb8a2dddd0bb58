//! What a panic does to the terminal: restored first, then the message. The process still unwinds afterwards.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::future::poll_fn;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::pin::pin;
use std::sync::{Mutex, Once, PoisonError};

use super::guard;

thread_local! {
    /// Whether this thread is inside the loop right now. Not "is the loop's thread": on a runtime of one thread the tasks share it.
    static IN_LOOP: Cell<bool> = const { Cell::new(false) };
}

/// The message of a panic that could not be shown because the terminal was taken.
static UNSHOWN: Mutex<Option<String>> = Mutex::new(None);

/// Installs the hook, once in a process.
///
/// Only a panic of the loop restores the terminal at once. One in a task ends that task, while the program goes on drawing: it is
/// logged and otherwise left to whoever supervises the task.
pub(super) fn install(hint: Option<String>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(move |info| report(info, hint.as_deref()))));
}

/// Drives the loop, so that its panics are known from those of tasks.
pub(super) async fn watched<F: Future>(program_loop: F) -> F::Output {
    let mut program_loop = pin!(program_loop);
    poll_fn(move |cx| {
        IN_LOOP.set(true);
        let progress = program_loop.as_mut().poll(cx);
        IN_LOOP.set(false);
        progress
    })
    .await
}

/// Shows the message that waited for the terminal. For whoever restores it while the thread unwinds.
pub(super) fn show_unshown() {
    if let Some(text) = UNSHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        show(&text);
    }
}

fn report(info: &PanicHookInfo<'_>, hint: Option<&str>) {
    if IN_LOOP.take() {
        guard::restore();
    }
    let backtrace = Backtrace::capture();
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    tracing::error!(%message, %place, thread = std::thread::current().name(), %backtrace, "panic");
    let text = explain(message, &place, hint, &backtrace);
    // The newest only: an old one is a task's, and did not stop the program.
    let mut unshown = UNSHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *unshown = None;
    if guard::is_entered() {
        *unshown = Some(text);
    } else {
        show(&text);
    }
}

fn explain(message: &str, place: &str, hint: Option<&str>, backtrace: &Backtrace) -> String {
    let mut text = format!("\nThis is a bug, and the program had to stop: {message}\n  at {place}\n");
    if let Some(hint) = hint {
        text.push_str(&format!("  {hint}\n"));
    }
    match backtrace.status() {
        BacktraceStatus::Captured => text.push_str(&format!("{backtrace}\n")),
        _ => text.push_str("  Run it with RUST_BACKTRACE=1 to see how it got there.\n"),
    }
    text
}

/// Not `eprint!`: on a dead terminal that one panics again.
fn show(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
