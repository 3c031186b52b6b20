//! Documents on the sample site whose values stand nowhere else, put there past every rule.

use std::collections::HashMap;

use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::site::Site;
use erpnext_sandbox::store::{Sql, table_name};
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Shape};
use serde_json::{Map, Value, json};

use super::chance::Chance;

/// The DocTypes that documents are of: with rows and without, that are submitted, that others link to, with Passwords and
/// permlevels, and one of which there is one document.
pub const DOCTYPES: &[&str] = &[
    "Customer",
    "Item",
    "Sales Order",
    "Sales Invoice",
    "Quotation",
    "Purchase Order",
    "Delivery Note",
    "Payment Entry",
    "Journal Entry",
    "Contact",
    "Address",
    "Supplier",
    "ToDo",
    "Lead",
    "Opportunity",
    "Issue",
    "Project",
    "Timesheet",
    "User",
    "Note",
    "Odd Thing",
    "Email Account",
    "LDAP Settings",
];

/// What the site goes by, so that a canary there would leave little to try; and of the odd one what another field is worked
/// out from.
pub const LEFT_ALONE: &[&str] = &[
    "name",
    "doctype",
    "docstatus",
    "modified",
    "idx",
    "parent",
    "parenttype",
    "parentfield",
    "naming_series",
    "company",
    "currency",
    "conversion_rate",
    "plc_conversion_rate",
    "conversion_factor",
    "amended_from",
    "enabled",
    "disabled",
    "n_int",
];

/// A document that was put there.
pub struct Document {
    pub def: &'static DocTypeDef,
    pub name: String,
    /// As it is stored, with its rows.
    pub stored: Map<String, Value>,
}

