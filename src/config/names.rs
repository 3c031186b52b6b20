//! DocTypes and fields that the configuration names and the tables do not know: typos, or the site's own.

use std::fmt;

use erpnext_schema::{DocTypeDef, nearest};

use super::{Config, Operation};

/// What lists of fields call the comments on a document, which are no field of it.
pub const COMMENTS: &str = "_comments";
/// What they call the files that are attached to it.
pub const ATTACHMENTS: &str = "attachments";

/// Where the configuration names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigLocation {
    /// As a key of `permissions.doctypes`.
    DocType,
    /// In `allowed_fields`: grants nothing if the site does not know it either.
    AllowedFields,
    /// In `extra_fields`: grants nothing either.
    ExtraFields,
    /// In `restricted_fields`: takes nothing if the site does not know it either.
    RestrictedFields,
    /// In the condition of an operation, which must refuse if the site does not know it either
    /// (see [`Policy::refuse`](crate::policy::Policy::refuse)).
    Condition(Operation),
}

/// A name that the tables do not know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownName {
    /// The DocType it is, or that the field would be of.
    pub doctype: String,
    /// The field, `items.rate` for a column; none where the DocType itself is unknown.
    pub field: Option<String>,
    /// Where it is named.
    pub place: ConfigLocation,
    /// The nearest name that the tables know.
    pub nearest: Option<String>,
}

/// `permissions.doctypes.Customer.allowed_fields: no field customer_grup; did you mean customer_group?`
impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doctype, field, place, nearest } = self;
        write!(f, "permissions.doctypes.{doctype}")?;
        match place {
            ConfigLocation::DocType => {}
            ConfigLocation::AllowedFields => write!(f, ".allowed_fields")?,
            ConfigLocation::ExtraFields => write!(f, ".extra_fields")?,
            ConfigLocation::RestrictedFields => write!(f, ".restricted_fields")?,
            ConfigLocation::Condition(operation) => write!(f, ".conditions.{operation}")?,
        }
        match field {
            Some(field) => write!(f, ": no field {field}")?,
            None => write!(f, ": no such DocType")?,
        }
        nearest.iter().try_for_each(|name| write!(f, "; did you mean {name}?"))
    }
}

impl Config {
    /// The names that the tables behind `lookup` do not know; `doctypes` are the names to suggest from.
    ///
    /// The fields of an unknown DocType are not listed: they are looked at once its table is found on the site, by
    /// calling this again with a `lookup` that knows it.
    pub fn unknown_names(
        &self,
        lookup: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
        doctypes: &[&str],
    ) -> Vec<UnknownName> {
        let mut unknown = Vec::new();
        for (doctype, rule) in &self.permissions.doctypes {
            let Some(def) = lookup(doctype) else {
                // Another version may have the very name.
                let others = doctypes.iter().copied().filter(|other| *other != doctype.as_str());
                let nearest = nearest(doctype, others).map(str::to_owned);
                unknown.push(UnknownName {
                    doctype: doctype.clone(),
                    field: None,
                    place: ConfigLocation::DocType,
                    nearest,
                });
                continue;
            };
            let allowed =
                rule.allowed_fields.iter().flatten().map(|name| (ConfigLocation::AllowedFields, name.as_str()));
            let extra = rule.extra_fields.iter().map(|name| (ConfigLocation::ExtraFields, name.as_str()));
            let restricted =
                rule.restricted_fields.iter().map(|name| (ConfigLocation::RestrictedFields, name.as_str()));
            let conditions = rule.conditions.iter().flat_map(|(operation, condition)| {
                condition.fields().into_iter().map(|name| (ConfigLocation::Condition(*operation), name))
            });
            for (place, field) in allowed.chain(extra).chain(restricted).chain(conditions) {
                if let Err(nearest) = find(def, field, lookup) {
                    let field = Some(field.to_owned());
                    let name = UnknownName { doctype: doctype.clone(), field, place, nearest };
                    if !unknown.contains(&name) {
                        unknown.push(name);
                    }
                }
            }
        }
        unknown
    }
}

/// Whether the table knows the name; else the nearest that it does.
fn find(
    def: &DocTypeDef,
    name: &str,
    lookup: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
) -> Result<(), Option<String>> {
    let (field, column) = match name.split_once('.') {
        Some((field, column)) => (field, Some(column)),
        None => (name, None),
    };
    let nearest_in = |def: &DocTypeDef, name: &str| nearest(name, def.all_fields().map(|field| field.fieldname));
    let Some(field) = def.field(field) else {
        // These are no fields of a table, and on every document.
        return if matches!(name, "doctype" | COMMENTS | ATTACHMENTS) {
            Ok(())
        } else {
            Err(nearest_in(def, field).map(str::to_owned))
        };
    };
    let Some(column) = column else { return Ok(()) };
    if !field.kind.is_table() {
        // A link's own fields are ruled where the linked DocType is.
        return Err(None);
    }
    // Without the child's table nothing can be said about its columns.
    let Some(child) = field.target().and_then(lookup) else { return Ok(()) };
    match child.field(column) {
        Some(_) => Ok(()),
        None => Err(nearest_in(child, column).map(|column| format!("{}.{column}", field.fieldname))),
    }
}
