//! Documents by what people call them: in searches, and in the links of a write.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite, config, site};
use crate::support::{Version, all, app_of, call, refusal, version};

async fn project(app: &Connection, title: &str) -> String {
    let data = json!({"data": {"project_name": title, "naming_series": "PROJ-.####"}});
    let made = call(app, "create_project_document", data).await.unwrap();
    made["created"].as_str().unwrap().to_owned()
}

fn rules() -> Value {
    json!({"doctypes": {
        "Project": {"read": true, "create": true},
        "Task": {"read": true, "create": true, "update": true},
    }})
}

fn task(project: &str) -> Value {
    json!({"data": {"subject": "Measure", "project": project}})
}

#[on_every_version]
async fn a_link_given_by_its_title_becomes_the_name() {
    let (_site, app) = site(rules()).await;
    let name = project(&app, "Refit of the canteen").await;
    assert_ne!(name, "Refit of the canteen");
    let found = call(&app, "search_link", json!({"doctype": "Project", "text": "refit OF the canteen"})).await.unwrap();
    assert_eq!(found["documents"], json!([{"name": name, "title": "Refit of the canteen", "exact": true}]));
    let made = call(&app, "create_task_document", task("Refit of the canteen")).await.unwrap();
    assert_eq!(made["links_by_title"]["project"], json!({"given": "Refit of the canteen", "name": name}));
    let got = call(&app, "get_task_document", json!({"name": made["created"]})).await.unwrap();
    assert_eq!(got["document"]["project"], name);
    let plain = call(&app, "create_task_document", task(&name)).await.unwrap();
    assert!(plain.get("links_by_title").is_none(), "{plain}");
}

#[on_every_version]
async fn a_title_that_is_not_certain_is_refused_with_the_candidates() {
    let (site, app) = site(rules()).await;
    let (one, two) = (project(&app, "Twin towers North").await, project(&app, "Twin towers South").await);
    let text = refusal(&app, "create_task_document", task("Twin towers")).await;
    assert!(text.contains("data.project: there is no Project named \"Twin towers\"; like it are"), "{text}");
    assert!(text.contains(&one) && text.contains(&two), "{text}");
    let before = site.journal().len();
    let text = refusal(&app, "create_task_document", task("T%n t%s")).await;
    assert!(!text.contains(&one), "a sign of the pattern language stands for itself: {text}");
    assert_eq!(site.journal().len(), before, "nothing was written");
}

#[on_every_version]
async fn what_is_called_as_asked_for_stands_first_however_many_are_like_it() {
    let (_site, app) = site(rules()).await;
    let hall = project(&app, "Hall").await;
    for title in ["Hall North", "Hall South", "Hall East"] {
        project(&app, title).await;
    }
    let asked = json!({"doctype": "Project", "text": "Hall", "limit": 2});
    let found = call(&app, "search_link", asked).await.unwrap();
    assert_eq!(found["documents"][0], json!({"name": hall, "title": "Hall", "exact": true}), "{found}");
    assert_eq!((&found["shown"], found["documents"].as_array().unwrap().len()), (&json!("2, there may be more"), 2));
}

#[on_every_version]
async fn a_name_is_taken_for_itself_however_many_others_have_it_for_their_title() {
    let (_site, app) = site(rules()).await;
    let create = async |data: Value| {
        let made = call(&app, "create_task_document", json!({"data": data})).await.unwrap();
        made["created"].as_str().unwrap().to_owned()
    };
    let whole = create(json!({"subject": "The whole", "is_group": 1})).await;
    for _ in 0..7 {
        create(json!({"subject": whole})).await;
    }
    let part = create(json!({"subject": "A part", "parent_task": whole})).await;
    let got = call(&app, "get_task_document", json!({"name": part})).await.unwrap();
    assert_eq!(got["document"]["parent_task"], json!(whole));
}

