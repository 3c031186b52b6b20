//! What axe-core says of the pages that a person sees, in both themes, as narrow as a phone and as wide as a page.

use serde_json::json;

use super::{Browser, Scene, asked};

/// How many scripts there are, whether it fits, and what it stands on.
const SHOWN: &str = "[document.scripts.length, document.scrollingElement.scrollWidth <= innerWidth, \
                     getComputedStyle(document.body).backgroundColor]";

#[tokio::test]
#[ignore = "needs a browser"]
async fn axe_finds_nothing_wrong_in_any_page_and_a_phone_shows_it_whole() {
    let (scene, mut browser) = (Scene::where_it_says().await, Browser::start().await);
    let stay = browser.redirect_at("/stay");
    let long = format!("https://{}.example/callback", "a".repeat(60));
    let (client, of_a_long_name) = (scene.register(&stay).await, scene.register(&long).await);
    let pages = [
        (asked(&scene, &client, &stay), "document.forms.length"),
        (asked(&scene, &of_a_long_name, &long), "document.forms.length"),
        (asked(&scene, &client, "https://other.example/"), "document.title === 'Not connected'"),
        (asked(&scene, &client, &stay), "document.title === 'Sent on'"),
    ];
    for (theme, ground) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(26, 26, 26)")] {
        for width in [400, 800] {
            for (address, until) in &pages {
                browser.does(json!({"open": {"address": address, "theme": theme, "width": width}})).await;
                if until.contains("Sent on") {
                    browser.does(json!({"click": "button[value=deny]"})).await;
                }
                browser.does(json!({"until": until})).await;
                let here = format!("{until} {theme} {width}");
                assert_eq!(browser.does(json!({"axe": {}})).await, json!([]), "{here}");
                assert_eq!(browser.does(json!({"value": SHOWN})).await, json!([0, true, ground]), "{here}");
            }
        }
    }
}
