//! From DocTypes to what is emitted: names, types, tools. Every error is collected as `DocType.field: reason`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use erpnext_schema::{DocTypeDef, Fact, FieldDef, FieldKind, Shape, Version, doctype_flag, flag, nearest};

use crate::choices::{self, Choices};
use crate::emit::FIELD_FLAGS;
use crate::ir::{ChoiceEnum, Ir, Item, Member};
use crate::merge::Merged;
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
    "DateOrDateTime",
    "DocTypeDef",
    "Fact",
    "Versioned",
    "Stated",
    "STATED",
];

/// Chooses every name and type.
pub fn lower(doctypes: Vec<Merged>, choices: &Choices, errors: &mut Vec<String>) -> Ir {
    let mut renames = Renames { rename: &choices.rename, used: BTreeSet::new() };
    let mut names = Names::default();
    let mut items = Vec::new();
    for doctype in doctypes {
        items.push(item(doctype, &mut renames, &mut names, errors));
    }
    let types: HashMap<&'static str, String> =
        items.iter().map(|item| (item.def.name, item.type_name.clone())).collect();
    let mut targets: BTreeMap<String, String> = BTreeMap::new();
    for item in &mut items {
        type_fields(item, &types, &mut targets, &mut names, errors);
    }
    spread_features(&mut items);
    renames.report_unused(&items, errors);
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

    fn report_unused(&self, items: &[Item], errors: &mut Vec<String>) {
        for key in self.rename.keys().filter(|key| !self.used.contains(*key)) {
            let near = nearest(key, items.iter().map(|item| item.def.name));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            errors.push(format!("{key}: [rename] names what the snapshot does not have{hint}"));
        }
    }
}

/// Who has taken which name: types and statics share one crate root.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    /// Takes a name; one that is taken is an error that ends with `mend`.
    fn take(&mut self, name: &str, owner: &str, mend: &str, errors: &mut Vec<String>) {
        if RESERVED.contains(&name)
            || FIELD_FLAGS.iter().any(|(_, flag)| *flag == name)
            || Version::ALL.iter().any(|version| format!("{version:?}") == name)
        {
            errors.push(format!("{owner}: {name} is taken by the generated files themselves; {mend}"));
        } else if let Some(other) = self.0.insert(name.to_owned(), owner.to_owned()) {
            errors.push(format!("{owner}: {name} is also the name for {other}; {mend}"));
        }
    }
}

/// What mends a name: a line of `codegen.toml`.
fn rename(key: &str, name: &str) -> String {
    format!("add under [rename] in {}: {key:?} = {name:?}", choices::PATH)
}

