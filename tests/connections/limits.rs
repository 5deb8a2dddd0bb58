//! What the program is given that never ends: engines that do not answer, files that are none. One limit ends each command.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::program::{Home, stderr};

/// How an engine keeps its askers waiting.
#[derive(Clone, Copy, Debug)]
enum Waits {
    /// It takes the connection, and never says a word.
    Silent,
    /// It begins an answer, and goes on by one byte a second.
    Dripping,
}

async fn waiting(how: Waits) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut held: Vec<TcpStream> = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            match how {
                Waits::Silent => held.push(socket),
                Waits::Dripping => drop(tokio::spawn(async move {
                    let _ = socket.read(&mut [0; 4096]).await;
                    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n[";
                    let mut sent = socket.write_all(head).await;
                    while sent.is_ok() {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        sent = socket.write_all(b" ").await;
                    }
                })),
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn one_limit_ends_a_command_whatever_the_engine_does() {
    for (how, scheme) in [(Waits::Silent, "http"), (Waits::Dripping, "http"), (Waits::Silent, "https"), (Waits::Dripping, "https")] {
        let port = waiting(how).await;
        let url = format!("{scheme}://127.0.0.1:{port}/engine-rest");
        for command in [&["snapshot", "--json"][..], &["snapshot"], &["tree", "x"], &["doctor"], &["doctor", "--json"]] {
            let home = Home::new();
            let begun = Instant::now();
            let output = home.run(&[command, &[&url, "--timeout", "1"]].concat(), &[]).await;
            let took = begun.elapsed();
            assert_eq!(output.status.code(), Some(2), "{how:?} {scheme} {command:?}: {}", stderr(&output));
            assert!(took < Duration::from_secs(4), "{how:?} {scheme} {command:?} took {took:?}");
            let said = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("1 s") || scheme == "https" && said.contains("TLS"), "{how:?} {scheme} {command:?}: {said}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_never_ends_is_refused_by_name_and_costs_no_memory() {
    let home = Home::new();
    let pipe = home.path("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let url = "https://127.0.0.1:1/engine-rest";
    let password = home.write("password.toml", &format!("[engine.p]\nurl = '{url}'\nuser = 'ann'\npassword_file = '/dev/zero'\n"));
    for (arguments, said) in [
        (vec!["--config", "/dev/zero", "config", "check"], "cannot read /dev/zero: it is a device, not a file; name a regular file"),
        (vec!["--config", "/", "config", "check"], "it is a folder, not a file"),
        (vec!["snapshot", url, "--ca-file", "/dev/zero"], "ca_file /dev/zero: it is a device"),
        (vec!["snapshot", url, "--client-certificate", "/dev/zero"], "client_certificate /dev/zero: it is a device"),
        (vec!["snapshot", "p", "--config", &password], "password_file /dev/zero: it is a device"),
        (vec!["config", "check", "--config", &pipe], "it is a pipe that did not end within 10 s"),
    ] {
        // Whoever would read without end ends here for want of memory.
        let command = [vec!["-c", "ulimit -v 4000000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_bpmtop")], arguments.clone()].concat();
        let mut shell = std::process::Command::new("sh");
        shell.args(&command).env_clear().env("HOME", home.path("")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let begun = Instant::now();
        let output = tokio::task::spawn_blocking(move || shell.output()).await.expect("joined").expect("a shell");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
        assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?}");
    }
    let check = home.run(&["config", "check", "--config", "/dev/null"], &[]).await;
    assert_eq!(check.status.code(), Some(0), "an empty configuration: {}", stderr(&check));
}
