//! Reports of the site: which run, with which filters, and what of their rows is told.

mod alike;
mod made;
mod policy;
mod published;
mod run;
