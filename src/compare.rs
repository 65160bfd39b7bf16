//! Is it fixed? Compares two or more snapshots of one server, each a JSON report (`postdoc.report/1`) or a bundle that was
//! analysed to one.
//!
//! What left the queue is told apart by the log between the snapshots: messages that the queue manager removed were
//! delivered or returned, messages that postsuper(1) removed were deleted, and what left without a line vanished. So an
//! emptied queue is not taken for a repaired one.

use crate::diagnose::words::{duration, percent, thousands};
use crate::report::view::Report;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a comparison needs of a report.
#[derive(Debug, Clone, Deserialize)]
pub struct Snapshot {
    schema: String,
    verdict: String,
    headline: String,
    host: Option<String>,
    collected_at: Option<String>,
    key: Key,
    causes: Vec<Cause>,
    rules: Vec<RuleRow>,
    queue: Queue,
    timeline: Option<Timeline>,
    #[serde(default)]
    state: State,
    /// Path of the bundle or report, as given.
    #[serde(skip)]
    pub path: String,
    #[serde(skip)]
    at: Option<Time>,
}

#[derive(Debug, Clone, Deserialize)]
struct Key {
    deadline: Option<Deadline>,
}

#[derive(Debug, Clone, Deserialize)]
struct Deadline {
    time: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Cause {
    rule: String,
    title: String,
    role: String,
    confidence: String,
    accounts_for: AccountsFor,
}

#[derive(Debug, Clone, Deserialize)]
struct AccountsFor {
    waiting: u64,
    bounced: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct RuleRow {
    id: String,
    result: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Queue {
    waiting_messages: u64,
    waiting_recipients: u64,
    oldest: Option<String>,
    ages: Vec<Age>,
    #[serde(default)]
    by_queue: Vec<Count>,
}

#[derive(Debug, Clone, Deserialize)]
struct Age {
    from_minutes: u32,
    to_minutes: Option<u32>,
    messages: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Count {
    name: String,
    count: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Timeline {
    from: String,
    column: u32,
    lanes: Vec<Lane>,
    #[serde(default)]
    messages: Option<MessageFlow>,
}

#[derive(Debug, Clone, Deserialize)]
struct Lane {
    name: String,
    counts: Vec<u64>,
}

#[derive(Debug, Clone, Deserialize)]
struct MessageFlow {
    arrived: Vec<u64>,
    left: Vec<u64>,
    deleted: Vec<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct State {
    settings: Option<BTreeMap<String, String>>,
    #[serde(default)]
    dns: BTreeMap<String, Vec<String>>,
}

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
    pub headline: String,
    /// What must be known to read the comparison: two servers, no log in between, ...
    pub cautions: Vec<String>,
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
    pub still: Vec<String>,
}

/// One snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Path as given.
    pub path: String,
    /// When it was taken.
    pub at: Option<Time>,
    /// Its verdict.
    pub verdict: String,
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
    pub because: String,
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
    pub says: String,
    /// Before: role, confidence and recipients that it accounted for.
    pub before: Option<CauseAt>,
    /// After.
    pub after: Option<CauseAt>,
}

/// A cause in one snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct CauseAt {
    /// Role.
    pub role: String,
    /// Confidence.
    pub confidence: String,
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

impl Snapshot {
    /// Reads a JSON report.
    ///
    /// # Errors
    /// In one sentence, if it is none.
    pub fn of_json(text: &str, path: &str) -> Result<Snapshot, String> {
        let mut snapshot: Snapshot =
            serde_json::from_str(text).map_err(|error| format!("{path}: no JSON report of postdoc: {error}"))?;
        if snapshot.schema != "postdoc.report/1" {
            return Err(format!("{path}: its schema is `{}`; postdoc.report/1 is expected", snapshot.schema));
        }
        snapshot.path = path.to_owned();
        snapshot.at = snapshot.collected_at.as_deref().and_then(time);
        Ok(snapshot)
    }

    /// Of a report that was just made.
    ///
    /// # Panics
    /// Never: a report always serialises, and what it serialises to is what is read here.
    pub fn of_report(report: &Report, path: &str) -> Snapshot {
        let text = serde_json::to_string(report).expect("a report serialises");
        Snapshot::of_json(&text, path).expect("a report reads as it was written")
    }

    fn is_trouble(&self) -> bool {
        self.causes.iter().any(Cause::is_trouble)
    }

    /// What happened between two moments; none if the log does not reach back to the first.
    fn between(&self, from: Time, to: Time) -> Option<Sums> {
        let timeline = self.timeline.as_ref()?;
        let messages = timeline.messages.as_ref()?;
        let column = f64::from(timeline.column);
        let start = time(&timeline.from)?;
        // Half a column is what the resolution cannot tell.
        if start.since(from) > column / 2.0 {
            return None;
        }
        let sum = |counts: &[u64]| {
            let parts = counts.iter().enumerate().map(|(at, count)| {
                let begins = start.plus(at as f64 * column);
                let overlap = to.since(begins).min(column) - from.since(begins).max(0.0);
                *count as f64 * (overlap / column).clamp(0.0, 1.0)
            });
            parts.sum::<f64>()
        };
        let lane = |name: &str| timeline.lanes.iter().find(|lane| lane.name == name).map_or(0.0, |lane| sum(&lane.counts));
        Some(Sums {
            arrived: sum(&messages.arrived),
            left: sum(&messages.left),
            deleted: sum(&messages.deleted),
            delivered: lane("delivered"),
            deferred: lane("deferred"),
            bounced: lane("bounced"),
        })
    }
}

impl Cause {
    fn is_trouble(&self) -> bool {
        matches!(self.role.as_str(), "root-cause" | "contributing")
    }

    fn at(&self) -> CauseAt {
        CauseAt {
            role: self.role.clone(),
            confidence: self.confidence.clone(),
            waiting: self.accounts_for.waiting,
            bounced: self.accounts_for.bounced,
        }
    }
}

struct Sums {
    arrived: f64,
    left: f64,
    deleted: f64,
    delivered: f64,
    deferred: f64,
    bounced: f64,
}

fn time(text: &str) -> Option<Time> {
    Time::parse_rfc3339(text.as_bytes(), 0).map(|(time, _)| time)
}

/// Compares snapshots, given from the oldest to the newest.
///
/// # Errors
/// In one sentence: fewer than two, or not in the order of time.
pub fn compare(snapshots: &[Snapshot]) -> Result<Comparison, String> {
    let ([before, ..], [.., after]) = (snapshots, snapshots) else { return Err("two snapshots are needed".to_owned()) };
    if snapshots.len() < 2 {
        return Err("two snapshots are needed".to_owned());
    }
    for pair in snapshots.windows(2) {
        if let (Some(one), Some(other)) = (pair[0].at, pair[1].at)
            && other < one
        {
            return Err(format!("{} is older than {}: name the older one first", pair[1].path, pair[0].path));
        }
    }
    let flow = flow(before, after);
    let emptied = flow.is_some_and(|flow| is_emptied(before, after, &flow));
    let causes = causes(before, after, flow.as_ref(), emptied);
    let outcome = outcome(before, after, flow.as_ref(), emptied, &causes);
    Ok(Comparison {
        schema: "postdoc.compare/1",
        outcome,
        headline: headline(outcome, before, after, flow.as_ref(), &causes),
        cautions: cautions(before, after, flow.as_ref()),
        host: after.host.clone().or_else(|| before.host.clone()),
        snapshots: points(snapshots),
        flow,
        ages: ages(before, after),
        forecast: forecast(before, after, flow.as_ref(), emptied),
        causes,
        changes: changes(before, after),
        still: still(after),
    })
}

fn flow(before: &Snapshot, after: &Snapshot) -> Option<Flow> {
    let (from, to) = before.at.zip(after.at)?;
    let sums = after.between(from, to)?;
    let [arrived, left, deleted] = [sums.arrived, sums.left, sums.deleted].map(|sum| sum.round() as u64);
    let gone = (before.queue.waiting_messages + arrived).saturating_sub(after.queue.waiting_messages + deleted);
    let missing = gone.saturating_sub(left);
    // The columns of the timeline blur the edges: a few per cent are no finding, and the queue knows better.
    let found = missing as f64 > 0.1 * (before.queue.waiting_messages + arrived) as f64;
    let (left, vanished) = if found { (left, missing) } else { (gone, 0) };
    Some(Flow {
        from,
        to,
        arrived,
        left,
        deleted,
        vanished,
        delivered: sums.delivered.round() as u64,
        bounced: sums.bounced.round() as u64,
    })
}

/// Whether more than half of what left the queue was not delivered or returned, but deleted or lost.
fn is_emptied(before: &Snapshot, after: &Snapshot, flow: &Flow) -> bool {
    let drop = before.queue.waiting_messages.saturating_sub(after.queue.waiting_messages);
    drop > 0 && (flow.deleted + flow.vanished) * 2 > drop
}

/// Change that counts: a fifth, and at least two.
fn changed(before: u64, after: u64) -> std::cmp::Ordering {
    let apart = before.abs_diff(after);
    if apart >= 2 && apart * 5 >= before.max(1) { after.cmp(&before) } else { std::cmp::Ordering::Equal }
}

fn causes(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, emptied: bool) -> Vec<CauseChange> {
    use std::cmp::Ordering;
    let mut list = Vec::new();
    for cause in &before.causes {
        let then = &cause.accounts_for;
        let (state, says) = match after.causes.iter().find(|later| later.rule == cause.rule) {
            Some(later) => {
                let now = &later.accounts_for;
                let counts = format!("it held {} waiting recipients, now {}", thousands(then.waiting), thousands(now.waiting));
                match changed(then.waiting, now.waiting) {
                    Ordering::Less if emptied => ("unchanged", format!("{counts}, since the queue was emptied by hand")),
                    Ordering::Less => ("improving", counts),
                    Ordering::Equal => ("unchanged", counts),
                    Ordering::Greater => ("worse", counts),
                }
            }
            None => match after.rules.iter().find(|row| row.id == cause.rule).map(|row| row.result.as_str()) {
                Some("not-checked") => {
                    ("not-proven", "the later evidence does not tell: what it needs was not collected".to_owned())
                }
                None => ("not-proven", "the later report does not know this rule".to_owned()),
                _ if emptied => ("not-proven", "nothing waits for it any more, but only since the queue was emptied".to_owned()),
                _ if then.waiting > 0 && flow.is_none_or(|flow| flow.delivered == 0) => {
                    ("not-proven", "nothing waits for it any more, but no delivery was seen since".to_owned())
                }
                _ => ("resolved", "no sign of it any more, and mail was delivered since".to_owned()),
            },
        };
        let later = after.causes.iter().find(|later| later.rule == cause.rule);
        list.push(CauseChange {
            rule: cause.rule.clone(),
            title: later.unwrap_or(cause).title.clone(),
            state,
            says,
            before: Some(cause.at()),
            after: later.map(Cause::at),
        });
    }
    for cause in after.causes.iter().filter(|cause| before.causes.iter().all(|earlier| earlier.rule != cause.rule)) {
        list.push(CauseChange {
            rule: cause.rule.clone(),
            title: cause.title.clone(),
            state: "new",
            says: format!("it holds {} waiting recipients", thousands(cause.accounts_for.waiting)),
            before: None,
            after: Some(cause.at()),
        });
    }
    list
}

fn outcome(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, emptied: bool, causes: &[CauseChange]) -> Outcome {
    use std::cmp::Ordering;
    let trouble = |at: &Option<CauseAt>| at.as_ref().is_some_and(|at| matches!(at.role.as_str(), "root-cause" | "contributing"));
    let new = causes.iter().any(|cause| cause.before.is_none() && trouble(&cause.after));
    let gone = causes.iter().filter(|cause| trouble(&cause.before)).all(|cause| cause.state == "resolved");
    let queue = changed(before.queue.waiting_messages, after.queue.waiting_messages);
    let delivered = flow.is_some_and(|flow| flow.delivered > 0);
    if after.verdict == "inconclusive" || before.verdict == "inconclusive" {
        return Outcome::Unclear;
    }
    match (before.is_trouble(), after.is_trouble()) {
        (false, false) => Outcome::Healthy,
        (false, true) => Outcome::Worse,
        (true, _) if emptied => Outcome::Emptied,
        (true, false) if !gone => Outcome::Unclear,
        // A fifth of the old backlog or less is no backlog any more.
        (true, false) if after.queue.waiting_messages * 5 <= before.queue.waiting_messages => Outcome::Recovered,
        (true, false) => Outcome::Improving,
        (true, true) if new || queue == Ordering::Greater => Outcome::Worse,
        (true, true) if queue == Ordering::Less && delivered => Outcome::Improving,
        (true, true) => Outcome::Unchanged,
    }
}

fn headline(outcome: Outcome, before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, causes: &[CauseChange]) -> String {
    let (then, now) = (before.queue.waiting_messages, after.queue.waiting_messages);
    let queue = format!("{} messages waited, now {}", thousands(then), thousands(now));
    let still = causes.iter().find(|cause| cause.after.as_ref().is_some_and(|at| at.role == "root-cause"));
    let held = still.map_or_else(String::new, |cause| format!(": {}", cause.title));
    match outcome {
        Outcome::Recovered => format!("Recovered: {queue}, and the rest was delivered"),
        Outcome::Improving if still.is_some() => format!("Improving, not fixed yet: {queue}{held}"),
        Outcome::Improving => format!("The cause is gone and the backlog drains: {queue}"),
        Outcome::Unchanged => format!("Not fixed: {queue}{held}"),
        Outcome::Worse => format!("Worse: {queue}{held}"),
        Outcome::Emptied => {
            let (deleted, vanished) = flow.map_or((0, 0), |flow| (flow.deleted, flow.vanished));
            let how = match (deleted, vanished) {
                (deleted, 0) => format!("{} were deleted", thousands(deleted)),
                (0, vanished) => format!("{} are gone without a line in the log", thousands(vanished)),
                (deleted, vanished) => {
                    format!("{} were deleted and {} are gone without a line in the log", thousands(deleted), thousands(vanished))
                }
            };
            format!("Emptied, not recovered: {queue}, but {how}{held}")
        }
        Outcome::Healthy => format!("Nothing was wrong before and nothing is wrong now: {queue}"),
        Outcome::Unclear => format!("Whether it is fixed cannot be told from this evidence: {queue}"),
    }
}

fn cautions(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>) -> Vec<String> {
    let mut list = Vec::new();
    if let (Some(one), Some(other)) = (&before.host, &after.host)
        && !one.eq_ignore_ascii_case(other)
    {
        list.push(format!("The snapshots are of two servers: {one} and {other}."));
    }
    if before.at.is_none() || after.at.is_none() {
        list.push("When the snapshots were taken is not known: nothing can be said of rates.".to_owned());
    } else if flow.is_none() {
        list.push(
            "No log covers the time between the snapshots: whether messages were delivered or deleted cannot be told.".to_owned(),
        );
    }
    if after.verdict == "inconclusive" || before.verdict == "inconclusive" {
        list.push("One of the snapshots is inconclusive by itself.".to_owned());
    }
    list
}

fn points(snapshots: &[Snapshot]) -> Vec<Point> {
    let mut earlier = None;
    let mut points = Vec::new();
    for snapshot in snapshots {
        let oldest = snapshot.queue.oldest.as_deref().and_then(time);
        points.push(Point {
            path: snapshot.path.clone(),
            at: snapshot.at,
            verdict: snapshot.verdict.clone(),
            headline: snapshot.headline.clone(),
            messages: snapshot.queue.waiting_messages,
            recipients: snapshot.queue.waiting_recipients,
            oldest: snapshot.at.zip(oldest).map(|(at, oldest)| at.since(oldest).max(0.0)),
            rates: rates(snapshot, earlier),
        });
        earlier = snapshot.at;
    }
    points
}

/// Seconds over which rates are measured at most.
const RATE_OVER: f64 = 3600.0;

fn rates(snapshot: &Snapshot, earlier: Option<Time>) -> Option<Rates> {
    let to = snapshot.at?;
    let begin = time(&snapshot.timeline.as_ref()?.from)?;
    let from = [Some(to.plus(-RATE_OVER)), earlier, Some(begin)].into_iter().flatten().max()?;
    let over = to.since(from);
    // Less than a minute says nothing.
    if over < 60.0 {
        return None;
    }
    let sums = snapshot.between(from, to)?;
    let hourly = |sum: f64| sum / over * 3600.0;
    Some(Rates {
        over,
        arrived: hourly(sums.arrived),
        drained: hourly(sums.left),
        delivered: hourly(sums.delivered),
        deferred: hourly(sums.deferred),
    })
}

fn ages(before: &Snapshot, after: &Snapshot) -> Vec<AgeChange> {
    let now = |from: u32| after.queue.ages.iter().find(|age| age.from_minutes == from).map_or(0, |age| age.messages);
    let row = |age: &Age| AgeChange {
        from_minutes: age.from_minutes,
        to_minutes: age.to_minutes,
        before: age.messages,
        after: now(age.from_minutes),
    };
    before.queue.ages.iter().map(row).collect()
}

fn forecast(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, emptied: bool) -> Forecast {
    let none = |because: &str| Forecast { empty_at: None, per_hour: None, because: because.to_owned() };
    let (then, now) = (before.queue.waiting_messages, after.queue.waiting_messages);
    if now == 0 {
        return none("Nothing waits.");
    }
    let Some(flow) = flow else { return none("No log covers the time between the snapshots.") };
    if then == 0 {
        return none("There was no backlog in the first snapshot.");
    }
    if flow.delivered == 0 {
        return none("Nothing was delivered between the snapshots.");
    }
    if emptied {
        return none("The queue shrank by deletion, which says nothing of how fast mail is delivered.");
    }
    let hours = flow.to.since(flow.from) / 3600.0;
    let per_hour = (flow.left as f64 - flow.arrived as f64) / hours.max(1.0 / 60.0);
    if per_hour <= 0.0 || now >= then {
        return none("At least as much arrived as left.");
    }
    let seconds = now as f64 / per_hour * 3600.0;
    Forecast {
        empty_at: Some(flow.to.plus(seconds)),
        per_hour: Some(per_hour),
        because: format!(
            "Between the snapshots {} messages left and {} arrived; at that rate the {} that wait are gone in {}.",
            thousands(flow.left),
            thousands(flow.arrived),
            thousands(now),
            duration(seconds)
        ),
    }
}

fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut list = Vec::new();
    if let (Some(then), Some(now)) = (&before.state.settings, &after.state.settings) {
        let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
        for name in names {
            let (before, after) = (then.get(name).cloned(), now.get(name).cloned());
            if before != after {
                list.push(Change { what: "setting", name: name.clone(), before, after });
            }
        }
    }
    for (name, then) in &before.state.dns {
        if let Some(now) = after.state.dns.get(name)
            && now != then
        {
            list.push(Change { what: "dns", name: name.clone(), before: Some(then.join(", ")), after: Some(now.join(", ")) });
        }
    }
    list
}

fn still(after: &Snapshot) -> Vec<String> {
    let mut list = Vec::new();
    for cause in after.causes.iter().filter(|cause| cause.is_trouble()) {
        list.push(format!(
            "{} ({}) still holds {} waiting recipients.",
            cause.title,
            cause.confidence,
            thousands(cause.accounts_for.waiting)
        ));
    }
    let waiting = after.queue.waiting_messages;
    if let (Some(at), Some(deadline), true) = (after.at, after.key.deadline.as_ref().and_then(|d| time(&d.time)), waiting > 0) {
        let left = deadline.since(at);
        if left > 0.0 {
            list.push(format!("The oldest waiting mail returns to its sender in {}.", duration(left)));
        }
    }
    let held = after.queue.by_queue.iter().find(|queue| queue.name == "hold").map_or(0, |queue| queue.count);
    if held > 0 {
        let share = percent(held as f64 / waiting.max(1) as f64);
        list.push(format!("{} messages ({share}) are on hold: they stay until somebody releases them.", thousands(held)));
    }
    let settings = after.state.settings.iter().flatten();
    for (name, value) in settings
        .filter(|(name, value)| matches!(name.as_str(), "defer_transports" | "master_service_disable") && !value.is_empty())
    {
        list.push(format!("`{name} = {value}` is set: this mail is paused until it is taken back."));
    }
    for cause in after.causes.iter().filter(|cause| cause.role == "separate") {
        list.push(format!("{}, besides.", cause.title));
    }
    list
}
