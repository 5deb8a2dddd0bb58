//! The way a request takes and what it carries beyond the question: a proxy, extra headers; and the HTTP client built for both.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::cookie::Jar;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::client::ClientOptions;
use super::error::Problem;

/// Idle connections are dropped before a servlet container's usual 20 s, so that none is used in the moment it dies.
const IDLE: Duration = Duration::from_secs(15);

/// Which proxy a client uses.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// The one of `HTTP_PROXY`, `HTTPS_PROXY` or the system's settings, if any; never for this machine itself.
    #[default]
    System,
    /// None.
    Direct,
    /// This one, for every address.
    Server {
        /// `http://`, `https://` or `socks5h://`. Credentials in it are not used.
        url: Url,
        /// The proxy's own user and password.
        login: Option<(String, SecretString)>,
    },
}

impl Proxy {
    /// Whether a login is sent to the proxy; false where that is not known.
    pub(super) fn has_login(&self) -> bool {
        matches!(self, Self::Server { login: Some(_), .. })
    }
}

/// Headers sent to the engine with every request, and to nobody else. `Debug` shows their names only.
#[derive(Clone, Default)]
pub struct ExtraHeaders(HeaderMap);

impl ExtraHeaders {
    /// Adds a header, or replaces the one of that name.
    ///
    /// # Errors
    ///
    /// The value cannot travel in a header. It is not repeated.
    pub fn set(&mut self, name: HeaderName, value: &SecretString) -> Result<(), String> {
        let mut sent = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| format!("the value of the header {name} holds characters that cannot travel in a header"))?;
        // Whatever logs headers shows "Sensitive" instead.
        sent.set_sensitive(true);
        self.0.insert(name, sent);
        Ok(())
    }

    pub(super) fn map(&self) -> HeaderMap {
        self.0.clone()
    }
}

impl fmt::Debug for ExtraHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What an HTTP client is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading: connections are kept and used again.
    Reading,
    /// Changing: every request has a connection of its own.
    ///
    /// On a connection that is used again, the HTTP library sends a request anew if the server hung up just before, and over HTTP/2 a server
    /// may hand a request back to be sent again. A fresh HTTP/1.1 connection leaves no layer below anything to repeat.
    Changing,
}

/// The HTTP client for one address. Where no TLS is spoken no trust store is loaded, which saves memory and time.
pub(super) fn http_client(options: &ClientOptions, cookies: &Arc<Jar>, purpose: Purpose) -> Result<reqwest::Client, Problem> {
    // A provider that is already installed serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unusable = |error: reqwest::Error| Problem::Setup { why: format!("the HTTP client cannot be built: {error}") };
    let proxy = match &options.proxy {
        Proxy::Server { url, login } => Some(proxy_server(url, login.as_ref()).map_err(unusable)?),
        Proxy::System | Proxy::Direct => None,
    };
    let build = |roots: Roots| {
        let plain = builder(options, cookies, purpose);
        let builder = match roots {
            Roots::None => plain.tls_certs_only(Vec::new()),
            Roots::Platform if options.authorities.is_empty() => plain,
            Roots::Platform => plain.tls_certs_merge(options.authorities.certificates()),
            Roots::Bundled => plain.tls_certs_only(bundled_roots().into_iter().chain(options.authorities.certificates())),
        };
        match &proxy {
            Some(proxy) => builder.proxy(proxy.clone()).build(),
            None if matches!(options.proxy, Proxy::Direct) || is_loopback(&options.base_url) => builder.no_proxy().build(),
            None => builder.build(),
        }
    };
    let tls_to_proxy = matches!(&options.proxy, Proxy::Server { url, .. } if url.scheme() == "https");
    let built = if options.base_url.scheme() == "http" && !tls_to_proxy {
        build(Roots::None)
    } else {
        // A machine without a trust store, such as a bare container, would refuse even to build.
        build(Roots::Platform).or_else(|_| build(Roots::Bundled))
    };
    built.map_err(unusable)
}

enum Roots {
    None,
    Platform,
    Bundled,
}

fn builder(options: &ClientOptions, cookies: &Arc<Jar>, purpose: Purpose) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("bpmtop/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // A container may open a session per request that comes without its cookie, until its heap is full of them.
        .cookie_provider(Arc::clone(cookies))
        .tcp_keepalive(Duration::from_secs(30));
    let builder = match purpose {
        Purpose::Reading => builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(options.max_in_flight.max(1)),
        Purpose::Changing => builder.pool_max_idle_per_host(0).http1_only(),
    };
    match &options.client_certificate {
        Some(certificate) => builder.identity(certificate.identity()),
        None => builder,
    }
}

fn proxy_server(url: &Url, login: Option<&(String, SecretString)>) -> reqwest::Result<reqwest::Proxy> {
    let mut bare = url.clone();
    // Neither can fail for an address that has a host.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    let proxy = reqwest::Proxy::all(bare)?;
    Ok(match login {
        Some((user, password)) => proxy.basic_auth(user, password.expose_secret()),
        None => proxy,
    })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn bundled_roots() -> Vec<reqwest::Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| reqwest::Certificate::from_der(root).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_value_of_a_header_is_shown_nowhere() {
        let mut headers = ExtraHeaders::default();
        headers.set(HeaderName::from_static("x-key"), &"hunter2".into()).expect("a value");
        assert_eq!(format!("{headers:?}"), r#"{"x-key"}"#);
        let error = headers.set(HeaderName::from_static("x-key"), &"hunter2\n".into()).expect_err("a line end");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(!format!("{:?}", headers.map()).contains("hunter2"));
    }
}
