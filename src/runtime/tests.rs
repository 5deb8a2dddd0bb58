//! The loop on a test backend, with a scripted operator and a paused clock. The real terminal is met in `tests/terminal`.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::Stream;
use futures_util::stream::{self, StreamExt};
use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::*;

/// Keeps what it was told, and shows how much that was.
#[derive(Default)]
struct Toy {
    seen: Vec<Input<u32>>,
    clean: bool,
    wake: Option<Duration>,
    exit_after: Option<u32>,
    fails_drawing: bool,
    failed: usize,
}

impl Program for Toy {
    type Fact = u32;
    type Effect = u32;

    fn handle(&mut self, _: Moment, input: Input<u32>) -> Vec<Directive<u32>> {
        assert!(self.seen.len() < 10_000, "the loop spins");
        let answer = match &input {
            Input::Key(key) if key.code == KeyCode::Char('q') => vec![Directive::Quit(7), Directive::Bell],
            Input::Key(key) if key.code == KeyCode::Char('z') => vec![Directive::Suspend],
            Input::Key(key) if key.code == KeyCode::Char('e') => vec![Directive::Run(5)],
            Input::Key(key) if key.code == KeyCode::Char('p') => panic!("handling failed"),
            Input::Key(key) if key.code == KeyCode::Char('d') => {
                self.fails_drawing = !self.fails_drawing;
                vec![]
            }
            Input::Key(key) if key.code == KeyCode::Char('c') => vec![Directive::Copy("id".into()), Directive::Copy("x".repeat(60_000))],
            _ => vec![],
        };
        if let Input::Fact(fact) = input {
            self.exit_after = self.exit_after.filter(|awaited| *awaited != fact);
        }
        self.seen.push(input);
        answer
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        frame.render_widget(format!("seen {}", self.seen.len()), frame.area());
        assert!(!self.fails_drawing, "drawing failed");
    }

    fn handling_failed(&mut self, _: Moment, panic: &Panic) {
        assert_eq!(panic.message, "handling failed");
        self.failed += 1;
    }

    fn take_dirty(&mut self) -> bool {
        !self.clean
    }

    fn wake_after(&self, _: Moment) -> Option<Duration> {
        self.wake
    }

    fn on_shutdown(&mut self, _: Moment, _: ShutdownCause) -> Vec<Directive<u32>> {
        self.exit_after.map(Directive::Run).into_iter().collect()
    }

    fn may_exit(&self) -> bool {
        self.exit_after.is_none()
    }
}

/// A test backend that keeps a diary of what the loop did, with the time since the start.
struct Diary {
    terminal: Terminal<TestBackend>,
    started: Instant,
    entries: Vec<(u64, String)>,
    fails_with: Option<i32>,
}

impl Diary {
    fn new() -> Self {
        let terminal = Terminal::new(TestBackend::new(12, 1)).expect("a test backend never fails");
        Self { terminal, started: Instant::now(), entries: vec![], fails_with: None }
    }

    fn note(&mut self, entry: impl Into<String>) {
        self.entries.push((self.started.elapsed().as_millis() as u64, entry.into()));
    }

    fn frames(&self) -> Vec<(u64, &str)> {
        self.entries.iter().filter(|(_, entry)| entry.starts_with("seen")).map(|(at, entry)| (*at, entry.as_str())).collect()
    }

    fn entries(&self) -> Vec<&str> {
        self.entries.iter().map(|(_, entry)| entry.as_str()).collect()
    }
}

impl Screen for Diary {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<usize> {
        if let Some(errno) = self.fails_with {
            return Err(io::Error::from_raw_os_error(errno));
        }
        self.terminal.draw(|frame| paint(frame)).expect("a test backend never fails");
        let text: String = self.terminal.backend().buffer().content().iter().map(|cell| cell.symbol()).collect();
        self.note(text.trim_end());
        Ok(text.len())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.note(format!("copy {text}"));
        Ok(())
    }

    fn bell(&mut self) -> io::Result<()> {
        self.note("bell");
        Ok(())
    }

    fn leave(&mut self) {
        self.note("leave");
    }

    fn enter(&mut self) -> io::Result<()> {
        self.note("enter");
        Ok(())
    }

    fn stop_process(&mut self) {
        self.note("stop");
    }
}

