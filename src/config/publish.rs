//! The section `publish`: reports, saved filters and methods that are tools of their own, under names that it gives them.

use std::collections::BTreeMap;

use erpnext_schema::time;
use serde_json::{Value, json};

use super::Permissions;
use super::methods::Method;
use super::reader::{Reader, unknown};

/// The longest name of a tool that every client takes, in characters.
const LONGEST: usize = 64;

/// The DocType in which the desk keeps saved filters.
pub const LIST_FILTER: &str = "List Filter";

/// What the tool of a report takes beside its filters: no filter has one of these names.
pub const BESIDE_FILTERS: [&str; 7] =
    ["order_by", "levels", "columns_known", "totals_only", "limit", "cursor", "prepared"];

/// What a call says of itself: no filter has one of these names either.
const OF_A_CALL: [&str; 4] = ["fresh", "dry_run", "confirm", "confirm_token"];

/// Whether an argument of that name is no filter.
pub fn is_no_filter(name: &str) -> bool {
    BESIDE_FILTERS.contains(&name) || is_of_a_call(name)
}

/// Whether every call may have an argument of that name.
pub fn is_of_a_call(name: &str) -> bool {
    OF_A_CALL.contains(&name)
}

/// The fieldtypes of filters, as the desk names them.
pub const FILTER_TYPES: [&str; 12] = [
    "Autocomplete",
    "Check",
    "Currency",
    "Data",
    "Date",
    "Dynamic Link",
    "Float",
    "Int",
    "Link",
    "MultiSelectList",
    "Percent",
    "Select",
];

/// A tool that the configuration publishes.
#[derive(Clone, PartialEq, Debug)]
pub struct Publication {
    /// For the model: what it gives and when to use it.
    pub description: String,
    /// What it gives.
    pub gives: Gives,
    /// The columns that it shows, in this order; those that a call of the tool behind it would show where empty.
    pub columns: Vec<String>,
}

/// What a published tool gives.
#[derive(Clone, PartialEq, Debug)]
pub enum Gives {
    /// The rows of a report.
    Report {
        /// The report's name.
        report: String,
        /// The filters that a call may give, by fieldname, in the order of the file.
        filters: Vec<(String, PublishedFilter)>,
    },
    /// The documents that a saved filter of the desk finds.
    List {
        /// Their DocType.
        doctype: String,
        /// The filter's name, as the desk shows it.
        saved_filter: String,
    },
    /// What a method of the section `methods` answers.
    Method {
        /// Its dotted path.
        method: String,
    },
}

/// A filter of a published report.
#[derive(Clone, PartialEq, Debug)]
pub struct PublishedFilter {
    /// The fieldtype, one of [`FILTER_TYPES`]; where there is none, that of the report's own form.
    pub kind: Option<&'static str>,
    /// For the model; empty where nothing is said.
    pub description: String,
    /// The DocType whose documents a Link names; where it is empty, that of the report's own form.
    pub link_to: String,
    /// What may be chosen of a Select; where it is empty, what the report's own form has.
    pub options: Vec<String>,
    /// Whether a call must have it.
    pub required: bool,
    /// What is sent where a call gives nothing.
    pub default: Option<Value>,
}

pub(super) fn read(
    section: &Reader<'_>,
    permissions: &Permissions,
    methods: &BTreeMap<String, Method>,
) -> BTreeMap<String, Publication> {
    let mut published = BTreeMap::new();
    for (name, value) in section.entries() {
        let Some(stated) = Reader::new(section.at(name), value, section.errors) else { continue };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
            let message = format!("expected the name of a tool: letters, digits, _ and -, at most {LONGEST} of them");
            section.errors.note(&stated.path, message);
        }
        published.extend(publication(&stated, permissions, methods).map(|publication| (name.to_owned(), publication)));
    }
    published
}

