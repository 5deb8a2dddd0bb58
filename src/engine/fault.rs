//! How a failure is told apart: what the network stack reports, and what a reply that is no answer says. Words are in `error`.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::catalogue::{Endpoint, Meaning};
use super::error::{MissingPermission, Objection, Problem, ProxyFault, Stranger, TlsFault, Unreachable};
use super::json_path;
use super::route::Proxy;
use super::wire::Complaint;
use crate::text::EngineText;

/// Bytes of a strange reply that are looked at.
const LOOKED_AT: usize = 16 * 1024;
/// Characters of a strange reply that are quoted.
const QUOTED: usize = 80;

/// The engine's code for a change that lost against another one: it is rolled back.
const OPTIMISTIC_LOCK: i64 = 1;
/// How the message begins where a path loses the code: priorities and due dates of jobs (7.18, 7.24, Operaton 1.0).
const OPTIMISTIC_LOCK_IN_WORDS: &str = "ENGINE-03005 ";

/// A reply of the server, read to its end or to its limit.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) location: Option<String>,
    /// For how long whoever answered asks to be left alone.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
    pub(super) cut: bool,
}

impl Reply {
    pub(super) fn is_page(&self) -> bool {
        let stated = self.content_type.as_deref().is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
        stated || self.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
    }

    fn is_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }
}

/// What is known of the way a request took, beyond what the network stack reports.
pub(super) struct Way<'a> {
    pub(super) connect_limit: Duration,
    pub(super) client_certificate: bool,
    pub(super) proxy: &'a Proxy,
    /// Whether the engine is asked over TLS, which a proxy then only carries.
    pub(super) secure: bool,
}

/// What a failed connection or a failed exchange means, before a reply began.
pub(super) fn of_network(error: &reqwest::Error, way: &Way<'_>) -> Problem {
    if error.is_timeout() && error.is_connect() {
        return Problem::Unreachable(Unreachable::ConnectTimeout { after: way.connect_limit });
    }
    let mut last = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(known) = of_cause(cause, way) {
            return Problem::Unreachable(at_the_proxy(known, error.is_connect(), way));
        }
        last = cause.to_string();
        source = cause.source();
    }
    Problem::Unreachable(Unreachable::Other(last.into()))
}

/// Whoever asks a plain engine through a proxy connects to the proxy alone: what fails then is the proxy.
fn at_the_proxy(fault: Unreachable, connecting: bool, way: &Way<'_>) -> Unreachable {
    if way.secure || !connecting || !matches!(way.proxy, Proxy::Server { .. }) {
        return fault;
    }
    match fault {
        Unreachable::Refused => Unreachable::Proxy(ProxyFault::Refused),
        Unreachable::NoSuchHost => Unreachable::Proxy(ProxyFault::NoSuchHost),
        other => other,
    }
}

fn of_cause(cause: &(dyn Error + 'static), way: &Way<'_>) -> Option<Unreachable> {
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(Unreachable::Tls(of_tls(tls, way.client_certificate)));
    }
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        // An I/O error passes over what it wraps when asked for its source, and layers wrap one in another.
        if let Some(known) = io.get_ref().and_then(|inner| of_cause(inner, way)) {
            return Some(known);
        }
        match io.kind() {
            io::ErrorKind::ConnectionRefused => return Some(Unreachable::Refused),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                return Some(Unreachable::Closed);
            }
            _ => {}
        }
    }
    // The network stack keeps these types to itself and tells them apart by text alone.
    let text = cause.to_string();
    if text.contains("dns error") {
        Some(Unreachable::NoSuchHost)
    } else if text.starts_with("tunnel error") {
        Some(Unreachable::Proxy(of_tunnel(cause, &text, way)))
    } else if text.starts_with("SOCKS error") {
        Some(Unreachable::Proxy(of_socks(cause, &text, way)))
    } else if text.to_ascii_lowercase().contains("proxy") {
        // The words for SOCKS wrap the reason.
        cause.source().and_then(|inner| of_cause(inner, way)).or_else(|| Some(Unreachable::Proxy(ProxyFault::Other(text.into()))))
    } else if text.contains("connection closed before message completed") {
        Some(Unreachable::Closed)
    } else if text.contains("invalid HTTP") {
        Some(Unreachable::NotHttp)
    } else {
        None
    }
}

