//! What nobody knows of a document before the site has stored it: what it works out from figures and rows, and what it
//! fetches from the documents that are linked to. A condition on that cannot be judged by what is sent.

use erpnext_schema::{DocTypeDef, FieldDef, Shape, flag};
use serde_json::{Map, Value};

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
        None => def.field(name).is_some_and(|field| match stored {
            None => field.is(flag::READ_ONLY) || link_of(field).is_some(),
            Some(stored) => {
                let changed = |name: &str| differs(stored, result, name);
                let figure = field.is(flag::READ_ONLY) && is_figure(field);
                link_of(field).is_some_and(changed)
                    || figure && def.fields.iter().any(|f| counts(f) && changed(f.fieldname))
            }
        }),
        Some((table, column)) => {
            let child = def.field(table).and_then(FieldDef::target).and_then(children);
            let column = child.and_then(|child| child.field(column));
            let decided = column.is_some_and(|column| column.is(flag::READ_ONLY) || link_of(column).is_some());
            decided && rows(Some(result), table).any(|row| !rows(stored, table).any(|was| was == row))
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
