//! How much an error tells, and how much one create takes.

use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, refusal};

fn order(rows: usize, row: impl Fn(usize) -> Value) -> Value {
    let rows: Vec<Value> = (0..rows).map(row).collect();
    json!({"data": {"customer": "None", "delivery_date": "2030-01-01", "items": rows}})
}

#[on_every_version]
async fn an_error_tells_some_of_many_problems_and_the_beginning_of_a_long_value() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let wrong = order(900, |i| json!({"item_code": "x", "qty": format!("much {i}"), "nonsense": 1}));
    let text = refusal(&app, "create_sales_order_document", wrong).await;
    assert!(text.contains("and 1770 more") && text.contains("\nnext: ") && text.len() < 16_000, "{}", text.len());
    let long = order(1, |_| json!({"item_code": "x", "qty": "much ".repeat(20_000)}));
    let text = refusal(&app, "create_sales_order_document", long).await;
    assert!(text.contains("much much") && text.len() < 3_000, "{}", text.len());
    let name = json!({"name": "x".repeat(100_000)});
    let text = refusal(&app, "get_sales_order_document", name).await;
    assert!(text.len() < 20_000 && text.contains("\nnext: "), "{}", text.len());
}

#[on_every_version]
async fn one_create_takes_a_thousand_rows_of_a_table() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let text =
        refusal(&app, "create_sales_order_document", order(3_000, |i| json!({"item_code": i.to_string(), "qty": 1})))
            .await;
    assert!(text.contains("data.items: 3000 rows; one create takes at most 1000 of a table"), "{text}");
}
