//! Lists and documents.

use serde_json::json;

use crate::desk::{Desk, data, shown, with};

#[tokio::test]
async fn a_list_is_sorted_among_the_rows_shown_and_turns_its_pages_through_the_host() {
    let desk = Desk::start().await;
    let arguments = json!({"limit": 6, "count": true, "fields": ["name", "customer", "grand_total", "status"]});
    let mut scenario = desk.scenario("list_sales_order_documents", arguments.clone()).await;
    let first = data(&scenario["result"]);
    let mut next = arguments.clone();
    next["cursor"] = first["next_cursor"].clone();
    let second = desk.call("list_sales_order_documents", next.clone()).await;
    scenario["answers"] = json!([{"result": second}]);
    let (names, totals) = ("tbody tr td:first-child", "tbody tr td:nth-child(3)");
    let by_total = "th:nth-child(3) button";
    let steps = json!([
        {"read": names}, {"read": ".foot p"}, {"read": "h1"}, {"read": ".pill"},
        {"click": by_total}, {"read": totals}, {"read": "th[aria-sort=descending] button"},
        {"click": by_total}, {"read": totals},
        {"click": ".foot button"}, {"read": names}, {"read": ".foot p"},
        {"click": ".foot button"}, {"read": names},
    ]);
    let seen = shown("list", with(scenario, steps));
    let column = |data: &serde_json::Value, at: usize| -> Vec<serde_json::Value> {
        data["rows"].as_array().unwrap().iter().map(|row| row[at].clone()).collect()
    };
    let names = |data: &serde_json::Value| {
        column(data, 0).iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(seen.read(0), names(&first));
    let total = first["total"].as_u64().unwrap();
    assert!(
        seen.read(1)[0].starts_with(&format!("6 of {total} · sorting is among the rows shown")),
        "{:?}",
        seen.read(1)
    );
    assert!(seen.read(1)[0].contains("amounts in EUR"), "{:?}", seen.read(1));
    assert_eq!(seen.read(2), ["Sales Order"]);
    let states: Vec<_> = column(&first, 3).iter().map(|state| state.as_str().unwrap().to_owned()).collect();
    assert_eq!(seen.read(3), states);
    let numbers =
        |at: usize| -> Vec<f64> { seen.read(at).iter().map(|text| text.replace(',', "").parse().unwrap()).collect() };
    let mut totals: Vec<f64> = column(&first, 2).iter().map(|total| total.as_f64().unwrap()).collect();
    totals.sort_by(f64::total_cmp);
    assert_eq!(numbers(6), totals);
    totals.reverse();
    assert_eq!(numbers(4), totals);
    assert_eq!(seen.read(5), ["Grand Total ↓"]);
    assert_eq!(seen.sent("tools/call"), [&json!({"name": "list_sales_order_documents", "arguments": next})]);
    assert_eq!(seen.read(7), names(&data(&second)));
    assert!(seen.read(8)[0].starts_with(&format!("7 to 12 of {total}")), "{:?}", seen.read(8));
    assert_eq!(seen.read(9), names(&first), "and back");
}

#[tokio::test]
async fn where_the_host_lets_no_view_call_a_list_says_how_to_see_more() {
    let desk = Desk::start().await;
    let mut scenario = desk.scenario("list_sales_order_documents", json!({"limit": 3})).await;
    scenario["capabilities"] = json!({});
    let seen = shown("list", with(scenario, json!([{"read": ".foot p"}, {"read": ".foot button"}])));
    assert!(seen.read(0)[0].contains("ask for the next page to see more"), "{:?}", seen.read(0));
    assert!(seen.read(1).is_empty());
}

#[tokio::test]
async fn what_was_not_searched_or_is_withheld_is_not_said_to_be_none() {
    let desk = Desk::start().await;
    let look = json!([{"read": "main > p"}, {"read": ".foot p"}]);
    let mut scenario = desk.scenario("global_search", json!({"text": "Table", "doctypes": ["Item"]})).await;
    let mut found = data(&scenario["result"]);
    assert!(!found["documents"].as_array().unwrap().is_empty(), "{found}");
    found["not_searched"] = json!([{"doctypes": ["Task"], "why": "the site did not answer"}]);
    scenario["result"]["content"][0]["text"] = json!(found.to_string());
    let seen = shown("some", with(scenario.clone(), look.clone()));
    assert!(seen.read(0).is_empty() && seen.read(1)[0].contains("not searched: Task"), "{:?}", seen.read(1));
    found["documents"] = json!([]);
    scenario["result"]["content"][0]["text"] = json!(found.to_string());
    let seen = shown("none", with(scenario.clone(), look.clone()));
    assert_eq!(seen.read(0), ["Nothing was found; not searched: Task"]);
    let withheld = json!({"count": 0, "attachments": [], "withheld": ["attachments"]});
    scenario["result"]["content"][0]["text"] = json!(withheld.to_string());
    let seen = shown("withheld", with(scenario.clone(), look.clone()));
    assert_eq!((seen.read(0), seen.read(1)), (vec!["Withheld."], vec!["Withheld: Attachments"]));
    scenario["result"]["content"][0]["text"] = json!("{\"count\": 0, \"attachments\": []}");
    assert_eq!(shown("empty", with(scenario, look)).read(0), ["There are none."]);
}

#[tokio::test]
async fn a_document_leads_with_who_and_how_much_then_its_rows_and_folds_the_rest() {
    let desk = Desk::start().await;
    let name = desk.first("Sales Invoice", json!({"docstatus": 1, "outstanding_amount": [">", 0]})).await;
    let scenario = desk.scenario("get_sales_invoice_document", json!({"name": name})).await;
    let document = data(&scenario["result"])["document"].clone();
    let steps = json!([
        {"read": "main > p"}, {"read": "h1"}, {"read": ".head .pill"}, {"read": ".sums dt"}, {"read": ".sum"},
        {"read": "main > dl > div > dt"}, {"read": "main > .head h2"}, {"read": "[aria-label=Items] th"},
        {"click": "main > .head button"}, {"read": "[aria-label=Items] th"}, {"read": "details:not([open]) h2"},
    ]);
    let seen = shown("document", with(scenario, steps));
    assert_eq!(seen.read(0), [format!("Sales Invoice · {name}")]);
    assert_eq!(seen.read(1), [document["customer_name"].as_str().unwrap()]);
    assert_eq!(seen.read(2), [document["status"].as_str().unwrap()]);
    assert_eq!(seen.read(3), ["Grand Total", "Outstanding Amount"]);
    let sums = ["grand_total", "outstanding_amount"].map(|field| document[field].as_f64().unwrap());
    let told: Vec<String> = seen.read(4).iter().map(|text| text.replace(',', "")).collect();
    assert_eq!(told, sums.map(|sum| format!("{sum:.2} EUR")));
    let facts = seen.read(5);
    assert!(facts.starts_with(&["Date", "Payment Due Date"]) && facts.contains(&"Net Total"), "{facts:?}");
    assert!(seen.read(6).len() == 1 && seen.read(6)[0].starts_with("Items ("), "{:?}", seen.read(6));
    let few = seen.read(7);
    assert!(["Item", "Quantity", "Rate", "Amount"].iter().all(|wanted| few.contains(wanted)), "{few:?}");
    assert!(seen.read(8).len() > few.len(), "all columns on demand: {:?}", seen.read(8));
    assert!(seen.read(9).contains(&"Details") && seen.read(9).contains(&"Dates"), "{:?}", seen.read(9));
}

#[tokio::test]
async fn a_document_without_amounts_leads_with_what_is_first_in_its_form() {
    let desk = Desk::start().await;
    let name = desk.first("Customer", json!({})).await;
    let scenario = desk.scenario("get_customer_document", json!({"name": name})).await;
    let steps = json!([{"read": "h1"}, {"read": "main > dl > div > dt"}, {"read": "details:not([open]) h2"}]);
    let seen = shown("customer", with(scenario, steps));
    assert_eq!(seen.read(0).len(), 1);
    assert!(seen.read(1).contains(&"Customer Group"), "{:?}", seen.read(1));
    assert!(!seen.read(2).is_empty(), "the rest is folded");
}

#[tokio::test]
async fn a_document_is_opened_in_the_desk_by_the_host_or_its_address_is_told() {
    let desk = Desk::start().await;
    let name = desk.first("Sales Order", json!({})).await;
    let mut scenario = desk.scenario("get_sales_order_document", json!({"name": name})).await;
    let view = scenario["result"]["_meta"]["erpnext-mcp/view"].clone();
    let url = format!("{}/{name}", view["desk"].as_str().unwrap());
    assert!(url.contains("/app/sales-order/"), "{url}");
    let told = json!([{"read": "main > .foot button"}, {"read": ".address"}]);
    let seen = shown("told", with(scenario.clone(), told));
    assert_eq!((seen.read(0).len(), seen.read(1)), (0, vec![url.as_str()]));
    scenario["capabilities"] = json!({"openLinks": {}});
    let steps = json!([{"read": "main > .foot button"}, {"click": "main > .foot button"}, {"read": ".address"}]);
    let seen = shown("opened", with(scenario.clone(), steps.clone()));
    assert_eq!((seen.read(0), seen.read(1).len()), (vec!["Open in ERPNext"], 0));
    assert_eq!(seen.sent("ui/open-link"), [&json!({"url": url})]);
    // A host may refuse: then the address is left to be copied.
    scenario["opened"] = json!({"result": {"isError": true}});
    let seen = shown("refused", with(scenario, steps));
    assert_eq!(seen.read(1), [url.as_str()]);
}

#[tokio::test]
async fn figures_are_told_as_what_the_site_says_they_are_and_times_to_the_minute() {
    let desk = Desk::start().await;
    let name = desk.first("Sales Invoice", json!({"docstatus": 1})).await;
    let mut scenario = desk.scenario("get_sales_invoice_document", json!({"name": name})).await;
    let mut answer = data(&scenario["result"]);
    answer["document"]["posting_time"] = json!("16:05:07.123456");
    answer["document"]["modified"] = json!("2026-11-18 08:07:33.000453+02:00");
    answer["document"]["additional_discount_percentage"] = json!(12.5);
    answer["document"]["party_account_currency"] = json!("USD");
    scenario["result"]["content"][0]["text"] = json!(answer.to_string());
    let rate = "[aria-label='Sales Taxes and Charges'] tbody tr:first-child td:nth-child(2)";
    let seen = shown("figures", with(scenario, json!([{"read": "main"}, {"read": rate}, {"read": ".sum"}])));
    let all = seen.read(0)[0];
    for told in ["16:05", "18 Nov 2026, 08:07", "12.5%"] {
        assert!(all.contains(told), "{told} is not in {all}");
    }
    assert!(!all.contains("16:05:07") && !all.contains("000453"), "{all}");
    assert!(seen.read(1)[0].ends_with('%'), "{:?}", seen.read(1));
    assert!(seen.read(2)[0].ends_with(" EUR") && seen.read(2)[1].ends_with(" USD"), "{:?}", seen.read(2));
    let list = json!({"fields": ["name", "per_billed"], "filters": {"status": "Completed"}, "limit": 1});
    let list = desk.scenario("list_sales_order_documents", list).await;
    let seen = shown("percent", with(list, json!([{"read": "td.number"}])));
    assert_eq!(seen.read(0), ["100%"]);
}

#[tokio::test]
async fn a_table_wider_than_its_frame_says_so_and_keeps_state_and_sum_in_sight() {
    let desk = Desk::start().await;
    let fields = ["name", "customer", "transaction_date", "delivery_date", "per_billed", "status", "grand_total"];
    let list = json!({"limit": 5, "fields": fields});
    let mut scenario = desk.scenario("list_sales_order_documents", list).await;
    let (heads, hint) = ("thead th", ".more:not([hidden])");
    let steps = json!([{"sight": heads}, {"read": heads}, {"read": hint}, {"style": [".scroll", "maskImage"]}]);
    for width in [400, 600] {
        scenario["width"] = json!(width);
        let seen = shown("wide", with(scenario.clone(), steps.clone()));
        assert!(seen.read(0).starts_with(&["ID", "Status", "Grand Total"]), "{width}: {:?}", seen.read(0));
        assert!(seen.read(0).len() < fields.len() && seen.read(1).len() == fields.len(), "{:?}", seen.read(1));
        assert_eq!(seen.read(2), ["Scroll sideways for more columns →"]);
        assert!(seen.read(3)[0].contains("gradient"), "{:?}", seen.read(3));
    }
    // Where all of it fits, nothing is moved and nothing is said.
    scenario["width"] = json!(1400);
    let seen = shown("fits", with(scenario, steps));
    assert_eq!((seen.read(0).len(), seen.read(2).len()), (fields.len(), 0));
    assert_eq!((seen.read(1)[1], seen.read(3)), ("Customer", vec!["none"]));
}
