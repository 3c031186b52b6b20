//! `FieldRule`: which fields of a DocType may be seen and set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use erpnext_schema::{CHILD_STANDARD_FIELDS, Children, DocTypeDef, FieldDef, Shape, flag};

use crate::config::{ATTACHMENTS, COMMENTS};

/// Which fields of a DocType may be seen and set. The default lets everything through that needs no naming.
///
/// - A restricted field is neither seen nor set, whatever else is said.
/// - `name`, `doctype`, `docstatus` and `modified` are always seen (a row's `name` and `doctype` wherever its table is):
///   they say which document it is, in which state, and which version a safe write starts from (H9). The other standard
///   fields (`owner`, `creation`, `modified_by`, `idx`) must be named like any field where there is a list of allowed ones.
/// - Standard and virtual fields are never set.
/// - Extra fields are named beside whatever else may be seen and set.
/// - A field above permlevel 0 is seen and set only where it is named; a field of the site's own, or of an app's, that is fetched
///   from one that is restricted is seen only where it is named.
/// - A field that by its name holds a key in plain text is seen only where it is named.
/// - A Password is never seen, and set only where it is named.
/// - A named table (`items`) stands for its columns; a named column (`items.rate`) shows the table with just that column.
#[derive(Clone, Default, Hash, Debug)]
pub struct FieldRule {
    allowed: Option<Names>,
    extra: Names,
    restricted: Names,
    unreadable: bool,
    /// The fields that are restricted on any DocType: what the site's and its apps' own fields fetch from one needs naming.
    sources: Arc<BTreeSet<String>>,
}

/// Fields, and columns of tables.
#[derive(Clone, Default, Hash, Debug)]
struct Names {
    fields: BTreeSet<String>,
    columns: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    fn new(names: &[String]) -> Self {
        let mut sorted = Self::default();
        for name in names {
            match name.split_once('.') {
                Some((table, column)) => {
                    sorted.columns.entry(table.to_owned()).or_default().insert(column.to_owned());
                }
                None => {
                    sorted.fields.insert(name.clone());
                }
            }
        }
        sorted
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }
}

/// How the names of fields end that hold keys in plain text.
const PLAIN_SECRETS: &[&str] = &[
    "access_key",
    "api_key",
    "apikey",
    "credentials",
    "passwd",
    "password",
    "password_key",
    "private_key",
    "secret",
    "secret_key",
    "token",
    "webhook_url",
];

/// What a rule needs to know of a field.
#[derive(Clone, Copy, Debug)]
pub struct FieldRef<'a> {
    pub(super) name: &'a str,
    /// None where no table knows the field.
    pub(super) def: Option<&'a FieldDef>,
}

impl<'a> From<&'a FieldDef> for FieldRef<'a> {
    fn from(def: &'a FieldDef) -> Self {
        Self { name: def.fieldname, def: Some(def) }
    }
}

impl<'a> FieldRef<'a> {
    /// The field of that name, with what the table knows of it; without a table, or in a table that does not know it, a
    /// field of which only the name is known.
    pub fn find(table: Option<&'a DocTypeDef>, name: &'a str) -> Self {
        Self { name, def: table.and_then(|table| table.field(name)) }
    }

    /// Whether it can hold rows, as far as is known.
    pub(super) fn may_hold_rows(self) -> bool {
        self.def.is_none_or(|def| def.kind.is_table())
    }

    pub(super) fn is_table(self) -> bool {
        self.def.is_some_and(|def| def.kind.is_table())
    }

    /// Frappe's own keys (`__onload`, `_user_tags`) are no business of a caller, unless a table says they are fields.
    fn is_internal(self) -> bool {
        self.def.is_none() && self.name.starts_with('_')
    }

    fn is_secret(self) -> bool {
        self.def.is_some_and(|def| matches!(def.kind.shape(), Shape::Secret))
    }

    /// Whether it holds a key in plain text, by its name.
    fn is_plain_secret(self) -> bool {
        let is_text = |def: &FieldDef| def.kind.shape() == Shape::Text && def.target().is_none();
        self.def.is_none_or(is_text) && PLAIN_SECRETS.iter().any(|end| self.name.ends_with(end))
    }

    fn is_layout(self) -> bool {
        self.def.is_some_and(|def| !def.kind.holds_value())
    }

    fn is_above_level_0(self) -> bool {
        self.def.is_some_and(|def| def.permlevel > 0)
    }

    /// Whether it is seen only where it is named.
    fn must_be_named(self) -> bool {
        self.is_above_level_0() || self.is_plain_secret()
    }

    /// Kept or computed by the site.
    fn is_the_sites(self) -> bool {
        let standard = || CHILD_STANDARD_FIELDS.iter().any(|field| field.fieldname == self.name);
        match self.def {
            Some(def) => def.is(flag::STANDARD) || def.is(flag::VIRTUAL),
            None => self.name == "doctype" || standard(),
        }
    }
}

impl FieldRule {
    /// The rule of two lists of `fieldname` and `table.fieldname`; no list of allowed fields allows all of them.
    pub fn new(allowed: Option<&[String]>, restricted: &[String]) -> Self {
        Self { allowed: allowed.map(Names::new), restricted: Names::new(restricted), ..Self::default() }
    }

    /// The same rule where these fields are named beside the allowed ones.
    pub(super) fn with(self, extra: &[String]) -> Self {
        Self { extra: Names::new(extra), ..self }
    }

    /// The same rule where these fields are restricted on some DocType or other.
    pub(super) fn beside(self, sources: &Arc<BTreeSet<String>>) -> Self {
        Self { sources: Arc::clone(sources), ..self }
    }

