//! `FieldKind`: one enum for every field type of Frappe, and what each holds.

use std::fmt;
use std::str::FromStr;

/// What a field's value looks like once it is read: the few shapes behind the many field types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A string.
    Text,
    /// `true` or `false` for people, 1 or 0 on the wire.
    Bool,
    /// A whole number.
    Int,
    /// A decimal number, sent by the site as a JSON number.
    Float,
    /// `YYYY-MM-DD`.
    Date,
    /// `YYYY-MM-DD HH:MM:SS[.ffffff]` in the site's time zone.
    Datetime,
    /// `HH:MM:SS[.ffffff]`; the site sends hours unpadded (H27).
    Time,
    /// Any JSON value, kept by the site as a string (H27).
    Json,
    /// Rows of a child DocType.
    Rows,
    /// Written, never read back.
    Secret,
    /// A part of the form that holds no value.
    Layout,
}

macro_rules! kinds {
    ($($variant:ident = $name:literal => $shape:ident,)*) => {
        /// A field type of Frappe.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum FieldKind {
            $(#[doc = concat!("The field type `", $name, "`.")] $variant,)*
        }

        impl FieldKind {
            /// Every field type.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The field type's name as Frappe writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a value of this type looks like.
            pub const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)* }
            }
        }
    };
}

kinds! {
    Attach = "Attach" => Text,
    AttachImage = "Attach Image" => Text,
    Autocomplete = "Autocomplete" => Text,
    Barcode = "Barcode" => Text,
    Button = "Button" => Layout,
    Check = "Check" => Bool,
    Code = "Code" => Text,
    Color = "Color" => Text,
    ColumnBreak = "Column Break" => Layout,
    Currency = "Currency" => Float,
    Data = "Data" => Text,
    Date = "Date" => Date,
    Datetime = "Datetime" => Datetime,
    Duration = "Duration" => Float,
    DynamicLink = "Dynamic Link" => Text,
    Float = "Float" => Float,
    Fold = "Fold" => Layout,
    Geolocation = "Geolocation" => Json,
    Heading = "Heading" => Layout,
    Html = "HTML" => Layout,
    HtmlEditor = "HTML Editor" => Text,
    Icon = "Icon" => Text,
    Image = "Image" => Layout,
    Int = "Int" => Int,
    Json = "JSON" => Json,
    Link = "Link" => Text,
    LongText = "Long Text" => Text,
    MarkdownEditor = "Markdown Editor" => Text,
    Password = "Password" => Secret,
    Percent = "Percent" => Float,
    Phone = "Phone" => Text,
    Rating = "Rating" => Float,
    ReadOnly = "Read Only" => Text,
    SectionBreak = "Section Break" => Layout,
    Select = "Select" => Text,
    Signature = "Signature" => Text,
    SmallText = "Small Text" => Text,
    TabBreak = "Tab Break" => Layout,
    Table = "Table" => Rows,
    TableMultiSelect = "Table MultiSelect" => Rows,
    Text = "Text" => Text,
    TextEditor = "Text Editor" => Text,
    Time = "Time" => Time,
}

impl FieldKind {
    /// Whether the value is HTML of an editor.
    pub const fn is_rich_text(self) -> bool {
        matches!(self, Self::TextEditor | Self::HtmlEditor)
    }

    /// Whether a document carries a value for this field.
    pub const fn holds_value(self) -> bool {
        !matches!(self.shape(), Shape::Layout)
    }

    /// Whether the value is the rows of a child DocType.
    pub const fn is_table(self) -> bool {
        matches!(self.shape(), Shape::Rows)
    }

    /// Whether the site can return, filter and sort this field in a list (H18).
    pub const fn in_lists(self) -> bool {
        !matches!(self.shape(), Shape::Layout | Shape::Rows | Shape::Secret)
    }

    /// The longest text, in characters, that the column holds when the field states no length.
    pub const fn default_length(self) -> Option<u32> {
        match self {
            Self::Data | Self::Link | Self::DynamicLink | Self::Select | Self::ReadOnly => Some(140),
            Self::Autocomplete | Self::Color | Self::Phone | Self::Icon => Some(140),
            _ => None,
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FieldKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == name);
        found.copied().ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

/// A field type that Frappe did not have when this was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownKind(pub String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown field type {:?}", self.0)
    }
}

impl std::error::Error for UnknownKind {}