/// Where a canary stands.
#[derive(Clone, PartialEq, Debug)]
pub enum Place {
    /// The name of a document.
    Name(usize),
    /// A field of a document, `items.rate` for one of its rows.
    Field(usize, String),
    /// A field of a document that the site fills from a field of another one: both documents and fields.
    Copy((usize, String), (usize, &'static str)),
    /// A document of the DocType that hangs on a document: a comment, a file.
    Beside(usize, &'static str),
}

/// All of it.
#[derive(Default)]
pub struct World {
    pub documents: Vec<Document>,
    /// By their text, as `search` finds it.
    pub canaries: HashMap<String, Vec<Place>>,
    beside: Vec<(&'static DocTypeDef, String)>,
    /// File names, to be asked for.
    pub files: Vec<String>,
}

impl World {
    /// Documents of a few DocTypes, some of which link to each other.
    pub fn plant(site: &Site<'_>, chance: &mut Chance) -> Result<Self, SiteError> {
        let mut world = Self::default();
        for _ in 0..1 + chance.throw(2) {
            let def = site.doctype(chance.pick(DOCTYPES))?;
            for _ in 0..if def.is(erpnext_schema::doctype_flag::SINGLE) { 1 } else { 1 + chance.throw(2) } {
                world.put(site, chance, def)?;
            }
        }
        world.plant_filled(site, chance)?;
        for of in 0..world.documents.len() {
            world.hang(site, chance, of)?;
        }
        Ok(world)
    }

    /// Takes the documents away again; what the site made of them stays.
    pub fn uproot(&self, site: &Site<'_>) -> Result<(), SiteError> {
        let text = |text: &str| Sql::Text(text.to_owned());
        for document in &self.documents {
            if document.def.is(erpnext_schema::doctype_flag::SINGLE) {
                continue;
            }
            site.db.delete_where(document.def, "name = ?1", &[text(&document.name)])?;
            for child in document.def.fields.iter().filter_map(|table| child(site, table)) {
                site.db.delete_where(child, "parent = ?1", &[text(&document.name)])?;
            }
        }
        for (def, name) in &self.beside {
            site.db.delete_where(def, "name = ?1", &[text(name)])?;
        }
        Ok(())
    }

    pub(super) fn put(
        &mut self,
        site: &Site<'_>,
        chance: &mut Chance,
        def: &'static DocTypeDef,
    ) -> Result<(), SiteError> {
        let of = self.documents.len();
        if def.is(erpnext_schema::doctype_flag::SINGLE) {
            let mut stored = Map::new();
            self.fill(chance, of, def, "", 90, &mut stored);
            for (field, value) in &stored {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                site.db.set_single(def.name, field, Sql::Text(value))?;
            }
            self.documents.push(Document { def, name: def.name.to_owned(), stored });
            return Ok(());
        }
        let name = chance.word();
        self.canaries.entry(name.clone()).or_default().push(Place::Name(of));
        site.db.prepare(def)?;
        let models =
            format!("SELECT name FROM {} WHERE name NOT LIKE 'cnry%' ORDER BY name LIMIT 20", table_name(def.name));
        let models = site.sql(&models, &[], &["name"])?;
        let model = chance.one(&models).map(|model| site.load(def.name, model["name"].as_str().unwrap_or_default()));
        let mut stored = model.transpose()?.unwrap_or_else(|| {
            json!({"modified": "2026-01-02 03:04:05.678901", "docstatus": 0}).as_object().unwrap().clone()
        });
        stored.insert("doctype".to_owned(), json!(def.name));
        stored.insert("name".to_owned(), json!(name));
        let density = [10, 40, 90][chance.throw(3)];
        self.fill(chance, of, def, "", density, &mut stored);
        self.fill_as_the_code(of, def, &mut stored);
        self.copy(of, def, "", &mut stored);
        for table in def.fields.iter().filter(|table| table.kind.is_table()) {
            let Some(child) = child(site, table) else { continue };
            let mut rows = stored.get(table.fieldname).and_then(Value::as_array).cloned().unwrap_or_default();
            if rows.is_empty() && chance.percent(30) {
                rows.push(json!({"docstatus": 0}));
            }
            for (idx, row) in rows.iter_mut().enumerate() {
                let row = row.as_object_mut().unwrap();
                let own = chance.word();
                self.note(&own, Place::Field(of, format!("{}.name", table.fieldname)));
                let place = json!({"name": own, "parent": name, "parenttype": def.name, "parentfield": table.fieldname,
                    "idx": idx + 1, "modified": "2026-01-02 03:04:05.678901"});
                row.extend(place.as_object().unwrap().clone());
                self.fill(chance, of, child, &format!("{}.", table.fieldname), density, row);
                self.copy(of, child, &format!("{}.", table.fieldname), row);
                site.db.add_row(child, row)?;
            }
            stored.insert(table.fieldname.to_owned(), json!(rows));
        }
        site.db.add_row(def, &stored)?;
        self.documents.push(Document { def, name, stored });
        Ok(())
    }

    fn fill(
        &mut self,
        chance: &mut Chance,
        of: usize,
        def: &'static DocTypeDef,
        at: &str,
        density: usize,
        doc: &mut Map<String, Value>,
    ) {
        for field in def.all_fields().filter(|field| !LEFT_ALONE.contains(&field.fieldname)) {
            let secret = field.kind.shape() == Shape::Secret || field.permlevel > 0;
            if secret || chance.percent(density) {
                let place = Place::Field(of, format!("{at}{}", field.fieldname));
                if let Some(value) = self.value(chance, def, field, place) {
                    doc.insert(field.fieldname.to_owned(), value);
                }
            }
        }
    }

    /// Fills what the site fetches from the documents that this one links to.
    fn copy(&mut self, of: usize, def: &'static DocTypeDef, at: &str, doc: &mut Map<String, Value>) {
        for field in def.fields {
            let Some((link, source)) = field.fetch_from.and_then(|from| from.split_once('.')) else { continue };
            let target = def.field(link).and_then(FieldDef::target);
            let named = doc.get(link).and_then(Value::as_str);
            let linked = |there: &Document| Some(there.def.name) == target && Some(there.name.as_str()) == named;
            let Some(there) = self.documents.iter().position(linked) else { continue };
            let place = Place::Field(there, source.to_owned());
            let canary = self.canaries.iter().find(|(_, places)| places.contains(&place)).map(|(key, _)| key.clone());
            if let (Some(canary), Some(value)) = (canary, self.documents[there].stored.get(source).cloned()) {
                doc.insert(field.fieldname.to_owned(), value);
                self.note(&canary, Place::Copy((of, format!("{at}{}", field.fieldname)), (there, source)));
            }
        }
    }

    /// A value for the field that stands nowhere else, noted; none where the kind has too few.
    fn value(&mut self, chance: &mut Chance, def: &DocTypeDef, field: &FieldDef, place: Place) -> Option<Value> {
        let mut link = |doctype: Option<&str>| {
            let fits: Vec<String> = self
                .documents
                .iter()
                .filter(|there| Some(there.def.name) == doctype)
                .map(|there| there.name.clone())
                .collect();
            chance.one(&fits).cloned().filter(|_| chance.percent(70))
        };
        let (key, value) = match (field.kind, field.kind.shape()) {
            (FieldKind::Link, _) => match link(field.target()) {
                Some(name) => (name.clone(), json!(name)),
                None if chance.percent(8) => plain(chance.word()),
                None => return None,
            },
            (FieldKind::DynamicLink | FieldKind::Select, _) if !chance.percent(8) => return None,
            (_, Shape::Text) if matches!(field.options, Options::Choices(_)) && !chance.percent(8) => return None,
            (FieldKind::TextEditor | FieldKind::HtmlEditor, _) => {
                let word = chance.word();
                (word.clone(), json!(format!("<p>Said &amp; done: <b>{word}</b></p>")))
            }
            (_, Shape::Text | Shape::Secret) => plain(chance.word()),
            (_, Shape::Json) => {
                let word = chance.word();
                (word.clone(), json!(json!({"a": word}).to_string()))
            }
            (FieldKind::Rating, _) => return None,
            (_, Shape::Int) => {
                let number = 100_000_000 + chance.throw(900_000_000);
                (number.to_string(), json!(number))
            }
            (_, Shape::Float) => {
                let number = 100_000_000 + chance.throw(900_000_000);
                let fraction = [0.0, 0.25, 0.5][chance.throw(3)];
                (number.to_string(), json!(f64::from(u32::try_from(number).unwrap()) + fraction))
            }
            (_, Shape::Date) => plain(day(chance)),
            (_, Shape::Datetime) => {
                let day = day(chance);
                (day.clone(), json!(format!("{day} 10:11:12.000000")))
            }
            (_, Shape::Time) => plain(format!("13:37:42.{:06}", 100_001 + chance.throw(899_999))),
            (_, Shape::Bool | Shape::Rows | Shape::Layout) => return None,
        };
        let _ = def;
        self.note(&key, place);
        Some(value)
    }

    pub(super) fn note(&mut self, key: &str, place: Place) {
        let places = self.canaries.entry(key.to_owned()).or_default();
        if !places.contains(&place) {
            places.push(place);
        }
    }

    /// Puts beside a document what the site keeps there: what was changed of it, what people said, a file.
    fn hang(&mut self, site: &Site<'_>, chance: &mut Chance, of: usize) -> Result<(), SiteError> {
        let (doctype, name) = (self.documents[of].def.name, self.documents[of].name.clone());
        if chance.percent(40) {
            let data = self.changes(site, chance, of);
            let row = json!({"ref_doctype": doctype, "docname": name, "data": data.to_string()});
            self.add(site, chance, "Version", row)?;
        }
        if chance.percent(30) {
            let said = chance.word();
            self.note(&said, Place::Beside(of, "Comment"));
            let row = json!({"comment_type": "Comment", "reference_doctype": doctype, "reference_name": name, "content": said});
            self.add(site, chance, "Comment", row)?;
        }
        if chance.percent(30) {
            let (file, content) = (format!("{}.txt", chance.word()), chance.word());
            self.note(&file[..16], Place::Beside(of, "File"));
            self.note(&content, Place::Beside(of, "File"));
            let url = format!("/private/files/{file}");
            let row = json!({"file_name": file, "file_url": url, "is_private": 1, "attached_to_doctype": doctype,
                "attached_to_name": name, "file_size": 16});
            self.add(site, chance, "File", row)?;
            site.db.execute(
                "CREATE TABLE IF NOT EXISTS contents (url TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID",
                &[],
            )?;
            site.db.execute(
                "INSERT OR REPLACE INTO contents (url, bytes) VALUES (?1, ?2)",
                &[Sql::Text(url), Sql::Blob(content.into_bytes())],
            )?;
            self.files.push(file);
        }
        Ok(())
    }

    fn add(&mut self, site: &Site<'_>, chance: &mut Chance, doctype: &str, row: Value) -> Result<(), SiteError> {
        let def = site.doctype(doctype)?;
        let mut row = row.as_object().unwrap().clone();
        // Not a canary: what hangs on documents has names of its own.
        let name = format!("beside-{}", chance.word().trim_start_matches("cnry"));
        let when = "2026-02-03 04:05:06.789012";
        row.extend(
            json!({"name": name, "owner": "Administrator", "creation": when, "modified": when})
                .as_object()
                .unwrap()
                .clone(),
        );
        site.db.add_row(def, &row)?;
        self.beside.push((def, name));
        Ok(())
    }

    /// What a Version says: old and new values of some of the fields.
    fn changes(&mut self, site: &Site<'_>, chance: &mut Chance, of: usize) -> Value {
        let def = self.documents[of].def;
        let (mut changed, mut row_changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for field in def.fields.iter().filter(|field| field.kind.shape() == Shape::Text || field.kind.is_table()) {
            let child = child(site, field);
            let Some(child) = child else {
                if chance.percent(30) {
                    let words = [chance.word(), chance.word()];
                    words.iter().for_each(|word| self.note(word, Place::Field(of, field.fieldname.to_owned())));
                    changed.push(json!([field.fieldname, words[0], words[1]]));
                }
                continue;
            };
            let (mut cells, mut gone) = (Vec::new(), Map::new());
            for column in child.fields.iter().filter(|column| column.kind.shape() == Shape::Text) {
                if chance.percent(30) {
                    let words = [chance.word(), chance.word(), chance.word()];
                    let place = Place::Field(of, format!("{}.{}", field.fieldname, column.fieldname));
                    words.iter().for_each(|word| self.note(word, place.clone()));
                    cells.push(json!([column.fieldname, words[0], words[1]]));
                    gone.insert(column.fieldname.to_owned(), json!(words[2]));
                }
            }
            row_changed.push(json!([field.fieldname, 0, "row", cells]));
            removed.push(json!([field.fieldname, gone]));
        }
        json!({"changed": changed, "row_changed": row_changed, "removed": removed, "added": []})
    }
}

fn plain(text: String) -> (String, Value) {
    (text.clone(), json!(text))
}

fn day(chance: &mut Chance) -> String {
    format!("{}-{:02}-{:02}", 2100 + chance.throw(800), 1 + chance.throw(12), 1 + chance.throw(28))
}

/// The DocType of a table's rows.
pub fn child(site: &Site<'_>, table: &FieldDef) -> Option<&'static DocTypeDef> {
    table.target().filter(|_| table.kind.is_table()).and_then(|child| site.meta.get(child))
}
