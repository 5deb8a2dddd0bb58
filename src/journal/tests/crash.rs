//! What a crash, a full disk and other mishaps leave behind.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;

const NIGHT: &str = "2026-11-21T02:35:01Z";

/// Names the folder to a test that plays another process.
const FOLDER: &str = "BPMTOP_TEST_JOURNAL";

fn write_on(desk: &Desk, day: &str, bytes: &[u8]) {
    std::fs::OpenOptions::new().append(true).create(true).open(desk.file(day)).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_torn_line_is_kept_marked_by_the_next_one_and_no_tampering() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 2));
    write_on(&desk, "2026-11-21", br#"{"v":1,"seq":2,"prev":"#);
    let verified = desk.verify();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!(verified.torn.iter().map(Place::to_string).collect::<Vec<_>>(), ["2026-11-21.jsonl, line 2"]);
    desk.append(NIGHT, &sent("a1", 0));
    desk.append(NIGHT, &sent("a1", 1));
    let verified = desk.verify();
    assert!(verified.is_whole() && verified.lines == 3 && verified.torn.len() == 1, "{verified:?}");
    let text = std::fs::read_to_string(desk.file("2026-11-21")).unwrap();
    assert!(text.contains("\n{\"v\":1,\"seq\":2,\"prev\":\n{\"v\":1,\"seq\":2,"), "{text}");
    // What is kept is protected as everything else.
    std::fs::write(desk.file("2026-11-21"), text.replace("\"prev\":\n", "\"prov\":\n")).unwrap();
    assert_eq!(desk.verify().broken.unwrap().place.line, 2);
    std::fs::write(desk.file("2026-11-21"), text.replace("\n{\"v\":1,\"seq\":2,\"prev\":\n", "\n")).unwrap();
    assert_eq!(desk.verify().broken.unwrap().why, "it tells of an unfinished line before it, which is missing");
}

#[test]
fn a_line_torn_at_midnight_and_a_mark_torn_too_are_marked_together() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 2));
    write_on(&desk, "2026-11-21", b"{\"v\":1,");
    write_on(&desk, "2026-11-22", b"");
    let head = desk.append("2026-11-22T00:00:01Z", &sent("a1", 0));
    write_on(&desk, "2026-11-22", b"{\"v\"");
    write_on(&desk, "2026-11-22", b"\n{\"v\":1,\"se");
    assert_eq!(desk.journal.head().unwrap(), head);
    desk.append("2026-11-22T00:00:02Z", &sent("a1", 1));
    let verified = desk.verify();
    assert!(verified.is_whole() && verified.lines == 3 && verified.torn.len() == 3, "{verified:?}");
}

#[test]
fn a_line_that_lacks_nothing_but_its_end_is_finished() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 2));
    let head = desk.append(NIGHT, &sent("a1", 0));
    let text = std::fs::read_to_string(desk.file("2026-11-21")).unwrap();
    std::fs::write(desk.file("2026-11-21"), text.trim_end()).unwrap();
    let verified = desk.journal.archive().verify(Some(&head.short())).unwrap();
    assert!(verified.is_whole() && verified.torn.is_empty() && verified.asked == Some(HeadFound::End), "{verified:?}");
    desk.append(NIGHT, &sent("a1", 1));
    let verified = desk.verify();
    assert!(verified.is_whole() && verified.lines == 3 && verified.torn.is_empty(), "{verified:?}");
}

#[test]
fn what_somebody_else_wrote_into_the_file_is_no_torn_line() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 2));
    write_on(&desk, "2026-11-21", b"oops\n");
    assert_eq!(desk.verify().broken.unwrap().why, "what stands here is no line of the journal");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_with_a_way_out() {
    let desk = Desk::new();
    std::fs::create_dir(desk.file("2026-11-21")).unwrap();
    let error = desk.journal.append_at(&begin("a1", 1), || moment(NIGHT)).unwrap_err();
    assert!(error.to_string().contains("2026-11-21.jsonl cannot be used: "), "{error}");
    assert!(error.remedy().contains("BPMTOP_JOURNAL"));
    let full = JournalError::system(&desk.folder(), &std::io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error()));
    assert!(matches!(full.cause, Cause::Full(_)) && full.remedy().contains("nothing in the engine is changed"));
    let read_only = JournalError::system(&desk.folder(), &std::io::Error::from_raw_os_error(rustix::io::Errno::ROFS.raw_os_error()));
    assert!(matches!(read_only.cause, Cause::NotAllowed(_)));
}

