//! The chain: what is written, who may append, and what verification notices.

use proptest::prelude::*;

use super::*;

const NIGHT: &str = "2026-11-21T02:35:01.123456Z";

#[test]
fn a_line_has_its_fields_in_a_stable_order_and_no_others() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 1));
    desk.append(NIGHT, &answered("a1", 0, Answer::NotSent));
    let text = std::fs::read_to_string(desk.file("2026-11-21")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let session = lines[0].split_once(r#""session":""#).unwrap().1.split_once('"').unwrap().0.to_owned();
    lines[0] = lines[0].replace(&session, "SESSION");
    let first = "\
        {\"v\":1,\"seq\":1,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"at\":\"2026-11-21T02:35:01.123Z\",\
        \"session\":\"SESSION\",\"kind\":\"intent\",\"action\":\"a1\",\"who\":{\"user\":\"ann\",\"uid\":1000,\"host\":\"ops1\",\
        \"ssh\":\"192.0.2.7 50022 192.0.2.1 22\",\"engine_user\":\"demo\",\"pid\":4711,\"version\":\"0.1.0\"},\
        \"engine\":{\"url\":\"http://h:8080/engine-rest\",\"version\":\"Camunda 7.24.0\"},\"profile\":\"prod\",\"verb\":\"retry\",\
        \"sentence\":\"retry 1 jobs\",\"reason\":\"SAP is back\",\"steps\":1,\
        \"targets\":[{\"type\":\"job\",\"id\":\"job-0\",\"label\":\"payment v3 · Charge card 0\",\"business_key\":\"ORDER-0\",\
        \"instance\":\"instance-0\",\"before\":{\"retries\":0}}],\
        \"requests\":[{\"method\":\"PUT\",\"path\":\"/job/job-0/retries\",\"body\":\"{\\\"retries\\\":1}\",\"targets\":[0]}]}";
    assert_eq!(lines[0], first);
    let prev = LineHash::of(text.lines().next().unwrap().as_bytes());
    let second = format!(
        "{{\"v\":1,\"seq\":2,\"prev\":\"{prev}\",\"at\":\"2026-11-21T02:35:01.123Z\",\"kind\":\"answered\",\"action\":\"a1\",\"step\":0,\"answer\":\"not_sent\"}}"
    );
    assert_eq!(lines[1], second);
}

#[test]
fn the_head_is_the_hash_of_the_last_line_and_survives_a_new_start() {
    let desk = Desk::new();
    assert_eq!(desk.journal.head().unwrap(), Head::BEGINNING);
    desk.append(NIGHT, &begin("a1", 1));
    let head = desk.append(NIGHT, &sent("a1", 0));
    let text = std::fs::read_to_string(desk.file("2026-11-21")).unwrap();
    assert_eq!(head, Head { seq: 2, hash: LineHash::of(text.lines().last().unwrap().as_bytes()) });
    assert_eq!(desk.another().head().unwrap(), head);
}

#[test]
fn the_chain_goes_on_over_days_and_over_a_clock_that_was_set_back() {
    let desk = Desk::new();
    desk.append("2026-11-21T23:59:59Z", &begin("a1", 1));
    desk.append("2026-11-24T00:00:00Z", &sent("a1", 0));
    let head = desk.append("2026-11-22T12:00:00Z", &answered("a1", 0, Answer::Accepted));
    let verified = desk.verify();
    assert!(verified.is_whole());
    assert_eq!((verified.lines, verified.days, verified.head), (3, 2, head));
    let lines = |day| std::fs::read_to_string(desk.file(day)).unwrap().lines().count();
    assert_eq!((lines("2026-11-21"), lines("2026-11-24")), (1, 2));
}

#[test]
fn many_runs_at_once_leave_one_unbroken_chain() {
    let desk = Desk::new();
    std::thread::scope(|scope| {
        for run in 0..4 {
            let journal = desk.another();
            scope.spawn(move || {
                let name = format!("a{run}");
                journal.append(&begin(&name, 50)).unwrap();
                for step in 0..50 {
                    journal.append(&sent(&name, step)).unwrap();
                }
                journal.append(&end(&name, How::Done, &[("succeeded", Class::Good, 50)])).unwrap();
            });
        }
    });
    let verified = desk.verify();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!(verified.lines, 4 * 52);
    let summaries = desk.journal.archive().summaries(None).unwrap();
    assert_eq!(summaries.iter().map(|summary| (summary.sent, summary.standing)).collect::<Vec<_>>(), [(50, Standing::Over(How::Done)); 4]);
}

#[test]
fn a_missing_journal_is_empty_and_whole() {
    let nowhere = Archive::at(std::path::Path::new("/nonexistent/journal"));
    assert_eq!(nowhere.records(None).unwrap().count(), 0);
    let verified = nowhere.verify(None).unwrap();
    assert!(verified.is_whole() && verified.lines == 0 && verified.span.is_none());
    assert!(!nowhere.verify(Some("0123456789ab")).unwrap().is_whole(), "somebody knew a head");
}

#[test]
fn a_missing_day_is_named() {
    let desk = Desk::new();
    for (day, step) in [("2026-11-20", 0), ("2026-11-21", 1), ("2026-11-21", 2), ("2026-11-22", 3)] {
        desk.append(&format!("{day}T12:00:00Z"), &sent("a1", step));
    }
    let kept = std::fs::read(desk.file("2026-11-21")).unwrap();
    std::fs::remove_file(desk.file("2026-11-21")).unwrap();
    let broken = desk.verify().broken.unwrap();
    assert_eq!(broken.place.to_string(), "2026-11-22.jsonl, line 1");
    assert_eq!(broken.why, "lines 2 to 3 are missing before it: cut off the file of 2026-11-20, or the files between were removed");
    std::fs::write(desk.file("2026-11-21"), kept).unwrap();
    assert!(desk.verify().is_whole());
    std::fs::remove_file(desk.file("2026-11-20")).unwrap();
    assert_eq!(desk.verify().broken.unwrap().why, "line 1 is missing before it: earlier files were removed");
}

#[test]
fn a_head_that_was_kept_tells_whether_the_tail_was_cut_off() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 1));
    let head = desk.append(NIGHT, &sent("a1", 0));
    let ask = |head: &Head| desk.journal.archive().verify(Some(&head.short())).unwrap();
    assert_eq!(ask(&head).asked, Some(HeadFound::End));
    let whole = std::fs::read_to_string(desk.file("2026-11-21")).unwrap();
    let last = desk.append(NIGHT, &end("a1", How::Done, &[]));
    assert!(matches!(ask(&head).asked, Some(HeadFound::Followed { place, by: 1 }) if place.line == 2));
    std::fs::write(desk.file("2026-11-21"), whole).unwrap();
    assert!(desk.verify().is_whole(), "no chain notices that by itself");
    assert_eq!((ask(&last).asked, ask(&last).is_whole()), (Some(HeadFound::Missing), false));
}

