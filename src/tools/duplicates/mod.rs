//! `find_duplicates`: documents of one DocType that say the same in a field which ought to tell them apart.

mod sameness;

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{FieldDef, Rule, Verb, Violation};
use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{ToolAnswer, note_of};
use crate::documents::beyond::PAGE;
use crate::documents::names::document_name;
use crate::documents::{DocTypeCall, nested};
use crate::error::ToolError;
use crate::policy::{Filter, Operation};
use crate::query::compare::notes_on_filters;
use crate::query::reader::Reader;
use crate::shape::Masked;
use crate::shape::page::{how_many, shown};
use crate::site::{self, ListQuery};
use crate::tool::kinds::{DocTypeName, FieldNames, Filters, Limit};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use sameness::Sameness;

/// The most documents that one call looks at.
const MOST: u64 = 20_000;
/// How many names of one group are told.
const MOST_NAMES: usize = 20;

/// Documents that may be the same.
pub static FIND: ToolSpec = ToolSpec {
    name: "find_duplicates",
    title: "Find duplicate documents",
    description: "Finds documents of one DocType that may be the same: equal e-mail, phone, tax ID or name, without regard to \
                  case, punctuation and legal form (Ltd, GmbH). Looks at up to 20,000; merges nothing.",
    toolset: Toolset::Data,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(DuplicatesArgs, find),
};

