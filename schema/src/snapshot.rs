//! A DocType as the snapshot keeps it: normalised facts of the site's metadata, in a stable order, one field a line.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::def::{DocTypeDef, FieldDef, Options};
use crate::flags::{doctype_flag, flag};
use crate::{FieldKind, intern};

/// A DocType read from a site or from a snapshot file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DocType {
    /// The name on the wire.
    pub name: String,
    /// The module it belongs to.
    pub module: String,
    /// Bits of [`doctype_flag`].
    pub flags: u32,
    /// How documents get their names.
    pub autoname: Option<String>,
    /// The field that holds the title.
    pub title_field: Option<String>,
    /// Comma-separated fields that the link search looks into.
    pub search_fields: Option<String>,
    /// The field that the desk's list is sorted by.
    pub sort_field: Option<String>,
    /// `ASC` or `DESC`.
    pub sort_order: Option<String>,
    /// Every field of the form, those without a value included.
    pub fields: Vec<Field>,
}

/// One field of the form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The name on the wire.
    pub fieldname: String,
    /// The field type.
    pub kind: FieldKind,
    /// What people see.
    pub label: Option<String>,
    /// As the site gives it: a DocType, a field, lines of choices, a format.
    pub options: Option<String>,
    /// What a new document gets where nothing is sent.
    pub default: Option<String>,
    /// `link_field.field`: where the site copies the value from.
    pub fetch_from: Option<String>,
    /// The longest text in characters; 0 where none is stated.
    pub length: u32,
    /// Decimal places, where any are stated.
    pub precision: Option<u8>,
    /// Above 0, a role needs this level to see and set the field.
    pub permlevel: u8,
    /// Bits of [`flag`].
    pub flags: u32,
    /// For people.
    pub description: Option<String>,
}

/// The snapshot's keys for the bits of a DocType, which are the site's own.
pub const DOCTYPE_FLAGS: &[(&str, u32)] = &[
    ("istable", doctype_flag::CHILD),
    ("issingle", doctype_flag::SINGLE),
    ("is_submittable", doctype_flag::SUBMITTABLE),
    ("is_tree", doctype_flag::TREE),
    ("is_virtual", doctype_flag::VIRTUAL),
    ("custom", doctype_flag::CUSTOM),
    ("track_changes", doctype_flag::TRACK_CHANGES),
    ("allow_rename", doctype_flag::ALLOW_RENAME),
    ("quick_entry", doctype_flag::QUICK_ENTRY),
    ("show_title_field_in_link", doctype_flag::TITLE_IN_LINKS),
];

/// The snapshot's keys for the bits of a field, which are the site's own.
pub const FIELD_FLAGS: &[(&str, u32)] = &[
    ("reqd", flag::REQD),
    ("read_only", flag::READ_ONLY),
    ("hidden", flag::HIDDEN),
    ("unique", flag::UNIQUE),
    ("set_only_once", flag::SET_ONLY_ONCE),
    ("allow_on_submit", flag::ALLOW_ON_SUBMIT),
    ("no_copy", flag::NO_COPY),
    ("bold", flag::BOLD),
    ("in_list_view", flag::IN_LIST_VIEW),
    ("in_standard_filter", flag::IN_STANDARD_FILTER),
    ("in_global_search", flag::IN_GLOBAL_SEARCH),
    ("search_index", flag::SEARCH_INDEX),
    ("allow_in_quick_entry", flag::QUICK_ENTRY),
    ("non_negative", flag::NON_NEGATIVE),
    ("is_virtual", flag::VIRTUAL),
    ("is_custom_field", flag::CUSTOM),
    ("fetch_if_empty", flag::FETCH_IF_EMPTY),
    ("ignore_user_permissions", flag::IGNORE_USER_PERMISSIONS),
];

/// Expressions of the site that the snapshot keeps only as a bit: (the site's key, the snapshot's key, the bit).
const CONDITIONS: &[(&str, &str, u32)] = &[
    ("depends_on", "conditional", flag::CONDITIONAL),
    ("mandatory_depends_on", "conditionally_reqd", flag::CONDITIONALLY_REQD),
];

