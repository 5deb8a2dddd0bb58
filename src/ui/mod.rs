//! Drawing: turns the app and its snapshot into cells. Decides nothing, sends nothing.
