//! Documents of the rows of a workbook, and of files that are attached.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::http::{Served, answered, message};
use crate::made_files::{workbook, zip_of};
use crate::sandbox::{SampleSite, config, first};
use crate::support::{all, app_of, call, refusal};

const IMPORT: &str = "import_documents";

/// A site, and a server that imports these files.
struct Office {
    site: SampleSite,
    app: Connection,
    folder: tempfile::TempDir,
}

impl Office {
    async fn with(files: &[(&str, Vec<u8>)]) -> Self {
        let (site, folder) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let mut config = config(&site.sandbox, "administrator", json!({"default": all()}));
        config["import"] = json!({"directory": folder.path()});
        Self { app: app_of(&config), site, folder }
    }

    async fn import(&self, arguments: Value) -> Value {
        call(&self.app, IMPORT, arguments).await.unwrap()
    }

    async fn refusal(&self, arguments: Value) -> String {
        refusal(&self.app, IMPORT, arguments).await
    }
}

#[on_every_version]
async fn the_rows_of_a_sheet_become_documents_after_they_were_shown() {
    let tasks = json!([
        ["Description", "Priority", "Due Date"],
        [],
        ["call", "High", {"date": [2026, 12, 24]}],
        ["write", null, "2027-01-02"],
    ]);
    let office = Office::with(&[("plan.xlsx", workbook(&[("Read me", json!([["nothing"]])), ("Tasks", tasks)]))]).await;
    let mut import = json!({"doctype": "ToDo", "file": "plan.xlsx", "sheet": "Tasks", "dry_run": true});
    let shown = office.import(import.clone()).await;
    let mapping = json!({"Description": "description", "Priority": "priority", "Due Date": "date"});
    assert_eq!((&shown["mapping"], &shown["documents"]), (&mapping, &json!(2)), "{shown}");
    assert_eq!(shown["sheet"], "Tasks", "{shown}");
    let rows = [&shown["rows"][0], &shown["rows"][1]].map(|row| (&row["row"], &row["would_create"]["date"]));
    assert_eq!(rows, [(&json!(3), &json!("2026-12-24")), (&json!(4), &json!("2027-01-02"))], "{shown}");
    assert!(office.site.writes().is_empty(), "{:?}", office.site.writes());

    import.as_object_mut().unwrap().remove("dry_run");
    import["confirm"] = json!(true);
    let answer = office.import(import).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(2), &json!(2)), "{answer}");
    let first = office.site.stored("ToDo", answer["created"][0].as_str().unwrap()).unwrap();
    assert_eq!((&first["description"], &first["date"]), (&json!("call"), &json!("2026-12-24")), "{first}");
    let account = fs::read_to_string(answer["account"].as_str().unwrap()).unwrap();
    assert!(account.contains("\n3,done,") && account.contains("\n4,done,"), "{account}");
    assert_eq!(fs::read_dir(office.folder.path()).unwrap().count(), 2);
}

#[on_every_version]
async fn cells_become_what_their_fields_take() {
    let office = Office::with(&[]).await;
    let group = first(&office.app, "Item Group", json!({"is_group": 0})).await;
    let items = json!([
        ["item_code", "item_group", "stock_uom", "standard_rate", "is_stock_item", "end_of_life"],
        [4711, group, "Nos", 1234.5, false, {"date": [2030, 1, 31]}],
        ["B", group, "Nos", "1,234", true, {"date": [2030, 1, 31, 15, 30]}],
    ]);
    fs::write(office.folder.path().join("items.xlsx"), workbook(&[("Items", items)])).unwrap();
    let answer = office.import(json!({"doctype": "Item", "file": "items.xlsx", "dry_run": true})).await;
    let would = &answer["rows"][0]["would_create"];
    assert_eq!((&would["item_code"], &would["end_of_life"]), (&json!("4711"), &json!("2030-01-31")), "{answer}");
    assert_eq!(would["standard_rate"].as_f64(), Some(1234.5), "{answer}");
    let problems = answer["problems"].to_string();
    // A number that somebody wrote as a text; of a moment where a day is wanted, the day is taken, and told.
    assert!(problems.contains("could be two numbers") && !problems.contains("end_of_life"), "{problems}");
    assert!(
        answer["messages"].to_string().contains("end_of_life: 2030-01-31 15:30:00 is read as 2030-01-31"),
        "{answer}"
    );
    assert_eq!(answer["rows_with_problems"], 1, "{answer}");
}

