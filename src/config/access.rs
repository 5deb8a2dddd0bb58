//! How an engine is reached beyond its address: authorities to trust, a client certificate, a proxy, further headers.
//!
//! Paths and sources only. Files are read and secrets fetched at the moment of connecting, never while the configuration is validated.

use std::path::{Path, PathBuf};

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

use super::environment::{Environment, Overrides};
use super::input;
use super::problem::{ConfigError, safe};
use super::secret::SecretSource;

/// The most a file of certificates may hold, in bytes.
const PEM_LIMIT: u64 = 4 * 1024 * 1024;

/// The word that stands for no proxy at all.
const DIRECT: &str = "none";

const PROXY_EXAMPLE: &str = "write it like \"http://proxy.example.com:3128\" or \"socks5h://localhost:1080\", or \"none\" to use no proxy";

/// How one engine is reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// A PEM file of authorities, trusted besides those of the platform.
    pub ca_file: Option<PathBuf>,
    /// What this side shows to a server that asks for a certificate.
    pub client_certificate: Option<ClientCertificate>,
    /// The proxy to go through; `None` leaves it to `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
    pub proxy: Option<Proxy>,
    /// Headers sent to the engine with every request.
    pub headers: Vec<Header>,
}

/// A certificate that says who we are, and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// A PEM file with the certificate and those that lead to its authority.
    pub certificate: PathBuf,
    /// A PEM file with the private key; `None` where the key is in the file of the certificate.
    pub key: Option<PathBuf>,
}

/// Which proxy to use.
#[derive(Debug, Clone)]
pub enum Proxy {
    /// None, whatever the environment says.
    Direct,
    /// This one, whatever the environment says.
    Server {
        /// `http://`, `https://` or `socks5h://`, without credentials.
        url: Url,
        /// How to log in to the proxy.
        login: Option<ProxyLogin>,
    },
}

/// A login of the proxy, not of the engine.
#[derive(Debug, Clone)]
pub struct ProxyLogin {
    /// The user's id.
    pub user: String,
    /// Where the password comes from.
    pub password: SecretSource,
}

/// A header sent with every request. Its value counts as a secret.
#[derive(Debug, Clone)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// Where its value comes from.
    pub value: SecretSource,
}

impl Access {
    /// The profile's access with what the environment and the arguments put in its place.
    ///
    /// A private key belongs to the certificate it was named with, and a proxy's login to the proxy it was written for.
    pub(super) fn overridden(self, environment: &Environment, overrides: &Overrides) -> Result<Self, ConfigError> {
        let argument = pair(&overrides.client_certificate, &overrides.client_key, "--client-key", "--client-certificate")?;
        let variable = pair(&environment.client_certificate, &environment.client_key, "BPMTOP_CLIENT_KEY", "BPMTOP_CLIENT_CERTIFICATE")?;
        let proxy = match (&overrides.proxy, &environment.proxy) {
            (Some(text), _) => Some(other_proxy(text, "--proxy", self.proxy.as_ref())?),
            (None, Some(text)) => Some(other_proxy(text, "BPMTOP_PROXY", self.proxy.as_ref())?),
            (None, None) => self.proxy,
        };
        Ok(Self {
            ca_file: overrides.ca_file.clone().or_else(|| environment.ca_file.clone()).or(self.ca_file),
            client_certificate: argument.or(variable).or(self.client_certificate),
            proxy,
            headers: self.headers,
        })
    }
}

fn pair(certificate: &Option<PathBuf>, key: &Option<PathBuf>, key_name: &str, certificate_name: &str) -> Result<Option<ClientCertificate>, ConfigError> {
    match (certificate, key) {
        (Some(certificate), key) => Ok(Some(ClientCertificate { certificate: certificate.clone(), key: key.clone() })),
        (None, Some(_)) => Err(ConfigError::Request(format!("{key_name} needs {certificate_name} beside it"))),
        (None, None) => Ok(None),
    }
}

fn other_proxy(text: &str, origin: &str, own: Option<&Proxy>) -> Result<Proxy, ConfigError> {
    let remedy = "write a profile with proxy_user and proxy_password_command";
    let parsed = parse_proxy(text, remedy).map_err(|error| ConfigError::Request(format!("{origin}: {error}")))?;
    Ok(match (parsed, own) {
        (Proxy::Server { url, .. }, Some(Proxy::Server { url: known, login })) if url == *known => Proxy::Server { url, login: login.clone() },
        (other, _) => other,
    })
}

