//! What holds for every view.

use serde_json::{Map, Value, json};

use crate::browser::play;
use crate::desk::{Desk, Shown, data, with};

const HOSTILE: &str = "<img src=x onerror=\"parent.document.title='hit'\"><script>parent.document.title='hit'</script>";

/// One result for each view, and the draft of a conversion.
pub async fn every(desk: &Desk) -> Vec<Value> {
    let order = desk.first("Sales Order", json!({"docstatus": 0})).await;
    let of = |name: &str| json!({"doctype": "Sales Order", "name": name});
    let groups = json!({"doctype": "Sales Order", "measures": ["count", "sum(grand_total)"], "group_by": ["customer"]});
    let change = json!({"name": order, "data": {"po_no": "x", "items": {"patch": [{"idx": 1, "qty": 7}]}}});
    let unbilled = json!({"docstatus": 1, "per_billed": 0, "status": ["not in", ["Closed", "On Hold"]]});
    let unbilled = desk.first("Sales Order", unbilled).await;
    let next = json!({"doctype": "Sales Order", "name": unbilled, "to": "Sales Invoice"});
    vec![
        desk.scenario("get_sales_order_document", json!({"name": order})).await,
        desk.scenario("list_sales_order_documents", json!({"limit": 5})).await,
        desk.scenario("aggregate_documents", groups).await,
        desk.scenario("update_sales_order_document", change).await,
        desk.scenario("get_document_history", of(&order)).await,
        desk.scenario("delete_sales_order_document", json!({"name": order})).await,
        desk.scenario("convert_document", next).await,
    ]
}

pub fn name(scenario: &Value) -> &str {
    scenario["tool"]["name"].as_str().unwrap()
}

fn text_of(scenario: &Value) -> String {
    scenario["result"]["content"][0]["text"].as_str().unwrap().to_owned()
}

pub fn saying(mut scenario: Value, text: &str, is_error: bool) -> Value {
    scenario["result"] = json!({"content": [{"type": "text", "text": text}], "isError": is_error});
    scenario
}

/// Every text of the data, and every name of a field that is no name of the answer's own, made hostile.
fn hostile(value: Value, depth: usize) -> Value {
    match value {
        Value::String(_) => json!(HOSTILE),
        Value::Array(list) => list.into_iter().map(|value| hostile(value, depth + 1)).collect(),
        Value::Object(map) => {
            let mut made = Map::new();
            for (key, value) in map {
                let own = ["from", "to", "row", "changes", "added", "removed", "at", "by", "what", "idx"];
                let own = depth == 0 || own.contains(&key.as_str());
                let key = if own { key } else { format!("{HOSTILE}{key}") };
                made.insert(key, hostile(value, depth + 1));
            }
            Value::Object(made)
        }
        other => other,
    }
}

#[tokio::test]
async fn the_protocol_is_spoken_as_the_host_expects_it() {
    let desk = Desk::start().await;
    let scenarios = every(&desk).await.into_iter().map(|scenario| {
        let changed = json!({"theme": "dark", "styles": {"variables": {"--color-background-primary": "rgb(1, 2, 3)"}}});
        with(
            scenario,
            json!([
                {"send": {"id": "p", "method": "ping"}}, {"send": {"id": "u", "method": "ui/unknown", "params": {}}},
                {"send": {"method": "ui/notifications/host-context-changed", "params": changed}},
                {"style": ["body", "backgroundColor"]}, {"style": ["html", "colorScheme"]},
                {"send": {"id": "t", "method": "ui/resource-teardown", "params": {"reason": "over"}}},
            ]),
        )
    });
    let scenarios: Vec<Value> = scenarios.collect();
    for (scenario, outcome) in scenarios.iter().zip(play("protocol", &scenarios)) {
        let seen = Shown::of(name(scenario), outcome);
        let hello = seen.sent("ui/initialize")[0];
        assert_eq!(hello["protocolVersion"], "2026-01-26");
        assert!(hello["appInfo"]["name"].is_string() && hello["appCapabilities"].is_object(), "{hello}");
        assert_eq!(seen.sent("ui/notifications/initialized").len(), 1);
        let size = seen.sent("ui/notifications/size-changed").last().unwrap()["height"].as_u64().unwrap();
        assert!(size > 60, "{size}");
        assert_eq!(seen.answer("p").unwrap()["result"], json!({}));
        assert_eq!(seen.answer("u").unwrap()["error"]["code"], -32601);
        assert_eq!(seen.answer("t").unwrap()["result"], json!({}));
        assert_eq!((seen.read(0), seen.read(1)), (vec!["rgb(1, 2, 3)"], vec!["dark"]));
        assert!(seen.sent("tools/call").is_empty(), "nothing is called that nobody asked for");
    }
}

#[tokio::test]
async fn what_the_site_says_stays_text() {
    let desk = Desk::start().await;
    let look = json!([{"read": "main"}, {"read": "main img, main script, main iframe, main a"}, {"read": "main svg"}]);
    let scenarios = every(&desk).await.into_iter().map(|scenario| {
        let data = hostile(serde_json::from_str(&text_of(&scenario)).unwrap(), 0);
        let mut scenario = saying(scenario, &data.to_string(), false);
        // Nothing that is long and has no place to break makes a phone scroll sideways.
        scenario["width"] = json!(320);
        with(scenario, look.clone())
    });
    let scenarios: Vec<Value> = scenarios.collect();
    for (scenario, outcome) in scenarios.iter().zip(play("hostile", &scenarios)) {
        let seen = Shown::of(name(scenario), outcome);
        assert!(seen.read(0)[0].contains(HOSTILE), "{}: {:?}", name(scenario), seen.read(0));
        assert!(seen.read(1).is_empty(), "{}", name(scenario));
    }
}