/// Another process that runs one test of this program.
fn child(desk: &Desk, shell: &str, test: &str) -> Command {
    let mut command = Command::new("sh");
    let program = std::env::current_exe().unwrap();
    command.args(["-c", &format!("{shell} exec \"$@\""), "sh"]).arg(program);
    command.args(["--ignored", "--exact", "--nocapture", "--test-threads=1", test]).env(FOLDER, desk.folder());
    command
}

fn folder_of_child() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).expect("run by another test"))
}

#[test]
#[ignore = "played by a_full_disk_leaves_whole_lines_and_an_error"]
fn child_fills_the_disk() {
    let journal = Journal::open(&folder_of_child()).unwrap();
    let refused = (0..10_000).find_map(|step| journal.append(&sent("a1", step)).err()).expect("an end of the space");
    assert!(matches!(refused.cause, Cause::Full(_)), "{refused}");
    assert!(journal.append(&begin("a2", 100)).is_err());
}

#[test]
fn a_full_disk_leaves_whole_lines_and_an_error() {
    let desk = Desk::new();
    // The limit of a file's size says the same as a full disk, and can be had without one.
    let output = child(&desk, "trap '' XFSZ; ulimit -f 64;", "journal::tests::crash::child_fills_the_disk").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let verified = desk.verify();
    assert!(verified.is_whole() && verified.torn.is_empty() && verified.lines > 50, "{verified:?}");
    desk.journal.append(&sent("a1", 0)).unwrap();
    assert_eq!(desk.verify().lines, verified.lines + 1);
}

#[test]
#[ignore = "played by a_killed_run_leaves_its_action_under_way"]
fn child_is_killed() {
    let journal = Journal::open(&folder_of_child()).unwrap();
    journal.append(&begin("a1", 100)).unwrap();
    for step in 0..37 {
        journal.append(&sent("a1", step)).unwrap();
    }
    println!("\nsent");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn a_killed_run_leaves_its_action_under_way() {
    let desk = Desk::new();
    let mut run = child(&desk, "", "journal::tests::crash::child_is_killed").stdout(Stdio::piped()).spawn().unwrap();
    let told = BufReader::new(run.stdout.take().unwrap()).lines().any(|line| line.unwrap() == "sent");
    assert!(told);
    let archive = desk.journal.archive();
    assert!(archive.under_way(None).unwrap().is_empty(), "the run lives");
    assert_eq!(archive.action("a1").unwrap().unwrap().standing, Standing::UnderWay);
    run.kill().unwrap();
    run.wait().unwrap();
    let left = archive.under_way(Some(&engine())).unwrap();
    assert_eq!(left.iter().map(|left| (left.action.as_wire(), left.sent, left.of)).collect::<Vec<_>>(), [("a1", 37, 100)]);
    let other = Engine { name: Some("two".into()), ..engine() };
    assert!(archive.under_way(Some(&other)).unwrap().is_empty());
    assert!(archive.verify(None).unwrap().is_whole());
    let read = ReadBack { action: "a1".into(), who: who(), counts: Vec::new(), unknown: Vec::new() };
    desk.journal.append(&Entry::ReadBack(read)).unwrap();
    assert!(archive.under_way(None).unwrap().is_empty(), "somebody looked");
}

#[test]
#[ignore = "played by processes_that_append_at_once_leave_one_unbroken_chain"]
fn child_appends() {
    let journal = Journal::open(&folder_of_child()).unwrap();
    let name = format!("a{}", std::process::id());
    journal.append(&begin(&name, 200)).unwrap();
    for step in 0..200 {
        journal.append(&sent(&name, step)).unwrap();
    }
    journal.append(&end(&name, How::Done, &[])).unwrap();
}

#[test]
fn processes_that_append_at_once_leave_one_unbroken_chain() {
    let desk = Desk::new();
    let runs = [(); 2].map(|()| child(&desk, "", "journal::tests::crash::child_appends").stdout(Stdio::null()).spawn().unwrap());
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let verified = desk.verify();
    assert!(verified.is_whole() && verified.torn.is_empty(), "{verified:?}");
    assert_eq!(verified.lines, 2 * 202);
}

/// A place where the lines of a day cannot be written, until it is removed.
fn obstacle(desk: &Desk, day: &str) -> PathBuf {
    let path = desk.file(day);
    std::fs::create_dir(&path).unwrap();
    path
}

#[test]
fn what_happened_and_could_not_be_recorded_is_recorded_as_soon_as_it_can_be() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 2));
    let obstacle = obstacle(&desk, "2026-11-22");
    let morning = |entry: &Entry| desk.journal.append_at(entry, || moment("2026-11-22T02:00:00Z"));
    assert!(morning(&sent("a1", 0)).is_err() && !desk.journal.is_late(), "what may not happen is not recorded later");
    assert!(morning(&answered("a1", 0, Answer::Accepted)).is_err());
    assert!(morning(&end("a1", How::Failed, &[])).is_err() && desk.journal.is_late());
    assert!(morning(&begin("a2", 1)).is_err(), "nothing begins before it is written");
    assert!(desk.journal.write_what_is_late().is_err());
    std::fs::remove_dir(obstacle).unwrap();
    desk.journal.write_what_is_late().unwrap();
    assert!(!desk.journal.is_late());
    let story = desk.journal.archive().action("a1").unwrap().unwrap();
    assert_eq!(story.standing, Standing::Over(How::Failed));
    assert_eq!(story.end.unwrap().0, moment("2026-11-22T02:00:00Z"), "when it happened, not when it was written");
    assert_eq!((story.answers.len(), story.sent.len()), (1, 0));
    assert!(desk.verify().is_whole());
}

