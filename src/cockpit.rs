//! The wiring of one interactive run: configuration, poller, app and runtime are joined here and nowhere else.
