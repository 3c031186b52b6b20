//! What people and other programs call documents, where no DocType bears that name: `Vendor` is a Supplier, and not a Gender,
//! which is spelt most alike.

use erpnext_schema::nearest;

/// The words in lower case and the singular, with the DocTypes that are meant, those that are meant most first.
const SAID: &[(&str, &[&str])] = &[
    ("angebot", &["Quotation"]),
    ("article", &["Item"]),
    ("artikel", &["Item"]),
    ("auftrag", &["Sales Order"]),
    ("bestellung", &["Purchase Order"]),
    ("bill", &["Purchase Invoice"]),
    ("case", &["Issue"]),
    ("chart of account", &["Account"]),
    ("client", &["Customer"]),
    ("commande", &["Sales Order", "Purchase Order"]),
    ("credit note", &["Sales Invoice"]),
    ("deal", &["Opportunity"]),
    ("debit note", &["Purchase Invoice"]),
    ("delivery", &["Delivery Note"]),
    ("devis", &["Quotation"]),
    ("estimate", &["Quotation"]),
    ("facture", &["Sales Invoice", "Purchase Invoice"]),
    ("fournisseur", &["Supplier"]),
    ("general ledger", &["GL Entry"]),
    ("goods receipt", &["Purchase Receipt"]),
    ("gutschrift", &["Sales Invoice"]),
    ("invoice", &["Sales Invoice", "Purchase Invoice"]),
    ("journal", &["Journal Entry"]),
    ("kunde", &["Customer"]),
    ("lieferant", &["Supplier"]),
    ("lieferschein", &["Delivery Note"]),
    ("mahnung", &["Dunning"]),
    ("manufacturing order", &["Work Order"]),
    ("offer", &["Quotation"]),
    ("order", &["Sales Order", "Purchase Order"]),
    ("payment", &["Payment Entry"]),
    ("product", &["Item"]),
    ("production order", &["Work Order"]),
    ("quote", &["Quotation"]),
    ("receipt", &["Purchase Receipt", "Payment Entry"]),
    ("rechnung", &["Sales Invoice", "Purchase Invoice"]),
    ("stock count", &["Stock Reconciliation"]),
    ("stock transfer", &["Stock Entry"]),
    ("stocktake", &["Stock Reconciliation"]),
    ("ticket", &["Issue"]),
    ("vendor", &["Supplier"]),
    ("warehouse transfer", &["Stock Entry"]),
    ("zahlung", &["Payment Entry"]),
];

/// The DocTypes that people call so.
pub fn meant(text: &str) -> &'static [&'static str] {
    let text = text.trim().to_lowercase().replace(['_', '-'], " ");
    let forms = [text.as_str(), text.strip_suffix('s').unwrap_or(&text)];
    match SAID.iter().find(|(word, _)| forms.contains(word)) {
        Some((_, doctypes)) => doctypes,
        None => &[],
    }
}

/// The text with the name of a DocType in the place of each word that people say for one, if nothing else goes by that word.
pub fn renamed(text: &str, is_unknown: impl Fn(&str) -> bool) -> String {
    let words = text.split_whitespace().map(|word| match meant(word).first() {
        Some(doctype) if is_unknown(word) => *doctype,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What a name that no DocType has may be meant for, of those that are available: what people call so, else the nearest.
pub fn near(text: &str, available: &[&str]) -> Option<String> {
    let said: Vec<&str> = meant(text).iter().copied().filter(|doctype| available.contains(doctype)).collect();
    if said.is_empty() {
        return nearest(text, available.iter().copied()).map(str::to_owned);
    }
    Some(said.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::{SAID, meant, near, renamed};

    #[test]
    fn no_word_is_the_name_of_a_doctype_and_each_means_some() {
        assert!(SAID.is_sorted_by_key(|(word, _)| *word));
        for (word, doctypes) in SAID {
            assert!(erpnext_doctypes::ALL.iter().all(|table| !table.name().eq_ignore_ascii_case(word)), "{word}");
            for doctype in *doctypes {
                assert!(erpnext_doctypes::any(doctype).is_some(), "{doctype}");
            }
        }
    }

    #[test]
    fn what_people_call_so_goes_before_what_is_spelt_alike() {
        let available = ["Gender", "Supplier", "Sales Invoice", "Purchase Invoice", "Stock Entry", "Share Transfer"];
        for (text, wanted) in [
            ("Vendor", Some("Supplier")),
            ("vendors", Some("Supplier")),
            ("Chart of Accounts", None),
            ("Stock_Transfer", Some("Stock Entry")),
            ("Rechnung", Some("Sales Invoice or Purchase Invoice")),
            ("Suplier", Some("Supplier")),
            ("Kunde", None),
        ] {
            assert_eq!(near(text, &available).as_deref(), wanted, "{text}");
        }
        assert!(meant("Supplier").is_empty());
    }

    #[test]
    fn a_word_gives_way_to_the_name_of_its_doctype_unless_something_goes_by_it() {
        assert_eq!(
            renamed("create a Ticket  for the payment", |word| word == "Ticket"),
            "create a Issue for the payment"
        );
    }
}
