//! Stands in for Redis where the program was built without it.

use std::sync::Arc;

use super::Store;

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
#[error("http.redis: this program was built without the feature redis")]
pub struct BadAddress;

/// None is ever made.
#[derive(Clone, Copy, Debug)]
pub enum Redis {}

impl Redis {
    /// No address can be one.
    ///
    /// # Errors
    /// Always.
    pub fn check(_: &str, _: Option<&[u8]>) -> Result<(), BadAddress> {
        Err(BadAddress)
    }

    /// No store.
    ///
    /// # Errors
    /// Always.
    pub fn connect(_: &str, _: Option<&[u8]>) -> Result<Arc<dyn Store>, BadAddress> {
        Err(BadAddress)
    }
}
