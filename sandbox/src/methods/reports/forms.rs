//! The forms of the reports: the filters that the desk asks for, and the script that states them.

use serde_json::json;

/// One filter: `(fieldname, label, fieldtype, options, mandatory, default)`. The default is an expression of the
/// script, empty where there is none; the options of a Select stand a line each.
type Filter = (&'static str, &'static str, &'static str, &'static str, bool, &'static str);

const COMPANY: Filter =
    ("company", "Company", "Link", "Company", true, "frappe.defaults.get_user_default(\"Company\")");
const ANY_COMPANY: Filter = ("company", "Company", "Link", "Company", false, "");
const FROM: Filter =
    ("from_date", "From Date", "Date", "", true, "frappe.datetime.add_months(frappe.datetime.get_today(), -12)");
const TO: Filter = ("to_date", "To Date", "Date", "", true, "frappe.datetime.get_today()");
const CUSTOMER: Filter = ("customer", "Customer", "Link", "Customer", false, "");
const SUPPLIER: Filter = ("supplier", "Supplier", "Link", "Supplier", false, "");
const AGEING: &[Filter] = &[
    COMPANY,
    ("report_date", "Posting Date", "Date", "", false, "frappe.datetime.get_today()"),
    ("ageing_based_on", "Ageing Based On", "Select", "Posting Date\nDue Date", false, "\"Due Date\""),
    ("range", "Ageing Range", "Data", "", false, "\"30, 60, 90, 120\""),
    ("party", "Party", "MultiSelectList", "", false, ""),
];

/// The filters of a report.
pub fn filters(report: &str) -> &'static [Filter] {
    match report {
        "Accounts Payable" | "Accounts Payable Summary" | "Accounts Receivable" | "Accounts Receivable Summary" => {
            AGEING
        }
        "Bank Clearance Summary" => &[FROM, TO, ("account", "Bank Account", "Link", "Account", true, "")],
        "Customer Ledger Summary" => &[COMPANY, FROM, TO],
        "Customer-wise Item Price" => {
            &[("customer", "Customer", "Link", "Customer", true, ""), ("item", "Item", "Link", "Item", false, "")]
        }
        "General Ledger" => &[
            COMPANY,
            FROM,
            TO,
            ("account", "Account", "MultiSelectList", "Account", false, ""),
            ("voucher_no", "Voucher No", "Data", "", false, ""),
            ("cost_center", "Cost Center", "MultiSelectList", "Cost Center", false, ""),
            ("project", "Project", "MultiSelectList", "Project", false, ""),
        ],
        "Purchase Register" => &[FROM, TO, SUPPLIER, ANY_COMPANY],
        "Sales Order Analysis" => &[COMPANY, FROM, TO],
        "Sales Register" => &[FROM, TO, CUSTOMER, ANY_COMPANY],
        "Stock Balance" => &[ANY_COMPANY, FROM, TO, ("warehouse", "Warehouse", "Link", "Warehouse", false, "")],
        "Supplier Ledger Summary" => &[COMPANY, FROM, TO],
        "Trial Balance (Simple)" => &[],
        _ => &[],
    }
}

/// The script that states the filters, as scripts of the desk do.
pub fn script(report: &str) -> String {
    let filters = filters(report);
    if filters.is_empty() {
        return String::new();
    }
    let mut script = format!("frappe.query_reports[{}] = {{\n\tfilters: [\n", json!(report));
    for (fieldname, label, fieldtype, options, mandatory, default) in filters {
        script.push_str(&format!(
            "\t\t{{ fieldname: \"{fieldname}\", label: __(\"{label}\"), fieldtype: \"{fieldtype}\""
        ));
        match (*fieldtype, *options) {
            (_, "") => {}
            ("Select", choices) => {
                script.push_str(&format!(", options: {}", json!(choices.lines().collect::<Vec<_>>())))
            }
            (_, options) => script.push_str(&format!(", options: \"{options}\"")),
        }
        if *mandatory {
            script.push_str(", reqd: 1");
        }
        if !default.is_empty() {
            script.push_str(&format!(", default: {default}"));
        }
        script.push_str(" },\n");
    }
    script.push_str("\t],\n};\n");
    script
}