fn item(doctype: Merged, renames: &mut Renames<'_>, names: &mut Names, errors: &mut Vec<String>) -> Item {
    let Merged { def, only, mut but } = doctype;
    let slug = load::slug(def.name);
    let tools = tool_names::tools(&def, &slug);
    for at in 0..but.len() {
        if let (versions, Fact::Flags(flags)) = but[at] {
            let older = tool_names::tools(&DocTypeDef { flags, ..def }, &slug);
            but.extend((older != tools).then_some((versions, Fact::Tools(older))));
        }
    }
    let given = renames.get(def.name.to_owned());
    let renamed = given.is_some();
    let derived = given.or_else(|| naming::type_name(def.name));
    let type_name = derived.filter(|name| naming::is_identifier(name)).unwrap_or_else(|| {
        errors.push(format!("{}: no Rust name follows from it; {}", def.name, rename(def.name, "ATypeName")));
        String::new()
    });
    let table = naming::table(if renamed { &type_name } else { &slug });
    let mend =
        rename(def.name, &format!("{type_name}{}", if def.is(doctype_flag::CHILD) { "Row" } else { "Document" }));
    names.take(&type_name, def.name, &mend, errors);
    names.take(&format!("{type_name}Field"), &format!("{}'s field enum", def.name), &mend, errors);
    names.take(&table, &format!("{}'s table", def.name), &mend, errors);
    let mut item = Item {
        def: DocTypeDef { tools, ..def },
        only,
        but,
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
        let mend = "its tools cannot have names of their own; leave one of the two out of the snapshot";
        names.take(tool.name, &format!("{}'s tool", def.name), mend, errors);
    }
    let mut idents = HashMap::from([("extra".to_owned(), "the struct's unknown fields")]);
    let mut variants = HashMap::new();
    for field in def.all_fields().filter(|field| !field.is(flag::SUPERSEDED)) {
        let path = format!("{}.{}", def.name, field.fieldname);
        let given = renames.get(path.clone());
        let wanted = given.as_deref().unwrap_or(field.fieldname);
        let (Some(ident), Some(variant)) = (naming::field(wanted), naming::variant(wanted)) else {
            errors.push(format!("{path}: no Rust name follows from {wanted:?}; {}", rename(&path, "a_field_name")));
            continue;
        };
        for (taken, name) in [(&mut idents, &ident), (&mut variants, &variant)] {
            if let Some(other) = taken.insert(name.clone(), field.fieldname) {
                let mend = rename(&path, &format!("{}_field", field.fieldname.trim_matches('_')));
                errors.push(format!("{path}: {name} is also the name for {other}; {mend}"));
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
        // The field as each version states it, the newest first.
        let older = item.def.fields.iter().filter(|row| row.is(flag::SUPERSEDED));
        let older = older.filter(|row| row.fieldname == member.def.fieldname);
        let rows: Vec<&FieldDef> = std::iter::once(member.def).chain(older).collect();
        member.ty = if let Some(variants) = choice_enum(&rows) {
            let name = format!("{}{}", item.type_name, member.variant);
            let mend = rename(&path(), &format!("{}_choice", member.def.fieldname));
            names.take(&name, &path(), &mend, errors);
            item.choices.push(ChoiceEnum { name: name.clone(), variants });
            format!("Select<{name}>")
        } else if let Some(target) = one_target(&rows) {
            let Some(name) = types.get(target).cloned().or_else(|| naming::type_name(target)) else {
                errors.push(format!("{}: no Rust name follows from its target {target:?}", path()));
                continue;
            };
            let ty = format!("Link<target::{name}>");
            let known = targets.entry(name).or_insert_with(|| target.to_owned());
            if known != target {
                errors.push(format!("{}: its target {target} has the same Rust name as {known}", path()));
            }
            ty
        } else {
            plain(&rows, types)
        };
    }
}

/// The variants of a Select, with the choices of all versions; none where it names no choices, or one without a Rust
/// name, or two with the same, or is no Select in some version.
fn choice_enum(rows: &[&FieldDef]) -> Option<Vec<(String, &'static str)>> {
    let mut texts: Vec<&'static str> = Vec::new();
    for row in rows {
        let choices = row.choices().filter(|_| row.kind == FieldKind::Select)?;
        texts.extend(choices.iter().filter(|text| !texts.contains(text)).copied().collect::<Vec<_>>());
    }
    let mut seen = BTreeSet::new();
    let variants = texts.into_iter().map(|text| {
        let name = naming::choice(text)?;
        seen.insert(name.clone()).then_some((name, text))
    });
    variants.collect()
}

/// The DocType that a Link points to in every version.
fn one_target(rows: &[&FieldDef]) -> Option<&'static str> {
    let target = rows.first()?.target()?;
    rows.iter().all(|row| row.kind == FieldKind::Link && row.target() == Some(target)).then_some(target)
}

/// The type that takes the field's values of every version.
fn plain(rows: &[&FieldDef], types: &HashMap<&'static str, String>) -> String {
    let all = |shapes: &[Shape]| rows.iter().all(|row| shapes.contains(&row.kind.shape()));
    let any = |shape: Shape| rows.iter().any(|row| row.kind.shape() == shape);
    let scalar = if any(Shape::Rows) {
        let target = rows.first().and_then(|row| row.target());
        let same = all(&[Shape::Rows]) && rows.iter().all(|row| row.target() == target);
        // A child DocType that did not load (H35), or another in each version: its rows stay as they are.
        let child = target.filter(|_| same).and_then(|target| types.get(target));
        return child.map_or_else(|| "Vec<Extra>".to_owned(), |child| format!("Vec<crate::{child}>"));
    } else if any(Shape::Secret) {
        "Secret"
    } else if all(&[Shape::Bool]) {
        "bool"
    } else if all(&[Shape::Int]) {
        "i64"
    } else if all(&[Shape::Bool, Shape::Int, Shape::Float]) {
        "f64"
    } else if all(&[Shape::Date]) {
        "Date"
    } else if all(&[Shape::Datetime]) {
        "DateTime"
    } else if all(&[Shape::Date, Shape::Datetime]) {
        "DateOrDateTime"
    } else if all(&[Shape::Time]) {
        "Time"
    } else if all(&[Shape::Json]) {
        "Value"
    } else {
        "String"
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
            let tables = items[parent].def.tables().filter_map(FieldDef::rows_of);
            let children: Vec<usize> =
                tables.filter_map(|child| places.get(child).copied()).filter(|at| *at != parent).collect();
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
