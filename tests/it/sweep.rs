//! What the tools read, held field by field against what the site says over plain REST: list, count, one document, Singles.
//!
//! A run takes every twentieth DocType of the sample site, on each version. Against a site of one's own, as a user who may
//! read everything, and all of it:
//!
//! ```sh
//! SWEEP_URL=https://erp.example.com SWEEP_KEY=… SWEEP_SECRET=… SWEEP_VERSION=15 cargo test --test it sweep -- --nocapture
//! ```

use std::env::var;

use erpnext_mcp::app::Connection;
use erpnext_schema::{DocTypeDef, doctype_flag};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::hazards::encoded;
use crate::sandbox::SampleSite;
use crate::support::{Version, app_of, call, config_json, tables, version};

/// How many documents of a DocType are looked at.
const PAGE: usize = 20;
/// How many DocTypes are under way at once.
const AT_ONCE: usize = 4;

/// The site over plain REST.
struct Rest {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Rest {
    fn new(url: &str, key: &str, secret: &str) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::new(), url: url.to_owned(), token: format!("token {key}:{secret}") }
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        let request = self.http.get(format!("{}{path}", self.url)).header("Authorization", &self.token);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        match answer.status().as_u16() {
            200 => answer.json().await.map_err(|error| error.to_string()),
            status => Err(format!("HTTP {status}")),
        }
    }

    /// Every column of the first documents by name.
    async fn list(&self, doctype: &str) -> Result<Vec<Value>, String> {
        let order = encoded(&format!("`tab{doctype}`.`name` asc"));
        let fields = encoded(r#"["*"]"#);
        let path = format!("{}?fields={fields}&order_by={order}&limit_page_length={PAGE}", at(doctype));
        Ok(self.get(&path).await?["data"].as_array().cloned().unwrap_or_default())
    }

    async fn count(&self, doctype: &str) -> Result<Value, String> {
        let count = "/api/method/frappe.desk.reportview.get_count?fields=%5B%5D&distinct=true&filters=%5B%5D&doctype=";
        Ok(self.get(&format!("{count}{}", encoded(doctype))).await?["message"].clone())
    }

    async fn document(&self, doctype: &str, name: &str) -> Result<Value, String> {
        Ok(self.get(&format!("{}/{}", at(doctype), encoded(name))).await?["data"].clone())
    }
}

fn at(doctype: &str) -> String {
    format!("/api/resource/{}", encoded(doctype))
}

/// Whether a tool shows what the site has: Checks as booleans, nothing for nothing, HTML as Markdown, long texts cut.
fn is_shown(raw: &Value, shown: &Value) -> bool {
    match (raw, shown) {
        (Value::Null, Value::Null) => true,
        (Value::String(raw), Value::Null) => raw.is_empty(),
        (Value::Number(raw), Value::Bool(shown)) => raw.as_f64() == Some(f64::from(u8::from(*shown))),
        (Value::Number(raw), Value::Number(shown)) => raw.as_f64() == shown.as_f64(),
        (Value::String(raw), Value::String(shown)) => {
            raw == shown || raw.contains(['<', '&']) || shown.strip_suffix('…').is_some_and(|cut| raw.starts_with(cut))
        }
        // JSON comes from a column as text.
        (Value::String(raw), shown) => serde_json::from_str::<Value>(raw).is_ok_and(|raw| raw == *shown),
        (raw, shown) => raw == shown,
    }
}

/// The fields that a tool shows otherwise than the site; those of the table that it shows nothing of, too.
fn differences(def: &DocTypeDef, raw: &Value, shown: &Value, withheld: &[Value]) -> Vec<String> {
    let compared = def.all_fields().filter(|field| field.in_lists() && !withheld.contains(&json!(field.fieldname)));
    // Passwords, and what is only asked for by name.
    let compared = compared.filter(|field| erpnext_mcp::policy::FieldRule::default().may_read(*field));
    let differs = compared.filter(|field| {
        let (is, shown) = (&raw[field.fieldname], &shown[field.fieldname]);
        let is_twin = field.fieldname.strip_prefix("base_").is_some_and(|of| raw[of] == *is);
        // What the site keeps itself, a 0 and the same amount in the company's currency are shown only where asked for.
        let left_out = field.is(erpnext_schema::flag::STANDARD) || is.as_f64() == Some(0.0) || is_twin;
        !(is_shown(is, shown) || shown.is_null() && left_out)
    });
    differs
        .map(|field| format!("{}: {} is {}", field.fieldname, raw[field.fieldname], shown[field.fieldname]))
        .collect()
}

