//! The official SDKs of clients, as the programs that people connect are built on them: each is driven by a script beside this
//! file, which takes a line of JSON for what to do and answers with one.

use std::path::PathBuf;
use std::process::Stdio;

use erpnext_mcp::oauth::{Documents, Fetcher, Lifetimes};
use erpnext_sandbox::{Fault, FaultKind};
use erpnext_schema::Version;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::Served;
use super::oauth::Scene;
use super::oauth::browser::Browser;
use super::script::Script;
use crate::sandbox::SampleSite;
use crate::shared::free_port;
use crate::stdio::STATELESS;
use crate::support::{all, run_on};

const HANDSHAKE: &str = "2025-11-25";
/// Each SDK, and the revisions that it speaks.
const SDKS: [(&str, &[&str]); 3] =
    [("python", &[HANDSHAKE, STATELESS]), ("typescript 1", &[HANDSHAKE]), ("typescript 2", &[HANDSHAKE, STATELESS])];
/// The same in pairs.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    SDKS.iter().flat_map(|(sdk, eras)| eras.iter().map(move |era| (*sdk, *era)))
}

const REDIRECT: &str = "http://127.0.0.1:33418/callback";
/// A client's id that is the address of its document.
pub const DOCUMENT: &str = "https://client.example/metadata.json";

/// Where `.ci/clients` has installed the SDKs.
fn installed() -> PathBuf {
    std::env::var_os("CLIENTS").expect("run by .ci/clients, which installs the SDKs").into()
}

/// One that is not connected yet.
fn start(sdk: &str) -> Script {
    let scripts = crate::tidy::root().join("tests/it/http/sdks");
    let mut command = match sdk.split_once(' ') {
        Some((_, major)) => {
            let mut command = Command::new(installed().join("node"));
            command.arg(scripts.join("typescript.mjs")).arg(major);
            command
        }
        None => {
            let mut command = Command::new("python3");
            command.arg(scripts.join("python.py")).env("PYTHONPATH", installed().join("python"));
            command
        }
    };
    Script::start(sdk, &mut command)
}

/// What a client answers, and how often the person was asked to let it in: each time they give it this scope.
async fn ask_signing_in(client: &mut Script, said: &Value, browser: &mut Browser, scope: &str) -> (Value, usize) {
    let (mut answer, mut asked) = (client.ask(said).await, 0);
    while let Some(address) = answer["open"].as_str() {
        let back = browser.visit(address, scope, "sales@example.com").await;
        (answer, asked) = (client.ask(&json!({"back": back})).await, asked + 1);
    }
    (answer, asked)
}

/// The data of a call's answer.
fn data(answer: &Value) -> Value {
    assert_eq!(answer["is_error"], false, "{answer}");
    serde_json::from_str(answer["text"].as_str().unwrap()).unwrap()
}

fn leads(of: &str, count: usize) -> Value {
    let rows: Vec<_> = (0..count).map(|row| json!({"first_name": format!("{of} {row}")})).collect();
    json!({"doctype": "Lead", "documents": rows})
}

