//! What a call that records a payment means: what is paid of which invoices, from or to which account. All that is wrong with
//! it is told at once.

use erpnext_schema::{Purpose, Rule, Violation};
use serde_json::Value;

use super::account::{self, Account};
use super::allocate::{Open, Plan, plan};
use super::currency::{AMOUNTS, said_twice};
use super::invoices::Invoices;
use super::{PartyType, PaymentArgs, advance};
use crate::document::amounts::{money, stated_number};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::shape::is_set;
use crate::tool::Call;
use crate::tools::erp::is_a_date;
use crate::writes::named;

/// What the call says by arguments of its own, or works out, beside the amounts: one of these may be that of a bank in
/// another currency.
const OURS: [&str; 10] = [
    "company",
    "mode_of_payment",
    "paid_from",
    "paid_to",
    "party",
    "party_type",
    "payment_type",
    "posting_date",
    "reference_no",
    "references",
];

/// What is paid, of what, and where.
pub struct Meant {
    /// The invoices that get something, each with its share.
    pub paid: Vec<(Open, f64)>,
    /// How the amount is shared out among them.
    pub plan: Plan,
    /// What deductions settle beside it.
    pub deducted: f64,
    /// The bank or cash account; none where the site decides.
    pub account: Option<Account>,
    /// The company.
    pub company: String,
}

impl Meant {
    /// What the call means.
    ///
    /// # Errors
    /// All that is wrong with it, in `data` too.
    pub async fn of(
        call: &Call<'_>,
        on: &DocTypeCall<'_>,
        invoices: &Invoices<'_>,
        args: &PaymentArgs,
    ) -> Result<Self, ToolError> {
        let tool = call.tool.name();
        let dates = [args.date.as_deref(), args.reference_date.as_deref()];
        let mut problems: Vec<ToolError> = dates.into_iter().filter_map(|date| is_a_date(date).err()).collect();
        let ours = args.data.keys().filter(|key| OURS.contains(&key.as_str()));
        let twice: Vec<Violation> = ours.map(|key| said_twice(key)).collect();
        if !twice.is_empty() {
            problems.push(ToolError::arguments(tool, twice));
        }
        let amount = args.amount.as_ref().map(|amount| amount.0);
        let deducted = deducted(args);
        let found = unknown(on, args).await;
        let is_known = found.is_empty();
        problems.extend(found);
        let opened = match is_known {
            true => open(call, invoices, args, amount).await.map_err(|why| problems.push(why)).ok(),
            false => None,
        };
        let company = match &opened {
            Some((_, company)) => Some(company.clone()),
            None => args.company.clone().filter(|_| is_known),
        };
        let planned = opened.and_then(|(open, _)| match plan(&open, amount, deducted, args.advance) {
            Ok(plan) => Some((open, plan)),
            Err(found) => {
                problems.push(ToolError::arguments(tool, found));
                None
            }
        });
        let (mode, named) = (args.mode_of_payment.as_deref(), args.account.as_deref());
        let account = match &company {
            Some(company) => account::account(call, company, mode, named).await.map_err(|why| problems.push(why)).ok(),
            None => None,
        };
        let mut problems = problems.into_iter();
        if let Some(first) = problems.next() {
            return Err(first.and(tool, problems.chain(in_data(on, args).await)));
        }
        let (Some((open, plan)), Some(account), Some(company)) = (planned, account, company) else {
            return Err(invoices.nothing_open(args.party()));
        };
        let paid: Vec<_> =
            open.into_iter().zip(plan.shares.iter().copied()).filter(|(_, share)| *share > 0.0).collect();
        let plan = Plan { shares: paid.iter().map(|(_, share)| *share).collect(), ..plan };
        Ok(Self { paid, plan, deducted, account, company })
    }
}

/// The documents that the call names and that are not there; no invoice is looked for without them.
async fn unknown(on: &DocTypeCall<'_>, args: &PaymentArgs) -> Vec<ToolError> {
    let party = named::check(on, "party", args.party_type.as_str(), args.party()).await;
    let company = match args.company.as_deref() {
        Some(company) => named::check(on, "company", "Company", company).await,
        None => Ok(()),
    };
    party.err().into_iter().chain(company.err()).collect()
}

/// What is wrong with the form of `data`.
pub async fn in_data(on: &DocTypeCall<'_>, args: &PaymentArgs) -> Option<ToolError> {
    let mut data = args.data.0.clone();
    data.retain(|key, _| !OURS.contains(&key.as_str()) && !AMOUNTS.contains(&key.as_str()));
    if data.is_empty() { None } else { on.document_with_links(Purpose::Update, &data, None).await.err() }
}

/// The invoices that are paid, and the company that they are of: those that are named, or else the oldest that are open; none
/// of an advance for which an empty list is named.
async fn open(
    call: &Call<'_>,
    invoices: &Invoices<'_>,
    args: &PaymentArgs,
    amount: Option<f64>,
) -> Result<(Vec<Open>, String), ToolError> {
    match (&args.invoices, amount) {
        (Some(rows), Some(_)) if rows.is_empty() && args.advance => {
            Ok((Vec::new(), advance::company(call, args).await?))
        }
        (Some(rows), _) => invoices.named(rows, args.party(), args.company.as_deref()).await,
        (None, Some(amount)) => match invoices.oldest(args.party(), args.company.as_deref(), amount).await? {
            Some(oldest) => Ok(oldest),
            None if args.advance => Ok((Vec::new(), advance::company(call, args).await?)),
            None => Err(invoices.nothing_open(args.party())),
        },
        (None, None) => {
            let message = "is mandatory where no invoices are named";
            let found = Violation::new("amount", Rule::Mandatory, message);
            Err(ToolError::arguments(call.tool.name(), vec![found]))
        }
    }
}

/// What the deductions of `data` settle beside what is paid: of a customer what is written off; a supplier gets so much less
/// of what is paid. What rates leave is no such thing. What is no list of rows is refused with the document.
fn deducted(args: &PaymentArgs) -> f64 {
    let given = match args.data.get("deductions") {
        Some(Value::Object(changes)) => changes.get("rows").or_else(|| changes.get("add")),
        given => given,
    };
    let rows = given.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let own = rows.filter(|row| !is_set(row, "is_exchange_gain_loss"));
    let sum: f64 = own.filter_map(|row| stated_number(row.get("amount")?)).filter(|amount| amount.is_finite()).sum();
    money(if args.party_type == PartyType::Customer { sum } else { -sum })
}
