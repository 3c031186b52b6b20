//! Projects with tasks, work orders, issues and to-dos.

use erpnext_doctypes::*;
use erpnext_schema::document::Choice as _;

use super::catalogue::{find, hash, parts_lists};
use super::masters::{MAIN_STORE, WORKSHOP, own};
use super::paper::docstatus;
use super::people::{OWNERS, mail};
use super::words::{COMPANY, CUSTOMERS, ISSUES, PROJECTS, TASKS, TODOS};
use super::{Sample, TODAY, after, count, midnight, text};

const TASK_STATUSES: &[(TaskStatus, f64)] = &[
    (TaskStatus::Completed, 100.0),
    (TaskStatus::Working, 40.0),
    (TaskStatus::Open, 0.0),
    (TaskStatus::Overdue, 20.0),
    (TaskStatus::PendingReview, 90.0),
    (TaskStatus::Cancelled, 0.0),
];

pub fn write(sample: &mut Sample<'_>) {
    for (at, project) in PROJECTS.iter().enumerate() {
        self::project(sample, at, project);
    }
    work_orders(sample);
    for (at, subject) in ISSUES.iter().enumerate() {
        issue(sample, at, subject);
    }
    for (at, what) in TODOS.iter().enumerate() {
        todo(sample, at, what);
    }
}

fn project(sample: &mut Sample<'_>, at: usize, title: &str) {
    sample.on = after(TODAY, -sample.random.within(30, 120));
    let name = sample.number("PROJ-", 4);
    let done = at == 2;
    let outside =
        CUSTOMERS.iter().find(|(customer, _)| customer.split(' ').next().is_some_and(|word| title.contains(word)));
    let project = Project {
        owner: mail("Marek").into(),
        naming_series: ProjectNamingSeries::Proj.into(),
        // A project's title is unique.
        project_name: text(if name.ends_with(&format!("{:04}", at + 1)) {
            title.to_owned()
        } else {
            format!("{title} ({name})")
        }),
        status: match at {
            2 => ProjectStatus::Completed,
            5 => ProjectStatus::Cancelled,
            _ => ProjectStatus::Open,
        }
        .into(),
        project_type: if outside.is_some() { "External" } else { "Internal" }.into(),
        priority: ProjectPriority::Medium.into(),
        percent_complete: Some(if done { 100.0 } else { 35.0 }),
        expected_start_date: Some(sample.on),
        expected_end_date: Some(after(sample.on, 100)),
        customer: outside.map(|(customer, _)| (*customer).into()).unwrap_or_default(),
        company: COMPANY.into(),
        ..Project::default()
    };
    sample.put(&name, &project);
    for (at, subject) in TASKS.iter().enumerate() {
        let turn = i64::try_from(at).unwrap_or(0);
        let (status, progress) = if done { TASK_STATUSES[0] } else { *sample.random.of(TASK_STATUSES) };
        let task = Task {
            owner: mail("Marek").into(),
            subject: text(*subject),
            project: name.as_str().into(),
            status: status.into(),
            priority: if at == 4 { TaskPriority::High } else { TaskPriority::Medium }.into(),
            progress: Some(progress),
            exp_start_date: Some(after(sample.on, turn * 12)),
            exp_end_date: Some(after(sample.on, turn * 12 + 9)),
            completed_on: (status == TaskStatus::Completed).then(|| after(sample.on, turn * 12 + 8).min(TODAY)),
            company: COMPANY.into(),
            ..Task::default()
        };
        let name = sample.number("TASK-2026-", 5);
        sample.put(&name, &task);
    }
}

fn work_orders(sample: &mut Sample<'_>) {
    use WorkOrderStatus::{Completed, Draft, InProcess, NotStarted, Stopped};
    for (at, status) in [Draft, NotStarted, InProcess, Completed, Stopped].into_iter().enumerate() {
        sample.on = after(TODAY, -sample.random.within(2, 40));
        let Some((code, bom)) = parts_lists().nth(at % 3) else { continue };
        let made = sample.random.within(2, 9);
        let order = WorkOrder {
            owner: mail("Aoife").into(),
            docstatus: docstatus(status.as_str()),
            naming_series: WorkOrderNamingSeries::MfgWoYyyy.into(),
            status: status.into(),
            production_item: code.into(),
            item_name: find(code).map(|good| good.name.to_owned()),
            bom_no: bom.into(),
            company: COMPANY.into(),
            qty: count(made),
            produced_qty: count(if status == Completed { made } else { 0 }),
            wip_warehouse: own(WORKSHOP).into(),
            fg_warehouse: own(MAIN_STORE).into(),
            planned_start_date: Some(midnight(sample.on)),
            stock_uom: "Nos".into(),
            ..WorkOrder::default()
        };
        let name = sample.number("MFG-WO-2026-", 5);
        sample.put(&name, &order);
    }
}

fn issue(sample: &mut Sample<'_>, at: usize, subject: &str) {
    sample.on = after(TODAY, -sample.random.within(0, 60));
    let customer = CUSTOMERS[sample.random.below(CUSTOMERS.len() - 1)].0;
    let statuses = <IssueStatus as erpnext_schema::document::Choice>::ALL;
    let status = statuses[at % statuses.len()];
    let over = matches!(status, IssueStatus::Resolved | IssueStatus::Closed);
    let issue = Issue {
        owner: mail("Ines").into(),
        naming_series: IssueNamingSeries::IssYyyy.into(),
        subject: text(subject),
        customer: customer.into(),
        customer_name: text(customer),
        status: status.into(),
        priority: (*sample.random.of(&["Low", "Medium", "High"])).into(),
        issue_type: (*sample.random.of(&["Delivery", "Quality", "Billing", "Question"])).into(),
        description: text(format!("{customer} wrote: {}.", subject.to_lowercase())),
        opening_date: Some(sample.on),
        resolution_details: over.then(|| "Settled by telephone".to_owned()),
        company: COMPANY.into(),
        ..Issue::default()
    };
    let name = sample.number("ISS-2026-", 5);
    sample.put(&name, &issue);
}

fn todo(sample: &mut Sample<'_>, at: usize, what: &str) {
    sample.on = after(TODAY, -sample.random.within(0, 20));
    let todo = ToDo {
        owner: mail("Marek").into(),
        status: if at % 3 == 2 { ToDoStatus::Closed } else { ToDoStatus::Open }.into(),
        priority: [ToDoPriority::High, ToDoPriority::Medium, ToDoPriority::Low][at % 3].into(),
        date: Some(after(sample.on, 7)),
        allocated_to: mail(OWNERS[at % OWNERS.len()]).into(),
        assigned_by: mail("Marek").into(),
        description: text(what),
        ..ToDo::default()
    };
    let name = hash(sample);
    sample.put(&name, &todo);
}
