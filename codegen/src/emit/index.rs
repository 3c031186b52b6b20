//! The files beside the DocTypes: the crate's root, a `mod.rs` for each module, the index of all.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Files, Source, put, tokens};
use crate::ir::Ir;
use crate::naming;

/// Adds them.
///
/// # Errors
/// A file that is not Rust, named: a fault of the generator.
pub fn emit(files: &mut Files, ir: &Ir, source: &Source) -> Result<(), String> {
    for module in ir.modules() {
        let items = ir.items.iter().filter(|item| item.module == module);
        let lines = items.map(|item| {
            let file = tokens(&naming::module(&item.file));
            quote!(mod #file; pub use self::#file::*;)
        });
        put(files, format!("{module}/mod.rs"), &format!("The module {module}"), quote!(#(#lines)*))?;
    }
    put(files, "target.rs".to_owned(), "What Links point to", targets(ir))?;
    put(files, "index.rs".to_owned(), "Every DocType", index(ir, source))?;
    put(files, "lib.rs".to_owned(), "ERPNext's DocTypes: tables, field enums, structs", root(ir))
}

fn index(ir: &Ir, source: &Source) -> TokenStream {
    let entries = ir.items.iter().map(|item| {
        let (table, fields) = (tokens(&item.table), format_ident!("{}Field", item.type_name));
        quote!(#table #fields,)
    });
    let fingerprint = &source.fingerprint;
    let sites = source.sites.iter().map(|(version, number)| {
        let version = tokens(&format!("{version:?}"));
        quote!((erpnext_schema::Version::#version, #number))
    });
    quote! {
        use crate::*;

        /// The fingerprint of the snapshot and the choices that this crate was generated from.
        pub const FINGERPRINT: &str = #fingerprint;

        /// The versions that there are tables of, each with the number of the site that they were read from.
        pub const SITES: &[(erpnext_schema::Version, &str)] = &[#(#sites),*];

        /// The fields that hold copies of others: a line for each source, `DocType TAB field`, and below it one for each copy,
        /// `TAB DocType TAB path`.
        pub const COPIES: &str = include_str!("copies.txt");

        erpnext_schema::index! { #(#entries)* }
    }
}

fn targets(ir: &Ir) -> TokenStream {
    let entries = ir.targets.iter().map(|(name, doctype)| {
        let name = tokens(name);
        quote!(#name = #doctype,)
    });
    quote!(erpnext_schema::targets! { #(#entries)* })
}

fn root(ir: &Ir) -> TokenStream {
    let modules = ir.modules().into_iter().map(|module| {
        let module = tokens(&naming::module(module));
        quote! {
            #[rustfmt::skip]
            pub mod #module;
            pub use self::#module::*;
        }
    });
    quote! {
        #![allow(missing_docs, reason = "the snapshot keeps no descriptions")]
        #![allow(non_snake_case, reason = "a struct's field is named exactly as on the wire")]
        #![allow(non_camel_case_types, reason = "a fieldname may begin with a digit")]
        #![allow(clippy::module_inception, reason = "a DocType may be named like its module")]
        #![allow(uncommon_codepoints, mixed_script_confusables, reason = "a site names fields in any script")]

        #[rustfmt::skip]
        mod index;
        pub use self::index::{ALL, COPIES, FINGERPRINT, SITES, all, any, get, names, versioned};
        #[rustfmt::skip]
        pub mod target;
        #(#modules)*
    }
}
