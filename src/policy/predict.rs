//! The fields that nobody knows before the site has stored the document: it works them out from figures and rows, or
//! fetches them from linked documents. A condition on one of them cannot be judged by what is sent.

use erpnext_schema::{DocTypeDef, FieldDef, Shape, flag};
use serde_json::{Map, Value};

/// Amounts that people may set and that the site works out all the same, each with the fields it works them out from.
const WORKED_OUT: &[(&str, &[&str])] = &[("discount_amount", &["additional_discount_percentage"])];

/// The same of rows: a discount, a margin or a pricing rule decides the rate, and each kind of discount the other.
const WORKED_OUT_OF_ROWS: &[(&str, &[&str])] = &[
    ("rate", &["discount_percentage", "discount_amount", "margin_rate_or_amount", "pricing_rules"]),
    ("discount_amount", &["discount_percentage"]),
    ("discount_percentage", &["discount_amount"]),
];

/// What another rate of a row decides once the document is submitted: the site keeps the price of the list, and works out
/// what lies between.
const WORKED_OUT_OF_RATE: &[&str] = &["discount_amount", "discount_percentage", "margin_rate_or_amount"];

/// Whether the field is such an amount.
pub fn is_worked_out(name: &str) -> bool {
    let (amounts, name) = name.split_once('.').map_or((WORKED_OUT, name), |(_, column)| (WORKED_OUT_OF_ROWS, column));
    amounts.iter().any(|(amount, _)| *amount == name)
}

/// Whether something is set, or was until now, that the site works the amount out from.
fn is_driven(
    amounts: &[(&str, &[&str])],
    name: &str,
    was: Option<&Map<String, Value>>,
    result: &Map<String, Value>,
) -> bool {
    let is_set = |doc: &Map<String, Value>, name: &str| {
        doc.get(name).is_some_and(|value| !value.is_null() && *value != "" && value.as_f64() != Some(0.0))
    };
    let mut drivers = amounts.iter().filter(|(amount, _)| *amount == name).flat_map(|(_, drivers)| *drivers);
    drivers.any(|driver| is_set(result, driver) || was.is_some_and(|was| is_set(was, driver)))
}

/// The `names` (`status`, or `items.amount`) whose values the site decides when `result` is stored over `stored`, or as a
/// new document.
pub fn unpredictable<'a>(
    names: impl Iterator<Item = &'a str>,
    def: &DocTypeDef,
    children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    stored: Option<&Map<String, Value>>,
    result: &Map<String, Value>,
) -> Vec<&'a str> {
    let decides = |name: &&str| match name.split_once('.') {
        None => def.field(name).is_some_and(|field| {
            let driven = is_driven(WORKED_OUT, name, stored, result);
            let Some(stored) = stored else { return field.is(flag::READ_ONLY) || link_of(field).is_some() || driven };
            let changed = |name: &str| differs(stored, result, name);
            let figure = is_figure(field) && (field.is(flag::READ_ONLY) || driven);
            link_of(field).is_some_and(changed)
                || figure && def.fields.iter().any(|f| counts(f) && changed(f.fieldname))
        }),
        Some((table, column)) => {
            let child = def.field(table).and_then(FieldDef::target).and_then(children);
            let column = child.and_then(|child| child.field(column));
            column.is_some_and(|column| {
                let decided = column.is(flag::READ_ONLY) || link_of(column).is_some();
                let is_submitted = number(stored, "docstatus") == Some(1.0);
                let is_priced = is_submitted && WORKED_OUT_OF_RATE.contains(&column.fieldname);
                let mut changed = rows(Some(result), table).filter(|row| !rows(stored, table).any(|was| was == *row));
                changed.any(|row| {
                    let was = rows(stored, table)
                        .find(|was| was.get("name").is_some_and(|name| row.get("name") == Some(name)));
                    let driven =
                        |row| is_driven(WORKED_OUT_OF_ROWS, column.fieldname, was.and_then(Value::as_object), row);
                    let rate = |row: Option<&Value>| number(row.and_then(Value::as_object), "rate");
                    let priced = is_priced && rate(Some(row)) != rate(was);
                    decided || priced || row.as_object().is_some_and(driven)
                })
            })
        }
    };
    names.filter(decides).collect()
}

/// The link by which the site fetches the field, whatever is sent.
fn link_of(field: &FieldDef) -> Option<&'static str> {
    let from = field.fetch_from.filter(|_| !field.is(flag::FETCH_IF_EMPTY));
    from.and_then(|from| from.split_once('.')).map(|(link, _)| link)
}

