//! `update_order_items`: rows of an order that is submitted: other quantities, prices and dates, new rows, rows taken out.

use std::time::Instant;

use erpnext_schema::{Purpose, Rule, Violation, nearest, rows, with_article};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{may_update, meant};
use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::amounts::{number, number_or_zero, worth_of_rows};
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::{document_name, named_exactly};
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::shape::text_of;
use crate::site::{Answer, SiteError, WriteError};
use crate::tool::kinds::{DocTypeName, DocumentName, RowChanges};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::lifecycle::{Docstatus, moved};
use crate::writes::gate::{Go, Step};
use crate::writes::links;
use crate::writes::report::note_titles;
use crate::writes::send::{Next, Write, send};

/// Changes the rows of a submitted order.
pub static UPDATE: ToolSpec = ToolSpec {
    name: "update_order_items",
    title: "Change the items of a submitted order",
    description: "Changes quantity, rate or date of rows of a submitted Sales Order or Purchase Order, adds rows and \
                  removes what nothing was delivered or billed of. The first call shows it and gives a confirm_token.",
    toolset: Toolset::Trade,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: |policy| may_update(policy, ORDERS.iter().map(|order| order.doctype)),
    // What was agreed with somebody else is changed: it is asked about like what cannot be taken back.
    special: Special { confirm_as: &[Operation::Cancel], ..Special::NONE },
    handler: handler!(ItemsArgs, update),
};

#[derive(Deserialize, JsonSchema)]
struct ItemsArgs {
    /// Sales Order or Purchase Order
    doctype: DocTypeName,
    name: DocumentName,
    /// {"patch": [{"idx": 1, "qty": 5}], "add": [{"item_code": …, "qty": 1, "rate": 9}], "remove": [{"idx": 2}]}
    items: RowChanges,
}

/// An order whose rows the site changes after its submission.
struct Order {
    doctype: &'static str,
    /// The columns of a row that say how much of it is done: the first is a quantity.
    done: [&'static str; 2],
    /// The column with the date of a row.
    date: &'static str,
}

const ORDERS: [Order; 2] = [
    Order { doctype: "Sales Order", done: ["delivered_qty", "billed_amt"], date: "delivery_date" },
    Order { doctype: "Purchase Order", done: ["received_qty", "billed_amt"], date: "schedule_date" },
];

/// The columns that the site takes, beside the date.
const TAKEN: [&str; 5] = ["item_code", "qty", "rate", "uom", "conversion_factor"];
/// Columns sent as stored: 16 empties a description that is not sent, and a subcontracted row needs the item that is made.
const CARRIED: [&str; 3] = [DESCRIPTION, "fg_item", "fg_item_qty"];
const DESCRIPTION: &str = "description";

async fn update(call: Call<'_>, args: ItemsArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let order = ORDERS.iter().find(|order| order.doctype == on.def.name).ok_or_else(|| {
        ToolError::refused(
            format!("doctype: the rows of {} are not changed by this tool.", with_article(on.def.name)),
            "It takes Sales Order and Purchase Order; drafts of all others are updated, what is submitted is amended.",
        )
    })?;
    on.keeps_values().await?;
    let name = on.name(&args.name);
    let stored = on.existing(name).await?;
    named_exactly(&on, name, &stored)?;
    changeable(&on, name, &stored).and_then(|()| on.not_done_by_now(name, &stored))?;
    let readable = |column: &&str| on.may_read(&format!("items.{column}"));
    let by: Vec<&str> = ["item_code", "item_name"].into_iter().filter(readable).collect();
    let changes =
        meant::changes(args.items.0, &stored, &by).map_err(|found| ToolError::arguments(call.tool.name(), found))?;
    let data = Map::from_iter([("items".to_owned(), changes)]);
    let (on, data) = on.document_with_links(Purpose::Update, &data, Some(name)).await.map_err(in_items)?;
    let (data, titled) = links::resolved(&on, data, &stored).await.map_err(in_items)?;
    let merged = on.merged(&stored, &data).map_err(in_items)?;
    let mut wrong = order.wrong(&on, &stored, &merged.given, &merged.body);
    match links::check_merged(&on, &merged, &stored).await.map_err(in_items) {
        Err(ToolError::Arguments { violations, .. }) => wrong.extend(violations),
        checked => checked?,
    }
    if !wrong.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), wrong));
    }
    if let Some(most) = call.session.quota.refuse_above {
        within(most, &on, &stored, merged.body.get("items").unwrap_or(&Value::Null))?;
    }
    let mut result = stored.clone();
    result.extend(merged.body.clone());
    let mut preview = on.preview(&stored, &result, &data);
    if preview.is_empty() {
        return Err(ToolError::refused(
            format!("{} {name:?} has these rows already; nothing was sent.", on.def.name),
            "Nothing is to be done.",
        ));
    }
    let mut rows = order.rows(&stored, &merged.given, &merged.body);
    let bare = describe(&on, &mut rows).await;
    let warning = (!bare.is_empty()).then(|| format!("rows that are added have no description: {}", bare.join(", ")));
    preview.extend(warning.iter().map(|warning| ("warnings".to_owned(), json!([warning]))));
    let state = WriteState::Changed { stored: &stored, result: &result };
    let cleared = match on.gate_as(Operation::Cancel, Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let write = ItemsWrite { on: &on, name, before: &stored, rows: &rows };
    let sent = send(call.session, &write, cleared).await;
    let answer = sent.inspect_err(|error| on.note_unsettled(name, &stored, error))?;
    let mut told = moved(&on, ("updated", None), name, stored.clone(), answer.messages).await;
    note_titles(&mut told.data, titled);
    told.messages.extend(warning);
    if permit.is_conditional()
        && let Ok(now) = on.stored(name).await
    {
        on.note_violation(&mut told.data, &now);
    }
    Ok(told)
}

