//! What of a party is open: as the site's own tool finds it, as far as the caller may see it.

use erpnext_schema::{Operator, Order, Rule, Violation};
use serde_json::{Map, Value, json};

use super::matches::Side;
use super::{PAYMENT, ReconcileArgs};
use crate::document::amounts::is_above;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Filter, Operation};
use crate::shape::text_of;
use crate::site::{DeskQuestion, ListQuery};
use crate::tools::erp::PartyType;

/// How many invoices, and how many payments, the site is asked for, the oldest first.
const MOST_OPEN: usize = 500;

/// The calls by which the caller sees payments and invoices, and the one that changes payments.
pub struct Sight<'a> {
    pub changed: &'a DocTypeCall<'a>,
    pub payments: &'a DocTypeCall<'a>,
    pub invoices: &'a DocTypeCall<'a>,
}

/// What is open.
pub struct Entries {
    /// Whose: the site's tool as it is sent with each question.
    pub form: Map<String, Value>,
    /// The DocType of the invoices.
    pub invoice_type: &'static str,
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
    /// # Errors
    /// That a field is withheld which this goes by.
    pub fn sees(&self, party_type: PartyType) -> Result<(), ToolError> {
        let of_payments =
            ["company", "party_type", "party", "unallocated_amount", "references"].map(|name| (self.payments, name));
        let of_invoices = ["company", party_type.field(), "outstanding_amount"].map(|name| (self.invoices, name));
        let mut needed = of_payments.into_iter().chain(of_invoices);
        match needed.find(|(on, name)| !may_read(on, name)) {
            None => Ok(()),
            Some((on, name)) => Err(ToolError::refused(
                format!("This server's configuration does not permit reading {name} of {}.", on.def.name),
                "get_doctype_permissions tells what is permitted.",
            )),
        }
    }

    /// What of the party is open in one account of one company.
    ///
    /// # Errors
    /// That it is not clear which account is meant, or the site's refusal.
    pub async fn entries(&self, args: &ReconcileArgs) -> Result<Entries, ToolError> {
        let (company, account) = self.books(args).await?;
        let form = [
            ("company", json!(company)),
            ("party_type", json!(args.party_type.as_str())),
            ("party", json!(args.party)),
            ("receivable_payable_account", json!(account)),
            ("invoice_limit", json!(MOST_OPEN)),
            ("payment_limit", json!(MOST_OPEN)),
        ];
        let form: Map<String, Value> = form.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (site, policy) = (self.changed.session.site, self.changed.session.policy);
        let invoice = self.invoices.def.name;
        let mut found = site.ask_desk_tool(self.changed.permit, DeskQuestion::Unreconciled, &form, None).await?;
        let mut left_out = Vec::new();
        let mut taken = |table: &str, kind: (&str, &str), keys: [&str; 3], row: &str| {
            let rows = match found.remove(table) {
                Some(Value::Array(rows)) => rows,
                _ => Vec::new(),
            };
            let (all, of_rows) = (rows.len(), rows.iter().filter_map(|row| row.get(kind.0)?.as_str()));
            // What is open beside, of these at least, is counted only where all of it may be seen.
            let is_counted =
                ["Journal Entry", PAYMENT, invoice].into_iter().chain(of_rows).all(|of| policy.shows_whole(of));
            if all >= MOST_OPEN {
                left_out.push(format!("more than the {MOST_OPEN} oldest {table} are open: call again after these"));
            }
            let rows = rows.into_iter().filter_map(|row| match row {
                Value::Object(row) => Some(row),
                _ => None,
            });
            // A payment that an order has already is taken from the order, by its row.
            let own = rows.filter(|entry| text_of(entry, kind.0) == kind.1 && text_of(entry, row).is_empty());
            let mut sides: Vec<Side> = own.filter_map(|entry| side(entry, keys)).collect();
            sides.sort_by(|one, other| (date(one), &one.name).cmp(&(date(other), &other.name)));
            let others = all - sides.len();
            match is_counted {
                true if others == 0 => {}
                true => left_out.push(format!(
                    "{others} open {table} are of other kinds: the desk's Payment Reconciliation has them"
                )),
                false => left_out.push(format!("other {table} may be open that are not told here")),
            }
            sides
        };
        let payments = taken(
            "payments",
            ("reference_type", PAYMENT),
            ["reference_name", "posting_date", "amount"],
            "reference_row",
        );
        let invoices = taken(
            "invoices",
            ("invoice_type", invoice),
            ["invoice_number", "invoice_date", "outstanding_amount"],
            "reference_row",
        );
        let payments = in_sight(self.payments, payments).await?;
        let invoices = in_sight(self.invoices, invoices).await?;
        left_out.extend(self.separate_advances(&company).await);
        Ok(Entries { form, invoice_type: invoice, payments, invoices, left_out })
    }

