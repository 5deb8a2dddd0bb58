//! The one background task that asks the engine, its schedule and its budget.
