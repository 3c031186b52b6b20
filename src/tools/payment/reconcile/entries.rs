//! What of a party is open: as the site's own tool finds it, as far as the caller may see it.

use std::collections::BTreeMap;

use erpnext_schema::{Operator, Order, Rule, Violation, into_rows};
use serde_json::{Map, Value, json};

use super::advances::{Advances, advances};
use super::kinds::{ENTRY, PaymentKind};
use super::matches::Side;
use super::sources::Source;
use super::{PAYMENT, ReconcileArgs};
use crate::document::amounts::is_above;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Filter, Permit};
use crate::shape::text_of;
use crate::site::{DeskQuestion, ListQuery};
use crate::tools::erp::PartyType;
use crate::writes::nobody;

/// How many invoices, and how many payments, the site is asked for, the oldest first.
const MOST_OPEN: usize = 500;
/// The field of the site's tool with the account of payments in advance.
pub const ADVANCES: &str = "default_advance_account";

/// The field of a return with the invoice that it is of.
const AGAINST: &str = "return_against";

/// The calls by which the caller sees payments and invoices.
pub struct Sight<'a> {
    /// Payment Entries, and what else can be matched.
    pub sources: &'a [Source<'a>],
    pub invoices: &'a DocTypeCall<'a>,
    /// The leave to ask the site's tool.
    pub asks: &'a Permit,
}

/// What is open.
pub struct Entries {
    /// Whose: the site's tool as it is sent with each question.
    pub form: Map<String, Value>,
    /// Oldest first.
    pub payments: Vec<Side>,
    /// Oldest first.
    pub invoices: Vec<Side>,
    /// What this tool does not match, and why.
    pub left_out: Vec<String>,
}

impl PartyType {
    /// The field of an invoice with the account that the party owes to or is owed from.
    const fn account(self) -> &'static str {
        match self {
            Self::Customer => "debit_to",
            Self::Supplier => "credit_to",
        }
    }
}

