//! A run that does not come to its end leaves the snapshot as it was.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Repo, about, asked, doctype, field, site};

#[tokio::test]
async fn a_run_that_is_killed_changes_nothing() {
    let server = site(&[doctype("A", "M", &[]), doctype("B", "M", &[])]).await;
    let repo = Repo::new();
    assert_eq!(repo.run(&server.uri(), &["refresh"]).code, 0);
    let before = repo.files();

    let changed = site(&[doctype("A", "M", &[field("new", "Data", "")]), doctype("B", "M", &[])]).await;
    let hanging = ResponseTemplate::new(200).set_delay(Duration::from_secs(50));
    about("B").respond_with(hanging).with_priority(1).mount(&changed).await;
    let mut running = repo.command(&changed.uri(), &["refresh"]).spawn().unwrap();
    // By then A has been read.
    while asked(&changed).await.len() < 2 {
        assert!(running.try_wait().unwrap().is_none(), "it should still run");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(repo.files(), before);
}

#[test]
fn a_site_that_dies_half_way_changes_nothing_and_the_next_run_mends_it() {
    let repo = Repo::new();
    let run = repo.run(&serving(&[12]), &["refresh"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("cannot be reached"), "{}", run.stderr);
    assert_eq!(repo.names(), [""; 0]);
    let run = repo.run(&serving(&[99]), &["refresh"]);
    assert_eq!((run.code, repo.names().len()), (0, 31), "{}", run.stderr);
}

#[test]
fn a_site_that_restarts_meanwhile_is_waited_for() {
    let repo = Repo::new();
    let run = repo.run(&serving(&[12, 99]), &["refresh"]);
    assert_eq!((run.code, repo.names().len()), (0, 31), "{}", run.stderr);
}

/// A site of 30 DocTypes that answers so many requests and is gone, for a moment or, after the last of its lives, for good.
fn serving(lives: &'static [usize]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let address = listener.local_addr().unwrap();
        let mut listener = Some(listener);
        for requests in lives {
            let listening = listener.take().unwrap_or_else(|| TcpListener::bind(address).unwrap());
            listening.incoming().take(*requests).for_each(|stream| answer(stream.unwrap()));
            drop(listening);
            thread::sleep(Duration::from_millis(500));
        }
    });
    url
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let doctype_of = |i: usize| doctype(&format!("D{i}"), "M", &[]);
    let body = if request.contains("getdoctype") {
        let number = request.split("doctype=D").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        json!({"docs": [doctype_of(number.parse().unwrap())]})
    } else if request.contains("get_versions") {
        json!({"message": {"frappe": {"version": "15.0.0"}}})
    } else {
        json!({"data": (0..30).map(doctype_of).collect::<Vec<_>>()})
    };
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n";
    // A reader that has given up is no concern of ours.
    let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
}
