//! `get_item_price`: what an item costs a customer, or at a supplier, and why: the list's price, the rules that changed it,
//! and the prices that the list has.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::candidates::{Question, candidates};
use super::facts::{Facts, PARTY_FACTS, PRICE_FACTS, WITHOUT_RULES, applied};
use super::free::free_items;
use super::meant::{is_party, party_kind};
use super::outside::{BESIDE_ITEM, BESIDE_PARTY, named, outside};
use super::seen::{Row, allowed, beside, exact, filled, sees};
use super::{Transaction, called, company_of, currency_of, def, exists, is_a_date, note_chosen, reads};
use crate::answer::{ToolAnswer, note_of};
use crate::context::Session;
use crate::document::amounts::number_or_zero;
use crate::documents::DocTypeCall;
use crate::documents::beyond::neighbour;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::{self, text_of};
use crate::tool::kinds::{Amount, Day};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// What is told of a rule.
const RULE: [&str; 14] = [
    "title",
    "rate_or_discount",
    "rate",
    "discount_percentage",
    "discount_amount",
    "margin_type",
    "margin_rate_or_amount",
    "min_qty",
    "max_qty",
    "valid_from",
    "valid_upto",
    "for_price_list",
    "free_item",
    "priority",
];

/// What an item costs, and why.
pub static PRICE_OF: ToolSpec = ToolSpec {
    name: "get_item_price",
    title: "Price of an item and why",
    description: "Returns what an item costs a customer, or at a supplier, on a date for a quantity and unit: list price, discount, \
                  rate, the pricing rules that made it, and the Item Prices that were candidates. Without price_list it is \
                  the party's own.",
    toolset: Toolset::Data,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: |policy| reads(policy, "Item") && reads(policy, "Item Price"),
    special: Special { modules: &["buying", "selling", "stock"], ..Special::NONE },
    handler: handler!(PriceArgs, price),
};

#[derive(Deserialize, JsonSchema)]
struct PriceArgs {
    /// the Item's name
    item_code: String,
    /// default: the only one that there is
    company: Option<String>,
    /// default: Sales Order
    #[serde(rename = "for")]
    transaction: Option<Transaction>,
    /// the Customer, or for purchases the Supplier
    party: Option<String>,
    price_list: Option<String>,
    /// default: 1
    qty: Option<Amount>,
    uom: Option<String>,
    /// default: today
    date: Option<Day>,
}

