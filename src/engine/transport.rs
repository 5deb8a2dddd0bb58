//! Sending one request and reading its reply: limits, the login latch, a token fetched again, the count of what was sent. It knows
//! rows and replies, but no types of the domain.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Response, Url};
use secrecy::ExposeSecret as _;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

use super::catalogue::{Method, Permission};
use super::client::ClientOptions;
use super::error::{EngineError, Problem, ProxyFault, Unreachable};
use super::fault::{self, Reply};
use super::login::{Login, Renewal, Tokens};
use super::request::Request;
use crate::text::EngineText;

/// Room made for a body before its first byte, however long it claims to be.
const FIRST_ROOM: usize = 256 * 1024;
/// How often one request is sent at most: not more than twice in a row for a login that is tried once more or a gateway that asked to wait.
const REPEATS: u32 = 3;
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
    /// How the login stands, for whoever waits for it and whoever tells of it.
    standing: watch::Sender<Standing>,
    changed: Notify,
    /// Until when something before the engine asks to be left alone, and the status it asked with.
    held: Mutex<Option<(tokio::time::Instant, u16)>>,
}

/// How a login stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is wrong with it that is known.
    #[default]
    Good,
    /// It had worked and was refused; it is tried once more at this moment.
    AgainAt(tokio::time::Instant),
    /// It is being tried once more.
    Trying,
    /// It was refused, for good.
    Refused,
}

/// What a refusal means.
enum Refusal {
    /// The login is tried once more, and whoever was refused waits for that.
    Again,
    /// It is no use.
    Final,
}

/// The one request that tries a login once more. Given up before it is answered, another takes its place.
struct Trial<'a>(&'a Gate);

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let now = tokio::time::Instant::now();
        self.0.stand(|standing| if *standing == Standing::Trying { Some(Standing::AgainAt(now)) } else { None });
    }
}

/// Who refused a login for good.
#[derive(Clone, Copy)]
enum Refuser {
    Engine = 1,
    Proxy = 2,
}

impl Gate {
    pub(super) fn new(max_in_flight: usize) -> Self {
        Self {
            permits: Semaphore::new(1),
            widens_by: max_in_flight.saturating_sub(1),
            proven: AtomicBool::new(false),
            refused: AtomicU8::new(0),
            standing: watch::Sender::default(),
            changed: Notify::new(),
            held: Mutex::default(),
        }
    }