/// What is told otherwise of one DocType; nothing where the site itself does not tell it.
async fn swept(rest: &Rest, app: &Connection, def: &'static DocTypeDef) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut note =
        |what: &str, found: Vec<String>| wrong.extend(found.iter().map(|it| format!("{} {what}: {it}", def.name)));
    let tool = |tool, given: Value| async move {
        let mut given = given;
        given["doctype"] = json!(def.name);
        call(app, tool, given).await.map_err(|error| error.for_model())
    };
    let mut name = def.name.to_owned();
    if !def.is(doctype_flag::SINGLE) {
        let Ok(rows) = rest.list(def.name).await else { return wrong };
        let asked = json!({"fields": ["*"], "order_by": "name asc", "limit": PAGE, "count": true});
        match tool("list_generic_documents", asked).await {
            Err(why) => note("list", vec![why]),
            Ok(listed) => {
                let shown = listed["documents"].as_array().cloned().unwrap_or_default();
                let withheld = listed["withheld"].as_array().cloned().unwrap_or_default();
                for (raw, shown) in rows.iter().zip(&shown) {
                    note("list", differences(def, raw, shown, &withheld));
                }
                // An answer may be too large for all of them, and then says so.
                if shown.len() != rows.len() && listed.get("next_cursor").is_none() {
                    note("list", vec![format!("{} rows are {}", rows.len(), shown.len())]);
                }
                match rest.count(def.name).await {
                    Ok(count) if count != listed["total"] => {
                        note("count", vec![format!("{count} is {}", listed["total"])])
                    }
                    _ => {}
                }
            }
        }
        match rows.first().and_then(|row| crate::every_doctype::fill::name(&row["name"])) {
            Some(first) => name = first,
            None => return wrong,
        }
    }
    let Ok(raw) = rest.document(def.name, &name).await else { return wrong };
    match tool("get_generic_document", json!({"name": name})).await {
        Err(why) => note("get", vec![why]),
        Ok(got) => {
            let withheld = got["withheld"].as_array().cloned().unwrap_or_default();
            note("get", differences(def, &raw, &got["document"], &withheld));
        }
    }
    wrong
}

/// The DocTypes that the site has beside those of the tables; not those that it cannot load itself.
async fn beside(app: &Connection) -> Vec<&'static DocTypeDef> {
    let session = app.session();
    let known: Vec<&str> = tables().filter(|def| !def.is(doctype_flag::CHILD)).map(|def| def.name).collect();
    let found = session.site.doctypes_beside(&known).await.unwrap();
    assert!(!found.is_cut, "the site has more of its own than one search gives");
    let mut defs = Vec::new();
    for (name, _) in &found.doctypes {
        defs.extend(session.catalog.live(session.asker(), name).await.ok());
    }
    defs
}

/// Sweeps every `step`th DocType of the tables that has documents of its own, and all that the site has beside them.
async fn sweep(rest: &Rest, app: &Connection, step: usize) {
    let own = |def: &&DocTypeDef| !def.is(doctype_flag::CHILD) && !def.is(doctype_flag::VIRTUAL);
    let of_tables = tables().filter(own).step_by(step);
    let defs: Vec<_> = of_tables.chain(beside(app).await.into_iter().filter(own)).collect();
    let wrong: Vec<Vec<String>> =
        stream::iter(&defs).map(|def| swept(rest, app, def)).buffer_unordered(AT_ONCE).collect().await;
    let wrong = wrong.concat();
    assert!(wrong.is_empty() && defs.len() > 10, "of {} DocTypes on {}: {wrong:#?}", defs.len(), version());
}

/// Reading of everything, what is open only where it is named included.
fn everything() -> Value {
    let named: serde_json::Map<_, _> = tables().map(|def| (def.name.to_owned(), json!({"read": true}))).collect();
    json!({"default": {"read": true}, "doctypes": named})
}

/// The site that the environment names, if it runs this version: its address, key and secret.
fn named() -> Option<[String; 3]> {
    let of: Version = var("SWEEP_VERSION").ok().and_then(|of| of.parse().ok()).unwrap_or(Version::NEWEST);
    Some([var("SWEEP_URL").ok()?, var("SWEEP_KEY").ok()?, var("SWEEP_SECRET").ok()?]).filter(|_| of == version())
}

#[on_every_version]
async fn what_tools_read_is_what_the_site_says() {
    if let Some([url, key, secret]) = named() {
        let mut config = config_json(&url, everything());
        config["erpnext"]["api_key"] = json!(key);
        config["erpnext"]["api_secret"] = json!(secret);
        config["schema"] = json!({"overlay": "live", "cache_folder": std::env::temp_dir().join("erpnext-mcp-sweep")});
        return sweep(&Rest::new(&url, &key, &secret), &app_of(&config), 1).await;
    }
    let site = SampleSite::start().await;
    let app = app_of(&site.config(everything()));
    sweep(&Rest::new(&site.sandbox.url(), "administrator", "secret"), &app, 20).await;
}

#[on_every_version]
async fn what_a_site_has_beside_the_tables_is_swept_too() {
    let site = SampleSite::bench().await;
    let beside = beside(&site.app(json!({"Odd Thing": {"read": true}}))).await;
    assert_eq!(beside.iter().map(|def| def.name).collect::<Vec<_>>(), ["Odd Single", "Odd Thing"]);
}

#[test]
fn a_value_that_is_another_is_told() {
    for (raw, shown) in [
        (json!(1), json!(true)),
        (json!(null), json!(null)),
        (json!(""), json!(null)),
        (json!(2.0), json!(2)),
        (json!("<p>x</p>"), json!("x")),
        (json!("long text"), json!("long…")),
        (json!("{\"a\":1}"), json!({"a": 1})),
    ] {
        assert!(is_shown(&raw, &shown), "{raw} {shown}");
    }
    for (raw, shown) in
        [(json!(1), json!(false)), (json!(5), json!(null)), (json!("a"), json!("b")), (json!(0.1), json!(0.2))]
    {
        assert!(!is_shown(&raw, &shown), "{raw} {shown}");
    }
    let def = erpnext_doctypes::get(Version::V15, "Customer").unwrap();
    let (raw, shown) = (json!({"name": "A", "territory": "North"}), json!({"name": "A", "territory": "A"}));
    let told = differences(def, &raw, &shown, &[]);
    assert_eq!(told, [r#"territory: "North" is "A""#]);
}