/// Checks the address of a proxy. `remedy` says where credentials belong instead.
///
/// # Errors
///
/// What is wrong and what to write instead. An address that may hold a password is not repeated.
pub(super) fn parse_proxy(text: &str, remedy: &str) -> Result<Proxy, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(DIRECT) {
        return Ok(Proxy::Direct);
    }
    let shown = if text.contains('@') { "the proxy".to_owned() } else { format!("\"{}\"", safe(text)) };
    let url = Url::parse(text).map_err(|error| format!("{shown} is not a URL ({error}); {PROXY_EXAMPLE}"))?;
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err(format!("the proxy's URL must not contain credentials, as URLs end up in logs; {remedy}"));
    }
    match url.scheme() {
        "http" | "https" | "socks5h" if url.host_str().is_some_and(|host| !host.is_empty()) => {}
        "socks5" | "socks4" | "socks4a" | "socks" => return Err(format!("{shown} must begin with socks5h://, so that names are looked up by the proxy")),
        _ => return Err(format!("{shown} must begin with http://, https:// or socks5h:// and name a host; {PROXY_EXAMPLE}")),
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{shown} must end with the port, as a proxy has no path; {PROXY_EXAMPLE}"));
    }
    Ok(Proxy::Server { url, login: None })
}

/// Checks the name of an extra header.
///
/// # Errors
///
/// It is no name, or a header that has a key of its own or is none of the operator's business; the text says what to write instead.
pub(super) fn check_header_name(name: &str) -> Result<HeaderName, String> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("\"{}\" cannot be the name of a header", safe(name)))?;
    let instead = match parsed.as_str() {
        "authorization" => "log in with user and password_command, or with token_command for a bearer token",
        "proxy-authorization" => "write proxy_user and proxy_password_command",
        "host" => "the host is part of url",
        "cookie" => "bpmtop keeps the engine's cookies itself",
        "accept" | "accept-encoding" | "content-type" | "content-length" | "content-encoding" => "bpmtop sets it itself",
        "connection" | "proxy-connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "expect" | "http2-settings" => {
            "it belongs to the connection and not to the request"
        }
        _ => return Ok(parsed),
    };
    Err(format!("the header {} cannot be set; {instead}", safe(name)))
}

/// Whether a header can carry this value. The value is not repeated.
pub(super) fn check_header_value(value: &str) -> Result<(), String> {
    if HeaderValue::from_str(value).is_ok() {
        Ok(())
    } else {
        Err("this value cannot travel in a header; it may hold neither line ends nor characters beyond ASCII".to_owned())
    }
}

/// The content of a file of certificates; `key` is the key that named it.
///
/// # Errors
///
/// The file cannot be read or is far too large.
pub fn read_pem(key: &str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    let shown = safe(&path.display().to_string());
    let failed = |reason: String| ConfigError::Unreadable { path: format!("{key} {shown}"), reason };
    input::read(path, PEM_LIMIT, input::PATIENCE).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse_proxy(text, "write proxy_user").unwrap_err()
    }

    #[test]
    fn the_proxies_that_are_understood() {
        for text in ["http://proxy:3128", "https://proxy", "socks5h://localhost:1080/", " http://[::1]:8080 "] {
            assert!(matches!(parse_proxy(text, ""), Ok(Proxy::Server { login: None, .. })), "{text}");
        }
        assert!(matches!(parse_proxy("None", ""), Ok(Proxy::Direct)));
    }

    #[test]
    fn other_proxies_are_refused_with_what_to_write_instead() {
        assert!(refused("proxy:3128").contains("socks5h://localhost:1080"));
        assert!(refused("ftp://proxy").contains("http://, https:// or socks5h://"));
        assert!(refused("socks5://proxy:1080").contains("begin with socks5h://"));
        assert!(refused("http://proxy:3128/pac").contains("no path"));
    }

    #[test]
    fn credentials_in_a_proxys_address_are_refused_without_repeating_them() {
        for text in ["http://ann:hunter2@proxy", "socks5h://hunter2@proxy", "ann:hunter2@proxy", "http://ann:hunter2@proxy:port"] {
            assert!(!refused(text).contains("hunter2"), "{}", refused(text));
        }
        assert!(refused("http://ann:hunter2@proxy").contains("write proxy_user"));
    }

    #[test]
    fn headers_with_a_key_of_their_own_name_it() {
        for (name, key) in [("Authorization", "token_command"), ("HOST", "url"), ("proxy-authorization", "proxy_user"), ("Content-Length", "itself")] {
            let error = check_header_name(name).unwrap_err();
            assert!(error.contains(name) && error.contains(key), "{error}");
        }
        assert!(check_header_name("X-Forwarded-User").is_ok());
        assert!(check_header_name("a b").is_err());
    }

    #[test]
    fn a_value_that_would_end_the_header_is_refused_without_repeating_it() {
        assert!(check_header_value("ann").is_ok());
        let error = check_header_value("hunter2\r\nX-Evil: 1").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_its_key() {
        let error = read_pem("ca_file", Path::new("/nonexistent/ca.pem")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read ca_file /nonexistent/ca.pem:"), "{error}");
    }
}
