//! The views on the wire: who is pointed to them, and what the pages are. What they look like is tested in a browser,
//! by `tests/views`.

use erpnext_mcp::tool::Effect;
use erpnext_mcp::views;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::stdio::Server;
use crate::support::{all, app_of, config_json, every_doctype};

const MIME_TYPE: &str = "text/html;profile=mcp-app";

fn config() -> Value {
    config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": all()}, "reports": ["*"]}))
}

/// A server whose client has these capabilities, in one era of the protocol or the other.
async fn server(config: &Value, capabilities: Value, stateless: bool) -> Server {
    let mut server = if stateless { Server::stateless(config) } else { Server::start(config) };
    server.capabilities = capabilities;
    if !stateless {
        server.initialize().await;
    }
    server
}

fn renders(mime_types: Value) -> Value {
    json!({"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": mime_types}}})
}

#[tokio::test]
async fn clients_that_render_pages_are_pointed_to_them_and_all_others_get_the_same_list_without() {
    let mut lists = Vec::new();
    for stateless in [false, true] {
        let mut shown = server(&config(), renders(json!([MIME_TYPE])), stateless).await;
        let mut tools = shown.tools().await;
        for tool in &mut tools {
            let view = tool.as_object_mut().unwrap().remove("_meta").map(|meta| meta["ui"]["resourceUri"].clone());
            let expected = match tool["name"].as_str().unwrap() {
                "get_customer_document" | "get_generic_document" => Some("document"),
                "list_customer_documents" | "search_generic_documents" | "list_reports" => Some("list"),
                "aggregate_documents" | "run_report" => Some("chart"),
                "get_document_history" => Some("timeline"),
                "delete_customer_document" | "update_generic_document" | "submit_document" | "convert_document" => {
                    Some("approval")
                }
                "call_tool" | "find_tools" | "test_connection" => None,
                _ => continue,
            };
            assert_eq!(view, expected.map(|name| json!(format!("ui://erpnext-mcp/{name}"))), "{tool}");
        }
        for others in [json!({}), renders(json!([])), renders(json!(["text/html"])), renders(json!(MIME_TYPE))] {
            let mut plain = server(&config(), others, stateless).await;
            assert_eq!(plain.tools().await, tools);
            let resources = plain.request("resources/list", json!({})).await;
            assert!(!resources.to_string().contains("ui://"), "{resources}");
        }
        let resources = shown.request("resources/list", json!({})).await;
        let listed = resources["result"]["resources"].as_array().unwrap().iter();
        let views: Vec<_> = listed.filter(|listed| listed["mimeType"] == MIME_TYPE).collect();
        assert_eq!(views.len(), views::ALL.len(), "{resources}");
        lists.push(tools);
    }
    assert_eq!(lists[0], lists[1]);
}

#[tokio::test]
async fn what_find_tools_finds_points_to_its_view_for_clients_that_render_it() {
    let asked = json!({"query": "get_customer_document"});
    for stateless in [false, true] {
        for (capabilities, uri) in
            [(renders(json!([MIME_TYPE])), json!("ui://erpnext-mcp/document")), (json!({}), json!(null))]
        {
            let mut server = server(&config(), capabilities, stateless).await;
            let found = server.data("find_tools", asked.clone()).await;
            let first = &found["tools"][0];
            assert_eq!((&first["name"], &first["_meta"]["ui"]["resourceUri"]), (&json!("get_customer_document"), &uri));
            let proxied = json!({"tool": "find_tools", "arguments": asked});
            assert_eq!(server.data("call_tool", proxied).await["tools"][0]["_meta"], first["_meta"]);
        }
    }
}

#[tokio::test]
async fn the_page_of_every_view_is_read_by_anybody() {
    let mut server = Server::initialized(&config()).await;
    for view in views::ALL {
        let read = server.request("resources/read", json!({"uri": view.uri})).await;
        let content = &read["result"]["contents"][0];
        assert_eq!(content["uri"], view.uri, "{read}");
        assert_eq!(content["mimeType"], MIME_TYPE);
        assert_eq!(content["_meta"], json!({"ui": {"prefersBorder": true}}));
        assert_eq!(content["text"], view.html());
    }
    let missing = server.request("resources/read", json!({"uri": "ui://erpnext-mcp/other"})).await;
    let why = missing["error"]["message"].as_str().unwrap();
    assert!(why.contains("ui://erpnext-mcp/document, ui://erpnext-mcp/list"), "{missing}");
}