#[tokio::test]
#[ignore = "needs the SDKs of clients"]
async fn every_sdk_lists_calls_confirms_is_told_of_progress_and_cancels() {
    let site = SampleSite::start().await;
    let served = Served::start(&site.config(json!({"doctypes": {"Customer": {"read": true}, "Lead": all()}}))).await;
    for (sdk, era) in pairs() {
        let here = format!("{sdk} {era}");
        let mut client = start(sdk);
        let connected = client.ask(&json!({"url": served.url("/mcp"), "era": era})).await;
        assert_eq!(connected["protocol"], era, "{here}");
        let listed = client.ask(&json!({"list": true})).await;
        assert!(listed["tools"].as_array().unwrap().contains(&json!("delete_lead_document")), "{here}: {listed}");

        let bulk =
            |count| json!({"call": "create_bulk_documents", "arguments": leads(&format!("{here} {count}"), count)});
        let made = client.ask(&bulk(5)).await;
        let name = data(&made)["created"][0].as_str().unwrap().to_owned();
        assert_eq!(made["progress"], 5, "{here}: {made}");

        let delete = |token: &Value| {
            let arguments = json!({"name": name, "confirm_token": token});
            json!({"call": "delete_lead_document", "arguments": arguments})
        };
        let answer = client.ask(&json!({"call": "delete_lead_document", "arguments": {"name": name}})).await;
        // Without sessions the server cannot ask a client of the handshake era: there the model shows the preview.
        assert_eq!(answer["asked"], json!(usize::from(era == STATELESS)), "{here}: {answer}");
        if era == HANDSHAKE {
            assert!(site.stored("Lead", &name).is_some(), "{here}");
            client.ask(&delete(&data(&answer)["confirm_token"])).await;
        }
        assert!(site.stored("Lead", &name).is_none(), "{here}: {answer}");

        site.sandbox.faults().add(Fault::new(FaultKind::Latency(300)));
        let mut long = bulk(200);
        long["cancel_after"] = json!(3);
        let before = site.writes().len();
        let answer = client.ask(&long).await;
        assert_eq!(answer["cancelled"], true, "{here}: {answer}");
        let mut stopped = 0;
        while stopped != site.writes().len() {
            stopped = site.writes().len();
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        site.sandbox.faults().clear();
        assert!((3..100).contains(&(stopped - before)), "{here}: {}", stopped - before);
    }
}

#[tokio::test]
#[ignore = "needs the SDKs of clients"]
async fn the_inspector_lists_and_calls_in_both_eras_and_finds_no_schema_that_is_not_portable() {
    let site = SampleSite::start().await;
    let served = Served::start(&site.config(json!({"doctypes": {"Customer": {"read": true}, "Lead": all()}}))).await;
    for era in ["legacy", "modern"] {
        for (arguments, contains) in [
            (&["--method", "tools/list", "--strict"][..], "delete_lead_document"),
            (&["--method", "tools/call", "--tool-name", "list_lead_documents", "--tool-arg", "limit=1"], "next_cursor"),
        ] {
            let ran = inspector(&served.url("/mcp"), era).args(arguments).output().await.unwrap();
            let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
            assert!(ran.status.success() && said.contains(contains), "{era} {arguments:?}: {said}{wrong}");
        }
    }
}

/// The Inspector on its way to an address.
fn inspector(address: &str, era: &str) -> Command {
    let mut command = Command::new(installed().join("node"));
    command.arg(installed().join("node_modules/@modelcontextprotocol/inspector/clients/cli/build/index.js"));
    command.args([address, "--transport", "http", "--protocol-era", era]).stdin(Stdio::null());
    command
}

/// Runs it on sites of all versions at the same time: most of it is waiting for clients and browsers.
fn on_each_version<T: Future<Output = ()>>(test: impl Fn(Version) -> T + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        for version in Version::ALL {
            scope.spawn(move || run_on(*version, test(*version)));
        }
    });
}

#[test]
#[ignore = "needs the SDKs of clients"]
fn the_inspector_signs_in_in_both_eras() {
    on_each_version(|_| async {
        let (scene, mut browser) = (Scene::where_it_says().await, Browser::start().await);
        for era in ["legacy", "modern"] {
            the_inspector_signs_in(&scene, &mut browser, era).await;
        }
    });
}

async fn the_inspector_signs_in(scene: &Scene, browser: &mut Browser, era: &str) {
    let (home, back) = (tempfile::tempdir().unwrap(), format!("http://127.0.0.1:{}/oauth/callback", free_port()));
    let mut command = inspector(&scene.served.url("/mcp"), era);
    command.args(["--method", "tools/call", "--tool-name", "test_connection", "--callback-url", &back]);
    // Only where it may open a browser does it say what to open; it finds none.
    command.env_clear().env("PATH", home.path()).env("HOME", home.path());
    command.env("MCP_AUTO_OPEN_ENABLED", "true").env("MCP_INSPECTOR_SECRET_STORE", "memory");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = said.next_line().await.unwrap().unwrap_or_else(|| panic!("{era}: it opens no browser"));
        if let Some(address) = line.strip_prefix("Please navigate to: ") {
            break address.to_owned();
        }
    };
    browser.lets_in(&address, "erpnext:read", "sales@example.com").await;
    let ran = child.wait_with_output().await.unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("sales@example.com"), "{era}: {told}");
}

