//! Create, update and delete. What was stored is read back, because the site's answer to a write only echoes it (H13).

mod create;
mod delete;
mod update;

pub use create::{create, create_checked, note_made};
pub use delete::{delete, delete_one_of_many};
pub use update::update;

use erpnext_schema::{DocTypeDef, Purpose, Rule, Shape, Violation, check_document};
use serde_json::{Map, Value};

use crate::document::{Writing, counterparts, labels, merge, unpack};
use crate::documents::{DocTypeCall, rich_text};
use crate::error::ToolError;
use crate::site::{SiteError, SiteErrorKind, unreachable};
use crate::writes::send::Next;
use crate::writes::{fixed_fields, problems, protected_fields};

/// The most rows of a table that one create takes.
const MOST_ROWS: usize = 1_000;

impl<'a> DocTypeCall<'a> {
    /// The document as it is now; nothing where it is not there.
    pub(crate) async fn now(&self, name: &str) -> Result<Option<Map<String, Value>>, SiteError> {
        match self.session.site.get(self.permit, name).await {
            Ok(now) => Ok(Some(now.data)),
            Err(error) if error.kind() == SiteErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is done, in words: `update of ToDo "x"`.
    pub(crate) fn doing(&self, name: &str) -> String {
        format!("{} of {} {name:?}", self.permit.operation(), self.def.name)
    }

    /// That the document itself shows whether something was done.
    pub(crate) fn read_it(&self, name: &str) -> Next {
        Next::Look(format!("read {} {name:?}", self.def.name))
    }

    /// The data as the site stores it; the texts of a change once it is known what is stored.
    pub(crate) async fn document(
        &self,
        purpose: Purpose,
        data: &Map<String, Value>,
    ) -> Result<(DocTypeCall<'a>, Map<String, Value>), ToolError> {
        let data = &self.local_data(data).await?;
        let in_data = |violation: Violation| Violation { path: format!("data.{}", violation.path), ..violation };
        let checked = self.checked(|on| {
            let data = labels::resolved(on.def, &on.writing(), data);
            let data = unpack::tables(on.def, purpose, &data);
            let data = &*counterparts::moved(on.def, purpose, &data);
            let checked = check_document(on.def, purpose, data, &on.writing());
            let checked = checked.and_then(|doc| match bad_name(on.def, &doc) {
                Some(found) if purpose == Purpose::Create => Err(vec![found]),
                _ => Ok(doc),
            });
            checked.map_err(|found| {
                found.into_iter().map(in_data).map(|found| protected_fields::named(on, data, found)).collect()
            })
        });
        let (on, mut doc) = checked.await?;
        rich_text::check(&on, &doc)?;
        if purpose == Purpose::Create {
            few_rows(&on, &doc)?;
            rich_text::to_stored(&on, &mut doc, None)?;
            fixed_fields::check_new(&on, &doc).await?;
        }
        protected_fields::check(&on, &doc).await?;
        Ok((on, doc))
    }

    /// The same, with all problems of one call: where the form is broken, links that lead nowhere are told beside it. `of` is the
    /// name of the document that is changed.
    pub(crate) async fn document_with_links(
        &self,
        purpose: Purpose,
        data: &Map<String, Value>,
        of: Option<&str>,
    ) -> Result<(DocTypeCall<'a>, Map<String, Value>), ToolError> {
        let data = &self.local_data(data).await?;
        match self.document(purpose, data).await {
            Ok(checked) => Ok(checked),
            Err(error) => Err(problems::with_links(self, error, data, of).await),
        }
    }

    /// The changes laid onto the stored document.
    pub(crate) fn merged(
        &self,
        stored: &Map<String, Value>,
        changes: &Map<String, Value>,
    ) -> Result<merge::Merged, ToolError> {
        let merged = merge::onto_stored(self.def, &self.writing(), stored, changes);
        merged.map_err(|found| ToolError::arguments(self.tool.name(), found))
    }

    fn writing(&self) -> Writing<'a> {
        Writing { rule: self.permit.fields(), catalog: self.session.catalog }
    }
}

/// Refuses tables that one create should not bring: each of their links may cost a look-up.
fn few_rows(on: &DocTypeCall<'_>, data: &Map<String, Value>) -> Result<(), ToolError> {
    let rows = data.iter().filter_map(|(key, value)| Some((key, value.as_array()?.len())));
    let violations: Vec<_> = rows
        .filter(|(_, rows)| *rows > MOST_ROWS)
        .map(|(key, rows)| {
            let message = format!(
                "{rows} rows; one create takes at most {MOST_ROWS} of a table: create it with those, then add the others by updates"
            );
            Violation::new(format!("data.{key}"), Rule::Value, message)
        })
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), violations)) }
}

/// The site takes names for new documents that no address leads to (H48): nobody could read them back, change or delete
/// them, and the address of one may be that of another.
fn bad_name(def: &DocTypeDef, doc: &Map<String, Value>) -> Option<Violation> {
    let by = if def.is_named_by_creator() { "name" } else { def.autoname?.strip_prefix("field:")? };
    let rule = unreachable(doc.get(by)?.as_str()?.trim())?;
    let message = format!("names the document, and {rule}");
    Some(Violation::new(by, Rule::Value, message))
}

/// Says of passwords that they were set, as nothing else shows it.
fn passwords(on: &DocTypeCall<'_>, given: &Map<String, Value>) -> Option<String> {
    let is_secret = |key: &&String| on.def.field(key).is_some_and(|field| field.kind.shape() == Shape::Secret);
    let set: Vec<&str> = given.keys().filter(is_secret).map(String::as_str).collect();
    (!set.is_empty()).then(|| format!("{}: sent; the site keeps it encrypted and shows it to nobody", set.join(", ")))
}
