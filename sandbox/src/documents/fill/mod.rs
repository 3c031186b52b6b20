//! What ERPNext's own code fills in where nothing was sent, so that a new order names its items, has its prices and adds
//! up.

mod discount;
mod exchange;
mod landed;
mod pricing;
mod rules;
mod taxes;
mod totals;
pub mod words;

use erpnext_schema::{DocTypeDef, flag};
use serde_json::{Value, json};

use self::rules::Source;
use super::journal;
use crate::doc::{Doc, display, flt, int, is_empty, number, rows, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

impl Site<'_> {
    /// Fills a document that is about to be stored: the first state of a workflow, names, and everything of
    /// [`Site::fill_values`].
    pub(super) fn fill(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        self.fill_workflow_state(def, doc)?;
        self.fill_posting_time(def, doc);
        fill_lead_name(def, doc);
        self.fill_values(def, doc)?;
        self.fill_landed_cost(def, doc)?;
        follow_rows(def, doc);
        fill_title(def, doc);
        if totals::adds_up(def) {
            self.check_rate(def, doc)?;
            self.settle(def, doc)?;
        }
        Ok(())
    }

    /// Fills what the rules say, the rows from their items, and the totals.
    pub(crate) fn fill_values(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        self.apply_rules(def, doc, &Doc::new())?;
        if totals::adds_up(def) {
            self.fill_rate(def, doc)?;
        }
        self.each_row(def, doc, |child, row, doc| {
            if !rules::is_item_row(child.name) {
                return Ok(());
            }
            for (into, from) in rules::FROM_ITEM.iter().filter(|(into, _)| child.field(into).is_some()) {
                if is_empty(row.get(*into))
                    && let Some(value) = self.value("Item", text(row, "item_code"), from)?
                    && !value.is_null()
                {
                    row.insert((*into).to_owned(), value);
                }
            }
            for (_, field) in rules::FOLLOWS.iter().filter(|(of, _)| *of == child.name) {
                row.insert((*field).to_owned(), doc.get(*field).cloned().unwrap_or_default());
            }
            self.fill_warehouse(child, row, doc)?;
            self.apply_rules(child, row, doc)?;
            if !totals::adds_up(def) {
                let qty = number(row, "qty") * number(row, "conversion_factor");
                ["stock_qty", "transfer_qty"].iter().for_each(|field| totals::put(child, row, field, json!(qty)));
            }
            Ok(())
        })?;
        self.fill_payment(def, doc)?;
        journal::fill(def, doc);
        if totals::adds_up(def) { self.add_up(def, doc) } else { Ok(()) }
    }

    fn apply_rules(&self, def: &'static DocTypeDef, doc: &mut Doc, parent: &Doc) -> Result<(), SiteError> {
        for rule in rules::of(def.name) {
            let sent = doc.get(rule.field);
            let open = is_empty(sent) || sent.is_some_and(|value| value.is_number() && flt(value) == 0.0);
            if !open || def.field(rule.field).is_none() {
                continue;
            }
            for source in rule.from {
                let value = self.sourced(def, source, doc, parent)?;
                if !value.is_null() {
                    doc.insert(rule.field.to_owned(), value);
                    break;
                }
            }
        }
        Ok(())
    }

    /// The value of a source; null where it has none.
    fn sourced(&self, def: &'static DocTypeDef, source: &Source, doc: &Doc, parent: &Doc) -> Result<Value, SiteError> {
        let filled = |value: Option<Value>| value.filter(|value| !is_empty(Some(value))).unwrap_or_default();
        let linked = |def: Option<&'static DocTypeDef>, doc: &Doc, link: &str, field: &str| {
            let target = def.and_then(|def| def.field(link)).and_then(|field| field.target());
            match target.filter(|_| !text(doc, link).is_empty()) {
                Some(target) => self.value(target, text(doc, link), field),
                None => Ok(None),
            }
        };
        Ok(match source {
            Source::Own(field) => filled(doc.get(*field).cloned()),
            Source::Parent(field) => filled(parent.get(*field).cloned()),
            Source::Linked(link, field) => filled(linked(Some(def), doc, link, field)?),
            Source::ParentLinked(link, field) => {
                filled(linked(self.meta.get(text(doc, "parenttype")), parent, link, field)?)
            }
            Source::Setting(single, field) => filled(self.db.single_value(single, field)?.map(Value::from)),
            Source::Text(text) => json!(text),
            Source::Number(number) => json!(number),
        })
    }

    /// The warehouse of a row: that of the whole document, of the item, or of the settings where it is the company's.
    fn fill_warehouse(&self, child: &'static DocTypeDef, row: &mut Doc, doc: &Doc) -> Result<(), SiteError> {
        if child.field("warehouse").is_none() || !is_empty(row.get("warehouse")) || text(row, "item_code").is_empty() {
            return Ok(());
        }
        let of_company = |warehouse: &String| -> Result<bool, SiteError> {
            let company = self.value("Warehouse", warehouse, "company")?;
            Ok(company.is_some_and(|company| company == text(doc, "company")))
        };
        let mut found = Some(text(doc, "set_warehouse").to_owned()).filter(|warehouse| !warehouse.is_empty());
        if found.is_none() {
            let (condition, params) = ("parent = ?1 AND company = ?2", [text(row, "item_code"), text(doc, "company")]);
            let params = params.map(|text| Sql::Text(text.to_owned()));
            let defaults = self.db.rows_where(self.controller("Item Default")?, condition, &params)?;
            let warehouse = defaults.first().map(|defaults| text(defaults, "default_warehouse").to_owned());
            found = warehouse.filter(|warehouse| !warehouse.is_empty());
        }
        if found.is_none()
            && let Some(warehouse) = self.db.single_value("Stock Settings", "default_warehouse")?
            && of_company(&warehouse)?
        {
            found = Some(warehouse);
        }
        if let Some(warehouse) = found {
            row.insert("warehouse".to_owned(), json!(warehouse));
        }
        Ok(())
    }

    /// Posts a document at the time of each save, whatever day and time it states, unless it says that they are set.
    fn fill_posting_time(&self, def: &DocTypeDef, doc: &mut Doc) {
        if def.field("set_posting_time").is_none() || int(doc, "set_posting_time") != 0 {
            return;
        }
        let now = self.now_text();
        let (day, time) = now.split_once(' ').unwrap_or((&now, ""));
        for (field, value) in [("posting_date", day), ("posting_time", time)] {
            if def.field(field).is_some() {
                doc.insert(field.to_owned(), json!(value));
            }
        }
    }

    fn fill_workflow_state(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let Some(workflow) = self.workflow_of(def)? else { return Ok(()) };
        let field = text(&workflow, "workflow_state_field").to_owned();
        if is_empty(doc.get(&field)) {
            let first = workflow.get("states").and_then(|states| states.get(0)).and_then(|state| state.get("state"));
            doc.insert(field, first.cloned().unwrap_or(Value::Null));
        }
        Ok(())
    }
}

