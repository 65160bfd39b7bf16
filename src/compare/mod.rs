//! Is it fixed? Compares two or more snapshots of one server, each a JSON report (`postdoc.report/1`) or a bundle that was
//! analysed to one.
//!
//! What left the queue is told apart by the log between the snapshots: messages that the queue manager removed were
//! delivered or returned, messages that postsuper(1) removed were deleted, and what left without a line vanished. So an
//! emptied queue is not taken for a repaired one.

mod flow;
mod told;

use crate::report::comparison::{AgeChange, CauseAt, CauseChange, Change, Comparison, Flow, Forecast, Outcome, Point, Rates};
use crate::report::phrases::Said;
use crate::report::view::{AgeBucket, Cause, Report, Verdict};
use crate::time::Time;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A report and where it came from.
#[derive(Debug, Clone)]
pub struct Snapshot {
    report: Report,
    path: String,
}

impl Snapshot {
    /// Of a report, which was read from `path` or made of the bundle there.
    pub fn of_report(report: Report, path: &str) -> Snapshot {
        Snapshot { report, path: path.to_owned() }
    }

    fn at(&self) -> Option<Time> {
        self.report.collected_at
    }

    fn is_trouble(&self) -> bool {
        self.report.causes.iter().any(is_trouble)
    }

    fn is_inconclusive(&self) -> bool {
        self.report.verdict == Verdict::Inconclusive
    }
}

fn is_trouble(cause: &Cause) -> bool {
    matches!(&*cause.role, "root-cause" | "contributing")
}

impl CauseAt {
    fn of(cause: &Cause) -> CauseAt {
        CauseAt {
            role: cause.role.clone(),
            confidence: cause.confidence.clone(),
            waiting: cause.accounts_for.waiting,
            bounced: cause.accounts_for.bounced,
        }
    }
}

/// Compares snapshots, given from the oldest to the newest.
///
/// # Errors
/// In one sentence: fewer than two, or not in the order of time.
pub fn compare(snapshots: &[Snapshot]) -> Result<Comparison, String> {
    let [before, .., after] = snapshots else { return Err("two snapshots are needed".to_owned()) };
    for pair in snapshots.windows(2) {
        if let (Some(one), Some(other)) = (pair[0].at(), pair[1].at())
            && other < one
        {
            return Err(format!("{} is older than {}: name the older one first", pair[1].path, pair[0].path));
        }
    }
    let flow = (!told::are_two_hosts(before, after)).then(|| flow::flow(before, after)).flatten();
    let emptied = flow.is_some_and(|flow| is_emptied(before, after, &flow));
    let causes = causes(before, after, flow.as_ref(), emptied);
    let outcome = outcome(before, after, flow.as_ref(), emptied, &causes);
    Ok(Comparison {
        schema: "postdoc.compare/1",
        outcome,
        headline: told::headline(outcome, before, after, flow.as_ref(), &causes),
        cautions: told::cautions(before, after, flow.as_ref()),
        host: after.report.host.clone().or_else(|| before.report.host.clone()),
        snapshots: points(snapshots),
        flow,
        ages: ages(before, after),
        forecast: flow::forecast(before, after, flow.as_ref(), emptied),
        causes,
        changes: changes(before, after),
        still: told::still(after),
    })
}

/// Whether more than half of what left the queue was not delivered or returned, but deleted or lost.
fn is_emptied(before: &Snapshot, after: &Snapshot, flow: &Flow) -> bool {
    let drop = before.report.queue.waiting_messages.saturating_sub(after.report.queue.waiting_messages);
    drop > 0 && (flow.deleted + flow.vanished) * 2 > drop
}

/// Change that counts: a fifth, and at least two.
fn changed(before: u64, after: u64) -> std::cmp::Ordering {
    let apart = before.abs_diff(after);
    if apart >= 2 && apart * 5 >= before.max(1) { after.cmp(&before) } else { std::cmp::Ordering::Equal }
}

