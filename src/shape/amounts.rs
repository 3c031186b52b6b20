//! How a person reads amounts: `1,180.00 EUR`, with the decimals of the field and the currency of the document; and
//! percentages: `12.5%`.

use std::collections::BTreeMap;

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, Options};
use serde_json::{Map, Number, Value};

use super::page::grouped;
use super::present::currency_field;

/// The decimals of an amount whose field states none, and the most that a site keeps.
const DECIMALS: usize = 2;
const MOST_DECIMALS: usize = 9;
/// What a field says whose amounts are in the currency of the document's company.
const COMPANYS: &str = "Company:company:default_currency";
/// The longest code of a currency that is shown.
const LONGEST: usize = 12;

/// Which fields of a document and its rows hold amounts or percentages, and what is known of their currencies.
#[derive(Default, Debug)]
pub struct Amounts {
    /// By the table of the rows; those of the document itself under the empty name.
    tables: BTreeMap<&'static str, BTreeMap<&'static str, Amount>>,
    /// What the document says in the fields that name currencies, and in `company`.
    stated: Map<String, Value>,
    /// The currencies of companies.
    companies: BTreeMap<String, String>,
}

/// A field that holds amounts or percentages.
#[derive(Debug)]
enum Amount {
    Money { decimals: usize, currency: Currency },
    Percent,
}

/// Where the currency of an amount stands.
#[derive(Debug)]
enum Currency {
    /// In this field of the document.
    OfDocument(&'static str),
    /// In this column of the same row.
    OfRow(&'static str),
    /// It is that of the company.
    OfCompany,
    /// Nowhere here.
    Unstated,
}

/// Where a value stands in what is shown.
#[derive(Clone, Copy)]
pub(super) struct ValueContext<'a> {
    /// The table of its row; empty outside of rows.
    table: &'a str,
    document: &'a Map<String, Value>,
    row: &'a Map<String, Value>,
}

impl<'a> ValueContext<'a> {
    /// In these entries, which are no row's.
    pub(super) fn of(entries: &'a Map<String, Value>) -> Self {
        Self { table: "", document: entries, row: entries }
    }

    /// In entries that a value at this place holds.
    pub(super) fn within(self, entries: &'a Map<String, Value>) -> Self {
        if self.table.is_empty() { Self::of(entries) } else { Self { row: entries, ..self } }
    }
}

impl Amounts {
    /// Those of a DocType. `stated` is what the document says beside what is shown, `companies` their currencies.
    pub fn new(
        def: &'static DocTypeDef,
        children: Children<'_>,
        stated: Map<String, Value>,
        companies: BTreeMap<String, String>,
    ) -> Self {
        let tables = def.known_tables(children).map(|(table, child)| (table.fieldname, columns(child, true)));
        Self { tables: tables.chain([("", columns(def, false))]).collect(), stated, companies }
    }

    /// And those of rows that the document does not hold, such as its entries in a ledger, shown under that name.
    #[must_use]
    pub fn with_rows(mut self, name: &'static str, def: &'static DocTypeDef) -> Self {
        self.tables.insert(name, columns(def, true));
        self
    }

    /// Where the values below an entry of that name stand.
    pub(super) fn below<'a>(&self, key: &'a str, place: ValueContext<'a>) -> ValueContext<'a> {
        let begins = place.table.is_empty() && !key.is_empty() && self.tables.contains_key(key);
        if begins { ValueContext { table: key, ..place } } else { place }
    }

