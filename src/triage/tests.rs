//! Signatures against labelled messages, and what must hold for every message.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{MAX_CHARS, Signature, signature};
use crate::text::EngineText;

/// A cause and the messages it produces.
struct Cause {
    name: String,
    messages: Vec<String>,
}

/// `# cause`, then one message a line; `\n` and `\u{..}` as in Rust.
fn labelled(text: &str) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            causes.push(Cause { name: name.to_owned(), messages: Vec::new() });
        } else if !line.is_empty() {
            causes.last_mut().expect("a message needs a cause above it").messages.push(unescape(line));
        }
    }
    causes
}

fn unescape(line: &str) -> String {
    line.replace("\\n", "\n").replace("\\u{1b}", "\u{1b}").replace("\\u{20}", " ")
}

/// Everything that is wrong with the signatures of these causes: cause split in two, two causes merged.
fn faults(causes: &[Cause]) -> Vec<String> {
    let mut owner: BTreeMap<Signature, (&Cause, &str)> = BTreeMap::new();
    let mut faults = Vec::new();
    for cause in causes {
        let first = signature(&cause.messages[0]);
        for message in &cause.messages {
            let own = signature(message);
            if own != first {
                faults.push(format!("SPLIT {}\n    {first}\n    {own}", cause.name));
            }
            if let Some((other, theirs)) = owner.get(&own).filter(|(other, _)| other.name != cause.name) {
                faults.push(format!("MERGED {} | {}\n    {own}\n    {theirs}\n    {message}", other.name, cause.name));
            }
            owner.insert(own, (cause, message));
        }
    }
    faults
}

fn expect_no_fault(text: &str) {
    let causes = labelled(text);
    let faults = faults(&causes);
    assert!(faults.is_empty(), "{} faults in {} causes:\n{}", faults.len(), causes.len(), faults.join("\n"));
}

#[test]
fn labelled_messages_group_by_cause() {
    expect_no_fault(include_str!("labelled/first.txt"));
}

#[test]
fn held_back_messages_group_by_cause() {
    expect_no_fault(include_str!("labelled/held_back.txt"));
}

/// The signature as text, for tests that look into it.
fn text(message: &str) -> String {
    signature(message).to_string()
}

#[test]
fn a_missing_or_blank_message_has_a_signature_of_its_own() {
    for blank in ["", "  ", "\n\t", "\u{200b}"] {
        assert!(signature(blank).is_no_message(), "{blank:?}");
    }
    assert!(Signature::of(None).is_no_message());
    assert!(!Signature::of(Some(&EngineText::from("boom"))).is_no_message());
}

#[test]
fn placeholders_are_short_and_say_what_stood_there() {
    let message = "2024-05-17T08:15:30.123+0200 job 8a1b2c3d-4e5f-11ee-be56-0242ac120002 of anna@example.org at 10.0.0.5 took 30000 ms for 3 MB and 12,50 €";
    assert_eq!(text(message), "<date> job <id> of <email> at <addr> took <duration> for <size> and <amount>");
}

#[test]
fn codes_stay_and_keys_go() {
    assert_eq!(text("HTTP/1.1 503 for ORD-2024-00017"), "HTTP/1.1 503 for ORD-<n>");
    assert_eq!(text("ERROR 1213 (40001): Deadlock found, try 3"), "ERROR 1213 (40001): Deadlock found, try <n>");
    assert_eq!(text("zip code 80331 unknown"), "zip code <n> unknown");
    assert_eq!(text("returned 503 rows"), "returned <n> rows");
    assert_eq!(text("server returned 503"), "server returned 503");
}

#[test]
fn names_of_the_model_the_code_and_the_database_stay() {
    for name in [
        "Activity_0k3jx9f",
        "com.acme.v2.OrderService",
        "UK_ORDER_KEY_2",
        "uk_6dotkott2kjsp8vw4d0m25fb7",
        "ENGINE-16004",
        "${amount > 1000}",
        "SHA-256",
        "Foo$1",
    ] {
        let message = format!("failed in {name} again");
        assert_eq!(text(&message), message);
    }
}

#[test]
fn a_host_keeps_its_name_and_its_service_port_but_not_its_number() {
    assert_eq!(text("no route to node-17.prod.internal:8443"), "no route to node-<n>.prod.internal:8443");
    assert_eq!(text("peer pod-a.internal:51234 gone"), "peer pod-a.internal:<n> gone");
    assert_eq!(text("peer /10.0.0.5:51234 gone"), "peer /<addr>:<n> gone");
}

#[test]
fn a_url_loses_ids_secrets_and_values_but_keeps_its_shape() {
    assert_eq!(
        text("GET https://bo:pw@crm.acme.com:8443/v2/orders/4711/x?id=9&all=true HTTP"),
        "GET https://crm.acme.com:8443/v2/orders/<n>/x?id=<v>&all=<v> HTTP"
    );
}

#[test]
fn a_list_of_any_length_is_one_placeholder() {
    assert_eq!(text("missing ORD-1, ORD-22, ORD-333"), "missing ORD-<n>");
    assert_eq!(text("missing ['8a1b2c3d4e5f', '0a1b2c3d4e5f']"), "missing ['<id>']");
}

#[test]
fn a_signature_is_safe_to_show() {
    assert_eq!(text(" \u{301}boom"), "boom");
    assert_eq!(text("\u{1b}[2Jboom\u{202e}\u{200b}\n\tat x"), "␛[2Jboom at x");
}