#[derive(Deserialize, JsonSchema)]
struct DuplicatesArgs {
    doctype: DocTypeName,
    /// fields to compare; default: e-mail, phone, tax ID and title
    fields: Option<FieldNames>,
    filters: Option<Filters>,
    #[serde(default)]
    limit: Limit,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

/// Documents that say the same, by the fields in which they do.
type Groups = BTreeMap<Vec<String>, BTreeSet<&'static str>>;

/// A field that is compared, and as what.
type Comparison = (&'static FieldDef, Sameness);

async fn find(call: Call<'_>, args: DuplicatesArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let permit = session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::List)?;
    let hidden = on.hidden().await?;
    let given = nested::resolve(&on, "filters", on.meant_filters(args.filters.as_deref()).await?).await?;
    let check = |on: &DocTypeCall<'_>| checked(on, given.filters.as_ref(), args.fields.as_deref(), &hidden);
    let (on, (filters, compared)) = on.checked(check).await?;
    let total = session.site.count(&permit, &filters, &[], None).await?;
    if total > MOST {
        return Err(ToolError::refused(
            format!("There are {total} of these documents, and one call compares {MOST}; none was looked at."),
            "Narrow it with filters, such as by group or country.",
        ));
    }
    let fields = ["name"].into_iter().chain(compared.iter().map(|(field, _)| field.fieldname));
    // A mask is no title (H84).
    let title = on.def.title_field.filter(|name| may_show(&on, name) && !hidden.hides(on.def.name, name));
    let fields: BTreeSet<String> = fields.chain(title).map(str::to_owned).collect();
    let query = ListQuery { fields: fields.into_iter().collect(), filters, ..ListQuery::default() };
    let mut looked = Looked::default();
    let mut after = None;
    loop {
        call.observer.tell(looked.at, usize::try_from(total).unwrap_or(usize::MAX).max(looked.at));
        if call.observer.is_stopped() {
            return Err(ToolError::refused("It was called off before all was compared.", "Call again."));
        }
        let page = on.next_by_name(&query, after.as_ref()).await?;
        page.iter().for_each(|document| looked.take(document, &compared, title));
        looked.at += page.len();
        after = page.last().and_then(|row| row.get("name")).cloned();
        if page.len() < PAGE {
            break;
        }
        drop(page);
        site::let_go();
    }
    let mut notes = given.notes;
    notes.extend(notes_on_filters(on.def, query.filters.iter()));
    Ok(told(&on, &args, looked, &compared, notes))
}

/// The filters, and the fields to compare: those that are named, or else those that tell people or companies.
fn checked(
    on: &DocTypeCall<'_>,
    filters: Option<&Value>,
    fields: Option<&[String]>,
    hidden: &Masked,
) -> Result<(Vec<Filter>, Vec<Comparison>), Vec<Violation>> {
    let session = on.session;
    let children = |child: &str| session.catalog.known(child);
    let mut reader = Reader::new(on.def, on.permit.fields()).with_rows(&children).with_trees(session.policy);
    reader = reader.with_masked(hidden);
    let filters = reader.filters("filters", filters);
    let compared: Vec<Comparison> = match fields {
        Some(names) => {
            let field = |(i, name): (usize, &String)| reader.field(&format!("fields[{i}]"), name);
            let fields = names.iter().enumerate().filter_map(field);
            fields.map(|field| (field, Sameness::of(on.def, field).unwrap_or(Sameness::Text))).collect()
        }
        None => {
            let tells = |field: &'static FieldDef| Some((field, Sameness::of(on.def, field)?));
            let seen = on.def.all_fields().filter(|field| !hidden.hides(on.def.name, field.fieldname));
            seen.filter(|field| reader.known(field.fieldname).is_some()).filter_map(tells).collect()
        }
    };
    if compared.is_empty() && reader.is_right() {
        let message = format!("name some: no field of {} that may be read tells people or companies", on.def.name);
        reader.wrong("fields", Rule::Mandatory, message, None);
    }
    reader.done((filters, compared))
}

/// What was seen of the documents so far.
#[derive(Default)]
struct Looked {
    /// How many.
    at: usize,
    /// Their names by field and what they say in it. A text may be long, and its digest tells as well whether another is
    /// the same.
    same: BTreeMap<(&'static str, Vec<u8>), Vec<String>>,
    titles: BTreeMap<String, Value>,
}

impl Looked {
    fn take(&mut self, document: &Map<String, Value>, compared: &[Comparison], title: Option<&str>) {
        let Some(name) = document.get("name").and_then(document_name) else { return };
        for (field, sameness) in compared {
            let value = document.get(field.fieldname).and_then(document_name);
            if let Some(key) = value.and_then(|text| sameness.key(&text)) {
                let key = digest(&SHA256, key.as_bytes()).as_ref().to_vec();
                self.same.entry((field.fieldname, key)).or_default().push(name.clone());
            }
        }
        let title = title.and_then(|field| document.get(field));
        self.titles.extend(title.filter(|title| !title.is_null()).map(|title| (name, title.clone())));
    }
}

fn grouped(same: BTreeMap<(&'static str, Vec<u8>), Vec<String>>) -> Groups {
    let mut groups = Groups::new();
    for ((field, _), names) in same.into_iter().filter(|(_, names)| names.len() > 1) {
        groups.entry(names).or_default().insert(field);
    }
    groups
}

fn may_show(on: &DocTypeCall<'_>, field: &str) -> bool {
    on.def.field(field).is_some_and(|field| field.in_lists() && on.permit.fields().may_read(field))
}

/// The groups that agree in most fields first, then the largest.
fn told(
    on: &DocTypeCall<'_>,
    args: &DuplicatesArgs,
    Looked { at: looked_at, same, titles }: Looked,
    compared: &[Comparison],
    mut notes: Vec<String>,
) -> ToolAnswer {
    let mut groups: Vec<(Vec<String>, BTreeSet<&str>)> = grouped(same).into_iter().collect();
    groups.sort_by_key(|(names, fields)| std::cmp::Reverse((fields.len(), names.len())));
    let all = groups.len();
    let group = |(names, fields): &(Vec<String>, BTreeSet<&str>)| {
        let document = |name: &String| match titles.get(name).filter(|title| *title != name) {
            Some(title) => json!({"name": name, "title": title}),
            None => json!({"name": name}),
        };
        let documents: Vec<Value> = names.iter().take(MOST_NAMES).map(document).collect();
        json!({"same": fields, "count": names.len(), "documents": documents})
    };
    let mut here: Vec<Value> = groups.iter().take(args.limit.count()).map(group).collect();
    here.truncate(how_many(&here, on.session.tools.bytes_for_rows()));
    if groups.iter().take(here.len()).any(|(names, _)| names.len() > MOST_NAMES) {
        notes.push(format!("of a group the first {MOST_NAMES} are named"));
    }
    let shown = shown(0, here.len() as u64, Some(all as u64), here.len() < all);
    let fields: Map<String, Value> =
        compared.iter().map(|(field, sameness)| (field.fieldname.to_owned(), json!(sameness.words()))).collect();
    let mut answer = Map::from_iter([
        ("looked_at".to_owned(), json!(looked_at)),
        ("compared".to_owned(), Value::Object(fields)),
        ("shown".to_owned(), json!(shown)),
        ("groups".to_owned(), Value::Array(here)),
    ]);
    answer.extend(note_of(&notes));
    answer.into()
}
