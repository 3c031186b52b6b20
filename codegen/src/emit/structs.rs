//! The struct of a DocType, the enums of its Selects, and what fills and empties it.

use proc_macro2::TokenStream;
use quote::quote;

use super::tokens;
use crate::ir::{ChoiceEnum, Item};

/// All of it, behind the features that need it.
pub fn emit(item: &Item) -> TokenStream {
    let features = item.features.iter().map(|feature| quote!(feature = #feature));
    let cfg = match item.features.len() {
        1 => quote!(#[cfg(#(#features)*)]),
        _ => quote!(#[cfg(any(#(#features),*))]),
    };
    let (name, table) = (tokens(&item.type_name), tokens(&item.table));
    let idents: Vec<TokenStream> = item.fields.iter().map(|member| tokens(&member.ident)).collect();
    let types = item.fields.iter().map(|member| tokens(&member.ty));
    let enums = item.choices.iter().map(choice_enum);
    quote! {
        #cfg
        use crate::target;
        #(#cfg choices! { #enums })*

        #cfg
        #[derive(Clone, Debug, Default)]
        pub struct #name {
            #(pub #idents: #types,)*
            pub extra: Extra,
        }

        #cfg
        document! { #name(#table): #(#idents)* }
    }
}

fn choice_enum(choices: &ChoiceEnum) -> TokenStream {
    let name = tokens(&choices.name);
    let variants = choices.variants.iter().map(|(variant, text)| {
        let variant = tokens(variant);
        quote!(#variant = #text)
    });
    quote!(pub #name { #(#variants),* })
}
