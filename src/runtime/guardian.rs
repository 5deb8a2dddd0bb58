//! The guardian thread: signals and the tty watchdog, alive even while the loop is stuck. It tells the loop first and ends the process
//! itself when the loop does not answer in time. It never prints.

use std::io;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::getppid;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::event_loop::Notice;
use super::guard;
use super::program::ShutdownCause;

/// How often the terminal is looked at. A hang-up is mostly signalled, or met by a frame; this catches the quiet rest, and bounds how
/// long the reader spins on a dead tty. One system call a second costs nothing.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// What the loop gets on top of the program's own shutdown limit.
const LOOP_GRACE: Duration = Duration::from_millis(500);
/// A key that is held, or pressed again because nothing seems to happen, is one interrupt. Whoever presses it later than that means it.
const ONE_PRESS: Duration = Duration::from_secs(2);
/// How long a terminal may take to accept the restoring bytes when the loop is stuck.
const RESTORE_LIMIT: Duration = Duration::from_millis(500);

/// Starts the guardian and returns what it tells the loop. It stays for the rest of the process, since a signal that has a handler
/// never gets its default back: once the loop is gone it ends the process at the first signal.
pub(super) fn start(shutdown_limit: Duration) -> io::Result<mpsc::UnboundedReceiver<Notice>> {
    let (notices, receiver) = mpsc::unbounded_channel();
    let (ready, started) = std_mpsc::channel();
    thread::Builder::new().name("terminal-guardian".to_owned()).stack_size(256 * 1024).spawn(move || {
        let (watch, runtime) = match watch_in_own_runtime() {
            Ok(started) => started,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(()));
        let cause = runtime.block_on(watch.until_end(&notices, shutdown_limit));
        runtime.block_on(give_time(notices, cause, shutdown_limit));
        end_process(cause)
    })?;
    started.recv().map_err(io::Error::other)??;
    Ok(receiver)
}

/// The caller's runtime may have one thread, and that one may be the stuck one.
fn watch_in_own_runtime() -> io::Result<(Watch, Runtime)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let watch = {
        let _inside = runtime.enter();
        Watch::new()?
    };
    Ok((watch, runtime))
}

struct Watch {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    stop: Signal,
    resume: Signal,
    had_parent: bool,
}

impl Watch {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            had_parent: has_parent(),
        })
    }

    async fn until_end(mut self, notices: &mpsc::UnboundedSender<Notice>, limit: Duration) -> ShutdownCause {
        let mut interrupted: Option<Instant> = None;
        let mut look = interval(WATCH_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return ShutdownCause::Terminated,
                _ = self.interrupt.recv() => {
                    let again = interrupted.replace(Instant::now());
                    if notices.is_closed() && again.is_none_or(|last| last.elapsed() > ONE_PRESS) {
                        return ShutdownCause::Interrupted;
                    }
                    // The loop ends in order. What it leaves under way, such as changes that are in flight, may take longer than the loop.
                    if notices.send(Notice::Shutdown(ShutdownCause::Interrupted)).is_ok() && timeout(limit + LOOP_GRACE, notices.closed()).await.is_err() {
                        return ShutdownCause::Interrupted;
                    }
                    interrupted = Some(Instant::now());
                }
                _ = self.hang_up.recv() => return ShutdownCause::HungUp,
                _ = self.stop.recv() => drop(notices.send(Notice::Stop)),
                _ = self.resume.recv() => drop(notices.send(Notice::Resumed)),
                _ = look.tick() => {}
            }
            // Once the loop is over the terminal is no longer needed.
            if interrupted.is_some() && notices.is_closed() {
                continue;
            }
            if !guard::terminal_answers() || (self.had_parent && !has_parent()) {
                return ShutdownCause::LostTerminal;
            }
        }
    }
}

fn has_parent() -> bool {
    getppid().is_some_and(|parent| !parent.is_init())
}

/// Tells the loop and waits until the process would have ended by itself. Without a loop there is nothing to wait for.
async fn give_time(notices: mpsc::UnboundedSender<Notice>, cause: ShutdownCause, limit: Duration) {
    if notices.send(Notice::Shutdown(cause)).is_ok() {
        sleep(limit + LOOP_GRACE).await;
    }
}

/// Restores as far as the terminal lets it, then ends the process. The restore has a thread of its own because a terminal that takes
/// no bytes would keep it for ever.
fn end_process(cause: ShutdownCause) -> ! {
    let (done, restored) = std_mpsc::channel();
    let restoring = thread::Builder::new().spawn(move || {
        guard::restore_by_force();
        let _ = done.send(());
    });
    if restoring.is_ok() {
        let _ = restored.recv_timeout(RESTORE_LIMIT);
    }
    std::process::exit(i32::from(cause.exit_code()))
}
