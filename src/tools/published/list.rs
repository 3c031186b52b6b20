//! A saved filter that the configuration publishes: a list of the documents that it finds, by what stands in it now.

use erpnext_schema::{Rule, Verb, Violation};
use serde_json::{Value, json};

use crate::answer::ToolAnswer;
use crate::context::Session;
use crate::documents::{DocTypeCall, nested};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::document_args::of_verb;
use crate::tool::input_schema::Arg;
use crate::tool::{Arguments, Call};
use crate::tools::list;
use crate::tools::saved::{self, Saved};

/// What a list takes; where the configuration chooses the columns, a call does not.
pub fn args(has_columns: bool) -> Vec<Arg> {
    let args = of_verb(Verb::List).args().iter();
    args.filter(|arg| !(has_columns && arg.name == "fields")).cloned().collect()
}

/// Lists the documents that the saved filter finds, and that the filters of the call let through.
pub async fn run(call: Call<'_>, doctype: &str, name: &str, columns: &[String]) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Read, doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::List)?;
    let saved = named(call.session, doctype, name).await?;
    let whose = saved.whose();
    let saved = saved::read(&on, saved.filters.as_deref()).await?.map_err(|why| {
        ToolError::refused(
            format!("The saved filter {name:?} cannot be used here: {why}."),
            "A list of the DocType takes other filters. Tell the administrator.",
        )
    })?;
    let mut all = call.given.all().clone();
    let mut filters: Vec<Value> = saved.as_array().cloned().unwrap_or_default();
    if let Some(given) = all.get("filters") {
        let given = nested::entries(given).ok_or_else(|| {
            let message = r#"expected {"field": value} or [["field", operator, value]]"#;
            let found = Violation::new("filters", Rule::Value, message);
            ToolError::arguments(call.tool.name(), vec![found])
        })?;
        filters.extend(given.into_iter().map(Value::Array));
    }
    all.insert("filters".to_owned(), Value::Array(filters));
    if !columns.is_empty() {
        all.insert("fields".to_owned(), json!(columns));
    }
    let all = Arguments::new(all)?;
    let mut answer = Box::pin(list::list(&on, all.read()?)).await?;
    answer.data.insert("saved_filter".to_owned(), saved);
    answer.data.insert("saved_filter_for".to_owned(), json!(whose));
    Ok(answer)
}

/// The filter of that name: the caller's own before that for everybody. Whoever uses the desk may save one for
/// everybody: where there are several, none of them is taken.
async fn named(session: &Session<'_>, doctype: &str, name: &str) -> Result<Saved, ToolError> {
    let mut found = saved::all(session, Some(doctype), Some(name)).await?;
    if found.first().is_some_and(|first| first.for_everybody) && found.len() > 1 {
        let all = found.iter().map(|saved| format!("{:?}", saved.id)).collect::<Vec<_>>().join(", ");
        return Err(ToolError::refused(
            format!("The site has several filters saved as {name:?} for {doctype} and for everybody: {all}."),
            "One of them has to be renamed or deleted in the desk. Tell the administrator.",
        ));
    }
    if !found.is_empty() {
        return Ok(found.swap_remove(0));
    }
    Err(ToolError::refused(
        format!("The site has no filter saved as {name:?} for {doctype}, for this user or for everybody."),
        "get_saved_filters shows those that are saved, and a list takes any. Tell the administrator.",
    ))
}

/// What of a published list the site has not.
///
/// # Errors
/// A filter that is not there or not open here, and whatever the site answers.
pub async fn doubts(
    session: &Session<'_>,
    doctype: &str,
    name: &str,
    columns: &[String],
) -> Result<Vec<String>, ToolError> {
    let permit = session.permit(Operation::Read, doctype).await?;
    let def = DocTypeCall::def_of(session, &permit).await?;
    let saved = named(session, doctype, name).await?;
    let unread =
        saved.filters.is_none().then(|| format!("the filter {name:?} is kept in a form that is not known here"));
    // Fields of rows and of linked documents are looked at by the list itself.
    let plain = columns.iter().filter(|column| !column.contains('.'));
    let absent = plain.filter(|column| def.field(column).is_none());
    Ok(unread.into_iter().chain(absent.map(|column| format!("{doctype} has no field {column}"))).collect())
}
