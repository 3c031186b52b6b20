//! The text of attached files, read by the program itself in a child process, as it does for a server.

use std::process::{Command, Stdio};
use std::time::Duration;

use erpnext_mcp::app::Connection;
use erpnext_mcp::extract::ARGUMENT;
use erpnext_mcp::tool::progress::{Attachment, CallObserver};
use erpnext_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::made_files::{docx, pdf, pdf_of, workbook, zip_of};
use crate::sandbox::{SampleSite, config};
use crate::support::{all, app_of, call, refusal};

/// A task with files, and a server that reads them.
struct Task {
    app: Connection,
    name: Value,
    _site: Sandbox,
    _folder: tempfile::TempDir,
}

impl Task {
    async fn with(files: &[(&str, Vec<u8>)]) -> Self {
        let (site, folder) = (SampleSite::start().await.sandbox, tempfile::tempdir().unwrap());
        let mut config = config(&site, "administrator", json!({"default": all()}));
        config["attachments"] = json!({"directories": [folder.path()]});
        let app = app_of(&config);
        let made = json!({"doctype": "Task", "data": {"subject": "Read the files"}});
        let name = call(&app, "create_generic_document", made).await.unwrap()["created"].clone();
        for (file, bytes) in files {
            std::fs::write(folder.path().join(file), bytes).unwrap();
            call(&app, "attach_file", json!({"doctype": "Task", "name": name, "path": file})).await.unwrap();
        }
        Self { app, name, _site: site, _folder: folder }
    }

    fn asked(&self, more: Value) -> Value {
        let mut arguments = json!({"doctype": "Task", "name": self.name});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    }

    async fn read(&self, more: Value) -> Value {
        call(&self.app, "get_attachment", self.asked(more)).await.unwrap()
    }

    async fn refusal(&self, more: Value) -> String {
        refusal(&self.app, "get_attachment", self.asked(more)).await
    }

    /// Why a file is not read; a person gets its link beside that.
    async fn note(&self, file: &str) -> String {
        let watch = CallObserver::default();
        let tool = self.app.registry().find("get_attachment").unwrap();
        let arguments = self.asked(json!({"file": file})).as_object().unwrap().clone();
        let (answer, _) = self.app.observed_call(tool, arguments, None, &watch).await.unwrap();
        assert!(matches!(watch.take().as_slice(), [Attachment::Link { name, .. }] if name == file), "{answer}");
        assert_eq!((&answer["file_name"], answer.get("text")), (&json!(file), None), "{answer}");
        answer["note"].as_str().unwrap().to_owned()
    }
}

#[on_every_version]
async fn the_text_of_a_pdf_comes_whole_or_by_its_pages() {
    let task = Task::with(&[("bill.pdf", pdf(&["Total 12.50", "Second page", "Thank you"]))]).await;
    let read = task.read(json!({"file": "bill.pdf"})).await;
    assert_eq!((&read["kind"], &read["pages"], read.get("next_from")), (&json!("PDF"), &json!(3), None), "{read}");
    let text = read["text"].as_str().unwrap();
    assert!(text.starts_with("[page 1]\nTotal 12.50\n\n[page 2]\nSecond page\n"), "{text}");
    let some = task.read(json!({"file": "bill.pdf", "pages": "2-3"})).await;
    let some = some["text"].as_str().unwrap();
    assert!(some.starts_with("[page 2]\nSecond page") && text.ends_with(some), "{some}");
    let rest = task.read(json!({"file": "bill.pdf", "pages": "2", "from": 9})).await;
    assert!(rest["text"].as_str().unwrap().starts_with("Second page"), "{rest}");
    let told = task.refusal(json!({"file": "bill.pdf", "pages": "4-9"})).await;
    assert!(told.contains("pages: \"bill.pdf\" is a PDF that has 3 of them"), "{told}");
    let told = task.refusal(json!({"file": "bill.pdf", "pages": "last"})).await;
    assert!(told.contains("pages: \"last\" names no pages"), "{told}");
}

