//! What accounts ask for.

use super::{
    Argument, COMPANY, Prompt, a_month_ago, aggregate, date, first_of_last_month, in_30_days, last_of_last_month, link,
    list, report, same_day, tool,
};

/// In the order of the list.
pub(super) const ALL: &[&Prompt] = &[&OVERDUE, &COLLECT, &CASH, &MONTH_END, &UNUSUAL];

const FROM_LAST_MONTH: Argument =
    date("from_date", "first day as YYYY-MM-DD; default the first of last month", first_of_last_month);
const TO_LAST_MONTH: Argument =
    date("to_date", "last day as YYYY-MM-DD; default the last of last month", last_of_last_month);

const OVERDUE: Prompt = Prompt {
    name: "overdue_receivables",
    title: "Overdue receivables",
    description: "Find out which customers owe money past its due date, how much and since when, and whom to remind first.",
    arguments: &[
        COMPANY,
        link("customer", "Customer", "only this customer"),
        date("date", "overdue on this day, as YYYY-MM-DD; default today", same_day),
    ],
    steps: &[
        list(
            "Sales Invoice",
            r#"{"filters": {"docstatus": 1, "outstanding_amount": [">", 0], "due_date": ["<", "{date}"], "company": "{company}",
                "customer": "{customer}"},
                "fields": ["name", "customer", "posting_date", "due_date", "currency", "grand_total", "outstanding_amount"],
                "order_by": "due_date asc", "limit": 100, "count": true}"#,
            "The invoices that are overdue, the oldest first.",
        )
        .needed(),
        aggregate(
            r#"{"doctype": "Sales Invoice", "measures": ["count", "sum(outstanding_amount)", "min(due_date)"],
                "group_by": ["customer"], "filters": {"docstatus": 1, "outstanding_amount": [">", 0],
                "due_date": ["<", "{date}"], "company": "{company}", "customer": "{customer}"},
                "order_by": "sum(outstanding_amount) desc", "limit": 20}"#,
            "How much that is for each customer.",
        ),
        list(
            "Payment Entry",
            r#"{"filters": {"docstatus": 1, "payment_type": "Receive", "unallocated_amount": [">", 0], "company": "{company}",
                "party": "{customer}"}, "fields": ["name", "party", "posting_date", "unallocated_amount"]}"#,
            "Payments that came in and are not matched to an invoice: such a customer may have paid.",
        ),
        report(
            "Accounts Receivable",
            r#"{"company": "{company}", "report_date": "{date}"}"#,
            "The same from the ledger, by age. It needs a company.",
        ),
    ],
    result: "Give a table by customer with the amount overdue, the oldest due date and the days since then, the largest \
             first, with totals by currency. Then name the five to call today and why, and what contradicts itself \
             between invoices, payments and the ledger.",
};

const COLLECT: Prompt = Prompt {
    name: "collect_payment",
    title: "Collect a payment",
    description: "Record money that came in from a customer: find what it pays, show who gets what, then record it.",
    arguments: &[link("customer", "Customer", "who paid").required(), COMPANY],
    steps: &[
        list(
            "Sales Invoice",
            r#"{"filters": {"docstatus": 1, "outstanding_amount": [">", 0], "customer": "{customer}", "company": "{company}"},
                "fields": ["name", "posting_date", "due_date", "currency", "grand_total", "outstanding_amount"],
                "order_by": "due_date asc", "limit": 50, "count": true}"#,
            "What is open of the customer, what is due first stands first.",
        )
        .needed(),
        list(
            "Payment Entry",
            r#"{"filters": {"docstatus": ["<", 2], "party": "{customer}", "company": "{company}"},
                "fields": ["name", "posting_date", "paid_amount", "reference_no", "unallocated_amount", "docstatus"],
                "order_by": "posting_date desc", "limit": 10}"#,
            "The latest payments: one with the same reference or amount may be this one, recorded already.",
        ),
        tool(
            "record_payment",
            r#"{"party_type": "Customer", "party": "{customer}", "company": "{company}",
                "invoices": [{"name": "<an invoice of step 1>"}], "amount": "<what came in>",
                "reference_no": "<of the transfer>", "dry_run": true}"#,
            "Who gets what of it and what stays open; nothing is sent. Ask which invoices it pays if more than one fits. \
             Then the same without dry_run: a draft, or with submit: true all at once.",
        )
        .needed(),
    ],
    result: "Show the allocation and what stays open, and any difference to what came in, before anything is recorded. Afterwards \
             give the payment's name, its state, and what is still open of each invoice.",
};

