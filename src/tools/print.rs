//! `print_document`. What a print format shows is written on the site and not held to the field rule: so a document is
//! printed only where the rule withholds nothing of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use erpnext_schema::{FieldDef, Rule, Shape, Verb, Violation, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::entry::is_nothing;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::markdown;
use crate::site::SiteErrorKind as Failure;
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::progress::Attachment;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// The largest PDF that is handed over, in bytes.
const MOST_PDF: usize = 3 << 20;
/// The most text of a print, in characters.
const MOST_TEXT: usize = 40_000;

/// A document on paper.
pub static PRINT: ToolSpec = ToolSpec {
    name: "print_document",
    title: "Print a document",
    description: "Renders a document in its print format, as Markdown or PDF. Use it for the view of a customer or \
                  supplier; get_generic_document is shorter. Refused if fields of it are withheld.",
    toolset: Toolset::More,
    operation: Operation::Print,
    effect: Effect::Reads,
    offered: |policy| policy.permits_somewhere(Operation::Print),
    special: Special::NONE,
    handler: handler!(PrintArgs, print),
};

#[derive(Deserialize, JsonSchema)]
struct PrintArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// a Print Format; default: the DocType's own
    format: Option<String>,
    #[serde(default, rename = "as")]
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    #[default]
    Markdown,
    Pdf,
}

async fn print(call: Call<'_>, args: PrintArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Print, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Get)?;
    let name = on.name(&args.name);
    shows_all(&on, name).await?;
    let (site, format) = (call.session.site, args.format.as_deref());
    if let Some(format) = format {
        format_exists(&on, "format", format).await?;
    }
    let mut result = Map::from_iter([("doctype".to_owned(), json!(on.def.name)), ("name".to_owned(), json!(name))]);
    if args.form == Form::Markdown {
        let html = site.print(&permit, name, format).await?;
        let text = markdown::from_html(&html);
        let all = text.chars().count();
        if all > MOST_TEXT {
            result.insert("note".to_owned(), json!(format!("the first {MOST_TEXT} of {all} characters")));
        }
        result.insert("markdown".to_owned(), json!(text.chars().take(MOST_TEXT).collect::<String>()));
        return Ok(result.into());
    }
    let pdf = site.print_pdf(&permit, name, format).await.map_err(|error| match error.kind() {
        Failure::Server => ToolError::refused(
            format!(
                "The site cannot make a PDF of {} {name:?}: most often it lacks the converter \
                 (wkhtmltopdf), which its administrator installs.",
                on.def.name
            ),
            "call again with \"as\": \"markdown\".",
        ),
        _ => error.into(),
    })?;
    let uri = site.pdf_address(&permit, name, format);
    result.insert("bytes".to_owned(), json!(pdf.bytes.len()));
    result.insert("link".to_owned(), json!(uri));
    if pdf.bytes.len() > MOST_PDF {
        result.insert(
            "note".to_owned(),
            json!("too large to be handed over; a person who is logged in can open the link"),
        );
        call.observer.give(Attachment::Link { uri, name: format!("{name}.pdf"), facts: None });
    } else {
        let (kind, base64) = ("application/pdf".to_owned(), BASE64_STANDARD.encode(pdf.bytes));
        call.observer.give(Attachment::File { uri, kind, base64 });
    }
    Ok(result.into())
}

/// Refuses a print format that the DocType does not have: the site takes another in its place, or fails.
pub(super) async fn format_exists(on: &DocTypeCall<'_>, argument: &str, format: &str) -> Result<(), ToolError> {
    let formats = match on.session.site.print_formats(on.permit).await {
        Ok(formats) => formats,
        // Where the user may not see which there are, the site decides.
        Err(error) if matches!(error.kind(), Failure::Denied | Failure::FieldDenied) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let known = std::iter::once("Standard").chain(formats.iter().map(String::as_str));
    if known.clone().any(|known| known == format) {
        return Ok(());
    }
    let violation = Violation {
        path: argument.to_owned(),
        rule: Rule::Value,
        message: format!(
            "{} has no Print Format {format:?}; it has: {}",
            on.def.name,
            known.clone().collect::<Vec<_>>().join(", ")
        ),
        nearest: nearest(format, known).map(str::to_owned),
    };
    Err(ToolError::arguments(on.tool.name(), vec![violation]))
}

/// Refuses where the rule names fields, or where the document holds a value that is withheld unless it is named.
pub(super) async fn shows_all(on: &DocTypeCall<'_>, name: &str) -> Result<(), ToolError> {
    let refuse = |why: String| {
        Err(ToolError::refused(
            format!(
                "{}: a print shows the whole document, whatever this server's configuration withholds, and {why}. Nothing was printed.",
                on.def.name
            ),
            "get_generic_document shows what may be seen.",
        ))
    };
    if !on.permit.fields().is_open() {
        return refuse("it lets only some fields be read".to_owned());
    }
    let mut stored = on.session.site.get(on.permit, name).await?.data;
    let on = on.with_live_metadata(&mut stored).await;
    let children = |child: &str| on.session.catalog.known(child);
    let mut seen = stored.clone();
    on.permit.fields().cut(Some(on.def), children, &mut seen);
    let withheld = stored.iter().find(|(key, value)| {
        let is_told = |field: &FieldDef| field.kind.holds_value() && is_told(field, value);
        !seen.contains_key(*key) && on.def.field(key).is_some_and(is_told)
    });
    if let Some((field, _)) = withheld {
        return refuse(format!("{field} is withheld: {NAMED}"));
    }
    for (table, child) in on.def.known_tables(&children) {
        let columns = child.fields.iter().filter(|column| column.kind.holds_value());
        let rows = stored.get(table.fieldname).and_then(Value::as_array);
        for column in columns.filter(|column| !on.permit.fields().may_read_child(table, *column)) {
            let told = |row: &Value| row.get(column.fieldname).is_some_and(|value| is_told(column, value));
            if rows.into_iter().flatten().any(told) {
                return refuse(format!("{}.{} is withheld: {NAMED}", table.fieldname, column.fieldname));
            }
        }
    }
    Ok(())
}

/// Why a field can be withheld where no rule names one.
const NAMED: &str =
    "it is a password or a key, has a permission level of its own, or is fetched from what is withheld elsewhere";

fn is_password(field: &FieldDef) -> bool {
    field.kind.shape() == Shape::Secret
}

/// Whether a print would tell the value: not one that an empty field and one that the user may not see (H4) both hold.
/// The site gives a password as asterisks; one that was put into the database past it, as an import does, it gives as
/// it is.
fn is_told(field: &FieldDef, value: &Value) -> bool {
    let hidden = is_password(field) && value.as_str().is_some_and(|text| text.bytes().all(|byte| byte == b'*'));
    !hidden && !is_nothing(value) && value.as_array().is_none_or(|rows| !rows.is_empty())
}
