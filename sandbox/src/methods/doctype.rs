//! `getdoctype`: the metadata of a DocType and of its child tables, in the site's shape.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use erpnext_schema::form_rules::{FormRule, Known, sections};
use erpnext_schema::snapshot::{DOCTYPE_FLAGS, DocType, FIELD_FLAGS, Field};
use erpnext_schema::{Version, doctype_flag, flag};
use serde_json::{Map, Value, json};

use super::md5;
use crate::base::{self, BROKEN};
use crate::doc::Doc;
use crate::error::SiteError;
use crate::perms::{Right, roles};
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// The DocType, the first and the last of the run, and the field behind which they come again.
type Run = (&'static str, &'static str, &'static str, &'static str);

/// Runs of fields that the recorded site states a second time (H36), which the snapshot keeps once.
const REPEATED: &[Run] = &[
    ("Stock Settings", "stock_reservation_tab", "auto_reserve_serial_and_batch", "naming_series_prefix"),
    (
        "Stock Settings",
        "quality_inspection_settings_section",
        "action_if_quality_inspection_is_rejected",
        "quality_tab",
    ),
];

/// Answers in the snapshot's facts; expressions come as they are known, and where none is as `eval:1`.
pub fn getdoctype(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let asked = request.text("doctype")?;
    let meta = request.site.meta;
    if asked == BROKEN && request.site.version() < Version::V16 {
        return Err(SiteError::invalid("Field <strong>payment_gateway</strong> links to a DocType that is not there"));
    }
    // The site finds a DocType in any case.
    let found = meta.get(&asked).or_else(|| meta.all().into_iter().find(|def| def.name.eq_ignore_ascii_case(&asked)));
    let mut def = match found {
        Some(def) => def,
        None => request.site.doctype(&asked)?,
    };
    // H34: with_parent puts a parent in the place of a child table, whatever it is set to.
    if def.is(doctype_flag::CHILD) && request.args.contains_key("with_parent") {
        let parent = meta.all().into_iter().find(|p| p.tables().any(|table| table.rows_of() == Some(def.name)));
        def = parent.unwrap_or(def);
    }
    let models = Models::of(&request.site);
    let workflow = request.site.workflow_of(def)?;
    let mut names = vec![def.name];
    for table in def.tables().filter_map(|table| table.rows_of()) {
        if !names.contains(&table) && meta.get(table).is_some() {
            names.push(table);
        }
    }
    let text = |name| {
        let text = stated(&request.site, name, &models);
        match &workflow {
            // In no text of the JSON are these quotes without a backslash.
            Some(workflow) if name == def.name => {
                let theirs = format!("\"__workflow_docs\":{}", json!([workflow]));
                text.replacen("\"__workflow_docs\":[]", &theirs, 1).into()
            }
            _ => text,
        }
    };
    let docs = names.into_iter().map(text).collect::<Vec<Arc<str>>>();
    let text = format!("{{\"docs\":[{}],\"user_settings\":\"{{}}\"}}", docs.join(","));
    Ok(Reply::bytes("application/json", text.into_bytes()))
}

