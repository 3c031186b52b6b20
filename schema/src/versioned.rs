//! A DocType in all its versions: one table whose rows say which versions have them, packed, and cut to one version when asked.

use std::fmt;
use std::iter::Chain;
use std::slice::Iter;
use std::sync::OnceLock;

use crate::packed::{self, Packed};
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

/// What is stated of a DocType: constant data, which the program holds in packed form only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stated {
    /// What the newest version says, with the rows of all.
    pub def: DocTypeDef,
    /// The versions that have it.
    pub only: Versions,
    /// What versions say otherwise.
    pub but: &'static [(Versions, Fact)],
}

impl Stated {
    /// A DocType of every version.
    pub const fn new(def: DocTypeDef) -> Self {
        Self { def, only: Versions::ALL, but: &[] }
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

    /// The number of bytes that it takes.
    pub const fn packed_len(&self) -> usize {
        packed::pack(self, &mut [])
    }

    /// The bytes that the program holds of it: as many as [`Self::packed_len`] says.
    pub const fn packed<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        packed::pack(self, &mut bytes);
        bytes
    }

    const fn has_same_rows(&self) -> bool {
        let mut at = 0;
        while at < self.def.fields.len() {
            if self.def.fields[at].only.bits() != Versions::ALL.bits() {
                return false;
            }
            at += 1;
        }
        true
    }
}

/// The static of what is stated: `static TASK: Versioned = versioned!(Stated::new(DocTypeDef { … }));`
#[macro_export]
macro_rules! versioned {
    ($stated:expr) => {{
        const TABLE: $crate::Stated = $stated;
        static PACKED: [u8; TABLE.packed_len()] = TABLE.packed();
        $crate::Versioned::new(&TABLE, &PACKED)
    }};
}

/// A DocType in all its versions, made by [`versioned!`](crate::versioned!). Its tables are made of what is packed when they
/// are first asked for.
///
/// A field that versions state differently has a row for each; the row of the newest is the one that is not
/// [`flag::SUPERSEDED`]. No version's table shows more than one.
pub struct Versioned {
    name: &'static str,
    only: Versions,
    has_same_rows: bool,
    packed: Packed,
    cut: [OnceLock<&'static DocTypeDef>; Version::COUNT],
    any: OnceLock<&'static DocTypeDef>,
}

/// What [`Versioned::members`] gives.
pub(crate) type Members = Chain<Iter<'static, FieldDef>, Iter<'static, FieldDef>>;

impl Versioned {
    /// What is stated, with its own bytes.
    #[doc(hidden)]
    pub const fn new(stated: &Stated, packed: &'static [u8]) -> Self {
        Self {
            name: stated.def.name,
            only: stated.only,
            has_same_rows: stated.has_same_rows(),
            packed: Packed(packed),
            cut: [const { OnceLock::new() }; Version::COUNT],
            any: OnceLock::new(),
        }
    }

    /// What is stated at run time. It is never freed.
    pub fn interned(stated: &Stated) -> &'static Self {
        let mut bytes = vec![0; stated.packed_len()];
        packed::pack(stated, &mut bytes);
        intern::one(Self::new(stated, intern::list(bytes)))
    }

    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the version has it.
    pub const fn is_in(&self, version: Version) -> bool {
        self.only.has(version)
    }

    /// The module that the newest version puts it in.
    pub fn module(&self) -> &'static str {
        self.packed.module()
    }

    /// Whether the newest version sets all the given bits of [`doctype_flag`](crate::doctype_flag).
    pub fn is(&self, flags: u32) -> bool {
        self.packed.flags() & flags == flags
    }

    /// The tools of all versions; one may come more than once. Read anew each time, without the fields.
    pub fn tools(&self) -> impl Iterator<Item = ToolDef> + use<> {
        let older = self.packed.facts().into_iter().filter_map(|(_, fact)| match fact {
            Fact::Tools(tools) => Some(tools),
            _ => None,
        });
        self.packed.tools().into_iter().chain(older.flatten().copied())
    }

    /// The table of one version; none where it has no such DocType.
    pub fn of(&'static self, version: Version) -> Option<&'static DocTypeDef> {
        let cut = self.cut.get(version as usize).filter(|_| self.is_in(version))?;
        Some(cut.get_or_init(|| self.cut(version)))
    }

    /// The table where the version does not matter: what the newest version says, with the fields of all.
    pub fn any(&'static self) -> &'static DocTypeDef {
        self.any.get_or_init(|| intern::one(self.table(|row| !row.is(flag::SUPERSEDED))))
    }

    /// The fields of all versions, each once: the standard ones, then the form's, as the newest version states them.
    pub fn members(&'static self) -> Members {
        let any = self.any();
        any.standard_fields().iter().chain(any.fields)
    }

    fn cut(&'static self, version: Version) -> &'static DocTypeDef {
        let facts = self.packed.facts().into_iter().filter(|(versions, _)| versions.has(version));
        let facts: Vec<Fact> = facts.map(|(_, fact)| fact).collect();
        if self.has_same_rows && facts.is_empty() {
            return self.any();
        }
        let mut def = if self.has_same_rows { *self.any() } else { self.table(|row| row.only.has(version)) };
        facts.into_iter().for_each(|fact| fact.apply(&mut def));
        intern::one(def)
    }

    /// The table of these rows, without the marks that tell versions apart.
    fn table(&self, is_meant: impl Fn(&FieldDef) -> bool) -> DocTypeDef {
        let (def, mut rows) = self.packed.table(self.name);
        rows.retain(is_meant);
        for row in &mut rows {
            row.only = Versions::ALL;
            row.flags &= !flag::SUPERSEDED;
        }
        DocTypeDef { fields: intern::list(rows), ..def }
    }
}

impl fmt::Debug for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Versioned").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::only::{V15, V16};
    use crate::{FieldKind, field};

    const STATED: Stated = Stated::new(DocTypeDef {
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

    static TASK: Versioned = versioned!(STATED);
    static GONE: Versioned = versioned!(Stated::new(DocTypeDef::new("Gone", "CRM")).only(V15));
    static SAME: Versioned = versioned!(Stated::new(DocTypeDef::new("Same", "CRM")));

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
