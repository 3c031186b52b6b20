//! The Payment Entry as the site makes it for the first invoice, with what the call says laid onto it.

use erpnext_schema::{Purpose, into_rows};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::allocate::{Open, spread, wrong};
use super::currency::{AMOUNTS, Across};
use super::invoices::Invoices;
use super::meant::{Meant, in_data};
use super::{Payment, PaymentArgs, advance, receives};
use crate::document::amounts::{money, number, same};
use crate::document::draft::{Draft, writable};
use crate::documents::{DocTypeCall, file_fields, rich_text};
use crate::error::ToolError;
use crate::shape::text_of;
use crate::site::Mapper;
use crate::tool::Call;
use crate::writes::{fixed_fields, links};

/// The payment that the call means, checked, with the links that were given by title; nothing is stored.
pub async fn make<'a>(
    call: &Call<'a>,
    on: DocTypeCall<'a>,
    invoices: &Invoices<'_>,
    args: &PaymentArgs,
) -> Result<(Payment, DocTypeCall<'a>, Map<String, Value>), ToolError> {
    let tool = call.tool.name();
    let Meant { paid, plan, deducted, account, company } = Meant::of(call, &on, invoices, args).await?;
    let FromSite { doc: mut made, references, has_discount } = from_site(call, &on, invoices, &paid).await?;
    if paid.is_empty() {
        made = advance::begun(call, args, account.as_ref(), &company).await?;
    }
    let sides = if receives(&made) { ("paid_to", "paid_from") } else { ("paid_from", "paid_to") };
    let (ours, _) = sides;
    let mut given = said(args);
    let mut is_unknown = false;
    if let Some(account) = account {
        given.insert(ours.to_owned(), json!(account.name));
        is_unknown = put_account(&mut made, ours, account);
    }
    in_one_currency(&made, deducted)?;
    let across = Across::of(call, &made, &args.data, (company.as_str(), is_unknown), plan.amount).await?;
    AMOUNTS.into_iter().for_each(|field| drop(given.remove(field)));
    if let Err(why) = fits(&made, &given, ours) {
        return Err(why.and(tool, in_data(&on, args).await));
    }
    let allocated = money(plan.amount + plan.deducted - plan.unallocated);
    put_amount(&mut made, plan.amount, allocated, plan.unallocated);
    if let Some(across) = &across {
        across.put(&mut made, allocated);
    }
    made.insert("references".to_owned(), numbered(references));

    let (on, data) =
        if given.is_empty() { (on, given) } else { on.document_with_links(Purpose::Update, &given, None).await? };
    let (mut doc, titled) = laid(&on, made, data, sides).await?;
    put_base(&mut doc);
    let invoices = paid.into_iter().map(|(invoice, _)| invoice).collect();
    Ok((Payment { doc, invoices, plan, across, has_discount }, on, titled))
}

/// Checks that the party's currency is the company's where something is deducted: deductions are in the company's.
fn in_one_currency(made: &Map<String, Value>, deducted: f64) -> Result<(), ToolError> {
    let (rate, currency) = match receives(made) {
        true => ("source_exchange_rate", "paid_from_account_currency"),
        false => ("target_exchange_rate", "paid_to_account_currency"),
    };
    let rate = number(made, rate).filter(|rate| *rate > 0.0);
    if same(deducted, 0.0) || rate.is_none_or(|rate| same(rate, 1.0)) {
        return Ok(());
    }
    let currency = text_of(made, currency);
    Err(ToolError::refused(
        format!(
            "data.deductions: they are in the company's currency, and the party's account is kept in {currency}; nothing was made."
        ),
        "convert_document makes such a payment, with amounts, references and deductions in data.",
    ))
}

/// What the call says of the document, by `data` and by arguments of its own.
fn said(args: &PaymentArgs) -> Map<String, Value> {
    let mut said = args.data.0.clone();
    let reference_date = args.reference_date.as_deref().or(args.date.as_deref());
    for (field, value) in [
        ("mode_of_payment", args.mode_of_payment.as_deref()),
        ("posting_date", args.date.as_deref()),
        ("reference_no", args.reference_no.as_deref()),
        ("reference_date", reference_date),
    ] {
        said.extend(value.map(|value| (field.to_owned(), json!(value))));
    }
    said
}

