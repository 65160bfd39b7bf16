//! From a diagnosis to something a person reads.

pub mod assemble;
mod brand;
mod charts;
pub mod cite;
pub mod comparison;
mod format;
mod helpers;
pub(crate) mod markup;
mod mistakes;
mod page;
pub mod phrases;
pub mod render;
pub mod schema;
mod shorten;
mod templates;
pub mod view;
