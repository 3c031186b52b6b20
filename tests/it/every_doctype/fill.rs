//! The least that a new document must state, made from the tables alone and from what the site has.

use std::collections::HashMap;

use erpnext_mcp::app::Connection;
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, doctype_flag, flag};
use serde_json::{Map, Value, json};

use crate::support::call;

/// Fields that no form marks as mandatory, and ERPNext's code asks for.
const ASKED_BY_CODE: [&str; 2] = ["delivery_date", "qty"];

/// Fills documents, and keeps which document of a DocType can be linked to.
pub struct Filling<'a> {
    app: &'a Connection,
    /// The DocTypes of the site.
    defs: HashMap<&'static str, &'static DocTypeDef>,
    first: HashMap<String, Option<String>>,
    count: usize,
}

impl<'a> Filling<'a> {
    pub fn new(app: &'a Connection, defs: &[&'static DocTypeDef]) -> Self {
        let defs = defs.iter().map(|def| (def.name, *def)).collect();
        Self { app, defs, first: HashMap::new(), count: 0 }
    }

    /// A new document; its texts begin with these words.
    pub async fn document(&mut self, def: &'static DocTypeDef, words: &str) -> Result<Value, String> {
        self.count += 1;
        let words = format!("{words} {}", self.count);
        let mut data = self.fields(def, &words, 0).await?;
        if def.is_named_by_creator() {
            data.insert("name".to_owned(), json!(words));
        }
        // Named after a field that the form does not mark as mandatory.
        if let Some(field) = def.autoname.and_then(|rule| rule.strip_prefix("field:")).and_then(|name| def.field(name))
            && !data.contains_key(field.fieldname)
        {
            data.insert(field.fieldname.to_owned(), self.value(field, &words, 0, &Map::new()).await?);
        }
        Ok(Value::Object(data))
    }

    async fn fields(&mut self, def: &'static DocTypeDef, words: &str, depth: u8) -> Result<Map<String, Value>, String> {
        let mut data = Map::new();
        // A Single that nobody filled in has no defaults either.
        let single = def.is(doctype_flag::SINGLE);
        // Also what the site's own code would fill in: the sandbox computes less than a real site.
        let needed = |field: &&FieldDef| {
            let closed = [flag::READ_ONLY, flag::HIDDEN, flag::VIRTUAL].iter().any(|bit| field.is(*bit));
            let asked = field.is(flag::REQD) || ASKED_BY_CODE.contains(&field.fieldname);
            asked && !closed && (single || field.default.is_none()) && field.kind != FieldKind::Check
        };
        // What names a DocType comes before what names a document of it.
        let (dynamic, plain): (Vec<&FieldDef>, Vec<&FieldDef>) =
            def.fields.iter().filter(needed).partition(|field| field.kind == FieldKind::DynamicLink);
        for field in plain.into_iter().chain(dynamic) {
            if let Options::TargetField(by) = field.options
                && !data.contains_key(by)
            {
                let choices = def.field(by).and_then(FieldDef::choices).unwrap_or(&["Customer"]);
                data.insert(by.to_owned(), json!(choices.iter().find(|choice| !choice.is_empty())));
            }
            let value = self.value(field, words, depth, &data).await?;
            data.insert(field.fieldname.to_owned(), value);
        }
        Ok(data)
    }

    async fn value(
        &mut self,
        field: &FieldDef,
        words: &str,
        depth: u8,
        data: &Map<String, Value>,
    ) -> Result<Value, String> {
        use FieldKind::{
            Attach, AttachImage, Check, Code, Color, Currency, Date, Datetime, Duration, DynamicLink, Float,
            Geolocation, Int, Link, Percent, Rating, Select, Table, TableMultiSelect, Time,
        };
        let number = field.kind;
        Ok(match (field.kind, field.options) {
            (Link, Options::Target("DocType")) => json!("Customer"),
            (Link, Options::Target(doctype)) => json!(self.first(doctype).await?),
            (DynamicLink, Options::TargetField(by)) => {
                json!(self.first(data.get(by).and_then(Value::as_str).unwrap_or_default()).await?)
            }
            (Table | TableMultiSelect, Options::Target(child)) if depth < 2 => {
                let child = *self.defs.get(child).ok_or_else(|| format!("no table of {child}"))?;
                json!([Box::pin(self.fields(child, words, depth + 1)).await?])
            }
            (Select, options) => match options {
                Options::Choices(choices) => {
                    json!(
                        choices
                            .iter()
                            .find(|choice| !choice.is_empty())
                            .ok_or("a Select without choices in the table")?
                    )
                }
                _ => return Err(format!("{}: a Select without choices in the table", field.fieldname)),
            },
            (Check, _) => json!(true),
            (Int | Duration, _) => json!(3),
            (Rating, _) => json!(0.6),
            (Currency | Float | Percent, _) => json!(if number == Percent { 10.0 } else { 2.5 }),
            (Date, _) => json!("2026-11-25"),
            (Datetime, _) => json!("2026-11-25 10:00:00"),
            (Time, _) => json!("10:00:00"),
            (Color, _) => json!("#336699"),
            (Attach | AttachImage, _) => json!("/files/made-up.png"),
            (Geolocation, _) => json!({"type": "FeatureCollection", "features": []}),
            (FieldKind::Json, _) => json!({}),
            (Code, Options::Format("JSON")) => json!("{}"),
            (_, Options::Format("Email")) => json!(format!("table{}@example.com", self.count)),
            (_, Options::Format("URL")) => json!("https://example.com/table"),
            (_, Options::Format("Phone")) => json!("+44 20 7946 0000"),
            // Texts are told apart by their ends.
            _ => {
                let room = field.max_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
                json!(words.chars().skip(words.chars().count().saturating_sub(room)).collect::<String>())
            }
        })
    }

    /// The name of a document that can be linked to; one is made where the sample has none.
    async fn first(&mut self, doctype: &str) -> Result<String, String> {
        if !self.first.contains_key(doctype) {
            // Meanwhile there is none: what is made for it must not need it.
            self.first.insert(doctype.to_owned(), None);
            let def = self.defs.get(doctype).copied();
            let mut list = json!({"doctype": doctype, "limit": 1, "fields": ["name"], "order_by": "creation asc"});
            // A group of a tree is not for documents.
            if def.is_some_and(|def| def.field("is_group").is_some()) {
                list["filters"] = json!({"is_group": 0});
            }
            let listed = call(self.app, "list_generic_documents", list).await;
            let mut found = listed.ok().and_then(|list| name(&list["documents"][0]["name"]));
            if let (None, Some(def)) = (&found, def)
                && let Ok(data) = Box::pin(self.document(def, "Row to link to")).await
            {
                let create = json!({"doctype": doctype, "data": data});
                let made = call(self.app, "create_generic_document", create).await;
                found = made.ok().and_then(|made| name(&made["created"]));
            }
            self.first.insert(doctype.to_owned(), found);
        }
        self.first.get(doctype).cloned().flatten().ok_or_else(|| format!("there is no {doctype} to link to"))
    }
}

/// Names are texts, or numbers where the database counts.
pub fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
