//! What leaves and what does not: tries, limits, Retry-After, cooldown, cached answers.

use std::num::NonZeroU32;

use futures_util::FutureExt;

use super::reply::RequestInfo;
use super::*;
use crate::cache::CacheOptions;
use crate::limit::Rates;

const KEPT: ClientOptions =
    ClientOptions { cache: Some(CacheOptions { ttl: Duration::from_secs(3_600), max_size: 100 }), ..HASTY };

fn page(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html><title>x</title></html>", "text/html")
}

/// A site that fails so often before it answers.
async fn failing(times: u64, with: ResponseTemplate, options: ClientOptions) -> (MockServer, Caller, Client) {
    let server = MockServer::start().await;
    if times > 0 {
        Mock::given(any()).respond_with(with).up_to_n_times(times).mount(&server).await;
    }
    let good = ResponseTemplate::new(200).set_body_json(json!({"data": {"name": "SO-1"}, "message": 7}));
    Mock::given(any()).respond_with(good).mount(&server).await;
    let caller = caller(&server.uri());
    (server, caller, Client::new(options).unwrap())
}

async fn count(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_read_is_tried_again_where_that_can_help() {
    for status in [429, 502, 503, 504] {
        let (server, caller, client) = failing(2, page(status), HASTY).await;
        client.as_caller(&caller).get(&permit(Operation::Read), "SO-1").await.unwrap();
        client.as_caller(&caller).count(&permit(Operation::Read), &[], &[], None).await.unwrap();
        assert_eq!(count(&server).await, 4, "{status}");
    }
    for status in [401, 403, 404, 417, 500] {
        let (server, caller, client) = failing(2, page(status), HASTY).await;
        client.as_caller(&caller).get(&permit(Operation::Read), "SO-1").await.unwrap_err();
        assert_eq!(count(&server).await, 1, "{status}");
    }
}

#[tokio::test]
async fn tries_end() {
    let (server, caller, client) = failing(u64::MAX, page(502), HASTY).await;
    let error = client.as_caller(&caller).get(&permit(Operation::Read), "SO-1").await.unwrap_err();
    assert_eq!((error.kind(), count(&server).await), (SiteErrorKind::Unavailable, 1 + HASTY.retry.times));
}

#[tokio::test]
async fn a_write_that_was_sent_is_never_sent_again() {
    for status in [429, 500, 502, 503, 504] {
        let (server, caller, client) = failing(1, page(status), HASTY).await;
        client
            .as_caller(&caller)
            .insert(to(&permit(Operation::Create), None), &Map::new())
            .await
            .unwrap_err()
            .for_test();
        client.as_caller(&caller).update(to(&permit(Operation::Update), Some("SO-1")), &Map::new()).await.unwrap();
        assert_eq!(count(&server).await, 2, "{status}");
    }
}

#[tokio::test]
async fn the_limit_refuses_before_sending_and_says_when() {
    let rates = Rates { per_hour: NonZeroU32::new(2), ..Rates::default() };
    let (server, caller, client) = failing(0, page(502), ClientOptions { rates, ..HASTY }).await;
    let read = permit(Operation::Read);
    for _ in 0..2 {
        client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
    }
    let error = client
        .as_caller(&caller)
        .insert(to(&permit(Operation::Create), None), &Map::new())
        .await
        .unwrap_err()
        .for_test();
    assert!(matches!(error.kind(), SiteErrorKind::OverLimit { .. }) && !error.maybe_done(), "{error}");
    let said = error.for_model();
    assert!(said.contains("nothing was sent") && said.contains("Wait 1800 s"), "{said}");
    assert_eq!(count(&server).await, 2);
    let other = Credentials::new("key-2".into(), "secret-2".into()).unwrap();
    client.as_caller(&Caller::new(caller.site, other)).get(&read, "SO-1").await.unwrap();
}

#[tokio::test]
async fn what_reads_a_write_back_is_let_through_the_limit() {
    let rates = Rates { per_hour: NonZeroU32::new(1), ..Rates::default() };
    let (server, caller, client) = failing(0, page(502), ClientOptions { rates, ..HASTY }).await;
    let update = permit(Operation::Update);
    let call = async {
        client.as_caller(&caller).update(to(&update, Some("SO-1")), &Map::new()).await.unwrap();
        client.as_caller(&caller).get(&update, "SO-1").await.unwrap();
        client.as_caller(&caller).update(to(&update, Some("SO-1")), &Map::new()).await.unwrap_err().for_test()
    };
    let error = CallState::new("1", false, None).run(call).await;
    assert!(matches!(error.kind(), SiteErrorKind::OverLimit { .. }));
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_write_is_looked_for_until_its_time_is_over() {
    let (_server, _, client) =
        failing(0, page(502), ClientOptions { timeout: Duration::from_millis(300), ..HASTY }).await;
    let (sent, mut reads) = (Instant::now(), 0);
    for wait in client.waits(sent) {
        tokio::time::sleep(wait).await;
        reads += 1;
    }
    assert!(sent.elapsed() >= Duration::from_millis(300) && reads < 15, "{reads} in {:?}", sent.elapsed());
    // Its time was over before its answer was given up.
    assert_eq!(client.waits(sent).count(), HASTY.retry.times);
}

#[tokio::test]
async fn a_site_that_asks_for_patience_gets_it_from_everybody() {
    let busy = page(429).insert_header("retry-after", "600");
    let (server, caller, client) = failing(1, busy, HASTY).await;
    let read = permit(Operation::Read);
    client.as_caller(&caller).get(&read, "SO-1").await.unwrap_err();
    let error =
        client.as_caller(&caller).delete(to(&permit(Operation::Delete), Some("SO-1"))).await.unwrap_err().for_test();
    assert!(matches!(error.kind(), SiteErrorKind::RateLimited { retry_after: Some(_) }) && !error.maybe_done());
    assert!(error.for_model().contains("Wait 60 s"), "{}", error.for_model());
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn a_short_patience_is_waited_out() {
    let busy = page(429).insert_header("retry-after", "1");
    let (server, caller, client) = failing(1, busy, HASTY).await;
    let started = std::time::Instant::now();
    client.as_caller(&caller).get(&permit(Operation::Read), "SO-1").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(990));
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_site_that_is_down_is_left_alone_and_calls_fail_at_once() {
    let cooldown = Cooldown { after: 3, first: Duration::from_secs(600), longest: Duration::from_secs(600) };
    let (server, caller, client) = failing(u64::MAX, page(502), ClientOptions { cooldown, ..HASTY }).await;
    let read = permit(Operation::Read);
    // The third failure opens the breaker; the fourth try of this call is not sent.
    let error = client.as_caller(&caller).get(&read, "SO-1").await.unwrap_err();
    assert!(matches!(error.kind(), SiteErrorKind::Paused { .. }), "{error}");
    let error = client
        .as_caller(&caller)
        .insert(to(&permit(Operation::Create), None), &Map::new())
        .await
        .unwrap_err()
        .for_test();
    assert!(error.for_model().contains("Wait 600 s") && !error.maybe_done(), "{}", error.for_model());
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn no_more_requests_than_stated_are_under_way() {
    let caller = caller("http://127.0.0.1:9");
    let traffic = traffic::Traffic::new(&ClientOptions { concurrent: 2, ..HASTY });
    let asked = RequestInfo { call: "GET /", writes: false, credentials: &caller.credentials, redactor: None };
    let deadline = std::time::Instant::now() + HASTY.timeout;
    let enter = || traffic.enter(asked, caller.credentials.fingerprint(), deadline);
    let first = enter().await.unwrap();
    let _second = enter().await.unwrap();
    assert!(enter().now_or_never().is_none());
    drop(first);
    assert!(enter().now_or_never().is_some());
}

#[tokio::test]
async fn requests_carry_the_name_of_their_call() {
    let (server, caller, client) = failing(1, page(502), HASTY).await;
    let read = permit(Operation::Read);
    CallState::new("call-7", false, None).run(client.as_caller(&caller).get(&read, "SO-1")).await.unwrap();
    client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
    let requests = server.received_requests().await.unwrap();
    for request in &requests[..2] {
        assert_eq!(request.headers["x-request-id"], "call-7");
        assert_eq!(request.headers["x-frappe-request-id"], "call-7");
    }
    assert!(!requests[2].headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn a_read_is_kept_for_its_user_and_its_permit_and_what_a_write_reads_is_not() {
    let (server, caller, client) = failing(0, page(502), KEPT).await;
    let read = permit(Operation::Read);
    for _ in 0..3 {
        client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
        client.as_caller(&caller).count(&read, &[], &[], None).await.unwrap();
    }
    assert_eq!(count(&server).await, 2);
    let other = Credentials::new("key-2".into(), "secret-2".into()).unwrap();
    client.as_caller(&Caller::new(caller.site.clone(), other)).get(&read, "SO-1").await.unwrap();
    client.as_caller(&caller).get(&read, "SO-2").await.unwrap();
    for _ in 0..2 {
        client.as_caller(&caller).get(&permit(Operation::Update), "SO-1").await.unwrap();
    }
    assert_eq!(count(&server).await, 6);
}

#[tokio::test]
async fn thirty_two_equal_reads_at_once_are_one_request() {
    let (server, caller, client) = failing(0, page(502), KEPT).await;
    let read = permit(Operation::Read);
    let bound = client.as_caller(&caller);
    let asked = (0..32).map(|_| bound.get(&read, "SO-1"));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.unwrap().data["name"], "SO-1");
    }
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn a_write_drops_what_was_kept_also_when_it_fails() {
    let (server, caller, client) = failing(0, page(502), KEPT).await;
    let (read, update) = (permit(Operation::Read), permit(Operation::Update));
    client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
    client.as_caller(&caller).update(to(&update, Some("SO-2")), &Map::new()).await.unwrap();
    client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
    assert_eq!(count(&server).await, 3);
    // Given up before its end, it may all the same have changed something.
    assert!(client.as_caller(&caller).update(to(&update, Some("SO-2")), &Map::new()).now_or_never().is_none());
    let before = count(&server).await;
    client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
    assert!(count(&server).await > before);
}

#[tokio::test]
async fn failures_and_refusals_are_not_kept() {
    let (server, caller, client) = failing(1, page(403), KEPT).await;
    let read = permit(Operation::Read);
    assert_eq!(client.as_caller(&caller).get(&read, "SO-1").await.unwrap_err().kind(), SiteErrorKind::Unexpected);
    client.as_caller(&caller).get(&read, "SO-1").await.unwrap();
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_call_knows_the_age_of_what_was_kept_and_can_ask_past_it() {
    let (server, caller, client) = failing(0, page(502), KEPT).await;
    let read = permit(Operation::Read);
    for (fresh, kept) in [(false, false), (false, true), (true, false), (false, true)] {
        let scope = CallState::new("1", fresh, None);
        scope.clone().run(client.as_caller(&caller).get(&read, "SO-1")).await.unwrap();
        assert_eq!(scope.age().is_some(), kept);
    }
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn what_several_calls_get_of_one_large_answer_is_within_the_memory_of_all() {
    let large = json!({"data": {"name": "SO-1", "rows": vec![json!([]); 120_000]}});
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(large).set_delay(Duration::from_millis(300));
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let options = ClientOptions { timeout: Duration::from_secs(5), ..KEPT };
    let (caller, client) = (caller(&server.uri()), Client::new(options).unwrap());
    let read = permit(Operation::Read);
    // Each call holds what it was given until all are told: three times that is all there is.
    let scopes: Vec<_> = (0..5).map(|call| CallState::new(&call.to_string(), false, None)).collect();
    let site = client.as_caller(&caller);
    let calls = scopes.iter().map(|scope| scope.clone().run(site.get(&read, "SO-1")));
    let told = futures_util::future::join_all(calls).await;
    assert_eq!(count(&server).await, 1, "they ask once together");
    let refused: Vec<SiteErrorKind> = told.iter().filter_map(|told| Some(told.as_ref().err()?.kind())).collect();
    assert_eq!(refused, [SiteErrorKind::TooLarge; 2]);
    drop((told, scopes));
    site.get(&read, "SO-1").await.unwrap();
}

#[tokio::test]
async fn a_call_asks_for_the_metadata_of_more_doctypes_than_it_could_hold() {
    let large = json!({"docs": [{"name": "Sales Order", "rows": vec![json!([]); 120_000]}]});
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(large)).mount(&server).await;
    let options = ClientOptions { timeout: Duration::from_secs(5), ..HASTY };
    let (caller, client) = (caller(&server.uri()), Client::new(options).unwrap());
    let site = client.as_caller(&caller);
    let work = async {
        for _ in 0..5 {
            assert_eq!(site.doctype_bundle("Sales Order").await.unwrap().len(), 1);
        }
    };
    CallState::new("1", false, None).run(work).await;
}

#[test]
fn nothing_of_a_secret_or_a_question_is_shown() {
    let caller = caller("http://127.0.0.1:9");
    let shown = format!("{:?} {caller:?}", Client::new(KEPT).unwrap());
    assert!(!shown.contains("secret-1") && !shown.contains("key-1"), "{shown}");
}
