//! The forms of expressions that are read, and what of a site is marked.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::sections::{self, SectionFact};
use super::{Condition, FormFact, FormRule, Judged, Known, mark};
use crate::snapshot::DocType;
use crate::{Version, flag};

const OTHERWISE: u32 = flag::NEEDED_OTHERWISE | flag::SHOWN_OTHERWISE | flag::LOCKED_OTHERWISE;

fn told(expression: &str, doc: Value) -> Option<String> {
    let condition = Condition::parse(expression).unwrap();
    match condition.judge(|term| Some(doc[&term.field].clone())) {
        Judged::Holds(terms) => Some(terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")),
        _ => None,
    }
}

#[test]
fn the_common_forms_are_read() {
    for (expression, doc, expected) in [
        ("is_fixed_asset", json!({"is_fixed_asset": 1}), Some("is_fixed_asset is set")),
        ("is_fixed_asset", json!({"is_fixed_asset": 0}), None),
        ("eval: !doc.multiple", json!({}), Some("multiple is not set")),
        ("eval: !(doc.first_name)", json!({"first_name": "A"}), None),
        (
            "eval:doc.voucher_type == \"Bank Entry\"",
            json!({"voucher_type": "Bank Entry"}),
            Some("voucher_type is Bank Entry"),
        ),
        ("eval:doc.type=='Link';", json!({"type": "URL"}), None),
        ("eval:doc.frequency == '';", json!({}), Some("frequency is not set")),
        ("eval:doc.limited == 1;", json!({"limited": true}), Some("limited is 1")),
        ("eval:doc.limited === 1", json!({"limited": 1.0}), Some("limited is 1")),
        ("eval:doc.function !== 'Count'", json!({"function": "Sum"}), Some("function is not Count")),
        ("eval: [\"A B\", \"C\"].includes(doc.task)", json!({"task": "C"}), Some("task is A B or C")),
        ("eval: in_list(['A', 'B'], doc.channel)", json!({"channel": "C"}), None),
        ("eval:!in_list(['A', 'B'], doc.channel)", json!({"channel": "C"}), Some("channel is not A or B")),
        ("eval: ![\"A\"].includes(doc.channel)", json!({"channel": "A"}), None),
        ("eval:doc.__islocal", json!({"__islocal": 1}), Some("the document is not stored yet")),
        ("eval:(doc.a && doc.b == \"x\")", json!({"a": "1", "b": "x"}), Some("a is set and b is x")),
        ("eval:doc.a == 'x' || doc.b", json!({"a": "y", "b": 1}), Some("b is set")),
        ("eval:!parent.is_return", json!({}), Some("is_return of the document is not set")),
        ("eval:doc.a && parent.b==1", json!({"a": 1, "b": 1}), Some("a is set and b of the document is 1")),
        ("eval:in_list([\"A\"], parent.purpose)", json!({"purpose": "A"}), Some("purpose of the document is A")),
    ] {
        assert_eq!(told(expression, doc).as_deref(), expected, "{expression}");
    }
}

#[test]
fn what_has_another_form_is_not_guessed_at() {
    for expression in [
        "",
        "doc.party_type",
        "eval:parents.is_subcontracted",
        "eval:cint(parent.is_subcontracted)",
        "parent.is_subcontracted",
        "eval:doc.qty > 0",
        "eval:(doc.a || doc.b) && doc.c=='x'",
        "eval:cint(frappe.boot.x)",
        "eval:doc.a == doc.b",
        "eval:doc.items.length",
    ] {
        assert_eq!(Condition::parse(expression), None, "{expression}");
    }
}

#[test]
fn a_site_that_says_otherwise_than_the_facts_is_marked() {
    let marked = |doctype: &str, field: &str, rule: FormRule, expression: Value| {
        let mut of_it = json!({"fieldname": field, "fieldtype": "Date"});
        of_it[rule.key()] = expression;
        // Of the subject nothing is known.
        let plain = json!({"fieldname": "subject", "fieldtype": "Data", "mandatory_depends_on": "eval:doc.status"});
        let mut meta = json!({"name": doctype, "module": "Projects", "fields": [of_it, plain]});
        for other in FormRule::ALL.into_iter().filter(|other| *other != rule) {
            if let Some(fact) = other.fact(Version::V15, doctype, field) {
                meta["fields"][0][other.key()] = json!(fact.when.as_ref().unwrap().expression());
            }
        }
        let mut read = DocType::from_site(&meta, false).unwrap();
        mark(Version::V15, &meta, &mut read);
        // And it is kept.
        assert_eq!(DocType::from_snapshot(&read.to_snapshot()).unwrap(), read);
        assert_eq!(read.fields[1].flags & OTHERWISE, 0);
        let of_it = &read.fields[0];
        assert!([0, rule.otherwise()].contains(&(of_it.flags & OTHERWISE)), "{rule:?}");
        of_it.flags & OTHERWISE != 0
    };
    for (doctype, field, rule, same) in [
        ("Task", "completed_on", FormRule::Needed, "eval: doc.status=='Completed'"),
        ("Task", "completed_on", FormRule::Shown, "eval:doc.status == \"Completed\""),
        ("Sales Invoice", "return_against", FormRule::Locked, "is_return"),
    ] {
        assert!(!marked(doctype, field, rule, json!(same)), "{rule:?}");
        for other in [json!("eval:doc.status == 'Cancelled'"), json!("eval:doc.is_milestone > 0"), Value::Null] {
            assert!(marked(doctype, field, rule, other.clone()), "{rule:?}: {other}");
        }
    }
    assert!(marked("Task", "priority", FormRule::Locked, json!("eval:doc.status")), "none is known to be locked");
}

#[test]
fn what_a_site_says_otherwise_is_not_known() {
    let of = |rule: FormRule, flags: u32| rule.of(Version::V16, "Task", "completed_on", flags);
    assert!(matches!(of(FormRule::Shown, flag::CONDITIONAL), Known::When(_)));
    assert_eq!(of(FormRule::Shown, flag::CONDITIONAL | flag::SHOWN_OTHERWISE), Known::Unread);
    assert_eq!(of(FormRule::Shown, 0), Known::Free);
    assert_eq!(of(FormRule::Locked, 0), Known::Free);
    assert_eq!(of(FormRule::Locked, flag::LOCKED_OTHERWISE), Known::Unread);
    // An expression of no common form, of a field that the facts name.
    assert_eq!(FormRule::Locked.of(Version::V16, "Stock Reservation Entry", "reserved_qty", 0), Known::Unread);
}

#[test]
fn every_line_of_the_facts_is_read() {
    for (rule, least) in [(FormRule::Needed, 80), (FormRule::Shown, 800), (FormRule::Locked, 50)] {
        for line in rule.facts().lines() {
            let fact: FormFact = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&fact).unwrap(), line);
            assert_eq!(fact.when.as_ref().and_then(|when| Condition::parse(&when.expression())), fact.when, "{line}");
            assert!(fact.when.is_some() || rule.flag().is_none(), "{line}: the tables tell that there is one");
        }
        assert!(rule.facts().lines().count() > least, "{rule:?}");
    }
}

