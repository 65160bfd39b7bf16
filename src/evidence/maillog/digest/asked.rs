//! What is asked of the columns of an event, and what their values come to.

use crate::distinct::mix;
use crate::rules::demand::{DISTINCT, Demand, TestBits, WEIGHED};
use crate::rules::lazy::Together;
use crate::tables::{Column, Given};
use std::cell::RefCell;

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

    /// Notes which tests of a column hold.
    pub(super) fn tests(&mut self, column: Column, held: TestBits) {
        if held != 0 {
            let sum = mix(mix((held >> 64) as u64, held as u64), 0x7e57 + column.0 as u64);
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
    /// Its tests.
    pub(super) tests: TestBits,
    /// Those that are expressions, all tried at once: which tests, and whether what they say is denied.
    pub(super) expressions: (Together, Vec<(usize, bool)>),
    /// Its place among the columns of which the distinct values are counted.
    pub(super) counted: Option<usize>,
    /// Its place among those that are weighed.
    pub(super) weighed: Option<usize>,
    /// Which of its tests hold of an event without a value.
    pub(super) missing: TestBits,
    /// Which hold for the texts of late.
    pub(super) held: Held,
}

/// Which tests hold for which texts, by their hashes: each has one place, which the next one takes.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) places: RefCell<Vec<(u64, TestBits)>>,
    /// How many places there are, once there is a text.
    pub(super) room: usize,
}

impl Held {
    /// Room for the texts of late where asking them anew is dear, and otherwise.
    pub(super) const ROOM: (usize, usize) = (1 << 12, 1 << 6);

    pub(super) fn of(&self, text: u64, test: impl FnOnce() -> TestBits) -> TestBits {
        let mut places = self.places.borrow_mut();
        if places.is_empty() {
            // Memory that the system hands out as zeros costs nothing until it is used.
            *places = vec![(0, 0); self.room];
        }
        let place = &mut places[text as usize % self.room];
        if place.0 != text {
            *place = (text, test());
        }
        place.1
    }
}

impl AskedColumn {
    /// None if nothing is asked of it.
    pub(super) fn new(demand: &Demand, column: Column) -> Option<AskedColumn> {
        let own = |test: &usize| demand.tests[*test].column == column;
        let tests = (0..demand.tests.len()).filter(own).fold(0, |tests: TestBits, test| tests | (1 << test));
        let told_apart = demand.values.contains(&column);
        let counted = demand.distinct.iter().position(|known| *known == column);
        let weighed = demand.weighed.iter().position(|known| *known == column);
        let dear = |test: usize| demand.tests[test].matcher.is_dear();
        let room = if bits(tests).any(dear) { Held::ROOM.0 } else { Held::ROOM.1 };
        let held = Held { places: RefCell::default(), room };
        let expression = |test: usize| Some((test, demand.tests[test].matcher.expression()?));
        let (tried, expressions) =
            bits(tests).filter_map(expression).map(|(test, (regex, denied))| ((test, denied), regex)).unzip();
        let asked = told_apart || tests != 0 || counted.is_some() || weighed.is_some();
        let expressions = (Together::new(expressions), tried);
        let mut asked =
            asked.then_some(AskedColumn { column, told_apart, tests, expressions, counted, weighed, missing: 0, held })?;
        asked.missing = asked.tests_held(demand, Given::Missing, tests);
        Some(asked)
    }

    /// Which of `tests` hold.
    pub(super) fn tests_held(&self, demand: &Demand, given: Given<'_>, tests: TestBits) -> TestBits {
        let (mut held, mut rest) = (0, tests);
        let (expressions, tried) = &self.expressions;
        if let Given::Text(text) = given
            && !tried.is_empty()
            && let Some(matched) = expressions.which(text)
        {
            for (at, (test, denied)) in tried.iter().enumerate() {
                let matches = matched >> at & 1 != 0;
                held |= TestBits::from(matches != *denied) << test;
                rest &= !(1 << test);
            }
        }
        bits(rest).filter(|test| demand.tests[*test].matcher.holds(given)).fold(held & tests, |held, test| held | (1 << test))
    }
}

/// The places of the bits that are set.
pub(super) fn bits(mut set: TestBits) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(at)
    })
}
