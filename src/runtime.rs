//! The terminal guard, the event loop, signals: everything that owns the tty. Knows no engine and no domain.
