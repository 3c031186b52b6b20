//! `set_clearance_dates`: the day on which the bank had a payment, and which payments of an account have none.

mod dates;
mod uncleared;
mod write;

use erpnext_schema::{Rule, Violation, into_rows, time};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::policy::{Operation, Policy};
use crate::tool::kinds::{Day, Documents};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

const CLEARANCE: &str = "clearance_date";

/// Sets clearance dates, or lists what has none.
pub static CLEAR: ToolSpec = ToolSpec {
    name: "set_clearance_dates",
    title: "Clear payments with the bank statement",
    description: "Sets on which day the bank had payments (Payment Entry, Journal Entry) of one ledger account; null \
                  takes a date away. Without dates it lists the uncleared ones posted from from_date to to_date and \
                  proposes nothing. With dates the first call shows all and gives a confirm_token.",
    toolset: Toolset::Data,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered,
    // Whether the books agree with the bank is said by it: it is asked about.
    special: Special { confirm_as: &[Operation::Cancel], subject, ..Special::NONE },
    handler: handler!(ClearArgs, clear),
};

#[derive(Deserialize, JsonSchema)]
struct ClearArgs {
    /// the bank's ledger account, an Account
    account: String,
    /// [{"name": …, "date": "YYYY-MM-DD", "doctype": …}]; doctype: Payment Entry unless given
    dates: Option<Documents>,
    /// YYYY-MM-DD
    from_date: Option<Day>,
    /// YYYY-MM-DD
    to_date: Option<Day>,
}

/// What the bank clears.
struct VoucherKind {
    doctype: &'static str,
    /// The field with the day on the cheque, or of the transfer.
    cheque: &'static str,
    /// The fields, or the column of rows, that say whether it is of the account.
    account: &'static [&'static str],
    /// The fields that are told of it beside its days, where they may be seen.
    told: &'static [&'static str],
    /// The fields, and columns of rows, from which the site works out what the account gets or gives by it.
    amounts: &'static [&'static str],
}

const KINDS: [VoucherKind; 2] = [
    VoucherKind {
        doctype: "Payment Entry",
        cheque: "reference_date",
        account: &["paid_from", "paid_to"],
        told: &["payment_type", "party", "paid_amount", "received_amount", "reference_no"],
        amounts: &["paid_amount", "received_amount"],
    },
    VoucherKind {
        doctype: "Journal Entry",
        cheque: "cheque_date",
        account: &["accounts.account"],
        told: &["title", "cheque_no"],
        amounts: &["accounts.debit_in_account_currency", "accounts.credit_in_account_currency"],
    },
];

fn offered(policy: &Policy) -> bool {
    KINDS.iter().any(|kind| policy.operations(kind.doctype).contains(Operation::Update))
}

fn subject(attempt: &mut Attempt, _: &Map<String, Value>) {
    (attempt.doctype, attempt.document) = (Some(KINDS[0].doctype.to_owned()), None);
    attempt.beside = Some(KINDS[1].doctype.to_owned());
    attempt.fields = vec![CLEARANCE.to_owned()];
}

async fn clear(call: Call<'_>, mut args: ClearArgs) -> Result<ToolAnswer, ToolError> {
    args.account = titles::in_full(call.session, "Account", &args.account, None).await;
    match &args.dates {
        None => uncleared::list(&call, &args).await,
        Some(rows) => dates::set(&call, &args, rows).await,
    }
}