/// Whether figures can depend on the field.
fn counts(field: &FieldDef) -> bool {
    field.kind.is_table() || is_figure(field) || field.target().is_some()
}

fn is_figure(field: &FieldDef) -> bool {
    matches!(field.kind.shape(), Shape::Int | Shape::Float)
}

fn differs(stored: &Map<String, Value>, result: &Map<String, Value>, name: &str) -> bool {
    let of = |doc: &Map<String, Value>| doc.get(name).cloned().unwrap_or_default();
    of(stored) != of(result)
}

fn number(doc: Option<&Map<String, Value>>, name: &str) -> Option<f64> {
    doc?.get(name)?.as_f64()
}

fn rows<'d>(doc: Option<&'d Map<String, Value>>, table: &str) -> impl Iterator<Item = &'d Value> {
    doc.and_then(|doc| doc.get(table)).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::unpredictable;

    fn of(names: &[&'static str], stored: Value, result: Value) -> Vec<&'static str> {
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        let result = result.as_object().unwrap();
        unpredictable(names.iter().copied(), def, &erpnext_doctypes::any, stored.as_object(), result)
    }

    const NAMES: &[&str] = &["grand_total", "status", "po_no", "items.amount", "items.warehouse"];

    #[test]
    fn of_a_new_document_nobody_knows_what_the_site_works_out() {
        let new =
            json!({"grand_total": 1, "status": "Draft", "po_no": "1", "items": [{"amount": 1, "warehouse": "A"}]});
        assert_eq!(of(NAMES, Value::Null, new), ["grand_total", "status", "items.amount"]);
    }

    #[test]
    fn an_amount_that_the_site_works_out_is_known_only_while_nothing_drives_it() {
        let names = &["discount_amount", "items.rate"];
        let new = |doc: Value| of(names, Value::Null, doc);
        assert_eq!(new(json!({"discount_amount": 5, "items": [{"rate": 1}]})), [""; 0]);
        assert_eq!(new(json!({"discount_amount": 5, "additional_discount_percentage": 50})), ["discount_amount"]);
        assert_eq!(new(json!({"items": [{"rate": 1}, {"rate": 1, "discount_percentage": 90}]})), ["items.rate"]);
        let stored = json!({"additional_discount_percentage": 10, "discount_amount": 5, "po_no": "1", "items": [
            {"name": "r", "rate": 1, "qty": 1, "pricing_rules": "[\"PRLE-1\"]"},
        ]});
        let with = |key: &str, value: Value| {
            let mut result = stored.clone();
            result[key] = value;
            of(names, stored.clone(), result)
        };
        assert_eq!(with("po_no", json!("2")), [""; 0]);
        assert_eq!(with("additional_discount_percentage", json!(0)), ["discount_amount"]);
        assert_eq!(with("items", json!([{"name": "r", "rate": 1, "qty": 2}])), names);
    }

    #[test]
    fn another_rate_of_a_submitted_row_decides_its_discount() {
        let names = &["items.discount_amount", "items.margin_rate_or_amount", "items.warehouse"];
        let rows = |rate: f64, qty: u32| json!([{"name": "r", "rate": rate, "qty": qty, "discount_amount": 0.0}]);
        for (docstatus, rate, qty, unknown) in
            [(1, 1.0, 1, &names[..2]), (1, 449.0, 2, &names[..0]), (0, 1.0, 1, &names[..0])]
        {
            let stored = json!({"docstatus": docstatus, "items": rows(449.0, 1)});
            let result = json!({"docstatus": docstatus, "items": rows(rate, qty)});
            assert_eq!(of(names, stored, result), unknown, "{docstatus} {rate} {qty}");
        }
    }

    #[test]
    fn of_a_changed_one_nobody_knows_figures_that_depend_on_what_changed() {
        let stored =
            json!({"grand_total": 9, "status": "Draft", "po_no": "1", "items": [{"name": "r", "qty": 1, "amount": 9}]});
        let with = |key: &str, value: Value| {
            let mut result = stored.clone();
            result[key] = value;
            of(NAMES, stored.clone(), result)
        };
        assert_eq!(with("po_no", json!("2")), [""; 0]);
        assert_eq!(with("items", json!([{"name": "r", "qty": 5, "amount": 9}])), ["grand_total", "items.amount"]);
        assert_eq!(with("discount_amount", json!(3)), ["grand_total"]);
    }
}
