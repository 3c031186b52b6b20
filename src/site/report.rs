//! Reports: which there are, what each takes, and what it answers. Field permissions are no concern of the site's here
//! (H53): what is shown of an answer is for the caller of these to decide.

use erpnext_schema::Operator;
use serde_json::{Map, Value, json};

use super::filters::wire;
use super::list::rows;
use super::{Body, Call, CallerClient, Filter, SiteError, check, endpoints, unexpected};
use crate::entry::text_of;
use crate::policy::{Operation, Permit};

/// The filter by which the site gives a run in the background, of whatever report that was.
pub const PREPARED: &str = "prepared_report_name";
/// How many reports are asked for at once.
const PAGE: usize = 500;
/// How many reports may be saved one from another.
const MOST_BEHIND: usize = 8;

impl CallerClient<'_> {
    /// The reports that the user may know of: objects with `name`, `ref_doctype`, `report_type`, `prepared_report`,
    /// `disabled`, `reference_report`, by name.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn reports(&self, filters: &[Filter]) -> Result<Vec<Map<String, Value>>, SiteError> {
        let fields = json!(["name", "ref_doctype", "report_type", "prepared_report", "disabled", "reference_report"]);
        let method = endpoints::LIST;
        let mut found: Vec<Map<String, Value>> = Vec::new();
        loop {
            let after = found.last().map(|last| Filter::new("name", Operator::Gt, text_of(last, "name")));
            let filters = wire(filters.iter().chain(&after), []);
            let filters = filters.map_err(|words| unexpected("reports", false, &words))?.all;
            let body = json!({
                "doctype": "Report", "fields": fields, "filters": filters, "order_by": "name asc", "limit_page_length": PAGE,
            });
            let answer = self.method_post(method, Body::Json(body)).await?;
            let page = rows(answer.data);
            let page = page.ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no list in it"))?;
            let is_last = page.len() < PAGE || page.last() == found.last();
            found.extend(page);
            if is_last {
                return Ok(found);
            }
        }
    }

    /// The report that an entry of [`Self::reports`] runs, in the form of such an entry: for one that was saved in the desk, the
    /// report behind it, with nothing but its name where the user may not see that. None where the chain of saved reports
    /// has no end.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn report_behind(&self, entry: &Map<String, Value>) -> Result<Option<Map<String, Value>>, SiteError> {
        let mut entry = entry.clone();
        for _ in 0..MOST_BEHIND {
            if text_of(&entry, "report_type") != "Custom Report" {
                return Ok(Some(entry));
            }
            let behind = text_of(&entry, "reference_report");
            let found = self.reports(&[Filter::eq("name", behind)]).await?.pop();
            entry = found.unwrap_or_else(|| Map::from_iter([("name".to_owned(), json!(behind))]));
        }
        Ok(None)
    }

    /// What the desk needs for a report's form: `script` in JavaScript, and `filters` where the report itself holds them.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn report_form(&self, permit: &Permit, report: &str) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Report])?;
        let method = endpoints::REPORT_SCRIPT;
        object(self.method_post(method, Body::Json(json!({ "report_name": report }))).await?.data, method)
    }

    /// Runs a report: `columns`, `result` and more, or `prepared_report: true` without a result where it runs only in the
    /// background.
    ///
    /// # Errors
    /// The site's refusal; reports fail with a 500 where they miss a filter.
    pub async fn run_report(
        &self,
        permit: &Permit,
        report: &str,
        filters: &Map<String, Value>,
    ) -> Result<Map<String, Value>, SiteError> {
        let mut filters = filters.clone();
        filters.remove(PREPARED);
        self.run(permit, report, filters).await
    }

    /// The same of a run in the background, which is known to be one of this report.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn prepared_rows(
        &self,
        permit: &Permit,
        report: &str,
        filters: &Map<String, Value>,
        prepared: &str,
    ) -> Result<Map<String, Value>, SiteError> {
        let mut filters = filters.clone();
        filters.insert(PREPARED.to_owned(), json!(prepared));
        self.run(permit, report, filters).await
    }

    async fn run(
        &self,
        permit: &Permit,
        report: &str,
        filters: Map<String, Value>,
    ) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Report])?;
        let body = json!({
            "report_name": report, "filters": filters,
            // Else the site runs one that was saved in the desk with the filters that were saved with it.
            "are_default_filters": false,
            // Reports name columns after their labels, and rules are held to both; else they come in the site's language.
            "_lang": "en",
        });
        object(self.method_post(endpoints::RUN_REPORT, Body::Json(body)).await?.data, endpoints::RUN_REPORT)
    }

    /// Starts a report in the background, and gives the name of its Prepared Report. It takes no `Cleared`: nothing that
    /// is there already changes. It is sent once all the same, as each sending is a run of its own.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn prepare_report(
        &self,
        permit: &Permit,
        report: &str,
        filters: &Map<String, Value>,
    ) -> Result<String, SiteError> {
        check(permit, &[Operation::Report])?;
        let path = endpoints::method(endpoints::PREPARE_REPORT);
        let body = Body::Json(json!({ "report_name": report, "filters": filters }));
        let call = Call { method: reqwest::Method::POST, path, query: Vec::new(), body, writes: true };
        let answer = self.value(call, "message").await?.data;
        let name = answer.get("name").unwrap_or(&answer).as_str().map(str::to_owned);
        name.ok_or_else(|| unexpected(endpoints::PREPARE_REPORT, true, "no name in it"))
    }

    /// How far a Prepared Report is: `report_name`, `status` (Queued, Started, Completed, Error), `error_message`,
    /// `filters`.
    /// Nothing where the user has none of that name.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn prepared_report(&self, permit: &Permit, name: &str) -> Result<Option<Map<String, Value>>, SiteError> {
        check(permit, &[Operation::Report])?;
        let method = endpoints::LIST;
        let body = json!({
            "doctype": "Prepared Report", "fields": ["name", "report_name", "status", "error_message", "filters"],
            "filters": [["name", "=", name]], "limit_page_length": 1,
        });
        let answer = self.method_post(method, Body::Json(body)).await?;
        Ok(rows(answer.data).and_then(|rows| rows.into_iter().next()))
    }
}

fn object(data: Value, method: &str) -> Result<Map<String, Value>, SiteError> {
    match data {
        Value::Object(answer) => Ok(answer),
        _ => Err(unexpected(&endpoints::line("POST", method), false, "no object in it")),
    }
}
