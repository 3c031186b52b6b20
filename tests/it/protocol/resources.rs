//! Resources are what the tools answer, for whom the tools answer it.

use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Audit as Settings;
use erpnext_mcp::resources::{self, address};
use erpnext_mcp::tool::progress::CallObserver;
use rmcp::model::{ErrorCode, Reference};
use serde_json::{Value, json};

use super::client::{Client, preset};
use crate::sandbox::{COMPANY, SampleSite, config};
use crate::stdio::Server;
use crate::support::{all, app_of, app_with, call, config_json, load};

const DOCUMENT: &str = "erpnext://{doctype}/{name}{?fields}";
const SCHEMA: &str = "erpnext://schema/{doctype}";
const REPORT: &str = "erpnext://report/{name}{?company}";

fn rules() -> Value {
    json!({
        "doctypes": {
            "Customer": {"read": true, "restricted_fields": ["tax_id", "territory"]},
            "Company": {"read": true},
            "Item": {"read": true},
            "Lead": {"create": true},
        },
        "reports": ["Accounts Receivable", "Sales Register"],
    })
}

fn uris(list: &Value, key: &str, field: &str) -> Vec<String> {
    list[key].as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_resource_is_what_the_tool_answers() {
    let site = SampleSite::start().await.sandbox;
    let app = app_of(&config(&site, "administrator", rules()));
    let client = Client::open(&site, rules()).await;
    let customers = call(&app, "list_customer_documents", json!({"limit": 1})).await.unwrap();
    let name = customers["documents"][0]["name"].as_str().unwrap();
    let got = call(&app, "get_customer_document", json!({"name": name})).await.unwrap();
    let read = client.read(&address::of_document("Customer", name)).await.unwrap();
    assert_eq!(read, got);
    assert!(read["document"].get("territory").is_none() && read["withheld"].is_array(), "{read}");

    let some = client.read(&format!("{}?fields=customer_name", address::of_document("Customer", name))).await.unwrap();
    assert_eq!(some["document"].as_object().unwrap().keys().filter(|key| key.starts_with("customer_")).count(), 1);

    let schema = client.read(&address::of_schema("Customer")).await.unwrap();
    assert_eq!(schema, call(&app, "get_doctype_schema", json!({"doctype": "Customer"})).await.unwrap());
    assert!(!schema.to_string().contains("tax_id"));

    let company = call(&app, "list_company_documents", json!({"limit": 1})).await.unwrap();
    let company = company["documents"][0]["name"].as_str().unwrap();
    let uri = format!("{}?company={}", address::of_report("Accounts Receivable"), company.replace(' ', "%20"));
    let arguments = json!({"name": "Accounts Receivable", "filters": {"company": company}});
    assert_eq!(client.read(&uri).await.unwrap(), call(&app, "run_report", arguments).await.unwrap());
}

#[tokio::test]
async fn what_the_policy_denies_is_in_no_list_no_completion_and_no_read() {
    let site = SampleSite::start().await.sandbox;
    let client = Client::open(&site, rules()).await;
    let listed = serde_json::to_value(client.0.list_resources(None).await.unwrap()).unwrap();
    let schemas = ["Company", "Customer", "Item", "Lead"].map(address::of_schema);
    assert_eq!(uris(&listed, "resources", "uri"), schemas);
    for (uri, wanted) in [
        (address::of_document("Supplier", "x"), "Supplier: not available"),
        (address::of_document("Lead", "x"), "read is not permitted"),
        (address::of_schema("Supplier"), "Supplier: not available"),
        (address::of_schema("User"), "User: not available"),
        (address::of_document("Custmer", "x"), "did you mean Customer?"),
        (address::of_report("General Ledger"), "permissions.reports does not name it"),
        (address::of_document("Customer", "No such customer"), "No such customer"),
    ] {
        let error = client.read(&uri).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::RESOURCE_NOT_FOUND, "{uri}: {error}");
        assert!(error.message.contains(wanted), "{uri}: {error}");
    }
    let error = client.read("erpnext://Customer/x?fields=tax_id").await.unwrap_err();
    assert!(error.message.contains("does not permit reading it"), "{error}");

    let document = || Reference::for_resource(DOCUMENT);
    let doctypes = client.complete(document(), "doctype", "", &[]).await;
    assert_eq!(doctypes, ["Company", "Customer", "Item"], "a lead can be made and not read");
    let schemas = client.complete(Reference::for_resource(SCHEMA), "doctype", "e", &[]).await;
    assert_eq!(schemas, ["Customer", "Item", "Lead"]);
    for denied in ["Supplier", "User", "Lead", "Customer Group", ""] {
        let names = client.complete(document(), "name", "", &[("doctype", denied)]).await;
        assert_eq!(names, [""; 0], "{denied}");
        let names = client.complete(document(), "name", "a", &[("doctype", denied)]).await;
        assert_eq!(names, [""; 0], "{denied}");
    }
    let fields = client.complete(document(), "fields", "t", &[("doctype", "Customer")]).await;
    assert!(!fields.is_empty() && !fields.iter().any(|field| field == "tax_id" || field == "territory"), "{fields:?}");
    let reports = client.complete(Reference::for_resource(REPORT), "name", "", &[]).await;
    assert_eq!(reports, ["Accounts Receivable", "Sales Register"]);
}

