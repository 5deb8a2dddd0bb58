//! How each problem is worded, and the way out of it. Only words: no classification.

use std::fmt;

use super::{MissingPermission, Objection, Problem, ProxyFault, Stranger, TlsFault, Unreachable};
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
            Self::LoginDelayed { user, again } => {
                f.write_str("the login ")?;
                tail(f, "of user ", user.as_ref())?;
                write!(
                    f,
                    " was refused, though it had worked: somebody may have typed a wrong password for this user; it is tried once more in {}",
                    seconds(*again)
                )
            }
            Self::Gateway { status, said, wait } => {
                f.write_str(gateway(*status))?;
                match wait {
                    Some(wait) => write!(f, "; it asks to wait {}", crate::text::age(*wait))?,
                    None if *status == 429 => f.write_str("; it does not say for how long")?,
                    None => {}
                }
                tail(f, ": ", said.as_ref())
            }
            Self::HeldBack { status, left } => {
                write!(f, "not asked: {}, and asked to wait {} more", gateway(*status), crate::text::age((*left).max(std::time::Duration::from_secs(1))))
            }
            Self::TokenRefused { note } => {
                f.write_str("the token was refused, and there is no other to try")?;
                tail(f, "; the answer says: ", note.as_ref())
            }
            Self::TokenNotFetched { why } => write!(f, "the token was refused, and another could not be fetched: {}", Shown(why)),
            Self::NotRepeated => f.write_str("not done: the token had run out; another was fetched, but a change is never sent twice"),
            Self::LoginRefused { token: true } => f.write_str("not sent: the token was refused before"),
            Self::LoginRefused { token: false } => f.write_str("not sent: the login was refused before"),
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

