//! The same of the reports of HRMS, whose DocTypes no generated table knows.

use super::Numbers::{All, Columns, Others, These, Unnamed};
use super::{Made, from, summed};

pub(super) const MADE: &[Made] = &[
    // What is called a name is the employee's.
    summed(&["Employee Analytics", "Employee Birthday"], &[], Columns(&["name"]), &["employee_name"]),
    summed(&["Employees working on a holiday"], &[], Columns(&["name"]), &["employee_name"]),
    summed(&["Employees working on a holiday"], &[], Columns(&["date"]), &["attendance_date"]),
    summed(&["Employees working on a holiday"], &["Holiday List"], Columns(&["holiday"]), &["description"]),
    summed(
        &["Employee Advance Summary", "Unpaid Expense Claim"],
        &["Employee"],
        Columns(&["employee"]),
        &["employee_name"],
    ),
    summed(
        &["Employee Advance Summary"],
        &["Employee"],
        Columns(&["title"]),
        &["employee_name", "branch", "department"],
    ),
    summed(
        &["Employee Advance Summary"],
        &[],
        These(&["outstanding_amount"]),
        &["paid_amount", "claimed_amount", "return_amount"],
    ),
    summed(
        &["Unpaid Expense Claim"],
        &["GL Entry", "Payment Ledger Entry"],
        These(&["outstanding_amt"]),
        &["amount", "debit", "credit", "total_sanctioned_amount", "total_amount_reimbursed"],
    ),
    summed(&["Appraisal Overview"], &[], These(&["goal_score"]), &["total_score"]),
    summed(&["Employee Exits"], &["Employee"], These(&["interview_status"]), &["status"]),
    summed(&["Employee Exits"], &[], These(&["final_decision"]), &["employee_status"]),
    summed(
        &["Recruitment Analytics"],
        &["Job Applicant", "Job Offer"],
        Columns(&["application_status", "job_offer_status"]),
        &["status"],
    ),
    // A column for each kind of leave, and for each day.
    summed(
        &["Employee Leave Balance", "Employee Leave Balance Summary"],
        &["Leave Allocation", "Leave Application", "Leave Ledger Entry"],
        All,
        &["leaves", "new_leaves_allocated", "total_leave_days", "total_leaves_allocated"],
    ),
    summed(&["Leave Ledger"], &[], Columns(&["date"]), &["creation"]),
    summed(
        &["Monthly Attendance Sheet"],
        &["Employee", "Holiday List", "Leave Application"],
        Others,
        &["status", "leave_type", "late_entry", "early_exit", "attendance_date"],
    ),
    summed(
        &["Shift Attendance"],
        &["Employee Checkin", "Shift Type"],
        These(&["late_entry_hrs"]),
        &["in_time", "late_entry", "shift_start"],
    ),
    summed(
        &["Shift Attendance"],
        &["Employee Checkin", "Shift Type"],
        These(&["early_exit_hrs"]),
        &["out_time", "early_exit", "shift_end"],
    ),
    from(&["Shift Attendance"], &["Employee Checkin"]),
    summed(
        &["Employee Hours Utilization Based On Timesheet"],
        &["Timesheet"],
        These(&["billed_hours", "non_billed_hours", "untracked_hours", "per_util", "per_util_billed_only"]),
        &["hours"],
    ),
    summed(&["Vehicle Expenses"], &["Vehicle Log"], These(&["fuel_price"]), &["price"]),
    summed(&["Vehicle Expenses"], &["Vehicle Log"], These(&["fuel_expense"]), &["price", "fuel_qty"]),
    summed(&["Vehicle Expenses"], &["Vehicle Log"], These(&["service_expense"]), &["expense_amount"]),
    // A column for each component of a salary, or each way to pay it.
    summed(&["Salary Register"], &["Employee"], Unnamed, &["amount", "gross_pay", "net_pay"]),
    summed(&["Salary Payments Based On Payment Mode"], &["Salary Slip"], All, &["gross_pay", "net_pay"]),
    summed(&["Salary Payments via ECS"], &["Employee"], These(&["type", "account_no"]), &["salary_mode"]),
    summed(&["Income Tax Deductions"], &["Employee"], These(&["it_amount"]), &["amount"]),
    summed(
        &["Income Tax Computation"],
        &["Employee", "Salary Slip"],
        All,
        &["amount", "annual_taxable_amount", "base_gross_pay", "gross_pay"],
    ),
    summed(
        &["Provident Fund Deductions"],
        &["Employee"],
        These(&["pf_amount", "additional_pf", "pf_loan", "total"]),
        &["amount"],
    ),
    summed(&["Bank Remittance"], &["Employee", "Salary Slip"], These(&["amount"]), &["net_pay"]),
    summed(
        &["Project Profitability"],
        &["Salary Slip", "Sales Invoice"],
        These(&["profit", "fractional_cost"]),
        &["gross_pay", "grand_total"],
    ),
];
