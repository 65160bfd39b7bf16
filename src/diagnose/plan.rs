//! The plan: the steps of all causes merged in phase order, with drain steps locked behind the fixes and checks of every
//! cause that they depend on, and a pause where lifting one cause would let another bounce what waits.

use super::measure::Asker;
use super::rank::{Cause, Role};
use super::words::{Place, Words};
use crate::rules::RuleSet;
use crate::rules::model::{PHASES, StepSpec};
use crate::tables::{Value, failures};
use std::collections::BTreeSet;

/// One step, filled in.
#[derive(Debug, Clone)]
pub struct Step {
    /// Index into [`PHASES`].
    pub phase: usize,
    /// Rule ids of the causes that it serves.
    pub causes: Vec<String>,
    /// What to do (Markdown).
    pub action: String,
    /// Why (Markdown).
    pub why: Option<String>,
    /// Commands.
    pub run: Option<String>,
    /// How risky it is.
    pub risk: &'static str,
    /// What a good result looks like (Markdown).
    pub good: Option<String>,
    /// How to go back (Markdown).
    pub undo: Option<String>,
    /// Numbers (from 1) of the steps that come first.
    pub locked_by: Vec<usize>,
}

/// A command not to run yet.
#[derive(Debug, Clone)]
pub struct DoNot {
    /// The command.
    pub run: String,
    /// Why not (Markdown).
    pub why: String,
    /// Recipients whose mail it would hurt.
    pub hurts: Option<u64>,
}

/// What to do, and what not.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The warnings, most important first.
    pub do_not: Vec<DoNot>,
}

const DRAIN: usize = 3;

