//! What an exchange tells of the recorded site's documents: those that it shows, makes, lists and changes.

use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::store::{HIDDEN_COLUMNS, columns};
use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use crate::fixture::{Fixture, Key};
use crate::recordings::{Exchange, SUITES};

/// What a document tells of one that it links to: the field, the link, the field over there.
const TOLD: &[(&str, &str, &str)] = &[
    ("currency", "company", "default_currency"),
    ("debit_to", "company", "default_receivable_account"),
    ("cost_center", "company", "cost_center"),
    ("income_account", "company", "default_income_account"),
    ("expense_account", "company", "default_expense_account"),
    ("price_list_currency", "selling_price_list", "currency"),
    ("customer_group", "customer", "customer_group"),
    ("item_name", "item_code", "item_name"),
    ("description", "item_code", "description"),
    ("item_group", "item_code", "item_group"),
    ("image", "item_code", "image"),
    ("stock_uom", "item_code", "stock_uom"),
    ("is_stock_item", "item_code", "is_stock_item"),
    ("grant_commission", "item_code", "grant_commission"),
    ("incoming_rate", "item_code", "valuation_rate"),
    ("company", "warehouse", "company"),
];

/// What a new document has without being told to is a setting of the site: the field, the Single, the field over there.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("company", "Global Defaults", "default_company"),
    ("warehouse", "Stock Settings", "default_warehouse"),
    ("selling_price_list", "Selling Settings", "selling_price_list"),
];

impl Exchange {
    /// The documents that it may have changed.
    pub fn written(&self) -> Option<Key> {
        if self.method == "GET" {
            return None;
        }
        if let Some((doctype, name)) = self.resource() {
            return Some((doctype, name?));
        }
        let args = self.args();
        let doc = args.get("doc").and_then(Value::as_object).unwrap_or(&args);
        let doctype = ["doctype", "dt"].iter().find_map(|key| text(doc, key))?;
        Some((doctype, ["name", "docname", "dn", "old_name"].iter().find_map(|key| text(doc, key))?))
    }
}

impl Fixture {
    /// Documents that an exchange makes are not of the fixture.
    pub fn note_made(&mut self, exchange: &Exchange) {
        let body = &exchange.body;
        let path = exchange.path();
        let made = match (&*exchange.method, exchange.resource()) {
            ("POST", Some((doctype, None))) => Some((doctype, body["data"]["name"].clone())),
            ("POST", None) => {
                let insert =
                    path.ends_with("client.insert") || path.ends_with("upload_file") || path.ends_with("add_comment");
                let message = &body["message"];
                let doctype = message["doctype"].as_str().filter(|_| insert);
                doctype.map(|doctype| (doctype.to_owned(), message["name"].clone()))
            }
            _ => None,
        };
        if let Some((doctype, Value::String(name))) = made {
            self.make(doctype, name);
        }
        if path.ends_with("upload_file") {
            self.note_file(exchange);
        }
        let args = exchange.args();
        if path.ends_with("rename_doc")
            && let (Some(doctype), Some(name)) = (text(&args, "doctype"), text(&args, "new_name"))
            && !self.knows(&(doctype.clone(), name.clone()))
        {
            self.make(doctype, name);
        }
    }

    /// A file that is kept under another's name has that one's bytes: so the other was there.
    fn note_file(&mut self, exchange: &Exchange) {
        let Some(file) = exchange.body["message"].as_object() else { return };
        let named = |field: &str| text(file, field).unwrap_or_default();
        let kept = named("file_url").rsplit('/').next().unwrap_or_default().to_owned();
        if kept != named("file_name") && !named("content_hash").is_empty() {
            let mut facts = file.clone();
            facts.retain(|key, _| {
                matches!(key.as_str(), "file_url" | "content_hash" | "is_private" | "folder" | "owner")
            });
            facts.insert("file_name".to_owned(), json!(kept));
            self.merge(exchange.stage, "File", &kept, facts, false);
        }
    }

