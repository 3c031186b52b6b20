//! A call of which nobody knew whether it was done, repeated without a look at the document.

use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::json;

use super::{Told, World};

const UPDATE: &str = "update_generic_document";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_there_by_now_are_not_added_again() {
    let world = World::start().await;
    let mut add = world.thing(&[]).await;
    add["data"] = json!({"rows": {"add": [{"qty": 2.0, "class": "first"}]}});
    let name = add["name"].as_str().unwrap().to_owned();
    let rows = || world.site.stored("Odd Thing", &name).unwrap()["rows"].as_array().unwrap().len();
    world.site.sandbox.faults().add(Fault::new(FaultKind::Late(2_500)).method("PUT").path("Odd Thing").times(1));
    let told = world.told(UPDATE, &add).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("Whether it was done is not known")), "{told:?}");
    while rows() == 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = world.told(UPDATE, &add).await;
    assert!(matches!(&told, Told::Unknown(said) if said.contains("was changed since it was read")), "{told:?}");
    assert_eq!(rows(), 2);
}
