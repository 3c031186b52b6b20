//! Overdue sales invoices with the structs of `erpnext_doctypes`:
//! `ERPNEXT_URL=… ERPNEXT_API_KEY=… ERPNEXT_API_SECRET=… cargo run --example overdue`

use anyhow::Context;
use erpnext_doctypes::{SalesInvoice, SalesInvoiceField as Field, SalesInvoiceStatus};
use erpnext_mcp::Site;
use erpnext_schema::DocTypeFields;
use erpnext_schema::document::Choice;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let env = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let site = Site::connect(&env("ERPNEXT_URL")?, &env("ERPNEXT_API_KEY")?, &env("ERPNEXT_API_SECRET")?)?;
    let overdue = site
        .list::<SalesInvoice>()
        .filter(Field::Status.eq(SalesInvoiceStatus::Overdue.as_str()))
        .fields(&[Field::Customer, Field::DueDate, Field::OutstandingAmount, Field::Currency])
        .order_by(Field::DueDate.asc())
        .page_size(100)
        .fetch()
        .await?;
    let mut out = std::io::stdout().lock();
    for invoice in overdue {
        use std::io::Write;
        let due = invoice.due_date.map(|date| date.to_string()).unwrap_or_default();
        let (name, customer) = (invoice.name.unwrap_or_default(), invoice.customer.get().unwrap_or_default());
        let amount = invoice.outstanding_amount.unwrap_or_default();
        writeln!(out, "{due}  {name}  {customer}  {amount} {}", invoice.currency.get().unwrap_or_default())?;
    }
    Ok(())
}
