//! Values that a conversion copies to fields of other names, where the field rule of the made document does not withhold
//! them.

/// The fields of one document, and the columns of its rows, that stand in another under other names.
pub struct Renamed {
    /// The DocType of the one that there is.
    pub from: &'static str,
    /// Its fields.
    pub fields: &'static [&'static str],
    /// The DocType of the one that is made.
    pub to: &'static str,
    /// The fields that may hold what those do.
    pub stand_in: &'static [&'static str],
}

const fn renamed(
    from: &'static str,
    fields: &'static [&'static str],
    to: &'static str,
    stand_in: &'static [&'static str],
) -> Renamed {
    Renamed { from, fields, to, stand_in }
}

/// By the mappers of ERPNext.
#[rustfmt::skip]
pub const RENAMED: &[Renamed] = &[
    renamed("Lead", &["lead_name", "company_name"], "Customer", &["customer_name"]),
    renamed("Lead", &["lead_name", "company_name"], "Opportunity", &["contact_display", "customer_name", "title"]),
    renamed("Lead", &["lead_name", "company_name"], "Quotation", &["contact_display", "customer_name", "title"]),
    renamed("Lead", &["email_id"], "Opportunity", &["contact_email"]),
    renamed("Lead", &["email_id"], "Quotation", &["contact_email"]),
    renamed("Lead", &["mobile_no"], "Opportunity", &["contact_mobile"]),
    renamed("Lead", &["mobile_no"], "Quotation", &["contact_mobile"]),
    renamed("Lead", &["lead_owner"], "Opportunity", &["opportunity_owner"]),
    renamed("Lead", &["whatsapp_no"], "Opportunity", &["whatsapp"]),
    renamed("Opportunity", &["opportunity_from"], "Quotation", &["quotation_to"]),
    renamed("Quotation", &["party_name"], "Sales Order", &["customer"]),
    renamed("Quotation", &["party_name"], "Sales Invoice", &["customer"]),
    renamed("Sales Order", &["net_total"], "Project", &["total_sales_amount"]),
    renamed("Sales Order", &["base_grand_total"], "Project", &["estimated_costing"]),
    renamed("Sales Order", &["customer_name", "title"], "Project", &["project_name"]),
    renamed("Sales Order", &["delivery_date", "items.delivery_date"], "Material Request", &["schedule_date", "items.schedule_date"]),
    renamed("Sales Order", &["items.item_code", "items.item_name", "items.description", "items.item_group", "items.qty", "items.stock_qty", "items.uom", "items.warehouse"], "Pick List", &["locations"]),
    renamed("Purchase Receipt", &["items.warehouse"], "Stock Entry", &["items.s_warehouse"]),
    renamed("Purchase Receipt", &["items.qty", "items.stock_qty"], "Stock Entry", &["items.qty", "items.transfer_qty"]),
    renamed("Material Request", &["items.qty", "items.stock_qty"], "Stock Entry", &["items.qty", "items.transfer_qty"]),
    renamed("Material Request", &["items.stock_qty"], "Purchase Order", &["items.qty"]),
    renamed("Material Request", &["set_warehouse", "items.warehouse"], "Stock Entry", &["to_warehouse", "items.t_warehouse"]),
    renamed("Material Request", &["set_from_warehouse", "items.from_warehouse"], "Stock Entry", &["from_warehouse", "items.s_warehouse"]),
    renamed("Work Order", &["qty"], "Stock Entry", &["fg_completed_qty", "items.qty", "items.transfer_qty"]),
    renamed("Work Order", &["production_item"], "Stock Entry", &["items.item_code"]),
    renamed("Work Order", &["source_warehouse", "wip_warehouse"], "Stock Entry", &["from_warehouse", "to_warehouse", "items.s_warehouse", "items.t_warehouse"]),
    renamed("Work Order", &["fg_warehouse"], "Stock Entry", &["to_warehouse", "items.t_warehouse"]),
];

/// What a document comes to, whatever its DocType.
pub const TOTALS: &[&str] = &["grand_total", "rounded_total"];
/// What a draft says of that beside its own totals: what is open of it, and when it is to be paid.
pub const OF_TOTALS: &[&str] = &["outstanding_amount", "payment_schedule"];

#[cfg(test)]
mod tests {
    use super::super::table::CONVERSIONS;
    use super::{OF_TOTALS, RENAMED, TOTALS};

    /// A misspelt one would hide nothing.
    #[test]
    fn every_line_names_a_conversion_and_fields_that_there_are() {
        let has = |doctype: &str, path: &str| {
            let Some(def) = erpnext_doctypes::any(doctype) else { return false };
            match path.split_once('.') {
                None => def.field(path).is_some(),
                Some((table, column)) => {
                    let child = def.table(table).and_then(|table| table.rows_of()).and_then(erpnext_doctypes::any);
                    child.is_some_and(|child| child.field(column).is_some())
                }
            }
        };
        for line in RENAMED {
            let is_it = CONVERSIONS.iter().any(|way| (way.from, way.to) == (line.from, line.to));
            assert!(is_it, "{} {}", line.from, line.to);
            assert!(line.fields.iter().all(|field| has(line.from, field)), "{} {:?}", line.from, line.fields);
            assert!(line.stand_in.iter().all(|field| has(line.to, field)), "{} {:?}", line.to, line.stand_in);
        }
        assert!(TOTALS.iter().chain(OF_TOTALS).all(|field| has("Sales Invoice", field)));
    }
}