/// Who answered in the place of the engine, and how.
fn gateway(status: u16) -> &'static str {
    match status {
        429 => "a gateway before the engine takes no more requests for now (429)",
        408 => "a gateway before the engine gave up waiting for the request (408)",
        502 => "a gateway before the engine got no valid answer from it (502)",
        503 => "a gateway or server before the engine says that it is not available (503)",
        504 => "a gateway before the engine got no answer from it in time (504)",
        _ => "a gateway before the engine answered in its place",
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
            Self::Proxy(fault) => fault.fmt(f),
            Self::Closed => f.write_str("the connection was closed without an answer"),
            Self::NotHttp => f.write_str("the port answers, but does not speak HTTP"),
            Self::Other(said) => write!(f, "no connection: {}", Shown(said)),
        }
    }
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the proxy refused the connection: nothing listens there"),
            Self::NoSuchHost => f.write_str("the host name of the proxy has no address"),
            Self::Login { given: false } => f.write_str("the proxy asks for a login of its own"),
            Self::Login { given: true } => f.write_str("the proxy refused its login"),
            Self::NoWay(said) => write!(f, "the proxy did not connect to the engine: {}", Shown(said)),
            Self::Other(said) => write!(f, "the proxy on the way failed: {}", Shown(said)),
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
            Self::CertificateDemanded => f.write_str("TLS: the server demands a client certificate"),
            Self::CertificateRefused(Objection::Expired) => f.write_str("TLS: the server says that the client certificate has expired"),
            Self::CertificateRefused(Objection::Revoked) => f.write_str("TLS: the server says that the client certificate was revoked"),
            Self::CertificateRefused(Objection::UnknownIssuer) => f.write_str("TLS: the server does not know the authority of the client certificate"),
            Self::CertificateRefused(Objection::Unsaid) => f.write_str("TLS: the server refused the client certificate without saying why"),
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
        Problem::Unauthorized { user: None, .. } => "Set a user and a password, or a token. Polling has stopped.",
        Problem::TokenRefused { .. } | Problem::LoginRefused { token: true } => {
            "See what token_command, token_file or token_env gives, and start again. Polling has stopped."
        }
        Problem::TokenNotFetched { .. } => "It is tried again in half a minute; nothing is sent before.",
        Problem::NotRepeated => "Ask once more; it goes out with the new token.",
        Problem::Unauthorized { .. } | Problem::LoginRefused { token: false } => {
            "Give the right user and password. Polling has stopped, because ten wrong logins lock the account for minutes; if the password is right, the account may be locked already."
        }
        Problem::Forbidden { missing, .. } if missing.is_empty() => "Something before the engine may refuse this; ask whoever runs it.",
        Problem::Forbidden { .. } => "Any one of the named permissions suffices; the engine's administrator can grant it.",
        Problem::NotAnEngine(stranger) => remedy_stranger(stranger),
        Problem::LoginDelayed { .. } => {
            "After a wrong password an engine refuses the right one too, for 3 s and longer with each. If it is refused again, polling stops."
        }
        Problem::Gateway { status: 429, .. } | Problem::HeldBack { status: 429, .. } => {
            "Nothing is sent before. Whoever runs the gateway can raise its limit; a smaller budget in the profile asks less often."
        }
        Problem::Gateway { wait: Some(_), .. } | Problem::HeldBack { .. } => "Nothing is sent before; then it is asked again.",
        Problem::Gateway { status: 408, .. } => "The way to the engine is slow. The next poll asks again.",
        Problem::Gateway { .. } => "It probably cannot reach the engine; look whether the engine runs.",
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
        Unreachable::Tls(TlsFault::UnknownIssuer) => {
            "Point ca_file (or --ca-file) to a PEM file of the company's certificate authority, or add it to this machine."
        }
        Unreachable::Tls(TlsFault::WrongName) => "Use the host name the certificate was made out to.",
        Unreachable::Tls(TlsFault::AuthorityAsServer) => {
            "Make the server's certificate with basicConstraints CA:FALSE, and point ca_file (or --ca-file) to it."
        }
        Unreachable::Tls(TlsFault::NotTls) => "The address probably has to begin with http://.",
        Unreachable::Tls(TlsFault::CertificateDemanded) => "Set client_certificate (and client_key, if the key has a file of its own) for this engine.",
        Unreachable::Tls(TlsFault::CertificateRefused(objection)) => remedy_objection(*objection),
        Unreachable::Tls(TlsFault::Other(_)) => "The server and this machine do not agree on TLS; it may demand a client certificate (client_certificate).",
        Unreachable::Proxy(fault) => remedy_proxy(fault),
        Unreachable::Closed => "The engine or a proxy was probably restarted, or the port speaks another protocol (https://?) or demands a client certificate.",
        Unreachable::NotHttp => "The address may have to begin with https://, or the port belongs to another service.",
        Unreachable::Other(_) => "Check the network between here and the engine.",
    }
}

fn remedy_proxy(fault: &ProxyFault) -> &'static str {
    match fault {
        ProxyFault::Refused | ProxyFault::NoSuchHost => {
            "Check proxy of this engine, or HTTP_PROXY and HTTPS_PROXY, and whether the proxy is up; proxy = \"none\" goes without."
        }
        ProxyFault::Login { given: false } => "Set proxy_user, and one of proxy_password_env, proxy_password_file or proxy_password_command.",
        ProxyFault::Login { given: true } => "Correct proxy_user and its password and start again. Nothing more is sent, as the proxy may lock the account.",
        ProxyFault::NoWay(_) => "Check host and port of the engine as the proxy sees them, and whether the proxy may connect there.",
        ProxyFault::Other(_) => "Check proxy of this engine, or HTTP_PROXY, HTTPS_PROXY and NO_PROXY; proxy = \"none\" goes without.",
    }
}

fn remedy_objection(objection: Objection) -> &'static str {
    match objection {
        Objection::Expired => "Renew the certificate in client_certificate, or check the clocks of both machines.",
        Objection::Revoked => "Ask for a new certificate and name it in client_certificate.",
        Objection::UnknownIssuer => "Name the certificate made for this server in client_certificate, with those that lead to its authority below it.",
        Objection::Unsaid => "Check that client_certificate is the one made for this server, with those that lead to its authority below it.",
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