type Script = Pin<Box<dyn Stream<Item = (Instant, Event)>>>;

fn key(letter: char) -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))
}

/// Types each text after its pause in milliseconds, then leaves the keyboard alone.
fn typed(script: &'static [(u64, &'static str)]) -> Script {
    let words = stream::iter(script).then(|(pause, text)| async move {
        sleep(Duration::from_millis(*pause)).await;
        stream::iter(text.chars().map(|letter| (Instant::now(), key(letter))))
    });
    Box::pin(words.flatten().chain(stream::pending()))
}

struct Played {
    toy: Toy,
    screen: Diary,
    finish: io::Result<Finish>,
    effects: Vec<u32>,
    stats: Stats,
    took: Duration,
}

/// One run; `facts` and `notices` stay with the test, which may send before or from a task.
async fn play(mut toy: Toy, mut screen: Diary, input: Script, facts: Inbox<u32>, notices: mpsc::UnboundedReceiver<Notice>) -> Played {
    let effects = Rc::new(RefCell::new(vec![]));
    let options = Options::default();
    let started = Instant::now();
    let runner = {
        let effects = effects.clone();
        move |effect| effects.borrow_mut().push(effect)
    };
    let finish = drive(&mut toy, &mut screen, input, facts, notices, runner, &options).await;
    Played { toy, screen, finish, effects: effects.take(), stats: options.stats.stats(), took: started.elapsed() }
}

async fn play_keys(script: &'static [(u64, &'static str)]) -> Played {
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    play(Toy::default(), Diary::new(), typed(script), inbox, notices).await
}

#[tokio::test(start_paused = true)]
async fn a_key_draws_at_once_however_fresh_the_last_frame() {
    let played = play_keys(&[(5, "a"), (1, "b"), (1, "q")]).await;
    assert_eq!(played.screen.frames(), [(0, "seen 0"), (5, "seen 1"), (6, "seen 2")]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_keys_costs_one_frame() {
    // A channel like the reader's: it takes part in the scheduler's budget.
    let (keyboard, mut typed) = mpsc::channel(1024);
    for _ in 0..900 {
        keyboard.try_send((Instant::now(), Event::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE)))).expect("there is room");
    }
    let input = stream::poll_fn(move |cx| typed.poll_recv(cx));
    tokio::spawn(async move {
        sleep(Duration::from_millis(50)).await;
        keyboard.send((Instant::now(), key('q'))).await
    });
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let played = play(Toy::default(), Diary::new(), Box::pin(input), inbox, notices).await;
    assert_eq!(played.screen.frames(), [(0, "seen 0"), (0, "seen 900")]);
}

#[tokio::test(start_paused = true)]
async fn an_endless_flood_still_shows_frames() {
    let down = || Event::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
    let flood = stream::iter((0..3000).map(move |_| (Instant::now(), down())));
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let played = play(Toy::default(), Diary::new(), Box::pin(flood), inbox, notices).await;
    assert_eq!(played.screen.frames().len(), 4, "the first, two on the way, the last: {:?}", played.screen.frames());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_letters_is_a_text_and_no_row_of_commands() {
    let flood = stream::iter((0..200_000).map(|_| (Instant::now(), key('q'))));
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let played = play(Toy::default(), Diary::new(), Box::pin(flood), inbox, notices).await;
    assert_eq!(played.finish.expect("no error"), Finish::Quit(0), "no letter of it was the key that leaves");
    let pasted: usize = played.toy.seen.iter().map(|input| if let Input::Paste(text) = input { text.len() } else { 0 }).sum();
    assert_eq!(pasted, 200_000);
    assert!(played.toy.seen.len() < 250, "{} inputs", played.toy.seen.len());
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_typed_very_fast_ends_with_its_key() {
    let line = "a".repeat(BURST_OF_A_LINE);
    let keys: Vec<_> = line.chars().map(key).chain([Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE))]).collect();
    let input = stream::iter(keys).map(|event| (Instant::now(), event));
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let played = play(Toy::default(), Diary::new(), Box::pin(input), inbox, notices).await;
    assert_eq!(played.toy.seen[0], Input::Paste(line));
    assert!(matches!(&played.toy.seen[1], Input::Key(key) if key.code == KeyCode::Enter));
}

