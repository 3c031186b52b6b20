//! Every view as a person sees it, at the width of a phone and of a page, in both themes: pictures below `target/tmp/views`, to be
//! looked at. Those in `docs/pictures` were: `PICTURES_UPDATE=1 .ci/views` draws them anew, for another look.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::{picture, play};
use crate::desk::{Desk, Shown, with};
use crate::every::every;

/// What the scenes are called, in their order: those of every test first.
const SCENES: [&str; 11] =
    ["order", "list", "bars", "change", "history", "approval", "draft", "document", "chart", "report", "history-open"];

/// The scenes, each once.
async fn scenes(desk: &Desk) -> Vec<Value> {
    let mut scenes = every(desk).await;
    let open = with(scenes[4].clone(), json!([{"open": "details"}]));
    let invoice = desk.first("Sales Invoice", json!({"status": "Overdue"})).await;
    scenes.push(desk.scenario("get_sales_invoice_document", json!({"name": invoice})).await);
    let months =
        json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)"], "group_by": ["posting_date:month"]});
    scenes.push(desk.scenario("aggregate_documents", months).await);
    let company = desk.first("Company", json!({})).await;
    let report = json!({"name": "Accounts Receivable", "filters": {"company": company}, "limit": 5});
    scenes.push(desk.scenario("run_report", report).await);
    scenes.push(open);
    scenes
}

/// Width and height, as a PNG begins.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// What a picture is called in `docs/pictures`, if it is kept: all in the light theme, one to show the dark one.
fn kept(scene: &str, width: u32, theme: &str) -> Option<String> {
    match theme {
        "light" => Some(format!("{scene}-{width}.png")),
        _ => (scene == "history-open" && width == 400).then(|| format!("{scene}-{width}-{theme}.png")),
    }
}

/// Where a picture is drawn, what it is called if it is kept, and its width.
type Drawn = (PathBuf, Option<String>, u32);

/// Draws the pictures, several at once: each waits for a browser of its own.
fn draw(drawn: &[Drawn], scenarios: &[Value], heights: &[u64]) {
    const AT_ONCE: usize = 4;
    let all: Vec<_> = drawn.iter().zip(scenarios).zip(heights).collect();
    std::thread::scope(|scope| {
        for some in all.chunks(all.len().div_ceil(AT_ONCE)) {
            scope.spawn(move || {
                some.iter().for_each(|(((file, ..), scenario), height)| picture(file, scenario, **height))
            });
        }
    });
}

#[tokio::test]
async fn every_view_is_drawn_at_the_width_of_a_phone_and_of_a_page_in_both_themes() {
    let drawn_in = Path::new(env!("CARGO_TARGET_TMPDIR")).join("views");
    let kept_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    std::fs::create_dir_all(&drawn_in).unwrap();
    let desk = Desk::start().await;
    let scenes = scenes(&desk).await;
    assert_eq!(scenes.len(), SCENES.len());
    let (mut drawn, mut scenarios): (Vec<Drawn>, Vec<Value>) = Default::default();
    for (name, scene) in SCENES.iter().zip(scenes) {
        for width in [400, 800] {
            for theme in ["light", "dark"] {
                let mut scene = scene.clone();
                (scene["width"], scene["theme"]) = (json!(width), json!(theme));
                scene["capabilities"] = json!({"serverTools": {}, "openLinks": {}});
                drawn.push((drawn_in.join(format!("{name}-{width}-{theme}.png")), kept(name, width, theme), width));
                scenarios.push(scene);
            }
        }
    }
    let height = |((file, ..), outcome): (&Drawn, Value)| {
        let seen = Shown::of(&file.display().to_string(), outcome);
        seen.sent("ui/notifications/size-changed").last().unwrap()["height"].as_u64().unwrap()
    };
    let heights: Vec<u64> = drawn.iter().zip(play("pictures", &scenarios)).map(height).collect();
    draw(&drawn, &scenarios, &heights);
    let updates = std::env::var_os("PICTURES_UPDATE").is_some();
    let mut names = BTreeSet::new();
    for ((file, keep, width), height) in drawn.iter().zip(heights) {
        let png = std::fs::read(file).unwrap();
        assert_eq!(json!(size(&png)), json!([width, height]), "{}", file.display());
        let Some(name) = keep else { continue };
        if updates {
            std::fs::write(kept_in.join(name), &png).unwrap();
        }
        let held = std::fs::read(kept_in.join(name));
        let held = held.unwrap_or_else(|_| panic!("docs/pictures/{name}: PICTURES_UPDATE=1 .ci/views draws it"));
        assert_eq!(size(&held).0, *width, "docs/pictures/{name}");
        names.insert(name.clone());
    }
    for pair in drawn.chunks(2) {
        let [light, dark] = [&pair[0].0, &pair[1].0].map(|file| std::fs::read(file).unwrap());
        assert_ne!(light, dark, "{}", pair[0].0.display());
    }
    let entries = std::fs::read_dir(kept_in).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(entries.collect::<BTreeSet<_>>(), names, "docs/pictures holds a picture of each scene, and no other");
}
