//! What a panic does. One of the program's own work, such as drawing a page, is contained: it is logged, and the loop goes on, for an action
//! may be under way. Any other of the loop restores the terminal first and then shows its message; the process still unwinds afterwards.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, Once, PoisonError};

use super::guard;
use super::program::Panic;

thread_local! {
    /// Whether this thread is inside the loop right now. Not "is the loop's thread": on a runtime of one thread the tasks share it.
    static IN_LOOP: Cell<bool> = const { Cell::new(false) };

    /// Whether a panic of this thread is contained right now.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };

    /// What the hook learned of the panic that is being contained.
    static CAUGHT: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// How often a contained panic came from each place. A page that cannot be drawn panics with every frame: the log must not fill up with it.
static SEEN: Mutex<Vec<(String, u64)>> = Mutex::new(Vec::new());

/// Places that are counted.
const MOST_PLACES: usize = 64;

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

/// Does a part of the program's work. Should it panic, that part is lost and nothing else.
///
/// What the work changed stays half changed. That is right for a screen, whose state no engine depends on; whatever changes an engine runs in
/// tasks of its own.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    let outer = CONTAINED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(outer);
    done.map_err(|payload| {
        // Without the hook, as in tests of the loop, the payload is all there is.
        CAUGHT.take().unwrap_or_else(|| {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
            Panic { message, place: "an unknown place".to_owned() }
        })
    })
}

/// Whether this panic is to be logged: the first from its place, the second, the fourth, and so on.
fn is_news(place: &str) -> Option<u64> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let at = seen.iter().position(|(known, _)| known == place);
    let count = match at {
        Some(at) => &mut seen[at].1,
        None if seen.len() < MOST_PLACES => {
            seen.push((place.to_owned(), 0));
            &mut seen.last_mut()?.1
        }
        None => return None,
    };
    *count += 1;
    count.is_power_of_two().then_some(*count)
}

/// Shows the message that waited for the terminal. For whoever restores it while the thread unwinds.
pub(super) fn show_unshown() {
    if let Some(text) = UNSHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        show(&text);
    }
}

fn report(info: &PanicHookInfo<'_>, hint: Option<&str>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    if CONTAINED.get() {
        if let Some(times) = is_news(&place) {
            tracing::error!(%message, %place, times, backtrace = %Backtrace::capture(), "panic, contained");
        }
        CAUGHT.set(Some(Panic { message: message.to_owned(), place }));
        return;
    }
    if IN_LOOP.take() {
        guard::restore();
    }
    let backtrace = Backtrace::capture();
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
