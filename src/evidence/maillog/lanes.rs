//! The fold in lanes: each message is folded in one of them, and what belongs to no message in the one of its form, so that lanes
//! need not wait for one another. Their number is fixed, and what each holds depends on the log alone: the result is the same
//! for any number of threads.

use super::LANES;
use super::backlog::Waiting;
use super::fold::{Asked, Fold};
use super::told::Forms;
use super::traffic::Traffic;
use crate::tables::{Tables, queue};
use crate::time::Time;

/// The fold over all log lines.
#[derive(Debug)]
pub struct Lanes<'r> {
    /// What is counted of the lines themselves.
    pub traffic: Traffic,
    /// One fold a lane.
    pub(super) folds: Vec<Fold<'r>>,
}

impl<'r> Lanes<'r> {
    /// Nothing read yet.
    pub fn new(asked: &Asked<'r>, tables: &Tables) -> Lanes<'r> {
        let listing = tables.is_collected(&queue::TABLE);
        let folds = (0..LANES).map(|_| Fold::new(asked, listing));
        Lanes { traffic: Traffic::default(), folds: folds.collect() }
    }

    /// By what events are recognised.
    pub fn forms(&self) -> Forms {
        self.folds.first().map(Fold::forms).unwrap_or_default()
    }

    /// Ends the fold: what is open waits, and with the queue listing becomes the table `failures`.
    pub fn finish(self, tables: &mut Tables, end: Option<Time>) -> (Traffic, Waiting) {
        let mut folds = self.folds.into_iter();
        let Some(mut whole) = folds.next() else { return (self.traffic, Waiting::default()) };
        folds.for_each(|fold| whole.absorb(fold));
        let (mut traffic, waiting) = whole.finish(tables, end);
        traffic.of_lines(self.traffic);
        (traffic, waiting)
    }
}
