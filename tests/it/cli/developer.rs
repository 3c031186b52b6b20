//! A DocType of an app, from the first look to a written document without a build; `codegen/tests/refresh/developer.rs` goes the
//! way on from there, to typed tools.

use serde_json::json;

use super::run;
use crate::sandbox::SampleSite;
use crate::stdio::Server;
use crate::support::all;

#[tokio::test]
async fn a_doctype_of_an_app_is_found_described_and_written_without_a_build() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::bench().await;
    let mut config = site.config(json!({"doctypes": {"Odd Thing": all()}}));
    config["schema"] = json!({"overlay": "live", "cache_folder": folder.path().join("kept")});
    std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();
    let done = run(folder.path(), &[], &["doctor", "--config", "c.json"]).await;
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let told = "fields: Odd Thing: is the site's own; the generic tools serve it";
    assert!(done.stdout.contains(told), "{}", done.stdout);

    let mut server = Server::initialized(&config).await;
    let about = server.data("get_doctype_schema", json!({"doctype": "Odd Thing"})).await.to_string();
    for field in ["title", "class", "rows", "status"] {
        assert!(about.contains(&format!("\"{field}\"")), "{field}: {about}");
    }
    // It is checked as any other: a choice that the app does not have is told with the nearest.
    let wrong = json!({"doctype": "Odd Thing", "data": {"title": "lathe", "status": "Closd"}});
    let error = server.error("create_generic_document", wrong).await;
    assert!(error.contains("data.status") && error.contains("Closed"), "{error}");
    assert_eq!(site.writes(), Vec::<String>::new());
    let data = json!({"title": "lathe", "class": "x", "status": "Open"});
    let made = server.data("create_generic_document", json!({"doctype": "Odd Thing", "data": data})).await;
    let read = json!({"doctype": "Odd Thing", "name": made["created"]});
    let read = server.data("get_generic_document", read).await;
    assert_eq!((&read["document"]["title"], &read["document"]["status"]), (&json!("lathe"), &json!("Open")), "{read}");
}