/// What is known of a site's field by comparing it with the facts, as the snapshot keeps it.
const COMPARED: &[(&str, u32)] = &[
    ("needed_otherwise", flag::NEEDED_OTHERWISE),
    ("shown_otherwise", flag::SHOWN_OTHERWISE),
    ("locked_otherwise", flag::LOCKED_OTHERWISE),
    ("section_otherwise", flag::SECTION_OTHERWISE),
];

impl DocType {
    /// Takes the facts out of one entry of `docs` in an answer of `getdoctype`.
    ///
    /// A fieldname that occurs twice (H36) keeps its first place. Descriptions are kept where asked for.
    ///
    /// # Errors
    /// What is missing or not understood, naming the field.
    pub fn from_site(meta: &Value, descriptions: bool) -> Result<Self, String> {
        let meta = meta.as_object().ok_or("the metadata is not an object")?;
        let mut doctype = Self {
            name: text(meta, "name").ok_or("the metadata has no name")?,
            module: text(meta, "module").unwrap_or_default(),
            flags: bits(meta, DOCTYPE_FLAGS),
            autoname: text(meta, "autoname"),
            title_field: text(meta, "title_field"),
            search_fields: text(meta, "search_fields"),
            sort_field: text(meta, "sort_field"),
            sort_order: text(meta, "sort_order"),
            fields: Vec::new(),
        };
        for entry in meta.get("fields").and_then(Value::as_array).into_iter().flatten() {
            let field = Field::from_site(entry, descriptions).map_err(|e| format!("{}.{e}", doctype.name))?;
            if !doctype.fields.iter().any(|known| known.fieldname == field.fieldname) {
                doctype.fields.push(field);
            }
        }
        Ok(doctype)
    }

    /// Reads a snapshot file.
    ///
    /// # Errors
    /// Text that is not JSON, an unknown key, an unknown field type.
    pub fn from_snapshot(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let file = value.as_object().ok_or("not an object")?;
        let mut doctype = Self::default();
        for (key, value) in file {
            let string = || value.as_str().map(str::to_owned);
            match key.as_str() {
                "name" => doctype.name = string().unwrap_or_default(),
                "module" => doctype.module = string().unwrap_or_default(),
                "autoname" => doctype.autoname = string(),
                "title_field" => doctype.title_field = string(),
                "search_fields" => doctype.search_fields = string(),
                "sort_field" => doctype.sort_field = string(),
                "sort_order" => doctype.sort_order = string(),
                "fields" => {
                    let entries = value.as_array().ok_or("fields: not a list")?;
                    doctype.fields = entries.iter().map(Field::from_snapshot).collect::<Result<_, _>>()?;
                }
                other => doctype.flags |= bit(DOCTYPE_FLAGS, other).ok_or_else(|| format!("{other}: unknown key"))?,
            }
        }
        if doctype.name.is_empty() { Err("name: missing".to_owned()) } else { Ok(doctype) }
    }

    /// The snapshot file's text: known keys only, false and empty values left out, one field a line.
    pub fn to_snapshot(&self) -> String {
        let mut keys = Map::new();
        put(&mut keys, "name", Some(&self.name));
        put(&mut keys, "module", Some(&self.module));
        put_bits(&mut keys, DOCTYPE_FLAGS, self.flags);
        put(&mut keys, "autoname", self.autoname.as_ref());
        put(&mut keys, "title_field", self.title_field.as_ref());
        put(&mut keys, "search_fields", self.search_fields.as_ref());
        put(&mut keys, "sort_field", self.sort_field.as_ref());
        put(&mut keys, "sort_order", self.sort_order.as_ref());
        let mut out = String::from("{\n");
        for (key, value) in &keys {
            let _ = writeln!(out, "  {}: {value},", Value::from(key.as_str()));
        }
        out.push_str("  \"fields\": [");
        for (i, field) in self.fields.iter().enumerate() {
            let _ = write!(out, "{}    {}", if i == 0 { "\n" } else { ",\n" }, Value::Object(field.to_snapshot()));
        }
        out.push_str(if self.fields.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        out
    }

    /// The table of this DocType, with `'static` lifetime so that it can stand beside the generated ones.
    ///
    /// Strings are interned for the life of the process: what one site's metadata can add is bounded by the
    /// number of times that it changes.
    pub fn to_def(&self) -> DocTypeDef {
        let list = |text: &Option<String>| -> &'static [&'static str] {
            let names = text.iter().flat_map(|t| t.split(',')).map(str::trim).filter(|name| !name.is_empty());
            intern::list(names.map(intern::text).collect())
        };
        let sort = match (&self.sort_field, &self.sort_order) {
            // `modified desc, name asc` is one of the forms that `sort_field` takes in the wild.
            (Some(field), _) if field.contains([',', ' ']) => intern::text(field),
            (Some(field), Some(order)) => intern::text(&format!("{field} {}", order.to_lowercase())),
            (Some(field), None) => intern::text(field),
            (None, _) => "modified desc",
        };
        let def =
            DocTypeDef { flags: self.flags, ..DocTypeDef::new(intern::text(&self.name), intern::text(&self.module)) };
        // A form may show a standard field (`idx` of Web Page): it is one field all the same.
        let standard = |field: &Field| def.standard_fields().iter().any(|s| s.fieldname == field.fieldname);
        let fields = self.fields.iter().filter(|field| field.kind.holds_value() && !standard(field));
        DocTypeDef {
            autoname: self.autoname.as_deref().map(intern::text),
            title_field: self.title_field.as_deref().map(intern::text),
            search_fields: list(&self.search_fields),
            sort,
            fields: intern::list(fields.map(Field::to_def).collect()),
            ..def
        }
    }
}

