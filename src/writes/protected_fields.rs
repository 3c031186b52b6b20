//! Fields that a write may not set because a tool of its own moves them: `docstatus` (H8), the state of a workflow (H51), and
//! what a document amends.

use erpnext_schema::{FieldDef, FieldKind, Rule, Verb, Violation, doctype_flag};
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::tool::operation;

const BY_WORKFLOW: &str = "is not set through a field: it moves by the actions of the workflow. get_workflow_actions shows \
                           those open to this user, apply_workflow_action takes one";

/// What names the cancelled document that a new one is in the place of.
const AMENDED: &str = "amended_from";

/// The same violation, with the tool that does what was tried.
pub(crate) fn named(on: &DocTypeCall<'_>, data: &Map<String, Value>, found: Violation) -> Violation {
    let field = found.path.strip_prefix("data.").and_then(|path| on.def.field(path));
    match field.filter(|_| found.rule == Rule::NotWritable) {
        Some(field) if field.fieldname == "docstatus" => {
            Violation { message: by_verb(on, data.get("docstatus")), ..found }
        }
        Some(field) if field.target() == Some("Workflow State") => {
            Violation { message: BY_WORKFLOW.to_owned(), ..found }
        }
        _ => found,
    }
}

fn by_verb(on: &DocTypeCall<'_>, wanted: Option<&Value>) -> String {
    if !on.def.is(doctype_flag::SUBMITTABLE) {
        return format!("is not set through a field: {} is not submittable, its documents would be stuck", on.def.name);
    }
    let tool = |verb: Verb, does: &str| match on.session.policy.permit(operation(verb), on.def.name) {
        Ok(_) => format!("{} {does}", on.registry.tool_for(on.def, verb)),
        Err(_) => format!("what {does} is not permitted by this server's configuration"),
    };
    let submit = || tool(Verb::Submit, "submits a draft");
    let cancel = || tool(Verb::Cancel, "cancels what is submitted");
    let tools = match wanted.and_then(Value::as_u64) {
        Some(1) => submit(),
        Some(2) => cancel(),
        _ => format!("{}, {}", submit(), cancel()),
    };
    format!("is not set through a field: {tools}")
}

/// Refuses two kinds of fields that the site would take: those that make an amendment of a document, without the leave to
/// amend and its confirmation; and the field that the DocType's workflow moves, whatever its name, without the workflow.
///
/// # Errors
/// Such a field, or that the site does not say which it is.
pub(crate) async fn check(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Result<(), ToolError> {
    let wrong = |field: &str, message: &str| {
        let found = Violation::new(format!("data.{field}"), Rule::NotWritable, message);
        ToolError::arguments(on.tool.name(), vec![found])
    };
    if doc.get(AMENDED).is_some_and(|of| !of.is_null() && *of != "") && on.def.is(doctype_flag::SUBMITTABLE) {
        return Err(wrong(AMENDED, "amend_document makes the new draft of a cancelled document"));
    }
    match state_in(on, doc).await? {
        None => Ok(()),
        Some(field) => Err(wrong(&field, BY_WORKFLOW)),
    }
}

/// The field of this document that the site's workflow for its DocType moves, if it has one.
///
/// # Errors
/// That the site does not say which it is.
pub(crate) async fn state_in(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Result<Option<String>, ToolError> {
    if !doc.keys().any(|key| on.def.field(key).is_some_and(may_be_a_state)) {
        return Ok(None);
    }
    let field = on.session.catalog.state_field(on.session.asker(), on.def.name).await?;
    Ok(field.filter(|field| doc.contains_key(field)))
}

/// Whether a workflow may keep its state in the field: its name says so, or what it links to.
fn may_be_a_state(field: &FieldDef) -> bool {
    let named = field.fieldname.contains("state") || field.fieldname.contains("status");
    named && matches!(field.kind, FieldKind::Select | FieldKind::Data | FieldKind::Link)
        || field.target() == Some("Workflow State")
}