/// A failed `CONNECT`.
fn of_tunnel(cause: &(dyn Error + 'static), text: &str, way: &Way<'_>) -> ProxyFault {
    if text.contains("authorization required") {
        return ProxyFault::Login { given: way.proxy.has_login() };
    }
    if text.contains("unsuccessful") {
        return ProxyFault::NoWay("it refused to open a tunnel".into());
    }
    let mut source = cause.source();
    while let Some(inner) = source {
        match of_cause(inner, way) {
            Some(Unreachable::Refused) => return ProxyFault::Refused,
            Some(Unreachable::NoSuchHost) => return ProxyFault::NoSuchHost,
            Some(known) => return ProxyFault::Other(known.to_string().into()),
            None => source = inner.source(),
        }
    }
    ProxyFault::Other(text.into())
}

/// A failed SOCKS handshake. It names no source: what lies below shows only in its debug form.
fn of_socks(cause: &(dyn Error + 'static), text: &str, way: &Way<'_>) -> ProxyFault {
    let said = text.trim_start_matches("SOCKS error: ");
    match said {
        "credentials not accepted" => ProxyFault::Login { given: true },
        "server does not support user/pass authentication" => ProxyFault::Login { given: way.proxy.has_login() },
        "failed to create underlying connection" => match format!("{cause:?}") {
            inner if inner.contains("ConnectionRefused") => ProxyFault::Refused,
            inner if inner.contains("dns error") => ProxyFault::NoSuchHost,
            _ => ProxyFault::Other("no connection to it".into()),
        },
        "connection refused" => ProxyFault::NoWay("nothing listens at the engine's address".into()),
        "general server failure"
        | "connection not allowed"
        | "network unreachable"
        | "host unreachable"
        | "ttl expired"
        | "command not supported"
        | "address type not supported" => ProxyFault::NoWay(said.into()),
        _ => ProxyFault::Other(format!("{said} (SOCKS)").into()),
    }
}

fn of_tls(error: &rustls::Error, client_certificate: bool) -> TlsFault {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. }) => TlsFault::Expired,
        // The latter two: an authority of the same name is trusted, but the signature is not its own.
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }) => {
            TlsFault::UnknownIssuer
        }
        // The TLS stack keeps this type to itself.
        rustls::Error::InvalidCertificate(bad) if format!("{bad:?}").contains("CaUsedAsEndEntity") => TlsFault::AuthorityAsServer,
        rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => TlsFault::WrongName,
        rustls::Error::InvalidMessage(_) => TlsFault::NotTls,
        rustls::Error::AlertReceived(alert) => of_alert(*alert, client_certificate).unwrap_or_else(|| TlsFault::Other(error.to_string().into())),
        other => TlsFault::Other(other.to_string().into()),
    }
}

/// What the server complains about while the connection is made. Complaints about a certificate can only mean ours.
fn of_alert(alert: rustls::AlertDescription, client_certificate: bool) -> Option<TlsFault> {
    use rustls::AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired => Some(TlsFault::CertificateDemanded),
        // Servers that speak an older TLS have no better word for a certificate that did not come.
        Alert::BadCertificate | Alert::NoCertificate if !client_certificate => Some(TlsFault::CertificateDemanded),
        _ if !client_certificate => None,
        Alert::CertificateExpired => Some(TlsFault::CertificateRefused(Objection::Expired)),
        Alert::CertificateRevoked => Some(TlsFault::CertificateRefused(Objection::Revoked)),
        Alert::UnknownCA => Some(TlsFault::CertificateRefused(Objection::UnknownIssuer)),
        Alert::BadCertificate | Alert::UnsupportedCertificate | Alert::CertificateUnknown | Alert::AccessDenied | Alert::DecryptError => {
            Some(TlsFault::CertificateRefused(Objection::Unsaid))
        }
        _ => None,
    }
}