/// Makes the plan for the ranked causes.
pub fn plan(causes: &[Cause<'_>], asker: &Asker<'_>, rules: &RuleSet) -> Plan {
    let mut plan = Plan::default();
    let acting: Vec<&Cause<'_>> =
        causes.iter().filter(|cause| matches!(cause.role, Role::RootCause | Role::Contributing | Role::Separate)).collect();
    let hurts = recipients_at_risk(&acting, asker, rules);
    let own = Words { asker, judged: None, signal: None, accounts: (0, 0, 0.0), hurts };
    if hurts > 0 {
        let served: Vec<String> =
            acting.iter().filter(|cause| cause.role != Role::Separate).map(|cause| cause.judged.rule.id.clone()).collect();
        for spec in [&rules.plan.pause, &rules.plan.resume].into_iter().flatten() {
            let mut step = fill(spec, &own);
            step.causes = served.clone();
            plan.steps.push(step);
        }
        if let Some((run, why)) = &rules.plan.flush_warning {
            plan.do_not.push(DoNot { run: own.fill(run, Place::Plain), why: own.fill(why, Place::Markdown), hurts: Some(hurts) });
        }
    }
    for cause in &acting {
        let judged = cause.judged;
        let words =
            Words { asker, judged: Some(judged), signal: None, accounts: (cause.waiting, cause.bounced, cause.share), hurts };
        // Ordinary troubles of their own get their fix, but do not hold up or drain anything.
        let minor = cause.role == Role::Separate;
        for spec in judged.rule.remedy.iter().filter(|spec| !minor || matches!(PHASES[spec.phase], "fix" | "prevent")) {
            let mut step = fill(spec, &words);
            step.causes = vec![judged.rule.id.clone()];
            add(&mut plan.steps, step);
        }
        for warning in judged.rule.do_not.iter().filter(|_| !minor) {
            let filled = DoNot {
                run: words.fill(&warning.run, Place::Plain),
                why: words.fill(&warning.why, Place::Markdown),
                hurts: None,
            };
            if !plan.do_not.iter().any(|known| known.run == filled.run || known.run.split(", ").any(|part| part == filled.run)) {
                plan.do_not.push(filled);
            }
        }
    }
    let serious: Vec<&&Cause<'_>> = acting.iter().filter(|cause| cause.role != Role::Separate).collect();
    if !serious.is_empty() {
        let waiting = serious.iter().map(|cause| cause.waiting).sum::<u64>();
        for (_, spec) in rules.plan.always.iter().filter(|(from, _)| from.holds(waiting as f64)) {
            let mut step = fill(spec, &own);
            step.causes = serious.iter().map(|cause| cause.judged.rule.id.clone()).collect();
            add(&mut plan.steps, step);
        }
    }
    plan.steps.sort_by_key(|step| step.phase);
    lock(&mut plan.steps);
    plan
}

fn fill(spec: &StepSpec, words: &Words<'_>) -> Step {
    let markdown = |text: &Option<String>| text.as_ref().map(|text| words.fill(text, Place::Markdown).trim().to_owned());
    Step {
        phase: spec.phase,
        causes: Vec::new(),
        action: words.fill(&spec.action, Place::Markdown).trim().to_owned(),
        why: markdown(&spec.why),
        run: spec.run.as_ref().map(|run| words.fill(run, Place::Shell).trim_end().to_owned()),
        risk: spec.risk,
        good: markdown(&spec.good),
        undo: markdown(&spec.undo),
        locked_by: Vec::new(),
    }
}

/// Adds a step, or its cause to a step that says the same already.
fn add(steps: &mut Vec<Step>, step: Step) {
    let same = steps.iter_mut().find(|known| {
        known.phase == step.phase && (known.action == step.action || (known.run.is_some() && known.run == step.run))
    });
    match same {
        Some(known) => {
            for cause in step.causes {
                if !known.causes.contains(&cause) {
                    known.causes.push(cause);
                }
            }
        }
        None => steps.push(step),
    }
}

/// Locks every drain step behind the fixes and checks of all causes that hold the mail: whatever one cause's step lets go
/// runs into the others.
fn lock(steps: &mut [Step]) {
    let draining: BTreeSet<String> =
        steps.iter().filter(|step| step.phase == DRAIN).flat_map(|step| step.causes.iter().cloned()).collect();
    let before: Vec<usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| {
            matches!(PHASES[step.phase], "fix" | "verify") && step.causes.iter().any(|cause| draining.contains(cause))
        })
        .map(|(at, _)| at + 1)
        .collect();
    for step in steps.iter_mut().filter(|step| step.phase == DRAIN) {
        step.locked_by.clone_from(&before);
    }
}

/// Waiting recipients at providers that refuse this server for good for another reason than the one that holds the mail.
fn recipients_at_risk(acting: &[&Cause<'_>], asker: &Asker<'_>, rules: &RuleSet) -> u64 {
    let rows = asker.tables.rows(&failures::TABLE);
    let names = &asker.tables.names;
    let permanent = |at: &u32| rows[*at as usize].get(failures::permanent) == Value::Bool(true);
    let is_waiting = |at: &u32| rows[*at as usize].text(failures::outcome, names) == Some("waiting");
    let mut at_risk: BTreeSet<u32> = BTreeSet::new();
    for holding in acting.iter().filter(|cause| cause.role != Role::Separate && cause.waiting > 0) {
        for refusing in acting.iter().filter(|cause| cause.role != Role::Separate) {
            // A bad address bounces whatever else is wrong, and is no reason to hold other mail.
            let hopeless = rules.buckets.iter().any(|bucket| bucket.id == refusing.judged.rule.bucket && bucket.hopeless);
            if hopeless || refusing.judged.rule.id == holding.judged.rule.id {
                continue;
            }
            let providers: BTreeSet<_> = refusing
                .explains
                .iter()
                .filter(|at| permanent(at) && !is_waiting(at))
                .filter_map(|at| rows[*at as usize].text(failures::provider, names))
                .collect();
            at_risk.extend(holding.explains.iter().copied().filter(|at| {
                is_waiting(at)
                    && rows[*at as usize].text(failures::provider, names).is_some_and(|provider| providers.contains(provider))
            }));
        }
    }
    at_risk.len() as u64
}