/// A server of the one document that a client keeps at [`DOCUMENT`], and what fetches it there.
pub async fn documents() -> Documents {
    let certificate = |name: &str| {
        let file = crate::tidy::root().join("tests/it/http/certificates").join(name);
        std::fs::read(file).unwrap()
    };
    drop(super::http());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pem = certificate("client.pem");
    let http = reqwest::Client::builder().no_proxy().resolve("client.example", address);
    let http = http.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]).build().unwrap();
    let told = json!({
        "client_id": DOCUMENT, "client_name": "By its document", "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = vec![CertificateDer::from_pem_slice(&pem).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&certificate("client.key")).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    tokio::spawn(async move {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{told}");
        while let Ok((stream, _)) = listener.accept().await {
            let mut lines = BufReader::new(acceptor.accept(stream).await.unwrap()).lines();
            while lines.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
            let mut stream = lines.into_inner();
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    Documents::by(Fetcher::by(http))
}

#[test]
#[ignore = "needs the SDKs of clients"]
fn every_sdk_signs_in_steps_up_and_renews_by_registration_and_by_document() {
    on_each_version(|version| async move {
        // Each by both ways, on one version or the other.
        for (at, (sdk, era)) in pairs().enumerate() {
            let registers = (at % 2 == 0) == (version == Version::V15);
            signs_in(sdk, era, (!registers).then_some(DOCUMENT)).await;
        }
    });
}

async fn signs_in(sdk: &str, era: &str, document: Option<&str>) {
    let here = format!("{sdk} {era} {document:?}");
    let fetched = documents().await;
    let address = format!("127.0.0.1:{}", free_port());
    let lifetimes = Lifetimes { access: std::time::Duration::from_secs(2), ..Lifetimes::default() };
    let with = |endpoint: erpnext_mcp::transport::Endpoint| endpoint.with_lifetimes(lifetimes).with_documents(fetched);
    let scene = Scene::at(&format!("http://{address}"), &address, with, |_| {}).await;
    let (mut client, mut browser) = (start(sdk), Browser::start().await);
    // The document names another port of the person's own machine.
    let mut begin = json!({"url": scene.served.url("/mcp"), "era": era, "redirect": browser.redirect()});
    if let Some(document) = document {
        begin["document"] = json!(document);
    }
    // This one renews its token where it lacks a scope, and so never asks for more than it had at first.
    let steps_up = sdk != "typescript 1";
    let first = if steps_up { "erpnext:read" } else { "erpnext:write" };
    let (connected, at_once) = ask_signing_in(&mut client, &begin, &mut browser, first).await;
    assert_eq!(connected["protocol"], era, "{here}");
    // One that was told the revision asks for nothing before the first call.
    let whom = json!({"call": "test_connection", "arguments": {}});
    let (answer, later) = ask_signing_in(&mut client, &whom, &mut browser, first).await;
    assert_eq!((data(&answer)["user"].as_str(), at_once + later), (Some("sales@example.com"), 1), "{here}");

    let write = json!({"call": "create_lead_document", "arguments": {"data": {"lead_name": here}}});
    let (made, asked) = ask_signing_in(&mut client, &write, &mut browser, "erpnext:write").await;
    assert_eq!((data(&made)["created"].is_string(), asked), (true, usize::from(steps_up)), "{here}: {made}");

    // The access token is over, and is renewed without the person.
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(data(&client.ask(&whom).await)["user"], "sales@example.com", "{here}");
    let by = if document.is_some() { "By its document" } else { "SDK" };
    assert!(scene.audit().lines().all(|line| line.contains("\"via\":\"oauth ") && line.contains(by)), "{here}");

    // Out on the site is out here at the next renewal: the person would have to sign in again, and cannot.
    scene.disable("sales@example.com");
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let asked = client.ask(&whom).await;
    assert!(asked["open"].is_string() || asked["is_error"] == true, "{here}: {asked}");
}
