//! Files that are values of fields: which of them are withheld, and that a write names only the document's own.

use std::collections::BTreeSet;

use erpnext_schema::{FieldDef, FieldKind, Rule, Violation};
use serde_json::{Map, Value};

use super::DocTypeCall;
use crate::error::ToolError;
use crate::site::Attachment;

/// Where the site keeps the files that only some may read.
const PRIVATE: &str = "/private/files/";

/// The fields of a document, and the columns of its rows, that hold files.
struct Holder {
    table: Option<&'static FieldDef>,
    field: &'static FieldDef,
}

impl Holder {
    fn all(on: &DocTypeCall<'_>) -> Vec<Self> {
        let mut all = Vec::new();
        for field in on.def.fields {
            // A File document names its file, and what that is attached to.
            if holds_file(field) || on.def.name == "File" && field.fieldname == "file_url" {
                all.push(Self { table: None, field });
            }
            let child = field.rows_of().and_then(|child| on.session.catalog.known(child));
            let columns = child.into_iter().flat_map(|child| child.fields).filter(|column| holds_file(column));
            all.extend(columns.map(|column| Self { table: Some(field), field: column }));
        }
        all
    }

    fn is_hidden(&self, on: &DocTypeCall<'_>) -> bool {
        let rule = on.permit.fields();
        !self.table.map_or_else(|| rule.may_read(self.field), |table| rule.may_read_child(table, self.field))
    }

    /// The addresses that the document has here, by place.
    fn addresses<'d>(&self, doc: &'d Map<String, Value>) -> Vec<(String, &'d str)> {
        let name = self.field.fieldname;
        let Some(table) = self.table.map(|table| table.fieldname) else {
            let value = doc.get(name).and_then(Value::as_str);
            return value.map(|value| (name.to_owned(), value)).into_iter().collect();
        };
        let rows = doc.get(table).and_then(Value::as_array).into_iter().flatten().enumerate();
        rows.filter_map(|(i, row)| Some((format!("{table}[{i}].{name}"), row.get(name)?.as_str()?))).collect()
    }
}

fn holds_file(field: &FieldDef) -> bool {
    matches!(field.kind, FieldKind::Attach | FieldKind::AttachImage)
}

/// Whether any file of a document may be one that may not be seen.
pub fn any_withheld(on: &DocTypeCall<'_>) -> bool {
    !on.permit.fields().may_read_attachments() || Holder::all(on).iter().any(|holder| holder.is_hidden(on))
}

/// Whether the file may not be seen: it is the value of a field, or of a column, that may not, or of none where only files
/// of fields may.
pub fn is_withheld(on: &DocTypeCall<'_>, stored: &Map<String, Value>, file: &Attachment) -> bool {
    let (hidden, seen): (Vec<_>, Vec<_>) = Holder::all(on).into_iter().partition(|holder| holder.is_hidden(on));
    let of = file.text("attached_to_field");
    let named = |holders: &[Holder]| holders.iter().any(|holder| holder.field.fieldname == of);
    let held = |holder: &Holder| holder.addresses(stored).iter().any(|(_, address)| *address == file.text("file_url"));
    // The site names the field alone: where two are called so, what they hold decides. It may be of any where it names none.
    let may_be_hidden = !hidden.is_empty() && !file.tells_its_field() || !on.permit.fields().may_read_attachments();
    hidden.iter().any(held) || named(&hidden) && !named(&seen) || may_be_hidden && !seen.iter().any(held)
}

/// Whether the site takes the address for that of a private file: it follows `..`.
fn may_be_private(address: &str) -> bool {
    let address = address.trim_start();
    address.starts_with(PRIVATE) || address.starts_with("/files") && address.contains("..")
}

/// Refuses the address of a private file that is not the document's own: the site would attach it to the document, and
/// whoever may read this one would read it. `stored` is the document as it is, by its name; none for a new one.
pub async fn check(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    stored: Option<(&str, &Map<String, Value>)>,
) -> Result<(), ToolError> {
    let holders = Holder::all(on);
    let before: BTreeSet<&str> = stored
        .iter()
        .flat_map(|(_, stored)| holders.iter().flat_map(|holder| holder.addresses(stored)))
        .map(|(_, address)| address)
        .collect();
    let given = holders.iter().flat_map(|holder| holder.addresses(doc));
    let is_new = |address: &str| may_be_private(address) && !before.contains(address);
    let mut given: Vec<(String, &str)> = given.filter(|(_, address)| is_new(address)).collect();
    if let (false, Some((name, _))) = (given.is_empty(), stored) {
        let own = on.session.site.attachments(on.permit, name).await?;
        given.retain(|(_, address)| !own.iter().any(|file| file.text("file_url") == *address));
    }
    if given.is_empty() {
        return Ok(());
    }
    let message = match stored {
        Some(_) => {
            "is no file of this document; attach_file attaches one, and tells its link, the path of which goes here"
        }
        None => "a new document has no files: create it without, then attach_file, then update the field",
    };
    let violation = |(path, _)| Violation::new(format!("data.{path}"), Rule::Value, message);
    Err(ToolError::arguments(on.tool.name(), given.into_iter().map(violation).collect()))
}
