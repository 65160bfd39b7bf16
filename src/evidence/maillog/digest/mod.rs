//! The records of one table of the log, as few as the questions allow. While there are few events each is a record; beyond,
//! events that agree in everything that is asked of them within a span of time are one record with a count. The span starts
//! at a second and widens when there are too many records.
//!
//! What is asked of an event depends on the event: of a delivered message nobody asks the client. The values that decide
//! this are the *leading* side of an event; what they come to ([`Leading`]) is worked out once for all events that share them.

mod asked;
mod cells;
mod draft;
mod facts;
mod row;
mod seen;

use super::LANES;
use crate::distinct::mix;
use crate::names::Names;
use crate::rules::demand::{Asks, Demand, Needs, TestBits};
use crate::tables::{Column, Given, KeptLines, Record, Table, Weighed};
use crate::time::{SECOND, Time};
use asked::{Asked, AskedColumn, Side};
use cells::{Cells, GIVEN_UP};
use draft::{COLUMNS, EXAMPLE, Hashes, hash_of};
use row::{Row, VALUES, is_given_up};
use rustc_hash::{FxHashMap, FxHashSet};
use seen::Seen;
use std::collections::hash_map::Entry;
use std::sync::Arc;

pub use draft::{Draft, Place};

/// Spans in seconds; the last one is for good.
const SPANS: [i64; 7] = [1, 60, 600, 3600, 6 * 3600, 24 * 3600, i64::MAX / SECOND];

/// The widest span that is taken before the rare values are given up.
const FINE: usize = 2;

/// Records of a table in one lane from which on the span widens.
const RECORDS: usize = 4_000 / LANES;

/// Leads of a table in one lane that are remembered. When there are more, all are forgotten: that costs time, not memory.
const LEADS: usize = 20_000 / LANES;

/// Sets of tests that fail for which it is remembered what is asked then.
const LEFT: usize = 4_000;

/// Values held in one lane to count distinct ones, from which on many are estimated.
const HELD: usize = 150_000 / LANES;

/// The same, before times are told less exactly for their sake.
const MOST_HELD: usize = 3 * HELD;

/// Different values from which on a column is one whose rare values can be given up.
const WIDE: usize = 64;

/// What the leading side of an event comes to: its place among those that the digest remembers.
#[derive(Debug, Clone, Copy)]
pub struct Lead {
    at: u32,
    needs: Needs,
}

impl Lead {
    /// Whether `column` is asked of such an event.
    pub fn asks(&self, column: Column) -> bool {
        self.needs.column(column)
    }

    /// Whether one of `columns` is.
    pub fn asks_any(&self, columns: &[Column]) -> bool {
        columns.iter().any(|column| self.asks(*column))
    }
}

/// What the leading columns of an event come to.
#[derive(Debug)]
pub struct Leading {
    exact: u64,
    coarse: u64,
    /// The questions about such events, by their place in [`Digest::questions`].
    questions: u32,
    /// Hashes of the values of those of its columns that are counted or weighed, in their order; 0 of what is neither.
    values: Box<[u64]>,
    /// The state of the digest for which this holds.
    generation: u32,
}

/// Questions that are about the same events, and what they ask.
#[derive(Debug)]
struct Questions {
    asks: Asks,
    needs: Needs,
}

/// That the whole of an event is wanted: as an example, or to weigh its values in the record at this place.
#[derive(Debug)]
pub struct Wanted {
    row: Option<u32>,
    /// What it comes to, as far as that was worked out, and what is asked of it.
    side: Option<(Side, Needs)>,
}

