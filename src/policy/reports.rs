//! Which reports may be run, and which of their columns may be seen. The site runs them without a look at field
//! permissions (H53), so a column is judged by the fields of the DocTypes that the report is about and links to.

use std::collections::BTreeSet;
use std::sync::Arc;

use erpnext_schema::known_columns::REPORTED;
use erpnext_schema::known_copies::LEDGERS;
use erpnext_schema::known_reports::{Numbers, made};
use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, Shape, doctype_flag};

use super::permit::Terms;
use super::{Denial, FieldRef, FieldRule, Operation, Permit, Policy, Reason, is_within};

/// What a report calls a column or a filter.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// The report.
    pub report: &'a str,
    /// The name.
    pub name: &'a str,
    /// The label; empty where there is none.
    pub label: &'a str,
    /// Whether it is a column of numbers.
    pub is_number: bool,
    /// Whether it is a filter.
    pub is_filter: bool,
}

impl<'a> Called<'a> {
    /// A filter of the report.
    pub fn filter(report: &'a str, name: &'a str, label: &'a str) -> Self {
        Self { report, name, label, is_number: false, is_filter: true }
    }

    /// Whether it is called like a field of the name and label.
    fn is(self, field: &FieldDef) -> bool {
        let same = |own: &str| {
            !own.is_empty() && (own.eq_ignore_ascii_case(self.name) || own.eq_ignore_ascii_case(self.label))
        };
        same(field.fieldname) || same(field.label)
    }

    /// Whether it is called like a field of the DocTypes and their rows, which for a number has to be one, or as a column is
    /// known to be.
    fn is_known(self, about: &[&'static DocTypeDef], get: Children<'_>) -> bool {
        let is_number = |field: &FieldDef| matches!(field.kind.shape(), Shape::Int | Shape::Float);
        let mut fields = about.iter().flat_map(|def| def.fields_and_columns(get)).map(|(_, field)| field);
        REPORTED.iter().any(|(column, _)| *column == self.name)
            || fields.any(|field| (is_number(field) || !self.is_number) && self.is(field))
    }
}

impl Policy {
    /// Whether any report may be run.
    pub fn opens_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Whether the report may be run, by its exact name.
    pub fn opens_report(&self, report: &str) -> bool {
        self.reports.iter().any(|pattern| pattern.matches(report))
    }

    /// Whether the report may be run at all, before it is known what it is about.
    ///
    /// # Errors
    /// Where `permissions.reports` does not name it; in full, where reading any DocType is limited to some documents.
    pub fn admits_report(&self, report: &str) -> Result<(), Denial> {
        match self.opens_report(report) {
            true => Ok(()),
            false => Err(no(report, self.not_named())),
        }
    }

    /// Whether the report may be run where another runs behind it. Whoever saved it chose its name, so that a pattern opens it
    /// only if it opens the other, too.
    ///
    /// # Errors
    /// Where neither the report is named in full nor the other is opened.
    pub fn admits_behind(&self, report: &str, behind: &str) -> Result<(), Denial> {
        let is_named = self.reports.iter().any(|pattern| pattern.is_name() && pattern.matches(report));
        if is_named { Ok(()) } else { self.admits_report(behind) }
    }

    /// Leave to run a report that runs another one, `behind`, which is about the DocType `about`: of a report that was saved in
    /// the desk, its author chose what it claims to be about. `permit` is the report's own, and holds where `about` is empty.
    ///
    /// # Errors
    /// As [`Self::admits_behind`] and [`Self::permit_report`].
    pub fn permit_behind(&self, permit: Permit, report: &str, behind: &str, about: &str) -> Result<Permit, Denial> {
        self.admits_behind(report, behind)?;
        if about.is_empty() { Ok(permit) } else { self.permit_report(report, about) }
    }

    fn not_named(&self) -> String {
        let why = "permissions.reports does not name it";
        match self.doctypes.keys().find(|doctype| self.is_row_filtered(doctype)) {
            Some(limited) => {
                format!(
                    "{why} in full, as it has to here: reports are over every {limited}, of which only some may be read"
                )
            }
            None => why.to_owned(),
        }
    }

    /// Leave to run a report, which is about documents of the DocType.
    ///
    /// # Errors
    /// Where `permissions.reports` does not name it, where the DocType is of none of the toolsets that are left, where its rule
    /// does not permit reports, or where reading it is limited to some documents: the site runs reports over all of them.
    pub fn permit_report(&self, report: &str, doctype: &str) -> Result<Permit, Denial> {
        self.admits_report(report)?;
        let doctype = self.exact_name(doctype);
        if !is_within(self.within.as_deref(), doctype) {
            return Err(no(
                report,
                format!("{doctype}, which it is about, is of none of the toolsets that are left here"),
            ));
        }
        if self.doctypes.get(doctype).is_some_and(|rule| !rule.operations.contains(Operation::Report)) {
            return Err(no(report, format!("the rule on {doctype}, which it is about, does not permit reports")));
        }
        if self.is_row_filtered(doctype) {
            return Err(no(report, format!("reading {doctype} is limited by conditions, which reports ignore")));
        }
        Ok(Permit::new(doctype, Operation::Report, Arc::clone(self.field_rule(doctype)), Terms::default()))
    }