#[tokio::test]
async fn nobody_is_pointed_to_a_view_where_the_configuration_has_them_off() {
    let mut config = config();
    config["tools"] = json!({"views": false});
    let mut server = server(&config, renders(json!([MIME_TYPE])), true).await;
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/read", json!({"uri": "ui://erpnext-mcp/list"})),
    ] {
        let answer = server.request(method, params).await;
        assert!(answer["error"].is_object() == (method == "resources/read"), "{answer}");
        assert!(!answer["result"].to_string().contains("ui://"), "{method}: {answer}");
        assert!(!answer["result"].to_string().contains("io.modelcontextprotocol/ui"), "{method}: {answer}");
    }
}

#[tokio::test]
async fn what_a_view_shows_beside_its_result_goes_to_clients_that_render_pages_alone() {
    let site = SampleSite::start().await;
    let config = site.config(json!({"doctypes": {"Sales Order": all()}}));
    let order = first(&app_of(&config), "Sales Order", json!({})).await;
    let of =
        |name: &str| json!({"name": "get_generic_document", "arguments": {"doctype": "Sales Order", "name": name}});
    for stateless in [false, true] {
        let mut shown = server(&config, renders(json!([MIME_TYPE])), stateless).await;
        let result = shown.request("tools/call", of(&order)).await["result"].clone();
        let view = &result["_meta"]["erpnext-mcp/view"];
        assert_eq!(view["doctype"], "Sales Order", "{result}");
        let total = json!({"label": "Grand Total", "type": "Currency", "currency": "currency"});
        assert_eq!(view["fields"]["grand_total"], total);
        assert_eq!(view["tables"]["items"]["qty"]["label"], "Quantity");
        assert_eq!(view["desk"], format!("{}/app/sales-order", config["erpnext"]["url"].as_str().unwrap()));
        let text = result["content"][0]["text"].as_str().unwrap();
        for field in view["fields"].as_object().unwrap().keys() {
            assert!(text.contains(field), "{field} is not in the answer");
        }
        let through = json!({"name": "call_tool", "arguments": {"tool": "get_generic_document",
            "arguments": {"doctype": "Sales Order", "name": &order}}});
        let through = shown.request("tools/call", through).await;
        let same = &through["result"]["_meta"]["erpnext-mcp/view"];
        assert_eq!((&same["doctype"], &same["fields"]["grand_total"]), (&json!("Sales Order"), &total), "{through}");
        let missing = shown.request("tools/call", of("nope")).await;
        assert!(missing["result"]["_meta"]["erpnext-mcp/view"].is_null(), "{missing}");
        let mut plain = server(&config, json!({}), stateless).await;
        let same = plain.request("tools/call", of(&order)).await["result"].clone();
        assert_eq!(same["content"], result["content"], "a model pays for none of it");
        assert!(same["_meta"]["erpnext-mcp/view"].is_null(), "{same}");
    }
}

#[test]
fn every_tool_that_writes_or_reads_documents_has_a_view_that_is_there() {
    let app = app_of(&config_json("http://127.0.0.1:9", json!({"doctypes": every_doctype(), "reports": ["*"]})));
    let mut seen = 0;
    for tool in app.registry().tools() {
        let view = views::of(*tool);
        assert!(view.is_none_or(|view| views::find(view.uri).is_some()), "{tool:?}");
        let needs = tool.verb().is_some() || tool.effect() != Effect::Reads;
        assert!(view.is_some() || !needs || tool.name() == "call_tool", "{tool:?}");
        seen += 1;
    }
    assert!(seen > 2_000);
    for name in views::ALL.iter().flat_map(|view| view.tools) {
        assert!(app.registry().find(name).is_some(), "{name}");
    }
}

#[test]
fn every_page_is_whole_in_itself_and_small() {
    for view in views::ALL {
        let page = view.html();
        // Names of XML are no addresses.
        let addresses = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xhtml", "");
        for foreign in [
            "http:",
            "https:",
            "src=",
            "@import",
            "url(",
            "import(",
            "import ",
            "<link",
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "sendBeacon",
            "eval(",
            "Function(",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "setHTML",
            "localStorage",
            "indexedDB",
        ] {
            assert!(!addresses.contains(foreign), "{}: {foreign}", view.name);
        }
        assert!(page.contains("default-src 'none'") && page.starts_with("<!DOCTYPE html>"), "{}", view.name);
        assert_eq!(page.matches("</script>").count(), 1, "{}", view.name);
        let most = 45_000;
        assert!(page.len() <= most, "{} has {} bytes, more than {most}", view.name, page.len());
    }
}
