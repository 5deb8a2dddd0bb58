//! The loop: waits, lets the program handle all that is waiting, draws at most one frame, and starts over. Generic over screen and
//! input, so that tests run it without a terminal.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::inbox::Inbox;
use super::pace::Pace;
use super::panic_hook::contained;
use super::program::{Directive, EffectRunner, Input, Program, ShutdownCause};
use super::screen::{CLIPBOARD_LIMIT, Screen};
use super::{Finish, Options};
use crate::model::section::Moment;

/// So many inputs, and as many facts, are handled before a frame is drawn: a flood must not hide the picture for ever.
const TURN_LIMIT: usize = 1024;

/// From so many letters that are waiting at once on, they are no keys that somebody pressed but a text that a terminal without bracketed
/// paste sends letter by letter: each would be a command, and a long text would keep the loop busy for seconds.
const BURST: usize = 256;

/// Letters that were read so soon after such a burst are its end.
const BURST_ENDS: Duration = Duration::from_millis(100);

/// How long to wait for a shell to continue the process. Time stands still for a stopped process, so this passes only where the stop
/// was void because nobody could end it.
const STOP_LIMIT: Duration = Duration::from_millis(200);

/// What the process, rather than the program's own world, tells the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// End, for this cause.
    Shutdown(ShutdownCause),
    /// Stop, as ctrl-Z does.
    Stop,
    /// The process was continued; someone else may have written on the terminal.
    Resumed,
}

/// Runs a program on any screen, fed by any stream of terminal events with the time each was read.
///
/// Input that ends, as a scripted one does, ends the loop with exit code 0 after a last frame.
///
/// # Errors
///
/// When the screen fails in a way that is not a hang-up.
pub async fn drive<P, S, I, R>(
    program: &mut P,
    screen: &mut S,
    input: I,
    facts: Inbox<P::Fact>,
    notices: mpsc::UnboundedReceiver<Notice>,
    runner: R,
    options: &Options,
) -> io::Result<Finish>
where
    P: Program,
    S: Screen,
    I: Stream<Item = (Instant, Event)> + Unpin,
    R: EffectRunner<P::Effect>,
{
    let pace = Pace::new(options.frame_interval);
    let mut turns = Turns { program, screen, input, facts, notices, runner, options, pace, wake: None, asked_at: None, burst: None, next: Next::Go };
    let finish = match turns.until_finish().await {
        Err(error) if is_hang_up(&error) => Finish::Shutdown(ShutdownCause::LostTerminal),
        other => other?,
    };
    if let Finish::Shutdown(cause) = finish {
        turns.shut_down(cause).await;
    }
    Ok(finish)
}

/// A terminal that is gone answers writes with EIO; a pipe in its place with EPIPE.
fn is_hang_up(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::IO, Errno::PIPE, Errno::NXIO, Errno::NOTTY].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

struct Turns<'a, P: Program, S, I, R> {
    program: &'a mut P,
    screen: &'a mut S,
    input: I,
    facts: Inbox<P::Fact>,
    notices: mpsc::UnboundedReceiver<Notice>,
    runner: R,
    options: &'a Options,
    pace: Pace,
    wake: Option<Instant>,
    /// When the oldest key that waits for its frame was read.
    asked_at: Option<Instant>,
    /// When the last letter of the last burst was read.
    burst: Option<Instant>,
    next: Next,
}

/// What the loop does after the turn. Anything but `Go` leaves the rest of the waiting input alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Stop,
    InputEnded,
    Finish(Finish),
}

enum Woken<F> {
    Notice(Notice),
    Input(Option<(Instant, Event)>),
    Fact(F),
    Wake,
    FrameDue,
}