impl Sight<'_> {
    /// What of the party is open in one account of one company, and in that of its advances.
    ///
    /// # Errors
    /// That it is not clear which account is meant, or the site's refusal.
    pub async fn entries(&self, args: &ReconcileArgs) -> Result<Entries, ToolError> {
        let (company, account) = self.books(args).await?;
        let mut left_out = Vec::new();
        let session = self.invoices.session;
        let apart = match &args.advance_account {
            Some(account) => Advances::In(account.clone()),
            None => advances(session, args.party_type, &args.party, &company).await,
        };
        let mut form = Map::from_iter(
            [
                ("company", json!(company)),
                ("party_type", json!(args.party_type.as_str())),
                ("party", json!(args.party)),
                ("receivable_payable_account", json!(account)),
                ("invoice_limit", json!(MOST_OPEN)),
                ("payment_limit", json!(MOST_OPEN)),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        match apart {
            Advances::WithTheRest => {}
            Advances::In(account) => _ = form.insert(ADVANCES.to_owned(), json!(account)),
            Advances::Unknown => left_out.push("advances in an account of their own are not looked at".to_owned()),
        }
        let mut found = session.site.ask_desk_tool(self.asks, DeskQuestion::Unreconciled, &form, None).await?;
        let mut rows =
            |table: &str| -> Vec<Map<String, Value>> { found.remove(table).into_iter().flat_map(into_rows).collect() };
        let of_payments = rows("payments");
        let payments: Vec<Side> = of_payments.iter().filter_map(|row| self.payment(row)).collect();
        let payments = self.taken("payments", ("reference_type", of_payments.as_slice()), payments, &mut left_out);
        let of_invoices = rows("invoices");
        let invoice = self.invoices.def.name;
        let is_own = |row: &&Map<String, Value>| {
            text_of(row, "invoice_type") == invoice && text_of(row, "reference_row").is_empty()
        };
        let keys = ["invoice_number", "invoice_date", "outstanding_amount"];
        let invoices = of_invoices.iter().filter(is_own).filter_map(|row| side(invoice, row, keys)).collect();
        let invoices = self.taken("invoices", ("invoice_type", of_invoices.as_slice()), invoices, &mut left_out);

        let mut seen = Vec::new();
        for source in self.sources {
            let own = payments.iter().filter(|side| side.doctype == source.seen.def.name).cloned().collect();
            seen.extend(in_sight(&source.seen, own).await?);
        }
        let invoices = in_sight(self.invoices, invoices).await?;
        sort(&mut seen);
        Ok(Entries { form, payments: seen, invoices, left_out })
    }

    /// A payment that the caller may match: the site's row about it, unless an order has it already, which it would have
    /// to be taken from.
    fn payment(&self, row: &Map<String, Value>) -> Option<Side> {
        let source = self.sources.iter().find(|source| source.seen.def.name == text_of(row, "reference_type"))?;
        let is_row = !text_of(row, "reference_row").is_empty();
        if is_row != (source.kind == PaymentKind::Entry) {
            return None;
        }
        side(source.seen.def.name, row, ["reference_name", "posting_date", "amount"])
    }

    /// The sides that are matched here, oldest first, each once; what else is open is told as far as it may be.
    fn taken(
        &self,
        table: &str,
        (kind, rows): (&str, &[Map<String, Value>]),
        mut sides: Vec<Side>,
        left_out: &mut Vec<String>,
    ) -> Vec<Side> {
        // Of what is stated twice nobody could say which is meant.
        let key = |side: &Side| (side.doctype, side.name.clone(), side.own_row().map(str::to_owned));
        let keys: Vec<_> = sides.iter().map(key).collect();
        sides.retain(|side| keys.iter().filter(|other| **other == key(side)).count() == 1);
        sort(&mut sides);
        // What is open beside, of these at least, is counted only where all of it may be seen.
        let of_rows = rows.iter().filter_map(|row| row.get(kind)?.as_str());
        let policy = self.invoices.session.policy;
        let mut all = [ENTRY, PAYMENT, self.invoices.def.name].into_iter().chain(of_rows);
        let is_counted = all.all(|doctype| policy.shows_whole(doctype));
        if rows.len() >= MOST_OPEN {
            left_out.push(format!("more than the {MOST_OPEN} oldest {table} are open: call again after these"));
        }
        match (is_counted, rows.len() - sides.len()) {
            (true, 0) => {}
            (true, others) => left_out.push(format!(
                "{others} open {table} are not matched here: the desk's Payment Reconciliation has them"
            )),
            (false, _) => left_out.push(format!("other {table} may be open that are not told here")),
        }
        sides
    }

    /// Company and account: as they are named, or those of the open invoices.
    async fn books(&self, args: &ReconcileArgs) -> Result<(String, String), ToolError> {
        let on = self.invoices;
        if let (Some(company), Some(account)) = (&args.company, &args.account) {
            return Ok((company.clone(), account.clone()));
        }
        let field = args.party_type.account();
        let needs = |argument: &str, message: String| {
            let found = Violation::new(argument, Rule::Mandatory, message);
            ToolError::arguments(on.tool.name(), vec![found])
        };
        if args.account.is_none() && !on.may_read(field) {
            return Err(needs("account", format!("is mandatory: reading {field} of {} is not permitted", on.def.name)));
        }
        let mut filters = vec![
            Filter::eq(args.party_type.field(), args.party.as_str()),
            Filter::eq("docstatus", 1),
            Filter::new("outstanding_amount", Operator::Gt, 0),
        ];
        filters.extend(args.company.as_deref().map(|company| Filter::eq("company", company)));
        filters.extend(args.account.as_deref().map(|account| Filter::eq(field, account)));
        let query = ListQuery {
            fields: ["name", "company", field].map(str::to_owned).to_vec(),
            filters,
            order_by: vec![Order::asc("name")],
            limit: limit(MOST_OPEN),
            ..ListQuery::default()
        };
        let rows = on.session.site.list(on.permit, &query).await?.data;
        let one = |column: &str| -> Result<String, Vec<String>> {
            let mut found: Vec<&str> = rows.iter().map(|row| text_of(row, column)).collect();
            found.sort_unstable();
            found.dedup();
            match found.as_slice() {
                [one] if !one.is_empty() => Ok((*one).to_owned()),
                several => Err(several.iter().map(|name| format!("{name:?}")).collect()),
            }
        };
        if rows.is_empty() {
            let (kind, party) = (args.party_type.as_str(), &args.party);
            let asks = DocTypeCall { permit: self.asks, ..*on };
            nobody::check(&asks, "party", kind, party).await?;
            if let Some(account) = &args.account {
                nobody::check(&asks, "account", "Account", account).await?;
            }
            return Err(ToolError::refused(
                format!("{kind} {party:?} has no open {} in sight; nothing is to be matched.", on.def.name),
                "search_link finds the right name of the party.",
            ));
        }
        let company = match &args.company {
            Some(company) => company.clone(),
            None => one("company").map_err(|found| {
                needs("company", format!("invoices of {} are open: which is meant?", found.join(" and ")))
            })?,
        };
        let account = match &args.account {
            Some(account) => account.clone(),
            None => one(field).map_err(|found| {
                needs("account", format!("invoices are open in {}: which is meant?", found.join(" and ")))
            })?,
        };
        Ok((company, account))
    }
}

pub fn limit(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}

fn side(doctype: &'static str, row: &Map<String, Value>, [name, date, open]: [&str; 3]) -> Option<Side> {
    let amount = row.get(open)?.as_f64().filter(|open| is_above(*open, 0.0))?;
    Some(Side {
        doctype,
        name: document_name(row.get(name)?)?,
        date: row.get(date).cloned().unwrap_or_default(),
        open: amount,
        currency: text_of(row, "currency").to_owned(),
        against: None,
        row: row.clone(),
    })
}

fn sort(sides: &mut [Side]) {
    let date = |side: &Side| side.date.as_str().unwrap_or_default().to_owned();
    sides.sort_by_cached_key(|side| (date(side), side.name.clone()));
}

/// Those of the documents that the caller may see; their dates, and what they are returns of, only where these may be read.
async fn in_sight(on: &DocTypeCall<'_>, mut sides: Vec<Side>) -> Result<Vec<Side>, ToolError> {
    if sides.is_empty() {
        return Ok(sides);
    }
    let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
    let fields = ["name", AGAINST].into_iter().filter(|field| *field == "name" || on.may_read(field));
    let query = ListQuery {
        fields: fields.map(str::to_owned).collect(),
        filters: vec![Filter::new("name", Operator::In, json!(names)), Filter::eq("docstatus", 1)],
        order_by: vec![Order::asc("name")],
        limit: limit(MOST_OPEN),
        ..ListQuery::default()
    };
    let rows = on.session.site.list(on.permit, &query).await?.data;
    let against = |row: &Map<String, Value>| row.get(AGAINST).and_then(document_name).filter(|name| !name.is_empty());
    let seen: BTreeMap<String, Option<String>> =
        rows.iter().filter_map(|row| Some((document_name(row.get("name")?)?, against(row)))).collect();
    sides.retain_mut(|side| match seen.get(&side.name) {
        Some(against) => {
            side.against.clone_from(against);
            true
        }
        None => false,
    });
    if !on.may_read("posting_date") {
        sides.iter_mut().for_each(|side| side.date = Value::Null);
    }
    Ok(sides)
}
