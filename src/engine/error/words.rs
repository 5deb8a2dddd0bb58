//! How each problem is worded, and the way out of it. Only words: no classification.

use std::fmt;

use super::{MissingPermission, Problem, Stranger, TlsFault, Unreachable};
use crate::text::EngineText;

/// Characters of engine text shown in one message.
const SHOWN: usize = 240;

/// Engine text as one bounded, sanitised piece of a sentence.
struct Shown<'a>(&'a EngineText);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The raw text may be megabytes: bound it before it is sanitised, and again after.
        let raw = self.0.as_wire();
        let end = raw.char_indices().nth(SHOWN * 4).map_or(raw.len(), |(end, _)| end);
        let safe = EngineText::from(&raw[..end]).to_string();
        let mut characters = safe.trim().chars();
        for character in characters.by_ref().take(SHOWN) {
            write!(f, "{character}")?;
        }
        if characters.next().is_some() || end < raw.len() { f.write_str("…") } else { Ok(()) }
    }
}

/// `lead` and the text behind it, or nothing.
fn tail(f: &mut fmt::Formatter<'_>, lead: &str, text: Option<&EngineText>) -> fmt::Result {
    match text {
        Some(text) if !text.as_wire().trim().is_empty() => write!(f, "{lead}{}", Shown(text)),
        _ => Ok(()),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(fault) => fault.fmt(f),
            Self::Unauthorized { user: None, note } => {
                f.write_str("the engine asks for a login and none is set")?;
                tail(f, "; the answer says: ", note.as_ref())
            }
            Self::Unauthorized { user: Some(user), note } => {
                write!(f, "the login of user {} was refused", Shown(user))?;
                tail(f, "; the answer says: ", note.as_ref())
            }
            Self::LoginRefused => f.write_str("not sent: the login was refused before"),
            Self::Forbidden { user, missing, note } => forbidden(f, user.as_ref(), missing, note.as_ref()),
            Self::NotAnEngine(stranger) => stranger.fmt(f),
            Self::Engine { status, kind, message, code } => {
                write!(f, "the engine reports error {status}")?;
                tail(f, " ", kind.as_ref())?;
                tail(f, ": ", message.as_ref())?;
                code.map_or(Ok(()), |code| write!(f, " [code {code}]"))
            }
            Self::NotFound => f.write_str("it does not exist, or not any more"),
            Self::TooSlow { after } => write!(f, "no complete answer within {}", seconds(*after)),
            Self::CutOff { received } => write!(f, "the connection broke after {received} bytes of the answer"),
            Self::TooLarge { limit } if *limit < 1 << 20 => write!(f, "the answer is larger than {limit} bytes and was not read"),
            Self::TooLarge { limit } => write!(f, "the answer is larger than {} MiB and was not read", limit >> 20),
            Self::Unsupported { what, since, engine: Some(engine) } => write!(f, "not asked: {what} needs {since} or newer, this is {engine}"),
            Self::Unsupported { what, since, engine: None } => write!(f, "not asked: {what} needs {since} or newer, and the engine's version is not known"),
            Self::FilterIgnored { what } => write!(f, "the engine ignored the filter {what} and sent rows nobody asked for; they were thrown away"),
            Self::NotInCatalogue { what } => write!(f, "not sent: the request catalogue does not know {what} here"),
            Self::Setup { why } => write!(f, "cannot be used: {why}"),
        }
    }
}

fn seconds(time: std::time::Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{:.1} s", time.as_secs_f64()) }
}

fn forbidden(f: &mut fmt::Formatter<'_>, user: Option<&EngineText>, missing: &[MissingPermission], note: Option<&EngineText>) -> fmt::Result {
    match user {
        Some(user) => write!(f, "user {} may not do this", Shown(user))?,
        None => f.write_str("this user may not do this")?,
    }
    for (place, lack) in missing.iter().take(4).enumerate() {
        let lead = if place == 0 { ": lacks" } else { " or" };
        write!(f, "{lead} {} on {}", Shown(&lack.permission), Shown(&lack.resource))?;
        tail(f, " ", lack.resource_id.as_ref())?;
    }
    tail(f, ": ", note)
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused: nothing listens there"),
            Self::NoSuchHost => f.write_str("the host name has no address"),
            Self::ConnectTimeout { after } => write!(f, "no connection within {}", seconds(*after)),
            Self::Tls(fault) => fault.fmt(f),
            Self::Proxy(said) => write!(f, "the proxy on the way failed: {}", Shown(said)),
            Self::Closed => f.write_str("the connection was closed without an answer"),
            Self::NotHttp => f.write_str("the port answers, but does not speak HTTP"),
            Self::Other(said) => write!(f, "no connection: {}", Shown(said)),
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("TLS: the server's certificate has expired or is not valid yet"),
            Self::UnknownIssuer => f.write_str("TLS: the server's certificate is signed by an authority this machine does not trust"),
            Self::WrongName => f.write_str("TLS: the server's certificate is made out to another host name"),
            Self::AuthorityAsServer => f.write_str("TLS: the server's self-signed certificate is made as an authority's, which no server may use"),
            Self::NotTls => f.write_str("TLS: the port answers, but does not speak TLS"),
            Self::Other(said) => write!(f, "TLS: {}", Shown(said)),
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an engine: ")?;
        match self {
            Self::Redirect { to } => {
                f.write_str("redirected")?;
                tail(f, " to ", to.as_ref())
            }
            Self::Page { status, title } => {
                write!(f, "a web page came back (status {status})")?;
                tail(f, ": ", title.as_ref())
            }
            Self::Text { status, content_type, start } => {
                match content_type {
                    Some(kind) => write!(f, "{} came back (status {status})", Shown(kind))?,
                    None => write!(f, "something of no stated type came back (status {status})")?,
                }
                tail(f, ": ", Some(start))
            }
            Self::Empty { status } => write!(f, "an empty answer came back (status {status})"),
            Self::Shape { path, complaint } => write!(f, "the JSON has another shape at {}: {}", Shown(path), Shown(complaint)),
            Self::NoSuchEngine => f.write_str("the REST API has no process engine of that name"),
            Self::NoSuchPath => f.write_str("the server knows no such path"),
        }
    }
}

