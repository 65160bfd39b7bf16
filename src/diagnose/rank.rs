//! Roles and order: root causes before the symptoms that they explain, ordinary mail apart, and the verdict.

use super::measure::{Asker, Measure};
use super::verdict::{Confidence, Judged, Outcome, needed_by};
use crate::rules::RuleSet;
use crate::rules::model::{Severity, Signal};
use crate::tables::{Value, diagnostics, failures, rejects};
use std::collections::BTreeSet;

/// What a cause is in the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It explains the failures, and nothing explains it.
    RootCause,
    /// A further cause of much of it, or one that decides what happens next.
    Contributing,
    /// A minor trouble of its own.
    Separate,
    /// It follows from another cause.
    Symptom,
    /// Worth telling, no outbound problem.
    Note,
}

impl Role {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Role::RootCause => "root-cause",
            Role::Contributing => "contributing",
            Role::Separate => "separate",
            Role::Symptom => "symptom",
            Role::Note => "note",
        }
    }
}

/// A cause with its role.
#[derive(Debug)]
pub struct Cause<'j> {
    /// The rule and its answers.
    pub judged: &'j Judged<'j>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it is.
    pub role: Role,
    /// Rules of the causes that explain it.
    pub symptom_of: Vec<String>,
    /// Positions in `failures` that it explains, its symptoms' included.
    pub explains: BTreeSet<u32>,
    /// Waiting recipients among them.
    pub waiting: u64,
    /// Bounced and expired ones.
    pub bounced: u64,
    /// Part of all failures.
    pub share: f64,
    /// Messages that it keeps out before they could fail: refused, or lost to a daemon's fault.
    pub kept_out: u64,
}

impl Cause<'_> {
    /// Recipients that it explains.
    pub fn failed(&self) -> u64 {
        self.waiting + self.bounced
    }
}

/// A part of the recipients handled below which a cause of medium or low severity is ordinary mail.
const ORDINARY_SHARE: f64 = 0.10;
/// Recipients below which it is.
const ORDINARY_COUNT: u64 = 3;
/// Part of the failures from which a second cause contributes.
const CONTRIBUTING_SHARE: f64 = 0.10;

/// Gives every rule that fires its role and puts them in order, the primary cause first. `handled` is how many recipients
/// the server dealt with in the window.
pub fn rank<'j>(judged: &'j [Judged<'j>], asker: &Asker<'_>, rules: &RuleSet, handled: u64) -> Vec<Cause<'j>> {
    let events = |rows: &BTreeSet<u32>| asker.events(&failures::TABLE, rows);
    let total = asker.events(&failures::TABLE, asker.judged(&failures::TABLE));
    let waiting_value = asker.tables.names.find("waiting").map(Value::Text);
    let explained = |least: Confidence| -> BTreeSet<u32> {
        let fires = |judged: &&Judged<'_>| matches!(judged.outcome, Outcome::Fires(confidence) if confidence >= least);
        judged.iter().filter(fires).flat_map(|judged| judged.accounts_for.iter().copied()).collect()
    };
    let (sure, certain) = (explained(Confidence::Likely), explained(Confidence::Confirmed));
    let counted = asker.is_counted();
    // In an excerpt that tells of no failure.
    let tells_alone = |judged: &Judged<'_>| asker.is_excerpt() && total == 0 && judged.shown && judged.contradicting == 0;
    let is_most = |judged: &Judged<'_>| {
        let alone = asker.events(&failures::TABLE, judged.accounts_for.difference(&sure));
        let seen = |(signal, measure): (&Signal, &Measure)| {
            signal.table.name == failures::TABLE.name && signal.alone && measure.met == Some(true)
        };
        asker.is_excerpt() && alone > 1 && 2 * alone > total && needed_by(judged.rule, &judged.answers).any(seen)
    };
    let fired: Vec<(&Judged<'_>, Confidence)> = judged
        .iter()
        .filter_map(|judged| match judged.outcome {
            // Single bounce messages leave so much open that only what they themselves show is a cause; of an excerpt it may be what
            // most of it shows in part and nothing surer explains.
            Outcome::Fires(_) if !counted && !judged.shown && !is_most(judged) => None,
            // Nor is a rule a cause that hangs on something unknown and would explain a stray failure among many.
            Outcome::Fires(Confidence::Possible)
                if judged.contradicting == 0 && is_stray(events(&judged.accounts_for), total) =>
            {
                None
            }
            // A rule that hangs on something unknown and explains nothing that a surer one does not is a question, not a
            // cause; so is a contradicted one, where it is an ordinary part of the mail or a certain one explains all of it.
            Outcome::Fires(Confidence::Possible) if judged.accounts_for.is_subset(&sure) && !tells_alone(judged) => {
                let told = !judged.accounts_for.is_empty()
                    && (judged.accounts_for.is_subset(&certain)
                        || (events(&judged.accounts_for) as f64) < ORDINARY_SHARE * handled as f64);
                (judged.contradicting > 0 && !told).then_some((judged, Confidence::Possible))
            }
            Outcome::Fires(confidence) => Some((judged, confidence)),
            _ => None,
        })
        .collect();
    let mut causes: Vec<Cause<'_>> = fired
        .iter()
        .map(|(judged, confidence)| {
            let symptom_of = explained_by(judged, *confidence, &fired);
            let role = if judged.rule.note {
                Role::Note
            } else if symptom_of.is_empty() {
                Role::Separate
            } else {
                Role::Symptom
            };
            Cause {
                judged,
                confidence: *confidence,
                role,
                symptom_of,
                explains: judged.accounts_for.clone(),
                waiting: 0,
                bounced: 0,
                share: 0.0,
                kept_out: kept_out(judged),
            }
        })
        .collect();
    // A root explains what its symptoms explain.
    let symptoms: Vec<(Vec<String>, BTreeSet<u32>)> = causes
        .iter()
        .filter(|cause| cause.role == Role::Symptom)
        .map(|cause| (cause.symptom_of.clone(), cause.explains.clone()))
        .collect();
    for cause in &mut causes {
        for (roots, explains) in &symptoms {
            if roots.contains(&cause.judged.rule.id) {
                cause.explains.extend(explains);
            }
        }
        let rows = asker.tables.rows(&failures::TABLE);
        let waiting = |at: &&u32| Some(rows[**at as usize].get(failures::outcome)) == waiting_value;
        cause.waiting = asker.events(&failures::TABLE, cause.explains.iter().filter(waiting));
        cause.bounced = events(&cause.explains) - cause.waiting;
        cause.share = if total == 0 { 0.0 } else { events(&cause.explains) as f64 / total as f64 };
    }
    set_roles(&mut causes, handled, counted, |rows| asker.events(&failures::TABLE, rows));
    raise_refusals(&mut causes, asker, rules);
    causes.sort_by(|a, b| {
        let key = |cause: &Cause<'_>| {
            (
                cause.role,
                std::cmp::Reverse(cause.confidence >= Confidence::Likely),
                std::cmp::Reverse(cause.judged.severity() == Severity::Critical),
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| b.share.total_cmp(&a.share))
            .then_with(|| b.judged.severity().cmp(&a.judged.severity()))
            .then_with(|| rules.bucket_order(&a.judged.rule.bucket).cmp(&rules.bucket_order(&b.judged.rule.bucket)))
            .then_with(|| a.judged.rule.id.cmp(&b.judged.rule.id))
    });
    causes
}