#[test]
fn what_no_tool_that_may_be_called_gives_is_in_no_list() {
    let mut config = config_json("http://127.0.0.1:9", rules());
    let listed = |config: &Value| {
        let app = app_of(config);
        let templates: Vec<&str> = resources::templates(&app).map(|template| template.name).collect();
        (templates, resources::list(&app).len())
    };
    assert_eq!(listed(&config), (vec!["schema", "document", "report"], 4));
    config["tools"] = json!({"exclude": ["get_generic_document", "run_report"]});
    assert_eq!(listed(&config), (vec!["schema"], 4));
    config["tools"] = json!({"exclude": ["get_doctype_schema"]});
    assert_eq!(listed(&config), (vec!["document", "report"], 0));
}

#[tokio::test]
async fn a_text_that_no_tool_takes_becomes_nothing() {
    let site = SampleSite::start().await.sandbox;
    let client = Client::open(&site, rules()).await;
    let complete = async |text: &str| {
        client.complete(Reference::for_resource(SCHEMA), "fields", text, &[("doctype", "Customer")]).await
    };
    assert!(complete("customer_name,").await.len() > 10);
    // Each of the fields would be given with all that stands before it.
    assert_eq!(complete(&"customer_name,".repeat(400)).await, [""; 0]);
}

#[tokio::test]
async fn what_would_not_be_seen_of_an_error_is_shown() {
    let site = SampleSite::start().await.sandbox;
    let client = Client::open(&site, rules()).await;
    let error = client.read(&address::of_document("Custo\u{202e}mer", "x")).await.unwrap_err();
    assert!(error.message.contains("Custo⟨U+202E⟩mer"), "{error}");
}

#[on_every_version]
async fn a_document_out_of_sight_is_told_as_one_that_is_missing() {
    let site = SampleSite::start().await.sandbox;
    let rule = json!({"read": true, "conditions": {"read": {"territory": "North"}}});
    let client = Client::open(&site, json!({"doctypes": {"Customer": rule}})).await;
    let all = app_of(&config(&site, "administrator", json!({"doctypes": {"Customer": {"read": true}}})));
    let others = json!({"filters": {"territory": ["!=", "North"]}, "fields": ["name"], "limit": 1});
    let listed = call(&all, "list_customer_documents", others).await.unwrap();
    let hidden = listed["documents"][0]["name"].as_str().unwrap();
    let read = async |name: &str| client.read(&address::of_document("Customer", name)).await.unwrap_err();
    for name in [hidden, "Nobody at all"] {
        let error = read(name).await;
        assert_eq!(error.code, ErrorCode::RESOURCE_NOT_FOUND, "{name}: {error}");
    }
    assert_eq!(read("x\0").await.code, ErrorCode::INVALID_PARAMS);
}

#[tokio::test]
async fn names_are_completed_as_the_search_finds_them() {
    let site = SampleSite::start().await.sandbox;
    let client = Client::open(&site, preset("read-only-analyst.json")).await;
    let document = || Reference::for_resource(DOCUMENT);
    let all = client.complete(document(), "name", "", &[("doctype", "Item")]).await;
    assert!(all.len() > 5 && all.len() <= 100, "{all:?}");
    let begin: String = all[0].chars().take(4).collect();
    let some = client.complete(document(), "name", &begin, &[("doctype", "Item")]).await;
    assert!(some.contains(&all[0]) && some[0].starts_with(&begin), "{begin}: {some:?}");
    for name in some {
        let read = client.read(&address::of_document("Item", &name)).await.unwrap();
        assert_eq!(read["document"]["name"], name);
    }
    let fields = client.complete(document(), "fields", "item_name,item_g", &[("doctype", "Item")]).await;
    assert_eq!(fields[0], "item_name,item_group");
    let companies = client.complete(Reference::for_prompt("cash_position"), "company", "alder", &[]).await;
    assert_eq!(companies, [COMPANY]);
}

