//! The program under test: small, and able to misbehave in every way the runtime must survive. Run inside a terminal by `pty`.

use std::process::ExitCode;
use std::time::Duration;

use bpmtop::runtime::{self, Directive, Finish, Input, Moment, Options, Panic, Program, ShutdownCause};
use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::widgets::Paragraph;

/// Set, the test binary is the probe.
pub const SWITCH: &str = "TERMINAL_PROBE";
/// Set, the probe asks for the mouse.
pub const MOUSE: &str = "TERMINAL_PROBE_MOUSE";
/// Set, the probe draws large changing frames for ever.
pub const FLOOD: &str = "TERMINAL_PROBE_FLOOD";
/// A file into which the probe writes why it was shut down.
pub const NOTE: &str = "TERMINAL_PROBE_NOTE";

/// So many milliseconds the probe goes on after the loop has ended, as a program does that has something under way.
pub const LINGER: &str = "TERMINAL_PROBE_LINGER";

#[derive(Default)]
struct Probe {
    size: (u16, u16),
    keys: usize,
    failed: usize,
    pasted: usize,
    resumed: usize,
    drawn: u32,
    task_lost: bool,
    hang: bool,
    fail_drawing: bool,
    fail_waking: bool,
    flood: bool,
}

enum Work {
    FailInTask,
    Hang,
}

impl Program for Probe {
    type Fact = ();
    type Effect = Work;

    fn handling_failed(&mut self, _: Moment, _: &Panic) {
        self.failed += 1;
    }

    fn handle(&mut self, _: Moment, input: Input<()>) -> Vec<Directive<Work>> {
        match input {
            Input::Key(key) => return self.handle_key(key.code),
            Input::Paste(text) => self.pasted += text.chars().count(),
            Input::Resumed => self.resumed += 1,
            Input::Fact(()) => self.task_lost = true,
            // The screen says that it hangs before it does.
            Input::Tick if self.hang => return vec![Directive::Run(Work::Hang)],
            _ => {}
        }
        vec![]
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        self.size = frame.area().as_size().into();
        self.drawn += 1;
        frame.render_widget(Paragraph::new(self.text()), frame.area());
        assert!(!self.fail_drawing, "drawing failed");
    }

    fn wake_after(&self, _: Moment) -> Option<Duration> {
        assert!(!self.fail_waking, "waking failed");
        (self.flood || self.hang).then_some(Duration::from_millis(1))
    }

    fn on_shutdown(&mut self, _: Moment, cause: ShutdownCause) -> Vec<Directive<Work>> {
        if let Some(note) = std::env::var_os(NOTE) {
            std::fs::write(note, format!("{cause:?}")).expect("the note can be written");
        }
        vec![]
    }
}

impl Probe {
    fn handle_key(&mut self, code: KeyCode) -> Vec<Directive<Work>> {
        self.keys += 1;
        match code {
            KeyCode::Char('q') => return vec![Directive::Quit(0)],
            KeyCode::Char('x') => return vec![Directive::Quit(3)],
            KeyCode::Char('z') => return vec![Directive::Suspend],
            KeyCode::Char('t') => return vec![Directive::Run(Work::FailInTask)],
            KeyCode::Char('p') => panic!("handling failed"),
            KeyCode::Char('d') => self.fail_drawing = !self.fail_drawing,
            KeyCode::Char('w') => self.fail_waking = true,
            KeyCode::Char('h') => self.hang = true,
            _ => {}
        }
        vec![]
    }

    fn text(&self) -> String {
        let (columns, rows) = self.size;
        let mut text = format!("ready\npid {}.\n{columns}x{rows}\nkeys {}.\npasted {}\nresumed {}\n", std::process::id(), self.keys, self.pasted, self.resumed);
        if self.failed > 0 {
            text.push_str(&format!("failed {}.\n", self.failed));
        }
        if self.task_lost {
            text.push_str("task lost\n");
        }
        if self.hang {
            text.push_str("hanging\n");
        }
        if self.fail_drawing {
            text.push_str("half a frame\n");
        }
        if self.flood {
            let letter = char::from(b'a' + (self.drawn % 26) as u8).to_string();
            (0..rows).for_each(|_| text.push_str(&format!("{}\n", letter.repeat(usize::from(columns)))));
        }
        text
    }
}

fn cause(finish: Finish) -> ShutdownCause {
    match finish {
        Finish::Shutdown(cause) => cause,
        Finish::Quit(code) => panic!("it quit by itself with {code}"),
    }
}

/// Runs the probe on the terminal it finds.
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let probe = Probe { flood: std::env::var_os(FLOOD).is_some(), ..Probe::default() };
    let options = Options {
        mouse: std::env::var_os(MOUSE).is_some(),
        panic_hint: Some("the log is at /somewhere".to_owned()),
        shutdown_limit: Duration::from_millis(500),
        ..Options::default()
    };
    let stats = options.stats.clone();
    let (facts, inbox) = runtime::inbox(16);
    let runner = move |work| match work {
        Work::Hang => std::thread::sleep(Duration::from_secs(600)),
        Work::FailInTask => {
            let facts = facts.clone();
            tokio::spawn(async move {
                let task = tokio::spawn(async { panic!("task failed") });
                let _: Result<(), _> = task.await;
                facts.send(()).await.expect("the loop listens");
            });
        }
    };
    match runtime.block_on(runtime::run(probe, inbox, runner, options)) {
        Ok(finish) => {
            if let Some(time) = std::env::var(LINGER).ok().and_then(|time| time.parse().ok()) {
                std::thread::sleep(Duration::from_millis(time));
                std::fs::write(std::env::var_os(NOTE).expect("a note"), format!("{:?}, and lingered", cause(finish))).expect("the note can be written");
            }
            if let Finish::Quit(_) = finish {
                let p50 = stats.stats().latency().map_or(0, |latency| latency.p50_us);
                println!("goodbye p50_us={p50};");
            }
            ExitCode::from(finish.code())
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
