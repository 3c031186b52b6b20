//! Where what is shared is kept: what a store has to be able to do.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Away, Counted, Rate, Window};

/// What a store answers.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, Away>>;

/// Keeps values by their names. Each step is done whole, and all servers see the steps in one order.
pub trait Store: fmt::Debug + Send + Sync {
    /// Keeps a value for so long, in the place of the one before.
    fn put<'a>(&'a self, name: &'a str, value: Vec<u8>, lives: Duration) -> StoreFuture<'a, ()>;
    /// The value.
    fn get<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>>;
    /// The value, which is gone then.
    fn take<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>>;
    /// Whether it is held by this one, for so long from now on: nobody else held it.
    fn hold<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool>;
    /// Whether it is held by this one still, for so long from now on. What ran out meanwhile is not taken again: somebody else
    /// may have had it.
    fn lengthen<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool>;
    /// Whether it was held by this one, and is no more.
    fn release<'a>(&'a self, name: &'a str, by: &'a str) -> StoreFuture<'a, bool>;
    /// Keeps a value where something is still held by this one, both named by `held`; whether it is.
    fn put_held<'a>(
        &'a self,
        held: (&'a str, &'a str),
        name: &'a str,
        value: Vec<u8>,
        lives: Duration,
    ) -> StoreFuture<'a, bool>;
    /// Counts a request against all rates, by their names, or against none; then how long until it may come.
    fn pass(&self, rates: Vec<(String, Rate)>) -> StoreFuture<'_, Result<(), Duration>>;
    /// Counts an entry so many times where all windows have room for it; without one it only tells. What is counted already
    /// is not counted again.
    fn count<'a>(
        &'a self,
        name: &'a str,
        entry: Option<String>,
        times: u64,
        windows: &'a [Window],
    ) -> StoreFuture<'a, Counted>;
    /// Counts an entry no more.
    fn uncount<'a>(&'a self, name: &'a str, entry: &'a str, times: u64) -> StoreFuture<'a, ()>;
    /// Whether it answered when it was asked last.
    fn is_up(&self) -> bool;
}
