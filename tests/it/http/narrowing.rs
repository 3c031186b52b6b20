//! A request can have less than its caller, never more: in the list and in the call.

use serde_json::{Value, json};

use super::sign_in::{Team, hash};
use super::{answered, data, message, refused};
use crate::sandbox::COMPANY;
use crate::support::all;

/// A team whose configuration opens selling and stock.
async fn team() -> Team {
    Team::start(|config| {
        let doctypes =
            json!({"Customer": all(), "Sales Order": all(), "Item": {"read": true, "update": true}, "Bin": {"read": true}, "Lead": all()});
        config["permissions"]["doctypes"] = doctypes;
        config["sign_in"]["tokens"] = json!({
            "reader": {"sha256": hash("reads"), "read_only": true},
            "seller": {"sha256": hash("sells"), "toolsets": ["Selling"]},
        });
    })
    .await
}

const OWN: (&str, &str) = ("authorization", "token administrator:secret");

async fn names(team: &Team, path: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let request = team.served.post(path, &message("tools/list", json!({})));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = answered(request).await;
    let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn called(team: &Team, path: &str, headers: &[(&str, &str)], tool: &str, arguments: Value) -> Value {
    let request = team.served.post(path, &message("tools/call", json!({"name": tool, "arguments": arguments})));
    answered(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

fn is_refused(answer: &Value) -> bool {
    answer["error"].is_object() || answer["result"]["isError"] == true
}

#[tokio::test]
async fn what_reads_only_lists_and_calls_nothing_that_writes() {
    let team = team().await;
    let lead = json!({"data": {"lead_name": "not to be made"}});
    let token = ("authorization", "Bearer reads");
    for (path, headers) in [
        ("/mcp/readonly", &[OWN][..]),
        ("/mcp", &[OWN, ("x-mcp-readonly", "true")]),
        ("/mcp", &[token]),
        ("/key/mcp/readonly", &[OWN]),
    ] {
        let names = names(&team, path, headers).await;
        let writes =
            |name: &&String| ["create_", "update_", "delete_", "submit_"].iter().any(|verb| name.starts_with(verb));
        assert!(
            names.iter().any(|name| name == "list_lead_documents") && !names.iter().any(|name| writes(&name)),
            "{names:?}"
        );
        let through = json!({"tool": "create_lead_document", "arguments": lead});
        let generic = json!({"doctype": "Lead", "data": lead["data"]});
        for (tool, arguments) in
            [("create_lead_document", &lead), ("call_tool", &through), ("create_generic_document", &generic)]
        {
            let answer = called(&team, path, headers, tool, arguments.clone()).await;
            assert!(is_refused(&answer), "{path} {tool}: {answer}");
        }
    }
    assert!(team.site.writes().iter().all(|write| !write.contains("Lead")), "{:?}", team.site.writes());
    assert!(!is_refused(&called(&team, "/mcp", &[OWN], "create_lead_document", lead).await));
}

#[tokio::test]
async fn toolsets_leave_their_modules_and_nothing_else() {
    let team = team().await;
    for (path, headers) in [
        ("/mcp/x/selling", &[OWN][..]),
        ("/mcp", &[OWN, ("x-mcp-toolsets", "selling")]),
        ("/mcp", &[("authorization", "Bearer sells")]),
        ("/mcp/x/selling,stock", &[("authorization", "Bearer sells")]),
        ("/mcp/x/selling,stock", &[OWN, ("x-mcp-toolsets", "selling,crm")]),
    ] {
        let names = names(&team, path, headers).await;
        let has = |name: &str| names.iter().any(|known| known == name);
        assert!(has("list_customer_documents") && has("list_sales_order_documents"), "{names:?}");
        assert!(!has("list_item_documents") && !has("list_lead_documents") && !has("add_comment"), "{names:?}");
        let list = |doctype: &str| json!({"doctype": doctype, "limit": 1});
        data(&called(&team, path, headers, "list_generic_documents", list("Customer")).await);
        for (tool, arguments) in [
            ("list_generic_documents", list("Item")),
            ("list_item_documents", json!({"limit": 1})),
            ("call_tool", json!({"tool": "list_item_documents", "arguments": {"limit": 1}})),
            ("add_comment", json!({"doctype": "Customer", "name": "x", "comment": "x"})),
        ] {
            let answer = called(&team, path, headers, tool, arguments).await;
            assert!(is_refused(&answer), "{path} {tool}: {answer}");
        }
    }
    // What is asked about stock, and what links to it, belongs to who has the module.
    let keeper = "/mcp/x/stock";
    let listed = names(&team, keeper, &[OWN]).await;
    let has = |name: &str| listed.iter().any(|known| known == name);
    assert!(has("get_stock_balance") && has("get_item_details") && !has("get_party_details"), "{listed:?}");
    let list = json!({"doctype": "Item", "fields": ["name"], "limit": 1});
    let items = data(&called(&team, keeper, &[OWN], "list_generic_documents", list).await);
    let item = &items["rows"][0][0];
    data(&called(&team, keeper, &[OWN], "get_stock_balance", json!({"item_code": item})).await);
    let linked = json!({"doctype": "Item", "name": item, "only": ["Bin"]});
    data(&called(&team, keeper, &[OWN], "get_linked_documents", linked).await);
    let party = json!({"party_type": "Customer", "party": "x"});
    assert!(is_refused(&called(&team, keeper, &[OWN], "get_party_details", party).await));
    // Nothing in common: the core alone, which reaches nothing.
    let core = names(&team, "/mcp/x/stock", &[("authorization", "Bearer sells")]).await;
    assert!(!core.iter().any(|name| name.contains("item") || name.contains("customer")), "{core:?}");
}

#[tokio::test]
async fn companies_are_told_by_the_instructions_of_those_alone_who_may_read_them() {
    let team = Team::start(|config| {
        config["permissions"] = json!({"default": {"read": true}});
        config["schema"] = json!({"overlay": "live"});
        config["sign_in"]["tokens"] =
            json!({"reader": {"sha256": hash("reads")}, "seller": {"sha256": hash("sells"), "toolsets": ["selling"]}});
    })
    .await;
    let client = json!({"name": "tests", "version": "1"});
    let begin = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let told = async |token: &str| {
        let request = team.served.post("/mcp", &message("initialize", begin.clone())).header("authorization", token);
        answered(request).await["result"]["instructions"].as_str().unwrap().contains(COMPANY)
    };
    // Both are one user of the site. What that tells late is told the next time.
    for _ in 0..100 {
        assert!(!told("Bearer sells").await);
        if told("Bearer reads").await {
            return assert!(!told("Bearer sells").await);
        }
    }
    panic!("no company is told");
}

#[tokio::test]
async fn what_cannot_be_understood_leaves_nothing() {
    let team = team().await;
    let with = |path: &str, name: &'static str, value: &'static str| {
        let request = team.served.post(path, &message("ping", json!({}))).header(OWN.0, OWN.1);
        refused(request.header(name, value))
    };
    let (status, said) = with("/mcp/x/sellng", "x-none", "").await;
    assert!(status == 404 && said.contains("did you mean selling"), "{status} {said}");
    assert_eq!(with("/mcp", "x-mcp-toolsets", "none_such").await.0, 404);
    assert_eq!(with("/mcp", "x-mcp-readonly", "maybe").await.0, 400);
    assert_eq!(with("/mcp/x/", "x-none", "").await.0, 404);
}

#[tokio::test]
async fn toolsets_leave_reports_about_their_modules_and_no_method() {
    const BALANCE: &str = "erpnext.stock.utils.get_stock_balance";
    let team = Team::start(|config| {
        config["permissions"] = json!({"default": {"read": true}, "reports": ["*"]});
        config["methods"] = json!({BALANCE: {"description": "Stock of an item.", "write": false, "arguments": {
            "item_code": {"type": "string", "required": true}, "warehouse": {"type": "string", "required": true},
        }}});
        config["publish"] = json!({
            "run_receivables": {"description": "Open invoices.", "report": "Accounts Receivable", "filters": {"company": {}}},
            "run_stock": {"description": "What is in stock.", "report": "Item Balance (Simple)"},
            "get_balance": {"description": "Stock of an item.", "method": BALANCE},
        });
        config["sign_in"]["tokens"] =
            json!({"keeper": {"sha256": hash("keeps"), "read_only": true, "toolsets": ["stock"]}});
    })
    .await;
    let filters = json!({"company": COMPANY});
    let asked = json!({"item_code": "No such", "warehouse": "None"});
    for (path, header) in [("/mcp/x/stock", OWN), ("/mcp", ("authorization", "Bearer keeps"))] {
        let call = async |tool: &str, arguments: Value| called(&team, path, &[header], tool, arguments).await;
        for report in ["Item Balance (Simple)", "Stock Balance"] {
            data(&call("describe_report", json!({"name": report})).await);
        }
        data(&call("run_report", json!({"name": "Item Balance (Simple)"})).await);
        data(&call("run_stock", json!({})).await);
        for report in ["Accounts Receivable", "General Ledger", "Purchase Register", "Lead Details"] {
            for tool in ["run_report", "describe_report"] {
                let answer = call(tool, json!({"name": report})).await;
                assert!(answer.to_string().contains("of none of the toolsets"), "{path} {tool} {report}: {answer}");
            }
        }
        let listed = data(&call("list_reports", json!({})).await).to_string();
        assert!(listed.contains("Stock Balance") && !listed.contains("Accounts Receivable"), "{path}: {listed}");
        for (tool, arguments) in [
            ("run_receivables", filters.clone()),
            ("get_balance", asked.clone()),
            ("call_method", json!({"method": BALANCE, "arguments": asked})),
            ("call_tool", json!({"tool": "get_balance", "arguments": asked})),
        ] {
            assert!(is_refused(&call(tool, arguments).await), "{path} {tool}");
        }
    }
    // Who names the toolset of methods has them.
    let more = called(&team, "/mcp/x/stock,more", &[OWN], "get_balance", asked).await;
    assert_eq!(data(&more)["answer"], 0.0);
}