/// What a statement hangs on: the version, the DocType's name, and the models.
type Key = (Version, &'static str, u64);

/// What DocTypes that no site has changed are stated as: all sites of a process state the same.
static STATED: LazyLock<Mutex<HashMap<Key, Arc<str>>>> = LazyLock::new(Mutex::default);

/// A DocType as JSON.
fn stated(site: &Site<'_>, name: &'static str, models: &Models) -> Arc<str> {
    let make = || Arc::<str>::from(bundle(site, name, models).to_string());
    if !is_as_released(site, name) || !site.meta.is_stock(name) {
        return make();
    }
    let key = (site.version(), name, models.hash);
    let known = STATED.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    known.unwrap_or_else(|| {
        let made = make();
        STATED.lock().unwrap_or_else(PoisonError::into_inner).insert(key, made.clone());
        made
    })
}

fn is_as_released(site: &Site<'_>, name: &str) -> bool {
    stamps(site, name).get("modified").is_some_and(|modified| *modified == base::RELEASED)
}

/// What a new document of each DocType of metadata has.
struct Models {
    doctype: Doc,
    field: Doc,
    permission: Doc,
    /// What tells one set of them from another.
    hash: u64,
}

impl Models {
    fn of(site: &Site<'_>) -> Self {
        let [doctype, field, permission] = ["DocType", "DocField", "DocPerm"].map(|name| blank(site, name));
        let mut hasher = DefaultHasher::new();
        json!([doctype, field, permission]).to_string().hash(&mut hasher);
        Self { doctype, field, permission, hash: hasher.finish() }
    }
}

/// Who made a DocType and changed it last, and when.
fn stamps(site: &Site<'_>, name: &str) -> Doc {
    let def = site.meta.get("DocType");
    let stored = def.and_then(|def| site.db.row(def, name).ok().flatten()).unwrap_or_default();
    let stamps = ["owner", "creation", "modified", "modified_by"];
    stored.into_iter().filter(|(key, _)| stamps.contains(&key.as_str())).collect()
}

/// A DocType as the document that it is on the site: what the snapshot does not keep has the value of a new one.
fn bundle(site: &Site<'_>, name: &str, models: &Models) -> Value {
    let Some(form) = site.meta.form(name) else {
        return json!({ "doctype": "DocType", "name": name, "fields": [] });
    };
    let stamps = stamps(site, name);
    let new = site.version() >= Version::V16;
    let mut facts = facts(form, site.version(), site.meta.permissions(name), if new { &[] } else { REPEATED });
    for (list, doctype, model) in
        [("fields", "DocField", &models.field), ("permissions", "DocPerm", &models.permission)]
    {
        let mut model = model.clone();
        model.extend(stamps.clone());
        if !new {
            for key in ["fields", "permissions", "actions", "links", "states"] {
                model.insert(key.to_owned(), json!([]));
            }
        }
        let rows = facts.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (at, row) in rows.filter_map(Value::as_object_mut).enumerate() {
            let place = json!({
                "doctype": doctype, "parent": name, "parentfield": list, "parenttype": "DocType", "idx": at + 1,
                "name": md5::hex(format!("{name} {list} {at}").as_bytes())[..10],
            });
            fill(row, &model);
            row.extend(place.as_object().cloned().unwrap_or_default());
        }
    }
    for row in facts.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
        if !new {
            row["show_preview_popup"] = json!(0);
            for key in ["search_fields", "linked_document_type"] {
                row[key] = Value::Null;
            }
        } else if let Some(row) = row.as_object_mut() {
            row.retain(|_, value| !value.is_null());
        }
    }
    let mut model = models.doctype.clone();
    model.extend(stamps);
    fill(&mut facts, &model);
    let beside = json!({
        "is_large_table": false, "__workflow_docs": [],
        "__dashboard": { "transactions": [], "non_standard_fieldnames": {}, "internal_links": {} },
    });
    facts.extend(beside.as_object().cloned().unwrap_or_default());
    if new {
        facts.insert("masked_fields".to_owned(), json!(site.masked(name)));
    } else {
        facts.insert("__linked_with".to_owned(), Value::Null);
    }
    Value::Object(facts)
}

fn blank(site: &Site<'_>, doctype: &str) -> Doc {
    let mut doc = Doc::from_iter([("docstatus".to_owned(), json!(0)), ("idx".to_owned(), json!(0))]);
    if let Some(def) = site.meta.get(doctype) {
        site.fill_defaults(def, &mut doc);
    }
    doc
}

fn fill(doc: &mut Doc, model: &Doc) {
    for (key, value) in model.iter().filter(|(_, value)| !value.is_null()) {
        doc.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

fn facts(form: &DocType, version: Version, permissions: &[roles::Permission], repeated: &[Run]) -> Map<String, Value> {
    let mut doc = Map::new();
    let mut put = |key: &str, value: Value| drop(doc.insert(key.to_owned(), value));
    put("doctype", json!("DocType"));
    put("name", json!(form.name));
    put("module", json!(form.module));
    put("docstatus", json!(0));
    for &(key, bit) in DOCTYPE_FLAGS {
        put(key, json!(u8::from(form.flags & bit != 0)));
    }
    for (key, value) in [
        ("autoname", &form.autoname),
        ("title_field", &form.title_field),
        ("search_fields", &form.search_fields),
        ("sort_field", &form.sort_field),
        ("sort_order", &form.sort_order),
    ] {
        if let Some(value) = value {
            put(key, json!(value));
        }
    }
    let fields = all_fields(form, repeated)
        .into_iter()
        .enumerate()
        .map(|(at, entry)| Value::Object(field(form, version, at + 1, entry)));
    put("fields", fields.collect());
    put("permissions", permissions.iter().map(permission).collect());
    for key in ["actions", "links", "states"] {
        put(key, json!([]));
    }
    doc
}

/// The fields as the site states them, some of them twice.
fn all_fields<'f>(form: &'f DocType, repeated: &[Run]) -> Vec<&'f Field> {
    let mut fields: Vec<&Field> = form.fields.iter().collect();
    for (_, first, last, behind) in repeated.iter().filter(|(doctype, ..)| *doctype == form.name) {
        let at = |name: &str| fields.iter().position(|field| field.fieldname == name);
        if let (Some(first), Some(last), Some(behind)) = (at(first), at(last), at(behind)) {
            let run = fields.get(first..=last).unwrap_or_default().to_vec();
            fields.splice(behind + 1..behind + 1, run);
        }
    }
    fields
}

