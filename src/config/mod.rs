//! File, environment and arguments become one validated configuration.
