//! Error signatures: which messages share one cause. Pure.