    /// Notes the documents that an exchange shows.
    pub fn see(&mut self, exchange: &Exchange) {
        let args = exchange.args();
        let body = &exchange.body;
        let changed = match (&*exchange.method, args.contains_key("run_method")) {
            ("PUT", _) => args.clone(),
            (_, true) => Doc::from_iter([("docstatus".to_owned(), Value::Null)]),
            _ => Doc::new(),
        };
        let answers =
            [&body["data"], &body["message"]].into_iter().chain(body["docs"].as_array().into_iter().flatten());
        for doc in answers.filter_map(Value::as_object) {
            let mut doc = doc.clone();
            let (Some(doctype), Some(name)) = (take(&mut doc, "doctype"), text(&doc, "name")) else { continue };
            if let Some(def) = self.def(&doctype) {
                let made = self.made.contains(&(doctype.clone(), name.clone()));
                self.link(exchange.stage, def, &doc, made);
                self.note_told(def, &doc, &args);
            }
            let key = (doctype.clone(), name.clone());
            if !changed.is_empty() || self.written.contains(&key) && !self.knows_whole(&key) {
                unchange(&mut doc, &changed);
            }
            self.merge(exchange.stage, &doctype, &name, doc, true);
        }
        if exchange.path().ends_with("get_value") || exchange.path().ends_with("validate_link") {
            let (doctype, facts) = (text(&args, "doctype"), body["message"].as_object());
            if let (Some(doctype), Some(facts)) = (doctype, facts)
                && let Some(name) = text(facts, "name")
            {
                self.merge(exchange.stage, &doctype, &name, facts.clone(), false);
            }
        }
    }

    /// The rows of a list: the fields that they show, and those that the list asked to be equal to something.
    pub fn see_rows(&mut self, exchange: &Exchange) {
        let args = &exchange.args();
        let method = exchange.path();
        let listed = match exchange.resource() {
            Some((doctype, None)) if exchange.method == "GET" => Some(doctype),
            Some(_) => None,
            None if method.ends_with("get_list") || method.ends_with("search_link") => text(args, "doctype"),
            None => None,
        };
        let grouped = args.contains_key("group_by");
        let Some(def) = listed.as_deref().and_then(|name| self.def(name)).filter(|_| !grouped) else { return };
        // Who may see less tells no more than that a document is there.
        let trusted = exchange.user.as_deref() == Some("Administrator");
        let equal = equalities(args.get("filters"));
        let body = &exchange.body;
        let rows = [&body["data"], &body["message"]].into_iter().filter_map(Value::as_array).flatten();
        for row in rows.filter_map(Value::as_object) {
            let Some(name) = text(row, "name").or_else(|| text(row, "value")) else { continue };
            let known = |key: &str| HIDDEN_COLUMNS.contains(&key) || columns(def).any(|field| field.fieldname == key);
            let facts = row.iter().chain(&equal).filter(|(key, _)| known(key));
            let facts = facts.filter(|_| trusted).map(|(key, value)| (key.clone(), value.clone())).collect();
            self.merge(exchange.stage, def.name, &name, facts, false);
        }
    }

    /// A refusal tells the restricted Link: `linked to Territory 'South' in field Territory`.
    pub fn see_refusal(&mut self, exchange: &Exchange) {
        let (Some((doctype, Some(name))), Some(said)) =
            (exchange.resource(), exchange.body["_server_messages"].as_str())
        else {
            return;
        };
        let value = said.split_once("linked to ").and_then(|(_, rest)| rest.split('\'').nth(1));
        let label = said.split_once("in field ").and_then(|(_, rest)| rest.split('<').next());
        let def = self.def(&doctype);
        let field = def.and_then(|def| def.fields.iter().find(|field| Some(field.label) == label));
        if let (Some(value), Some(field)) = (value, field) {
            let facts = Doc::from_iter([(field.fieldname.to_owned(), json!(value))]);
            self.merge(exchange.stage, &doctype, &name, facts, false);
        }
    }

    fn note_told(&mut self, def: &'static DocTypeDef, doc: &Doc, sent: &Doc) {
        for table in def.fields.iter().filter(|field| field.kind.is_table()) {
            let Some(child) = table.target().and_then(|name| self.def(name)) else { continue };
            let rows = |doc: &Doc| doc.get(table.fieldname).and_then(Value::as_array).cloned().unwrap_or_default();
            for (at, row) in rows(doc).iter().filter_map(Value::as_object).enumerate() {
                let mut row = row.clone();
                for key in ["company", "selling_price_list"] {
                    row.entry(key).or_insert_with(|| doc.get(key).cloned().unwrap_or_default());
                }
                let sent = rows(sent).get(at).and_then(Value::as_object).cloned().unwrap_or_default();
                self.tell(child, &row, &sent);
            }
        }
        self.tell(def, doc, sent);
    }

