//! Sending one request and reading its reply: limits, the login latch, a token fetched again, the count of what was sent. It knows
//! rows and replies, but no types of the domain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Response, Url};
use secrecy::ExposeSecret as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::catalogue::{Method, Permission};
use super::client::ClientOptions;
use super::error::{EngineError, Problem, ProxyFault, Unreachable};
use super::fault::{self, Reply};
use super::login::{Login, Renewal, Tokens};
use super::request::Request;
use crate::text::EngineText;

/// Room made for a body before its first byte, however long it claims to be.
const FIRST_ROOM: usize = 256 * 1024;
/// Characters of an address shown in an error.
const SHOWN_ADDRESS: usize = 200;

/// What to do with a body longer than allowed.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    /// Half a JSON document is worth nothing: give up.
    Refuse(usize),
    /// Half a stack trace is worth much: keep the beginning.
    Cut(usize),
}

/// A reply with what was measured on the way.
pub(super) struct Delivery {
    pub(super) reply: Reply,
    pub(super) elapsed: Duration,
    pub(super) engine_time: Option<Timestamp>,
    pub(super) place: String,
}

/// How far a request that failed got. What matters is whether it may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nothing went out.
    Nowhere,
    /// The engine itself says that it did not do it.
    Refused,
    /// It went out, and nothing certain came back.
    Unclear,
}

/// A request that did not get its answer.
pub(super) struct Undelivered {
    pub(super) error: EngineError,
    pub(super) reach: Reach,
    pub(super) elapsed: Duration,
    pub(super) engine_time: Option<Timestamp>,
}

impl Undelivered {
    /// Nothing went out.
    pub(super) fn unsent(error: EngineError) -> Self {
        Self { error, reach: Reach::Nowhere, elapsed: Duration::ZERO, engine_time: None }
    }
}

/// Requests and bytes, counted over the life of a client and its descendants.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Exchanges after which another engine may answer.
    pub(super) interruptions: AtomicU64,
}

/// Lets one request through until a login is proven, then as many as allowed; after a refused login, none.
///
/// Ten wrong logins lock an account for minutes. One attempt is made with an unproven login, and a login that stops being valid
/// costs at most the requests then in flight. A proxy's login is treated as the engine's: its account may be locked as well.
pub(super) struct Gate {
    permits: Semaphore,
    widens_by: usize,
    proven: AtomicBool,
    refused: AtomicU8,
}

/// Who refused a login for good.
#[derive(Clone, Copy)]
enum Refuser {
    Engine = 1,
    Proxy = 2,
}

impl Gate {
    pub(super) fn new(max_in_flight: usize) -> Self {
        Self { permits: Semaphore::new(1), widens_by: max_in_flight.saturating_sub(1), proven: AtomicBool::new(false), refused: AtomicU8::new(0) }
    }

    /// Waits for its turn; refused for good once the login was. `token` tells which kind of login that would be.
    async fn enter(&self, token: bool) -> Result<SemaphorePermit<'_>, Problem> {
        // The semaphore is never closed; were it, refusing would be right.
        let permit = self.permits.acquire().await.map_err(|_| Problem::LoginRefused { token })?;
        match self.refused.load(Ordering::Acquire) {
            0 => Ok(permit),
            refuser if refuser == Refuser::Proxy as u8 => Err(Problem::Unreachable(Unreachable::Proxy(ProxyFault::Login { given: true }))),
            _ => Err(Problem::LoginRefused { token }),
        }
    }

    fn prove(&self) {
        if !self.proven.swap(true, Ordering::AcqRel) {
            self.permits.add_permits(self.widens_by);
        }
    }

    fn refuse(&self, refuser: Refuser) {
        self.refused.store(refuser as u8, Ordering::Release);
    }
}

/// Whether a request that was refused for an outdated token is sent again with a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Once.
    Once,
    /// Never: for changes.
    Never,
}

/// What a request travels with.
pub(super) struct Sender<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) options: &'a ClientOptions,
    pub(super) tokens: Option<&'a Arc<Tokens>>,
    pub(super) gate: &'a Gate,
    pub(super) counters: &'a Counters,
    pub(super) timeout: Duration,
    pub(super) repeats: Repeats,
}

