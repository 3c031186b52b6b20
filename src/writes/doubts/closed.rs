//! Whether the day of a document is closed: by an Accounting Period, by a Period Closing Voucher, or frozen by a
//! setting.

use std::borrow::Cow;

use erpnext_schema::{Operator, Order, rows};
use serde_json::{Map, Value};

use super::{if_allowed, sees};
use crate::document::ledgers;
use crate::documents::DocTypeCall;
use crate::policy::Filter;
use crate::shape::{is_set, text_of};
use crate::site::{ListQuery, SiteError};

/// What freezes what is not after a day: the DocType and its field, and whether that is of the stock. Version 15 keeps
/// the day of the accounts in a setting of the site, 16 in the company.
const FROZEN: [(&str, &str, bool); 3] = [
    ("Accounts Settings", "acc_frozen_upto", false),
    ("Company", "accounts_frozen_till_date", false),
    ("Stock Settings", "stock_frozen_upto", true),
];

/// What is refused of a document that moves stock, and posts only where the company keeps its stock in the accounts.
const IN_ACCOUNTS: &str = "what it posts to the accounts";

/// Adds why the site will refuse the day, as far as that may be read.
///
/// # Errors
/// The site's, with what was found before it added.
pub(super) async fn of(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    doubts: &mut Vec<String>,
) -> Result<(), SiteError> {
    let (day, company) = (day(on, doc), text_of(doc, "company"));
    if day.is_empty() || company.is_empty() {
        return Ok(());
    }
    let day = &*day;
    doubts.extend(if_allowed(by_period(on, day, company).await)?);
    let (posts, moves) = (ledgers::posts(on.def.name), ledgers::moves(on.def.name, doc));
    if posts {
        doubts.extend(if_allowed(by_voucher(on, day, company).await)?);
    }
    for (of, field, is_stock) in FROZEN {
        let concerns = if is_stock { moves } else { posts };
        if concerns {
            doubts.extend(if_allowed(by_setting(on, (of, field, is_stock), day, company).await)?);
        }
    }
    Ok(())
}

/// The day that it is posted on: where the document does not say that its own is set, the day of the next save.
fn day<'a>(on: &DocTypeCall<'_>, doc: &'a Map<String, Value>) -> Cow<'a, str> {
    const BY: &str = "set_posting_time";
    let day = text_of(doc, "posting_date");
    let is_kept = on.def.field(BY).is_none_or(|by| !on.permit.fields().may_read(by) || is_set(doc, BY));
    if day.is_empty() || is_kept { day.into() } else { on.session.today().to_string().into() }
}

async fn by_period(on: &DocTypeCall<'_>, day: &str, company: &str) -> Result<Option<String>, SiteError> {
    const PERIOD: &str = "Accounting Period";
    let known = on.session.catalog.known(PERIOD);
    // Version 15 disables none.
    let disabled = known.and_then(|def| def.field("disabled")).map(|field| field.fieldname);
    let columns = ["closed_documents.document_type", "closed_documents.closed"];
    let fields: Vec<&str> = ["company", "start_date", "end_date"].into_iter().chain(columns).chain(disabled).collect();
    let Some(permit) = sees(on, PERIOD, &fields).await else { return Ok(None) };
    let filters = vec![
        Filter::eq("company", company),
        Filter::new("start_date", Operator::Lte, day),
        Filter::new("end_date", Operator::Gte, day),
    ];
    let query = ListQuery { filters, order_by: vec![Order::asc("name")], limit: 5, ..ListQuery::default() };
    for period in on.session.site.list(&permit, &query).await?.data {
        let name = text_of(&period, "name");
        let whole = on.session.site.get(&permit, name).await?.data;
        let closed = whole.get("closed_documents").into_iter().flat_map(rows);
        let mut closed = closed.filter(|row| text_of(row, "document_type") == on.def.name && is_set(row, "closed"));
        if !is_set(&whole, "disabled") && closed.next().is_some() {
            return Ok(Some(format!("{PERIOD} {name:?} closes {} on {day}: the site will refuse it", on.def.name)));
        }
    }
    Ok(None)
}

async fn by_voucher(on: &DocTypeCall<'_>, day: &str, company: &str) -> Result<Option<String>, SiteError> {
    const VOUCHER: &str = "Period Closing Voucher";
    const END: &str = "period_end_date";
    let Some(permit) = sees(on, VOUCHER, &["company", END]).await else { return Ok(None) };
    let query = ListQuery {
        fields: ["name", END].map(str::to_owned).to_vec(),
        filters: vec![Filter::eq("company", company), Filter::eq("docstatus", 1), Filter::new(END, Operator::Gte, day)],
        order_by: vec![Order::desc(END), Order::desc("name")],
        limit: 1,
        ..ListQuery::default()
    };
    let found = on.session.site.list(&permit, &query).await?.data;
    Ok(found.first().map(|voucher| {
        let (name, end) = (text_of(voucher, "name"), text_of(voucher, END));
        let what = if ledgers::may_post_nothing(on.def.name) { IN_ACCOUNTS } else { "what is posted" };
        format!("{VOUCHER} {name:?} closed the books up to {end}: the site will refuse {what} on {day}")
    }))
}

async fn by_setting(
    on: &DocTypeCall<'_>,
    (of, field, is_stock): (&str, &str, bool),
    day: &str,
    company: &str,
) -> Result<Option<String>, SiteError> {
    let Some(permit) = sees(on, of, &[field]).await else { return Ok(None) };
    let name = if of == "Company" { company } else { of };
    let stored = on.session.site.get(&permit, name).await?.data;
    // Days as the site writes them sort as texts.
    let until = text_of(&stored, field);
    Ok((day <= until).then(|| {
        let what = match is_stock || !ledgers::may_post_nothing(on.def.name) {
            true => day.to_owned(),
            false => format!("{IN_ACCOUNTS} on {day}"),
        };
        format!(
            "{of} freezes what is not after {until} ({field}): the site refuses {what}, but to a role that it names"
        )
    }))
}
