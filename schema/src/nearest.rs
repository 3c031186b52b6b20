//! The nearest right value to a wrong one, for errors that a reader can act on at once.

use strsim::osa_distance;

use crate::{FieldDef, Shape, flag};

/// What people say for fields that are called otherwise, as one word, those that are meant most first.
const SAID: &[(&str, &[&str])] = &[
    ("address", &["address_line1", "customer_primary_address", "supplier_primary_address"]),
    ("assignedto", &["allocated_to"]),
    ("assignee", &["allocated_to"]),
    ("batch", &["batch_no"]),
    ("billnumber", &["bill_no"]),
    ("birthday", &["date_of_birth"]),
    ("category", &["item_group", "customer_group", "supplier_group"]),
    ("client", &["customer", "party_name"]),
    ("cost", &["net_purchase_amount", "gross_purchase_amount"]),
    ("currencyrate", &["conversion_rate"]),
    ("customer", &["party", "party_name"]),
    ("date", &["posting_date", "transaction_date", "date"]),
    ("deliverydate", &["schedule_date", "expected_delivery_date"]),
    ("discount", &["discount_percentage", "additional_discount_percentage"]),
    ("due", &["due_date", "exp_end_date", "date"]),
    ("duedate", &["exp_end_date", "schedule_date", "delivery_date", "valid_till", "date"]),
    ("email", &["email_id", "email", "contact_email"]),
    ("end", &["end_date", "exp_end_date", "expected_end_date", "to_date"]),
    ("enddate", &["exp_end_date", "expected_end_date", "to_date"]),
    ("exchangerate", &["conversion_rate"]),
    ("expiry", &["valid_till", "valid_upto", "expiry_date"]),
    ("from", &["s_warehouse", "from_warehouse", "from_date"]),
    ("invoicedate", &["bill_date", "posting_date"]),
    ("invoiceno", &["bill_no"]),
    ("invoicenumber", &["bill_no"]),
    ("item", &["item_code", "item"]),
    ("joined", &["date_of_joining"]),
    ("lead", &["party_name"]),
    ("memo", &["user_remark", "remarks"]),
    ("method", &["mode_of_payment"]),
    ("narration", &["user_remark", "remarks"]),
    ("note", &["user_remark", "remarks", "notes"]),
    ("outstanding", &["outstanding_amount"]),
    ("phone", &["phone", "mobile_no", "phone_no", "cell_number"]),
    ("po", &["po_no"]),
    ("postcode", &["pincode"]),
    ("price", &["rate", "price_list_rate", "standard_rate", "cost"]),
    ("purchaseprice", &["net_purchase_amount", "gross_purchase_amount"]),
    ("purchasevalue", &["net_purchase_amount", "gross_purchase_amount"]),
    ("quantity", &["qty"]),
    ("requireddate", &["delivery_date", "schedule_date"]),
    ("resolution", &["resolution_details"]),
    ("serial", &["serial_no"]),
    ("serialnumber", &["serial_no"]),
    ("sku", &["item_code"]),
    ("start", &["start_date", "exp_start_date", "expected_start_date", "planned_start_date", "from_date"]),
    ("street", &["address_line1"]),
    ("subject", &["description"]),
    ("supplier", &["party"]),
    ("title", &["subject", "project_name", "item_name", "description"]),
    ("to", &["t_warehouse", "to_warehouse", "to_date"]),
    ("unit", &["uom", "stock_uom"]),
    ("vendor", &["supplier", "party"]),
    ("zip", &["pincode"]),
    ("zipcode", &["pincode"]),
];

/// What people say for what a document or a row comes to.
const TOTAL: &[&str] = &["amount", "revenue", "sum", "total", "turnover", "value"];

/// The fields that state it, those of whole documents first.
const TOTALS: &[&str] = &[
    "grand_total",
    "paid_amount",
    "opportunity_amount",
    "total",
    "amount",
    "allocated_amount",
    "total_debit",
    "total_amount",
    "total_value",
    "total_cost",
    "total_billable_amount",
    "net_purchase_amount",
    "gross_purchase_amount",
];

