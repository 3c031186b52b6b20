//! `send_document`: a document with its print, mailed by the site in the user's name.

use std::time::Instant;

use erpnext_schema::{Rule, Violation};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::print::{format_exists, shows_all};
use crate::answer::{Made, ToolAnswer};
use crate::audit::Attempt;
use crate::cleared::Cleared;
use crate::context::recent_creates::UnderWay;
use crate::document::outcome::Verdict;
use crate::documents::DocTypeCall;
use crate::documents::names::{document_name, named_exactly};
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Permit, Policy, WriteState};
use crate::shape::{markdown, text_of};
use crate::site::{Answer, ListQuery, Mail, SiteError, WriteError};
use crate::tool::kinds::{DocTypeName, DocumentName, Names};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::creates::{A_TWIN, newest};
use crate::writes::gate::{Go, Step};
use crate::writes::lost::{made_by_now, note_lost};
use crate::writes::send::{Next, Write, send};

const MAIL: &str = "Communication";
/// By what a mail is told from another; its text may have got a signature on its way.
const COMPARED: [&str; 5] = ["subject", "reference_doctype", "reference_name", "recipients", "cc"];
/// To how many addresses one call sends.
const MOST: usize = 20;
/// The longest address that there is, in bytes.
const LONGEST: usize = 254;

/// Mails a document.
pub static SEND: ToolSpec = ToolSpec {
    name: "send_document",
    title: "Mail a document",
    description: "Mails a document with its print to addresses, in the user's name, through the site. The first call \
                  shows recipients, subject and text, and gives a confirm_token. A mail cannot be called back.",
    toolset: Toolset::Trade,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered: |policy: &Policy| {
        policy.permits_somewhere(Operation::Print) && policy.operations(MAIL).contains(Operation::Create)
    },
    // What left cannot be taken back.
    special: Special { confirm_as: &[Operation::Cancel], subject, ..Special::NONE },
    handler: handler!(SendArgs, mail),
};

#[derive(Deserialize, JsonSchema)]
struct SendArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// e-mail addresses
    recipients: Names,
    cc: Option<Names>,
    subject: String,
    /// plain text
    content: String,
    /// a Print Format; default: Standard
    print_format: Option<String>,
    /// sends the text alone
    #[serde(default)]
    without_print: bool,
}

/// It makes a mail; the document is what it is about.
fn subject(attempt: &mut Attempt, arguments: &Map<String, Value>) {
    let given = |key: &str| arguments.get(key).and_then(Value::as_array).map_or(0, Vec::len);
    attempt.recipients = Some(given("recipients") + given("cc"));
    let (of, name) = (attempt.doctype.take().unwrap_or_default(), attempt.document.take().unwrap_or_default());
    attempt.source = Some(format!("{of} {name}"));
    (attempt.doctype, attempt.beside) = (Some(MAIL.to_owned()), Some(of));
}

