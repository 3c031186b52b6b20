//! The tools about the site and its DocTypes: what is there, what may be done, what a document looks like.

use erpnext_schema::{DocTypeDef, FieldDef, Options, doctype_flag, flag, nearest_field};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{other_apps, own_doctypes};
use crate::answer::ToolAnswer;
use crate::catalog::other_apps::NEXT;
use crate::catalog::said_names;
use crate::context::{MOST_COMPANIES, Session, companies};
use crate::error::ToolError;
use crate::policy::{FieldRule, Operation, Operations};
use crate::site::FoundDocTypes;
use crate::tool::kinds::{DocTypeName, FieldNames};
use crate::tool::spec::{NoArgs, always, handler};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// How many DocTypes one answer lists.
const MOST_DOCTYPES: usize = 150;

/// Whether site and key work.
pub static TEST_CONNECTION: ToolSpec = ToolSpec {
    name: "test_connection",
    title: "Test the connection",
    description: "Checks that the site answers and accepts the key; returns the user, the site's time zone and its \
                  companies.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: always,
    special: Special::NONE,
    handler: handler!(NoArgs, test_connection),
};

/// What runs on the site, and what this server is made for.
pub static SYSTEM_INFO: ToolSpec = ToolSpec {
    name: "get_system_info",
    title: "System information",
    description: "Returns the versions of the site's apps, the user, and this server's version and snapshot.",
    toolset: Toolset::Site,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: always,
    special: Special::NONE,
    handler: handler!(NoArgs, system_info),
};

/// Which DocTypes there are, and what may be done with them.
pub static LIST_DOCTYPES: ToolSpec = ToolSpec {
    name: "list_doctypes",
    title: "List DocTypes",
    description: "Lists the DocTypes available here, with the operations permitted on each.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: always,
    special: Special::NONE,
    handler: handler!(DocTypesArgs, list_doctypes),
};

#[derive(Deserialize, JsonSchema)]
struct DocTypesArgs {
    search: Option<String>,
    module: Option<String>,
}

/// The fields of one DocType.
pub static DOCTYPE_SCHEMA: ToolSpec = ToolSpec {
    name: "get_doctype_schema",
    title: "Fields of a DocType",
    description: "Lists the fields of a DocType and its child tables, custom fields included: type, options, link \
                  target, whether required. fields selects some.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: always,
    special: Special::NONE,
    handler: handler!(SchemaArgs, doctype_schema),
};

#[derive(Deserialize, JsonSchema)]
struct SchemaArgs {
    doctype: DocTypeName,
    fields: Option<FieldNames>,
}

/// Whether site and key work, and as whom.
async fn test_connection(call: Call<'_>, _: NoArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let started = std::time::Instant::now();
    let user = session.site.logged_user().await?;
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut result = json!({"ok": true, "site": session.caller.site.as_str(), "user": user, "milliseconds": ms});
    if let Some(zone) = session.zone().await {
        result["time_zone"] = json!(zone);
        result["today"] = json!(session.today().to_string());
    }
    let mut companies = companies(session, session.site).await;
    if companies.len() > MOST_COMPANIES {
        companies.truncate(MOST_COMPANIES);
        result["note"] = json!("there are other companies: list_generic_documents of Company lists all");
    }
    if !companies.is_empty() {
        result["companies"] = json!(companies);
    }
    Ok(result.into())
}

/// What runs on the site, and what this server was generated from.
async fn system_info(call: Call<'_>, _: NoArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let (user, versions) = futures_util::try_join!(session.user_name(), session.site.versions())?;
    let version =
        |(name, session): (&String, &Value)| (name.clone(), session.get("version").cloned().unwrap_or_default());
    let apps: Map<String, Value> = versions.iter().map(version).collect();
    Ok(json!({
        "site": {"url": session.caller.site.as_str(), "user": user, "apps": apps},
        "server": {
            "version": env!("CARGO_PKG_VERSION"),
            "doctypes": session.catalog.generated_names().count(),
            "tables_of_erpnext": session.version.get().to_string(),
            "snapshot": erpnext_doctypes::FINGERPRINT,
        },
    })
    .into())
}