impl Field {
    fn from_site(entry: &Value, descriptions: bool) -> Result<Self, String> {
        let entry = entry.as_object().ok_or("?: a field that is not an object")?;
        let fieldname = text(entry, "fieldname").ok_or("?: a field without a fieldname")?;
        let kind = text(entry, "fieldtype").unwrap_or_default();
        let kind: FieldKind = kind.parse().map_err(|e| format!("{fieldname}: {e}"))?;
        let mut flags = bits(entry, FIELD_FLAGS);
        for (key, _, bit) in CONDITIONS {
            if text(entry, key).is_some() {
                flags |= bit;
            }
        }
        let number = |key: &str| match entry.get(key) {
            Some(Value::Number(n)) => n.as_u64(),
            Some(Value::String(s)) => s.trim().parse().ok(),
            _ => None,
        };
        Ok(Self {
            // What a part of the form without a value carries here is markup, an icon or a method: no fact about the data.
            options: text(entry, "options").filter(|_| kind.holds_value()),
            label: text(entry, "label"),
            default: text(entry, "default"),
            fetch_from: text(entry, "fetch_from"),
            length: number("length").and_then(|n| n.try_into().ok()).unwrap_or(0),
            precision: number("precision").and_then(|n| n.try_into().ok()),
            permlevel: number("permlevel").and_then(|n| n.try_into().ok()).unwrap_or(0),
            description: text(entry, "description").filter(|_| descriptions),
            fieldname,
            kind,
            flags,
        })
    }

    fn from_snapshot(entry: &Value) -> Result<Self, String> {
        let entry = entry.as_object().ok_or("fields: an entry that is not an object")?;
        let fieldname = text(entry, "fieldname").ok_or("fields: an entry without a fieldname")?;
        let mut field = Self {
            fieldname,
            kind: FieldKind::Data,
            label: None,
            options: None,
            default: None,
            fetch_from: None,
            length: 0,
            precision: None,
            permlevel: 0,
            flags: 0,
            description: None,
        };
        for (key, value) in entry {
            let string = || value.as_str().map(str::to_owned);
            let small = || value.as_u64().and_then(|n| u8::try_from(n).ok());
            match key.as_str() {
                "fieldname" => {}
                "fieldtype" => {
                    let kind = string().unwrap_or_default();
                    field.kind = kind.parse().map_err(|e| format!("{}: {e}", field.fieldname))?;
                }
                "label" => field.label = string(),
                "options" => field.options = string(),
                "default" => field.default = string(),
                "fetch_from" => field.fetch_from = string(),
                "description" => field.description = string(),
                "length" => field.length = value.as_u64().and_then(|n| n.try_into().ok()).unwrap_or(0),
                "precision" => field.precision = small(),
                "permlevel" => field.permlevel = small().unwrap_or(0),
                other => {
                    let condition = CONDITIONS.iter().find(|(_, key, _)| *key == other).map(|(_, _, bit)| *bit);
                    let bit = bit(FIELD_FLAGS, other).or(condition).or(bit(COMPARED, other));
                    field.flags |= bit.ok_or_else(|| format!("{}: {other}: unknown key", field.fieldname))?;
                }
            }
        }
        Ok(field)
    }