/// The records of one table.
#[derive(Debug)]
pub struct Digest {
    demand: Arc<Demand>,
    /// The leading columns, and the others.
    sides: [Asked; 2],
    rows: Vec<Row>,
    /// What is asked of them.
    needs: Vec<Arc<Needs>>,
    index: FxHashMap<u64, u32>,
    /// Index into [`SPANS`]; none while every event is a record.
    span: Option<usize>,
    /// Columns whose rare values are given up.
    wide: u64,
    /// The column in which no value says something: what was not tried yet has no reason.
    telling: Option<Column>,
    /// The column of which a record of several events has the least value: they do not come in the order of it.
    earliest: Option<Column>,
    crowded: bool,
    seen: Seen,
    generation: u32,
    held: usize,
    /// Records and values from which on there are too many.
    limits: (usize, usize),
    /// Columns whose rare values are given up last.
    spared: u64,
    /// Questions that are about the same events: there are few such sets.
    questions: Vec<Questions>,
    questions_of: FxHashMap<Asks, u32>,
    /// What they ask of an event of which some tests fail.
    left: FxHashMap<(u32, TestBits), Needs>,
    /// Tests of the columns that do not lead.
    late: TestBits,
    /// What events come to, by their places, which are found by what events are recognised by.
    leads: Vec<Leading>,
    lead_of: FxHashMap<u64, u32>,
    /// Where the cells of a record are written first.
    scratch: String,
}

impl Digest {
    /// No event yet; `leading` are the columns that decide what is asked of an event.
    pub fn new(demand: Arc<Demand>, leading: &[Column]) -> Digest {
        let leads = leading.iter().fold(0, |columns, column| columns | (1u64 << column.0));
        let side = |columns: u64| {
            let inside = (0..demand.table.fields.len()).map(Column).filter(|column| columns & (1 << column.0) != 0);
            let each = inside.filter_map(|column| AskedColumn::new(&demand, column)).collect();
            Asked { columns, each }
        };
        let sides = [side(leads), side(!leads)];
        Digest {
            late: sides[1].each.iter().fold(0, |late, asked| late | asked.tests.all),
            questions: Vec::new(),
            questions_of: FxHashMap::default(),
            left: FxHashMap::default(),
            sides,
            telling: demand.table.column("reason"),
            earliest: None,
            demand,
            rows: Vec::new(),
            needs: Vec::new(),
            index: FxHashMap::default(),
            span: None,
            wide: 0,
            crowded: false,
            seen: Seen::new(),
            generation: 0,
            held: 0,
            limits: (RECORDS, HELD),
            spared: 0,
            leads: Vec::new(),
            lead_of: FxHashMap::default(),
            scratch: String::new(),
        }
    }

    /// The same for a table of which more records are kept, and the rare values of some columns as long as can be.
    #[must_use]
    pub fn sparing(mut self, records: usize, columns: &[Column]) -> Digest {
        self.limits.0 = records;
        self.spared = columns.iter().fold(0, |spared, column| spared | (1u64 << column.0));
        self
    }

    /// The same for a table of which a record of several events tells the earliest time in `column`.
    #[must_use]
    pub fn earliest(mut self, column: Column) -> Digest {
        self.earliest = Some(column);
        self
    }

    /// Whether each event stays a record of its own.
    pub fn keeps_every_record(&self) -> bool {
        self.demand.everything
    }

    /// Whether anybody asks for `column`.
    pub fn wants(&self, column: Column) -> bool {
        self.demand.wants(column)
    }

