//! Who works there: users, departments, employees, sales people.

use jiff::civil::date;

use super::masters::own;
use super::words::{COMPANY, CURRENCY, FAMILY};
use super::{Sample, after};

const DEPARTMENTS: &[&str] = &["Sales", "Workshop Floor", "Purchasing", "Books", "Dispatch"];
/// Given name, designation, department (index), has a user.
const STAFF: &[(&str, &str, usize, bool)] = &[
    ("Ruth", "Managing Director", 0, true),
    ("Marek", "Sales Manager", 0, true),
    ("Ines", "Sales Clerk", 0, true),
    ("Callum", "Sales Clerk", 0, false),
    ("Tobias", "Joiner", 1, false),
    ("Greta", "Joiner", 1, false),
    ("Leonie", "Upholsterer", 1, false),
    ("Owen", "Apprentice", 1, false),
    ("Priya", "Buyer", 2, true),
    ("Jonas", "Bookkeeper", 3, true),
    ("Aoife", "Store Keeper", 4, true),
    ("Pavel", "Driver", 4, false),
];

/// The address of a member of staff.
pub fn mail(given: &str) -> String {
    format!("{}@alderway.example", given.to_lowercase())
}

/// Those of the staff who own documents.
pub const OWNERS: &[&str] = &["Marek", "Ines", "Priya", "Jonas"];

pub fn write(sample: &mut Sample<'_>) {
    for gender in ["Female", "Male", "Other"] {
        sample.put("Gender", gender, fields! { gender });
    }
    for department in DEPARTMENTS {
        let document = fields! { department_name: *department, company: COMPANY };
        sample.put("Department", &own(department), document);
    }
    for (at, (_, job, ..)) in STAFF.iter().enumerate() {
        if !STAFF[..at].iter().any(|(_, other, ..)| other == job) {
            sample.put("Designation", job, fields! { designation_name: *job });
        }
    }
    for (at, (given, job, department, user)) in STAFF.iter().enumerate() {
        employee(sample, at, given, job, DEPARTMENTS[*department], *user);
    }
    for name in ["Marek Kowal", "Ines Duarte"] {
        let person = fields! {
            sales_person_name: name,
            is_group: false,
            enabled: true,
        };
        sample.put("Sales Person", name, person);
    }
}

fn employee(sample: &mut Sample<'_>, at: usize, given: &str, job: &str, department: &str, user: bool) {
    let family = FAMILY[at % FAMILY.len()];
    let full = format!("{given} {family}");
    if user {
        let document = fields! {
            email: mail(given),
            first_name: given,
            last_name: family,
            full_name: &*full,
            username: given.to_lowercase(),
            enabled: true,
            user_type: "System User",
            language: "en",
        };
        sample.put("User", &mail(given), document);
    }
    let years = i64::try_from(at).unwrap_or(0);
    let left = job == "Apprentice";
    let document = fields! {
        employee: format!("HR-EMP-{:05}", at + 1),
        naming_series: "HR-EMP-",
        first_name: given,
        last_name: family,
        employee_name: full,
        gender: if at.is_multiple_of(2) { "Female" } else { "Male" },
        date_of_birth: after(date(1971, 3, 9), years * 811),
        date_of_joining: after(date(2014, 9, 1), years * 317),
        relieving_date: left.then(|| date(2026, 8, 31)),
        status: if left { "Left" } else { "Active" },
        user_id: user.then(|| mail(given)),
        company: COMPANY,
        department: own(department),
        designation: job,
        reports_to: if at == 0 { "" } else { "HR-EMP-00001" },
        company_email: user.then(|| mail(given)),
        salary_currency: CURRENCY,
    };
    let name = sample.number("HR-EMP-", 5);
    sample.put("Employee", &name, document);
}
