//! bpmtop: the terminal operations cockpit for Camunda 7 process engines.
//!
//! This page is the map of the house. Dependencies point down the list: a module may use what stands below it, never what stands above.
//!
//! | module | what belongs there |
//! |---|---|
//! | [`cli`] | the command line: subcommands, arguments, exit codes |
//! | [`runtime`] | the terminal guard, the event loop, signals |
//! | [`cockpit`] | the wiring of one interactive run: config, poller, app, runtime |
//! | [`headless`] | the same picture without a terminal: `snapshot` |
//! | [`session`] | one start made ready: login, client, log; where cockpit and headless commands begin |
//! | [`ui`] | drawing: turns the app and the snapshot into cells, decides nothing |
//! | [`app`] | what the operator is looking at: messages, update, effects, commands, keys |
//! | [`action`] | changes of the engine: planned, confirmed, performed, verified, recorded |
//! | [`journal`] | the append-only record of intents and outcomes, chained by hash; knows no engine |
//! | [`poll`] | the one background task that asks the engine, and its budget |
//! | [`mirror`] | what is known of the engine, as pure state: apply answers, reconcile counts |
//! | [`engine`] | the REST client and the request catalogue; nothing above it sees JSON |
//! | [`theme`] | semantic colour roles and the palettes that fill them |
//! | [`config`] | file, environment and arguments become one validated configuration |
//! | [`bpmn`] | reading process diagrams; knows no terminal |
//! | [`model`] | the domain: ids, incidents, jobs, definitions, figures, the snapshot |
//! | [`triage`] | error signatures: which messages share one cause |
//! | [`text`] | hostile text becomes safe text; width and truncation |
//!
//! Four words stay distinct: a *Command* is what the operator asks, an *Action* a change in the engine, an *Effect* what the
//! runtime must do, a *Message* what `App::update` receives.

pub mod action;
pub mod app;
pub mod bpmn;
pub mod cli;
pub mod cockpit;
pub mod config;
pub mod engine;
pub mod headless;
pub mod journal;
pub mod mirror;
pub mod model;
pub mod poll;
pub mod runtime;
pub mod session;
pub mod text;
pub mod theme;
pub mod triage;
pub mod ui;
