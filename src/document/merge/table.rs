//! One child table: its stored rows, and what becomes of them.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, RowKey, Rule, Violation, flag};
use serde_json::{Map, Value, json};

use crate::document::Writing;
use crate::document::differences::same;
use crate::entry::is_nothing;
use crate::policy::FieldRef;
use crate::shape::called;

/// How many rows, and columns of a row, a message names.
const NAMED: usize = 20;

/// A row as it is to be sent.
pub(super) struct Row {
    /// All of it.
    pub whole: Map<String, Value>,
    /// The columns given.
    pub given: Map<String, Value>,
    /// Where in the table's value it was given, none for a row that just stays.
    pub place: Option<String>,
}

/// What becomes of a stored row.
enum Fate {
    Stays,
    Patched { place: String, columns: Map<String, Value> },
    Removed,
}

/// A table as it is stored.
pub(super) struct Table<'a> {
    field: &'a FieldDef,
    child: Option<&'static DocTypeDef>,
    writing: &'a Writing<'a>,
    stored: Vec<&'a Map<String, Value>>,
}

impl<'a> Table<'a> {
    pub fn new(field: &'a FieldDef, writing: &'a Writing<'a>, doc: &'a Map<String, Value>) -> Self {
        let rows = doc.get(field.fieldname).and_then(Value::as_array).into_iter().flatten();
        let child = field.rows_of().and_then(|target| writing.catalog.known(target));
        Self { field, child, writing, stored: rows.filter_map(Value::as_object).collect() }
    }

