//! What a client is told of a call that takes long.

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::json;

use super::Desk;

#[on_every_version]
async fn a_call_that_says_nothing_for_two_seconds_is_told_to_go_on() {
    let desk = Desk::open().await;
    let todo = desk.create("ToDo", json!({"description": "slow"})).await;
    let before = desk.progress().len();
    desk.site.faults().add(Fault::new(FaultKind::Latency(2_400)));
    desk.get("ToDo", &todo).await;
    desk.site.faults().clear();
    let told = desk.progress().split_off(before);
    assert!(told.first().is_some_and(|done| *done > 0.0 && *done < 1.0), "{told:?}");
    assert!(told.windows(2).all(|two| two[0] < two[1]), "{told:?}");
}