#[tokio::test]
async fn a_hostile_name_on_the_site_stays_a_name() {
    let desk = Desk::start().await;
    let made = desk.data("create_task_document", json!({"data": {"subject": "<img src=x onerror=alert(1)>"}})).await;
    let scenario = desk.scenario("get_task_document", json!({"name": made["created"]})).await;
    let outcome = play("task", &[with(scenario.clone(), json!([{"read": "h1"}, {"read": "img"}]))]).remove(0);
    let seen = Shown::of("task", outcome);
    let document: Value = serde_json::from_str(&text_of(&scenario)).unwrap();
    assert_eq!(seen.read(0), [document["document"]["subject"].as_str().unwrap()]);
    assert!(seen.read(0)[0].contains("img src=x") && seen.read(1).is_empty(), "{:?}", seen.read(0));
}

#[tokio::test]
async fn what_is_no_data_is_shown_as_the_text_that_it_is() {
    let desk = Desk::start().await;
    let error = desk.call("get_customer_document", json!({"name": "nope"})).await;
    let error = error["content"][0]["text"].as_str().unwrap().to_owned();
    let mut scenarios = Vec::new();
    let texts = [
        (error.as_str(), true),
        ("| name |\n|---|\n| A |", false),
        ("name,total\nA,1", false),
        ("{\"other\": 1", false),
    ];
    for scenario in every(&desk).await {
        for (text, is_error) in texts {
            scenarios.push(with(
                saying(scenario.clone(), text, is_error),
                json!([{"read": "main .text"}, {"read": "[role=alert]"}]),
            ));
        }
    }
    for (scenario, outcome) in scenarios.iter().zip(play("text", &scenarios)) {
        let seen = Shown::of(name(scenario), outcome);
        let text = text_of(scenario);
        let people = text.split("\nexc_type: ").next().unwrap().split("\nnext: ").next().unwrap();
        assert_eq!(seen.read(0), [people], "{}", name(scenario));
        assert_eq!(seen.read(1).len(), usize::from(scenario["result"]["isError"] == true));
    }
}

#[tokio::test]
async fn structured_content_is_read_where_there_is_no_text() {
    let desk = Desk::start().await;
    let scenarios = every(&desk).await.into_iter().flat_map(|scenario| {
        let mut structured = scenario.clone();
        let data: Value = serde_json::from_str(&text_of(&scenario)).unwrap();
        structured["result"] = json!({"content": [], "structuredContent": data, "_meta": scenario["result"]["_meta"]});
        [scenario, structured].map(|scenario| with(scenario, json!([{"read": "main"}])))
    });
    let scenarios: Vec<Value> = scenarios.collect();
    for (pair, scenarios) in play("structured", &scenarios).chunks(2).zip(scenarios.chunks(2)) {
        let [text, structured] = [&pair[0], &pair[1]].map(|outcome| Shown::of(name(&scenarios[0]), outcome.clone()));
        assert_eq!(text.read(0), structured.read(0));
    }
}

#[tokio::test]
async fn nothing_is_wider_than_a_narrow_frame() {
    let desk = Desk::start().await;
    let mut scenarios = Vec::new();
    for scenario in every(&desk).await {
        for width in [320, 400, 800] {
            let mut scenario = scenario.clone();
            scenario["width"] = json!(width);
            scenarios.push(scenario);
        }
    }
    for (scenario, outcome) in scenarios.iter().zip(play("narrow", &scenarios)) {
        Shown::of(&format!("{} at {}", name(scenario), scenario["width"]), outcome);
    }
}

#[tokio::test]
async fn what_a_model_is_to_do_next_is_shown_to_no_person() {
    let desk = Desk::start().await;
    let error = desk.call("get_customer_document", json!({"name": "nope"})).await;
    let error = error["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(error.contains("\nexc_type: ") && error.contains("\nnext: "), "{error}");
    let mut noted = desk.scenario("list_sales_order_documents", json!({"limit": 1})).await;
    let mut answer = data(&noted["result"]);
    answer["note"] =
        json!("drafts count too: filter by docstatus 1; naming the table in fields gives all; texts are cut");
    answer["left_out"] = json!({"rows": 3});
    answer["to_see_it"] = json!("ask for less at a time: name fields");
    noted["result"]["content"][0]["text"] = json!(answer.to_string());
    let mut scenarios: Vec<Value> =
        every(&desk).await.into_iter().map(|scenario| saying(scenario, &error, true)).collect();
    scenarios.push(noted);
    let scenarios: Vec<Value> =
        scenarios.into_iter().map(|scenario| with(scenario, json!([{"read": "main"}]))).collect();
    for (scenario, outcome) in scenarios.iter().zip(play("advice", &scenarios)) {
        let seen = Shown::of(name(scenario), outcome);
        let all = seen.read(0)[0];
        for advice in
            ["exc_type", "DoesNotExistError", "next:", "list or search", "filter by", "naming", "ask for less"]
        {
            assert!(!all.contains(advice), "{}: {advice}: {all}", name(scenario));
        }
        let told = if scenario["result"]["isError"] == true { "nope" } else { "drafts count too; texts are cut" };
        assert!(all.contains(told), "{}: {all}", name(scenario));
    }
}
