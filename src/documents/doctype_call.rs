//! `DocTypeCall`: one call on the documents of one DocType, with the leave for it.

use std::collections::HashMap;

use erpnext_schema::doctype_flag::{self, SINGLE, SUBMITTABLE, VIRTUAL};
use erpnext_schema::{DocTypeDef, FieldDef, Verb, Violation};
use serde_json::{Map, Value};

use super::row_holders::how_to_read;
use super::shown_part::{self, Part, Plan};
use crate::audit::Attempt;
use crate::cleared::Confirmed;
use crate::context::Session;
use crate::error::ToolError;
use crate::limit::{LARGE, aside};
use crate::policy::Permit;
use crate::shape::{self, Wanted};
use crate::site::{SiteError, Unparsed};
use crate::tool::kinds::DocumentName;
use crate::tool::{Arguments, Call, Registry, Tool, desk_tools};

/// One call on the documents of one DocType, with the leave for it.
pub struct DocTypeCall<'a> {
    /// On whose behalf, on which site.
    pub session: &'a Session<'a>,
    /// The tools that there are.
    pub registry: &'a Registry,
    /// The tool that was called.
    pub tool: Tool,
    /// The DocType.
    pub def: &'static DocTypeDef,
    /// The leave.
    pub permit: &'a Permit,
    /// The arguments that it was called with.
    pub given: &'a Arguments,
    /// The record of the call.
    pub attempt: &'a Attempt,
    /// The confirmation of the batch that the document is one of.
    pub confirmed: Option<Confirmed>,
}

impl<'a> DocTypeCall<'a> {
    /// The call of a tool as one on the documents of the permit's DocType.
    ///
    /// # Errors
    /// As [`DocTypeCall::def_of`].
    pub async fn of(call: &Call<'a>, permit: &'a Permit) -> Result<Self, ToolError> {
        let Call { session, registry, tool, given, attempt, confirmed, .. } = *call;
        let def = Self::def_of(session, permit).await?;
        Ok(Self { session, registry, tool, def, permit, given, attempt, confirmed })
    }