async fn price(call: Call<'_>, mut args: PriceArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let (permit, name) = called(session, "Item", &args.item_code).await?;
    args.item_code = name;
    let item = args.item_code.as_str();
    let on = DocTypeCall::of(&call, &permit).await?;
    let company = &company_of(session, args.company.as_deref()).await?;
    named(session, "Price List", args.price_list.as_deref()).await?;
    named(session, "UOM", args.uom.as_deref()).await?;
    is_a_date(args.date.as_deref())?;
    let date = args.date.as_deref().map_or_else(|| session.today().to_string(), str::to_owned);
    let transaction = args.transaction.unwrap_or(Transaction::SalesOrder);
    let kind = party_kind(transaction.sells());
    let mut notes = Vec::new();
    let list = list(session, &args, company, transaction, &mut notes).await?;
    let currency = allowed(list_currency(&on, &list).await)?.flatten();
    if currency.is_none() {
        notes.push("the currency of the list may not be read: prices are in it, whichever it is".to_owned());
    }
    let asked_in = match &currency {
        Some(currency) => Some(currency.clone()),
        None => currency_of(session, company).await?,
    };
    let qty = args.qty.as_deref().copied().unwrap_or(1.0);
    let terms = Terms { transaction, company, list: &list, currency: asked_in.as_deref(), qty, date: &date };
    let mut asked = terms.asked(&args);
    let mut facts = Facts::new(session, "Item");
    let with_rules = facts.ask_rules(&mut asked).await;
    let mut details = session.site.item_details(&permit, &asked).await?;
    let applied = applied(&details);
    details.insert("price_list".to_owned(), json!(list));
    put_rate(&mut details, qty);
    let given = details.remove("free_item_data");
    let mut out_of_sight = outside(session, BESIDE_ITEM, &details, &asked).await?;
    if out_of_sight.contains(&"price_list_rate") {
        out_of_sight.extend(["rate", "amount"]);
    }
    out_of_sight.extend(facts.by_unit(&details).await);
    let mut answer = terms.told(&args);
    answer.extend(currency.map(|currency| ("currency".to_owned(), json!(currency))));
    facts.give(details, PRICE_FACTS, &out_of_sight, &mut answer).await;
    if answer.get("price_list_rate").and_then(Value::as_f64) == Some(0.0) {
        notes.push("the list has no price for it".to_owned());
    }
    let mut withheld: Vec<Value> = match answer.remove("withheld") {
        Some(Value::Array(withheld)) => withheld,
        _ => Vec::new(),
    };
    if with_rules {
        let free = free_items(session, &mut facts, given.as_ref()).await?;
        if free.as_ref().is_none_or(|free| !free.is_empty()) {
            put(&mut answer, &mut withheld, "free_item_data", free);
        }
        let rules = beside(rules(&on, &applied, &mut notes).await, "Pricing Rule", &mut notes)?;
        put(&mut answer, &mut withheld, "pricing_rules", rules);
    } else {
        withheld.extend(["free_item_data", "pricing_rules"].map(Value::from));
        notes.push(WITHOUT_RULES.to_owned());
    }
    // What may not be told of the units is not told by the prices that are left out either.
    let [uom, stock_uom] = ["uom", "stock_uom"].map(|key| text_of(&answer, key).to_owned());
    let is_another = !uom.is_empty() && !stock_uom.is_empty() && uom != stock_uom;
    if is_another && number_or_zero(&answer, "conversion_factor") == 1.0 {
        notes.push(format!("the item may state no conversion of {uom}: the site took one for one"));
    }
    let party = args.party.as_deref();
    let question = Question { item, list: &list, kind, party, date: &date, qty, uom: &uom, stock_uom: &stock_uom };
    let prices = beside(candidates(&on, &question, &mut notes).await, "Item Price", &mut notes)?;
    put(&mut answer, &mut withheld, "candidates", prices);
    if !withheld.is_empty() {
        answer.insert("withheld".to_owned(), json!(withheld));
    }
    answer.extend(note_of(&notes));
    Ok(answer.into())
}

/// Adds a part to the answer; one that is not there may not be told.
fn put(answer: &mut Row, withheld: &mut Vec<Value>, key: &str, part: Option<Vec<Value>>) {
    match part {
        Some(part) => drop(answer.insert(key.to_owned(), Value::Array(part))),
        None => withheld.push(json!(key)),
    }
}

/// What a price is asked for, with what the call leaves open.
struct Terms<'a> {
    transaction: Transaction,
    company: &'a str,
    list: &'a str,
    currency: Option<&'a str>,
    qty: f64,
    date: &'a str,
}

impl Terms<'_> {
    /// As the site is asked. Without other rates than 1 the price stays in the currency of its list.
    fn asked(&self, args: &PriceArgs) -> Row {
        let mut asked = Row::from_iter([
            ("item_code".to_owned(), json!(args.item_code)),
            ("company".to_owned(), json!(self.company)),
            ("doctype".to_owned(), json!(self.transaction.as_str())),
            ("price_list".to_owned(), json!(self.list)),
            ("qty".to_owned(), json!(self.qty)),
            ("transaction_date".to_owned(), json!(self.date)),
            ("conversion_rate".to_owned(), json!(1)),
            ("plc_conversion_rate".to_owned(), json!(1)),
        ]);
        let (currency, uom) = (self.currency, args.uom.as_deref());
        for (key, value) in [("currency", currency), ("price_list_currency", currency), ("uom", uom)] {
            asked.extend(value.map(|value| (key.to_owned(), json!(value))));
        }
        let party = party_kind(self.transaction.sells()).to_lowercase();
        asked.extend(args.party.as_ref().map(|name| (party, json!(name))));
        asked
    }

    /// As they stand in the answer.
    fn told(&self, args: &PriceArgs) -> Row {
        let mut told = Row::from_iter([
            ("for".to_owned(), json!(self.transaction.as_str())),
            ("date".to_owned(), json!(self.date)),
            ("qty".to_owned(), json!(self.qty)),
        ]);
        note_chosen(&mut told, args.company.as_deref(), self.company);
        told.extend(args.party.as_ref().map(|party| ("party".to_owned(), json!(party))));
        told
    }
}

