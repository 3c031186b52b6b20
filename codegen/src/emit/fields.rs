//! The field enum of a DocType.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::tokens;
use crate::ir::Item;

/// The field enum, by the macro that gives it its table.
pub fn emit(item: &Item) -> TokenStream {
    let (name, table) = (format_ident!("{}Field", item.type_name), tokens(&item.table));
    let variants = item.fields.iter().map(|member| tokens(&member.variant));
    quote!(fields! { pub #name(#table): #(#variants)* })
}
