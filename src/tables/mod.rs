//! The schema: every table's fields, their types, units and one-line descriptions.
//!
//! This is the one place on which parsers, rules, documentation and JSON Schema agree. A parser fills
//! [`Record`]s, a rule asks questions about them by the names written here, and nobody else knows a
//! field. Names are Postfix's own where Postfix has one.

mod columns;
mod record;

pub use columns::*;
pub use record::{Citation, Given, KeptLines, Record, Several, Tables, Value, Weighed, truth};

/// What a field's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text, compared without regard to case.
    Text,
    /// A whole number.
    Int,
    /// A number that may have a fraction.
    Number,
    /// Yes or no.
    Bool,
    /// A point in time, UTC.
    Time,
}

impl Type {
    /// The type in the words of people who write rules.
    pub fn words(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Int => "whole number",
            Type::Number => "number",
            Type::Bool => "yes or no",
            Type::Time => "time",
        }
    }
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things, or what its description says.
    None,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Parts of a whole, 0 to 1.
    Part,
    /// Percent, 0 to 100.
    Percent,
    /// What its record speaks of: seconds, bytes, a part of a whole, or things.
    Any,
}

/// Whom or what a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A person, as an account or a mail address.
    Person,
    /// A host or a domain.
    Host,
    /// A host by its IP address.
    Ip,
}

/// One field of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name as rules write it.
    pub name: &'static str,
    /// Type of its values.
    pub ty: Type,
    /// What its numbers count.
    pub unit: Unit,
    /// What it holds, with its unit.
    pub doc: &'static str,
    /// Whether the field says what was *asked* (the name looked up, the port probed) and not what came
    /// back. A signal about a question that nobody asked is unknown, not unmet.
    pub question: bool,
    /// Whom or what its text names, for whoever takes names out.
    pub names: Option<Named>,
    /// The only words that it can hold, where these are few; empty where it holds what the evidence says.
    pub words: &'static [&'static str],
}

impl Field {
    /// What it holds, in the words of people who write rules: of a number with a unit, the unit.
    pub fn type_words(&self) -> &'static str {
        match self.unit {
            Unit::None => self.ty.words(),
            Unit::Seconds => "seconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Bytes => "bytes",
            Unit::Part => "part, 0 to 1",
            Unit::Percent => "percent",
            Unit::Any => "amount",
        }
    }
}

/// One table: a name, what one record stands for, and its fields.
#[derive(Debug)]
pub struct Table {
    /// Name as rules write it after `in:`.
    pub name: &'static str,
    /// What one record stands for.
    pub doc: &'static str,
    /// The fields, in the order of [`Column`] numbers.
    pub fields: &'static [Field],
}

impl Table {
    /// The column of the field called `name`.
    pub fn column(&self, name: &str) -> Option<Column> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        Some(Column(at))
    }
}

/// The position of a field in its table's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column(pub usize);

/// The table called `name`.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.name == name)
}