#[on_every_version]
async fn titles_of_doctypes_that_may_not_be_read_are_not_looked_up() {
    let (site, app) = site(rules()).await;
    project(&app, "Secret refit").await;
    let app = app_of(&config(&site, "administrator", json!({"doctypes": {"Task": {"create": true}}})));
    let text = refusal(&app, "create_task_document", task("Secret")).await;
    assert!(!text.contains("Secret refit"), "{text}");
    let rule = json!({"doctypes": {"Task": {"create": true}, "Project": {"read": true, "restricted_fields": ["project_name"]}}});
    let app = app_of(&config(&site, "administrator", rule));
    for asked in ["create_task_document", "search_link", "global_search"] {
        let arguments = match asked {
            "create_task_document" => task("Secret"),
            "search_link" => json!({"doctype": "Project", "text": "Secret"}),
            _ => json!({"text": "Secret"}),
        };
        let said = match call(&app, asked, arguments).await {
            Ok(answer) => answer.to_string(),
            Err(error) => error.for_model(),
        };
        assert!(!said.contains("Secret refit") && !said.contains("PROJ-"), "{asked}: {said}");
    }
}

#[on_every_version]
async fn a_search_everywhere_names_doctype_and_title() {
    let (_site, app) =
        site(json!({"default": {"read": true}, "doctypes": {"Project": {"read": true, "create": true}}})).await;
    let name = project(&app, "Refit of the canteen").await;
    let found = call(&app, "global_search", json!({"text": "canteen"})).await.unwrap();
    let wanted = json!({"name": name, "title": "Refit of the canteen", "doctype": "Project"});
    assert!(found["documents"].as_array().unwrap().contains(&wanted), "{found}");
    assert!(found["doctypes_searched"].as_u64().unwrap() > 20, "{found}");
    let text = refusal(&app, "global_search", json!({"text": "canteen", "doctypes": ["Nothing"]})).await;
    assert!(text.contains("no DocType \"Nothing\""), "{text}");
}

#[on_every_version]
async fn h64_a_title_that_is_the_pattern_for_one_is_not_shown_for_it() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Invoice": all()}));
    let listed = call(&app, "list_sales_invoice_documents", json!({"fields": ["customer_name"], "limit": 1})).await;
    let invoice = listed.unwrap()["documents"][0].clone();
    let (name, customer) = (invoice["name"].as_str().unwrap(), &invoice["customer_name"]);
    if version() < Version::V16 {
        let pattern = json!({"title": "{customer_name}"});
        site.sandbox.with(|site| site.set("Sales Invoice", name, pattern.as_object().unwrap())).unwrap();
    }
    let found = call(&app, "search_link", json!({"doctype": "Sales Invoice", "text": name})).await.unwrap();
    assert_eq!(found["documents"], json!([{"name": name, "title": customer, "exact": true}]));
    let found = call(&app, "search_link", json!({"doctype": "Sales Invoice", "text": customer})).await.unwrap();
    assert!(found["documents"].as_array().unwrap().iter().any(|found| found["name"] == name), "{found}");
    let filters = json!({"filters": {"name": name}});
    let listed = call(&app, "list_sales_invoice_documents", filters).await.unwrap();
    assert_eq!(&listed["documents"][0]["customer_name"], customer, "beside the pattern stands what it is for");
    let read = call(&app, "get_sales_invoice_document", json!({"name": name})).await.unwrap();
    assert_eq!(&read["document"]["customer_name"], customer);
    assert_ne!(read["document"]["title"], "{customer_name}", "{read}");
}

#[on_every_version]
async fn a_party_given_by_its_title_becomes_the_name() {
    let (_site, app) = site(json!({"default": all()})).await;
    let leads = json!({"fields": ["name", "title"], "filters": {"title": ["is", "set"]}, "limit": 1});
    let lead = call(&app, "list_lead_documents", leads).await.unwrap()["documents"][0].clone();
    assert_ne!(lead["name"], lead["title"]);
    let quoted = |party: &Value| {
        let items = json!([{"item_code": "TBL-OAK-160", "qty": 1}]);
        json!({"data": {"quotation_to": "Lead", "party_name": party, "items": items}})
    };
    let made = call(&app, "create_quotation_document", quoted(&lead["title"])).await.unwrap();
    assert_eq!(made["links_by_title"]["party_name"], json!({"given": lead["title"], "name": lead["name"]}));
    let name = &made["created"];
    let got = call(&app, "get_quotation_document", json!({"name": name, "fields": ["party_name"]})).await.unwrap();
    assert_eq!(got["document"]["party_name"], lead["name"]);
    // What is not changed says of what DocType the new one is.
    let change = json!({"name": name, "data": {"party_name": lead["title"], "order_type": "Maintenance"}});
    assert!(call(&app, "update_quotation_document", change).await.is_ok());
    let text = refusal(&app, "create_quotation_document", quoted(&json!("Nobody at all"))).await;
    assert!(text.contains("data.party_name: there is no Lead named \"Nobody at all\""), "{text}");
}

