//! The tools: which there are, what each takes, and what each does.

mod about;
mod aggregate;
mod arguments;
mod attachments;
mod batch;
mod budget;
mod bulk;
mod candidates;
mod changes;
mod compare;
mod confirm;
mod convert;
mod cursor;
mod definition;
mod dialect;
mod erp;
mod error;
mod find;
mod gate;
mod history;
mod hung;
mod level;
mod lifecycle;
mod linked;
mod links;
mod lookup;
mod marks;
mod method;
mod moves;
mod own;
mod print;
mod query;
mod rank;
mod read;
mod refusal;
mod registry;
mod reports;
mod send;
mod settle;
mod sight;
mod stale;
mod synonyms;
#[cfg(test)]
mod tests;
mod titles;
mod told;
mod unfound;
mod workflow;
mod write;

use erpnext_schema::{DocTypeDef, Verb};
use serde_json::{Map, Value, json};

use crate::audit::Attempt;
use crate::cleared::Confirmed;
use crate::context::Session;
use crate::policy::{Operation, Permit};
use crate::shape;
use crate::site::{CallState, Kind, note_withheld};
use crate::tool::progress::CallObserver;

pub use arguments::Arguments;
pub use budget::{Listed, Listing, listing, tokens, unknown_toolsets};
pub use confirm::{TOKEN, Unconfirmed};
pub use convert::{CONVERT, becomes};
pub use definition::{Definition, definition, definition_at};
pub use error::ToolError;
pub use find::{CALL_TOOL, meant, named};
pub use level::Level;
pub use own::{Effect, Own};
pub use registry::Registry;
pub use settle::{MADE_BEFORE, Made};
pub use sight::Sight;

/// One tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Does one thing with the documents of one DocType.
    Typed(Verb, &'static DocTypeDef),
    /// Does one thing with the documents of any DocType.
    Generic(Verb),
    /// Has a name of its own.
    Own(&'static Own),
}

const VERBS: [(Verb, &str); 9] = [
    (Verb::Get, "get_generic_document"),
    (Verb::List, "list_generic_documents"),
    (Verb::Search, "search_generic_documents"),
    (Verb::Create, "create_generic_document"),
    (Verb::Update, "update_generic_document"),
    (Verb::Delete, "delete_generic_document"),
    (Verb::Submit, "submit_document"),
    (Verb::Cancel, "cancel_document"),
    (Verb::Amend, "amend_document"),
];

impl Tool {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Typed(verb, def) => def.tools.iter().find(|tool| tool.verb == *verb).map_or("", |tool| tool.name),
            Self::Generic(verb) => VERBS.iter().find(|(known, _)| known == verb).map_or("", |(_, name)| name),
            Self::Own(own) => own.name,
        }
    }

    /// What it does to documents, if it is about documents.
    pub const fn verb(&self) -> Option<Verb> {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => Some(*verb),
            Self::Own(_) => None,
        }
    }

    /// The operation that it is.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => operation(*verb),
            Self::Own(own) => own.operation,
        }
    }

    /// The operation that it is confirmed as: taking a file away is an update of its document, and takes it away for good.
    pub fn confirmed_as(&self) -> Operation {
        if *self == Self::Own(&attachments::DELETE) { Operation::Delete } else { self.operation() }
    }

    /// What it does to what is stored.
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Typed(verb, _) | Self::Generic(verb) => match verb {
                Verb::List | Verb::Get | Verb::Search => Effect::Reads,
                Verb::Create | Verb::Amend => Effect::Adds,
                Verb::Update | Verb::Delete | Verb::Submit | Verb::Cancel => Effect::Destroys,
            },
            Self::Own(own) => own.effect,
        }
    }
}

/// Whether there is a tool of this name under some configuration or other.
pub fn exists(name: &str) -> bool {
    let typed = || erpnext_doctypes::ALL.iter().flat_map(|def| def.tools).any(|tool| tool.name == name);
    VERBS.iter().any(|(_, known)| *known == name) || own::ALL.iter().any(|own| own.name == name) || typed()
}

/// The operation that a verb needs leave for.
pub const fn operation(verb: Verb) -> Operation {
    match verb {
        Verb::List | Verb::Get | Verb::Search => Operation::Read,
        Verb::Create => Operation::Create,
        Verb::Update => Operation::Update,
        Verb::Delete => Operation::Delete,
        Verb::Submit => Operation::Submit,
        Verb::Cancel => Operation::Cancel,
        Verb::Amend => Operation::Amend,
    }
}

