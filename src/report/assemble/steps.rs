//! The steps of the plan, and which of them come first.

use crate::report::view::{DoFirst, Step};
use crate::rules::model::PHASES;

pub(super) fn do_first(plan: &[Step]) -> Vec<DoFirst> {
    let mut first: Vec<&Step> = plan.iter().filter(|step| matches!(&*step.phase, "contain" | "fix")).take(3).collect();
    // A plan that only looks (read-only) before it changes still starts there.
    if first.is_empty() {
        first = plan.iter().take(1).collect();
    }
    first.into_iter().map(|step| DoFirst { step: step.number, text: step.action.clone() }).collect()
}

pub(super) fn step_view(number: usize, step: &crate::diagnose::plan::Step) -> Step {
    let (action, details) = first_sentence(&step.action);
    Step {
        number,
        phase: PHASES[step.phase].into(),
        causes: step.causes.clone(),
        action,
        details,
        why: step.why.clone(),
        run: step.run.clone(),
        risk: step.risk.into(),
        good: step.good.clone(),
        undo: step.undo.clone(),
        locked_by: step.locked_by.clone(),
    }
}

/// The first sentence, without its full stop, and the rest. A stop inside a code span or a name ends nothing.
fn first_sentence(text: &str) -> (String, Option<String>) {
    let mut in_code = false;
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '`' => in_code = !in_code,
            '.' | ':' if !in_code && matches!(bytes.get(at + 1), Some(b' ' | b'\n') | None) => {
                let rest = text[at + 1..].trim();
                if rest.is_empty() || rest.starts_with(|c: char| c.is_uppercase() || c == '`' || c == '*') {
                    return (text[..at].trim().to_owned(), (!rest.is_empty()).then(|| rest.to_owned()));
                }
            }
            _ => {}
        }
    }
    (text.trim().to_owned(), None)
}
