//! A record under way: one event, or the count of those that are equal in all that is asked of them.

use super::asked::Side;
use super::cells::{Cells, GIVEN_UP};
use super::draft::{Draft, EXAMPLE, cut, hash_of};
use crate::distinct::{Distinct, mix};
use crate::rules::demand::{Demand, Needs};
use crate::tables::{Citation, Column, Given};
use crate::time::Time;
use std::sync::Arc;

/// One record under way.
#[derive(Debug)]
pub(super) struct Row {
    /// What it comes to, with and without the values that may be given up.
    pub(super) exact: u64,
    pub(super) coarse: u64,
    pub(super) needs: Arc<Needs>,
    /// Whether its rare values were given up.
    pub(super) given_up: bool,
    pub(super) count: u64,
    /// Whether it stands for more than one event.
    pub(super) several: bool,
    pub(super) source: Citation,
    pub(super) time: Option<Time>,
    pub(super) until: Time,
    /// The least value of the column of which that is asked.
    pub(super) earliest: Option<Time>,
    pub(super) last: Citation,
    /// The lines of the first and the last event, where they are kept.
    pub(super) line: Box<str>,
    pub(super) last_line: String,
    pub(super) cells: Cells,
    /// Whether what is counted and weighed stands below; of a single event it follows from its cells, which then are all there.
    pub(super) ripe: bool,
    pub(super) distinct: Vec<(Column, Distinct)>,
    pub(super) weighed: Vec<Tally>,
}

impl Row {
    /// Counts and weighs the values of its event, if it is the only one so far; how many values that holds.
    pub(super) fn ripen(&mut self, demand: &Demand) -> usize {
        if self.ripe || demand.everything {
            return 0;
        }
        self.ripe = true;
        let cells = std::mem::take(&mut self.cells);
        self.take_values(&cells, *self.needs, self.count, demand);
        self.cells = cells;
        self.held()
    }

    /// Counts and weighs the values of an event, as often as it was.
    fn take_values(&mut self, cells: &Cells, needs: Needs, times: u64, demand: &Demand) {
        for (column, value) in cells.iter() {
            let counted = needs.counted(column) && demand.distinct.contains(&column);
            let weighed = needs.weighed(column) && demand.weighed.contains(&column);
            if !counted && !weighed {
                continue;
            }
            let Some(hashed) = hash_of(value) else { continue };
            if counted {
                self.count(column, hashed);
            }
            if let (Given::Text(text), true) = (value, weighed) {
                self.tally(column).add(hashed, times, || text.into());
            }
        }
    }

    /// What it stands for, without its time.
    pub(super) fn form(&self) -> u64 {
        if self.given_up { mix(self.coarse, 1) } else { self.exact }
    }

    /// Gives up the values of these columns; those of a single event stay in its cells until it is known whether it becomes part
    /// of another record.
    pub(super) fn give_up(&mut self, wide: u64, telling: Option<Column>) {
        let needs = *self.needs;
        let mut coarse = if self.given_up { self.coarse } else { self.exact };
        for (column, value) in self.cells.iter().filter(|(column, _)| is_given_up(*column, wide, needs)) {
            if let Some(hashed) = hash_of(value).filter(|_| value != GIVEN_UP) {
                coarse = coarse.wrapping_sub(mix(hashed, column.0 as u64 + 1));
            }
        }
        self.coarse = coarse;
        self.given_up = true;
        if self.ripe {
            self.cells.remove(|column| is_given_up(column, wide, needs), telling);
        }
    }

    /// Values that it holds to count distinct ones.
    pub(super) fn held(&self) -> usize {
        self.distinct.iter().map(|(_, set)| set.held()).sum()
    }

    /// Counts a value of a column of which the distinct ones are counted; by how much more is held.
    pub(super) fn count(&mut self, column: Column, value: u64) -> isize {
        let at = self.distinct.iter().position(|(known, _)| *known == column).unwrap_or_else(|| {
            self.distinct.push((column, Distinct::default()));
            self.distinct.len() - 1
        });
        let set = &mut self.distinct[at].1;
        let before = set.held();
        set.add(value);
        set.held() as isize - before as isize
    }

