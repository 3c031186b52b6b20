#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, flag};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

static ROW_FIELDS: &[FieldDef] = &[
    FieldDef::new("item_code", FieldKind::Data, "Item"),
    FieldDef::new("rate", FieldKind::Currency, "Rate"),
    FieldDef { permlevel: 1, ..FieldDef::new("margin", FieldKind::Currency, "Margin") },
    FieldDef::new("pin", FieldKind::Password, "PIN"),
];
static ROW: DocTypeDef = DocTypeDef { fields: ROW_FIELDS, ..DocTypeDef::new("Order Row", "Selling") };
static FIELDS: &[FieldDef] = &[
    FieldDef::new("title", FieldKind::Data, "Title"),
    FieldDef::new("status", FieldKind::Data, "Status"),
    FieldDef { permlevel: 1, ..FieldDef::new("limit", FieldKind::Currency, "Limit") },
    FieldDef { flags: flag::VIRTUAL, ..FieldDef::new("age", FieldKind::Int, "Age") },
    FieldDef::new("secret", FieldKind::Password, "Secret"),
    FieldDef::new("_user_tags", FieldKind::Data, "Tags"),
    FieldDef { options: Options::Target("Order Row"), ..FieldDef::new("items", FieldKind::Table, "Items") },
];
static ORDER: DocTypeDef = DocTypeDef { fields: FIELDS, ..DocTypeDef::new("Order", "Selling") };

fn child(name: &str) -> Option<&'static DocTypeDef> {
    (name == ROW.name).then_some(&ROW)
}

fn rule(allowed: Option<&[&str]>, restricted: &[&str]) -> FieldRule {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    FieldRule::new(allowed.map(owned).as_deref(), &owned(restricted))
}

fn document() -> Map<String, Value> {
    let document = json!({
        "doctype": "Order", "name": "O-1", "owner": "a@x", "modified": "2026-01-01 00:00:00", "docstatus": 0, "idx": 0,
        "title": "T", "status": "Open", "limit": 5, "age": 3, "secret": "****", "_user_tags": "t", "custom": 1,
        "__onload": {}, "_comments": "[]",
        "items": [{"doctype": "Order Row", "name": "r1", "idx": 1, "item_code": "I", "rate": 2, "margin": 3, "pin": "*", "__unsaved": 1}],
    });
    document.as_object().unwrap().clone()
}

fn cut(rule: &FieldRule) -> (Value, Vec<String>) {
    let mut document = document();
    let withheld = rule.cut(Some(&ORDER), child, &mut document);
    (Value::Object(document), withheld)
}

