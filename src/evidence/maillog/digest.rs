//! The records of one table of the log, as few as the questions allow: events that agree in everything that is asked of them
//! within a span of time are one record with a count. The span starts at a second and widens when there are too many records.

use crate::distinct::{Distinct, hash, mix};
use crate::names::Names;
use crate::rules::demand::Demand;
use crate::tables::{Citation, Column, Given, Record, Value};
use crate::time::{SECOND, Time};
use rustc_hash::FxHashMap;

/// Spans in seconds; the last one is for good.
const SPANS: [i64; 7] = [1, 60, 600, 3600, 6 * 3600, 24 * 3600, i64::MAX / SECOND];

/// Records of a table from which on the span widens.
const RECORDS: usize = 12_000;

/// Values held to count distinct ones, from which on the span widens.
const HELD: usize = 200_000;

/// Columns of the widest table.
const COLUMNS: usize = 40;

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

    fn get(&self, column: Column) -> Given<'a> {
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
pub struct Place {
    /// Its line.
    pub source: Citation,
    /// When.
    pub time: Option<Time>,
    /// How often in a row, where the log says so.
    pub times: u64,
}

/// The records of one table.
#[derive(Debug)]
pub struct Digest {
    demand: Demand,
    rows: Vec<Record>,
    /// What each record stands for, without its time.
    forms: Vec<u64>,
    index: FxHashMap<u64, u32>,
    /// Index into [`SPANS`].
    span: usize,
    /// Whether rare values were given up.
    crowded: bool,
    /// Outcomes of the tests of a text, by test and text.
    tested: FxHashMap<u64, bool>,
    held: usize,
}

impl Digest {
    /// No event yet.
    pub fn new(demand: Demand) -> Digest {
        Digest {
            demand,
            rows: Vec::new(),
            forms: Vec::new(),
            index: FxHashMap::default(),
            span: 0,
            crowded: false,
            tested: FxHashMap::default(),
            held: 0,
        }
    }

    /// Whether anybody asks for `column`.
    pub fn wants(&self, column: Column) -> bool {
        self.demand.wants(column)
    }

    /// Adds an event.
    pub fn add(&mut self, draft: &Draft<'_>, place: Place, names: &mut Names) {
        if self.demand.everything {
            self.push(draft, place, 0, names);
            return;
        }
        let mut form = self.form(draft, true);
        let mut key = self.key(form, place.time);
        if self.crowded && !self.index.contains_key(&key) {
            form = self.form(draft, false);
            key = self.key(form, place.time);
        }
        let row = match self.index.get(&key) {
            Some(&at) => {
                let row = &mut self.rows[at as usize];
                row.count += place.times;
                if let Some(time) = place.time {
                    let begun = row.begun().unwrap_or(time);
                    let several = row.several_mut(begun, place.source);
                    if time >= several.until {
                        several.until = time;
                        several.last = place.source;
                    }
                }
                at
            }
            None => {
                let at = self.push(draft, place, form, names);
                self.index.insert(key, at);
                at
            }
        };
        for at in 0..self.demand.distinct.len() {
            let column = self.demand.distinct[at];
            if let Some(value) = hash_of(draft.get(column)) {
                self.note(row, column, value);
            }
        }
        if self.rows.len() > RECORDS || self.held > HELD {
            self.widen();
        }
    }

    /// The records, in the order of their first events.
    pub fn finish(self) -> Vec<Record> {
        self.rows
    }

    /// What had to be given up to stay within bounds; none if nothing was.
    pub fn coarseness(&self) -> Option<String> {
        if self.crowded {
            return Some(format!("{}: only the commonest values are told apart", self.demand.table.name));
        }
        None
    }

    /// What the event stands for, without its time: the values that are told apart and the outcomes of the tests. Without
    /// `exact`, values that are not the report's own are left out.
    fn form(&mut self, draft: &Draft<'_>, exact: bool) -> u64 {
        let mut form = u64::from(exact);
        for &column in &self.demand.values {
            if exact || is_narrow(draft.get(column)) {
                form = mix(form, hash_of(draft.get(column)).unwrap_or_default());
            }
        }
        let mut outcomes = 0u64;
        for (at, test) in self.demand.tests.iter().enumerate() {
            let value = draft.get(test.column);
            let holds = match value {
                Given::Text(text) => {
                    let key = hash(text.as_bytes(), at as u64 + 1);
                    if self.tested.len() > 50_000 {
                        self.tested.clear();
                    }
                    *self.tested.entry(key).or_insert_with(|| test.matcher.holds(value))
                }
                other => test.matcher.holds(other),
            };
            outcomes |= u64::from(holds) << at;
        }
        mix(form, outcomes)
    }

    fn key(&self, form: u64, time: Option<Time>) -> u64 {
        let span = SPANS[self.span];
        mix(form, time.map_or(u64::MAX, |time| time.seconds().div_euclid(span) as u64))
    }

