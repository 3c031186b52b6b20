//! How values are shown: nothing that is empty, Markdown for HTML, long texts cut, what the site keeps only where it was
//! asked for.

use std::borrow::Cow;

use erpnext_schema::{
    Children, DocTypeDef, FieldDef, FieldKind, FieldWalk, Options, Shape, doctype_flag, flag, rows_mut,
};
use serde_json::{Map, Value};

use super::{markdown, text};

/// How much of a text a document shows where nobody asked for it by name, in characters.
const IN_A_DOCUMENT: usize = 1_000;
/// The same in a row: of a list, or of a child table.
const IN_A_ROW: usize = 300;

/// How texts are shown.
#[derive(Clone, Copy, Debug)]
struct How {
    /// How much of one, in characters.
    longest: usize,
    /// HTML as Markdown.
    markdown: bool,
}

impl How {
    fn new(most: usize, asked: bool, raw: bool) -> Self {
        Self { longest: if asked || raw { usize::MAX } else { most }, markdown: !raw }
    }
}

/// What was left out of a document.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[must_use]
pub struct LeftOut {
    /// The end of a text.
    pub text: bool,
    /// Columns of rows that the desk's grid does not show.
    pub columns: bool,
    /// Fields that hold 0 or no.
    pub zeros: bool,
}

impl LeftOut {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self { text: self.text | other.text, columns: self.columns | other.columns, zeros: self.zeros | other.zeros }
    }
}

/// Amounts of which people want to know that they are 0.
pub(super) const TOLD_ZEROS: [&str; 7] = [
    "difference_amount",
    "grand_total",
    "outstanding_amount",
    "paid_amount",
    "total",
    "total_taxes_and_charges",
    "unallocated_amount",
];

/// A document for reading, and what was left out of it. `asked` says that its fields were named, which are shown whole;
/// `raw` shows HTML as it is stored.
pub fn document(
    def: &DocTypeDef,
    children: Children<'_>,
    document: &mut Map<String, Value>,
    asked: bool,
    raw: bool,
) -> LeftOut {
    let mut left_out = LeftOut::default();
    let twins = if asked { Vec::new() } else { twins(document) };
    let mut fields = def.walk();
    document.retain(|key, value| {
        let field = fields.field(key);
        if is_empty(value) || !asked && is_the_sites(def, key, value) || twins.contains(key) {
            return false;
        }
        if !asked && is_zero(value) && field.is_some_and(|field| is_idle(def, field)) {
            left_out.zeros = true;
            return false;
        }
        match (field, value) {
            (Some(field), Value::Array(rows)) if field.kind.is_table() => {
                let child = field.target().and_then(children);
                let shown = Rows::new(child, asked, raw);
                let mut main = Main::new(child, children);
                for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                    row.retain(|key, value| {
                        let (field, is_main) = main.find(key);
                        if shown.may_show(key, is_main) {
                            left_out.text |= cell(field, value, shown.how);
                        }
                        shown.show(key, is_main, Held::of(value), &mut left_out)
                    });
                }
            }
            (field, value) => left_out.text |= cell(field, value, How::new(IN_A_DOCUMENT, asked, raw)),
        }
        true
    });
    left_out
}

/// How the rows of a table are shown.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    how: How,
    /// Whether their fields were named.
    asked: bool,
    has_grid: bool,
}

impl Rows {
    /// The rows of this DocType.
    pub fn new(child: Option<&DocTypeDef>, asked: bool, raw: bool) -> Self {
        Self { how: How::new(IN_A_ROW, asked, raw), asked, has_grid: !asked && child.is_some_and(has_grid) }
    }

    /// Whether they show such a column, if it holds something.
    pub fn may_show(self, column: &str, is_main: bool) -> bool {
        !self.has_grid || column == "name" || is_main
    }

    /// A text as they show it.
    pub fn text<'t>(self, column: &FieldDef, text: &'t str, left_out: &mut LeftOut) -> Cow<'t, str> {
        match reworded(Some(column), text, self.how) {
            None => Cow::Borrowed(text),
            Some((shown, is_cut)) => {
                left_out.text |= is_cut;
                Cow::Owned(shown)
            }
        }
    }

    /// Whether they show what a column holds: one that is main, or not.
    pub fn show(self, column: &str, is_main: bool, held: Held, left_out: &mut LeftOut) -> bool {
        let told = held != Held::Nothing && (self.asked || column != "idx");
        let shown = !self.has_grid || column == "name" || is_main && held != Held::Zero;
        left_out.columns |= told && !shown && held != Held::Zero;
        told && shown
    }
}

