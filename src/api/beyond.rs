//! `Site` beyond documents: running reports, and calling methods of the site.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value};

use super::{Error, Site};
use crate::cleared::Cleared;
use crate::policy::{Called, Denial, Operation, Reason};
use crate::shape::report::Table;
use crate::shape::{is_set, text_of};
use crate::site::{Filter, PREPARED, SiteError};
use crate::tools::method;

impl Site {
    /// The rows of a report, without the columns that the policy withholds. The filters are sent as they are: the site
    /// answers one that it does not know with other rows, and some that are missing with an error (H53).
    ///
    /// ```
    /// use serde_json::{Map, json};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sample = erpnext_sandbox::Options { sample: Some(1), ..Default::default() };
    /// # let sample = erpnext_sandbox::Sandbox::start(sample).await?;
    /// # let site = erpnext_mcp::Site::connect(&sample.url(), "administrator", "secret")?;
    /// let filters = Map::from_iter([("company".to_owned(), json!("Alderway Furniture"))]);
    /// let table = site.report("Accounts Receivable", &filters).await?;
    /// assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoReport`] where the site has none of that name that runs at once; or the policy's or the site's refusal.
    pub async fn report(&self, name: &str, filters: &Map<String, Value>) -> Result<Table, Error> {
        self.know_version().await?;
        self.policy.admits_report(name)?;
        let found = self.bound().reports(&[Filter::eq("name", name)]).await?;
        // The site's database takes a name in another case for the same.
        let entry = found.iter().find(|entry| text_of(entry, "name").eq_ignore_ascii_case(name));
        let no = |why| Error::NoReport { report: name.to_owned(), why };
        let entry = entry.ok_or_else(|| no("the site has none of that name, or its user may not see it"))?;
        if is_set(entry, "disabled") {
            return Err(no("it is switched off on the site"));
        }
        if text_of(entry, "report_type") == "Report Builder" {
            return Err(no("it is a saved list of the desk, which does not run: list the documents"));
        }
        let permit = self.policy.permit_report(text_of(entry, "name"), text_of(entry, "ref_doctype"))?;
        let behind = self.bound().report_behind(entry).await?;
        let behind = behind.ok_or_else(|| no("it was saved from other reports without an end"))?;
        let (behind, about) = (text_of(&behind, "name"), text_of(&behind, "ref_doctype"));
        let permit = self.policy.permit_behind(permit, text_of(entry, "name"), behind, about)?;
        // A filter by what is withheld would tell it (H5); one by a run in the background, what another report told.
        let mut violations = Vec::new();
        if self.ruled && filters.contains_key(PREPARED) {
            violations.push(Violation::new(format!("filters.{PREPARED}"), Rule::UnknownField, "no filter of a report"));
        }
        for field in filters.keys() {
            let ruled = self.policy.doctypes().map(|(doctype, _)| doctype);
            let about = std::iter::once(permit.doctype()).chain(ruled);
            if self.withholds(about, Called::filter(behind, field, "")).await? {
                let message = "the policy does not permit reading it";
                violations.push(Violation::new(format!("filters.{field}"), Rule::NotPermitted, message));
            }
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        let report = text_of(entry, "name");
        let answer = match filters.get(PREPARED).and_then(Value::as_str) {
            Some(prepared) => self.bound().prepared_rows(&permit, report, filters, prepared).await?,
            None => self.bound().run_report(&permit, report, filters).await?,
        };
        if answer.get("columns").is_none() {
            return Err(no("the site answered without columns: it runs in the background only, or misses a filter"));
        }
        let mut table = Table::read(&answer);
        if let Some(doctype) = table.doctypes.iter().find(|doctype| self.policy.is_row_filtered(doctype)) {
            let why = format!("its rows are about every {doctype}, of which only some may be read");
            let (doctype, operation) = (name.to_owned(), Operation::Report);
            return Err(Denial { doctype, operation, reason: Reason::Refused(why) }.into());
        }
        let mut hidden = Vec::new();
        for column in &table.columns {
            let about = std::iter::once(permit.doctype()).chain(table.doctypes.iter().map(String::as_str));
            if self.withholds(about, column.called(behind)).await? {
                hidden.push(column.clone());
            }
        }
        let _ = table.withhold(|column| hidden.contains(column));
        Ok(table)
    }

    /// Calls a method of the site; what it answers, as it is. Only the methods that the file of [`Self::with_permissions`]
    /// lists can be called, since nothing else tells whether one changes something, and what it takes:
    ///
    /// ```
    /// use serde_json::{Map, json};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sample = erpnext_sandbox::Options { sample: Some(1), ..Default::default() };
    /// # let sample = erpnext_sandbox::Sandbox::start(sample).await?;
    /// # let site = erpnext_mcp::Site::connect(&sample.url(), "administrator", "secret")?;
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("config.json");
    /// let method = "erpnext.stock.utils.get_stock_balance";
    /// let text = json!({"type": "string", "required": true});
    /// let takes = json!({"item_code": text, "warehouse": text});
    /// let stated = json!({"description": "Stock of an item.", "write": false, "arguments": takes});
    /// std::fs::write(&file, json!({"methods": {method: stated}}).to_string())?;
    /// let site = site.with_permissions(&file)?;
    ///
    /// let of = Map::from_iter([("item_code".into(), json!("No such")), ("warehouse".into(), json!("None"))]);
    /// assert_eq!(site.method(method, of).await?, json!(0.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Arguments that it does not take, or the policy's or the site's refusal.
    pub async fn method(&self, name: &str, arguments: Map<String, Value>) -> Result<Value, Error> {
        let (permit, takes) = self.policy.permit_method(name)?;
        method::check(takes, &arguments, "arguments.").map_err(Error::Invalid)?;
        if !permit.writes() {
            return Ok(self.bound().ask_method(&permit, arguments).await?.data);
        }
        let (confirmed, recorded) = self.proofs(name, Operation::Update)?;
        let cleared = Cleared::call(&permit, confirmed, recorded);
        Ok(self.bound().call_method(cleared, &arguments).await?.data)
    }

    /// Whether the rules on any of the DocTypes keep back what a report calls so.
    ///
    /// # Errors
    /// That the site did not tell what they have.
    async fn withholds<'d>(
        &self,
        doctypes: impl Iterator<Item = &'d str>,
        called: Called<'_>,
    ) -> Result<bool, SiteError> {
        if self.policy.shows_all() {
            return Ok(false);
        }
        self.catalog.withholds(self.asker(), &self.policy, doctypes, called).await
    }
}
