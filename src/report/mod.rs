//! From a diagnosis to something a person reads.

pub mod assemble;
pub mod cite;
pub mod render;
pub mod view;