    fn tell(&mut self, def: &'static DocTypeDef, doc: &Doc, sent: &Doc) {
        const LINKS: &[(&str, &str)] = &[("company", "Company"), ("selling_price_list", "Price List")];
        for (field, link, there) in TOLD {
            let target = LINKS.iter().find(|(own, _)| own == link).map(|(_, target)| *target);
            let target = target.or_else(|| def.field(link).and_then(|field| field.target()));
            let said = |value: &&Value| !value.is_null() && *value != "" && value.as_f64() != Some(0.0);
            let value = doc.get(*field).filter(said);
            if let (Some(target), Some(name), Some(value)) = (target, text(doc, link), value) {
                let facts = Doc::from_iter([((*there).to_owned(), value.clone())]);
                self.merge(0, target, &name, facts, false);
            }
        }
        for (field, single, there) in SETTINGS {
            if let Some(value) = text(doc, field).filter(|_| !sent.is_empty() && !sent.contains_key(*field)) {
                let facts = Doc::from_iter([((*there).to_owned(), json!(value))]);
                self.merge(0, single, single, facts, false);
            }
        }
        if let (Some(item), Some(list)) = (text(doc, "item_code"), text(doc, "selling_price_list"))
            && let Some(rate) = doc.get("price_list_rate").filter(|rate| rate.as_f64() > Some(0.0))
        {
            let facts = json!({ "item_code": item, "price_list": list, "selling": 1, "price_list_rate": rate });
            let facts = facts.as_object().cloned().unwrap_or_default();
            self.merge(0, "Item Price", &format!("{item} {list}"), facts, false);
        }
    }
}

/// Takes back what the exchange itself changed in what it answered.
fn unchange(doc: &mut Doc, changed: &Doc) {
    doc.retain(|key, _| !changed.contains_key(key));
    for (key, before) in [("modified", "creation"), ("modified_by", "owner")] {
        match doc.get(before).cloned() {
            Some(value) => doc.insert(key.to_owned(), value),
            None => doc.remove(key),
        };
    }
    for row in doc.values_mut().filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut) {
        row.retain(|key, _| !changed.contains_key(key) || key != "docstatus");
    }
}

/// What the filters ask to be equal to something.
fn equalities(filters: Option<&Value>) -> Doc {
    let filters = match filters {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        other => other.cloned().unwrap_or_default(),
    };
    match filters {
        Value::Object(pairs) => {
            let equal = |value: Value| match value.as_array().map(Vec::as_slice) {
                Some([operator, value]) => implied(operator, value),
                _ => Some(value),
            };
            pairs.into_iter().filter_map(|(field, value)| Some((field, equal(value)?))).collect()
        }
        Value::Array(list) => {
            let pair = |filter: &Value| match filter.as_array().map(Vec::as_slice) {
                Some([Value::String(field), operator, value]) => Some((field.clone(), implied(operator, value)?)),
                _ => None,
            };
            list.iter().filter_map(pair).collect()
        }
        _ => Doc::new(),
    }
}

/// The value that a field has for which this holds, where only one can be meant.
fn implied(operator: &Value, value: &Value) -> Option<Value> {
    match (operator.as_str()?, value) {
        ("=", value) => Some(value.clone()),
        ("like", Value::String(pattern)) if pattern.starts_with('%') && pattern.ends_with('%') => {
            Some(json!(pattern.trim_matches('%')))
        }
        ("in", Value::Array(values)) if values.len() == 1 => values.first().cloned(),
        ("timespan", Value::String(span)) if span == "last month" => {
            // All were made in one month.
            let today: jiff::civil::Date = SUITES.first()?.day.parse().ok()?;
            Some(json!(today.first_of_month().yesterday().ok()?.to_string()))
        }
        _ => None,
    }
}

fn take(doc: &mut Doc, key: &str) -> Option<String> {
    doc.shift_remove(key).and_then(|value| value.as_str().map(str::to_owned))
}

fn text(doc: &Doc, key: &str) -> Option<String> {
    doc.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
