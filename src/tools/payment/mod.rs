//! `record_payment`: money from a customer or to a supplier, shared out over invoices, as a draft or submitted.

mod account;
mod advance;
mod allocate;
mod currency;
mod draft;
mod invoices;
mod meant;
mod party;
mod reconcile;

use erpnext_schema::rows;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) use self::allocate::spread;
use self::allocate::{Open, Plan};
use self::currency::Across;
pub(super) use self::draft::put_amount;
use self::invoices::Invoices;
use self::party::name_party;
pub use self::reconcile::RECONCILE;
use super::erp::PartyType;
use super::lifecycle;
use crate::answer::{Made, ToolAnswer};
use crate::audit::Attempt;
use crate::cleared::Confirmed;
use crate::document::amounts::{money, number, same};
use crate::documents::{DocTypeCall, suggest};
use crate::error::ToolError;
use crate::policy::{Operation, Permit, Policy, WriteState};
use crate::shape::{present, text_of};
use crate::tool::document_args::NameArgs;
use crate::tool::kinds::{Amount, Data, Day, DocumentName, NamedRows};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::batch::Member;
use crate::writes::doubts;
use crate::writes::gate::{Go, Step};
use crate::writes::report::note_titles;

const PAYMENT: &str = "Payment Entry";

/// Records a payment.
pub static RECORD: ToolSpec = ToolSpec {
    name: "record_payment",
    title: "Record a payment",
    description: "Records money received from a customer or paid to a supplier for one or several invoices, in full or \
                  in part. Without invoices the oldest open ones are paid first. A draft, unless submit: true, which \
                  shows all first and gives a confirm_token.",
    toolset: Toolset::Trade,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered,
    // A payment that is submitted at once changes the books: it is asked about like what cannot be taken back.
    special: Special { confirm_as: &[Operation::Create, Operation::Cancel], subject, ..Special::NONE },
    handler: handler!(PaymentArgs, record),
};

#[derive(Deserialize, JsonSchema)]
struct PaymentArgs {
    party_type: PartyType,
    /// its name (ID); default: that of the invoices
    party: Option<String>,
    /// [{"name": invoice, "amount": its share}]; without amount as much as is open
    invoices: Option<NamedRows>,
    /// the whole payment; default: what the invoices take
    amount: Option<Amount>,
    mode_of_payment: Option<String>,
    /// bank or cash account; default: that of the mode
    account: Option<String>,
    /// YYYY-MM-DD; default: today
    date: Option<Day>,
    /// of the transfer or cheque; banks need one
    reference_no: Option<String>,
    /// default: date
    reference_date: Option<Day>,
    /// needed where invoices of several are open
    company: Option<String>,
    /// a rest stays with the party; invoices []: all of it
    #[serde(default)]
    advance: bool,
    #[serde(default)]
    submit: bool,
    /// other fields of the Payment Entry
    #[serde(default)]
    data: Data,
    /// your text; repeated with it, a payment is made once
    idempotency_key: Option<String>,
}

impl PaymentArgs {
    /// The party's name.
    fn party(&self) -> &str {
        self.party.as_deref().unwrap_or_default()
    }
}

fn offered(policy: &Policy) -> bool {
    let may = |doctype: &str, operation| policy.operations(doctype).contains(operation);
    let invoices = [PartyType::Customer, PartyType::Supplier].map(PartyType::invoice);
    may(PAYMENT, Operation::Create) && invoices.into_iter().any(|invoice| may(invoice, Operation::Read))
}

fn subject(attempt: &mut Attempt, arguments: &Map<String, Value>) {
    let of_supplier = arguments.get("party_type").is_some_and(|kind| kind == PartyType::Supplier.as_str());
    let party_type = if of_supplier { PartyType::Supplier } else { PartyType::Customer };
    (attempt.doctype, attempt.document) = (Some(PAYMENT.to_owned()), None);
    attempt.beside = Some(party_type.invoice().to_owned());
}

