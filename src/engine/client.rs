//! The client: one engine address, one login, bounded requests. The typed calls are in `typed.rs`; schedules are not here.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reqwest::cookie::Jar;

use super::error::{EngineError, Problem};
use super::login::{Login, Tokens};
use super::request::Request;
use super::route::{self, ExtraHeaders, Proxy, Purpose};
use super::tls::{Authorities, ClientCertificate};
use super::transport::{self, Counters, Delivery, Gate, Limit, Repeats, Sender, Standing, Undelivered};
use super::version::EngineVersion;
use super::wire::lenient::Lost;

/// What a client is made from.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The REST base, such as `http://host:8080/engine-rest`. Credentials in it are dropped: [`ClientOptions::login`] holds them.
    pub base_url: reqwest::Url,
    /// Name of the engine where several share the address; none for the default one.
    pub engine_name: Option<String>,
    /// Who asks.
    pub login: Login,
    /// Authorities trusted besides those of the platform.
    pub authorities: Authorities,
    /// What is shown to a server that demands a certificate.
    pub client_certificate: Option<ClientCertificate>,
    /// Which proxy to use.
    pub proxy: Proxy,
    /// Sent to the engine with every request.
    pub headers: ExtraHeaders,
    /// Longest time for one request, from sending to the last byte.
    pub timeout: Duration,
    /// Longest time for one connection to be made.
    pub connect_timeout: Duration,
    /// Most requests in flight at once, once the login is proven.
    pub max_in_flight: usize,
    /// After how long a login that had worked and is refused is tried once more.
    pub login_again: Duration,
    /// How long one reading waits for a gateway that asks to be left alone, before it fails. Changes never wait.
    pub patience: Duration,
    /// Longest body of an answer, in bytes. A longer one is given up, not cut.
    pub max_body: usize,
}

impl ClientOptions {
    /// Options for an address with the usual limits: 10 s a request, 5 s a connection, 4 in flight, 64 MiB an answer.
    pub fn new(base_url: reqwest::Url) -> Self {
        Self {
            base_url,
            engine_name: None,
            login: Login::None,
            authorities: Authorities::default(),
            client_certificate: None,
            proxy: Proxy::System,
            headers: ExtraHeaders::default(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            max_in_flight: 4,
            // After a first wrong password an engine refuses the right one for three seconds.
            login_again: Duration::from_secs(4),
            patience: Duration::ZERO,
            max_body: 64 << 20,
        }
    }
}

/// How far the time in the `Date` header of an answer may lag behind the clock of whoever answered, at most: it tells whole seconds, and
/// Tomcat writes it anew only once a second (Camunda 7.18 and 7.24, Operaton 1.0).
pub const DATE_LAG: SignedDuration = SignedDuration::from_secs(2);

/// What an engine answered, and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub data: T,
    /// From sending to the last byte. Waiting for a turn among the client's own requests and reading the JSON do not count.
    pub elapsed: Duration,
    /// Bytes of the body, after decompression.
    pub bytes: usize,
    /// The clock of whatever answered, from the `Date` header: up to [`DATE_LAG`] behind.
    pub engine_time: Option<Timestamp>,
}

impl<T> Answer<T> {
    /// The same answer with its data turned into something else.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { data: turn(self.data), elapsed: self.elapsed, bytes: self.bytes, engine_time: self.engine_time }
    }
}

/// What was sent and received since the first client of this engine was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of bodies received, after decompression.
    pub bytes: u64,
}

/// Asks one engine. Cloning is cheap and shares connections, limits, login state and the known version.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    timeout: Duration,
    change_timeout: Option<Duration>,
}

