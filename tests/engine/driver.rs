//! The REST client of the fixtures and the workload: raw JSON in, raw JSON out, independent of the product's own client.

use std::{fmt, sync::Once, time::Duration};

use anyhow::{Context, Result};
use reqwest::{Client, Method, StatusCode, multipart::Form};
use serde_json::Value;

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl Login {
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.user)
    }
}

/// What the engine said instead of yes.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} answered {status}: {body}")]
pub struct Refused {
    pub method: Method,
    pub path: String,
    pub status: StatusCode,
    pub body: String,
}

/// Speaks to one engine. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Driver {
    http: Client,
    base: String,
    login: Option<Login>,
}

impl Driver {
    /// `base` ends in the path of the REST API, `http://127.0.0.1:8080/engine-rest`.
    pub fn new(base: &str, login: Option<Login>) -> Result<Self> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').into(), login })
    }

    /// The same engine seen by somebody else.
    pub fn logged_in_as(&self, user: &str, password: &str) -> Self {
        Self { login: Some(Login::new(user, password)), ..self.clone() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// `path` starts with a slash and may carry a query, already encoded.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.send(Method::DELETE, path, None).await
    }

    /// The figure of a `…/count` path.
    pub async fn count(&self, path: &str) -> Result<u64> {
        self.get(path).await?["count"].as_u64().with_context(|| format!("{path} gave no count"))
    }

    /// The rows of a list path; `maxResults` is added unless the path has one.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = if path.contains("maxResults=") { path.to_owned() } else { format!("{path}{separator}maxResults=10000") };
        match self.get(&path).await? {
            Value::Array(rows) => Ok(rows),
            _ => anyhow::bail!("{path} gave no list"),
        }
    }

    /// A body that is not JSON: stack traces, error details.
    pub async fn text(&self, path: &str) -> Result<String> {
        self.read(Method::GET, path, self.request(Method::GET, path)).await
    }

    pub async fn upload(&self, path: &str, form: Form) -> Result<Value> {
        let body = self.read(Method::POST, path, self.request(Method::POST, path).multipart(form)).await?;
        Ok(serde_json::from_str(&body)?)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let body = self.read(method, path, request).await?;
        if body.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&body).with_context(|| format!("{path} answered no JSON")) }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.login {
            Some(login) => request.basic_auth(&login.user, Some(&login.password)),
            None => request,
        }
    }

    async fn read(&self, method: Method, path: &str, request: reqwest::RequestBuilder) -> Result<String> {
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        if status.is_success() { Ok(body) } else { Err(Refused { method, path: path.into(), status, body }.into()) }
    }
}

/// The `id` of an answer.
pub fn id_of(answer: &Value) -> Result<String> {
    Ok(answer["id"].as_str().with_context(|| format!("no id in {answer}"))?.to_owned())
}
