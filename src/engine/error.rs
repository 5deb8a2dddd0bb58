//! The one error type of the client, in words an operator understands at two in the morning.
//!
//! Each error says what happened, where, and what to do about it. Here are words and classes only; how a failure is told apart is
//! `fault.rs`. No error carries a password, and engine text in one is sanitised and bounded.

mod words;

use std::fmt;
use std::time::Duration;

use super::catalogue::{RequestName, Since};
use super::version::EngineVersion;
use crate::text::EngineText;

/// However long something before the engine asks to be left alone, it is asked again after this.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// Whoever takes no more requests for now and does not say for how long is left alone for this long.
const UNSAID_WAIT: Duration = Duration::from_secs(5);

/// A call that did not give its answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problem} ({place})")]
pub struct EngineError {
    place: Box<str>,
    request: Option<RequestName>,
    problem: Box<Problem>,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub enum Problem {
    /// No connection, or none that carried an answer.
    Unreachable(Unreachable),
    /// The engine refused the login just now (401).
    Unauthorized {
        /// Who tried; none where no login was given.
        user: Option<EngineText>,
        /// What a proxy wrote into the answer; an engine leaves it empty.
        note: Option<EngineText>,
    },
    /// The engine refused the token (401), and there is no other to try.
    TokenRefused {
        /// What a proxy wrote into the answer; an engine leaves it empty.
        note: Option<EngineText>,
    },
    /// The engine refused the token, and another could not be fetched.
    TokenNotFetched {
        /// Why.
        why: EngineText,
    },
    /// The token had run out and another was fetched, but this was a change, which is never sent twice.
    NotRepeated,
    /// The engine refused the login just now (401), though it had worked: it refuses the right password too for a while after somebody gave a wrong one.
    /// It is tried once more.
    LoginDelayed {
        /// Who tried.
        user: Option<EngineText>,
        /// After how long it is tried once more.
        again: Duration,
    },
    /// Something before the engine answered in its place: it has not done what was asked, or nobody knows.
    Gateway {
        /// HTTP status: 408, 429, 502, 503 or 504.
        status: u16,
        /// What it wrote.
        said: Option<EngineText>,
        /// For how long it asks to be left alone (`Retry-After`).
        wait: Option<Duration>,
    },
    /// Not sent: something before the engine asks to be left alone for a while.
    HeldBack {
        /// The HTTP status with which it asked.
        status: u16,
        /// For how long yet.
        left: Duration,
    },
    /// Not sent: this login was refused before, and ten wrong logins lock the account.
    LoginRefused {
        /// Whether it was a token.
        token: bool,
    },
    /// The login is right but lacks a permission (403).
    Forbidden {
        /// Who tried.
        user: Option<EngineText>,
        /// Any one of these would suffice.
        missing: Vec<MissingPermission>,
        /// What a proxy wrote, if it was a proxy that refused.
        note: Option<EngineText>,
    },
    /// Something answered, but not as an engine does.
    NotAnEngine(Stranger),
    /// The engine itself reports an error.
    Engine {
        /// HTTP status.
        status: u16,
        /// Exception class, such as `RestException`.
        kind: Option<EngineText>,
        /// Its message.
        message: Option<EngineText>,
        /// The engine's error code: 1 optimistic lock, 10000 deadlock, 10001 foreign key, 10002 column size.
        code: Option<i64>,
    },
    /// What was asked for does not exist, or not any more.
    NotFound,
    /// No complete answer within the limit.
    TooSlow {
        /// The limit.
        after: Duration,
    },
    /// The connection broke in the middle of the answer.
    CutOff {
        /// Bytes of the body that had come.
        received: usize,
    },
    /// The answer is larger than the client reads.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not sent: the engine would ignore it and answer something else.
    Unsupported {
        /// The request or parameter.
        what: String,
        /// Where it exists.
        since: Since,
        /// What answers here; none while its version was not read.
        engine: Option<EngineVersion>,
    },
    /// The engine ignored a filter and sent rows nobody asked for; they are thrown away.
    FilterIgnored {
        /// The parameter it ignored.
        what: &'static str,
    },
    /// Not sent: the catalogue row does not name this parameter. A fault of the program.
    NotInCatalogue {
        /// The parameter.
        what: &'static str,
    },
    /// The address, the user or the trust store cannot be used.
    Setup {
        /// Why.
        why: String,
    },
}

/// Why there was no connection.
#[derive(Clone, Debug)]
pub enum Unreachable {
    /// Nothing listens there.
    Refused,
    /// The host has no address.
    NoSuchHost,
    /// No connection within the limit.
    ConnectTimeout {
        /// The limit.
        after: Duration,
    },
    /// The other side cannot be trusted, or speaks no TLS.
    Tls(TlsFault),
    /// The proxy between refused or failed.
    Proxy(ProxyFault),
    /// The connection was closed before a byte of the answer.
    Closed,
    /// Something answered, but not in HTTP: often TLS.
    NotHttp,
    /// Anything else, in the words of the network stack.
    Other(EngineText),
}

/// What the proxy on the way did wrong.
#[derive(Clone, Debug)]
pub enum ProxyFault {
    /// Nothing listens at its address.
    Refused,
    /// Its host has no address.
    NoSuchHost,
    /// It asks for a login of its own (407).
    Login {
        /// Whether one was given, which it then refused.
        given: bool,
    },
    /// It cannot or will not connect to the engine.
    NoWay(EngineText),
    /// Anything else, in the words of the network stack.
    Other(EngineText),
}

/// Why a TLS connection was not trusted.
#[derive(Clone, Debug)]
pub enum TlsFault {
    /// The certificate has expired, or the clock here is wrong.
    Expired,
    /// Signed by an authority this machine does not trust.
    UnknownIssuer,
    /// Made out to another host name.
    WrongName,
    /// Made as an authority's certificate, which no server may use: the common home-made self-signed one.
    AuthorityAsServer,
    /// The port does not speak TLS.
    NotTls,
    /// The server demands a client certificate and got none.
    CertificateDemanded,
    /// The server refuses the client certificate.
    CertificateRefused(Objection),
    /// Anything else, in the words of the TLS stack.
    Other(EngineText),
}

/// What a server holds against a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// It has expired.
    Expired,
    /// It was revoked.
    Revoked,
    /// The server does not know its authority.
    UnknownIssuer,
    /// Something else, which the server does not say.
    Unsaid,
}

