//! What stock, projects and those who approve ask for.

use super::{
    COMPANY, Prompt, a_year_ago, aggregate, date, first_of_last_month, get, link, list, report, same_day, tool,
};

/// In the order of the list.
pub(super) const ALL: &[&Prompt] = &[&REORDER, &APPROVALS, &HOURS, &CLEAN_UP];

const REORDER: Prompt = Prompt {
    name: "stock_below_reorder_level",
    title: "Stock below reorder level",
    description: "Find the items that have to be ordered: what is in stock, what is promised, what is on its way.",
    arguments: &[
        link("warehouse", "Warehouse", "only this warehouse"),
        link("item_group", "Item Group", "only items of this group"),
    ],
    steps: &[
        list(
            "Bin",
            r#"{"filters": {"warehouse": "{warehouse}", "projected_qty": ["<=", 0]},
                "fields": ["item_code", "warehouse", "actual_qty", "reserved_qty", "ordered_qty", "projected_qty", "stock_uom"],
                "order_by": "projected_qty asc", "limit": 100, "count": true}"#,
            "What will run out even when all that is ordered has come.",
        )
        .needed(),
        list(
            "Item",
            r#"{"filters": {"disabled": 0, "is_stock_item": 1, "item_group": "{item_group}", "safety_stock": [">", 0]},
                "fields": ["name", "item_name", "item_group", "safety_stock", "lead_time_days", "stock_uom"], "limit": 200}"#,
            "Items with a safety stock, to compare with their projected_qty.",
        )
        .needed(),
        get(
            "Item",
            r#"{"name": "<each item that is low>", "fields": ["item_name", "item_group", "lead_time_days", "min_order_qty",
                "reorder_levels.warehouse", "reorder_levels.warehouse_reorder_level",
                "reorder_levels.warehouse_reorder_qty", "supplier_items.supplier"]}"#,
            "Its reorder level and quantity by warehouse, and who supplies it.",
        ),
        report(
            "Itemwise Recommended Reorder Level",
            r#"{"item_group": "{item_group}"}"#,
            "What the level should be, going by what was used.",
        ),
        list(
            "Material Request",
            r#"{"filters": {"docstatus": ["<", 2], "material_request_type": "Purchase", "status": ["not in", ["Ordered",
                "Received", "Stopped", "Cancelled"]]},
                "fields": ["name", "transaction_date", "schedule_date", "status", "per_ordered"], "limit": 50}"#,
            "What was asked for already.",
        ),
        list(
            "Purchase Order",
            r#"{"filters": {"docstatus": 1, "per_received": ["<", 100], "status": ["not in", ["Closed", "Delivered"]]},
                "fields": ["name", "supplier", "transaction_date", "schedule_date", "per_received"],
                "order_by": "schedule_date asc", "limit": 50}"#,
            "What is on its way, and what is late.",
        ),
    ],
    result: "Give a table of what to order: item, warehouse, in stock, promised, on its way, level, quantity to order, supplier, lead \
             time; what runs out first on top. Say which are late rather than not ordered.",
};

