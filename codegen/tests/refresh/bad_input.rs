//! Each thing that can be wrong from the start: one error that says what to do, exit code 1, snapshot untouched.

use std::net::TcpListener;

use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Repo, Run, doctype, finish, list, page, refusal, site};

/// Runs a refresh that must fail, in a repository with a snapshot of one DocType, and gives its error.
fn fails(url: &str, args: &[&str]) -> String {
    let repo = Repo::new();
    repo.write(
        "schema/snapshot/15/desk/todo.json",
        "{\n  \"name\": \"ToDo\",\n  \"module\": \"Desk\",\n  \"fields\": []\n}\n",
    );
    let before = repo.files();
    let Run { code, stdout, stderr } = repo.run(url, &[&["refresh"], args].concat());
    assert_eq!(code, 1, "{stderr}");
    assert_eq!(stdout, "");
    assert!(stderr.starts_with("error: ") && stderr.matches("error:").count() == 1, "{stderr}");
    assert_eq!(repo.files(), before, "the snapshot is untouched");
    stderr
}

fn says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
}

async fn listing(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[test]
fn an_unreachable_site_is_told_with_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    says(&fails(&url, &[]), &[&url, "cannot be reached", "refused", "check the address"]);
}

#[tokio::test]
async fn an_unknown_key_is_told_with_where_keys_are_made() {
    let server = listing(refusal(401, "AuthenticationError")).await;
    says(&fails(&server.uri(), &[]), &["401", "key and secret", "user's settings"]);
}

#[tokio::test]
async fn a_user_who_may_not_list_doctypes_is_told_the_role_that_may() {
    let server = listing(refusal(403, "PermissionError")).await;
    says(&fails(&server.uri(), &[]), &["403 PermissionError", "System Manager"]);
}

#[tokio::test]
async fn a_page_in_the_place_of_json_is_told_as_one() {
    for status in [200, 404, 403] {
        let server = listing(page(status)).await;
        let error = fails(&server.uri(), &[]);
        says(&error, &[&format!("{status} with a page"), if status == 403 { "page" } else { "ERPNext site" }]);
    }
}

#[tokio::test]
async fn json_that_is_not_frappes_is_told_as_another_shape() {
    let server = listing(ResponseTemplate::new(200).set_body_json(serde_json::json!({"hello": 1}))).await;
    says(&fails(&server.uri(), &[]), &["another shape", "ERPNext site"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = listing(ResponseTemplate::new(200)).await;
    let server = listing(ResponseTemplate::new(302).insert_header("Location", other.uri())).await;
    says(&fails(&server.uri(), &[]), &["302", "redirects", "scheme and host"]);
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_empty_list_is_told_with_the_role_that_sees_more() {
    let server = MockServer::start().await;
    list(&server, &[]).await;
    says(&fails(&server.uri(), &[]), &["empty", "System Manager"]);
}

#[tokio::test]
async fn doctypes_none_of_which_can_be_read_are_told_with_why() {
    let server = MockServer::start().await;
    list(&server, &[doctype("ToDo", "Desk", &[])]).await;
    Mock::given(path(crate::support::GETDOCTYPE)).respond_with(refusal(403, "PermissionError")).mount(&server).await;
    says(&fails(&server.uri(), &["--all"]), &["no DocType could be read", "ToDo: 403 PermissionError"]);
}

#[test]
fn a_wrong_address_is_told_with_the_right_one() {
    says(&fails("erp.example.com", &[]), &["did you mean \"https://erp.example.com\"?"]);
    says(&fails("http://erp.example.com", &[]), &["unencrypted", "--allow-insecure-http"]);
    says(&fails("https://erp.example.com/app", &[]), &["did you mean \"https://erp.example.com\"?"]);
    assert!(!fails("https://me:hunter2@erp.example.com", &[]).contains("hunter2"));
}

#[tokio::test]
async fn unknown_names_are_told_with_the_nearest() {
    let server = site(&[doctype("Sales Order", "Selling", &[])]).await;
    let error = fails(&server.uri(), &["--doctype", "Sales Ordr", "--module", "Seling"]);
    says(&error, &["\"Sales Ordr\"", "did you mean \"Sales Order\"?", "module \"Seling\"", "\"Selling\"?"]);
}

#[test]
fn a_secret_that_no_header_can_carry_is_told_as_such() {
    says(&fails("http://127.0.0.1:9", &["--api-key", "a\nb"]), &["key or secret", "character"]);
}

#[test]
fn missing_credentials_and_choices_are_told_with_how_to_give_them() {
    let repo = Repo::new();
    for (variable, option) in
        [("ERPNEXT_URL", "--url"), ("ERPNEXT_API_KEY", "--api-key"), ("ERPNEXT_API_SECRET", "--api-secret")]
    {
        let mut command = repo.command("http://127.0.0.1:9", &["refresh"]);
        command.env(variable, "");
        let run = finish(command);
        assert_eq!(run.code, 1);
        says(&run.stderr, &[variable, option]);
    }
    repo.write("codegen/codegen.toml", "[refresh]\n");
    let run = repo.run("http://127.0.0.1:9", &["refresh"]);
    assert_eq!(run.code, 1);
    says(&run.stderr, &["no DocType is chosen", "--all", "codegen.toml"]);
}

#[test]
fn help_shows_examples_and_no_environment() {
    for command in ["refresh", "diff", "add"] {
        let run = Repo::new().run("http://site.invalid", &[command, "--help"]);
        assert_eq!(run.code, 0);
        says(&run.stdout, &["Examples:", "ERPNEXT_API_SECRET"]);
        assert!(!run.stdout.contains("site.invalid"));
    }
}
