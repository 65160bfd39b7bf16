//! Values, records, and all records of a bundle by table.

use super::{Column, Table, collection, failures, host, readings, settings};
use crate::case;
use crate::distinct::Distinct;
use crate::names::{Name, Names};
use crate::time::Time;
use std::borrow::Cow;

/// A field's value. [`Value::Missing`] says that the evidence did not give it, which is not the same as empty.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Value {
    /// The evidence did not say.
    #[default]
    Missing,
    /// Interned text.
    Text(Name),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// A point in time.
    Time(Time),
}

/// A value whose text, if it is one, stands in the evidence itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Given<'a> {
    /// The evidence did not say.
    #[default]
    Missing,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// A point in time.
    Time(Time),
}

impl<'a> Given<'a> {
    /// The value as text, for comparisons and templates; none if it is missing.
    pub fn text(self) -> Option<Cow<'a, str>> {
        Some(match self {
            Given::Missing => return None,
            Given::Text(text) => text.into(),
            Given::Int(number) => number.to_string().into(),
            Given::Number(number) => number.to_string().into(),
            Given::Bool(yes) => if yes { "yes" } else { "no" }.into(),
            Given::Time(time) => time.to_string().into(),
        })
    }

    /// The value as a number; of a time its seconds.
    pub fn number(self) -> Option<f64> {
        match self {
            Given::Int(number) => Some(number as f64),
            Given::Number(number) => Some(number),
            Given::Time(time) => Some(time.seconds() as f64),
            Given::Missing | Given::Text(_) | Given::Bool(_) => None,
        }
    }

    /// Whether it equals what a rule writes: texts without regard to case, numbers and yes/no by value. `text` is its text.
    pub fn equals(self, wanted: &str, text: &str) -> bool {
        match self {
            Given::Bool(yes) => truth(wanted) == Some(yes),
            Given::Int(number) => wanted.parse() == Ok(number),
            Given::Number(number) => wanted.parse() == Ok(number),
            _ => case::same(text, wanted),
        }
    }
}

/// A truth value as people write it.
pub fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["yes", "true", "on"]) { Some(true) } else { is(["no", "false", "off"]).then_some(false) }
}

impl Value {
    /// The value with its text.
    pub fn given(self, names: &Names) -> Given<'_> {
        match self {
            Value::Missing => Given::Missing,
            Value::Text(name) => Given::Text(names.get(name)),
            Value::Int(number) => Given::Int(number),
            Value::Number(number) => Given::Number(number),
            Value::Bool(yes) => Given::Bool(yes),
            Value::Time(time) => Given::Time(time),
        }
    }
}

/// The place in the bundle that a record was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Citation {
    /// Number of the file in the bundle's list of sources.
    pub file: u32,
    /// Line in the (decompressed) file, from 1.
    pub line: u32,
}

/// One row of a table, with the place that it was read from. In the tables of the log, events that are equal in everything
/// that anybody asks about them are one record with a count.
#[derive(Debug, Clone)]
pub struct Record {
    /// The columns that have a value, as bits, and the values in their order: most records have few.
    columns: u64,
    values: Vec<Value>,
    /// Where it stands in the bundle; of several events, the first.
    pub source: Citation,
    /// How many events it stands for.
    pub count: u64,
    several: Option<Box<Several>>,
}

/// What a record of several events knows of the others.
#[derive(Debug, Clone)]
pub struct Several {
    /// Time of the last event.
    pub until: Time,
    /// Where the last event stands.
    pub last: Citation,
    /// Values of columns of which the number of distinct ones is asked.
    pub distinct: Vec<(Column, Distinct)>,
    /// Columns of which the commonest values are asked.
    pub weighed: Vec<Weighed>,
}

/// The commonest values of a column in the events of one record, and how often each occurs: exact for a few values, and of
/// many the first.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The column.
    pub column: Column,
    /// The values.
    pub values: Vec<(Name, u64)>,
}

impl Record {
    /// An empty record of `table`, read at `source`.
    pub fn new(table: &Table, source: Citation) -> Record {
        debug_assert!(table.fields.len() <= 64, "{} has more columns than a record can tell", table.name);
        Record { columns: 0, values: Vec::new(), source, count: 1, several: None }
    }

    /// The value in `column`.
    pub fn get(&self, column: Column) -> Value {
        match self.columns & (1 << column.0) {
            0 => Value::Missing,
            _ => self.values[self.place(column)],
        }
    }

    /// How many columns before this one have a value.
    fn place(&self, column: Column) -> usize {
        (self.columns & ((1 << column.0) - 1)).count_ones() as usize
    }

    /// What it knows of further events, if it stands for several.
    pub fn several(&self) -> Option<&Several> {
        self.several.as_deref()
    }

    /// The same, to amend; made with `until` and `last` if it stood for one event only.
    pub fn several_mut(&mut self, until: Time, last: Citation) -> &mut Several {
        self.several.get_or_insert_with(|| Box::new(Several { until, last, distinct: Vec::new(), weighed: Vec::new() }))
    }

    /// Sets the value in `column`.
    pub fn set(&mut self, column: Column, value: impl Into<Value>) {
        let (value, at) = (value.into(), self.place(column));
        match (self.columns & (1 << column.0) != 0, value == Value::Missing) {
            (true, false) => self.values[at] = value,
            (true, true) => {
                self.values.remove(at);
                self.columns &= !(1 << column.0);
            }
            (false, false) => {
                self.values.insert(at, value);
                self.columns |= 1 << column.0;
            }
            (false, true) => {}
        }
    }

    /// The same, with no room for further values.
    #[must_use]
    pub fn settled(mut self) -> Record {
        self.values.shrink_to_fit();
        self
    }

