//! Whether a document shows what decides on its caller's sight: a value, or what the site shows in its place.

use erpnext_schema::{doctype_flag, flag, rows};
use serde_json::{Map, Value};

use super::{Operation, Operations, Permit, Policy};

/// Whether a text may be what version 16 shows in the place of another (H84): `XXXXXXXX`, `XX-XX-XXXX`, `XXXXXX@example.com`.
pub fn may_be_mask(text: &str) -> bool {
    text.contains("XX") || text == "X"
}

impl Policy {
    /// The rules by which values are seen, as a text that is the same at each start: equal texts are equal rules.
    pub fn rules_of_sight(&self) -> String {
        let lets = |operations: Operations| {
            [Operation::Read, Operation::Report, Operation::Export].map(|operation| operations.contains(operation))
        };
        let rules: Vec<_> = self
            .doctypes
            .iter()
            .map(|(name, rule)| (name, lets(rule.operations), &rule.fields, rule.conditions.get(&Operation::Read)))
            .collect();
        let others = (lets(self.default), &self.fields, &self.open, &self.copies);
        format!("{:?}", (rules, others, &self.reports, &self.within))
    }
}

impl Permit {
    /// Whether the document may show something else in the place of a value that decides on the caller's sight (H4). It may
    /// where the field is above level 0 by the table, or in no table; where it has no value, since a site can have raised its
    /// level; and where the value may be a mask.
    pub fn may_be_misled(&self, doc: &Map<String, Value>) -> bool {
        let def = erpnext_doctypes::any(self.doctype());
        // What has no list cannot be asked about.
        let has_list = def.is_none_or(|def| !def.is(doctype_flag::SINGLE) && !def.is(doctype_flag::VIRTUAL));
        self.scoped_by().any(|name| {
            let (field, column) = name.split_once('.').map_or((name, None), |(field, column)| (field, Some(column)));
            let shown = doc.get(field);
            let field = def.and_then(|def| def.field(field));
            let child = || field?.target().and_then(erpnext_doctypes::any);
            let decides = column.map_or(field, |column| child()?.field(column));
            let is_raised = [field, decides].iter().any(|field| field.is_none_or(|field| field.permlevel > 0));
            let is_standard = field.is_some_and(|field| field.is(flag::STANDARD));
            let is_empty = shown.is_none_or(|value| value.is_null() || value.as_f64() == Some(0.0));
            let is_mask = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(may_be_mask);
            let is_masked = match column {
                None => is_mask(shown),
                Some(column) => shown.into_iter().flat_map(rows).any(|row| is_mask(row.get(column))),
            };
            is_raised || has_list && is_masked || has_list && column.is_none() && !is_standard && is_empty
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use crate::config::{Config, Narrowing};
    use crate::policy::{Operation, Policy};

    #[test]
    fn rules_of_sight_are_equal_where_the_same_is_seen_and_only_there() {
        let of = |permissions: Value, changed: &dyn Fn(Config) -> Config| {
            let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
            let file = json!({"erpnext": erpnext, "permissions": permissions}).to_string();
            Policy::from_config(&changed(Config::from_text(&file).unwrap())).rules_of_sight()
        };
        let rule = |rule: Value| json!({"doctypes": {"Customer": rule, "Item": {"read": true}}, "reports": ["Stock*"]});
        let whole = rule(json!({"read": true, "export": true}));
        let same = |config: Config| config;
        let stated = of(whole.clone(), &same);
        assert_eq!(stated, of(whole.clone(), &same));
        let read_only = |config: Config| config.narrowed(&Narrowing { read_only: true, ..Narrowing::default() });
        assert_eq!(stated, of(rule(json!({"read": true, "export": true, "update": true})), &read_only));
        let mut fewer_reports = whole.clone();
        fewer_reports["reports"] = json!([]);
        for narrower in [
            rule(json!({"export": true})),
            rule(json!({"read": true})),
            rule(json!({"read": true, "export": true, "restricted_fields": ["tax_id"]})),
            rule(json!({"read": true, "export": true, "allowed_fields": ["territory"]})),
            rule(json!({"read": true, "export": true, "conditions": {"read": {"territory": "North"}}})),
            fewer_reports,
        ] {
            assert_ne!(stated, of(narrower.clone(), &same), "{narrower}");
        }
        let selling: Option<BTreeSet<String>> = Some(BTreeSet::from(["selling".to_owned()]));
        let within = |config: Config| config.narrowed(&Narrowing { toolsets: selling.clone(), ..Narrowing::default() });
        assert_ne!(stated, of(whole, &within), "a token of one module sees less");
    }

    #[test]
    fn a_document_misleads_where_what_decides_is_hidden_empty_or_in_no_table() {
        let misled = |condition: Value, document: Value| {
            let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
            let rule = json!({"read": true, "conditions": {"read": condition}});
            let file = json!({"erpnext": erpnext, "permissions": {"doctypes": {"Customer": rule}}});
            let policy = Policy::from_config(&Config::from_text(&file.to_string()).unwrap());
            policy.permit(Operation::Read, "Customer").unwrap().may_be_misled(document.as_object().unwrap())
        };
        assert!(!misled(json!({"territory": "North"}), json!({"territory": "South"})));
        assert!(misled(json!({"territory": "North"}), json!({})), "a level can be raised on the site");
        assert!(misled(json!({"territory": {"ne": "North"}}), json!({"territory": "XXXXXXXX"})), "it may be a mask");
        assert!(misled(json!({"custom_tier": "Gold"}), json!({"custom_tier": "Tin"})), "no table has its level");
        assert!(!misled(json!({"docstatus": 0}), json!({"docstatus": 0})), "nothing hides a standard field");
    }
}
