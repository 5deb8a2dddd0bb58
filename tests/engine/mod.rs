//! The project's own rig: real engines, BPMN fixtures and a workload for them.
//!
//! Targets include it by path: `#[path = "engine/mod.rs"] mod engine;`. No target uses everything in it.
//!
//! | file | what belongs there |
//! |---|---|
//! | `product.rs` | which engines exist, their Maven coordinates, the generated pom |
//! | `toolchain.rs` | finding java, javac and Maven, and saying what to install when they are missing |
//! | `install.rs` | the cache: artifacts fetched once, the Java program compiled once |
//! | `arguments.rs` | the command line of the rig |
//! | `params.rs` | how an engine is to be started, and the properties that follow from it |
//! | `launch.rs` | the running engine process: start, wait, stop |
//! | `postgres.rs` | a private PostgreSQL server that ends with its run |
//! | `cluster.rs` | engine nodes on one database; `balancer.rs` stands in front of them |
//! | `driver.rs` | the REST client of the fixtures and the workload |
//! | `deployments.rs` | the BPMN fixtures and their deployment |
//! | `operations.rs` | single things one can do to an engine: start, repair, fail, grant |
//! | `people.rs` | users of every kind of right |
//! | `situation.rs` | the standing picture of troubles a fresh rig shows |
//! | `calls.rs` | call trees: instances that call others, and moving them on |
//! | `clone/` | as many incidents as one likes: `landscape.rs` the processes, `causes.rs` what went wrong, the SQL files the copies |
//! | `workload.rs` | traffic bounded in time and rate: `traffic.rs` does it, `business.rs` makes up the data |

#![allow(dead_code, missing_docs, clippy::missing_docs_in_private_items)]

pub mod arguments;
pub mod balancer;
pub mod business;
pub mod calls;
pub mod clone;
pub mod cluster;
pub mod deployments;
pub mod driver;
pub mod install;
pub mod launch;
pub mod operations;
pub mod params;
pub mod people;
pub mod postgres;
pub mod product;
pub mod situation;
pub mod toolchain;
pub mod traffic;
pub mod workload;