/// What the payment is made of, before it is sent.
struct Payment {
    doc: Map<String, Value>,
    invoices: Vec<Open>,
    plan: Plan,
    /// Where it is between currencies.
    across: Option<Across>,
    /// Whether the site would give a discount for early payment, which this one does not take.
    has_discount: bool,
}

async fn record(call: Call<'_>, mut args: PaymentArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let create = session.permit(Operation::Create, PAYMENT).await?;
    let read = session.permit(Operation::Read, args.party_type.invoice()).await?;
    let submit = match args.submit {
        true => Some(session.permit(Operation::Submit, PAYMENT).await?),
        false => None,
    };
    let on = DocTypeCall::of(&call, &create).await?;
    let mut key = on.hold_key(args.idempotency_key.as_deref()).await?;
    if let Some(name) = on.made_before(key.as_mut()).await? {
        let (mut answer, stored) = on.answer_again(name).await;
        let docstatus = stored.as_ref().and_then(|stored| stored.get("docstatus")).and_then(Value::as_u64);
        if args.submit && docstatus == Some(0) {
            answer.data.insert("not_submitted".to_owned(), json!("it is a draft: look at it, then submit it"));
        }
        return Ok(answer);
    }
    let invoices = Invoices::of(&call, &read, args.party_type).await?;
    match &mut args.party {
        Some(party) => name_party(session, args.party_type, party).await,
        None => args.party = Some(invoices.party(args.invoices.as_deref().unwrap_or_default()).await?),
    }
    let (payment, on, titled) = draft::make(&call, on, &invoices, &args).await?;
    if let Some(permit) = &submit {
        can_be_submitted(&on, permit, &payment.doc).await?;
    }
    let told = payment.told();
    let preview = payment.preview(&on, told.clone(), args.submit).await;
    let step = Step { name: None, state: WriteState::New(&payment.doc), preview: &preview };
    // Draft and submission are one question.
    let asked_as = if args.submit { Operation::Cancel } else { Operation::Create };
    let cleared = match on.gate_as(asked_as, step).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let confirmed = cleared.confirmed();
    let inserted = match on.send_create(cleared, &payment.doc, key, None).await {
        Ok(inserted) => inserted,
        Err(error) => return Err(suggest::named(&on, error, &[&payment.doc]).await),
    };
    let name = inserted.data;
    let mut data = Map::from_iter([("created".to_owned(), json!(name))]);
    data.extend(told);
    note_titles(&mut data, titled);
    let made = Some(Made { name: name.clone(), before: false });
    let mut answer = ToolAnswer { made, ..data.into() };
    let differs = payment.note_stored(&on, &name, &mut answer).await;
    answer.messages.extend(inserted.messages);
    let wrong = differs.or_else(|| answer.data.get("violation").and_then(Value::as_str).map(str::to_owned));
    match (submit, wrong) {
        (None, wrong) => {
            let next = on.registry.tool_for(on.def, erpnext_schema::Verb::Submit);
            answer.data.insert("next".to_owned(), json!(format!("a draft: {next} makes it final")));
            answer.data.extend(wrong.map(|why| ("look_at".to_owned(), json!(why))));
        }
        (Some(_), Some(why)) => {
            let told = format!("{why}: it stays a draft, so that nobody pays by mistake. Correct it, then submit it.");
            answer.data.insert("not_submitted".to_owned(), json!(told));
        }
        (Some(permit), None) => {
            let done = submitted(&on, &permit, &name, confirmed).await.map_err(|error| half_way(&name, error))?;
            answer.data.extend(done.data.into_iter().filter(|(key, _)| key != "changed"));
            answer.messages.extend(done.messages);
            answer.data.insert("open_now".to_owned(), invoices.open_now(&payment.invoices).await);
        }
    }
    Ok(answer)
}

