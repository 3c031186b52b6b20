//! The table of a DocType: what the generator writes, and what every rule, schema and error is derived from.

use crate::{FieldKind, Versions, doctype_flag, flag};

/// What a field refers to, by its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Options {
    /// Nothing.
    None,
    /// The DocType a Link points to, or whose rows a table holds.
    Target(&'static str),
    /// The field that names the DocType a Dynamic Link points to.
    TargetField(&'static str),
    /// The values of a Select, in order; empty where the site keeps them elsewhere (H38).
    Choices(&'static [&'static str]),
    /// What kind of text, code or currency: `Email`, `Phone`, `JSON`, the field that names the currency.
    Format(&'static str),
}

/// One field of a DocType.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldDef {
    /// The name on the wire.
    pub fieldname: &'static str,
    /// The field type.
    pub kind: FieldKind,
    /// What people see; empty where there is none.
    pub label: &'static str,
    /// Bits of [`flag`].
    pub flags: u32,
    /// What the field refers to.
    pub options: Options,
    /// The longest text in characters that the site states; 0 where it states none.
    pub length: u32,
    /// Decimal places that the site keeps, where it states any.
    pub precision: Option<u8>,
    /// Above 0, a role needs this level to see and set the field.
    pub permlevel: u8,
    /// What a new document gets where nothing is sent.
    pub default: Option<&'static str>,
    /// `link_field.field`: where the site copies the value from.
    pub fetch_from: Option<&'static str>,
    /// For people; only in snapshots refreshed with `--descriptions`.
    pub description: Option<&'static str>,
    /// The versions that have this row; less than all only in a [`Versioned`](crate::Versioned).
    pub only: Versions,
}

impl FieldDef {
    /// A field with nothing but a name, a kind and a label.
    pub const fn new(fieldname: &'static str, kind: FieldKind, label: &'static str) -> Self {
        Self {
            fieldname,
            kind,
            label,
            flags: 0,
            options: Options::None,
            length: 0,
            precision: None,
            permlevel: 0,
            default: None,
            fetch_from: None,
            description: None,
            only: Versions::ALL,
        }
    }

    /// Whether all the given bits of [`flag`] are set.
    pub const fn is(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }

    /// The DocType that a Link points to or whose rows a table holds.
    pub const fn target(&self) -> Option<&'static str> {
        match self.options {
            Options::Target(doctype) => Some(doctype),
            _ => None,
        }
    }

    /// The values of a Select that names any.
    pub const fn choices(&self) -> Option<&'static [&'static str]> {
        match self.options {
            Options::Choices(choices) if !choices.is_empty() => Some(choices),
            _ => None,
        }
    }

    /// The longest text in characters that the site stores.
    pub const fn max_length(&self) -> Option<u32> {
        match self.length {
            0 => self.kind.default_length(),
            stated => Some(stated),
        }
    }

    /// Whether a list can return, filter and sort by this field (H18).
    pub const fn in_lists(&self) -> bool {
        self.kind.in_lists() && self.flags & (flag::VIRTUAL | flag::UNLISTED) == 0
    }

    /// Whether a new document must state this field: mandatory, whether the form shows it or not, and neither the form's
    /// rules nor the site's own code would fill it. Of a Select the site takes the first choice, also the empty one, which
    /// then is missing.
    pub const fn must_be_sent(&self) -> bool {
        let has_first_choice = match self.options {
            Options::Choices([first, ..]) => {
                !first.is_empty() && !self.is(flag::EMPTY_FIRST) && matches!(self.kind, FieldKind::Select)
            }
            _ => false,
        };
        self.is(flag::REQD) && !has_first_choice && self.is_left_to_people()
    }

    /// The form takes `user` for who fills it in; the site takes it for the name of a user, whom there is not.
    const fn defaults_to_the_word_user(&self) -> bool {
        match self.default {
            Some(default) => {
                matches!(self.kind, FieldKind::Link) && matches!(default.as_bytes(), [b'u' | b'U', b's', b'e', b'r'])
            }
            None => false,
        }
    }

    const fn is_left_to_people(&self) -> bool {
        const FILLED: u32 = flag::READ_ONLY | flag::HIDDEN | flag::FILLED | flag::VIRTUAL;
        self.flags & FILLED == 0
            && (self.default.is_none() || self.defaults_to_the_word_user())
            && self.fetch_from.is_none()
            && !matches!(self.kind, FieldKind::Check)
    }
}