#[on_every_version]
async fn the_texts_of_documents_and_workbooks_are_read() {
    let body = "<w:p><w:r><w:t>Dear &lt;friend&gt;</w:t></w:r></w:p><w:p><w:r><w:t>Yours</w:t></w:r></w:p>";
    let rows = json!([["Item", "Rate"], ["Bolt", 2.5]]);
    let book = workbook(&[("Prices", rows), ("Notes", json!([[], [], ["see below"]]))]);
    let files = [("letter.docx", docx(body)), ("prices.xlsx", book), ("list.csv", b"a,b\n1,2\n".to_vec())];
    let task = Task::with(&files).await;
    let letter = task.read(json!({"file": "letter.docx"})).await;
    assert_eq!((&letter["kind"], &letter["text"]), (&json!("DOCX"), &json!("Dear <friend>\nYours\n")), "{letter}");
    let prices = task.read(json!({"file": "prices.xlsx"})).await;
    let text = json!("[sheet Prices]\nItem\tRate\nBolt\t2.5\n\n[sheet Notes]\nsee below\n\n");
    assert_eq!((&prices["kind"], &prices["sheets"], &prices["text"]), (&json!("XLSX"), &json!(2), &text), "{prices}");
    let notes = task.read(json!({"file": "prices.xlsx", "pages": "2"})).await;
    assert_eq!(notes["text"], "[sheet Notes]\nsee below\n\n", "{notes}");
    for (file, why) in [
        ("letter.docx", "is an Office file without pages that could be named"),
        ("list.csv", "has none: PDFs have, and XLSX has sheets"),
    ] {
        let told = task.refusal(json!({"file": file, "pages": "1"})).await;
        assert!(told.contains(why), "{told}");
    }
}

#[on_every_version]
async fn several_files_come_in_one_answer_that_is_no_longer() {
    let long = "x".repeat(50_000);
    let files = [("a.txt", long.clone().into_bytes()), ("b.pdf", pdf(&["In a PDF"])), ("c.txt", b"short".to_vec())];
    let task = Task::with(&files).await;
    let read = task.read(json!({"files": ["a.txt", "b.pdf", "c.txt"]})).await;
    let read = read["files"].as_array().unwrap();
    assert_eq!(read[0]["text"].as_str().unwrap().len(), 9_966);
    assert_eq!((&read[0]["next_from"], &read[2]["text"]), (&json!(9_966), &json!("short")));
    assert!(read[1]["text"].as_str().unwrap().contains("In a PDF"), "{read:?}");
    let one = task.read(json!({"file": "a.txt"})).await;
    assert_eq!((&one["text"], &one["characters"]), (&json!(long[..31_300]), &json!(50_000)));
    for (wrong, why) in [
        (json!({}), "Give either file, or files with 1 to 5"),
        (json!({"file": "a.txt", "files": ["b.pdf"]}), "Give either file, or files"),
        (json!({"files": ["a.txt", "b.pdf", "c.txt", "a.txt", "b.pdf", "c.txt"]}), "with 1 to 5"),
        (json!({"files": ["a.txt", "b.pdf"], "pages": "1"}), "pages and from go with one file"),
        (json!({"files": ["a.txt", "missing.txt"]}), "has no file \"missing.txt\""),
    ] {
        let told = task.refusal(wrong).await;
        assert!(told.contains(why), "{why}: {told}");
    }
}

#[on_every_version]
async fn a_file_that_the_site_has_not_takes_no_other_with_it() {
    let task = Task::with(&[("a.txt", b"here".to_vec())]).await;
    let gone = json!({"doctype": "File", "file_name": "gone.txt", "file_url": "/private/files/gone.txt",
        "attached_to_doctype": "Task", "attached_to_name": task.name, "is_private": 1});
    task._site.with(|site| site.insert(gone.as_object().unwrap().clone())).unwrap();
    let read = task.read(json!({"files": ["gone.txt", "a.txt", "a.txt"]})).await;
    let files = read["files"].as_array().unwrap();
    // One that is named twice is read once.
    assert_eq!((files.len(), &files[0]["file_name"], &files[1]["text"]), (2, &json!("gone.txt"), &json!("here")));
    let lost = "The site has a record of this file, and not the file";
    assert!(files[0]["error"].as_str().is_some_and(|why| why.starts_with(lost)), "{read}");
    for alone in [json!({"files": ["gone.txt"]}), json!({"file": "gone.txt"})] {
        assert!(call(&task.app, "get_attachment", task.asked(alone)).await.is_err());
    }
}

#[on_every_version]
async fn pictures_of_several_files_share_the_room_for_them() {
    let picture = |bytes: usize| {
        let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
        picture.resize(bytes, 0);
        picture
    };
    let task = Task::with(&[("small.png", picture(1 << 20)), ("large.png", picture(2 << 20))]).await;
    let read = task.read(json!({"files": ["small.png", "large.png"]})).await;
    assert_eq!(read["files"][0]["image"], "image/png", "{read}");
    let note = read["files"][1]["note"].as_str().unwrap();
    assert!(note.starts_with("too large to be shown beside others: ask for it by itself"), "{read}");
    assert_eq!(task.read(json!({"file": "large.png"})).await["image"], "image/png");
}

