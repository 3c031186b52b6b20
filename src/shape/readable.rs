//! What a person is asked to approve, as lines that read like a form: `Grand total: 100 → 120`. A value that would look like
//! the lines around it stands in quotes, so that no text of a document can pass for another line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::amounts::{Amounts, ValueContext, figure};

/// How people know fields, by their names; a field that is not here is shown by its name.
pub type Labels = BTreeMap<&'static str, &'static str>;

/// The list whose texts are sentences, a line each: they have commas and colons.
const SENTENCES: &str = "warnings";
/// The list of documents that link to one, a line for each DocType.
const LINKING: &str = "linked_from";
/// What people call entries that are no fields of theirs.
const HEADINGS: [(&str, &str); 4] = [
    (LINKING, "Documents that link to it"),
    ("linked_from_more", "Further links"),
    ("idx", "Row"),
    ("doctype", "Document type"),
];
/// What stands before each line of a text of several.
const MARGIN: &str = "| ";

/// The entries, a line each and what they hold below them. The first are no fields.
pub fn readable(entries: &Map<String, Value>, labels: &Labels, amounts: &Amounts) -> String {
    let mut lines = Lines { text: String::new(), labels, amounts };
    for (key, value) in entries {
        lines.entry(&label(key), key, value, ValueContext::of(entries), 0);
    }
    lines.text.trim_end().to_owned()
}

struct Lines<'a> {
    text: String,
    labels: &'a Labels,
    amounts: &'a Amounts,
}

