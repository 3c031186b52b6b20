//! `erpnext-mcp health`: whether the server in a container lives, where there is no other program that could ask.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;

use super::global::Global;

/// How long a step of it may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than the first line of an answer has.
const LONGEST: u64 = 1024;

/// Asks `/livez` of the server that runs with this configuration.
///
/// # Errors
/// A server that does not live, or has no address to be asked at.
pub fn run(global: &Global) -> anyhow::Result<()> {
    let listen = global.load_offline()?.http.status_listen;
    let listen = listen.context("http.status_listen is not set: the server tells nobody how it is")?;
    let address = reached(listen);
    let status = first_line(address).with_context(|| format!("http://{address}/livez does not answer"))?;
    anyhow::ensure!(status.starts_with("HTTP/1.1 200"), "http://{address}/livez answered {status:?}");
    Ok(writeln!(std::io::stdout(), "alive")?)
}

/// Where the machine itself reaches what listens there.
fn reached(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn first_line(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::reached;

    #[test]
    fn what_listens_everywhere_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "[::1]:9090"),
            ("127.0.0.1:9090", "127.0.0.1:9090"),
            ("10.0.0.5:80", "10.0.0.5:80"),
        ] {
            assert_eq!(reached(listen.parse().unwrap()), asked.parse().unwrap(), "{listen}");
        }
    }
}
