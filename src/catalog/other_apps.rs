//! The DocTypes of HRMS, an app that many sites run beside ERPNext and others do not: who asks for one of them there is told so,
//! and is not led to what is called alike.

/// Those that people ask for.
const DOCTYPES: &[&str] = &[
    "Additional Salary",
    "Appointment Letter",
    "Appraisal",
    "Attendance",
    "Attendance Request",
    "Compensatory Leave Request",
    "Employee Advance",
    "Employee Attendance Tool",
    "Employee Benefit Application",
    "Employee Benefit Claim",
    "Employee Checkin",
    "Employee Grade",
    "Employee Grievance",
    "Employee Incentive",
    "Employee Onboarding",
    "Employee Promotion",
    "Employee Referral",
    "Employee Separation",
    "Employee Transfer",
    "Exit Interview",
    "Expense Claim",
    "Expense Claim Type",
    "Full and Final Statement",
    "Gratuity",
    "HR Settings",
    "Income Tax Slab",
    "Job Applicant",
    "Job Offer",
    "Job Opening",
    "Job Requisition",
    "Leave Allocation",
    "Leave Application",
    "Leave Block List",
    "Leave Control Panel",
    "Leave Encashment",
    "Leave Ledger Entry",
    "Leave Period",
    "Leave Policy",
    "Leave Policy Assignment",
    "Leave Type",
    "Payroll Entry",
    "Payroll Period",
    "Payroll Settings",
    "Retention Bonus",
    "Salary Component",
    "Salary Slip",
    "Salary Structure",
    "Salary Structure Assignment",
    "Salary Withholding",
    "Shift Assignment",
    "Shift Request",
    "Shift Type",
    "Staffing Plan",
    "Training Event",
    "Training Program",
    "Travel Request",
    "Vehicle Log",
];

/// What people say for them.
const SAID: &[(&str, &str)] = &[
    ("annual leave", "Leave Application"),
    ("apply for leave", "Leave Application"),
    ("day off", "Leave Application"),
    ("leave balance", "Leave Allocation"),
    ("leave request", "Leave Application"),
    ("pay slip", "Salary Slip"),
    ("payslip", "Salary Slip"),
    ("request leave", "Leave Application"),
    ("sick leave", "Leave Application"),
    ("time off", "Leave Application"),
    ("vacation", "Leave Application"),
];

/// What people say for them where they say nothing else.
const SAID_ALONE: &[(&str, &str)] = &[
    ("checkin", "Employee Checkin"),
    ("expense report", "Expense Claim"),
    ("leave", "Leave Application"),
    ("payroll", "Payroll Entry"),
    ("salary", "Salary Slip"),
    ("shift", "Shift Assignment"),
];

/// What to do where there is none of them.
pub const NEXT: &str =
    "Tell the user. Of staff, ERPNext itself has Employee, Department, Designation, Holiday List and Timesheet.";

/// The DocType of that name.
pub fn named(name: &str) -> Option<&'static str> {
    DOCTYPES.iter().copied().find(|doctype| doctype.eq_ignore_ascii_case(name.trim()))
}

/// The words for a DocType, the DocType, and whether the words have to stand alone: longer ones first.
pub fn phrases() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let said = |alone: bool| move |(words, doctype): &(&'static str, &'static str)| (*words, *doctype, alone);
    let mut names: Vec<&'static str> = DOCTYPES.to_vec();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let names = names.into_iter().map(|name| (name, name, false));
    names.chain(SAID.iter().map(said(false))).chain(SAID_ALONE.iter().map(said(true)))
}

/// That the site does not have one of them.
pub fn absent(doctype: &str) -> String {
    format!("The site has no DocType {doctype:?}: it comes with the app HRMS, which is not installed there.")
}

#[cfg(test)]
mod tests {
    use super::{DOCTYPES, SAID, SAID_ALONE, named};

    #[test]
    fn none_of_them_is_of_erpnext_and_whatever_is_said_means_one() {
        assert!(DOCTYPES.is_sorted(), "{DOCTYPES:?}");
        for doctype in DOCTYPES {
            assert!(erpnext_doctypes::any(doctype).is_none(), "{doctype}");
        }
        for (words, doctype) in SAID.iter().chain(SAID_ALONE) {
            assert!(DOCTYPES.contains(doctype), "{words}");
        }
        assert_eq!((named(" leave application "), named("Employee")), (Some("Leave Application"), None));
    }
}