/// The error with its places as the caller gave them: the rows are an argument of their own.
fn in_items(error: ToolError) -> ToolError {
    let ToolError::Arguments { tool, mut violations, next } = error else { return error };
    for found in &mut violations {
        found.path = found.path.strip_prefix("data.").unwrap_or(&found.path).to_owned();
    }
    ToolError::Arguments { tool, violations, next }
}

/// That the order would be worth no more than that.
///
/// # Errors
/// That it would, or that it cannot be told: a caller who chooses the quantities would find out a rate that is withheld.
fn within(most: u64, on: &DocTypeCall<'_>, stored: &Map<String, Value>, items: &Value) -> Result<(), ToolError> {
    let why = if !["items.qty", "items.rate", "conversion_rate"].into_iter().all(|name| on.may_read(name)) {
        "what the order would be over is withheld by this server's configuration".to_owned()
    } else if worth_of_rows(items, number(stored, "conversion_rate")) > most as f64 {
        format!("the order would be over more than {most}")
    } else {
        return Ok(());
    };
    Err(ToolError::refused(
        format!("permissions.quota.submit_amount: {why}; nothing was sent."),
        "A person does that on the site.",
    ))
}

/// That the order is submitted and goes on.
fn changeable(on: &DocTypeCall<'_>, name: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
    on.needs_to_read(&["status"])?;
    let status = text_of(stored, "status");
    let (why, next) = match Docstatus::of(stored) {
        Docstatus::Draft => ("is a draft", "Update it: a draft's rows are changed like any of its fields."),
        Docstatus::Cancelled => ("is cancelled and stays so", "Amend it for a new draft."),
        Docstatus::Submitted if status == "Closed" => ("is closed", "change_order_status reopens it."),
        Docstatus::Submitted => return Ok(()),
    };
    Err(ToolError::refused(format!("{} {name:?} {why}; nothing was sent.", on.def.name), next))
}

