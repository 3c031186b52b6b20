//! Every view as a person sees it, at the width of a phone and of a page, in both themes: pictures below `target/tmp/views`, to be
//! looked at. Those in `docs/pictures` were.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::{picture, play};
use crate::desk::{Desk, Shown};
use crate::every::{every, name};

/// Width and height, as a PNG begins.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn every_view_is_drawn_at_the_width_of_a_phone_and_of_a_page_in_both_themes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("views");
    std::fs::create_dir_all(&folder).unwrap();
    let desk = Desk::start().await;
    let mut scenes = every(&desk).await;
    let months =
        json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)"], "group_by": ["posting_date:month"]});
    scenes.push(desk.scenario("aggregate_documents", months).await);
    let company = desk.first("Company", json!({})).await;
    let report = json!({"name": "Accounts Receivable", "filters": {"company": company}, "limit": 5});
    scenes.push(desk.scenario("run_report", report).await);
    let mut drawn: Vec<(PathBuf, Value)> = Vec::new();
    for (at, scene) in scenes.iter().enumerate() {
        for width in [400, 800] {
            for theme in ["light", "dark"] {
                let mut scene = scene.clone();
                (scene["width"], scene["theme"]) = (json!(width), json!(theme));
                scene["capabilities"] = json!({"serverTools": {}, "openLinks": {}});
                drawn.push((folder.join(format!("{at}-{}-{width}-{theme}.png", name(&scene))), scene));
            }
        }
    }
    let scenarios: Vec<Value> = drawn.iter().map(|(_, scenario)| scenario.clone()).collect();
    for ((file, scenario), outcome) in drawn.iter().zip(play("pictures", &scenarios)) {
        let seen = Shown::of(&file.display().to_string(), outcome);
        let height = seen.sent("ui/notifications/size-changed").last().unwrap()["height"].as_u64().unwrap();
        picture(file, scenario, height);
        let png = std::fs::read(file).unwrap();
        assert_eq!(json!(size(&png)), json!([scenario["width"], height]), "{}", file.display());
    }
    for pair in drawn.chunks(2) {
        let [light, dark] = [&pair[0].0, &pair[1].0].map(|file| std::fs::read(file).unwrap());
        assert_ne!(light, dark, "{}", pair[0].0.display());
    }
}