async fn mail(call: Call<'_>, args: SendArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let print = session.permit(Operation::Print, &args.doctype).await?;
    let create = session.permit(Operation::Create, MAIL).await?;
    let of = DocTypeCall::of(&call, &print).await?;
    let on = DocTypeCall::of(&call, &create).await?;
    let cc = args.cc.as_deref().unwrap_or_default();
    let wrong = addresses(&args.recipients, cc);
    if !wrong.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), wrong));
    }
    let name = of.name(&args.name);
    let stored = of.existing(name).await?;
    named_exactly(&of, name, &stored)?;
    if !args.without_print {
        shows_all(&of, name).await?;
        if let Some(format) = args.print_format.as_deref() {
            format_exists(&of, "print_format", format).await?;
        }
    }
    let content = html_escape::encode_text(&args.content).replace('\n', "<br>");
    let format = args.print_format.as_deref().unwrap_or("Standard");
    let mail = Mail {
        name,
        recipients: &args.recipients,
        cc,
        subject: &args.subject,
        content: &content,
        print_format: (!args.without_print).then_some(format),
    };
    let doc = communication(of.def.name, &mail);
    let said = ["recipients", "cc", "subject", "content"].into_iter().filter_map(|field| doc.get_key_value(field));
    let said = said.map(|(field, value)| (field.clone(), value.clone())).collect();
    let children = |child: &str| session.catalog.known(child);
    if let Some(field) = create.fields().refused(Operation::Create, Some(on.def), children, &said).first() {
        return Err(ToolError::not_writable(field, MAIL));
    }
    // In the place of the Communication, which says the same in other words.
    let told = Map::from_iter([("would_create".to_owned(), Value::Object(told(of.def.name, &mail, &args.content)))]);
    let step = Step { name: None, state: WriteState::New(&doc), preview: &told };
    let cleared = match on.gate_as(Operation::Cancel, step).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let compared: Map<String, Value> = doc
        .iter()
        .filter(|(field, _)| COMPARED.contains(&field.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    if let Some(since) = session.user.recent_creates.lost(MAIL, &compared) {
        let found = made(&on, &doc, since).await.unwrap_or_default();
        if let Some(name) = found.iter().find(|name| session.user.recent_creates.claim(MAIL, name)) {
            return Err(made_by_now(&format!("{MAIL} {name:?}"), "Read it."));
        }
    }
    let (under_way, since) = (session.user.recent_creates.begin(MAIL, compared.clone()), Instant::now());
    let write = Sent { on: &on, print: &print, mail: &mail, doc: &doc, under_way };
    let sent = send(session, &write, cleared).await;
    note_lost(session, (MAIL, &compared), since, &sent);
    let answer = sent?;
    let mut result =
        Map::from_iter([("sent".to_owned(), json!(answer.data)), ("recipients".to_owned(), json!(mail.recipients))]);
    result.extend(queued(&call, &answer.data).await);
    let made = Made { name: answer.data, before: false };
    Ok(ToolAnswer { made: Some(made), messages: answer.messages, ..result.into() })
}

/// The mail for who is asked, with the text as it was given.
fn told(doctype: &str, mail: &Mail<'_>, text: &str) -> Map<String, Value> {
    let told = [
        ("recipients", mail.recipients.join(", ")),
        ("cc", mail.cc.join(", ")),
        ("subject", mail.subject.to_owned()),
        ("text", text.to_owned()),
        ("print", mail.print_format.unwrap_or("none").to_owned()),
        ("reference_doctype", doctype.to_owned()),
        ("reference_name", mail.name.to_owned()),
    ];
    told.into_iter().filter(|(_, said)| !said.is_empty()).map(|(key, said)| (key.to_owned(), json!(said))).collect()
}

/// The Communication that the site keeps of a mail.
fn communication(doctype: &str, mail: &Mail<'_>) -> Map<String, Value> {
    let fields = [
        ("communication_type", json!("Communication")),
        ("communication_medium", json!("Email")),
        ("sent_or_received", json!("Sent")),
        ("subject", json!(mail.subject)),
        ("recipients", json!(mail.recipients.join(", "))),
        ("cc", json!(mail.cc.join(", "))),
        ("content", json!(mail.content)),
        ("reference_doctype", json!(doctype)),
        ("reference_name", json!(mail.name)),
    ];
    fields.into_iter().filter(|(_, value)| *value != "").map(|(field, value)| (field.to_owned(), value)).collect()
}

/// What became of the mail, as the site tells it: whether it waits in the queue of mails, or why that is not known.
async fn queued(call: &Call<'_>, name: &str) -> Map<String, Value> {
    const QUEUE: &str = "Email Queue";
    let note = |text: String| Map::from_iter([("note".to_owned(), json!(text))]);
    let withheld =
        || note(format!("the site took it; whether it is queued is not known: reading {QUEUE} is not permitted here"));
    let Ok(permit) = call.session.permit(Operation::Read, QUEUE).await else { return withheld() };
    match DocTypeCall::of(call, &permit).await {
        // Asked by the one and told the other.
        Ok(on) if ["communication", "status"].into_iter().all(|field| on.may_read(field)) => {}
        _ => return withheld(),
    }
    let query = ListQuery {
        fields: vec!["name".to_owned(), "status".to_owned()],
        filters: vec![Filter::eq("communication", name)],
        order_by: vec![erpnext_schema::Order::asc("name")],
        limit: 5,
        ..ListQuery::default()
    };
    match call.session.site.list(&permit, &query).await {
        Ok(found) if found.data.is_empty() => note(format!(
            "the site keeps the mail and has none of it in its {QUEUE}: it may not leave; look at the Communication"
        )),
        Ok(found) => {
            let states = found.data.iter().filter_map(|row| row.get("status").cloned()).collect();
            Map::from_iter([("queued".to_owned(), Value::Array(states))])
        }
        Err(error) => {
            tracing::info!("mail queue: {}", error.for_log());
            note("the site took it; whether it is queued could not be read".to_owned())
        }
    }
}

/// What is wrong with the addresses.
fn addresses(recipients: &[String], cc: &[String]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut wrong = |path: String, rule, message: String| violations.push(Violation::new(path, rule, message));
    if recipients.is_empty() {
        wrong("recipients".to_owned(), Rule::Mandatory, "is mandatory: at least one address".to_owned());
    }
    if recipients.len() + cc.len() > MOST {
        let message = format!("{} addresses; one call sends to at most {MOST}", recipients.len() + cc.len());
        wrong("recipients".to_owned(), Rule::Value, message);
    }
    for (list, given) in [("recipients", recipients), ("cc", cc)] {
        for (at, address) in given.iter().enumerate().filter(|(_, address)| !is_address(address)) {
            wrong(
                format!("{list}[{at}]"),
                Rule::Value,
                format!("{address:?} is no e-mail address; that of a party is email_id of its Contact"),
            );
        }
    }
    violations
}

/// Whether it is one plain address, which no mail header reads otherwise.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && part.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"@,;:<>()[]\\\"".contains(c))
    };
    text.len() <= LONGEST
        && text.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain) && domain.contains('.'))
}