#[test]
fn what_is_not_known_leaves_open_only_what_it_decides() {
    let judged = |a: Option<u8>, b: Option<u8>, c: Option<u8>| {
        let condition = Condition::parse("eval:doc.a && doc.b || doc.c").unwrap();
        let value = |term: &super::Term| match term.field.as_str() {
            "a" => a,
            "b" => b,
            _ => c,
        };
        match condition.judge(|term| value(term).map(|value| json!(value))) {
            Judged::Holds(terms) => format!("{} hold", terms.len()),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(judged(None, Some(0), Some(0)), "Fails");
    assert_eq!(judged(None, Some(1), Some(0)), "Open");
    assert_eq!(judged(None, None, Some(1)), "1 hold");
    assert_eq!(judged(Some(0), Some(0), None), "Open");
    assert_eq!(judged(Some(1), Some(1), None), "2 hold");
}

const SECTIONS: &str = r#"{"name": "X", "fields": [
    {"fieldname": "before", "fieldtype": "Data"},
    {"fieldname": "first_tab", "fieldtype": "Tab Break", "depends_on": "kind"},
    {"fieldname": "in_tab", "fieldtype": "Data"},
    {"fieldname": "a_section", "fieldtype": "Section Break", "depends_on": "eval:doc.qty > 0"},
    {"fieldname": "in_both", "fieldtype": "Data"},
    {"fieldname": "in_tab", "fieldtype": "Data"},
    {"fieldname": "locked", "fieldtype": "Data"},
    {"fieldname": "empty_section", "fieldtype": "Section Break", "depends_on": "kind"},
    {"fieldname": "a_column", "fieldtype": "Column Break", "depends_on": "kind"},
    {"fieldname": "plain_section", "fieldtype": "Section Break"},
    {"fieldname": "last", "fieldtype": "Data"},
    {"fieldname": "second_tab", "fieldtype": "Tab Break"},
    {"fieldname": "after", "fieldtype": "Data"}
]}"#;

