//! The runtime on a real terminal: what a shell finds after the program quits, panics, is killed, stopped or loses its tty.
//! The binary starts itself again as the program under test, see `probe`. The loop's own rules are tested beside it, without a tty.

mod probe;
mod pty;

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use pty::{Pty, cpu_time, is_asleep_for, is_gone, process_state, wait_until};
use rustix::process::Signal;

fn main() -> ExitCode {
    if std::env::var_os(probe::SWITCH).is_some() {
        return probe::main();
    }
    let trial = |name: &str, run: fn() -> Result<(), Failed>| Trial::test(name, run);
    let trials = vec![
        trial("quitting_restores_the_terminal", quitting_restores_the_terminal),
        trial("the_exit_code_is_the_programs_own", the_exit_code_is_the_programs_own),
        trial("a_panic_while_drawing_costs_its_frame", a_panic_while_drawing_costs_its_frame),
        trial("a_panic_while_handling_costs_its_input", a_panic_while_handling_costs_its_input),
        trial("a_panic_of_the_loop_restores_and_stays_readable", || panic_restores("w", "waking failed")),
        trial("ctrl_c_arrives_behind_a_sequence_that_never_ends", ctrl_c_arrives_behind_a_sequence_that_never_ends),
        trial("ctrl_z_arrives_behind_a_sequence_that_never_ends", ctrl_z_arrives_behind_a_sequence_that_never_ends),
        trial("ctrl_c_pressed_again_and_again_ends_once", ctrl_c_pressed_again_and_again_ends_once),
        trial("a_flood_of_letters_keeps_nobody_waiting", a_flood_of_letters_keeps_nobody_waiting),
        trial("a_panic_in_a_task_leaves_the_screen_alone", a_panic_in_a_task_leaves_the_screen_alone),
        trial("sigterm_restores_and_exits_143", || signal_restores(Signal::TERM, 143, "Terminated")),
        trial("sighup_restores_and_exits_129", || signal_restores(Signal::HUP, 129, "HungUp")),
        trial("sigint_restores_and_exits_130", || signal_restores(Signal::INT, 130, "Interrupted")),
        trial("a_stuck_program_is_ended_and_restored_by_the_guardian", a_stuck_program_is_ended_and_restored_by_the_guardian),
        trial("a_stalled_terminal_does_not_stop_sigterm", a_stalled_terminal_does_not_stop_sigterm),
        trial("ctrl_z_hands_the_terminal_to_the_shell_and_back", || stop_and_continue(|pty, _| pty.send("z"))),
        trial("an_outside_sigtstp_does_the_same", || stop_and_continue(|_, pid| pty::signal(pid, Signal::TSTP))),
        trial("ctrl_z_without_a_shell_does_not_hang", ctrl_z_without_a_shell_does_not_hang),
        trial("an_outside_sigstop_is_repaired_when_continued", an_outside_sigstop_is_repaired_when_continued),
        trial("a_dead_terminal_ends_the_program_soon_and_cheaply", a_dead_terminal_ends_the_program_soon_and_cheaply),
        trial("a_resize_is_drawn", a_resize_is_drawn),
        trial("a_paste_arrives_whole", a_paste_arrives_whole),
        trial("keys_are_answered_quickly", keys_are_answered_quickly),
        trial("a_pipe_is_told_about_snapshot", a_pipe_is_told_about_snapshot),
        trial("a_dumb_terminal_is_named", a_dumb_terminal_is_named),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn quitting_restores_the_terminal() -> Result<(), Failed> {
    let mut pty = Pty::start(&[(probe::MOUSE, "1")]);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    assert!(pty.screen().alternate_screen() && pty.screen().bracketed_paste() && pty.screen().hide_cursor());
    assert_ne!(pty.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    assert_ne!(pty.modes(), before, "raw mode is on");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored(&before);
    assert!(pty.screen().contents().contains("goodbye"), "the shell's screen is back: {}", pty.screen().contents());
    Ok(())
}

fn the_exit_code_is_the_programs_own() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send("x");
    assert_eq!(pty.exit_code(), 3);
    Ok(())
}

fn panic_restores(key: &str, message: &str) -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    pty.send(key);
    assert_eq!(pty.exit_code(), 101);
    pty.assert_restored(&before);
    let text = pty.screen().contents();
    for expected in [message, "This is a bug", "tests/terminal/probe.rs", "the log is at", "RUST_BACKTRACE=1"] {
        assert!(text.contains(expected), "{expected:?} is readable in:\n{text}");
    }
    assert!(!text.contains("half a frame"), "nothing of the broken frame reached the shell:\n{text}");
    Ok(())
}

fn a_panic_while_drawing_costs_its_frame() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send("d");
    pty.wait_for("This could not be drawn: drawing failed");
    let text = pty.screen().contents();
    assert!(text.contains("tests/terminal/probe.rs") && !text.contains("half a frame"), "{text}");
    assert!(pty.screen().alternate_screen(), "the program goes on");
    pty.send("d");
    pty.wait_for("keys 2.");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    Ok(())
}