/// What a column of a row holds, as far as it decides whether it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// Nothing, or what is empty.
    Nothing,
    /// 0 or no.
    Zero,
    /// Anything else.
    Something,
}

impl Held {
    /// What this value is.
    pub fn of(value: &Value) -> Self {
        match value {
            _ if is_empty(value) => Self::Nothing,
            _ if is_zero(value) => Self::Zero,
            _ => Self::Something,
        }
    }
}

/// A document that is still to be made, with its rows, without what is empty, repeats an amount, or is a 0 that says
/// nothing; whether there was such a 0.
pub fn draft(def: &DocTypeDef, children: Children<'_>, document: &mut Map<String, Value>) -> bool {
    let mut zeros = trim(def, document);
    for (key, value) in document.iter_mut() {
        if let Some(child) = def.field(key).and_then(FieldDef::rows_of).and_then(children) {
            rows_mut(value).for_each(|row| zeros |= trim(child, row));
        }
    }
    zeros
}

fn trim(def: &DocTypeDef, document: &mut Map<String, Value>) -> bool {
    let (twins, mut zeros) = (twins(document), false);
    document.retain(|key, value| {
        let is_idle = is_zero(value) && def.field(key).is_some_and(|field| is_idle(def, field));
        zeros |= is_idle;
        !is_idle && !is_empty(value) && *value != "{}" && !twins.contains(key)
    });
    zeros
}

/// Figures that repeat another of their document or row, unless a discount, a rounding or a unit comes between the two.
pub const REPEATED: [(&str, &str); 5] = [
    ("net_amount", "amount"),
    ("net_rate", "rate"),
    ("rounded_total", "grand_total"),
    ("stock_qty", "qty"),
    ("tax_amount_after_discount_amount", "tax_amount"),
];

/// How the names of amounts end that are written out: nobody reckons with these.
pub const IN_WORDS: &str = "in_words";

/// The amounts that repeat another one, such as those in the company's currency that are the document's.
fn twins(document: &Map<String, Value>) -> Vec<String> {
    let repeats = |key: &&String| {
        let beside = || REPEATED.iter().find(|(repeat, _)| *repeat == key.as_str()).map(|(_, of)| *of);
        let of = key.strip_prefix("base_").or_else(beside).and_then(|of| document.get(of));
        key.ends_with(IN_WORDS) || of.is_some_and(|of| document.get(*key) == Some(of))
    };
    document.keys().filter(repeats).cloned().collect()
}

/// Whether a 0 in this field says nothing: nobody looks for it first, and it is no setting.
fn is_idle(def: &DocTypeDef, field: &FieldDef) -> bool {
    const LOOKED_AT: u32 = flag::IN_LIST_VIEW | flag::IN_STANDARD_FILTER | flag::BOLD | flag::STANDARD;
    // Where a new document begins with another value, the 0 was chosen: who copies the document has to see it.
    let is_chosen = field.default.is_some_and(|default| !matches!(default.trim(), "" | "0"));
    let is_told = is_chosen || field.flags & LOOKED_AT != 0 || TOLD_ZEROS.contains(&field.fieldname);
    !is_told && !def.is(doctype_flag::SINGLE)
}

/// The columns of a table, and which of them are main ones: decided once, for all rows.
struct Main<'c> {
    columns: Option<FieldWalk>,
    children: Children<'c>,
    /// By the place of the field.
    decided: Vec<Option<bool>>,
}

impl<'c> Main<'c> {
    fn new(child: Option<&DocTypeDef>, children: Children<'c>) -> Self {
        let columns = child.map(DocTypeDef::walk);
        Self { columns, children, decided: vec![None; columns.map_or(0, |columns| columns.len())] }
    }

    fn find(&mut self, key: &str) -> (Option<&'static FieldDef>, bool) {
        let Some((place, column)) = self.columns.as_mut().and_then(|columns| columns.find(key)) else {
            return (None, true);
        };
        let decided = &mut self.decided[place];
        (Some(column), *decided.get_or_insert_with(|| is_main(self.children, column)))
    }
}

/// Whether the desk shows the rows of this DocType in a grid, which has only some of the columns.
fn has_grid(child: &DocTypeDef) -> bool {
    child.fields.iter().any(|field| field.is(flag::IN_LIST_VIEW))
}