/// Sets what is always that of the rows: an order is delivered when its last row is.
pub fn follow_rows(def: &DocTypeDef, doc: &mut Doc) {
    for (_, field) in rules::LATEST.iter().filter(|(of, _)| *of == def.name) {
        let latest = rows(doc, "items").map(|row| text(row, field)).max().filter(|latest| !latest.is_empty());
        if let Some(latest) = latest.map(|latest| json!(latest)) {
            doc.insert((*field).to_owned(), latest);
        }
    }
}

/// Fills what a document has once it is submitted.
pub fn finish(def: &DocTypeDef, doc: &mut Doc) {
    for (_, field, value) in rules::SUBMITTED.iter().filter(|(of, ..)| *of == def.name) {
        if is_empty(doc.get(*field)) {
            doc.insert((*field).to_owned(), json!(value));
        }
    }
}

fn fill_lead_name(def: &DocTypeDef, doc: &mut Doc) {
    if def.name == "Lead" {
        let parts = ["first_name", "middle_name", "last_name"].map(|part| text(doc, part).to_owned());
        let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        if !name.is_empty() {
            doc.insert("lead_name".to_owned(), json!(name));
        }
    }
}

/// A field `title` that is the DocType's title takes the form's default as a pattern: `{customer_name}`.
fn fill_title(def: &'static DocTypeDef, doc: &mut Doc) {
    let Some(title) = def.title_field.filter(|title| is_empty(doc.get(*title))).and_then(|title| def.field(title))
    else {
        return;
    };
    if let Some(pattern) = title.default.filter(|_| title.fieldname == "title") {
        let mut text = pattern.to_owned();
        for (key, value) in doc.iter().filter(|(_, value)| !value.is_object() && !value.is_array()) {
            text = text.replace(&format!("{{{key}}}"), &display(value));
        }
        doc.insert("title".to_owned(), json!(text));
    } else if title.is(flag::FILLED) {
        let name = doc.get("name").cloned().unwrap_or_default();
        doc.insert(title.fieldname.to_owned(), name);
    }
}
