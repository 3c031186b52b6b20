//! `rename_document`: gives a document another name, which everything that links to it then has.

use std::time::Instant;

use erpnext_schema::{collation, doctype_flag, with_article};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{stored, tool};
use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::site::{Answer, SiteError, SiteErrorKind as Failure, WriteError, unreachable};
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, ToolSpec};
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

/// Renames a document.
pub static RENAME: ToolSpec = tool(
    "rename_document",
    "Rename a document",
    "Gives a document another name (ID) and updates the links to it. Never merges two documents.",
    Effect::Destroys,
    handler!(RenameArgs, rename),
);

#[derive(Deserialize, JsonSchema)]
struct RenameArgs {
    doctype: DocTypeName,
    name: DocumentName,
    new_name: String,
}

async fn rename(call: Call<'_>, args: RenameArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let new_name = args.new_name.trim();
    if !on.def.is(doctype_flag::ALLOW_RENAME) {
        return Err(ToolError::refused(
            format!("{}: the site does not let its documents be renamed.", on.def.name),
            "Update the field that holds the title instead, if there is one.",
        ));
    }
    if let Some(rule) = unreachable(new_name) {
        return Err(ToolError::refused(format!("new_name: {new_name:?} {rule}."), "Choose another name."));
    }
    let (name, stored) = stored(&on, &args.name).await?;
    // Some are named by a field, which is set along with the name.
    let field = on.def.autoname.and_then(|rule| on.def.field(rule.strip_prefix("field:")?));
    if let Some(field) = field.filter(|field| !permit.fields().may_write(*field)) {
        return Err(ToolError::refused(
            format!(
                "{} is named by its {}, which this server's configuration does not permit setting; nothing was sent.",
                on.def.name, field.fieldname
            ),
            "get_doctype_permissions tells what may be set.",
        ));
    }
    let mut result = stored.clone();
    for key in field.map(|field| field.fieldname).into_iter().chain(["name"]) {
        result.insert(key.to_owned(), json!(new_name));
    }
    permit.keeps_in_sight("renamed", &result)?;
    // The same in another case is the same to the site, and would be found. Whether there is a document out of sight is
    // not told: there the site decides.
    let tells = !permit.is_row_filtered();
    if tells
        && call.session.site.link_exists(&permit, on.def.name, new_name).await?
        && !collation::same(&name, new_name)
    {
        return Err(ToolError::refused(
            format!(
                "new_name: there is {} {new_name:?} already, and documents are never merged from here.",
                with_article(on.def.name)
            ),
            "Choose another name.",
        ));
    }
    let preview = Map::from_iter([("name".to_owned(), json!({"from": name, "to": new_name}))]);
    let state = WriteState::Changed { stored: &stored, result: &result };
    let cleared = match on.gate(Step { name: Some(&name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = send(call.session, &Renamed { on: &on, name: &name, stored: &stored, new_name }, cleared).await?;
    let result = Map::from_iter([("renamed".to_owned(), json!({"from": name, "to": answer.data}))]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// Another name for a document.
struct Renamed<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    stored: &'a Map<String, Value>,
    new_name: &'a str,
}

impl<'a> Write for Renamed<'a> {
    type Leave = Cleared<'a>;
    type Made = String;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<String>, WriteError> {
        self.on.session.site.rename(cleared, self.new_name).await
    }

    /// A renamed document keeps its creation; another of that name was made at another time.
    async fn read_back(&self, _: Instant) -> Result<Verdict<String>, SiteError> {
        let session = self.on.session;
        match session.site.get(self.on.permit, self.new_name).await {
            Ok(now) => {
                let same = |key: &str, value: &Value| now.data.get(key) == Some(value);
                let creation = self.stored.get("creation").is_some_and(|creation| same("creation", creation));
                let renamed = creation && same("name", &json!(self.new_name));
                Ok(Verdict::seen(renamed.then(|| self.new_name.to_owned()), UNCHANGED))
            }
            Err(error) if error.kind() == Failure::Missing => Ok(Verdict::NotYet(UNCHANGED.to_owned())),
            Err(error) => Err(error),
        }
    }

    fn what(&self) -> String {
        format!("renaming of {} {:?} to {:?}", self.on.def.name, self.name, self.new_name)
    }

    fn next(&self) -> Next {
        Next::Look(format!("read {} {:?}, then {:?},", self.on.def.name, self.new_name, self.name))
    }
}