/// The list that is named, or else the party's own.
async fn list(
    session: &Session<'_>,
    args: &PriceArgs,
    company: &str,
    transaction: Transaction,
    notes: &mut Vec<String>,
) -> Result<String, ToolError> {
    let kind = party_kind(transaction.sells());
    let permit = match args.party.as_deref() {
        Some(party) => Some((party, is_party(session, kind, party).await?)),
        None => None,
    };
    if let Some(list) = &args.price_list {
        return Ok(list.clone());
    }
    let key = if transaction.sells() { "selling_price_list" } else { "buying_price_list" };
    if let Some((party, permit)) = permit {
        let mut asked = Row::from_iter([("doctype".to_owned(), json!(transaction.as_str()))]);
        asked.insert("company".to_owned(), json!(company));
        let details = session.site.party_details(&permit, party, &asked).await?;
        let outside = outside(session, BESIDE_PARTY, &details, &asked).await?;
        let mut told = Row::new();
        Facts::new(session, kind).give(details, PARTY_FACTS, &outside, &mut told).await;
        if let Some(list) = told.get(key).and_then(Value::as_str) {
            named(session, "Price List", Some(list)).await?;
            return Ok(list.to_owned());
        }
        if told.get("withheld").and_then(Value::as_array).is_some_and(|withheld| withheld.contains(&json!(key))) {
            return Err(ToolError::refused(
                "price_list: which list is the party's own may not be read here.",
                "Name the price list.",
            ));
        }
    }
    let usual = if transaction.sells() { "Standard Selling" } else { "Standard Buying" };
    let of_settings = of_settings(session, transaction, key).await?;
    let is_known = of_settings.is_some();
    let list = of_settings.unwrap_or_else(|| usual.to_owned());
    // A site in another language has none of this name, and answers as if the item cost nothing.
    match allowed(exists(session, "Price List", &list).await) {
        Ok(Some(_)) => {}
        // What the settings name is there, whether or not lists may be looked up.
        Ok(None) | Err(ToolError::Denied(_)) if is_known => {}
        Ok(None) | Err(ToolError::Refused { .. } | ToolError::Denied(_)) => {
            return Err(ToolError::refused(
                "price_list: none was named, none is the party's own, and which is the site's own is not known here.",
                "Name the price list.",
            ));
        }
        Err(error) => return Err(error),
    }
    notes.push(format!("no price list was named, and none is the party's own: {list} was asked for"));
    Ok(list)
}

