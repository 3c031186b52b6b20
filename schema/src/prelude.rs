//! What a generated file brings into scope with one line.

pub use crate::Options::{Choices, Format, Target, TargetField};
pub use crate::flag::*;
pub use crate::{DocTypeDef, doctype_flag, field, fields, tool};
