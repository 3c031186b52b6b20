//! Taking a configuration anew while it is served: who may sign in, and the certificate. All of it can be taken, or none is.

use super::Endpoint;
use super::error::HttpError;
use super::site::label;
use super::tls::Tls;
use crate::config::Config;

impl Endpoint {
    /// Takes what a configuration says anew of who may sign in, and the certificate. All else is taken at the next start, also that
    /// nobody has to sign in any more.
    ///
    /// # Errors
    /// What cannot be taken, and of which site; then all that there was stays.
    pub fn reload(&self, config: &Config) -> Result<(), HttpError> {
        let tls = self.tls.as_ref().zip(config.http.tls.as_ref());
        let tls = tls.map(|(tls, files)| Ok::<_, HttpError>((tls, Tls::read(files)?))).transpose()?;
        let mut signs_in = Vec::new();
        for site in &self.sites {
            match config.served().find(|(name, ..)| *name == site.name) {
                Some((_, _, config)) => {
                    let anew = site.sign_in.anew(config);
                    let of_site = |why| HttpError::OfSite(site.label().to_owned(), Box::new(why));
                    signs_in.push((&site.sign_in, anew.map_err(of_site)?));
                }
                None => {
                    tracing::warn!("the site {} is gone from the configuration, and served until the end", site.label())
                }
            }
        }
        let is_new = |name: &str| self.sites.iter().all(|site| site.name != name);
        for (name, ..) in config.served().filter(|(name, ..)| is_new(name)) {
            tracing::warn!("the site {} is new in the configuration, and served from the next start on", label(name));
        }
        // What could fail is done.
        if let Some((tls, anew)) = tls {
            tls.take(anew);
        }
        signs_in.into_iter().for_each(|(sign_in, anew)| sign_in.take(anew));
        Ok(())
    }
}
