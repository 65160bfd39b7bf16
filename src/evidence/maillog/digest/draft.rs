//! An event whose values still stand in the log's text.

use crate::distinct::{hash, mix};
use crate::tables::{Citation, Column, Given};
use crate::time::Time;

/// Bytes of a text that are kept as an example.
pub(super) const EXAMPLE: usize = 2_000;

/// Columns of the widest table.
pub(super) const COLUMNS: usize = 40;

/// An event with its values still in the log's text.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    cells: [Given<'a>; COLUMNS],
}

impl Default for Draft<'_> {
    fn default() -> Self {
        Draft { cells: [Given::Missing; COLUMNS] }
    }
}

impl<'a> Draft<'a> {
    /// Sets the value of a column.
    pub fn set(&mut self, column: Column, value: impl Into<Given<'a>>) {
        self.cells[column.0] = value.into();
    }

    /// Sets the value of a column that has none.
    pub fn fill(&mut self, column: Column, value: impl Into<Given<'a>>) {
        if self.get(column) == Given::Missing {
            self.set(column, value);
        }
    }

    /// The text of a column, if it is one.
    pub fn text(&self, column: Column) -> Option<&'a str> {
        match self.get(column) {
            Given::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a column.
    pub fn get(&self, column: Column) -> Given<'a> {
        self.cells[column.0]
    }
}

impl<'a> From<&'a str> for Given<'a> {
    fn from(text: &'a str) -> Self {
        Given::Text(text)
    }
}
impl From<i64> for Given<'_> {
    fn from(number: i64) -> Self {
        Given::Int(number)
    }
}
impl From<f64> for Given<'_> {
    fn from(number: f64) -> Self {
        Given::Number(number)
    }
}
impl From<bool> for Given<'_> {
    fn from(yes: bool) -> Self {
        Given::Bool(yes)
    }
}
impl From<Time> for Given<'_> {
    fn from(time: Time) -> Self {
        Given::Time(time)
    }
}
impl<'a, T: Into<Given<'a>>> From<Option<T>> for Given<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Given::Missing, Into::into)
    }
}

/// Where and when an event was.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its line.
    pub source: Citation,
    /// The text of the line, where it is to be kept: of a compressed log, which nobody wants to unpack twice.
    pub line: &'a str,
    /// When.
    pub time: Option<Time>,
    /// How often in a row, where the log says so.
    pub times: u64,
}

/// A hash of a value; of a long text, of as much as is kept of it. None of what is missing or empty.
pub(super) fn hash_of(value: Given<'_>) -> Option<u64> {
    Some(match value {
        Given::Missing => return None,
        Given::Text("") => return None,
        Given::Text(text) => hash(cut(text, EXAMPLE).as_bytes(), 0),
        Given::Int(number) => mix(1, number as u64),
        Given::Number(number) => mix(2, number.to_bits()),
        Given::Bool(yes) => mix(3, u64::from(yes)),
        Given::Time(time) => mix(4, time.0 as u64),
    })
}

/// Hashes of the values of an event, as far as they were needed; 0 of what is missing or empty.
#[derive(Debug)]
pub(super) struct Hashes {
    known: u64,
    hashes: [u64; COLUMNS],
}

impl Default for Hashes {
    fn default() -> Hashes {
        Hashes { known: 0, hashes: [0; COLUMNS] }
    }
}

impl Hashes {
    /// The hash of a column's value.
    #[inline]
    pub(super) fn of(&mut self, column: Column, given: Given<'_>) -> Option<u64> {
        if self.known & (1 << column.0) == 0 {
            self.known |= 1 << column.0;
            self.hashes[column.0] = hash_of(given).unwrap_or(0);
        }
        Some(self.hashes[column.0]).filter(|hash| *hash != 0)
    }
}

/// The beginning of a text.
pub(super) fn cut(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}
