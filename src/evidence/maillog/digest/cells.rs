//! The values of a record in one piece of memory.

use super::draft::cut;
use crate::tables::{Column, Given};
use crate::time::Time;

/// The values of a record, one after the other: column, kind, and the value; of a text its length and itself. Numbers stand in it
/// seven bits a character, so that the whole is a text and its parts need no second look.
#[derive(Debug, Default)]
pub(super) struct Cells(pub(super) Box<str>);

/// Stands for a value that was one of too many to be kept.
pub(super) const GIVEN_UP: Given<'_> = Given::Text("(one of very many, each of them rare)");

impl Cells {
    /// Characters of a length, and of a number.
    pub(super) const LENGTH: usize = 5;
    pub(super) const NUMBER: usize = 10;

    pub(super) fn write<'a>(cells: &mut String, values: impl Iterator<Item = (Column, Given<'a>)>, longest: usize) {
        for (column, value) in values {
            let (kind, number) = match value {
                Given::Missing => continue,
                Given::Text(text) => {
                    let text = cut(text, longest);
                    write(cells, column.0 as u64, 1);
                    write(cells, 0, 1);
                    write(cells, text.len() as u64, Self::LENGTH);
                    cells.push_str(text);
                    continue;
                }
                Given::Int(number) => (1, number as u64),
                Given::Number(number) => (2, number.to_bits()),
                Given::Bool(yes) => (3, u64::from(yes)),
                Given::Time(time) => (4, time.0 as u64),
            };
            write(cells, column.0 as u64, 1);
            write(cells, kind, 1);
            write(cells, number, Self::NUMBER);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Column, Given<'_>)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let cells = &*self.0;
            if at >= cells.len() {
                return None;
            }
            let column = Column(read(cells, at, 1) as usize);
            let kind = read(cells, at + 1, 1);
            at += 2;
            if kind == 0 {
                let start = at + Self::LENGTH;
                let end = start + read(cells, at, Self::LENGTH) as usize;
                at = end;
                return Some((column, Given::Text(cells.get(start..end).unwrap_or_default())));
            }
            let number = read(cells, at, Self::NUMBER);
            at += Self::NUMBER;
            let value = match kind {
                1 => Given::Int(number as i64),
                2 => Given::Number(f64::from_bits(number)),
                3 => Given::Bool(number != 0),
                _ => Given::Time(Time(number as i64)),
            };
            Some((column, value))
        })
    }

    /// Takes out the values of these columns; of the one whose lack would mean something, that there was a value stays.
    pub(super) fn remove(&mut self, gone: impl Fn(Column) -> bool, telling: Option<Column>) {
        let mut cells = String::with_capacity(self.0.len());
        let left = |(column, value)| match gone(column) {
            false => Some((column, value)),
            true => (telling == Some(column)).then_some((column, GIVEN_UP)),
        };
        Cells::write(&mut cells, self.iter().filter_map(left), usize::MAX);
        *self = Cells(cells.into_boxed_str());
    }
}

fn write(cells: &mut String, mut number: u64, characters: usize) {
    for _ in 0..characters {
        cells.push(char::from((number & 0x7f) as u8));
        number >>= 7;
    }
}

fn read(cells: &str, at: usize, characters: usize) -> u64 {
    let part = cells.as_bytes().get(at..at + characters).unwrap_or_default();
    part.iter().rev().fold(0, |number, byte| number << 7 | u64::from(*byte))
}