/// Does what the tool is for: arguments, then policy, then the site.
///
/// # Errors
/// Whatever stopped it, with a message that says what to do next.
pub async fn run(
    session: &Session<'_>,
    tool: Tool,
    given: Map<String, Value>,
    attempt: &Attempt,
    watch: &CallObserver,
) -> Result<Value, ToolError> {
    let given =
        Arguments::check(&arguments::of(&tool), given).map_err(|found| ToolError::arguments(tool.name(), found))?;
    let scope = CallState::new(&attempt.id, given.flag("fresh"));
    // On the heap: what a tool keeps while it waits is large, and a stack is small.
    let work = Box::pin(dispatch(session, tool, &given, attempt, watch));
    let mut result = scope.clone().run(work).await;
    // Who names a document knows it; those of others may be out of sight.
    let asked = |name: &str| Value::Object(given.all().clone()).to_string().contains(name);
    scope.hide(|doctype, name| !session.policy.shows_every(doctype) && !asked(name));
    // The reason names the user, whom nothing may have asked for yet.
    let user = if scope.lacks_a_right() { scope.clone().run(session.user_name()).await.ok() } else { None };
    scope.keep_back(|error| {
        let untold = |words: &String| match error.kind() {
            Kind::Denied => refusal::untold(session, attempt, user, words),
            _ => unfound::untold(session, attempt, words, &asked),
        };
        error.messages().iter().flat_map(untold).collect()
    });
    if scope.must_mask() {
        let mask = |text: &str| scope.mask(text);
        match &mut result {
            Ok(answer) => reword(answer, &mask, false),
            Err(error) => error.reword(&mask),
        }
    }
    if let (Some(age), Ok(Value::Object(result))) = (scope.age(), &mut result) {
        result.insert("age_s".to_owned(), json!(age));
    }
    result
}

/// Rewrites what the site said in an answer: its messages and errors, not the documents.
fn reword(answer: &mut Value, rewrite: &dyn Fn(&str) -> String, said: bool) {
    match answer {
        Value::String(text) if said => *text = rewrite(text),
        Value::Array(list) => list.iter_mut().for_each(|value| reword(value, rewrite, said)),
        Value::Object(map) => {
            for (key, value) in map {
                reword(value, rewrite, matches!(key.as_str(), "messages" | "error" | "note"));
            }
        }
        _ => {}
    }
}

async fn dispatch(
    session: &Session<'_>,
    tool: Tool,
    given: &Arguments,
    attempt: &Attempt,
    watch: &CallObserver,
) -> Result<Value, ToolError> {
    match tool {
        Tool::Typed(verb, def) => document(session, tool, verb, def.name, given, attempt).await,
        Tool::Generic(verb) => {
            let doctype = given.text("doctype").unwrap_or_default();
            document(session, tool, verb, doctype, given, attempt).await
        }
        Tool::Named(spec) => (own.run)(own::Call { session, tool, given, attempt, watch }).await,
    }
}

async fn document(
    session: &Session<'_>,
    tool: Tool,
    verb: Verb,
    doctype: &str,
    given: &Arguments,
    attempt: &Attempt,
) -> Result<Value, ToolError> {
    let permit = session.permit(operation(verb), doctype).await?;
    let on = On::new(session, tool, &permit, attempt).await?;
    on.fits(verb)?;
    match verb {
        Verb::List => read::list(&on, given).await,
        Verb::Get => read::get(&on, given).await,
        Verb::Search => read::search(&on, given).await,
        Verb::Create => write::create(&on, given).await,
        Verb::Update => write::update(&on, given).await,
        Verb::Delete => write::delete(&on, given).await,
        Verb::Submit => lifecycle::submit(&on, given).await,
        Verb::Cancel => lifecycle::cancel(&on, given).await,
        Verb::Amend => lifecycle::amend(&on, given).await,
    }
}

/// One call on the documents of one DocType, with the leave for it.
struct On<'a> {
    session: &'a Session<'a>,
    tool: Tool,
    def: &'static DocTypeDef,
    permit: &'a Permit,
    attempt: &'a Attempt,
    /// The confirmation of the batch that the document is one of.
    confirmed: Option<Confirmed>,
}

