//! Values that the site chooses by fields of other documents: where those may not be read, the choice would tell them.

use erpnext_schema::known_choices::CHOSEN;

use super::Policy;

/// The DocTypes of parties, of which an answer is about one.
const PARTIES: [&str; 2] = ["Customer", "Supplier"];

impl Policy {
    /// Whether what is called so tells of documents of the DocType `own`, or of those beside it, by what the site chooses it by
    /// and a rule keeps back. Of `own` the document is known, and may be read.
    pub fn tells_by_choice(&self, called: &str, own: &str) -> bool {
        CHOSEN.iter().filter(|chosen| chosen.called.contains(&called)).any(|chosen| {
            let mut by = chosen.by.iter().filter(|(doctype, _)| *doctype == own || !PARTIES.contains(doctype));
            by.any(|(doctype, fields)| {
                let is_known = chosen.named || *doctype == own;
                !is_known && self.is_row_filtered(doctype) || fields.iter().any(|name| self.keeps_back(doctype, name))
            })
        })
    }

    /// Whether the rule on the DocType keeps the field back, or the column of rows.
    fn keeps_back(&self, doctype: &str, name: &str) -> bool {
        let rule = self.field_rule(doctype);
        erpnext_doctypes::any(doctype).is_some_and(|def| !rule.may_read_named(def, &erpnext_doctypes::any, name))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::known_choices::CHOSEN;

    use super::Policy;

    #[test]
    fn every_known_choice_is_made_by_fields_that_there_are() {
        let full = Policy::full();
        for (doctype, names) in CHOSEN.iter().flat_map(|chosen| chosen.by) {
            for name in *names {
                assert!(!full.keeps_back(doctype, name), "{doctype}.{name}");
            }
            assert!(erpnext_doctypes::any(doctype).is_some(), "{doctype}");
        }
    }
}
