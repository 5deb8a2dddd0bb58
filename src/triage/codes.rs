//! Which numbers tell causes apart and therefore stay: status codes, error codes, exit codes, and the names of standards.

/// Words after which a number is a code.
const CODE_NOUNS: &[&str] = &[
    "http",
    "status",
    "sqlstate",
    "sqlcode",
    "errno",
    "errorlevel",
    "exit",
    "exited",
    "signal",
    "rc",
    "msg",
    "hresult",
    "fehler",
    "reason",
    "mqrc",
    "sqlerrmc",
    "errnum",
];

/// Words that stand between such a word and its number without changing the meaning.
const FILLERS: &[&str] = &["is", "was", "of", "no", "nr", "number", "value", "the", "with", "nummer", "ist", "war", "lautet"];

/// Words before `code` that make it data instead of a code.
const DATA_BEFORE_CODE: &[&str] =
    &["postal", "post", "zip", "country", "bank", "voucher", "promo", "coupon", "discount", "hash", "bar", "product", "area", "sort", "item", "customer"];

/// Words after which a three-digit number of the 400s or 500s is an HTTP status.
const ANSWERS: &[&str] = &["returned", "returns", "responded", "response", "answered", "answer", "got", "received", "with", "reply", "replied", "antwort"];

/// How HTTP itself names its failures; a number in front of one is a status.
const REASON_PHRASES: &[&str] = &[
    "Bad Request",
    "Unauthorized",
    "Payment Required",
    "Forbidden",
    "Not Found",
    "Method Not Allowed",
    "Not Acceptable",
    "Request Timeout",
    "Conflict",
    "Gone",
    "Precondition Failed",
    "Payload Too Large",
    "Unsupported Media Type",
    "Unprocessable",
    "Locked",
    "Too Many Requests",
    "Internal Server Error",
    "Not Implemented",
    "Bad Gateway",
    "Service Unavailable",
    "Gateway Timeout",
    "Gateway Time-out",
    "OK",
    "Created",
];

/// Upper-case prefixes whose number is a code or part of a standard's name.
const CODE_PREFIXES: &[&str] = &[
    "ORA", "ENGINE", "SQL", "SQLSTATE", "HTTP", "TNS", "PLS", "AMQ", "DMN", "FEEL", "E", "EC", "MSG", "CODE", "TECH", "BIZ", "FAULT", "HHH", "HV", "CAMUNDA",
    "UTF", "SHA", "ISO", "AES", "RFC", "RSA", "MD", "CP", "TLS", "SSL", "X", "IP", "PKCS", "IEEE", "DIN", "ES", "RS", "HS", "PS", "WINDOWS", "LATIN", "CVE",
];

/// Upper-case prefixes of business keys.
const KEY_PREFIXES: &[&str] = &[
    "ORD", "ORDER", "INV", "INVOICE", "CUST", "CUSTOMER", "KD", "KDNR", "KUNDE", "RE", "BEST", "AUFTRAG", "PO", "SO", "TCK", "TICKET", "CASE", "CLM", "CLAIM",
    "ACC", "ACCT", "TX", "TXN", "TRX", "PAY", "PMT", "SHIP", "PKG", "PROD", "SKU", "REQ", "RMA", "LOT", "DOC", "FILE", "REF", "ID", "NO", "NR", "POL",
    "CONTRACT",
];

/// Words after which a prefixed number is a key.
const KEY_NOUNS: &[&str] = &[
    "id",
    "key",
    "no",
    "nr",
    "number",
    "order",
    "orders",
    "for",
    "customer",
    "item",
    "ref",
    "reference",
    "ticket",
    "case",
    "account",
    "document",
    "invoice",
    "shipment",
    "payment",
    "contract",
    "auftrag",
    "kunde",
    "rechnung",
    "bestellung",
    "vertrag",
    "für",
];

/// What is known about a number's surroundings.
pub(super) struct Surroundings<'a> {
    /// The text in front of it, normalised.
    pub(super) before: &'a str,
    /// The raw text behind it.
    pub(super) after: &'a str,
    /// The names in front of it within the same clause, nearest first.
    pub(super) words: [&'a str; 4],
    /// True directly after a code, as in `1213 (40001)`.
    pub(super) after_code: bool,
}

/// What stands before a number that declares a size: which column was too small tells causes apart.
const BEFORE_DECLARED_SIZE: &[&str] = &["varying(", "VARCHAR(", "varchar(", "VARCHAR2(", "CHAR(", "char(", "numeric(", "NUMERIC(", "DECIMAL(", "decimal("];

/// True when a number is a code.
pub(super) fn is_code(number: &str, at: &Surroundings<'_>) -> bool {
    at.after_code
        || follows_code_noun(number, at)
        || is_http_status(number, at)
        || at.before.ends_with("error, data ")
        || BEFORE_DECLARED_SIZE.iter().any(|lead| at.before.ends_with(lead))
        || is_sap_message(number, at)
}