/// The payment with the data laid onto it, where it may be so, and the links of it that were given by title.
async fn laid(
    on: &DocTypeCall<'_>,
    made: Map<String, Value>,
    mut data: Map<String, Value>,
    (ours, theirs): (&str, &str),
) -> Result<(Map<String, Value>, Map<String, Value>), ToolError> {
    rich_text::to_stored(on, &mut data, None)?;
    fixed_fields::check_new(on, &data).await?;
    let children = |child: &str| on.session.catalog.known(child);
    let Draft { mut doc, left_out } = writable(on.def, on.permit.fields(), &children, made);
    let needed = ["references", "references.allocated_amount", "paid_amount", "received_amount", ours, theirs];
    if let Some(hidden) = left_out.iter().find(|field| needed.contains(&field.as_str())) {
        return Err(ToolError::not_writable(hidden, on.def.name));
    }
    let (data, titled) = links::resolved(on, data, &doc).await?;
    let merged = on.merged(&doc, &data)?;
    links::check_merged(on, &merged, &doc).await?;
    file_fields::check(on, &merged.body, None).await?;
    doc.extend(merged.body);
    // The site copies from whatever the invoice links to.
    links::check_sight(on, &doc).await?;
    on.permit.keeps_in_sight("filled by the site", &doc)?;
    Ok((doc, titled))
}

/// What the site makes for the invoices, as one payment.
struct FromSite {
    /// Without its rows.
    doc: Map<String, Value>,
    references: Vec<Map<String, Value>>,
    /// Whether it would deduct something for early payment.
    has_discount: bool,
}

/// Asks the site for the payment of each invoice, and takes of its rows what is meant for it.
///
/// # Errors
/// Invoices that no one payment holds, less than is meant, and the site's refusal.
async fn from_site(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    invoices: &Invoices<'_>,
    paid: &[(Open, f64)],
) -> Result<FromSite, ToolError> {
    let mut whole = FromSite { doc: Map::new(), references: Vec::new(), has_discount: false };
    for (at, (invoice, share)) in paid.iter().enumerate() {
        call.observer.tell(at, paid.len());
        let mut one =
            call.session.site.next_document(invoices.on.permit, on.permit, Mapper::Payment, &invoice.name).await?;
        // What the site deducts for early payment belongs to the amount that it worked out.
        whole.has_discount |= !table(&mut one, "deductions").is_empty();
        let (rows, rest) = spread(table(&mut one, "references"), *share);
        if rest > 0.0 {
            let (name, taken) = (&invoice.name, money(share - rest));
            let message = match taken > 0.0 {
                true => format!("the site takes {taken} for {name}, {rest} less than the {share} that is meant"),
                false => format!("nothing is open of {name}: the site takes nothing for it"),
            };
            return Err(ToolError::arguments(call.tool.name(), vec![wrong("invoices", message, None)]));
        }
        whole.references.extend(rows);
        match at {
            0 => whole.doc = one,
            _ => alike(&whole.doc, &one, &invoice.name)?,
        }
    }
    Ok(whole)
}

/// Puts the account that is meant in the place of the one that the site chose, with what follows from it. Gives whether
/// its currency is unknown.
fn put_account(made: &mut Map<String, Value>, ours: &str, account: Account) -> bool {
    let is_another = made.get(ours).is_none_or(|is| *is != account.name);
    let is_unknown = is_another && account.currency.is_none();
    if is_another {
        // These are of the account that the site took.
        for of_account in ["account_type", "account_currency", "account_balance"] {
            made.remove(&format!("{ours}_{of_account}"));
        }
        made.remove("bank_account");
        // The rate was that of the account that the site took: of the same currency, it is the other one's now.
        let (rate, other) = match receives(made) {
            true => ("target_exchange_rate", "source_exchange_rate"),
            false => ("source_exchange_rate", "target_exchange_rate"),
        };
        made.remove(rate);
        if let Some(value) = made.get(other).filter(|_| !is_unknown).cloned() {
            made.insert(rate.to_owned(), value);
        }
    }
    for (fact, value) in [("account_currency", account.currency), ("account_type", account.kind)] {
        made.extend(value.map(|value| (format!("{ours}_{fact}"), json!(value))));
    }
    is_unknown
}

