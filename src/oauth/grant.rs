//! What is kept of a login: the request of the client, the code, and what was granted, each as it is sealed.

use serde::{Deserialize, Serialize};

use super::Scope;
use super::store::now;

/// What a client asks a person for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The client's id.
    pub client_id: String,
    /// What it calls itself.
    pub client: String,
    /// Where the person is sent back to.
    pub redirect: String,
    /// What the client wants back with the answer.
    pub state: Option<String>,
    /// What it will prove itself with (PKCE, S256).
    pub challenge: String,
    /// How much it asks for, and later how much it got.
    pub scope: Scope,
    /// What the token will be meant for.
    pub resource: String,
}

/// A consent that is asked for: what for, of which browser, until when.
#[derive(Serialize, Deserialize)]
pub struct ConsentRequest {
    pub request: Request,
    pub browser: String,
    pub until: u64,
}

/// A login under way at the site, which the browser of its person keeps, sealed.
#[derive(Serialize, Deserialize)]
pub struct Login {
    pub request: Request,
    /// What the site sends the person back with.
    pub state: String,
    pub until: u64,
    /// What this server proves itself to the site with.
    pub verifier: String,
}

/// A code that was handed out.
#[derive(Serialize, Deserialize)]
pub enum Code {
    /// It was not used yet.
    Fresh(Request, Box<Grant>),
    /// It was used.
    Used,
}

/// What somebody has granted a client.
#[derive(Clone, Serialize, Deserialize)]
pub struct Grant {
    pub client_id: String,
    pub client: String,
    pub user: String,
    pub scope: Scope,
    pub resource: String,
    /// How many times there was a pair of tokens; a refresh token of the last one is good.
    pub generation: u64,
    /// Since when, in seconds since 1970.
    pub renewed: u64,
    /// The hashes of its access tokens: the last one, and the one before, which calls under way still have.
    pub access: Vec<[u8; 32]>,
    pub site: SiteTokens,
    /// The access token of the site's pair before, which calls under way may still have.
    pub former: Option<String>,
}

impl Grant {
    /// The same for the next pair of tokens.
    pub fn for_next_pair(self) -> Self {
        Self { generation: self.generation.saturating_add(1), renewed: now(), ..self }
    }
}

/// The tokens by which the site knows the person. They are in nothing that can be printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct SiteTokens {
    pub access: String,
    pub refresh: String,
    /// When the first one ends, in seconds since 1970.
    pub until: u64,
}

/// An access token.
#[derive(Serialize, Deserialize)]
pub struct Access {
    pub grant: [u8; 32],
    pub scope: Scope,
}

/// What a refresh token holds, sealed: it is kept nowhere, so that none is pushed out, and an old one is known for ever.
#[derive(Serialize, Deserialize)]
pub struct Refresh {
    pub grant: [u8; 32],
    pub generation: u64,
}
