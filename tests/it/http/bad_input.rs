//! Whatever is sent gets a status, words that say what to do, and does nothing.

use std::time::Duration;

use erpnext_mcp::transport::Patience;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::program::Program;
use super::{Served, answered, http, message, refused, told};
use crate::sandbox::SampleSite;
use crate::stdio::{STATELESS, command};
use crate::support::config_json;

async fn served(http: Value) -> Served {
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    config["http"] = http;
    Served::start(&config).await
}

fn ping() -> Value {
    message("ping", json!({}))
}

#[tokio::test]
async fn every_wrong_request_has_its_status_and_says_what_to_do() {
    let served = served(json!({"max_body_bytes": 2_000})).await;
    let post = |path: &str| served.post(path, &ping());
    let with = |name: &str, value: &str| {
        let request = http().post(served.url("/mcp")).body(ping().to_string());
        let headers = [("content-type", "application/json"), ("accept", "*/*")];
        let headers = headers.into_iter().filter(|(known, _)| *known != name);
        headers.chain([(name, value)]).fold(request, |request, (name, value)| request.header(name, value))
    };
    let body = |text: &str| with("x-none", "").body(text.to_owned());
    let cases = [
        ("a wrong path", post("/"), 404, "/mcp"),
        ("a path below", post("/mcp/a/b"), 404, "/mcp"),
        ("a stream", http().get(served.url("/mcp")), 405, "POST"),
        ("an end of a session", http().delete(served.url("/mcp")), 405, "POST"),
        ("another method", http().put(served.url("/mcp")), 405, "POST"),
        ("another media type", with("content-type", "text/plain"), 415, "application/json"),
        ("what is packed", with("content-encoding", "gzip"), 415, "Content-Encoding"),
        ("two media types", with("x-none", "").header("content-type", "text/plain"), 415, "application/json"),
        ("an answer of another type", with("accept", "application/json"), 406, "text/event-stream"),
        ("an unknown version", with("mcp-protocol-version", "2001-01-01"), 400, "2001-01-01"),
        ("a version without its headers", with("mcp-protocol-version", STATELESS), 400, ""),
        ("a token in the query", post("/mcp?access_token=canary"), 400, "Authorization header"),
        ("a token in disguise", post("/mcp?a=1;%74oken=canary"), 400, "Authorization header"),
        ("another host", with("host", "evil.example.com"), 403, "http.hosts"),
        ("another page", with("origin", "https://evil.example.com"), 403, "http.origins"),
        ("no JSON", body("{"), 400, "no JSON"),
        ("nothing", body(""), 400, "empty"),
        ("a batch", body(&json!([ping(), ping()]).to_string()), 400, "batches"),
        ("no message", body("{\"a\": 1}"), 400, "JSON-RPC 2.0"),
        ("a large body", body(&"x".repeat(2_001)), 413, "2000 bytes"),
    ];
    for (what, request, status, words) in cases {
        let (found, message) = refused(request).await;
        assert_eq!(found, status, "{what}: {message}");
        assert!(message.contains(words) && !message.contains("canary"), "{what}: {message}");
    }
}

#[tokio::test]
async fn an_unknown_method_is_told_as_each_era_tells_it() {
    let served = served(json!({})).await;
    let old = served.post("/mcp", &message("no/such", json!({}))).send().await.unwrap();
    assert_eq!(old.status(), 200);
    assert_eq!(old.json::<Value>().await.unwrap()["error"]["code"], -32601);
    // The last three are of the other era.
    for method in ["no/such", "initialize", "ping", "logging/setLevel"] {
        let new = served.stateless("/mcp", method, json!({})).send().await.unwrap();
        assert_eq!(new.status(), 404, "{method}");
        assert_eq!(new.json::<Value>().await.unwrap()["error"]["code"], -32601, "{method}");
    }
}

#[tokio::test]
async fn the_error_about_a_resource_has_its_address() {
    let served = served(json!({})).await;
    for uri in ["test://other", "erpnext://Nothing/N-1"] {
        let read = message("resources/read", json!({"uri": uri}));
        let answer: Value = served.post("/mcp", &read).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["error"]["data"]["uri"], uri, "{answer}");
    }
}

#[tokio::test]
async fn pages_that_are_named_may_ask_and_no_others() {
    let served = served(json!({"origins": ["https://app.example.com"], "hosts": ["mcp.example.com"]})).await;
    let ask = |origin: &str| {
        let request = http().request(reqwest::Method::OPTIONS, served.url("/mcp")).header("origin", origin.to_owned());
        request.header("access-control-request-headers", "content-type,mcp-method").header("host", "mcp.example.com")
    };
    let allowed = ask("https://app.example.com").send().await.unwrap();
    assert_eq!(allowed.status(), 204);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(allowed.headers()["access-control-allow-headers"], "content-type, mcp-method");
    let answer = served.post("/mcp", &ping()).header("origin", "https://app.example.com").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(refused(ask("https://evil.example.com")).await.0, 403);
}