const BURST_OF_A_LINE: usize = 300;

#[tokio::test(start_paused = true)]
async fn a_frame_that_panics_is_replaced_and_the_next_one_is_drawn_again() {
    let played = play_keys(&[(1, "d"), (1, "a"), (1, "d"), (1, "q")]).await;
    assert_eq!(played.finish.expect("no error"), Finish::Quit(7));
    let frames: Vec<_> = played.screen.entries().into_iter().map(str::trim).collect();
    assert_eq!(frames[..4], ["seen 0", "This could n", "This could n", "seen 3"], "{frames:?}");
}

#[tokio::test(start_paused = true)]
async fn an_input_that_panics_is_lost_and_nothing_else() {
    let (facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    facts.try_send(3).expect("there is room");
    let played = play(Toy::default(), Diary::new(), typed(&[(1, "ppp"), (1, "e"), (1, "q")]), inbox, notices).await;
    assert_eq!(played.finish.expect("no error"), Finish::Quit(7));
    assert_eq!((played.toy.failed, played.effects), (3, vec![5]));
}

#[tokio::test(start_paused = true)]
async fn frames_caused_by_facts_are_capped_near_thirty_a_second() {
    let (facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for fact in 0..1000 {
            sleep(Duration::from_millis(1)).await;
            facts.send(fact).await.expect("the loop listens");
        }
    });
    let played = play(Toy::default(), Diary::new(), typed(&[(1000, "q")]), inbox, notices).await;
    let frames = played.screen.frames().len();
    assert!((28..=32).contains(&frames), "{frames} frames in a second of a thousand facts");
    assert!(played.toy.seen.len() >= 999, "no fact is lost");
}