    /// How the login stands, and what becomes of that.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    fn stand(&self, next: impl FnOnce(&Standing) -> Option<Standing>) {
        let changed = self.standing.send_if_modified(|standing| match next(standing) {
            Some(next) if next != *standing => {
                *standing = next;
                true
            }
            _ => false,
        });
        if changed {
            self.changed.notify_waiters();
        }
    }

    /// Waits while a login that was refused is to be tried once more. Gives the trial to whoever is to make it.
    async fn turn(&self) -> Option<Trial<'_>> {
        loop {
            let changed = self.changed.notified();
            let now = tokio::time::Instant::now();
            let mut until = None;
            let mut mine = false;
            self.stand(|standing| match standing {
                Standing::AgainAt(at) if *at <= now => {
                    mine = true;
                    Some(Standing::Trying)
                }
                Standing::AgainAt(at) => {
                    until = Some(Some(*at));
                    None
                }
                Standing::Trying => {
                    until = Some(None);
                    None
                }
                Standing::Good | Standing::Refused => None,
            });
            match until {
                _ if mine => return Some(Trial(self)),
                None => return None,
                Some(Some(at)) => tokio::time::sleep_until(at).await,
                Some(None) => changed.await,
            }
        }
    }

    /// What it means that a login was refused. One that worked before is tried once more, and again only after a success in between.
    fn refused_now(&self, trial: bool, delay: Duration) -> Refusal {
        let proven = self.proven.load(Ordering::Acquire);
        let mut refusal = Refusal::Final;
        self.stand(|standing| match standing {
            Standing::Good if proven => {
                refusal = Refusal::Again;
                Some(Standing::AgainAt(tokio::time::Instant::now() + delay))
            }
            // What was on its way by then waits for the one that tries.
            Standing::AgainAt(_) | Standing::Trying if !trial => {
                refusal = Refusal::Again;
                None
            }
            _ => Some(Standing::Refused),
        });
        refusal
    }

    /// Notes for how long something before the engine asks to be left alone.
    fn hold(&self, wait: Duration, status: u16) {
        let until = tokio::time::Instant::now() + wait;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none_or(|(known, _)| known < until) {
            *held = Some((until, status));
        }
    }

    /// For how long it is to be left alone yet.
    pub(super) fn held(&self) -> Option<(Duration, u16)> {
        let now = tokio::time::Instant::now();
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.filter(|(until, _)| *until > now).map(|(until, status)| (until - now, status))
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
        self.stand(|_| Some(Standing::Refused));
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
        let mut attempt = match self.attempt_in_turn(request, &url, limit).await {
            Ok(attempt) => attempt,
            Err(problem) => return Err(Undelivered::unsent(failed(problem))),
        };
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

    /// One exchange, once nothing stands in its way: a login that is to be tried once more, a gateway that asks to be left alone. What was refused
    /// because of either is repeated if it is no change.
    async fn attempt_in_turn(&self, request: &Request, url: &Url, limit: Limit) -> Result<Attempt, Problem> {
        let mut left = REPEATS;
        loop {
            let trial = self.gate.turn().await;
            if self.gate.refused.load(Ordering::Acquire) != 0 {
                return Err(Problem::LoginRefused { token: self.tokens.is_some() });
            }
            if let Some((wait, status)) = self.gate.held() {
                if wait > self.options.patience || self.repeats == Repeats::Never {
                    return Err(Problem::HeldBack { status, left: wait });
                }
                drop(trial);
                tokio::time::sleep(wait).await;
                continue;
            }
            let mut attempt = self.attempt(request, url, limit).await;
            left -= 1;
            let repeats = self.repeats == Repeats::Once && left > 0;
            match &attempt.outcome {
                Err(Problem::Unauthorized { user: user @ Some(_), .. }) => match self.gate.refused_now(trial.is_some(), self.options.login_again) {
                    Refusal::Again if repeats => {}
                    Refusal::Again => {
                        attempt.outcome = Err(Problem::LoginDelayed { user: user.clone(), again: self.options.login_again });
                        return Ok(attempt);
                    }
                    Refusal::Final => return Ok(attempt),
                },
                Err(problem @ Problem::Gateway { status, .. }) => {
                    let error = EngineError::new(None, "", problem.clone());
                    let Some(wait) = error.asks_to_wait() else { return Ok(attempt) };
                    self.gate.hold(wait, *status);
                    if !repeats || wait > self.options.patience {
                        return Ok(attempt);
                    }
                }
                outcome => {
                    if trial.is_some() && is_an_answer(outcome) {
                        self.gate.stand(|_| Some(Standing::Good));
                    }
                    return Ok(attempt);
                }
            }
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
        let retry_after = retry_after(response.headers());
        let claimed = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut reply = Reply { status, content_type, location, retry_after, body: Vec::with_capacity(claimed.min(FIRST_ROOM)), cut: false };
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

/// Whether the engine answered, so that it took the login.
fn is_an_answer(outcome: &Result<Reply, Problem>) -> bool {
    matches!(outcome, Ok(_) | Err(Problem::Engine { kind: Some(_), .. } | Problem::Forbidden { .. } | Problem::NotFound))
}

/// Whether it may have gone away, whatever answered before: nothing that an engine says came back.
fn interrupts(problem: &Problem) -> bool {
    match problem {
        Problem::Unreachable(Unreachable::Proxy(ProxyFault::Login { .. })) => false,
        // A gateway that limits requests says nothing of what is behind it.
        Problem::Gateway { status, .. } => *status != 429,
        Problem::Unreachable(_) | Problem::TooSlow { .. } | Problem::CutOff { .. } | Problem::NotAnEngine(_) => true,
        Problem::Engine { status, kind: None, .. } => *status >= 500,
        _ => false,
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// For how long whoever answered asks to be left alone: so many seconds, or until a moment by its own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said = header(headers, RETRY_AFTER)?;
    let said = said.trim();
    if let Ok(seconds) = said.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let until = http_date(said)?;
    let now = header(headers, DATE).and_then(|date| http_date(&date)).unwrap_or_else(Timestamp::now);
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
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
    fn the_wish_to_be_left_alone_is_read_in_seconds_and_as_a_moment_of_its_own_clock() {
        let said = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().expect("a header"));
            date.into_iter().for_each(|date| drop(headers.insert(DATE, date.parse().expect("a header"))));
            retry_after(&headers)
        };
        let date = Some("Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(said("120", None), Some(Duration::from_secs(120)));
        assert_eq!(said(" 0 ", date), Some(Duration::ZERO));
        assert_eq!(said("Wed, 21 Oct 2015 07:28:30 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(said("Wed, 21 Oct 2015 07:27:00 GMT", date), Some(Duration::ZERO), "it has passed");
        assert_eq!(said("soon", date), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn the_date_header_is_read() {
        assert_eq!(http_date("Wed, 21 Oct 2015 07:28:00 GMT"), Some("2015-10-21T07:28:00Z".parse().expect("a moment")));
        assert_eq!(http_date("yesterday"), None);
    }
}
