//! Mails about documents: kept as Communications, and put into the queue.

use serde_json::json;

use crate::doc::text;
use crate::documents::own;
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;

/// `frappe.core.doctype.communication.email.make`.
pub fn make(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (doctype, name) = (request.text("doctype")?, request.text("name")?);
    let (recipients, subject) = (request.opt("recipients"), request.opt("subject").unwrap_or_default());
    let sends = request.int("send_email") == 1;
    let site = &request.site;
    let doc = site.load(&doctype, &name)?;
    site.check(&doctype, Some(&doc), Right::Email)?;
    if sends && recipients.is_none() {
        return Err(SiteError::invalid("a mail needs recipients"));
    }
    let recipients = recipients.unwrap_or_default();
    let mail = own::add(
        site,
        "Communication",
        json!({
            "communication_type": "Communication", "communication_medium": "Email", "sent_or_received": "Sent",
            "subject": subject, "content": request.opt("content").unwrap_or_default(), "recipients": recipients,
            "cc": request.opt("cc"), "reference_doctype": doctype, "reference_name": text(&doc, "name"),
            "sender": site.user.name, "status": "Linked",
        }),
    )?;
    let made = text(&mail, "name");
    site.journal("insert", "Communication", made)?;
    if sends {
        let queued = json!({
            "communication": made, "status": "Not Sent", "reference_doctype": doctype, "reference_name": text(&doc, "name"),
            "sender": site.user.name,
        });
        own::add(site, "Email Queue", queued)?;
    }
    Ok(Reply::message(json!({"name": made, "emails_not_sent_to": ""})))
}
