//! The DocTypes that something is about, by the rules on whose fields it is judged.

use erpnext_schema::DocTypeDef;
use erpnext_schema::known_reports::made;

use super::{Asker, Catalog, is_of_one};
use crate::policy::{Called, Policy};
use crate::site::{SiteError, SiteErrorKind};

impl Catalog {
    /// Whether the rules on any of the DocTypes, or of those that the report is known to be made of, keep back what it calls so.
    ///
    /// # Errors
    /// That the site did not tell what they have.
    pub async fn withholds<'d>(
        &self,
        asker: Asker<'_>,
        policy: &Policy,
        doctypes: impl Iterator<Item = &'d str>,
        called: Called<'_>,
    ) -> Result<bool, SiteError> {
        let made = made(called.report).flat_map(|made| made.from.iter().copied());
        let made: Vec<&str> = made.filter(|doctype| policy.withholds_of(doctype)).collect();
        let about = self.ruled(asker, policy, doctypes).await?;
        let from = self.ruled(asker, policy, made.into_iter()).await?;
        Ok(policy.withholds(&about, &from, &|doctype| self.known(doctype), called))
    }

    /// The tables of these DocTypes. One that is not there is left out, and so is one of which nobody learns what it has, unless
    /// the policy names it: a rule on its fields could not be held to.
    ///
    /// # Errors
    /// That the site did not tell what they have.
    async fn ruled<'d>(
        &self,
        asker: Asker<'_>,
        policy: &Policy,
        doctypes: impl Iterator<Item = &'d str>,
    ) -> Result<Vec<&'static DocTypeDef>, SiteError> {
        let mut about = Vec::new();
        for doctype in doctypes {
            // Reports name DocTypes in any spelling.
            let doctype = policy.exact_name(doctype);
            match self.def(asker, doctype).await {
                Ok(def) => about.push(def),
                Err(error) if error.kind() == SiteErrorKind::Missing => {}
                Err(error) if is_of_one(&error) && !policy.names(doctype) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(about)
    }
}
