//! That the exchange in the README is what the server answers on the sample site, word for word.

use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call, refusal};
use crate::tidy::read;

#[tokio::test]
async fn the_exchange_of_the_readme_is_what_the_server_answers() {
    let page = read("README.md");
    let section = page.split("\n## One exchange\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks: Vec<&str> = section.split("```").skip(1).step_by(2).collect();
    let [wrong, told, right, answer] = blocks[..] else { panic!("expected four blocks, found {}", blocks.len()) };
    let given = |block: &str| -> Value { serde_json::from_str(block.strip_prefix("json\n").unwrap()).unwrap() };
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"doctypes": {"Customer": all()}})));
    let tool = "create_customer_document";
    assert_eq!(refusal(&app, tool, given(wrong)).await.trim(), told.strip_prefix("text\n").unwrap().trim());
    let (mut answered, wanted) = (call(&app, tool, given(right)).await.unwrap(), given(answer));
    assert!(answered["modified"].is_string(), "{answered}");
    answered["modified"] = wanted["modified"].clone();
    assert_eq!(answered, wanted);
}