/// The candidate closest to `wrong`, if one is close enough to be what was meant.
///
/// Case, spaces, hyphens and underscores are not counted as differences; beyond that up to a third of the
/// letters may be wrong, missing, added or swapped.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = fold(wrong);
    let letters = Letters::of(wrong.chars());
    let limit = (letters.count / 3).max(1);
    let scored = candidates.into_iter().filter_map(|candidate| {
        // Most candidates need no more than this look.
        if letters.least_distance(&Letters::of(folded(candidate))) > limit {
            return None;
        }
        let distance = osa_distance(&wrong, &fold(candidate));
        (distance <= limit).then_some((distance, candidate))
    });
    scored.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// The field that `wrong` names in another spelling, or by its label; else the one of the nearest name.
pub fn nearest_field<'a>(wrong: &str, fields: impl IntoIterator<Item = &'a FieldDef>) -> Option<&'static str> {
    let fields: Vec<&FieldDef> = fields.into_iter().filter(|field| field.kind.shape() != Shape::Layout).collect();
    let (spelt, words) = (fold(wrong), words(wrong));
    let named = fields.iter().find(|field| !spelt.is_empty() && fold(field.fieldname) == spelt);
    // Of two that bear one label, `base_total` is the one that is seldom meant.
    let labelled = || {
        let labelled = fields.iter().filter(|field| !words.is_empty() && self::words(field.label) == words);
        labelled.min_by_key(|field| field.fieldname.len())
    };
    let said = || first_of(names_of(&spelt), &fields);
    // `uom` is the last word of `stock_uom`, which a document must have, and no table of units.
    let ends = || {
        let ends = |field: &&&FieldDef| {
            let last = field.fieldname.rsplit_once('_').map(|(_, last)| last);
            !field.kind.is_table() && last == Some(spelt.as_str())
        };
        fields.iter().filter(ends).min_by_key(|field| (!field.is(flag::REQD), field.fieldname.len()))
    };
    // `outstanding` is how the name of one field begins, `outstanding_amount`.
    let begins = || {
        let lower: String = wrong.trim().chars().take(140).flat_map(char::to_lowercase).collect();
        let begin = format!("{}_", lower.replace([' ', '-'], "_"));
        let is_begun = |field: &&&FieldDef| !field.kind.is_table() && field.fieldname.starts_with(&begin);
        let mut begun = fields.iter().filter(is_begun).map(|field| field.fieldname);
        begun.next().filter(|_| !spelt.is_empty() && begun.next().is_none())
    };
    let field = named.or_else(labelled).copied().or_else(said).or_else(|| ends().copied()).map(|field| field.fieldname);
    let alike = || nearest(wrong, fields.iter().map(|field| field.fieldname)).filter(|name| has_its_words(wrong, name));
    field.or_else(alike).or_else(begins)
}

/// Whether of two names with as many words each word may be the other's: `purchase_value` is no misspelt `purchase_date`.
fn has_its_words(wrong: &str, name: &str) -> bool {
    let words = |text: &str| text.split(['_', ' ', '-']).map(str::to_lowercase).collect::<Vec<_>>();
    let (wrong, name) = (words(wrong), words(name));
    let is_alike = |(one, other): (&String, &String)| {
        let letters = one.chars().count().max(other.chars().count());
        osa_distance(one, other) <= (letters / 2).max(1)
    };
    wrong.len() != name.len() || wrong.iter().zip(&name).all(is_alike)
}

/// The field that people mean by a word that they say in the place of its name.
pub fn said_field<'a>(wrong: &str, fields: impl IntoIterator<Item = &'a FieldDef>) -> Option<&'static str> {
    let names = names_of(&fold(wrong));
    let fields: Vec<&FieldDef> = if names.is_empty() { Vec::new() } else { fields.into_iter().collect() };
    first_of(names, &fields).map(|field| field.fieldname)
}

/// What a word that people say is called.
fn names_of(spelt: &str) -> &'static [&'static str] {
    if TOTAL.contains(&spelt) {
        return TOTALS;
    }
    match SAID.iter().find(|(word, _)| *word == spelt) {
        Some((_, names)) => names,
        None => &[],
    }
}

fn first_of<'a>(names: &[&str], fields: &[&'a FieldDef]) -> Option<&'a FieldDef> {
    names.iter().find_map(|name| fields.iter().find(|field| field.fieldname == *name)).copied()
}