    /// The stored rows with single ones changed, taken away or added at the end.
    pub fn edited(
        &self,
        patch: &[Value],
        add: &[Value],
        remove: &[Value],
        violations: &mut Vec<Violation>,
    ) -> Vec<Row> {
        let mut fates: Vec<Fate> = self.stored.iter().map(|_| Fate::Stays).collect();
        let mut decide = |place: &str, key: Result<RowKey<'_>, (&str, String)>, fate| {
            let found = key.map_err(|(_, message)| message).and_then(|key| self.find(key));
            match found {
                Ok(at) if matches!(fates[at], Fate::Stays) => fates[at] = fate,
                Ok(at) => violations.push(self.violation(place, format!("{} is named twice", self.called(at)))),
                Err(message) => violations.push(self.violation(place, message)),
            }
        };
        for (i, row) in patch.iter().enumerate().filter_map(|(i, row)| Some((i, row.as_object()?))) {
            let columns = row.iter().filter(|(key, value)| !RowKey::is_part(key, value));
            let columns = columns.map(|(key, value)| (key.clone(), value.clone())).collect();
            let place = format!(".patch[{i}]");
            decide(&place, RowKey::of(row), Fate::Patched { place: place.clone(), columns });
        }
        for (i, entry) in remove.iter().enumerate() {
            decide(&format!(".remove[{i}]"), RowKey::of_removed(entry), Fate::Removed);
        }
        let mut rows = Vec::with_capacity(self.stored.len() + add.len());
        for (stored, fate) in self.stored.iter().zip(fates) {
            let (place, given) = match fate {
                Fate::Stays => (None, Map::new()),
                Fate::Patched { place, columns } => (Some(place), columns),
                Fate::Removed => continue,
            };
            rows.push(Row { whole: self.changed(stored, &given), given, place });
        }
        // Numbers have gaps only where the site left them so.
        let renumbered = rows.len() < self.stored.len();
        let mut last = 0;
        for (i, row) in rows.iter_mut().enumerate() {
            if renumbered {
                row.whole.insert("idx".to_owned(), json!(i + 1));
            }
            last = row.whole.get("idx").and_then(Value::as_u64).unwrap_or(last + 1);
        }
        for (i, row) in add.iter().enumerate().filter_map(|(i, row)| Some((i, row.as_object()?))) {
            last += 1;
            rows.push(new(row, last, format!(".add[{i}]")));
        }
        rows
    }

    /// The rows that the table has from then on.
    pub fn whole(&self, given: &[Value], replace: bool, violations: &mut Vec<Violation>) -> Vec<Row> {
        let part = if replace { ".rows" } else { "" };
        let meant = if replace { None } else { self.each_given_once(given) };
        let given = meant.as_deref().unwrap_or(given);
        let mut named: Vec<usize> = Vec::new();
        let mut rows = Vec::with_capacity(given.len());
        for (i, given) in given.iter().filter_map(Value::as_object).enumerate() {
            let (idx, place) = (i as u64 + 1, format!("{part}[{i}]"));
            let Some(name) = given.get("name") else {
                rows.push(new(given, idx, place));
                continue;
            };
            let at = match self.find(RowKey { name: Some(name), ..RowKey::default() }) {
                Ok(at) if named.contains(&at) => Err(format!("{} is named twice", self.called(at))),
                found => found,
            };
            match at {
                Ok(at) => {
                    named.push(at);
                    let mut columns = given.clone();
                    columns.remove("name");
                    let mut whole = self.changed(self.stored[at], &columns);
                    whole.insert("idx".to_owned(), json!(idx));
                    rows.push(Row { whole, given: columns, place: Some(place) });
                }
                Err(message) => violations.push(self.violation(&format!("{place}.name"), message)),
            }
        }
        let lost: Vec<usize> =
            (0..self.stored.len()).filter(|at| !named.contains(at) && self.holds_values(*at)).collect();
        if !replace && !given.is_empty() && !lost.is_empty() {
            violations.push(self.violation("", self.loss(&lost)));
        }
        rows
    }

    /// A stored row with these columns. A tax that becomes an amount has no rate: the one before would stand beside it.
    fn changed(&self, stored: &Map<String, Value>, columns: &Map<String, Value>) -> Map<String, Value> {
        let mut whole = stored.clone();
        whole.extend(columns.clone());
        let of = |row: &Map<String, Value>| row.get("charge_type").is_some_and(|charge| charge == "Actual");
        let rate =
            self.child.filter(|child| child.field("charge_type").is_some()).and_then(|child| child.field("rate"));
        let may_go = rate.is_some_and(|rate| self.writing.rule.may_write_child(self.field, rate));
        if may_go && of(columns) && !of(stored) && !columns.contains_key("rate") {
            whole.insert("rate".to_owned(), json!(0.0));
        }
        whole
    }

    /// The rows with the names of those that are stored, where none is named and each of these is given once, by what it
    /// is of.
    fn each_given_once(&self, given: &[Value]) -> Option<Vec<Value>> {
        let column = key(self.child?)?;
        if !self.may_see(column) || given.iter().any(|row| row.get("name").is_some()) {
            return None;
        }
        let mut named = given.to_vec();
        for stored in &self.stored {
            let (of, name) = (stored.get(column).filter(|of| !is_nothing(of))?, stored.get("name")?);
            let mut fits = named.iter_mut().filter(|row| row.get(column) == Some(of));
            let (Some(Value::Object(row)), None) = (fits.next(), fits.next()) else { return None };
            if row.insert("name".to_owned(), name.clone()).is_some() {
                return None;
            }
        }
        Some(named)
    }

    /// The one row that fits.
    fn find(&self, key: RowKey<'_>) -> Result<usize, String> {
        let table = self.field.fieldname;
        let fits = |at: &usize| self.fits(*at, key);
        let found: Vec<usize> = (0..self.stored.len()).filter(fits).collect();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                let all: Vec<usize> = (0..self.stored.len()).collect();
                Err(format!("{table} has no row {}; its rows are {}", worded(key), self.listed(&all)))
            }
            several => Err(format!(
                "{} rows of {table} fit {}: {}; give the name or idx of one",
                several.len(),
                worded(key),
                self.listed(several)
            )),
        }
    }

    fn fits(&self, at: usize, key: RowKey<'_>) -> bool {
        let row = self.stored[at];
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let named = key.name.is_none_or(|name| row.get("name").is_some_and(|stored| text(stored) == text(name)));
        named
            && key.idx.is_none_or(|idx| self.number(at) == idx)
            && key.matching.into_iter().flatten().all(|(column, wanted)| {
                let stored = row.get(column).unwrap_or(&Value::Null);
                let field = self.child.and_then(|child| child.field(column));
                field.map_or(stored == wanted, |field| same(field, wanted, stored))
            })
    }

    /// The row's number as people see it.
    fn number(&self, at: usize) -> u64 {
        self.stored[at].get("idx").and_then(Value::as_u64).filter(|idx| *idx > 0).unwrap_or(at as u64 + 1)
    }

    fn may_see(&self, column: &str) -> bool {
        self.writing.rule.may_read_child(self.field, FieldRef::find(self.child, column))
    }

    /// `"a1b2" (row 1, SKU001)`, as far as that may be seen.
    fn called(&self, at: usize) -> String {
        let (row, number) = (self.stored[at], self.number(at));
        let about = called::called(self.child, Some(row), None, &|column| self.may_see(column));
        let about: Vec<String> = about.values().filter_map(Value::as_str).map(|text| format!(", {text}")).collect();
        match row.get("name").filter(|_| self.may_see("name")) {
            Some(name) => format!("{name} (row {number}{})", about.concat()),
            None => format!("row {number}"),
        }
    }

    fn listed(&self, rows: &[usize]) -> String {
        let mut names: Vec<String> = rows.iter().take(NAMED).map(|at| self.called(*at)).collect();
        if rows.len() > NAMED {
            names.push(format!("… {} more", rows.len() - NAMED));
        }
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// Whether a row holds anything that its document does not say of it already.
    fn holds_values(&self, at: usize) -> bool {
        self.stored[at].iter().any(|(key, value)| is_own(key) && !is_nothing(value))
    }

    /// What would go with these rows.
    fn loss(&self, lost: &[usize]) -> String {
        let told = lost.iter().take(NAMED).map(|at| {
            let held = self.stored[*at].iter().filter(|(column, value)| self.is_typed(column, value));
            let held: Vec<String> = held.take(NAMED).map(|(column, value)| format!("{column} {value}")).collect();
            format!("{}: {}", self.called(*at), if held.is_empty() { "…".to_owned() } else { held.join(", ") })
        });
        format!(
            "rows that are not in the list would be lost with what they hold: {}. To change or remove single rows give \
             {{\"patch\": […], \"add\": […], \"remove\": […]}}; to keep a row list it as {{\"name\": …}}; if they are meant to \
             go, give {{\"rows\": [the list], \"replace\": true}}",
            told.collect::<Vec<_>>().join("; ")
        )
    }

    /// Whether a value is worth telling: it may be seen, and the site would not work it out again.
    fn is_typed(&self, column: &str, value: &Value) -> bool {
        let field = self.child.and_then(|child| child.field(column));
        let by_the_site = field.is_some_and(|field| {
            let default = field.default.is_some_and(|default| called::is_same(value, &json!(default)));
            field.flags & (flag::READ_ONLY | flag::HIDDEN) != 0 || field.fetch_from.is_some() || default
        });
        is_own(column) && !is_nothing(value) && !value.is_array() && !by_the_site && self.may_see(column)
    }

    fn violation(&self, place: &str, message: String) -> Violation {
        Violation::new(format!("data.{}{place}", self.field.fieldname), Rule::Value, message)
    }
}