    /// Whether the field holds what is restricted elsewhere, and only the site tells so: it is one of its own, or of an app's.
    /// Which DocType it is fetched from is not looked at.
    fn is_copy(&self, field: FieldRef<'_>) -> bool {
        let from = field.def.filter(|def| def.is(flag::FETCHED_OTHERWISE)).and_then(|def| def.fetch_from);
        from.and_then(|from| from.split_once('.')).is_some_and(|(_, source)| self.sources.contains(source))
    }

    /// The same rule for a caller who may not read: only what is always seen is seen.
    pub(super) fn unreadable(self) -> Self {
        Self { unreadable: true, ..self }
    }

    /// Whether every field may be seen that needs no naming, so that nothing has to be explained to the caller.
    pub fn is_open(&self) -> bool {
        let unrestricted = self.restricted.fields.is_empty() && self.restricted.columns.is_empty();
        self.allowed.is_none() && unrestricted && !self.unreadable
    }

    /// Whether the field may be seen.
    pub fn may_read<'a>(&self, field: impl Into<FieldRef<'a>>) -> bool {
        let field = field.into();
        if matches!(field.name, "name" | "doctype" | "docstatus" | "modified") {
            return true;
        }
        !self.unreadable && !field.is_secret() && self.grants(field, field.must_be_named() || self.is_copy(field))
    }

    /// Whether the field may be set.
    pub fn may_write<'a>(&self, field: impl Into<FieldRef<'a>>) -> bool {
        let field = field.into();
        !field.is_the_sites() && self.grants(field, field.is_above_level_0() || field.is_secret())
    }

    /// Whether the column of the table may be seen.
    pub fn may_read_child<'a>(&self, table: impl Into<FieldRef<'a>>, column: impl Into<FieldRef<'a>>) -> bool {
        let (table, column) = (table.into(), column.into());
        if !table.may_hold_rows() || !self.may_read(table) {
            return false;
        }
        let of_every_row = matches!(column.name, "name" | "doctype");
        let must_be_named = column.must_be_named() || self.is_copy(column);
        of_every_row || !column.is_secret() && self.grants_column(table, column, must_be_named)
    }

    /// Whether a field that the table has may be seen, or a column of rows that is named like `items.rate`.
    pub fn may_read_named(&self, def: &DocTypeDef, children: Children<'_>, name: &str) -> bool {
        let Some((table, column)) = name.split_once('.') else {
            return def.field(name).is_some_and(|field| self.may_read(field));
        };
        def.table(table).is_some_and(|table| {
            let column = table.rows_of().and_then(children).and_then(|child| child.field(column));
            column.is_some_and(|column| self.may_read_child(table, column))
        })
    }

    /// Whether the column of the table may be set. A row's `name` may: it says which row is meant.
    pub fn may_write_child<'a>(&self, table: impl Into<FieldRef<'a>>, column: impl Into<FieldRef<'a>>) -> bool {
        let (table, column) = (table.into(), column.into());
        if !table.may_hold_rows() || !self.may_write(table) {
            return false;
        }
        let must_be_named = column.is_above_level_0() || column.is_secret();
        column.name == "name" || !column.is_the_sites() && self.grants_column(table, column, must_be_named)
    }

    /// Whether the field is restricted by name.
    pub(super) fn restricts(&self, field: FieldRef<'_>) -> bool {
        self.restricted.fields.contains(field.name)
    }

    /// Whether the column is restricted by name.
    pub(super) fn restricts_column(&self, table: FieldRef<'_>, column: FieldRef<'_>) -> bool {
        self.restricted.has_column(table.name, column.name)
    }

    /// Whether comments on a document may be seen: with a list of allowed fields only where that names them.
    pub fn may_read_comments(&self) -> bool {
        self.may_read_beside(COMMENTS)
    }

    /// Whether files attached to a document may be seen: with a list of allowed fields only where that names them.
    pub fn may_read_attachments(&self) -> bool {
        self.may_read_beside(ATTACHMENTS)
    }

    /// What hangs on a document is no field of it, and can hold anything of it.
    fn may_read_beside(&self, name: &str) -> bool {
        let allowed = self.allowed.as_ref().is_none_or(|allowed| allowed.fields.contains(name));
        allowed && !self.restricted.fields.contains(name) && !self.unreadable
    }

    /// Whether the rule speaks of single columns of what may hold rows.
    pub(super) fn names_columns_of(&self, field: FieldRef<'_>) -> bool {
        let allowed = self.allowed.iter().any(|allowed| allowed.columns.contains_key(field.name));
        field.may_hold_rows() && (allowed || self.restricted.columns.contains_key(field.name))
    }

    fn grants(&self, field: FieldRef<'_>, must_be_named: bool) -> bool {
        if field.is_internal() || field.is_layout() || self.restricted.fields.contains(field.name) {
            return false;
        }
        let names = |names: &Names| {
            names.fields.contains(field.name) || field.may_hold_rows() && names.columns.contains_key(field.name)
        };
        names(&self.extra) || self.allowed.as_ref().map_or(!must_be_named, names)
    }

    /// What is granted of a table that is granted itself.
    fn grants_column(&self, table: FieldRef<'_>, column: FieldRef<'_>, must_be_named: bool) -> bool {
        if column.is_internal() || column.is_layout() || self.restricted.has_column(table.name, column.name) {
            return false;
        }
        if self.extra.has_column(table.name, column.name) {
            return true;
        }
        match &self.allowed {
            None => !must_be_named,
            Some(allowed) => {
                let by_table = || allowed.fields.contains(table.name) && !must_be_named;
                allowed.has_column(table.name, column.name) || by_table()
            }
        }
    }
}

/// Whether a name in a rule means the field, or column: a table stands for its columns.
pub fn stands_for(name: &str, field: &str) -> bool {
    field.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
