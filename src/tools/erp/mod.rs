//! What ERPNext itself would fill in: stock of an item, its price and accounts, the terms of a party. The answers are made
//! of fields of many DocTypes, so each is given only where the rule of its own DocType lets it be read.

mod arrivals;
mod batches;
mod candidates;
mod facts;
mod free;
mod levels;
mod lying;
mod meant;
mod outside;
mod price;
mod seen;

use erpnext_schema::{DocTypeDef, Order, time};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{ToolAnswer, note_of};
use crate::context::{Session, companies};
use crate::documents::{suggest, titles};
use crate::error::ToolError;
use crate::policy::{Operation, Permit, Policy};
use crate::shape::{self, FOR_READS};
use crate::site::{Filter, ListQuery};
use crate::tool::kinds::{Day, choices};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use facts::{Facts, ITEM_FACTS, PARTY_FACTS, WITHOUT_RULES};
use lying::may_be_of_a_day;
use meant::{is_no_group, is_party, keeps_none, party_kind};
use outside::{BESIDE_ITEM, BESIDE_PARTY, in_sight, named, outside};
use seen::{PART, allowed, is_part};

pub use levels::LEVELS;
pub use price::PRICE_OF;

/// The columns of stock, and those that are added up.
const STOCK_FIELDS: [&str; 7] =
    ["warehouse", "actual_qty", "reserved_qty", "ordered_qty", "projected_qty", "valuation_rate", "stock_uom"];
const QUANTITIES: [&str; 4] = ["actual_qty", "reserved_qty", "ordered_qty", "projected_qty"];
/// The most warehouses of one item.
const MOST_BINS: u32 = 500;

choices!(Transaction {
    SalesOrder = "Sales Order",
    Quotation = "Quotation",
    DeliveryNote = "Delivery Note",
    SalesInvoice = "Sales Invoice",
    PurchaseOrder = "Purchase Order",
    SupplierQuotation = "Supplier Quotation",
    PurchaseReceipt = "Purchase Receipt",
    PurchaseInvoice = "Purchase Invoice",
});

impl Transaction {
    const fn sells(self) -> bool {
        matches!(self, Self::SalesOrder | Self::Quotation | Self::DeliveryNote | Self::SalesInvoice)
    }
}

choices!(pub(crate) PartyType {
    Customer = "Customer",
    Supplier = "Supplier",
});

fn reads(policy: &Policy, doctype: &str) -> bool {
    policy.operations(doctype).contains(Operation::Read)
}

/// How much of an item lies where.
pub static STOCK: ToolSpec = ToolSpec {
    name: "get_stock_balance",
    title: "Stock of an item",
    description: "Returns an item's stock by warehouse: actual, reserved, ordered, projected. With date: the stock \
                  of one warehouse at the end of that day.",
    toolset: Toolset::More,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: |policy| reads(policy, "Item") && reads(policy, "Bin"),
    special: Special { modules: &["stock"], ..Special::NONE },
    handler: handler!(StockArgs, stock),
};

#[derive(Deserialize, JsonSchema)]
struct StockArgs {
    /// the Item's name
    item_code: String,
    warehouse: Option<String>,
    /// YYYY-MM-DD; needs warehouse
    date: Option<Day>,
}

/// What an item would cost.
pub static ITEM: ToolSpec = ToolSpec {
    name: "get_item_details",
    title: "Price and terms of an item",
    description: "Returns the values that ERPNext fills into a row for an item: list price, discount, warehouse, \
                  accounts, tax, stock. Use it before an order or quotation.",
    toolset: Toolset::More,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: |policy| reads(policy, "Item"),
    special: Special { modules: &["buying", "selling", "stock"], ..Special::NONE },
    handler: handler!(ItemArgs, item),
};

#[derive(Deserialize, JsonSchema)]
struct ItemArgs {
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
    /// default: the company's
    currency: Option<String>,
    qty: Option<u64>,
    warehouse: Option<String>,
    date: Option<Day>,
}