/// The way out, one sentence or two.
pub(super) fn remedy(problem: &Problem) -> &'static str {
    match problem {
        Problem::Unreachable(fault) => remedy_unreachable(fault),
        Problem::Unauthorized { user: None, .. } => "Set a user and a password. Polling has stopped.",
        Problem::Unauthorized { .. } | Problem::LoginRefused => {
            "Give the right user and password. Polling has stopped, because ten wrong logins lock the account for minutes; if the password is right, the account may be locked already."
        }
        Problem::Forbidden { missing, .. } if missing.is_empty() => "Something before the engine may refuse this; ask whoever runs it.",
        Problem::Forbidden { .. } => "Any one of the named permissions suffices; the engine's administrator can grant it.",
        Problem::NotAnEngine(stranger) => remedy_stranger(stranger),
        Problem::Engine { status: 502..=504, .. } => "A proxy before the engine probably cannot reach it; look whether the engine runs.",
        Problem::Engine { code: Some(1 | 10000), .. } => "Another transaction was faster; asking again is safe.",
        Problem::Engine { status: 500.., .. } => "The engine's own log says more. Polling goes on.",
        Problem::Engine { .. } => "The engine did not accept the request; the message says why.",
        Problem::NotFound => "Somebody else may have finished or removed it; refresh.",
        Problem::TooSlow { .. } => "The engine or its database is busy, or the time limit is too short for it. Polling goes on at a slower pace.",
        Problem::CutOff { .. } => "The engine or a proxy was probably restarted. The next poll asks again.",
        Problem::TooLarge { .. } => "Narrow the filter or read smaller pages.",
        Problem::Unsupported { engine: None, .. } => "It is asked as soon as the version is known.",
        Problem::Unsupported { .. } => "This figure is left out on this engine.",
        Problem::FilterIgnored { .. } => "The engine is older than it says; this figure is left out.",
        Problem::NotInCatalogue { .. } => "This is a fault of the program; please report it.",
        Problem::Setup { .. } => "Correct the address or the settings of this engine and start again.",
    }
}

fn remedy_unreachable(fault: &Unreachable) -> &'static str {
    match fault {
        Unreachable::Refused => "Check host and port, and whether the engine is up; if HTTP_PROXY is set, whether the proxy is.",
        Unreachable::NoSuchHost => "Check the spelling of the host and whether the network or VPN is up.",
        Unreachable::ConnectTimeout { .. } => "A firewall may drop the packets, or the host is down.",
        Unreachable::Tls(TlsFault::Expired) => "Renew the certificate, or check the clock of this machine.",
        Unreachable::Tls(TlsFault::UnknownIssuer) => "Add the company's certificate authority to this machine, or point SSL_CERT_FILE to it.",
        Unreachable::Tls(TlsFault::WrongName) => "Use the host name the certificate was made out to.",
        Unreachable::Tls(TlsFault::AuthorityAsServer) => "Make the server's certificate with basicConstraints CA:FALSE, and have this machine trust it.",
        Unreachable::Tls(TlsFault::NotTls) => "The address probably has to begin with http://.",
        Unreachable::Tls(TlsFault::Other(_)) => "The server and this machine do not agree on TLS; see its settings.",
        Unreachable::Proxy(_) => "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY, and the proxy's login.",
        Unreachable::Closed => "The engine or a proxy was probably restarted, or the port speaks another protocol (https://?).",
        Unreachable::NotHttp => "The address may have to begin with https://, or the port belongs to another service.",
        Unreachable::Other(_) => "Check the network between here and the engine.",
    }
}

fn remedy_stranger(stranger: &Stranger) -> &'static str {
    match stranger {
        Stranger::Redirect { .. } => {
            "Redirects are not followed: they mostly lead to a login page or to https://. Is the address the REST base, as in http://host:8080/engine-rest?"
        }
        Stranger::Shape { .. } => "Another service may answer here, or a newer engine. Is the address the REST base, as in http://host:8080/engine-rest?",
        Stranger::NoSuchEngine => "Check the engine's name in the settings; without a name the default engine is asked. It may also be starting still.",
        _ => "Is the address the REST base, as in http://host:8080/engine-rest?",
    }
}
