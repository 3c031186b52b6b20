//! Figures of a draft that the site works out again as it stores it: once rows or amounts were changed they are those of
//! another document, and are not shown.

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, flag, rows, rows_mut};
use serde_json::{Map, Value};

use crate::document::amounts::number;
use crate::document::differences::same;
use crate::shape::text_of;

/// Tables whose figures come of the totals, and go into none.
const OF_TOTALS: [&str; 2] = ["payment_schedule", "sales_team"];

/// Columns of rows that come of other figures, where their table does not let them be set.
const OF_ROWS: [&str; 17] = [
    "allocated_amount",
    "amount",
    "base_amount",
    "base_net_amount",
    "base_net_rate",
    "base_outstanding",
    "base_tax_amount",
    "base_tax_amount_after_discount_amount",
    "base_total",
    "credit",
    "debit",
    "net_amount",
    "net_rate",
    "outstanding",
    "stock_qty",
    "tax_amount_after_discount_amount",
    "total",
];

/// Whether `change` gives the document other figures or another number of rows, so that its totals are no longer its own.
pub fn are_stale(
    def: &DocTypeDef,
    children: Children<'_>,
    doc: &Map<String, Value>,
    change: &Map<String, Value>,
) -> bool {
    let differs = |def: &DocTypeDef, was: &Map<String, Value>, is: &Map<String, Value>| {
        let mut figures = def.fields.iter().filter(|field| is_figure(field) && !field.is(flag::READ_ONLY));
        let of = |doc: &Map<String, Value>, field: &FieldDef| doc.get(field.fieldname).cloned().unwrap_or_default();
        figures.any(|field| is.contains_key(field.fieldname) && !same(field, &of(is, field), &of(was, field)))
    };
    let mut tables = def.tables_in(children, change).filter(|(table, ..)| !OF_TOTALS.contains(&table.fieldname));
    differs(def, doc, change)
        || tables.any(|(table, child, is)| {
            let was: Vec<_> = doc.get(table.fieldname).into_iter().flat_map(rows).collect();
            let is: Vec<_> = rows(is).collect();
            was.len() != is.len() || was.into_iter().zip(is).any(|(was, is)| differs(child, was, is))
        })
}

/// Takes these figures out of what is `shown`, but those that the caller gave; whether there were any.
pub fn hide(
    def: &DocTypeDef,
    children: Children<'_>,
    given: &Map<String, Value>,
    shown: &mut Map<String, Value>,
) -> bool {
    let before = shown.len();
    shown.retain(|key, _| given.contains_key(key) || !def.field(key).is_some_and(is_total));
    let mut hidden = shown.len() < before;
    for (_, child, table) in def.tables_in_mut(children, shown) {
        for row in rows_mut(table) {
            let stale: Vec<String> = row.keys().filter(|column| comes_of_others(child, row, column)).cloned().collect();
            hidden |= !stale.is_empty();
            row.retain(|column, _| !stale.contains(column));
        }
    }
    hidden
}

const fn is_figure(field: &FieldDef) -> bool {
    matches!(field.kind, FieldKind::Currency | FieldKind::Float | FieldKind::Percent)
}

/// Whether the field is a total of the document. A balance is that of an account or a party.
fn is_total(field: &FieldDef) -> bool {
    let name = field.fieldname;
    let is_amount = matches!(field.kind, FieldKind::Currency | FieldKind::Float) && !name.ends_with("balance");
    field.is(flag::READ_ONLY) && field.fetch_from.is_none() && (is_amount || name.ends_with("in_words"))
}