impl Lines<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        self.text.extend(std::iter::repeat_n("  ", depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn entries(&mut self, entries: &Map<String, Value>, place: ValueContext<'_>, depth: usize) {
        let place = place.within(entries);
        for (key, value) in entries {
            self.entry(&self.label(key), key, value, place, depth);
        }
    }

    /// That of the field; of what is none, its name.
    fn label(&self, key: &str) -> String {
        let known = self.labels.get(key).filter(|_| key != "idx");
        known.map_or_else(|| label(key), |label| label.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// A row whose values are all short.
    fn in_a_line(&self, map: &Map<String, Value>, place: ValueContext<'_>) -> Option<String> {
        let place = place.within(map);
        let part = |(key, value): (&String, &Value)| {
            Some(format!("{} {}", self.label(key), self.scalar(key, value, self.amounts.below(key, place))?))
        };
        map.iter().map(part).collect::<Option<Vec<String>>>().map(|parts| parts.join(", "))
    }

    fn entry(&mut self, label: &str, key: &str, value: &Value, place: ValueContext<'_>, depth: usize) {
        let place = self.amounts.below(key, place);
        if let Some((from, to)) = change(value) {
            if let (Some(from), Some(to)) = (self.scalar(key, from, place), self.scalar(key, to, place)) {
                self.line(depth, &format!("{label}: {from} → {to}"));
            } else {
                self.line(depth, &format!("{label}:"));
                self.entry("From", key, from, place, depth + 1);
                self.entry("To", key, to, place, depth + 1);
            }
            return;
        }
        match value {
            Value::Object(map) if map.is_empty() => self.line(depth, &format!("{label}: nothing")),
            Value::Array(list) if list.is_empty() => self.line(depth, &format!("{label}: none")),
            Value::Object(map) => match self.in_a_line(map, place) {
                Some(text) if map.len() <= 2 => self.line(depth, &format!("{label}: {text}")),
                _ => {
                    self.line(depth, &format!("{label}:"));
                    self.entries(map, place, depth + 1);
                }
            },
            Value::Array(list) => self.list(label, key, list, place, depth),
            Value::String(text) if text.contains('\n') => {
                self.line(depth, &format!("{label}:"));
                self.quoted(text, depth + 1);
            }
            value => {
                let value = self.scalar(key, value, place).unwrap_or_default();
                self.line(depth, &format!("{label}: {value}"));
            }
        }
    }

    /// Lines that the margin keeps from being taken for others.
    fn quoted(&mut self, text: &str, depth: usize) {
        text.lines().for_each(|line| self.line(depth, &format!("{MARGIN}{}", line.replace(char::is_control, " "))));
    }

    fn list(&mut self, label: &str, key: &str, list: &[Value], place: ValueContext<'_>, depth: usize) {
        let sentences: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        if let Some(sentences) = sentences.filter(|_| key == SENTENCES) {
            self.line(depth, &format!("{label}:"));
            sentences.into_iter().for_each(|sentence| self.quoted(sentence, depth + 1));
            return;
        }
        let linking: Option<Vec<String>> = list.iter().map(|entry| self.linking(entry, place)).collect();
        if let Some(linking) = linking.filter(|_| key == LINKING) {
            self.line(depth, &format!("{label}:"));
            linking.iter().for_each(|text| self.line(depth + 1, text));
            return;
        }
        let scalars: Option<Vec<String>> = list.iter().map(|value| self.scalar(key, value, place)).collect();
        if let Some(scalars) = scalars {
            self.line(depth, &format!("{label}: {}", scalars.join(", ")));
            return;
        }
        self.line(depth, &format!("{label}:"));
        for (at, value) in list.iter().enumerate() {
            let number = format!("{}.", at + 1);
            match value {
                Value::Object(map) if self.row(map, place, depth + 1) => {}
                Value::Object(map) => match self.in_a_line(map, place) {
                    Some(text) => self.line(depth + 1, &format!("{number} {text}")),
                    None => {
                        self.line(depth + 1, &number);
                        self.entries(map, place, depth + 2);
                    }
                },
                value => self.entry(&number, key, value, place, depth + 1),
            }
        }
    }

    /// What becomes of a row of a table, where the entry tells that.
    fn row(&mut self, entry: &Map<String, Value>, place: ValueContext<'_>, depth: usize) -> bool {
        let part = |key: &str| entry.get(key).and_then(Value::as_object);
        match (entry.len(), part("row"), part("changes"), entry.iter().next()) {
            (2, Some(row), Some(changes), _) => {
                let Some(which) = self.in_a_line(row, place) else { return false };
                self.line(depth, &format!("{which}:"));
                self.entries(changes, place, depth + 1);
                true
            }
            (1, _, _, Some((key, row))) if matches!(key.as_str(), "added" | "removed") => {
                self.entry(&label(key), key, row, place, depth);
                true
            }
            _ => false,
        }
    }

    /// How many documents of a DocType link to one, and some of them by name.
    fn linking(&self, entry: &Value, place: ValueContext<'_>) -> Option<String> {
        let doctype = self.scalar("doctype", entry.get("doctype")?, place)?;
        let count = entry.get("count")?.as_u64()?;
        let named = entry.get("documents")?.as_array()?.iter().filter_map(|document| document.get("name"));
        let named: Vec<String> = named.filter_map(|name| self.scalar("name", name, place)).collect();
        let least = if entry.get("at_least").is_some() { "at least " } else { "" };
        let more = if u64::try_from(named.len()).is_ok_and(|named| named < count) { ", and more" } else { "" };
        let named = if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
        Some(format!("{doctype} ({least}{count}){named}"))
    }

    /// A value that takes a part of a line; none for one that does not.
    fn scalar(&self, key: &str, value: &Value, place: ValueContext<'_>) -> Option<String> {
        Some(match value {
            Value::Null => "(empty)".to_owned(),
            Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Value::Number(number) => match (key, number.as_u64()) {
                ("docstatus", Some(0)) => "Draft".to_owned(),
                ("docstatus", Some(1)) => "Submitted".to_owned(),
                ("docstatus", Some(2)) => "Cancelled".to_owned(),
                _ => self.amounts.written(key, number, place).unwrap_or_else(|| figure(number, 0)),
            },
            Value::String(text) if text.contains('\n') => return None,
            Value::String(text) if text.is_empty() => "(empty)".to_owned(),
            Value::String(text) if is_bare(text) => text.clone(),
            Value::String(text) => Value::from(text.as_str()).to_string(),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }
}

/// The old and the new value, where a value is just such a change.
fn change(value: &Value) -> Option<(&Value, &Value)> {
    let map = value.as_object()?;
    let to = map.get("to")?;
    let is_change = map.keys().all(|key| key == "from" || key == "to");
    is_change.then(|| (map.get("from").unwrap_or(&Value::Null), to))
}

/// Whether a text cannot be taken for something else than one value.
fn is_bare(text: &str) -> bool {
    let is_like_ours = |c: char| {
        c.is_control()
            || c.is_whitespace() && c != ' '
            || matches!(c, '"' | '，' | '、' | '：' | '\u{2800}')
            || matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2794}'..='\u{27be}' | '\u{27f0}'..='\u{27ff}')
    };
    let goes_on = |mark: char| text.split(mark).skip(1).any(|after| !after.starts_with(|c: char| c.is_ascii_digit()));
    !text.contains(is_like_ours)
        && !goes_on(',')
        && !goes_on(':')
        && !text.contains("  ")
        && text.trim() == text
        && text != "(empty)"
}

/// `grand_total` as `Grand total`; what is no name as it is, in quotes.
fn label(key: &str) -> String {
    if let Some((_, heading)) = HEADINGS.iter().find(|(known, _)| *known == key) {
        return (*heading).to_owned();
    }
    if key.is_empty() || !key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '.' | '-' | '[' | ']')) {
        return Value::from(key).to_string();
    }
    let words = key.replace('_', " ");
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Amounts, Labels, readable};

    fn read(value: Value) -> String {
        let Value::Object(map) = value else { return String::new() };
        readable(&map, &Labels::new(), &Amounts::default())
    }

    #[test]
    fn a_write_reads_like_a_form() {
        let shown = read(json!({
            "document": {"name": "SO-1", "customer": "Zod & Sons", "grand_total": 12345.5, "items": []},
            "would_change": {
                "docstatus": {"from": 0, "to": 1},
                "po_no": {"to": "A-1"},
                "disabled": {"from": false, "to": true},
                "items": [
                    {"row": {"idx": 1, "item_code": "SKU-1"}, "changes": {"qty": {"from": 2, "to": 3}, "rate": {"from": -1500, "to": 20}}},
                    {"added": {"idx": 2, "item_code": "SKU-2", "qty": 1}},
                ],
                "terms": {"from": null, "to": "one\ntwo"},
            },
            "tags": ["a", "b"],
        }));
        let expected = "\
Document:
  Name: SO-1
  Customer: Zod & Sons
  Grand total: 12,345.5
  Items: none
Would change:
  Docstatus: Draft → Submitted
  Po no: (empty) → A-1
  Disabled: no → yes
  Items:
    Row 1, Item code SKU-1:
      Qty: 2 → 3
      Rate: -1,500 → 20
    Added:
      Row: 2
      Item code: SKU-2
      Qty: 1
  Terms:
    From: (empty)
    To:
      | one
      | two
Tags: a, b";
        assert_eq!(shown, expected);
    }

    #[test]
    fn no_text_passes_for_another_line_or_value() {
        let shown = read(json!({
            "customer": "Zod\nGrand total: 1",
            "status": {"from": "Open → Closed", "to": "Open"},
            "title": "x, Grand total 1",
            "a\nGrand total": 2,
            "remarks": "\"quoted\"",
            "item_name": "Bolt,\u{a0}Qty 1",
            "time": "10:30 of 1,000",
            "none": "",
            "word": "(empty)",
        }));
        let expected = "\
Customer:
  | Zod
  | Grand total: 1
Status: \"Open → Closed\" → Open
Title: \"x, Grand total 1\"
\"a\\nGrand total\": 2
Remarks: \"\\\"quoted\\\"\"
Item name: \"Bolt,\u{a0}Qty 1\"
Time: 10:30 of 1,000
None: (empty)
Word: (empty)";
        assert_eq!(shown, expected.replace("Word: (empty)", "Word: \"(empty)\""));
    }

    #[test]
    fn a_warning_is_a_line_that_passes_for_no_other() {
        let shown = read(json!({
            "warnings": ["Bolt: 3 are there, 5 are needed", "Zod \"Co\"\nGrand total: 1"],
            "tags": ["a, b"],
        }));
        let expected = "\
Warnings:
  | Bolt: 3 are there, 5 are needed
  | Zod \"Co\"
  | Grand total: 1
Tags: \"a, b\"";
        assert_eq!(shown, expected);
    }

    #[test]
    fn documents_that_link_to_one_are_a_line_for_each_kind() {
        let shown = read(json!({
            "linked_from": [
                {"doctype": "Quotation", "count": 4, "via": ["party_name"], "documents": [{"name": "Q-1", "docstatus": 1}, {"name": "Q: 2"}]},
                {"doctype": "Address", "count": 200, "at_least": true, "via": ["links.link_name"], "documents": []},
                {"doctype": "Contact", "count": 1, "via": ["links.link_name"], "documents": [{"name": "C-1"}]},
            ],
            "linked_from_more": "not everything was looked at",
        }));
        let expected = "\
Documents that link to it:
  Quotation (4): Q-1, \"Q: 2\", and more
  Address (at least 200)
  Contact (1): C-1
Further links: not everything was looked at";
        assert_eq!(shown, expected);
    }

    #[test]
    fn fields_stand_with_their_labels() {
        let shown = json!({"po_no": {"po_no": {"to": "A-1"}, "items": [{"qty": 1, "rate": 2}]}});
        let labels = Labels::from([("po_no", "Customer's Purchase Order"), ("qty", "Quantity")]);
        let shown = readable(shown.as_object().unwrap_or(&Map::new()), &labels, &Amounts::default());
        let expected = "\
Po no:
  Customer's Purchase Order: (empty) → A-1
  Items:
    1. Quantity 1, Rate 2";
        assert_eq!(shown, expected);
    }

    #[test]
    #[allow(clippy::unwrap_used)]
    fn amounts_stand_with_their_currency_and_other_numbers_as_they_are() {
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        let amounts = Amounts::new(def, &erpnext_doctypes::any, Map::new(), std::collections::BTreeMap::new());
        let shown = json!({"would_create": {
            "currency": "EUR", "grand_total": 1180.0, "conversion_rate": 1.0, "per_billed": 12.5,
            "items": [{"item_code": "BOLT", "qty": 2.0, "rate": 590.0}], "taxes": [{"rate": 19.0}],
        }});
        let shown = readable(shown.as_object().unwrap_or(&Map::new()), &Labels::new(), &amounts);
        let expected = "\
Would create:
  Currency: EUR
  Grand total: 1,180.00 EUR
  Conversion rate: 1
  Per billed: 12.5%
  Items:
    1. Item code BOLT, Qty 2, Rate 590.00 EUR
  Taxes:
    1. Rate 19%";
        assert_eq!(shown, expected);
    }

    #[test]
    fn nothing_is_left_out() {
        let deep = Map::from_iter([("deep".to_owned(), json!([[1, [2]], {"a": {"b": [{"c": 3}]}}]))]);
        let shown = readable(&deep, &Labels::new(), &Amounts::default());
        assert!(["1", "2", "3"].iter().all(|number| shown.contains(number)), "{shown}");
    }
}
