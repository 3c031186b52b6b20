//! What sales and purchasing ask for.

use super::{
    COMPANY, Prompt, aggregate, create, date, first_of_year, get, link, list, report, same_day, step, text, tool,
};
use crate::prompts::Uses;
use erpnext_schema::Verb;

/// In the order of the list.
pub(super) const ALL: &[&Prompt] =
    &[&PIPELINE, &TERRITORIES, &ONBOARDING, &ORDER_TO_CASH, &SUPPLIERS, &PROCURE_TO_PAY, &MATCH];

const PIPELINE: Prompt = Prompt {
    name: "pipeline_review",
    title: "Pipeline review",
    description: "Review what sales is working on: how much is in which stage, what is stuck, what closes next.",
    arguments: &[
        COMPANY,
        link("territory", "Territory", "only this territory"),
        date("from_date", "won and lost since this day, as YYYY-MM-DD; default the first of the year", first_of_year),
    ],
    steps: &[
        aggregate(
            r#"{"doctype": "Opportunity", "measures": ["count", "sum(opportunity_amount)", "avg(probability)"],
                "group_by": ["sales_stage"], "filters": {"status": ["in", ["Open", "Replied", "Quotation"]],
                "company": "{company}", "territory": "{territory}"}}"#,
            "How much is in which stage.",
        )
        .needed(),
        list(
            "Opportunity",
            r#"{"filters": {"status": ["in", ["Open", "Replied", "Quotation"]], "company": "{company}",
                "territory": "{territory}"},
                "fields": ["name", "party_name", "opportunity_owner", "sales_stage", "status", "opportunity_amount", "currency",
                "probability", "expected_closing", "modified"], "order_by": "modified asc", "limit": 50, "count": true}"#,
            "The open ones; those that nobody touched for longest stand first.",
        )
        .needed(),
        list(
            "Quotation",
            r#"{"filters": {"docstatus": 1, "status": ["in", ["Open", "Replied", "Expired"]], "company": "{company}",
                "territory": "{territory}"},
                "fields": ["name", "party_name", "transaction_date", "valid_till", "status", "grand_total", "currency"],
                "order_by": "valid_till asc", "limit": 50, "count": true}"#,
            "Quotations without an answer, those that run out first.",
        ),
        aggregate(
            r#"{"doctype": "Opportunity", "measures": ["count", "sum(opportunity_amount)"],
                "group_by": ["status", "transaction_date:month"], "filters": {"transaction_date": [">=", "{from_date}"],
                "status": ["in", ["Lost", "Converted"]], "company": "{company}", "territory": "{territory}"}}"#,
            "What was won and lost since then, by month.",
        ),
        aggregate(
            r#"{"doctype": "Lead", "measures": ["count"], "group_by": ["status"],
                "filters": {"company": "{company}", "territory": "{territory}"}}"#,
            "Leads by status: what may come after.",
        ),
    ],
    result: "Give the pipeline by stage, also weighted by probability, by currency. Then the deals to close next, those that are \
             stuck with the days since anybody touched them and whose they are, and quotations to follow up this week.",
};

