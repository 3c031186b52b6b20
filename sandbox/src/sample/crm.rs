//! Leads and opportunities.

use erpnext_doctypes::*;

use super::parties::{slug, territory};
use super::people::mail;
use super::words::{CITIES, COMPANY, COUNTRY, CURRENCY, CUSTOMERS, FAMILY, GIVEN, INDUSTRIES};
use super::{Sample, TODAY, after, count, money, text};

const LEADS: &[(&str, LeadStatus)] = &[
    ("Brightside Dental", LeadStatus::Lead),
    ("Cobble Street Bakery", LeadStatus::Lead),
    ("Drumlin Golf Club", LeadStatus::Open),
    ("Eastgate Cinema", LeadStatus::Open),
    ("Fernhill Care Home", LeadStatus::Replied),
    ("Gable End Theatre", LeadStatus::Replied),
    ("Hazel & Sons Opticians", LeadStatus::Opportunity),
    ("Islander Ferries", LeadStatus::Opportunity),
    ("Juniper Yoga", LeadStatus::Quotation),
    ("Keel Boatyard", LeadStatus::LostQuotation),
    ("Lantern Youth Hostel", LeadStatus::Interested),
    ("Millrace Cafe", LeadStatus::Interested),
    ("Nettle Farm Shop", LeadStatus::Converted),
    ("Orchard Coworking", LeadStatus::DoNotContact),
];

const OPPORTUNITIES: &[(OpportunityStatus, &str, i64)] = &[
    (OpportunityStatus::Open, "First Talk", 20),
    (OpportunityStatus::Open, "Needs Known", 40),
    (OpportunityStatus::Open, "Needs Known", 40),
    (OpportunityStatus::Open, "Offer Made", 60),
    (OpportunityStatus::Quotation, "Offer Made", 60),
    (OpportunityStatus::Quotation, "Haggling", 80),
    (OpportunityStatus::Replied, "First Talk", 20),
    (OpportunityStatus::Converted, "Haggling", 100),
    (OpportunityStatus::Converted, "Haggling", 100),
    (OpportunityStatus::Lost, "Offer Made", 0),
    (OpportunityStatus::Closed, "First Talk", 0),
];

pub fn write(sample: &mut Sample<'_>) {
    for (at, (company, status)) in LEADS.iter().enumerate() {
        lead(sample, at, company, *status);
    }
    for (status, stage, probability) in OPPORTUNITIES {
        opportunity(sample, *status, stage, *probability);
    }
}

fn lead(sample: &mut Sample<'_>, at: usize, company: &str, status: LeadStatus) {
    sample.on = after(TODAY, -sample.random.within(1, 90));
    let (given, family) = (*sample.random.of(GIVEN), *sample.random.of(FAMILY));
    let known = matches!(status, LeadStatus::Opportunity | LeadStatus::Quotation | LeadStatus::Converted);
    let lead = Lead {
        owner: mail("Ines").into(),
        workflow_state: if known { "Approved" } else { "Open" }.into(),
        naming_series: LeadNamingSeries::CrmLeadYyyy.into(),
        first_name: text(given),
        last_name: text(family),
        lead_name: text(format!("{given} {family}")),
        title: text(company),
        company_name: text(company),
        source: (*sample.random.of(&["Walk In", "Website Form", "Trade Fair", "Recommendation"])).into(),
        lead_owner: mail("Ines").into(),
        status: status.into(),
        qualification_status: if known {
            LeadQualificationStatus::Qualified
        } else {
            LeadQualificationStatus::Unqualified
        }
        .into(),
        email_id: text(format!("{}@{}.example", given.to_lowercase(), slug(company))),
        industry: (*sample.random.of(INDUSTRIES)).into(),
        territory: territory(at).into(),
        city: text(CITIES[at % CITIES.len()].0),
        country: COUNTRY.into(),
        company: COMPANY.into(),
        no_of_employees: text("1-10"),
        language: "en".into(),
        ..Lead::default()
    };
    let name = sample.number("CRM-LEAD-2026-", 5);
    sample.put(&name, &lead);
}

fn opportunity(sample: &mut Sample<'_>, status: OpportunityStatus, stage: &str, probability: i64) {
    sample.on = after(TODAY, -sample.random.within(3, 60));
    let customer = sample.random.below(CUSTOMERS.len() - 1);
    let party = CUSTOMERS[customer].0;
    let amount = money(sample.random.within(8, 90) * 10_000);
    let opportunity = Opportunity {
        owner: mail("Marek").into(),
        naming_series: OpportunityNamingSeries::CrmOppYyyy.into(),
        opportunity_from: "Customer".into(),
        party_name: text(party),
        customer_name: text(party),
        title: text(party),
        status: status.into(),
        opportunity_owner: mail("Marek").into(),
        sales_stage: stage.into(),
        probability: count(probability),
        expected_closing: Some(after(TODAY, sample.random.within(5, 80))),
        transaction_date: Some(sample.on),
        territory: territory(customer).into(),
        currency: CURRENCY.into(),
        conversion_rate: Some(1.0),
        opportunity_amount: amount,
        base_opportunity_amount: amount,
        company: COMPANY.into(),
        language: "en".into(),
        order_lost_reason: (status == OpportunityStatus::Lost).then(|| "Chose ready-made furniture".to_owned()),
        ..Opportunity::default()
    };
    let name = sample.number("CRM-OPP-2026-", 5);
    sample.put(&name, &opportunity);
}
