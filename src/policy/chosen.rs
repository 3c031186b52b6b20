//! What the site chooses by fields that may not be read, and tells by what it chooses.

use erpnext_schema::known_choices::CHOSEN;

use super::Policy;

/// The DocTypes of parties, of which an answer is about one.
const PARTIES: [&str; 2] = ["Customer", "Supplier"];

impl Policy {
    /// Whether what is called so tells of documents of the DocType `own`, or of those beside it, by what the site chooses it by
    /// and a rule keeps back. Of `own` the document is known, and may be read.
    pub fn tells_by_choice(&self, called: &str, own: &str) -> bool {
        let of = CHOSEN.iter().filter(|chosen| chosen.called.contains(&called)).flat_map(|chosen| chosen.by);
        let mut of = of.filter(|(doctype, _)| *doctype == own || !PARTIES.contains(doctype));
        of.any(|(doctype, fields)| {
            *doctype != own && self.is_row_filtered(doctype)
                || fields.iter().any(|field| self.withholds_field(doctype, field))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::known_choices::CHOSEN;

    #[test]
    fn every_known_choice_is_made_by_fields_that_there_are() {
        for (doctype, field) in CHOSEN
            .iter()
            .flat_map(|chosen| chosen.by)
            .flat_map(|(doctype, fields)| fields.iter().map(move |field| (doctype, field)))
        {
            assert!(erpnext_doctypes::any(doctype).unwrap().field(field).is_some(), "{doctype}.{field}");
        }
    }
}
