//! Semantic colour roles and the palettes that fill them. Widgets name a role, never a colour.