fn a_panic_while_handling_costs_its_input() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send("pp");
    pty.wait_for("failed 2.");
    pty.send("x");
    assert_eq!(pty.exit_code(), 3);
    assert!(!pty.screen().contents().contains("This is a bug"));
    Ok(())
}

/// What swallows every key behind it: a paste that broke off, the report of a mouse that broke off, a title that never ends.
const UNFINISHED: [&str; 4] = ["\x1b[200~some text", "\x1b[<0;1", "\x1b[99999999", "\x1bO"];

fn ctrl_c_arrives_behind_a_sequence_that_never_ends() -> Result<(), Failed> {
    for begun in UNFINISHED {
        let mut pty = Pty::start(&[]);
        let before = pty.modes_at_start();
        pty.wait_for("ready");
        pty.send(begun);
        pty.send("\x03");
        assert_eq!(pty.exit_code(), 130, "{begun:?}");
        pty.assert_restored(&before);
    }
    Ok(())
}

fn ctrl_z_arrives_behind_a_sequence_that_never_ends() -> Result<(), Failed> {
    let mut pty = Pty::start_shell("set -m; \"$0\"; echo \"stopped, $?\"; read line; fg; echo \"left with $?\"");
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    pty.send("\x1b[200~some text\x1a");
    pty.wait_for("stopped, ");
    pty.assert_restored(&before);
    pty.send("\n");
    pty.wait_for("resumed 1");
    pty.send("\x03");
    pty.wait_for("left with 130");
    pty.assert_restored(&before);
    Ok(())
}

fn ctrl_c_pressed_again_and_again_ends_once() -> Result<(), Failed> {
    let note = tempfile::NamedTempFile::new()?;
    let mut pty = Pty::start(&[(probe::NOTE, note.path().to_str().expect("a plain path")), (probe::LINGER, "700")]);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    for _ in 0..12 {
        pty.send("\x03");
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(pty.exit_code(), 130);
    pty.assert_restored(&before);
    assert_eq!(std::fs::read_to_string(note.path())?, "Interrupted, and lingered", "what was left under way was waited for");
    Ok(())
}

fn a_flood_of_letters_keeps_nobody_waiting() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send(&"j".repeat(200_000));
    let typed = std::time::Instant::now();
    pty.send("\x03");
    assert_eq!(pty.exit_code(), 130);
    assert!(typed.elapsed() < Duration::from_secs(3), "it took {:?}", typed.elapsed());
    Ok(())
}

fn a_panic_in_a_task_leaves_the_screen_alone() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send("t");
    pty.wait_for("task lost");
    assert!(pty.screen().alternate_screen());
    assert!(!pty.screen().contents().contains("task failed"), "its message is for the log");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    Ok(())
}

fn signal_restores(signal: Signal, code: u32, cause: &str) -> Result<(), Failed> {
    let note = tempfile::NamedTempFile::new()?;
    let mut pty = Pty::start(&[(probe::NOTE, note.path().to_str().expect("a plain path"))]);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    pty::signal(pty.pid(), signal);
    assert_eq!(pty.exit_code(), code);
    pty.assert_restored(&before);
    assert_eq!(std::fs::read_to_string(note.path())?, cause, "the program had its chance");
    Ok(())
}

fn a_stuck_program_is_ended_and_restored_by_the_guardian() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    pty.send("h");
    pty.wait_for("hanging");
    pty::signal(pty.pid(), Signal::TERM);
    assert_eq!(pty.exit_code(), 143);
    pty.assert_restored(&before);
    Ok(())
}

/// Nobody reads the terminal, so the program is stuck in a write; what it wrote last still takes the terminal back to the shell.
fn a_stalled_terminal_does_not_stop_sigterm() -> Result<(), Failed> {
    let script = "\"$0\"; echo \"left with $?\"; read line";
    let mut pty = Pty::start_unread_shell(script, &[(probe::FLOOD, "1")]);
    let before = pty.modes_at_start();
    let pid = pty.pid_of_child();
    wait_until("the program is stuck in a write", || is_asleep_for(pid, Duration::from_millis(300)));
    pty::signal(pid, Signal::TERM);
    wait_until("the program ends", || is_gone(pid));
    pty.read_from_now_on();
    pty.wait_for("left with 143");
    assert!(pty.wrote("\x1b[?1049l") && pty.wrote("\x1b[?25h"), "what a late reader finds takes it back to the shell");
    pty.assert_restored(&before);
    Ok(())
}

