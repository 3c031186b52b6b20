//! Documents of the rows of a CSV file: shown first, made after, and each row accounted for.

use std::fs;
use std::path::Path;

use erpnext_mcp::app::Connection;
use erpnext_mcp::tool::progress::CallObserver;
use erpnext_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{Desk, app};
use crate::http::{Served, answered, message};
use crate::sandbox::{SampleSite, config};
use crate::support::{all, app_of, call, refusal};

const IMPORT: &str = "import_documents";

/// What waits to be confirmed, as the model is told.
async fn shown(desk: &Desk, arguments: &Value) -> Value {
    let answer = desk.call(IMPORT, arguments.clone()).await;
    assert!(answer["not_done_yet"].is_string(), "{answer}");
    answer
}

/// A server that imports files below a folder.
fn importing(site: &Sandbox, folder: &Path) -> Connection {
    let mut config = config(site, "administrator", json!({"default": all()}));
    config["import"] = json!({"directory": folder});
    app_of(&config)
}

/// The problem that says so.
fn problem<'a>(answer: &'a Value, says: &str) -> &'a Value {
    let problems = answer["problems"].as_array().unwrap();
    let found = problems.iter().find(|problem| problem["problem"].as_str().is_some_and(|told| told.contains(says)));
    found.unwrap_or_else(|| panic!("{says}: {answer}"))
}

#[on_every_version]
async fn rows_become_documents_after_they_were_shown() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let content = "\u{feff}Description;PRIORITY;duedate\r\n\
                   \"call; then \"\"write\"\"\r\nagain\";High;2026-12-24\r\n\r\n\
                   second;;\r\n;;\r\nthird;Low;\r\nfourth;;\r\n";
    let mut import = json!({"doctype": "ToDo", "content": content});
    let asked = shown(&desk, &import).await;
    let mapping = json!({"Description": "description", "PRIORITY": "priority", "duedate": "date"});
    assert_eq!((&asked["mapping"], &asked["documents"]), (&mapping, &json!(4)), "{asked}");
    let rows = asked["rows"].as_array().unwrap();
    let lines: Vec<Option<u64>> = rows.iter().map(|row| row["row"].as_u64()).collect();
    assert_eq!(lines, [Some(2), Some(5), Some(7)], "{asked}");
    assert_eq!(rows[0]["would_create"]["date"], "2026-12-24", "{asked}");
    assert!(asked["others"].as_str().unwrap().contains("start_at"), "{asked}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    import["confirm_token"] = asked["confirm_token"].clone();
    let answer = desk.call(IMPORT, import).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(4), &json!(4)), "{answer}");
    assert_eq!(desk.journal(before), ["insert ToDo"; 4]);
    assert_eq!(answer.get("account"), None, "{answer}");
    let first = desk.get("ToDo", answer["created"][0].as_str().unwrap()).await;
    assert_eq!((&first["priority"], &first["date"]), (&json!("High"), &json!("2026-12-24")), "{first}");
    assert!(desk.progress().contains(&4.0), "{:?}", desk.progress());
}

