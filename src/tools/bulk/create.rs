//! Making many documents: each by itself, or all or none.

use std::collections::BTreeSet;
use std::time::Instant;

use erpnext_schema::{Purpose, Verb, counted};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::account::Account;
use super::check::check;
use super::{AT_ONCE, Ask, confirmed, run, within_most, wrong};
use crate::answer::{Made, ToolAnswer};
use crate::audit::Outcome;
use crate::cleared::Cleared;
use crate::context::recent_creates::UnderWay;
use crate::document::outcome::{self, Verdict};
use crate::documents::{DocTypeCall, file_fields, suggest};
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::site::{Answer, CallerClient, SiteError, WriteError};
use crate::tool::document_args::CreateArgs;
use crate::tool::kinds::{Data, DocTypeName, Documents};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;
use crate::writes::batch::Member;
use crate::writes::creates::{A_TWIN, newest};
use crate::writes::form_defaults::{self, FilledIn};
use crate::writes::gate::{Go, Step};
use crate::writes::links;
use crate::writes::lost::note_lost;
use crate::writes::out_of_form::OutOfForm;
use crate::writes::send::{Next, Write, send};

/// Makes many documents of a DocType.
pub static CREATE: ToolSpec = ToolSpec {
    name: "create_bulk_documents",
    title: "Create many documents",
    description: "Creates up to 500 documents of one DocType; all are checked before the first is sent. Without \
                  atomic a row that fails does not stop the others; the answer accounts for each row and says where \
                  to continue.",
    toolset: Toolset::Bulk,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered: |policy| policy.permits_somewhere(Operation::Create),
    special: Special::NONE,
    handler: handler!(BulkCreateArgs, create),
};

#[derive(Deserialize, JsonSchema)]
struct BulkCreateArgs {
    doctype: DocTypeName,
    /// the fields of each, as in data of a create
    documents: Documents,
    /// false leaves out what the desk's form would fill in: taxes
    form_defaults: Option<bool>,
    /// all or none, in one request; at most 200
    #[serde(default)]
    atomic: bool,
    /// first row to process, as given by the answer of a stopped call
    start_at: Option<u64>,
}

async fn create(call: Call<'_>, args: BulkCreateArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Create, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Create)?;
    within_most(&call, "documents", args.documents.len())?;
    let form_defaults = args.form_defaults;
    let row = |data| CreateArgs { data: Data(data), idempotency_key: None, form_defaults, return_document: false };
    let rows: Vec<CreateArgs> = args.documents.0.into_iter().map(row).collect();
    check(&call, &on, "documents", args.start_at, &rows).await?;
    if args.atomic {
        return all_or_none(&call, &on, args.start_at, &rows).await;
    }
    run(&call, &on, args.start_at, &rows, Ask::of(&permit), |on, row| Box::pin(write::create(on, row))).await
}

async fn all_or_none(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    start_at: Option<u64>,
    rows: &[CreateArgs],
) -> Result<ToolAnswer, ToolError> {
    if rows.len() > CallerClient::MOST_AT_ONCE || start_at.is_some() {
        let most = CallerClient::MOST_AT_ONCE;
        return Err(wrong(
            call,
            "atomic",
            format!("the site makes at most {most} documents or none, and always all of them"),
        ));
    }
    let (confirmed, _) =
        confirmed(on, rows, 0, &Ask::of(on.permit), |on, row| Box::pin(write::create(on, row)), true).await?;
    let Ready { docs, forms, told } = Ready::of(on, rows).await?;
    let members: Vec<Member<'_>> = docs.iter().map(|_| Member::new(on, on.def, on.permit, None, confirmed)).collect();
    let nothing = Map::new();
    let (leave, dry) = through_the_gate(&members, &docs, &nothing).await?;
    if on.attempt.dry_run {
        members.iter().for_each(|member| member.settle(Ok(None)));
        let mut account = Account::new(Operation::Create, 0, rows.len(), true);
        for ((mut would, form), (told, doc)) in dry.into_iter().zip(&forms).zip(told.into_iter().zip(&docs)) {
            form.note_unchecked(&mut would);
            would.messages.extend(told.messages);
            would.messages.extend(on.no_act(doc));
            account.add(None, Ok(would));
        }
        return Ok(account.answer("", None));
    }
    // Of all or none, one tells of the others.
    let since = Instant::now();
    if let Some(doc) = docs.first()
        && let Err(error) = on.not_made_by_now(&on.listed(doc), doc).await
    {
        members.iter().for_each(|member| member.settle(Err(&error)));
        return Err(error);
    }
    let made = send(on.session, &CreateAll { on, docs: &docs, under_way: under_way(on, &docs) }, leave).await;
    // They may be repeated one by one.
    docs.iter().for_each(|doc| note_lost(on.session, (on.def.name, &on.listed(doc)), since, &made));
    for (i, member) in members.iter().enumerate() {
        let name = |made: &Answer<Vec<String>>| made.data.get(i).cloned();
        let own = made.as_ref().map(|made| name(made).map(|name| Made { name, before: false }));
        member.settle(own.as_ref().map(Option::as_ref).map_err(|error| *error));
    }
    let made = match made {
        Ok(made) => made,
        Err(error) => return Err(none_made(on, &docs, error).await),
    };
    let account = account_of(call, (&members, rows), (&docs, &made.data), told).await;
    Ok(ToolAnswer { messages: made.messages, ..account.answer("", None) })
}

