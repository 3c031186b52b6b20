//! The names in the configuration that the tables do not know: looked up on the site when their DocType is first used,
//! because they may be the site's own.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use super::{Asker, Catalog};
use crate::config::{Config, ConfigLocation, Operation, UnknownName};
use crate::policy::{Denial, Reason};
use crate::site::SiteError;

/// What has to be looked up, and what came of it.
#[derive(Debug)]
pub struct UnknownNames {
    config: Config,
    /// By DocType: the operations that must refuse, each with the reason.
    doctypes: BTreeMap<String, OnceCell<Vec<(Operation, String)>>>,
}

impl UnknownNames {
    /// Finds the names that the generated tables do not know, and says so in the log.
    pub fn new(config: &Config) -> Self {
        // What another version has may be the site's too: it is looked up where the version is not stated.
        let lookup = |name: &str| match config.erpnext.version {
            Some(version) => erpnext_doctypes::get(version, name),
            None => erpnext_doctypes::any(name),
        };
        let known: Vec<&str> = erpnext_doctypes::ALL.iter().map(|table| table.name()).collect();
        let unknown = config.unknown_names(&lookup, &known);
        for name in &unknown {
            tracing::info!("{name} (not in the snapshot; looked up on the site when first needed)");
        }
        let doctypes = unknown.into_iter().map(|name| (name.doctype, OnceCell::new())).collect();
        Self { config: config.clone(), doctypes }
    }

    /// Refuses an operation that stands under a condition which cannot be judged (fail closed).
    ///
    /// # Errors
    /// `Ok(Err)` for the refusal, `Err` where the site could not be asked.
    pub async fn judge(
        &self,
        asker: Asker<'_>,
        catalog: &Catalog,
        operation: Operation,
        doctype: &str,
    ) -> Result<Result<(), Denial>, SiteError> {
        let Some(cell) = self.doctypes.get(doctype) else { return Ok(Ok(())) };
        let refused = cell
            .get_or_try_init(async || {
                catalog.live(asker, doctype).await?;
                let unknown = self.config.unknown_names(&|name| catalog.known(name), &[]);
                let unknown: Vec<UnknownName> = unknown.into_iter().filter(|name| name.doctype == doctype).collect();
                for name in &unknown {
                    tracing::warn!("{name} (not on the site either)");
                }
                let conditions = unknown.into_iter().filter_map(|name| match name.place {
                    ConfigLocation::Condition(operation) => {
                        Some((operation, format!("{name}, so its condition cannot be judged")))
                    }
                    _ => None,
                });
                Ok::<_, SiteError>(conditions.collect())
            })
            .await?;
        Ok(match refused.iter().find(|(refused, _)| *refused == operation) {
            Some((_, why)) => {
                Err(Denial { doctype: doctype.to_owned(), operation, reason: Reason::Refused(why.clone()) })
            }
            None => Ok(()),
        })
    }
}
