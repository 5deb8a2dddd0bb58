//! A load balancer in small: every request goes to the next node, as in front of a cluster without sticky sessions.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use reqwest::{Client, redirect::Policy};
use tokio::{net::TcpListener, task::JoinHandle};

const LARGEST_REQUEST: usize = 64 << 20;

/// Listens until dropped.
#[derive(Debug)]
pub struct Balancer {
    /// `http://127.0.0.1:41000`, without a path.
    pub origin: String,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Nodes {
    http: Client,
    origins: Vec<String>,
    next: AtomicUsize,
}

impl Balancer {
    /// `origins` are the nodes, `http://127.0.0.1:8080`, without a path.
    pub async fn start(origins: Vec<String>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let http = Client::builder().no_proxy().no_gzip().redirect(Policy::none()).build()?;
        let nodes = Arc::new(Nodes { http, origins, next: AtomicUsize::new(0) });
        let router = Router::new().fallback(pass_on).with_state(nodes);
        let listening = tokio::spawn(async move {
            // ends with the task; there is nobody to tell about an error
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { origin, listening })
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn pass_on(State(nodes): State<Arc<Nodes>>, request: Request) -> Response {
    let turn = nodes.next.fetch_add(1, Ordering::Relaxed);
    let origin = &nodes.origins[turn % nodes.origins.len()];
    match answer_of(&nodes.http, origin, request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{origin}: {error}")).into_response(),
    }
}

async fn answer_of(http: &Client, origin: &str, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = to_bytes(body, LARGEST_REQUEST).await?;
    let answer = http.request(head.method, format!("{origin}{path}")).headers(end_to_end(head.headers)).body(body).send().await?;
    let (status, headers) = (answer.status(), end_to_end(answer.headers().clone()));
    let mut response = Body::from_stream(answer.bytes_stream()).into_response();
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Headers without those that belong to one connection.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE] {
        headers.remove(name);
    }
    headers
}
