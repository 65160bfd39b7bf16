//! postdoc, the Postfix doctor.
//!
//! ```text
//! bundle/  ->  evidence/  ->  tables  ->  diagnose/  ->  report/
//!  open         recognise      typed       verdicts,      view model ->
//!  safely       and parse      records     ranking,       md, html, text, json
//!                                          plan
//!                  rules/ (YAML, checked with exact spans) feeds evidence/ and diagnose/;
//!                  both know from said/ who speaks in a reply or a reason, and what its form is
//! ```
//!
//! Everything collected becomes records in a few tables. A rule is a handful of named questions about those
//! tables. Every answer keeps the file and line it came from.

pub mod analysis;
pub mod bundle;
mod bytes;
mod case;
pub mod cli;
pub mod collector;
pub mod compare;
pub mod diagnose;
pub mod distinct;
pub mod evidence;
mod files;
pub mod guard;
pub mod ink;
mod marks;
pub mod names;
mod parallel;
pub mod redact;
mod refill;
pub mod report;
pub mod rule_tests;
pub mod rules;
pub mod said;
mod sieve;
pub mod sources;
pub mod tables;
pub mod time;
pub mod trace;

/// The built-in rules and templates, embedded by `build.rs`.
pub(crate) mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
