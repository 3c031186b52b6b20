//! Making many documents: each by itself, or all or none.

use erpnext_schema::{Purpose, Verb};
use serde_json::{Map, Value, json};

use super::{DRY, START_AT, check, documents, preview, run, wrong};
use crate::audit::Outcome;
use crate::documents::{DocTypeCall, file_fields, suggest};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::{Answer, CallerClient};
use crate::tool::arguments::{DOCTYPE, Kind, needed, optional};
use crate::tool::{Arguments, Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;
use crate::writes::batch::Member;
use crate::writes::gate::{Go, Step};
use crate::writes::links;
use crate::writes::report::note_messages;

/// Makes many documents of a DocType.
pub const CREATE: ToolSpec = ToolSpec {
    name: "create_bulk_documents",
    title: "Create many documents",
    description: "Creates up to 500 documents of one DocType; all are checked before the first is sent. Without \
                  atomic a row that fails does not stop the others; the answer accounts for each row and says where \
                  to continue.",
    args: &[
        DOCTYPE,
        needed("documents", Kind::Objects).about("the fields of each, as in data of a create"),
        optional("atomic", Kind::Flag).about("all or none, in one request; at most 200"),
        START_AT,
    ],
    toolset: Toolset::Bulk,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered: |policy| policy.permits_somewhere(Operation::Create),
    special: Special::NONE,
    run: |call| Box::pin(create(call)),
};

async fn create(call: Call<'_>) -> Result<Value, ToolError> {
    let permit = call.permit(Operation::Create).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Create)?;
    let documents = documents(&call)?;
    let rows: Vec<Arguments> =
        documents.into_iter().map(|data| Arguments::made([("data", Value::Object(data))])).collect();
    check(&on, "documents", Purpose::Create, &rows).await?;
    if call.given.flag("atomic") {
        return all_or_none(&call, &on, &rows).await;
    }
    run(&call, &on, &rows, |on, given| Box::pin(write::create(on, given))).await
}

async fn all_or_none(call: &Call<'_>, on: &DocTypeCall<'_>, rows: &[Arguments]) -> Result<Value, ToolError> {
    if rows.len() > CallerClient::MOST_AT_ONCE || call.given.value("start_at").is_some() {
        let most = CallerClient::MOST_AT_ONCE;
        return Err(wrong(
            call,
            "atomic",
            format!("the site makes at most {most} documents or none, and always all of them"),
        ));
    }
    let preview = preview(rows);
    let step = Step { name: None, stored: None, result: None, preview: &preview };
    if let Go::Answer(answer) = on.gate(call.given, step).await? {
        return Ok(answer);
    }
    let mut docs = Vec::with_capacity(rows.len());
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        let (on, doc) = on.document(Purpose::Create, &row.data()).await?;
        links::check(&on, &doc, &Map::new()).await?;
        file_fields::check(&on, &doc, None).await?;
        docs.push(doc);
    }
    let mut dry = Vec::new();
    for (row, doc) in rows.iter().zip(&docs) {
        let member = Member::new(on, on.def, on.permit, None);
        let step = Step { name: None, stored: None, result: Some(doc), preview: doc };
        let passed: Result<(), ToolError> = match member.on().gate(row, step).await {
            Ok(Go::Send) => Ok(()),
            Ok(Go::Answer(would)) => {
                dry.push(would);
                Ok(())
            }
            Err(error) => Err(error),
        };
        members.push(member);
        // With one that may not be made none is.
        if let Err(error) = passed {
            members.iter().for_each(|member| member.settle(Err(&error)));
            return Err(error);
        }
    }
    if on.attempt.dry_run {
        members.iter().for_each(|member| member.settle(Ok(&Value::Null)));
        return Ok(json!({"dry_run": true, "total": rows.len(), "rows": dry, "next": DRY}));
    }
    let made = on.session.site.insert_many(on.permit, &docs).await.map_err(ToolError::from);
    for (i, member) in members.iter().enumerate() {
        let created = |made: &Answer<Vec<Value>>| json!({"created": made.data.get(i)});
        member.settle(made.as_ref().map(created).as_ref().map_err(|error| *error));
    }
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            let error = suggest::named(on, error, &docs.iter().collect::<Vec<_>>()).await;
            let account =
                "None of the documents was made: with atomic, one that the site refuses stops all.".to_owned();
            return Err(match error.outcome() {
                Outcome::Unknown => error,
                _ => ToolError::HalfWay { account, cause: Box::new(error) },
            });
        }
    };
    let mut answer = Map::from_iter([
        ("done".to_owned(), json!(made.data.len())),
        ("total".to_owned(), json!(rows.len())),
        ("created".to_owned(), Value::Array(made.data)),
    ]);
    note_messages(&mut answer, made.messages);
    Ok(Value::Object(answer))
}
