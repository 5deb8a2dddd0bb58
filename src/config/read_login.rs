//! The keys of `[engine.NAME]` that hold or lead to secrets: user and password, token, client certificate, proxy, headers.

use std::path::{Path, PathBuf};

use super::access::{Access, ClientCertificate, Header, Proxy, ProxyLogin, check_header_name, check_header_value, parse_proxy};
use super::document::{Found, Section};
use super::problem::{Marked, Report, safe};
use super::read::noted;
use super::secret::SecretSource;

const PASSWORD_KEYS: &[&str] = &["password_env", "password_file", "password_command", "password"];
const TOKEN_KEYS: &[&str] = &["token_env", "token_file", "token_command"];
const PROXY_PASSWORD_KEYS: &[&str] = &["proxy_password_env", "proxy_password_file", "proxy_password_command"];

const PROXY_REMEDY: &str = "write proxy_user = \"name\" and one of proxy_password_env, proxy_password_file or proxy_password_command";
const HEADERS_WANTED: &str = "a table such as { \"X-Forwarded-User\" = \"ann\" }";
const HEADER_WANTED: &str = "a string in quotes, or { env = \"VARIABLE\" }";

/// The keys read here.
pub(super) const KEYS: &[&str] = &[
    "user",
    "password_env",
    "password_file",
    "password_command",
    "password",
    "token_env",
    "token_file",
    "token_command",
    "ca_file",
    "client_certificate",
    "client_key",
    "proxy",
    "proxy_user",
    "proxy_password_env",
    "proxy_password_file",
    "proxy_password_command",
    "headers",
];

/// Who logs in, as far as the file says.
pub(super) struct Named {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretSource>,
    pub(super) token: Option<SecretSource>,
}

