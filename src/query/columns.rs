//! The columns of a list.

use erpnext_schema::{DocTypeDef, FieldDef, doctype_flag, flag, labelled_field};

use super::reader::Reader;
use crate::shape::present::currency_of;

impl Reader<'_> {
    /// The field that is given by its label, of those that the caller may see.
    pub(crate) fn labelled(&self, name: &str) -> Option<&'static FieldDef> {
        let field = labelled_field(name, self.def.all_fields().filter(|field| field.in_lists()));
        // One that may not be seen can be meant, too.
        field.filter(|field| self.rule.may_read(*field))
    }

    /// The columns of a list: those asked for, `*` for all, or a useful few.
    pub fn fields(&mut self, asked: Option<&[String]>) -> Vec<String> {
        let (def, rule, masked) = (self.def, self.rule, self.masked);
        let hidden = move |name: &str| masked.is_some_and(|masked| masked.hides(def.name, name));
        let permitted = move |field: &&FieldDef| field.in_lists() && rule.may_read(*field) && !hidden(field.fieldname);
        let mut names: Vec<&str> = Vec::new();
        match asked {
            None => {
                names.extend(def.all_fields().filter(|f| shown_in_lists(def, f)).filter(permitted).map(|f| f.fieldname))
            }
            Some(asked) => {
                for (i, name) in asked.iter().enumerate() {
                    match name.as_str() {
                        "*" => names.extend(def.all_fields().filter(permitted).map(|f| f.fieldname)),
                        name if self.is_beyond(name) => {}
                        _ => names.extend(self.field(&format!("fields[{i}]"), name).map(|field| field.fieldname)),
                    }
                }
            }
        }
        let mut columns = vec!["name".to_owned()];
        for name in names {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        }
        // Money says nothing without its currency, nor a title that is the pattern for another field (H64).
        let money = columns.iter().filter_map(|name| currency_of(def, def.field(name)?));
        let titled = def.titled_by().filter(|_| columns.iter().any(|name| def.title_field == Some(name)));
        for by in money.chain(titled).filter(permitted).map(|field| field.fieldname.to_owned()).collect::<Vec<_>>() {
            if !columns.contains(&by) {
                columns.push(by);
            }
        }
        columns
    }
}

/// The columns that tell documents apart: title, the desk's list, status; no series, which the name begins with.
fn shown_in_lists(def: &DocTypeDef, field: &FieldDef) -> bool {
    let name = field.fieldname;
    field.is(flag::IN_LIST_VIEW) && name != "naming_series"
        || def.title_field == Some(name)
        || matches!(name, "name" | "status" | "workflow_state")
        || name == "docstatus" && (def.is(doctype_flag::SUBMITTABLE) || is_ledger(def))
}

/// Whether its documents are made by vouchers, and submitted and cancelled with them (H71).
fn is_ledger(def: &DocTypeDef) -> bool {
    ["voucher_type", "voucher_no"].into_iter().all(|field| def.field(field).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Version;

    use super::*;
    use crate::policy::{Operation, Policy};

    #[test]
    fn what_may_be_meant_is_looked_for_as_far_as_it_is_told() {
        let def = erpnext_doctypes::get(Version::V15, "Customer").unwrap();
        let permit = Policy::full().permit(Operation::Read, def.name).unwrap();
        let mut reader = Reader::new(def, permit.fields());
        let asked: Vec<String> = (0..40).map(|_| "customer_nmae".to_owned()).collect();
        reader.fields(Some(&asked));
        let wrong = reader.done(()).unwrap_err();
        let near = wrong.iter().filter(|found| found.nearest.as_deref() == Some("customer_name"));
        assert_eq!((wrong.len(), near.count()), (40, 30));
    }
}