#[tokio::test]
async fn a_broken_head_is_refused() {
    const HOST: &str = "Host: localhost\r\n";
    let served = served(json!({})).await;
    let twice =
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let elsewhere = twice.replacen("/mcp", "http://evil.example.com/mcp", 1).replacen(HOST, "", 1);
    let large = format!("POST /mcp HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("POST /mcp HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200));
    for (what, sent, status, words) in [
        ("no HTTP", "hello\r\n\r\n", 400, "no request of HTTP/1.1"),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", 400, "http.tls"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "by HTTP/1.1"),
        ("no host", "POST /mcp HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 400, "Host"),
        ("two hosts", twice, 400, "Host"),
        ("another host in the address", elsewhere.as_str(), 400, "Host"),
        ("a large head", large.as_str(), 431, "64 KiB"),
        ("a head of many lines", many.as_str(), 431, "100 headers"),
    ] {
        let answer = served.raw(sent.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{what}: {answer}"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
        assert!(head.to_lowercase().contains(&format!("content-length: {}", body.len())), "{what}: {answer}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(body["error"]["message"].as_str().unwrap().contains(words), "{what}: {body}");
    }
}

#[tokio::test]
async fn two_credentials_and_a_user_without_rights_are_told_apart() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Customer": {"read": true}}}));
    config["sign_in"] = json!({"own_keys": true});
    let served = Served::start(&config).await;
    let key =
        |request: reqwest::RequestBuilder, key: &str| request.header("authorization", format!("token {key}:secret"));
    let (status, told) = refused(key(key(served.post("/mcp", &ping()), "sales"), "other")).await;
    assert!(status == 400 && told.contains("one"), "{status} {told}");
    // Who has no right is somebody: the site says no, in words that say what to do.
    let list = message("tools/call", json!({"name": "list_customer_documents", "arguments": {}}));
    let answer = answered(key(served.post("/mcp", &list), "nobody")).await;
    let told = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(answer["result"]["isError"] == true && told.contains("permission"), "{told}");
}

#[tokio::test]
async fn every_refusal_is_a_line_of_the_log_under_the_name_that_the_answer_has() {
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    config["http"] = json!({"max_body_bytes": 2_000});
    let program = Program::start(&config).await;
    let post = |path: &str| http().post(program.url(path)).header("content-type", "application/json");
    let cases = [
        (404, post("/").body("{}")),
        (405, http().get(program.url("/mcp"))),
        (415, http().post(program.url("/mcp")).body("{}")),
        (403, post("/mcp").header("host", "evil.example.com")),
        (400, post("/mcp?token=canary")),
        (400, post("/mcp").body("[]")),
        (400, post("/mcp").body(ping().to_string()).header("mcp-protocol-version", "2001-01-01")),
        (406, post("/mcp").body("{}").header("accept", "application/json")),
        (404, post("/mcp/nowhere").body("{}")),
        (413, post("/mcp").body("x".repeat(2_001))),
        (401, post("/mcp").header("authorization", "canary")),
    ];
    for (status, request) in cases {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let line = program.logged(&id).await;
        let line = line.lines().next().unwrap();
        assert!(line.contains(&format!("status={status}")), "{line}");
    }
    let mut stream = TcpStream::connect(program.address).await.unwrap();
    stream.write_all(b"hello\r\n\r\n").await.unwrap();
    program.logged("is no HTTP that can be read").await;
    assert!(!program.log().contains("canary"), "{}", program.log());
}

#[tokio::test]
async fn half_a_head_and_a_slow_body_are_given_up() {
    let config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    let patience =
        Patience { head: Duration::from_millis(200), body: Duration::from_millis(300), ..Patience::default() };
    let served = Served::with_patience(&config, patience).await;
    let half = served.raw(b"POST /mcp HTTP/1.1\r\nHost: local").await;
    assert!(half.starts_with("HTTP/1.1 408 ") && half.contains("send it whole"), "{half}");
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    let slow = served.raw(head.as_bytes()).await;
    assert!(slow.starts_with("HTTP/1.1 408 ") && slow.contains("within 300ms"), "{slow}");
}

#[tokio::test]
async fn a_request_that_begins_while_an_answer_streams_does_not_cut_it() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({"doctypes": {"Customer": {"read": true}}}));
    config["schema"]["overlay"] = json!("live");
    let patience = Patience { head: Duration::from_millis(200), ..Patience::default() };
    let served = Served::with_patience(&config, patience).await;
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    let listen = served.stateless("/mcp", "subscriptions/listen", wanted).build().unwrap();
    let headers = listen.headers().iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
    let headers: String = headers.collect();
    let body = std::str::from_utf8(listen.body().unwrap().as_bytes().unwrap()).unwrap();
    let length = body.len();
    let asked = format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut told = vec![0; 16];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(told, b"HTTP/1.1 200 OK\r");
    stream.write_all(b"POST /mcp HTTP/1.1\r\n").await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut told)).await;
    assert!(end.is_err(), "{}", String::from_utf8_lossy(&told));
}