/// What holds for a party.
pub static PARTY: ToolSpec = ToolSpec {
    name: "get_party_details",
    title: "Terms of a customer or supplier",
    description: "Returns the values that ERPNext fills in for a customer or supplier: address, contact, currency, \
                  price list, payment terms, tax.",
    toolset: Toolset::More,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: |policy| reads(policy, "Customer") || reads(policy, "Supplier"),
    special: Special { modules: &["accounts", "buying", "selling"], ..Special::NONE },
    handler: handler!(PartyArgs, party),
};

#[derive(Deserialize, JsonSchema)]
struct PartyArgs {
    party_type: PartyType,
    /// its name (ID)
    party: String,
    company: Option<String>,
    #[serde(rename = "for")]
    transaction: Option<Transaction>,
    /// of the document, for the due date
    date: Option<Day>,
}

async fn stock(call: Call<'_>, args: StockArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let (of_item, item) = called(session, "Item", &args.item_code).await?;
    let item = item.as_str();
    let warehouse = warehouse(session, args.warehouse.as_deref(), None).await?;
    let permit = session.permit(Operation::Read, "Bin").await?;
    let bin = def(session, "Bin").await?;
    let masked = session.masked("Bin", FOR_READS).await?;
    let may =
        |name: &str| bin.field(name).is_some_and(|field| permit.fields().may_read(field)) && !masked.hides("Bin", name);
    // A filter by what is withheld would tell it.
    if let Some(hidden) = ["item_code", "warehouse"].into_iter().find(|name| !may(name)) {
        return Err(ToolError::not_readable(hidden, "Bin"));
    }
    if let Some(date) = args.date.as_deref() {
        let Some(warehouse) = warehouse.as_deref().filter(|_| may("actual_qty")) else {
            let levels = call.registry.find(LEVELS.name).map_or("", |_| "ask get_stock_levels, which needs none, ");
            return Err(ToolError::refused(
                "date: needs a warehouse, and permission to read actual_qty of Bin.",
                format!("Name a warehouse, {levels}or leave out date for the current stock."),
            ));
        };
        is_a_date(Some(date))?;
        may_be_of_a_day(session.policy)?;
        exists(session, "Warehouse", warehouse).await?;
        let qty = session.site.stock_balance(&permit, item, warehouse, date).await?;
        let mut result = json!({"item_code": item, "warehouse": warehouse, "date": date, "actual_qty": qty});
        if qty == 0.0 {
            note(&mut result, keeps_none(session, &of_item, item).await?);
        }
        return Ok(result.into());
    }
    let (fields, withheld): (Vec<&str>, Vec<&str>) = STOCK_FIELDS.into_iter().partition(|name| may(name));
    let fields: Vec<String> = fields.into_iter().map(str::to_owned).collect();
    let mut filters = vec![Filter::eq("item_code", item)];
    filters.extend(warehouse.map(|warehouse| Filter::eq("warehouse", warehouse)));
    let order_by = vec![Order::asc("warehouse"), Order::asc("name")];
    let query = ListQuery { fields, filters, order_by, limit: MOST_BINS, own_columns: true, ..ListQuery::default() };
    let mut rows = session.site.list(&permit, &query).await?.data;
    let mut notes = Vec::new();
    if rows.len() >= MOST_BINS as usize {
        notes.push(format!("of its warehouses the first {MOST_BINS} are counted: get_stock_levels counts all"));
    }
    let warehouses = rows.iter().filter_map(|row| row.get("warehouse")).collect();
    if let Some(seen) = in_sight(session, "Warehouse", warehouses).await? {
        rows.retain(|row| row.get("warehouse").is_some_and(|warehouse| seen.contains(warehouse)));
    }
    let mut sums = Map::new();
    for name in QUANTITIES.into_iter().filter(|name| may(name)) {
        sums.insert(
            name.to_owned(),
            json!(rows.iter().filter_map(|row| row.get(name)?.as_f64()).fold(0.0, |sum, value| sum + value)),
        );
    }
    let rows: Vec<_> = rows.into_iter().map(|row| shape::row(bin, &permit, &query.fields, row)).collect();
    let mut result = json!({"item_code": item, "total": sums, "warehouses": rows});
    if rows.is_empty() {
        notes.extend(keeps_none(session, &of_item, item).await?);
    }
    if is_part(session, &permit).await? {
        notes.push(PART.to_owned());
    }
    if !withheld.is_empty() {
        result["withheld"] = json!(withheld);
    }
    note(&mut result, notes);
    Ok(result.into())
}