const CASH: Prompt = Prompt {
    name: "cash_position",
    title: "Cash position",
    description: "Find out how much money a company has in its bank and cash accounts, and what will come in and go out soon.",
    arguments: &[
        COMPANY.required(),
        date("until", "what falls due up to this day, as YYYY-MM-DD; default in 30 days", in_30_days),
    ],
    steps: &[
        list(
            "Account",
            r#"{"filters": {"company": "{company}", "account_type": ["in", ["Bank", "Cash"]], "is_group": 0},
                "fields": ["name", "account_type", "account_currency", "disabled"], "limit": 100}"#,
            "The accounts that hold money.",
        )
        .needed(),
        aggregate(
            r#"{"doctype": "GL Entry", "measures": ["sum(debit_in_account_currency)", "sum(credit_in_account_currency)"],
                "group_by": ["account"], "filters": {"company": "{company}", "is_cancelled": 0,
                "posting_date": ["<=", "{today}"], "account": ["in", ["<the accounts of step 1>"]]}, "limit": 100}"#,
            "What is in each: debit less credit.",
        )
        .needed(),
        list(
            "Payment Entry",
            r#"{"filters": {"docstatus": 0, "company": "{company}"},
                "fields": ["name", "payment_type", "party", "posting_date", "paid_amount"], "limit": 50}"#,
            "Payments that are drafts, and so not in the ledger yet.",
        ),
        aggregate(
            r#"{"doctype": "Sales Invoice", "measures": ["count", "sum(outstanding_amount)"], "group_by": ["due_date:week"],
                "filters": {"docstatus": 1, "outstanding_amount": [">", 0], "due_date": ["<=", "{until}"],
                "company": "{company}"}}"#,
            "What customers have to pay by then, week by week; what is overdue may come late or never.",
        ),
        aggregate(
            r#"{"doctype": "Purchase Invoice", "measures": ["count", "sum(outstanding_amount)"],
                "group_by": ["due_date:week"], "filters": {"docstatus": 1, "outstanding_amount": [">", 0],
                "due_date": ["<=", "{until}"], "company": "{company}"}}"#,
            "What suppliers are to be paid by then.",
        ),
    ],
    result: "Give the balance of each account and the sum by currency, then a line for each week to come: in, out, balance if \
             all of it happens. Say which week is the tightest, and which account is below zero.",
};