/// What the site made of the documents, told as it is of one by itself.
async fn account_of(
    call: &Call<'_>,
    (members, rows): (&[Member<'_>], &[CreateArgs]),
    (docs, names): (&[Map<String, Value>], &[String]),
    told: Vec<ToolAnswer>,
) -> Account {
    let mut account = Account::new(Operation::Create, 0, rows.len(), false);
    let mut each = members.iter().zip(rows).zip(docs.iter().zip(names)).zip(told);
    loop {
        let some = each.by_ref().take(AT_ONCE);
        let some: Vec<_> = some
            .map(|(((member, row), (doc, name)), told)| read_back(call, (member, row), (doc, name), told))
            .collect();
        if some.is_empty() {
            return account;
        }
        for answer in join_all(some).await {
            account.add(None, Ok(answer));
        }
    }
}

async fn read_back(
    call: &Call<'_>,
    (member, row): (&Member<'_>, &CreateArgs),
    (doc, name): (&Map<String, Value>, &str),
    mut told: ToolAnswer,
) -> ToolAnswer {
    // They are made: whoever waits no longer is told their names at once.
    if !call.observer.is_stopped() {
        write::note_made(&member.on(), row, name, doc, &mut told).await;
    }
    ToolAnswer { made: Some(Made { name: name.to_owned(), before: false }), ..told }
}

/// The documents as they are sent, with what is to be said of them.
struct Ready {
    docs: Vec<Map<String, Value>>,
    /// What of each is out of its form.
    forms: Vec<OutOfForm>,
    /// What is told of each: what was filled in, and what else there is to say.
    told: Vec<ToolAnswer>,
}

impl Ready {
    async fn of(on: &DocTypeCall<'_>, rows: &[CreateArgs]) -> Result<Self, ToolError> {
        let (mut docs, mut forms) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let (on, doc) = on.document(Purpose::Create, &row.data).await?;
            let (mut doc, _) = links::resolved(&on, doc, &Map::new()).await?;
            links::check(&on, &doc, &Map::new()).await?;
            file_fields::check(&on, &doc, None).await?;
            let (given, mut filled) = (doc.clone(), FilledIn::default());
            if row.form_defaults != Some(false) {
                filled = form_defaults::of_new(&on, &mut doc).await?;
            }
            let form = OutOfForm::of(&on, &Map::new(), &given, &doc);
            let mut told = ToolAnswer { messages: form.told(), ..ToolAnswer::default() };
            filled.note(&mut told.data, &mut told.messages);
            docs.push(doc);
            forms.push(form);
            all.push(told);
        }
        Ok(Self { docs, forms, told: all })
    }
}

/// The leave to make each document; in a dry run what would be made. With one that may not be made none is.
async fn through_the_gate<'a>(
    members: &'a [Member<'_>],
    docs: &'a [Map<String, Value>],
    preview: &'a Map<String, Value>,
) -> Result<(Vec<Cleared<'a>>, Vec<ToolAnswer>), ToolError> {
    let (mut leave, mut dry) = (Vec::with_capacity(docs.len()), Vec::new());
    for (i, (member, doc)) in members.iter().zip(docs).enumerate() {
        match member.on().gate(Step { name: None, state: WriteState::New(doc), preview }).await {
            Ok(Go::Send(cleared)) => leave.push(cleared),
            Ok(Go::Answer(would)) => dry.push(would),
            Err(error) => {
                members[..=i].iter().for_each(|member| member.settle(Err(&error)));
                return Err(error);
            }
        }
    }
    Ok((leave, dry))
}

