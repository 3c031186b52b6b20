//! What the Bins of items say: how much lies in which warehouse, and what it is worth.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::known_choices::STOCK_ON_A_DAY;
use serde_json::{Value, json};

use super::seen::{Row, Scope, all_of, allowed, call_on, exact, sees};
use super::{QUANTITIES, currency_of};
use crate::context::Session;
use crate::document::amounts::number_or_zero;
use crate::documents::DocTypeCall;
use crate::documents::beyond::neighbour;
use crate::error::ToolError;
use crate::policy::Policy;
use crate::query::beyond::Neighbour;
use crate::shape::{self, text_of};
use crate::site::ListQuery;
use crate::tool::Call;

/// What else is kept for somebody, told only where it is: for work orders, for subcontractors, for production plans.
const KEPT: [&str; 3] =
    ["reserved_qty_for_production", "reserved_qty_for_sub_contract", "reserved_qty_for_production_plan"];
/// What of the actual quantity is not free.
const NOT_FREE: [&str; 4] = ["reserved_qty", KEPT[0], KEPT[1], KEPT[2]];
const VALUES: [&str; 2] = ["valuation_rate", "stock_value"];
/// The most Bins that one call reads.
const MOST_BINS: usize = 5_000;
/// The most of them whose stock at a past day it asks for.
const MOST_AT_A_DAY: usize = 100;

/// Refuses to tell what lay somewhere at a day where it is withheld what moved when: one day after another would tell it.
pub fn may_be_of_a_day(policy: &Policy) -> Result<(), ToolError> {
    if !policy.tells_by_choice(STOCK_ON_A_DAY, "Bin") {
        return Ok(());
    }
    Err(ToolError::refused(
        "date: this server's configuration withholds what moved when: something of Stock Ledger Entry.",
        "Leave out date for the present state.",
    ))
}

/// What lies where.
pub struct Levels {
    /// By item, each with its warehouse.
    rows: BTreeMap<String, Vec<Row>>,
    /// The columns that are told, and those that may not be.
    told: Vec<&'static str>,
    pub withheld: Vec<&'static str>,
    /// Of a warehouse, as far as that may be read: values of several companies are not added up.
    companies: BTreeMap<String, String>,
}

impl Levels {
    /// What lies there now.
    ///
    /// # Errors
    /// More Bins than one call reads, and the site's.
    pub async fn read(
        call: &Call<'_>,
        on: &DocTypeCall<'_>,
        bin: &Neighbour,
        scope: &Scope,
    ) -> Result<Self, ToolError> {
        let (told, withheld): (Vec<_>, Vec<_>) =
            QUANTITIES.into_iter().chain(KEPT).chain(VALUES).chain(["stock_uom"]).partition(|name| sees(bin, name));
        let mut levels = Self { rows: BTreeMap::new(), told, withheld, companies: BTreeMap::new() };
        if scope.is_empty() {
            return Ok(levels);
        }
        let columns: Vec<String> =
            ["warehouse"].iter().chain(&levels.told).map(|column| (*column).to_owned()).collect();
        let fields = ["name", "item_code"].into_iter().map(str::to_owned).chain(columns.iter().cloned()).collect();
        let query = ListQuery {
            fields,
            filters: scope.filters("item_code", "warehouse"),
            own_columns: true,
            ..ListQuery::default()
        };
        for row in all_of(call, &call_on(on, bin), &query, MOST_BINS).await? {
            let item = text_of(&row, "item_code").to_owned();
            let mut row = shape::row(bin.def, &bin.permit, &columns, row);
            if levels.is_free_known() {
                let free = number_or_zero(&row, "actual_qty")
                    - NOT_FREE.iter().map(|key| number_or_zero(&row, key)).sum::<f64>();
                row.insert("free".to_owned(), exact(free));
            }
            row.retain(|key, value| !KEPT.contains(&key.as_str()) || value.as_f64().is_some_and(|qty| qty != 0.0));
            levels.rows.entry(item).or_default().push(row);
        }
        for rows in levels.rows.values_mut() {
            rows.sort_by(|one, other| text_of(one, "warehouse").cmp(text_of(other, "warehouse")));
        }
        Ok(levels)
    }

    /// Whether all is told that is there and that is not free of it.
    fn is_free_known(&self) -> bool {
        self.told.contains(&"actual_qty") && NOT_FREE.iter().all(|key| self.told.contains(key))
    }

    /// The same at the end of a day, as the site works it out for each item and warehouse.
    pub async fn go_back(&mut self, call: &Call<'_>, bin: &Neighbour, date: &str) -> Result<(), ToolError> {
        if !sees(bin, "actual_qty") {
            return Err(ToolError::refused(
                "date: needs permission to read actual_qty of Bin.",
                "Leave out date for the present state, as far as it may be read.",
            ));
        }
        may_be_of_a_day(call.session.policy)?;
        let all: usize = self.rows.values().map(Vec::len).sum();
        if all > MOST_AT_A_DAY {
            return Err(ToolError::refused(
                format!("date: {all} items in warehouses, and one call asks of {MOST_AT_A_DAY} what lay there."),
                "Name fewer items or warehouses; the report Stock Balance covers all of them.",
            ));
        }
        let of_a_day = |name: &&'static str| *name == "actual_qty" || *name == "stock_uom" || VALUES.contains(name);
        self.told.retain(of_a_day);
        self.withheld.retain(of_a_day);
        let mut done = 0;
        for (item, rows) in &mut self.rows {
            for row in rows {
                if call.observer.is_stopped() {
                    return Err(ToolError::refused("It was called off before all was read.", "Call again."));
                }
                let warehouse = text_of(row, "warehouse").to_owned();
                let (qty, rate) = call.session.site.stock_value(&bin.permit, item, &warehouse, date).await?;
                let value = exact((qty * rate * 100.0).round() / 100.0);
                let now = [("actual_qty", exact(qty)), ("valuation_rate", exact(rate)), ("stock_value", value)];
                row.retain(|key, _| key == "warehouse" || key == "stock_uom");
                row.extend(now.into_iter().filter(|(key, _)| self.told.contains(key)).map(|(k, v)| (k.to_owned(), v)));
                done += 1;
                call.observer.tell(done, all);
            }
        }
        Ok(())
    }