#[test]
fn lines_and_fields_of_later_versions_are_verified_and_left_alone() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 1));
    let head = desk.journal.head().unwrap();
    let file = desk.file("2026-11-21");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(&format!(r#"{{"v":9,"seq":2,"prev":"{}","at":"2027-01-01T00:00:00Z","kind":"omen","of":[1],"mood":"dark"}}"#, head.hash));
    text.push('\n');
    std::fs::write(&file, text).unwrap();
    desk.append(NIGHT, &sent("a1", 0));
    let verified = desk.verify();
    assert!(verified.is_whole() && verified.lines == 3 && verified.torn.is_empty(), "{verified:?}");
    assert_eq!(desk.journal.archive().records(None).unwrap().count(), 2);
}

#[test]
fn a_record_has_no_place_for_anything_that_was_not_thought_of() {
    // Whatever somebody puts beside the known fields is gone after reading: there is no map that could keep it.
    let text = serde_json::to_string(&begin("a1", 1)).unwrap();
    let with_more =
        text.replace(r#""before":{"#, r#""before":{"value":"hunter2","#).replace(r#""method""#, r#""headers":{"authorization":"hunter2"},"method""#);
    assert_eq!(with_more.matches("hunter2").count(), 2);
    let read: Entry = serde_json::from_str(&with_more).unwrap();
    assert_eq!(read, begin("a1", 1));
    // Adding a field that takes anything makes this fail to compile.
    let Intent {
        action,
        who: _,
        engine: _,
        profile,
        verb,
        sentence,
        reason,
        steps: _,
        targets,
        held: _,
        requests,
        undo_of,
        thaw_of,
        puts_back,
        role,
        engine_time: _,
        jobs_too: _,
        journal_broken,
    } = intent("a1", "retry", 1);
    let Target { kind, id, label, business_key, instance, before: Before { retries: _, suspended: _, due: _, priority: _, note } } = targets[0].clone();
    let Request { method, path, body, targets: _ } = requests[0].clone();
    let _: [Exact; 8] = [action, verb, sentence, kind, id, label, method, path];
    let _: [Option<Exact>; 11] = [role, journal_broken, profile, reason, business_key, instance, note, body, undo_of, thaw_of, puts_back];
}

#[test]
fn a_second_break_does_not_hide_behind_the_first() {
    let desk = Desk::new();
    (0..6).for_each(|step| drop(desk.append(NIGHT, &sent("a1", step)).short()));
    let text = std::fs::read_to_string(desk.file("2026-11-21")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    (lines[1], lines[4]) = (lines[1].replace("a1", "a2"), lines[4].replace("a1", "a3"));
    std::fs::write(desk.file("2026-11-21"), lines.join("\n") + "\n").unwrap();
    let verified = desk.verify();
    let places = |found: &[&Break]| found.iter().map(|found| found.place.line).collect::<Vec<_>>();
    assert_eq!(places(&[verified.broken.as_ref().unwrap()]), [3]);
    assert_eq!(places(&verified.more_breaks.iter().collect::<Vec<_>>()), [6]);
    assert_eq!((verified.lines, verified.behind), (2, 4));
    desk.append(NIGHT, &sent("a1", 9));
    assert_eq!(desk.verify().more_breaks.len(), 1, "what is appended behind them is whole");
}

#[test]
fn a_change_is_noticed_by_whoever_acts_however_late_it_is_made() {
    let desk = Desk::new();
    desk.append("2026-11-20T12:00:00Z", &begin("a1", 2));
    desk.append("2026-11-20T12:00:01Z", &sent("a1", 0));
    desk.append("2026-11-21T12:00:00Z", &sent("a1", 1));
    assert_eq!((desk.journal.doubt(), desk.journal.doubt()), (None, None));
    let change = |day: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(desk.file(day)).unwrap();
        std::fs::write(desk.file(day), text.replacen(from, to, 1)).unwrap();
    };
    change("2026-11-20", "SAP is back", "SAP was back");
    assert!(desk.journal.doubt().unwrap().starts_with("2026-11-20.jsonl, line 2: it does not continue line 1"), "{:?}", desk.journal.doubt());
    change("2026-11-20", "SAP was back", "SAP is back");
    assert_eq!(desk.journal.doubt(), None);
    desk.append("2026-11-21T12:00:02Z", &end("a1", How::Done, &[]));
    change("2026-11-21", "\"step\":1", "\"step\":0");
    assert!(desk.journal.doubt().unwrap().contains("2026-11-21.jsonl, line 2"));
    std::fs::remove_file(desk.file("2026-11-20")).unwrap();
    change("2026-11-21", "\"step\":0", "\"step\":1");
    assert_eq!(desk.journal.doubt(), None, "old days may be moved away");
}

#[test]
fn a_folder_that_leads_elsewhere_is_not_read_and_a_foreign_one_is_said() {
    let desk = Desk::new();
    desk.append(NIGHT, &begin("a1", 1));
    let link = desk.folder().with_file_name("link");
    std::os::unix::fs::symlink(desk.folder(), &link).unwrap();
    let refused = Archive::at(&link).leads_nowhere_else().unwrap_err().to_string();
    assert!(refused.contains("it is a symbolic link, which leads to ") && refused.contains("BPMTOP_JOURNAL"), "{refused}");
    assert!(Archive::at(&desk.folder()).leads_nowhere_else().is_ok() && Archive::at(Path::new("/nonexistent")).leads_nowhere_else().is_ok());
    assert_eq!(desk.verify().foreign, None);
    // Only root may give a file away.
    if std::os::unix::fs::chown(desk.file("2026-11-21"), Some(4711), None).is_ok() {
        let verified = desk.verify();
        assert_eq!((verified.foreign.as_ref().map(|(_, owner)| *owner), verified.is_whole()), (Some(4711), false));
    }
}

/// A journal of two days with lines of every length.
fn sample() -> (Desk, Vec<u8>, usize) {
    let desk = Desk::new();
    desk.append("2026-11-21T12:00:00Z", &begin("a1", 2));
    desk.append("2026-11-21T12:00:01Z", &sent("a1", 0));
    desk.append("2026-11-21T12:00:02Z", &answered("a1", 0, Answer::Accepted));
    desk.append("2026-11-22T12:00:00Z", &outcome("a1", 0, "succeeded", Class::Good));
    desk.append("2026-11-22T12:00:01Z", &end("a1", How::Stopped, &[("succeeded", Class::Good, 1)]));
    let first = std::fs::read(desk.file("2026-11-21")).unwrap();
    let second = std::fs::read(desk.file("2026-11-22")).unwrap();
    let split = first.len();
    (desk, [first, second].concat(), split)
}

#[derive(Clone, Debug)]
enum Tampering {
    Change(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    RemoveLine(usize),
    SwapLines(usize, usize),
    RepeatLine(usize),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), 1..=255u8).prop_map(|(at, by)| Tampering::Change(at, by)),
        index().prop_map(Tampering::Remove),
        (index(), any::<u8>()).prop_map(|(at, byte)| Tampering::Insert(at, byte)),
        (0..5usize).prop_map(Tampering::RemoveLine),
        (0..5usize, 1..5usize).prop_map(|(one, by)| Tampering::SwapLines(one, (one + by) % 5)),
        (0..5usize).prop_map(Tampering::RepeatLine),
    ]
}