    /// The permit's DocType. Refuses child tables, whatever the tool: the rule and the conditions on their rows are those of
    /// the document that holds them.
    ///
    /// # Errors
    /// The site's if it knows no such DocType, and the policy's.
    pub async fn def_of(session: &Session<'_>, permit: &Permit) -> Result<&'static DocTypeDef, ToolError> {
        let doctype = permit.doctype();
        let def =
            session.catalog.def(session.asker(), doctype).await.map_err(|why| session.no_doctype(doctype, why))?;
        session.policy.admits(permit, def)?;
        if def.is(doctype_flag::CHILD) {
            return Err(ToolError::refused(
                format!("{doctype} is a child table: its rows are read and written with the documents that hold them."),
                how_to_read(session, doctype),
            ));
        }
        Ok(def)
    }

    /// Checks what the call asks for. Where a field or a choice is not known, the site may have it meanwhile: then it is
    /// checked once more against the site's live metadata, which the rest of the call goes by.
    pub async fn checked<T>(
        &self,
        check: impl Fn(&DocTypeCall<'a>) -> Result<T, Vec<Violation>>,
    ) -> Result<(DocTypeCall<'a>, T), ToolError> {
        let mut on = DocTypeCall { def: self.def, ..*self };
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

    /// The same call by the site's live metadata, after the site refused a list for a column that the table has: what this
    /// program chose is not the caller's fault.
    ///
    /// # Errors
    /// The site's, if it was about something else or its metadata cannot be had.
    pub async fn mended(&self, error: SiteError) -> Result<DocTypeCall<'a>, ToolError> {
        if error.column().is_none() {
            return Err(error.into());
        }
        match self.session.catalog.live(self.session.asker(), self.def.name).await {
            Ok(def) => {
                tracing::warn!("{} is asked again by the site's metadata: {}", self.def.name, error.for_log());
                Ok(DocTypeCall { def, ..*self })
            }
            Err(_) => Err(error.into()),
        }
    }

    /// Resolves the DocType again from live metadata if the document has unknown fields: only that tells passwords and
    /// permlevels. If it cannot be read, the unknown fields are removed. Also removes the zeros that the site shows in
    /// the place of values above the user's level (H4).
    pub async fn with_live_metadata(&self, doc: &mut Map<String, Value>) -> DocTypeCall<'a> {
        let on = self.with_live(doc).await;
        on.without_lies(doc).await;
        on
    }

    /// Removes what the site shows in the place of values that the user may not see (H4, H84).
    pub async fn without_lies(&self, doc: &mut Map<String, Value>) {
        if let Err(error) = self.drop_masked_zeros(doc).await {
            tracing::warn!("columns shown of {}: {}", self.def.name, error.for_log());
            let lies = |field: &FieldDef| field.permlevel > 0;
            doc.retain(|key, _| !self.def.field(key).is_some_and(lies));
        }
    }

    /// The document in an answer of the site, with no more of its rows than can be shown; none where it has to be read in
    /// the ordinary way.
    pub async fn shown_part(&self, unparsed: &Unparsed, wanted: Option<&Wanted>, raw: bool) -> Option<Part> {
        let (def, catalog) = (self.def, self.session.catalog);
        self.session.masked_as_known(def.name).filter(|masked| masked.is_empty())?;
        let (size, most) = (unparsed.bytes().len(), self.session.tools.bytes_for_result());
        if size <= LARGE {
            let children = |child: &str| catalog.known(child);
            return shown_part::read(
                unparsed.bytes(),
                Plan { def, rule: self.permit.fields(), children: &children, wanted, raw, most },
            );
        }
        // What is done elsewhere takes with it the tables that it may look for.
        let tables: Vec<&'static DocTypeDef> =
            def.known_tables(&|child| catalog.known(child)).map(|(_, child)| child).collect();
        let linked = tables.iter().flat_map(|child| child.fields).filter_map(|column| catalog.known(column.target()?));
        let known: HashMap<&str, &'static DocTypeDef> =
            tables.iter().copied().chain(linked).map(|def| (def.name, def)).collect();
        let (permit, wanted, unparsed) = (self.permit.clone(), wanted.cloned(), unparsed.clone());
        let read = move || {
            let children = |child: &str| known.get(child).copied();
            let plan = Plan { def, rule: permit.fields(), children: &children, wanted: wanted.as_ref(), raw, most };
            shown_part::read(unparsed.bytes(), plan)
        };
        aside(size, read).await
    }

    /// The same call by the site's live metadata, where the document has fields that the table does not know.
    async fn with_live(&self, doc: &mut Map<String, Value>) -> DocTypeCall<'a> {
        let mut on = DocTypeCall { ..*self };
        let catalog = self.session.catalog;
        if !shape::has_unknown(self.def, &|child| catalog.known(child), doc) {
            return on;
        }
        match catalog.live(self.session.asker(), self.def.name).await {
            Ok(def) => on.def = def,
            Err(error) => {
                tracing::warn!("live metadata of {}: {}", self.def.name, error.for_log());
                shape::take_unknown(self.def, &|child| catalog.known(child), doc);
            }
        }
        on
    }

    /// Refuses what the site cannot do with this kind of DocType, in the place of its 403s and 500s (H20, H26).
    pub fn fits(&self, verb: Verb) -> Result<(), ToolError> {
        let name = self.def.name;
        if self.def.is(SINGLE) && !matches!(verb, Verb::Get | Verb::Update) {
            let next = match desk_tools::instead(name) {
                Some(instead) => format!("It is a tool of the desk, and writing to it does nothing; {instead}."),
                None => "Use get_generic_document or update_generic_document.".to_owned(),
            };
            return Err(ToolError::refused(
                format!(
                    "{name} is a Single: there is exactly one, named {name:?}, and it can only be read and updated."
                ),
                next,
            ));
        }
        if !self.def.is(SUBMITTABLE) && matches!(verb, Verb::Submit | Verb::Cancel | Verb::Amend) {
            return Err(ToolError::refused(
                format!("{name} is not submittable: its documents have no draft and no cancelled state."),
                "Update or delete the document instead.",
            ));
        }
        if self.def.is(VIRTUAL) && matches!(verb, Verb::List | Verb::Search) {
            return Err(ToolError::refused(
                format!("{name} is a virtual DocType: the site has no table to search or to compute from."),
                "list_generic_documents gives its rows.",
            ));
        }
        Ok(())
    }

    /// The document that the call names; a Single is named like its DocType.
    pub fn name<'b>(&self, name: &'b DocumentName) -> &'b str {
        if self.def.is(SINGLE) { self.def.name } else { name }
    }
}
