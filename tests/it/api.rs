//! The Rust API on the sample site: what a program does there beside reading and writing, and that a policy holds for all of it.

use std::time::Duration;

use erpnext_doctypes::{COMMENT, Customer, CustomerField, FILE, SalesOrder, SalesOrderField};
use erpnext_mcp::Site;
use erpnext_mcp::api::Error;
use erpnext_mcp::config::Config;
use erpnext_mcp::policy::Policy;
use erpnext_sandbox::{Fault, FaultKind};
use erpnext_schema::document::{Document, Errors, Extra};
use erpnext_schema::{DocTypeFields, Filter, Versioned};
use serde_json::{Map, Value, json};

use crate::sandbox::{COMPANY, SampleSite};
use crate::support::version;

fn program(sample: &SampleSite) -> Site {
    Site::connect(&sample.sandbox.url(), "administrator", "secret").unwrap().of_version(version())
}

/// A program under the policy of such a configuration.
fn program_under(sample: &SampleSite, sections: Value) -> Site {
    let mut config = sample.config(json!({}));
    config.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
    program(sample).with_policy(Policy::from_config(&Config::from_text(&config.to_string()).unwrap()))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The name of a draft order.
async fn draft(site: &Site) -> String {
    let drafts = site.list::<SalesOrder>().filter(SalesOrderField::Docstatus.eq(0)).fetch().await.unwrap();
    drafts[0].name.clone().unwrap()
}

/// The name of a customer.
async fn customer(site: &Site) -> String {
    site.list::<Customer>().page_size(1).fetch().await.unwrap()[0].name.clone().unwrap()
}

#[on_every_version]
async fn a_number_of_zero_is_not_set() {
    let sample = SampleSite::start().await;
    let site = program(&sample);
    let [zero, other] = [CustomerField::Disabled.eq(0), CustomerField::Disabled.ne(0)];
    let [not_set, set] = [CustomerField::Disabled.is_not_set(), CustomerField::Disabled.is_set()];
    let count = async |filter: Filter| site.count::<Customer>([filter]).await.unwrap();
    let all = count(zero).await;
    assert!(all > 0);
    assert_eq!((count(not_set).await, count(set).await), (all, count(other).await));
}

#[on_every_version]
async fn a_program_submits_cancels_and_amends_each_in_its_time() {
    let sample = SampleSite::start().await;
    let site = program(&sample);
    let name = draft(&site).await;
    for refused in [site.cancel::<SalesOrder>(&name).await, site.amend::<SalesOrder>(&name).await] {
        assert!(matches!(refused, Err(Error::NotNow { .. })), "{refused:?}");
    }
    let order: SalesOrder = site.submit(&name).await.unwrap();
    assert_eq!(order.docstatus, Some(1));
    let refused = site.submit::<SalesOrder>(&name).await.unwrap_err().to_string();
    assert_eq!(refused, format!("Sales Order {name}: it is no draft: only drafts are submitted"));
    let order: SalesOrder = site.cancel(&name).await.unwrap();
    assert_eq!(order.docstatus, Some(2));
    let amended: SalesOrder = site.amend(&name).await.unwrap();
    assert_eq!((amended.docstatus.unwrap_or_default(), amended.amended_from.get()), (0, Some(name.as_str())));
    assert_eq!(amended.items.len(), order.items.len());
    let refused = site.amend::<SalesOrder>(&name).await;
    assert!(matches!(refused, Err(Error::NotNow { .. })), "{refused:?}");
    let written = sample.writes();
    assert_eq!(written.iter().filter(|write| write.contains(" Sales Order ")).count(), 3, "{written:?}");
    let amendments = [SalesOrderField::AmendedFrom.eq(name.as_str())];
    assert_eq!(site.count::<SalesOrder>(amendments).await.unwrap(), 1);
}

#[on_every_version]
async fn a_name_that_is_only_nearly_the_document_s_is_written_to_by_no_program() {
    let sample = SampleSite::start().await;
    let site = program(&sample);
    let (customer, order) = (customer(&site).await.to_lowercase(), draft(&site).await.to_lowercase());
    let refused = [site.delete::<Customer>(&customer).await, site.submit::<SalesOrder>(&order).await.map(drop)];
    for refused in refused {
        assert!(matches!(refused, Err(Error::NotNow { .. })), "{refused:?}");
    }
    assert!(sample.writes().is_empty());
}

/// A program that took it for a refusal would make the document again.
#[on_every_version]
async fn a_write_that_was_done_and_cannot_be_read_after_says_so_with_its_name() {
    let sample = SampleSite::start().await;
    let site = program(&sample);
    let copy = Customer { name: None, ..site.get(&customer(&site).await).await.unwrap() };
    sample.sandbox.faults().add(Fault::new(FaultKind::Json(500)).method("GET").path("/api/resource/Customer/"));
    let made = site.insert(&copy).await;
    assert!(matches!(&made, Err(Error::Unread { name, .. }) if sample.stored("Customer", name).is_some()), "{made:?}");
    assert_eq!(sample.writes().len(), 1);
}

#[on_every_version]
async fn a_program_attaches_reads_and_takes_off_files() {
    let sample = SampleSite::start().await;
    let site = program(&sample);
    let name = customer(&site).await;
    let made = site.attach::<Customer>(&name, "note.txt", b"Rings on Fridays.").await.unwrap();
    let files = site.attachments::<Customer>(&name).await.unwrap();
    assert_eq!(files.iter().map(|file| file.file()).collect::<Vec<_>>(), [made["name"].as_str().unwrap()]);
    assert_eq!(site.download::<Customer>(&files[0]).await.unwrap().bytes, b"Rings on Fridays.");
    site.detach::<Customer>(&name, &files[0]).await.unwrap();
    assert!(site.attachments::<Customer>(&name).await.unwrap().is_empty());
    assert!(matches!(site.detach::<Customer>(&name, &files[0]).await, Err(Error::NotNow { .. })));
    let rules = json!({"Customer": {"read": true, "update": true, "restricted_fields": ["image"]}});
    let some = program_under(&sample, json!({"permissions": {"doctypes": rules}}));
    assert!(matches!(some.attachments::<Customer>(&name).await, Err(Error::Denied(_))), "the image is a file");
}

#[on_every_version]
async fn a_program_runs_reports_without_the_columns_that_are_withheld() {
    let sample = SampleSite::start().await;
    let filters = object(json!({"company": COMPANY}));
    let table = program(&sample).report("Accounts Receivable", &filters).await.unwrap();
    let names = |table: &erpnext_mcp::api::Table| -> Vec<String> {
        table.columns.iter().map(|column| column.field.clone()).collect()
    };
    assert!(!table.rows.is_empty() && names(&table).contains(&"territory".to_owned()), "{:?}", names(&table));
    let missing = program(&sample).report("Accounts Receivabel", &filters).await;
    assert!(matches!(missing, Err(Error::NoReport { .. })), "{missing:?}");
    let rules = json!({"Customer": {"read": true, "restricted_fields": ["territory"]}});
    let permissions = json!({"doctypes": rules, "default": {"read": true}, "reports": ["Accounts Receivable"]});
    let site = program_under(&sample, json!({"permissions": permissions}));
    let table = site.report("Accounts Receivable", &filters).await.unwrap();
    assert!(!names(&table).contains(&"territory".to_owned()), "{:?}", names(&table));
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    let told = site.report("Accounts Receivable", &object(json!({"company": COMPANY, "territory": "North"}))).await;
    assert!(matches!(told, Err(Error::Invalid(_))), "{told:?}");
    assert!(matches!(site.report("General Ledger", &filters).await, Err(Error::Denied(_))));
}

#[on_every_version]
async fn a_program_calls_the_methods_that_its_policy_lists() {
    const BALANCE: &str = "erpnext.stock.utils.get_stock_balance";
    let sample = SampleSite::start().await;
    let arguments = object(json!({"item_code": "No such", "warehouse": "None"}));
    let unlisted = program(&sample).method(BALANCE, arguments.clone()).await;
    assert!(matches!(unlisted, Err(Error::Denied(_))), "{unlisted:?}");
    let text = json!({"type": "string", "required": true});
    let takes = json!({"item_code": text, "warehouse": text});
    let method = json!({"description": "Stock of an item.", "write": false, "arguments": takes});
    let site = program_under(&sample, json!({"methods": {BALANCE: method}}));
    assert_eq!(site.method(BALANCE, arguments).await.unwrap(), json!(0.0));
    let wrong = site.method(BALANCE, object(json!({"item_cod": "X"}))).await;
    assert!(matches!(&wrong, Err(Error::Invalid(found)) if found.len() == 3), "{wrong:?}");
}

#[on_every_version]
async fn a_policy_holds_for_all_that_a_program_does() {
    let sample = SampleSite::start().await;
    let open = program(&sample);
    let (order, of) = (draft(&open).await, customer(&open).await);
    open.attach::<Customer>(&of, "a.txt", b"a").await.unwrap();
    let file = open.attachments::<Customer>(&of).await.unwrap().remove(0);
    let before = sample.writes().len();
    let site = program(&sample).with_policy(Policy::default());
    let denied = [
        site.submit::<SalesOrder>(&order).await.map(drop),
        site.cancel::<SalesOrder>(&order).await.map(drop),
        site.amend::<SalesOrder>(&order).await.map(drop),
        site.count::<Customer>([CustomerField::Disabled.eq(0)]).await.map(drop),
        site.report("Accounts Receivable", &Map::new()).await.map(drop),
        site.method("frappe.ping", Map::new()).await.map(drop),
        site.attachments::<Customer>(&of).await.map(drop),
        site.download::<Customer>(&file).await.map(drop),
        site.attach::<Customer>(&of, "b.txt", b"b").await.map(drop),
        site.detach::<Customer>(&of, &file).await,
    ];
    assert!(denied.iter().all(|done| matches!(done, Err(Error::Denied(_)))), "{denied:?}");
    assert_eq!(sample.writes().len(), before);
}

#[on_every_version]
async fn a_condition_on_a_move_holds_for_programs_too() {
    let sample = SampleSite::start().await;
    let name = draft(&program(&sample)).await;
    let small = json!({"read": true, "submit": true, "conditions": {"submit": {"grand_total": {"lt": 1}}}});
    let site = program_under(&sample, json!({"permissions": {"doctypes": {"Sales Order": small}}}));
    assert!(matches!(site.submit::<SalesOrder>(&name).await, Err(Error::Denied(_))));
    assert!(sample.writes().is_empty(), "{:?}", sample.writes());
}

/// A document of which nothing but the site's own keys is known.
macro_rules! untyped {
    ($name:ident, $def:ident) => {
        #[derive(Clone, Debug, Default)]
        struct $name(Extra);

        impl Document for $name {
            const DEF: &'static Versioned = &$def;

            fn fill(doc: &mut Extra, _: &mut Errors) -> Self {
                Self(std::mem::take(doc))
            }

            fn emit(&self) -> Extra {
                self.0.clone()
            }
        }
    };
}

untyped!(Comment, COMMENT);
untyped!(File, FILE);

#[on_every_version]
async fn what_hangs_on_a_document_is_written_by_programs_only_where_that_may_be_changed() {
    let sample = SampleSite::start().await;
    let open = program(&sample);
    let of = async |territory: &str| {
        let found = open.list::<Customer>().filter(CustomerField::Territory.eq(territory)).fetch().await.unwrap();
        found[0].name.clone().unwrap()
    };
    let (north, south) = (of("North").await, of("South").await);
    let all = json!({"read": true, "create": true, "update": true, "delete": true});
    let mut some = all.clone();
    some["conditions"] = json!({"update": {"territory": ["North"]}});
    let rules = json!({"Customer": some, "Comment": all, "File": all});
    let site = program_under(&sample, json!({"permissions": {"doctypes": rules}}));
    let comment = |on: &str| {
        let on =
            json!({"comment_type": "Comment", "content": "x", "reference_doctype": "Customer", "reference_name": on});
        Comment(object(on))
    };
    let file = |address: &str, on: &str| {
        let of = json!({"file_name": "x.txt", "file_url": address, "attached_to_doctype": "Customer", "attached_to_name": on});
        File(object(of))
    };
    site.insert(&comment(&north)).await.unwrap();
    site.insert(&file("/files/x.txt", &north)).await.unwrap();
    let made = open.insert(&comment(&south)).await.unwrap();
    let mut changed = made.clone();
    changed.0.insert("content".to_owned(), json!("y"));
    let before = sample.writes().len();
    let refused = [
        site.insert(&comment(&south)).await.map(drop),
        site.update(&changed).await.map(drop),
        site.delete::<Comment>(made.0["name"].as_str().unwrap()).await,
        site.insert(&file("/files/x.txt", &south)).await.map(drop),
        // It could be another's.
        site.insert(&file("/private/files/x.txt", &north)).await.map(drop),
    ];
    assert!(refused.iter().all(|done| matches!(done, Err(Error::Denied(_)))), "{refused:?}");
    assert_eq!(sample.writes().len(), before);
}

#[on_every_version]
async fn what_the_site_added_is_shown_to_programs_as_to_tools() {
    let sample = SampleSite::start().await;
    let open = program(&sample);
    let name = customer(&open).await;
    let field = |name: &str, more: Value| {
        let field =
            json!({"doctype": "Custom Field", "dt": "Customer", "fieldname": name, "label": name, "fieldtype": "Data"});
        let mut field = object(field);
        field.extend(object(more));
        field
    };
    let values = object(json!({"custom_phone": "SECRET-1", "custom_margin": "SECRET-2", "custom_note": "SECRET-3"}));
    let made = sample.sandbox.with(|site| {
        site.insert(field("custom_phone", json!({"fetch_from": "lead_name.mobile_no"})))?;
        site.insert(field("custom_margin", json!({"permlevel": 1})))?;
        site.insert(field("custom_note", json!({})))?;
        site.set("Customer", &name, &values)
    });
    made.unwrap();
    let seen = async |site: &Site| {
        let read: Customer = site.get(&name).await.unwrap();
        values.keys().filter(|field| read.extra.contains_key(*field)).cloned().collect::<Vec<_>>()
    };
    let lead = json!({"read": true, "restricted_fields": ["mobile_no"]});
    let under = |customer: Value| {
        program_under(&sample, json!({"permissions": {"doctypes": {"Customer": customer, "Lead": lead}}}))
    };
    assert_eq!(seen(&under(json!({"read": true}))).await, ["custom_note"]);
    let named = json!({"read": true, "extra_fields": ["custom_phone", "custom_margin"]});
    assert_eq!(seen(&under(named)).await, ["custom_phone", "custom_margin", "custom_note"]);
    assert_eq!(seen(&open).await.len(), 3);
}

#[on_every_version]
async fn a_program_waits_no_longer_than_it_says() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let site = Site::connect(&url, "key", "secret").unwrap().of_version(version());
    let site = site.with_timeout(Duration::from_millis(200)).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(20), site.count::<SalesOrder>([])).await;
    assert!(matches!(asked, Ok(Err(Error::Site(_)))), "{asked:?}");
}