const APPROVALS: Prompt = Prompt {
    name: "approvals_waiting",
    title: "Approvals waiting",
    description: "Go through what waits for my approval, and help me decide each.",
    arguments: &[],
    steps: &[
        tool("list_pending_approvals", "{}", "What waits, the oldest first.").needed(),
        tool(
            "get_generic_document",
            r#"{"doctype": "<its DocType>", "name": "<its name>"}"#,
            "What it says; one after the other.",
        )
        .needed(),
        tool(
            "get_document_history",
            r#"{"doctype": "<its DocType>", "name": "<its name>"}"#,
            "Who asked for it, what changed since, what was said.",
        ),
        tool("get_workflow_actions", r#"{"doctype": "<its DocType>", "name": "<its name>"}"#, "What I may do with it."),
        tool(
            "apply_workflow_action",
            r#"{"doctype": "<its DocType>", "name": "<its name>", "action": "<the action>"}"#,
            "What I decided.",
        ),
    ],
    result: "For each document give one line: what it is, from whom, since when, how much, and what speaks for and against it. Then \
             ask me document by document; never decide in my place, and never decide several with one yes.",
};

const HOURS: Prompt = Prompt {
    name: "project_hours",
    title: "Project hours",
    description: "Compare the hours that went into projects with what was planned and what can be billed.",
    arguments: &[
        link("project", "Project", "only this project"),
        COMPANY,
        date("from_date", "first day as YYYY-MM-DD; default the first of last month", first_of_last_month),
        date("to_date", "last day as YYYY-MM-DD; default today", same_day),
    ],
    steps: &[
        list(
            "Project",
            r#"{"filters": {"status": "Open", "name": "{project}", "company": "{company}"},
                "fields": ["name", "project_name", "status", "percent_complete", "actual_time", "expected_end_date",
                "customer", "total_billable_amount", "total_billed_amount"], "limit": 100, "count": true}"#,
            "The projects, with the hours booked on each so far.",
        )
        .needed(),
        aggregate(
            r#"{"doctype": "Task", "measures": ["count", "sum(expected_time)", "sum(actual_time)"],
                "group_by": ["project", "status"], "filters": {"project": "{project}", "company": "{company}"}, "limit": 200}"#,
            "Hours planned and spent by project and state of the tasks.",
        ),
        aggregate(
            r#"{"doctype": "Timesheet", "measures": ["sum(total_hours)", "sum(total_billable_hours)", "sum(total_billed_hours)"],
                "group_by": ["parent_project", "employee_name"], "filters": {"docstatus": ["<", 2], "company": "{company}",
                "parent_project": "{project}", "start_date": ["between", ["{from_date}", "{to_date}"]]}, "limit": 200}"#,
            "Who worked how much in the period. One timesheet may hold several projects: then its rows tell.",
        ),
        list(
            "Timesheet",
            r#"{"filters": {"docstatus": 0, "company": "{company}", "parent_project": "{project}",
                "start_date": ["<=", "{to_date}"]},
                "fields": ["name", "employee_name", "start_date", "end_date", "total_hours"], "count": true}"#,
            "Timesheets that are still drafts.",
        ),
        list(
            "Task",
            r#"{"filters": {"project": "{project}", "company": "{company}", "status": ["not in", ["Completed", "Cancelled",
                "Template"]], "exp_end_date": ["<", "{today}"]},
                "fields": ["name", "subject", "project", "exp_end_date", "expected_time", "actual_time", "status"],
                "order_by": "exp_end_date asc", "limit": 50, "count": true}"#,
            "Tasks that are late.",
        ),
    ],
    result: "Give a table by project: planned hours, spent, spent in the period, share done, hours that can be billed and are not, \
             expected end. Say which projects spend faster than they get done, and whose time is missing.",
};

const CLEAN_UP: Prompt = Prompt {
    name: "data_clean_up",
    title: "Data clean-up",
    description: "Find customers and suppliers that are there twice, that lack what a bill needs, and that nobody deals with any more.",
    arguments: &[date("since", "nothing since that day, as YYYY-MM-DD; default a year ago", a_year_ago)],
    steps: &[
        tool("find_duplicates", r#"{"doctype": "Customer"}"#, "Customers that may be the same.").needed(),
        tool("find_duplicates", r#"{"doctype": "Supplier"}"#, "Suppliers that may be the same.").needed(),
        list(
            "Customer",
            r#"{"filters": {"disabled": 0, "tax_id": ["is", "not set"]},
                "fields": ["name", "customer_name", "customer_group", "territory"], "limit": 50, "count": true}"#,
            "Customers without a tax number.",
        ),
        list(
            "Customer",
            r#"{"filters": {"disabled": 0, "name": ["not used in", "Sales Invoice",
                {"docstatus": 1, "posting_date": [">=", "{since}"]}]},
                "fields": ["name", "customer_name", "creation"], "limit": 50}"#,
            "Customers that were sold nothing since.",
        ),
        list(
            "Supplier",
            r#"{"filters": {"disabled": 0, "name": ["not used in", "Purchase Invoice",
                {"docstatus": 1, "posting_date": [">=", "{since}"]}]},
                "fields": ["name", "supplier_name", "creation"], "limit": 50}"#,
            "Suppliers that sent no bill since.",
        ),
        tool(
            "get_linked_documents",
            r#"{"doctype": "Customer", "name": "<each of two that may be the same>"}"#,
            "What hangs on each: the one with more stays.",
        ),
        tool(
            "update_bulk_documents",
            r#"{"doctype": "Customer", "where": {"name": ["in", ["<those that are agreed>"]]}, "data": {"disabled": 1},
                "dry_run": true}"#,
            "What it would be to disable those that are agreed.",
        ),
    ],
    result: "Give three lists: pairs that may be the same with what speaks for it, records with gaps, records that nobody uses. \
             Nothing is merged or deleted here: propose which to keep, which to disable and what to ask whom, and do only what is agreed.",
};