    /// Learns whose the warehouses are.
    pub async fn learn_companies(&mut self, on: &DocTypeCall<'_>, notes: &mut Vec<String>) -> Result<(), ToolError> {
        if !self.told.contains(&"stock_value") {
            return Ok(());
        }
        let names: BTreeSet<&str> = self.rows.values().flatten().map(|row| text_of(row, "warehouse")).collect();
        self.companies = allowed(companies_of(on, &names).await)?.unwrap_or_default();
        if names.len() > 1 && names.iter().any(|name| !self.companies.contains_key(*name)) {
            notes.push("stock_value is not added up over warehouses whose company may not be read".to_owned());
        }
        Ok(())
    }

    /// An item as it is told, and how much of it is free.
    pub fn told(&self, name: &str, facts: &Row) -> (Row, Option<f64>) {
        let none = Vec::new();
        let rows = self.rows.get(name).unwrap_or(&none);
        let mut total = Row::new();
        let sum = |key: &str| rows.iter().map(|row| number_or_zero(row, key)).sum::<f64>();
        for key in QUANTITIES.into_iter().filter(|key| self.told.contains(key)) {
            total.insert(key.to_owned(), exact(sum(key)));
        }
        let kept = KEPT.into_iter().filter(|key| self.told.contains(key)).map(|key| (key, sum(key)));
        total.extend(kept.filter(|(_, sum)| *sum != 0.0).map(|(key, sum)| (key.to_owned(), exact(sum))));
        let free = self.is_free_known().then(|| sum("actual_qty") - NOT_FREE.into_iter().map(sum).sum::<f64>());
        total.extend(free.map(|free| ("free".to_owned(), exact(free))));
        if self.told.contains(&"stock_value") {
            total.extend(self.value(rows));
        }
        let mut told = Row::from_iter([("item_code".to_owned(), json!(name))]);
        told.extend(facts.get("item_name").map(|title| ("item_name".to_owned(), title.clone())));
        let unit = rows.iter().find_map(|row| row.get("stock_uom"));
        told.extend(unit.map(|unit| ("stock_uom".to_owned(), unit.clone())));
        let mut rows = rows.clone();
        rows.iter_mut().for_each(|row| drop(row.remove("stock_uom")));
        told.insert("total".to_owned(), Value::Object(total));
        told.insert("warehouses".to_owned(), json!(rows));
        (told, free)
    }

    /// What all of it is worth: of one company as a sum, of several apart.
    fn value(&self, rows: &[Row]) -> Row {
        let mut by_company = BTreeMap::<Option<&String>, f64>::new();
        for row in rows {
            *by_company.entry(self.companies.get(text_of(row, "warehouse"))).or_default() +=
                number_or_zero(row, "stock_value");
        }
        let is_unknown = by_company.contains_key(&None) && rows.len() > 1;
        let mut told = Row::new();
        match by_company.len() {
            _ if is_unknown => {}
            0 | 1 => {
                let value: f64 = by_company.values().sum();
                told.insert("stock_value".to_owned(), exact(value));
                let qty: f64 = rows.iter().map(|row| number_or_zero(row, "actual_qty")).sum();
                if qty != 0.0 && ["valuation_rate", "actual_qty"].iter().all(|key| self.told.contains(key)) {
                    told.insert("valuation_rate".to_owned(), exact(value / qty));
                }
            }
            _ => {
                let apart = |(company, value): (Option<&String>, f64)| Some((company?.clone(), exact(value)));
                let apart: Row = by_company.into_iter().filter_map(apart).collect();
                told.insert("stock_value_by_company".to_owned(), Value::Object(apart));
            }
        }
        told
    }

    /// The currencies that values are in, by company.
    pub async fn currencies(&self, session: &Session<'_>) -> Result<Row, ToolError> {
        let mut currencies = Row::new();
        for company in self.companies.values().collect::<BTreeSet<_>>() {
            match currency_of(session, company).await {
                Ok(currency) => currencies.extend(currency.map(|currency| (company.clone(), json!(currency)))),
                // A company that the caller may not see.
                Err(ToolError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(currencies)
    }
}

/// The company of each of these warehouses, where that may be read.
async fn companies_of(on: &DocTypeCall<'_>, names: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, ToolError> {
    let Ok(there) = neighbour(on, "Warehouse").await? else { return Ok(BTreeMap::new()) };
    let Some(company) = there.def.field("company").filter(|_| sees(&there, "company")) else {
        return Ok(BTreeMap::new());
    };
    let found = on.fields_of(&there, names, &[company]).await?;
    let company = |(name, row): (String, Row)| (name, text_of(&row, "company").to_owned());
    Ok(found.into_iter().map(company).filter(|(_, company)| !company.is_empty()).collect())
}
