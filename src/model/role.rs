//! Roles: which kinds of changes one may ask this program for.

use std::fmt;

/// Who may use which verbs. Guard rails of this program: the engine has its own permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks only.
    Viewer,
    /// Retries, suspends, resumes, annotates.
    #[default]
    Operator,
    /// Cancels and writes variables too.
    Admin,
}

impl Role {
    /// Every role, the weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word for it in a configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The word where there is little room.
    pub fn short(self) -> &'static str {
        match self {
            Self::Viewer => "view",
            Self::Operator => "oper",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_by_their_words_alone() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.word()), Some(role));
        }
        assert_eq!(Role::named("Admin"), None);
    }
}