/// Reads the login; `folder` anchors relative paths.
pub(super) fn login(section: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Named {
    let keys = section.keys();
    let of_basic = keys.iter().find(|key| key.value == "user" || PASSWORD_KEYS.contains(&key.value));
    let of_token = keys.iter().find(|key| TOKEN_KEYS.contains(&key.value));
    if let (Some(basic), Some(token)) = (of_basic, of_token) {
        let (first, second) = if basic.span.start < token.span.start { (basic, token) } else { (token, basic) };
        let message = format!(
            "{} names both {} (line {}) and {} (line {}); a token is a login of its own, keep one of the two",
            section.title(),
            first.value,
            report.line_of(first.span.start),
            second.value,
            report.line_of(second.span.start)
        );
        report.add(second.span.clone(), Marked::Doubtful, message);
    }
    Named { user: user("user", section, report), password: secret(PASSWORD_KEYS, section, folder, report), token: secret(TOKEN_KEYS, section, folder, report) }
}

/// Reads the way to the engine; `folder` anchors relative paths.
pub(super) fn access(section: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Access {
    Access {
        ca_file: path("ca_file", section, folder, report),
        client_certificate: client_certificate(section, folder, report),
        proxy: proxy(section, folder, report),
        headers: headers(section, report),
    }
}

fn user(key: &str, section: &Section<'_>, report: &mut Report<'_>) -> Option<String> {
    let user = section.text(key, report)?;
    let checked = if user.value.is_empty() || user.value.contains(':') {
        Err("a user must not be empty, nor contain a colon, which HTTP basic authentication cannot carry".to_owned())
    } else {
        Ok(user.value.to_owned())
    };
    noted(checked, &user, report)
}

/// The one source named by any of `keys`, which end in `_env`, `_file`, `_command`, or are the secret itself.
fn secret(keys: &[&'static str], section: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<SecretSource> {
    let given: Vec<_> = section.keys().into_iter().filter(|key| keys.contains(&key.value)).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("{} names both {} and {}; keep one of them", section.title(), first.value, second.value);
        report.add(second.span.clone(), Marked::Doubtful, message);
    }
    let key = given.first()?.value;
    if key.ends_with("_command") {
        section.texts(key, report).map(SecretSource::Command)
    } else {
        let text = section.text(key, report)?.value;
        Some(match key {
            _ if key.ends_with("_env") => SecretSource::Env(text.to_owned()),
            _ if key.ends_with("_file") => SecretSource::File(anchored(text, folder)),
            _ => SecretSource::Given(text.into()),
        })
    }
}

pub(super) fn path(key: &str, section: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<PathBuf> {
    let found = section.text(key, report)?;
    let checked = if found.value.is_empty() { Err(format!("{key} names nothing")) } else { Ok(anchored(found.value, folder)) };
    noted(checked, &found, report)
}

/// A path as the file means it: `~/` is the home folder, and a relative path begins where the file lies.
fn anchored(path: &str, folder: Option<&Path>) -> PathBuf {
    if let Some(rest) = path.strip_prefix("~/")
        && let Some(home) = directories::BaseDirs::new()
    {
        return home.home_dir().join(rest);
    }
    folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
}

fn client_certificate(section: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<ClientCertificate> {
    let certificate = path("client_certificate", section, folder, report);
    let key = path("client_key", section, folder, report);
    if !section.has("client_certificate") {
        lonely("client_key", "client_certificate = \"client.pem\"", section, report);
    }
    Some(ClientCertificate { certificate: certificate?, key })
}

fn proxy(section: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Proxy> {
    let found = section.text("proxy", report);
    let proxy = found.and_then(|found| noted(parse_proxy(found.value, PROXY_REMEDY), &found, report));
    let user = user("proxy_user", section, report);
    let password = secret(PROXY_PASSWORD_KEYS, section, folder, report);
    if !matches!(proxy, Some(Proxy::Server { .. })) && (!section.has("proxy") || proxy.is_some()) {
        lonely("proxy_user", "proxy = \"http://proxy.example.com:3128\"", section, report);
    } else if password.is_none() && !PROXY_PASSWORD_KEYS.iter().any(|key| section.has(key)) {
        lonely("proxy_user", "one of proxy_password_env, proxy_password_file or proxy_password_command", section, report);
    }
    if !section.has("proxy_user") {
        PROXY_PASSWORD_KEYS.iter().for_each(|key| lonely(key, "proxy_user = \"name\"", section, report));
    }
    let login = user.zip(password).map(|(user, password)| ProxyLogin { user, password });
    Some(match proxy? {
        Proxy::Server { url, .. } => Proxy::Server { url, login },
        Proxy::Direct => Proxy::Direct,
    })
}

/// Notes a key that is worth nothing without another.
fn lonely(key: &str, missing: &str, section: &Section<'_>, report: &mut Report<'_>) {
    for found in section.keys().into_iter().filter(|found| found.value == key) {
        report.add(found.span, Marked::Doubtful, format!("{key} {} needs {missing} beside it", section.place()));
    }
}

fn headers(section: &Section<'_>, report: &mut Report<'_>) -> Vec<Header> {
    let Some(table) = section.section("headers", HEADERS_WANTED, report) else { return Vec::new() };
    let mut headers: Vec<Header> = Vec::new();
    for key in table.keys() {
        let value = header_value(&table, &key, report);
        let name = match check_header_name(key.value) {
            Ok(name) if headers.iter().any(|header| header.name == name) => {
                Err(format!("the header {} is named twice; capitals make no difference", safe(key.value)))
            }
            other => other,
        };
        match (name, value) {
            (Err(message), _) => report.add(key.span, Marked::Doubtful, message),
            (Ok(name), Some(value)) => headers.push(Header { name, value }),
            (Ok(_), None) => {}
        }
    }
    headers
}

fn header_value(table: &Section<'_>, key: &Found<&str>, report: &mut Report<'_>) -> Option<SecretSource> {
    if table.is_text(key.value) {
        let text = table.text(key.value, report)?;
        return match check_header_value(text.value) {
            Ok(()) => Some(SecretSource::Given(text.value.into())),
            Err(message) => {
                report.add(text.span, Marked::Doubtful, message);
                None
            }
        };
    }
    let source = table.section(key.value, HEADER_WANTED, report)?;
    source.expect_keys(&["env"], |_| None, report);
    if !source.has("env") {
        report.add(key.span.clone(), Marked::Doubtful, format!("the header {} must be {HEADER_WANTED}", safe(key.value)));
    }
    source.text("env", report).map(|name| SecretSource::Env(name.value.to_owned()))
}