    /// Whether anybody asks one of `columns` of an event of which `given` tells the columns `known`.
    pub fn asks_any<'v>(&self, columns: &[Column], given: impl Fn(Column) -> Given<'v>, known: &[Column]) -> bool {
        let known = known.iter().fold(0, |known, column| known | (1u64 << column.0));
        let needs = self.demand.needs(&self.demand.about(known, given), 0);
        columns.iter().any(|column| needs.column(*column))
    }

    /// What the events come to that are recognised by `key`; made if it is not known or holds no longer. It holds until the next
    /// one is asked for.
    pub fn lead(&mut self, key: u64, make: impl FnOnce(&mut Digest) -> Leading) -> Lead {
        let at = match self.lead_of.get(&key) {
            Some(&at) => {
                if self.leads[at as usize].generation != self.generation {
                    self.leads[at as usize] = make(self);
                }
                at
            }
            None => {
                if self.leads.len() >= LEADS {
                    self.forget_leads();
                }
                let leading = make(self);
                let at = self.leads.len() as u32;
                self.leads.push(leading);
                self.lead_of.insert(key, at);
                at
            }
        };
        Lead { at, needs: self.questions[self.leads[at as usize].questions as usize].needs }
    }

    fn forget_leads(&mut self) {
        self.leads.clear();
        self.lead_of.clear();
        self.questions.clear();
        self.questions_of.clear();
        self.left.clear();
    }

    /// What the leading columns of `draft` come to.
    pub fn leading(&mut self, draft: &Draft<'_>) -> Leading {
        let asks = self.demand.about(self.sides[0].columns, |column| draft.get(column));
        let questions = match self.questions_of.get(&asks) {
            Some(known) => *known,
            None => {
                let new = self.questions.len() as u32;
                self.questions.push(Questions { asks: asks.clone(), needs: self.demand.needs(&asks, 0) });
                self.questions_of.insert(asks, new);
                new
            }
        };
        let needs = self.questions[questions as usize].needs;
        let mut side = Side::default();
        let mut hashes = Hashes::default();
        side.tests(0, self.held_tests(0, draft, needs.tests() & !self.late, &mut hashes));
        self.take_values(&mut side, 0, draft, needs, &mut hashes);
        let value = |asked: &AskedColumn| {
            let hash = |at: Option<usize>, hashes: &[u64]| at.map_or(0, |at| hashes[at]);
            hash(asked.counted, &side.counted) | hash(asked.weighed, &side.weighed)
        };
        let values = self.sides[0].each.iter().filter(|asked| asked.is_kept()).map(value).collect();
        Leading { exact: side.exact, coarse: side.coarse, questions, values, generation: self.generation }
    }

    /// What the whole of an event comes to of which `rest` holds the columns that do not lead, and what is asked of it.
    fn whole(&mut self, lead: Lead, rest: &Draft<'_>) -> (Side, Needs) {
        let Leading { exact, coarse, questions, .. } = self.leads[lead.at as usize];
        let mut side = Side { exact, coarse, ..Side::default() };
        let mut hashes = Hashes::default();
        let tests = lead.needs.tests() & self.late;
        let held = self.held_tests(1, rest, tests, &mut hashes);
        side.tests(1, held);
        let failed = tests & !held;
        let needs = if failed == 0 { lead.needs } else { self.needs_left(questions, failed) };
        let values = &self.leads[lead.at as usize].values;
        for (asked, value) in self.sides[0].each.iter().filter(|asked| asked.is_kept()).zip(values) {
            if let Some(at) = asked.counted.filter(|_| needs.counted(asked.column)) {
                side.counted[at] = *value;
            }
            if let Some(at) = asked.weighed.filter(|_| needs.weighed(asked.column)) {
                side.weighed[at] = *value;
            }
        }
        self.take_values(&mut side, 1, rest, needs, &mut hashes);
        (side, needs)
    }

    /// What questions ask that do not fail with these tests.
    fn needs_left(&mut self, questions: u32, failed: TestBits) -> Needs {
        if self.left.len() > LEFT {
            self.left.clear();
        }
        let asks = &self.questions[questions as usize].asks;
        *self.left.entry((questions, failed)).or_insert_with(|| self.demand.needs(asks, failed))
    }

    /// Whether somebody asks `column` of an event with this lead, of which `rest` holds the columns `known`, too.
    pub fn asks(&mut self, lead: &Lead, column: Column, rest: &Draft<'_>, known: &[Column]) -> bool {
        if !lead.asks(column) {
            return false;
        }
        let told = self.sides[1].each.iter().filter(|asked| known.contains(&asked.column));
        let tests = told.fold(0, |tests, asked| tests | asked.tests.all) & lead.needs.tests();
        let held = self.held_tests(1, rest, tests, &mut Hashes::default());
        let questions = self.leads[lead.at as usize].questions;
        self.needs_left(questions, tests & !held).column(column)
    }

    /// Counts an event among its like. `rest` holds its columns apart from the leading ones as far as they are told apart,
    /// tested or counted. What is returned asks for the whole of it, which [`Digest::show`] takes.
    pub fn note(&mut self, lead: &Lead, rest: &Draft<'_>, place: Place<'_>) -> Option<Wanted> {
        let Some(span) = self.span else { return Some(Wanted { row: None, side: None }) };
        let (side, needs) = self.whole(*lead, rest);
        let Some(&at) = self.place_of(&side, place.time, span) else {
            return Some(Wanted { row: None, side: Some((side, needs)) });
        };
        let earliest = self.earliest_of(rest);
        let row = &mut self.rows[at as usize];
        self.held += row.ripen(&self.demand);
        row.count += place.times;
        row.several = true;
        row.earliest = earliest.into_iter().chain(row.earliest).min();
        if let Some(time) = place.time
            && time >= row.until
        {
            row.until = time;
            row.last = place.source;
            row.last_line.clear();
            row.last_line.push_str(place.line);
        }
        for (at, column) in self.demand.distinct.iter().enumerate() {
            if side.counted[at] != 0 {
                self.held = self.held.saturating_add_signed(row.count(*column, side.counted[at]));
            }
        }
        // Of a value that is not weighed yet, the text is wanted.
        let mut unknown = false;
        for (column, value) in side.weighed(&self.demand) {
            let tally = row.tally(column);
            match tally.count_of(value) {
                Some(count) => *count += place.times,
                None => unknown |= tally.values.len() < VALUES,
            }
        }
        if self.held > self.limits.1 {
            self.widen();
            // Where it is now is not worth a search.
            return None;
        }
        unknown.then_some(Wanted { row: Some(at), side: Some((side, needs)) })
    }

    /// The time of which the earliest of several is told, as an event has it.
    fn earliest_of(&self, draft: &Draft<'_>) -> Option<Time> {
        match draft.get(self.earliest?) {
            Given::Time(time) => Some(time),
            _ => None,
        }
    }

    /// Takes the whole of an event that [`Digest::note`] asked for.
    pub fn show(&mut self, wanted: &Wanted, lead: &Lead, whole: &Draft<'_>, place: Place<'_>) {
        let (side, needs) = wanted.side.unwrap_or_else(|| self.whole(*lead, whole));
        if let Some(at) = wanted.row {
            self.rows[at as usize].weigh(&self.demand, &side, whole, place.times);
            return;
        }
        let rare = self.span.is_some() && self.crowded && !self.seen.is_often(side.exact);
        let at = self.push(whole, &side, place, needs, rare);
        if let Some(span) = self.span {
            self.index.insert(key(self.rows[at as usize].form(), place.time, span), at);
        }
        self.keep_within_limits();
    }

    /// The record that an event belongs to, if there is one: its own, or, while it is rare among too many, the one of all rare
    /// ones.
    fn place_of(&mut self, side: &Side, time: Option<Time>, span: usize) -> Option<&u32> {
        let own = key(side.exact, time, span);
        let known = self.index.get(&own);
        if known.is_some() || !self.crowded || self.seen.again(side.exact, number_of(time, span)) {
            return known;
        }
        self.index.get(&key(mix(side.coarse, 1), time, span))
    }

    /// Takes in the records of another lane.
    pub fn absorb(&mut self, other: Digest) {
        self.rows.extend(other.rows);
        self.held += other.held;
        self.span = self.span.max(other.span);
        self.wide |= other.wide;
        self.crowded |= other.crowded;
        self.limits = (self.limits.0 + other.limits.0, self.limits.1 + other.limits.1);
        self.settle();
        self.keep_within_limits();
    }

    /// Puts the records in the order of their time.
    pub fn settle(&mut self) {
        self.rows.sort_by_key(|row| (row.time, row.source));
        self.merge();
    }

    /// The table of the records.
    pub fn table(&self) -> &'static Table {
        self.demand.table
    }

    /// The records, in the order of their first events; the lines that were kept go to `lines`.
    pub fn finish(self, names: &mut Names, lines: &mut KeptLines) -> Vec<Record> {
        let table = self.demand.table;
        let time = table.column("time");
        let records = self.rows.into_iter().map(|row| {
            let mut record = Record::new(table, row.source);
            record.count = row.count;
            for (column, value) in row.cells.iter() {
                match value {
                    Given::Missing => {}
                    Given::Text(text) => record.set(column, names.intern(text)),
                    Given::Int(number) => record.set(column, number),
                    Given::Number(number) => record.set(column, number),
                    Given::Bool(yes) => record.set(column, yes),
                    Given::Time(time) => record.set(column, time),
                }
            }
            if let Some(column) = time {
                record.set(column, row.time);
            }
            if let Some((column, earliest)) = self.earliest.zip(row.earliest) {
                record.set(column, earliest);
            }
            if !row.line.is_empty() {
                lines.insert(row.source, row.line);
            }
            if !row.last_line.is_empty() {
                lines.insert(row.last, row.last_line.into_boxed_str());
            }
            if row.several {
                let several = record.several_mut(row.until, row.last);
                several.distinct = row.distinct;
                several.weighed = row
                    .weighed
                    .into_iter()
                    .map(|tally| Weighed {
                        column: tally.column,
                        values: tally.values.into_iter().map(|(_, count, text)| (names.intern(&text), count)).collect(),
                    })
                    .collect();
            }
            record.settled()
        });
        records.collect()
    }

    /// The table's name, if values had to be given up to stay within bounds.
    pub fn coarse(&self) -> Option<&'static str> {
        self.crowded.then_some(self.demand.table.name)
    }

    /// Which of these tests of the columns of one side hold.
    fn held_tests(&self, at: usize, draft: &Draft<'_>, tests: TestBits, hashes: &mut Hashes) -> TestBits {
        let asked = self.sides[at].each.iter().filter(|asked| asked.tests.all & tests != 0);
        let held = asked.map(|asked| {
            let given = draft.get(asked.column);
            asked.tests.held(&self.demand, given, || hashes.of(asked.column, given))
        });
        tests & held.fold(0, |all, held| all | held)
    }

    /// Takes the values of the columns of one side that are told apart, counted or weighed.
    fn take_values(&self, side: &mut Side, at: usize, draft: &Draft<'_>, needs: Needs, hashes: &mut Hashes) {
        for asked in self.sides[at].each.iter().filter(|asked| needs.is_taken(asked.column)) {
            let column = asked.column;
            let Some(value) = hashes.of(column, draft.get(column)) else { continue };
            if asked.told_apart && needs.value(column) {
                let sum = mix(value, column.0 as u64 + 1);
                side.exact = side.exact.wrapping_add(sum);
                if self.wide & (1 << column.0) == 0 {
                    side.coarse = side.coarse.wrapping_add(sum);
                }
            }
            if let Some(at) = asked.counted.filter(|_| needs.counted(column)) {
                side.counted[at] = value;
            }
            if let Some(at) = asked.weighed.filter(|_| needs.weighed(column)) {
                side.weighed[at] = value;
            }
        }
    }

    /// Adds a record of one event; of a rare one, without the values that are given up.
    fn push(&mut self, draft: &Draft<'_>, side: &Side, place: Place<'_>, needs: Needs, rare: bool) -> u32 {
        let longest = if self.demand.everything { usize::MAX } else { EXAMPLE };
        let value = |column: Column| match draft.get(column) {
            value if !(rare && is_given_up(column, self.wide, needs)) => Some((column, value)),
            value => (self.telling == Some(column) && value != Given::Missing).then_some((column, GIVEN_UP)),
        };
        let columns = (0..self.demand.table.fields.len()).map(Column).filter(|column| self.demand.wants(*column));
        self.scratch.clear();
        Cells::write(&mut self.scratch, columns.filter_map(value), longest);
        let cells = Cells(self.scratch.as_str().into());
        let mut row = Row {
            exact: side.exact,
            coarse: side.coarse,
            needs: self.shared(needs),
            given_up: rare,
            count: place.times,
            several: false,
            source: place.source,
            time: place.time,
            until: place.time.unwrap_or_default(),
            earliest: self.earliest_of(draft),
            last: place.source,
            line: place.line.into(),
            last_line: String::new(),
            cells,
            ripe: rare,
            distinct: Vec::new(),
            weighed: Vec::new(),
        };
        if rare {
            let counted = self.demand.distinct.iter().zip(side.counted).filter(|(_, value)| *value != 0);
            counted.for_each(|(column, value)| _ = row.count(*column, value));
            row.weigh(&self.demand, side, draft, place.times);
            self.held += row.held();
        }
        self.rows.push(row);
        self.rows.len() as u32 - 1
    }

    /// What is asked of a record, kept once for all of which as much is asked.
    fn shared(&mut self, needs: Needs) -> Arc<Needs> {
        if let Some(known) = self.needs.iter().find(|known| ***known == needs) {
            return Arc::clone(known);
        }
        self.needs.push(Arc::new(needs));
        Arc::clone(&self.needs[self.needs.len() - 1])
    }

    /// Sees to it that there are not too many records, unless each is wanted.
    fn keep_within_limits(&mut self) {
        if (self.rows.len() > self.limits.0 || self.held > self.limits.1) && !self.demand.everything {
            self.widen();
        }
    }

    /// Counts distinct values less exactly, takes wider spans, and gives up rare values, until the records are few enough.
    fn widen(&mut self) {
        let mut tightened = false;
        let mut at_last = self.spared == 0;
        loop {
            if self.held > self.limits.1 / 2 {
                self.estimate();
            }
            let much = self.held > self.limits.1 / 2;
            match self.span {
                None => {
                    self.span = Some(0);
                    self.merge();
                }
                Some(_) if !much && self.rows.len() <= self.limits.0 / 2 => return,
                // Some memory more rather than times less exact.
                Some(_) if much && self.limits.1 < MOST_HELD => self.limits.1 = (self.limits.1 * 2).min(MOST_HELD),
                Some(span) if span < FINE => {
                    self.span = Some(span + 1);
                    self.merge();
                }
                Some(_) if !tightened => {
                    tightened = true;
                    self.give_up_rare_ones(self.spared);
                }
                Some(span) if span + 1 < SPANS.len() => {
                    self.span = Some(span + 1);
                    self.merge();
                }
                Some(_) if !at_last => {
                    at_last = true;
                    self.give_up_rare_ones(0);
                }
                Some(_) => {
                    // What is asked takes that many: from here on it grows by what the questions name.
                    self.limits = (self.limits.0.max(self.rows.len() * 2), self.limits.1.max(self.held * 2));
                    return;
                }
            }
        }
    }

    /// Estimates how many distinct values there are where that saves memory.
    fn estimate(&mut self) {
        self.rows.iter_mut().flat_map(|row| &mut row.distinct).for_each(|(_, set)| set.estimate());
        self.held = self.rows.iter().map(Row::held).sum();
    }

    /// Puts records together that have become equal.
    fn merge(&mut self) {
        let Some(span) = self.span else { return };
        self.index.clear();
        let mut kept = 0;
        for at in 0..self.rows.len() {
            let (before, rest) = self.rows.split_at_mut(at);
            let row = &mut rest[0];
            match self.index.entry(key(row.form(), row.time, span)) {
                Entry::Occupied(known) => before[*known.get() as usize].absorb(row, &self.demand),
                Entry::Vacant(new) => {
                    if row.given_up && !row.ripe {
                        row.ripen(&self.demand);
                        let (wide, needs) = (self.wide, *row.needs);
                        row.cells.remove(|column| is_given_up(column, wide, needs), self.telling);
                    }
                    new.insert(kept as u32);
                    self.rows.swap(kept, at);
                    kept += 1;
                }
            }
        }
        self.rows.truncate(kept);
        self.held = self.rows.iter().map(Row::held).sum();
    }

    /// Keeps the records of most events; the others lose the values that make them many, but for the columns in `spared`.
    fn give_up_rare_ones(&mut self, spared: u64) {
        let narrow = self.wide;
        let told_apart = self.demand.values.iter().fold(0, |columns, column| columns | (1u64 << column.0));
        let mut seen: Vec<FxHashSet<u64>> = vec![FxHashSet::default(); COLUMNS];
        for (column, value) in self.rows.iter().flat_map(|row| row.cells.iter()) {
            let seen = &mut seen[column.0];
            if (told_apart & !self.wide & !spared) & (1 << column.0) != 0 && seen.len() <= WIDE {
                seen.extend(hash_of(value));
            }
        }
        for (at, _) in seen.iter().enumerate().filter(|(_, seen)| seen.len() > WIDE) {
            self.wide |= 1 << at;
        }
        if self.wide != narrow {
            self.generation += 1;
        }
        let mut counts: Vec<u64> = self.rows.iter().filter(|row| !row.given_up).map(|row| row.count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let enough = counts.get(self.limits.0 / 4).copied().unwrap_or_default();
        // What is rarer than half of what is kept would not be kept either.
        let (fewest, most) = Seen::OFTEN;
        self.seen.often = u8::try_from(enough / 2).unwrap_or(most).clamp(self.seen.often.max(fewest), most);
        let mut kept = 0;
        for row in &mut self.rows {
            if !row.given_up && row.count > enough && kept < self.limits.0 / 4 {
                kept += 1;
                continue;
            }
            row.give_up(self.wide, self.telling);
        }
        self.crowded = true;
        self.merge();
    }
}

