//! The invoices of a payment: those that are named, or the oldest that are open, and what is open of them.

use erpnext_schema::{Operator, Order, Rule, Violation};
use serde_json::{Map, Value, json};

use super::allocate::Open;
use crate::document::amounts::{number_or_zero, same, stated_number, told};
use crate::documents::DocTypeCall;
use crate::documents::names::{document_name, named_exactly};
use crate::error::ToolError;
use crate::policy::{Filter, Permit};
use crate::shape::{is_set, text_of};
use crate::site::{self, ListQuery};
use crate::tool::Call;
use crate::tools::erp::PartyType;

/// The most invoices that one payment takes: each is asked for by itself.
const MOST: usize = 50;

impl PartyType {
    /// The DocType of its invoices.
    pub const fn invoice(self) -> &'static str {
        match self {
            Self::Customer => "Sales Invoice",
            Self::Supplier => "Purchase Invoice",
        }
    }

    /// The field of an invoice that names the party.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Supplier => "supplier",
        }
    }
}

/// The invoices of parties of one type, as this caller may see them.
pub struct Invoices<'a> {
    pub on: DocTypeCall<'a>,
    pub party_type: PartyType,
}

impl<'a> Invoices<'a> {
    /// # Errors
    /// That the caller may not see what is open of an invoice.
    pub async fn of(call: &Call<'a>, read: &'a Permit, party_type: PartyType) -> Result<Self, ToolError> {
        let on = DocTypeCall::of(call, read).await?;
        // A mask would be taken for what is open.
        on.keeps_values().await?;
        on.needs_to_read(&["outstanding_amount", "company", "due_date", party_type.field()])?;
        Ok(Self { on, party_type })
    }

    /// The invoices that are named, each open and of this party and one company, which is given too.
    ///
    /// # Errors
    /// All that is wrong with how they are named; then the first that is none to be paid.
    pub async fn named(
        &self,
        rows: &[Map<String, Value>],
        party: &str,
        company: Option<&str>,
    ) -> Result<(Vec<Open>, String), ToolError> {
        let asked = asked(rows).map_err(|found| ToolError::arguments(self.on.tool.name(), found))?;
        let (mut open, mut of_company) = (Vec::new(), company.map(str::to_owned));
        for (name, amount) in asked {
            let stored = self.stored(&name).await?;
            self.payable(&name, party, &stored)?;
            let company = text_of(&stored, "company");
            match &of_company {
                Some(known) if known != company => {
                    return Err(self.refused(&name, &format!("is of {company:?}, not of {known:?}")));
                }
                _ => of_company = Some(company.to_owned()),
            }
            open.push(opened(name, &stored, amount));
        }
        Ok((open, of_company.unwrap_or_default()))
    }

    /// The party of the first invoice that is named.
    ///
    /// # Errors
    /// That none is named, or how it is.
    pub async fn party(&self, rows: &[Map<String, Value>]) -> Result<String, ToolError> {
        let asked = if rows.is_empty() { Ok(Vec::new()) } else { asked(rows) };
        let asked = asked.map_err(|found| ToolError::arguments(self.on.tool.name(), found))?;
        let Some((first, _)) = asked.first() else {
            let found = Violation::new("party", Rule::Mandatory, "is mandatory where no invoices are named");
            return Err(ToolError::arguments(self.on.tool.name(), vec![found]));
        };
        Ok(text_of(&self.stored(first).await?, self.party_type.field()).to_owned())
    }

    async fn stored(&self, name: &str) -> Result<Map<String, Value>, ToolError> {
        let stored = self.on.existing(name).await?;
        named_exactly(&self.on, name, &stored)?;
        Ok(stored)
    }

    /// The open invoices of the party, those first that are due first, as many as the amount pays; none where nothing is
    /// open.
    ///
    /// # Errors
    /// Open invoices of several companies, or more of them than one payment takes.
    pub async fn oldest(
        &self,
        party: &str,
        company: Option<&str>,
        amount: f64,
    ) -> Result<Option<(Vec<Open>, String)>, ToolError> {
        let mut filters = vec![
            Filter::eq(self.party_type.field(), party),
            Filter::eq("docstatus", 1),
            Filter::new("outstanding_amount", Operator::Gt, 0),
        ];
        filters.extend(company.map(|company| Filter::eq("company", company)));
        let fields = ["name", "due_date", "company", "outstanding_amount"].map(str::to_owned).to_vec();
        let order_by = vec![Order::asc("due_date"), Order::asc("name")];
        let limit = u32::try_from(MOST + 1).unwrap_or(u32::MAX);
        let query = ListQuery { fields, filters, order_by, limit, ..ListQuery::default() };
        let rows = self.on.session.site.list(self.on.permit, &query).await?.data;
        let Some(first) = rows.first() else { return Ok(None) };
        let company = text_of(first, "company").to_owned();
        if let Some(other) = rows.iter().map(|row| text_of(row, "company")).find(|other| *other != company) {
            let message = format!("invoices of {company:?} and of {other:?} are open: which of them is paid?");
            let found = Violation::new("company", Rule::Mandatory, message);
            return Err(ToolError::arguments(self.on.tool.name(), vec![found]));
        }
        let (mut open, mut rest) = (Vec::new(), amount);
        for row in &rows {
            if rest <= 0.0 {
                break;
            }
            let name = row.get("name").and_then(document_name).unwrap_or_default();
            let invoice = opened(name, row, None);
            rest -= invoice.open;
            open.push(invoice);
        }
        if open.len() > MOST {
            return Err(ToolError::refused(
                format!(
                    "{} pays more than {MOST} invoices, which is more than one call does; nothing was made.",
                    told(amount)
                ),
                "Name the invoices, in several payments.",
            ));
        }
        note_exact(&rows, &open, amount);
        Ok(Some((open, company)))
    }