#[tokio::test(start_paused = true)]
async fn a_lone_fact_is_drawn_without_waiting() {
    let (facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        sleep(Duration::from_millis(500)).await;
        facts.send(1).await.expect("the loop listens");
    });
    let played = play(Toy::default(), Diary::new(), typed(&[(600, "q")]), inbox, notices).await;
    assert_eq!(played.screen.frames(), [(0, "seen 0"), (500, "seen 1")]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_drawn_when_nothing_changed() {
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let toy = Toy { clean: true, ..Toy::default() };
    let played = play(toy, Diary::new(), typed(&[(50, "a"), (50, "b"), (50, "q")]), inbox, notices).await;
    assert_eq!(played.screen.frames(), [(0, "seen 0")]);
    assert_eq!(played.stats.latency(), None, "a key without a frame has no latency");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_asks_is_woken() {
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let toy = Toy { wake: Some(Duration::from_secs(1)), ..Toy::default() };
    let played = play(toy, Diary::new(), typed(&[(2500, "q")]), inbox, notices).await;
    let whole: Vec<_> = played.screen.frames().iter().map(|(at, text)| (at / 100, *text)).collect();
    assert_eq!(whole, [(0, "seen 0"), (10, "seen 1"), (20, "seen 2")]);
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_of_zero_does_not_spin() {
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let toy = Toy { wake: Some(Duration::ZERO), ..Toy::default() };
    let played = play(toy, Diary::new(), typed(&[(1000, "q")]), inbox, notices).await;
    assert!(played.toy.seen.len() <= 32, "{} ticks in a second", played.toy.seen.len());
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_state_arrives() {
    let (state, watched) = watch::channel(1);
    let (_facts, inbox) = inbox(8);
    let inbox = inbox.with_state(watched, |state| state * 100);
    let (_notices, notices) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        sleep(Duration::from_millis(100)).await;
        for value in 2..50 {
            state.send_replace(value);
        }
        std::future::pending::<()>().await;
    });
    let played = play(Toy::default(), Diary::new(), typed(&[(500, "q")]), inbox, notices).await;
    assert_eq!(played.toy.seen[..2], [Input::Fact(100), Input::Fact(4900)]);
}

#[tokio::test(start_paused = true)]
async fn quitting_carries_the_exit_code_and_drops_the_rest() {
    let played = play_keys(&[(5, "eqe")]).await;
    assert_eq!(played.finish.expect("no failure"), Finish::Quit(7));
    assert_eq!(played.effects, [5]);
    assert!(!played.screen.entries().contains(&"bell"));
}

#[tokio::test(start_paused = true)]
async fn a_copy_too_long_for_terminals_is_not_sent() {
    let played = play_keys(&[(5, "c"), (5, "q")]).await;
    let copies: Vec<_> = played.screen.entries().into_iter().filter(|entry| entry.starts_with("copy")).collect();
    assert_eq!(copies, ["copy id"]);
}

#[tokio::test(start_paused = true)]
async fn suspending_gives_the_terminal_away_and_redraws_after() {
    let played = play_keys(&[(5, "z"), (1000, "q")]).await;
    assert_eq!(played.screen.entries(), ["seen 0", "leave", "stop", "enter", "seen 2"]);
    assert_eq!(played.toy.seen[1], Input::Resumed);
}

#[tokio::test(start_paused = true)]
async fn a_continuation_from_outside_takes_the_terminal_again() {
    let (_facts, inbox) = inbox(8);
    let (sender, notices) = mpsc::unbounded_channel();
    sender.send(Notice::Resumed).expect("the loop listens");
    let played = play(Toy::default(), Diary::new(), typed(&[(5, "q")]), inbox, notices).await;
    assert_eq!(played.screen.entries(), ["seen 0", "enter", "seen 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_signal_restores_first_and_waits_for_what_must_be_written() {
    let (facts, inbox) = inbox(8);
    let (sender, notices) = mpsc::unbounded_channel();
    sender.send(Notice::Shutdown(ShutdownCause::Terminated)).expect("the loop listens");
    tokio::spawn(async move {
        sleep(Duration::from_millis(300)).await;
        facts.send(42).await.expect("the loop listens");
    });
    let toy = Toy { exit_after: Some(42), ..Toy::default() };
    let played = play(toy, Diary::new(), typed(&[]), inbox, notices).await;
    assert_eq!(played.finish.expect("no failure").code(), 143);
    assert_eq!((played.effects.as_slice(), played.took.as_millis()), ([42].as_slice(), 300));
    assert_eq!(played.screen.entries(), ["seen 0", "leave"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_never_completes_is_cut_at_its_limit() {
    let (_facts, inbox) = inbox(8);
    let (sender, notices) = mpsc::unbounded_channel();
    sender.send(Notice::Shutdown(ShutdownCause::HungUp)).expect("the loop listens");
    let toy = Toy { exit_after: Some(42), ..Toy::default() };
    let played = play(toy, Diary::new(), typed(&[]), inbox, notices).await;
    assert_eq!((played.finish.expect("no failure").code(), played.took.as_secs()), (129, 2));
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_refuses_a_frame_is_lost_and_a_full_disk_is_not() {
    for (errno, expected) in [(rustix::io::Errno::IO, Some(129)), (rustix::io::Errno::NOSPC, None)] {
        let (_facts, inbox) = inbox(8);
        let (_notices, notices) = mpsc::unbounded_channel();
        let screen = Diary { fails_with: Some(errno.raw_os_error()), ..Diary::new() };
        let played = play(Toy::default(), screen, typed(&[]), inbox, notices).await;
        assert_eq!(played.finish.ok().map(Finish::code), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn latency_counts_from_when_the_key_was_read() {
    let read_long_ago = stream::once(async {
        let read_at = Instant::now();
        sleep(Duration::from_millis(40)).await;
        (read_at, key('a'))
    });
    let (_facts, inbox) = inbox(8);
    let (_notices, notices) = mpsc::unbounded_channel();
    let played = play(Toy::default(), Diary::new(), Box::pin(read_long_ago.chain(typed(&[(5, "q")]))), inbox, notices).await;
    let latency = played.stats.latency().expect("one key was answered");
    assert_eq!((latency.keys, latency.p50_us / 1000), (1, 40));
    assert_eq!(played.stats.histogram().iter().find(|(_, keys)| *keys > 0), Some(&(64, 1)));
}

#[test]
fn latency_keeps_the_last_thousand() {
    let mut stats = Stats::default();
    (0..1500).for_each(|micros| stats.record_latency(Duration::from_micros(micros)));
    let latency = stats.latency().expect("there are some");
    assert_eq!((latency.keys, latency.p50_us, latency.p99_us, latency.max_us), (1000, 999, 1489, 1499));
}