#[test]
fn a_run_that_lived_and_could_not_write_how_it_ended_is_not_taken_for_one_that_died() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 2));
    let obstacle = obstacle(&desk, "2026-11-22");
    desk.journal.append_at(&end("a1", How::Done, &[]), || moment("2026-11-22T02:00:00Z")).unwrap_err();
    assert!(desk.journal.settle().is_err());
    let Desk { parent, journal } = desk;
    drop(journal);
    std::fs::remove_dir(obstacle).unwrap();
    let archive = Archive::at(&parent.path().join("journal"));
    assert_eq!(archive.action("a1").unwrap().unwrap().standing, Standing::Unwritten);
    assert_eq!(archive.summaries(None).unwrap()[0].standing, Standing::Unwritten);
}

/// A small file system of its own, where this user may make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(folder))
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.path().join("filling")).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        while file.write_all(&[1]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_full_disk_no_action_begins_and_the_end_of_one_under_way_is_written() {
    let Some(disk) = SmallDisk::new("1m") else { return };
    let journal = Journal::open(&disk.0.path().join("journal")).unwrap();
    journal.append(&begin("a1", 3)).unwrap();
    journal.append(&sent("a1", 0)).unwrap();
    disk.fill();
    journal.append(&answered("a1", 0, Answer::Accepted)).unwrap();
    journal.append(&outcome("a1", 0, "succeeded", Class::Good)).unwrap();
    journal.append(&end("a1", How::Failed, &[("succeeded", Class::Good, 1)])).unwrap();
    disk.fill();
    let refused = journal.append(&begin("a2", 1_000)).unwrap_err();
    assert!(matches!(refused.cause, Cause::Full(_)), "{refused}");
    assert_eq!(journal.archive().action("a1").unwrap().unwrap().standing, Standing::Over(How::Failed));
    assert!(journal.archive().verify(None).unwrap().is_whole() && !journal.is_late());
    std::fs::remove_file(disk.0.path().join("filling")).unwrap();
    journal.append(&begin("a2", 3)).unwrap();
}