struct Shared {
    http: reqwest::Client,
    /// Made for the first change: most clients never send one.
    for_changes: OnceLock<Result<reqwest::Client, Problem>>,
    cookies: Arc<Jar>,
    options: ClientOptions,
    tokens: Option<Arc<Tokens>>,
    gate: Gate,
    counters: Arc<Counters>,
    version: Arc<RwLock<Option<EngineVersion>>>,
    /// What of which lists could not be read, and when.
    lost: Mutex<Vec<(&'static str, Lost, Instant)>>,
}

/// For so long it is told what of a list could not be read.
const TOLD_FOR: Duration = Duration::from_secs(60);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("options", &self.shared.options).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Problem::Setup`] if the address is not `http://` or `https://`, the user's id holds a colon (HTTP Basic cannot carry it), the
    /// token cannot travel in a header, or no TLS can be set up.
    pub fn new(options: ClientOptions) -> Result<Self, EngineError> {
        Self::build(options, Arc::default(), Arc::default())
    }

    fn build(mut options: ClientOptions, counters: Arc<Counters>, version: Arc<RwLock<Option<EngineVersion>>>) -> Result<Self, EngineError> {
        let unusable = |why: String| EngineError::new(None, "setup", Problem::Setup { why });
        if !matches!(options.base_url.scheme(), "http" | "https") || options.base_url.host_str().is_none() {
            return Err(unusable("the address must begin with http:// or https:// and name a host".to_owned()));
        }
        // Neither can fail for an address that has a host.
        let _ = options.base_url.set_username("");
        let _ = options.base_url.set_password(None);
        options.base_url.set_query(None);
        options.base_url.set_fragment(None);
        if matches!(&options.login, Login::Basic { user, .. } if user.contains(':')) {
            return Err(unusable("a user id with a colon cannot log in over HTTP Basic".to_owned()));
        }
        let unset = |problem| EngineError::new(None, options.base_url.as_str(), problem);
        let tokens = match &options.login {
            Login::Bearer(token) => Some(Arc::new(Tokens::new(token.clone()).map_err(unset)?)),
            Login::None | Login::Basic { .. } => None,
        };
        let cookies = Arc::default();
        let http = route::http_client(&options, &cookies, Purpose::Reading).map_err(unset)?;
        let timeout = options.timeout;
        let gate = Gate::new(options.max_in_flight);
        let shared = Shared { http, for_changes: OnceLock::new(), cookies, options, tokens, gate, counters, version, lost: Mutex::default() };
        Ok(Self { shared: Arc::new(shared), timeout, change_timeout: None })
    }

    /// A client for the same engine with another login: neither refused nor proven yet, with connections and cookies of its own.
    /// Usage and the known version carry on.
    ///
    /// # Errors
    ///
    /// As [`Client::new`].
    pub fn with_login(&self, login: Login) -> Result<Self, EngineError> {
        let options = ClientOptions { login, ..self.shared.options.clone() };
        let client = Self::build(options, Arc::clone(&self.shared.counters), Arc::clone(&self.shared.version))?;
        Ok(Self { timeout: self.timeout, change_timeout: self.change_timeout, ..client })
    }

    /// The same client with another time limit per request, for calls known to be slow.
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// The same client with a time limit of its own for each change; without one it is that of all requests.
    pub fn with_change_timeout(&self, timeout: Duration) -> Self {
        Self { change_timeout: Some(timeout), ..self.clone() }
    }

    /// Longest time for one change, from sending to the last byte.
    pub fn longest_change(&self) -> Duration {
        self.change_timeout.unwrap_or(self.timeout)
    }

    /// The REST base it asks, without credentials.
    pub fn address(&self) -> &str {
        self.shared.options.base_url.as_str()
    }

    /// Requests and bytes so far, those of clients with earlier logins included.
    pub fn usage(&self) -> Usage {
        let counters = &self.shared.counters;
        Usage { requests: counters.requests.load(Ordering::Relaxed), bytes: counters.bytes.load(Ordering::Relaxed) }
    }

    /// How often something came back, or nothing, after which another engine may answer: it grows with each, whoever asked through this client or one
    /// with another login made from it.
    pub fn interruptions(&self) -> u64 {
        self.shared.counters.interruptions.load(Ordering::Acquire)
    }