#[on_every_version]
async fn a_name_without_its_companys_suffix_is_that_of_the_documents_company() {
    let (site, app) = site(json!({"default": all()})).await;
    let company = json!({"company_name": "Quay Works", "abbr": "QW", "default_currency": "EUR", "country": "Ireland"});
    call(&app, "create_company_document", json!({"data": company})).await.unwrap();
    let another = json!({"warehouse_name": "Showroom", "company": "Quay Works"});
    call(&app, "create_warehouse_document", json!({"data": another})).await.unwrap();
    let order = |company: Option<&str>| {
        let row = json!({"item_code": "TBL-OAK-160", "qty": 1, "warehouse": "showroom", "delivery_date": "2026-12-24"});
        let mut data = json!({"customer": "Saltmarsh Lodge", "delivery_date": "2026-12-24", "items": [row]});
        if let Some(company) = company {
            data["company"] = json!(company);
        }
        json!({ "data": data })
    };
    let made = call(&app, "create_sales_order_document", order(Some(COMPANY))).await.unwrap();
    let meant = json!({"given": "showroom", "name": "Showroom - AWF"});
    assert_eq!(made["links_by_title"], json!({"items[0].warehouse": meant}), "{made}");
    let got = json!({"name": made["created"], "fields": ["items.warehouse"]});
    let got = call(&app, "get_sales_order_document", got).await.unwrap();
    assert_eq!(got["document"]["items"][0]["warehouse"], "Showroom - AWF", "{got}");
    let text = refusal(&app, "create_sales_order_document", order(None)).await;
    let several = "data.items[0].warehouse: several Warehouse documents are called \"showroom\": ";
    assert!(text.contains(several) && text.contains("\"Showroom - QW\""), "{text}");
    // The stored company counts where it may be read: which it is would be told.
    let rule = json!({"read": true, "update": true, "restricted_fields": ["company"]});
    let rules = json!({"doctypes": {"Sales Order": rule, "Warehouse": {"read": true}}});
    let hidden = app_of(&config(&site, "administrator", rules));
    let change = json!({"name": made["created"], "data": {"set_warehouse": "Showroom"}});
    let text = refusal(&hidden, "update_sales_order_document", change.clone()).await;
    assert!(text.contains("data.set_warehouse: several Warehouse documents are called"), "{text}");
    let changed = call(&app, "update_sales_order_document", change).await.unwrap();
    assert_eq!(changed["links_by_title"]["set_warehouse"]["name"], "Showroom - AWF", "{changed}");
    // What is looked for is known by its place in the company as well.
    let found = call(&app, "search_link", json!({"doctype": "Warehouse", "text": "Main Store"})).await.unwrap();
    assert_eq!(found["documents"], json!([{"name": "Main Store - AWF", "exact": true}]));
    // An answer does not show that one of several is missing.
    for filter in [json!(["in", ["Main Store", "Showroom"]]), json!(["!=", "Showroom"])] {
        let asked = json!({"doctype": "Bin", "filters": {"warehouse": filter}, "fields": ["name"]});
        let listed = call(&app, "list_generic_documents", asked).await.unwrap();
        assert!(listed["messages"].to_string().contains("several Warehouse documents are called"), "{listed}");
    }
}