/// The column by which a row is known: its item, else what it must name; a unit, or a DocType alone, is that of many.
fn key(child: &'static DocTypeDef) -> Option<&'static str> {
    let is_named = |column: &FieldDef| matches!(column.kind, FieldKind::Link | FieldKind::DynamicLink);
    let tells = |column: &&FieldDef| {
        column.is(flag::REQD) && !matches!(column.target(), Some("UOM" | "DocType")) && is_named(column)
    };
    let item = child.field("item_code").filter(|column| is_named(column));
    item.or_else(|| child.fields.iter().find(tells)).map(|column| column.fieldname)
}

/// A row that the site is to add: what is not given gets its default.
fn new(given: &Map<String, Value>, idx: u64, place: String) -> Row {
    let mut whole = given.clone();
    whole.insert("idx".to_owned(), json!(idx));
    Row { whole, given: given.clone(), place: Some(place) }
}

/// Whether a column is the row's own, and not kept by the site for every row.
fn is_own(column: &str) -> bool {
    let standard = || erpnext_schema::CHILD_STANDARD_FIELDS.iter().any(|field| field.fieldname == column);
    column != "doctype" && !column.starts_with("__") && !standard()
}

fn worded(key: RowKey<'_>) -> String {
    let name = key.name.map(|name| format!("named {name}"));
    let idx = key.idx.map(|idx| format!("with idx {idx}"));
    let matching = key.matching.map(|columns| format!("with {}", Value::Object(columns.clone())));
    [name, idx, matching].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
