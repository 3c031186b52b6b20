//! Documents and reports in files: what is in them is what a list or a report gives to the same user.

use std::fs;
use std::io::Read;
use std::path::Path;

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::tool::progress::{Attachment, CallObserver};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::sandbox::{COMPANY, SampleSite, config};
use crate::support::{Site, all, app_of, app_with, call, config_json, load, refusal};

const EXPORT: &str = "export_documents";

/// A server that may export everything that these permissions open, and where it writes.
fn exporting(config: &mut Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    config["export"] = json!({"directory": folder.path()});
    folder
}

fn permitted() -> Value {
    let mut operations = all();
    operations["export"] = json!(true);
    operations["report"] = json!(true);
    operations
}

struct Exporter {
    site: SampleSite,
    app: Connection,
    folder: TempDir,
}

impl Exporter {
    async fn open(key: &str, permissions: Value) -> Self {
        let site = SampleSite::start().await;
        let mut config = config(&site.sandbox, key, permissions);
        let folder = exporting(&mut config);
        let app = app_of(&config);
        Self { site, app, folder }
    }

    async fn everything() -> Self {
        Self::open("administrator", json!({"default": permitted(), "reports": ["*"]})).await
    }

    /// The lines of a CSV file that was written, the first of which names the columns.
    async fn csv(&self, tool: &str, arguments: Value) -> (Value, Vec<Vec<String>>) {
        let answer = call(&self.app, tool, arguments).await.unwrap();
        let bytes = fs::read(answer["file"].as_str().unwrap()).unwrap();
        assert_eq!(answer["bytes"], bytes.len(), "{answer}");
        let sha256: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(answer["sha256"], sha256);
        (answer, fields(&String::from_utf8(bytes).unwrap()))
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }
}

/// The fields of a CSV text.
fn fields(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    assert!(field.is_empty() && row.is_empty(), "the last line ends");
    rows
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(is) => u8::from(*is).to_string(),
        other => other.to_string(),
    }
}

