//! Writes that answer 200 and lose or change data.

use serde_json::{Value, json};

use crate::Desk;

const TWO_ROWS: [(&str, f64); 2] = [("kept", 1.0), ("gone", 2.0)];

fn two_rows() -> Value {
    let rows = TWO_ROWS.map(|(class, qty)| json!({"class": class, "qty": qty, "default": 1}));
    json!({ "rows": rows })
}

/// A customer that the sample has.
const CUSTOMER: &str = "/api/resource/Customer/";

fn customer(desk: &Desk) -> String {
    let rows = desk.rows("Customer", &json!({"filters": [["territory", "=", "North"]], "limit": "1"}));
    format!("{CUSTOMER}{}", crate::encode(rows[0]["name"].as_str().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h1_a_row_loses_the_columns_that_were_not_sent_and_the_other_rows_go() {
    for desk in Desk::each().await {
        let thing = desk.thing(&two_rows());
        let row = desk.get(&thing)["rows"][0]["name"].clone();
        desk.put(&thing, &json!({"rows": [{"name": row, "qty": 9}]}));
        let rows = desk.get(&thing)["rows"].clone();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
        assert_eq!((&rows[0]["name"], &rows[0]["qty"]), (&row, &json!(9.0)));
        assert_eq!((rows[0].get("class"), &rows[0]["default"]), (None, &json!(0)), "{rows}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h2_a_row_with_an_unknown_name_is_echoed_and_not_saved_and_the_others_are_gone() {
    for desk in Desk::each().await {
        let thing = desk.thing(&two_rows());
        let echo = desk.put(&thing, &json!({"rows": [{"name": "no-such-row", "qty": 9}]}));
        assert_eq!(echo["rows"][0]["qty"], 9.0);
        assert_eq!(desk.get(&thing)["rows"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h3_null_empties_a_table_and_the_idx_that_was_sent_counts() {
    for desk in Desk::each().await {
        let thing = desk.thing(&json!({"rows": [{"qty": 1, "idx": 7}]}));
        assert_eq!(desk.get(&thing)["rows"][0]["idx"], 7);
        desk.put(&thing, &json!({ "rows": null }));
        assert_eq!(desk.get(&thing)["rows"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_an_answer_to_a_write_shows_the_field_that_reading_hides() {
    for desk in Desk::each().await {
        let thing = desk.thing(&json!({"secret": "canary"}));
        assert_eq!(desk.done("sales", "GET", &thing, &Value::Null).get("secret"), None);
        assert_eq!(desk.done("sales", "PUT", &thing, &json!({"title": "other"}))["secret"], "canary");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h7_an_unknown_field_and_one_above_the_users_level_are_ignored_with_200() {
    for desk in Desk::each().await {
        let customer = customer(&desk);
        let before = desk.get(&customer)["custom_secret_score"].clone();
        desk.done("sales", "PUT", &customer, &json!({"custom_secret_score": 99, "no_such_field": 1}));
        let after = desk.get(&customer);
        assert_eq!((&after["custom_secret_score"], after.get("no_such_field")), (&before, None));
        assert_ne!(before, json!(99.0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h8_docstatus_sticks_to_what_is_not_submittable_and_submits_and_cancels_the_rest() {
    for desk in Desk::each().await {
        let name = desk.post("/api/resource/ToDo", &json!({"description": "x"}))["name"].as_str().unwrap().to_owned();
        let todo = format!("/api/resource/ToDo/{name}");
        desk.put(&todo, &json!({"docstatus": 1}));
        assert_eq!(desk.get(&todo)["docstatus"], 1);
        let stuck = desk.refused("administrator", "PUT", &todo, &json!({"description": "y"}));
        assert_eq!(stuck, (417, "UpdateAfterSubmitError".to_owned()));
        let thing = desk.thing(&json!({}));
        for docstatus in [1, 2] {
            desk.put(&thing, &json!({ "docstatus": docstatus }));
            assert_eq!(desk.get(&thing)["docstatus"], docstatus);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h9_without_modified_the_last_write_wins_and_with_it_only_the_very_same_text_is_taken() {
    for desk in Desk::each().await {
        let thing = desk.thing(&json!({}));
        let read = desk.get(&thing)["modified"].as_str().unwrap().to_owned();
        for modified in [&read[..19], &read.replace(' ', "T")] {
            let stale = desk.refused("administrator", "PUT", &thing, &json!({"title": "b", "modified": modified}));
            assert_eq!(stale, (417, "TimestampMismatchError".to_owned()), "{modified}");
        }
        desk.put(&thing, &json!({"title": "first", "modified": read}));
        let stale = desk.refused("administrator", "PUT", &thing, &json!({"title": "second", "modified": read}));
        assert_eq!(stale, (417, "TimestampMismatchError".to_owned()));
        desk.put(&thing, &json!({"title": "last"}));
        assert_eq!(desk.get(&thing)["title"], "last");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h11_a_name_that_is_taken_becomes_another_one_with_200() {
    for desk in Desk::each().await {
        let zed = json!({"customer_name": "Zed Co", "customer_type": "Company", "territory": "North"});
        assert_eq!(desk.post("/api/resource/Customer", &zed)["name"], "Zed Co");
        assert_eq!(desk.post("/api/resource/Customer", &zed)["name"], "Zed Co - 1");
        let todo = json!({"name": "mine", "description": "x"});
        let first = desk.post("/api/resource/ToDo", &todo)["name"].clone();
        assert_ne!(desk.post("/api/resource/ToDo", &todo)["name"], first);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h12_values_are_bent_until_they_fit() {
    for desk in Desk::each().await {
        for (field, sent, stored) in [
            ("pct", json!("12.5abc"), json!(0.0)),
            ("pct", json!("1,234.50"), json!(1234.5)),
            ("stars", json!(4), json!(1.0)),
            ("title", json!("<script>x</script>a"), json!("&lt;script&gt;x&lt;/script&gt;a")),
        ] {
            let thing = desk.thing(&json!({ field: sent }));
            assert_eq!(desk.get(&thing)[field], stored, "{field} {sent}");
        }
        for (sent, stored) in [(json!("yes"), 0), (json!("true"), 0), (json!(5), 1)] {
            let thing = desk.thing(&json!({"rows": [{ "default": sent }]}));
            assert_eq!(desk.get(&thing)["rows"][0]["default"], stored, "{sent}");
        }
        let lead = json!({"first_name": "Zed", "naming_series": "NO-SUCH-.#####"});
        let made = desk.post("/api/resource/Lead", &lead)["name"].as_str().unwrap().to_owned();
        assert!(made.starts_with("NO-SUCH-"), "{made}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h13_and_h14_an_answer_echoes_what_was_sent_and_marks_new_rows() {
    for desk in Desk::each().await {
        let sent = json!({"title": "x", "on_day": "2026-1-5", "howlong": "3600", "rows": [{"qty": 1}]});
        let echo = desk.post("/api/resource/Odd%20Thing", &sent);
        assert_eq!((&echo["on_day"], &echo["howlong"]), (&json!("2026-1-5"), &json!("3600")));
        assert_eq!(echo["rows"][0]["__unsaved"], 1);
        let stored = desk.get(&format!("/api/resource/Odd%20Thing/{}", echo["name"].as_str().unwrap()));
        assert_eq!((&stored["on_day"], &stored["howlong"]), (&json!("2026-01-05"), &json!(3600.0)));
        assert_eq!(stored["rows"][0].get("__unsaved"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h51_a_state_that_is_set_directly_goes_past_the_workflow() {
    for desk in Desk::each().await {
        let made = desk.post("/api/resource/Lead", &json!({"first_name": "Zed"}))["name"].as_str().unwrap().to_owned();
        let lead = format!("/api/resource/Lead/{made}");
        assert_eq!(desk.get(&lead)["workflow_state"], "Open");
        desk.put(&lead, &json!({"workflow_state": "Approved"}));
        assert_eq!(desk.get(&lead)["workflow_state"], "Approved");
        // Nobody but a Sales Manager is meant to edit an approved lead.
        desk.done("sales", "PUT", &lead, &json!({"first_name": "Q"}));
        assert_eq!(desk.get(&lead)["first_name"], "Q");
    }
}
