//! Tools of the desk that are documents which nobody stores: Payment Reconciliation and Bank Clearance. The whole
//! document is sent with each call of one of its methods, as the desk sends a form that is new, and comes back as the
//! method left it.

use serde_json::{Map, Value, json};

use super::{Answer, Body, CallerClient, SiteError, SiteErrorKind, WriteError, check, endpoints, question, unexpected};
use crate::cleared::Cleared;
use crate::policy::{Operation, Permit};

const RECONCILIATION: &str = "Payment Reconciliation";
const CLEARANCE: &str = "Bank Clearance";

/// What such a tool is asked without changing anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeskQuestion {
    /// The `invoices` and `payments` of a party of which something is open.
    Unreconciled,
    /// The `allocation` of the payments to the invoices that are given as arguments.
    Allocation,
    /// The `payment_entries` of a bank's account in a range of days.
    BankEntries,
}

impl DeskQuestion {
    const fn asked(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreconciled => (RECONCILIATION, "get_unreconciled_entries"),
            Self::Allocation => (RECONCILIATION, "allocate_entries"),
            Self::BankEntries => (CLEARANCE, "get_payment_entries"),
        }
    }
}

impl CallerClient<'_> {
    /// The tool's document with the answer in its tables. Takes the permit to change payments. The answer tells of
    /// documents whether the caller may see them or not: what of it may be told is for who asks to decide.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn ask_desk_tool(
        &self,
        permit: &Permit,
        asked: DeskQuestion,
        doc: &Map<String, Value>,
        args: Option<&Value>,
    ) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Update])?;
        let (doctype, method) = asked.asked();
        let body = body(doctype, method, doc, args);
        let answer = self.value(question(endpoints::RUN_DOC_METHOD, Body::Json(body)), "docs").await?;
        let first = match answer.data {
            Value::Array(docs) => docs.into_iter().next(),
            _ => None,
        };
        match first {
            Some(Value::Object(doc)) => Ok(doc),
            _ => Err(unexpected(&endpoints::line("POST", endpoints::RUN_DOC_METHOD), false, "no document in it")),
        }
    }

    /// Matches payments to invoices as the `allocation` of the document says: all of it or nothing. Each payment in it
    /// needs a clearance of its own, as the site asks for no right on it.
    ///
    /// # Errors
    /// A payment without clearance, the site's refusal, or that no answer came.
    pub async fn reconcile(&self, leave: Vec<Cleared<'_>>, doc: &Map<String, Value>) -> Result<Answer<()>, WriteError> {
        covered(&leave, doc, "allocation", ["reference_type", "reference_name"])?;
        let body = body(RECONCILIATION, "reconcile", doc, None);
        Ok(self.method_write(endpoints::RUN_DOC_METHOD, body).await?.try_map(|_| Ok(()))?)
    }

    /// Sets the clearance dates of the document's `payment_entries`, all of them or none; null takes one away. Each
    /// payment needs a clearance of its own, as the site asks for no right on it.
    ///
    /// # Errors
    /// A payment without clearance, the site's refusal, or that no answer came.
    pub async fn set_clearance(
        &self,
        leave: Vec<Cleared<'_>>,
        doc: &Map<String, Value>,
    ) -> Result<Answer<()>, WriteError> {
        covered(&leave, doc, "payment_entries", ["payment_document", "payment_entry"])?;
        let body = body(CLEARANCE, "update_clearance_date", doc, None);
        Ok(self.method_write(endpoints::RUN_DOC_METHOD, body).await?.try_map(|_| Ok(()))?)
    }
}

/// Document and arguments are JSON text. A document that says to be new is not compared with the Single of its name.
fn body(doctype: &str, method: &str, doc: &Map<String, Value>, args: Option<&Value>) -> Value {
    let mut doc = doc.clone();
    for (key, value) in [("doctype", json!(doctype)), ("name", json!(doctype)), ("__islocal", json!(1))] {
        doc.insert(key.to_owned(), value);
    }
    let mut body = json!({ "method": method, "docs": Value::Object(doc).to_string() });
    if let Some(args) = args {
        body["args"] = json!(args.to_string());
    }
    body
}

/// Checks that each document named by a row of the table has leave to be changed.
fn covered(
    leave: &[Cleared<'_>],
    doc: &Map<String, Value>,
    table: &str,
    [doctype, name]: [&str; 2],
) -> Result<(), SiteError> {
    for cleared in leave {
        check(cleared.permit(), &[Operation::Update])?;
    }
    let rows = doc.get(table).and_then(Value::as_array).into_iter().flatten();
    for row in rows {
        let named = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_cleared = leave
            .iter()
            .any(|cleared| cleared.permit().doctype() == named(doctype) && cleared.document() == Some(named(name)));
        if !is_cleared {
            let words = "a change of a document that nobody cleared";
            return Err(SiteError::new(SiteErrorKind::Misuse, named(doctype), false, words));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{body, covered};
    use crate::cleared::Cleared;
    use crate::policy::{Operation, Permit};

    #[test]
    fn a_document_is_sent_as_text_and_as_a_new_one() {
        let doc = json!({"account": "Bank - A", "payment_entries": []});
        let sent = body("Bank Clearance", "get_payment_entries", doc.as_object().unwrap(), None);
        let docs: Value = serde_json::from_str(sent["docs"].as_str().unwrap()).unwrap();
        assert_eq!((&docs["doctype"], &docs["__islocal"]), (&json!("Bank Clearance"), &json!(1)));
        assert_eq!(sent.get("args"), None);
        let args = body("Payment Reconciliation", "allocate_entries", &serde_json::Map::new(), Some(&json!({"a": 1})));
        assert_eq!(args["args"], r#"{"a":1}"#);
    }

    #[test]
    fn what_nobody_cleared_is_not_sent() {
        let permit = Permit::for_test("Payment Entry", Operation::Update);
        let leave = [Cleared::for_test(&permit, Some("P-1"))];
        let keys = ["payment_document", "payment_entry"];
        let rows = |doctype: &str, name: &str| {
            let row = json!({"payment_document": doctype, "payment_entry": name});
            json!({ "payment_entries": [row] }).as_object().unwrap().clone()
        };
        assert!(covered(&leave, &rows("Payment Entry", "P-1"), "payment_entries", keys).is_ok());
        for (doctype, name) in [("Payment Entry", "P-2"), ("Journal Entry", "P-1")] {
            assert!(covered(&leave, &rows(doctype, name), "payment_entries", keys).is_err(), "{doctype} {name}");
        }
        let reads = Permit::for_test("Payment Entry", Operation::Read);
        let leave = [Cleared::for_test(&reads, Some("P-1"))];
        assert!(covered(&leave, &rows("Payment Entry", "P-1"), "payment_entries", keys).is_err());
    }
}
