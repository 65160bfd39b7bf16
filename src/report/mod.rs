//! From a diagnosis to something a person reads.

pub mod assemble;
mod charts;
pub mod cite;
mod helpers;
pub(crate) mod markup;
mod page;
pub mod render;
pub mod schema;
pub mod view;
