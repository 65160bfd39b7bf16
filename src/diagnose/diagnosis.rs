//! The whole way from evidence to a diagnosis.

use super::measure::Asker;
use super::rank::{self, Cause, Role};
use super::verdict::{self, Confidence, Judged, Outcome};
use super::{classify, plan};
use crate::evidence::Evidence;
use crate::rules::RuleSet;
use crate::rules::model::Severity;
use crate::tables::{Value, attempts, diagnostics, failures, queue};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing wrong found.
    Healthy,
    /// Too little evidence to say.
    Inconclusive,
    /// Something is wrong, but mail flows.
    Degraded,
    /// Mail does not get through, or harm is being done.
    Incident,
}

/// How much of the evidence is judged, unless the user says otherwise: seconds before its end.
pub const WINDOW: f64 = 24.0 * 3600.0;

/// What the evidence comes to; borrowed by the report.
#[derive(Debug)]
pub struct Diagnosis<'a> {
    /// The records that were judged.
    pub asker: &'a Asker<'a>,
    /// Every rule and its answers.
    pub judged: &'a [Judged<'a>],
    /// The causes, the primary one first.
    pub causes: Vec<Cause<'a>>,
    /// What to do.
    pub plan: plan::Plan,
    /// How bad it is.
    pub verdict: Verdict,
    /// Positions in `failures` that no cause explains.
    pub residue: Vec<u32>,
    /// Recipients dealt with in the window.
    pub handled: u64,
}

/// Classifies every reason in the evidence, which rules ask for.
pub fn prepare(evidence: &mut Evidence, rules: &RuleSet) {
    classify::classify(&mut evidence.tables, rules);
}

/// Start of the window that is judged: of a log that ends long before the rest was collected, the last hours that it tells of.
pub fn window_start(evidence: &Evidence, window: f64) -> Option<Time> {
    let end = evidence.stale_log().map_or(evidence.end, |(last, _)| Some(last));
    end.map(|end| end.plus(-window))
}

/// Who asks prepared evidence, of which the last `window` seconds are judged; an excerpt by what it shows.
pub fn asker(evidence: &Evidence, window: f64) -> Asker<'_> {
    Asker::new(&evidence.tables, window_start(evidence, window), evidence.end).with_excerpts()
}

