//! What went wrong in a clone: 500 causes, each message with the ids of its own case inside.

use super::landscape::SLOTS;

/// Who failed.
pub const SYSTEMS: [&str; 25] = [
    "payments",
    "ledger",
    "scoring",
    "carrier",
    "warehouse",
    "crm",
    "identity",
    "documents",
    "mail",
    "billing",
    "tariffs",
    "meters",
    "catalog",
    "pricing",
    "contracts",
    "archive",
    "signatures",
    "registry",
    "directory",
    "lab",
    "routes",
    "claims",
    "banking",
    "tax",
    "notifications",
];

/// How it failed. `{system}` tells causes apart; `{number}`, `{uuid}`, `{hex}` and `{key}` differ from case to case.
pub const WORDINGS: [&str; 20] = [
    "Calling https://{system}.example/v2/requests/{number} for {key} failed: Read timed out after 30000 ms",
    "503 Service Unavailable from POST https://{system}.example/api/{key}/calls/{uuid}: upstream connect error, request-id {hex}",
    "I/O error on POST request for \"https://{system}.example:8443/entries/{number}\": Connection refused",
    "ERROR: duplicate key value violates unique constraint \"uq_{system}_entry\"\n  Detail: Key (entry_id, booking)=({number}, {key}) already exists.",
    "Row was updated or deleted by another transaction (or unsaved-value mapping was incorrect): [example.{system}.Entry#{number}]",
    "Customer C-{number} is unknown to {system} (case {key})",
    "502 Bad Gateway: \"<html><head><title>502 Bad Gateway</title></head><body><center>{system}</center></body></html>\" (ray {hex})",
    "{\n  \"status\": 422,\n  \"title\": \"Unprocessable\",\n  \"instance\": \"/{system}/bookings/{uuid}\",\n  \"errors\": [{\"field\": \"zip\", \"value\": \"{number}\"}]\n}",
    "Größenänderung für „{key}“ in {system} nicht möglich: Empfänger gesperrt, 客户账户已冻结",
    "401 Unauthorized from {system}: token {uuid} expired",
    "No route to host: {system}.example/10.4.17.{octet}:8443",
    "429 Too Many Requests from {system}, retry after {octet} s (trace {hex})",
    "Cannot parse the answer of {system} at line {octet} column {number}: unexpected end of input",
    "Mapping failed: field 'amount' of {system} message {uuid} is missing",
    "javax.net.ssl.SSLHandshakeException: {system}.example: certificate expired (session {hex})",
    "Lock on {system} record {number} held by session {uuid}",
    "Deadlock detected in {system}: process {number} waits for ShareLock on transaction {hex}",
    "Validation in {system} failed for {key}: date 2026-11-{octet} is no business day",
    "Disk quota of {system} exceeded while writing /var/spool/{system}/{uuid}.xml",
    "Unexpected state PENDING of {system} order {number}, expected one of [BOOKED, PAID]",
];

pub const CAUSES: usize = SYSTEMS.len() * WORDINGS.len();

/// This cause has no message at all, as a NullPointerException has none.
pub const SILENT_CAUSE: usize = CAUSES - 1;

/// The wording of a cause, with the system's name filled in.
pub fn wording(cause: usize) -> Option<String> {
    let text = WORDINGS[cause % WORDINGS.len()].replace("{system}", SYSTEMS[cause / WORDINGS.len() % SYSTEMS.len()]);
    (cause != SILENT_CAUSE).then_some(text)
}

/// The table the clone's SQL reads: every cause, and the failing activity it belongs to.
pub fn table() -> String {
    let mut sql = String::from("create temp table cause (number int, slot int, place int, wording text);\ninsert into cause values\n");
    for cause in 0..CAUSES {
        let text = wording(cause).map_or("null".into(), |text| quoted(&text));
        let end = if cause + 1 == CAUSES { ";\n" } else { ",\n" };
        sql.push_str(&format!("  ({cause}, {}, {}, {text}){end}", cause % SLOTS, cause / SLOTS));
    }
    sql
}

/// A text as an SQL literal; standard strings take everything but the quote as it is.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
