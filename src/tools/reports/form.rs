//! The form of a report: the filters it takes, read from its script or from the report itself.

use erpnext_schema::{FieldKind, rows};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Report;
use crate::error::ToolError;
use crate::shape::{is_set, script, text_of};

/// What marks a script whose filters stand in a file that the financial statements share.
const FINANCIAL: &str = "erpnext.financial_statements";

/// The filters of the financial statements: name, type, options, mandatory, default.
const FINANCIAL_FILTERS: &[(&str, &str, &str, bool, &str)] = &[
    ("company", "Link", "Company", true, ""),
    ("finance_book", "Link", "Finance Book", false, ""),
    ("filter_based_on", "Select", "Fiscal Year\nDate Range", true, "Date Range"),
    ("period_start_date", "Date", "", false, "first of the year"),
    ("period_end_date", "Date", "", false, "today"),
    ("from_fiscal_year", "Link", "Fiscal Year", false, ""),
    ("to_fiscal_year", "Link", "Fiscal Year", false, ""),
    ("periodicity", "Select", "Monthly\nQuarterly\nHalf-Yearly\nYearly", true, "Yearly"),
    ("presentation_currency", "Link", "Currency", false, ""),
    ("cost_center", "MultiSelectList", "Cost Center", false, ""),
    ("project", "MultiSelectList", "Project", false, ""),
    ("accumulated_values", "Check", "", false, ""),
    ("include_default_book_entries", "Check", "", false, "1"),
];

/// One filter of a report.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    pub field: String,
    pub label: String,
    /// The fieldtype, as the desk names it.
    pub kind: String,
    /// The DocType of a link; the choices of a Select, a line each.
    pub options: String,
    pub required: bool,
    /// The value that the desk starts with, where it is known.
    pub default: Option<Value>,
}

impl Filter {
    fn read(entry: &Map<String, Value>, today: Date) -> Option<Self> {
        let field = text_of(entry, "fieldname").to_owned();
        let option = |option: &Value| match option {
            Value::Object(option) => option.get("value").and_then(Value::as_str).map(str::to_owned),
            option => option.as_str().map(str::to_owned),
        };
        let options = match entry.get("options") {
            Some(Value::Array(options)) => options.iter().filter_map(option).collect::<Vec<_>>().join("\n"),
            Some(Value::String(options)) => options.clone(),
            _ => looked_up(entry).unwrap_or_default().to_owned(),
        };
        let default = match entry.get("default") {
            Some(Value::Object(computed)) => date(text_of(computed, "code"), today).map(|date| json!(date)),
            Some(Value::Null) | None => None,
            Some(Value::String(none)) if none.is_empty() => None,
            Some(Value::Array(list)) if list.iter().any(Value::is_object) => None,
            Some(value) => Some(value.clone()),
        };
        let kind = Some(text_of(entry, "fieldtype")).filter(|kind| !kind.is_empty()).unwrap_or("Data").to_owned();
        if field.is_empty() || matches!(kind.as_str(), "Break" | "Button" | "HTML") {
            return None;
        }
        let label = Some(text_of(entry, "label")).filter(|label| !label.is_empty()).unwrap_or(&field).to_owned();
        Some(Self {
            field,
            label,
            kind,
            options,
            required: is_set(entry, "reqd") || is_set(entry, "mandatory"),
            default,
        })
    }

    /// The DocType that its values name.
    pub fn link(&self) -> Option<&str> {
        Some(self.options.as_str()).filter(|_| self.kind == "Link" && !self.options.is_empty())
    }

    /// The same, where it may name several too.
    pub fn names(&self) -> Option<&str> {
        let several = self.kind == "MultiSelectList" && !self.options.is_empty() && !self.options.contains('\n');
        self.link().or_else(|| several.then_some(self.options.as_str()))
    }

    /// What may be chosen; nothing where it is not a choice.
    pub fn choices(&self) -> Vec<&str> {
        let choices = self.options.lines().map(str::trim).filter(|choice| !choice.is_empty());
        choices.filter(|_| self.kind == "Select").collect()
    }
}

