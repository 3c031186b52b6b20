//! Which DocTypes are wanted, out of those that the site lists.

use std::collections::BTreeSet;

use anyhow::bail;
use erpnext_schema::nearest;

/// One line of the site's list of DocTypes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub name: String,
    pub module: String,
    /// A child table.
    pub child: bool,
}

/// What was asked for; child tables of what is chosen come along later, once its fields are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    All,
    Some { modules: Vec<String>, doctypes: Vec<String> },
}

impl Wanted {
    /// The names of the wanted DocTypes.
    ///
    /// # Errors
    /// Modules and DocTypes that the site does not have, all at once, each with the nearest that it has.
    pub fn names(&self, listed: &[Listed]) -> anyhow::Result<BTreeSet<String>> {
        let Self::Some { modules, doctypes } = self else {
            return Ok(listed.iter().map(|row| row.name.clone()).collect());
        };
        let mut unknown = Vec::new();
        for module in modules {
            unknown.extend(missing("module", module, listed.iter().map(|row| row.module.as_str())));
        }
        for doctype in doctypes {
            unknown.extend(missing("DocType", doctype, listed.iter().map(|row| row.name.as_str())));
        }
        if !unknown.is_empty() {
            bail!("{}", unknown.join("\n"));
        }
        let wanted = listed.iter().filter(|row| self.covers(&row.name, &row.module));
        Ok(wanted.map(|row| row.name.clone()).collect())
    }

    /// Whether the DocType was asked for by its name or by its module.
    pub fn covers(&self, name: &str, module: &str) -> bool {
        let holds = |list: &[String], one: &str| list.iter().any(|entry| entry == one);
        match self {
            Self::All => true,
            Self::Some { modules, doctypes } => holds(modules, module) || holds(doctypes, name),
        }
    }
}

fn missing<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    if known.clone().any(|known| known == name) {
        return None;
    }
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "check the spelling, and that its app is installed there".to_owned(),
    };
    Some(format!("unknown {what} {name:?}: the site has none of that name; {hint}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn listed() -> Vec<Listed> {
        let row = |name: &str, module: &str| Listed { name: name.into(), module: module.into(), child: false };
        vec![row("Customer", "Selling"), row("Sales Order", "Selling"), row("ToDo", "Desk")]
    }

    fn some(modules: &[&str], doctypes: &[&str]) -> Wanted {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Wanted::Some { modules: owned(modules), doctypes: owned(doctypes) }
    }

    #[test]
    fn modules_and_doctypes_add_up() {
        let names = some(&["Selling"], &["ToDo", "Customer"]).names(&listed()).unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Customer", "Sales Order", "ToDo"]);
        assert_eq!(some(&[], &["ToDo"]).names(&listed()).unwrap().len(), 1);
        assert_eq!(Wanted::All.names(&listed()).unwrap().len(), 3);
    }

    #[test]
    fn everything_unknown_is_named_at_once_with_the_nearest() {
        let error = some(&["Seling"], &["Custmer", "Xyzzy"]).names(&listed()).unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].contains("unknown module \"Seling\"") && lines[0].contains("\"Selling\"?"), "{error}");
        assert!(lines[1].contains("unknown DocType \"Custmer\"") && lines[1].contains("\"Customer\"?"), "{error}");
        assert!(lines[2].contains("\"Xyzzy\"") && lines[2].contains("installed"), "{error}");
    }
}
