//! `change_order_status`: closes, holds and opens again what is submitted and not done.

use std::time::Instant;

use erpnext_schema::{nearest, with_article};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::may_update;
use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::amounts::number_or_zero;
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::shape::text_of;
use crate::site::{Answer, SiteError, StatusMethod, WriteError};
use crate::tool::kinds::{DocTypeName, DocumentName, choices};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::lifecycle::{Docstatus, moved};
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

/// Closes, holds, opens again.
pub static STATUS: ToolSpec = ToolSpec {
    name: "change_order_status",
    title: "Close, hold or reopen an order",
    description: "Closes (ends with the rest undone), holds or reopens a submitted order, delivery note, receipt or \
                  material request, short of cancelling it. Nothing is undone; reopen takes it back.",
    toolset: Toolset::Trade,
    operation: Operation::Update,
    effect: Effect::Sets,
    offered: |policy| may_update(policy, CLOSABLE.iter().map(|closable| closable.doctype)),
    special: Special::NONE,
    handler: handler!(StatusArgs, change),
};

#[derive(Deserialize, JsonSchema)]
struct StatusArgs {
    /// Sales Order, Purchase Order, Delivery Note, Purchase Receipt or Material Request
    doctype: DocTypeName,
    name: DocumentName,
    to: To,
}

choices!(To {
    Close = "close",
    Hold = "hold",
    Reopen = "reopen",
});

/// How documents of a DocType are closed.
struct Closable {
    doctype: &'static str,
    method: StatusMethod,
    /// The status of what is closed.
    closed: &'static str,
    /// That of what is held, where it can be.
    held: Option<&'static str>,
    /// What the desk sends to open it again: the site then works the status out.
    opens: &'static str,
    /// How far it is, in per cent: done where all are at 100.
    done: &'static [&'static str],
}

const HELD: Option<&str> = Some("On Hold");

const fn closable(
    doctype: &'static str,
    path: &'static str,
    named_by: &'static str,
    opens: &'static str,
    done: &'static [&'static str],
) -> Closable {
    Closable { doctype, method: StatusMethod { path, named_by }, closed: "Closed", held: None, opens, done }
}

#[rustfmt::skip]
const CLOSABLE: [Closable; 5] = [
    Closable { held: HELD, ..closable("Sales Order", "erpnext.selling.doctype.sales_order.sales_order.update_status", "name", "Draft", &["per_delivered", "per_billed"]) },
    Closable { held: HELD, ..closable("Purchase Order", "erpnext.buying.doctype.purchase_order.purchase_order.update_status", "name", "Submitted", &["per_received", "per_billed"]) },
    closable("Delivery Note", "erpnext.stock.doctype.delivery_note.delivery_note.update_delivery_note_status", "docname", "Submitted", &["per_billed"]),
    closable("Purchase Receipt", "erpnext.stock.doctype.purchase_receipt.purchase_receipt.update_purchase_receipt_status", "docname", "Submitted", &["per_billed"]),
    Closable { closed: "Stopped", ..closable("Material Request", "erpnext.stock.doctype.material_request.material_request.update_status", "name", "Submitted", &["per_ordered"]) },
];

impl Closable {
    fn of(doctype: &str) -> Result<&'static Self, ToolError> {
        CLOSABLE.iter().find(|closable| closable.doctype == doctype).ok_or_else(|| {
            let names = CLOSABLE.iter().map(|closable| closable.doctype);
            let near =
                nearest(doctype, names.clone()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let listed = names.collect::<Vec<_>>().join(", ");
            ToolError::refused(
                format!("doctype: {} is neither closed nor held by this tool{near}", with_article(doctype)),
                format!("It takes {listed}. Cancel or delete another document that is no longer wanted."),
            )
        })
    }

    /// Whether this is the status of what is closed or held.
    fn rests(&self, status: &str) -> bool {
        status == self.closed || self.held == Some(status)
    }

    /// The status to send.
    ///
    /// # Errors
    /// Why the document does not take this step now, and what may be done.
    fn status(&self, to: To, doc: &Map<String, Value>) -> Result<&'static str, (String, &'static str)> {
        let status = text_of(doc, "status");
        match Docstatus::of(doc) {
            Docstatus::Submitted => {}
            Docstatus::Draft => return Err(("is a draft".to_owned(), "Submit it first, or change or delete it.")),
            Docstatus::Cancelled => return Err(("is cancelled and stays so".to_owned(), "Amend it for a new draft.")),
        }
        let is_done = || self.done.iter().all(|field| number_or_zero(doc, field) >= 99.995);
        match (to, self.held) {
            (To::Reopen, _) if !self.rests(status) => {
                Err((format!("is neither closed nor held: its status is {status}"), "Nothing is to be done."))
            }
            (To::Reopen, _) => Ok(self.opens),
            (To::Close, _) if status == self.closed => {
                Err((format!("is closed already: its status is {status}"), "reopen opens it again."))
            }
            (To::Hold, None) => Err((
                format!("cannot be held: a {} has no such status", self.doctype),
                "close ends it with the rest undone; a comment tells others to wait.",
            )),
            (To::Hold, Some(held)) if status == held => Err(("is held already".to_owned(), "reopen takes it back.")),
            (To::Hold, _) if status == self.closed => {
                Err(("is closed".to_owned(), "reopen it first, if it is to go on later."))
            }
            _ if is_done() => Err((
                format!("is done: {} at 100", self.done.join(" and ")),
                "Nothing is left that could be closed or held.",
            )),
            (To::Hold, Some(held)) => Ok(held),
            (To::Close, _) => Ok(self.closed),
        }
    }
}

