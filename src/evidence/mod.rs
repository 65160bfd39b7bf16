//! From files to records: recognises each file of a bundle and parses it into the tables.

pub mod document;
pub mod maillog;
pub mod parsers;
