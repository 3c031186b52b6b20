//! Corrects a submitted sales order: cancels it, makes the new draft and changes a quantity there. The order is named on the
//! command line: `ERPNEXT_URL=… ERPNEXT_API_KEY=… ERPNEXT_API_SECRET=… cargo run --example correct SAL-ORD-2026-00001`

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use erpnext_doctypes::SalesOrder;
use erpnext_mcp::Site;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let env = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let site = Site::connect(&env("ERPNEXT_URL")?, &env("ERPNEXT_API_KEY")?, &env("ERPNEXT_API_SECRET")?)?;
    let site = site.with_timeout(Duration::from_secs(20))?;
    let name = std::env::args().nth(1).context("name an order")?;
    let _: SalesOrder = site.cancel(&name).await?;
    let mut draft: SalesOrder = site.amend(&name).await?;
    let row = draft.items.first_mut().context("the order has no items")?;
    row.qty = row.qty.map(|quantity| quantity + 1.0);
    let draft = site.update(&draft).await?;
    let (name, total) = (draft.name.unwrap_or_default(), draft.grand_total.unwrap_or_default());
    writeln!(std::io::stdout(), "{name}  {total} {}", draft.currency.get().unwrap_or_default())?;
    Ok(())
}
