//! Clearance dates that are set, and how they are recognised where no answer came.

use std::time::Instant;

use erpnext_schema::counted;
use serde_json::{Map, Value};

use super::{CLEARANCE, VoucherKind};
use crate::cleared::Cleared;
use crate::context::Session;
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::shape::text_of;
use crate::site::{Answer, SiteError, WriteError};
use crate::writes::send::{Next, Write};

/// A payment with the day that it is to get.
pub struct Dated<'a> {
    pub on: &'a DocTypeCall<'a>,
    pub kind: &'static VoucherKind,
    pub name: String,
    /// None takes the date away.
    pub date: Option<String>,
    /// As it is stored.
    pub before: Map<String, Value>,
    /// As it is meant to become.
    pub after: Map<String, Value>,
}

/// Clearance dates of payments: all of them or none.
pub struct Clearing<'a> {
    pub session: &'a Session<'a>,
    pub dated: &'a [Dated<'a>],
    pub form: &'a Map<String, Value>,
}

impl Clearing<'_> {
    /// What the payments show as they are now. Before, none of them had the date that it is to get.
    ///
    /// # Errors
    /// The site's.
    pub async fn verdict(&self) -> Result<Verdict, SiteError> {
        let (mut dated, mut as_before) = (0, 0);
        for one in self.dated {
            let Some(now) = one.on.now(&one.name).await? else {
                return Ok(Verdict::Open(format!("{} {:?} is gone", one.kind.doctype, one.name)));
            };
            if text_of(&now, CLEARANCE) == one.date.as_deref().unwrap_or_default() {
                dated += 1;
            } else if text_of(&now, CLEARANCE) == text_of(&one.before, CLEARANCE) {
                as_before += 1;
            }
        }
        Ok(match self.dated.len() {
            all if dated == all => Verdict::Made(()),
            all if as_before == all => Verdict::NotYet(UNCHANGED.to_owned()),
            _ => Verdict::Open("not all of the payments have the dates that were meant".to_owned()),
        })
    }
}

impl<'a> Write for Clearing<'a> {
    type Leave = Vec<Cleared<'a>>;
    type Made = ();

    async fn send(&self, leave: Self::Leave) -> Result<Answer<()>, WriteError> {
        self.session.site.set_clearance(leave, self.form).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        self.verdict().await
    }

    fn what(&self) -> String {
        format!("setting the clearance dates of {}", counted(self.dated.len(), "payment"))
    }

    fn next(&self) -> Next {
        let names = self.dated.iter().map(|one| format!("{} {:?}", one.kind.doctype, one.name));
        Next::Look(format!("read {CLEARANCE} of {}", names.collect::<Vec<_>>().join(", ")))
    }
}
