//! Signing in by OAuth: an authorization server of our own before the site's login. What a request is answered with is
//! decided here, without HTTP; the transport brings requests and carries answers.

mod addresses;
mod answer;
mod authorize;
mod client;
mod consent;
mod documents;
mod endpoints;
mod fetch;
mod form;
mod grant;
mod grants;
mod kept;
mod login;
mod logins;
mod redirect;
mod scope;
mod server;
mod site_tokens;
mod store;
mod tokens;

pub use addresses::Addresses;
pub use answer::{Answer, Cookie};
pub use documents::Documents;
pub use endpoints::Endpoints;
pub use fetch::{Fetcher, NoFetcher, Unfetched, is_same_origin};
pub use form::Form;
pub use grants::{Granted, Unknown};
pub use scope::Scope;
pub use server::{AuthorizationServer, NoServer};
pub use site_tokens::{Holder, NotHeld, SiteTokens};
pub use tokens::{Lifetimes, is_access_token};