/// What a tool does with the documents of a DocType.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verb {
    /// Find many by filters.
    List,
    /// Read one.
    Get,
    /// Find by words.
    Search,
    /// Make a new one.
    Create,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
    /// Make a draft final.
    Submit,
    /// Undo what was submitted.
    Cancel,
    /// Make a new draft of what was cancelled.
    Amend,
}

impl Verb {
    /// Every verb, in order.
    pub const ALL: &[Self] = &[
        Self::List,
        Self::Get,
        Self::Search,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Submit,
        Self::Cancel,
        Self::Amend,
    ];
}

/// The tool of a DocType for one verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToolDef {
    /// What it does.
    pub verb: Verb,
    /// Its name on the wire: at most 50 characters of `[a-z0-9_]`.
    pub name: &'static str,
}

/// One DocType: the facts that everything else is derived from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DocTypeDef {
    /// The name on the wire.
    pub name: &'static str,
    /// The module it belongs to.
    pub module: &'static str,
    /// Bits of [`doctype_flag`].
    pub flags: u32,
    /// How documents get their names, as Frappe writes it.
    pub autoname: Option<&'static str>,
    /// The field that holds the title.
    pub title_field: Option<&'static str>,
    /// The fields that the desk's link search looks into, besides the name.
    pub search_fields: &'static [&'static str],
    /// The order of the desk's list, as `field direction`.
    pub sort: &'static str,
    /// The fields that hold values, in the form's order, without the standard ones.
    pub fields: &'static [FieldDef],
    /// The tools, for DocTypes that were generated.
    pub tools: &'static [ToolDef],
}

impl DocTypeDef {
    /// A DocType with nothing but a name and a module.
    pub const fn new(name: &'static str, module: &'static str) -> Self {
        Self {
            name,
            module,
            flags: 0,
            autoname: None,
            title_field: None,
            search_fields: &[],
            sort: "modified desc",
            fields: &[],
            tools: &[],
        }
    }

    /// The field whose value the title repeats, if the form's default for the title is the pattern `{field}`: the pattern
    /// itself can be stored in its place (H64).
    pub fn titled_by(&self) -> Option<&'static FieldDef> {
        let title = self.field(self.title_field?)?;
        self.field(title.default?.strip_prefix('{')?.strip_suffix('}')?)
    }

    /// The field with the first part of a name that the site makes of it and of its company: "Stores" of "Stores - AC".
    pub fn named_in_company(&self) -> Option<&'static FieldDef> {
        if self.autoname.is_some() || self.title_field.is_some() || self.field("company").is_none() {
            return None;
        }
        self.field(&format!("{}_name", self.name.to_lowercase().replace(' ', "_")))
    }

    /// Whether the text may be such a first part: the whole name has the company's abbreviation behind it.
    pub fn may_be_first_part(&self, text: &str) -> bool {
        !text.contains(" - ") && self.named_in_company().is_some()
    }

    /// Whether all the given bits of [`doctype_flag`] are set.
    pub const fn is(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }

    /// Whether a new document must state the field: as [`FieldDef::must_be_sent`] says, or because it is named by it.
    pub fn asks_for(&self, field: &FieldDef) -> bool {
        let names = self.autoname.and_then(|rule| rule.strip_prefix("field:")) == Some(field.fieldname);
        field.must_be_sent() || names && self.flags & doctype_flag::CHILD == 0 && field.is_left_to_people()
    }

    /// Whether whoever makes a document chooses its name.
    pub fn is_named_by_creator(&self) -> bool {
        !self.is(doctype_flag::CHILD) && self.autoname.is_some_and(|rule| rule.eq_ignore_ascii_case("prompt"))
    }

    /// The fields that Frappe keeps for every document of this DocType.
    pub fn standard_fields(&self) -> &'static [FieldDef] {
        if self.is(doctype_flag::CHILD) { CHILD_STANDARD_FIELDS } else { STANDARD_FIELDS }
    }

    /// Every field that holds a value: the standard ones, then the form's.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static FieldDef> + use<> {
        self.standard_fields().iter().chain(self.fields)
    }

    /// The field of that name, standard or of the form.
    pub fn field(&self, fieldname: &str) -> Option<&'static FieldDef> {
        self.all_fields().find(|field| field.fieldname == fieldname)
    }
}

