//! Documents of a recorded real site, where it stands beside the repository: no sandbox can make up what they hold.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use erpnext_schema::doctype_flag;
use serde_json::{Value, json};

use crate::shared;
use crate::support::{all, app_of, call, config_json, refusal};

/// The recorded site; it ends with the test.
struct Recorded {
    process: Child,
    url: String,
    folder: PathBuf,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Recorded {
    fn start() -> Option<Self> {
        let folder = shared::folder()?.join("site");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("python3");
        command.arg(folder.join("serve.py")).args(["--port", &port.to_string()]);
        let process =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("python3 runs the recorded site");
        let site = Self { process, url: format!("http://127.0.0.1:{port}"), folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "the recorded site does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(site)
    }

    fn config(&self, user: &str, permissions: Value) -> Value {
        let mut config = config_json(&self.url, permissions);
        config["erpnext"]["api_key"] = json!(user);
        config["erpnext"]["api_secret"] = json!("secret");
        config
    }

    fn app(&self, user: &str) -> erpnext_mcp::app::Connection {
        app_of(&self.config(user, json!({"default": all()})))
    }

    /// The documents that were got whole, as `DocType`, name and data.
    fn documents(&self) -> Vec<(String, String, Value)> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for file in ["crud_and_errors", "quirks", "quirks2", "toggles", "verbs"] {
            let text = std::fs::read_to_string(self.folder.join(format!("recordings/{file}.jsonl"))).unwrap();
            for exchange in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
                let path = exchange["path"].as_str().unwrap_or_default();
                let administrator = exchange["user"] == "Administrator" && exchange["method"] == "GET";
                let Some((doctype, name)) = path.strip_prefix("/api/resource/").and_then(|rest| rest.split_once('/'))
                else {
                    continue;
                };
                let plain = |text: &str| !text.is_empty() && !text.contains(['?', '/', '%']);
                let name = name.replace("%20", " ");
                let doctype = doctype.replace("%20", " ");
                if administrator
                    && exchange["status"] == 200
                    && plain(&name)
                    && plain(&doctype)
                    && seen.insert(path.to_owned())
                {
                    found.push((doctype, name, exchange["body"]["data"].clone()));
                }
            }
        }
        found
    }
}

#[tokio::test]
async fn recorded_documents_come_through_without_a_loss() {
    let Some(site) = Recorded::start() else { return };
    let app = site.app("administrator");
    let documents = site.documents();
    assert!(documents.len() >= 5, "only {}", documents.len());
    for (doctype, name, recorded) in documents {
        let def = crate::support::table(&doctype).unwrap();
        let got = call(&app, "get_generic_document", json!({"doctype": doctype, "name": name, "fields": ["*"]})).await;
        // The site gives a Single for any name; this server asks for its own. Rows come with their documents.
        if def.is(doctype_flag::SINGLE) && name != doctype || def.is(doctype_flag::CHILD) {
            continue;
        }
        let got = got.unwrap_or_else(|error| panic!("{doctype} {name}: {}", error.for_model()));
        let document = &got["document"];
        let whole = call(&app, "get_generic_document", json!({"doctype": doctype, "name": name})).await.unwrap();
        let withheld = &whole["withheld"];
        for (key, value) in recorded.as_object().unwrap() {
            let secret = withheld.as_array().is_some_and(|withheld| withheld.contains(&json!(key)));
            // The recorded site answers no question about what it shows at which level: a 0 there is taken for a lie (H4).
            let unsure = def.field(key).is_some_and(|field| field.permlevel > 0) && value.as_f64() == Some(0.0);
            // A field of the site's own is in no table; what is empty is left out.
            if def.field(key).is_none()
                || value.is_null()
                || value == ""
                || unsure
                || key == "doctype"
                || secret
                || def.field(key).is_some_and(|field| field.kind.is_table())
            {
                continue;
            }
            let shown = &document[key];
            let same = shown == value || shown.as_bool().is_some_and(|on| value == &json!(u8::from(on)));
            assert!(same, "{doctype} {name}.{key}: {value} became {shown}");
        }
    }
}

#[tokio::test]
async fn recorded_reasons_for_a_missing_right_are_told_but_for_what_they_quote() {
    let Some(site) = Recorded::start() else { return };
    for (user, doctype, name, told) in [
        (
            "sales",
            "Customer",
            "Bulk Customer 00001",
            &["Territory [withheld] in field Territory", "Customer 00001"][..],
        ),
        ("reader", "Sales Invoice", "ACC-SINV-2026-00001", &["[hidden]@example.com", "document Sales Invoice"]),
        ("nobody", "Customer", "nope", &["document Customer", "No permission for Customer"]),
    ] {
        let rule = json!({"read": true, "restricted_fields": ["territory", "remarks"]});
        let app = app_of(&site.config(user, json!({"doctypes": {doctype: rule}})));
        let text = refusal(&app, "get_generic_document", json!({"doctype": doctype, "name": name})).await;
        assert!(told.iter().all(|part| text.contains(part)) && !text.contains("South"), "{told:?}: {text}");
    }
}
