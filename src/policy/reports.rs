//! Which reports may be run, and which of their columns may be seen. The site runs them without a look at field
//! permissions (H53), so a column is judged by the fields of the DocTypes that the report is about and links to.

use std::sync::Arc;

use erpnext_schema::DocTypeDef;

use super::permit::Terms;
use super::{Denial, FieldRule, Operation, Permit, Policy, Reason};

impl Policy {
    /// Whether any report may be run.
    pub fn opens_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Whether the report may be run, by its exact name.
    pub fn opens_report(&self, report: &str) -> bool {
        self.reports.iter().any(|pattern| pattern.matches(report))
    }

    /// The reports that the configuration names without a pattern.
    pub fn named_reports(&self) -> impl Iterator<Item = &str> {
        self.reports.iter().filter_map(|pattern| pattern.exact())
    }

    /// Whether the report may be run at all, before it is known what it is about.
    ///
    /// # Errors
    /// Where `permissions.reports` does not name it.
    pub fn admits_report(&self, report: &str) -> Result<(), Denial> {
        match self.opens_report(report) {
            true => Ok(()),
            false => Err(no(report, "permissions.reports does not name it".to_owned())),
        }
    }

    /// Leave to run a report, which is about documents of the DocType.
    ///
    /// # Errors
    /// Where `permissions.reports` does not name it, where the rule on the DocType does not permit reports, or where reading
    /// it is limited to some documents: the site runs reports over all of them.
    pub fn permit_report(&self, report: &str, doctype: &str) -> Result<Permit, Denial> {
        self.admits_report(report)?;
        if self.doctypes.get(doctype).is_some_and(|rule| !rule.operations.contains(Operation::Report)) {
            return Err(no(report, format!("the rule on {doctype}, which it is about, does not permit reports")));
        }
        if self.is_row_filtered(doctype) {
            return Err(no(report, format!("reading {doctype} is limited by conditions, which reports ignore")));
        }
        Ok(Permit::new(doctype, Operation::Report, Arc::clone(self.field_rule(doctype)), Terms::default()))
    }

    /// Whether the configuration lets only part of the DocType's documents be read.
    pub fn is_row_filtered(&self, doctype: &str) -> bool {
        self.doctypes.get(doctype).is_some_and(|rule| rule.conditions.contains_key(&Operation::Read))
    }

    /// Whether every document of the DocType may be read, with every field that needs no naming.
    pub fn shows_whole(&self, doctype: &str) -> bool {
        self.permit(Operation::Read, doctype).is_ok_and(|permit| permit.fields().is_open() && !permit.is_row_filtered())
    }

    /// Whether it may be told which documents of the DocType are whose parents.
    pub fn shows_tree(&self, doctype: &str) -> bool {
        let Ok(permit) = self.permit(Operation::Read, doctype) else { return false };
        let fields = erpnext_doctypes::any(doctype).into_iter().flat_map(|def| def.fields);
        let mut parents =
            fields.filter(|field| field.target() == Some(doctype) && field.fieldname.starts_with("parent"));
        !permit.is_row_filtered() && parents.all(|field| permit.fields().may_read(field))
    }

    /// Whether every document of the DocType may be read; it may be named as in addresses of the desk (`sales-invoice`).
    pub fn shows_every(&self, doctype: &str) -> bool {
        let mut names = erpnext_doctypes::ALL.iter().map(|table| table.name());
        let is = |name: &&str| *name == doctype || name.to_lowercase().replace(' ', "-") == doctype;
        let doctype = names.find(is).unwrap_or(doctype);
        self.permit(Operation::Read, doctype).is_ok_and(|permit| !permit.is_row_filtered())
    }

    /// Whether the rules on the DocType keep back what a report calls by this name, or shows under this label.
    pub fn withholds(&self, def: &DocTypeDef, name: &str, label: &str) -> bool {
        let rule = self.field_rule(def.name);
        let same =
            |field: &str| !field.is_empty() && (field.eq_ignore_ascii_case(name) || field.eq_ignore_ascii_case(label));
        let called_so = def.fields.iter().filter(|field| same(field.fieldname) || same(field.label));
        let mut values = called_so.filter(|field| field.kind.holds_value() && !field.kind.is_table());
        values.any(|field| !rule.may_read(field))
    }

    fn field_rule(&self, doctype: &str) -> &Arc<FieldRule> {
        let rule = self.doctypes.get(doctype).map(|rule| &rule.fields);
        rule.or_else(|| self.copies.get(doctype)).unwrap_or(&self.open)
    }
}

fn no(report: &str, why: String) -> Denial {
    Denial { doctype: report.to_owned(), operation: Operation::Report, reason: Reason::Refused(why) }
}
