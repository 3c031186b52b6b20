//! `doctor` on set-ups that do not work, as a person reads it: one transcript, to be reviewed as a whole.

use std::fmt::Write;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use wiremock::ResponseTemplate;

use super::run;
use crate::sandbox::SampleSite;
use crate::shared::free_port;
use crate::support::{Site, config_json};

const CERTIFICATE: &[u8] = include_bytes!("../http/certificates/old.pem");
const KEY: &[u8] = include_bytes!("../http/certificates/old.key");
/// An alert of TLS, as a server sends it to who begins without a handshake.
const ALERT: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a];
const NEEDS_PASSWORD: &[u8] = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
const BAD: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
/// Where the clock of the wrong one stands; as long as every date of HTTP.
const LONG_AGO: &[u8] = b"Tue, 02 Jan 2024 10:00:00 GMT";

/// What `doctor` says that is not well, without what differs from run to run.
async fn said(config: &Value, env: (&str, &str)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.json");
    std::fs::write(&file, config.to_string()).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let done = run(folder.path(), &[env], &["doctor", "--config", "c.json"]).await;
    let url = config["erpnext"]["url"].as_str().unwrap();
    let port = url.rsplit(':').next().filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let mut said = done.stdout + &done.stderr;
    if let Some(port) = port {
        said = said.replace(&format!(":{port}"), ":PORT");
    }
    // A place in the site's name that no name service is asked for.
    said = said.replace(&"x".repeat(64), "nowhere");
    let mut lines = String::new();
    for line in said.lines().filter(|line| !line.starts_with("ok ")) {
        writeln!(lines, "{}", steady(line)).unwrap();
    }
    writeln!(lines, "exit code {}", done.code.unwrap()).unwrap();
    lines
}

/// Without seconds, and without what each system words in its own way.
fn steady(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let in_seconds = |at: usize| words.get(at + 1).is_some_and(|unit| unit.trim_end_matches(',') == "s");
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let told = words.iter().enumerate().map(|(at, &word)| if in_seconds(at) && is_number(word) { "N" } else { word });
    let line = told.collect::<Vec<_>>().join(" ");
    let system = ["failed to lookup", "(os error"].into_iter().find_map(|known| line.split_once(known));
    system.map_or(line.clone(), |(told, _)| format!("{told}…"))
}

fn of(url: &str) -> Value {
    let mut config = config_json(url, json!({"default": {"read": true}}));
    config["erpnext"].as_object_mut().unwrap().remove("version");
    config
}

/// A site that is nothing but this answer.
async fn answering(answer: ResponseTemplate) -> Site {
    let site = Site::start().await;
    site.respond_anywhere("GET", answer).await;
    site
}

/// A port that speaks TLS under a certificate which nobody knows.
async fn encrypted() -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Nobody gets further than the handshake.
            let _ = acceptor.accept(stream).await;
        }
    });
    port
}

/// A port that answers whatever comes with these bytes, also a handshake of TLS.
async fn bare(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
        }
    });
    port
}

/// The site behind a clock that is wrong.
async fn long_ago(site: &SampleSite) -> u16 {
    let address = site.sandbox.url().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let site = TcpStream::connect(&address).await.unwrap();
            let ((mut asked, mut told), (mut from, mut to)) = (client.into_split(), site.into_split());
            tokio::spawn(async move { copy(&mut asked, &mut to).await });
            tokio::spawn(async move {
                let mut part = vec![0; 1 << 16];
                while let Ok(length @ 1..) = from.read(&mut part).await {
                    let part = &mut part[..length];
                    let head = b"\r\ndate: ";
                    let at = part.windows(head.len()).position(|bytes| bytes.eq_ignore_ascii_case(head));
                    let date = at.map(|at| at + head.len());
                    if let Some(date) = date.map(|date| date..date + LONG_AGO.len()) {
                        part[date].copy_from_slice(LONG_AGO);
                    }
                    if told.write_all(part).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn set_ups_that_do_not_work_are_each_told_by_their_cause() {
    let titled = |status: u16, title: &str| {
        ResponseTemplate::new(status).set_body_raw(format!("<html><title>{title}</title></html>"), "text/html")
    };
    let page = |status: u16| titled(status, "Sign in");
    let moved = |to: &str| ResponseTemplate::new(302).insert_header("location", to);
    let to_https = answering(titled(400, "400 The plain HTTP request was sent to HTTPS port")).await;
    let basic = answering(page(401).insert_header("www-authenticate", "Basic")).await;
    let elsewhere = answering(moved("https://erp.example.com/")).await;
    let login = answering(moved("/login")).await;
    let moved_on = answering(moved("https://erp.example.com/erp/api/method/frappe.auth.get_logged_user")).await;
    let captive = answering(page(200)).await;
    let refusing = answering(titled(407, "Proxy Authentication Required")).await;
    let slow = answering(page(200).set_delay(Duration::from_secs(30))).await;
    let busy = answering(page(429).insert_header("retry-after", "60")).await;
    let site = SampleSite::start().await;
    let read = json!({"doctypes": {"Item": {"read": true}}});

    let mut nowhere = of(&format!("http://{}.example.com", "x".repeat(64)));
    nowhere["erpnext"]["allow_insecure_http"] = json!(true);
    let mut slow = of(&slow.url());
    slow["erpnext"]["timeout"] = json!(1);
    let mut behind = site.config_of("sales", read.clone());
    behind["erpnext"]["url"] = json!(format!("http://127.0.0.1:{}", long_ago(&site).await));
    let mut stranger = site.config_of("sales", read.clone());
    stranger["erpnext"]["api_secret"] = json!("another");

    let told = [
        ("a host that there is not", nowhere),
        ("a port that nothing listens at", of(&format!("http://127.0.0.1:{}", free_port()))),
        ("http to another machine", of("http://erp.example.com")),
        ("https where plain http is spoken", of(&format!("https://127.0.0.1:{}", bare(BAD).await))),
        ("http where https is spoken, and a web server says so", of(&to_https.url())),
        ("http where https is spoken, and nobody says so", of(&format!("http://127.0.0.1:{}", bare(ALERT).await))),
        ("a port where something else listens", of(&format!("http://127.0.0.1:{}", bare(b"").await))),
        ("a certificate that nobody knows", of(&format!("https://localhost:{}", encrypted().await))),
        ("a web server that asks for a password", of(&basic.url())),
        ("a proxy in the way that asks for a password", of(&refusing.url())),
        ("a redirect to the same path of another address", of(&moved_on.url())),
        ("a redirect to the first page of another host", of(&elsewhere.url())),
        ("a redirect to a login page", of(&login.url())),
        ("a captive page", of(&captive.url())),
        ("a site that does not answer in time", slow),
        ("a site that takes no more requests", of(&busy.url())),
        ("a clock that is wrong", behind),
        ("a secret that is wrong", stranger),
        ("the key of a user without rights", site.config_of("nobody", read)),
    ]
    .map(|(what, config)| async move { format!("## {what}\n{}\n", said(&config, ("NO_PROXY", "*")).await) });
    let mut transcript = join_all(told).await.concat();
    let proxy = format!("http://127.0.0.1:{}", bare(NEEDS_PASSWORD).await);
    let by_proxy = said(&of("https://erp.example.com"), ("HTTPS_PROXY", &proxy)).await;
    writeln!(transcript, "## a proxy of this machine that asks for a password\n{by_proxy}").unwrap();
    insta::assert_snapshot!(transcript.trim_end());
}
