//! A server that answers by script: right, wrong, late, in part or not at all. For tests that must see what a client does then.
//!
//! It speaks HTTP/1.1 with keep-alive over plain sockets, so that a script can break any rule. It knows nothing of the product.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod authority;
pub mod engine;
pub mod proxy;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// How an answer travels.
#[derive(Clone, Debug)]
pub enum Manner {
    /// As it should.
    Whole,
    /// The connection breaks after so many bytes of the body.
    CutAfter(usize),
    /// The body stops after so many bytes and the connection stays open.
    StallAfter(usize),
    /// Nothing for so long, then the answer.
    Late(Duration),
    /// The connection is closed instead.
    NoAnswer,
    /// These bytes instead of an answer, then the connection is closed.
    Raw(Vec<u8>),
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

impl Reply {
    /// An answer with a status and nothing else.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), manner: Manner::Whole }
    }

    /// 200 with JSON.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("content-type", "application/json").body(body)
    }

    /// A web page.
    pub fn html(status: u16, body: &str) -> Self {
        Self::status(status).header("content-type", "text/html;charset=utf-8").body(body)
    }

    /// 200 with plain text.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("content-type", "text/plain").body(body)
    }

    /// The same with one more header; a `content-length` replaces the true one.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same, travelling otherwise.
    pub fn travelling(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    /// The same, compressed.
    pub fn gzipped(mut self) -> Self {
        self.body = gzip(&self.body);
        self.header("content-encoding", "gzip")
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("date")) {
            head.push_str("date: Wed, 21 Oct 2015 07:28:00 GMT\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name == "content-length") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// When a request was worked on.
#[derive(Clone, Debug)]
pub struct Served {
    /// Path and query, still encoded.
    pub target: String,
    /// From its arrival.
    pub from: Instant,
    /// To the last byte of its answer, or the moment its asker hung up.
    pub until: Instant,
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Asked>>,
    served: Mutex<Vec<Served>>,
    abandoned: Mutex<Vec<String>>,
    connections: Mutex<usize>,
}

/// A running scripted server. It stops with the runtime of its test, or when told to.
pub struct ScriptedEngine {
    port: u16,
    seen: Arc<Seen>,
    accepting: Option<tokio::task::JoinHandle<()>>,
    script: Arc<Script>,
}

impl ScriptedEngine {
    /// Starts one on a free port of the loopback interface.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let mut engine = Self { port: 0, seen: Arc::default(), accepting: None, script: Arc::new(script) };
        engine.listen().await;
        engine
    }

    /// Listens, on the port it had before if it had one.
    pub async fn listen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("a free port");
        self.port = listener.local_addr().expect("an address").port();
        let (seen, script) = (Arc::clone(&self.seen), Arc::clone(&self.script));
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                *seen.connections.lock().expect("unpoisoned") += 1;
                connections.spawn(serve(socket, Arc::clone(&seen), Arc::clone(&script)));
            }
        }));
    }

    /// Stops listening and drops all connections, as a process does that dies.
    pub async fn die(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // Ended only once its sockets are closed.
            let _ = accepting.await;
        }
    }

    /// Starts one that speaks TLS.
    pub async fn start_tls(config: Arc<rustls::ServerConfig>, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (seen, script): (Arc<Seen>, Arc<Script>) = (Arc::default(), Arc::new(script));
        let (shared, answers) = (Arc::clone(&seen), Arc::clone(&script));
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (config, seen, script) = (Arc::clone(&config), Arc::clone(&shared), Arc::clone(&answers));
                *seen.connections.lock().expect("unpoisoned") += 1;
                tokio::spawn(async move {
                    match tokio_rustls::TlsAcceptor::from(config).accept(socket).into_fallible().await {
                        Ok(socket) => serve(socket, seen, script).await,
                        // What was sent is read to its end: closing before would throw away the alert that is on its way.
                        Err((_, mut socket)) => while read_more(&mut socket, &mut Vec::new()).await.is_some() {},
                    }
                });
            }
        });
        Self { port, seen, accepting: Some(accepting), script }
    }

    /// Starts one that gives every request the same answer.
    pub async fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    /// Starts one that says the same to whatever arrives, request or not, and hangs up.
    pub async fn blurting(said: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                read_more(&mut socket, &mut Vec::new()).await;
                // Whoever asked may be gone already.
                let _ = socket.write_all(said).await;
            }
        });
        Self { port, seen: Arc::default(), accepting: None, script: Arc::new(|_| Reply::status(500)) }
    }

    /// Its REST base.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/engine-rest", self.port)
    }

    /// Its REST base where it speaks TLS, under a name that certificates can be made out to.
    pub fn secure_url(&self) -> String {
        format!("https://localhost:{}/engine-rest", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every request that arrived, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().expect("unpoisoned").clone()
    }

    /// When each request was worked on, those still under way left out.
    pub fn served(&self) -> Vec<Served> {
        self.seen.served.lock().expect("unpoisoned").clone()
    }

    /// Targets of requests whose client went away before a late answer.
    pub fn abandoned(&self) -> Vec<String> {
        self.seen.abandoned.lock().expect("unpoisoned").clone()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        *self.seen.connections.lock().expect("unpoisoned")
    }
}

