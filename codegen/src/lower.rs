//! From DocTypes to what is emitted: names, types, tools. Every error is collected as `DocType.field: reason`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Shape, nearest};

use crate::choices::Choices;
use crate::emit::FIELD_FLAGS;
use crate::ir::{ChoiceEnum, Ir, Item, Member};
use crate::{load, naming, tool_names};

/// Names that generated files take from elsewhere, and that no DocType's type may take.
const RESERVED: &[&str] = &[
    "Option",
    "Some",
    "None",
    "Vec",
    "String",
    "Default",
    "Result",
    "Link",
    "Select",
    "Secret",
    "Extra",
    "Value",
    "Date",
    "DateTime",
    "Time",
    "DocTypeDef",
];

/// Chooses every name and type.
pub fn lower(doctypes: &[DocType], choices: &Choices, errors: &mut Vec<String>) -> Ir {
    let mut renames = Renames { rename: &choices.rename, used: BTreeSet::new() };
    let mut names = Names::default();
    let mut items = Vec::new();
    for doctype in doctypes {
        items.push(item(doctype.to_def(), &mut renames, &mut names, errors));
    }
    let types: HashMap<&'static str, String> =
        items.iter().map(|item| (item.def.name, item.type_name.clone())).collect();
    let mut targets: BTreeMap<String, String> = BTreeMap::new();
    for item in &mut items {
        type_fields(item, &types, &mut targets, &mut names, errors);
    }
    spread_features(&mut items);
    renames.report_unused(doctypes, errors);
    let targets = targets.into_iter().collect();
    let mut ir = Ir { items, targets, default: Vec::new() };
    for module in &choices.structs.default {
        match ir.items.iter().find(|item| item.def.module == module) {
            Some(item) => ir.default.push(item.module.clone()),
            None => errors.push(format!("{module}: [structs] names a module that the snapshot does not have")),
        }
    }
    ir
}

/// Renames of `codegen.toml`, each of which must apply.
struct Renames<'a> {
    rename: &'a BTreeMap<String, String>,
    used: BTreeSet<String>,
}

impl Renames<'_> {
    fn get(&mut self, key: String) -> Option<String> {
        let name = self.rename.get(&key)?.clone();
        self.used.insert(key);
        Some(name)
    }

    fn report_unused(&self, doctypes: &[DocType], errors: &mut Vec<String>) {
        for key in self.rename.keys().filter(|key| !self.used.contains(*key)) {
            let near = nearest(key, doctypes.iter().map(|doctype| doctype.name.as_str()));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            errors.push(format!("{key}: [rename] names what the snapshot does not have{hint}"));
        }
    }
}

/// Who has taken which name: types and statics share one crate root.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn take(&mut self, name: &str, owner: &str, errors: &mut Vec<String>) {
        if RESERVED.contains(&name) || FIELD_FLAGS.iter().any(|(_, flag)| *flag == name) {
            errors.push(format!("{owner}: {name} is taken by the generated files themselves; {RENAME}"));
        } else if let Some(other) = self.0.insert(name.to_owned(), owner.to_owned()) {
            errors.push(format!("{owner}: {name} is also the name for {other}; {RENAME}"));
        }
    }
}

const RENAME: &str = "give another under [rename] in codegen/codegen.toml";

fn item(def: DocTypeDef, renames: &mut Renames<'_>, names: &mut Names, errors: &mut Vec<String>) -> Item {
    let slug = load::slug(def.name);
    let derived = renames.get(def.name.to_owned()).or_else(|| naming::type_name(def.name));
    let type_name = derived.filter(|name| naming::is_identifier(name)).unwrap_or_else(|| {
        errors.push(format!("{}: no Rust name follows from it; {RENAME}", def.name));
        String::new()
    });
    let table = naming::table(&slug);
    names.take(&type_name, def.name, errors);
    names.take(&format!("{type_name}Field"), &format!("{}'s field enum", def.name), errors);
    names.take(&table, &format!("{}'s table", def.name), errors);
    let mut item = Item {
        def: DocTypeDef { tools: tool_names::tools(&def, &slug), ..def },
        module: load::slug(def.module),
        file: slug,
        table,
        type_name,
        fields: Vec::new(),
        choices: Vec::new(),
        features: BTreeSet::new(),
    };
    item.features.insert(item.module.clone());
    for tool in item.def.tools {
        names.take(tool.name, &format!("{}'s tool", def.name), errors);
    }
    let mut idents = HashMap::from([("extra".to_owned(), "the struct's unknown fields")]);
    let mut variants = HashMap::new();
    for field in def.all_fields() {
        let path = format!("{}.{}", def.name, field.fieldname);
        let rename = renames.get(path.clone());
        let wanted = rename.as_deref().unwrap_or(field.fieldname);
        let (Some(ident), Some(variant)) = (naming::field(wanted), naming::variant(wanted)) else {
            errors.push(format!("{path}: no Rust name follows from {wanted:?}; {RENAME}"));
            continue;
        };
        for (taken, name) in [(&mut idents, &ident), (&mut variants, &variant)] {
            if let Some(other) = taken.insert(name.clone(), field.fieldname) {
                errors.push(format!("{path}: {name} is also the name for {other}; {RENAME}"));
            }
        }
        item.fields.push(Member { def: field, ident, variant, ty: String::new() });
    }
    item
}

