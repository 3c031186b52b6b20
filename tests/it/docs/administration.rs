//! That what `docs/administration.md` says of two people under one policy is so.

use std::collections::BTreeSet;

use serde_json::json;

use crate::sandbox::SampleSite;
use crate::support::{app_of, call};

#[on_every_version]
async fn under_one_policy_each_person_sees_what_their_own_rights_open() {
    let site = SampleSite::start().await;
    let permissions = json!({"doctypes": {"Customer": {"read": true}}});
    let mut seen = Vec::new();
    for key in ["sales", "other"] {
        let app = app_of(&site.config_of(key, permissions.clone()));
        let asked = json!({"fields": ["territory"], "limit": 100});
        let listed = call(&app, "list_customer_documents", asked).await.unwrap();
        let rows = listed["documents"].as_array().unwrap().iter();
        seen.push(rows.filter_map(|row| row["territory"].as_str().map(str::to_owned)).collect::<BTreeSet<_>>());
    }
    assert_eq!(seen[0], BTreeSet::from(["North".to_owned()]));
    assert!(seen[1].len() > 1, "{seen:?}");
}
