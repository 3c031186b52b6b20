//! Who may do what: roles by DocType and permission level, User Permissions by linked document.

mod check;
mod mask;
mod restrict;
pub mod roles;

pub use restrict::Restriction;

/// Who asks, and in which roles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The user's name, an address but for Administrator and Guest.
    pub name: String,
    /// The roles, `All` and `Guest` included.
    pub roles: Vec<String>,
}

impl User {
    /// The user who may do everything that the site's rules allow at all.
    pub fn administrator() -> Self {
        Self { name: "Administrator".to_owned(), roles: Vec::new() }
    }

    /// Somebody without a key.
    pub fn guest() -> Self {
        Self { name: "Guest".to_owned(), roles: vec!["Guest".to_owned()] }
    }

    /// Whether role permissions do not apply.
    pub fn is_administrator(&self) -> bool {
        self.name == "Administrator"
    }

    /// Whether nobody is logged in.
    pub fn is_guest(&self) -> bool {
        self.name == "Guest"
    }

    /// Whether the user may open the desk.
    pub fn is_desk_user(&self) -> bool {
        self.has("Desk User")
    }

    /// Whether the user has this role; Administrator has all.
    pub fn has(&self, role: &str) -> bool {
        self.is_administrator() || self.roles.iter().any(|own| own == role)
    }
}

macro_rules! rights {
    ($($variant:ident $name:literal $letter:literal,)*) => {
        /// What a role may give.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Right { $(#[doc = concat!("`", $name, "`")] $variant,)* }

        impl Right {
            /// Every right, in the site's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The site's name for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its letter in the table of permissions.
            pub const fn letter(self) -> char {
                match self { $(Self::$variant => $letter,)* }
            }
        }
    };
}

rights! {
    Select "select" 's',
    Read "read" 'r',
    Write "write" 'w',
    Create "create" 'c',
    Delete "delete" 'd',
    Submit "submit" 'S',
    Cancel "cancel" 'X',
    Amend "amend" 'A',
    Print "print" 'p',
    Email "email" 'e',
    Report "report" 'R',
    Import "import" 'i',
    Export "export" 'x',
    Share "share" 'h',
}