/// nginx carries out the handshake in any case and complains with a page of status 400.
fn of_nginx(reply: &Reply) -> Option<TlsFault> {
    let words = first_words(reply);
    match words.as_wire() {
        said if said.contains("No required SSL certificate was sent") => Some(TlsFault::CertificateDemanded),
        said if said.contains("The SSL certificate error") => Some(TlsFault::CertificateRefused(Objection::Unsaid)),
        _ => None,
    }
}

/// Whether a reply with another status than success is the engine's own word that it did not do what was asked.
///
/// An engine's refusals are rolled back: its errors of 400 to 499 in its own words, its empty 401 for a login, and an optimistic lock. Anything
/// else may have been said after the work was done: by a proxy, by a gateway that looks at answers, by an engine that failed on the way back.
pub(super) fn is_refusal(reply: &Reply) -> bool {
    let complaint = complaint(reply).filter(|said| said.message.is_some());
    match reply.status {
        401 => reply.is_blank() || complaint.is_some(),
        // A gateway that takes no more requests, and a proxy that wants a login of its own, have passed nothing on.
        407 | 429 => true,
        400..=499 => complaint.is_some(),
        500 => complaint.is_some_and(|said| {
            let lost = said.message.is_some_and(|message| message.as_wire().starts_with(OPTIMISTIC_LOCK_IN_WORDS));
            lost || said.code == Some(OPTIMISTIC_LOCK)
        }),
        _ => false,
    }
}

/// What a reply means that carries another status than success. `user` is who asked.
pub(super) fn of_status(row: &Endpoint, reply: &Reply, user: Option<&EngineText>, way: &Way<'_>) -> Problem {
    let status = reply.status;
    let complaint = complaint(reply);
    if status == 429 || matches!(status, 408 | 502..=504) && complaint.is_none() {
        let said = note(reply, complaint).filter(|said| !said.as_wire().trim().is_empty());
        return Problem::Gateway { status, said, wait: reply.retry_after };
    }
    match status {
        401 => Problem::Unauthorized { user: user.cloned(), note: note(reply, complaint) },
        407 => Problem::Unreachable(Unreachable::Proxy(ProxyFault::Login { given: way.proxy.has_login() })),
        403 => forbidden(reply, complaint, user),
        300..=399 => Problem::NotAnEngine(Stranger::Redirect { to: reply.location.as_deref().map(bare_address) }),
        404 => not_found(row, reply, complaint),
        400 if reply.is_page()
            && let Some(fault) = of_nginx(reply) =>
        {
            Problem::Unreachable(Unreachable::Tls(fault))
        }
        _ => match complaint {
            Some(said) if names_no_engine(&said) => Problem::NotAnEngine(Stranger::NoSuchEngine),
            Some(said) if row.meaning(status) == Some(Meaning::Gone) && stumbled(&said) => Problem::NotFound,
            Some(said) => Problem::Engine { status, kind: said.kind, message: said.message, code: said.code },
            None if status >= 500 => Problem::Engine { status, kind: None, message: Some(first_words(reply)), code: None },
            None => Problem::NotAnEngine(stranger(reply)),
        },
    }
}

fn not_found(row: &Endpoint, reply: &Reply, complaint: Option<Complaint>) -> Problem {
    match complaint {
        Some(said) if names_no_engine(&said) => Problem::NotAnEngine(Stranger::NoSuchEngine),
        // The REST framework's own answer for a path it does not know.
        Some(said) if said.kind.as_ref().is_some_and(|kind| kind.as_wire() == "NotFoundException") => Problem::NotAnEngine(Stranger::NoSuchPath),
        Some(_) if row.meaning(404) == Some(Meaning::Gone) => Problem::NotFound,
        Some(said) => Problem::Engine { status: 404, kind: said.kind, message: said.message, code: said.code },
        None if reply.is_page() => Problem::NotAnEngine(stranger(reply)),
        None => Problem::NotAnEngine(Stranger::NoSuchPath),
    }
}