fn comes_of_others(child: &DocTypeDef, row: &Map<String, Value>, column: &str) -> bool {
    match column {
        "tax_amount" => text_of(row, "charge_type") != "Actual",
        "payment_amount" | "base_payment_amount" => number(row, "invoice_portion").is_some_and(|part| part > 0.0),
        _ => OF_ROWS.contains(&column) && child.field(column).is_some_and(|field| field.is(flag::READ_ONLY)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::{DocTypeDef, doctype_flag, flag};
    use serde_json::{Map, Value, json};

    use super::{OF_ROWS, OF_TOTALS, are_stale, hide, is_figure};

    fn doc(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn invoice() -> (&'static DocTypeDef, Map<String, Value>) {
        let draft = doc(json!({
            "customer": "A", "conversion_rate": 1.0, "discount_amount": 2.0, "total_qty": 3.0, "grand_total": 32.4,
            "in_words": "Thirty two", "outstanding_amount": 32.4,
            "items": [{"item_code": "A", "qty": 3.0, "rate": 10.0, "price_list_rate": 11.0, "amount": 30.0, "stock_qty": 3.0}],
            "taxes": [
                {"charge_type": "On Net Total", "rate": 8.0, "tax_amount": 2.4, "total": 32.4},
                {"charge_type": "Actual", "tax_amount": 2.0},
            ],
            "payment_schedule": [{"invoice_portion": 100.0, "payment_amount": 32.4, "due_date": "2026-12-24"}],
        }));
        (erpnext_doctypes::any("Sales Invoice").unwrap(), draft)
    }

    #[test]
    fn totals_are_stale_once_a_figure_or_the_number_of_rows_is_another() {
        let (def, draft) = invoice();
        for (change, expected) in [
            (json!({}), false),
            (json!({"customer": "B", "total_qty": 1.0, "conversion_rate": 1}), false),
            (json!({"payment_schedule": []}), false),
            (json!({"items": [{"item_code": "A", "qty": 3, "rate": 10.0, "cost_center": "Main"}]}), false),
            (json!({"items": [{"item_code": "A", "qty": 2.0, "rate": 10.0}]}), true),
            (json!({"items": [{"qty": 3.0, "rate": 10.0}, {"qty": 1.0}]}), true),
            (json!({"taxes": []}), true),
            (json!({"conversion_rate": 1.000_1}), true),
            (json!({"discount_amount": 0}), true),
        ] {
            assert_eq!(are_stale(def, &erpnext_doctypes::any, &draft, &doc(change.clone())), expected, "{change}");
        }
    }

    #[test]
    fn what_the_site_works_out_is_hidden_and_what_people_set_is_not() {
        let (def, mut shown) = invoice();
        let given = doc(json!({"outstanding_amount": 5}));
        assert!(hide(def, &erpnext_doctypes::any, &given, &mut shown));
        assert_eq!(
            Value::Object(shown),
            json!({
                "customer": "A", "conversion_rate": 1.0, "discount_amount": 2.0, "outstanding_amount": 32.4,
                "items": [{"item_code": "A", "qty": 3.0, "rate": 10.0, "price_list_rate": 11.0}],
                "taxes": [{"charge_type": "On Net Total", "rate": 8.0}, {"charge_type": "Actual", "tax_amount": 2.0}],
                "payment_schedule": [{"invoice_portion": 100.0, "due_date": "2026-12-24"}],
            })
        );
        let mut bare = doc(json!({"customer": "A", "items": [{"qty": 1.0}]}));
        assert!(!hide(def, &erpnext_doctypes::any, &given, &mut bare));
    }

    /// A misspelt one would hide nothing.
    #[test]
    fn every_table_and_column_is_one_of_the_registry() {
        let all = || erpnext_doctypes::ALL.iter().map(|table| table.any());
        for table in OF_TOTALS {
            assert!(all().any(|def| def.table(table).is_some()), "{table}");
        }
        let rows = || all().filter(|def| def.is(doctype_flag::CHILD));
        for column in OF_ROWS {
            let is_it =
                |def: &DocTypeDef| def.field(column).is_some_and(|field| is_figure(field) && field.is(flag::READ_ONLY));
            assert!(rows().any(is_it), "{column}");
        }
    }
}
