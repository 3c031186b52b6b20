//! The table of a DocType: what is stated of it, with a row a field, or a row for each version that states it otherwise.

use erpnext_schema::{DocTypeDef, Fact, FieldDef, Options, ToolDef, Version, Versions, doctype_flag, flag};
use proc_macro2::TokenStream;
use quote::quote;

use super::tokens;
use crate::ir::Item;

macro_rules! named {
    ($module:ident: $($name:ident)*) => { &[$(($module::$name, stringify!($name))),*] };
}

/// The bits of a field and the names that generated files use for them.
pub const FIELD_FLAGS: &[(u32, &str)] = named!(flag: REQD READ_ONLY HIDDEN UNIQUE SET_ONLY_ONCE ALLOW_ON_SUBMIT NO_COPY
    BOLD IN_LIST_VIEW IN_STANDARD_FILTER IN_GLOBAL_SEARCH SEARCH_INDEX QUICK_ENTRY NON_NEGATIVE VIRTUAL CUSTOM
    CONDITIONAL CONDITIONALLY_REQD FETCH_IF_EMPTY IGNORE_USER_PERMISSIONS FILLED STANDARD SUPERSEDED
    EMPTY_FIRST);

const DOCTYPE_FLAGS: &[(u32, &str)] = named!(doctype_flag: CHILD SINGLE SUBMITTABLE TREE VIRTUAL CUSTOM TRACK_CHANGES
    ALLOW_RENAME QUICK_ENTRY TITLE_IN_LINKS);

/// What is stated of a DocType, and the static that the program holds of it.
pub fn emit(item: &Item) -> TokenStream {
    let DocTypeDef { name, module, flags, autoname, title_field, search_fields, sort, fields, tools } = item.def;
    let default = DocTypeDef::new(name, module);
    let mut keys = Vec::new();
    if flags != default.flags {
        let flags = bits(flags, DOCTYPE_FLAGS, &quote!(doctype_flag::));
        keys.push(quote!(flags: #flags));
    }
    keys.extend(autoname.map(|text| quote!(autoname: Some(#text))));
    keys.extend(title_field.map(|text| quote!(title_field: Some(#text))));
    if !search_fields.is_empty() {
        keys.push(quote!(search_fields: &[#(#search_fields),*]));
    }
    if sort != default.sort {
        keys.push(quote!(sort: #sort));
    }
    if !fields.is_empty() {
        let rows = fields.iter().map(row);
        keys.push(quote!(fields: &[#(#rows),*]));
    }
    if !tools.is_empty() {
        let tools = self::tools(tools);
        keys.push(quote!(tools: #tools));
    }
    let only = versions(item.only).map(|versions| quote!(.only(#versions)));
    let but = item.but.iter().map(|(of, fact)| {
        let (of, fact) = (versions(*of), self::fact(*fact));
        quote!((#of, #fact))
    });
    let but = (!item.but.is_empty()).then(|| quote!(.but(&[#(#but),*])));
    let table = tokens(&item.table);
    quote! {
        const STATED: Stated = Stated::new(DocTypeDef { #(#keys,)* ..DocTypeDef::new(#name, #module) }) #only #but;
        pub static #table: Versioned = versioned!(STATED);
    }
}

fn tools(tools: &[ToolDef]) -> TokenStream {
    let tools = tools.iter().map(|tool| {
        let (verb, name) = (tokens(&format!("{:?}", tool.verb)), tool.name);
        quote!(tool!(#verb, #name))
    });
    quote!(&[#(#tools),*])
}

fn fact(fact: Fact) -> TokenStream {
    let text = |text: Option<&str>| text.map_or_else(|| quote!(None), |text| quote!(Some(#text)));
    match fact {
        Fact::Module(module) => quote!(Fact::Module(#module)),
        Fact::Flags(0) => quote!(Fact::Flags(0)),
        Fact::Flags(flags) => {
            let flags = bits(flags, DOCTYPE_FLAGS, &quote!(doctype_flag::));
            quote!(Fact::Flags(#flags))
        }
        Fact::Autoname(autoname) => {
            let autoname = text(autoname);
            quote!(Fact::Autoname(#autoname))
        }
        Fact::TitleField(field) => {
            let field = text(field);
            quote!(Fact::TitleField(#field))
        }
        Fact::SearchFields(fields) => quote!(Fact::SearchFields(&[#(#fields),*])),
        Fact::Sort(sort) => quote!(Fact::Sort(#sort)),
        Fact::Tools(tools) => {
            let tools = self::tools(tools);
            quote!(Fact::Tools(#tools))
        }
    }
}

/// A set of versions; nothing for all of them.
fn versions(versions: Versions) -> Option<TokenStream> {
    let mut named = Version::ALL.iter().filter(|version| versions.has(**version)).map(|v| tokens(&format!("{v:?}")));
    let first = named.next().filter(|_| versions != Versions::ALL)?;
    Some(quote!(#first #(.or(#named))*))
}

fn row(field: &FieldDef) -> TokenStream {
    let FieldDef {
        fieldname,
        kind,
        label,
        flags,
        options,
        length,
        precision,
        permlevel,
        default,
        fetch_from,
        description,
        only,
    } = *field;
    let kind = tokens(&format!("{kind:?}"));
    let mut keys = Vec::new();
    let options = match options {
        Options::None => None,
        Options::Target(doctype) => Some(quote!(Target(#doctype))),
        Options::TargetField(field) => Some(quote!(TargetField(#field))),
        Options::Choices(choices) => Some(quote!(Choices(&[#(#choices),*]))),
        Options::Format(format) => Some(quote!(Format(#format))),
    };
    keys.extend(options.map(|options| quote!(options = #options)));
    if flags != 0 {
        let flags = bits(flags, FIELD_FLAGS, &TokenStream::new());
        keys.push(quote!(flags = #flags));
    }
    if length != 0 {
        let length = number(length);
        keys.push(quote!(length = #length));
    }
    keys.extend(precision.map(|places| {
        let places = number(u32::from(places));
        quote!(precision = Some(#places))
    }));
    if permlevel != 0 {
        let level = number(u32::from(permlevel));
        keys.push(quote!(permlevel = #level));
    }
    keys.extend(default.map(|text| quote!(default = Some(#text))));
    keys.extend(fetch_from.map(|text| quote!(fetch_from = Some(#text))));
    keys.extend(description.map(|text| quote!(description = Some(#text))));
    keys.extend(versions(only).map(|versions| quote!(only = #versions)));
    quote!(field!(#fieldname, #kind, #label #(, #keys)*))
}

/// Bits by their names; one without a name stands as a number, so that none is lost.
fn bits(flags: u32, names: &[(u32, &str)], prefix: &TokenStream) -> TokenStream {
    let known: u32 = names.iter().fold(0, |known, (bit, _)| known | bit);
    let named = names.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| {
        let name = tokens(name);
        quote!(#prefix #name)
    });
    let rest = Some(flags & !known).filter(|rest| *rest != 0).map(number);
    let all = named.chain(rest);
    quote!(#(#all)|*)
}

fn number(number: u32) -> TokenStream {
    tokens(&number.to_string())
}
