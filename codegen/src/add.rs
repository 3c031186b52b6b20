//! `add`: refreshes one more DocType and puts it into the choices, keeping the file's comments and layout.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use erpnext_schema::Version;
use erpnext_schema::snapshot::DocType;
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::refresh::{self, Access, How, Keep, Wanted, is_described, store};
use crate::{choices, load};

/// Refreshes the DocType and its child tables, with descriptions where the snapshot has some, and chooses it.
///
/// # Errors
/// What `refresh` fails with, a DocType that the site does not give, a `codegen.toml` that cannot be edited.
pub async fn run(root: &Path, access: &Access, name: &str, jobs: usize) -> anyhow::Result<()> {
    let mut descriptions = false;
    for version in Version::ALL {
        let known = store::read(&root.join(load::folder(*version)))?.known;
        descriptions |= known.values().any(|file| is_described(&file.doctype));
    }
    let wanted = Wanted::Some { modules: Vec::new(), doctypes: vec![name.to_owned()] };
    let outcome = refresh::run(root, access, &wanted, How { jobs, descriptions }, Keep::default()).await?;
    outcome.report(false);
    let read = outcome.doctypes.get(name).filter(|_| !outcome.failures.contains_key(name));
    let doctype = read.with_context(|| format!("{name} could not be read"))?;
    let file = root.join(choices::PATH);
    let text = if file.exists() { fs::read_to_string(&file)? } else { String::new() };
    store::replace(root, choices::PATH, &choose(&text, doctype).context(choices::PATH)?)
}

/// The text of `codegen.toml` in which `refresh` pulls this DocType too; the same text where it does already.
///
/// # Errors
/// Text that is not TOML, keys of another type than they should be.
fn choose(text: &str, doctype: &DocType) -> anyhow::Result<String> {
    let mut file: DocumentMut = text.parse().context("not TOML")?;
    let refresh = file.entry("refresh").or_insert_with(|| Item::Table(Table::new()));
    let Some(refresh) = refresh.as_table_like_mut() else { bail!("refresh: not a table") };
    let holds = |key: &str, name: &str| {
        let list = refresh.get(key).and_then(Item::as_array);
        list.is_some_and(|list| list.iter().any(|entry| entry.as_str() == Some(name)))
    };
    let all = refresh.get("all").and_then(Item::as_bool).unwrap_or(false);
    if all || holds("modules", &doctype.module) || holds("doctypes", &doctype.name) {
        return Ok(text.to_owned());
    }
    let list = refresh.entry("doctypes").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let Some(list) = list.as_array_mut() else { bail!("refresh.doctypes: not a list") };
    push(list, &doctype.name);
    Ok(file.to_string())
}

/// Adds an entry laid out as the last one is: on a line of its own where that is.
fn push(list: &mut Array, name: &str) {
    let mut entry = Value::from(name);
    if let Some(last) = list.iter_mut().last() {
        let decor = last.decor_mut();
        let prefix = decor.prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        // Without the comments before the last entry, which are about that one.
        let line = prefix.rsplit_once('\n').map(|(_, indent)| format!("\n{indent}"));
        entry.decor_mut().set_prefix(line.unwrap_or_else(|| " ".to_owned()));
        // What follows the last entry, up to the bracket, follows the new one.
        let suffix = decor.suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned();
        decor.set_suffix("");
        entry.decor_mut().set_suffix(suffix);
    } else {
        entry.decor_mut().clear();
    }
    list.push_formatted(entry);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::choose;
    use erpnext_schema::snapshot::DocType;

    fn choose_todo(text: &str) -> String {
        let todo = DocType { name: "ToDo".into(), module: "Desk".into(), ..DocType::default() };
        choose(text, &todo).unwrap()
    }

    #[test]
    fn the_list_keeps_its_layout_and_comments() {
        let cases = [
            (
                "# why\n[refresh]\ndoctypes = [\"A\"] # mine\n",
                "# why\n[refresh]\ndoctypes = [\"A\", \"ToDo\"] # mine\n",
            ),
            (
                "[refresh]\ndoctypes = [\n  \"A\",\n  # b\n  \"B\",\n]\n",
                "[refresh]\ndoctypes = [\n  \"A\",\n  # b\n  \"B\",\n  \"ToDo\",\n]\n",
            ),
            ("[refresh]\ndoctypes = [\n  \"A\"\n]\n", "[refresh]\ndoctypes = [\n  \"A\",\n  \"ToDo\"\n]\n"),
            ("[refresh]\ndoctypes = [ \"A\" ]\n", "[refresh]\ndoctypes = [ \"A\", \"ToDo\" ]\n"),
            ("[refresh]\ndoctypes = []\n", "[refresh]\ndoctypes = [\"ToDo\"]\n"),
            ("[refresh]\nall = false\n\n[rename]\n", "[refresh]\nall = false\ndoctypes = [\"ToDo\"]\n\n[rename]\n"),
            ("", "[refresh]\ndoctypes = [\"ToDo\"]\n"),
        ];
        for (before, after) in cases {
            assert_eq!(choose_todo(before), after);
        }
    }

    #[test]
    fn what_is_pulled_already_is_not_added() {
        for text in
            ["[refresh]\nall = true\n", "[refresh]\nmodules = [\"Desk\"]\n", "[refresh]\ndoctypes = [ \"ToDo\" ] # x\n"]
        {
            assert_eq!(choose_todo(text), text);
        }
    }

    #[test]
    fn a_list_of_another_type_is_an_error() {
        let todo = DocType { name: "ToDo".into(), ..DocType::default() };
        assert!(choose("[refresh]\ndoctypes = \"ToDo\"\n", &todo).unwrap_err().to_string().contains("not a list"));
        assert!(choose("[refresh\n", &todo).is_err());
    }
}