    fn push(&mut self, draft: &Draft<'_>, place: Place, form: u64, names: &mut Names) -> u32 {
        let mut row = Record::new(self.demand.table, place.source);
        row.count = place.times;
        for (at, field) in self.demand.table.fields.iter().enumerate() {
            let column = Column(at);
            let time = field.name == "time";
            if !time && !self.demand.wants(column) {
                continue;
            }
            match draft.get(column) {
                Given::Missing => {}
                Given::Text(text) => row.set(column, names.intern(text)),
                Given::Int(number) => row.set(column, number),
                Given::Number(number) => row.set(column, number),
                Given::Bool(yes) => row.set(column, yes),
                Given::Time(time) => row.set(column, time),
            }
        }
        self.rows.push(row);
        self.forms.push(form);
        self.rows.len() as u32 - 1
    }

    /// Counts a value of a column of which only distinct ones are counted.
    fn note(&mut self, row: u32, column: Column, value: u64) {
        let record = &mut self.rows[row as usize];
        let begun = record.begun().unwrap_or_default();
        let source = record.source;
        let several = record.several_mut(begun, source);
        let set = match several.distinct.iter_mut().position(|(known, _)| *known == column) {
            Some(at) => &mut several.distinct[at].1,
            None => {
                several.distinct.push((column, Distinct::default()));
                &mut several.distinct.last_mut().expect("just pushed").1
            }
        };
        let before = set.held();
        set.add(value);
        self.held = self.held + set.held() - before;
    }

    /// Takes wider spans until the records are few enough; when that does not help, gives up the rare values.
    fn widen(&mut self) {
        while self.rows.len() > RECORDS / 2 || self.held > HELD / 2 {
            if self.span + 1 == SPANS.len() {
                if self.rows.len() > RECORDS / 2 {
                    self.give_up_rare_ones();
                }
                return;
            }
            self.span += 1;
            self.merge();
        }
    }

    /// Puts records together that have become equal.
    fn merge(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let forms = std::mem::take(&mut self.forms);
        self.index.clear();
        self.held = 0;
        for (row, form) in rows.into_iter().zip(forms) {
            let key = self.key(form, row.begun());
            match self.index.get(&key) {
                Some(&at) => absorb(&mut self.rows[at as usize], &row),
                None => {
                    self.index.insert(key, self.rows.len() as u32);
                    self.rows.push(row);
                    self.forms.push(form);
                }
            }
        }
        let several = self.rows.iter().filter_map(Record::several);
        self.held = several.flat_map(|several| several.distinct.iter().map(|(_, set)| set.held())).sum();
    }

    /// Keeps the records of most events; the others lose the values that make them many.
    fn give_up_rare_ones(&mut self) {
        let mut counts: Vec<u64> = self.rows.iter().map(|row| row.count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let enough = counts.get(RECORDS / 4).copied().unwrap_or_default();
        let mut kept = 0;
        for (row, form) in self.rows.iter_mut().zip(&mut self.forms) {
            if row.count > enough && kept < RECORDS / 4 {
                kept += 1;
                continue;
            }
            let mut rest = 0;
            for &column in &self.demand.values {
                match row.get(column) {
                    Value::Text(_) => row.set(column, Value::Missing),
                    value => rest = mix(rest, hash_of_value(value)),
                }
            }
            *form = rest;
        }
        self.crowded = true;
        self.merge();
    }
}

/// A value that cannot take many forms.
fn is_narrow(value: Given<'_>) -> bool {
    matches!(value, Given::Bool(_))
}

fn hash_of(value: Given<'_>) -> Option<u64> {
    Some(match value {
        Given::Missing => return None,
        Given::Text("") => return None,
        Given::Text(text) => hash(text.as_bytes(), 0),
        Given::Int(number) => mix(1, number as u64),
        Given::Number(number) => mix(2, number.to_bits()),
        Given::Bool(yes) => mix(3, u64::from(yes)),
        Given::Time(time) => mix(4, time.0 as u64),
    })
}

fn hash_of_value(value: Value) -> u64 {
    match value {
        Value::Bool(yes) => mix(3, u64::from(yes)),
        _ => 0,
    }
}

/// Adds the events of `other` to `row`, whose first event is the earlier one.
fn absorb(row: &mut Record, other: &Record) {
    row.count += other.count;
    let begun = other.begun().or(row.begun()).unwrap_or_default();
    let (until, last) = other.several().map_or((begun, other.source), |several| (several.until, several.last));
    let several = row.several_mut(until, last);
    if until >= several.until {
        several.until = until;
        several.last = last;
    }
    for (column, values) in other.several().map(|several| &several.distinct).into_iter().flatten() {
        match several.distinct.iter_mut().find(|(known, _)| known == column) {
            Some((_, set)) => set.merge(values),
            None => several.distinct.push((*column, values.clone())),
        }
    }
}