/// That nothing here stands in the way of a submission, before a draft is made for it.
async fn can_be_submitted(on: &DocTypeCall<'_>, permit: &Permit, doc: &Map<String, Value>) -> Result<(), ToolError> {
    if on.session.catalog.state_field(on.session.asker(), PAYMENT).await?.is_some() {
        return Err(ToolError::refused(
            "submit: Payment Entry is governed by a workflow, which decides when it is submitted; nothing was made.",
            "Call without submit, then get_workflow_actions shows what is open to this user.",
        ));
    }
    let mut result = doc.clone();
    result.insert("docstatus".to_owned(), json!(1));
    let nothing = Map::new();
    let state = WriteState::Changed { stored: doc, result: &result };
    // Counted as the submit that it will be.
    let attempt = Attempt { operation: Operation::Submit.as_str().to_uppercase(), ..on.attempt.clone() };
    let on = DocTypeCall { permit, attempt: &attempt, ..*on };
    on.would_pass(&Step { name: None, state, preview: &nothing }).await
}

/// Submits the draft, with the confirmation that it was made with.
async fn submitted(
    on: &DocTypeCall<'_>,
    permit: &Permit,
    name: &str,
    confirmed: Confirmed,
) -> Result<ToolAnswer, ToolError> {
    let member = Member::new(on, on.def, permit, Some(name), Some(confirmed));
    let args = NameArgs { name: DocumentName(name.to_owned()), overwrite: true };
    member.run(lifecycle::submit(&member.on(), args)).await
}

/// The failure of a submission, with what was made before it.
fn half_way(name: &str, error: ToolError) -> ToolError {
    let account = match &error {
        ToolError::Unsettled { .. } => {
            format!("Payment Entry {name:?} was made; whether it was submitted is not known.")
        }
        _ => format!("Payment Entry {name:?} was made and is a draft; it was not submitted."),
    };
    let made = Some(Made { name: name.to_owned(), before: false });
    ToolError::HalfWay { account, made, cause: Box::new(error) }
}

impl Payment {
    /// What is shown before and told after: who gets what, and what stays open.
    fn told(&self) -> Map<String, Value> {
        let shares = self.invoices.iter().zip(&self.plan.shares);
        let rows: Vec<Value> = shares
            .map(|(invoice, share)| {
                json!({
                    "invoice": invoice.name, "due_date": invoice.due_date, "open": invoice.open, "allocated": share,
                    "stays_open": money(invoice.open - share),
                })
            })
            .collect();
        let mut told = Map::from_iter([
            ("amount".to_owned(), json!(self.plan.amount)),
            ("allocation".to_owned(), Value::Array(rows)),
            ("stays_with_party".to_owned(), json!(self.plan.unallocated)),
        ]);
        if !same(self.plan.deducted, 0.0) {
            told.insert("deducted".to_owned(), json!(self.plan.deducted));
        }
        told.extend(self.across.as_ref().map(|across| ("across".to_owned(), across.told())));
        if self.has_discount {
            let note =
                "a discount for early payment is open and not taken; convert_document makes a payment that takes it";
            told.insert("discount".to_owned(), json!(note));
        }
        told
    }

    /// What a person who is asked is shown: what is told, the document, and the site's warnings where it is submitted.
    async fn preview(&self, on: &DocTypeCall<'_>, told: Map<String, Value>, submit: bool) -> Map<String, Value> {
        let mut preview = told;
        preview.insert("would_create".to_owned(), Value::Object(self.shown(on)));
        if submit && (on.attempt.dry_run || on.must_ask_as(Operation::Cancel, false)) {
            let warnings = doubts::by_the_site(on, &self.doc).await;
            if !warnings.is_empty() {
                preview.insert("warnings".to_owned(), json!(warnings));
            }
        }
        preview
    }

