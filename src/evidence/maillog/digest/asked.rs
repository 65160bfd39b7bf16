//! What is asked of the columns of an event, and what their values come to.

use super::facts::Tests;
use crate::distinct::mix;
use crate::rules::demand::{DISTINCT, Demand, TestBits, WEIGHED};
use crate::tables::Column;

/// What some columns of an event come to: a sum of hashes of what is told apart, with and without the values that may be
/// given up, and the hashes of the values that are counted and weighed; of what is not, 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Side {
    pub(super) exact: u64,
    pub(super) coarse: u64,
    pub(super) counted: [u64; DISTINCT],
    pub(super) weighed: [u64; WEIGHED],
}

impl Side {
    /// The columns that are weighed, and the hashes of their values.
    pub(super) fn weighed(&self, demand: &Demand) -> impl Iterator<Item = (Column, u64)> {
        demand.weighed.iter().copied().zip(self.weighed).filter(|(_, value)| *value != 0)
    }

    /// Notes which tests of one side's columns hold.
    pub(super) fn tests(&mut self, at: usize, held: TestBits) {
        if held != 0 {
            let sum = mix(mix((held >> 64) as u64, held as u64), 0x7e57 + at as u64);
            self.exact = self.exact.wrapping_add(sum);
            self.coarse = self.coarse.wrapping_add(sum);
        }
    }
}

/// What is asked of the columns of one side.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) columns: u64,
    pub(super) each: Vec<AskedColumn>,
}

/// What is asked of one column.
#[derive(Debug)]
pub(super) struct AskedColumn {
    pub(super) column: Column,
    /// Whether some question tells its values apart.
    pub(super) told_apart: bool,
    pub(super) tests: Tests,
    /// Its place among the columns of which the distinct values are counted.
    pub(super) counted: Option<usize>,
    /// Its place among those that are weighed.
    pub(super) weighed: Option<usize>,
}

impl AskedColumn {
    /// None if nothing is asked of it.
    pub(super) fn new(demand: &Demand, column: Column) -> Option<AskedColumn> {
        let tests = Tests::of(demand, column);
        let told_apart = demand.values.contains(&column);
        let counted = demand.distinct.iter().position(|known| *known == column);
        let weighed = demand.weighed.iter().position(|known| *known == column);
        let asked = told_apart || tests.all != 0 || counted.is_some() || weighed.is_some();
        asked.then_some(AskedColumn { column, told_apart, tests, counted, weighed })
    }

    /// Whether its values are counted or weighed.
    pub(super) fn is_kept(&self) -> bool {
        self.counted.is_some() || self.weighed.is_some()
    }
}
