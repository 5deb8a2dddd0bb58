//! A wire between a client and the engine: it notes every request with the status of its answer, and can be cut and mended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::ledger::Ledger;

/// One request that went over a wire.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// None until the answer has begun.
    pub status: Option<u16>,
    /// The head of the answer.
    pub answer: String,
}

impl Exchange {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Carries requests until it is dropped.
#[derive(Debug)]
pub struct Wire {
    port: u16,
    base: Url,
    shared: Arc<Shared>,
    cut: watch::Sender<bool>,
    carrier: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    engine: String,
    base_path: String,
    seen: Mutex<Vec<Exchange>>,
    connections: AtomicUsize,
    ledger: Arc<Ledger>,
}

impl Wire {
    /// A wire to the engine at `base`, an `http://` address. What comes through is noted in the ledger too.
    pub async fn to(base: &str, ledger: Arc<Ledger>) -> Result<Self> {
        let base = Url::parse(base)?;
        let host = base.host_str().context("the engine's address names no host")?;
        let engine = format!("{host}:{}", base.port_or_known_default().unwrap_or(80));
        let shared = Arc::new(Shared {
            engine,
            base_path: base.path().trim_end_matches('/').to_owned(),
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            ledger,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (cut, is_cut) = watch::channel(false);
        let carried = Arc::clone(&shared);
        let carrier = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                carried.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, Arc::clone(&carried), is_cut.clone()));
            }
        });
        Ok(Self { port, base, shared, cut, carrier })
    }

    /// The REST base at this end of the wire.
    pub fn url(&self) -> Url {
        let mut url = self.base.clone();
        // The address was parsed with a host, so a port can be set.
        let _ = url.set_host(Some("127.0.0.1"));
        let _ = url.set_port(Some(self.port));
        url
    }

    /// Everything that was asked so far, in order.
    pub fn seen(&self) -> Vec<Exchange> {
        self.shared.seen.lock().expect("unpoisoned").clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Breaks every connection; new ones are closed at once.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

async fn carry(mut client: TcpStream, shared: Arc<Shared>, mut cut: watch::Receiver<bool>) {
    if *cut.borrow_and_update() {
        return;
    }
    let Ok(mut engine) = TcpStream::connect(&shared.engine).await else { return };
    let (mut up, mut down) = (vec![0; 1 << 14], vec![0; 1 << 16]);
    let (mut pending, mut awaited) = (Vec::new(), None);
    loop {
        tokio::select! {
            _ = cut.changed() => return,
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                pending.extend_from_slice(&up[..length]);
                while let Some(exchange) = take_request(&mut pending) {
                    awaited = Some(shared.note(exchange));
                }
                if engine.write_all(&up[..length]).await.is_err() {
                    return;
                }
            }
            read = engine.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if let Some(place) = awaited.take() {
                    shared.note_answer(place, &down[..length]);
                }
                if client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Shared {
    fn note(&self, exchange: Exchange) -> usize {
        let mut seen = self.seen.lock().expect("unpoisoned");
        seen.push(exchange);
        seen.len() - 1
    }

    /// The head of an answer comes in one piece: it is small, and the wire is a loopback.
    fn note_answer(&self, place: usize, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let mut seen = self.seen.lock().expect("unpoisoned");
        let exchange = &mut seen[place];
        exchange.status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        exchange.answer = head.to_ascii_lowercase();
        if exchange.status.is_some_and(|status| (200..300).contains(&status)) {
            let path = exchange.target.split('?').next().unwrap_or_default();
            self.ledger.answered(&exchange.method, path.strip_prefix(&self.base_path).unwrap_or(path));
        }
    }
}

/// Takes one whole request from the front, if it has arrived.
fn take_request(pending: &mut Vec<u8>) -> Option<Exchange> {
    let end = pending.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let exchange = Exchange { method, target, headers, status: None, answer: String::new() };
    let length: usize = exchange.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    if pending.len() < end + 4 + length {
        return None;
    }
    pending.drain(..end + 4 + length);
    Some(exchange)
}