/// The price list of the site's settings, where it may be read.
async fn of_settings(session: &Session<'_>, transaction: Transaction, key: &str) -> Result<Option<String>, ToolError> {
    let settings = if transaction.sells() { "Selling Settings" } else { "Buying Settings" };
    let permit = match session.permit(Operation::Read, settings).await {
        Ok(permit) if !permit.is_row_filtered() => permit,
        Ok(_) | Err(ToolError::Denied(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let field = def(session, settings).await?.field(key);
    if !field.is_some_and(|field| permit.fields().may_read(field)) {
        return Ok(None);
    }
    let found = allowed(session.site.get(&permit, settings).await.map_err(ToolError::from))?;
    let list = found.map(|found| text_of(&found.data, key).to_owned());
    Ok(list.filter(|list| !list.is_empty()))
}

/// The currency of a price list, where it may be read.
async fn list_currency(on: &DocTypeCall<'_>, list: &str) -> Result<Option<String>, ToolError> {
    let Ok(there) = neighbour(on, "Price List").await? else { return Ok(None) };
    let Some(field) = there.def.field("currency").filter(|_| sees(&there, "currency")) else { return Ok(None) };
    let found = on.fields_of(&there, &BTreeSet::from([list]), &[field]).await?;
    let currency = found.get(list).map(|row| text_of(row, "currency").to_owned());
    Ok(currency.filter(|currency| !currency.is_empty()))
}

/// Adds what one costs, and all; neither where there is no price.
fn put_rate(details: &mut Row, qty: f64) {
    if let Some(rate) = rate(details) {
        details.insert("rate".to_owned(), exact(rate));
        details.insert("amount".to_owned(), exact(rate * qty));
    } else {
        details.remove("rate");
        details.remove("amount");
    }
}

/// What one costs after margin and discount, as the desk works it out; nothing where there is no price.
fn rate(details: &Row) -> Option<f64> {
    let list = Some(number_or_zero(details, "price_list_rate")).filter(|list| *list != 0.0)?;
    let margin = number_or_zero(details, "margin_rate_or_amount");
    let with_margin = match text_of(details, "margin_type") {
        "Percentage" => list * (1.0 + margin / 100.0),
        "Amount" => list + margin,
        _ => list,
    };
    Some(match number_or_zero(details, "discount_percentage") {
        percent if percent != 0.0 => with_margin * (1.0 - percent / 100.0),
        _ => with_margin - number_or_zero(details, "discount_amount"),
    })
}

/// What may be told of the rules; nothing where rules may not be read.
async fn rules(
    on: &DocTypeCall<'_>,
    applied: &[String],
    notes: &mut Vec<String>,
) -> Result<Option<Vec<Value>>, ToolError> {
    let Ok(there) = neighbour(on, "Pricing Rule").await? else { return Ok(None) };
    let names: BTreeSet<&str> = applied.iter().map(String::as_str).collect();
    let fields: Vec<_> =
        RULE.into_iter().filter(|name| sees(&there, name)).filter_map(|name| there.def.field(name)).collect();
    let mut found = on.fields_of(&there, &names, &fields).await?;
    if found.len() < names.len() {
        notes.push("pricing rules that you may not see may have changed the price".to_owned());
    }
    let columns: Vec<String> = ["name"].into_iter().chain(RULE).map(str::to_owned).collect();
    let told = applied.iter().filter_map(|name| found.remove(name));
    Ok(Some(told.map(|rule| filled(shape::row(there.def, &there.permit, &columns, rule))).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::rate;

    fn row(value: Value) -> super::Row {
        match value {
            Value::Object(row) => row,
            _ => super::Row::new(),
        }
    }

    #[test]
    fn a_rate_is_the_list_price_with_margin_and_less_the_discount() {
        let of = |value: Value| rate(&row(value));
        assert_eq!(of(json!({"price_list_rate": 80.0})), Some(80.0));
        assert_eq!(of(json!({"price_list_rate": 80.0, "discount_percentage": 25})), Some(60.0));
        assert_eq!(of(json!({"price_list_rate": 80.0, "discount_amount": 5})), Some(75.0));
        let margin = json!({"price_list_rate": 80.0, "margin_type": "Percentage", "margin_rate_or_amount": 50, "discount_percentage": 25});
        assert_eq!(of(margin), Some(90.0));
        let margin = json!({"price_list_rate": 80.0, "margin_type": "Amount", "margin_rate_or_amount": 20});
        assert_eq!(of(margin), Some(100.0));
        // No price is not a price of nothing.
        assert_eq!(of(json!({"price_list_rate": 0.0, "discount_percentage": 25})), None);
    }
}
