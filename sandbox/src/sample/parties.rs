//! Customers and suppliers, with a contact and an address each.

use super::Sample;
use super::masters::{BUYING_LIST, SELLING_LIST};
use super::words::{
    CITIES, COUNTRY, CURRENCY, CUSTOMER_GROUPS, CUSTOMERS, FAMILY, GIVEN, STREETS, SUPPLIER_GROUPS, SUPPLIERS,
    TERRITORIES,
};

/// The territory of a customer, by its place in the list.
pub fn territory(at: usize) -> &'static str {
    TERRITORIES[at % TERRITORIES.len()]
}

pub fn write(sample: &mut Sample<'_>) {
    for (at, (name, group)) in CUSTOMERS.iter().enumerate() {
        let customer = fields! {
            naming_series: "CUST-.YYYY.-",
            customer_name: *name,
            customer_type: if *group == 3 { "Individual" } else { "Company" },
            customer_group: CUSTOMER_GROUPS[*group],
            territory: territory(at),
            default_currency: CURRENCY,
            default_price_list: SELLING_LIST,
            language: "en",
            website: format!("https://{}.example", slug(name)),
            customer_primary_contact: contact_name(at, name),
            customer_primary_address: format!("{name}-Billing"),
            email_id: mail(at, name),
            mobile_no: phone(at),
            tax_id: format!("IE{:07}T", 1_200_345 + at * 7_919),
            disabled: at == CUSTOMERS.len() - 1,
        };
        sample.put("Customer", name, customer);
        reach(sample, at, "Customer", name);
    }
    for (at, (name, group)) in SUPPLIERS.iter().enumerate() {
        let supplier = fields! {
            naming_series: "SUP-.YYYY.-",
            supplier_name: *name,
            supplier_type: "Company",
            supplier_group: SUPPLIER_GROUPS[*group],
            country: COUNTRY,
            default_currency: CURRENCY,
            default_price_list: BUYING_LIST,
            language: "en",
            is_transporter: *group == 3,
            email_id: mail(at, name),
            on_hold: at == 4,
        };
        sample.put("Supplier", name, supplier);
        reach(sample, at + CUSTOMERS.len(), "Supplier", name);
    }
}

/// The contact and the address of a party.
fn reach(sample: &mut Sample<'_>, at: usize, doctype: &str, party: &str) {
    let links = || {
        vec![fields! {
            link_doctype: doctype,
            link_name: party,
            link_title: party,
        }]
    };
    let (given, family) = person(at);
    let contact = fields! {
    first_name: given,
    last_name: family,
    full_name: format!("{given} {family}"),
    email_id: mail(at, party),
    mobile_no: phone(at),
    company_name: party,
    status: "Passive",
    is_primary_contact: true,
    email_ids: vec![fields! { email_id: mail(at, party), is_primary: true }],
    phone_nos: vec![fields! {
        phone: phone(at),
        is_primary_mobile_no: true,
    }],
    links: links() };
    sample.put("Contact", &contact_name(at, party), contact);
    let (city, code) = CITIES[at % CITIES.len()];
    let address = fields! {
        address_title: party,
        address_type: "Billing",
        address_line1: format!("{} {}", 3 + at * 7 % 90, STREETS[at % STREETS.len()]),
        city,
        country: COUNTRY,
        pincode: code,
        is_primary_address: true,
        links: links(),
    };
    sample.put("Address", &format!("{party}-Billing"), address);
}

fn person(at: usize) -> (&'static str, &'static str) {
    (GIVEN[(at * 3 + 1) % GIVEN.len()], FAMILY[(at * 5 + 2) % FAMILY.len()])
}

/// The name of a party's contact.
pub fn contact_name(at: usize, party: &str) -> String {
    let (given, family) = person(at);
    format!("{given} {family}-{party}")
}

fn mail(at: usize, party: &str) -> String {
    format!("{}@{}.example", person(at).0.to_lowercase(), slug(party))
}

fn phone(at: usize) -> String {
    format!("+353 1 555 {:04}", 200 + at * 37)
}

/// A name as part of an internet address.
pub fn slug(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
