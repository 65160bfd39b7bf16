//! From records to verdicts: signals, confidence, causal ranking, and the plan.

pub mod explain;
