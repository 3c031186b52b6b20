//! The copies of restricted fields, which are restricted too. Which fields hold copies is found when the tables are generated.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use memchr::memchr_iter;

/// A field, or a column of a table, that others hold copies of.
struct Source {
    doctype: &'static str,
    path: &'static str,
    /// Their lines of the list, read only once the field is withheld.
    copies: &'static str,
}

impl Source {
    /// The fields, and columns of tables, that hold its copies, each with its DocType.
    fn copies(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.copies.lines().filter_map(|line| line.trim_start().split_once('\t'))
    }
}

/// The fields, and columns of tables (`items.tax_id`), that hold copies of restricted fields, by DocType; copies of copies too.
///
/// `restricted` tells whether a field of a DocType is restricted by name.
pub fn of(restricted: &dyn Fn(&str, &str) -> bool) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut copies: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut rest: Vec<Source> = sources().collect();
    loop {
        let is_withheld = |source: &mut Source| {
            restricted(source.doctype, source.path)
                || copies.get(source.doctype).is_some_and(|paths| paths.contains(source.path))
        };
        let found: Vec<Source> = rest.extract_if(.., is_withheld).collect();
        if found.is_empty() {
            return copies;
        }
        for (doctype, path) in found.iter().flat_map(Source::copies) {
            copies.entry(doctype).or_default().insert(path.to_owned());
        }
    }
}