/// One exchange, with the number of the token it carried.
struct Attempt {
    outcome: Result<Reply, Problem>,
    reach: Reach,
    elapsed: Duration,
    engine_time: Option<Timestamp>,
    token: u64,
}

/// What came of one exchange.
struct Exchanged {
    outcome: Result<Reply, Problem>,
    /// How far it got if it failed before a whole reply was read.
    reach: Reach,
    engine_time: Option<Timestamp>,
}

impl Sender<'_> {
    /// Sends a checked request and reads the reply. Any status but success is an error.
    pub(super) async fn send(&self, request: &Request, limit: Limit) -> Result<Delivery, Undelivered> {
        let url = request.url(&self.options.base_url, self.options.engine_name.as_deref());
        let place = shown_place(request.row().method, &url);
        let failed = |problem| EngineError::new(Some(request.row().name), &place, problem);
        let permit = self.gate.enter(self.tokens.is_some()).await.map_err(|problem| Undelivered::unsent(failed(problem)))?;
        if let Some(why) = self.tokens.and_then(|tokens| tokens.pausing()) {
            return Err(Undelivered::unsent(failed(Problem::TokenNotFetched { why })));
        }
        let mut attempt = self.attempt(request, &url, limit).await;
        if let (Err(Problem::TokenRefused { .. }), Some(tokens)) = (&attempt.outcome, self.tokens) {
            match tokens.renew(attempt.token).await {
                Renewal::Same => {}
                Renewal::Failed(why) => attempt.outcome = Err(Problem::TokenNotFetched { why }),
                Renewal::Renewed if self.repeats == Repeats::Never => attempt.outcome = Err(Problem::NotRepeated),
                Renewal::Renewed => {
                    let first = attempt.elapsed;
                    attempt = self.attempt(request, &url, limit).await;
                    attempt.elapsed += first;
                }
            }
        }
        self.learn(request, &attempt);
        drop(permit);
        let Attempt { outcome, reach, elapsed, engine_time, .. } = attempt;
        match outcome {
            Ok(reply) => Ok(Delivery { reply, elapsed, engine_time, place }),
            Err(problem) => Err(Undelivered { error: failed(problem), reach, elapsed, engine_time }),
        }
    }

    async fn attempt(&self, request: &Request, url: &Url, limit: Limit) -> Attempt {
        let (token, header) = self.tokens.map_or((0, None), |tokens| {
            let (number, header) = tokens.current();
            (number, Some(header))
        });
        let sent_at = Instant::now();
        let exchanged = tokio::time::timeout(self.timeout, self.exchange(request, url.clone(), header, limit)).await;
        let elapsed = sent_at.elapsed();
        // What the limit cut off may be on its way to being done.
        let late = |_| Exchanged { outcome: Err(Problem::TooSlow { after: self.timeout }), reach: Reach::Unclear, engine_time: None };
        let Exchanged { outcome, mut reach, engine_time } = exchanged.unwrap_or_else(late);
        let outcome = match outcome {
            Ok(reply) if !(200..300).contains(&reply.status) => {
                reach = if fault::is_refusal(&reply) { Reach::Refused } else { Reach::Unclear };
                Err(match fault::of_status(request.row(), &reply, self.user().as_ref(), &self.way()) {
                    Problem::Unauthorized { note, .. } if self.tokens.is_some() => Problem::TokenRefused { note },
                    other => other,
                })
            }
            other => other,
        };
        Attempt { outcome, reach, elapsed, engine_time, token }
    }

    fn way(&self) -> fault::Way<'_> {
        fault::Way {
            connect_limit: self.options.connect_timeout,
            client_certificate: self.options.client_certificate.is_some(),
            proxy: &self.options.proxy,
            secure: self.options.base_url.scheme() == "https",
        }
    }

    /// Draws the consequences for later requests, before the permit is given back.
    fn learn(&self, request: &Request, attempt: &Attempt) {
        if attempt.outcome.as_ref().is_err_and(interrupts) {
            self.counters.interruptions.fetch_add(1, Ordering::AcqRel);
        }
        match &attempt.outcome {
            Err(Problem::Unauthorized { .. } | Problem::TokenRefused { .. }) => self.gate.refuse(Refuser::Engine),
            Err(Problem::Unreachable(Unreachable::Proxy(ProxyFault::Login { given: true }))) => self.gate.refuse(Refuser::Proxy),
            Ok(_) | Err(Problem::Engine { .. } | Problem::Forbidden { .. } | Problem::NotFound) if request.row().permission != Permission::Open => {
                self.gate.prove();
                if let Some(tokens) = self.tokens {
                    tokens.prove(attempt.token);
                }
            }
            _ => {}
        }
    }

    fn user(&self) -> Option<EngineText> {
        match &self.options.login {
            Login::None | Login::Bearer(_) => None,
            Login::Basic { user, .. } => Some(EngineText::from(user.as_str())),
        }
    }

    async fn exchange(&self, request: &Request, url: Url, token: Option<HeaderValue>, limit: Limit) -> Exchanged {
        let mut builder = match request.row().method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url).header(CONTENT_TYPE, "application/json"),
            Method::Put => self.http.put(url).header(CONTENT_TYPE, "application/json"),
            Method::Delete => self.http.delete(url),
        };
        builder = builder.headers(self.options.headers.map());
        builder = builder.header(ACCEPT, "application/json, text/plain;q=0.9, */*;q=0.1");
        if let Some(payload) = request.payload() {
            builder = builder.body(payload);
        }
        if let Login::Basic { user, password } = &self.options.login {
            builder = builder.basic_auth(user, Some(password.expose_secret()));
        }
        if let Some(token) = token {
            builder = builder.header(AUTHORIZATION, token);
        }
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        match builder.send().await {
            Ok(response) => {
                let engine_time = header(response.headers(), DATE).and_then(|date| http_date(&date));
                Exchanged { outcome: self.read(response, limit).await, reach: Reach::Unclear, engine_time }
            }
            Err(error) => {
                // While a connection is made, the proxy's tunnel and TLS included, no byte of the request is on its way.
                let reach = if error.is_connect() { Reach::Nowhere } else { Reach::Unclear };
                Exchanged { outcome: Err(fault::of_network(&error, &self.way())), reach, engine_time: None }
            }
        }
    }

    async fn read(&self, mut response: Response, limit: Limit) -> Result<Reply, Problem> {
        let (Limit::Refuse(most) | Limit::Cut(most)) = limit;
        let status = response.status().as_u16();
        let content_type = header(response.headers(), CONTENT_TYPE);
        let location = header(response.headers(), LOCATION);
        let claimed = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut reply = Reply { status, content_type, location, body: Vec::with_capacity(claimed.min(FIRST_ROOM)), cut: false };
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(reply),
                Err(_) => return Err(Problem::CutOff { received: reply.body.len() }),
            };
            self.counters.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            let room = most - reply.body.len();
            if chunk.len() <= room {
                reply.body.extend_from_slice(&chunk);
                continue;
            }
            if let Limit::Refuse(limit) = limit {
                return Err(Problem::TooLarge { limit });
            }
            reply.body.extend_from_slice(&chunk[..room]);
            reply.cut = true;
            return Ok(reply);
        }
    }
}

/// Whether it may have gone away, whatever answered before: nothing that an engine says came back.
fn interrupts(problem: &Problem) -> bool {
    match problem {
        Problem::Unreachable(Unreachable::Proxy(ProxyFault::Login { .. })) => false,
        Problem::Unreachable(_) | Problem::TooSlow { .. } | Problem::CutOff { .. } | Problem::NotAnEngine(_) => true,
        Problem::Engine { status, kind: None, .. } => *status >= 500,
        _ => false,
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The clock of whatever answered, to the second (`Wed, 21 Oct 2015 07:28:00 GMT`).
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

/// Method and address without the query: an address never holds credentials, and a query may hold business data.
pub(super) fn shown_place(method: Method, url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    let shown = shown.as_str();
    // An address is ASCII, so every byte is a boundary.
    if shown.len() > SHOWN_ADDRESS { format!("{method} {}…", &shown[..SHOWN_ADDRESS]) } else { format!("{method} {shown}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_header_is_read() {
        assert_eq!(http_date("Wed, 21 Oct 2015 07:28:00 GMT"), Some("2015-10-21T07:28:00Z".parse().expect("a moment")));
        assert_eq!(http_date("yesterday"), None);
    }
}