fn publication(
    stated: &Reader<'_>,
    permissions: &Permissions,
    methods: &BTreeMap<String, Method>,
) -> Option<Publication> {
    stated.only(&["description", "report", "filters", "doctype", "saved_filter", "method", "columns"]);
    let needed = |key: &str, what: &str| {
        let text = stated.text(key);
        if stated.get(key).is_none() || text == Some("") {
            stated.errors.note(stated.at(key), format!("missing; {what}"));
        }
        text.unwrap_or_default().to_owned()
    };
    let description = needed("description", "say what the tool gives and when to use it");
    let columns = stated.list("columns", "column").unwrap_or_default();
    let columns = columns.into_iter().map(|(_, column)| column.to_owned()).collect();
    let (report, doctype, saved_filter) = (stated.text("report"), stated.text("doctype"), stated.text("saved_filter"));
    let method = stated.text("method");
    let filters = stated.object("filters").map(|section| filters(&section));
    let unmeant = |key: &str, only: &str| {
        if stated.get(key).is_some() {
            stated.errors.note(stated.at(key), format!("only {only} has it; take it out"));
        }
    };
    let gives = match (report, saved_filter, method) {
        (Some(report), None, None) => {
            unmeant("doctype", "a saved filter");
            if !permissions.reports.iter().any(|pattern| pattern.matches(report)) {
                let message = format!("permissions.reports does not name {report:?}, so it cannot be run");
                stated.errors.note(stated.at("report"), message);
            }
            Gives::Report { report: report.to_owned(), filters: filters.unwrap_or_default() }
        }
        (None, Some(saved_filter), None) => {
            unmeant("filters", "a report");
            if doctype.is_none_or(str::is_empty) {
                stated.errors.note(stated.at("doctype"), "missing; name the DocType that the filter is saved for");
            }
            Gives::List { doctype: doctype.unwrap_or_default().to_owned(), saved_filter: saved_filter.to_owned() }
        }
        (None, None, Some(method)) => {
            unmeant("doctype", "a saved filter");
            unmeant("filters", "a report");
            unmeant("columns", "a report or a saved filter");
            let taken = |name: &&String| is_of_a_call(name);
            let why = match methods.get(method) {
                None => Some(format!("methods does not name {method:?}, so it cannot be called")),
                Some(listed) => listed.arguments.keys().find(taken).map(|name| {
                    format!("the tool has an argument {name} already; call_method takes that of the method")
                }),
            };
            if let Some(why) = why {
                stated.errors.note(stated.at("method"), why);
            }
            Gives::Method { method: method.to_owned() }
        }
        _ => {
            let message = "expected one of report, saved_filter and method, which says what the tool gives";
            stated.errors.note(&stated.path, message);
            return None;
        }
    };
    Some(Publication { description, gives, columns })
}

fn filters(section: &Reader<'_>) -> Vec<(String, PublishedFilter)> {
    let mut filters = Vec::new();
    for (name, value) in section.entries() {
        let Some(about) = Reader::new(section.at(name), value, section.errors) else { continue };
        if is_no_filter(name) {
            let message = "the tool has an argument of this name already; run_report takes the filter";
            section.errors.note(&about.path, message);
        }
        filters.push((name.to_owned(), filter(&about)));
    }
    filters
}

fn filter(about: &Reader<'_>) -> PublishedFilter {
    about.only(&["type", "description", "link_to", "options", "required", "default"]);
    let kind = about.choice("type", &FILTER_TYPES.map(|kind| (kind, Some(kind))), None);
    let options = about.list("options", "choice").unwrap_or_default();
    let options: Vec<String> = options.into_iter().map(|(_, choice)| choice.to_owned()).collect();
    let link_to = about.text("link_to").unwrap_or_default().to_owned();
    if kind != Some("Select") && !options.is_empty() {
        about.errors.note(about.at("options"), "only the type Select has options");
    }
    if kind != Some("Link") && !link_to.is_empty() {
        about.errors.note(about.at("link_to"), "only the type Link has it");
    }
    PublishedFilter {
        default: about.parsed("default", |text| default(kind.unwrap_or("Data"), &options, text)),
        kind,
        description: about.text("description").unwrap_or_default().to_owned(),
        link_to,
        options,
        required: about.bool("required", false),
    }
}

