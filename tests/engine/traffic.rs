//! What a workload does to the engine.
