//! The sentences of a comparison, as phrases of `words.yaml`.

use super::{CauseChange, Flow, Outcome, Snapshot, is_trouble};
use crate::diagnose::words::{code_span, percent};
use crate::report::phrases::Said;
use crate::report::view::Cause;
use crate::time::duration;

pub(super) fn headline(
    outcome: Outcome,
    before: &Snapshot,
    after: &Snapshot,
    flow: Option<&Flow>,
    causes: &[CauseChange],
) -> Said {
    let (then, now) = (before.report.queue.waiting_messages, after.report.queue.waiting_messages);
    if are_two_hosts(before, after) {
        let waiting = |count: u64| Said::of("units.message").with("n", count);
        return Said::of("compare.headline.two_hosts").with("one", waiting(then)).with("other", waiting(now));
    }
    let queue = Said::of("compare.queue").with("n", then).with("now", now);
    let still = causes.iter().find(|cause| cause.after.as_ref().is_some_and(|at| at.role == "root-cause"));
    let name = match outcome {
        Outcome::Recovered => "compare.headline.recovered",
        Outcome::Improving if still.is_some() => "compare.headline.improving",
        Outcome::Improving => "compare.headline.drains",
        Outcome::Unchanged => "compare.headline.unchanged",
        Outcome::Worse => "compare.headline.worse",
        Outcome::Emptied => "compare.headline.emptied",
        Outcome::Healthy => "compare.headline.healthy",
        Outcome::Unclear => "compare.headline.unclear",
    };
    let mut said = Said::of(name).with("queue", queue);
    if outcome == Outcome::Emptied {
        let (deleted, vanished) = flow.map_or((0, 0), |flow| (flow.deleted, flow.vanished));
        let of = |name: &'static str, count: u64| Said::of(name).with("n", count);
        let how = match (deleted, vanished) {
            (deleted, 0) => of("compare.deleted", deleted),
            (0, vanished) => of("compare.vanished", vanished),
            (deleted, vanished) => {
                Said::of("and").with("list", of("compare.deleted", deleted)).with("last", of("compare.vanished", vanished))
            }
        };
        said = said.with("how", how);
    }
    match still {
        Some(cause) => Said::of("compare.held").with("headline", said).with("title", cause.title.as_str()),
        None => said,
    }
}

/// The servers' names, where these are two servers and not one that got another name: nothing went from one queue into the other.
fn two_hosts<'s>(before: &'s Snapshot, after: &'s Snapshot) -> Option<(&'s str, &'s str)> {
    let (one, other) = before.report.host.as_deref().zip(after.report.host.as_deref())?;
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let completed = long.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case(short));
    let address = |snapshot: &'s Snapshot| {
        snapshot.report.facts.iter().find(|fact| fact.name == "public address").map(|fact| fact.value.as_str())
    };
    let same_address = address(before).is_some() && address(before) == address(after);
    (!one.eq_ignore_ascii_case(other) && !completed && !same_address).then_some((one, other))
}

pub(super) fn are_two_hosts(before: &Snapshot, after: &Snapshot) -> bool {
    two_hosts(before, after).is_some()
}

pub(super) fn cautions(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>) -> Vec<Said> {
    if let Some((one, other)) = two_hosts(before, after) {
        return vec![Said::of("compare.caution.two_hosts").with("one", one).with("other", other)];
    }
    let mut list = Vec::new();
    if before.at().is_none() || after.at().is_none() {
        list.push(Said::of("compare.caution.no_time"));
    } else if before.at() == after.at() {
        list.push(Said::of("compare.caution.same_time"));
    } else if flow.is_none() {
        list.push(Said::of("compare.caution.no_log"));
    }
    if after.is_inconclusive() || before.is_inconclusive() {
        list.push(Said::of("compare.caution.inconclusive"));
    }
    list
}

/// How much a cause held and holds.
pub(super) fn counts(before: &Cause, after: &Cause) -> Said {
    let (then, now) = (&before.accounts_for, &after.accounts_for);
    match then.waiting + now.waiting {
        0 => Said::of("compare.says.counts_bounced").with("n", then.bounced).with("now", now.bounced),
        _ => Said::of("compare.says.counts").with("n", then.waiting).with("now", now.waiting),
    }
}

pub(super) fn still(after: &Snapshot) -> Vec<Said> {
    let report = &after.report;
    let mut list = Vec::new();
    for cause in report.causes.iter().filter(|cause| is_trouble(cause)) {
        list.push(
            Said::of(if cause.accounts_for.waiting > 0 { "compare.still.cause" } else { "compare.still.cause_bounces" })
                .with("title", cause.title.as_str())
                .with("confidence", Said::word("confidence", &cause.confidence))
                .with("n", cause.accounts_for.waiting),
        );
    }
    let waiting = report.queue.waiting_messages;
    if let (Some(at), Some(deadline), true) = (after.at(), &report.key.deadline, waiting > 0) {
        let left = deadline.time.since(at);
        if left > 0.0 {
            list.push(Said::of("compare.still.deadline").with("duration", duration(left)));
        }
    }
    let held = report.queue.by_queue.iter().find(|queue| queue.name == "hold").map_or(0, |queue| queue.count);
    if held > 0 {
        let share = percent(held as f64 / waiting.max(1) as f64);
        list.push(Said::of("compare.still.hold").with("n", held).with("share", share));
    }
    let paused = report
        .state
        .settings
        .iter()
        .flatten()
        .filter(|(name, value)| matches!(name.as_str(), "defer_transports" | "master_service_disable") && !value.is_empty());
    for (name, value) in paused {
        list.push(Said::of("compare.still.paused").with("setting", code_span(&format!("{name} = {value}"))));
    }
    for cause in report.causes.iter().filter(|cause| cause.role == "separate") {
        list.push(Said::of("compare.still.besides").with("title", cause.title.as_str()));
    }
    list
}