/// The one field that a text means which is no fieldname: its name in another spelling, or a label that no other bears.
pub fn labelled_field<'a>(text: &str, fields: impl IntoIterator<Item = &'a FieldDef>) -> Option<&'a FieldDef> {
    // What could be a fieldname may be that of a field that the site added.
    if text.chars().all(|c| c.is_lowercase() || c.is_numeric() || c == '_') {
        return None;
    }
    let fields: Vec<&FieldDef> = fields.into_iter().filter(|field| field.kind.shape() != Shape::Layout).collect();
    let (spelt, words) = (fold(text), words(text));
    let mut labelled = fields.iter().filter(|field| !words.is_empty() && self::words(field.label) == words);
    let named = fields.iter().find(|field| fold(field.fieldname) == spelt);
    // What the form calls so, where that is another: either could be meant, unless one alone is set by hand.
    let is_another = named.is_some_and(|named| self::words(named.label) != words);
    let in_form = labelled.clone().find(|field| is_another && !field.is(flag::READ_ONLY));
    match (named, in_form) {
        (Some(named), Some(in_form)) => named.is(flag::READ_ONLY).then_some(*in_form),
        (Some(named), None) => Some(*named),
        (None, _) => labelled.next().filter(|_| labelled.next().is_none()).copied(),
    }
}

/// The letters and digits of a label, or of one written like a fieldname.
fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(140).collect()
}

fn fold(text: &str) -> String {
    folded(text).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).take(140)
}

/// How often which letters occur, some of them taken for the same.
struct Letters {
    count: usize,
    of: [u8; 32],
}

impl Letters {
    fn of(text: impl Iterator<Item = char>) -> Self {
        let mut letters = Self { count: 0, of: [0; 32] };
        for letter in text {
            letters.count += 1;
            letters.of[u32::from(letter) as usize % 32] += 1;
        }
        letters
    }

    /// A distance that is no more than the real one: each letter too many is to be taken out or exchanged.
    fn least_distance(&self, other: &Self) -> usize {
        let more = |one: &Self, than: &Self| -> usize {
            one.of.iter().zip(&than.of).map(|(one, than)| usize::from(one.saturating_sub(*than))).sum()
        };
        more(self, other).max(more(other, self))
    }
}

#[cfg(test)]
mod tests {
    use super::{labelled_field, nearest, nearest_field, said_field};
    use crate::{FieldDef, field};

    #[test]
    fn finds_typos_swaps_and_other_spellings() {
        let fields = ["customer_name", "customer_group", "territory"];
        assert_eq!(nearest("customer_grup", fields), Some("customer_group"));
        assert_eq!(nearest("Customer Group", fields), Some("customer_group"));
        assert_eq!(nearest("terirtory", fields), Some("territory"));
        assert_eq!(nearest("posting_date", fields), None);
        assert_eq!(nearest("", fields), None);
    }

    #[test]
    fn a_label_names_its_field_before_any_neighbour() {
        let fields: &[FieldDef] = &[
            field!("qty_section", SectionBreak, "Quantity"),
            field!("base_total", Currency, "Sum Total"),
            field!("total", Currency, "Sum Total"),
            field!("quantile", Float, "Quantile"),
            field!("qty", Float, "Quantity"),
            field!("po_no", Data, "Customer's Purchase Order"),
            field!("item_name", Data, "Rate"),
            field!("rate", Currency, "Price"),
        ];
        for (wrong, right) in [
            ("Quantity", "qty"),
            ("quantity", "qty"),
            ("Customer's Purchase Order", "po_no"),
            ("customers_purchase_order", "po_no"),
            ("Sum Total", "total"),
            ("Rate", "rate"),
            ("Item Nam", "item_name"),
        ] {
            assert_eq!(nearest_field(wrong, fields), Some(right), "{wrong}");
        }
        assert_eq!(nearest_field("quantity", &fields[..4]), Some("quantile"));
        let bought = [field!("purchase_date", Date, "Day")];
        assert_eq!(nearest_field("purchase_dte", &bought), Some("purchase_date"));
        assert_eq!(nearest_field("purchase_valu", &bought), None, "another word, and no typo");
        assert_eq!(nearest_field("", fields), None);
    }