impl<P, S, I, R> Turns<'_, P, S, I, R>
where
    P: Program,
    S: Screen,
    I: Stream<Item = (Instant, Event)> + Unpin,
    R: EffectRunner<P::Effect>,
{
    async fn until_finish(&mut self) -> io::Result<Finish> {
        loop {
            self.draw_if_due()?;
            self.plan_wake();
            let woken = self.wait().await;
            let mut letters = Vec::new();
            match woken {
                Woken::Input(Some((read_at, Event::Key(key)))) if letter(&key).is_some() => letters.push((read_at, key)),
                other => self.take(other)?,
            }
            // Without the scheduler's budget, which would cut a flood into frames of 128 inputs.
            unconstrained(self.take_waiting(letters)).await?;
            match self.next {
                Next::Go => {}
                Next::Stop => self.stop().await?,
                Next::InputEnded => {
                    self.draw()?;
                    return Ok(Finish::Quit(0));
                }
                Next::Finish(finish) => return Ok(finish),
            }
        }
    }

    /// The first thing to happen. The order of the branches is the order of urgency.
    async fn wait(&mut self) -> Woken<P::Fact> {
        let frame = self.pace.due(Instant::now());
        tokio::select! {
            biased;
            Some(notice) = self.notices.recv() => Woken::Notice(notice),
            event = self.input.next() => Woken::Input(event),
            () = sleep_until(frame.unwrap_or_else(Instant::now)), if frame.is_some() => Woken::FrameDue,
            fact = self.facts.next() => Woken::Fact(fact),
            () = sleep_until(self.wake.unwrap_or_else(Instant::now)), if self.wake.is_some() => Woken::Wake,
        }
    }

    /// Handles everything else that is waiting already, so that a flood costs one frame and not one for each.
    async fn take_waiting(&mut self, mut letters: Vec<(Instant, KeyEvent)>) -> io::Result<()> {
        for _ in 0..TURN_LIMIT {
            let event = poll_fn(|cx| Poll::Ready(if self.next == Next::Go { self.input.poll_next_unpin(cx) } else { Poll::Pending }));
            let Poll::Ready(event) = event.await else { break };
            match event {
                Some((read_at, Event::Key(key))) if letter(&key).is_some() => letters.push((read_at, key)),
                other => {
                    self.take_letters(std::mem::take(&mut letters))?;
                    if self.next == Next::Go {
                        self.take(Woken::Input(other))?;
                    }
                }
            }
        }
        self.take_letters(letters)?;
        for _ in 0..TURN_LIMIT {
            let fact = poll_fn(|cx| Poll::Ready(if self.next == Next::Go { self.facts.poll_next(cx) } else { Poll::Pending }));
            let Poll::Ready(fact) = fact.await else { break };
            self.take(Woken::Fact(fact))?;
        }
        Ok(())
    }

    /// Takes letters that were waiting: a few as the keys they are, a flood of them as the text that somebody pasted. A line end at its very
    /// end is the key that was pressed after it.
    fn take_letters(&mut self, letters: Vec<(Instant, KeyEvent)>) -> io::Result<()> {
        let goes_on = |(read_at, _): &(Instant, KeyEvent)| self.burst.is_some_and(|last| read_at.saturating_duration_since(last) < BURST_ENDS);
        if letters.len() < BURST && !letters.first().is_some_and(goes_on) {
            for (read_at, key) in letters {
                if self.next == Next::Go {
                    self.take_input(read_at, Input::Key(key))?;
                }
            }
            return Ok(());
        }
        let text: String = letters.iter().filter_map(|(_, key)| letter(key)).collect();
        let Some((read_at, last)) = letters.last().copied() else { return Ok(()) };
        self.burst = Some(read_at);
        self.take_input(read_at, Input::Paste(text.trim_end_matches('\n').to_owned()))?;
        if last.code == KeyCode::Enter && self.next == Next::Go {
            self.take_input(read_at, Input::Key(last))?;
        }
        Ok(())
    }

    fn take(&mut self, woken: Woken<P::Fact>) -> io::Result<()> {
        match woken {
            Woken::FrameDue => Ok(()),
            Woken::Notice(Notice::Shutdown(cause)) => {
                self.next = Next::Finish(Finish::Shutdown(cause));
                Ok(())
            }
            Woken::Notice(Notice::Stop) => {
                self.next = Next::Stop;
                Ok(())
            }
            Woken::Notice(Notice::Resumed) => self.resume(),
            Woken::Input(None) => {
                self.next = Next::InputEnded;
                Ok(())
            }
            Woken::Input(Some((read_at, event))) => input_of(event).map_or(Ok(()), |input| self.take_input(read_at, input)),
            Woken::Fact(fact) => {
                self.options.stats.record(|stats| stats.facts += 1);
                self.take_change(Input::Fact(fact))
            }
            Woken::Wake => self.take_change(Input::Tick),
        }
    }

    /// Something changed by itself: drawn when the pace allows.
    fn take_change(&mut self, input: Input<P::Fact>) -> io::Result<()> {
        self.handle(input)?;
        if self.program.take_dirty() {
            self.pace.want_soon();
        }
        Ok(())
    }

    /// The operator did something: drawn at once, and for a key the time until then is measured.
    fn take_input(&mut self, read_at: Instant, input: Input<P::Fact>) -> io::Result<()> {
        self.options.stats.record(|stats| stats.inputs += 1);
        let (is_key, is_resize) = (matches!(input, Input::Key(_)), matches!(input, Input::Resize(..)));
        self.handle(input)?;
        if self.program.take_dirty() || is_resize {
            self.pace.want_now();
            if is_key {
                self.asked_at.get_or_insert(read_at);
            }
        }
        Ok(())
    }

    fn handle(&mut self, input: Input<P::Fact>) -> io::Result<()> {
        let program = &mut *self.program;
        let directives = contained(|| program.handle(moment(), input)).unwrap_or_else(|panic| {
            // What is lost then is this one input. Should even the telling fail, the log has it.
            let _ = contained(|| program.handling_failed(moment(), &panic));
            Vec::new()
        });
        for directive in directives {
            match directive {
                Directive::Run(effect) => self.runner.run(effect),
                Directive::Suspend => self.next = Next::Stop,
                Directive::Bell => self.screen.bell()?,
                Directive::Copy(text) if text.len() <= CLIPBOARD_LIMIT => self.screen.copy(&text)?,
                Directive::Copy(text) => tracing::warn!(bytes = text.len(), "too long for the terminal's clipboard, not copied"),
                Directive::Quit(code) => {
                    self.next = Next::Finish(Finish::Quit(code));
                    break;
                }
            }
        }
        Ok(())
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        let now = Instant::now();
        match self.pace.due(now) {
            Some(due) if due <= now => self.draw(),
            _ => Ok(()),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let started = Instant::now();
        let program = &mut *self.program;
        let bytes = self.screen.draw(&mut |frame| {
            if let Err(panic) = contained(|| program.draw(frame)) {
                // Half a frame could be read as a whole one.
                frame.buffer_mut().reset();
                if contained(|| program.draw_failed(frame, &panic)).is_err() {
                    frame.buffer_mut().reset();
                }
            }
        })?;
        let ended = Instant::now();
        self.pace.drawn(ended);
        let asked_at = self.asked_at.take();
        self.options.stats.record(|stats| {
            stats.record_frame(ended - started, bytes);
            if let Some(asked_at) = asked_at {
                stats.record_latency(ended.saturating_duration_since(asked_at));
            }
        });
        Ok(())
    }

    /// A wake-up closer than one frame would only cause frames that nobody sees.
    fn plan_wake(&mut self) {
        let wait = self.program.wake_after(moment());
        self.wake = wait.and_then(|wait| Instant::now().checked_add(wait.max(self.options.frame_interval)));
    }

    /// Gives the terminal to the shell, stops, and takes it back when continued.
    async fn stop(&mut self) -> io::Result<()> {
        self.next = Next::Go;
        // A continuation that came before the stop is none.
        while let Ok(notice) = self.notices.try_recv() {
            if matches!(notice, Notice::Shutdown(_)) {
                return self.take(Woken::Notice(notice));
            }
        }
        self.screen.leave();
        self.screen.stop_process();
        let limit = Instant::now() + STOP_LIMIT;
        loop {
            match timeout_at(limit, self.notices.recv()).await {
                Ok(Some(notice @ Notice::Shutdown(_))) => return self.take(Woken::Notice(notice)),
                Ok(Some(Notice::Stop)) => {}
                Ok(Some(Notice::Resumed) | None) | Err(_) => return self.resume(),
            }
        }
    }

    fn resume(&mut self) -> io::Result<()> {
        self.screen.enter()?;
        self.handle(Input::Resumed)?;
        self.program.take_dirty();
        self.pace.want_now();
        Ok(())
    }

    /// The terminal goes back first: what follows may take its time, or be cut short.
    async fn shut_down(&mut self, cause: ShutdownCause) {
        self.screen.leave();
        let limit = Instant::now() + self.options.shutdown_limit;
        let directives = self.program.on_shutdown(moment(), cause);
        self.run_effects(directives);
        while !self.program.may_exit() {
            let Ok(fact) = timeout_at(limit, self.facts.next()).await else { return };
            let directives = self.program.handle(moment(), Input::Fact(fact));
            self.run_effects(directives);
        }
    }

    fn run_effects(&mut self, directives: Vec<Directive<P::Effect>>) {
        for directive in directives {
            if let Directive::Run(effect) = directive {
                self.runner.run(effect);
            }
        }
    }
}

/// The present, from tokio's clock so that tests with a paused clock see its time.
fn moment() -> Moment {
    Moment { instant: Instant::now().into_std(), wall: Timestamp::now() }
}

/// What a key types, if it types anything.
fn letter(key: &KeyEvent) -> Option<char> {
    let typed = match key.code {
        KeyCode::Char(sign) => sign,
        KeyCode::Enter => '\n',
        _ => return None,
    };
    (key.kind != KeyEventKind::Release && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)).then_some(typed)
}

fn input_of<F>(event: Event) -> Option<Input<F>> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) => Some(Input::Key(key)),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Mouse(mouse) => Some(Input::Mouse(mouse)),
        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
        Event::FocusGained => Some(Input::Focus(true)),
        Event::FocusLost => Some(Input::Focus(false)),
    }
}
