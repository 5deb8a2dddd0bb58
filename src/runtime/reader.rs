//! The reader thread: crossterm's blocking reader feeding a bounded channel. Interprets nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::Event;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Keys that may wait for the loop; beyond it they wait in the kernel.
const WAITING: usize = 1024;

/// Terminal events with the time each was read, which is where latency is counted from.
pub(super) struct Reader(mpsc::Receiver<(Instant, Event)>);

/// Starts reading the terminal. The thread cannot be stopped: it ends with the process.
///
/// crossterm's own async stream reads on the thread that polls it, and its read loop never returns once the tty is dead. Here only
/// this thread can spin, and the guardian ends the process soon after.
pub(super) fn start() -> io::Result<Reader> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("terminal-reader".to_owned()).stack_size(256 * 1024).spawn(move || {
        loop {
            match crossterm::event::read() {
                Ok(event) => {
                    if sender.blocking_send((Instant::now(), event)).is_err() {
                        return;
                    }
                }
                // Such as a size query that failed while the tty goes away. Whether it is lost is for the guardian to say.
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    })?;
    Ok(Reader(receiver))
}

impl Stream for Reader {
    type Item = (Instant, Event);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}