impl<'a> On<'a> {
    /// Refuses child tables, whatever the tool: the rule and the conditions on their rows are those of the document that
    /// holds them.
    async fn new(
        session: &'a Session<'a>,
        tool: Tool,
        permit: &'a Permit,
        attempt: &'a Attempt,
    ) -> Result<Self, ToolError> {
        let doctype = permit.doctype();
        let def = session.catalog.def(session.site, doctype).await.map_err(|why| session.no_doctype(doctype, why))?;
        session.policy.admits(permit, def)?;
        if def.is(erpnext_schema::doctype_flag::CHILD) {
            return Err(ToolError::refused(format!(
                "{doctype} is a child table: its rows are read and written with the documents that hold them. \
                 Get or update the parent document instead."
            )));
        }
        Ok(Self { session, tool, def, permit, attempt, confirmed: None })
    }

    /// Checks what the call asks for. Where a field or a choice is not known, the site may have it meanwhile: then it is
    /// checked once more against the site's live metadata, which the rest of the call goes by.
    async fn checked<T>(
        &self,
        check: impl Fn(&On<'a>) -> Result<T, Vec<erpnext_schema::Violation>>,
    ) -> Result<(On<'a>, T), ToolError> {
        let mut on = On { def: self.def, ..*self };
        let mut checked = check(&on);
        if let Err(found) = &checked
            && let Some(def) = on.session.newer(on.def, found).await
        {
            on.def = def;
            checked = check(&on);
        }
        match checked {
            Ok(checked) => Ok((on, checked)),
            Err(violations) => Err(ToolError::arguments(on.tool.name(), violations)),
        }
    }

    /// The same call by the site's live metadata where the document has fields that the table does not know: only there
    /// stands whether they are passwords or above permlevel 0. Where that cannot be had, they are taken out.
    /// What the site shows as 0 because the user may not see it is taken out too (H4).
    async fn knowing(&self, doc: &mut Map<String, Value>) -> On<'a> {
        let on = self.with_live(doc).await;
        if let Err(error) = on.without_lies(doc).await {
            tracing::warn!("columns shown of {}: {}", self.def.name, error.for_log());
            let lies = |field: &erpnext_schema::FieldDef| field.permlevel > 0;
            doc.retain(|key, _| !on.def.field(key).is_some_and(lies));
        }
        on
    }

    async fn with_live(&self, doc: &mut Map<String, Value>) -> On<'a> {
        let mut on = On { ..*self };
        let catalog = &self.session.catalog;
        if !shape::has_unknown(self.def, &|child| catalog.known(child), doc) {
            return on;
        }
        match catalog.live(self.session.site, self.def.name).await {
            Ok(def) => {
                on.def = def;
                note_withheld(self.permit, &|doctype| catalog.known(doctype), doc, true);
            }
            Err(error) => {
                tracing::warn!("live metadata of {}: {}", self.def.name, error.for_log());
                shape::take_unknown(self.def, &|child| catalog.known(child), doc);
            }
        }
        on
    }

    /// Refuses what the site cannot do with this kind of DocType, in the place of its 403s and 500s (H20, H26).
    fn fits(&self, verb: Verb) -> Result<(), ToolError> {
        use erpnext_schema::doctype_flag::{SINGLE, SUBMITTABLE, VIRTUAL};
        let name = self.def.name;
        if self.def.is(SINGLE) && !matches!(verb, Verb::Get | Verb::Update) {
            return Err(ToolError::refused(format!(
                "{name} is a Single: there is exactly one, named {name:?}, and it can only be read and updated. \
                 Use get_generic_document or update_generic_document."
            )));
        }
        if !self.def.is(SUBMITTABLE) && matches!(verb, Verb::Submit | Verb::Cancel | Verb::Amend) {
            return Err(ToolError::refused(format!(
                "{name} is not submittable: its documents have no draft and no cancelled state (H8). \
                 Update or delete the document instead."
            )));
        }
        if self.def.is(VIRTUAL) && matches!(verb, Verb::List | Verb::Search) {
            return Err(ToolError::refused(format!(
                "{name} is a virtual DocType: the site has no table to list or search. Get one document by its name."
            )));
        }
        Ok(())
    }

    /// The document that the call names; a Single is named like its DocType.
    fn name<'b>(&'b self, given: &'b Arguments) -> &'b str {
        if self.def.is(erpnext_schema::doctype_flag::SINGLE) {
            self.def.name
        } else {
            given.text("name").unwrap_or_default()
        }
    }
}