    /// That there is nothing to pay.
    pub fn nothing_open(&self, party: &str) -> ToolError {
        let (kind, doctype) = (self.party_type.as_str(), self.on.def.name);
        ToolError::refused(
            format!("{kind} {party:?} has no open {doctype} in sight; nothing was made."),
            "search_link finds the right name of the party; with advance: true and an account the payment stays with it.",
        )
    }

    /// What is open of the invoices now, as they are read.
    pub async fn open_now(&self, invoices: &[Open]) -> Value {
        let mut rows = Vec::new();
        for invoice in invoices {
            let read = self.on.session.site.get(self.on.permit, &invoice.name).await;
            let now = read.ok().map(|read| self.on.visible(read.data));
            let of = |field: &str| now.as_ref().and_then(|now| now.get(field)).cloned();
            rows.push(match of("outstanding_amount") {
                Some(open) => {
                    let mut row =
                        Map::from_iter([("invoice".to_owned(), json!(invoice.name)), ("open".to_owned(), open)]);
                    row.extend(of("status").map(|status| ("status".to_owned(), status)));
                    Value::Object(row)
                }
                None => json!({"invoice": invoice.name, "note": "could not be read"}),
            });
        }
        Value::Array(rows)
    }

    /// That the invoice is one of which something is to be paid by or to the party.
    fn payable(&self, name: &str, party: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
        let number = |field: &str| number_or_zero(stored, field);
        let of = text_of(stored, self.party_type.field());
        let why = match number("docstatus") {
            _ if of != party => format!("is of another {}, {of:?}", self.party_type.field()),
            0.0 => "is a draft, of which nothing is open before it is submitted".to_owned(),
            2.0 => "is cancelled".to_owned(),
            _ if is_set(stored, "is_return") => {
                "is a return: convert_document makes the payment of it, or its return_against is settled by it"
                    .to_owned()
            }
            _ if number("outstanding_amount") <= 0.0 => "is paid: nothing is open of it".to_owned(),
            _ => return Ok(()),
        };
        Err(self.refused(name, &why))
    }

    fn refused(&self, name: &str, why: &str) -> ToolError {
        let next = format!(
            "List {} with {}, docstatus: 1 and outstanding_amount [\">\", 0] for what can be paid.",
            self.on.def.name,
            self.party_type.field()
        );
        ToolError::refused(format!("invoices: {} {name:?} {why}; nothing was made.", self.on.def.name), next)
    }
}

fn opened(name: String, stored: &Map<String, Value>, asked: Option<f64>) -> Open {
    let open = number_or_zero(stored, "outstanding_amount");
    Open { name, due_date: stored.get("due_date").cloned().unwrap_or_default(), open, asked }
}

/// Says which invoice asks for exactly this amount, where another is paid because it is due first: mostly it is what is meant.
fn note_exact(rows: &[Map<String, Value>], paid: &[Open], amount: f64) {
    let is_exact = |row: &&Map<String, Value>| same(number_or_zero(row, "outstanding_amount"), amount);
    let mut exact = rows.iter().filter(is_exact).filter_map(|row| row.get("name").and_then(document_name));
    let (Some(only), None) = (exact.next(), exact.next()) else { return };
    if paid.first().is_some_and(|first| first.name != only) {
        site::note(format!("{only} is open by exactly {}: if it is what was paid, name it in invoices", told(amount)));
    }
}

const EMPTY: &str =
    "is empty; without it the oldest open invoices are paid, and with advance: true and an amount none is";

/// The names and amounts that are given, each invoice once.
fn asked(rows: &[Map<String, Value>]) -> Result<Vec<(String, Option<f64>)>, Vec<Violation>> {
    let (mut asked, mut violations) = (Vec::<(String, Option<f64>)>::new(), Vec::new());
    let mut wrong = |path: String, rule, message: &str| {
        violations.push(Violation::new(path, rule, message));
    };
    if rows.is_empty() {
        wrong("invoices".to_owned(), Rule::Value, EMPTY);
    }
    if rows.len() > MOST {
        wrong(
            "invoices".to_owned(),
            Rule::Value,
            &format!("{} invoices; one payment takes at most {MOST}", rows.len()),
        );
    }
    for (at, row) in rows.iter().enumerate().take(MOST) {
        let path = |key: &str| format!("invoices[{at}].{key}");
        for key in row.keys().filter(|key| !matches!(key.as_str(), "name" | "amount")) {
            wrong(path(key), Rule::Value, "no such key; an invoice has name and amount");
        }
        let amount = row.get("amount").filter(|amount| !amount.is_null());
        let number = amount.and_then(stated_number);
        if amount.is_some() && number.is_none_or(|number| number <= 0.0 || !number.is_finite()) {
            wrong(path("amount"), Rule::Value, "expected a number above 0");
        }
        match row.get("name").and_then(document_name).filter(|name| !name.trim().is_empty()) {
            None => wrong(path("name"), Rule::Mandatory, "is mandatory: the invoice's name"),
            Some(name) if asked.iter().any(|(known, _)| *known == name) => {
                wrong(path("name"), Rule::Value, "is named twice");
            }
            Some(name) => asked.push((name, number)),
        }
    }
    if violations.is_empty() { Ok(asked) } else { Err(violations) }
}
