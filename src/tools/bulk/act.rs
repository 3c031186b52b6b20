//! One step with many documents, each by the tool that takes it with one.

use std::collections::BTreeSet;

use erpnext_schema::{Verb, Violation};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::check::{twice, unknown};
use super::{Ask, Row, not_within, run, select, start, within_most, wrong};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Operation, Policy};
use crate::tool::kinds::{DocTypeName, Filters, Names, Object};
use crate::tool::progress::CallObserver;
use crate::tool::spec::handler;
use crate::tool::{Arguments, Call, Effect, Special, Tool, ToolSpec, Toolset};

/// Takes one step with many documents of a DocType.
pub static ACT: ToolSpec = ToolSpec {
    name: "act_on_bulk_documents",
    title: "One step with many documents",
    description: "Tags, untags, assigns, unassigns, comments on, renames, submits, cancels, or takes a workflow action on \
                  up to 500 documents of one DocType, given by names or where. The answer accounts for each and says \
                  where to continue.",
    toolset: Toolset::Bulk,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: is_offered,
    special: Special { confirm_as: ASKED_AS, ..Special::NONE },
    handler: handler!(ActArgs, act),
};

/// An action of a workflow can submit or cancel.
const ASKED_AS: &[Operation] = &[Operation::Update, Operation::Submit, Operation::Cancel];

fn is_offered(policy: &Policy) -> bool {
    ASKED_AS.iter().any(|operation| policy.permits_somewhere(*operation))
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    Tag,
    Untag,
    Assign,
    Unassign,
    Comment,
    Rename,
    Submit,
    Cancel,
    Workflow,
}