fn note(result: &mut Value, notes: impl IntoIterator<Item = String>) {
    if let Some((key, note)) = note_of(&Vec::from_iter(notes)) {
        result[key] = note;
    }
}

async fn item(call: Call<'_>, args: ItemArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let (permit, item) = called(session, "Item", &args.item_code).await?;
    let item = item.as_str();
    named(session, "Price List", args.price_list.as_deref()).await?;
    let company = &company_of(session, args.company.as_deref()).await?;
    let warehouse = warehouse(session, args.warehouse.as_deref(), Some(company)).await?;
    let transaction = args.transaction.unwrap_or(Transaction::SalesOrder);
    let selling = transaction.sells();
    let currency = match args.currency {
        Some(currency) => Some(currency),
        None => currency_of(session, company).await?,
    };
    let list = args.price_list.as_deref().unwrap_or(if selling { "Standard Selling" } else { "Standard Buying" });
    let mut asked = json!({
        "item_code": item, "company": company, "doctype": transaction.as_str(), "price_list": list, "conversion_rate": 1,
        "plc_conversion_rate": 1, "qty": args.qty.unwrap_or(1),
    });
    if let Some(currency) = currency {
        (asked["currency"], asked["price_list_currency"]) = (json!(currency), json!(currency));
    }
    if let Some(party) = args.party.as_deref() {
        let kind = party_kind(selling);
        is_party(session, kind, party).await?;
        asked[kind.to_lowercase()] = json!(party);
    }
    is_a_date(args.date.as_deref())?;
    for (key, value) in [("warehouse", warehouse.as_deref()), ("transaction_date", args.date.as_deref())] {
        if let Some(value) = value {
            asked[key] = json!(value);
        }
    }
    let mut asked = asked.as_object().cloned().unwrap_or_default();
    let mut facts = Facts::new(session, "Item");
    let with_rules = facts.ask_rules(&mut asked).await;
    let mut details = session.site.item_details(&permit, &asked).await?;
    details.insert("price_list".to_owned(), json!(list));
    let mut outside = outside(session, BESIDE_ITEM, &details, &asked).await?;
    outside.extend(facts.by_unit(&details).await);
    let mut result = Map::from_iter([("for".to_owned(), json!(transaction.as_str()))]);
    note_chosen(&mut result, args.company.as_deref(), company);
    facts.give(details, ITEM_FACTS, &outside, &mut result).await;
    if !with_rules {
        result.insert("note".to_owned(), json!(WITHOUT_RULES));
    }
    Ok(result.into())
}

async fn party(call: Call<'_>, args: PartyArgs) -> Result<ToolAnswer, ToolError> {
    let (session, kind) = (call.session, args.party_type.as_str());
    let (permit, name) = called(session, kind, &args.party).await?;
    let name = name.as_str();
    named(session, "Company", args.company.as_deref()).await?;
    is_a_date(args.date.as_deref())?;
    let transaction = args.transaction.unwrap_or(match args.party_type {
        PartyType::Customer => Transaction::SalesOrder,
        PartyType::Supplier => Transaction::PurchaseOrder,
    });
    let mut asked = Map::from_iter([("doctype".to_owned(), json!(transaction.as_str()))]);
    for (key, value) in [("company", args.company.as_deref()), ("posting_date", args.date.as_deref())] {
        asked.extend(value.map(|value| (key.to_owned(), json!(value))));
    }
    let details = session.site.party_details(&permit, name, &asked).await?;
    let outside = outside(session, BESIDE_PARTY, &details, &asked).await?;
    let mut result = Map::new();
    Facts::new(session, kind).give(details, PARTY_FACTS, &outside, &mut result).await;
    Ok(result.into())
}

