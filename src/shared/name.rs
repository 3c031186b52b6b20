//! Under which names things are kept: whose and what they are cannot be read from them.

use ring::hmac;

use crate::hex::hex;

/// What is kept. The numbers of what OAuth keeps stand in its file of state: they stay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Keyspace {
    /// That a login at the site was used.
    Login = 0,
    /// A code that was handed out, and what became of it.
    Code = 1,
    /// What somebody has granted a client, with the site's tokens.
    Grant = 2,
    /// An access token.
    Access = 3,
    /// The grants of one person.
    Person = 4,
    /// Who works on a grant, or on the grants of a person.
    Turn,
    /// That a token for a write was given out and not used yet.
    Confirm,
    /// What became of the creates with an idempotency key.
    Create,
    /// Who makes something with such a key.
    Creating,
    /// A write that is under way.
    UnderWay,
    /// That one was begun, or its answer.
    Answer,
    /// When the next request may come.
    Rate,
    /// The writes that were sent of late.
    Quota,
    /// That a session over HTTP was ended.
    Ended,
    /// What a client said to a question of another server.
    Reply,
    /// That a person is asked: in which request, and about which write.
    Asked,
}

impl Keyspace {
    /// The word for it, in names and as what its values are sealed for.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Code => "code",
            Self::Grant => "grant",
            Self::Access => "access",
            Self::Person => "person",
            Self::Turn => "turn",
            Self::Confirm => "confirm",
            Self::Create => "create",
            Self::Creating => "creating",
            Self::UnderWay => "under-way",
            Self::Answer => "answer",
            Self::Rate => "rate",
            Self::Quota => "quota",
            Self::Ended => "ended",
            Self::Reply => "reply",
            Self::Asked => "asked",
        }
    }
}

/// Gives the names of one site.
pub(super) struct Names {
    key: hmac::Key,
    /// Between braces: what one script looks at stands at one place, also where names are spread over several.
    site: String,
}

impl Names {
    pub fn new(key: &[u8; 32], site: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let site = keyed_hash(&key, &[b"site", site.as_bytes()]);
        Self { key, site: format!("erpnext-mcp:{{{}}}", &site[..16]) }
    }

    /// The name of this.
    pub fn of(&self, space: Keyspace, key: &[u8]) -> String {
        format!("{}:{}:{}", self.site, space.word(), self.entry_of(space.word(), key))
    }

    /// The name of an entry among others.
    pub fn entry(&self, entry: &str) -> String {
        self.entry_of("entry", entry.as_bytes())
    }

    fn entry_of(&self, word: &str, key: &[u8]) -> String {
        keyed_hash(&self.key, &[self.site.as_bytes(), word.as_bytes(), key])
    }
}

fn keyed_hash(key: &hmac::Key, parts: &[&[u8]]) -> String {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    hex(context.sign().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_neither_whose_nor_of_which_site_it_is_and_no_two_are_one() {
        let (north, south) = (Names::new(&[1; 32], "https://north"), Names::new(&[1; 32], "https://south"));
        let name = north.of(Keyspace::Grant, b"jane@example.com");
        assert!(name.starts_with("erpnext-mcp:{") && !name.contains("jane") && !name.contains("north"), "{name}");
        assert_eq!(name, Names::new(&[1; 32], "https://north").of(Keyspace::Grant, b"jane@example.com"));
        for other in [
            north.of(Keyspace::Access, b"jane@example.com"),
            north.of(Keyspace::Grant, b"john@example.com"),
            south.of(Keyspace::Grant, b"jane@example.com"),
            Names::new(&[2; 32], "https://north").of(Keyspace::Grant, b"jane@example.com"),
        ] {
            assert_ne!(name, other);
        }
    }
}