    /// Whether the configuration lets only part of the documents be read of the DocType, however the site spells it.
    pub fn is_row_filtered(&self, doctype: &str) -> bool {
        self.doctypes.get(self.exact_name(doctype)).is_some_and(|rule| rule.conditions.contains_key(&Operation::Read))
    }

    /// Whether the rule on the DocType keeps the field back, whatever may be done with its documents.
    pub fn withholds_field(&self, doctype: &str, field: &str) -> bool {
        !self.field_rule(doctype).may_read(FieldRef::find(erpnext_doctypes::any(doctype), field))
    }

    /// Whether every document of the DocType may be read, with every field that needs no naming.
    pub fn shows_whole(&self, doctype: &str) -> bool {
        self.permit(Operation::Read, doctype).is_ok_and(|permit| permit.fields().is_open() && !permit.is_row_filtered())
    }

    /// Whether nothing is withheld of any DocType.
    pub fn shows_all(&self) -> bool {
        let all = self.doctypes.keys().map(String::as_str).all(|doctype| self.shows_whole(doctype));
        let is_open = self.default.contains(Operation::Read) && self.fields.is_open() && self.within.is_none();
        all && is_open && self.copies.is_empty()
    }

    /// Whether the documents of the DocType are known to form no tree.
    pub fn is_no_tree(doctype: &str) -> bool {
        erpnext_doctypes::any(doctype).is_some_and(|def| !def.is(doctype_flag::TREE))
    }

    /// Whether it may be told which documents of the DocType are whose parents.
    pub fn shows_tree(&self, doctype: &str) -> bool {
        let Ok(permit) = self.permit(Operation::Read, doctype) else { return false };
        let Some(def) = erpnext_doctypes::any(doctype) else {
            // Which field of the site's own tells of parents is not known.
            return permit.fields().is_open() && !permit.is_row_filtered();
        };
        let mut parents =
            def.fields.iter().filter(|field| field.target() == Some(doctype) && field.fieldname.starts_with("parent"));
        !permit.is_row_filtered() && parents.all(|field| permit.fields().may_read(field))
    }

    /// Whether every document of the DocType may be read; it may be named as in addresses of the desk (`sales-invoice`).
    pub fn shows_every(&self, doctype: &str) -> bool {
        // Those of the site's own that have rules are in no generated table.
        let generated = erpnext_doctypes::ALL.iter().map(|table| table.name());
        let mut names = self.doctypes.keys().map(String::as_str).chain(generated);
        let is = |name: &&str| *name == doctype || name.to_lowercase().replace(' ', "-") == doctype;
        let doctype = names.find(is).unwrap_or(doctype);
        self.permit(Operation::Read, doctype).is_ok_and(|permit| !permit.is_row_filtered())
    }

    /// Whether a rule keeps back any field of the DocType.
    pub fn withholds_of(&self, doctype: &str) -> bool {
        !self.field_rule(doctype).is_open()
    }