/// Whether a mail that the site keeps says this, above the signature that it may have put below.
fn is_said(sent: &str, kept: &str) -> bool {
    let (sent, kept) = (markdown::from_html(sent), markdown::from_html(kept));
    let rest = kept.trim().strip_prefix(sent.trim());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
}

/// The mails of this user since then about the document that say this.
async fn made(on: &DocTypeCall<'_>, doc: &Map<String, Value>, since: Instant) -> Result<Vec<String>, SiteError> {
    let rows = on.made_since(since, COMPARED.into_iter().chain(["content"]), 0).await?;
    let same = |row: &&Map<String, Value>| {
        COMPARED.iter().all(|field| text_of(row, field) == text_of(doc, field))
            && is_said(text_of(doc, "content"), text_of(row, "content"))
    };
    Ok(rows.iter().filter(same).filter_map(|row| document_name(row.get("name")?)).collect())
}

/// A mail that is sent.
struct Sent<'a> {
    on: &'a DocTypeCall<'a>,
    print: &'a Permit,
    mail: &'a Mail<'a>,
    doc: &'a Map<String, Value>,
    under_way: UnderWay<'a>,
}

impl<'a> Write for Sent<'a> {
    type Leave = Cleared<'a>;
    type Made = String;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<String>, WriteError> {
        let answer = self.on.session.site.send_mail(cleared, self.print, self.mail).await?;
        self.on.session.user.recent_creates.claim(MAIL, &answer.data);
        Ok(answer)
    }

    /// As the one mail of this user since then about the document with this subject and text.
    async fn read_back(&self, since: Instant) -> Result<Verdict<String>, SiteError> {
        let found = made(self.on, self.doc, since).await?;
        if !self.under_way.is_alone() {
            return Ok(Verdict::Open(A_TWIN.to_owned()));
        }
        Ok(match found.as_slice() {
            [] => Verdict::NotYet("no such mail was found".to_owned()),
            [name] if self.on.session.user.recent_creates.claim(MAIL, name) => Verdict::Made(name.clone()),
            _ => Verdict::Open("several mails are like it".to_owned()),
        })
    }

    fn what(&self) -> String {
        format!("mail about {} {:?}", self.print.doctype(), self.mail.name)
    }

    fn next(&self) -> Next {
        newest(self.on)
    }
}

#[cfg(test)]
mod tests {
    use super::{is_address, is_said};

    #[test]
    fn a_mail_is_known_by_its_text_with_a_signature_or_without() {
        assert!(is_said("Dear Ann,<br>it is due.", "Dear Ann,<br>it is due."));
        assert!(is_said("It is due.", "It is due.</p><br><p>Kind regards"));
        assert!(is_said("1 &lt; 2", "<div>1 &lt; 2</div>"));
        for other in ["It is due today.", "It was paid.", "", "Kind regards</p><br><p>It is due."] {
            assert!(!is_said("It is due", other), "{other}");
        }
    }

    #[test]
    fn an_address_is_one_and_plain() {
        for good in ["ann@example.com", "a.b+c@mail.example.co.uk", "jörg@bücher.example"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@example",
            "ann@@example.com",
            "a b@example.com",
            "ann@example.com,bob@example.com",
            "Ann <ann@example.com>",
            "ann@example.com\nBcc: x@example.com",
            ".ann@example.com",
            "ann@example..com",
            &long,
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
