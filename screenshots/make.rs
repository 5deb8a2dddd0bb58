//! Pictures of a terminal, without a desktop.
fn main() {}
