//! Numbers that the site compares with a withheld field of the document they are sent for: by trying some of them a caller
//! would find it.

use erpnext_schema::known_comparisons::{COMPARED, Compared};
use erpnext_schema::{Children, DocTypeDef, Rule, Violation, collation, rows};
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;

/// Such numbers among what is not stored already.
pub(super) fn withheld(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
    place: &dyn Fn(&str, usize) -> String,
) -> Vec<Violation> {
    let children = |child: &str| on.session.catalog.known(child);
    let withholds = |doctype: &str, field: &str| on.session.policy.withholds_field(doctype, field);
    found(on.def, &children, doc, stored, &withholds, place)
}

fn found(
    def: &DocTypeDef,
    children: Children<'_>,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
    withholds: &dyn Fn(&str, &str) -> bool,
    place: &dyn Fn(&str, usize) -> String,
) -> Vec<Violation> {
    let compared = |holder: &str| COMPARED.iter().find(|compared| compared.on == holder);
    let mut violations = Vec::new();
    let mut judge = |compared: &Compared, holder: &Map<String, Value>, place: String| {
        let tried = tries(compared, holder, withholds);
        violations.extend(tried.map(|(sent, doctype, with)| Violation {
            path: format!("data.{place}{sent}"),
            rule: Rule::NotPermitted,
            message: format!(
                "the site compares it with {with} of the {doctype}, which this server's configuration does not permit \
                 reading, and would tell it by what it refuses"
            ),
            nearest: None,
        }));
    };
    if let Some(compared) = compared(def.name) {
        let mut whole = stored.clone();
        whole.extend(doc.clone());
        if !says_the_same(compared, stored, &whole) {
            judge(compared, &whole, String::new());
        }
    }
    for (table, child, value) in def.tables_in(children, doc) {
        let Some(compared) = compared(child.name) else { continue };
        let before = || stored.get(table.fieldname).into_iter().flat_map(rows);
        for (i, row) in rows(value).enumerate() {
            let is_stored = before().any(|was| row.contains_key("name") && says_the_same(compared, was, row));
            if !is_stored {
                judge(compared, row, format!("{}.", place(table.fieldname, i)));
            }
        }
    }
    violations
}

/// Whether nothing of what is compared is another.
fn says_the_same(compared: &Compared, was: &Map<String, Value>, row: &Map<String, Value>) -> bool {
    let same = |key: &&str| was.get(*key) == row.get(*key);
    ["name", compared.link, compared.by].iter().chain(compared.sent).all(same)
}

/// The number that the row states, and the DocType and the withheld field that the site would compare it with; none where it
/// compares it with no such field.
fn tries(
    compared: &Compared,
    holder: &Map<String, Value>,
    withholds: &dyn Fn(&str, &str) -> bool,
) -> Option<(&'static str, &'static str, &'static str)> {
    let text = |key: &str| holder.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let target = text(compared.link).and(text(compared.by))?;
    let is_a_number =
        |key: &&&str| holder.get(**key).is_some_and(|value| !value.is_null() && value.as_f64() != Some(0.0));
    let sent = compared.sent.iter().find(is_a_number)?;
    let (doctype, fields) = compared.with.iter().find(|(of, _)| collation::same(of, target))?;
    let field = fields.iter().find(|field| withholds(doctype, field))?;
    Some((*sent, *doctype, *field))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::known_comparisons::COMPARED;
    use serde_json::{Map, Value, json};

    use super::found;

    /// Where the document tries a number, if what is open of invoices and orders is withheld.
    fn tried(doctype: &str, doc: &Value, stored: &Value) -> Vec<String> {
        let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let withholds = |doctype: &str, field: &str| doctype == "Sales Invoice" && field == "outstanding_amount";
        let place = |table: &str, row: usize| format!("{table}[{row}]");
        let def = erpnext_doctypes::any(doctype).unwrap();
        let found = found(def, &erpnext_doctypes::any, &map(doc), &map(stored), &withholds, &place);
        found.into_iter().map(|found| found.path).collect()
    }

    #[test]
    fn a_number_that_is_new_for_a_document_is_tried_and_one_that_is_stored_is_not() {
        let nothing = Value::Object(Map::new());
        let reference = |name: &str, doctype: &str, amount: f64| json!({"name": name, "reference_doctype": doctype, "reference_name": "X-1", "allocated_amount": amount});
        let payment = |row: &Value| json!({"references": [row]});
        let invoice = reference("r1", "Sales Invoice", 5.0);
        let at = ["data.references[0].allocated_amount"];
        assert_eq!(tried("Payment Entry", &payment(&invoice), &nothing), at);
        assert_eq!(tried("Payment Entry", &payment(&invoice), &payment(&invoice)), [""; 0]);
        let spelt = reference("r1", "sáles invoice ", 5.0);
        assert_eq!(tried("Payment Entry", &payment(&spelt), &nothing), at, "the site takes it for the same");
        assert_eq!(tried("Payment Entry", &payment(&reference("r1", "Sales Invoice", 6.0)), &payment(&invoice)), at);
        // The same once more is twice as much.
        let mut again = invoice.clone();
        again.as_object_mut().unwrap().remove("name");
        assert_eq!(tried("Payment Entry", &payment(&again), &payment(&invoice)), at);
        for free in
            [reference("r1", "Sales Order", 5.0), reference("r1", "Sales Invoice", 0.0), json!({"allocated_amount": 5})]
        {
            assert_eq!(tried("Payment Entry", &payment(&free), &nothing), [""; 0], "{free}");
        }
        let account = json!({"account": "A", "reference_type": "Sales Invoice", "reference_name": "X-1", "credit_in_account_currency": 5});
        let plain = json!({"account": "B", "debit_in_account_currency": 5});
        let request = |amount: f64| json!({"name": "R-1", "reference_doctype": "Sales Invoice", "reference_name": "X-1", "grand_total": amount});
        assert_eq!(tried("Payment Request", &request(5.0), &nothing), ["data.grand_total"]);
        assert_eq!(tried("Payment Request", &json!({"grand_total": 6}), &request(5.0)), ["data.grand_total"]);
        assert_eq!(tried("Payment Request", &json!({"subject": "x"}), &request(5.0)), [""; 0]);
        let entry = json!({"accounts": [plain, account]});
        assert_eq!(tried("Journal Entry", &entry, &nothing), ["data.accounts[1].credit_in_account_currency"]);
    }

    #[test]
    fn every_known_comparison_names_fields_that_there_are() {
        for compared in COMPARED {
            let holder = erpnext_doctypes::any(compared.on).unwrap();
            for column in compared.sent.iter().chain([&compared.link, &compared.by]) {
                assert!(holder.field(column).is_some(), "{}.{column}", compared.on);
            }
            for (doctype, field) in
                compared.with.iter().flat_map(|(of, fields)| fields.iter().map(move |field| (of, field)))
            {
                assert!(erpnext_doctypes::any(doctype).unwrap().field(field).is_some(), "{doctype}.{field}");
            }
        }
    }
}