/// Whether so few failures are no more than ordinary mail among all of them.
fn is_stray(failed: u64, total: u64) -> bool {
    failed > 0 && failed < ORDINARY_COUNT && 2 * failed < total
}

/// What refuses for good the mail that the primary cause holds decides what happens next, however little it has refused yet.
fn raise_refusals(causes: &mut [Cause<'_>], asker: &Asker<'_>, rules: &RuleSet) {
    let Some(root) = causes.iter().position(|cause| cause.role == Role::RootCause) else { return };
    let raised: Vec<usize> = causes
        .iter()
        .enumerate()
        .filter(|(_, cause)| {
            cause.role == Role::Separate
                && cause.judged.severity() >= Severity::High
                && cause.confidence >= Confidence::Likely
                && asker.events(&failures::TABLE, &at_risk(&causes[root], cause, asker, rules)) >= ORDINARY_COUNT
        })
        .map(|(at, _)| at)
        .collect();
    for at in raised {
        causes[at].role = Role::Contributing;
    }
}

/// What waits for one cause at providers that refuse this server for good for another.
pub fn at_risk(holding: &Cause<'_>, refusing: &Cause<'_>, asker: &Asker<'_>, rules: &RuleSet) -> BTreeSet<u32> {
    // A bad address bounces whatever else is wrong, and is no reason to hold other mail.
    let hopeless = rules.buckets.iter().any(|bucket| bucket.id == refusing.judged.rule.bucket && bucket.hopeless);
    if hopeless || refusing.judged.rule.id == holding.judged.rule.id {
        return BTreeSet::new();
    }
    let rows = asker.tables.rows(&failures::TABLE);
    let names = &asker.tables.names;
    let is_waiting = |at: u32| asker.tables.is_waiting(&rows[at as usize]);
    let provider = |at: u32| rows[at as usize].text(failures::provider, names);
    let permanent = |at: u32| rows[at as usize].get(failures::permanent) == Value::Bool(true);
    let refused = refusing.explains.iter().copied().filter(|at| permanent(*at) && !is_waiting(*at));
    let providers: BTreeSet<&str> = refused.filter_map(provider).collect();
    let waits = |at: &u32| is_waiting(*at) && provider(*at).is_some_and(|provider| providers.contains(provider));
    holding.explains.iter().copied().filter(waits).collect()
}

/// The fired causes, at least as sure, that explain this one, directly or through others. Of two that are possible, it is not
/// the one of which less is seen: that names a reason for what the other shows.
fn explained_by(judged: &Judged<'_>, confidence: Confidence, fired: &[(&Judged<'_>, Confidence)]) -> Vec<String> {
    let sure = confidence.min(Confidence::Likely);
    let seen = |judged: &Judged<'_>| judged.required.0 as f64 / judged.required.1.max(1) as f64;
    let explains = |other: &Judged<'_>, other_confidence: Confidence| {
        other_confidence >= sure && (other_confidence > Confidence::Possible || seen(other) == 1.0 || seen(other) > seen(judged))
    };
    let mut found: Vec<String> = Vec::new();
    let mut targets = vec![judged.rule.id.as_str()];
    while let Some(target) = targets.pop() {
        for (other, other_confidence) in fired {
            let id = other.rule.id.as_str();
            let names = other.rule.explains.iter().any(|id| id == target);
            if names && id != judged.rule.id && explains(other, *other_confidence) && !found.iter().any(|known| known == id) {
                found.push(id.to_owned());
                targets.push(id);
            }
        }
    }
    // Only the outermost ones are roots; what lies between is a symptom itself.
    let roots: Vec<String> = found
        .iter()
        .filter(|id| {
            !fired.iter().any(|(other, other_confidence)| {
                explains(other, *other_confidence) && other.rule.explains.contains(id) && found.contains(&other.rule.id)
            })
        })
        .cloned()
        .collect();
    if roots.is_empty() { found } else { roots }
}