/// What answered in an engine's place.
#[derive(Clone, Debug)]
pub enum Stranger {
    /// A redirect, mostly to a login page. It is not followed.
    Redirect {
        /// Where to, without query and credentials.
        to: Option<EngineText>,
    },
    /// A web page.
    Page {
        /// HTTP status.
        status: u16,
        /// Its title or first words.
        title: Option<EngineText>,
    },
    /// Neither JSON nor a web page.
    Text {
        /// HTTP status.
        status: u16,
        /// Its content type.
        content_type: Option<EngineText>,
        /// How it begins.
        start: EngineText,
    },
    /// Nothing at all.
    Empty {
        /// HTTP status.
        status: u16,
    },
    /// JSON, but not what the API promises.
    Shape {
        /// Where in the document, such as `[3].retries`; `(top)` for the whole.
        path: EngineText,
        /// What was found and expected.
        complaint: EngineText,
    },
    /// The server knows no such path.
    NoSuchPath,
    /// The REST API answers, but there is no engine of that name, or none at all yet.
    NoSuchEngine,
}

/// One permission that would have sufficed.
#[derive(Clone, Debug)]
pub struct MissingPermission {
    /// Such as `RETRY_JOB`.
    pub permission: EngineText,
    /// Such as `ProcessDefinition`.
    pub resource: EngineText,
    /// Which one; none for any.
    pub resource_id: Option<EngineText>,
}

