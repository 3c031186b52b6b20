//! What reports read: the filters of the request and the documents of the site.

use erpnext_schema::{FieldKind, time};
use serde_json::Value;

use crate::doc::{Doc, display, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

/// Whether a report is about what is sold or what is bought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Customers and sales invoices.
    Selling,
    /// Suppliers and purchase invoices.
    Buying,
}

macro_rules! sides {
    ($($(#[$doc:meta])* $method:ident: $type:ty = $selling:expr, $buying:expr;)*) => {
        impl Side {
            $($(#[$doc])* pub const fn $method(self) -> $type {
                match self { Self::Selling => $selling, Self::Buying => $buying }
            })*
        }
    };
}

sides! {
    /// The DocType of its invoices.
    invoice: &'static str = "Sales Invoice", "Purchase Invoice";
    /// The DocType of its parties.
    party: &'static str = "Customer", "Supplier";
    /// The invoice's field that names the party.
    party_field: &'static str = "customer", "supplier";
    /// The report's field that holds the party's name.
    name_field: &'static str = "customer_name", "supplier_name";
    /// The invoice's field that names the party's account.
    account_field: &'static str = "debit_to", "credit_to";
    /// The register's column of the party's account.
    register_account: &'static str = "receivable_account", "payable_account";
    /// The register's column of the taxes.
    tax_column: &'static str = "tax_total", "total_tax";
    /// The invoice's fields that the register repeats.
    register_fields: &'static [&'static str] = &[
        "posting_date", "customer", "customer_name", "customer_group", "territory", "tax_id", "mode_of_payment", "project",
        "owner", "sales_order", "delivery_note", "cost_center", "warehouse", "currency",
    ], &[
        "posting_date", "supplier", "supplier_name", "supplier_group", "tax_id", "mode_of_payment", "project", "bill_no",
        "bill_date", "purchase_order", "purchase_receipt", "currency",
    ];
}

/// The filters of a report.
#[derive(Clone, Default, Debug)]
pub struct Filters(pub Doc);

impl Filters {
    /// The text of a filter, where it is set.
    pub fn text(&self, field: &str) -> Option<String> {
        self.0.get(field).map(display).filter(|text| !text.is_empty())
    }

    /// Whether `value` passes a filter that is one text or a list of texts; a filter that is not set lets all pass.
    pub fn one_of(&self, field: &str, value: &str) -> bool {
        match self.0.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => {
                list.is_empty() || list.iter().any(|one| display(one).eq_ignore_ascii_case(value))
            }
            Some(one) => display(one).is_empty() || display(one).eq_ignore_ascii_case(value),
        }
    }

    /// `from_date` and `to_date`; the ends of time where they are not set.
    pub fn period(&self) -> (String, String) {
        let end = |field: &str, none: &str| self.text(field).unwrap_or_else(|| none.to_owned());
        (end("from_date", "0000-00-00"), end("to_date", "9999-12-31"))
    }
}

/// The documents of the site, for one report. Field permissions are left aside, as the site leaves them (H53).
pub struct Source<'a> {
    site: &'a Site<'a>,
}

impl<'a> Source<'a> {
    /// What this request can see.
    pub fn new(site: &'a Site<'a>) -> Self {
        Self { site }
    }

    /// Today, `YYYY-MM-DD`.
    pub fn today(&self) -> String {
        self.site.today()
    }

    /// How many days lie between two dates; 0 where one is no date.
    pub fn days_between(&self, from: &str, to: &str) -> i64 {
        match (time::parse_date(from), time::parse_date(to)) {
            (Ok(from), Ok(to)) => i64::from((to - from).get_days()),
            _ => 0,
        }
    }

    /// Every document of a DocType, without child rows.
    ///
    /// # Errors
    /// The database's.
    pub fn all(&self, doctype: &str) -> Result<Vec<Doc>, SiteError> {
        self.site.db.rows_where(self.site.controller(doctype)?, "1 ORDER BY name", &[])
    }

    /// The submitted documents of the filters' company, with their child rows.
    ///
    /// # Errors
    /// The database's.
    pub fn submitted(&self, doctype: &str, filters: &Filters) -> Result<Vec<Doc>, SiteError> {
        const OF_COMPANY: &str = "docstatus = 1 AND (?1 IS NULL OR company = ?1)";
        let def = self.site.controller(doctype)?;
        let company = [filters.text("company").map_or(Sql::Null, Sql::Text)];
        let mut docs = self.site.db.rows_where(def, &format!("{OF_COMPANY} ORDER BY name"), &company)?;
        for table in def.fields.iter().filter(|field| field.kind == FieldKind::Table && field.fieldname == "items") {
            let Some(child) = table.target().and_then(|target| self.site.meta.get(target)) else { continue };
            let parents = format!("SELECT name FROM {} WHERE {OF_COMPANY}", crate::store::table_name(doctype));
            let condition = format!("parentfield = 'items' AND parent IN ({parents}) ORDER BY parent, idx");
            let mut rows = std::collections::HashMap::<String, Vec<Value>>::new();
            for row in self.site.db.rows_where(child, &condition, &company)? {
                rows.entry(text(&row, "parent").to_owned()).or_default().push(Value::Object(row));
            }
            for doc in &mut docs {
                let items = rows.remove(text(doc, "name")).unwrap_or_default();
                doc.insert("items".to_owned(), Value::Array(items));
            }
        }
        Ok(docs)
    }

    /// A field of a document; null where there is no such document.
    pub fn value(&self, doctype: &str, name: &str, field: &str) -> Value {
        let def = self.site.controller(doctype);
        let row = def.and_then(|def| self.site.db.row(def, name)).ok().flatten();
        row.and_then(|row| row.get(field).cloned()).unwrap_or_default()
    }

    /// The currency of the filters' company.
    pub fn currency(&self, filters: &Filters) -> String {
        let company = filters.text("company").unwrap_or_default();
        match self.value("Company", &company, "default_currency") {
            Value::String(currency) => currency,
            _ => "USD".to_owned(),
        }
    }
}
