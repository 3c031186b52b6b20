//! Links: that what they name exists, written as it is stored, and what is fetched from there.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Version, doctype_flag, flag};
use serde_json::json;

use crate::doc::{Doc, display, int, is_empty, text};
use crate::error::{SiteError, exc};
use crate::site::Site;

/// What was found wrong, before it becomes one error.
#[derive(Default)]
pub struct Links {
    missing: Vec<String>,
    cancelled: Vec<String>,
}

impl Links {
    /// One error for all links of a document and its rows.
    ///
    /// # Errors
    /// 417 LinkValidationError or CancelledLinkError.
    pub fn finish(self) -> Result<(), SiteError> {
        if !self.missing.is_empty() {
            let text = format!("Could not find {}", self.missing.join(", "));
            return Err(SiteError::throw(exc::LINK_VALIDATION, text));
        }
        if !self.cancelled.is_empty() {
            let text = format!("Cannot link cancelled document: {}", self.cancelled.join(", "));
            return Err(SiteError::throw(exc::CANCELLED_LINK, text));
        }
        Ok(())
    }
}

impl Site<'_> {
    /// Checks the links of a document or row, and fetches what other fields take from them.
    ///
    /// # Errors
    /// 417 where a Dynamic Link names no DocType; 404 where an app's own code reads the document that is missing.
    pub fn check_links(&self, def: &'static DocTypeDef, doc: &mut Doc, links: &mut Links) -> Result<(), SiteError> {
        let row = int(doc, "idx");
        let at = if def.is(doctype_flag::CHILD) { format!("Row #{row}: ") } else { String::new() };
        let submitted = int(doc, "docstatus") == 1;
        for field in def.fields.iter().filter(|field| !field.is(flag::VIRTUAL)) {
            let Some(name) = doc.get(field.fieldname).filter(|value| !is_empty(Some(value))).map(display) else {
                continue;
            };
            let target = match (field.kind, field.options) {
                (FieldKind::Link, _) => field.target().unwrap_or_default().to_owned(),
                (FieldKind::DynamicLink, erpnext_schema::Options::TargetField(by)) => {
                    if text(doc, by).is_empty() {
                        let label = def.field(by).map_or(by, |field| field.label);
                        return Err(SiteError::invalid(format!("{label} must be set first")));
                    }
                    text(doc, by).to_owned()
                }
                _ => continue,
            };
            if target == "DocType" && self.meta.get(&name).is_some() {
                continue;
            }
            let Some(linked) = self.meta.get(&target).filter(|def| !def.is(doctype_flag::VIRTUAL)) else { continue };
            let label = if field.label.is_empty() { field.fieldname } else { field.label };
            let fetching: Vec<_> = fetching(def, field, doc).collect();
            match self.db.exists(linked, &name)? {
                Some(stored) => {
                    if submitted
                        && linked.is(doctype_flag::SUBMITTABLE)
                        && self.docstatus(&target, &stored)? == 2
                        && field.fieldname != "amended_from"
                    {
                        links.cancelled.push(format!("{at}{label}: {stored}"));
                    }
                    for (into, from) in fetching {
                        if (!submitted || into.is(flag::ALLOW_ON_SUBMIT)) && into.fieldname != field.fieldname {
                            let value = self.value(&target, &stored, from)?;
                            doc.insert(into.fieldname.to_owned(), value.unwrap_or_default());
                        }
                    }
                    doc.insert(field.fieldname.to_owned(), json!(stored));
                }
                None if fetching.is_empty() => links.missing.push(format!("{at}{label}: {name}")),
                // H10: on 15 a link that another field fetches from is not checked; ERPNext's code then misses it.
                None if self.version() >= Version::V16 => links.missing.push(format!("{at}{label}: {name}")),
                None if is_business(def) => return Err(SiteError::missing(&target, &name)),
                None => {}
            }
        }
        Ok(())
    }
}

/// The fields that take their value from this link: (the field, the field over there).
fn fetching<'a>(
    def: &'static DocTypeDef,
    link: &'a FieldDef,
    doc: &'a Doc,
) -> impl Iterator<Item = (&'static FieldDef, &'static str)> + use<'a> {
    def.fields.iter().filter_map(move |field| {
        let (by, from) = field.fetch_from?.split_once('.')?;
        let keeps = field.is(flag::FETCH_IF_EMPTY) && !is_empty(doc.get(field.fieldname));
        (by.trim() == link.fieldname && !keeps).then_some((field, from.trim()))
    })
}

/// Whether the DocType is one of the business modules', whose code reads what its links name.
fn is_business(def: &DocTypeDef) -> bool {
    const MODULES: [&str; 9] =
        ["Accounts", "Assets", "Buying", "CRM", "Manufacturing", "Projects", "Selling", "Stock", "Support"];
    MODULES.contains(&def.module)
}
