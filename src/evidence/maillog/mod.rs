//! The mail log: the only big input, and the hot path.

pub mod again;
pub mod backlog;
pub mod digest;
pub mod doubled;
pub mod envelope;
pub mod fold;
pub mod hosts;
pub mod lanes;
pub mod line;
pub mod lines;
pub mod merge;
mod message;
pub mod notice;
pub mod queue_id;
pub mod reader;
pub mod scan;
mod told;
pub mod traffic;
pub mod wrap;

/// Lanes in which a log is folded (see [`lanes`]).
pub const LANES: usize = 2;
