//! Leads and opportunities.

use super::masters::SOURCES;
use super::parties::{slug, territory};
use super::people::mail;
use super::words::{CITIES, COMPANY, COUNTRY, CURRENCY, CUSTOMERS, FAMILY, GIVEN, INDUSTRIES};
use super::{Choice, Sample, TODAY, after, count, money};

const LEADS: &[(&str, Choice)] = &[
    ("Brightside Dental", "Lead"),
    ("Cobble Street Bakery", "Lead"),
    ("Drumlin Golf Club", "Open"),
    ("Eastgate Cinema", "Open"),
    ("Fernhill Care Home", "Replied"),
    ("Gable End Theatre", "Replied"),
    ("Hazel & Sons Opticians", "Opportunity"),
    ("Islander Ferries", "Opportunity"),
    ("Juniper Yoga", "Quotation"),
    ("Keel Boatyard", "Lost Quotation"),
    ("Lantern Youth Hostel", "Interested"),
    ("Millrace Cafe", "Interested"),
    ("Nettle Farm Shop", "Converted"),
    ("Orchard Coworking", "Do Not Contact"),
];

const OPPORTUNITIES: &[(Choice, &str, i64)] = &[
    ("Open", "First Talk", 20),
    ("Open", "Needs Known", 40),
    ("Open", "Needs Known", 40),
    ("Open", "Offer Made", 60),
    ("Quotation", "Offer Made", 60),
    ("Quotation", "Haggling", 80),
    ("Replied", "First Talk", 20),
    ("Converted", "Haggling", 100),
    ("Converted", "Haggling", 100),
    ("Lost", "Offer Made", 0),
    ("Closed", "First Talk", 0),
];

pub fn write(sample: &mut Sample<'_>) {
    for (at, (company, status)) in LEADS.iter().enumerate() {
        lead(sample, at, company, status);
    }
    for (status, stage, probability) in OPPORTUNITIES {
        opportunity(sample, status, stage, *probability);
    }
}

fn lead(sample: &mut Sample<'_>, at: usize, company: &str, status: Choice) {
    sample.on = after(TODAY, -sample.random.within(1, 90));
    let (given, family) = (*sample.random.of(GIVEN), *sample.random.of(FAMILY));
    let source = *sample.random.of(SOURCES);
    let known = matches!(status, "Opportunity" | "Quotation" | "Converted");
    let lead = fields! {
        owner: mail("Ines"),
        workflow_state: if known { "Approved" } else { "Open" },
        naming_series: "CRM-LEAD-.YYYY.-",
        first_name: given,
        last_name: family,
        lead_name: format!("{given} {family}"),
        title: company,
        company_name: company,
        source,
        utm_source: source,
        lead_owner: mail("Ines"),
        status,
        qualification_status: if known {
            "Qualified"
        } else {
            "Unqualified"
        },
        email_id: format!("{}@{}.example", given.to_lowercase(), slug(company)),
        industry: *sample.random.of(INDUSTRIES),
        territory: territory(at),
        city: CITIES[at % CITIES.len()].0,
        country: COUNTRY,
        company: COMPANY,
        no_of_employees: "1-10",
        language: "en",
    };
    let name = sample.number("CRM-LEAD-2026-", 5);
    sample.put("Lead", &name, lead);
}

fn opportunity(sample: &mut Sample<'_>, status: Choice, stage: &str, probability: i64) {
    sample.on = after(TODAY, -sample.random.within(3, 60));
    let customer = sample.random.below(CUSTOMERS.len() - 1);
    let party = CUSTOMERS[customer].0;
    let amount = money(sample.random.within(8, 90) * 10_000);
    let opportunity = fields! {
        owner: mail("Marek"),
        naming_series: "CRM-OPP-.YYYY.-",
        opportunity_from: "Customer",
        party_name: party,
        customer_name: party,
        title: party,
        status,
        opportunity_owner: mail("Marek"),
        sales_stage: stage,
        probability: count(probability),
        expected_closing: after(TODAY, sample.random.within(5, 80)),
        transaction_date: sample.on,
        territory: territory(customer),
        currency: CURRENCY,
        conversion_rate: 1.0,
        opportunity_amount: amount,
        base_opportunity_amount: amount,
        company: COMPANY,
        language: "en",
        order_lost_reason: (status == "Lost").then(|| "Chose ready-made furniture".to_owned()),
    };
    let name = sample.number("CRM-OPP-2026-", 5);
    sample.put("Opportunity", &name, opportunity);
}
