//! Which field of which DocType each key of an answer shows, and whether the caller may see it.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::DocTypeDef;
use serde_json::{Map, Value, json};

use super::def;
use crate::context::Session;
use crate::policy::{Operation, Permit};

/// A key of an answer, the DocType whose field it is (the party's own where empty), and the field; `*` for what is made of
/// all its fields. A key that can come from several fields is named with each; one that is not named here is left out.
pub type Fact = (&'static str, &'static str, &'static str);

/// What is told of an item.
pub const ITEM_FACTS: &[Fact] = &[
    ("item_code", "Item", "name"),
    ("item_name", "Item", "item_name"),
    ("description", "Item", "description"),
    ("item_group", "Item", "item_group"),
    ("brand", "Item", "brand"),
    ("uom", "Item", "stock_uom"),
    ("stock_uom", "Item", "stock_uom"),
    ("qty", "Item", "name"),
    ("conversion_factor", "Item", "uoms.conversion_factor"),
    ("price_list", "Item", "name"),
    ("price_list_rate", "Item Price", "price_list_rate"),
    ("discount_percentage", "Pricing Rule", "discount_percentage"),
    ("discount_percentage", "Pricing Rule", "discount_amount"),
    ("discount_amount", "Pricing Rule", "discount_amount"),
    ("discount_amount", "Pricing Rule", "discount_percentage"),
    ("min_order_qty", "Item", "min_order_qty"),
    ("last_purchase_rate", "Item", "last_purchase_rate"),
    ("warehouse", "Item", "item_defaults.default_warehouse"),
    ("actual_qty", "Bin", "actual_qty"),
    ("projected_qty", "Bin", "projected_qty"),
    ("reserved_qty", "Bin", "reserved_qty"),
    ("valuation_rate", "Bin", "valuation_rate"),
    ("valuation_rate", "Item", "valuation_rate"),
    ("income_account", "Item", "item_defaults.income_account"),
    ("expense_account", "Item", "item_defaults.expense_account"),
    ("cost_center", "Item", "item_defaults.selling_cost_center"),
    ("cost_center", "Item", "item_defaults.buying_cost_center"),
    ("item_tax_template", "Item", "taxes.item_tax_template"),
    ("item_tax_rate", "Item", "taxes.item_tax_template"),
    ("customer_item_code", "Item", "customer_items.ref_code"),
    ("has_serial_no", "Item", "has_serial_no"),
    ("has_batch_no", "Item", "has_batch_no"),
    ("is_fixed_asset", "Item", "is_fixed_asset"),
    ("delivered_by_supplier", "Item", "delivered_by_supplier"),
    ("weight_per_unit", "Item", "weight_per_unit"),
    ("weight_uom", "Item", "weight_uom"),
];

/// What is told of a price.
pub const PRICE_FACTS: &[Fact] = &[
    ("item_code", "Item", "name"),
    ("item_name", "Item", "item_name"),
    ("price_list", "Item", "name"),
    ("uom", "Item", "stock_uom"),
    ("stock_uom", "Item", "stock_uom"),
    ("conversion_factor", "Item", "uoms.conversion_factor"),
    ("price_list_rate", "Item Price", "price_list_rate"),
    ("margin_type", "Pricing Rule", "margin_type"),
    ("margin_rate_or_amount", "Pricing Rule", "margin_rate_or_amount"),
    ("discount_percentage", "Pricing Rule", "discount_percentage"),
    ("discount_percentage", "Pricing Rule", "discount_amount"),
    ("discount_amount", "Pricing Rule", "discount_amount"),
    ("discount_amount", "Pricing Rule", "discount_percentage"),
    ("rate", "Item Price", "price_list_rate"),
    ("rate", "Pricing Rule", "rate"),
    ("rate", "Pricing Rule", "margin_rate_or_amount"),
    ("rate", "Pricing Rule", "discount_percentage"),
    ("rate", "Pricing Rule", "discount_amount"),
    ("amount", "Item Price", "price_list_rate"),
    ("amount", "Pricing Rule", "rate"),
    ("amount", "Pricing Rule", "margin_rate_or_amount"),
    ("amount", "Pricing Rule", "discount_percentage"),
    ("amount", "Pricing Rule", "discount_amount"),
];

/// What is told of a party.
pub const PARTY_FACTS: &[Fact] = &[
    ("customer", "", "name"),
    ("supplier", "", "name"),
    ("customer_name", "", "customer_name"),
    ("supplier_name", "", "supplier_name"),
    ("customer_group", "", "customer_group"),
    ("supplier_group", "", "supplier_group"),
    ("territory", "", "territory"),
    ("language", "", "language"),
    ("currency", "", "default_currency"),
    ("selling_price_list", "", "default_price_list"),
    ("buying_price_list", "", "default_price_list"),
    ("payment_terms_template", "", "payment_terms"),
    ("due_date", "", "payment_terms"),
    ("tax_category", "", "tax_category"),
    ("taxes_and_charges", "", "tax_category"),
    ("customer_address", "Address", "name"),
    ("customer_address", "", "customer_primary_address"),
    ("supplier_address", "Address", "name"),
    ("supplier_address", "", "supplier_primary_address"),
    ("address_display", "Address", "*"),
    ("shipping_address_name", "Address", "name"),
    ("shipping_address", "Address", "*"),
    ("contact_person", "Contact", "name"),
    ("contact_person", "", "customer_primary_contact"),
    ("contact_person", "", "supplier_primary_contact"),
    ("contact_display", "Contact", "*"),
    ("contact_email", "Contact", "email_id"),
    ("contact_mobile", "Contact", "mobile_no"),
    ("contact_phone", "Contact", "phone"),
    ("contact_designation", "Contact", "designation"),
    ("contact_department", "Contact", "department"),
];

/// The pricing rules that the site applied: a list as JSON in a text.
pub fn applied(details: &Map<String, Value>) -> Vec<String> {
    let names = match details.get("pricing_rules") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    names.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What is said where pricing rules are left out.
pub const WITHOUT_RULES: &str =
    "pricing rules are left out, as there may be some that you may not see: with them it may cost something else";

/// Whether a fact may be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Seen,
    Withheld,
    /// The DocType has no such field.
    NoField,
}

/// Which fields of which DocTypes may be read, found out once each.
pub struct Facts<'a> {
    session: &'a Session<'a>,
    own: &'a str,
    known: BTreeMap<String, Option<(Permit, &'static DocTypeDef)>>,
}

impl<'a> Facts<'a> {
    /// Nothing is known yet; `own` is the DocType that the answer is about.
    pub fn new(session: &'a Session<'a>, own: &'a str) -> Self {
        Self { session, own, known: BTreeMap::new() }
    }

    /// Has pricing rules applied to the prices only where all that the rules say may be read, and says whether it does: else
    /// the price of one quantity, day or party beside that of the next would tell where a hidden rule begins.
    pub async fn ask_rules(&mut self, asked: &mut Map<String, Value>) -> bool {
        let all = self.may_read("Pricing Rule", "*").await;
        if !all {
            asked.insert("ignore_pricing_rule".to_owned(), json!(1));
        }
        all
    }

    /// Moves what may be seen of the details into the result, and says what is withheld, whether or not there is anything: the
    /// facts `outside` too.
    pub async fn give(
        &mut self,
        mut details: Map<String, Value>,
        facts: &[Fact],
        outside: &[&str],
        result: &mut Map<String, Value>,
    ) {
        let (mut withheld, mut judged) = (Vec::new(), BTreeSet::new());
        for (key, ..) in facts {
            if !judged.insert(*key) || self.is_of_the_other_party(key) {
                continue;
            }
            let mut sights = Vec::new();
            for (_, doctype, field) in facts.iter().filter(|(same, ..)| same == key) {
                if !doctype.is_empty() || !self.is_of_the_other_party(field) {
                    sights.push(self.sight(doctype, field).await);
                }
            }
            let value = details.remove(*key).filter(|value| !value.is_null() && *value != "" && *value != "{}");
            let is_denied = outside.contains(key)
                || self.session.policy.tells_by_choice(key, self.own)
                || sights.contains(&Sight::Withheld);
            match value {
                Some(value) if !is_denied && !sights.contains(&Sight::NoField) => {
                    result.insert((*key).to_owned(), value);
                }
                None if !is_denied => {}
                // That there is none would be told as well by saying nothing.
                _ => withheld.push(*key),
            }
        }
        if !withheld.is_empty() {
            result.insert("withheld".to_owned(), json!(withheld));
        }
    }

    /// The facts that would tell how many stock units a unit has, where that may not be read: the prices per unit and per stock
    /// unit have that ratio.
    pub async fn by_unit(&mut self, details: &Map<String, Value>) -> &'static [&'static str] {
        let is_stocks = ["uom", "stock_uom"].map(|key| details.get(key));
        let is_stocks = is_stocks[0] == is_stocks[1] && self.may_read("Item", "stock_uom").await;
        match is_stocks || self.may_read("Item", "uoms.conversion_factor").await {
            true => &[],
            false => &["price_list_rate", "rate", "amount"],
        }
    }

    /// Whether the key, or the field, is one of customers where the answer is about a supplier, or the reverse.
    fn is_of_the_other_party(&self, key: &str) -> bool {
        match self.own {
            "Customer" => key.starts_with("supplier"),
            "Supplier" => key.starts_with("customer"),
            _ => false,
        }
    }

    /// Whether the field may be read; one of another DocType only where all of its documents may be.
    pub async fn may_read(&mut self, doctype: &str, field: &str) -> bool {
        self.sight(doctype, field).await == Sight::Seen
    }

    async fn sight(&mut self, doctype: &str, field: &str) -> Sight {
        let doctype = if doctype.is_empty() { self.own } else { doctype };
        if !self.known.contains_key(doctype) {
            let permit = self.session.permit(Operation::Read, doctype).await.ok();
            let def = def(self.session, doctype).await.ok();
            self.known.insert(doctype.to_owned(), permit.zip(def));
        }
        let Some(Some((permit, def))) = self.known.get(doctype) else { return Sight::Withheld };
        // Which of its documents the fact is from is not told, so neither is whether it may be read.
        if permit.is_row_filtered() && doctype != self.own {
            return Sight::Withheld;
        }
        let rule = permit.fields();
        let may_read = match field.split_once('.') {
            _ if field == "*" => Some(rule.is_open()),
            None => def.field(field).map(|field| rule.may_read(field)),
            Some((table, column)) => def.field(table).and_then(|table| {
                let child = table.rows_of().and_then(|child| self.session.catalog.known(child))?;
                Some(rule.may_read_child(table, child.field(column)?))
            }),
        };
        match may_read {
            Some(true) => Sight::Seen,
            Some(false) => Sight::Withheld,
            None => Sight::NoField,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::applied;

    #[test]
    fn applied_rules_are_read_from_text_and_list() {
        let of = |value: Value| applied(&Map::from_iter([("pricing_rules".to_owned(), value)]));
        let names = vec!["PRLE-1".to_owned(), "PRLE-2".to_owned()];
        assert_eq!(of(json!("[\n \"PRLE-1\",\n \"PRLE-2\"\n]")), names);
        assert_eq!(of(json!(["PRLE-1", "PRLE-2"])), names);
        assert!(applied(&Map::new()).is_empty() && of(json!("")).is_empty());
    }
}
