//! From records to verdicts: signals, confidence, causal ranking, and the plan.

pub mod classify;
pub mod diagnosis;
pub mod explain;
pub mod measure;
pub mod onset;
pub mod plan;
pub mod rank;
pub mod verdict;
pub mod why;
pub mod words;
