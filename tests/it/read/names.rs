//! Names in addresses: wiremock, as the exact path counts.

use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Site, all, call};

/// Names, each with the path below the DocType that alone may be asked for.
const NAMES: [(&str, &str); 10] = [
    ("x y", "x%20y"),
    ("a/b", "a%2Fb"),
    ("a?b", "a%3Fb"),
    ("a#b", "a%23b"),
    ("a&b=c;d", "a%26b%3Dc%3Bd"),
    ("100%", "100%25"),
    ("%2e%2e", "%252e%252e"),
    ("a\\b", "a%5Cb"),
    ("ünï ✓", "%C3%BCn%C3%AF%20%E2%9C%93"),
    ("'\"<>|", "%27%22%3C%3E%7C"),
];

#[on_every_version]
async fn a_name_reaches_exactly_its_own_document() {
    for (name, encoded) in NAMES {
        let site = Site::start().await;
        let at = format!("/api/resource/ToDo/{encoded}");
        let answer = ResponseTemplate::new(200).set_body_json(json!({"data": {"name": name, "status": "Open"}}));
        for verb in ["GET", "PUT", "DELETE"] {
            site.respond(verb, &at, answer.clone()).await;
        }
        let app = site.app(json!({"ToDo": all()}));
        let calls = [
            ("get_todo_document", json!({"name": name})),
            ("update_todo_document", json!({"name": name, "data": {"priority": "Low"}})),
            ("delete_todo_document", json!({"name": name, "confirm": true})),
        ];
        for (tool, arguments) in calls {
            call(&app, tool, arguments).await.unwrap_or_else(|error| panic!("{name:?}: {}", error.for_model()));
        }
        let verbs = ["GET", "GET", "PUT", "GET", "GET", "DELETE"];
        assert_eq!(site.lines().await, verbs.map(|verb| format!("{verb} {at}")));
    }
}

#[on_every_version]
async fn names_that_no_address_can_hold_are_refused_before_anything_is_sent() {
    let site = Site::start().await;
    let app = site.app(json!({"ToDo": all()}));
    for name in ["../../method/ping", ".", "..", "a/../b", "a\nb", "", " ", &"n".repeat(200)] {
        for (tool, arguments) in [
            ("get_todo_document", json!({"name": name})),
            ("delete_todo_document", json!({"name": name, "confirm": true})),
        ] {
            assert!(call(&app, tool, arguments).await.is_err(), "{name:?}");
        }
    }
    assert_eq!(site.lines().await, Vec::<String>::new());
}

#[on_every_version]
async fn the_name_of_a_doctype_leads_nowhere_else_either() {
    let site = Site::start().await;
    let app = site.open_app();
    for doctype in ["../method/ping", "..", "ToDo/t-1", "ToDo?x=1", "ToDo#", "Nope"] {
        assert!(call(&app, "list_generic_documents", json!({"doctype": doctype})).await.is_err(), "{doctype}");
    }
    // Metadata is asked for, with the name in the query.
    let lines = site.lines().await;
    assert!(lines.iter().all(|line| line == &format!("GET {}", crate::support::META)), "{lines:?}");
}
