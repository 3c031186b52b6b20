//! The facts about fields and DocTypes that are either so or not, as bits.

/// Facts about a field that are either so or not, as bits of [`FieldDef::flags`](crate::FieldDef::flags).
pub mod flag {
    /// Mandatory.
    pub const REQD: u32 = 1;
    /// Not editable on the form: the site computes, fetches or sets it.
    pub const READ_ONLY: u32 = 1 << 1;
    /// Not shown on the form.
    pub const HIDDEN: u32 = 1 << 2;
    /// No two documents share a value.
    pub const UNIQUE: u32 = 1 << 3;
    /// Fixed once the document is saved.
    pub const SET_ONLY_ONCE: u32 = 1 << 4;
    /// Editable after the document is submitted.
    pub const ALLOW_ON_SUBMIT: u32 = 1 << 5;
    /// Left empty in a copy of the document.
    pub const NO_COPY: u32 = 1 << 6;
    /// Emphasised on the form.
    pub const BOLD: u32 = 1 << 7;
    /// A column of the desk's list.
    pub const IN_LIST_VIEW: u32 = 1 << 8;
    /// A filter of the desk's list.
    pub const IN_STANDARD_FILTER: u32 = 1 << 9;
    /// Indexed for the global search.
    pub const IN_GLOBAL_SEARCH: u32 = 1 << 10;
    /// Has a database index.
    pub const SEARCH_INDEX: u32 = 1 << 11;
    /// Part of the quick-entry form.
    pub const QUICK_ENTRY: u32 = 1 << 12;
    /// Must not be below zero.
    pub const NON_NEGATIVE: u32 = 1 << 13;
    /// Computed on read, kept in no column (H18).
    pub const VIRTUAL: u32 = 1 << 14;
    /// Added by the site, not by an app.
    pub const CUSTOM: u32 = 1 << 15;
    /// Shown only under a condition.
    pub const CONDITIONAL: u32 = 1 << 16;
    /// Mandatory only under a condition.
    pub const CONDITIONALLY_REQD: u32 = 1 << 17;
    /// Fetched only where the field is empty.
    pub const FETCH_IF_EMPTY: u32 = 1 << 18;
    /// Its link is not narrowed by User Permissions.
    pub const IGNORE_USER_PERMISSIONS: u32 = 1 << 19;
    /// Mandatory, and filled by the site's own code where it is left out.
    pub const FILLED: u32 = 1 << 20;
    /// Kept by Frappe for every document; not a field of the form.
    pub const STANDARD: u32 = 1 << 21;
    /// An older version's row of a field that a newer one states otherwise; only in a [`Versioned`](crate::Versioned).
    pub const SUPERSEDED: u32 = 1 << 22;
    /// Has a name that no list of the site's version can ask for (H40).
    pub const UNLISTED: u32 = 1 << 23;
    /// A mandatory Select whose first choice is the empty one: the site takes that, and refuses it.
    pub const EMPTY_FIRST: u32 = 1 << 24;
    /// Mandatory under another condition than the one that is known of a plain site.
    pub const NEEDED_OTHERWISE: u32 = 1 << 25;
    /// Shown under another condition than the one that is known of a plain site.
    pub const SHOWN_OTHERWISE: u32 = 1 << 26;
    /// Locked under another condition than the one that is known of a plain site.
    pub const LOCKED_OTHERWISE: u32 = 1 << 27;
    /// Stands in a section or tab that is shown under another condition than the one that is known of a plain site.
    pub const SECTION_OTHERWISE: u32 = 1 << 28;
    /// Fetched from a field of which no generated table tells that.
    pub const FETCHED_OTHERWISE: u32 = 1 << 29;

    /// Any of these: what the desk puts first.
    pub const FIRST: u32 = BOLD | IN_LIST_VIEW | IN_STANDARD_FILTER | QUICK_ENTRY;
}

/// Facts about a DocType that are either so or not, as bits of [`DocTypeDef::flags`](crate::DocTypeDef::flags).
pub mod doctype_flag {
    /// A child table: its rows live in other documents.
    pub const CHILD: u32 = 1;
    /// Exactly one document, named like the DocType.
    pub const SINGLE: u32 = 1 << 1;
    /// Has a draft, a submitted and a cancelled state.
    pub const SUBMITTABLE: u32 = 1 << 2;
    /// Documents form a tree.
    pub const TREE: u32 = 1 << 3;
    /// Has no table in the database; lists fail (H26).
    pub const VIRTUAL: u32 = 1 << 4;
    /// Made on the site, not by an app.
    pub const CUSTOM: u32 = 1 << 5;
    /// Keeps versions.
    pub const TRACK_CHANGES: u32 = 1 << 6;
    /// Documents can be renamed.
    pub const ALLOW_RENAME: u32 = 1 << 7;
    /// New documents can be made from a short form.
    pub const QUICK_ENTRY: u32 = 1 << 8;
    /// Links show the title instead of the name.
    pub const TITLE_IN_LINKS: u32 = 1 << 9;
}