    /// Tells what the site stored; gives what of it is otherwise than it was planned.
    async fn note_stored(&self, on: &DocTypeCall<'_>, name: &str, answer: &mut ToolAnswer) -> Option<String> {
        let mut stored = match on.stored(name).await {
            Ok(stored) => stored,
            Err(note) => {
                answer.messages.push(note);
                return Some("what the site stored could not be read".to_owned());
            }
        };
        let told = &mut answer.data;
        on.note_violation(told, &stored);
        let on = on.with_live_metadata(&mut stored).await;
        on.was_shown(name, Some(&stored));
        for (key, value) in on.outcome(&stored, &Map::new()) {
            told.entry(key).or_insert(value);
        }
        on.note_differences(told, &Map::new(), &self.doc, &stored);
        if self.invoices.is_empty() {
            let seen = on.visible(stored.clone());
            told.extend(advance::account_of(&seen).map(|account| ("booked_in".to_owned(), json!(account))));
        }
        self.differs(&on, &stored)
    }

    /// The document for who is asked: its rows are told as the allocation.
    fn shown(&self, on: &DocTypeCall<'_>) -> Map<String, Value> {
        let mut doc = on.visible(self.doc.clone());
        doc.remove("references");
        present::draft(on.def, &|child| on.session.catalog.known(child), &mut doc);
        doc.retain(|field, value| field != "naming_series" && !is_no_rate(field, value));
        doc
    }

    /// What the site stored otherwise than it was planned; how much it stored as far as that may be read.
    fn differs(&self, on: &DocTypeCall<'_>, stored: &Map<String, Value>) -> Option<String> {
        let seen = on.visible(stored.clone());
        let shares = self.invoices.iter().zip(&self.plan.shares);
        let allocated = shares.map(|(invoice, share)| Figure {
            what: format!("share of {}", invoice.name),
            planned: *share,
            stored: allocated_to(stored, &invoice.name).unwrap_or_default(),
            seen: allocated_to(&seen, &invoice.name),
        });
        let amounts = match &self.across {
            Some(across) => across.amounts().to_vec(),
            None => vec![("paid_amount", self.plan.amount)],
        };
        let beside = [("unallocated_amount", self.plan.unallocated), ("difference_amount", 0.0)];
        let fields = amounts.into_iter().chain(beside).map(|(field, planned)| Figure {
            what: field.to_owned(),
            planned,
            stored: number(stored, field).unwrap_or_default(),
            seen: number(&seen, field),
        });
        let wrong = allocated.chain(fields).find(|figure| !same(figure.stored, figure.planned));
        wrong
            .map(|figure| figure.told())
            .or_else(|| advance::differs(stored, &seen).filter(|_| self.invoices.is_empty()))
    }
}

/// Whether it is a rate between a currency and itself.
fn is_no_rate(field: &str, value: &Value) -> bool {
    field.ends_with("_exchange_rate") && value.as_f64() == Some(1.0)
}

/// A figure of a payment: as it was planned, as the site stored it, and as it may be seen.
struct Figure {
    what: String,
    planned: f64,
    stored: f64,
    seen: Option<f64>,
}

impl Figure {
    fn told(&self) -> String {
        match self.seen {
            Some(seen) => format!("the site stored {seen} as {}, not {}", self.what, self.planned),
            None => format!("the site stored another {} than {}", self.what, self.planned),
        }
    }
}

/// Whether money comes in by a payment.
fn receives(payment: &Map<String, Value>) -> bool {
    payment.get("payment_type").is_some_and(|kind| kind == "Receive")
}

/// What a payment allocates to the invoice, where its rows say so.
fn allocated_to(payment: &Map<String, Value>, invoice: &str) -> Option<f64> {
    let of_it = rows(payment.get("references")?).filter(|row| text_of(row, "reference_name") == invoice);
    let amounts: Vec<f64> = of_it.filter_map(|row| number(row, "allocated_amount")).collect();
    (!amounts.is_empty()).then(|| amounts.iter().sum())
}
