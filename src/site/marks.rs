//! What people hang on a document without changing its fields: comments, assignments, tags, shares, followers. And its name.

use serde_json::{Value, json};

use super::{Answer, CallerClient, WriteError, check, endpoints, name_of, named};
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
            Self::Comment { .. } => endpoints::ADD_COMMENT,
            Self::Assign { .. } => endpoints::ASSIGN,
            Self::Unassign(_) => endpoints::UNASSIGN,
            Self::Tag(_) => endpoints::ADD_TAG,
            Self::Untag(_) => endpoints::REMOVE_TAG,
            Self::Share { .. } => endpoints::SHARE,
            Self::Follow(_) => endpoints::FOLLOW,
        }
    }

    fn body(&self, doctype: &str, name: &str) -> Value {
        match self {
            Self::Comment { content, by } => json!({
                "reference_doctype": doctype, "reference_name": name, "content": content, "comment_email": by, "comment_by": by,
            }),
            // The list of users is JSON text.
            Self::Assign { user, description, date } => {
                let mut task = json!({ "doctype": doctype, "name": name, "assign_to": json!([user]).to_string() });
                // A null would take the place of the site's own words, and a task needs some.
                for (key, text) in [("description", description), ("date", date)] {
                    if let Some(text) = text {
                        task[key] = json!(text);
                    }
                }
                task
            }
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
        let method = endpoints::RENAME;
        let doctype = cleared.permit().doctype();
        let body = json!({ "doctype": doctype, "old_name": named(&cleared)?, "new_name": new_name });
        let answer = self.method_write(method, body).await?;
        Ok(answer.try_map(|name| name_of(&endpoints::line("POST", method), Some(&name)))?)
    }
}
