//! The parsers by name: a parser is one file in this folder and one line here. What each reads, how files are
//! recognised as its input and how they are collected stands in `rules/evidence/*.yaml`.

use super::document::{Document, Sink};

/// A parser of small evidence: reads the document, adds records, counts what it did not understand.
pub type Parse = fn(&Document<'_>, &mut Sink<'_>);

/// Every parser, by the name that `rules/evidence/*.yaml` uses.
pub static PARSERS: &[(&str, Parse)] = &[];
