//! Reports: `query_report.run` and the `Report` documents behind it.

mod columns;
mod forms;
mod layouts;
mod ledger;
mod receivables;
mod registers;
mod settled;
mod source;
mod table;

use serde_json::{Value, json};

use self::source::{Filters, Source};
use self::table::{Missing, REPORTS, Report, Rows};
use crate::doc::{Doc, text};
use crate::documents::own;
use crate::error::{SiteError, exc};
use crate::meta::Meta;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// `frappe.desk.query_report.run`. Rows are objects, the total row among them is a list (H53).
pub fn run(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let report = open(request)?;
    let filters = Filters(match request.json("filters")? {
        Value::Object(filters) => filters,
        _ => Doc::new(),
    });
    match report.missing {
        Missing::Empty(filter) if filters.text(filter).is_none() => return Ok(answer(json!([]), Vec::new(), false)),
        Missing::Fails(filter, exc, text) if filters.text(filter).is_none() => {
            let server = exc.status == 500;
            return Err(if server { SiteError::new(exc, text) } else { SiteError::throw(exc, text) });
        }
        _ => {}
    }
    let (from, to) = filters.period();
    if report.ordered && from > to {
        return Err(SiteError::invalid(format!("To Date {to} is before From Date {from}")));
    }
    let source = Source::new(&request.site);
    let rows = match report.rows {
        Rows::Prepared(make) => match filters.text("prepared_report_name") {
            Some(name) => {
                let prepared = request.site.read("Prepared Report", &name)?;
                if text(&prepared, "report_name") != report.name {
                    return Err(SiteError::invalid("No Prepared Report of this report"));
                }
                make(&source, &filters)?
            }
            None => {
                let prepared = json!({"prepared_report": true, "doc": null, "add_total_row": report.total});
                return Ok(Reply::message(prepared));
            }
        },
        Rows::Builder => return Ok(answer(Value::Null, Vec::new(), false)),
        Rows::From(make) => make(&source, &filters)?,
    };
    let columns = columns::to_json(report.columns, report.style, &source.currency(&filters));
    let total = (report.total && !rows.is_empty()).then(|| json!(columns::total_row(report.columns, &rows)));
    let result: Vec<Value> = rows.into_iter().map(Value::Object).chain(total).collect();
    Ok(answer(json!(result), columns, report.total))
}

/// A report's answer; the rows are null where a report has no code of its own.
fn answer(result: Value, columns: Vec<Value>, total: bool) -> Reply {
    Reply::message(json!({
        "result": result, "columns": columns, "message": null, "chart": null, "report_summary": null, "skip_total_row": 0,
        "status": null, "execution_time": 0.01, "add_total_row": if total { json!(true) } else { json!(0) },
    }))
}

/// `frappe.core.doctype.prepared_report.prepared_report.make_prepared_report`: complete as soon as it is made.
pub fn make_prepared_report(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let report = open(request)?;
    let filters = request.json("filters")?.to_string();
    let (site, now) = (&request.site, request.site.now_text());
    let prepared = own::add(
        site,
        "Prepared Report",
        json!({"report_name": report.name, "status": "Completed", "filters": filters, "report_end_time": now}),
    )?;
    Ok(Reply::message(json!({"name": text(&prepared, "name")})))
}

/// `frappe.desk.query_report.get_script`.
pub fn get_script(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let script = forms::script(open(request)?.name);
    let answer = json!({"script": script, "html_format": null, "execution_time": 0.01, "filters": [], "custom_report_name": null});
    Ok(Reply::message(answer))
}

/// The report that was named, if the user may see what it is about.
fn open(request: &Request<'_>) -> Result<&'static Report, SiteError> {
    let name = request.text("report_name")?;
    let report = table::report(&name).ok_or_else(|| SiteError::missing("Report", &name).quiet())?;
    if !request.site.role_allows(report.ref_doctype, Right::Report) {
        let text = format!("You don't have access to Report: {}", report.name);
        return Err(SiteError::throw(exc::PERMISSION, text));
    }
    Ok(report)
}

/// The `Report` documents of a new site.
pub fn documents(meta: &Meta) -> impl Iterator<Item = Doc> {
    REPORTS.iter().map(|report| {
        let module = meta.get(report.ref_doctype).map(|def| def.module);
        let document = json!({
            "doctype": "Report", "name": report.name, "report_name": report.name, "ref_doctype": report.ref_doctype,
            "report_type": report.report_type(), "is_standard": "Yes", "module": module, "disabled": 0,
            "prepared_report": i32::from(matches!(report.rows, Rows::Prepared(_))), "add_total_row": i32::from(report.total),
        });
        document.as_object().cloned().unwrap_or_default()
    })
}

/// Adds the `Report` documents to a site that has none.
///
/// # Errors
/// The database's.
pub fn seed(site: &Site<'_>) -> Result<(), SiteError> {
    let def = site.controller("Report")?;
    for mut document in documents(site.meta) {
        let name = document.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if site.db.exists(def, &name)?.is_none() {
            let (now, user) = (site.now_text(), "Administrator");
            for (key, value) in [("owner", user), ("creation", &now), ("modified", &now), ("modified_by", user)] {
                document.insert(key.to_owned(), json!(value));
            }
            site.db.add_row(def, &document)?;
        }
    }
    Ok(())
}