    /// As [`Record::set`], for chains.
    #[must_use]
    pub fn with(mut self, column: Column, value: impl Into<Value>) -> Record {
        self.set(column, value);
        self
    }

    /// The text in `column`, if it is a text.
    pub fn text<'n>(&self, column: Column, names: &'n Names) -> Option<&'n str> {
        match self.get(column) {
            Value::Text(name) => Some(names.get(name)),
            _ => None,
        }
    }

    /// The time in `column`, if it is one.
    pub fn time(&self, column: Column) -> Option<Time> {
        match self.get(column) {
            Value::Time(time) => Some(time),
            _ => None,
        }
    }

    /// The whole number in `column`, if it is one.
    pub fn int(&self, column: Column) -> Option<i64> {
        match self.get(column) {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

impl From<Name> for Value {
    fn from(name: Name) -> Value {
        Value::Text(name)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}
impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Int(i64::from(number))
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}
impl From<bool> for Value {
    fn from(yes: bool) -> Value {
        Value::Bool(yes)
    }
}
impl From<Time> for Value {
    fn from(time: Time) -> Value {
        Value::Time(time)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Missing, Into::into)
    }
}

/// Texts of lines by their places.
pub type KeptLines = std::collections::HashMap<Citation, Box<str>>;

/// All records of a bundle, by table, with the interned texts that they refer to.
#[derive(Debug, Default)]
pub struct Tables {
    /// The shell command that shows the mail log of this server, by the name of the log in the bundle.
    pub show_log: String,
    /// How a sentence ends that names some of many; `{n}` stands for the number of the others.
    pub and_more: String,
    /// Names for people of values that are ids, by field and id: of providers and of reason classes.
    pub titles: std::collections::BTreeMap<&'static str, std::collections::BTreeMap<String, String>>,
    /// When the log begins, if there is one with times.
    pub log_begins: Option<Time>,
    /// How many recipients failed for the first time in each minute, exactly, even where the records of failures are few.
    pub failing: Vec<(Time, u64)>,
    /// The interned texts.
    pub names: Names,
    /// Lines of compressed logs that records may be cited with.
    pub lines: KeptLines,
    rows: std::collections::BTreeMap<&'static str, Vec<Record>>,
    collected: std::collections::BTreeSet<&'static str>,
    /// Kinds of evidence that were there, whatever they told.
    read: Vec<Name>,
    host_sources: std::collections::BTreeMap<Column, Citation>,
}

impl Tables {
    /// Adds a record to `table`, which counts as collected from then on.
    pub fn push(&mut self, table: &'static Table, record: Record) {
        self.collected.insert(table.name);
        self.rows.entry(table.name).or_default().push(record);
    }

    /// Says that the evidence for `table` was collected, even if it holds no record.
    pub fn mark_collected(&mut self, table: &'static Table) {
        self.collected.insert(table.name);
    }

    /// Says that evidence of this kind was there and shows something, so that its command did not fail.
    pub fn mark_read(&mut self, kind: Name) {
        self.mark_collected(&collection::TABLE);
        self.read.push(kind);
    }

    /// For each kind of evidence that was there, a record of a table that has kinds, which says no more than that.
    pub fn read(&self, table: &'static Table) -> impl Iterator<Item = Record> {
        let column = match table.name {
            name if name == readings::TABLE.name => Some(readings::kind),
            name if name == collection::TABLE.name => Some(collection::kind),
            _ => None,
        };
        let record = move |column| self.read.iter().map(move |kind| Record::new(table, Citation::default()).with(column, *kind));
        column.into_iter().flat_map(record)
    }

    /// Whether evidence for `table` is in the bundle.
    pub fn is_collected(&self, table: &Table) -> bool {
        self.collected.contains(table.name)
    }

    /// The records of `table`, in the order in which they were read.
    pub fn rows(&self, table: &Table) -> &[Record] {
        self.rows.get(table.name).map_or(&[], Vec::as_slice)
    }

    /// The records of `table`, to amend.
    pub fn rows_mut(&mut self, table: &'static Table) -> &mut Vec<Record> {
        self.rows.entry(table.name).or_default()
    }

    /// Sets a field of the one record of the table `host`, remembering the line that said so.
    pub fn set_host(&mut self, column: Column, value: Value, source: Citation) {
        self.collected.insert(host::TABLE.name);
        let rows = self.rows_mut(&host::TABLE);
        if rows.is_empty() {
            rows.push(Record::new(&host::TABLE, source));
        }
        rows[0].set(column, value);
        self.host_sources.insert(column, source);
    }

    /// The line that said the field `column` of the table `host`.
    pub fn host_source(&self, column: Column) -> Option<Citation> {
        self.host_sources.get(&column).copied()
    }

    /// The record of the table `host`, if any evidence fed it.
    pub fn host(&self) -> Option<&Record> {
        self.rows(&host::TABLE).first()
    }

    /// Whether a record of `failures` is mail that waits.
    pub fn is_waiting(&self, failure: &Record) -> bool {
        failure.text(failures::outcome, &self.names) == Some("waiting")
    }

    /// The value in force of a main.cf parameter, as written.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.setting_record(name)?.text(settings::value, &self.names)
    }

    /// The record of a main.cf parameter in force.
    pub fn setting_record(&self, name: &str) -> Option<&Record> {
        // What `postconf -d` lists is in force only where nothing else is said.
        let rows = || self.rows(&settings::TABLE).iter().rev().filter(|row| row.text(settings::name, &self.names) == Some(name));
        rows().find(|row| row.get(settings::is_default) != Value::Bool(true)).or_else(|| rows().next())
    }

    /// Interns `text`.
    pub fn name(&mut self, text: &str) -> Name {
        self.names.intern(text)
    }
}
