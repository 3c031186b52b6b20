//! Who works there: users, departments, employees, sales people.

use erpnext_doctypes::*;
use jiff::civil::date;

use super::masters::own;
use super::words::{COMPANY, CURRENCY, FAMILY};
use super::{Sample, after, text};

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
        sample.put(gender, &Gender { gender: text(gender), ..Gender::default() });
    }
    for department in DEPARTMENTS {
        let document =
            Department { department_name: text(*department), company: COMPANY.into(), ..Department::default() };
        sample.put(&own(department), &document);
    }
    for (at, (_, job, ..)) in STAFF.iter().enumerate() {
        if !STAFF[..at].iter().any(|(_, other, ..)| other == job) {
            sample.put(job, &Designation { designation_name: text(*job), ..Designation::default() });
        }
    }
    for (at, (given, job, department, user)) in STAFF.iter().enumerate() {
        employee(sample, at, given, job, DEPARTMENTS[*department], *user);
    }
    for name in ["Marek Kowal", "Ines Duarte"] {
        let person = SalesPerson {
            sales_person_name: text(name),
            is_group: Some(false),
            enabled: Some(true),
            ..SalesPerson::default()
        };
        sample.put(name, &person);
    }
}

fn employee(sample: &mut Sample<'_>, at: usize, given: &str, job: &str, department: &str, user: bool) {
    let family = FAMILY[at % FAMILY.len()];
    let full = format!("{given} {family}");
    if user {
        let document = User {
            email: text(mail(given)),
            first_name: text(given),
            last_name: text(family),
            full_name: text(&*full),
            username: text(given.to_lowercase()),
            enabled: Some(true),
            user_type: "System User".into(),
            language: "en".into(),
            ..User::default()
        };
        sample.put(&mail(given), &document);
    }
    let years = i64::try_from(at).unwrap_or(0);
    let left = job == "Apprentice";
    let document = Employee {
        employee: text(format!("HR-EMP-{:05}", at + 1)),
        naming_series: EmployeeNamingSeries::HrEmp.into(),
        first_name: text(given),
        last_name: text(family),
        employee_name: text(full),
        gender: if at.is_multiple_of(2) { "Female" } else { "Male" }.into(),
        date_of_birth: Some(after(date(1971, 3, 9), years * 811)),
        date_of_joining: Some(after(date(2014, 9, 1), years * 317)),
        relieving_date: left.then(|| date(2026, 8, 31)),
        status: if left { EmployeeStatus::Left } else { EmployeeStatus::Active }.into(),
        user_id: if user { mail(given).into() } else { Default::default() },
        company: COMPANY.into(),
        department: own(department).into(),
        designation: job.into(),
        reports_to: if at == 0 { Default::default() } else { "HR-EMP-00001".into() },
        company_email: user.then(|| mail(given)),
        salary_currency: CURRENCY.into(),
        ..Employee::default()
    };
    let name = sample.number("HR-EMP-", 5);
    sample.put(&name, &document);
}