/// `name, owner, creation, modified, modified_by, docstatus, idx`: on every document.
pub static STANDARD_FIELDS: &[FieldDef] = ALL_STANDARD.split_at(7).0;

/// The standard fields of a row: those of every document, and `parent, parentfield, parenttype`.
pub static CHILD_STANDARD_FIELDS: &[FieldDef] = &ALL_STANDARD;

static ALL_STANDARD: [FieldDef; 10] = [
    standard("name", FieldKind::Data, "ID"),
    FieldDef { options: Options::Target("User"), ..standard("owner", FieldKind::Link, "Created By") },
    standard("creation", FieldKind::Datetime, "Created On"),
    standard("modified", FieldKind::Datetime, "Last Updated On"),
    FieldDef { options: Options::Target("User"), ..standard("modified_by", FieldKind::Link, "Last Updated By") },
    standard("docstatus", FieldKind::Int, "Document Status"),
    standard("idx", FieldKind::Int, "Index"),
    standard("parent", FieldKind::Data, "Parent"),
    standard("parentfield", FieldKind::Data, "Parent Field"),
    FieldDef { options: Options::Target("DocType"), ..standard("parenttype", FieldKind::Link, "Parent Type") },
];

const fn standard(fieldname: &'static str, kind: FieldKind, label: &'static str) -> FieldDef {
    FieldDef { flags: flag::STANDARD | flag::READ_ONLY, ..FieldDef::new(fieldname, kind, label) }
}

/// A row of a generated table: `field!("fieldname", Kind, "Label", key = value, …)`.
#[macro_export]
macro_rules! field {
    ($name:literal, $kind:ident, $label:literal $(, $key:ident = $value:expr)* $(,)?) => {
        $crate::FieldDef {
            $($key: $value,)*
            ..$crate::FieldDef::new($name, $crate::FieldKind::$kind, $label)
        }
    };
}

/// A tool of a generated table: `tool!(List, "list_customer_documents")`.
#[macro_export]
macro_rules! tool {
    ($verb:ident, $name:literal) => {
        $crate::ToolDef { verb: $crate::Verb::$verb, name: $name }
    };
}

/// The index of all tables: `index! { CUSTOMER CustomerField, … }`, sorted by the DocTypes' names. Its test looks
/// that every table stands where the search finds it and that every field enum fits its table.
#[macro_export]
macro_rules! index {
    ($($table:ident $fields:ident,)*) => {
        /// Every DocType of any version, sorted by name.
        pub static ALL: &[&$crate::Versioned] = &[$(&$table,)*];

        /// The DocType of that name in all its versions.
        pub fn versioned(name: &str) -> Option<&'static $crate::Versioned> {
            ALL.binary_search_by(|table| table.name().cmp(name)).ok().map(|at| ALL[at])
        }

        /// The DocType of that name as the version has it.
        pub fn get(version: $crate::Version, name: &str) -> Option<&'static $crate::DocTypeDef> {
            versioned(name)?.of(version)
        }

        /// Every DocType that the version has, sorted by name.
        pub fn all(version: $crate::Version) -> impl Iterator<Item = &'static $crate::DocTypeDef> + Clone {
            ALL.iter().filter_map(move |table| table.of(version))
        }

        /// The names of the DocTypes that the version has, sorted. No table is made for them.
        pub fn names(version: $crate::Version) -> impl Iterator<Item = &'static str> + Clone {
            ALL.iter().filter(move |table| table.is_in(version)).map(|table| table.name())
        }

        /// The DocType of that name where the version does not matter: what the newest says, with the fields of all.
        pub fn any(name: &str) -> Option<&'static $crate::DocTypeDef> {
            versioned(name).map($crate::Versioned::any)
        }

        #[cfg(test)]
        mod tests {
            #[test]
            fn every_doctype_is_found_and_every_field_enum_fits_its_table() {
                $(
                    let found = super::versioned(super::$table.name());
                    assert!(found.is_some_and(|found| std::ptr::eq(found, &super::$table)), "{:?}", super::$table);
                    assert_eq!($crate::misfits::<super::$fields>(&super::$table), Vec::<String>::new());
                )*
            }
        }
    };
}
