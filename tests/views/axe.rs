//! What axe-core says of every view: with its folds open, in both themes, as narrow as a phone and as wide as a page.

use serde_json::{Value, json};

use crate::browser::play_with_axe;
use crate::desk::{Desk, Shown, with};
use crate::every::{every, name, saying};

/// The scenario in each theme and width.
fn in_all_lights(scenario: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for theme in ["light", "dark"] {
        for width in [400, 800] {
            let mut scenario = with(scenario.clone(), json!([{"open": "details"}, {"axe": {}}]));
            scenario["theme"] = json!(theme);
            scenario["width"] = json!(width);
            scenario["capabilities"] = json!({"serverTools": {}, "openLinks": {}});
            all.push(scenario);
        }
    }
    all
}

#[tokio::test]
async fn axe_finds_nothing_wrong_in_any_view_in_either_theme() {
    let desk = Desk::start().await;
    let mut scenes = every(&desk).await;
    let months =
        json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)"], "group_by": ["posting_date:month"]});
    scenes.push(desk.scenario("aggregate_documents", months).await);
    let company = desk.first("Company", json!({})).await;
    let report = json!({"name": "Accounts Receivable", "filters": {"company": company}, "limit": 5});
    scenes.push(desk.scenario("run_report", report).await);
    scenes.push(saying(scenes[0].clone(), "Customer nope not found", true));
    let scenarios: Vec<Value> = scenes.iter().flat_map(in_all_lights).collect();
    for (scenario, outcome) in scenarios.iter().zip(play_with_axe("axe", &scenarios)) {
        let what = format!("{} {} {}", name(scenario), scenario["theme"], scenario["width"]);
        let found = Shown::of(&what, outcome);
        assert!(found.read(0).is_empty(), "{what}: {:#?}", found.read(0));
    }
}

#[tokio::test]
async fn axe_would_find_a_text_that_is_hard_to_read_and_a_button_without_a_name() {
    let desk = Desk::start().await;
    let mut scenario = desk.scenario("list_sales_order_documents", json!({"limit": 3})).await;
    let page = scenario["page"].as_str().unwrap();
    let pale = page.replace("light-dark(#65645d, #a8a69c)", "#e0e0e0").replace("\"Next page\"", "\"\"");
    assert_ne!(pale, page);
    scenario["page"] = json!(pale);
    let scenario = with(scenario, json!([{"axe": {}}]));
    let found = Shown::of("pale", play_with_axe("pale", &[scenario]).remove(0));
    for rule in ["color-contrast: ", "button-name: "] {
        assert!(found.read(0).iter().any(|violation| violation.starts_with(rule)), "{rule}: {:?}", found.read(0));
    }
}
