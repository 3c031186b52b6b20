use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

async fn user(template: ResponseTemplate) -> SiteError {
    let (_server, caller, client) = answering(template).await;
    client.as_caller(&caller).logged_user().await.unwrap_err()
}

#[tokio::test]
async fn a_cookie_is_never_sent_back() {
    let good = ResponseTemplate::new(200).set_body_json(json!({"message": "a"}));
    let (server, caller, client) = answering(good.insert_header("set-cookie", "sid=abc; Path=/")).await;
    client.as_caller(&caller).logged_user().await.unwrap();
    client.as_caller(&caller).logged_user().await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| !request.headers.contains_key("cookie")));
}

#[tokio::test]
async fn a_redirect_is_not_followed_but_told() {
    let to = "https://user:pw@other.example.com/api/method/x?key=1#f";
    let error = user(ResponseTemplate::new(301).insert_header("location", to)).await;
    assert_eq!((error.kind(), error.status()), (SiteErrorKind::Redirected, Some(301)));
    assert_eq!(error.leads_to(), Some("https://other.example.com/api/method/x"));
    assert!(!error.for_model().contains("other.example.com") && error.messages().is_empty(), "{}", error.for_model());
}

#[tokio::test]
async fn an_html_page_is_no_answer() {
    let page = ResponseTemplate::new(200).set_body_raw("<html><title>Log in</title></html>", "text/html");
    let error = user(page).await;
    assert_eq!(error.kind(), SiteErrorKind::Unexpected);
    assert!(error.for_model().contains("titled \"Log in\""));
}

#[tokio::test]
async fn an_answer_of_another_shape_is_no_answer() {
    let error = user(ResponseTemplate::new(200).set_body_json(json!({"message": 5}))).await;
    assert_eq!(error.kind(), SiteErrorKind::Unexpected);
    let (_server, caller, client) = giving(json!({"data": "ok"})).await;
    let read = permit(Operation::Read);
    assert_eq!(client.as_caller(&caller).get(&read, "x").await.unwrap_err().kind(), SiteErrorKind::Unexpected);
    assert_eq!(client.as_caller(&caller).list(&read, &query()).await.unwrap_err().kind(), SiteErrorKind::Unexpected);
    assert_eq!(
        client.as_caller(&caller).count(&read, &[], &[], None).await.unwrap_err().kind(),
        SiteErrorKind::Unexpected
    );
    // What answers so did not delete anything that it knows of.
    let (_server, caller, client) = giving(json!({"status": "ok"})).await;
    let delete = permit(Operation::Delete);
    let error = client.as_caller(&caller).delete(to(&delete, Some("x"))).await.unwrap_err().for_test();
    assert_eq!((error.kind(), error.maybe_done()), (SiteErrorKind::Unexpected, true));
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read() {
    let error = user(ResponseTemplate::new(200).set_body_string("x".repeat(10_001))).await;
    assert_eq!(error.kind(), SiteErrorKind::TooLarge);
    assert!(error.for_model().contains("more than 10000 bytes"), "{}", error.for_model());
}

#[tokio::test]
async fn a_slow_site_times_out_and_a_write_says_that_it_may_be_done() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(5)).set_body_json(json!({"data": {}}));
    let (_server, caller, client) = answering(slow).await;
    let error = client.as_caller(&caller).get(&permit(Operation::Read), "x").await.unwrap_err();
    assert_eq!((error.kind(), error.maybe_done()), (SiteErrorKind::TimedOut, false));
    let error = client
        .as_caller(&caller)
        .insert(to(&permit(Operation::Create), None), &Map::new())
        .await
        .unwrap_err()
        .for_test();
    assert_eq!((error.kind(), error.maybe_done()), (SiteErrorKind::TimedOut, true));
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_the_log_tells_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(HASTY).unwrap();
    let error = client
        .as_caller(&caller(&format!("http://{address}")))
        .insert(to(&permit(Operation::Create), None), &Map::new())
        .await;
    let error = error.unwrap_err().for_test();
    assert_eq!((error.kind(), error.maybe_done()), (SiteErrorKind::Unreachable, false));
    assert!(error.for_log().starts_with("POST /api/resource/Sales%20Order: Unreachable: "), "{error}");
    assert!(!error.for_log().contains("secret"));
}

/// Answers each connection with raw bytes and closes it.
async fn raw(bytes: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(bytes).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn an_answer_cut_short_is_not_taken() {
    let address = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"message\":").await;
    let client = Client::new(HASTY).unwrap();
    let error = client.as_caller(&caller(&format!("http://{address}"))).logged_user().await.unwrap_err();
    assert_eq!(error.kind(), SiteErrorKind::Cut);
}

#[tokio::test]
async fn a_packed_answer_is_bounded_by_its_unpacked_size() {
    // 100,000 times "x", packed by gzip: a head, a long run of zeros, a tail.
    let head: [u8; 25] =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 218, 139, 111, 13, 15, 160];
    let tail: [u8; 11] = [128, 87, 3, 113, 17, 7, 254, 160, 134, 1, 0];
    let packed = [head.as_slice(), &[0; 96], &tail].concat();
    let packed = ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_bytes(packed);
    assert_eq!(user(packed).await.kind(), SiteErrorKind::TooLarge);
}

#[tokio::test]
async fn https_to_a_port_that_speaks_plain_http_is_a_tls_error() {
    let address = raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let client = Client::new(HASTY).unwrap();
    let error = client.as_caller(&caller(&format!("https://{address}"))).logged_user().await.unwrap_err();
    assert_eq!(error.kind(), SiteErrorKind::Tls, "{error}");
}