/// The DocTypes that the policy opens, with what may be done.
async fn list_doctypes(call: Call<'_>, args: DocTypesArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let lower = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
    let (search, module) = (lower(&args.search), lower(&args.module));
    let fits = |name: &str, def: Option<&DocTypeDef>| {
        let is_called =
            |search: &String| name.to_lowercase().contains(search) || said_names::meant(search).contains(&name);
        search.as_ref().is_none_or(is_called)
            && module.as_ref().is_none_or(|module| def.is_some_and(|def| def.module.to_lowercase() == *module))
    };
    let mut entries: Vec<Value> = Vec::new();
    for (name, _) in session.policy.doctypes() {
        let def = session.catalog.known(name);
        if fits(name, def) {
            entries.push(entry(name, def, session.policy.operations(name)));
        }
    }
    let configured = entries.len();
    let rest = session.catalog.all_generated().filter(|def| !def.is(doctype_flag::CHILD) && fits(def.name, Some(def)));
    let rest = rest.filter(|def| !session.policy.doctypes().any(|(name, _)| name == def.name));
    entries.extend(rest.filter_map(|def| {
        let operations = session.policy.operations(def.name);
        (!operations.is_empty()).then(|| entry(def.name, Some(def), operations))
    }));
    // Of a site's own as many as are asked for: there is no end of them.
    let own = match search.is_some() || module.is_some() {
        true => own_doctypes::opened(session, args.search.as_deref(), args.module.as_deref()).await,
        false => Ok(FoundDocTypes::default()),
    };
    let unknown = own.as_ref().err().map(|error| error.told());
    let own = own.unwrap_or_default();
    entries.extend(own.doctypes.iter().map(|(name, module)| {
        let def = session.catalog.known(name);
        let mut entry = entry(name, def, session.policy.operations(name));
        if def.is_none() && !module.is_empty() {
            entry["module"] = json!(module);
        }
        entry
    }));
    let total = entries.len();
    entries.truncate(MOST_DOCTYPES.max(configured));
    let mut result = Map::from_iter([("count".to_owned(), json!(entries.len())), ("total".to_owned(), json!(total))]);
    if entries.len() < total {
        result.insert("note".to_owned(), json!("use search or module to see the others"));
    }
    if let Some(why) = unknown {
        let note = format!("which DocTypes the site has beside these, it did not tell: {why}");
        result.insert("others".to_owned(), json!(note));
    } else if own.is_cut {
        result.insert("others".to_owned(), json!(own_doctypes::CUT));
    } else if search.is_none() && module.is_none() && !session.policy.default_operations().is_empty() {
        let others = "DocTypes of other apps, or made on the site itself, work too: search and module find them";
        result.insert("others".to_owned(), json!(others));
    }
    if entries.is_empty()
        && let Some(search) = &args.search
        && let Some(absent) = other_apps::absent(session, search).await
    {
        result.insert("note".to_owned(), json!(format!("{} {NEXT}", absent.message)));
    }
    result.insert("doctypes".to_owned(), Value::Array(entries));
    Ok(Value::Object(result).into())
}

fn entry(name: &str, def: Option<&DocTypeDef>, operations: Operations) -> Value {
    let mut entry = Map::from_iter([("name".to_owned(), json!(name))]);
    match def {
        Some(def) => entry.insert("module".to_owned(), json!(def.module)),
        None => entry.insert("generated".to_owned(), json!(false)),
    };
    let operations = def.map_or(operations, |def| possible(operations, def));
    entry.insert("operations".to_owned(), json!(operations.iter().map(Operation::as_str).collect::<Vec<_>>()));
    Value::Object(entry)
}

/// The fields of one DocType, as far as the caller may see or set them.
async fn doctype_schema(call: Call<'_>, args: SchemaArgs) -> Result<ToolAnswer, ToolError> {
    let (session, doctype) = (call.session, &*args.doctype);
    let (operations, mut def, rule) = open(session, doctype).await?;
    // The site's own metadata shows custom fields; without the site the generated table still serves.
    let live = session.catalog.shown(session.asker(), doctype).await;
    let is_whole = live.is_ok();
    match live {
        Ok(live) => def = live,
        Err(error) => tracing::info!("schema of {doctype} from the snapshot: {}", error.for_log()),
    }
    let wanted = args.fields.as_deref();
    let visible = |field: &&FieldDef| rule.may_read(*field) || rule.may_write(*field);
    if let Some(wanted) = wanted {
        let violations =
            wanted.iter().enumerate().filter(|(_, name)| def.field(name).filter(visible).is_none()).map(|(i, name)| {
                erpnext_schema::Violation {
                    path: format!("fields[{i}]"),
                    rule: erpnext_schema::Rule::UnknownField,
                    message: format!("{name}: no such field in {doctype}"),
                    nearest: nearest_field(name, def.all_fields().filter(visible)).map(str::to_owned),
                }
            });
        let violations: Vec<_> = violations.collect();
        if !violations.is_empty() {
            return Err(ToolError::arguments(call.tool.name(), violations));
        }
    }
    let shown = |field: &&FieldDef| {
        visible(field) && wanted.is_none_or(|wanted| wanted.iter().any(|name| name == field.fieldname))
    };
    let mut tables = Map::new();
    let children = |child: &str| session.catalog.known(child);
    for (table, child) in def.known_tables(&children).filter(|(table, _)| shown(table)) {
        let columns = child
            .fields
            .iter()
            .filter(|column| rule.may_read_child(table, *column) || rule.may_write_child(table, *column));
        let columns: Vec<Value> =
            columns.map(|column| describe(child, column, rule.may_write_child(table, column))).collect();
        tables.insert(table.fieldname.to_owned(), Value::Array(columns));
    }
    let mut result =
        Map::from_iter([("doctype".to_owned(), json!(def.name)), ("module".to_owned(), json!(def.module))]);
    let facts = [
        ("single", doctype_flag::SINGLE),
        ("child_table", doctype_flag::CHILD),
        ("submittable", doctype_flag::SUBMITTABLE),
        ("tree", doctype_flag::TREE),
        ("virtual", doctype_flag::VIRTUAL),
        ("custom", doctype_flag::CUSTOM),
    ];
    result.extend(facts.into_iter().filter(|(_, bit)| def.is(*bit)).map(|(key, _)| (key.to_owned(), json!(true))));
    result.extend(def.title_field.map(|title| ("title_field".to_owned(), json!(title))));
    result.extend(def.autoname.map(|naming| ("naming".to_owned(), json!(naming))));
    result.insert("operations".to_owned(), json!(operations.iter().map(Operation::as_str).collect::<Vec<_>>()));
    let fields = def.fields.iter().filter(shown).map(|field| describe(def, field, rule.may_write(field)));
    result.insert("fields".to_owned(), fields.collect());
    if !tables.is_empty() {
        result.insert("tables".to_owned(), Value::Object(tables));
    }
    if !is_whole {
        let note = "the site did not tell its fields: custom fields, and what else was changed there, may be missing";
        result.insert("note".to_owned(), json!(note));
    }
    Ok(result.into())
}

