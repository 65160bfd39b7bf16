//! The rules as data: the YAML model, loading and checking.

mod advice;
pub mod amount;
mod anchor;
pub mod catalogue;
mod check;
pub mod collection;
pub mod companion;
pub mod demand;
#[cfg(test)]
pub(crate) mod dice;
pub mod kinds;
pub mod lazy;
pub(crate) mod literals;
pub mod load;
mod matchers;
pub mod meaning;
pub mod model;
mod node;
pub mod plan;
pub mod problem;
mod program;
pub mod providers;
mod read;
pub mod reasons;
pub mod scaffold;
pub mod schema;
pub mod secrets;
mod syntax;
pub mod template;
mod texts;
pub(crate) mod together;
pub mod yaml;

pub use load::RuleSet;
