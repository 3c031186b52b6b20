//! What people say for what tools are called: words of names, and the words that mean them.

/// Words that say nothing about which tool is meant.
pub(super) const EMPTY: &[&str] = &[
    "a", "an", "and", "are", "at", "be", "by", "can", "do", "document", "does", "erpnext", "for", "here", "i", "in",
    "is", "it", "me", "my", "of", "on", "one", "or", "some", "somebody", "someone", "that", "the", "there", "this",
    "to", "what", "which", "with",
];

/// Several words that mean one, or the document by which it is done.
pub(super) const PHRASES: &[(&str, &str)] = &[
    ("how many", "count"),
    ("document type", "doctype"),
    ("set opening stock", "create stock reconciliation"),
    ("opening stock", "stock reconciliation"),
    ("close the fiscal year", "create period closing voucher"),
    ("close fiscal year", "create period closing voucher"),
    ("close the year", "create period closing voucher"),
];

/// What people say for a word in the name of a tool.
pub(super) const MEANT: &[(&str, &str)] = &[
    ("act", "submit cancel tag assign"),
    ("action", "step"),
    ("aggregate", "count sum total average group statistic revenue per"),
    ("amend", "revise reissue"),
    ("apply", "approve reject move"),
    ("approval", "approve"),
    ("assign", "task delegate colleague charge"),
    ("attach", "upload add"),
    ("attachment", "file attached"),
    ("bulk", "many several mass multiple batch all once"),
    ("call", "run use invoke"),
    ("cancel", "void revert undo"),
    ("change", "recent modified sync new"),
    ("clearance", "clear uncleared"),
    ("comment", "note remark"),
    ("connection", "reachable login"),
    ("conversion", "next follow possible"),
    ("convert", "turn into bill deliver delivery from credit return"),
    ("create", "new make add insert enter draft write"),
    ("delete", "remove erase drop take off"),
    ("describe", "filter column how"),
    ("detail", "default price cost rate address term credit"),
    ("doctype", "kind module type"),
    ("duplicate", "copy clone twice same"),
    ("export", "excel csv xlsx spreadsheet download dump file"),
    ("file", "attachment pdf"),
    ("find", "search look discover"),
    ("follow", "watch notify notified subscribe"),
    ("get", "read show view open see display fetch"),
    ("global", "everything anywhere across full"),
    ("history", "who when version made"),
    ("import", "csv spreadsheet sheet excel load upload"),
    ("level", "available promise"),
    ("link", "id name exact"),
    ("linked", "related connected refer belong"),
    ("list", "filter browse overview available"),
    ("method", "api custom server"),
    ("party", "customer supplier"),
    ("payment", "pay paid money settle"),
    ("pending", "wait"),
    ("permission", "right allowed may access withheld"),
    ("price", "discount"),
    ("print", "pdf paper format"),
    ("reconcile", "match allocate advance unallocated unapplied reconciliation"),
    ("record", "pay paid receive settle"),
    ("rename", "name id change new another"),
    ("run", "general account receivable payable ledger profit loss trial balance"),
    ("schema", "field mandatory value type"),
    ("search", "find look lookup resolve"),
    ("send", "mail email reminder"),
    ("share", "access grant let give"),
    ("since", "yesterday recent"),
    ("status", "close hold reopen stop"),
    ("stock", "inventory warehouse quantity hand"),
    ("submit", "post finalise finalize confirm book"),
    ("system", "version app installed zone company currency run"),
    ("tag", "label mark"),
    ("test", "reachable check login user key"),
    ("tool", "unlisted"),
    ("tree", "hierarchy ancestor children chart"),
    ("unassign", "assignment longer end remove take"),
    ("untag", "tag label remove take off delete"),
    ("update", "change edit modify set correct fix"),
    ("upsert", "update create existing missing sync"),
    ("workflow", "approve approval reject step state"),
];

/// The modules of the framework: whoever names a thing of theirs mostly means what the desk does with it, and not its
/// documents.
pub(super) const FRAMEWORK: &[&str] =
    &["automation", "core", "custom", "desk", "email", "integrations", "printing", "social", "website", "workflow"];
