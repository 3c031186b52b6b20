//! The Journal Entries that the site makes and submits to settle returns: each is weighed and counted like one that a caller
//! makes.

use erpnext_schema::DocTypeDef;

use super::entries::Entries;
use super::kinds::ENTRY;
use super::sources::STEPS;
use super::write::Matched;
use crate::cleared::Confirmed;
use crate::context::companies;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Permit;
use crate::shape::text_of;
use crate::tool::Call;
use crate::writes::batch::Member;

/// The entries that settle the returns of a call.
pub struct Postings {
    count: usize,
    /// The leave for each step.
    steps: Vec<(Permit, &'static DocTypeDef)>,
}

impl Postings {
    /// # Errors
    /// A quota without room, an amount that no call submits.
    pub async fn of(call: &Call<'_>, entries: &Entries, payments: &[Matched<'_>]) -> Result<Self, ToolError> {
        let amounts: Vec<(&str, f64)> = payments.iter().flat_map(Matched::posted).collect();
        let (count, mut steps) = (amounts.len(), Vec::new());
        if count == 0 {
            return Ok(Self { count, steps });
        }
        if let Some(most) = call.session.quota.refuse_above {
            within(most, call, text_of(&entries.form, "company"), &amounts).await?;
        }
        for operation in STEPS {
            let permit = call.session.permit(operation, ENTRY).await?;
            let on = DocTypeCall::of(call, &permit).await?;
            on.has_room_for(count).await?;
            let def = on.def;
            steps.push((permit, def));
        }
        Ok(Self { count, steps })
    }

    /// Each step of each entry, as one of the batch that was `confirmed`.
    pub fn members<'a>(&'a self, on: &DocTypeCall<'a>, confirmed: Confirmed) -> Vec<Member<'a>> {
        let mut members = Vec::with_capacity(self.count * self.steps.len());
        for _ in 0..self.count {
            members.extend(self.steps.iter().map(|(permit, def)| Member::new(on, def, permit, None, Some(confirmed))));
        }
        members
    }
}

/// That no entry is over more than that.
///
/// # Errors
/// That one is, or that it cannot be told: it is in another currency than the company's.
async fn within(most: u64, call: &Call<'_>, company: &str, amounts: &[(&str, f64)]) -> Result<(), ToolError> {
    let known = companies(call.session, call.session.site).await;
    let own = known.into_iter().find(|known| known.name == company).and_then(|known| known.currency);
    let is_within = |(currency, amount): &(&str, f64)| own.as_deref() == Some(*currency) && *amount <= most as f64;
    if amounts.iter().all(is_within) {
        return Ok(());
    }
    Err(ToolError::refused(
        format!(
            "permissions.quota.submit_amount: a {ENTRY} that settles a return would be over more than {most}, or in another \
             currency than the company's; nothing was sent."
        ),
        "A person does that on the site; name the others in allocations to leave it out.",
    ))
}