#[on_every_version]
async fn a_file_has_what_a_list_gives() {
    let desk = Exporter::everything().await;
    let names = json!(["customer_name", "territory", "disabled", "customer_group.parent_customer_group"]);
    let asked = json!({"doctype": "Customer", "fields": names, "filters": {"disabled": 0}});
    let (answer, lines) = desk.csv(EXPORT, asked.clone()).await;
    let mut list = asked;
    (list["limit"], list["order_by"]) = (json!(500), json!("name asc"));
    let listed = call(&desk.app, "list_generic_documents", list).await.unwrap();
    let listed = listed["documents"].as_array().unwrap();
    assert!(listed.len() > 5);
    assert_eq!((&answer["rows"], lines.len()), (&json!(listed.len()), listed.len() + 1));
    assert_eq!(json!(lines[0]), answer["columns"]);
    for (row, line) in listed.iter().zip(&lines[1..]) {
        let wanted: Vec<String> = lines[0].iter().map(|column| cell(&row[column])).collect();
        assert_eq!(line, &wanted);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(answer["file"].as_str().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[on_every_version]
async fn a_table_gives_a_line_for_each_of_its_rows() {
    let desk = Exporter::everything().await;
    let asked = json!({"doctype": "Sales Order", "fields": ["customer", "items.item_code", "items.qty"]});
    let (answer, lines) = desk.csv(EXPORT, asked).await;
    let list = json!({"doctype": "Sales Order", "fields": ["name"], "limit": 500, "order_by": "name asc"});
    let listed = call(&desk.app, "list_generic_documents", list).await.unwrap();
    let (mut wanted, mut several) = (Vec::new(), false);
    for order in listed["documents"].as_array().unwrap() {
        let one = json!({"doctype": "Sales Order", "name": order["name"]});
        let one = call(&desk.app, "get_generic_document", one).await.unwrap()["document"].clone();
        let rows = one["items"].as_array().unwrap();
        several |= rows.len() > 1;
        for row in rows {
            wanted.push([&one["name"], &one["customer"], &row["item_code"], &row["qty"]].map(cell).to_vec());
        }
    }
    assert!(several);
    assert_eq!(lines[1..], wanted);
    assert_eq!((&answer["rows"], &answer["documents"]), (&json!(wanted.len()), &listed["count"]));
    assert!(answer["note"].as_str().unwrap().contains("a line for each row of items"), "{answer}");
    let two = json!({"doctype": "Sales Order", "fields": ["items.qty", "taxes.rate"]});
    assert!(refusal(&desk.app, EXPORT, two).await.contains("lines are of one table, and items has some already"));
}

#[on_every_version]
async fn a_text_that_begins_like_a_formula_is_none() {
    let desk = Exporter::everything().await;
    let formulas = ["=1+1", "+49 30 1", "-2+3", "@SUM(A1)", "a,b \"c\"\nd"];
    for formula in formulas {
        let data = json!({"customer_name": format!("F {}", formula.len()), "customer_details": formula});
        call(&desk.app, "create_customer_document", json!({"data": data})).await.unwrap();
    }
    let asked =
        json!({"doctype": "Customer", "fields": ["customer_details"], "filters": {"customer_name": ["like", "F %"]}});
    let (answer, lines) = desk.csv(EXPORT, asked.clone()).await;
    let mut found: Vec<&str> = lines[1..].iter().map(|line| line[1].as_str()).collect();
    found.sort_unstable();
    let mut wanted = vec!["'=1+1", "'+49 30 1", "'-2+3", "'@SUM(A1)", formulas[4]];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!(answer["note"], "4 texts begin like a formula and have ' before them");

    // In XLSX they are texts as they stand.
    let mut asked = asked;
    asked["format"] = json!("xlsx");
    let answer = call(&desk.app, EXPORT, asked).await.unwrap();
    let page = sheet(Path::new(answer["file"].as_str().unwrap()));
    assert!(page.contains("<t>=1+1</t>") && !page.contains("<f>"), "{page}");
    assert_eq!(answer.get("note"), None, "{answer}");
}

/// The first sheet of a workbook.
fn sheet(path: &Path) -> String {
    let mut book = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    book.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut text).unwrap();
    text
}

#[on_every_version]
async fn numbers_and_days_are_such_in_a_workbook() {
    let desk = Exporter::everything().await;
    let asked =
        json!({"doctype": "Sales Invoice", "fields": ["posting_date", "grand_total"], "file_name": "invoices.xlsx"});
    let answer = call(&desk.app, EXPORT, asked).await.unwrap();
    assert!(answer["file"].as_str().unwrap().ends_with("/invoices.xlsx"), "{answer}");
    let page = sheet(Path::new(answer["file"].as_str().unwrap()));
    let rows = page.matches("<row ").count();
    assert_eq!(answer["rows"], rows - 1);
    assert!(rows > 5 && page.contains("posting_date"), "{page}");
    let cells = page.split("<c ").filter(|cell| cell.contains("<v>") && !cell.contains("t=\"")).count();
    assert_eq!(cells, 2 * (rows - 1), "a day and an amount in each row are numbers: {page}");
}

#[on_every_version]
async fn the_policy_cuts_a_file_as_it_cuts_a_list() {
    let orders =
        json!({"read": true, "export": true, "restricted_fields": ["po_no"], "conditions": {"read": {"docstatus": 1}}});
    let doctypes = json!({"Sales Order": orders, "Customer": {"read": true}, "Item": {"export": true}});
    let desk = Exporter::open("administrator", json!({"doctypes": doctypes})).await;
    let (answer, lines) = desk.csv(EXPORT, json!({"doctype": "Sales Order", "fields": ["*"]})).await;
    let listed = json!({"doctype": "Sales Order", "fields": ["name"], "limit": 500, "order_by": "name asc"});
    let listed = call(&desk.app, "list_generic_documents", listed).await.unwrap();
    assert_eq!(answer["rows"], listed["count"]);
    assert!(!lines[0].contains(&"po_no".to_owned()) && lines[0].contains(&"status".to_owned()));
    let docstatus = lines[0].iter().position(|column| column == "docstatus").unwrap();
    assert!(lines[1..].iter().all(|line| line[docstatus] == "1"));
    for (arguments, wanted) in [
        (json!({"doctype": "Sales Order", "fields": ["po_no"]}), "does not permit reading it"),
        (json!({"doctype": "Sales Order", "filters": {"po_no": "x"}}), "does not permit reading it"),
        (json!({"doctype": "Sales Order", "fields": ["customer.territory"]}), "export"),
        (json!({"doctype": "Customer"}), "export"),
        (json!({"doctype": "Item"}), "read"),
        (json!({"doctype": "Supplier"}), "Supplier"),
    ] {
        let text = refusal(&desk.app, EXPORT, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    assert_eq!(desk.files(), 1, "what was refused left no file");
}

#[on_every_version]
async fn who_may_not_export_on_the_site_does_not_here() {
    let desk = Exporter::open("reader", json!({"default": permitted(), "reports": ["*"]})).await;
    let readable = call(&desk.app, "list_generic_documents", json!({"doctype": "Customer"})).await;
    assert!(readable.is_ok());
    let text = refusal(&desk.app, EXPORT, json!({"doctype": "Customer"})).await;
    assert!(text.contains("has no right to export Customer"), "{text}");
}

#[on_every_version]
async fn bad_names_and_questions_leave_no_file() {
    let desk = Exporter::everything().await;
    call(&desk.app, EXPORT, json!({"doctype": "Customer", "file_name": "mine.csv"})).await.unwrap();
    let before = fs::read(desk.folder.path().join("mine.csv")).unwrap();
    for (arguments, wanted) in [
        (json!({"doctype": "Customer", "file_name": "mine"}), "no file is overwritten"),
        (json!({"doctype": "Customer", "file_name": "../mine2.csv"}), "without a folder"),
        (json!({"doctype": "Customer", "file_name": "/tmp/mine.csv"}), "without a folder"),
        (json!({"doctype": "Customer", "file_name": "x.csv", "format": "xlsx"}), "format is xlsx"),
        (json!({"doctype": "Customer", "format": "pdf"}), "csv, xlsx"),
        (json!({"doctype": "Customer", "fields": ["teritory"]}), "did you mean territory?"),
        (json!({"doctype": "Customer", "fields": ["portal_users"]}), "name the columns"),
        (json!({"doctype": "System Settings"}), "is a Single"),
        (json!({"doctype": "Sales Order Item"}), "is a child table"),
    ] {
        let text = refusal(&desk.app, EXPORT, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    assert_eq!(desk.files(), 1);
    assert_eq!(fs::read(desk.folder.path().join("mine.csv")).unwrap(), before);
    // Without a name each file has one of its own.
    for _ in 0..3 {
        call(&desk.app, EXPORT, json!({"doctype": "Customer"})).await.unwrap();
    }
    assert_eq!(desk.files(), 4);
    let app = app_of(&config(&desk.site.sandbox, "administrator", json!({"default": permitted(), "reports": ["*"]})));
    assert!(app.registry().find(EXPORT).is_none(), "without a directory there are no exports");
}

#[on_every_version]
async fn what_is_more_than_a_file_holds_is_refused_before_it_is_read() {
    let site = Site::start().await;
    let mut config = config_json(&site.url(), json!({"doctypes": {"ToDo": permitted()}}));
    let folder = exporting(&mut config);
    site.answer_anywhere("GET", json!({"message": {"has_permission": true}, "data": []})).await;
    site.method("frappe.desk.reportview.get_count", json!(100_001)).await;
    let text = refusal(&app_of(&config), EXPORT, json!({"doctype": "ToDo", "fields": ["name"]})).await;
    assert!(text.contains("100001 rows or more, and one file holds 100000"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[on_every_version]
async fn many_pages_are_one_file_and_called_off_they_are_none() {
    let desk = Exporter::everything().await;
    desk.site
        .sandbox
        .with(|site| {
            for i in 0..1_100 {
                let note = json!({"doctype": "Note", "title": format!("n{i:05}"), "public": 1});
                site.insert(note.as_object().unwrap().clone())?;
            }
            Ok(())
        })
        .unwrap();
    let tool = desk.app.registry().find(EXPORT).unwrap();
    let asked = json!({"doctype": "Note", "fields": ["title"], "filters": {"title": ["like", "n0%"]}});
    let asked: Map<String, Value> = asked.as_object().unwrap().clone();
    let (watch, mut told) = CallObserver::new();
    let (answer, _) = desk.app.observed_call(tool, asked.clone(), None, &watch).await.unwrap();
    let text = fs::read_to_string(answer["file"].as_str().unwrap()).unwrap();
    let mut titles: Vec<String> = fields(&text)[1..].iter().map(|line| line[1].clone()).collect();
    titles.sort_unstable();
    assert_eq!(titles, (0..1_100).map(|i| format!("n{i:05}")).collect::<Vec<_>>());
    let mut progress = Vec::new();
    while let Ok(step) = told.try_recv() {
        progress.push((step.done, step.total));
    }
    assert_eq!(progress, [(0, 1_100), (500, 1_100), (1_000, 1_100), (1_100, 1_100)]);
    let beside = watch.take();
    let [Attachment::Link { uri, name, facts: Some((kind, bytes)) }] = beside.as_slice() else { panic!("{beside:?}") };
    assert!(uri.starts_with("file:///") && uri.ends_with(name.as_str()), "{uri}");
    assert_eq!((*kind, json!(bytes)), ("text/csv", answer["bytes"].clone()));

    let (watch, _told) = CallObserver::new();
    watch.stop();
    let text = desk.app.observed_call(tool, asked, None, &watch).await.unwrap_err().for_model();
    assert!(text.contains("called off"), "{text}");
    assert_eq!(desk.files(), 1);
}

#[on_every_version]
async fn a_report_is_a_file_too_and_the_log_tells_what_left() {
    let site = SampleSite::start().await;
    let mut config = config(&site.sandbox, "administrator", json!({"default": permitted(), "reports": ["General*"]}));
    let folder = exporting(&mut config);
    config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
    let filters = json!({"company": COMPANY, "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let asked = json!({"name": "General Ledger", "filters": filters});
    let ran = call(&app, "run_report", asked.clone()).await.unwrap();
    let mut export = asked;
    export["columns"] = json!(["posting_date", "account", "debit"]);
    let answer = call(&app, "export_report", export).await.unwrap();
    let text = fs::read_to_string(answer["file"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&answer["rows"], fields(&text).len() as u64),
        (&ran["total_rows"], ran["total_rows"].as_u64().unwrap() + 1)
    );
    assert_eq!(fields(&text)[0].len(), 3);
    let text = refusal(&app, "export_report", json!({"name": "Stock Balance"})).await;
    assert!(text.contains("permissions.reports does not name it"), "{text}");

    call(&app, EXPORT, json!({"doctype": "Customer", "fields": ["territory"], "filters": {"customer_group": "x"}}))
        .await
        .unwrap();
    let log = fs::read_to_string(folder.path().join("audit.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |result: &str, tool: &str| {
        lines.iter().find(|line| line["result"] == result && line["tool"] == tool).unwrap_or_else(|| panic!("{log}"))
    };
    let line = of("ALLOWED", "export_report");
    assert_eq!((&line["operation"], &line["doctype"]), (&json!("EXPORT"), &json!("GL Entry")));
    assert_eq!((&line["document"], &line["fields"].as_array().unwrap().len()), (&json!("General Ledger"), &9));
    let wanted = format!("{} rows, sha256 {}", answer["rows"], answer["sha256"].as_str().unwrap());
    assert_eq!(line["reason"], wanted);
    let line = of("ALLOWED", EXPORT);
    assert_eq!((&line["doctype"], &line["reason"].as_str().unwrap()[..7]), (&json!("Customer"), "0 rows,"));
    assert_eq!(line["fields"], json!(["territory", "customer_group", "name"]));
    assert_eq!(of("INTENT", EXPORT)["id"], line["id"]);
}