/// The facts of one field that a reader or writer needs; what is usual is left out.
fn describe(def: &DocTypeDef, field: &FieldDef, writable: bool) -> Value {
    let mut facts =
        Map::from_iter([("field".to_owned(), json!(field.fieldname)), ("type".to_owned(), json!(field.kind.as_str()))]);
    if !field.label.is_empty() {
        facts.insert("label".to_owned(), json!(field.label));
    }
    match field.options {
        Options::Target(target) => {
            facts.insert(if field.rows_of().is_some() { "rows_of" } else { "link_to" }.to_owned(), json!(target))
        }
        Options::TargetField(by) => facts.insert("link_to_doctype_in".to_owned(), json!(by)),
        Options::Choices(choices) if !choices.is_empty() => facts.insert("options".to_owned(), json!(choices)),
        Options::Format(format) => facts.insert("format".to_owned(), json!(format)),
        _ => None,
    };
    let flags = [
        ("required", def.asks_for(field)),
        ("filled_by_site", field.is(flag::REQD) && !def.asks_for(field)),
        ("read_only", field.is(flag::READ_ONLY) || field.is(flag::VIRTUAL)),
        ("unique", field.is(flag::UNIQUE)),
        ("set_only_once", field.is(flag::SET_ONLY_ONCE)),
        ("allow_on_submit", field.is(flag::ALLOW_ON_SUBMIT)),
        ("hidden", field.is(flag::HIDDEN)),
        ("custom", field.is(flag::CUSTOM)),
        ("required_under_a_condition", field.is(flag::CONDITIONALLY_REQD)),
        ("not_writable", !writable),
    ];
    facts.extend(flags.into_iter().filter(|(_, set)| *set).map(|(key, _)| (key.to_owned(), json!(true))));
    if let Some(length) = field.max_length().filter(|_| field.choices().is_none() && field.target().is_none()) {
        facts.insert("max_length".to_owned(), json!(length));
    }
    let texts = [("default", field.default), ("fetched_from", field.fetch_from), ("description", field.description)];
    facts.extend(texts.into_iter().filter_map(|(key, text)| text.map(|text| (key.to_owned(), json!(text)))));
    Value::Object(facts)
}

/// What the policy opens of a DocType; a no like any other where that is nothing.
pub(super) async fn open(
    session: &Session<'_>,
    doctype: &str,
) -> Result<(Operations, &'static DocTypeDef, FieldRule), ToolError> {
    let operations = session.policy.operations(doctype);
    let any = operations.iter().next().unwrap_or(Operation::Read);
    let permit = session.policy.permit(any, doctype)?;
    let def = session.catalog.def(session.asker(), doctype).await.map_err(|why| session.no_doctype(doctype, why))?;
    Ok((possible(operations, def), def, permit.fields().clone()))
}

/// Those of the operations that documents of the DocType can have done to them; none on rows of a child table by themselves.
fn possible(operations: Operations, def: &DocTypeDef) -> Operations {
    use doctype_flag::{CHILD, SINGLE, SUBMITTABLE};
    let can = |operation: &Operation| match operation {
        _ if def.is(CHILD) => false,
        Operation::Submit | Operation::Cancel | Operation::Amend => def.is(SUBMITTABLE),
        Operation::Create | Operation::Delete => !def.is(SINGLE),
        _ => true,
    };
    operations.iter().filter(can).collect()
}