    /// What is to be said unless the company is known to keep advances in the account of the party: those in another one
    /// the site tells only if it is asked for that.
    async fn separate_advances(&self, company: &str) -> Option<String> {
        const SEPARATE: &str = "book_advance_payments_in_separate_party_account";
        let session = self.invoices.session;
        let field = session.catalog.known("Company").and_then(|def| def.field(SEPARATE))?;
        let permit = session.permit(Operation::Read, "Company").await.ok();
        let stored = match permit.filter(|permit| permit.fields().may_read(field)) {
            Some(permit) => session.site.get(&permit, company).await.ok().map(|stored| stored.data),
            None => None,
        };
        let is_off = |flag: &Value| flag.is_null() || *flag == 0 || *flag == false;
        let is_known_off = stored.is_some_and(|stored| stored.get(SEPARATE).is_some_and(is_off));
        (!is_known_off).then(|| "advances in an account of their own are not looked at".to_owned())
    }

    /// Company and account: as they are named, or those of the open invoices.
    async fn books(&self, args: &ReconcileArgs) -> Result<(String, String), ToolError> {
        let on = self.invoices;
        if let (Some(company), Some(account)) = (&args.company, &args.account) {
            return Ok((company.clone(), account.clone()));
        }
        let field = args.party_type.account();
        let needs = |argument: &str, message: String| {
            let path = argument.to_owned();
            let found = Violation { path, rule: Rule::Mandatory, message, nearest: None };
            ToolError::arguments(on.tool.name(), vec![found])
        };
        if args.account.is_none() && !may_read(on, field) {
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

pub fn may_read(on: &DocTypeCall<'_>, name: &str) -> bool {
    on.def.field(name).is_some_and(|field| on.permit.fields().may_read(field))
}

pub fn limit(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}

fn side(row: Map<String, Value>, [name, date, open]: [&str; 3]) -> Option<Side> {
    let amount = row.get(open)?.as_f64().filter(|open| is_above(*open, 0.0))?;
    Some(Side {
        name: document_name(row.get(name)?)?,
        date: row.get(date).cloned().unwrap_or_default(),
        open: amount,
        currency: text_of(&row, "currency").to_owned(),
        row,
    })
}

fn date(side: &Side) -> &str {
    side.date.as_str().unwrap_or_default()
}

/// Those of the documents that the caller may see; their dates only where these may be read.
async fn in_sight(on: &DocTypeCall<'_>, mut sides: Vec<Side>) -> Result<Vec<Side>, ToolError> {
    if sides.is_empty() {
        return Ok(sides);
    }
    let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
    let query = ListQuery {
        fields: vec!["name".to_owned()],
        filters: vec![Filter::new("name", Operator::In, json!(names)), Filter::eq("docstatus", 1)],
        order_by: vec![Order::asc("name")],
        limit: limit(MOST_OPEN),
        ..ListQuery::default()
    };
    let rows = on.session.site.list(on.permit, &query).await?.data;
    let seen: Vec<String> = rows.iter().filter_map(|row| document_name(row.get("name")?)).collect();
    sides.retain(|side| seen.contains(&side.name));
    if !may_read(on, "posting_date") {
        sides.iter_mut().for_each(|side| side.date = Value::Null);
    }
    Ok(sides)
}