/// The rows of a table, which is taken out.
fn table(made: &mut Map<String, Value>, field: &str) -> Vec<Map<String, Value>> {
    made.remove(field).into_iter().flat_map(into_rows).collect()
}

/// That one payment can hold both: the site makes one for each invoice.
fn alike(first: &Map<String, Value>, other: &Map<String, Value>, name: &str) -> Result<(), ToolError> {
    let differs = |field: &&&str| first.get(**field) != other.get(**field);
    let fields = ["company", "party", "payment_type", "paid_from", "paid_from_account_currency"];
    let purchase = ["company", "party", "payment_type", "paid_to", "paid_to_account_currency"];
    match if receives(first) { &fields } else { &purchase }.iter().find(differs) {
        None => Ok(()),
        Some(field) => Err(ToolError::refused(
            format!(
                "invoices: {name:?} has another {field} than the first, so no payment holds both; nothing was made."
            ),
            "Record a payment for each.",
        )),
    }
}

/// That there is an account, and what a bank asks for.
fn fits(made: &Map<String, Value>, given: &Map<String, Value>, ours: &str) -> Result<(), ToolError> {
    let said = |field: &str| {
        let is = |doc: &Map<String, Value>| doc.get(field).and_then(Value::as_str).map(str::to_owned);
        is(given).or_else(|| is(made)).filter(|text| !text.is_empty())
    };
    if said(ours).is_none() {
        return Err(ToolError::refused(
            "account: the company has no default bank or cash account; nothing was made.",
            "Name the account, or a mode_of_payment that has one.",
        ));
    }
    if said(&format!("{ours}_account_type")).is_some_and(|kind| kind == "Bank") && said("reference_no").is_none() {
        return Err(ToolError::refused(
            format!(
                "reference_no: is needed, since {} is a bank account; nothing was made.",
                said(ours).unwrap_or_default()
            ),
            "Give the number of the transfer or cheque.",
        ));
    }
    Ok(())
}

/// Sets the amounts, in the accounts' currency and the company's, which the site works out again.
pub fn put_amount(made: &mut Map<String, Value>, amount: f64, allocated: f64, unallocated: f64) {
    let rate = |doc: &Map<String, Value>, field: &str| number(doc, field).filter(|rate| *rate > 0.0);
    let source = rate(made, "source_exchange_rate").unwrap_or(1.0);
    let target = rate(made, "target_exchange_rate").unwrap_or(1.0);
    for (field, value) in [
        ("paid_amount", amount),
        ("received_amount", amount),
        ("base_paid_amount", amount * source),
        ("base_received_amount", amount * target),
        ("total_allocated_amount", allocated),
        ("base_total_allocated_amount", allocated * source),
        ("unallocated_amount", unallocated),
    ] {
        made.insert(field.to_owned(), json!(money(value)));
    }
    made.remove("difference_amount");
}

/// What the amounts come to in the company's currency, by the rates as they are now: `data` may have given others.
fn put_base(doc: &mut Map<String, Value>) {
    let of_party = if receives(doc) { "source_exchange_rate" } else { "target_exchange_rate" };
    for (base, amount, rate) in [
        ("base_paid_amount", "paid_amount", "source_exchange_rate"),
        ("base_received_amount", "received_amount", "target_exchange_rate"),
        ("base_total_allocated_amount", "total_allocated_amount", of_party),
    ] {
        let of = number(doc, amount).zip(number(doc, rate)).filter(|_| doc.contains_key(base));
        if let Some((amount, rate)) = of {
            doc.insert(base.to_owned(), json!(money(amount * rate)));
        }
    }
}

fn numbered(rows: Vec<Map<String, Value>>) -> Value {
    let numbered = rows.into_iter().enumerate().map(|(at, mut row)| {
        row.insert("idx".to_owned(), json!(at + 1));
        Value::Object(row)
    });
    numbered.collect()
}