/// Decides the types of the struct's fields, and with them the enums of Selects and the targets of Links.
fn type_fields(
    item: &mut Item,
    types: &HashMap<&'static str, String>,
    targets: &mut BTreeMap<String, String>,
    names: &mut Names,
    errors: &mut Vec<String>,
) {
    for member in &mut item.fields {
        let path = || format!("{}.{}", item.def.name, member.def.fieldname);
        member.ty = match (member.def.kind, member.def.options) {
            (FieldKind::Select, _) => match choice_enum(member.def) {
                Some(variants) => {
                    let name = format!("{}{}", item.type_name, member.variant);
                    names.take(&name, &path(), errors);
                    item.choices.push(ChoiceEnum { name: name.clone(), variants });
                    format!("Select<{name}>")
                }
                None => "Option<String>".to_owned(),
            },
            (FieldKind::Link, Options::Target(doctype)) => {
                let Some(name) = types.get(doctype).cloned().or_else(|| naming::type_name(doctype)) else {
                    errors.push(format!("{}: no Rust name follows from its target {doctype:?}", path()));
                    continue;
                };
                let ty = format!("Link<target::{name}>");
                let known = targets.entry(name).or_insert_with(|| doctype.to_owned());
                if known != doctype {
                    errors.push(format!("{}: its target {doctype} has the same Rust name as {known}", path()));
                }
                ty
            }
            (kind, options) => plain(kind, options, types),
        };
    }
}

/// The variants of a Select; none where it names no choices, or one without a Rust name, or two with the same.
fn choice_enum(field: &FieldDef) -> Option<Vec<(String, &'static str)>> {
    let mut seen = BTreeSet::new();
    let variants = field.choices()?.iter().map(|text| {
        let name = naming::choice(text)?;
        seen.insert(name.clone()).then_some((name, *text))
    });
    variants.collect()
}

fn plain(kind: FieldKind, options: Options, types: &HashMap<&'static str, String>) -> String {
    let scalar = match kind.shape() {
        Shape::Rows => {
            let child = match options {
                Options::Target(doctype) => types.get(doctype),
                _ => None,
            };
            // A child DocType that did not load (H35): its rows stay as they are.
            return child.map_or_else(|| "Vec<Extra>".to_owned(), |child| format!("Vec<crate::{child}>"));
        }
        Shape::Text | Shape::Layout => "String",
        Shape::Bool => "bool",
        Shape::Int => "i64",
        Shape::Float => "f64",
        Shape::Date => "Date",
        Shape::Datetime => "DateTime",
        Shape::Time => "Time",
        Shape::Json => "Value",
        Shape::Secret => "Secret",
    };
    format!("Option<{scalar}>")
}

/// A struct is there with its own module's feature, and with that of every struct that holds its rows.
fn spread_features(items: &mut [Item]) {
    let places: HashMap<&'static str, usize> = items.iter().enumerate().map(|(at, item)| (item.def.name, at)).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for parent in 0..items.len() {
            let tables = items[parent].def.fields.iter().filter(|field| field.kind.is_table());
            let children: Vec<usize> =
                tables.filter_map(|field| places.get(field.target()?).copied()).filter(|at| *at != parent).collect();
            let features = items[parent].features.clone();
            for child in children {
                let before = items[child].features.len();
                items[child].features.extend(features.iter().cloned());
                changed |= items[child].features.len() > before;
            }
        }
    }
}

#[cfg(test)]
mod tests;