/// Leave to read documents of the DocType, of which there must be one of that name: the helpers answer a wrong one with
/// zeros or a 500.
async fn exists(session: &Session<'_>, doctype: &str, name: &str) -> Result<Permit, ToolError> {
    let permit = session.permit(Operation::Read, doctype).await?;
    match session.site.validate_link(&permit, name, &[]).await? {
        Some(_) => Ok(permit),
        None => Err(missing(session, doctype, name).await),
    }
}

/// The same of a document that may be called by its title, if that is no other's; with its name.
async fn called(session: &Session<'_>, doctype: &'static str, text: &str) -> Result<(Permit, String), ToolError> {
    let missing = match exists(session, doctype, text).await {
        Err(error @ ToolError::Refused { .. }) => error,
        found => return found.map(|permit| (permit, text.to_owned())),
    };
    let name = titles::name_of(session, doctype, text, None).await.ok_or(missing)?;
    Ok((session.permit(Operation::Read, doctype).await?, name))
}

/// The warehouse that is named, perhaps without its company's suffix; there must be one of that name, and no group.
async fn warehouse(
    session: &Session<'_>,
    given: Option<&str>,
    company: Option<&str>,
) -> Result<Option<String>, ToolError> {
    let Some(given) = given else { return Ok(None) };
    let name = titles::in_full(session, "Warehouse", given, company).await;
    named(session, "Warehouse", Some(&name)).await?;
    is_no_group(session, &name).await?;
    Ok(Some(name))
}

/// That `date`, where it is given, is one: the site takes what is none for some day or other, or fails over it.
pub(crate) fn is_a_date(date: Option<&str>) -> Result<(), ToolError> {
    let Some(date) = date else { return Ok(()) };
    time::parse_date(date)
        .map(drop)
        .map_err(|why| ToolError::refused(format!("date: {why}"), "Nothing was sent; give the day as YYYY-MM-DD."))
}

/// That there is no document of that name, with what was probably meant.
pub(super) async fn missing(session: &Session<'_>, doctype: &str, name: &str) -> ToolError {
    let meant =
        suggest::meant(session, doctype, name).await.map_or_else(|| ".".to_owned(), |meant| format!("; {meant}"));
    ToolError::refused(format!("There is no {doctype} named {name:?}{meant}"), "search_link finds the right name.")
}

async fn def(session: &Session<'_>, doctype: &str) -> Result<&'static DocTypeDef, ToolError> {
    session.catalog.def(session.asker(), doctype).await.map_err(|why| session.no_doctype(doctype, why))
}

/// The company that is named, or else the only one that may be seen.
async fn company_of(session: &Session<'_>, given: Option<&str>) -> Result<String, ToolError> {
    if let Some(company) = given {
        named(session, "Company", given).await?;
        return Ok(company.to_owned());
    }
    let there = companies(session, session.site).await;
    match there.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(ToolError::refused(
            "company: none was named, and which there are is not known here.",
            "Name the company.",
        )),
        several => {
            let names: Vec<&str> = several.iter().map(|company| company.name.as_str()).collect();
            Err(ToolError::refused(
                format!("company: none was named, and there are several, such as {}.", names.join(", ")),
                "Name one of them.",
            ))
        }
    }
}

/// Says for which company it is told, where nobody named one.
fn note_chosen(answer: &mut Map<String, Value>, given: Option<&str>, company: &str) {
    if given.is_none() {
        answer.insert("company".to_owned(), json!(company));
    }
}

/// The company's own currency, where it may be read.
async fn currency_of(session: &Session<'_>, company: &str) -> Result<Option<String>, ToolError> {
    let Ok(permit) = session.permit(Operation::Read, "Company").await else { return Ok(None) };
    let field = def(session, "Company").await?.field("default_currency");
    if !field.is_some_and(|field| permit.fields().may_read(field)) {
        return Ok(None);
    }
    let found = session.site.validate_link(&permit, company, &["default_currency"]).await;
    let Some(found) = allowed(found.map_err(ToolError::from))? else { return Ok(None) };
    let Some(found) = found else {
        return Err(ToolError::refused(
            format!("company: there is no Company named {company:?}."),
            "search_link finds the right name.",
        ));
    };
    Ok(found.get("default_currency").and_then(Value::as_str).map(str::to_owned))
}
