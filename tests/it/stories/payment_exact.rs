//! A payment that is exactly what one invoice asks for.

use serde_json::json;

use super::Desk;
use crate::sandbox::COMPANY;

#[on_every_version]
async fn an_invoice_of_exactly_what_is_paid_is_named_where_another_is_due_first() {
    let desk = Desk::open().await;
    let data = json!({"customer_name": "Exact Lodge", "customer_type": "Company", "customer_group": "Hotels",
        "territory": "West"});
    let customer = desk.create("Customer", data).await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let mut made = Vec::new();
    for (day, rate) in [("2099-12-10", 100), ("2099-12-20", 40)] {
        let rows = json!([{"item_code": item, "qty": 1, "rate": rate}]);
        let data = json!({"customer": customer, "company": COMPANY, "due_date": day, "items": rows, "taxes": []});
        made.push(desk.create("Sales Invoice", data).await);
        desk.submit("Sales Invoice", &made[made.len() - 1]).await;
    }
    let pay = |amount: u32| {
        json!({"party_type": "Customer", "party": customer, "amount": amount, "reference_no": "BT-6",
            "mode_of_payment": "Bank Transfer", "dry_run": true})
    };
    let told = desk.call("record_payment", pay(40)).await;
    assert_eq!(told["allocation"][0]["invoice"], json!(made[0]), "{told}");
    let exact = format!("{} is open by exactly 40", made[1]);
    assert!(told["messages"].to_string().contains(&exact), "{told}");
    for amount in [30, 100] {
        let told = desk.call("record_payment", pay(amount)).await;
        assert!(!told["messages"].to_string().contains("exactly"), "{told}");
    }
}