/// Some paths stumble over what is gone instead of answering 404: `NullValueException: No external task found with id …` as 500,
/// `No matching definition with id …` as 400.
fn stumbled(said: &Complaint) -> bool {
    let message = said.message.as_ref().map_or("", |message| message.as_wire());
    message.starts_with("No ") && message.contains(" with id ")
}

/// "Process engine x not available", "No process engine available": to be told from a thing that is gone, as both are 404.
fn names_no_engine(said: &Complaint) -> bool {
    said.message.as_ref().is_some_and(|message| message.as_wire().contains("rocess engine") && message.as_wire().ends_with("available"))
}

fn forbidden(reply: &Reply, complaint: Option<Complaint>, user: Option<&EngineText>) -> Problem {
    let Some(said) = complaint else {
        return Problem::Forbidden { user: user.cloned(), missing: Vec::new(), note: note(reply, None) };
    };
    let missing = said
        .missing_authorizations
        .unwrap_or_default()
        .into_iter()
        .filter_map(|lack| Some(MissingPermission { permission: lack.permission_name?, resource: lack.resource_name?, resource_id: lack.resource_id }));
    let missing: Vec<_> = missing.collect();
    // The engine's sentence repeats the list: it is worth its room only where there is none.
    let note = if missing.is_empty() { said.message } else { None };
    Problem::Forbidden { user: said.user_id.or_else(|| user.cloned()), missing, note }
}

/// The engine's own error, if the reply is one: it always names a type or a message.
fn complaint(reply: &Reply) -> Option<Complaint> {
    let said: Complaint = serde_json::from_slice(&reply.body).ok()?;
    said.kind.is_some().then_some(said)
}

fn note(reply: &Reply, complaint: Option<Complaint>) -> Option<EngineText> {
    match complaint {
        Some(said) => said.message,
        None if reply.is_blank() => None,
        None => Some(first_words(reply)),
    }
}

/// What came instead of an answer.
pub(super) fn stranger(reply: &Reply) -> Stranger {
    let status = reply.status;
    if reply.is_blank() {
        Stranger::Empty { status }
    } else if reply.is_page() {
        Stranger::Page { status, title: Some(first_words(reply)).filter(|words| !words.as_wire().is_empty()) }
    } else {
        Stranger::Text { status, content_type: reply.content_type.as_deref().map(EngineText::from), start: first_words(reply) }
    }
}

/// Why the body of a successful reply could not be read as what was asked for.
pub(super) fn of_json(reply: &Reply, error: &serde_json::Error) -> Problem {
    if reply.is_blank() || reply.is_page() {
        return Problem::NotAnEngine(stranger(reply));
    }
    if error.is_eof() {
        return Problem::CutOff { received: reply.body.len() };
    }
    if error.is_syntax() && !matches!(reply.body.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[')) {
        return Problem::NotAnEngine(stranger(reply));
    }
    let said = error.to_string();
    let complaint = said.split(" at line ").next().unwrap_or_default();
    let path = json_path::path_at(&reply.body, error.line(), error.column());
    Problem::NotAnEngine(Stranger::Shape { path: path.into(), complaint: complaint.into() })
}

/// The title of a page, else the first words of the reply without its tags.
fn first_words(reply: &Reply) -> EngineText {
    let looked_at = &reply.body[..reply.body.len().min(LOOKED_AT)];
    let text = String::from_utf8_lossy(looked_at);
    let words = if reply.is_page() { title(&text).unwrap_or_else(|| without_tags(&text)) } else { text.into_owned() };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &words[..end]).into(),
        None => words.into(),
    }
}

fn title(page: &str) -> Option<String> {
    // ASCII lowering keeps every byte at its place.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(page[start..end].to_owned()).filter(|title| !title.trim().is_empty())
}

