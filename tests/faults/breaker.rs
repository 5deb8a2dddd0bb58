//! A breaker on the way to a real engine: it carries one change, or does not, and answers as the fault wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bpmtop::engine::RequestName;
use bpmtop::engine::catalogue::Endpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Fault;

/// Stands between a client and the engine.
pub struct Breaker {
    port: u16,
    arrived: Arc<AtomicUsize>,
    settled: watch::Receiver<bool>,
    carrier: tokio::task::JoinHandle<()>,
}

impl Breaker {
    /// A breaker before the engine that listens at this host and port; a slow one carries the change after that delay.
    pub async fn before(engine: String, row: &'static Endpoint, fault: Fault, delay: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let arrived = Arc::new(AtomicUsize::new(0));
        let (settle, settled) = watch::channel(!matches!(fault, Fault::SlowThenCommitted));
        let counter = Arc::clone(&arrived);
        // Nobody listens once the socket is dropped.
        let listener = (fault != Fault::Refuse).then_some(listener);
        let carrier = tokio::spawn(async move {
            let Some(listener) = listener else { return };
            while let Ok((client, _)) = listener.accept().await {
                let (engine, settle, counter) = (engine.clone(), settle.clone(), Arc::clone(&counter));
                tokio::spawn(async move {
                    // Whoever hung up has its reasons; what was carried is told by the engine.
                    let _ = serve(client, &engine, row, fault, delay, &counter).await;
                    settle.send_replace(true);
                });
            }
        });
        Ok(Self { port, arrived, settled, carrier })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many requests arrived.
    pub fn arrived(&self) -> usize {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Waits until nothing is on its way to the engine any more.
    pub async fn settled(&self) {
        // An error means that the breaker is gone, and with it everything on its way.
        let _ = self.settled.clone().wait_for(|settled| *settled).await;
    }
}

impl Drop for Breaker {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

async fn serve(mut client: TcpStream, engine: &str, row: &Endpoint, fault: Fault, delay: Duration, arrived: &AtomicUsize) -> std::io::Result<()> {
    let request = read_request(&mut client).await?;
    if !is_of(&request, row) {
        return client.write_all(&forward(engine, &request).await?).await;
    }
    arrived.fetch_add(1, Ordering::Relaxed);
    match fault {
        Fault::AcceptAndSayNothing => drop(client.read(&mut [0; 1]).await?),
        Fault::SlowThenCommitted => {
            tokio::time::sleep(delay).await;
            forward(engine, &request).await?;
        }
        _ => {
            let answered = if fault.performs() > 0 { forward(engine, &request).await? } else { Vec::new() };
            client.write_all(&answer(row, fault, answered)).await?;
        }
    }
    Ok(())
}

/// Whether a request is of the row: only those meet the fault, so that what became of them can be read back on the same way.
fn is_of(request: &[u8], row: &Endpoint) -> bool {
    let head = String::from_utf8_lossy(request);
    let mut words = head.split([' ', '?', '\r']);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let Some((_, path)) = path.split_once("/engine-rest") else { return false };
    let mut parts = path.split('/');
    let same = row.path.split('/').all(|wanted| parts.next().is_some_and(|part| wanted.starts_with('{') || wanted == part));
    method == row.method.word() && same && parts.next().is_none()
}

/// What the client hears, given what the engine said.
fn answer(row: &Endpoint, fault: Fault, answered: Vec<u8>) -> Vec<u8> {
    let said = |status: &str, kind: &str, body: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
    };
    let json = |status: &str, body: &str| said(status, "application/json", body, body.len());
    let page = |status: &str, title: &str| said(status, "text/html", &format!("<title>{title}</title>"), title.len() + 15);
    match fault {
        Fault::None => answered,
        Fault::Denied => json("403 Forbidden", r#"{"type":"AuthorizationException","message":"no","missingAuthorizations":[]}"#),
        Fault::PerformThen500 => json("500 Error", r#"{"type":"RestException","message":"it broke afterwards","code":null}"#),
        Fault::OptimisticLock => json("500 Error", r#"{"type":"OptimisticLockingException","message":"lost","code":1}"#),
        Fault::Page502 | Fault::PerformThenPage502 => page("502 Bad Gateway", "502 Bad Gateway"),
        Fault::Unauthorized => {
            b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"default\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()
        }
        Fault::TruncatedJson if matches!(row.name, RequestName::SetJobRetriesBatch | RequestName::DeleteInstances) => {
            answered[..answered.len() - answered.len() / 4].to_vec()
        }
        Fault::TruncatedJson => said("200 OK", "application/json", r#"{"type":"Rest"#, 200),
        Fault::Redirect => b"HTTP/1.1 302 Found\r\nlocation: https://sso.example/login\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        Fault::LoginPage => page("200 OK", "Sign in"),
        Fault::Refuse | Fault::PerformThenDrop | Fault::AcceptAndSayNothing | Fault::SlowThenCommitted => Vec::new(),
    }
}

/// Gives the engine the request and reads its answer to the end.
async fn forward(engine: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut engine = TcpStream::connect(engine).await?;
    let end = request.windows(2).position(|window| window == b"\r\n").unwrap_or(0);
    engine.write_all(&request[..end]).await?;
    engine.write_all(b"\r\nconnection: close").await?;
    engine.write_all(&request[end..]).await?;
    let mut answer = Vec::new();
    engine.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn read_request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if client.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok()).unwrap_or(0);
        if request.len() >= end + 4 + length {
            return Ok(request);
        }
    }
}