/// A connection that takes little at once, and a request with an answer that is larger.
async fn narrow(served: &Served) -> (TcpStream, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let list = message("tools/list", json!({})).to_string();
    let asked = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{list}",
        list.len()
    );
    (socket.connect(served.address).await.unwrap(), asked)
}

#[tokio::test]
async fn a_connection_on_which_hardly_anything_is_read_is_closed() {
    let site = SampleSite::start().await;
    let config = site.config(json!({"doctypes": {"Customer": {"read": true}}}));
    let patience = Patience { read: Duration::from_millis(300), ..Patience::default() };
    let served = Served::with_patience(&config, patience).await;
    for is_slow in [false, true] {
        let (stream, asked) = narrow(&served).await;
        let (mut reads, mut writes) = stream.into_split();
        // More than the system takes for a client that reads none of it.
        let sent = async { while writes.write_all(asked.as_bytes()).await.is_ok() {} };
        let read = async {
            let mut some = [0; 512];
            while is_slow && reads.read(&mut some).await.is_ok_and(|read| read > 0) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(sent, read) }).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_on_which_answers_are_read_slowly_is_kept() {
    let site = SampleSite::start().await;
    let config = site.config(json!({"doctypes": {"Customer": {"read": true}}}));
    let patience = Patience { read: Duration::from_secs(1), ..Patience::default() };
    let served = Served::with_patience(&config, patience).await;
    let (stream, asked) = narrow(&served).await;
    let (mut reads, mut writes) = stream.into_split();
    let sent = async { while writes.write_all(asked.as_bytes()).await.is_ok() {} };
    // Half a MiB a second, at most.
    let read = async {
        let mut some = [0; 4_096];
        while reads.read(&mut some).await.is_ok_and(|read| read > 0) {
            tokio::time::sleep(Duration::from_millis(8)).await;
        }
    };
    tokio::select! {
        () = sent => panic!("it was closed"),
        () = read => panic!("it was closed"),
        () = tokio::time::sleep(Duration::from_secs(4)) => {}
    }
}

#[tokio::test]
async fn a_body_that_comes_after_its_refusal_leaves_the_connection_to_the_next_request() {
    let served = served(json!({"max_body_bytes": 1024})).await;
    let last = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for (how, body) in [("Content-Length: 2", "{}"), ("Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n")] {
        for path in ["/mcp", "/nowhere"] {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{how}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            // Many clients send them apart.
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.write_all(format!("{body}{last}").as_bytes()).await.unwrap();
            let mut told = String::new();
            stream.read_to_string(&mut told).await.unwrap();
            let refused = told.matches("HTTP/1.1 4").count();
            assert!(refused == 2 && told.contains("HTTP/1.1 405 "), "{how} {path}: {told}");
        }
    }
    // What is too much to wait for ends the connection, and the client is told that it does.
    let told = served.raw(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4096\r\n\r\n").await;
    assert!(told.starts_with("HTTP/1.1 404 ") && told.contains("connection: close"), "{told}");
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_the_others_go_on() {
    let served = served(json!({"max_connections": 2})).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        let mut answer = [0; 64];
        assert!(stream.read(&mut answer).await.unwrap() > 0);
        open.push(stream);
    }
    let told = served.raw(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("Retry-After"), "{told}");
    open.pop();
    for _ in 0..200 {
        if let Ok(answer) = served.post("/mcp", &ping()).send().await
            && answer.status() == 200
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the place of a closed connection was not given away again");
}

#[tokio::test]
async fn after_the_end_began_nothing_is_taken_and_it_is_soon_over() {
    let mut served = served(json!({})).await;
    let idle = TcpStream::connect(served.address).await.unwrap();
    let client = http();
    let answer = client.get(served.url("/mcp")).send().await.unwrap();
    assert_eq!(told(answer).await.0, 405);
    served.turns.stop();
    // Connections that are silent do not hold it up.
    tokio::time::timeout(Duration::from_secs(5), served.ended()).await.unwrap();
    assert!(client.get(served.url("/mcp")).send().await.is_err());
    drop(idle);
}

#[tokio::test]
async fn an_address_that_others_reach_is_not_opened_without_signing_in() {
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": {"read": true}}}));
    for (arguments, listen, words) in [
        (&["--http", "0.0.0.0:0"][..], None, "nobody would have to sign in"),
        (&["--http"], Some("[::]:0"), "nobody would have to sign in"),
        (&["--http"], None, "http.listen"),
        (&["--http", "8080"], None, "ADDR"),
    ] {
        config["http"] = listen.map_or(json!({}), |listen| json!({"listen": listen}));
        let (mut command, _folder) = command(&config);
        let ended = command.arg("serve").args(arguments).output().await.unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && stderr.contains(words), "{arguments:?}: {stderr}");
    }
}