    fn to_snapshot(&self) -> Map<String, Value> {
        let mut keys = Map::new();
        put(&mut keys, "fieldname", Some(&self.fieldname));
        keys.insert("fieldtype".to_owned(), Value::from(self.kind.as_str()));
        put(&mut keys, "label", self.label.as_ref());
        put(&mut keys, "options", self.options.as_ref());
        put(&mut keys, "default", self.default.as_ref());
        put(&mut keys, "fetch_from", self.fetch_from.as_ref());
        let numbers = [("length", self.length), ("permlevel", u32::from(self.permlevel))];
        for (key, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
            keys.insert(key.to_owned(), Value::from(number));
        }
        if let Some(precision) = self.precision {
            keys.insert("precision".to_owned(), Value::from(precision));
        }
        put_bits(&mut keys, FIELD_FLAGS, self.flags);
        for (_, key, bit) in CONDITIONS {
            put_bits(&mut keys, &[(key, *bit)], self.flags);
        }
        put_bits(&mut keys, COMPARED, self.flags);
        put(&mut keys, "description", self.description.as_ref());
        keys
    }

    fn to_def(&self) -> FieldDef {
        let options = self.options.as_deref().map(str::trim).filter(|options| !options.is_empty());
        let options = match (self.kind, options) {
            (FieldKind::Select, options) => {
                let lines = options.unwrap_or_default().split('\n').map(str::trim);
                // An empty line says that the field may be empty; that is what a field that is not mandatory says too.
                let mut choices: Vec<&'static str> = Vec::new();
                for line in lines.filter(|line| !line.is_empty()) {
                    if !choices.contains(&line) {
                        choices.push(intern::text(line));
                    }
                }
                Options::Choices(intern::list(choices))
            }
            (_, None) => Options::None,
            (FieldKind::Link | FieldKind::Table | FieldKind::TableMultiSelect, Some(target)) => {
                Options::Target(intern::text(target))
            }
            (FieldKind::DynamicLink, Some(field)) => Options::TargetField(intern::text(field)),
            (_, Some(format)) => Options::Format(intern::text(format)),
        };
        let begins_empty = self.options.as_deref().is_some_and(|options| options.starts_with('\n'));
        let is_asked = self.kind == FieldKind::Select && self.flags & flag::REQD != 0 && self.default.is_none();
        FieldDef {
            flags: self.flags | if begins_empty && is_asked { flag::EMPTY_FIRST } else { 0 },
            options,
            length: self.length,
            precision: self.precision,
            permlevel: self.permlevel,
            default: self.default.as_deref().map(intern::text),
            fetch_from: self.fetch_from.as_deref().map(intern::text),
            description: self.description.as_deref().map(intern::text),
            ..FieldDef::new(intern::text(&self.fieldname), self.kind, self.label.as_deref().map_or("", intern::text))
        }
    }
}

fn bits(entry: &Map<String, Value>, keys: &[(&str, u32)]) -> u32 {
    let set = |key: &str| match entry.get(key) {
        Some(Value::Number(n)) => n.as_i64().is_some_and(|n| n != 0),
        Some(Value::Bool(b)) => *b,
        _ => false,
    };
    keys.iter().filter(|(key, _)| set(key)).fold(0, |flags, (_, bit)| flags | bit)
}

fn bit(keys: &[(&str, u32)], name: &str) -> Option<u32> {
    keys.iter().find(|(key, _)| *key == name).map(|(_, bit)| *bit)
}

/// A value that says something: the site writes "nothing" as null, as an empty string and as 0.
fn text(entry: &Map<String, Value>, key: &str) -> Option<String> {
    match entry.get(key)? {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) if n.as_i64() != Some(0) => Some(n.to_string()),
        _ => None,
    }
}

fn put(keys: &mut Map<String, Value>, key: &str, value: Option<&String>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        keys.insert(key.to_owned(), Value::from(value.as_str()));
    }
}

fn put_bits(keys: &mut Map<String, Value>, names: &[(&str, u32)], flags: u32) {
    for (key, _) in names.iter().filter(|(_, bit)| flags & bit != 0) {
        keys.insert((*key).to_owned(), Value::Bool(true));
    }
}