fn causes(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, emptied: bool) -> Vec<CauseChange> {
    let (earlier, later) = (&before.report.causes, &after.report.causes);
    let mut list = Vec::new();
    for cause in earlier {
        let now = later.iter().find(|later| later.rule == cause.rule);
        let (state, says) = match now {
            Some(now) => {
                let counts = told::counts(cause, now);
                match changed(cause.accounts_for.waiting, now.accounts_for.waiting) {
                    Ordering::Less if emptied => ("unchanged", Said::of("compare.says.by_hand").with("counts", counts)),
                    Ordering::Less => ("improving", counts),
                    Ordering::Equal => ("unchanged", counts),
                    Ordering::Greater => ("worse", counts),
                }
            }
            None => {
                let result = after.report.rules.iter().find(|row| row.id == cause.rule).map(|row| &*row.result);
                let delivered = flow.is_some_and(|flow| flow.delivered > 0);
                match result {
                    _ if told::are_two_hosts(before, after) => ("not-proven", Said::of("compare.says.two_hosts")),
                    Some("not-checked") => ("not-proven", Said::of("compare.says.not_collected")),
                    None => ("not-proven", Said::of("compare.says.not_known")),
                    _ if emptied => ("not-proven", Said::of("compare.says.emptied")),
                    _ if cause.accounts_for.waiting > 0 && !delivered => ("not-proven", Said::of("compare.says.no_delivery")),
                    _ => ("resolved", Said::of("compare.says.resolved")),
                }
            }
        };
        list.push(CauseChange {
            rule: cause.rule.clone(),
            title: now.unwrap_or(cause).title.clone(),
            state,
            says,
            before: Some(CauseAt::of(cause)),
            after: now.map(CauseAt::of),
        });
    }
    for cause in later.iter().filter(|cause| earlier.iter().all(|earlier| earlier.rule != cause.rule)) {
        list.push(CauseChange {
            rule: cause.rule.clone(),
            title: cause.title.clone(),
            state: "new",
            says: match cause.accounts_for.waiting {
                0 => Said::of("compare.says.new_none"),
                waiting => Said::of("compare.says.new").with("n", waiting),
            },
            before: None,
            after: Some(CauseAt::of(cause)),
        });
    }
    list
}

fn outcome(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, emptied: bool, causes: &[CauseChange]) -> Outcome {
    let trouble = |at: &Option<CauseAt>| at.as_ref().is_some_and(|at| matches!(&*at.role, "root-cause" | "contributing"));
    let new = causes.iter().any(|cause| cause.before.is_none() && trouble(&cause.after));
    let gone = causes.iter().filter(|cause| trouble(&cause.before)).all(|cause| cause.state == "resolved");
    let queue = changed(before.report.queue.waiting_messages, after.report.queue.waiting_messages);
    let delivered = flow.is_some_and(|flow| flow.delivered > 0);
    if after.is_inconclusive() || before.is_inconclusive() || told::are_two_hosts(before, after) {
        return Outcome::Unclear;
    }
    match (before.is_trouble(), after.is_trouble()) {
        (false, false) => Outcome::Healthy,
        (false, true) => Outcome::Worse,
        (true, _) if emptied => Outcome::Emptied,
        (true, false) if !gone => Outcome::Unclear,
        // A fifth of the old backlog or less is no backlog any more.
        (true, false) if after.report.queue.waiting_messages * 5 <= before.report.queue.waiting_messages => Outcome::Recovered,
        (true, false) => Outcome::Improving,
        (true, true) if new || queue == Ordering::Greater => Outcome::Worse,
        (true, true) if queue == Ordering::Less && delivered => Outcome::Improving,
        (true, true) => Outcome::Unchanged,
    }
}

fn points(snapshots: &[Snapshot]) -> Vec<Point> {
    let mut earlier = None;
    let mut points = Vec::new();
    for snapshot in snapshots {
        let oldest = snapshot.report.queue.oldest;
        points.push(Point {
            path: snapshot.path.clone(),
            at: snapshot.at(),
            verdict: snapshot.report.verdict,
            headline: snapshot.report.headline.clone(),
            messages: snapshot.report.queue.waiting_messages,
            recipients: snapshot.report.queue.waiting_recipients,
            oldest: snapshot.at().zip(oldest).map(|(at, oldest)| at.since(oldest).max(0.0)),
            rates: flow::rates(snapshot, earlier),
        });
        earlier = snapshot.at();
    }
    points
}

fn ages(before: &Snapshot, after: &Snapshot) -> Vec<AgeChange> {
    let now = |from: u32| after.report.queue.ages.iter().find(|age| age.from_minutes == from).map_or(0, |age| age.messages);
    let row = |age: &AgeBucket| AgeChange {
        from_minutes: age.from_minutes,
        to_minutes: age.to_minutes,
        before: age.messages,
        after: now(age.from_minutes),
    };
    before.report.queue.ages.iter().map(row).collect()
}

fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut list = Vec::new();
    if let (Some(then), Some(now)) = (&before.report.state.settings, &after.report.state.settings) {
        let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
        for name in names {
            let (before, after) = (then.get(name).cloned(), now.get(name).cloned());
            if before != after {
                list.push(Change { what: "setting", name: name.clone(), before, after });
            }
        }
    }
    for (name, then) in &before.report.state.dns {
        if let Some(now) = after.report.state.dns.get(name)
            && now != then
        {
            list.push(Change { what: "dns", name: name.clone(), before: Some(then.join(", ")), after: Some(now.join(", ")) });
        }
    }
    list
}
