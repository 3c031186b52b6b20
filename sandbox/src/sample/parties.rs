//! Customers and suppliers, with a contact and an address each.

use erpnext_doctypes::*;

use super::masters::{BUYING_LIST, SELLING_LIST};
use super::words::{
    CITIES, COUNTRY, CURRENCY, CUSTOMER_GROUPS, CUSTOMERS, FAMILY, GIVEN, STREETS, SUPPLIER_GROUPS, SUPPLIERS,
    TERRITORIES,
};
use super::{Sample, text};

/// The territory of a customer, by its place in the list.
pub fn territory(at: usize) -> &'static str {
    TERRITORIES[at % TERRITORIES.len()]
}

pub fn write(sample: &mut Sample<'_>) {
    for (at, (name, group)) in CUSTOMERS.iter().enumerate() {
        let customer = Customer {
            naming_series: CustomerNamingSeries::CustYyyy.into(),
            customer_name: text(*name),
            customer_type: if *group == 3 { CustomerCustomerType::Individual } else { CustomerCustomerType::Company }
                .into(),
            customer_group: CUSTOMER_GROUPS[*group].into(),
            territory: territory(at).into(),
            default_currency: CURRENCY.into(),
            default_price_list: SELLING_LIST.into(),
            language: "en".into(),
            website: text(format!("https://{}.example", slug(name))),
            customer_primary_contact: contact_name(at, name).into(),
            customer_primary_address: format!("{name}-Billing").into(),
            email_id: text(mail(at, name)),
            mobile_no: text(phone(at)),
            tax_id: text(format!("IE{:07}T", 1_200_345 + at * 7_919)),
            disabled: Some(at == CUSTOMERS.len() - 1),
            ..Customer::default()
        };
        sample.put(name, &customer);
        reach(sample, at, "Customer", name);
    }
    for (at, (name, group)) in SUPPLIERS.iter().enumerate() {
        let supplier = Supplier {
            naming_series: SupplierNamingSeries::SupYyyy.into(),
            supplier_name: text(*name),
            supplier_type: SupplierSupplierType::Company.into(),
            supplier_group: SUPPLIER_GROUPS[*group].into(),
            country: COUNTRY.into(),
            default_currency: CURRENCY.into(),
            default_price_list: BUYING_LIST.into(),
            language: "en".into(),
            is_transporter: Some(*group == 3),
            email_id: text(mail(at, name)),
            on_hold: Some(at == 4),
            ..Supplier::default()
        };
        sample.put(name, &supplier);
        reach(sample, at + CUSTOMERS.len(), "Supplier", name);
    }
}

/// The contact and the address of a party.
fn reach(sample: &mut Sample<'_>, at: usize, doctype: &str, party: &str) {
    let links = || {
        vec![DynamicLink {
            link_doctype: doctype.into(),
            link_name: text(party),
            link_title: text(party),
            ..Default::default()
        }]
    };
    let (given, family) = person(at);
    let contact = Contact {
        first_name: text(given),
        last_name: text(family),
        full_name: text(format!("{given} {family}")),
        email_id: text(mail(at, party)),
        mobile_no: text(phone(at)),
        company_name: text(party),
        status: ContactStatus::Passive.into(),
        is_primary_contact: Some(true),
        email_ids: vec![ContactEmail { email_id: text(mail(at, party)), is_primary: Some(true), ..Default::default() }],
        phone_nos: vec![ContactPhone {
            phone: text(phone(at)),
            is_primary_mobile_no: Some(true),
            ..Default::default()
        }],
        links: links(),
        ..Contact::default()
    };
    sample.put(&contact_name(at, party), &contact);
    let (city, code) = CITIES[at % CITIES.len()];
    let address = Address {
        address_title: text(party),
        address_type: AddressAddressType::Billing.into(),
        address_line1: text(format!("{} {}", 3 + at * 7 % 90, STREETS[at % STREETS.len()])),
        city: text(city),
        country: COUNTRY.into(),
        pincode: text(code),
        is_primary_address: Some(true),
        links: links(),
        ..Address::default()
    };
    sample.put(&format!("{party}-Billing"), &address);
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
