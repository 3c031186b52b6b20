//! `erpnext-mcp check 'update Customer CUST-1 {"territory": "UAE"}'`: what the policy says to an operation, without the site.

use anyhow::{Context, bail};
use erpnext_mcp::config::Config;
use erpnext_mcp::policy::{Operation, Policy};
use erpnext_schema::nearest;
use serde_json::{Map, Value};

/// An operation as a person writes it.
#[derive(PartialEq, Debug)]
pub struct SimulatedOperation {
    operation: Operation,
    /// Or the report that is run.
    doctype: String,
    /// Whether a report is named and no DocType.
    is_of_report: bool,
    /// Empty where none is named.
    name: String,
    data: Map<String, Value>,
}

impl SimulatedOperation {
    /// Reads `operation DocType name {data}`; name and data may be left out. `known` tells DocTypes from names.
    pub fn read(text: &str, known: &dyn Fn(&str) -> bool) -> anyhow::Result<Self> {
        let (words, data) = match text.find('{') {
            Some(at) => (&text[..at], serde_json::from_str(&text[at..]).context("the data is no JSON object")?),
            None => (text, Map::new()),
        };
        let (first, rest) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        let Some(operation) = Operation::from_name(first) else {
            let names = Operation::ALL.iter().map(|operation| operation.as_str());
            let near = nearest(first, names.clone()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let names = names.collect::<Vec<_>>().join(", ");
            bail!("{first:?} is no operation{near}\nThe operations are: {names}");
        };
        let rest = rest.trim();
        // The longest beginning that is a DocType; where none is, all of it was meant for one.
        let ends = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]);
        let doctype = ends.map(|end| &rest[..end]).filter(|words| known(words)).max_by_key(|words| words.len());
        let is_of_report = operation == Operation::Report && doctype.is_none();
        let doctype = doctype.unwrap_or(rest).trim();
        if doctype.is_empty() {
            bail!("name a DocType, as in: {first} Customer");
        }
        let name = rest[doctype.len()..].trim();
        Ok(Self { operation, doctype: doctype.to_owned(), is_of_report, name: name.to_owned(), data })
    }

    /// The decision, and whether it is a yes; `explain` adds what it rests on, and what only the site can tell.
    pub fn decide(&self, config: &Config, explain: bool) -> (bool, Vec<String>) {
        let policy = Policy::from_config(config);
        let Self { operation, doctype, is_of_report, name, data } = self;
        let decision = match *is_of_report {
            true => policy.admits_report(doctype),
            false => policy.validate_operation(*operation, doctype, data).map(drop),
        };
        let of = if name.is_empty() { String::new() } else { format!(" {name:?}") };
        let mut lines = vec![match &decision {
            Ok(()) => format!("permitted: {operation} {doctype}{of}"),
            Err(denial) => format!("denied: {}", denial.for_model()),
        }];
        if explain {
            lines.extend(decision.as_ref().err().map(|denial| format!("  why: {}", denial.for_log())));
            if *is_of_report {
                let unchecked =
                    "what it is about (a rule on that DocType has to permit report), and the rights of its user";
                lines.push(format!("  not checked: {unchecked}"));
                return (decision.is_ok(), lines);
            }
            lines.push(format!("  operations on {doctype}: {}", policy.operations(doctype)));
            let conditions = policy.conditions(doctype);
            lines.extend(conditions.map(|(operation, words)| format!("  condition on {operation}: {words}")));
            lines.extend(policy.confirms(*operation).then(|| "  must be confirmed".to_owned()));
            lines.push("  not checked: the document on the site, and the rights of its user".to_owned());
        }
        (decision.is_ok(), lines)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::SimulatedOperation;
    use erpnext_mcp::config::Config;
    use erpnext_mcp::policy::Operation;

    fn read(text: &str) -> anyhow::Result<SimulatedOperation> {
        SimulatedOperation::read(text, &|name| erpnext_doctypes::any(name).is_some())
    }

    #[test]
    fn operation_doctype_name_and_data_are_told_apart() {
        let asked = read(r#"update Sales Order SAL ORD 1 {"po_no": "a {b}"}"#).unwrap();
        assert_eq!(
            (asked.operation, asked.doctype.as_str(), asked.name.as_str()),
            (Operation::Update, "Sales Order", "SAL ORD 1")
        );
        assert_eq!(json!(asked.data), json!({"po_no": "a {b}"}));
        let config = r#"{"erpnext": {"url": "http://localhost", "api_key": "k", "api_secret": "s"}, "permissions": {"doctypes":
            {"Sales Order": {"update": true, "conditions": {"update": {"po_no": {"ne": "a {b}"}}}}}}}"#;
        let (permitted, lines) = asked.decide(&Config::from_text(config).unwrap(), true);
        assert!(!permitted && lines[0].contains("po_no must be other than"), "{lines:?}");
        let asked = read("delete My Own DocType").unwrap();
        assert_eq!((asked.doctype.as_str(), asked.name.as_str()), ("My Own DocType", ""));
    }

    #[test]
    fn a_report_is_decided_by_its_name_and_what_reports_are_about_by_the_doctype() {
        let config = r#"{"erpnext": {"url": "http://localhost", "api_key": "k", "api_secret": "s"}, "permissions":
            {"doctypes": {"Customer": {"read": true}}, "reports": ["Accounts *"]}}"#;
        let config = Config::from_text(config).unwrap();
        let decided = |text: &str| read(text).unwrap().decide(&config, true);
        let (permitted, lines) = decided("report Accounts Receivable");
        assert!(permitted && lines[0] == "permitted: report Accounts Receivable", "{lines:?}");
        let (permitted, lines) = decided("report Stock Balance");
        assert!(!permitted && lines[1].contains("permissions.reports does not name it"), "{lines:?}");
        let (permitted, lines) = decided("report Customer");
        assert!(!permitted && lines[1].contains("report is not set to true"), "{lines:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        assert!(read("updat Customer").unwrap_err().to_string().contains("did you mean update?"));
        assert!(read("update").unwrap_err().to_string().contains("name a DocType"));
        assert!(read("update Customer {x").unwrap_err().to_string().contains("no JSON object"));
    }
}
