//! The steps of the plan, and which of them come first.

use crate::diagnose::plan::Step as Planned;
use crate::report::format::fold;
use crate::report::phrases::Phrases;
use crate::report::view::{DoFirst, Step};
use crate::rules::model::PHASES;

/// Steps that stand on the first screen.
const FIRST: usize = 3;

/// Bytes of a reason that stands beside a first step; a longer one stands with the step itself.
const ONE_LINE: usize = 140;

/// The first steps: what contains the damage, then the repair of each cause (the step that its rule names, or its first fix),
/// then whatever comes next, but for what is only needed if another step fails; in their order. To tell people, without a command, helps and repairs nothing: it comes last, and
/// only where there is room. `named` are the numbers of the steps that rules name, `general` of those that stand in every plan.
pub(super) fn do_first<'p>(plan: &'p [Step], named: &[usize], general: &[usize], serious: &[&str]) -> Vec<DoFirst> {
    let of = |phase: &'static str| plan.iter().filter(move |step| step.phase == phase);
    let acts = |step: &&Step| step.run.is_some() || step.risk != "safe";
    let telling = of("contain").find(|step| !acts(step));
    let repairs = serious.iter().filter_map(|rule| {
        let own = || of("fix").filter(|step| step.causes.iter().any(|cause| cause == rule));
        own().find(|step| named.contains(&step.number)).or_else(|| own().find(|step| !step.optional)).or_else(|| own().next())
    });
    // What contains a trouble beside the incident is no first step, and what is done whatever the cause comes after its repair.
    let is_serious = |step: &&Step| step.causes.is_empty() || step.causes.iter().any(|cause| serious.contains(&cause.as_str()));
    let is_own = |step: &&Step| !general.contains(&step.number) && (serious.is_empty() || is_serious(step));
    let contains = || of("contain").filter(acts).filter(is_own);
    let must = contains().take(1).chain(repairs);
    let mut chosen: Vec<&'p Step> = Vec::new();
    let mut choose = |step: &'p Step, most: usize| {
        if chosen.len() < most && !chosen.iter().any(|known| known.number == step.number) {
            chosen.push(step);
        }
    };
    must.for_each(|step| choose(step, FIRST));
    let more = contains().chain(of("fix")).chain(of("contain").filter(acts)).filter(|step| !step.optional);
    more.for_each(|step| choose(step, FIRST - usize::from(telling.is_some())));
    chosen.sort_by_key(|step| step.number);
    chosen.extend(telling.filter(|_| chosen.len() < FIRST));
    // A plan that only looks (read-only) before it changes still starts there.
    if chosen.is_empty() {
        chosen = plan.iter().take(1).collect();
    }
    let first = |step: &Step| DoFirst {
        step: step.number,
        text: step.action.clone(),
        why: step.details.as_ref().or(step.why.as_ref()).map(|text| sentence(text)).filter(|why| why.len() <= ONE_LINE),
    };
    chosen.into_iter().map(first).collect()
}

/// Characters of a line in a text that people send.
const LINE: usize = 68;

/// The paragraphs of a text, their lines filled anew now that the values are in; a line with a margin is one by itself.
fn filled(text: &str) -> String {
    let mut paragraphs: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let stands_alone = line.trim().is_empty() || line.starts_with(' ');
        match paragraphs.last_mut().filter(|_| open && !stands_alone) {
            Some(last) => last.extend([" ", line.trim()]),
            None => paragraphs.push(line.trim_end().to_owned()),
        }
        open = !stands_alone;
    }
    let filled = paragraphs.iter().map(|paragraph| {
        let margin = &paragraph[..paragraph.len() - paragraph.trim_start().len()];
        fold(paragraph.trim_start(), LINE.saturating_sub(margin.len()), margin, margin)
    });
    filled.collect::<Vec<_>>().join("\n")
}

/// The first sentence of a text, with its full stop.
fn sentence(text: &str) -> String {
    let (first, rest) = first_part(text, &['.']);
    if rest.is_some() { format!("{first}.") } else { text.trim().to_owned() }
}

pub(super) fn step_view(number: usize, step: &Planned, words: &Phrases) -> Step {
    let (action, details) = first_sentence(&step.action);
    Step {
        number,
        phase: PHASES[step.phase].into(),
        causes: step.causes.clone(),
        action,
        details,
        why: step.why.clone(),
        effects: step.run.as_deref().map_or_else(Vec::new, |run| words.effects(run)),
        run: step.run.clone(),
        letter: step.letter.as_deref().map(filled),
        risk: step.risk.into(),
        good: step.good.clone(),
        undo: step.undo.clone(),
        optional: step.optional,
        locked_by: step.locked_by.clone(),
    }
}

/// The first sentence, without its full stop or colon, and the rest.
fn first_sentence(text: &str) -> (String, Option<String>) {
    first_part(text, &['.', ':'])
}

/// What stands before the first of these stops, and the rest. A stop inside a code span or a name ends nothing.
fn first_part(text: &str, stops: &[char]) -> (String, Option<String>) {
    let mut in_code = false;
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '`' => in_code = !in_code,
            stop if stops.contains(&stop) && !in_code && matches!(bytes.get(at + 1), Some(b' ' | b'\n') | None) => {
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

#[cfg(test)]
mod tests {
    use super::{first_sentence, sentence};

    #[test]
    fn what_is_told_of_a_step_is_not_cut_at_a_colon() {
        assert_eq!(sentence("Refused here: Microsoft, Google. Each has a page of its own."), "Refused here: Microsoft, Google.");
        assert_eq!(first_sentence("If they refuse: relay elsewhere.").0, "If they refuse: relay elsewhere");
        assert_eq!(first_sentence("Of two kinds: `a` or `b`.").0, "Of two kinds");
    }
}