const MONTH_END: Prompt = Prompt {
    name: "month_end_check",
    title: "Month-end check",
    description: "Check whether a month can be closed: what is still a draft, not billed, or not settled in it.",
    arguments: &[COMPANY.required(), FROM_LAST_MONTH, TO_LAST_MONTH],
    steps: &[
        list(
            "Sales Invoice",
            r#"{"filters": {"docstatus": 0, "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "fields": ["name", "customer", "posting_date", "grand_total", "currency", "owner"], "count": true}"#,
            "Sales invoices that are still drafts.",
        )
        .needed(),
        list(
            "Purchase Invoice",
            r#"{"filters": {"docstatus": 0, "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "fields": ["name", "supplier", "posting_date", "grand_total", "currency", "owner"], "count": true}"#,
            "Purchase invoices that are still drafts.",
        )
        .needed(),
        list(
            "Journal Entry",
            r#"{"filters": {"docstatus": 0, "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "fields": ["name", "voucher_type", "posting_date", "total_debit", "owner"], "count": true}"#,
            "Journal entries that are still drafts.",
        ),
        list(
            "Payment Entry",
            r#"{"filters": {"docstatus": 0, "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "fields": ["name", "payment_type", "party", "posting_date", "paid_amount", "owner"], "count": true}"#,
            "Payments that are still drafts.",
        ),
        list(
            "Payment Entry",
            r#"{"filters": {"docstatus": 1, "company": "{company}", "unallocated_amount": [">", 0],
                "posting_date": ["<=", "{to_date}"]},
                "fields": ["name", "payment_type", "party", "posting_date", "unallocated_amount"], "count": true}"#,
            "Payments not matched to an invoice.",
        ),
        tool(
            "reconcile_payments",
            r#"{"party_type": "<Customer or Supplier>", "party": "<each party of these payments>", "company": "{company}",
                "dry_run": true}"#,
            "What of them would be matched with the party's open invoices.",
        ),
        list(
            "Account",
            r#"{"filters": {"company": "{company}", "account_type": "Bank", "is_group": 0},
                "fields": ["name", "account_currency"]}"#,
            "The accounts of the company's banks.",
        ),
        tool(
            "set_clearance_dates",
            r#"{"account": "<each of these accounts>", "from_date": "{from_date}", "to_date": "{to_date}"}"#,
            "What the bank is not known to have cleared: compare it with the statement.",
        ),
        list(
            "Delivery Note",
            r#"{"filters": {"docstatus": 1, "status": "To Bill", "company": "{company}", "posting_date": ["<=", "{to_date}"]},
                "fields": ["name", "customer", "posting_date", "grand_total", "currency", "per_billed"], "count": true}"#,
            "Goods delivered and not billed.",
        ),
        list(
            "Purchase Receipt",
            r#"{"filters": {"docstatus": 1, "status": ["in", ["To Bill", "Partly Billed"]], "company": "{company}",
                "posting_date": ["<=", "{to_date}"]},
                "fields": ["name", "supplier", "posting_date", "grand_total", "currency", "per_billed"], "count": true}"#,
            "Goods received without the supplier's invoice.",
        ),
        list(
            "Stock Entry",
            r#"{"filters": {"docstatus": 0, "company": "{company}", "posting_date": ["<=", "{to_date}"]},
                "fields": ["name", "stock_entry_type", "posting_date", "owner"], "count": true}"#,
            "Stock movements that are still drafts.",
        ),
        aggregate(
            r#"{"doctype": "GL Entry", "measures": ["sum(debit)", "sum(credit)"], "group_by": ["voucher_type"],
                "filters": {"company": "{company}", "is_cancelled": 0,
                "posting_date": ["between", ["{from_date}", "{to_date}"]]}}"#,
            "What the ledger has of the month: debit and credit must be equal.",
        ),
    ],
    result: "Give a checklist: each point done or open, with how many documents and how much money, and the names of those \
             that somebody must deal with. End with whether the month can be closed, and what would have to happen first.",
};

const UNUSUAL: Prompt = Prompt {
    name: "unusual_journal_entries",
    title: "Unusual journal entries",
    description: "Look through the journal entries of a period for those that an auditor would ask about.",
    arguments: &[
        COMPANY,
        date("from_date", "first day as YYYY-MM-DD; default a month ago", a_month_ago),
        date("to_date", "last day as YYYY-MM-DD; default today", same_day),
    ],
    steps: &[
        list(
            "Journal Entry",
            r#"{"filters": {"docstatus": 1, "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "fields": ["name", "voucher_type", "posting_date", "creation", "owner", "total_debit", "is_opening",
                "user_remark"], "order_by": "total_debit desc", "limit": 200, "count": true}"#,
            "The entries of the period, the largest first.",
        )
        .needed(),
        aggregate(
            r#"{"doctype": "Journal Entry", "measures": ["count", "sum(total_debit)", "max(total_debit)"],
                "group_by": ["owner", "voucher_type"], "filters": {"docstatus": 1, "company": "{company}",
                "posting_date": ["between", ["{from_date}", "{to_date}"]]}}"#,
            "Who makes which kind, and how much: what a person does once stands out.",
        ),
        list(
            "Journal Entry",
            r#"{"filters": {"docstatus": 2, "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "fields": ["name", "posting_date", "owner", "modified_by", "total_debit"], "count": true}"#,
            "Those that were cancelled.",
        ),
        aggregate(
            r#"{"doctype": "GL Entry", "measures": ["count", "sum(debit)", "sum(credit)"], "group_by": ["account"],
                "filters": {"voucher_type": "Journal Entry", "is_cancelled": 0, "company": "{company}",
                "posting_date": ["between", ["{from_date}", "{to_date}"]]}, "limit": 50}"#,
            "Which accounts they touch: income, bank and tax accounts are seldom posted by hand.",
        ),
    ],
    result: "Look for round amounts, amounts just below a limit, entries on a weekend, entries made long after the day they are \
             posted on, no remark, a person who otherwise makes none, and pairs that cancel each other. Read the few that \
             matter whole, then give them with the reason for each and the question to ask. An unusual entry is not a \
             wrong one: say so.",
};
