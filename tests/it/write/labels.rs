//! Fields by their labels: in data, filters, columns and orders.

use serde_json::json;

use crate::sandbox::SampleSite;
use crate::support::{all, call, refusal};

#[on_every_version]
async fn a_field_is_taken_by_its_label_and_one_that_is_given_twice_is_told() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Customer": all(), "Item": all()}));
    let row = json!({"Item Code": "TBL-OAK-160", "Quantity": 2, "Rate": 300});
    let data = json!({"Customer": "Kestrel Software", "Delivery Date": "2099-12-24", "items": [row]});
    let made = call(&app, "create_sales_order_document", json!({"data": data})).await.unwrap();
    let stored = site.stored("Sales Order", made["created"].as_str().unwrap()).unwrap();
    assert_eq!((&stored["customer"], &stored["delivery_date"]), (&json!("Kestrel Software"), &json!("2099-12-24")));
    assert_eq!((&stored["items"][0]["qty"], &stored["items"][0]["rate"]), (&json!(2.0), &json!(300.0)), "{stored}");

    let asked = json!({"name": made["created"], "fields": ["Grand Total", "items.Item Code"]});
    let read = call(&app, "get_sales_order_document", asked).await.unwrap();
    assert_eq!(read["document"]["items"][0]["item_code"], "TBL-OAK-160", "{read}");
    assert!(read["document"]["grand_total"].is_number(), "{read}");

    let asked = json!({"filters": {"Delivery Date": "2099-12-24"}, "fields": ["Customer Name", "grandTotal"]});
    let listed = call(&app, "list_sales_order_documents", asked).await.unwrap();
    assert_eq!(listed["documents"][0]["customer_name"], "Kestrel Software", "{listed}");
    assert!(listed["documents"][0]["grand_total"].is_number(), "{listed}");

    let twice = json!({"customer": "Kestrel Software", "Customer": "Tandem Bicycles", "delivery_date": "2099-12-24",
        "items": [{"item_code": "TBL-OAK-160", "qty": 1}]});
    let text = refusal(&app, "create_sales_order_document", json!({"data": twice})).await;
    assert!(text.contains("data.Customer: no such field in Sales Order; did you mean customer?"), "{text}");
    // What could be the name of a field is told, not taken for a label.
    let text = refusal(&app, "list_sales_order_documents", json!({"filters": {"date": "2099-12-24"}})).await;
    assert!(text.contains("no such field in Sales Order; did you mean transaction_date?"), "{text}");
}

#[on_every_version]
async fn a_label_that_could_mean_two_fields_is_refused_also_where_one_of_them_may_not_be_written() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Shipment": {"read": true, "create": true, "restricted_fields":
        ["pickup_company"]}}));
    for (of, label) in [("sales_order", "Terms"), ("shipment", "Company")] {
        let text = refusal(&app, &format!("create_{of}_document"), json!({"data": {label: "x"}})).await;
        assert!(text.contains(&format!("data.{label}: no such field")), "{text}");
        let text = refusal(&app, &format!("list_{of}_documents"), json!({"filters": {label: "x"}})).await;
        assert!(text.contains("no such field"), "{text}");
    }
}
