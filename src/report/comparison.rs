//! The view model of a comparison of snapshots, as [`super::view`] is that of a report.

use super::phrases::Said;
use super::view::{Verdict, Word};
use crate::time::Time;
use serde::Serialize;

/// What became of the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The causes are gone and the backlog was delivered.
    Recovered,
    /// The causes are gone or the backlog is being delivered.
    Improving,
    /// Neither better nor worse.
    Unchanged,
    /// More waits, or there is a new cause.
    Worse,
    /// The queue is empty because messages were deleted, not because they were delivered.
    Emptied,
    /// Nothing was wrong in either.
    Healthy,
    /// The evidence does not tell.
    Unclear,
}

/// The comparison; JSON output is this model itself (`postdoc.compare/1`).
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Always `postdoc.compare/1`.
    pub schema: &'static str,
    /// What became of the trouble.
    pub outcome: Outcome,
    /// One sentence.
    pub headline: Said,
    /// What must be known to read the comparison: two servers, no log in between, ...
    pub cautions: Vec<Said>,
    /// Host name.
    pub host: Option<String>,
    /// The snapshots in order.
    pub snapshots: Vec<Point>,
    /// What passed through the queue from the first snapshot to the last.
    pub flow: Option<Flow>,
    /// Waiting messages by age, first and last.
    pub ages: Vec<AgeChange>,
    /// When the backlog is gone.
    pub forecast: Forecast,
    /// Each cause of any of the two.
    pub causes: Vec<CauseChange>,
    /// Settings and DNS answers that changed.
    pub changes: Vec<Change>,
    /// What would still bite.
    pub still: Vec<Said>,
}

/// One snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Path as given.
    pub path: String,
    /// When it was taken.
    pub at: Option<Time>,
    /// Its verdict.
    pub verdict: Verdict,
    /// Its headline.
    pub headline: String,
    /// Waiting messages.
    pub messages: u64,
    /// Waiting recipients.
    pub recipients: u64,
    /// Age of the oldest waiting message in seconds.
    pub oldest: Option<f64>,
    /// Rates before it, over at most an hour and not before the snapshot before it; none without a log.
    pub rates: Option<Rates>,
}

/// Events an hour.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rates {
    /// Seconds over which they were measured.
    pub over: f64,
    /// Messages that entered the queue.
    pub arrived: f64,
    /// Messages that the queue manager removed.
    pub drained: f64,
    /// Recipients delivered.
    pub delivered: f64,
    /// Attempts deferred.
    pub deferred: f64,
}

/// What passed through the queue.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Flow {
    /// From.
    pub from: Time,
    /// To.
    pub to: Time,
    /// Messages that entered.
    pub arrived: u64,
    /// Messages delivered or returned.
    pub left: u64,
    /// Messages deleted with postsuper(1).
    pub deleted: u64,
    /// Messages that are gone without any line in the log.
    pub vanished: u64,
    /// Recipients delivered.
    pub delivered: u64,
    /// Recipients bounced.
    pub bounced: u64,
}

/// Messages of an age, first and last.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AgeChange {
    /// Minutes, inclusive.
    pub from_minutes: u32,
    /// Minutes, exclusive; none for the last.
    pub to_minutes: Option<u32>,
    /// In the first snapshot.
    pub before: u64,
    /// In the last.
    pub after: u64,
}

/// When the backlog is gone.
#[derive(Debug, Clone, Serialize)]
pub struct Forecast {
    /// The moment, if it can be told.
    pub empty_at: Option<Time>,
    /// Messages an hour by which it falls.
    pub per_hour: Option<f64>,
    /// How that is known, or why it is not.
    pub because: Said,
}

/// A cause, before and after.
#[derive(Debug, Clone, Serialize)]
pub struct CauseChange {
    /// Rule id.
    pub rule: String,
    /// Its title in the latest snapshot that has it.
    pub title: String,
    /// resolved, not-proven, improving, unchanged, worse, new.
    pub state: &'static str,
    /// Why.
    pub says: Said,
    /// Before: role, confidence and recipients that it accounted for.
    pub before: Option<CauseAt>,
    /// After.
    pub after: Option<CauseAt>,
}

/// A cause in one snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct CauseAt {
    /// Role.
    pub role: Word,
    /// Confidence.
    pub confidence: Word,
    /// Waiting recipients that it accounts for.
    pub waiting: u64,
    /// Bounced recipients that it accounts for.
    pub bounced: u64,
}

/// Something that is not as it was.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// setting or dns.
    pub what: &'static str,
    /// Parameter, or type and name asked.
    pub name: String,
    /// Before; none if it was not set or not asked.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
}
