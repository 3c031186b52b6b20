//! As many connections as the server lets in, and one more.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::program::Program;
use crate::support::{config_json, stated};

/// How many are open at once; more with `ERPNEXT_MCP_CONNECTIONS`.
const CONNECTIONS: usize = 1_000;
/// The most that one of them may take of the server's memory, in bytes.
const OF_ONE: usize = 60_000;

/// Sends an empty request; the answer's first line.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).lines().next().unwrap_or_default().to_owned()
}

#[cfg(unix)]
#[tokio::test]
async fn many_connections_are_held_cheaply_and_one_more_is_told_so() {
    let many = stated("ERPNEXT_MCP_CONNECTIONS").unwrap_or(CONNECTIONS);
    let wanted = u64::try_from(many).unwrap() + 512;
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: Some(wanted.max(allowed.current.unwrap())), ..allowed };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    config["http"] = json!({"max_connections": many});
    let program = Program::start(&config).await;
    let mut open = vec![TcpStream::connect(program.address).await.unwrap()];
    // The first pays for what all share.
    assert_eq!(ask(&mut open[0]).await, "HTTP/1.1 404 Not Found");
    let before = program.memory();
    while open.len() < many {
        open.push(TcpStream::connect(program.address).await.unwrap());
    }
    for stream in open.iter_mut().step_by(10) {
        assert_eq!(ask(stream).await, "HTTP/1.1 404 Not Found");
    }
    let mut more = TcpStream::connect(program.address).await.unwrap();
    assert_eq!(ask(&mut more).await, "HTTP/1.1 503 Service Unavailable");
    program.logged("and there may be no more").await;
    if let (Some(before), Some(after)) = (before, program.memory()) {
        assert!(after.saturating_sub(before) < many * OF_ONE, "{before} {after}");
    }
}
