//! Copies that ERPNext's code makes and its metadata does not tell, through Links and Dynamic Links.

use std::collections::BTreeSet;

use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::site::Site;
use erpnext_schema::{DocTypeDef, Options};
use serde_json::{Map, Value, json};

use super::calls::{Call, Caller, call};
use super::chance::Chance;
use super::world::{Place, World};

/// A DocType and its link, what that leads to, the field that is filled and its source there.
pub const FILLED: &[(&str, &str, &str, &str, &str)] = &[
    ("Opportunity", "party_name", "Lead", "contact_mobile", "mobile_no"),
    ("Opportunity", "party_name", "Lead", "contact_email", "email_id"),
    ("Opportunity", "party_name", "Lead", "city", "city"),
    ("Opportunity", "party_name", "Lead", "job_title", "job_title"),
    ("Quotation", "party_name", "Lead", "contact_email", "email_id"),
    ("Quotation", "contact_person", "Contact", "contact_mobile", "mobile_no"),
    ("Sales Order", "contact_person", "Contact", "contact_email", "email_id"),
    ("Sales Order", "customer_address", "Address", "address_display", "address_line1"),
    ("Sales Invoice", "contact_person", "Contact", "contact_display", "first_name"),
    ("Sales Invoice", "customer_address", "Address", "address_display", "pincode"),
    ("Purchase Order", "contact_person", "Contact", "contact_mobile", "mobile_no"),
    ("Delivery Note", "shipping_address_name", "Address", "shipping_address", "city"),
];

impl World {
    /// At times, a document that is filled from another one, and that one.
    pub fn plant_filled(&mut self, site: &Site<'_>, chance: &mut Chance) -> Result<(), SiteError> {
        if !chance.percent(25) {
            return Ok(());
        }
        let (holder, _, target, ..) = *chance.one(FILLED).unwrap();
        for doctype in [target, holder] {
            self.put(site, chance, site.doctype(doctype)?)?;
        }
        Ok(())
    }

    /// Links to a document of the world, and fills what ERPNext's code copies from it.
    pub fn fill_as_the_code(&mut self, of: usize, def: &'static DocTypeDef, doc: &mut Map<String, Value>) {
        for (_, link, target, field, source) in FILLED.iter().filter(|(on, ..)| *on == def.name) {
            let Some(there) = self.documents.iter().position(|there| there.def.name == *target) else { continue };
            let place = Place::Field(there, (*source).to_owned());
            let canary = self.canaries.iter().find(|(_, places)| places.contains(&place)).map(|(key, _)| key.clone());
            let value = self.documents[there].stored.get(*source).cloned();
            let (Some(canary), Some(value)) = (canary, value) else { continue };
            if let Some(Options::TargetField(by)) = def.field(link).map(|link| link.options) {
                doc.insert(by.to_owned(), json!(target));
            }
            let name = self.documents[there].name.clone();
            self.note(&name, Place::Field(of, (*link).to_owned()));
            doc.insert((*link).to_owned(), json!(name));
            doc.insert((*field).to_owned(), value);
            self.note(&canary, Place::Copy((of, (*field).to_owned()), (there, source)));
        }
    }
}

impl Caller<'_> {
    /// A document that holds copies, as a whole; or a report with columns of rows.
    pub fn read_copies(&self, chance: &mut Chance) -> Option<Call> {
        if chance.percent(25) {
            let filters = json!({"company": "Alderway Furniture", "from_date": "2020-01-01", "to_date": "2900-01-01"});
            let arguments = json!({"name": "Sales Order Analysis", "filters": filters});
            return Some(call("tools/call", json!({"name": "run_report", "arguments": arguments})));
        }
        let of = |place: &Place| match place {
            Place::Copy((of, _), _) => Some(*of),
            _ => None,
        };
        let filled: BTreeSet<usize> = self.world.canaries.values().flatten().filter_map(of).collect();
        let filled: Vec<usize> = filled.into_iter().collect();
        let document = &self.world.documents[*chance.one(&filled)?];
        let arguments = json!({"doctype": document.def.name, "name": document.name});
        Some(call("tools/call", json!({"name": "get_generic_document", "arguments": arguments})))
    }
}