const TERRITORIES: Prompt = Prompt {
    name: "sales_by_territory",
    title: "Sales by territory",
    description: "Compare what was sold in each territory over a period, and how that changed.",
    arguments: &[
        COMPANY,
        date("from_date", "first day as YYYY-MM-DD; default the first of the year", first_of_year),
        date("to_date", "last day as YYYY-MM-DD; default today", same_day),
    ],
    steps: &[
        aggregate(
            r#"{"doctype": "Sales Invoice", "measures": ["count", "sum(base_net_total)"], "group_by": ["territory", "company"],
                "filters": {"docstatus": 1, "company": "{company}",
                "posting_date": ["between", ["{from_date}", "{to_date}"]]},
                "order_by": "sum(base_net_total) desc", "limit": 100}"#,
            "What was invoiced by territory, in the company's currency; credit notes count against it.",
        )
        .needed(),
        aggregate(
            r#"{"doctype": "Sales Invoice", "measures": ["sum(base_net_total)"],
                "group_by": ["territory", "posting_date:month", "company"], "filters": {"docstatus": 1,
                "company": "{company}", "posting_date": ["between", ["{from_date}", "{to_date}"]]}, "limit": 500}"#,
            "The same month by month. For the year before, call it once more with the dates a year earlier.",
        ),
        aggregate(
            r#"{"doctype": "Sales Order", "measures": ["count", "sum(base_net_total)"], "group_by": ["territory", "company"],
                "filters": {"docstatus": 1, "company": "{company}", "per_billed": ["<", 100],
                "status": ["not in", ["Closed", "Completed"]]}, "limit": 100}"#,
            "What is ordered and not billed yet.",
        ),
        aggregate(
            r#"{"doctype": "Customer", "measures": ["count"], "group_by": ["territory"], "filters": {"disabled": 0},
                "limit": 100}"#,
            "How many customers each has.",
        ),
        list(
            "Territory",
            r#"{"fields": ["name", "parent_territory", "is_group", "territory_manager"], "limit": 200}"#,
            "How the territories belong together, and whose they are.",
        ),
    ],
    result: "Give a table by territory: sales, share, number of invoices, average invoice, change on the year before, open \
             orders. Add up territories under their parents. Then say what stands out, and what the numbers cannot explain.",
};

const ONBOARDING: Prompt = Prompt {
    name: "onboard_customer",
    title: "Onboarding a customer",
    description: "Take a new customer on: make sure that it is not there yet, then create it with contact and address.",
    arguments: &[
        text("customer_name", "the customer's full name").required(),
        link("customer_group", "Customer Group", "its group"),
        link("territory", "Territory", "where it is"),
    ],
    steps: &[
        step(
            Uses::Documents(Verb::Search, "Customer"),
            r#"{"search_term": "{customer_name}"}"#,
            "Is it there already? Try parts of the name and other spellings too.",
        )
        .needed(),
        step(
            Uses::Documents(Verb::Search, "Lead"),
            r#"{"search_term": "{customer_name}"}"#,
            "Is it known as a lead? Then make the customer from that one.",
        ),
        tool(
            "get_doctype_schema",
            r#"{"doctype": "Customer"}"#,
            "What has to be filled in here, custom fields included. Ask for what is not known.",
        ),
        create(
            "Customer",
            r#"{"data": {"customer_name": "{customer_name}", "customer_type": "Company", "customer_group": "{customer_group}",
                "territory": "{territory}"}}"#,
            "The customer.",
        )
        .needed(),
        create(
            "Contact",
            r#"{"data": {"first_name": "<first name>", "email_ids": [{"email_id": "<address>", "is_primary": 1}],
                "links": [{"link_doctype": "Customer", "link_name": "<name of the customer>"}]}}"#,
            "Whom to speak to there.",
        ),
        create(
            "Address",
            r#"{"data": {"address_title": "{customer_name}", "address_type": "Billing", "address_line1": "<street>",
                "city": "<city>", "country": "<country>",
                "links": [{"link_doctype": "Customer", "link_name": "<name of the customer>"}]}}"#,
            "Where to send invoices.",
        ),
    ],
    result: "Ask for what is missing in one go before the first document is created: group, territory, tax number, currency, \
             payment terms, contact, address. At the end name what was created, and what the customer still lacks before an \
             order can be taken.",
};