fn tamper(content: &[u8], tampering: &Tampering) -> Vec<u8> {
    let mut bytes = content.to_vec();
    let mut lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    match *tampering {
        Tampering::Change(at, by) => {
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            return bytes;
        }
        Tampering::Remove(at) => {
            bytes.remove(at.index(bytes.len()));
            return bytes;
        }
        Tampering::Insert(at, byte) => {
            bytes.insert(at.index(bytes.len() + 1), byte);
            return bytes;
        }
        Tampering::RemoveLine(line) => drop(lines.remove(line)),
        Tampering::SwapLines(one, other) => lines.swap(one, other),
        Tampering::RepeatLine(line) => lines.insert(line, lines[line]),
    }
    lines.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whoever_kept_the_head_notices_any_change(tampering in tampering()) {
        let (desk, content, split) = sample();
        let head = desk.journal.head().unwrap();
        let changed = tamper(&content, &tampering);
        // Without its last line break, nothing that was said is lost.
        prop_assume!(changed != content && changed != content[..content.len() - 1]);
        // The first file takes what it had, the second one the rest.
        let split = split.min(changed.len());
        std::fs::write(desk.file("2026-11-21"), &changed[..split]).unwrap();
        std::fs::write(desk.file("2026-11-22"), &changed[split..]).unwrap();
        let verified = desk.journal.archive().verify(Some(&head.hash.to_string())).unwrap();
        prop_assert!(!verified.is_whole() || !verified.torn.is_empty(), "{:?}", verified);
    }

    #[test]
    fn nobody_needs_a_head_to_notice_a_change_before_the_last_line(tampering in tampering()) {
        let (desk, content, split) = sample();
        let last = content[..content.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        let changed = tamper(&content, &tampering);
        prop_assume!(changed[..last.min(changed.len())] != content[..last]);
        let split = split.min(changed.len());
        std::fs::write(desk.file("2026-11-21"), &changed[..split]).unwrap();
        std::fs::write(desk.file("2026-11-22"), &changed[split..]).unwrap();
        let verified = desk.verify();
        prop_assert!(verified.broken.is_some(), "{:?}", verified);
    }
}
