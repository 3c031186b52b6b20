//! Reports that are opened beside withheld fields: the site computes their columns, and calls them as it likes.

use super::Finding;
use crate::config::{Config, DoctypePermissions, Pattern};
use crate::policy::{Operation, Policy};

/// That reports are opened beside withheld fields.
pub(super) fn beside_withheld_fields(config: &Config) -> Option<Finding> {
    let withholding = withholding(config);
    if withholding.is_empty() || config.permissions.reports.is_empty() {
        return None;
    }
    let reports: Vec<String> = config.permissions.reports.iter().map(ToString::to_string).collect();
    let what = format!(
        "permissions.reports: {}: columns are withheld by the names of fields; what these reports compute from withheld \
         fields of {} under other names cannot be judged",
        reports.join(", "),
        withholding.join(", ")
    );
    Some(Finding::warning(what, "list only reports that may be seen whole"))
}

/// That reports are opened beside conditions on reading, which the site's reports ignore.
pub(super) fn beside_conditions(config: &Config) -> Vec<Finding> {
    let permissions = &config.permissions;
    let is_limited = |rule: &DoctypePermissions| rule.conditions.contains_key(&Operation::Read);
    let limited = permissions.doctypes.iter().filter(|(_, rule)| is_limited(rule)).map(|(name, _)| name.as_str());
    let limited = limited.collect::<Vec<_>>().join(", ");
    let (named, patterns): (Vec<&Pattern>, Vec<&Pattern>) =
        permissions.reports.iter().partition(|pattern| pattern.is_name());
    let listed = |patterns: &[&Pattern]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut findings = Vec::new();
    if !limited.is_empty() && !patterns.is_empty() {
        let what = format!(
            "permissions.reports: {}: opens no report, because reading {limited} is limited by conditions, which reports ignore",
            listed(&patterns)
        );
        findings.push(Finding::warning(what, "name in full the reports whose sums over all documents may be seen"));
    }
    if !limited.is_empty() && !named.is_empty() {
        let what = format!(
            "permissions.reports: {}: what these reports sum up is over every document, also of {limited}, of which only some \
             may be read",
            listed(&named)
        );
        findings.push(Finding::warning(what, "list only reports whose sums over all documents may be seen"));
    }
    findings
}

/// The DocTypes whose rules withhold fields.
fn withholding(config: &Config) -> Vec<&str> {
    let withholds = |rule: &DoctypePermissions| rule.allowed_fields.is_some() || !rule.restricted_fields.is_empty();
    config.permissions.doctypes.iter().filter(|(_, rule)| withholds(rule)).map(|(name, _)| name.as_str()).collect()
}

/// Lists the site's reports that the patterns of `permissions.reports` open, of `known` reports with their DocTypes: where
/// fields are withheld, somebody has to look at each of these.
pub fn meant_reports(config: &Config, known: &[(String, String)]) -> Vec<Finding> {
    let (policy, withholding) = (Policy::from_config(config), withholding(config));
    let patterns = config.permissions.reports.iter().filter(|pattern| !pattern.is_name());
    let finding = |pattern: &Pattern| {
        let mut meant = known.iter().filter(|(name, _)| pattern.matches(name)).peekable();
        if meant.peek().is_none() {
            let what = format!("permissions.reports: the site shows its user none that {pattern} stands for");
            return Some(Finding::warning(what, "list_reports names those that the user may run"));
        }
        let open: Vec<&str> = meant
            .filter(|(name, doctype)| policy.permit_report(name, doctype).is_ok())
            .map(|(name, _)| name.as_str())
            .collect();
        let what = format!(
            "permissions.reports: {pattern} opens {}; what they compute from withheld fields of {} under other names cannot \
             be judged",
            open.join(", "),
            withholding.join(", ")
        );
        let is_open = !open.is_empty() && !withholding.is_empty();
        is_open.then(|| Finding::warning(what, "name one by one the reports that may be seen whole"))
    };
    patterns.filter_map(finding).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::Config;

    #[test]
    fn reports_beside_withheld_fields_are_named() {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let of = |rule: Value| {
            let permissions = json!({"reports": ["Stock *", "Gross Profit"], "doctypes": {"Item": rule}});
            let file = json!({"erpnext": erpnext, "permissions": permissions});
            super::beside_withheld_fields(&Config::from_text(&file.to_string()).unwrap())
        };
        assert_eq!(of(json!({"read": true})), None);
        let what = of(json!({"read": true, "restricted_fields": ["valuation_rate"]})).unwrap().what;
        assert!(what.contains("Stock *, Gross Profit") && what.contains("fields of Item"), "{what}");
    }

    #[test]
    fn reports_beside_conditions_on_reading_are_named_whether_they_run_or_not() {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let of = |reports: Value, condition: &str| {
            let rule = json!({"read": true, "update": true, "conditions": {condition: {"territory": "North"}}});
            let permissions = json!({"reports": reports, "doctypes": {"Customer": rule}});
            let file = json!({"erpnext": erpnext, "permissions": permissions});
            let found = super::beside_conditions(&Config::from_text(&file.to_string()).unwrap());
            found.into_iter().map(|finding| finding.what).collect::<Vec<_>>()
        };
        assert_eq!(of(json!(["Stock *", "Trial Balance"]), "update"), [""; 0]);
        assert_eq!(of(json!([]), "read"), [""; 0]);
        let found = of(json!(["Stock *", "Trial Balance"]), "read");
        assert!(found[0].contains("Stock *: opens no report, because reading Customer is limited"), "{found:?}");
        assert!(found[1].contains("Trial Balance: what these reports sum up is over every document"), "{found:?}");
    }

    #[test]
    fn what_a_pattern_of_reports_opens_is_named_by_the_reports_of_the_site() {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let of = |rule: Value| {
            let doctypes = json!({"Item": rule, "Bin": {"read": true}});
            let permissions = json!({"reports": ["Stock *", "Gross Profit", "Acounts*"], "doctypes": doctypes});
            let config =
                Config::from_text(&json!({"erpnext": erpnext, "permissions": permissions}).to_string()).unwrap();
            let known =
                [("Gross Profit", "Item"), ("Stock Ageing", "Item"), ("Stock Balance", "Item"), ("Stock Bins", "Bin")];
            let known = known.map(|(name, doctype)| (name.to_owned(), doctype.to_owned()));
            super::meant_reports(&config, &known).into_iter().map(|finding| finding.what).collect::<Vec<_>>()
        };
        let nobody = "permissions.reports: the site shows its user none that Acounts* stands for";
        assert_eq!(of(json!({"read": true, "report": true})), [nobody]);
        let found = of(json!({"read": true, "report": true, "restricted_fields": ["valuation_rate"]}));
        assert_eq!((found.len(), found[1].as_str()), (2, nobody));
        assert!(found[0].contains("Stock * opens Stock Ageing, Stock Balance; what they compute"), "{found:?}");
    }
}
