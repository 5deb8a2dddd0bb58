//! Proxies for tests: one that opens tunnels as HTTP proxies do, one that speaks SOCKS5. Whatever host is asked for, they connect to
//! this machine: so a test sees that a name was looked up by the proxy and nowhere else.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A running proxy. It stops with the runtime of its test.
pub struct ScriptedProxy {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl ScriptedProxy {
    /// An HTTP proxy that opens tunnels, for whoever sends this `Proxy-Authorization` if one is named.
    pub async fn http(login: Option<&'static str>) -> Self {
        Self::start(move |mut socket, heard| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.ok()?);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            heard.lock().expect("unpoisoned").push(head.clone());
            if login.is_some_and(|login| !head.to_ascii_lowercase().contains(&format!("proxy-authorization: {}\r\n", login.to_ascii_lowercase()))) {
                let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n";
                return socket.write_all(refusal.as_bytes()).await.ok();
            }
            let Some(target) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
                return socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"version\":\"7.24.0\"}").await.ok();
            };
            let port = target.rsplit(':').next()?.parse().ok()?;
            let Ok(mut engine) = TcpStream::connect(("127.0.0.1", port)).await else {
                return socket.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await.ok();
            };
            socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
            copy_bidirectional(&mut socket, &mut engine).await.map(drop).ok()
        })
        .await
    }

    /// A SOCKS5 proxy, for whoever gives this user and password if one is named.
    pub async fn socks(login: Option<(&'static str, &'static str)>) -> Self {
        Self::start(move |mut socket, heard| async move {
            let mut greeting = [0; 2];
            socket.read_exact(&mut greeting).await.ok()?;
            let methods = read_text(&mut socket, greeting[1]).await?;
            let method = if login.is_some() { 2 } else { 0 };
            if !methods.contains(&method) {
                return socket.write_all(&[5, 0xff]).await.ok();
            }
            socket.write_all(&[5, method]).await.ok()?;
            if let Some((user, password)) = login {
                let version_and_length = [socket.read_u8().await.ok()?, socket.read_u8().await.ok()?];
                let given_user = read_text(&mut socket, version_and_length[1]).await?;
                let length = socket.read_u8().await.ok()?;
                let right = given_user == user.as_bytes() && read_text(&mut socket, length).await? == password.as_bytes();
                socket.write_all(&[1, u8::from(!right)]).await.ok()?;
                if !right {
                    return None;
                }
            }
            let mut request = [0; 4];
            socket.read_exact(&mut request).await.ok()?;
            let host = match request[3] {
                1 => format!("address {:?}", read_text(&mut socket, 4).await?),
                3 => {
                    let length = socket.read_u8().await.ok()?;
                    format!("name {}", String::from_utf8_lossy(&read_text(&mut socket, length).await?))
                }
                _ => format!("address {:?}", read_text(&mut socket, 16).await?),
            };
            heard.lock().expect("unpoisoned").push(host);
            let port = socket.read_u16().await.ok()?;
            let engine = TcpStream::connect(("127.0.0.1", port)).await;
            let status = if engine.is_ok() { 0 } else { 5 };
            socket.write_all(&[5, status, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
            copy_bidirectional(&mut socket, &mut engine.ok()?).await.map(drop).ok()
        })
        .await
    }

    async fn start<F>(serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self { port, heard }
    }

    /// Its address with this scheme.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// What it was asked for: whole heads of HTTP requests, or the hosts of SOCKS requests.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("unpoisoned").clone()
    }
}

async fn read_text(socket: &mut TcpStream, length: u8) -> Option<Vec<u8>> {
    let mut text = vec![0; length.into()];
    socket.read_exact(&mut text).await.ok()?;
    Some(text)
}