impl Order {
    fn takes(&self) -> impl Iterator<Item = &'static str> + Clone {
        TAKEN.into_iter().chain([self.date])
    }

    /// What the site would not take, or would take and lose.
    fn wrong(
        &self,
        on: &DocTypeCall<'_>,
        stored: &Map<String, Value>,
        given: &Map<String, Value>,
        body: &Map<String, Value>,
    ) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut wrong = |path: String, message: String, nearest: Option<&str>| {
            violations.push(Violation { path, rule: Rule::Value, message, nearest: nearest.map(str::to_owned) });
        };
        // What is done is the same to a caller who may not see it: any refusal by it would tell how much that is.
        let is_withheld = |column: &&str| !on.may_read(&format!("items.{column}"));
        let withheld: Vec<&str> = self.done.into_iter().filter(is_withheld).collect();
        let unknown = format!("{} of it is withheld by this server's configuration", withheld.join(" and "));
        let (before, after, columns) = (items(stored), items(body), items(given));
        for (row, columns) in after.iter().zip(&columns) {
            let old = old_of(&before, row);
            let at = row.get("idx").and_then(Value::as_u64).unwrap_or_default();
            for column in columns.keys().filter(|column| !matches!(column.as_str(), "name" | "idx")) {
                let path = format!("items[{at}].{column}");
                if !self.takes().any(|taken| taken == column) {
                    let listed = self.takes().collect::<Vec<_>>().join(", ");
                    wrong(
                        path,
                        format!("is fixed once the order is submitted; a row takes {listed}"),
                        nearest(column, self.takes()),
                    );
                } else if column == "item_code" && old.is_some_and(|old| old.get("item_code") != row.get("item_code")) {
                    wrong(path, "the item of a row is fixed: remove the row and add another".to_owned(), None);
                }
            }
            if old.is_none() && !columns.contains_key("rate") {
                let message = "is needed in a row that is added: without it the site takes 0".to_owned();
                wrong(format!("items[{at}].rate"), message, None);
            }
            let of_old = |column: &str| old.map_or(0.0, |old| number_or_zero(old, column));
            let (qty, done, path) = (number_or_zero(row, "qty"), of_old(self.done[0]), format!("items[{at}].qty"));
            if qty <= 0.0 {
                wrong(path, "has to be above 0; remove takes a row out".to_owned(), None);
            } else if !withheld.is_empty() {
                if qty < of_old("qty") {
                    wrong(path, format!("cannot be lowered: {unknown}"), None);
                }
            } else if qty < done {
                let message = format!("{qty} is less than its {} of {done}", self.done[0]);
                wrong(path, message, Some(&done.to_string()));
            }
        }
        for old in before.iter().filter(|old| !after.iter().any(|row| row.get("name") == old.get("name"))) {
            let at = old.get("idx").and_then(Value::as_u64).unwrap_or_default();
            let done = || self.done.into_iter().find(|done| number_or_zero(old, done) > 0.0);
            if !withheld.is_empty() {
                wrong(format!("items[{at}]"), format!("cannot be removed: {unknown}"), None);
            } else if let Some(done) = done() {
                wrong(
                    format!("items[{at}]"),
                    format!("cannot be removed: its {done} is {}", number_or_zero(old, done)),
                    None,
                );
            }
        }
        violations
    }

    /// The rows as the site takes them: all that are to stay.
    fn rows(&self, stored: &Map<String, Value>, given: &Map<String, Value>, body: &Map<String, Value>) -> Vec<Value> {
        let (before, columns) = (items(stored), items(given));
        let of = |(at, row): (usize, &Map<String, Value>)| {
            // A factor of before is that of the unit of before; the site knows that of another.
            let old_unit = old_of(&before, row).and_then(|old| old.get("uom"));
            let is_given = columns.get(at).is_some_and(|columns| columns.contains_key("conversion_factor"));
            let is_stale = !is_given && old_unit.is_some_and(|unit| row.get("uom") != Some(unit));
            let columns = self.takes().chain(CARRIED).filter(|column| *column != "conversion_factor" || !is_stale);
            let taken = columns.filter_map(|column| Some((column.to_owned(), row.get(column)?.clone())));
            let mut sent: Map<String, Value> = taken.collect();
            for key in ["docname", "name"] {
                sent.extend(row.get("name").map(|name| (key.to_owned(), name.clone())));
            }
            sent.extend(row.get("idx").map(|at| ("idx".to_owned(), at.clone())));
            Value::Object(sent)
        };
        items(body).into_iter().enumerate().map(of).collect()
    }
}

fn items(doc: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    doc.get("items").into_iter().flat_map(rows).collect()
}

/// The row as it is stored; none of one that is added.
fn old_of<'m>(before: &[&'m Map<String, Value>], row: &Map<String, Value>) -> Option<&'m Map<String, Value>> {
    before.iter().find(|old| row.get("name").is_some() && old.get("name") == row.get("name")).copied()
}

