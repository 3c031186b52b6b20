//! How much a list shows of a typed tool: each level more than the one below.

use std::collections::BTreeSet;

use erpnext_mcp::tool::Tool;
use erpnext_mcp::tool::definition::definition_at;
use erpnext_mcp::tool::detail::Detail;
use erpnext_mcp::tool::listing::listing;
use erpnext_schema::Verb;
use serde_json::json;

use crate::support::{all, app_of, config_json};

#[on_every_version]
async fn a_level_shows_every_field_of_the_one_below() {
    let app = app_of(&config_json("http://127.0.0.1:9", json!({"default": all()})));
    let session = app.session();
    let fields = |tool, level| -> BTreeSet<String> {
        let schema = definition_at(&session, tool, level).input_schema;
        schema["properties"]["data"]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let mut seen = 0;
    for tool in app.registry().tools().iter().copied().filter(|tool| matches!(tool, Tool::Typed(Verb::Create, _))) {
        let [lean, compact, full] = [Detail::Lean, Detail::Compact, Detail::Full].map(|level| fields(tool, level));
        // One that has no field of its own shows one all the same: no schema is empty.
        assert!(lean.is_subset(&compact) || lean.len() == 1, "{}: {lean:?} {compact:?}", tool.name());
        assert!(compact.is_subset(&full), "{}: {compact:?} {full:?}", tool.name());
        seen += 1;
    }
    assert!(seen > 200, "{seen}");
}

#[on_every_version]
async fn a_length_is_told_where_the_whole_is() {
    let app = app_of(&config_json("http://127.0.0.1:9", json!({"default": all()})));
    let customer = app.registry().find("create_customer_document").unwrap();
    for (level, is_told) in [(Detail::Compact, false), (Detail::Full, true)] {
        let definition = definition_at(&app.session(), customer, level);
        assert_eq!(definition.to_json().to_string().contains("maxLength"), is_told, "{level:?}");
    }
}

#[on_every_version]
async fn where_no_doctype_is_named_none_has_tools_of_its_own_in_the_list_until_one_is() {
    let listed = |permissions, tools| {
        let mut config = config_json("http://127.0.0.1:9", permissions);
        config["tools"] = tools;
        let app = app_of(&config);
        let listing = listing(&app.session(), app.registry());
        listing.tools.iter().filter(|listed| matches!(listed.tool, Tool::Typed(..))).count()
    };
    assert_eq!(listed(json!({"default": all()}), json!({})), 0);
    assert!(listed(json!({"default": all()}), json!({"toolsets": ["selling"]})) > 0);
    assert!(listed(json!({"default": all(), "doctypes": {"Sales Order": all()}}), json!({})) > 0);
}
