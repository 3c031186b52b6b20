//! Passing failures are tried again, lasting ones are left behind.

use std::io;
use std::time::{Duration, Instant};

use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{GETDOCTYPE, LIST, Repo, about, asked, doctype, list, page, refusal, site};

/// A site with the DocTypes A and B, of which A is first answered in some other way.
async fn stumbling(times: u64, answer: ResponseTemplate) -> MockServer {
    let server = site(&[doctype("A", "M", &[]), doctype("B", "M", &[])]).await;
    about("A").respond_with(answer).up_to_n_times(times).with_priority(1).mount(&server).await;
    server
}

#[tokio::test]
async fn a_busy_site_is_asked_again() {
    for status in [502, 503, 504] {
        let server = stumbling(2, page(status)).await;
        let (repo, started) = (Repo::new(), Instant::now());
        let run = repo.run(&server.uri(), &["refresh"]);
        assert_eq!((run.code, repo.names().len()), (0, 3), "{}", run.stderr);
        assert_eq!(asked(&server).await["A"], 3);
        assert!(started.elapsed() >= Duration::from_millis(600), "the pauses grow: 0.2 s, 0.4 s");
    }
}

#[tokio::test]
async fn a_pause_that_the_site_asks_for_is_kept() {
    let limited = refusal(429, "TooManyRequestsError").insert_header("Retry-After", "2");
    let server = stumbling(1, limited).await;
    let (repo, started) = (Repo::new(), Instant::now());
    assert_eq!(repo.run(&server.uri(), &["refresh"]).code, 0);
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert_eq!(asked(&server).await["A"], 2);
}

#[tokio::test]
async fn a_pause_of_an_hour_is_not_waited_for() {
    let limited = refusal(429, "TooManyRequestsError").insert_header("Retry-After", "3600");
    let server = stumbling(99, limited).await;
    let (repo, started) = (Repo::new(), Instant::now());
    let run = repo.run(&server.uri(), &["refresh"]);
    assert!(run.stderr.contains("A: 429 TooManyRequestsError"), "{}", run.stderr);
    assert_eq!(asked(&server).await["A"], 1);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_cut_connection_is_made_again() {
    let server = site(&[doctype("A", "M", &[]), doctype("B", "M", &[])]).await;
    let cut = |_: &wiremock::Request| io::Error::from(io::ErrorKind::ConnectionReset);
    about("A").respond_with_err(cut).up_to_n_times(2).with_priority(1).mount(&server).await;
    let repo = Repo::new();
    let run = repo.run(&server.uri(), &["refresh"]);
    assert_eq!((run.code, repo.names().len()), (0, 3), "{}", run.stderr);
    assert_eq!(asked(&server).await["A"], 3);
}

#[tokio::test]
async fn the_list_is_asked_for_again_too() {
    let server = site(&[doctype("A", "M", &[])]).await;
    Mock::given(path(LIST)).respond_with(page(503)).up_to_n_times(1).with_priority(1).mount(&server).await;
    assert_eq!(Repo::new().run(&server.uri(), &["refresh"]).code, 0);
}

#[tokio::test]
async fn a_doctype_that_stays_busy_is_left_behind_and_named() {
    let server = stumbling(99, page(502)).await;
    let repo = Repo::new();
    let run = repo.run(&server.uri(), &["refresh"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("A: 502"), "{}", run.stderr);
    assert_eq!(repo.manifest()["failures"], json!({"A": "502"}));
    assert_eq!(repo.names(), ["m/b.json", "manifest.json"]);
    assert_eq!(asked(&server).await["A"], 6);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let server = stumbling(99, refusal(500, "ImportError")).await;
    Repo::new().run(&server.uri(), &["refresh"]);
    assert_eq!(asked(&server).await["A"], 1);
}

#[tokio::test]
async fn a_site_that_fails_everywhere_is_given_up() {
    let doctypes: Vec<_> = (0..40).map(|i| doctype(&format!("D{i}"), "M", &[])).collect();
    let server = MockServer::start().await;
    list(&server, &doctypes).await;
    let limited = refusal(429, "TooManyRequestsError").insert_header("Retry-After", "3600");
    Mock::given(path(GETDOCTYPE)).respond_with(limited).mount(&server).await;
    let repo = Repo::new();
    let run = repo.run(&server.uri(), &["refresh"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("11 DocTypes failed") && run.stderr.contains("try again later"), "{}", run.stderr);
    assert!(asked(&server).await.len() < 25);
    assert_eq!(repo.names(), [""; 0]);
}