/// Gives each row that is added the description of its item, as the desk's form does: version 16 works none out. Gives the
/// items whose rows will have none.
async fn describe(on: &DocTypeCall<'_>, rows: &mut [Value]) -> Vec<String> {
    let session = on.session;
    let field = session.catalog.known("Item").and_then(|def| def.field(DESCRIPTION));
    let permit = session.permit(Operation::Read, "Item").await.ok();
    let permit = permit.filter(|permit| field.is_some_and(|field| permit.fields().may_read(field)));
    let mut bare = Vec::new();
    for row in rows {
        let Some(row) = row.as_object_mut().filter(|row| !row.contains_key("name")) else { continue };
        let Some(item) = row.get("item_code").and_then(document_name) else { continue };
        let found = match &permit {
            Some(permit) => session.site.get(permit, &item).await.map(|item| item.data.get(DESCRIPTION).cloned()),
            None => Ok(None),
        };
        match found {
            Ok(Some(text)) if text.as_str().is_some_and(|text| !text.is_empty()) => {
                row.insert(DESCRIPTION.to_owned(), text);
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::info!("description of Item {item:?}: {}", error.for_log()),
        }
        bare.push(item);
    }
    bare.retain(|_| session.catalog.version().major() >= 16);
    bare
}

/// The rows of an order, replaced.
struct ItemsWrite<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
    rows: &'a [Value],
}

impl ItemsWrite<'_> {
    /// Whether the order has these rows, and no others.
    fn are_there(&self, now: &Map<String, Value>) -> bool {
        let now = items(now);
        let number = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or_default();
        let same = |sent: &Value, row: &Map<String, Value>| {
            (sent["name"].is_null() || row.get("name") == Some(&sent["name"]))
                && row.get("item_code") == Some(&sent["item_code"])
                && ["delivery_date", "schedule_date", "uom"]
                    .into_iter()
                    .all(|column| sent.get(column).is_none_or(|value| row.get(column) == Some(value)))
                && ["qty", "rate", "conversion_factor"].into_iter().all(|column| {
                    sent.get(column).is_none_or(|value| (number(Some(value)) - number(row.get(column))).abs() < 1e-6)
                })
        };
        now.len() == self.rows.len() && self.rows.iter().all(|sent| now.iter().any(|row| same(sent, row)))
    }
}

impl<'a> Write for ItemsWrite<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.set_order_items(cleared, self.rows).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        Ok(match self.on.now(self.name).await? {
            None => Verdict::Open("the order is gone".to_owned()),
            Some(now) if now.get("modified") == self.before.get("modified") => Verdict::NotYet(UNCHANGED.to_owned()),
            Some(now) if self.are_there(&now) => Verdict::Made(()),
            Some(_) => Verdict::Open("the order was changed, and does not have these rows".to_owned()),
        })
    }

    fn what(&self) -> String {
        format!("change of the items of {} {:?}", self.on.def.name, self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::ORDERS;

    fn doc(items: Value) -> Map<String, Value> {
        Map::from_iter([("items".to_owned(), items)])
    }

    fn sent(given: Value, row: Value) -> Value {
        let stored = json!([{
            "name": "R1", "idx": 1, "item_code": "A", "qty": 2.0, "rate": 5.0, "uom": "Nos", "conversion_factor": 1.0,
            "description": "<p>As it was</p>", "fg_item": "F", "fg_item_qty": 2.0, "amount": 10.0,
        }]);
        let mut body = stored[0].clone();
        body.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        ORDERS[1].rows(&doc(stored), &doc(json!([given])), &doc(json!([body]))).remove(0)
    }

    #[test]
    fn a_row_is_sent_with_all_that_the_site_would_empty() {
        let sent = sent(json!({"name": "R1", "qty": 3.0}), json!({"qty": 3.0}));
        assert_eq!((&sent["docname"], &sent["qty"], &sent["rate"]), (&json!("R1"), &json!(3.0), &json!(5.0)));
        assert_eq!((&sent["description"], &sent["fg_item"]), (&json!("<p>As it was</p>"), &json!("F")));
        assert_eq!((&sent["conversion_factor"], sent.get("amount")), (&json!(1.0), None));
    }

    #[test]
    fn a_factor_of_another_unit_is_not_sent() {
        let box_ = json!({"uom": "Box"});
        assert_eq!(sent(box_.clone(), box_).get("conversion_factor"), None);
        let both = json!({"uom": "Box", "conversion_factor": 12.0});
        assert_eq!(sent(both.clone(), both)["conversion_factor"], 12.0);
        let same = json!({"uom": "Nos"});
        assert_eq!(sent(same.clone(), same)["conversion_factor"], 1.0);
    }
}