/// The failure of all, where it is known that none was made.
async fn none_made(on: &DocTypeCall<'_>, docs: &[Map<String, Value>], error: ToolError) -> ToolError {
    let error = suggest::named(on, error, &docs.iter().collect::<Vec<_>>()).await;
    let account = "None of the documents was made: with atomic, one that the site refuses stops all.".to_owned();
    match error.outcome() {
        Outcome::Unknown => error,
        _ => ToolError::HalfWay { account, made: None, cause: Box::new(error) },
    }
}

/// All of the documents or none.
struct CreateAll<'a> {
    on: &'a DocTypeCall<'a>,
    docs: &'a [Map<String, Value>],
    under_way: Vec<UnderWay<'a>>,
}

fn under_way<'a>(on: &DocTypeCall<'a>, docs: &[Map<String, Value>]) -> Vec<UnderWay<'a>> {
    docs.iter().map(|doc| on.session.user.recent_creates.begin(on.def.name, on.listed(doc))).collect()
}

impl<'a> Write for CreateAll<'a> {
    type Leave = Vec<Cleared<'a>>;
    type Made = Vec<String>;

    async fn send(&self, leave: Self::Leave) -> Result<Answer<Vec<String>>, WriteError> {
        let session = self.on.session;
        let answer = session.site.insert_many(leave.into_iter().zip(self.docs).collect()).await?;
        for name in &answer.data {
            session.user.recent_creates.claim(self.on.def.name, name);
        }
        Ok(answer)
    }

    /// As one document of this user's since then for each that was sent: with all or none, fewer prove nothing.
    async fn read_back(&self, since: Instant) -> Result<Verdict<Vec<String>>, SiteError> {
        let (on, session) = (self.on, self.on.session);
        let sent: Vec<Map<String, Value>> = self.docs.iter().map(|doc| on.listed(doc)).collect();
        let fields: BTreeSet<&str> = sent.iter().flat_map(Map::keys).map(String::as_str).collect();
        let rows = on.made_since(since, fields.into_iter(), sent.len()).await?;
        if !self.under_way.iter().all(UnderWay::is_alone) {
            return Ok(Verdict::Open(A_TWIN.to_owned()));
        }
        let mut names = Vec::with_capacity(sent.len());
        for doc in &sent {
            match outcome::of_create(on.def, &|child| session.catalog.known(child), doc, &rows) {
                Verdict::Made(name) if names.contains(&name) => {
                    return Ok(Verdict::Open(format!("{name} fits several")));
                }
                Verdict::Made(name) => names.push(name),
                Verdict::NotYet(why) => return Ok(Verdict::NotYet(why)),
                Verdict::Open(why) => return Ok(Verdict::Open(why)),
            }
        }
        for (name, doc) in names.iter().zip(self.docs) {
            match on.holds(name, doc).await? {
                Verdict::Made(_) => {}
                Verdict::NotYet(why) => return Ok(Verdict::NotYet(why)),
                Verdict::Open(why) => return Ok(Verdict::Open(why)),
            }
        }
        let claimed = names.iter().filter(|name| session.user.recent_creates.claim(on.def.name, name)).count();
        Ok(if claimed == names.len() { Verdict::Made(names) } else { Verdict::Open(A_TWIN.to_owned()) })
    }

    fn what(&self) -> String {
        format!("create of {}", counted(self.docs.len(), &format!("{} document", self.on.def.name)))
    }

    fn next(&self) -> Next {
        newest(self.on)
    }
}