    /// Whether the rules keep back what a report about these DocTypes, which is made of documents of others too, calls so: also
    /// where it is known to show a field under another name, or to sum one up.
    pub fn withholds(
        &self,
        about: &[&'static DocTypeDef],
        from: &[&'static DocTypeDef],
        get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
        called: Called<'_>,
    ) -> bool {
        let mut shown = REPORTED.iter().filter(|(column, _)| *column == called.name).flat_map(|(_, fields)| *fields);
        let sums = made(called.report).filter(|made| match made.columns {
            Numbers::All => called.is_number,
            Numbers::Unnamed => called.is_number && !called.is_known(about, get),
            Numbers::Others => !called.is_filter && !called.is_known(about, get),
            Numbers::These(names) => names.contains(&called.name),
            Numbers::Columns(names) => !called.is_filter && names.contains(&called.name),
        });
        let linked = self.linked_to(about, get);
        let beside: Vec<&'static DocTypeDef> = linked.into_iter().chain(from.iter().copied()).collect();
        let mut sums = sums.flat_map(|made| made.sums);
        self.withholds_called(about, &beside, get, called.name, called.label)
            || shown.any(|field| self.withholds_called(about, &beside, get, field, ""))
            // What is summed up is known to be of these documents, and of none that they link to.
            || sums.any(|field| self.withholds_called(about, from, get, field, ""))
    }

    /// Whether the rules keep back what has this name or label: a field of the DocTypes `about`, a column of their rows, or a
    /// field of those `beside`. Where a field of that name may be read, it is taken for what is shown. Then nothing is kept
    /// back by a column in a table that is restricted as a whole, nor by a column, or a field of those `beside`, that is merely
    /// not among the allowed ones or restricted only as a copy.
    fn withholds_called(
        &self,
        about: &[&'static DocTypeDef],
        beside: &[&'static DocTypeDef],
        get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
        name: &str,
        label: &str,
    ) -> bool {
        let same =
            |field: &str| !field.is_empty() && (field.eq_ignore_ascii_case(name) || field.eq_ignore_ascii_case(label));
        let mut near: Vec<Standing> =
            about.iter().flat_map(|def| self.standings(def, get, &same, Standing::Restricted)).collect();
        // Every document has an owner and a time of creation: only what the report is about tells whose a column shows.
        let standard = about.iter().flat_map(|def| def.standard_fields().iter().map(move |field| (def, field)));
        let standard = standard.filter(|(_, field)| same(field.fieldname) || same(field.label));
        near.extend(standard.map(|(def, field)| match self.field_rule(def.name).may_read(field) {
            true => Standing::Shown,
            false => Standing::Restricted,
        }));
        let far = beside.iter().flat_map(|def| self.standings(def, get, &same, Standing::Unlisted));
        let far: Vec<Standing> = far.collect();
        let any = |what| near.contains(&what) || far.contains(&what);
        let own = near.contains(&Standing::Shown);
        any(Standing::Restricted)
            || any(Standing::InRestrictedTable) && !own
            || any(Standing::Unlisted) && !own && !near.contains(&Standing::ShownInRows)
    }

    /// What the rule of the DocType says of all that is called so; `unlisted` stands for a field of its own that is not among
    /// the allowed ones, and for what is restricted only as a copy.
    fn standings(
        &self,
        def: &'static DocTypeDef,
        get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
        same: &dyn Fn(&str) -> bool,
        unlisted: Standing,
    ) -> Vec<Standing> {
        let rule = self.field_rule(def.name);
        let called_so = |def: &'static DocTypeDef| {
            let so = def.fields.iter().filter(|field| same(field.fieldname) || same(field.label));
            so.filter(|field| field.kind.holds_value() && !field.kind.is_table())
        };
        let of_field = |field: &FieldDef| match rule.may_read(field) {
            true => Standing::Shown,
            false if self.states(def.name, field.fieldname) => Standing::Restricted,
            false => unlisted,
        };
        let mut found: Vec<Standing> = called_so(def).map(of_field).collect();
        let own = found.contains(&Standing::Shown);
        let of_column = |table: &FieldDef, column: &FieldDef| match rule.may_read_child(table, column) {
            true => Some(Standing::ShownInRows),
            false if rule.restricts(table.into()) => Some(Standing::InRestrictedTable),
            // What the document shows itself is not taken for what a list of allowed fields leaves out of its rows.
            false if !rule.restricts_column(table.into(), column.into()) => (!own).then_some(Standing::Unlisted),
            false if self.states(def.name, &format!("{}.{}", table.fieldname, column.fieldname)) => {
                Some(Standing::Restricted)
            }
            false => Some(unlisted),
        };
        for (table, child) in def.known_tables(get) {
            found.extend(called_so(child).filter_map(|column| of_column(table, column)));
        }
        found
    }

    /// The DocTypes with a rule to which documents of these, and their rows, may link.
    fn linked_to(
        &self,
        about: &[&'static DocTypeDef],
        get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    ) -> Vec<&'static DocTypeDef> {
        let linked: BTreeSet<&str> = about.iter().flat_map(|def| self.linked(def, get)).collect();
        linked.into_iter().filter(|name| !about.iter().any(|def| def.name == *name)).filter_map(get).collect()
    }

    /// Whether the configuration itself restricts the field, or column.
    fn states(&self, doctype: &str, path: &str) -> bool {
        self.doctypes.get(doctype).is_some_and(|rule| rule.restricted.contains(path))
    }

    /// The DocTypes with a rule that documents of this one, and their rows, may link to.
    fn linked(&self, def: &'static DocTypeDef, get: &dyn Fn(&str) -> Option<&'static DocTypeDef>) -> Vec<&str> {
        let links: Vec<&FieldDef> = def.fields_and_columns(get).map(|(_, field)| field).collect();
        let is_linked = |name: &&str| {
            links.iter().any(|link| match link.kind {
                FieldKind::Link => link.target() == Some(*name),
                FieldKind::DynamicLink => !LEDGERS.contains(name),
                _ => false,
            })
        };
        let ruled = self.doctypes.iter().filter(|(_, rule)| !rule.fields.is_open()).map(|(name, _)| name.as_str());
        ruled.chain(self.copies.keys().copied()).filter(is_linked).collect()
    }

    pub(super) fn field_rule(&self, doctype: &str) -> &Arc<FieldRule> {
        let rule = self.doctypes.get(doctype).map(|rule| &rule.fields);
        rule.or_else(|| self.copies.get(doctype)).unwrap_or(&self.open)
    }
}

/// What a rule says of a field, or a column of rows, that is called as a report calls something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is a field that may be seen.
    Shown,
    /// It is a column that may be seen.
    ShownInRows,
    /// It is not among what may be seen.
    Unlisted,
    /// It stands in a table that is restricted as a whole.
    InRestrictedTable,
    /// It is restricted by name.
    Restricted,
}

fn no(report: &str, why: String) -> Denial {
    Denial { doctype: report.to_owned(), operation: Operation::Report, reason: Reason::Refused(why) }
}