/// Refusals and warnings that a cause rests on which accounts for no failure: what never came in cannot fail.
fn kept_out(judged: &Judged<'_>) -> u64 {
    if !judged.accounts_for.is_empty() {
        return 0;
    }
    let signals = judged.rule.requires.iter().flat_map(|entry| entry.signals());
    let met = signals
        .filter(|(_, signal)| [rejects::TABLE.name, diagnostics::TABLE.name].contains(&signal.table.name))
        .filter_map(|(name, _)| judged.answers.get(name).filter(|measure| measure.is_shown()));
    met.map(|measure| measure.count).max().unwrap_or(0)
}

/// `counted`: whether log or listing tell how much fails, and not single bounce messages.
fn set_roles(causes: &mut [Cause<'_>], handled: u64, counted: bool, events: impl Fn(&BTreeSet<u32>) -> u64) {
    let ordinary = |cause: &Cause<'_>| {
        let count = cause.failed().max(cause.kept_out);
        let part = if handled == 0 { 1.0 } else { count as f64 / handled as f64 };
        match cause.judged.severity() {
            Severity::Critical => false,
            _ if !counted => false,
            // What speaks against it weighs more where it is seen only once or twice among much other mail.
            Severity::High => cause.confidence == Confidence::Possible && count < ORDINARY_COUNT && part < ORDINARY_SHARE,
            _ => count < ORDINARY_COUNT || part < ORDINARY_SHARE,
        }
    };
    let sure_root =
        causes.iter().any(|cause| cause.role == Role::Separate && cause.confidence >= Confidence::Likely && !ordinary(cause));
    let sure: BTreeSet<u32> = causes
        .iter()
        .filter(|cause| cause.role != Role::Note && cause.confidence >= Confidence::Likely)
        .flat_map(|cause| cause.explains.iter().copied())
        .collect();
    let nothing_failed = causes.iter().all(|cause| cause.failed() == 0);
    let big: Vec<bool> = causes
        .iter()
        .map(|cause| {
            // A possible cause leads only where nothing surer explains the failures, and it explains much of them.
            let leads = cause.confidence >= Confidence::Likely || {
                let alone = events(&cause.explains.difference(&sure).copied().collect());
                let much = cause.share >= 0.3 && 2 * alone >= cause.failed();
                // Of a few lines that tell of no failure, it leads that keeps mail out.
                !sure_root && (much || !counted && nothing_failed && cause.kept_out > 0)
            };
            cause.role == Role::Separate && leads && !ordinary(cause)
        })
        .collect();
    let best = causes
        .iter()
        .enumerate()
        .filter(|(at, _)| big[*at])
        .max_by(|(_, a), (_, b)| {
            // What is for others to solve, such as a full mailbox, does not lead where something here is to be repaired.
            let here = |cause: &Cause<'_>| cause.judged.severity() > Severity::Low && cause.share >= CONTRIBUTING_SHARE;
            (a.judged.severity() == Severity::Critical)
                .cmp(&(b.judged.severity() == Severity::Critical))
                .then_with(|| here(a).cmp(&here(b)))
                .then_with(|| a.share.total_cmp(&b.share))
                .then_with(|| a.judged.severity().cmp(&b.judged.severity()))
                .then_with(|| b.judged.rule.id.cmp(&a.judged.rule.id))
        })
        .map(|(at, _)| at);
    for (at, cause) in causes.iter_mut().enumerate() {
        if Some(at) == best {
            cause.role = Role::RootCause;
        } else if big[at] && (cause.share >= CONTRIBUTING_SHARE || cause.judged.severity() == Severity::Critical) {
            cause.role = Role::Contributing;
        }
    }
}
