//! One small evidence file as its parser sees it: numbered lines in, records and remarks out.

use crate::names::Name;
use crate::rules::companion::Companion;
use crate::tables::{Citation, Column, Record, Table, Tables, Value, collection};
use crate::time::Time;

/// One file of evidence other than a log, decoded, with what is known about where it stands.
#[derive(Debug)]
pub struct Document<'a> {
    /// Number of the file in the bundle's list of sources.
    pub file: u32,
    /// Path in the bundle.
    pub path: &'a str,
    /// Text, decoded lossily, without BOM, NUL bytes and ANSI escapes.
    pub text: &'a str,
    /// The command line that a shell prompt shows above the output, if one does.
    pub command: Option<&'a str>,
    /// Line number of the first line of `text` in the file.
    pub first_line: u32,
    /// Seconds east of UTC of the server's local time, as far as earlier evidence told.
    pub zone_offset: i32,
    /// When the evidence was collected, as far as earlier evidence told; reference for dates without a year.
    pub collected_at: Option<Time>,
    /// The programs of its kind, for texts that are their words alone.
    pub companions: &'a [Companion],
}

impl<'a> Document<'a> {
    /// The lines with their numbers, without line ends and trailing white space.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &'a str)> + Clone + use<'a> {
        let first = self.first_line;
        self.text.lines().enumerate().map(move |(at, line)| (first + at as u32, line.trim_end()))
    }

    /// The place of line `line` of this file.
    pub fn at(&self, line: u32) -> Citation {
        Citation { file: self.file, line }
    }
}

/// What a parser writes to.
#[derive(Debug)]
pub struct Sink<'a> {
    /// The tables of the analysis.
    pub tables: &'a mut Tables,
    /// Numbers of the lines that the parser did not understand.
    pub unparsed: Vec<u32>,
    /// First and last time that the file speaks of, if it does.
    pub covers: Option<(Time, Time)>,
}

impl Sink<'_> {
    /// Interns `text`.
    pub fn name(&mut self, text: &str) -> Name {
        self.tables.names.intern(text)
    }

    /// Interns `text` in lower case without a final dot, as domain names compare.
    pub fn domain(&mut self, text: &str) -> Name {
        self.tables.names.intern(&text.trim_end_matches('.').to_ascii_lowercase())
    }

    /// Adds a record.
    pub fn push(&mut self, table: &'static Table, record: Record) {
        self.tables.push(table, record);
    }

    /// Sets a field of the one `host` record, remembering the line that said so.
    pub fn host(&mut self, column: Column, value: impl Into<Value>, source: Citation) {
        self.tables.set_host(column, value.into(), source);
    }

    /// Notes that a listing of this kind ends early, with this line.
    pub fn cut_off(&mut self, kind: &str, at: Citation, line: &str) {
        let record = Record::new(&collection::TABLE, at)
            .with(collection::kind, self.name(kind))
            .with(collection::outcome, self.name("cut-off"))
            .with(collection::text, self.name(line));
        self.push(&collection::TABLE, record);
    }

    /// Notes a time that the file speaks of.
    pub fn seen(&mut self, time: Time) {
        self.covers = Some(self.covers.map_or((time, time), |(from, to)| (from.min(time), to.max(time))));
    }

    /// Counts a line that the parser did not understand.
    pub fn unparsed(&mut self, line: u32) {
        self.unparsed.push(line);
    }
}