/// The value that a default of this type says.
fn default(kind: &str, options: &[String], text: &str) -> Result<Value, String> {
    let wrong = |expected: &str| format!("expected {expected}, found {text:?}");
    match kind {
        _ if text.is_empty() => Err("expected a value; without one leave it out".to_owned()),
        "Check" => match text {
            "true" | "1" => Ok(json!(1)),
            "false" | "0" => Ok(json!(0)),
            _ => Err(wrong("true or false, as a text")),
        },
        "Int" => text.parse::<i64>().map(|number| json!(number)).map_err(|_| wrong("a whole number, as a text")),
        "Float" | "Currency" | "Percent" => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| json!(number)).ok_or_else(|| wrong("a number, as a text"))
        }
        "Date" => time::parse_date(text).map(|_| json!(text)).map_err(|_| wrong("a date as YYYY-MM-DD")),
        "MultiSelectList" => Ok(json!([text])),
        "Select" if !options.is_empty() && !options.iter().any(|choice| choice == text) => {
            Err(unknown("value", text, &options.iter().map(String::as_str).collect::<Vec<_>>()))
        }
        _ => Ok(json!(text)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::config::Gives;
    use crate::config::tests::with_sections as read;

    #[test]
    fn a_report_is_published_with_its_filters_in_the_order_of_the_file() {
        let filters = json!({
            "report_date": {"type": "Date", "default": "2026-03-31"},
            "company": {"type": "Link", "link_to": "Company", "required": true},
            "range": {},
            "in_party_currency": {"type": "Check", "default": "true"},
        });
        let stated =
            json!({"description": "d", "report": "Accounts Receivable", "filters": filters, "columns": ["party"]});
        let config = read(json!({"permissions": {"reports": ["Accounts*"]}, "publish": {"run_receivables": stated}}));
        let published = &config.unwrap().publish["run_receivables"];
        assert_eq!(published.columns, ["party"]);
        let Gives::Report { report, filters } = &published.gives else { unreachable!("{published:?}") };
        let names: Vec<&str> = filters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            (report.as_str(), names),
            ("Accounts Receivable", vec!["report_date", "company", "range", "in_party_currency"])
        );
        assert_eq!((filters[1].1.required, filters[1].1.link_to.as_str(), filters[2].1.kind), (true, "Company", None));
        assert_eq!((&filters[0].1.default, &filters[3].1.default), (&Some(json!("2026-03-31")), &Some(json!(1))));
    }

    #[test]
    fn a_saved_filter_is_published_for_its_doctype() {
        let stated = json!({"description": "d", "doctype": "Sales Invoice", "saved_filter": "Late"});
        let config = read(json!({"publish": {"list_late_invoices": stated}})).unwrap();
        let Gives::List { doctype, saved_filter } = &config.publish["list_late_invoices"].gives else { unreachable!() };
        assert_eq!((doctype.as_str(), saved_filter.as_str()), ("Sales Invoice", "Late"));
    }

    #[test]
    fn a_method_is_published_that_the_file_lists() {
        let stated = json!({"description": "d", "method": "my_app.api.credit"});
        let methods = json!({"my_app.api.credit": {"description": "d"}});
        let config = read(json!({"methods": methods, "publish": {"check_credit": stated}})).unwrap();
        let Gives::Method { method } = &config.publish["check_credit"].gives else { unreachable!() };
        assert_eq!(method, "my_app.api.credit");
    }

    #[test]
    fn what_is_wrong_with_a_published_tool_is_told_at_its_place_all_at_once() {
        let method = json!({"description": "d", "arguments": {"confirm": {"type": "boolean"}}});
        let errors = read(
            json!({"permissions": {"reports": ["Stock*"]}, "methods": {"my_app.api.sure": method}, "publish": {
                "f": {"description": "d", "method": "my_app.api.gone", "columns": ["a"]},
                "g": {"description": "d", "method": "my_app.api.sure"},
                "run it": {"description": "d", "report": "Stock Ledger"},
                "a": {"report": "General Ledger", "doctype": "Customer"},
                "b": {"description": "d"},
                "c": {"description": "d", "report": "Stock Ledger", "saved_filter": "Late"},
                "d": {"description": "d", "saved_filter": "Late", "filters": {}},
                "e": {"description": "d", "report": "Stock Ledger", "columns": "item", "filters": {
                    "item": {"type": "Linkk"}, "limit": {}, "fresh": {}, "confirm": {}, "on": {"type": "Date", "default": "24.12.2026"},
                    "all": {"type": "Check", "default": "yes"}, "count": {"type": "Int", "default": "1.5"},
                    "mode": {"type": "Select", "options": ["Yearly"], "default": "yearly"},
                    "x": {"options": ["A"]}, "y": {"type": "Date", "link_to": "Item"}, "z": {"mandatory": true},
                }},
            }}),
        );
        let errors = errors.unwrap_err();
        for line in [
            "publish.run it: expected the name of a tool",
            "publish.a.description: missing",
            "publish.a.report: permissions.reports does not name \"General Ledger\"",
            "publish.a.doctype: only a saved filter has it",
            "publish.b: expected one of report, saved_filter and method",
            "publish.c: expected one of report, saved_filter and method",
            "publish.f.method: methods does not name \"my_app.api.gone\"",
            "publish.f.columns: only a report or a saved filter has it",
            "publish.g.method: the tool has an argument confirm already",
            "publish.d.doctype: missing",
            "publish.d.filters: only a report has it",
            "publish.e.columns: expected a list of columns",
            "publish.e.filters.item.type: unknown value; did you mean Link?",
            "publish.e.filters.limit: the tool has an argument of this name already",
            "publish.e.filters.fresh: the tool has an argument of this name already",
            "publish.e.filters.confirm: the tool has an argument of this name already",
            "publish.e.filters.on.default: expected a date as YYYY-MM-DD",
            "publish.e.filters.all.default: expected true or false",
            "publish.e.filters.count.default: expected a whole number",
            "publish.e.filters.mode.default: unknown value; did you mean Yearly?",
            "publish.e.filters.x.options: only the type Select",
            "publish.e.filters.y.link_to: only the type Link",
            "publish.e.filters.z.mandatory: unknown key",
        ] {
            assert!(errors.contains(line), "{line}: {errors}");
        }
    }
}