/// The filters that a report is known to take; none where its script computes them.
pub(crate) async fn of(report: &Report<'_>) -> Result<Vec<Filter>, ToolError> {
    let session = report.session;
    let form = session.site.report_form(&report.permit, &report.name).await?;
    let today = session.today();
    let own = form.get("filters").into_iter().flat_map(rows);
    let own: Vec<Filter> = own.filter_map(|entry| Filter::read(entry, today)).collect();
    if !own.is_empty() {
        return Ok(own);
    }
    let script = text_of(&form, "script");
    let stated = script::filters(script);
    if stated.is_empty() && script.contains(FINANCIAL) {
        return Ok(FINANCIAL_FILTERS.iter().map(|filter| financial(*filter, today)).collect());
    }
    Ok(stated.iter().filter_map(|entry| Filter::read(entry, today)).collect())
}

/// The names of the filters that words of the site speak of: it calls them by their labels.
pub(super) fn spoken_of<'f>(form: &'f [Filter], words: &str) -> Vec<&'f str> {
    let mut left = words.to_lowercase();
    let mut filters: Vec<&Filter> = form.iter().collect();
    // `Item Code` speaks of no filter `Item`.
    filters.sort_by_key(|filter| std::cmp::Reverse(filter.label.len()));
    let mut found = Vec::new();
    for filter in filters {
        let called = [filter.label.to_lowercase(), filter.field.to_lowercase()];
        if let Some(at) = called.iter().find_map(|called| word(&left, called)) {
            left.replace_range(at, " ");
            found.push(filter.field.as_str());
        }
    }
    found
}

/// Where it stands by itself.
fn word(text: &str, called: &str) -> Option<std::ops::Range<usize>> {
    let is_end = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    let mut places = text.match_indices(called).map(|(at, _)| at..at + called.len());
    places.find(|at| {
        let (before, after) = (text.get(..at.start), text.get(at.end..));
        is_end(before.and_then(|before| before.chars().next_back()))
            && is_end(after.and_then(|after| after.chars().next()))
    })
}

fn financial((field, kind, options, required, default): (&str, &str, &str, bool, &str), today: Date) -> Filter {
    let default = match default {
        "" => None,
        "today" => Some(json!(today.to_string())),
        "first of the year" => Some(json!(today.first_of_year().to_string())),
        "1" => Some(json!(1)),
        text => Some(json!(text)),
    };
    let label = field.replace('_', " ");
    Filter { field: field.into(), label, kind: kind.into(), options: options.into(), required, default }
}

/// The DocType whose names a filter offers, where its script looks them up and states no more of it.
fn looked_up(entry: &Map<String, Value>) -> Option<&str> {
    let source = entry.get("get_data")?.get("code")?.as_str()?;
    let mut named = source.split("get_link_options(").skip(1).map(|rest| {
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest[1..].split_once(quote).map(|(doctype, _)| doctype)
    });
    let first = named.next()?.filter(|doctype| !doctype.is_empty() && !doctype.contains('\n'));
    first.filter(|first| named.all(|other| other == Some(*first)))
}

/// The date that a script computes from today's, where it does so in one of the usual ways.
fn date(source: &str, today: Date) -> Option<String> {
    let source: String = source.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = source.strip_prefix("frappe.datetime.")?;
    let shift = |name: &str| {
        let arguments = inner.strip_prefix(name)?.strip_suffix(')')?;
        let (of, by) = arguments.rsplit_once(',')?;
        let of = of.trim_start_matches("frappe.datetime.");
        matches!(of, "get_today()" | "nowdate()" | "now_date()").then(|| by.parse::<i64>().ok()).flatten()
    };
    let shifted = || {
        let by = shift("add_months(").map(|months| months.clamp(-1200, 1200).months());
        let by = by.or_else(|| shift("add_days(").map(|days| days.clamp(-36_500, 36_500).days()));
        today.checked_add(by?).ok()
    };
    let date = match inner {
        "get_today()" | "nowdate()" | "now_date()" => Some(today),
        "year_start()" => Some(today.first_of_year()),
        "year_end()" => Some(today.last_of_year()),
        "month_start()" => Some(today.first_of_month()),
        "month_end()" => Some(today.last_of_month()),
        _ => shifted(),
    };
    date.map(|date| date.to_string())
}