#[tokio::test]
async fn names_cannot_lead_elsewhere() {
    let site = SampleSite::start().await.sandbox;
    let client = Client::open(&site, json!({"default": all()})).await;
    let before = site.journal().len();
    for uri in [
        "erpnext://Customer/../User/Administrator",
        "erpnext://Customer/..",
        "erpnext://../method/ping",
        "erpnext://schema/../x",
        "erpnext://Customer/%2e%2e",
        "http://Customer/x",
        "erpnext://Customer",
    ] {
        let error = client.read(uri).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::INVALID_PARAMS, "{uri}: {error}");
        assert!(error.message.contains("erpnext://DOCTYPE/NAME"), "{uri}: {error}");
    }
    for uri in [
        "erpnext://Customer/..%2F..%2Fmethod%2Fping",
        "erpnext://Customer/x%2F..%2Fy",
        "erpnext://..%2Fmethod/ping",
        "erpnext://Customer/%2Fx",
        "erpnext://Customer/x%00",
    ] {
        assert!(client.read(uri).await.is_err(), "{uri}");
    }
    assert_eq!(site.journal().len(), before);
}

#[tokio::test]
async fn a_read_is_in_the_audit_log_as_the_call_would_be() {
    let site = SampleSite::start().await.sandbox;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.log");
    let mut config = config(&site, "administrator", rules());
    config["audit"] = json!({"enabled": true, "log_file": file.to_str().unwrap()});
    let audit: Settings = load(&config).audit.clone();
    let app = app_with(&config, Audit::open(&audit).unwrap());
    for uri in ["erpnext://Customer/nobody", "erpnext://Supplier/x", "erpnext://schema/Item", "erpnext://Item/x?key=y"]
    {
        let _ = resources::read(&app, uri, Some("tests 1".to_owned()), &CallObserver::default()).await;
    }
    let log = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> = lines.iter().map(|line| json!([line["operation"], line["doctype"], line["result"]])).collect();
    let wanted = [
        json!(["READ", "Customer", "FAILED"]),
        json!(["READ", "Supplier", "DENIED"]),
        json!(["READ", "Item", "ALLOWED"]),
        json!(["READ", null, "FAILED"]),
    ];
    assert_eq!(seen, wanted, "{log}");
    assert_eq!(lines[3]["reason"], "the arguments cannot be read", "{log}");
    assert!(lines.iter().all(|line| line["client"] == "tests 1"), "{log}");
}

#[tokio::test]
async fn nothing_is_advertised_that_is_not_there() {
    let capabilities = |permissions: Value| async move {
        let views = !permissions.as_object().unwrap().is_empty();
        let mut config = config_json("http://127.0.0.1:9", permissions);
        config["tools"] = json!({ "views": views });
        let mut server = Server::start(&config);
        let answer = server.initialize().await;
        answer["result"]["capabilities"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(capabilities(json!({})).await, ["tools"]);
    assert_eq!(
        capabilities(json!({"doctypes": {"ToDo": {"create": true}}})).await,
        ["extensions", "completions", "resources", "tools"]
    );
    let with_prompts = ["extensions", "completions", "prompts", "resources", "tools"];
    assert_eq!(capabilities(json!({"doctypes": {"Sales Invoice": {"read": true}}})).await, with_prompts);
}

#[tokio::test]
async fn both_revisions_list_and_read() {
    let site = SampleSite::start().await.sandbox;
    let config = config(&site, "administrator", rules());
    for mut server in [Server::initialized(&config).await, Server::stateless(&config)] {
        let list = server.request("resources/list", json!({})).await["result"].clone();
        assert_eq!(list["resources"].as_array().unwrap().len(), 4, "{list}");
        assert_eq!((&list["ttlMs"], &list["cacheScope"]), (&json!(300_000), &json!("private")), "{list}");
        let templates = server.request("resources/templates/list", json!({})).await["result"].clone();
        assert_eq!(uris(&templates, "resourceTemplates", "uriTemplate")[1], DOCUMENT);
        let read = server.request("resources/read", json!({"uri": "erpnext://schema/Item"})).await["result"].clone();
        assert_eq!((&read["ttlMs"], &read["cacheScope"]), (&json!(60_000), &json!("private")), "{read}");
        let missing = server.request("resources/read", json!({"uri": "erpnext://Supplier/x"})).await;
        assert!(missing["error"]["message"].as_str().unwrap().contains("Supplier: not available"), "{missing}");
        let asked =
            json!({"ref": {"type": "ref/resource", "uri": DOCUMENT}, "argument": {"name": "doctype", "value": "cust"}});
        let completed = server.request("completion/complete", asked).await["result"].clone();
        assert_eq!(completed["completion"]["values"], json!(["Customer"]), "{completed}");
        let asked = json!({"ref": {"type": "ref/resource", "uri": "erpnext://x"}, "argument": {"name": "doctype", "value": ""}});
        assert_eq!(server.request("completion/complete", asked).await["error"]["code"], -32602);
    }
}
