//! The roles: what a cell means. Every widget names one of these; only theme files know what they look like.

/// Declares the roles once, so that the enum, its list and the names in theme files cannot drift apart.
macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What a cell means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Role {
            /// Every role, in the order of declaration.
            pub const ALL: &'static [Role] = &[$(Role::$variant,)+];

            /// The role's name in theme files.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Role::$variant => $name,)+
                }
            }
        }
    };
}

roles! {
    /// The whole screen before anything is drawn: the background, and the text colour of what names no role.
    Screen = "screen",
    /// What is there to be read.
    Text = "text",
    /// What is read second: labels, ages, units.
    Muted = "muted",
    /// What may be overlooked: fillers, rules inside a table.
    Faint = "faint",
    /// A pane's title.
    Title = "title",
    /// The frame of a pane without the focus.
    Border = "border",
    /// The frame of the pane with the focus.
    BorderFocused = "border_focused",
    /// The row under the cursor in the pane with the focus.
    Selection = "selection",
    /// The row under the cursor in a pane without the focus.
    SelectionInactive = "selection_inactive",
    /// A table's column heads.
    Header = "header",
    /// All is well.
    Ok = "ok",
    /// Worth a look.
    Warning = "warning",
    /// Somebody must act.
    Critical = "critical",
    /// Not known, such as a count the engine did not answer.
    Unknown = "unknown",
    /// A notice without judgement.
    Info = "info",
    /// The mark of the engine one is connected to.
    Accent = "accent",
    /// A key in the footer or the help.
    Key = "key",
    /// What that key does.
    KeyLabel = "key_label",
    /// The bars of a sparkline.
    Sparkline = "sparkline",
    /// A moment without a measurement in a sparkline.
    SparklineGap = "sparkline_gap",
    /// The badge of something suspended in the engine.
    BadgeSuspended = "badge_suspended",
    /// The badge of a production engine.
    BadgeProduction = "badge_production",
    /// The badge of a connection that refuses every action.
    BadgeReadonly = "badge_readonly",
    /// The badge of polling paused by the operator.
    BadgePaused = "badge_paused",
    /// The badge of data older than it should be.
    BadgeStale = "badge_stale",
    /// An incident where the trouble began.
    Root = "root",
    /// An incident that only passes on the trouble of another.
    Blocked = "blocked",
    /// The part of a text that a search found.
    Match = "match",
    /// The way back to where one came from.
    Breadcrumb = "breadcrumb",
    /// A row marked for an action.
    Mark = "mark",
    /// A field one types into.
    Input = "input",
    /// A window above the panes.
    Overlay = "overlay",
}

impl Role {
    /// How many roles there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The role of this name in theme files.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_role_has_a_name_of_its_own_that_leads_back_to_it() {
        assert_eq!(Role::ALL.iter().map(|role| role.name()).collect::<BTreeSet<_>>().len(), Role::COUNT);
        assert!(Role::ALL.iter().all(|role| Role::named(role.name()) == Some(*role)));
    }

    #[test]
    fn roles_are_listed_in_the_order_of_declaration() {
        assert!(Role::ALL.iter().enumerate().all(|(index, role)| *role as usize == index));
    }
}
