//! From a diagnosis to something a person reads.

pub mod assemble;
mod brand;
mod changes;
mod charts;
pub mod cite;
mod forecast;
mod helpers;
pub(crate) mod markup;
mod page;
mod phrases;
pub mod render;
pub mod schema;
mod shorten;
pub mod view;
