//! What people hang on a document without changing its fields: comments, assignments, tags, shares, followers. And its name.

use serde_json::{Value, json};

use super::{Answer, CallerClient, WriteError, check, name_of, named};
use crate::cleared::Cleared;
use crate::policy::Operation;

/// Something to hang on a document, or to take off it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark<'a> {
    /// A comment of `by`, as HTML.
    Comment {
        /// What it says.
        content: &'a str,
        /// Who says it.
        by: &'a str,
    },
    /// A task for `user`; `description` and `date` as the site has them for tasks.
    Assign {
        /// Who is to do it.
        user: &'a str,
        /// What is to be done.
        description: Option<&'a str>,
        /// Until when, YYYY-MM-DD.
        date: Option<&'a str>,
    },
    /// The task of this user is taken back.
    Unassign(&'a str),
    /// A tag.
    Tag(&'a str),
    /// A tag is taken off.
    Untag(&'a str),
    /// `user` may read the document, and may do what else is said.
    Share {
        /// With whom.
        user: &'a str,
        /// Whether to change it.
        write: bool,
        /// Whether to share it further.
        share: bool,
    },
    /// The user gets its changes by e-mail.
    Follow(&'a str),
}

impl Mark<'_> {
    fn method(&self) -> &'static str {
        match self {
            Self::Comment { .. } => "frappe.desk.form.utils.add_comment",
            Self::Assign { .. } => "frappe.desk.form.assign_to.add",
            Self::Unassign(_) => "frappe.desk.form.assign_to.remove",
            Self::Tag(_) => "frappe.desk.doctype.tag.tag.add_tag",
            Self::Untag(_) => "frappe.desk.doctype.tag.tag.remove_tag",
            Self::Share { .. } => "frappe.share.add",
            Self::Follow(_) => "frappe.desk.form.document_follow.follow_document",
        }
    }

    fn body(&self, doctype: &str, name: &str) -> Value {
        match self {
            Self::Comment { content, by } => json!({
                "reference_doctype": doctype, "reference_name": name, "content": content, "comment_email": by, "comment_by": by,
            }),
            // The list of users is JSON text.
            Self::Assign { user, description, date } => json!({
                "doctype": doctype, "name": name, "assign_to": json!([user]).to_string(), "description": description, "date": date,
            }),
            Self::Unassign(user) => json!({ "doctype": doctype, "name": name, "assign_to": user }),
            Self::Tag(tag) | Self::Untag(tag) => json!({ "tag": tag, "dt": doctype, "dn": name }),
            Self::Share { user, write, share } => json!({
                "doctype": doctype, "name": name, "user": user, "read": 1, "write": i32::from(*write), "share": i32::from(*share),
            }),
            Self::Follow(user) => json!({ "doctype": doctype, "doc_name": name, "user": user }),
        }
    }
}

impl CallerClient<'_> {
    /// Hangs something on a document; what the site answers to it.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn mark(&self, cleared: Cleared<'_>, mark: &Mark<'_>) -> Result<Answer<Value>, WriteError> {
        check(cleared.permit(), &[Operation::Update])?;
        let body = mark.body(cleared.permit().doctype(), named(&cleared)?);
        Ok(self.method_write(mark.method(), body).await?)
    }

    /// Gives a document another name, wherever it is linked too; the name it got.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn rename(&self, cleared: Cleared<'_>, new_name: &str) -> Result<Answer<String>, WriteError> {
        check(cleared.permit(), &[Operation::Update])?;
        let method = "frappe.client.rename_doc";
        let doctype = cleared.permit().doctype();
        let body = json!({ "doctype": doctype, "old_name": named(&cleared)?, "new_name": new_name });
        let answer = self.method_write(method, body).await?;
        Ok(answer.try_map(|name| name_of(&format!("POST /api/method/{method}"), Some(&name)))?)
    }
}
