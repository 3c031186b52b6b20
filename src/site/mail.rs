//! Mails of documents, which the site sends in the caller's name and keeps as Communications.

use serde_json::json;

use super::{Answer, CallerClient, WriteError, check, endpoints, name_of};
use crate::cleared::Cleared;
use crate::policy::{Operation, Permit};

/// A mail about a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail<'a> {
    /// The document.
    pub name: &'a str,
    /// To whom.
    pub recipients: &'a [String],
    /// To whom also.
    pub cc: &'a [String],
    /// What it is about.
    pub subject: &'a str,
    /// Its text, as HTML.
    pub content: &'a str,
    /// The Print Format of the document's print that goes with it; none without a print.
    pub print_format: Option<&'a str>,
}

impl CallerClient<'_> {
    /// Sends a mail about a document that `print` is leave to print; the name of its Communication.
    ///
    /// # Errors
    /// The site's refusal, such as that it has no account to send from, or that no answer came.
    pub async fn send_mail(
        &self,
        cleared: Cleared<'_>,
        print: &Permit,
        mail: &Mail<'_>,
    ) -> Result<Answer<String>, WriteError> {
        check(cleared.permit(), &[Operation::Create])?;
        check(print, &[Operation::Print])?;
        let method = endpoints::SEND_MAIL;
        let mut body = json!({
            "doctype": print.doctype(), "name": mail.name, "recipients": mail.recipients.join(", "), "subject": mail.subject,
            "content": mail.content, "communication_medium": "Email", "send_email": 1,
        });
        if !mail.cc.is_empty() {
            body["cc"] = json!(mail.cc.join(", "));
        }
        if let Some(format) = mail.print_format {
            body["print_format"] = json!(format);
        }
        let answer = self.method_write(method, body).await?;
        Ok(answer.try_map(|made| name_of(&endpoints::line("POST", method), made.get("name")))?)
    }
}
