//! A DocType in all its versions: one table whose rows say which versions have them, cut to one version when asked.

use std::fmt;
use std::iter::Chain;
use std::slice::Iter;
use std::sync::OnceLock;

use crate::{DocTypeDef, FieldDef, ToolDef, Version, Versions, flag, intern};

/// A fact about a DocType that versions state differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// [`DocTypeDef::module`].
    Module(&'static str),
    /// [`DocTypeDef::flags`].
    Flags(u32),
    /// [`DocTypeDef::autoname`].
    Autoname(Option<&'static str>),
    /// [`DocTypeDef::title_field`].
    TitleField(Option<&'static str>),
    /// [`DocTypeDef::search_fields`].
    SearchFields(&'static [&'static str]),
    /// [`DocTypeDef::sort`].
    Sort(&'static str),
    /// [`DocTypeDef::tools`].
    Tools(&'static [ToolDef]),
}

impl Fact {
    /// States it in a table.
    pub const fn apply(self, def: &mut DocTypeDef) {
        match self {
            Self::Module(module) => def.module = module,
            Self::Flags(flags) => def.flags = flags,
            Self::Autoname(autoname) => def.autoname = autoname,
            Self::TitleField(field) => def.title_field = field,
            Self::SearchFields(fields) => def.search_fields = fields,
            Self::Sort(sort) => def.sort = sort,
            Self::Tools(tools) => def.tools = tools,
        }
    }
}

/// A DocType in all its versions.
///
/// A field that versions state differently has a row for each; the row of the newest is the one that is not
/// [`flag::SUPERSEDED`]. No version's table shows more than one.
pub struct Versioned {
    /// What the newest version says, with the rows of all.
    all: DocTypeDef,
    only: Versions,
    but: &'static [(Versions, Fact)],
    cut: [OnceLock<&'static DocTypeDef>; Version::COUNT],
    any: OnceLock<&'static DocTypeDef>,
}

impl Versioned {
    /// A DocType of every version.
    pub const fn new(all: DocTypeDef) -> Self {
        let cut = [const { OnceLock::new() }; Version::COUNT];
        Self { all, only: Versions::ALL, but: &[], cut, any: OnceLock::new() }
    }

    /// The versions that have it.
    #[must_use]
    pub const fn only(mut self, versions: Versions) -> Self {
        self.only = versions;
        self
    }

    /// What versions say otherwise.
    #[must_use]
    pub const fn but(mut self, facts: &'static [(Versions, Fact)]) -> Self {
        self.but = facts;
        self
    }

    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        self.all.name
    }

    /// The tools of all versions; one may come more than once.
    pub fn tools(&self) -> impl Iterator<Item = &'static ToolDef> + use<> {
        let older = self.but.iter().filter_map(|(_, fact)| match fact {
            Fact::Tools(tools) => Some(*tools),
            _ => None,
        });
        self.all.tools.iter().chain(older.flatten())
    }

    /// The table of one version; none where it has no such DocType. Made when first asked for.
    pub fn of(&'static self, version: Version) -> Option<&'static DocTypeDef> {
        let cut = self.cut.get(version as usize).filter(|_| self.only.has(version))?;
        Some(cut.get_or_init(|| self.cut(version)))
    }

    /// The table where the version does not matter: what the newest version says, with the fields of all.
    pub fn any(&'static self) -> &'static DocTypeDef {
        self.any.get_or_init(|| {
            if self.has_same_rows() {
                return &self.all;
            }
            let rows = self.all.fields.iter().filter(|row| !row.is(flag::SUPERSEDED));
            intern::one(DocTypeDef { fields: unmarked(rows), ..self.all })
        })
    }

    /// The fields of all versions, each once: the standard ones, then the form's, as the newest version states them.
    pub fn members(&self) -> Members {
        Members(self.all.standard_fields().iter().chain(self.all.fields))
    }

    fn cut(&'static self, version: Version) -> &'static DocTypeDef {
        let mut facts = self.but.iter().filter(|(versions, _)| versions.has(version)).peekable();
        let same_rows = self.has_same_rows();
        if same_rows && facts.peek().is_none() {
            return &self.all;
        }
        let mut def = self.all;
        for (_, fact) in facts {
            fact.apply(&mut def);
        }
        if !same_rows {
            def.fields = unmarked(def.fields.iter().filter(|row| row.only.has(version)));
        }
        intern::one(def)
    }

    fn has_same_rows(&self) -> bool {
        self.all.fields.iter().all(|row| row.only == Versions::ALL)
    }
}

/// The rows as a table of one version has them.
fn unmarked(rows: impl Iterator<Item = &'static FieldDef> + Clone) -> &'static [FieldDef] {
    // It lives as long as the process: no room is taken that is not used.
    let mut unmarked = Vec::with_capacity(rows.clone().count());
    unmarked.extend(rows.map(|row| FieldDef { only: Versions::ALL, flags: row.flags & !flag::SUPERSEDED, ..*row }));
    intern::list(unmarked)
}

/// What [`Versioned::members`] gives.
pub struct Members(Chain<Iter<'static, FieldDef>, Iter<'static, FieldDef>>);

impl Iterator for Members {
    type Item = &'static FieldDef;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.find(|field| !field.is(flag::SUPERSEDED))
    }
}

impl fmt::Debug for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Versioned").field(&self.all.name).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::only::{V15, V16};
    use crate::{FieldKind, field};

    static TASK: Versioned = Versioned::new(DocTypeDef {
        sort: "creation desc",
        fields: &[
            field!("subject", Data, "Subject"),
            field!("start", Datetime, "Start", only = V16),
            field!("start", Date, "Start", only = V15, flags = flag::SUPERSEDED | flag::BOLD),
            field!("source", Data, "Source", only = V15),
        ],
        ..DocTypeDef::new("Task", "Projects")
    })
    .but(&[(V15, Fact::Sort("modified desc")), (V15, Fact::TitleField(Some("subject")))]);

    static GONE: Versioned = Versioned::new(DocTypeDef::new("Gone", "CRM")).only(V15);
    static SAME: Versioned = Versioned::new(DocTypeDef::new("Same", "CRM"));

    #[test]
    fn a_version_sees_its_own_rows_and_facts_and_no_marks() {
        let (old, new) = (TASK.of(Version::V15).unwrap(), TASK.of(Version::V16).unwrap());
        let rows = |def: &DocTypeDef| -> Vec<(&str, FieldKind, u32)> {
            def.fields.iter().map(|row| (row.fieldname, row.kind, row.flags)).collect()
        };
        let subject = ("subject", FieldKind::Data, 0);
        assert_eq!(rows(new), [subject, ("start", FieldKind::Datetime, 0)]);
        assert_eq!(rows(old), [subject, ("start", FieldKind::Date, flag::BOLD), ("source", FieldKind::Data, 0)]);
        assert!(old.fields.iter().chain(new.fields).all(|row| row.only == Versions::ALL));
        assert_eq!((old.sort, old.title_field), ("modified desc", Some("subject")));
        assert_eq!((new.sort, new.title_field), ("creation desc", None));
    }

    #[test]
    fn a_table_is_cut_once_and_one_that_needs_no_cut_is_returned_as_it_is() {
        assert!(std::ptr::eq(TASK.of(Version::V15).unwrap(), TASK.of(Version::V15).unwrap()));
        assert!(std::ptr::eq(SAME.of(Version::V15).unwrap(), SAME.of(Version::V16).unwrap()));
        assert_eq!(GONE.of(Version::V16), None);
        assert!(std::ptr::eq(SAME.any(), SAME.of(Version::V16).unwrap()));
        assert_eq!(GONE.any().name, "Gone");
    }

    #[test]
    fn the_members_are_the_fields_of_all_versions_each_once() {
        let members: Vec<_> = TASK.members().skip(7).map(|row| (row.fieldname, row.kind)).collect();
        let expected = [("subject", FieldKind::Data), ("start", FieldKind::Datetime), ("source", FieldKind::Data)];
        assert_eq!(members, expected);
        let any = TASK.any();
        assert!(any.fields.iter().map(|row| (row.fieldname, row.kind)).eq(expected));
        assert!(any.sort == "creation desc" && any.fields.iter().all(|row| row.only == Versions::ALL));
    }
}