/// Class of an error, for badges, counters and decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Nothing listens.
    Refused,
    /// The host has no address.
    NoSuchHost,
    /// No connection in time.
    ConnectTimeout,
    /// TLS was not trusted.
    Tls,
    /// A proxy failed.
    Proxy,
    /// Another network failure.
    Network,
    /// Something before the engine answered in its place, or asks to wait.
    Gateway,
    /// Login refused just now, and tried once more.
    LoginDelayed,
    /// Login refused just now.
    Unauthorized,
    /// Login refused before; not sent.
    LoginRefused,
    /// The token has run out.
    Token,
    /// A permission is missing.
    Forbidden,
    /// Not an engine's answer.
    NotAnEngine,
    /// The engine reports an error.
    Engine,
    /// Gone.
    NotFound,
    /// Too slow.
    TooSlow,
    /// Broken off.
    CutOff,
    /// Too large.
    TooLarge,
    /// Not on this engine.
    Unsupported,
    /// A fault of the program.
    Fault,
    /// Cannot be used as configured.
    Setup,
}

impl ErrorKind {
    /// A label for badges, at most 12 cells.
    pub fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NoSuchHost => "no such host",
            Self::ConnectTimeout => "no connect",
            Self::Tls => "TLS",
            Self::Proxy => "proxy",
            Self::Network => "network",
            Self::Gateway => "gateway",
            Self::LoginDelayed => "login again",
            Self::Unauthorized => "login failed",
            Self::LoginRefused => "needs login",
            Self::Token => "token",
            Self::Forbidden => "forbidden",
            Self::NotAnEngine => "no engine",
            Self::Engine => "engine error",
            Self::NotFound => "not found",
            Self::TooSlow => "too slow",
            Self::CutOff => "cut off",
            Self::TooLarge => "too large",
            Self::Unsupported => "unsupported",
            Self::Fault => "fault",
            Self::Setup => "setup",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl EngineError {
    /// An error of one request; `place` names method and address and must hold neither credentials nor control characters.
    pub(crate) fn new(request: Option<RequestName>, place: &str, problem: Problem) -> Self {
        Self { place: place.into(), request, problem: Box::new(problem) }
    }

    /// What went wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Method and address, such as `GET http://host:8080/engine-rest/version`; never with credentials.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The row of the catalogue that was asked; none where no request was made.
    pub fn request(&self) -> Option<RequestName> {
        self.request
    }

    /// Its class.
    pub fn kind(&self) -> ErrorKind {
        match &*self.problem {
            Problem::Unreachable(Unreachable::Refused) => ErrorKind::Refused,
            Problem::Unreachable(Unreachable::NoSuchHost) => ErrorKind::NoSuchHost,
            Problem::Unreachable(Unreachable::ConnectTimeout { .. }) => ErrorKind::ConnectTimeout,
            Problem::Unreachable(Unreachable::Tls(_)) => ErrorKind::Tls,
            Problem::Unreachable(Unreachable::Proxy(_)) => ErrorKind::Proxy,
            Problem::Unreachable(Unreachable::Closed | Unreachable::NotHttp | Unreachable::Other(_)) => ErrorKind::Network,
            Problem::Unauthorized { .. } | Problem::TokenRefused { .. } => ErrorKind::Unauthorized,
            Problem::LoginRefused { .. } => ErrorKind::LoginRefused,
            Problem::LoginDelayed { .. } => ErrorKind::LoginDelayed,
            Problem::Gateway { .. } | Problem::HeldBack { .. } => ErrorKind::Gateway,
            Problem::TokenNotFetched { .. } | Problem::NotRepeated => ErrorKind::Token,
            Problem::Forbidden { .. } => ErrorKind::Forbidden,
            Problem::NotAnEngine(_) => ErrorKind::NotAnEngine,
            Problem::Engine { .. } => ErrorKind::Engine,
            Problem::NotFound => ErrorKind::NotFound,
            Problem::TooSlow { .. } => ErrorKind::TooSlow,
            Problem::CutOff { .. } => ErrorKind::CutOff,
            Problem::TooLarge { .. } => ErrorKind::TooLarge,
            Problem::Unsupported { .. } | Problem::FilterIgnored { .. } => ErrorKind::Unsupported,
            Problem::NotInCatalogue { .. } => ErrorKind::Fault,
            Problem::Setup { .. } => ErrorKind::Setup,
        }
    }

    /// Whether asking again later, unchanged, may succeed.
    pub fn is_transient(&self) -> bool {
        match &*self.problem {
            Problem::Unreachable(Unreachable::Tls(_) | Unreachable::NotHttp | Unreachable::Proxy(ProxyFault::Login { .. })) => false,
            Problem::TokenNotFetched { .. } | Problem::NotRepeated | Problem::Unreachable(_) | Problem::TooSlow { .. } | Problem::CutOff { .. } => true,
            Problem::LoginDelayed { .. } | Problem::Gateway { .. } | Problem::HeldBack { .. } => true,
            Problem::Engine { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }

    /// For how long to leave the engine alone, because something before it asks for that, and the HTTP status it asks with. Whoever takes no more
    /// requests for now and does not say for how long is left alone for a few seconds.
    pub fn asks_to_wait(&self) -> Option<Duration> {
        match &*self.problem {
            Problem::HeldBack { left, .. } => Some(*left),
            Problem::Gateway { wait: Some(wait), .. } => Some((*wait).min(LONGEST_WAIT)),
            Problem::Gateway { status: 429, wait: None, .. } => Some(UNSAID_WAIT),
            _ => None,
        }
    }

    /// Whether no further request may be sent until somebody gives another login.
    pub fn stops_polling(&self) -> bool {
        matches!(&*self.problem, Problem::Unauthorized { .. } | Problem::TokenRefused { .. } | Problem::LoginRefused { .. })
    }

    /// What the operator can do about it, one sentence or two.
    pub fn remedy(&self) -> &'static str {
        words::remedy(&self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr as _;

    #[test]
    fn labels_fit_a_badge_and_differ() {
        use ErrorKind::*;
        let all = [
            Refused,
            NoSuchHost,
            ConnectTimeout,
            Tls,
            Proxy,
            Network,
            Gateway,
            LoginDelayed,
            Unauthorized,
            LoginRefused,
            Token,
            Forbidden,
            NotAnEngine,
            Engine,
            NotFound,
            TooSlow,
            CutOff,
            TooLarge,
            Unsupported,
            Fault,
            Setup,
        ];
        for (place, kind) in all.iter().enumerate() {
            assert!(kind.label().width() <= 12, "{kind:?}");
            assert!(!all[..place].iter().any(|other| other.label() == kind.label()), "{kind:?}");
        }
    }

    #[test]
    fn engine_text_in_a_message_is_bounded_and_has_no_control_characters() {
        let message = Some(EngineText::from(format!("\u{1b}[2J{}", "x".repeat(5000))));
        let error = EngineError::new(None, "GET http://h/version", Problem::Engine { status: 500, kind: None, message, code: None });
        let shown = error.to_string();
        assert!(shown.chars().count() < 400, "{} characters", shown.chars().count());
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn only_refused_logins_stop_polling() {
        let error = |problem| EngineError::new(None, "", problem);
        assert!(error(Problem::LoginRefused { token: false }).stops_polling());
        assert!(error(Problem::TokenRefused { note: None }).stops_polling());
        assert!(!error(Problem::TokenNotFetched { why: "x".into() }).stops_polling());
        assert!(error(Problem::Unauthorized { user: None, note: None }).stops_polling());
        assert!(!error(Problem::Forbidden { user: None, missing: Vec::new(), note: None }).stops_polling());
        assert!(!error(Problem::Unreachable(Unreachable::Refused)).stops_polling());
    }

    #[test]
    fn what_a_restart_cures_is_transient() {
        let engine = |status| EngineError::new(None, "", Problem::Engine { status, kind: None, message: None, code: None });
        assert!(engine(503).is_transient());
        assert!(!engine(400).is_transient());
        assert!(EngineError::new(None, "", Problem::Unreachable(Unreachable::Refused)).is_transient());
        assert!(!EngineError::new(None, "", Problem::Unreachable(Unreachable::Tls(TlsFault::Expired))).is_transient());
    }
}