    #[test]
    fn a_word_that_people_say_names_the_field_that_is_meant() {
        let item: &[FieldDef] = &[
            field!("uoms", Table, "UOMs"),
            field!("purchase_uom", Link, "Default Purchase Unit"),
            field!("stock_uom", Link, "Default Unit", flags = crate::flag::REQD),
            field!("standard_rate", Currency, "Standard Selling"),
            field!("item_group", Link, "Item Group"),
        ];
        let order: &[FieldDef] = &[
            field!("transaction_date", Date, "On"),
            field!("delivery_date", Date, "By"),
            field!("rate", Currency, "R"),
            field!("outstanding_amount", Currency, "O"),
            field!("discount_amount", Currency, "D"),
            field!("discount_percentage", Percent, "P"),
        ];
        let quotation: &[FieldDef] =
            &[field!("party_name", DynamicLink, "Party"), field!("customer_name", Data, "Customer Name")];
        let address: &[FieldDef] =
            &[field!("address_line1", Data, "Line 1"), field!("is_primary_address", Check, "Preferred")];
        let moved: &[FieldDef] =
            &[field!("s_warehouse", Link, "Source Warehouse"), field!("t_warehouse", Link, "Target Warehouse")];
        let task: &[FieldDef] =
            &[field!("assigned_by", Link, "Assigned By"), field!("allocated_to", Link, "Allocated To")];
        let plan: &[FieldDef] = &[
            field!("trial_start", Date, "Trial"),
            field!("start_date", Date, "First Day"),
            field!("sender", Data, "Sender"),
            field!("supplier", Link, "Supplier"),
            field!("delivery_note", Link, "Delivery"),
            field!("remarks", Text, "Remarks"),
        ];
        for (fields, said, meant) in [
            (item, "uom", "stock_uom"),
            (item, "unit", "stock_uom"),
            (item, "group", "item_group"),
            (item, "price", "standard_rate"),
            (order, "price", "rate"),
            (order, "date", "transaction_date"),
            (order, "due_date", "delivery_date"),
            (order, "outstanding", "outstanding_amount"),
            (order, "discount", "discount_percentage"),
            (quotation, "customer", "party_name"),
            (address, "address", "address_line1"),
            (address, "street", "address_line1"),
            (moved, "from", "s_warehouse"),
            (moved, "to", "t_warehouse"),
            (task, "assigned_to", "allocated_to"),
            (task, "assigned_by", "assigned_by"),
            (plan, "start", "start_date"),
            (plan, "Vendor", "supplier"),
            (plan, "note", "remarks"),
        ] {
            assert_eq!(nearest_field(said, fields), Some(meant), "{said}");
        }
        let invoice: &[FieldDef] = &[
            field!("base_total", Currency, "B"),
            field!("allocated_amount", Currency, "A"),
            field!("grand_total", Currency, "G"),
        ];
        for said in ["amount", "total", "value", "Sum", "revenue"] {
            let found = [nearest_field(said, invoice), said_field(said, invoice)];
            assert_eq!(found, [Some("grand_total"); 2], "{said}");
        }
        assert_eq!((said_field("price", order), said_field("amount", order)), (Some("rate"), None));
        assert_eq!((said_field("outstanding", order), said_field("rate", order)), (Some("outstanding_amount"), None));
        let several: &[FieldDef] = &[field!("credit_days", Int, "A"), field!("credit_limit_total", Currency, "B")];
        assert_eq!(nearest_field("credit", several), None, "it begins two names");
    }

    #[test]
    fn a_label_is_taken_for_its_field_where_no_other_bears_it_and_it_is_no_fieldname() {
        let fields = [
            field!("due_date", Date, "Due Date"),
            field!("posting_date", Date, "Date"),
            field!("item_code", Link, "Item"),
            field!("net", Currency, "Total"),
            field!("gross", Currency, "Total"),
            field!("tc_name", Link, "Terms"),
            field!("terms", Text, "Text of Terms"),
            field!("debit_in_account_currency", Currency, "Debit"),
            field!("debit", Currency, "Debit in Company Currency", flags = crate::flag::READ_ONLY),
        ];
        for (text, meant) in [
            ("Terms", None),
            ("Debit", Some("debit_in_account_currency")),
            ("Due Date", Some("due_date")),
            ("due date", Some("due_date")),
            ("dueDate", Some("due_date")),
            ("Date", Some("posting_date")),
            ("date", None),
            ("Item", Some("item_code")),
            ("Total", None),
            ("Due Dat", None),
            ("", None),
        ] {
            assert_eq!(labelled_field(text, &fields).map(|field| field.fieldname), meant, "{text}");
        }
    }
}