/// The fieldtypes whose values are dates.
pub(crate) fn is_date(kind: &str) -> bool {
    kind == FieldKind::Date.as_str()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{Filter, date, spoken_of};

    #[test]
    fn the_usual_dates_of_a_script_are_computed() {
        let today = jiff::civil::date(2026, 3, 31);
        for (source, wanted) in [
            ("frappe.datetime.get_today()", Some("2026-03-31")),
            ("frappe.datetime.add_months(frappe.datetime.get_today(), -1)", Some("2026-02-28")),
            ("frappe.datetime.add_days(frappe.datetime.nowdate(), 1)", Some("2026-04-01")),
            ("frappe.datetime.year_start()", Some("2026-01-01")),
            ("frappe.datetime.month_end()", Some("2026-03-31")),
            ("erpnext.utils.get_fiscal_year(frappe.datetime.get_today())", None),
        ] {
            assert_eq!(date(source, today).as_deref(), wanted, "{source}");
        }
    }

    #[test]
    fn filters_that_the_site_speaks_of_by_their_labels_are_found() {
        let filter = |(field, label): (&str, &str)| {
            let entry = serde_json::json!({"fieldname": field, "label": label});
            Filter::read(entry.as_object().unwrap(), jiff::civil::date(2026, 3, 31)).unwrap()
        };
        let fields = [
            ("item", "Item"),
            ("item_code", "Item Code"),
            ("from_date", "From Date"),
            ("date", "Date"),
            ("customer", ""),
        ];
        let form: Vec<Filter> = fields.map(filter).into();
        for (words, wanted) in [
            ("Please select a Customer", vec!["customer"]),
            ("Please select date", vec!["date"]),
            ("Any one of: item code, From Date", vec!["item_code", "from_date"]),
            ("from_date is needed", vec!["from_date"]),
            ("The update of items failed", vec![]),
        ] {
            let mut found = spoken_of(&form, words);
            found.sort_unstable();
            let mut wanted = wanted;
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{words}");
        }
    }

    #[test]
    fn a_filter_is_read_as_scripts_and_reports_write_it() {
        let today = jiff::civil::date(2026, 3, 31);
        let read = |entry: serde_json::Value| Filter::read(entry.as_object().unwrap(), today);
        let party = read(json!({"fieldname": "party_type", "fieldtype": "Select", "mandatory": 1,
            "options": [{"label": "A", "value": "Customer"}, "Supplier"]}));
        let party = party.unwrap();
        assert_eq!(
            (party.choices(), party.required, party.label.as_str()),
            (vec!["Customer", "Supplier"], true, "party_type")
        );
        let company =
            json!({"fieldname": "company", "fieldtype": "Link", "options": "Company", "default": {"code": "x()"}});
        let company = read(company).unwrap();
        assert_eq!((company.link(), &company.default), (Some("Company"), &None));
        assert_eq!(read(json!({"fieldname": "section", "fieldtype": "Break"})), None);
        for (source, doctype) in [
            ("function (txt) { return db.get_link_options(\"Customer Group\", txt); }", Some("Customer Group")),
            ("(txt) => db.get_link_options('Project', txt, {})", Some("Project")),
            ("function (txt) { return db.get_link_options(party_type, txt); }", None),
            ("a ? get_link_options('Customer') : get_link_options('Supplier')", None),
        ] {
            let several = json!({"fieldname": "x", "fieldtype": "MultiSelectList", "get_data": {"code": source}});
            assert_eq!(read(several).unwrap().names(), doctype, "{source}");
        }
    }
}
