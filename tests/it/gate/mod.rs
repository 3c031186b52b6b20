//! The gate on the sample site: conditions, the documents that there are for a caller, confirmation, dry runs, and what is
//! withheld wherever it could come out.

mod around;
mod audit;
mod children;
mod conditions;
mod confirm;
mod creates;
mod default;
mod elicit;
mod files;
mod helpers;
mod reports;
mod scope;
mod size;
mod withheld;