async fn change(call: Call<'_>, args: StatusArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let closable = Closable::of(on.def.name)?;
    on.keeps_values().await?;
    let name = on.name(&args.name);
    let stored = on.existing(name).await?;
    named_exactly(&on, name, &stored)?;
    let refused = |(why, next): (String, &'static str)| {
        ToolError::refused(format!("{} {name:?} {why}; nothing was done.", on.def.name), next)
    };
    let withheld = std::iter::once("status").chain(closable.done.iter().copied());
    let mut withheld =
        withheld.filter(|field| on.def.field(field).is_some_and(|field| !permit.fields().may_read(field)));
    if let Some(field) = withheld.next() {
        return Err(ToolError::refused(
            format!("This server's configuration withholds {field} of {}, which this goes by.", on.def.name),
            "Somebody has to do it in the desk.",
        ));
    }
    let status = closable.status(args.to, &stored).map_err(refused)?;
    // Version 15 asks for no right at all here, 16 for this one.
    if !call.session.site.may(Operation::Submit, on.def.name).await? {
        return Err(ToolError::refused(
            format!("The user's roles on the site do not give the right to submit {}; nothing was done.", on.def.name),
            "Somebody with that right closes, holds or reopens it.",
        ));
    }
    let mut result = stored.clone();
    result.insert("status".to_owned(), json!(status));
    let worked_out = matches!(args.to, To::Reopen);
    if !worked_out {
        permit.keeps_in_sight("changed", &result)?;
    }
    let becomes = if worked_out { json!("as the site works it out") } else { json!(status) };
    let mut preview = Map::from_iter([("status".to_owned(), json!({"from": stored.get("status"), "to": becomes}))]);
    let seen = on.visible(stored.clone());
    let left = closable.done.iter().filter_map(|field| Some(((*field).to_owned(), seen.get(*field)?.clone())));
    preview.insert("done_so_far".to_owned(), Value::Object(left.collect()));
    let state = WriteState::Changed { stored: &stored, result: if worked_out { &stored } else { &result } };
    let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let write = StatusWrite { on: &on, name, closable, to: args.to, status };
    let answer = send(call.session, &write, cleared).await?;
    let done = match args.to {
        To::Close => "closed",
        To::Hold => "held",
        To::Reopen => "reopened",
    };
    let mut told = moved(&on, (done, None), name, stored, answer.messages).await;
    // The site answers 200, too, where it leaves the document as it was.
    if told.data.get("status").and_then(Value::as_str).is_some_and(|now| !write.is_so(now)) {
        told.data
            .insert("note".to_owned(), json!("the site took the request and left another status; read the document"));
    }
    Ok(told)
}

/// A status that is set.
struct StatusWrite<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    closable: &'static Closable,
    to: To,
    status: &'static str,
}

impl StatusWrite<'_> {
    /// Whether this is the status of a document with which it was done.
    fn is_so(&self, status: &str) -> bool {
        match self.to {
            To::Reopen => !self.closable.rests(status),
            _ => status == self.status,
        }
    }
}

impl<'a> Write for StatusWrite<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.set_status(cleared, self.closable.method, self.status).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        Ok(match self.on.now(self.name).await? {
            None => Verdict::Open("the document is gone".to_owned()),
            Some(now) => Verdict::seen(self.is_so(text_of(&now, "status")).then_some(()), UNCHANGED),
        })
    }

    fn what(&self) -> String {
        format!("{} of {} {:?}", self.to.as_str(), self.on.def.name, self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::CLOSABLE;

    #[test]
    fn every_status_and_share_is_one_of_its_doctype() {
        for closable in &CLOSABLE {
            let def = erpnext_doctypes::any(closable.doctype).unwrap();
            let choices = def.field("status").unwrap().choices().unwrap();
            let named = [Some(closable.closed), closable.held];
            assert!(named.into_iter().flatten().all(|status| choices.contains(&status)), "{}", def.name);
            assert!(closable.done.iter().all(|field| def.field(field).is_some()), "{}", def.name);
        }
    }
}