fn key(form: u64, time: Option<Time>, span: usize) -> u64 {
    mix(form, number_of(time, span))
}

/// The number of the span of this length in which a time is.
fn number_of(time: Option<Time>, span: usize) -> u64 {
    time.map_or(u64::MAX, |time| time.seconds().div_euclid(SPANS[span]) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleSet;
    use crate::tables::{Citation, Value, arrivals, failures};

    #[test]
    fn however_many_values_there_are_records_stay_few_and_every_event_is_counted() {
        let leading = [arrivals::origin, arrivals::sasl_username];
        let mut digest = Digest::new(Demand::of(&[], [&arrivals::TABLE]).map(Arc::new)[0].clone(), &leading);
        let events = 30_000;
        let mut flood = 0;
        for number in 0..events {
            // Everything differs from event to event, but for a flood that begins late.
            let (mut user, mut client) = (format!("user{number}"), format!("192.0.{}.{}", number / 250, number % 250));
            if number > events / 2 && number % 10 == 0 {
                flood += 1;
                (user, client) = ("flood".to_owned(), "198.51.100.7".to_owned());
            }
            let sender = format!("{number}@example.com");
            let mut draft = Draft::default();
            draft.set(arrivals::origin, "sasl");
            draft.set(arrivals::sasl_username, &*user);
            draft.set(arrivals::client_ip, &*client);
            draft.set(arrivals::sender, &*sender);
            let time = Some(Time::from_seconds(1_790_000_000 + number / 5));
            let place = Place { source: Citation { file: 0, line: number as u32 }, line: "", time, times: 1 };
            let lead = digest.lead(number as u64, |digest| digest.leading(&draft));
            if let Some(wanted) = digest.note(&lead, &draft, place) {
                digest.show(&wanted, &lead, &draft, place);
            }
            assert!(digest.rows.len() <= 2 * RECORDS);
        }
        assert_eq!(digest.coarse(), Some("arrivals"));
        let mut names = Names::default();
        let records = digest.finish(&mut names, &mut KeptLines::default());
        assert_eq!(records.iter().map(|record| record.count).sum::<u64>(), events as u64);
        let user = Value::Text(names.intern("flood"));
        let told: u64 =
            records.iter().filter(|record| record.get(arrivals::sasl_username) == user).map(|record| record.count).sum();
        // What repeats is told apart all the same.
        assert!((flood - 10..=flood).contains(&told), "{told} of {flood}");
    }

    #[test]
    fn of_too_many_distinct_values_the_number_is_estimated_and_times_stay() {
        let demand = Demand::of(&RuleSet::built_in().rules, [&arrivals::TABLE]).map(Arc::new)[0].clone();
        let mut digest = Digest::new(demand, &[arrivals::origin, arrivals::sasl_username]);
        let (hours, each) = (40, 2_000);
        for number in 0..hours * each {
            let client = format!("192.0.{}.{}", number % each / 250, number % 250);
            let mut draft = Draft::default();
            draft.set(arrivals::origin, "sasl");
            draft.set(arrivals::sasl_username, if number % 2 == 0 { "joe" } else { "ann" });
            draft.set(arrivals::client_ip, &*client);
            let time = Some(Time::from_seconds(1_790_000_000 + number * 3_600 / each));
            let place = Place { source: Citation { file: 0, line: number as u32 }, line: "", time, times: 1 };
            let lead = digest.lead((number % 2) as u64, |digest| digest.leading(&draft));
            if let Some(wanted) = digest.note(&lead, &draft, place) {
                digest.show(&wanted, &lead, &draft, place);
            }
            assert!(digest.held <= MOST_HELD && digest.rows.len() <= 2 * RECORDS);
        }
        assert!(digest.span.is_some_and(|span| SPANS[span] <= 3600), "{:?}", digest.span);
        let clients =
            |row: &Row| row.distinct.iter().find(|(column, _)| *column == arrivals::client_ip).map(|(_, set)| set.len());
        let of_an_hour = digest.rows.iter().filter_map(clients).max();
        assert!(of_an_hour.is_some_and(|clients| (940..=1060).contains(&clients)), "{of_an_hour:?}");
    }

    #[test]
    fn a_reason_that_is_given_up_is_not_taken_for_none() {
        let demand = Demand::of(&RuleSet::built_in().rules, [&failures::TABLE]).map(Arc::new)[0].clone();
        let mut digest = Digest::new(demand, &[failures::outcome]).sparing(1_000, &[]);
        for number in 0..20_000 {
            let reason = format!("450 4.7.1 policy word{number}x says wait");
            let mut draft = Draft::default();
            draft.set(failures::outcome, "waiting");
            draft.set(failures::queue, "deferred");
            // Every tenth was not tried yet.
            draft.set(failures::reason, (number % 10 > 0).then_some(&*reason));
            let time = Some(Time::from_seconds(1_790_000_000 + number));
            let place = Place { source: Citation { file: 0, line: number as u32 }, line: "", time, times: 1 };
            let lead = digest.lead(0, |digest| digest.leading(&draft));
            if let Some(wanted) = digest.note(&lead, &draft, place) {
                digest.show(&wanted, &lead, &draft, place);
            }
        }
        let untried = |row: &&Row| !row.cells.iter().any(|(column, _)| column == failures::reason);
        assert!(digest.crowded && digest.rows.len() <= 1_001);
        assert_eq!(digest.rows.iter().filter(untried).map(|row| row.count).sum::<u64>(), 2_000);
    }

    #[test]
    fn columns_that_are_spared_are_given_up_when_nothing_else_helps() {
        let demand = Demand::of(&RuleSet::built_in().rules, [&failures::TABLE]).map(Arc::new)[0].clone();
        let mut digest = Digest::new(demand, &[failures::recipient_domain]).sparing(1_000, &[failures::recipient_domain]);
        for (domains, spared) in [(200, true), (20_000, false)] {
            for number in 0..20_000 {
                let (domain, sender) = (format!("d{}.example", number % domains), format!("{number}@a.example"));
                let mut draft = Draft::default();
                draft.set(failures::outcome, "waiting");
                draft.set(failures::recipient_domain, &*domain);
                draft.set(failures::sender, &*sender);
                let time = Some(Time::from_seconds(1_790_000_000 + number));
                let place = Place { source: Citation { file: 0, line: number as u32 }, line: "", time, times: 1 };
                let lead = digest.lead((number % domains) as u64, |digest| digest.leading(&draft));
                if let Some(wanted) = digest.note(&lead, &draft, place) {
                    digest.show(&wanted, &lead, &draft, place);
                }
                assert!(digest.rows.len() <= 1_001, "{number}: {}", digest.rows.len());
            }
            let domain = |row: &Row| row.cells.iter().any(|(column, _)| column == failures::recipient_domain);
            assert_eq!(digest.rows.iter().all(domain), spared, "{domains} domains");
        }
    }
}
