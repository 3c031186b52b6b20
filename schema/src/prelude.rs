//! What a generated file brings into scope with one line.

pub use jiff::civil::{Date, DateTime, Time};
pub use serde_json::Value;

pub use crate::Options::{Choices, Format, Target, TargetField};
pub use crate::document::{DateOrDateTime, Extra, Link, Secret, Select};
pub use crate::flag::*;
pub use crate::only::*;
pub use crate::{DocTypeDef, Fact, Stated, Versioned};
pub use crate::{choices, doctype_flag, document, field, fields, targets, tool, versioned};
