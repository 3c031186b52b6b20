//! Documents that the site writes by itself: comments, versions, files, tags. Rights and rules are left aside.

use serde_json::{Map, Value, json};

use super::naming::random;
use crate::doc::Doc;
use crate::error::SiteError;
use crate::site::Site;

/// Adds a document under a drawn name, the user its owner, and gives it as it is stored.
pub fn add(site: &Site<'_>, doctype: &str, fields: Value) -> Result<Doc, SiteError> {
    let def = site.controller(doctype)?;
    let name = random();
    let mut doc: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
    let (now, user) = (site.now_text(), site.user.name.as_str());
    let standard =
        [("name", name.as_str()), ("owner", user), ("creation", &now), ("modified", &now), ("modified_by", user)];
    for (key, value) in standard {
        doc.insert(key.to_owned(), json!(value));
    }
    site.db.add_row(def, &doc)?;
    site.load(doctype, &name)
}

/// Adds a line of the timeline: a Comment of a type that is not `Comment`.
pub fn note(site: &Site<'_>, doctype: &str, name: &str, kind: &str, content: &str) -> Result<Doc, SiteError> {
    let user = &site.user.name;
    add(
        site,
        "Comment",
        json!({
            "comment_type": kind, "comment_email": user, "comment_by": user, "reference_doctype": doctype,
            "reference_name": name, "content": content,
        }),
    )
}