const ORDER_TO_CASH: Prompt = Prompt {
    name: "order_to_cash",
    title: "From an order to its money",
    description: "Take a sales order on: deliver all or a part of it, bill what was delivered, and record the payment.",
    arguments: &[link("sales_order", "Sales Order", "the order").required()],
    steps: &[
        get(
            "Sales Order",
            r#"{"name": "{sales_order}"}"#,
            "What is ordered, and how much of it is delivered and billed.",
        )
        .needed(),
        tool(
            "list_conversions",
            r#"{"doctype": "Sales Order", "name": "{sales_order}"}"#,
            "What can be made of it now, and what stands in the way.",
        )
        .needed(),
        tool(
            "convert_document",
            r#"{"doctype": "Sales Order", "name": "{sales_order}", "to": "Delivery Note",
                "rows": [{"idx": 1, "qty": "<what goes out now>"}]}"#,
            "The draft of the delivery; without rows all that is left goes out. With save: true it is made; submit it when the \
             goods leave.",
        )
        .needed(),
        tool(
            "convert_document",
            r#"{"doctype": "Delivery Note", "name": "<the delivery of step 3>", "to": "Sales Invoice"}"#,
            "The draft of the invoice for what was delivered. A dry run of its submit shows the entries that it posts.",
        ),
        tool(
            "record_payment",
            r#"{"party_type": "Customer", "party": "<the order's customer>", "invoices": [{"name": "<the invoice>"}],
                "reference_no": "<of the transfer>", "dry_run": true}"#,
            "What a payment of it would settle.",
        ),
    ],
    result: "Before each document say what it is over and what stays open of the order, and make it only when that is agreed. End \
             with the documents that were made, their states, and what is left to deliver, to bill and to pay.",
};

const SUPPLIERS: Prompt = Prompt {
    name: "supplier_comparison",
    title: "Supplier comparison",
    description: "Compare the suppliers of an item by price, terms and what came of earlier orders.",
    arguments: &[link("item", "Item", "the item's code").required()],
    steps: &[
        get("Item", r#"{"name": "{item}"}"#, "The item: units, lead time, default supplier.").needed(),
        tool(
            "get_linked_documents",
            r#"{"doctype": "Item", "name": "{item}",
                "only": ["Supplier Quotation", "Purchase Order", "Purchase Receipt", "Purchase Invoice"]}"#,
            "Who offered, sold and delivered it.",
        )
        .needed(),
        list(
            "Item Price",
            r#"{"filters": {"item_code": "{item}", "buying": 1},
                "fields": ["supplier", "price_list", "price_list_rate", "currency", "uom", "valid_from", "valid_upto"]}"#,
            "Prices that were agreed.",
        ),
        get(
            "Supplier Quotation",
            r#"{"name": "<each quotation of step 2>", "fields": ["supplier", "transaction_date", "valid_till", "currency",
                "items.item_code", "items.qty", "items.uom", "items.rate", "items.lead_time_days"]}"#,
            "What each offered, and for how long.",
        ),
        get(
            "Purchase Order",
            r#"{"name": "<each order of step 2>", "fields": ["supplier", "transaction_date", "currency", "status",
                "items.item_code", "items.qty", "items.uom", "items.rate", "items.schedule_date", "items.received_qty"]}"#,
            "What was paid, and whether it came.",
        )
        .needed(),
        get(
            "Purchase Receipt",
            r#"{"name": "<each receipt of step 2>", "fields": ["supplier", "posting_date", "items.item_code", "items.qty",
                "items.rejected_qty", "items.purchase_order"]}"#,
            "When it came, and what was rejected: the delay is against the order's schedule_date.",
        ),
        list(
            "Supplier",
            r#"{"filters": {"name": ["in", ["<the suppliers of the steps before>"]]},
                "fields": ["name", "supplier_name", "supplier_group", "on_hold", "payment_terms", "default_currency"]}"#,
            "Terms, and who is on hold.",
        ),
    ],
    result: "Give a table by supplier: last price and offer by unit in the same unit, currency, lead time, orders, share that \
             came late, share rejected. Recommend one with the reasons, and say on how many orders that rests.",
};