fn without_tags(page: &str) -> String {
    let mut words = String::new();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        words.push_str(&rest[..open]);
        words.push(' ');
        rest = rest[open..].find('>').map_or("", |close| &rest[open + close + 1..]);
    }
    words.push_str(rest);
    words
}

/// A redirect's target without query, fragment and credentials: they may hold a session or the address that was asked for.
fn bare_address(location: &str) -> EngineText {
    match reqwest::Url::parse(location) {
        Ok(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            // Neither can fail for an address that has a host; without one there is nothing to hide.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.as_str().into()
        }
        Err(_) => location.split(['?', '#']).next().unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply { status: 200, content_type: None, location: None, retry_after: None, body: body.as_bytes().to_vec(), cut: false }
    }

    #[test]
    fn a_page_is_quoted_by_its_title_or_its_first_words() {
        assert_eq!(first_words(&reply("<html><head><TITLE lang=en>\n Sign in </TITLE>")).as_wire(), "Sign in");
        assert_eq!(first_words(&reply("<html><title></title><h1>502</h1>Bad  Gateway")).as_wire(), "502 Bad Gateway");
        assert_eq!(first_words(&reply(&format!("<p>{}", "é".repeat(200)))).as_wire().chars().count(), QUOTED + 1);
    }

    #[test]
    fn certificates_are_refused_for_their_own_reasons() {
        use rustls::CertificateError as Bad;
        let fault = |bad| of_tls(&rustls::Error::InvalidCertificate(bad), false);
        assert!(matches!(fault(Bad::Expired), TlsFault::Expired));
        assert!(matches!(fault(Bad::NotValidYet), TlsFault::Expired));
        assert!(matches!(fault(Bad::UnknownIssuer), TlsFault::UnknownIssuer));
        assert!(matches!(fault(Bad::BadSignature), TlsFault::UnknownIssuer));
        assert!(matches!(fault(Bad::NotValidForName), TlsFault::WrongName));
        assert!(matches!(fault(Bad::Revoked), TlsFault::Other(_)));
    }

    #[test]
    fn a_tls_fault_is_found_however_deeply_it_is_wrapped() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        let way = Way { connect_limit: Duration::ZERO, client_certificate: false, proxy: &Proxy::System, secure: true };
        assert!(matches!(of_cause(&wrapped, &way), Some(Unreachable::Tls(TlsFault::UnknownIssuer))));
    }

    #[test]
    fn only_the_engines_own_word_is_a_refusal() {
        let said = |status, body: &str| is_refusal(&Reply { status, ..reply(body) });
        assert!(said(401, "") && said(403, r#"{"type":"AuthorizationException","message":"no"}"#));
        assert!(said(404, r#"{"type":"RestException","message":"External task with id x does not exist","code":0}"#));
        assert!(said(500, r#"{"type":"RestException","message":"Cannot put variable: ENGINE-03005 …","code":1}"#));
        assert!(said(500, r#"{"type":"InvalidRequestException","message":"ENGINE-03005 Execution of 'UPDATE' failed.","code":null}"#));
        for (status, body) in [
            (401, "<title>Sign in</title>"),
            (403, "<title>Request blocked</title>"),
            (404, ""),
            (404, r#"{"type":"RestException","mess"#),
            (409, r#"{"status":409,"error":"Conflict"}"#),
            (500, r#"{"type":"RestException","message":"Listener said: ENGINE-03005 and more","code":0}"#),
            (503, r#"{"type":"RestException","message":"ENGINE-03005 x","code":1}"#),
            (302, ""),
        ] {
            assert!(!said(status, body), "{status} {body}");
        }
    }

    #[test]
    fn a_redirect_target_loses_credentials_and_query() {
        assert_eq!(bare_address("https://u:p@sso.example/login?token=1#x").as_wire(), "https://sso.example/login");
        assert_eq!(bare_address("/login?next=/engine-rest").as_wire(), "/login");
    }
}
