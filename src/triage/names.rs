//! What a single word is: a uuid, a hash, a generated class, an account number. Pure recognition, no output.

use super::codes::starts_with_ignoring_case;

/// Generated things that are numbered anew in every run.
const NUMBERED_AT_RUNTIME: &[&str] =
    &["Proxy", "Script", "GeneratedMethodAccessor", "GeneratedConstructorAccessor", "GeneratedSerializationConstructorAccessor", "Thread", "Lambda"];

/// First parts of activity ids as modellers generate them; what follows tells activities apart.
const MODEL_PREFIXES: &[&str] = &[
    "Activity",
    "Task",
    "Event",
    "Gateway",
    "Flow",
    "ServiceTask",
    "UserTask",
    "ScriptTask",
    "SendTask",
    "ReceiveTask",
    "StartEvent",
    "EndEvent",
    "BoundaryEvent",
    "IntermediateThrowEvent",
    "IntermediateCatchEvent",
    "SubProcess",
    "CallActivity",
    "ExclusiveGateway",
    "SequenceFlow",
    "Process",
    "Decision",
    "Form",
];

/// First parts of names that databases and mappers generate for constraints.
const CONSTRAINT_PREFIXES: &[&str] = &["fk", "uk", "pk", "uq", "ix", "idx", "sys", "uc", "ck", "act"];

/// Product names that end in a digit and may be the first label of a host.
const NAMED_WITH_DIGIT: &[&str] = &["s3", "ec2", "db2", "oauth2", "h2", "k8s", "log4j2"];

/// True when a uuid starts here and ends before anything that would continue it.
pub(super) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
        && !bytes.get(36).is_some_and(u8::is_ascii_alphanumeric)
}

/// True for what no human named: hashes, short ids, tokens.
pub(super) fn is_random(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if !word.is_ascii() || digits == 0 || digits == bytes.len() || bytes.len() < 5 {
        return false;
    }
    let changes = bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let hex = bytes.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte))
        || bytes.iter().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte));
    let longest_letters = bytes.split(u8::is_ascii_digit).map(<[u8]>::len).max().unwrap_or(0);
    bytes[0].is_ascii_digit() && digits >= 2 && longest_letters < 8
        || hex && (bytes.len() >= 8 && digits >= 2 || bytes.len() >= 6 && changes >= 3)
        || bytes.len() >= 8 && digits >= 3 && changes >= 4 && longest_letters <= 5
        || bytes.len() >= 16 && changes >= 6
}

/// True for the last part of a pod's name, from the alphabet Kubernetes draws it from: no vowels, so never a word.
pub(super) fn is_pod_suffix(word: &str) -> bool {
    word.len() == 5 && word.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
}

/// True for an account number written without spaces.
pub(super) fn is_iban(word: &str) -> bool {
    let bytes = word.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= 10
}

/// The bytes of an account number in groups of four: `DE89 3704 0044 0532 0130 00`.
pub(super) fn spaced_iban(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.len() < 15 || !bytes[..2].iter().all(u8::is_ascii_uppercase) || !bytes[2..4].iter().all(u8::is_ascii_digit) || bytes[4] != b' ' {
        return None;
    }
    let mut end = 4;
    while end < 42 && bytes.get(end) == Some(&b' ') {
        let group = bytes[end + 1..].iter().take(5).take_while(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).count();
        let digits = bytes[end + 1..end + 1 + group].iter().filter(|byte| byte.is_ascii_digit()).count();
        if group == 0 || group > 4 || digits * 2 < group {
            break;
        }
        end += 1 + group;
        if group < 4 {
            break;
        }
    }
    (end >= 18).then_some(end)
}

/// The bytes of a base64 block with its own punctuation; a path of ordinary names changes too rarely between kinds of letters.
pub(super) fn base64(text: &str) -> Option<usize> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-');
    let sample = text.as_bytes().iter().take(128).take_while(|byte| is_base64(byte)).count();
    let bytes = &text.as_bytes()[..sample];
    if sample < 40 || bytes.iter().filter(|byte| byte.is_ascii_digit()).count() * 20 < sample {
        return None;
    }
    let kind = |byte: u8| {
        if byte.is_ascii_digit() {
            0
        } else if byte.is_ascii_uppercase() {
            1
        } else {
            2
        }
    };
    let changes = bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let cased = bytes.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase);
    if !cased || changes * 3 < sample {
        return None;
    }
    let end = text.bytes().take_while(is_base64).count();
    Some(end + text[end..].bytes().take(2).take_while(|byte| *byte == b'=').count())
}

/// `AMQ9208E` as its upper-case prefix, its digits and at most one letter behind.
pub(super) fn prefixed(word: &str) -> Option<(&str, &str, &str)> {
    let prefix = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = word.bytes().skip(prefix).take_while(u8::is_ascii_digit).count();
    let tail = &word[prefix + digits..];
    (prefix > 0 && digits > 1 && (tail.is_empty() || tail.len() == 1 && tail.as_bytes()[0].is_ascii_uppercase()))
        .then(|| (&word[..prefix], &word[prefix..prefix + digits], tail))
}

/// The letters before the digits a word ends in, when those digits name nothing: `Proxy42`, `order100928`, the host `node17`.
pub(super) fn numbered(word: &str, is_host_label: bool) -> Option<&str> {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = word.len() - stem.len();
    if stem.is_empty() || digits == 0 {
        return None;
    }
    let host_number = is_host_label && !NAMED_WITH_DIGIT.contains(&word) && stem != "v";
    (digits >= 5 || host_number || NUMBERED_AT_RUNTIME.contains(&stem)).then_some(stem)
}

/// True for names generated by modellers and databases: they look random, but name one activity or one constraint.
pub(super) fn is_generated_name(word: &str) -> bool {
    let first = word.split('_').next().unwrap_or_default();
    if first.len() < word.len() {
        return MODEL_PREFIXES.contains(&first) || CONSTRAINT_PREFIXES.iter().any(|prefix| prefix.eq_ignore_ascii_case(first));
    }
    // Hibernate: two letters and a hash in 25 characters of base 36.
    word.len() == 27 && (starts_with_ignoring_case(word, "fk") || starts_with_ignoring_case(word, "uk"))
}
