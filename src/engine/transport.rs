//! Sending one request and reading its reply: connections, limits, the login latch, the count of what was sent. It knows rows and
//! replies, but no types of the domain.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION};
use reqwest::{Response, Url};
use secrecy::ExposeSecret as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::catalogue::{Method, Permission};
use super::client::{ClientOptions, Login};
use super::error::{EngineError, Problem};
use super::fault::{self, Reply};
use super::request::Request;
use crate::text::EngineText;

/// Idle connections are dropped before a servlet container's usual 20 s, so that none is used in the moment it dies.
const IDLE: Duration = Duration::from_secs(15);
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

/// Requests and bytes, counted over the life of a client and its descendants.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) bytes: AtomicU64,
}

/// Lets one request through until a login is proven, then as many as allowed; after a 401, none.
///
/// Ten wrong logins lock an account for minutes. One attempt is made with an unproven login, and a login that stops being valid
/// costs at most the requests then in flight.
pub(super) struct Gate {
    permits: Semaphore,
    widens_by: usize,
    proven: AtomicBool,
    refused: AtomicBool,
}

impl Gate {
    pub(super) fn new(max_in_flight: usize) -> Self {
        Self { permits: Semaphore::new(1), widens_by: max_in_flight.saturating_sub(1), proven: AtomicBool::new(false), refused: AtomicBool::new(false) }
    }

    /// Waits for its turn; refused for good once the login was.
    async fn enter(&self) -> Result<SemaphorePermit<'_>, Problem> {
        // The semaphore is never closed; were it, refusing would be right.
        let permit = self.permits.acquire().await.map_err(|_| Problem::LoginRefused)?;
        if self.refused.load(Ordering::Acquire) { Err(Problem::LoginRefused) } else { Ok(permit) }
    }

    fn prove(&self) {
        if !self.proven.swap(true, Ordering::AcqRel) {
            self.permits.add_permits(self.widens_by);
        }
    }

    fn refuse(&self) {
        self.refused.store(true, Ordering::Release);
    }
}

/// The HTTP client for one address. For `http://` no trust store is loaded, which saves memory and time.
pub(super) fn http_client(options: &ClientOptions) -> Result<reqwest::Client, Problem> {
    // A provider that is already installed serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let build = |certificates: Option<Vec<reqwest::Certificate>>| {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("bpmtop/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // A container may open a session per request that comes without its cookie, until its heap is full of them.
            .cookie_store(true)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(options.max_in_flight.max(1))
            .tcp_keepalive(Duration::from_secs(30));
        let builder = match certificates {
            Some(certificates) => builder.tls_certs_only(certificates),
            None => builder,
        };
        if is_loopback(&options.base_url) { builder.no_proxy().build() } else { builder.build() }
    };
    let built = if options.base_url.scheme() == "http" {
        build(Some(Vec::new()))
    } else {
        // A machine without a trust store, such as a bare container, would refuse even to build.
        build(None).or_else(|_| build(Some(bundled_roots())))
    };
    built.map_err(|error| Problem::Setup { why: format!("the HTTP client cannot be built: {error}") })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn bundled_roots() -> Vec<reqwest::Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| reqwest::Certificate::from_der(root).ok()).collect()
}

/// What a request travels with.
pub(super) struct Sender<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) options: &'a ClientOptions,
    pub(super) gate: &'a Gate,
    pub(super) counters: &'a Counters,
    pub(super) timeout: Duration,
}

impl Sender<'_> {
    /// Sends a checked request and reads the reply. Any status but success is an error.
    pub(super) async fn send(&self, request: &Request, limit: Limit) -> Result<Delivery, EngineError> {
        let url = request.url(&self.options.base_url, self.options.engine_name.as_deref());
        let place = shown_place(request.row().method, &url);
        let failed = |problem| EngineError::new(Some(request.row().name), &place, problem);
        let permit = self.gate.enter().await.map_err(failed)?;
        let sent_at = Instant::now();
        let exchanged = tokio::time::timeout(self.timeout, self.exchange(request, url, limit)).await;
        let elapsed = sent_at.elapsed();
        let outcome = match exchanged {
            Err(_) => Err(Problem::TooSlow { after: self.timeout }),
            Ok(Err(problem)) => Err(problem),
            Ok(Ok((reply, _))) if !(200..300).contains(&reply.status) => Err(fault::of_status(request.row(), &reply, self.user().as_ref())),
            Ok(Ok(good)) => Ok(good),
        };
        self.learn(request, &outcome);
        drop(permit);
        let (reply, engine_time) = outcome.map_err(failed)?;
        Ok(Delivery { reply, elapsed, engine_time, place })
    }

    /// Draws the consequences for later requests, before the permit is given back.
    fn learn<T>(&self, request: &Request, outcome: &Result<T, Problem>) {
        match outcome {
            Err(Problem::Unauthorized { .. }) => self.gate.refuse(),
            Ok(_) | Err(Problem::Engine { .. } | Problem::Forbidden { .. } | Problem::NotFound) if request.row().permission != Permission::Open => {
                self.gate.prove();
            }
            _ => {}
        }
    }

    fn user(&self) -> Option<EngineText> {
        match &self.options.login {
            Login::None => None,
            Login::Basic { user, .. } => Some(EngineText::from(user.as_str())),
        }
    }

    async fn exchange(&self, request: &Request, url: Url, limit: Limit) -> Result<(Reply, Option<Timestamp>), Problem> {
        let mut builder = match request.row().method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url).header(CONTENT_TYPE, "application/json"),
        };
        builder = builder.header(ACCEPT, "application/json, text/plain;q=0.9, */*;q=0.1");
        if let Some(payload) = request.payload() {
            builder = builder.body(payload);
        }
        if let Login::Basic { user, password } = &self.options.login {
            builder = builder.basic_auth(user, Some(password.expose_secret()));
        }
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let response = builder.send().await.map_err(|error| fault::of_network(&error, self.options.connect_timeout))?;
        let engine_time = header(response.headers(), DATE).and_then(|date| http_date(&date));
        Ok((self.read(response, limit).await?, engine_time))
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

    #[test]
    fn loopback_is_recognised_and_never_proxied() {
        for (address, loopback) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.9/", true),
            ("http://[::1]:8080/", true),
            ("http://10.0.0.1/", false),
            ("http://local.host/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(address).expect("an address")), loopback, "{address}");
        }
    }

    #[test]
    fn the_bundled_roots_can_be_read() {
        assert!(bundled_roots().len() > 50);
    }
}