#[on_every_version]
async fn filters_and_tools_take_a_name_without_its_companys_suffix() {
    let (_site, app) = site(json!({"default": {"read": true, "report": true}})).await;
    let listed = async |filter: Value| {
        let asked = json!({"doctype": "Bin", "filters": {"warehouse": filter}, "fields": ["name"], "limit": 100});
        call(&app, "list_generic_documents", asked).await.unwrap()
    };
    let whole = listed(json!("Main Store - AWF")).await;
    assert!(whole["count"].as_u64().unwrap() > 0);
    for filter in [json!("main store"), json!(["=", "Main Store"]), json!(["in", ["Main Store", "Nowhere"]])] {
        let part = listed(filter.clone()).await;
        assert_eq!(part["documents"], whole["documents"], "{filter}: {part}");
        assert!(part["messages"].to_string().contains("is Main Store - AWF"), "{part}");
    }
    // A pattern stands for itself.
    assert_eq!(listed(json!(["like", "Main Store"])).await["count"], 0);
    let sum = async |account: &str| {
        let filters = json!({"account": account});
        let asked = json!({"doctype": "GL Entry", "measures": ["sum(debit)"], "filters": filters});
        call(&app, "aggregate_documents", asked).await.unwrap()["groups"].clone()
    };
    let whole = sum("Debtors - AWF").await;
    assert!(whole[0]["sum(debit)"].as_f64().unwrap() > 0.0, "{whole}");
    assert_eq!(sum("Debtors").await, whole);
    for (tool, key, one) in [
        ("get_stock_balance", "item_code", "warehouse"),
        ("get_stock_levels", "items", "warehouses"),
        ("get_item_details", "item_code", "warehouse"),
    ] {
        let told = async |warehouse: &str| call(&app, tool, json!({key: "TBL-OAK-160", one: warehouse})).await.unwrap();
        assert_eq!(told("Showroom").await, told("Showroom - AWF").await, "{tool}");
    }
}

#[on_every_version]
async fn a_name_is_that_of_the_stored_company_before_anything_is_written_and_of_no_alternatives() {
    let (_site, app) = site(json!({"default": all()})).await;
    let company = json!({"company_name": "Quay Works", "abbr": "QW", "default_currency": "EUR", "country": "Ireland"});
    call(&app, "create_company_document", json!({"data": company})).await.unwrap();
    for name in ["Showroom", "Annex"] {
        let warehouse = json!({"warehouse_name": name, "company": "Quay Works"});
        call(&app, "create_warehouse_document", json!({"data": warehouse})).await.unwrap();
    }
    let mut orders = Vec::new();
    for _ in 0..2 {
        let row = json!({"item_code": "TBL-OAK-160", "qty": 1, "delivery_date": "2026-12-24", "warehouse": "Showroom"});
        let data =
            json!({"customer": "Saltmarsh Lodge", "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
        orders.push(call(&app, "create_sales_order_document", json!({"data": data})).await.unwrap()["created"].clone());
    }
    // Of many documents, each is judged by its own company before the first is sent.
    let rows = json!([
        {"name": orders[0], "po_no": "7"},
        {"name": orders[1], "set_warehouse": "Annex"},
    ]);
    let text = refusal(&app, "update_bulk_documents", json!({"doctype": "Sales Order", "documents": rows})).await;
    assert!(text.contains("documents[1].set_warehouse: there is no Warehouse named \"Annex\""), "{text}");
    let got = call(&app, "get_sales_order_document", json!({"name": orders[0], "fields": ["po_no"]})).await.unwrap();
    assert_ne!(got["document"]["po_no"], "7", "{got}");
    // Beside what breaks the form, too.
    let data = json!({"set_warehouse": "Showroom", "no_such_field": 1});
    let text = refusal(&app, "update_sales_order_document", json!({"name": orders[0], "data": data})).await;
    assert!(text.contains("data.no_such_field") && !text.contains("set_warehouse"), "{text}");
    // The company of one alternative says nothing of another, that of the filters does.
    let listed = async |filters: Value, either: Value| {
        let asked =
            json!({"doctype": "Stock Ledger Entry", "filters": filters, "or_filters": either, "fields": ["name"]});
        call(&app, "list_generic_documents", asked).await.unwrap()["messages"].to_string()
    };
    let told = listed(json!({}), json!({"company": "Quay Works", "warehouse": "Showroom"})).await;
    assert!(told.contains("several Warehouse documents are called"), "{told}");
    let told = listed(json!({"company": COMPANY}), json!({"warehouse": "Showroom", "voucher_no": "none"})).await;
    assert!(told.contains("Showroom is Showroom - AWF"), "{told}");
}