#[test]
fn a_section_and_a_tab_hold_what_stands_behind_them() {
    let meta: Value = serde_json::from_str(SECTIONS).unwrap();
    let read = SectionFact::read(&meta, |name| name != "locked");
    let held: Vec<_> =
        read.iter().map(|fact| (fact.section.as_str(), fact.holds.join(" "), fact.when.is_some())).collect();
    assert_eq!(
        held,
        [("first_tab", "in_tab in_both last".to_owned(), true), ("a_section", "in_both".to_owned(), false)]
    );
}

#[test]
fn every_line_of_the_sections_is_read_and_can_be_told_as_it_was_read() {
    for line in sections::FACTS.lines() {
        let fact: SectionFact = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&fact).unwrap(), line);
        assert_eq!(fact.when.as_ref().and_then(|when| Condition::parse(&when.expression())), fact.when, "{line}");
        assert!(!fact.holds.is_empty(), "{line}");
    }
    assert!(sections::FACTS.lines().count() > 200);
}

#[test]
fn a_site_that_shows_a_section_otherwise_is_marked_at_what_stands_in_it() {
    let marked = |expression: &str, moved: bool| {
        let mut meta = json!({"name": "Asset", "module": "Assets", "fields": [
            {"fieldname": "section_break_36", "fieldtype": "Section Break", "depends_on": expression},
            {"fieldname": "finance_books", "fieldtype": "Table", "options": "Asset Finance Book"},
            {"fieldname": "plain_section", "fieldtype": "Section Break"},
            {"fieldname": "comment", "fieldtype": "Data"},
        ]});
        if moved {
            meta["fields"].as_array_mut().unwrap().swap(1, 3);
        }
        let mut read = DocType::from_site(&meta, false).unwrap();
        mark(Version::V15, &meta, &mut read);
        assert_eq!(DocType::from_snapshot(&read.to_snapshot()).unwrap(), read);
        let is_marked = |name: &str| {
            let field = read.fields.iter().find(|field| field.fieldname == name).unwrap();
            field.flags & flag::SECTION_OTHERWISE != 0
        };
        (is_marked("finance_books"), is_marked("comment"))
    };
    assert_eq!(marked("calculate_depreciation", false), (false, false));
    assert_eq!(marked("eval:doc.calculate_depreciation", false), (false, false));
    assert_eq!(marked("", false), (true, false));
    assert_eq!(marked("eval:doc.qty > 1", false), (true, false));
    assert_eq!(marked("calculate_depreciation", true), (true, true));
    let around = |flags| sections::around(Version::V15, "Asset", "finance_books", flags);
    assert!(matches!(around(0)[..], [Known::When(_)]));
    assert_eq!(around(flag::SECTION_OTHERWISE), [Known::Unread]);
}
