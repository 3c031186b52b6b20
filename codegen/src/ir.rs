//! What is emitted, as inert data: every Rust name chosen, every type decided, nothing rendered.

use std::collections::BTreeSet;

use erpnext_schema::{DocTypeDef, Fact, FieldDef, Versions};

/// Everything, sorted by the DocTypes' names.
pub struct Ir {
    /// The DocTypes.
    pub items: Vec<Item>,
    /// What Links point to: (Rust name, DocType), sorted.
    pub targets: Vec<(String, String)>,
    /// The modules' file names whose structs are compiled by default.
    pub default: Vec<String>,
}

impl Ir {
    /// Every module's file name, sorted.
    pub fn modules(&self) -> BTreeSet<&str> {
        self.items.iter().map(|item| item.module.as_str()).collect()
    }
}

/// One DocType.
pub struct Item {
    /// Its table, the tools included: the newest version's, with the rows of all.
    pub def: DocTypeDef,
    /// The versions that have it.
    pub only: Versions,
    /// What older versions say otherwise.
    pub but: Vec<(Versions, Fact)>,
    /// The module's file name, which is also its feature.
    pub module: String,
    /// Its own file name.
    pub file: String,
    /// The static that holds the table.
    pub table: String,
    /// The struct; its field enum adds `Field`.
    pub type_name: String,
    /// The fields of all versions, each once, in the order of the table.
    pub fields: Vec<Member>,
    /// The enums of its Selects.
    pub choices: Vec<ChoiceEnum>,
    /// The features with which its struct is compiled: its own module's, and of those whose structs hold its rows.
    pub features: BTreeSet<String>,
}

/// One field of a DocType.
pub struct Member {
    /// Its row, the newest version's.
    pub def: &'static FieldDef,
    /// The struct's field.
    pub ident: String,
    /// The field enum's variant.
    pub variant: String,
    /// The struct's field's type.
    pub ty: String,
}

/// The enum of a Select.
pub struct ChoiceEnum {
    /// Its name.
    pub name: String,
    /// (variant, text on the wire), in the site's order.
    pub variants: Vec<(String, &'static str)>,
}