    /// Keeps what of a list could not be read, the latest of each request.
    pub(super) fn remember_lost(&self, path: &'static str, lost: &Lost) {
        let mut all = self.shared.lost.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _, since)| *known != path && since.elapsed() < TOLD_FOR);
        all.push((path, lost.clone(), Instant::now()));
        tracing::warn!(path, rows = lost.rows, values = lost.values, of = lost.of, first = lost.first, "unreadable");
    }

    /// What of which lists could not be read within the last minute, one sentence a request.
    pub fn unreadable(&self) -> Vec<String> {
        let all = self.shared.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = all.iter().filter(|(.., since)| since.elapsed() < TOLD_FOR);
        fresh.map(|(path, lost, _)| lost.words(path)).collect()
    }

    /// How the login stands, and what becomes of that.
    pub fn login_standing(&self) -> tokio::sync::watch::Receiver<Standing> {
        self.shared.gate.standing()
    }

    /// For how long nothing is sent yet, because something before the engine asks to be left alone.
    pub fn waits(&self) -> Option<Duration> {
        self.shared.gate.held().map(|(left, _)| left)
    }

    /// The version that gates requests; none until [`Client::identify`] or [`Client::assume_version`].
    pub fn known_version(&self) -> Option<EngineVersion> {
        self.shared.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the version that gates requests, in this client and all that share its state.
    pub fn assume_version(&self, version: EngineVersion) {
        *self.shared.version.write().unwrap_or_else(PoisonError::into_inner) = Some(version);
    }

    /// The most bytes of a JSON answer.
    pub(super) fn whole(&self) -> Limit {
        Limit::Refuse(self.shared.options.max_body)
    }

    /// The most bytes of a JSON answer that must be smaller than others.
    pub(super) fn at_most(&self, most: usize) -> Limit {
        Limit::Refuse(self.shared.options.max_body.min(most))
    }

    /// Method and address of a request, as errors show them.
    pub(super) fn place_of(&self, request: &Request) -> String {
        let options = &self.shared.options;
        transport::shown_place(request.row().method, &request.url(&options.base_url, options.engine_name.as_deref()))
    }

    /// The REST base and the name of the engine behind it.
    pub(super) fn base(&self) -> (&reqwest::Url, Option<&str>) {
        (&self.shared.options.base_url, self.shared.options.engine_name.as_deref())
    }

    /// Checks, sends and receives.
    pub(super) async fn deliver(&self, request: &Request, limit: Limit) -> Result<Delivery, EngineError> {
        self.exchange(request, limit, &self.shared.http, self.timeout, Repeats::Once).await.map_err(|undelivered| undelivered.error)
    }

    /// Checks and sends a change, once, over a connection of its own, and receives.
    pub(super) async fn deliver_change(&self, request: &Request, limit: Limit) -> Result<Delivery, Undelivered> {
        let shared = &*self.shared;
        let made = shared.for_changes.get_or_init(|| route::http_client(&shared.options, &shared.cookies, Purpose::Changing));
        let unmade = |problem: &Problem| Undelivered::unsent(EngineError::new(Some(request.row().name), &self.place_of(request), problem.clone()));
        let http = made.as_ref().map_err(unmade)?;
        self.exchange(request, limit, http, self.change_timeout.unwrap_or(self.timeout), Repeats::Never).await
    }

    async fn exchange(&self, request: &Request, limit: Limit, http: &reqwest::Client, timeout: Duration, repeats: Repeats) -> Result<Delivery, Undelivered> {
        let shared = &*self.shared;
        if let Err(problem) = request.check(self.known_version().as_ref()) {
            return Err(Undelivered::unsent(EngineError::new(Some(request.row().name), &self.place_of(request), problem)));
        }
        let (options, tokens) = (&shared.options, shared.tokens.as_ref());
        let sender = Sender { http, options, tokens, gate: &shared.gate, counters: &shared.counters, timeout, repeats };
        sender.send(request, limit).await
    }
}