/// What is copied, as the tables of any version tell: which one the site has is not known here.
fn sources() -> impl Iterator<Item = Source> {
    // A line names a source, those below it that begin with a tab the fields that are filled from it.
    let mut rest = erpnext_doctypes::COPIES;
    iter::from_fn(move || {
        let (source, below) = rest.split_once('\n')?;
        let (doctype, path) = source.split_once('\t')?;
        let is_last = |end: &usize| below.as_bytes().get(*end) != Some(&b'\t');
        let mut ends = memchr_iter(b'\n', below.as_bytes()).map(|at| at + 1);
        let (copies, after) = below.split_at(ends.find(is_last).unwrap_or(below.len()));
        rest = after;
        Some(Source { doctype, path, copies })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use erpnext_schema::Version;
    use erpnext_schema::copies::on;
    use erpnext_schema::known_columns::REPORTED;
    use erpnext_schema::known_copies::{ABOVE, KNOWN, UNFILLED};
    use erpnext_schema::known_reports::every;

    use super::{of, sources};

    fn copies(of: &[(&str, &str)]) -> impl Fn(&str, &str) -> bool {
        let of: Vec<String> = of.iter().map(|(doctype, field)| format!("{doctype}.{field}")).collect();
        let all = super::of(&|doctype, field| of.contains(&format!("{doctype}.{field}")));
        move |doctype, path| all.get(doctype).is_some_and(|fields| fields.contains(path))
    }

    /// What another app has: no generated table knows it.
    const OF_HRMS: &[&str] = &[
        "Employee Checkin",
        "Job Applicant",
        "Job Offer",
        "Leave Allocation",
        "Leave Application",
        "Leave Ledger Entry",
        "Salary Slip",
        "Shift Type",
        "Vehicle Log",
        "annual_taxable_amount",
        "attendance_date",
        "base_gross_pay",
        "claimed_amount",
        "early_exit",
        "employee_status",
        "expense_amount",
        "fuel_qty",
        "gross_pay",
        "ifsc_code",
        "in_time",
        "late_entry",
        "leave_type",
        "leaves",
        "micr_code",
        "net_pay",
        "new_leaves_allocated",
        "out_time",
        "price",
        "return_amount",
        "shift_end",
        "shift_start",
        "total_amount_reimbursed",
        "total_leave_days",
        "total_leaves_allocated",
        "total_sanctioned_amount",
    ];

    /// One that is misspelt would withhold nothing.
    #[test]
    fn what_reports_show_are_fields_that_there_are() {
        let made = every().flat_map(|made| made.reports.iter().map(move |report| (report, &made.sums)));
        for (shown, fields) in REPORTED.iter().map(|reported| (&reported.0, &reported.1)).chain(made) {
            for field in *fields {
                let is_there = erpnext_doctypes::ALL.iter().any(|table| table.any().field(field).is_some());
                assert!(is_there || OF_HRMS.contains(field), "{shown}: {field}");
                // What only its name opens would be withheld of everybody.
                let mut defs = erpnext_doctypes::ALL.iter().map(|table| table.any());
                let is_above = defs.any(|def| def.field(field).is_some_and(|field| field.permlevel > 0));
                assert!(!is_above, "{shown}: {field}");
            }
        }
        for doctype in every().flat_map(|made| made.from) {
            assert!(erpnext_doctypes::any(doctype).is_some() || OF_HRMS.contains(doctype), "{doctype}");
        }
    }

    #[test]
    fn what_the_code_of_erpnext_copies_is_found_without_its_metadata() {
        for (source, doctype, path) in [
            (("Lead", "mobile_no"), "Opportunity", "contact_mobile"),
            (("Lead", "annual_revenue"), "Opportunity", "annual_revenue"),
            (("Contact", "email_id"), "Sales Order", "contact_email"),
            (("Contact", "email_id"), "Customer", "email_id"),
            (("Contact", "mobile_no"), "Purchase Order", "contact_mobile"),
            (("Contact", "email_id"), "Contact", "email_ids.email_id"),
            (("Contact", "mobile_no"), "Contact", "phone_nos.phone"),
            (("Contact", "phone"), "Contact", "phone_nos.phone"),
            (("Lead", "mobile_no"), "Contact", "mobile_no"),
            (("Lead", "mobile_no"), "Contact", "phone_nos.phone"),
            (("Lead", "first_name"), "Contact", "full_name"),
            (("Lead", "job_title"), "Contact", "designation"),
            (("Customer", "email_id"), "Contact", "email_ids.email_id"),
            (("Customer", "customer_name"), "Contact", "company_name"),
            (("Supplier", "supplier_name"), "Contact", "full_name"),
            (("Contact", "last_name"), "Contact", "full_name"),
            (("Address", "pincode"), "Sales Invoice", "address_display"),
            (("Address", "pincode"), "Purchase Order", "shipping_address_display"),
            (("Item", "valuation_rate"), "Delivery Note", "items.incoming_rate"),
            (("Item", "valuation_rate"), "Sales Order", "items.gross_profit"),
            (("Item", "valuation_rate"), "Stock Ledger Entry", "stock_value_difference"),
            (("Delivery Note", "posting_date"), "GL Entry", "posting_date"),
            (("Stock Entry", "posting_time"), "Stock Ledger Entry", "posting_time"),
            (("Stock Entry", "remarks"), "GL Entry", "remarks"),
            (("Sales Invoice", "outstanding_amount"), "Payment Entry", "references.outstanding_amount"),
            (("Purchase Invoice", "grand_total"), "Payment Entry", "references.total_amount"),
            (("Sales Order", "advance_paid"), "Payment Entry", "references.outstanding_amount"),
            (("Sales Order", "grand_total"), "Sales Order", "base_grand_total"),
            (("Sales Order", "items.rate"), "Sales Order", "items.base_rate"),
            (("Item Price", "price_list_rate"), "Quotation", "items.base_price_list_rate"),
            (("Sales Order", "rounded_total"), "Sales Order", "in_words"),
            (("Payment Entry", "base_paid_amount"), "Payment Entry", "base_in_words"),
            (("Customer", "customer_name"), "Sales Invoice", "title"),
            (("Supplier", "supplier_name"), "Purchase Order", "title"),
            (("Customer", "customer_name"), "Sales Order", "title"),
            (("Item", "item_name"), "Material Request", "title"),
            (("Sales Taxes and Charges Template", "taxes.rate"), "Sales Order", "taxes.rate"),
            (("Purchase Taxes and Charges Template", "taxes"), "Purchase Invoice", "taxes"),
            (("Item", "item_name"), "Sales Order", "items.item_name"),
            (("Item", "description"), "Purchase Invoice", "items.description"),
            (("Item", "item_group"), "Delivery Note", "items.item_group"),
            (("Item", "brand"), "Opportunity", "items.brand"),
            (("Item", "image"), "Quotation", "items.image"),
            (("Item", "weight_per_unit"), "Delivery Note", "items.weight_per_unit"),
            (("Item", "description"), "Work Order", "description"),
            (("Customer", "customer_group"), "Sales Invoice", "customer_group"),
            (("Customer", "territory"), "Sales Order", "territory"),
            (("Workstation", "hour_rate"), "BOM", "operations.hour_rate"),
            (("Activity Type", "costing_rate"), "Timesheet", "time_logs.costing_rate"),
            (("Sales Invoice", "grand_total"), "Sales Invoice", "rounded_total"),
            (("Sales Invoice", "grand_total"), "Sales Invoice", "payment_schedule.payment_amount"),
            (("Sales Invoice", "outstanding_amount"), "Sales Invoice", "payment_schedule.base_outstanding"),
            (("Purchase Order", "grand_total"), "Purchase Order", "payment_schedule.outstanding"),
            (("Sales Invoice", "grand_total"), "Sales Invoice", "taxes.base_total"),
            (("Purchase Invoice", "rounded_total"), "Purchase Invoice", "taxes.total"),
            (("Sales Invoice", "grand_total"), "GL Entry", "debit"),
            (("Journal Entry", "accounts.credit"), "GL Entry", "credit_in_account_currency"),
            (("Payment Entry", "paid_amount"), "Payment Ledger Entry", "amount"),
            (("Sales Invoice", "outstanding_amount"), "Dunning", "overdue_payments.outstanding"),
            (("Sales Order", "grand_total"), "Payment Request", "grand_total"),
            (("Item", "valuation_rate"), "BOM", "items.base_rate"),
            (("Item", "valuation_rate"), "BOM", "total_cost"),
            (("Item", "last_purchase_rate"), "Work Order", "required_items.rate"),
            (("Sales Order", "items.rate"), "Sales Order", "items.stock_uom_rate"),
            (("Sales Invoice", "due_date"), "Payment Entry", "references.due_date"),
            (("Sales Invoice", "due_date"), "Sales Invoice", "payment_schedule.due_date"),
            (("Purchase Invoice", "due_date"), "Journal Entry", "accounts.reference_due_date"),
            (("Purchase Invoice", "due_date"), "GL Entry", "due_date"),
            (("Purchase Invoice", "bill_no"), "Payment Entry", "references.bill_no"),
            (("Delivery Note", "posting_date"), "Stock Ledger Entry", "posting_datetime"),
            (("Payment Entry", "paid_amount"), "Sales Invoice", "advances.advance_amount"),
            (("Purchase Receipt", "grand_total"), "Landed Cost Voucher", "purchase_receipts.grand_total"),
            (("Journal Entry", "user_remark"), "GL Entry", "remarks"),
            (("Payment Entry", "paid_amount"), "Payment Entry", "base_paid_amount_after_tax"),
            (("Payment Entry", "paid_amount"), "Advance Payment Ledger Entry", "amount"),
            (("Payment Entry", "received_amount"), "Bank Transaction", "payment_entries.allocated_amount"),
            (("Journal Entry", "accounts.debit"), "Account Closing Balance", "credit"),
            (("POS Invoice", "grand_total"), "Loyalty Point Entry", "purchase_amount"),
            (("Purchase Receipt", "items.rate"), "Item", "last_purchase_rate"),
        ] {
            assert!(copies(&[source])(doctype, path), "{source:?} {doctype}.{path}");
        }
        // Where the field of the name is a link, it holds a name.
        assert!(!copies(&[("Address", "pincode")])("Purchase Order", "shipping_address"));
        // What one company invoices another, and what is consolidated from the point of sale, adds up by itself.
        assert!(!copies(&[("Sales Invoice", "grand_total")])("Purchase Invoice", "grand_total"));
        assert!(!copies(&[("Sales Invoice", "grand_total")])("POS Invoice", "grand_total"));
        // Rows say this only of the document that holds them.
        assert!(!copies(&[("Sales Invoice", "grand_total")])("Sales Order", "payment_schedule.payment_amount"));
        // The same name stands for something of its own.
        assert!(!copies(&[("Customer", "naming_series")])("Sales Order", "naming_series"));
        assert!(!copies(&[("Lead", "company")])("Quotation", "company"));
        // What a document is named by comes from nowhere.
        assert!(!copies(&[("Customer", "customer_name")])("Company", "company_name"));
        assert!(of(&|_, _| false).is_empty());
    }

    #[test]
    fn every_known_copy_names_fields_that_there_are() {
        let has = |doctype: &str, path: &str| {
            let (field, column) = path.split_once('.').map_or((path, None), |(table, column)| (table, Some(column)));
            Version::ALL.iter().any(|version| {
                let get = |name: &str| erpnext_doctypes::get(*version, name);
                let Some(field) = get(doctype).and_then(|def| def.field(field)) else { return false };
                let in_rows = |column| field.target().and_then(get).is_some_and(|child| child.field(column).is_some());
                column.is_none_or(in_rows)
            })
        };
        let anywhere = |field: &str| erpnext_doctypes::ALL.iter().any(|table| has(table.name(), field));
        for known in KNOWN {
            for field in known.fields {
                assert!(known.on.map_or_else(|| anywhere(field), |on| has(on, field)), "{:?}.{field}", known.on);
            }
            for (of, field) in known.of.iter().flat_map(|(of, fields)| fields.iter().map(move |field| (of, field))) {
                assert!(has(of, field), "{of}.{field}");
            }
        }
        for (rows, field, above) in ABOVE {
            assert!(has(rows, field) && above.iter().all(|field| anywhere(field)), "{rows}.{field}");
        }
        assert!(UNFILLED.iter().all(|link| anywhere(link)));
    }

    #[test]
    fn the_list_holds_every_copy_that_the_tables_tell_of() {
        let by_tables = |version: Version| {
            let get = move |name: &str| erpnext_doctypes::get(version, name);
            erpnext_doctypes::all(version).flat_map(move |def| on(def, &get))
        };
        let tables: BTreeSet<_> = Version::ALL
            .iter()
            .flat_map(|version| by_tables(*version))
            .map(|copy| [copy.of.to_owned(), copy.source, copy.doctype.to_owned(), copy.path])
            .collect();
        let copies = |from: super::Source| {
            from.copies().map(move |(doctype, path)| [from.doctype, from.path, doctype, path].map(str::to_owned))
        };
        let listed: BTreeSet<_> = sources().flat_map(copies).collect();
        assert_eq!(listed, tables);
        assert!(listed.len() > 1000);
    }
}