fn field(form: &DocType, version: Version, idx: usize, field: &Field) -> Map<String, Value> {
    let mut entry = Map::new();
    let mut put = |key: &str, value: Value| drop(entry.insert(key.to_owned(), value));
    put("doctype", json!("DocField"));
    put("parent", json!(form.name));
    put("idx", json!(idx));
    put("fieldname", json!(field.fieldname));
    put("fieldtype", json!(field.kind.as_str()));
    for (key, value) in [
        ("label", &field.label),
        ("options", &field.options),
        ("default", &field.default),
        ("fetch_from", &field.fetch_from),
        ("description", &field.description),
    ] {
        if let Some(value) = value {
            put(key, json!(value));
        }
    }
    put("length", json!(field.length));
    put("permlevel", json!(field.permlevel));
    put("precision", json!(field.precision.map_or(String::new(), |places| places.to_string())));
    // A field of the form itself has nothing where one of the site has 1.
    for &(key, bit) in FIELD_FLAGS.iter().filter(|(_, bit)| *bit != flag::CUSTOM) {
        put(key, json!(u8::from(field.flags & bit != 0)));
    }
    for rule in FormRule::ALL {
        match rule.of(version, &form.name, &field.fieldname, field.flags) {
            Known::Free => {}
            Known::When(when) => put(rule.key(), json!(when.expression())),
            Known::Unread => put(rule.key(), json!("eval:1")),
        }
    }
    if let Known::When(when) = sections::of_section(version, &form.name, &field.fieldname, field.flags) {
        put(FormRule::Shown.key(), json!(when.expression()));
    }
    // H37: 1 or not there.
    put("is_custom_field", if field.flags & flag::CUSTOM != 0 { json!(1) } else { Value::Null });
    entry
}

fn permission(permission: &roles::Permission) -> Value {
    let mut entry = Map::new();
    entry.insert("role".to_owned(), json!(permission.role));
    entry.insert("permlevel".to_owned(), json!(permission.level));
    for right in Right::ALL {
        entry.insert(right.as_str().to_owned(), json!(u8::from(permission.gives(*right))));
    }
    entry.insert("if_owner".to_owned(), json!(u8::from(permission.if_owner())));
    Value::Object(entry)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use erpnext_schema::Version;
    use erpnext_schema::snapshot::DocType;
    use serde_json::Value;

    use super::{Models, REPEATED, facts, is_as_released};
    use crate::base;
    use crate::error::SiteError;
    use crate::meta::Meta;
    use crate::perms::User;
    use crate::site::Site;
    use crate::store::Store;

    /// Else each request would state all of them anew.
    #[test]
    fn what_no_site_has_changed_is_as_released_on_each_and_of_the_same_models() {
        for version in Version::ALL {
            let site = || {
                let (store, meta, user) = (Store::in_memory(None).unwrap(), Meta::new(*version), User::administrator());
                let looked = store.transaction(|db| {
                    let site = Site::new(db, &meta, &user);
                    base::lay(&site)?;
                    let all = meta.all().into_iter().all(|def| is_as_released(&site, def.name));
                    Ok::<_, SiteError>(((all, Models::of(&site).hash), false))
                });
                looked.unwrap()
            };
            let (one, other) = (site(), site());
            assert!(one.0, "{version}");
            assert_eq!(one, other, "{version}");
        }
    }

    #[test]
    fn every_doctype_comes_back_as_the_snapshot_has_it() {
        let meta = Meta::new(Version::V15);
        assert!(meta.all().len() > 700);
        for def in meta.all() {
            let form = meta.form(def.name).unwrap();
            let back = DocType::from_site(&Value::Object(facts(form, Version::V15, &[], REPEATED)), false).unwrap();
            assert_eq!(back.to_snapshot(), form.to_snapshot(), "{}", def.name);
        }
    }
}
