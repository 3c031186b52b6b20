//! Projects with tasks, work orders, issues and to-dos.

use super::catalogue::{find, hash, parts, parts_lists};
use super::masters::{GOODS_IN, MAIN_STORE, WORKSHOP, own};
use super::paper::docstatus;
use super::people::{OWNERS, mail};
use super::words::{COMPANY, CUSTOMERS, ISSUES, PROJECTS, TASKS, TODOS};
use super::{Choice, Sample, TODAY, after, count, midnight, money};

const TASK_STATUSES: &[(Choice, f64)] = &[
    ("Completed", 100.0),
    ("Working", 40.0),
    ("Open", 0.0),
    ("Overdue", 20.0),
    ("Pending Review", 90.0),
    ("Cancelled", 0.0),
];

const ISSUE_STATUSES: &[Choice] = &["Open", "Replied", "On Hold", "Resolved", "Closed"];

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
    let project = fields! {
        owner: mail("Marek"),
        naming_series: "PROJ-.####",
        // A project's title is unique.
        project_name: if name.ends_with(&format!("{:04}", at + 1)) {
            title.to_owned()
        } else {
            format!("{title} ({name})")
        },
        status: match at {
            2 => "Completed",
            5 => "Cancelled",
            _ => "Open",
        },
        project_type: if outside.is_some() { "External" } else { "Internal" },
        priority: "Medium",
        percent_complete: if done { 100.0 } else { 35.0 },
        expected_start_date: sample.on,
        expected_end_date: after(sample.on, 100),
        customer: outside.map(|(customer, _)| *customer).unwrap_or_default(),
        company: COMPANY,
    };
    sample.put("Project", &name, project);
    for (at, subject) in TASKS.iter().enumerate() {
        let turn = i64::try_from(at).unwrap_or(0);
        let (status, progress) = if done { TASK_STATUSES[0] } else { *sample.random.of(TASK_STATUSES) };
        let task = fields! {
            owner: mail("Marek"),
            subject: *subject,
            project: name.as_str(),
            status,
            priority: if at == 4 { "High" } else { "Medium" },
            progress,
            exp_start_date: after(sample.on, turn * 12),
            exp_end_date: after(sample.on, turn * 12 + 9),
            completed_on: (status == "Completed").then(|| after(sample.on, turn * 12 + 8).min(TODAY)),
            company: COMPANY,
        };
        let name = sample.number("TASK-2026-", 5);
        sample.put("Task", &name, task);
    }
}

fn work_orders(sample: &mut Sample<'_>) {
    for (at, status) in ["Draft", "Not Started", "In Process", "Completed", "Stopped"].into_iter().enumerate() {
        sample.on = after(TODAY, -sample.random.within(2, 40));
        let Some((code, bom)) = parts_lists().nth(at % 3) else { continue };
        let made = sample.random.within(2, 9);
        let used = if status == "Completed" { made } else { 0 };
        let required_items: Vec<_> = parts(code)
            .map(|(part, quantity)| {
                fields! {
                    item_code: part.code,
                    item_name: part.name,
                    source_warehouse: own(GOODS_IN),
                    required_qty: count(quantity * made),
                    transferred_qty: count(quantity * used),
                    consumed_qty: count(quantity * used),
                    stock_uom: part.uom,
                    rate: money(part.cost),
                    amount: money(part.cost * quantity * made),
                }
            })
            .collect();
        let order = fields! {
            owner: mail("Aoife"),
            docstatus: docstatus(status),
            naming_series: "MFG-WO-.YYYY.-",
            status,
            production_item: code,
            item_name: find(code).map(|good| good.name.to_owned()),
            bom_no: bom,
            company: COMPANY,
            qty: count(made),
            produced_qty: count(used),
            wip_warehouse: own(WORKSHOP),
            fg_warehouse: own(MAIN_STORE),
            planned_start_date: midnight(sample.on),
            stock_uom: "Nos",
            required_items,
        };
        let name = sample.number("MFG-WO-2026-", 5);
        sample.put("Work Order", &name, order);
    }
}

fn issue(sample: &mut Sample<'_>, at: usize, subject: &str) {
    sample.on = after(TODAY, -sample.random.within(0, 60));
    let customer = CUSTOMERS[sample.random.below(CUSTOMERS.len() - 1)].0;
    let status = ISSUE_STATUSES[at % ISSUE_STATUSES.len()];
    let over = matches!(status, "Resolved" | "Closed");
    let issue = fields! {
        owner: mail("Ines"),
        naming_series: "ISS-.YYYY.-",
        subject,
        customer,
        customer_name: customer,
        status,
        priority: *sample.random.of(&["Low", "Medium", "High"]),
        issue_type: *sample.random.of(&["Delivery", "Quality", "Billing", "Question"]),
        description: format!("{customer} wrote: {}.", subject.to_lowercase()),
        opening_date: sample.on,
        resolution_details: over.then(|| "Settled by telephone".to_owned()),
        company: COMPANY,
    };
    let name = sample.number("ISS-2026-", 5);
    sample.put("Issue", &name, issue);
}

fn todo(sample: &mut Sample<'_>, at: usize, what: &str) {
    sample.on = after(TODAY, -sample.random.within(0, 20));
    let todo = fields! {
        owner: mail("Marek"),
        status: if at % 3 == 2 { "Closed" } else { "Open" },
        priority: ["High", "Medium", "Low"][at % 3],
        date: after(sample.on, 7),
        allocated_to: mail(OWNERS[at % OWNERS.len()]),
        assigned_by: mail("Marek"),
        description: what,
    };
    let name = hash(sample);
    sample.put("ToDo", &name, todo);
}