fn policy(permissions: &Value) -> Policy {
    let env = |_: &str| Some("https://erp.example.com".to_owned()).filter(|_| false);
    let file = json!({
        "erpnext": {"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"}, "permissions": permissions,
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, file.to_string()).unwrap();
    Policy::from_config(&Config::load(Some(Path::new(&path)), &env).unwrap())
}

fn denial(policy: &Policy, operation: Operation, doctype: &str) -> String {
    policy.permit(operation, doctype).unwrap_err().for_model()
}

#[test]
fn a_doctype_of_the_sites_own_that_has_a_rule_is_known_by_its_address_too() {
    let tree = json!({"read": true, "restricted_fields": ["parent_house_tree"]});
    let rules = json!({"default": {"read": true}, "doctypes": {"House Rule": {}, "House Tree": tree}});
    let policy = policy(&rules);
    assert!(!policy.shows_every("House Rule") && !policy.shows_every("house-rule"));
    assert!(policy.shows_every("sales-order") && policy.shows_every("house-tree"));
    assert!(
        policy.shows_tree("Territory") && !policy.shows_tree("House Tree"),
        "which field tells of parents is not known"
    );
}

#[test]
fn a_table_that_is_restricted_is_withheld_with_the_copies_of_its_columns() {
    let withholds = |restricted: &str, doctype: &str, field: &str| {
        let rule = json!({"read": true, "restricted_fields": [restricted]});
        let policy = policy(&json!({"default": {"read": true}, "doctypes": {"Journal Entry": rule}}));
        policy.withholds_field(doctype, field)
    };
    for restricted in ["accounts", "accounts.debit", "total_debit"] {
        assert!(withholds(restricted, "GL Entry", "debit"), "{restricted}");
    }
    assert!(!withholds("user_remark", "GL Entry", "debit") && !withholds("accounts", "GL Entry", "account"));
    assert!(withholds("accounts", "Journal Entry", "accounts") && !withholds("accounts", "Journal Entry", "title"));
}

#[test]
fn what_is_not_configured_is_denied() {
    let policy = policy(&json!({"doctypes": {"Customer": {"read": true, "create": true, "update": true}, "Item": {}}}));
    let permit = policy.permit(Operation::Update, "Customer").unwrap();
    assert_eq!((permit.doctype(), permit.operation()), ("Customer", Operation::Update));
    let read_or_write =
        "Customer: delete is not permitted by this server's configuration; permitted: read, create, update";
    assert_eq!(denial(&policy, Operation::Delete, "Customer"), read_or_write);
    let nothing = "Item: read is not permitted by this server's configuration; permitted: nothing";
    assert_eq!(denial(&policy, Operation::Read, "Item"), nothing);
    assert_eq!(denial(&policy, Operation::Read, "User"), "User: not available by this server's configuration");
    let nearest = "customer: names of DocTypes are exact; did you mean Customer?";
    assert_eq!(denial(&policy, Operation::Read, "customer"), nearest);
    let nearest = "Custmer: not available by this server's configuration; did you mean Customer?";
    assert_eq!(denial(&policy, Operation::Read, "Custmer"), nearest);
    for operation in Operation::ALL {
        assert!(Policy::default().permit(*operation, "Customer").is_err());
    }
}

#[test]
fn the_default_opens_only_what_is_not_named() {
    let policy = policy(&json!({"doctypes": {"Salary Slip": {"update": true}}, "default": {"read": true}}));
    assert!(policy.permit(Operation::Read, "Item").unwrap().fields().is_open());
    assert!(policy.permit(Operation::Read, "Salary Slip").is_err());
    assert_eq!(policy.operations("Item").to_string(), "read");
    let delete = "Item: delete is not permitted by this server's configuration; permitted: read";
    assert_eq!(denial(&policy, Operation::Delete, "Item"), delete);
}

#[test]
fn no_other_spelling_slips_past_the_rule_of_a_doctype() {
    let policy = policy(&json!({"doctypes": {"Salary Slip": {}}, "default": {"read": true}}));
    for spelling in
        ["salary slip", "Salary Slip ", "SALARY SLIP", "S\u{e4}lary Slip", "Salary Slip\u{200b}", "Salary Slip\0"]
    {
        assert!(policy.permit(Operation::Read, spelling).is_err(), "{spelling:?}");
    }
    assert!(Policy::full().permit(Operation::Read, "Prüfung").is_ok());
}

#[test]
fn an_operation_that_was_switched_off_says_why() {
    let mut policy = policy(&json!({"doctypes": {"Customer": {"read": true, "update": true}}}));
    policy.refuse("Customer", Operation::Update, "its condition names colour, which the site does not have");
    let why = "Customer: update is refused: its condition names colour, which the site does not have";
    assert_eq!(denial(&policy, Operation::Update, "Customer"), why);
    assert!(policy.permit(Operation::Read, "Customer").is_ok());
    assert_eq!(policy.operations("Customer").to_string(), "read");
}

#[test]
fn the_log_line_names_the_key_and_stays_one_line() {
    let policy = policy(&json!({"doctypes": {"Customer": {"read": true}}}));
    let line = |doctype| policy.permit(Operation::Delete, doctype).unwrap_err().for_log();
    assert_eq!(line("Customer"), r#"delete on "Customer" denied: permissions: delete is not set to true"#);
    let forged = line("X\n2026 - INFO - Result: ALLOWED");
    assert!(!forged.contains('\n') && forged.starts_with(r#"delete on "X\n2026 -"#), "{forged}");
}

#[test]
fn without_lists_all_is_seen_but_secrets_higher_levels_and_internal_keys() {
    let (document, withheld) = cut(&rule(None, &[]));
    let expected = json!({
        "doctype": "Order", "name": "O-1", "owner": "a@x", "modified": "2026-01-01 00:00:00", "docstatus": 0, "idx": 0,
        "title": "T", "status": "Open", "age": 3, "_user_tags": "t", "custom": 1,
        "items": [{"doctype": "Order Row", "name": "r1", "idx": 1, "item_code": "I", "rate": 2}],
    });
    assert_eq!(document, expected);
    assert_eq!(withheld, ["limit", "secret", "items.margin", "items.pin"]);
}

#[test]
fn a_list_of_allowed_fields_leaves_only_those_and_what_identifies_the_document() {
    let (document, withheld) = cut(&rule(Some(&["status", "limit", "items.rate", "secret"]), &["status"]));
    let expected = json!({
        "doctype": "Order", "name": "O-1", "modified": "2026-01-01 00:00:00", "docstatus": 0, "limit": 5,
        "items": [{"doctype": "Order Row", "name": "r1", "rate": 2}],
    });
    assert_eq!(document, expected);
    assert_eq!(
        withheld,
        ["title", "status", "age", "secret", "_user_tags", "items.item_code", "items.margin", "items.pin"]
    );
}

#[test]
fn a_named_table_stands_for_its_columns_but_those_that_need_naming() {
    let both = rule(Some(&["items", "items.margin"]), &["items.rate"]);
    let (document, _) = cut(&both);
    let row = json!({"doctype": "Order Row", "name": "r1", "idx": 1, "item_code": "I", "margin": 3});
    assert_eq!(document["items"], json!([row]));
    let (document, _) = cut(&rule(Some(&["items"]), &[]));
    assert_eq!(document["items"][0].get("margin"), None);
    let (document, withheld) = cut(&rule(None, &["items"]));
    assert_eq!(document.get("items"), None);
    assert!(withheld.contains(&"items".to_owned()));
}

#[test]
fn without_a_table_the_names_alone_decide() {
    let rule = rule(Some(&["custom", "items.rate"]), &["custom_rows.cost"]);
    let mut doc = document();
    doc.insert("custom_rows".to_owned(), json!([{"cost": 1}]));
    assert_eq!(rule.cut(None, child, &mut doc), Vec::<String>::new());
    let left: Vec<&String> = doc.keys().collect();
    assert_eq!(left, ["doctype", "name", "modified", "docstatus", "custom", "items"]);
    assert_eq!(doc["items"], json!([{"doctype": "Order Row", "name": "r1", "rate": 2}]));
    let mut shapes = json!({"items": {"cost": 1}}).as_object().unwrap().clone();
    rule.cut(None, child, &mut shapes);
    assert!(shapes.is_empty(), "what is no list of rows cannot be cut to one column: {shapes:?}");
}

#[test]
fn a_caller_who_may_not_read_sees_only_which_document_was_written() {
    let policy = policy(&json!({"doctypes": {"Order": {"create": true}}}));
    let permit = policy.permit(Operation::Create, "Order").unwrap();
    let (document, _) = cut(permit.fields());
    let left: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(left, ["doctype", "name", "modified", "docstatus"]);
    assert!(permit.fields().may_write(&FIELDS[0]));
}

#[test]
fn a_write_is_refused_for_every_name_that_may_not_be_set() {
    let data = document();
    let refused = |rule: &FieldRule, operation| rule.refused(operation, Some(&ORDER), child, &data);
    let standard = ["doctype", "owner", "modified", "docstatus", "idx"];
    let rest = ["limit", "age", "secret", "__onload", "_comments"];
    let columns = ["items.doctype", "items.idx", "items.margin", "items.pin", "items.__unsaved"];
    let all = [&standard[..], &rest, &columns].concat();
    assert_eq!(refused(&rule(None, &[]), Operation::Create), all);
    assert!(refused(&rule(None, &[]), Operation::Update).contains(&"name".to_owned()));
    let named = rule(Some(&["limit", "secret", "age", "owner", "modified", "items.margin", "items.pin"]), &["limit"]);
    let refused = refused(&named, Operation::Create);
    for forbidden in ["limit", "age", "owner", "modified", "title", "custom", "items.rate"] {
        assert!(refused.contains(&forbidden.to_owned()), "{forbidden}");
    }
    for granted in ["secret", "items.margin", "items.pin", "items.name", "items"] {
        assert!(!refused.contains(&granted.to_owned()), "{granted}");
    }
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let name =
        "(title|status|limit|secret|items|custom|owner|_x|_user_tags|items\\.(rate|margin|pin|item_code)|custom\\.a)";
    proptest::collection::vec(name, 0..6)
}

/// Values that say where they stand, so that whatever survives is known by what it says.
fn canaries() -> impl Strategy<Value = Map<String, Value>> {
    let row = proptest::collection::hash_set("(rate|margin|pin|item_code|name|a|_x|idx)", 0..6);
    let rows = proptest::collection::vec(row, 0..3);
    let keys = proptest::collection::hash_set("(title|status|limit|secret|owner|name|idx|custom2|_x|_user_tags)", 0..8);
    (keys, rows.clone(), rows).prop_map(|(keys, items, custom)| {
        let rows = |table: &str, rows: Vec<std::collections::HashSet<String>>| -> Value {
            let row = |keys: std::collections::HashSet<String>| {
                let entry = |key: String| (key.clone(), Value::from(format!("<{table}.{key}>")));
                Value::Object(keys.into_iter().map(entry).collect())
            };
            rows.into_iter().map(row).collect::<Vec<_>>().into()
        };
        let plain = keys.into_iter().map(|key| (key.clone(), Value::from(format!("<{key}>"))));
        plain
            .chain([("items".to_owned(), rows("items", items)), ("custom".to_owned(), rows("custom", custom))])
            .collect()
    })
}

/// The rule's words, said once more and differently: may the value at this place be seen?
fn is_forbidden(place: &str, allowed: Option<&[String]>, restricted: &[String], table: bool) -> bool {
    let has = |list: &[String], name: &str| list.iter().any(|entry| entry == name);
    let (parent, column) = place.split_once('.').unwrap_or((place, ""));
    if place == "name" {
        return false;
    }
    if has(restricted, place) || has(restricted, parent) || column == "_x" || place == "_x" {
        return true;
    }
    if table && matches!(place, "secret" | "items.pin") || !table && place == "_user_tags" {
        return true;
    }
    // Without a table the name alone says that it is a key.
    let level = place == "secret" || table && matches!(place, "limit" | "items.margin");
    match allowed {
        None => level,
        Some(allowed) if column == "name" => {
            !allowed.iter().any(|entry| entry == parent || entry.starts_with(&format!("{parent}.")))
        }
        Some(allowed) => !has(allowed, place) && (column.is_empty() || level || !has(allowed, parent)),
    }
}

proptest! {
    #[test]
    fn nothing_forbidden_survives_the_cut_and_nothing_else_is_lost(
        allowed in proptest::option::of(names()),
        restricted in names(),
        doc in canaries(),
        table in any::<bool>(),
    ) {
        let rule = FieldRule::new(allowed.as_deref(), &restricted);
        let mut left = doc.clone();
        rule.cut(table.then_some(&ORDER), child, &mut left);
        let (before, after) = (Value::Object(doc).to_string(), Value::Object(left).to_string());
        for canary in before.split(['<', '>']).skip(1).step_by(2) {
            let survives = after.contains(&format!("<{canary}>"));
            let forbidden = is_forbidden(canary, allowed.as_deref(), &restricted, table);
            prop_assert_eq!(survives, !forbidden, "{} by {:?}", canary, rule);
        }
    }

    #[test]
    fn restricted_wins_and_the_default_is_denied(allowed in names(), restricted in names(), name in "[A-Za-z ]{1,12}") {
        let rule = FieldRule::new(Some(&allowed), &restricted);
        for entry in restricted.iter().filter(|entry| !entry.contains('.')) {
            for def in [None, Some(&ORDER)] {
                let field = FieldRef::find(def, entry);
                prop_assert!(!rule.may_read(field) && !rule.may_write(field));
                prop_assert!(!rule.may_read_child(field, FieldRef::find(None, "a")));
            }
        }
        prop_assert!(Operation::ALL.iter().all(|operation| Policy::default().permit(*operation, &name).is_err()));
    }
}

#[test]
fn the_default_does_not_open_what_holds_credentials_or_copies() {
    let open = policy(&json!({"default": {"read": true}}));
    assert!(open.permit(Operation::Read, "OAuth Bearer Token").is_err());
    assert!(open.permit(Operation::Read, "Version").is_ok(), "there is no rule to slip by");
    let ruled = policy(&json!({"default": {"read": true}, "doctypes": {"Customer": {"read": true}}}));
    assert!(ruled.permit(Operation::Read, "Version").is_err());
    let named = policy(&json!({"default": {"read": true}, "doctypes": {"Version": {"read": true}}}));
    assert!(named.permit(Operation::Read, "Version").is_ok());
}

#[test]
fn what_holds_whole_documents_is_withheld_beside_a_rule_that_withholds_anything() {
    for whole in ["Version", "Deleted Document", "Transaction Log"] {
        let data = |customer: &Value, own: Value| {
            let doctypes = json!({"Customer": customer, whole: own});
            let permissions = json!({"default": {"read": true}, "doctypes": doctypes});
            let permit = policy(&permissions).permit(Operation::Read, whole).unwrap();
            permit.fields().may_read(FieldRef::find(None, "data"))
        };
        assert!(data(&json!({"read": true}), json!({"read": true})), "{whole}");
        for rule in [
            json!({"read": true, "restricted_fields": ["tax_id"]}),
            json!({"read": true, "allowed_fields": ["customer_name"]}),
            json!({"read": true, "conditions": {"read": {"territory": "North"}}}),
            json!({"create": true}),
            json!({}),
        ] {
            assert!(!data(&rule, json!({"read": true})), "{whole} {rule}");
            let named = json!({"read": true, "allowed_fields": ["docname", "data"]});
            assert!(data(&rule, named), "{whole} {rule}");
        }
    }
}

#[test]
fn extra_fields_open_what_must_be_named_and_close_nothing_else() {
    let allowed = ["title".to_owned()];
    let extra = ["status".to_owned(), "items.cost".to_owned()];
    let above = |name: &'static str| FieldDef { permlevel: 1, ..FieldDef::new(name, FieldKind::Data, "X") };
    let plain = |name: &'static str| FieldDef::new(name, FieldKind::Data, "X");
    let table = FieldDef::new("items", FieldKind::Table, "X");
    let open = FieldRule::new(None, &[]).with(&extra);
    assert!(open.may_read(&above("status")) && open.may_write(&above("status")));
    assert!(!open.may_read(&above("other")) && open.may_read(&plain("other")));
    assert!(open.may_read_child(&table, &above("cost")) && !open.may_read_child(&table, &above("margin")));
    assert!(open.may_read_child(&table, &plain("margin")));
    let listed = FieldRule::new(Some(&allowed), &["status".to_owned()]).with(&extra);
    assert!(listed.may_read(&plain("title")) && !listed.may_read(&plain("other")));
    assert!(!listed.may_read(&above("status")), "what is restricted stays so");
}

#[test]
fn a_doctype_has_the_name_that_the_database_takes_for_the_same() {
    let policy = Policy::full();
    for name in ["sales invoice", "Sales Invoice ", "Sáles Invoice", "Sales\u{200B} Invoice"] {
        assert_eq!(policy.exact_name(name), "Sales Invoice", "{name:?}");
    }
    for name in ["Sales Invoice", "Sales-Invoice", "My Thing"] {
        assert_eq!(policy.exact_name(name), name);
    }
}