    /// Weighs the values that are not weighed yet, as long as there are few.
    pub(super) fn weigh(&mut self, demand: &Demand, side: &Side, draft: &Draft<'_>, times: u64) {
        for (column, value) in side.weighed(demand) {
            let Given::Text(text) = draft.get(column) else { continue };
            let tally = self.tally(column);
            if tally.values.len() < VALUES && tally.count_of(value).is_none() {
                tally.push(value, times, cut(text, EXAMPLE).into());
            }
        }
    }

    /// The commonest values of a column.
    pub(super) fn tally(&mut self, column: Column) -> &mut Tally {
        let at = self.weighed.iter().position(|tally| tally.column == column).unwrap_or_else(|| {
            self.weighed.push(Tally { column, marks: 0, values: Vec::new() });
            self.weighed.len() - 1
        });
        &mut self.weighed[at]
    }

    /// Adds the events of `other`, whose first event is the later one, and which is of no use any more.
    pub(super) fn absorb(&mut self, other: &mut Row, demand: &Demand) {
        self.ripen(demand);
        self.count += other.count;
        self.several = true;
        self.earliest = [self.earliest, other.earliest].into_iter().flatten().min();
        if other.until >= self.until {
            self.until = other.until;
            self.last = other.last;
            self.last_line =
                if other.several { std::mem::take(&mut other.last_line) } else { std::mem::take(&mut other.line).into() };
        }
        if !other.ripe {
            self.take_values(&other.cells, *other.needs, other.count, demand);
            self.weighed.iter_mut().for_each(Tally::settle);
            return;
        }
        for (column, mut values) in std::mem::take(&mut other.distinct) {
            match self.distinct.iter_mut().find(|(known, _)| *known == column) {
                Some((_, set)) => {
                    if values.held() > set.held() {
                        std::mem::swap(set, &mut values);
                    }
                    set.merge(&values);
                }
                None => self.distinct.push((column, values)),
            }
        }
        for Tally { column, values, .. } in std::mem::take(&mut other.weighed) {
            let tally = self.tally(column);
            for (value, count, text) in values {
                tally.add(value, count, || text);
            }
            tally.settle();
        }
    }
}

/// The commonest values of a column.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) column: Column,
    /// A bit for each of the values: most that are looked for have none here.
    marks: u64,
    pub(super) values: Vec<(u64, u64, Box<str>)>,
}

/// Values of a column of one record that are weighed; later ones are not.
pub(super) const VALUES: usize = 8;

impl Tally {
    /// How often a value was, if it is weighed.
    pub(super) fn count_of(&mut self, value: u64) -> Option<&mut u64> {
        if self.marks >> (value % 64) & 1 == 0 {
            return None;
        }
        self.values.iter_mut().find(|(known, _, _)| *known == value).map(|(_, count, _)| count)
    }

    fn push(&mut self, value: u64, times: u64, text: Box<str>) {
        self.marks |= 1 << (value % 64);
        self.values.push((value, times, text));
    }

    /// Weighs a value; see [`Tally::settle`].
    pub(super) fn add(&mut self, value: u64, times: u64, text: impl FnOnce() -> Box<str>) {
        match self.count_of(value) {
            Some(known) => *known += times,
            None => self.push(value, times, text()),
        }
    }

    /// Gives up the rarest, if there are too many.
    pub(super) fn settle(&mut self) {
        if self.values.len() > VALUES {
            self.values.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
            self.values.truncate(VALUES);
            self.marks = self.values.iter().fold(0, |marks, (value, _, _)| marks | 1 << (value % 64));
        }
    }
}

/// Whether the value of a column is given up in a rare record of which so much is asked.
pub(super) fn is_given_up(column: Column, wide: u64, needs: Needs) -> bool {
    wide & (1 << column.0) != 0 && needs.value(column)
}