/// True when the number behind an upper-case prefix (`ORA-00001`, `AMQ9208E`) is part of a code rather than of a key.
pub(super) fn is_prefixed_code(prefix: &str, digits: &str, at: &Surroundings<'_>) -> bool {
    if CODE_PREFIXES.contains(&prefix) || prefix.starts_with("ERR") || prefix.ends_with("ERR") {
        return true;
    }
    if KEY_PREFIXES.contains(&prefix) {
        return false;
    }
    if follows_code_noun(digits, at) {
        return true;
    }
    let quoted = at.before.ends_with(['\'', '"', '`', '‘', '“', '„', '«']);
    if quoted || is_any(at.words[0], KEY_NOUNS) {
        return false;
    }
    let opens_message = at.before.is_empty() || at.before.ends_with(": ") || at.before.ends_with('[');
    !digits.contains('-') && (digits.len() <= 5 || digits.len() <= 6 && opens_message && at.after.starts_with(':'))
}

/// True when the words before say that a code follows, so that whatever follows stays as it is.
pub(super) fn follows_code_noun(number: &str, at: &Surroundings<'_>) -> bool {
    if follows_foreign_code_noun(at.before) {
        return true;
    }
    let Some(nearest) = at.words.iter().position(|word| !is_any(word, FILLERS)) else { return false };
    let noun = at.words[nearest];
    let before_noun = at.words.get(nearest + 1).copied().unwrap_or_default();
    if ends_with_ignoring_case(noun, "code") {
        return !is_any(before_noun, DATA_BEFORE_CODE) && !DATA_BEFORE_CODE.iter().any(|data| starts_with_ignoring_case(noun, data));
    }
    if noun.eq_ignore_ascii_case("error") {
        return !at.before.trim_end().ends_with(':') || before_noun.eq_ignore_ascii_case("sql");
    }
    is_any(noun, CODE_NOUNS)
        || ends_with_ignoring_case(noun, "status")
        || ends_with_ignoring_case(noun, "state")
        || ends_with_ignoring_case(noun, "errno")
        || is_any(noun, ANSWERS) && is_failure_status(number) && !counts_things(at.after)
}

fn is_http_status(number: &str, at: &Surroundings<'_>) -> bool {
    if number.len() != 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let after = at.after.trim_start_matches(' ');
    if REASON_PHRASES.iter().any(|phrase| after.starts_with(phrase)) {
        return true;
    }
    let before = at.before.trim_end_matches(' ');
    let opens_clause = before.is_empty() || before == "[" || before.ends_with("Exception:") || before.ends_with("Error:");
    opens_clause && is_failure_status(number) && !counts_things(at.after)
}

fn is_failure_status(number: &str) -> bool {
    number.len() == 3 && number.starts_with(['4', '5']) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// True when a plural follows: `503 rows` are counted, they are no status.
fn counts_things(after: &str) -> bool {
    let word = after.strip_prefix(' ').unwrap_or_default();
    let end = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
    word.starts_with(|c: char| c.is_lowercase()) && word[..end].ends_with('s')
}

/// H2 prints its error code and its build: `[23505-214]`.
pub(super) fn is_h2_code(label: &str, before: &str) -> bool {
    before.ends_with('[') && label.len() == 9 && label.bytes().enumerate().all(|(at, byte)| if at == 5 { byte == b'-' } else { byte.is_ascii_digit() })
}

/// SAP numbers its messages within a class: `(F5 201)`, `number 082 class M8`.
fn is_sap_message(number: &str, at: &Surroundings<'_>) -> bool {
    if number.len() != 3 {
        return false;
    }
    let class = at.before.as_bytes().last_chunk::<4>();
    let behind_class = class
        .is_some_and(|[lead, letter, digit, space]| matches!(lead, b' ' | b'(') && letter.is_ascii_uppercase() && digit.is_ascii_digit() && *space == b' ');
    behind_class || at.words[0].eq_ignore_ascii_case("number") && at.after.starts_with(" class ")
}

fn follows_foreign_code_noun(before: &str) -> bool {
    let near = &before[before.floor_char_boundary(before.len().saturating_sub(24))..];
    let noun = near.trim_end_matches([' ', ':', '：', '=', '为', '是', '[', '(', '（']);
    ["码", "代码", "コード", "코드"].iter().any(|code| noun.ends_with(code))
}

pub(super) fn is_any(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

pub(super) fn ends_with_ignoring_case(word: &str, end: &str) -> bool {
    word.len() >= end.len() && word.as_bytes()[word.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

pub(super) fn starts_with_ignoring_case(word: &str, start: &str) -> bool {
    word.len() >= start.len() && word.as_bytes()[..start.len()].eq_ignore_ascii_case(start.as_bytes())
}
