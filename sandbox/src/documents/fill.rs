//! What ERPNext's own code fills in: a little of it, so that a new order names its items and adds up.
//! Taxes, ledgers and stock are not computed.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use crate::doc::{Doc, flt, is_empty, text};
use crate::error::SiteError;
use crate::site::Site;

/// Fields of a row that are taken from its item where nothing was sent: (the row's, the item's).
const FROM_ITEM: &[(&str, &str)] = &[
    ("item_name", "item_name"),
    ("description", "description"),
    ("item_group", "item_group"),
    ("stock_uom", "stock_uom"),
    ("uom", "stock_uom"),
];

/// Where the sum of the rows' amounts goes.
const SUMS: &[&str] = &[
    "total",
    "net_total",
    "grand_total",
    "rounded_total",
    "base_total",
    "base_net_total",
    "base_grand_total",
    "base_rounded_total",
];

impl Site<'_> {
    /// Fills rows and sums, and the first state of a workflow.
    pub(super) fn fill(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        self.fill_workflow_state(def, doc)?;
        self.fill_names(def, doc);
        if def.field("items").is_none() || def.field("net_total").is_none() {
            return Ok(());
        }
        let (mut sum, mut count) = (0.0, 0.0);
        self.each_row(def, doc, |child, row, _| {
            if text(row, "parentfield") != "items" {
                return Ok(());
            }
            for (into, from) in FROM_ITEM.iter().filter(|(into, _)| child.field(into).is_some()) {
                if is_empty(row.get(*into))
                    && let Some(value) = self.value("Item", text(row, "item_code"), from)?
                {
                    row.insert((*into).to_owned(), value);
                }
            }
            let number = |row: &Doc, key: &str| row.get(key).map_or(0.0, flt);
            let (qty, rate) = (number(row, "qty"), number(row, "rate"));
            if number(row, "conversion_factor") == 0.0 && child.field("conversion_factor").is_some() {
                row.insert("conversion_factor".to_owned(), json!(1.0));
            }
            for field in ["amount", "net_amount", "base_amount", "base_net_amount"] {
                row.insert(field.to_owned(), json!(round(qty * rate)));
            }
            for field in ["net_rate", "base_rate", "base_net_rate"] {
                row.insert(field.to_owned(), json!(rate));
            }
            row.insert("stock_qty".to_owned(), json!(qty * number(row, "conversion_factor")));
            sum += qty * rate;
            count += qty;
            Ok(())
        })?;
        let taxes = doc.get("total_taxes_and_charges").map_or(0.0, flt);
        for field in SUMS.iter().filter(|field| def.field(field).is_some()) {
            let with_taxes = if field.contains("grand") || field.contains("rounded") { taxes } else { 0.0 };
            doc.insert((*field).to_owned(), json!(round(sum + with_taxes)));
        }
        if def.field("total_qty").is_some() {
            doc.insert("total_qty".to_owned(), json!(count));
        }
        Ok(())
    }

    fn fill_names(&self, def: &'static DocTypeDef, doc: &mut Doc) {
        if def.name == "Lead" {
            let parts = ["first_name", "middle_name", "last_name"].map(|part| text(doc, part).to_owned());
            let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            if !name.is_empty() {
                doc.insert("lead_name".to_owned(), json!(name));
            }
        }
        if let Some(title) = def.title_field.filter(|title| is_empty(doc.get(*title)))
            && def.field(title).is_some_and(|field| field.is(erpnext_schema::flag::FILLED))
        {
            let name = doc.get("name").cloned().unwrap_or_default();
            doc.insert(title.to_owned(), name);
        }
    }

    fn fill_workflow_state(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        if def.name == "Workflow" || def.module == "Core" || !self.has_workflows()? {
            return Ok(());
        }
        let rows = self.db.rows_where_in("Workflow", self.meta, "document_type", def.name)?;
        let Some(workflow) = rows.into_iter().find(|row| row.get("is_active").is_some_and(|on| *on == 1)) else {
            return Ok(());
        };
        let field = text(&workflow, "workflow_state_field").to_owned();
        if is_empty(doc.get(&field)) {
            let workflow = self.load("Workflow", text(&workflow, "name"))?;
            let first = workflow.get("states").and_then(|states| states.get(0)).and_then(|state| state.get("state"));
            doc.insert(field, first.cloned().unwrap_or(Value::Null));
        }
        Ok(())
    }

    fn has_workflows(&self) -> Result<bool, SiteError> {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tabWorkflow'";
        Ok(self.db.scalar(sql, &[])?.is_some())
    }
}

fn round(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