#[on_every_version]
async fn the_problems_of_all_rows_are_told_and_nothing_is_sent() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let content = "description,priority,date\nfine,High,2026-01-01\nbad,Hgh,01.12.2026\n,Low,\nlong,Low,,\nshort\n";
    let mut import = json!({"doctype": "ToDo", "content": content});
    let told = desk.refusal(IMPORT, import.clone()).await;
    for wanted in ["3 of 5 rows have problems", "- row 3, priority: \"Hgh\"", "- row 6: has 1 cells"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    import["confirm"] = json!(true);
    assert_eq!(desk.refusal(IMPORT, import.clone()).await, told);

    import["dry_run"] = json!(true);
    let answer = desk.call(IMPORT, import).await;
    assert_eq!((&answer["dry_run"], &answer["rows_with_problems"]), (&json!(true), &json!(3)), "{answer}");
    for (says, column, line) in [
        ("did you mean High?", "priority", 3),
        ("expected a date as YYYY-MM-DD", "date", 3),
        ("is mandatory", "description", 4),
    ] {
        let problem = problem(&answer, says);
        assert_eq!((&problem["column"], &problem["rows"]), (&json!(column), &json!([line])), "{answer}");
    }
    assert_eq!(problem(&answer, "has 1 cells, and the header has 3")["rows"], json!([6]));
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["row"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(5)], "{answer}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_column_is_for_one_field_or_told_with_the_nearest() {
    let site = SampleSite::start().await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["priority"]);
    let app = site.app(json!({"ToDo": rule, "Sales Order": all()}));
    let content = "descripton,Priority,Internal\nx,High,z\n";
    let import = |mapping: Value| json!({"doctype": "ToDo", "content": content, "mapping": mapping, "dry_run": true});
    let told = refusal(&app, IMPORT, json!({"doctype": "ToDo", "content": content})).await;
    for wanted in [
        "column \"descripton\": no field of ToDo that may be set has that name or label; did you mean description?",
        "column \"Priority\": no field",
        "column \"Internal\": no field",
        "mapping says which field a column is for",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let told = refusal(&app, IMPORT, import(json!({"descripton": "describtion", "Internl": ""}))).await;
    assert!(told.contains("did you mean description?"), "{told}");
    assert!(told.contains("mapping.Internl: the file has no such column; did you mean Internal?"), "{told}");
    let mapping = json!({"descripton": "description", "Priority": "", "Internal": ""});
    let answer = call(&app, IMPORT, import(mapping)).await.unwrap();
    let would = answer["rows"][0]["would_create"].as_object().unwrap();
    assert!(would.contains_key("description") && !would.contains_key("priority"), "{answer}");

    let twice = json!({"doctype": "ToDo", "content": "Description,description\nx,y\n"});
    let told = refusal(&app, IMPORT, twice).await;
    assert!(told.contains("column \"description\": is for description, and so is column \"Description\""), "{told}");
    // As the desk exports them.
    let exported = "ID,Created On,customer,ID (Items)\nSO-1,2026-01-01,x,abc\n";
    let told = refusal(&app, IMPORT, json!({"doctype": "Sales Order", "content": exported})).await;
    for wanted in [
        r#"column "ID": names documents that exist, and an import makes others"#,
        r#"mapping {"ID":""} leaves it out"#,
        r#"column "Created On": is kept by the site"#,
        r#"column "ID (Items)": is kept by the site: mapping {"ID (Items)":""} leaves it out"#,
    ] {
        assert!(told.contains(wanted) && !told.contains("did you mean"), "{wanted}: {told}");
    }
    let table = json!({"doctype": "Sales Order", "content": "customer,items\nx,y\n"});
    let told = refusal(&app, IMPORT, table).await;
    assert!(told.contains("column \"items\": is a table: its cells go into the columns of its rows"), "{told}");
    let unnamed = json!({"doctype": "ToDo", "content": "description,,\nx,,\ny,z,\n"});
    let told = refusal(&app, IMPORT, unnamed).await;
    assert!(told.contains("is column 2 of the file: it has no title, and row 3 holds something there"), "{told}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

#[on_every_version]
async fn links_of_all_rows_are_looked_at_together() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let content = "first_name,territory\nL,\nM,Nowhere\nN,Nowhere\n";
    let told = desk.refusal(IMPORT, json!({"doctype": "Lead", "content": content})).await;
    assert!(told.contains("- rows 3, 4, territory: there is no Territory named \"Nowhere\""), "{told}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn numbers_as_people_write_them_are_read_where_they_can_be_one_only() {
    let desk = Desk::open().await;
    let group = desk.some("Item Group", json!({"is_group": 0}), 1).await.remove(0);
    let content = format!(
        "item_code,item_group,stock_uom,standard_rate,is_stock_item\n\
         A,{group},Nos,\"1,234.50\",No\nB,{group},Nos,\"1,234\",yes\n"
    );
    let answer = desk.call(IMPORT, json!({"doctype": "Item", "content": content, "dry_run": true})).await;
    let would = &answer["rows"][0]["would_create"];
    assert_eq!(would["standard_rate"].as_f64(), Some(1234.5), "{answer}");
    let problem = problem(&answer, "could be two numbers");
    assert_eq!((&problem["column"], &problem["rows"]), (&json!("standard_rate"), &json!([3])), "{answer}");
}

#[on_every_version]
async fn days_that_could_be_two_are_read_as_the_other_rows_show_their_order() {
    let desk = Desk::open().await;
    let import = |second: &str| {
        let content = format!("description,date\nfirst,1.10.2098\nsecond,{second}\n");
        json!({"doctype": "ToDo", "content": content, "dry_run": true})
    };
    let answer = desk.call(IMPORT, import("31.10.2098")).await;
    assert_eq!(answer["rows"][0]["would_create"]["date"], "2098-10-01", "{answer}");
    let answer = desk.call(IMPORT, import("2.10.2098")).await;
    problem(&answer, "it may be 2098-10-01 or 2098-01-10");
}

#[on_every_version]
async fn a_file_leaves_an_account_of_all_its_rows_beside_it() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("brands.csv"), "Brand Name\nImported Beta\nImported Alpha\nImported Gamma\n").unwrap();
    let app = importing(&site.sandbox, folder.path());
    let there = json!({"doctype": "Brand", "data": {"brand": "Imported Alpha"}});
    call(&app, "create_generic_document", there).await.unwrap();
    let before = site.writes().len();
    let import = json!({"doctype": "Brand", "file": "brands.csv", "confirm": true});
    let answer = call(&app, IMPORT, import).await.unwrap();
    assert_eq!(
        (&answer["done"], &answer["failed_rows"], &answer["total"]),
        (&json!(2), &json!(1), &json!(3)),
        "{answer}"
    );
    assert_eq!(answer["created"], json!(["Imported Beta", "Imported Gamma"]), "{answer}");
    assert_eq!(answer["failed"][0]["row"], 3, "{answer}");
    assert_eq!(site.writes()[before..].len(), 2);
    let account = Path::new(answer["account"].as_str().unwrap());
    assert_eq!(account.parent().unwrap(), folder.path().canonicalize().unwrap());
    assert!(account.file_name().unwrap().to_str().unwrap().starts_with("brands-account-"), "{account:?}");
    let text = fs::read_to_string(account).unwrap();
    for line in ["row,result,name,reason\n", "\n2,done,Imported Beta,\n", "\n3,failed,,", "\n4,done,Imported Gamma,\n"]
    {
        assert!(text.contains(line), "{line:?}: {text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(account).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[on_every_version]
async fn what_is_confirmed_is_the_file_as_it_was_shown() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tasks.csv");
    let rows = |last: &str| format!("description\na\nb\nc\n{last}\n");
    fs::write(&file, rows("d")).unwrap();
    let app = importing(&site.sandbox, folder.path());
    let mut import = json!({"doctype": "ToDo", "file": "tasks.csv"});
    let preview = |text: String| serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("no preview: {text}"));
    let asked = preview(refusal(&app, IMPORT, import.clone()).await);
    // Nobody was shown the last row.
    fs::write(&file, rows("e")).unwrap();
    import["confirm_token"] = asked["confirm_token"].clone();
    let again = preview(refusal(&app, IMPORT, import.clone()).await);
    assert!(again["note"].as_str().unwrap().contains("issued for other arguments or an older version"), "{again}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    import["confirm_token"] = again["confirm_token"].clone();
    assert_eq!(call(&app, IMPORT, import).await.unwrap()["done"], 4);
}

#[on_every_version]
async fn no_name_leads_out_of_the_directory_for_imports() {
    let site = SampleSite::start().await;
    let place = tempfile::tempdir().unwrap();
    let open = place.path().join("open");
    fs::create_dir(&open).unwrap();
    let secret = place.path().join("secret.csv");
    fs::write(&secret, "description\nsecret\n").unwrap();
    let app = importing(&site.sandbox, &open);
    let mut names = vec!["../secret.csv", secret.to_str().unwrap(), "missing.csv"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, open.join("link.csv")).unwrap();
        names.push("link.csv");
    }
    names.push("open/../../secret.csv");
    for name in names {
        let told = refusal(&app, IMPORT, json!({"doctype": "ToDo", "file": name, "confirm": true})).await;
        assert!(told.contains("in or below the directory for imports; nothing was sent"), "{name}: {told}");
    }
    let closed = super::app(&site.sandbox, "administrator");
    let told = refusal(&closed, IMPORT, json!({"doctype": "ToDo", "file": "x.csv"})).await;
    assert!(told.contains("import.directory"), "{told}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

#[on_every_version]
async fn an_import_that_is_called_off_says_where_to_go_on() {
    let desk = Desk::open().await;
    let app = app(&desk.site, "administrator");
    let tool = app.registry().find(IMPORT).unwrap();
    let rows: String = (0..40).map(|i| format!("task {i}\n")).collect();
    let arguments = json!({"doctype": "ToDo", "content": format!("description\n{rows}"), "confirm": true});
    let mut arguments = arguments.as_object().unwrap().clone();
    let before = desk.site.journal().len();
    let (watch, mut told) = CallObserver::new();
    let import = app.observed_call(tool, arguments.clone(), None, &watch);
    let stop = async {
        told.recv().await;
        watch.stop();
    };
    let (answer, ()) = tokio::join!(import, stop);
    let answer = answer.unwrap().0;
    // The first row is on line 2.
    let start = answer["stopped"]["start_at"].as_u64().unwrap();
    assert!(start < 42 && answer["done"] == start - 2, "{answer}");
    assert_eq!(desk.journal(before).len() as u64, start - 2, "what is said to be done is what is done");
    arguments.insert("start_at".to_owned(), json!(start));
    let rest = app.call(tool, arguments.clone(), None).await.unwrap().0;
    assert_eq!((&rest["done"], rest.get("stopped")), (&json!(42 - start), None), "{rest}");
    assert_eq!(desk.journal(before).len(), 40, "no row is made twice");
    arguments.insert("start_at".to_owned(), json!(42));
    let past = app.call(tool, arguments, None).await.unwrap_err().for_model();
    assert!(past.contains("the last begins at 41"), "{past}");
}

#[on_every_version]
async fn what_a_title_comes_to_mean_during_an_import_changes_no_row() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 2).await;
    let called = |customer: &str, title: &str| {
        let title = json!({"customer_name": title});
        desk.site.with(|site| site.set("Customer", customer, title.as_object().unwrap())).unwrap();
    };
    called(&customers[0], "Zephyr Mills");
    let app = app(&desk.site, "administrator");
    let rows: String = (0..30).map(|i| format!("issue {i},Zephyr Mills\n")).collect();
    let import = json!({"doctype": "Issue", "content": format!("subject,customer\n{rows}"), "confirm": true});
    let tool = app.registry().find(IMPORT).unwrap();
    let (watch, mut told) = CallObserver::new();
    let import = app.observed_call(tool, import.as_object().unwrap().clone(), None, &watch);
    let meanwhile = async {
        told.recv().await;
        called(&customers[0], "Zephyr Mills of old");
        called(&customers[1], "Zephyr Mills");
    };
    let (answer, ()) = tokio::join!(import, meanwhile);
    let answer = answer.unwrap().0;
    assert_eq!(answer["done"], 30, "{answer}");
    let created = answer["created"].as_array().unwrap();
    let of =
        |name: &Value| desk.site.with(|site| site.load("Issue", name.as_str().unwrap())).unwrap()["customer"].clone();
    assert_eq!(created.len(), 30, "{answer}");
    assert!(created.iter().all(|name| of(name) == customers[0].as_str()), "{answer}");
}

#[on_every_version]
async fn what_is_no_csv_is_told_and_nothing_is_sent() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    let long = format!("description\n{}", "x\n".repeat(10_001));
    for (content, wanted) in [
        ("PK\u{3}\u{4}\u{14}", "is a workbook (XLSX, XLS, ODS), and only CSV is read"),
        ("description\n\"open\n", "a quote that is not closed"),
        ("description\n", "no row below its header"),
        (long.as_str(), "more than 10000 rows"),
    ] {
        let told = desk.refusal(IMPORT, json!({"doctype": "ToDo", "content": content, "confirm": true})).await;
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    for both in [json!({"doctype": "ToDo"}), json!({"doctype": "ToDo", "content": "a\nb\n", "file": "x.csv"})] {
        let told = desk.refusal(IMPORT, both).await;
        assert!(told.contains("give either content, the text of the file, or file"), "{told}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn over_http_no_file_is_read() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tasks.csv"), "description\nx\n").unwrap();
    let mut config = config(&site.sandbox, "administrator", json!({"default": all()}));
    config["import"] = json!({"directory": folder.path()});
    let served = Served::start(&config).await;
    let import = |given: Value| json!({"name": IMPORT, "arguments": given});
    let file = import(json!({"doctype": "ToDo", "file": "tasks.csv", "confirm": true}));
    let answer = answered(served.post("/mcp", &message("tools/call", file))).await;
    let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
    assert!(answer["result"]["isError"] == true && text.contains("on the machine of this server"), "{answer}");
    let content = import(json!({"doctype": "ToDo", "content": "description\nx\n", "confirm": true}));
    let answer = answered(served.post("/mcp", &message("tools/call", content))).await;
    assert!(answer["result"]["isError"] != true, "{answer}");
    assert_eq!(site.writes().len(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no account is left where nobody can have it");
}