    /// The number as an amount, where the field holds any.
    pub(super) fn written(&self, field: &str, number: &Number, place: ValueContext<'_>) -> Option<String> {
        let amount = self.tables.get(place.table)?.get(field)?;
        let Amount::Money { decimals, currency } = amount else { return Some(format!("{}%", figure(number, 0))) };
        let figure = figure(number, *decimals);
        let currency = match currency {
            Currency::OfDocument(by) => self.stated(by, place),
            Currency::OfRow(by) => place.row.get(*by).and_then(Value::as_str),
            Currency::OfCompany => {
                self.stated("company", place).and_then(|of| self.companies.get(of)).map(String::as_str)
            }
            Currency::Unstated => None,
        };
        // A code, and no text that could pass for more of the line.
        let is_code = |code: &&str| {
            !code.is_empty() && code.len() <= LONGEST && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        Some(match currency.filter(is_code) {
            Some(code) => format!("{figure} {code}"),
            None => figure,
        })
    }

    fn stated<'v>(&'v self, field: &str, place: ValueContext<'v>) -> Option<&'v str> {
        place.document.get(field).or_else(|| self.stated.get(field))?.as_str()
    }
}

/// The fields that hold amounts or percentages, of a document or of rows.
fn columns(def: &'static DocTypeDef, is_row: bool) -> BTreeMap<&'static str, Amount> {
    let amount = |field: &'static FieldDef| {
        let currency = match (currency_field(field), field.options) {
            (Some(by), _) if is_row && def.field(by).is_some() => Currency::OfRow(by),
            (Some(by), _) => Currency::OfDocument(by),
            (None, Options::Format(COMPANYS)) => Currency::OfCompany,
            (None, _) => Currency::Unstated,
        };
        Amount::Money { decimals: field.precision.map_or(DECIMALS, usize::from), currency }
    };
    let found = def.fields.iter().filter_map(|field| match field.kind {
        FieldKind::Currency => Some((field.fieldname, amount(field))),
        FieldKind::Percent => Some((field.fieldname, Amount::Percent)),
        // The rate of a tax is a percentage by its label alone.
        FieldKind::Float if says_percent(field.label) => Some((field.fieldname, Amount::Percent)),
        _ => None,
    });
    found.collect()
}

fn says_percent(label: &str) -> bool {
    let label = label.to_lowercase();
    ["%", "percent", "tax rate"].iter().any(|known| label.contains(known))
}

/// The number with thousands apart and at least that many decimals. No digit that a site keeps is left out.
pub(super) fn figure(number: &Number, decimals: usize) -> String {
    let shortest = number.to_string();
    let is_beyond = shortest.split_once('.').is_some_and(|(_, fraction)| fraction.len() > MOST_DECIMALS);
    let text = match number.as_f64().filter(|_| is_beyond) {
        Some(float) => format!("{float:.MOST_DECIMALS$}"),
        None => shortest,
    };
    // What no desk shows stays as it is: the end of an exponent is no end of a fraction.
    if text.contains(['e', 'E']) {
        return text;
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let Ok(whole) = whole.parse::<u64>() else { return text };
    let fraction = fraction.trim_end_matches('0');
    let fraction = format!("{fraction:0<decimals$}");
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Number, Value, json};

    use super::{Amounts, ValueContext, figure};

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn number(value: f64) -> Number {
        Number::from_f64(value).unwrap()
    }

    fn order(stated: Value) -> Amounts {
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        let companies = BTreeMap::from([("Zed Co".to_owned(), "INR".to_owned())]);
        Amounts::new(def, &erpnext_doctypes::any, map(stated), companies)
    }

    #[test]
    fn a_figure_has_its_decimals_and_loses_none() {
        for (value, decimals, shown) in [
            (1180.0, 2, "1,180.00"),
            (1180.5, 2, "1,180.50"),
            (0.125, 2, "0.125"),
            (1.5e20, 2, "1.5e+20"),
            (1.5e-10, 2, "1.5e-10"),
            (-1500.0, 2, "-1,500.00"),
            (1_234_567_890.12, 2, "1,234,567,890.12"),
            (117.600_000_000_000_01, 2, "117.60"),
            (12.0, 0, "12"),
            (12.5, 0, "12.5"),
        ] {
            assert_eq!(figure(&number(value), decimals), shown);
        }
        assert_eq!(figure(&Number::from(12_345), 2), "12,345.00");
    }

    #[test]
    fn an_amount_is_in_the_currency_that_its_field_names() {
        let amounts = order(json!({"currency": "EUR", "company": "Zed Co"}));
        let nothing = Map::new();
        let here = ValueContext::of(&nothing);
        let of = |field: &str| amounts.written(field, &number(1180.0), here);
        assert_eq!(of("grand_total").unwrap(), "1,180.00 EUR");
        assert_eq!(of("base_grand_total").unwrap(), "1,180.00 INR");
        assert_eq!(of("conversion_rate"), None);
        assert_eq!(of("per_delivered").unwrap(), "1,180%");
        // What is shown is believed before what is stored.
        let shown = map(json!({"currency": "USD"}));
        assert_eq!(amounts.written("grand_total", &number(1.0), ValueContext::of(&shown)).unwrap(), "1.00 USD");
        // A currency that changes is none, and so is a text that is no code.
        let shown = map(json!({"currency": {"from": "EUR", "to": "USD"}}));
        assert_eq!(amounts.written("grand_total", &number(1.0), ValueContext::of(&shown)).unwrap(), "1.00");
        let amounts = order(json!({"currency": "EUR, Grand Total 1"}));
        assert_eq!(amounts.written("grand_total", &number(1.0), ValueContext::of(&Map::new())).unwrap(), "1.00");
    }

    #[test]
    fn a_column_is_an_amount_by_its_table() {
        let amounts = order(json!({"currency": "EUR"}));
        let nothing = Map::new();
        let rate =
            |table: &str| amounts.written("rate", &number(5.0), amounts.below(table, ValueContext::of(&nothing)));
        assert_eq!(rate("items").unwrap(), "5.00 EUR");
        // That of a tax is a percentage, and the document has none.
        assert_eq!((rate("taxes").as_deref(), rate("").as_deref()), (Some("5%"), None));
    }
}