impl Action {
    /// The tool that does it with one document, and the argument of that tool that takes `value`.
    const fn tool(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Tag => ("tag_document", Some("tag")),
            Self::Untag => ("untag_document", Some("tag")),
            Self::Assign => ("assign_document", Some("user")),
            Self::Unassign => ("unassign_document", Some("user")),
            Self::Comment => ("add_comment", Some("content")),
            Self::Rename => ("rename_document", None),
            Self::Submit => ("submit_document", None),
            Self::Cancel => ("cancel_document", None),
            Self::Workflow => ("apply_workflow_action", Some("action")),
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Submit => Operation::Submit,
            Self::Cancel => Operation::Cancel,
            _ => Operation::Update,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct ActArgs {
    doctype: DocTypeName,
    action: Action,
    /// the tag, user, comment or workflow action
    value: Option<String>,
    names: Option<Names>,
    /// filters, instead of names: all that fit, asked about as a whole
    #[serde(rename = "where")]
    filters: Option<Filters>,
    /// of rename, instead of names: {"name": "its new name"}
    new_names: Option<Object>,
    /// first row to process, as given by the answer of a stopped call
    start_at: Option<u64>,
}

/// The step with one of the documents.
struct One {
    name: String,
    tool: Tool,
    given: Arguments,
    observer: CallObserver,
}

impl Row for One {
    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        None
    }
}

async fn act(call: Call<'_>, args: ActArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(args.action.operation(), &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(match args.action {
        Action::Submit => Verb::Submit,
        Action::Cancel => Verb::Cancel,
        _ => Verb::Update,
    })?;
    let (name, takes) = args.action.tool();
    let Some(tool) = call.registry.find(name) else {
        let message = format!("{name} is not among the tools of this configuration");
        return Err(wrong(&call, "action", message));
    };
    let value = match (takes, args.value) {
        (Some(argument), Some(value)) => Some((argument, value)),
        (None, None) => None,
        (Some(argument), None) => return Err(wrong(&call, "value", format!("this action needs one: the {argument}"))),
        (None, Some(_)) => return Err(wrong(&call, "value", "this action takes none".to_owned())),
    };
    let is_weighed = args.action == Action::Submit && call.session.quota.confirm_above.is_some();
    let new_names = new_names(&call, args.action, args.new_names)?;
    let named = match (args.names, new_names.is_empty()) {
        (names, true) => names.map(|names| names.0),
        (None, false) => Some(new_names.keys().cloned().collect()),
        (Some(_), false) => return Err(wrong(&call, "names", "new_names has them already".to_owned())),
    };
    let (names, state) = match (named, args.filters) {
        (Some(names), None) => (names, None),
        // A step of a workflow is another one by the document's state, and a worth is each document's own: the first ten say
        // nothing of the others.
        (None, Some(_)) if args.action == Action::Workflow || is_weighed => {
            return Err(wrong(&call, "where", "name the documents of this action, so that each is shown".to_owned()));
        }
        (None, Some(filters)) => {
            not_within(&call, args.start_at)?;
            let selected = select::select(&on, &filters).await?;
            let state = selected.state();
            (selected.names, Some(state))
        }
        _ => return Err(wrong(&call, "names", "give either names or where".to_owned())),
    };
    within_most(&call, "names", names.len())?;
    let mut rows = Vec::new();
    for name in names {
        let mut given = Map::new();
        given.insert("doctype".to_owned(), json!(on.def.name));
        given.insert("name".to_owned(), json!(name));
        given.extend(value.as_ref().map(|(argument, value)| ((*argument).to_owned(), json!(value))));
        given.extend(new_names.get(&name).map(|new_name| ("new_name".to_owned(), new_name.clone())));
        rows.push(One { name, tool, given: Arguments::new(given)?, observer: CallObserver::default() });
    }
    let argument = if args.action == Action::Rename { "new_names" } else { "names" };
    let mut found: Vec<Violation> = twice(argument, &rows);
    if state.is_none() {
        // What an earlier call renamed has its old name no more.
        found.extend(unknown(&on, argument, start(&call, args.start_at, rows.len())?, &rows).await?);
    }
    if !found.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), found));
    }
    // What a workflow's action does is not known before: it is confirmed as the first operation of these that has to be.
    let asked_as = match args.action {
        Action::Workflow => ASKED_AS.iter().copied().find(|operation| call.session.policy.confirms(*operation)),
        // One of them may be worth more than what nobody is asked about.
        Action::Submit => call.session.quota.confirm_above.map(|_| Operation::Cancel),
        _ => None,
    };
    let ask = Ask { operation: asked_as.unwrap_or(permit.operation()), whole: state, ..Ask::of(&permit) };
    run(&call, &on, args.start_at, &rows, ask, |on, row| Box::pin(one(on, row))).await
}

/// What the documents are to be called, by what they are called.
///
/// # Errors
/// New names for another action, a rename without them, and names that would depend on what is renamed first.
fn new_names(call: &Call<'_>, action: Action, given: Option<Object>) -> Result<Map<String, Value>, ToolError> {
    let given = given.map(|given| given.0).unwrap_or_default();
    if (action == Action::Rename) == given.is_empty() {
        let why = if given.is_empty() { "rename needs them, by name" } else { "only rename takes them" };
        return Err(wrong(call, "new_names", why.to_owned()));
    }
    let mut seen = BTreeSet::new();
    for (name, new_name) in &given {
        let why = match new_name.as_str().map(str::trim) {
            None | Some("") => "expected a name",
            Some(new_name) if new_name == name => "is its name already",
            Some(new_name) if given.contains_key(new_name) => "is the name of another of these",
            Some(new_name) if !seen.insert(new_name.to_lowercase()) => "is the new name of another of these",
            Some(_) => continue,
        };
        return Err(wrong(call, &format!("new_names.{name}"), why.to_owned()));
    }
    Ok(given)
}

async fn one(on: &DocTypeCall<'_>, row: &One) -> Result<ToolAnswer, ToolError> {
    let DocTypeCall { session, registry, attempt, confirmed, .. } = *on;
    let One { tool, given, observer, .. } = row;
    crate::tools::run(Call { session, registry, tool: *tool, given, attempt, observer, confirmed }).await
}