#[test]
fn long_messages_that_differ_only_at_their_end_stay_apart() {
    let start = "something went wrong in a long and winding way ".repeat(10);
    let (one, other) = (signature(&format!("{start} in the north")), signature(&format!("{start} in the south")));
    assert_ne!(one, other);
    assert_eq!(one.as_str().chars().count(), MAX_CHARS);
    assert_eq!(one, signature(&format!("{start} in the north")));
}

#[test]
fn a_message_cut_by_the_engine_keeps_its_cause_whatever_the_length_of_its_ids() {
    let cut = |id: &str| -> String { format!("order {id} failed: {}", "the reason is told at great length here ".repeat(20)).chars().take(666).collect() };
    assert_eq!(signature(&cut("4711")), signature(&cut("100928")));
    assert_ne!(signature(&cut("4711")), signature(&cut("4711").replace("order", "invoice")));
}

/// What a hostile sender would repeat to make the scanner look back or ahead again and again.
const REPEATED: &[&str] = &[
    "${",
    "a@",
    "1.",
    "a-",
    "\"id\":\"",
    ")=(",
    "::",
    "(String)\"",
    "a/",
    "x://",
    "?a=",
    "1 Jan ",
    "DE89 ",
    "\u{301}",
    "9",
    "f",
    "<n>",
    "'",
    "A_1",
    "P1",
    "1 a ",
    "码1(",
    "code (",
    "a_",
    "\"id\":\"\\",
    "1----",
    "a.1",
];

#[test]
fn ten_times_the_hostile_text_takes_about_ten_times_as_long() {
    let time = |piece: &str, bytes: usize| {
        let message = piece.repeat(bytes / piece.len());
        let started = std::time::Instant::now();
        assert!(signature(&message).as_str().chars().count() <= MAX_CHARS);
        started.elapsed().as_secs_f64()
    };
    for piece in REPEATED {
        // Three attempts, because another program may take the processor away; a quadratic scan would need a hundred times as long.
        let grows = (0..3).all(|_| {
            let short = time(piece, 40_000);
            let long = time(piece, 400_000);
            long > 0.1 && long > 30.0 * short
        });
        assert!(!grows, "the time for {piece:?} grows faster than its length");
    }
}

/// Messages made of the pieces that rules look for, so that rules meet each other.
fn message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,8}",
        "[A-Z]{1,4}-[0-9]{1,6}",
        "[0-9]{1,12}",
        "[0-9a-f]{1,12}",
        "[A-Za-z_]{1,6}[0-9]{0,6}",
        "\\PC{1,3}",
        prop::sample::select(vec![
            " ",
            " ",
            " ",
            ": ",
            ", ",
            ".",
            "-",
            "_",
            "/",
            ":",
            "'",
            "\"",
            "(",
            ")",
            "=",
            "@",
            "$",
            "?",
            "&",
            "://",
            "<",
            ">",
            "${",
            "}",
            "code ",
            "HTTP ",
            "error ",
            "status=",
            "<n>",
            "<id>",
            "<date>",
            " ms",
            " EUR",
            "€",
            "2024-05-17",
            "08:15:30",
            "10.0.0.5",
            "::1",
            "May 17, 2024",
            "error, data ",
            ")=(",
            "For input string: ",
            "$$Lambda$",
            "CGLIB$$",
            "错误码",
            "订单",
            "３",
            "\"id\": \"",
            "DE89 3704 0044 0532 0130 00",
            "v",
            "Z",
            "T",
            "%",
            "+",
            "#",
            "localhost",
            "node.internal",
            "P",
            "PT5M",
        ])
        .prop_map(str::to_owned),
    ];
    // A space between most pieces: real messages separate them, and what runs together has no reading that lasts.
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.join(" "))
}

#[test]
fn blanks_beyond_one_do_not_change_how_a_message_reads() {
    for message in ["400  ms", "took 30000   ms", "error code  17", "at\u{a0} 12 \u{2003}MB"] {
        let once = signature(message);
        assert_eq!(once, signature(&message.split_whitespace().collect::<Vec<_>>().join(" ")));
        assert_eq!(signature(once.as_str()), once);
    }
}

#[test]
fn the_signature_of_a_labelled_message_is_its_own_signature() {
    for cause in labelled(concat!(include_str!("labelled/first.txt"), include_str!("labelled/held_back.txt"))) {
        let once = signature(&cause.messages[0]);
        assert_eq!(signature(once.as_str()), once);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_signature_is_its_own_signature(message in message()) {
        let once = signature(&message);
        prop_assert_eq!(signature(once.as_str()), once);
    }

    #[test]
    fn any_message_gives_a_bounded_and_harmless_signature(message in any::<String>()) {
        let shown = text(&message);
        prop_assert!(!shown.is_empty() && shown.chars().count() <= MAX_CHARS);
        prop_assert_eq!(crate::text::safe(&shown), shown.as_str());
    }

    #[test]
    fn another_uuid_or_count_makes_no_other_cause(words in "[a-z]{3,9}( [a-z]{3,9}){0,4}", one in any::<[u128; 2]>(), counts in any::<[u32; 2]>()) {
        let message = |which: usize| {
            let hex = format!("{:032x}", one[which]);
            format!("{words} item {} took {} of {}-{}-{}-{}-{}", counts[which], counts[which] / 7, &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        };
        prop_assert_eq!(signature(&message(0)), signature(&message(1)));
    }

    #[test]
    fn another_word_makes_another_cause(words in "[a-z]{3,9}( [a-z]{3,9}){0,4}", one in "[a-z]{3,9}", other in "[a-z]{3,9}") {
        prop_assume!(one != other);
        prop_assert_ne!(signature(&format!("{words} {one} 17")), signature(&format!("{words} {other} 17")));
    }
}