async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, seen: Arc<Seen>, script: Arc<Script>) {
    let mut pending = Vec::new();
    while let Some(asked) = read_request(&mut socket, &mut pending).await {
        seen.asked.lock().expect("unpoisoned").push(asked.clone());
        let from = Instant::now();
        let reply = script(&asked);
        if let Manner::Late(time) = &reply.manner
            && !waits(&mut socket, &mut pending, *time).await
        {
            seen.abandoned.lock().expect("unpoisoned").push(asked.target);
            return;
        }
        let written = write_reply(&mut socket, &reply).await;
        seen.served.lock().expect("unpoisoned").push(Served { target: asked.target, from, until: Instant::now() });
        if !matches!(written, Ok(true)) {
            return;
        }
    }
}

/// Lets time pass; false if the client goes away meanwhile.
async fn waits(socket: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>, time: Duration) -> bool {
    let over = tokio::time::sleep(time);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return true,
            read = read_more(socket, pending) => if read.is_none() { return false },
        }
    }
}

async fn read_request(socket: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>) -> Option<Asked> {
    let head_end = loop {
        if let Some(end) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        read_more(socket, pending).await?;
    };
    let head = String::from_utf8_lossy(&pending[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while pending.len() < head_end + 4 + length {
        read_more(socket, pending).await?;
    }
    let body = String::from_utf8_lossy(&pending[head_end + 4..head_end + 4 + length]).into_owned();
    pending.drain(..head_end + 4 + length);
    Some(Asked { method, target, headers, body })
}

async fn read_more(socket: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>) -> Option<()> {
    let mut room = [0; 4096];
    match socket.read(&mut room).await {
        Ok(0) | Err(_) => None,
        Ok(count) => {
            pending.extend_from_slice(&room[..count]);
            Some(())
        }
    }
}

/// Whether the connection stays open for another request.
async fn write_reply(socket: &mut (impl AsyncWrite + Unpin), reply: &Reply) -> std::io::Result<bool> {
    match &reply.manner {
        Manner::NoAnswer => return Ok(false),
        Manner::Raw(bytes) => {
            socket.write_all(bytes).await?;
            return Ok(false);
        }
        Manner::Whole | Manner::Late(_) | Manner::CutAfter(_) | Manner::StallAfter(_) => {}
    }
    socket.write_all(reply.head().as_bytes()).await?;
    match &reply.manner {
        Manner::CutAfter(count) => {
            socket.write_all(&reply.body[..*count]).await?;
            return Ok(false);
        }
        Manner::StallAfter(count) => {
            socket.write_all(&reply.body[..*count]).await?;
            std::future::pending::<()>().await;
        }
        _ => socket.write_all(&reply.body).await?,
    }
    socket.flush().await?;
    Ok(true)
}

/// A gzip stream of stored blocks: valid, though it saves nothing.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks = body.chunks(0xffff).count();
    for (place, block) in body.chunks(0xffff).enumerate() {
        let length = u16::try_from(block.len()).expect("a block fits");
        out.push(u8::from(place + 1 == blocks));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let checksum =
        body.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(sum & 1))));
    out.extend((!checksum).to_le_bytes());
    out.extend(u32::try_from(body.len()).expect("a small body").to_le_bytes());
    out
}