/// Ranks what was judged, makes the plan, and decides the verdict.
pub fn diagnose<'a>(asker: &'a Asker<'a>, judged: &'a [Judged<'a>], evidence: &Evidence, rules: &RuleSet) -> Diagnosis<'a> {
    let tried = tried(asker);
    let handled = handled(asker, &tried);
    let causes = rank::rank(judged, asker, rules, handled);
    let plan = plan::plan(&causes, asker, rules);
    let residue: Vec<u32> = tried.into_iter().filter(|at| !causes.iter().any(|cause| cause.explains.contains(at))).collect();
    let verdict = decide(&causes, asker, evidence, asker.events(&failures::TABLE, &residue), handled);
    Diagnosis { asker, judged, causes, plan, verdict, residue, handled }
}

/// Recipients that were delivered or failed in the window; `tried` are those in `failures`.
fn handled(asker: &Asker<'_>, tried: &[u32]) -> u64 {
    let sent = asker.tables.names.find("sent").map(Value::Text);
    let rows = asker.tables.rows(&attempts::TABLE);
    let judged = asker.judged(&attempts::TABLE).iter().map(|at| &rows[*at as usize]);
    let delivered: u64 = judged.filter(|row| Some(row.get(attempts::status)) == sent).map(|row| row.count).sum();
    delivered + asker.events(&failures::TABLE, tried)
}

/// Positions in `failures` of what was tried: what was not has no reason to explain, and was not dealt with.
fn tried(asker: &Asker<'_>) -> Vec<u32> {
    let rows = asker.tables.rows(&failures::TABLE);
    let judged = asker.judged(&failures::TABLE).iter().copied();
    judged.filter(|at| rows[*at as usize].get(failures::reason) != Value::Missing).collect()
}

/// Unexplained failures from which something is wrong although no rule says what.
const RESIDUE_COUNT: u64 = 10;
/// And their part of all recipients handled.
const RESIDUE_SHARE: f64 = 0.2;
/// Of fewer, most of what was handled.
const RESIDUE_MOST: (u64, f64) = (3, 0.5);

/// Part of all recipients handled below which a cause of high severity is a trouble of a few among many, as on any day of a busy
/// server. What is critical stays an incident: spam from a stolen login fails seldom.
const ODD_SHARE: f64 = 0.01;

/// Lines of Postfix below which a log without any mail says nothing.
const FEW_LINES: u64 = 20;

fn decide(causes: &[Cause<'_>], asker: &Asker<'_>, evidence: &Evidence, residue: u64, handled: u64) -> Verdict {
    let root = causes.iter().find(|cause| matches!(cause.role, Role::RootCause));
    if let Some(root) = root {
        let few = !root.explains.is_empty() && (root.failed() as f64) < ODD_SHARE * handled as f64;
        let single = asker.is_excerpt() || !asker.is_counted() && !root.explains.is_empty();
        // It is as bad as what follows from it.
        let follows = |cause: &&Cause<'_>| {
            cause.role == Role::Symptom
                && cause.confidence >= Confidence::Likely
                && cause.symptom_of.contains(&root.judged.rule.id)
        };
        let worst = causes.iter().filter(follows).map(|cause| cause.judged.severity()).max();
        return match worst.unwrap_or(root.judged.severity()).max(root.judged.severity()) {
            // A bounce message that somebody kept does not show how much fails, nor do a few lines of a log.
            _ if root.confidence == Confidence::Possible && single => Verdict::Degraded,
            Severity::High if few => Verdict::Degraded,
            severity if severity >= Severity::High => Verdict::Incident,
            _ => Verdict::Degraded,
        };
    }
    // A log that was filtered for its warnings does not show what happened to mail.
    let warnings: u64 = evidence.tables.rows(&diagnostics::TABLE).iter().map(|row| row.count).sum();
    let lines = evidence.traffic.as_ref().map_or(0, |traffic| traffic.postfix_lines);
    let log = lines > warnings;
    // A few lines in which no mail is dealt with, and no queue that is empty, show nothing.
    let says_nothing = handled == 0 && lines < FEW_LINES && !evidence.tables.is_collected(&queue::TABLE);
    if !log || says_nothing || !evidence.tables.is_collected(&diagnostics::TABLE) {
        // An empty queue alone does not show that mail flows, nor do the deliveries that somebody picked out.
        return Verdict::Inconclusive;
    }
    // Nor does a log that ended long before that mail began to wait, or that does not say what became of most deliveries.
    let waits = || evidence.waiting.recipients > 0;
    if evidence.stale_log().is_some_and(|(_, before)| before >= WINDOW) && waits() || evidence.cut_deliveries().1 {
        return Verdict::Inconclusive;
    }
    let from = |(count, share): (u64, f64)| residue >= count && residue as f64 >= share * handled as f64;
    // Nor can mail be well of which all that is seen failed.
    let alone = residue > 0 && residue >= handled;
    if alone || from((RESIDUE_COUNT, RESIDUE_SHARE)) || from(RESIDUE_MOST) {
        return Verdict::Degraded;
    }
    Verdict::Healthy
}

impl Diagnosis<'_> {
    /// Rules that could not be decided for lack of evidence.
    pub fn not_checked(&self) -> impl Iterator<Item = &Judged<'_>> {
        self.judged.iter().filter(|judged| match judged.outcome {
            Outcome::NotChecked => true,
            Outcome::Fires(_) => !self.causes.iter().any(|cause| cause.judged.rule.id == judged.rule.id),
            Outcome::No => false,
        })
    }
}

/// Judges every rule, on at most so many threads.
pub fn judge<'r>(asker: &Asker<'_>, rules: &'r RuleSet, threads: usize) -> Vec<Judged<'r>> {
    verdict::judge(asker, rules, threads)
}