const PROCURE_TO_PAY: Prompt = Prompt {
    name: "procure_to_pay",
    title: "From an order to its payment",
    description: "Take a purchase order on: receive all or a part of it, enter the supplier's bill for it, and record the payment.",
    arguments: &[link("purchase_order", "Purchase Order", "the order").required()],
    steps: &[
        get(
            "Purchase Order",
            r#"{"name": "{purchase_order}"}"#,
            "What is ordered, and how much of it is received and billed.",
        )
        .needed(),
        tool(
            "list_conversions",
            r#"{"doctype": "Purchase Order", "name": "{purchase_order}"}"#,
            "What can be made of it now, and what stands in the way.",
        )
        .needed(),
        tool(
            "convert_document",
            r#"{"doctype": "Purchase Order", "name": "{purchase_order}", "to": "Purchase Receipt",
                "rows": [{"idx": 1, "qty": "<what came in>"}]}"#,
            "The draft of the receipt; without rows all that is left comes in. With save: true it is made; submit it when the \
             goods are there.",
        )
        .needed(),
        tool(
            "convert_document",
            r#"{"doctype": "Purchase Receipt", "name": "<the receipt of step 3>", "to": "Purchase Invoice",
                "data": {"bill_no": "<the number of the supplier's bill>"}}"#,
            "The draft of the bill for what was received: compare its rows with the supplier's paper.",
        ),
        tool(
            "record_payment",
            r#"{"party_type": "Supplier", "party": "<the order's supplier>", "invoices": [{"name": "<the bill>"}],
                "reference_no": "<of the transfer>", "dry_run": true}"#,
            "What a payment of it would settle.",
        ),
    ],
    result: "Before each document say what it is over and what stays open of the order, and make it only when that is agreed. End \
             with the documents that were made, their states, and what is left to receive, to bill and to pay.",
};

const MATCH: Prompt = Prompt {
    name: "three_way_match",
    title: "Three-way match",
    description: "Check a supplier's invoice against what was ordered and what was received.",
    arguments: &[link("purchase_invoice", "Purchase Invoice", "the invoice's name").required()],
    steps: &[
        get(
            "Purchase Invoice",
            r#"{"name": "{purchase_invoice}", "fields": ["supplier", "bill_no", "bill_date", "posting_date", "due_date", "docstatus",
                "currency", "grand_total", "update_stock", "items.item_code", "items.qty", "items.uom", "items.rate",
                "items.amount", "items.purchase_order", "items.po_detail", "items.purchase_receipt", "items.pr_detail"]}"#,
            "The invoice, with the order and receipt that each row names.",
        )
        .needed(),
        get(
            "Purchase Order",
            r#"{"name": "<each order of step 1>", "fields": ["supplier", "transaction_date", "currency", "docstatus", "status",
                "per_billed", "per_received", "items.name", "items.item_code", "items.qty", "items.uom", "items.rate",
                "items.received_qty", "items.billed_amt"]}"#,
            "What was ordered, at which price.",
        )
        .needed(),
        get(
            "Purchase Receipt",
            r#"{"name": "<each receipt of step 1>", "fields": ["supplier", "posting_date", "docstatus", "items.name",
                "items.item_code", "items.qty", "items.rejected_qty", "items.uom", "items.purchase_order"]}"#,
            "What was received and accepted. An invoice with update_stock is its own receipt.",
        )
        .needed(),
        list(
            "Purchase Invoice",
            r#"{"filters": {"supplier": "<the supplier>", "docstatus": ["<", 2], "bill_no": "<bill_no of step 1>"},
                "fields": ["name", "bill_no", "bill_date", "grand_total", "currency", "docstatus"]}"#,
            "Is the same bill in the books twice?",
        ),
        report(
            "Received Items To Be Billed",
            "{}",
            "What else was received and not billed: it may belong to this invoice.",
        ),
    ],
    result: "Go row by row: quantity billed, received and ordered, price billed and ordered, in the same unit; mark each as matching, or \
             with the difference in quantity and money. Name rows without an order or receipt. End with pay, hold or \
             dispute, and the sentence to write to the supplier if it is not pay.",
};