#[on_every_version]
async fn a_workbook_that_is_no_table_is_told_and_nothing_is_sent() {
    let book = |rows: Value| workbook(&[("Tasks", rows)]);
    let broken = book(json!([["description"], ["x"]]));
    let half = broken[..broken.len() / 2].to_vec();
    let office = Office::with(&[
        ("tasks.xlsx", broken),
        ("half.xlsx", half),
        ("header.xlsx", book(json!([["description"]]))),
        ("stray.xlsx", book(json!([["description"], ["x"], ["y", null, "a note"]]))),
        ("other.xlsx", zip_of(&[("content.xml".to_owned(), String::new())])),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old".to_vec()),
        ("tasks.csv", b"description\nx\n".to_vec()),
    ])
    .await;
    for (arguments, why) in [
        (json!({"file": "tasks.xlsx", "sheet": "Task"}), "is a workbook without that sheet; it has Tasks"),
        (json!({"file": "tasks.csv", "sheet": "Tasks"}), "only a workbook (XLSX) has sheets"),
        (json!({"file": "half.xlsx"}), "is a workbook that is broken or not whole"),
        (json!({"file": "header.xlsx"}), "has no row below its header"),
        (json!({"file": "stray.xlsx"}), "has a cell in row 3, column 3, and no title above it in row 1"),
        (json!({"file": "other.xlsx"}), "is no workbook that is read (XLSX)"),
        (json!({"file": "old.xls"}), "is a workbook of an older kind (XLS), or one with a password"),
    ] {
        let mut arguments = arguments;
        arguments["doctype"] = json!("ToDo");
        arguments["confirm"] = json!(true);
        let told = office.refusal(arguments).await;
        assert!(told.contains(why), "{why}: {told}");
    }
    assert!(office.site.writes().is_empty(), "{:?}", office.site.writes());
}

#[on_every_version]
async fn a_file_that_is_attached_is_imported_by_who_may_read_its_document() {
    let office = Office::with(&[]).await;
    let made = json!({"doctype": "Task", "data": {"subject": "Import what is attached"}});
    let task = call(&office.app, "create_generic_document", made).await.unwrap()["created"].clone();
    let book = BASE64_STANDARD.encode(workbook(&[("Tasks", json!([["Description"], ["from a workbook"]]))]));
    for (name, content) in [("plan.xlsx", json!({"base64": book})), ("plan.csv", json!({"text": "description\ny\n"}))] {
        let mut attach = json!({"doctype": "Task", "name": task, "file_name": name});
        attach.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        call(&office.app, "attach_file", attach).await.unwrap();
    }
    let attached = |file: &str| json!({"doctype": "Task", "name": task, "file": file});
    let import = |attachment: Value| json!({"doctype": "ToDo", "attachment": attachment, "confirm": true});
    let before = office.site.writes().len();
    // Over HTTP too, where no file of this machine is read.
    let served = Served::start(&config(&office.site.sandbox, "administrator", json!({"default": all()}))).await;
    let arguments = json!({"name": IMPORT, "arguments": import(attached("plan.xlsx"))});
    let answer = answered(served.post("/mcp", &message("tools/call", arguments))).await;
    assert!(answer["result"]["isError"] != true, "{answer}");
    assert_eq!(office.import(import(attached("plan.csv"))).await["done"], 1);
    assert_eq!(office.site.writes()[before..].len(), 2, "{:?}", office.site.writes());

    let told = office.refusal(import(attached("other.csv"))).await;
    assert!(told.contains("has no file \"other.csv\""), "{told}");
    let told = office.refusal(import(json!({"doctype": "Task", "file": "plan.csv"}))).await;
    assert!(told.contains("expected the document that has the file"), "{told}");
    let narrow = office.site.app(json!({"ToDo": all()}));
    let told = refusal(&narrow, IMPORT, import(attached("plan.csv"))).await;
    assert!(told.contains("not available by this server's configuration"), "{told}");
    assert_eq!(office.site.writes()[before..].len(), 2, "{:?}", office.site.writes());
}