fn stop_and_continue(stop: fn(&mut Pty, i32)) -> Result<(), Failed> {
    let script = "set -m; \"$0\"; echo \"stopped, $?\"; read line; fg; echo \"left with $?\"";
    let mut pty = Pty::start_shell(script);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    let pid = pty.shown_pid();
    stop(&mut pty, pid);
    pty.wait_for("stopped, ");
    assert_eq!(process_state(pid), 'T');
    pty.assert_restored(&before);
    pty.send("\n");
    pty.wait_for("resumed 1");
    assert!(pty.screen().alternate_screen() && pty.screen().bracketed_paste() && pty.screen().hide_cursor());
    assert!(pty.screen().contents().contains("ready"), "the whole screen is drawn again");
    pty.send("x");
    pty.wait_for("left with 3");
    pty.assert_restored(&before);
    Ok(())
}

fn ctrl_z_without_a_shell_does_not_hang() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send("z");
    pty.wait_for("resumed 1");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    Ok(())
}

fn an_outside_sigstop_is_repaired_when_continued() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    let before = pty.modes_at_start();
    pty.wait_for("ready");
    pty::signal(pty.pid(), Signal::STOP);
    wait_until("the program is stopped", || process_state(pty.pid()) == 'T');
    pty.forget_screen();
    pty::signal(pty.pid(), Signal::CONT);
    pty.wait_for("resumed 1");
    assert!(pty.screen().alternate_screen() && pty.screen().contents().contains("ready"));
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    pty.assert_restored(&before);
    Ok(())
}

/// In a session of its own without a controlling terminal no signal says that the other end is gone.
fn a_dead_terminal_ends_the_program_soon_and_cheaply() -> Result<(), Failed> {
    let note = tempfile::NamedTempFile::new()?;
    let pty = Pty::start_without_hang_up(&[(probe::NOTE, note.path().to_str().expect("a plain path"))]);
    let pid = pty.pid();
    let before = cpu_time(pid);
    let mut child = pty.close();
    let closed = std::time::Instant::now();
    wait_until("the program ends", || process_state(pid) == 'Z');
    assert!(closed.elapsed() < Duration::from_secs(5), "it took {:?}", closed.elapsed());
    let burnt = cpu_time(pid) - before;
    assert!(burnt < Duration::from_millis(2500), "it burnt {burnt:?}");
    assert_eq!(child.wait()?.exit_code(), 129);
    assert_eq!(std::fs::read_to_string(note.path())?, "LostTerminal", "the program had its chance");
    Ok(())
}

fn a_resize_is_drawn() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("80x24");
    pty.resize(100, 30);
    pty.wait_for("100x30");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    Ok(())
}

fn a_paste_arrives_whole() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    pty.send("\x1b[200~qqq\nqqq\x1b[201~");
    pty.wait_for("pasted 7");
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    Ok(())
}

fn keys_are_answered_quickly() -> Result<(), Failed> {
    let mut pty = Pty::start(&[]);
    pty.wait_for("ready");
    for count in 1..=20 {
        pty.send("k");
        pty.wait_for(&format!("keys {count}."));
    }
    pty.send("q");
    assert_eq!(pty.exit_code(), 0);
    let text = pty.screen().contents().replace('\n', "");
    let p50: u32 = text.split("p50_us=").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok()).expect("the figures are printed");
    assert!(p50 < 20_000, "half of the keys took more than {p50} µs");
    Ok(())
}

fn a_pipe_is_told_about_snapshot() -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?).env(probe::SWITCH, "1").env("TERM", "xterm").stdin(Stdio::null()).output()?;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr)?, "bpmtop needs a terminal; for scripts use `bpmtop snapshot --json`\n");
    assert!(output.stdout.is_empty(), "no control sequence lands in a file");
    Ok(())
}

fn a_dumb_terminal_is_named() -> Result<(), Failed> {
    let mut pty = Pty::start(&[("TERM", "dumb")]);
    assert_eq!(pty.exit_code(), 1);
    let text = pty.screen().contents().replace('\n', "");
    assert!(text.contains("TERM is `dumb`") && text.contains("bpmtop snapshot --json"), "{text}");
    Ok(())
}
