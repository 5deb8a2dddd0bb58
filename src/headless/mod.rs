//! The same picture without a terminal.