/// Whether a column of rows is one that the desk's grid shows, or links the row to another document of its chain.
pub(super) fn is_main(children: Children<'_>, column: &FieldDef) -> bool {
    let chained = |target: &str| children(target).is_some_and(|def| def.is(doctype_flag::SUBMITTABLE));
    column.is(flag::IN_LIST_VIEW) || column.kind == FieldKind::Link && column.target().is_some_and(chained)
}

fn is_zero(value: &Value) -> bool {
    *value == false || value.as_f64() == Some(0.0)
}

/// A row of a list; whether a text of it was cut.
pub fn row(def: &DocTypeDef, row: &mut Map<String, Value>) -> bool {
    row.iter_mut().fold(false, |any, (key, value)| any | in_a_row(def.field(key), value))
}

/// A value of a row; whether a text was cut.
pub fn in_a_row(field: Option<&FieldDef>, value: &mut Value) -> bool {
    cell(field, value, How { longest: IN_A_ROW, markdown: true })
}

/// One value; whether it was cut.
fn cell(field: Option<&FieldDef>, value: &mut Value, how: How) -> bool {
    let Value::String(whole) = value else { return false };
    let Some((shown, is_cut)) = reworded(field, whole, how) else { return false };
    *whole = shown;
    is_cut
}

/// A text as it is shown, and whether it was cut; none where it is shown as it stands.
fn reworded(field: Option<&FieldDef>, text: &str, how: How) -> Option<(String, bool)> {
    if let Some(day) = day(field, text) {
        return Some((day.to_owned(), false));
    }
    let is_html = how.markdown && field.is_some_and(|field| field.kind.is_rich_text());
    let markdown = is_html.then(|| markdown::from_html(text));
    // Names and links are given back as they are, so they are never cut; the site keeps them short.
    match text::cut(markdown.as_deref().unwrap_or(text), how.longest) {
        Some(cut) => Some((cut, true)),
        None => Some((markdown?, false)),
    }
}

/// Shows a day as one also where the site gives it as a moment, as version 16 does.
pub fn as_day(field: Option<&FieldDef>, value: &mut Value) {
    if let Some(day) = value.as_str().and_then(|text| day(field, text)).map(str::to_owned) {
        *value = Value::String(day);
    }
}

fn day<'t>(field: Option<&FieldDef>, text: &'t str) -> Option<&'t str> {
    text.strip_suffix(" 00:00:00").filter(|_| field.is_some_and(|field| field.kind.shape() == Shape::Date))
}

/// What Frappe keeps for every document and hardly anybody asks for. `modified` stays: an update can take it.
/// Rows of a ledger are submitted or cancelled though nobody submits them (H71).
fn is_the_sites(def: &DocTypeDef, key: &str, value: &Value) -> bool {
    matches!(key, "owner" | "creation" | "modified_by" | "idx")
        || key == "docstatus" && *value == 0 && !def.is(doctype_flag::SUBMITTABLE)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The field of the same document that names the currency of this one.
pub fn currency_of(def: &DocTypeDef, field: &FieldDef) -> Option<&'static FieldDef> {
    def.field(currency_field(field)?)
}

/// The name of the field that names the currency of this one; of an amount in a row it may be the document's.
pub fn currency_field(field: &FieldDef) -> Option<&'static str> {
    match field.options {
        Options::Format(by) if field.kind == FieldKind::Currency && !by.contains(':') => Some(by),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::{document, row};

    #[test]
    fn a_day_that_the_site_gives_as_a_moment_is_shown_as_a_day() {
        let def = erpnext_doctypes::any("Sales Invoice").unwrap();
        let moment = "2026-12-24 00:00:00";
        let held = json!({"name": "S-1", "due_date": moment, "modified": moment, "remarks": moment,
            "payment_schedule": [{"name": "r", "due_date": moment}]});
        let mut shown = held.as_object().unwrap().clone();
        assert!(!row(def, &mut shown));
        assert_eq!(shown["due_date"], "2026-12-24");
        assert_eq!((&shown["modified"], &shown["remarks"]), (&json!(moment), &json!(moment)));
        for raw in [false, true] {
            let mut shown = held.as_object().unwrap().clone();
            let _ = document(def, &erpnext_doctypes::any, &mut shown, true, raw);
            assert_eq!(shown["due_date"], "2026-12-24");
            assert_eq!(shown["payment_schedule"][0]["due_date"], "2026-12-24");
        }
    }
}