#[on_every_version]
async fn what_cannot_be_read_says_why_and_the_server_goes_on() {
    let whole = docx("<w:p><w:r><w:t>text</w:t></w:r></w:p>");
    let entries = (0..10_001).map(|at| (format!("{at}"), String::new()));
    let mut many = vec![("xl/workbook.xml".to_owned(), String::new())];
    many.extend(entries);
    let locked = pdf_of(&["\u{1}\u{2}".to_owned()], "/Encrypt << /Filter /Unknown /V 9 >>");
    let mut older = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    older.extend([0; 600]);
    let files = [
        ("locked.pdf", locked, "a PDF that needs a password"),
        (
            "scan.pdf",
            pdf_of(&["q 300 0 0 300 0 0 cm Q".to_owned()], ""),
            "a PDF without text that can be read: it may hold only pictures, or fonts that cannot be read",
        ),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type".to_vec(), "a PDF that is broken or not whole"),
        ("cut.docx", whole[..whole.len() / 2].to_vec(), "an Office file that is broken or not whole"),
        ("empty.docx", docx("<w:p/>"), "an Office file without text"),
        ("many.xlsx", zip_of(&many), "an Office file that holds more than is read of a file"),
        ("other.zip", zip_of(&[("readme.txt".to_owned(), "x".to_owned())]), "neither text nor a picture"),
        ("old.xls", older, "an Office file of an older kind, or one that needs a password"),
    ];
    let task = Task::with(&files.each_ref().map(|(name, bytes, _)| (*name, bytes.clone()))).await;
    for (name, _, why) in &files {
        let note = task.note(name).await;
        assert!(note.starts_with(why) && note.contains("can open the link"), "{name}: {note}");
    }
}

#[on_every_version]
async fn the_child_is_bound_before_it_reads_anything() {
    let program = || Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
    let mut child = program().arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let limits = std::path::PathBuf::from(format!("/proc/{}/limits", child.id()));
    if cfg!(target_os = "linux") {
        // What it has while it waits for the file.
        let line = |name: &str| {
            let text = std::fs::read_to_string(&limits).unwrap();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line[name.len().min(line.len())..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        for _ in 0..100 {
            if line("Max address space")[..2] == ["402653184", "402653184"] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for (name, most) in [
            ("Max address space", "402653184"),
            ("Max cpu time", "20"),
            ("Max core file size", "0"),
            ("Max file size", "0"),
            ("Max open files", "3"),
        ] {
            assert_eq!(line(name)[..2], [most, most], "{name}");
        }
    }
    drop(child.stdin.take());
    let ended = child.wait_with_output().unwrap();
    assert!(!ended.status.success() && ended.stdout.is_empty(), "no question, no answer: {ended:?}");
}

/// Uploads a file to the site as the desk does, attached to nothing; the name of its File document.
async fn uploaded(site: &Sandbox, name: &str, text: &str, private: u8) -> Value {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"is_private\"\r\n\r\n{private}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--b--\r\n"
    );
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = http.post(format!("{}/api/method/upload_file", site.url())).body(body);
    let call = call.header("Authorization", "token administrator:secret");
    let answer = call.header("Content-Type", "multipart/form-data; boundary=b").send().await.unwrap();
    answer.json::<Value>().await.unwrap()["message"]["name"].clone()
}

#[on_every_version]
async fn a_public_file_of_the_sites_own_is_read_where_files_may_be() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"File": {"read": true}, "Task": all()}));
    let open = uploaded(&site.sandbox, "terms.txt", "Pay in 30 days.", 0).await;
    let closed = uploaded(&site.sandbox, "salaries.txt", "secret", 1).await;
    let task =
        call(&app, "create_generic_document", json!({"doctype": "Task", "data": {"subject": "x"}})).await.unwrap();
    let attach = json!({"doctype": "Task", "name": task["created"], "file_name": "a.txt", "text": "of the task"});
    let attached = call(&app, "attach_file", attach).await.unwrap()["attached"].clone();
    let file = |name: &Value| json!({"doctype": "File", "name": name});
    let read = call(&app, "get_attachment", file(&open)).await.unwrap();
    assert_eq!((&read["file_name"], &read["text"]), (&json!("terms.txt"), &json!("Pay in 30 days.")), "{read}");
    for other in [&closed, &attached] {
        let told = refusal(&app, "get_attachment", file(other)).await;
        assert!(told.contains("is no public file of its own"), "{told}");
    }
    let narrow = site.app(json!({"Task": all()}));
    let told = refusal(&narrow, "get_attachment", file(&open)).await;
    assert!(told.contains("not available by this server's configuration"), "{told}");
    let blind = site.app(json!({"File": {"read": true, "restricted_fields": ["file_url"]}}));
    let told = refusal(&blind, "get_attachment", file(&open)).await;
    assert!(told.contains("is no public file of its own"), "{told}");
}