impl VoucherKind {
    /// The first field that the list goes by and that is withheld: what is listed and what is refused would tell the account
    /// of a payment.
    fn withheld(&self, on: &DocTypeCall<'_>) -> Option<&'static str> {
        let mut needed = ["posting_date", CLEARANCE, self.cheque].into_iter().chain(self.account.iter().copied());
        needed.find(|name| !on.may_read(name))
    }

    /// # Errors
    /// That a field is withheld which this goes by.
    fn seen(&self, on: &DocTypeCall<'_>) -> Result<(), ToolError> {
        match self.withheld(on) {
            None => Ok(()),
            Some(name) => Err(ToolError::not_readable(name, on.def.name)),
        }
    }

    /// What is told of a document; `seen` is what the caller may see of it.
    fn facts(&self, seen: &Map<String, Value>) -> Map<String, Value> {
        let facts = self.told.iter().copied().chain([self.cheque]);
        facts
            .filter_map(|field| Some((field.to_owned(), seen.get(field).filter(|fact| !fact.is_null())?.clone())))
            .collect()
    }

    /// What the account gets (Dr) or gives (Cr) by it, in the site's own row about it, where that may be seen: the line of
    /// the statement.
    fn amount(&self, on: &DocTypeCall<'_>, row: &Map<String, Value>) -> Option<(String, Value)> {
        let may_be_seen = self.amounts.iter().all(|name| on.may_read(name));
        let amount = row.get("amount").filter(|amount| may_be_seen && amount.is_string())?;
        Some(("amount".to_owned(), amount.clone()))
    }
}

/// A day as the site writes it.
fn day(path: &str, text: &str) -> Result<String, Violation> {
    time::parse_date(text).map(|day| day.to_string()).map_err(|why| Violation::new(path, Rule::Value, why.to_string()))
}

/// How many days two payments are apart at most to be asked about in one.
const NEAR: i32 = 7;

/// Days in their order as ranges, in which what is near each other is together.
fn ranges<'d>(days: impl IntoIterator<Item = &'d str>) -> Vec<(&'d str, &'d str)> {
    let mut ranges: Vec<(&'d str, &'d str)> = Vec::new();
    for day in days {
        let is_near = |last: &str| match (time::parse_date(last), time::parse_date(day)) {
            (Ok(last), Ok(day)) => day.since(last).is_ok_and(|span| span.get_days() <= NEAR),
            _ => false,
        };
        let near = ranges.last().is_some_and(|(_, last)| is_near(last));
        match ranges.last_mut().filter(|_| near) {
            Some((_, last)) => *last = day,
            None => ranges.push((day, day)),
        }
    }
    ranges
}

/// # Errors
/// That the call was called off: nothing more is begun.
fn goes_on(call: &Call<'_>) -> Result<(), ToolError> {
    match call.observer.is_stopped() {
        true => Err(ToolError::refused("It was called off before anything was set.", "Call again.")),
        false => Ok(()),
    }
}

/// The site's tool, as it is sent with a question about these days.
fn form(account: &str, from: &str, to: &str, all: bool) -> Map<String, Value> {
    let fields = [
        ("account", json!(account)),
        ("from_date", json!(from)),
        ("to_date", json!(to)),
        ("include_reconciled_entries", json!(u8::from(all))),
        ("include_pos_transactions", json!(0)),
        ("payment_entries", json!([])),
    ];
    fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}

/// The rows of the site's tool.
fn entries(mut tool: Map<String, Value>) -> Vec<Map<String, Value>> {
    tool.remove("payment_entries").into_iter().flat_map(into_rows).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{CLEARANCE, KINDS, ranges};

    #[test]
    fn days_that_are_near_each_other_are_asked_about_in_one() {
        let days = ["2025-12-28", "2026-01-04", "2026-01-05", "2026-01-13", "2026-03-01"];
        let near = [("2025-12-28", "2026-01-05"), ("2026-01-13", "2026-01-13"), ("2026-03-01", "2026-03-01")];
        assert_eq!(ranges(days), near);
        assert_eq!(ranges(["", "2026-01-04"]), [("", ""), ("2026-01-04", "2026-01-04")]);
    }

    #[test]
    fn every_field_of_what_a_bank_clears_is_there() {
        for kind in &KINDS {
            let def = erpnext_doctypes::any(kind.doctype).unwrap();
            let fields = kind.told.iter().chain([&kind.cheque, &CLEARANCE, &"posting_date"]);
            for name in fields.chain(kind.account).chain(kind.amounts) {
                let (table, column) = name.split_once('.').map_or((None, *name), |(table, of)| (Some(table), of));
                let rows = table.and_then(|table| erpnext_doctypes::any(def.field(table)?.rows_of()?));
                assert!(rows.unwrap_or(def).field(column).is_some(), "{name}");
            }
        }
    }
}
