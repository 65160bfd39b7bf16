//! The plan: its phases, what each step serves and what locks it.

use crate::report::markup;
use crate::report::phrases::Phrases;
use crate::report::view::{Report, Step};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The step that flushes and is locked, where no cause warns of anything.
pub(super) fn flush_step(report: &Report) -> Option<usize> {
    let flushes = |step: &&Step| !step.locked_by.is_empty() && step.run.as_ref().is_some_and(|run| run.contains("postqueue -f"));
    report.plan.iter().filter(|_| report.do_not.is_empty()).find(flushes).map(|step| step.number)
}

/// Phases that have steps; a step names the causes that it serves by number, a phase what locks it.
pub(super) fn phases(report: &Report, numbers: &BTreeMap<String, usize>, phrases: &Phrases) -> Vec<Value> {
    report
        .phases
        .iter()
        .filter_map(|phase| {
            let steps: Vec<&Step> = report.plan.iter().filter(|step| step.phase == phase.id).collect();
            if steps.is_empty() {
                return None;
            }
            // Locks of one phase are shown once if they are the same for all its steps.
            let locks = &steps[0].locked_by;
            let locked = !locks.is_empty() && steps.iter().all(|step| &step.locked_by == locks);
            // What only looks lets no mail go.
            let moves = steps.iter().any(|step| step.risk != "read-only");
            let rows: Vec<Value> = steps
                .iter()
                .filter_map(|step| {
                    let mut value = serde_json::to_value(step).ok()?;
                    let number = |rule: &String| numbers.get(rule).or_else(|| symptom_of(rule, report)?.iter().find_map(|root| numbers.get(root)));
                    let mut served: Vec<usize> = step.causes.iter().filter_map(number).copied().collect();
                    served.sort_unstable();
                    served.dedup();
                    value["serves"] = match served.as_slice() {
                        _ if numbers.len() < 2 => Value::Null,
                        [] => Value::Null,
                        served => {
                            let values = [("n", served.len().into()), ("numbers", ranges(served, phrases).into())];
                            json!(phrases.say("plan.serves", &values))
                        }
                    };
                    value["effects"] = json!(step.run.as_ref().map_or_else(Vec::new, |run| phrases.effects(run)));
                    value["locks"] = json!(ranges(&step.locked_by, phrases));
                    Some(value)
                })
                .collect();
            Some(json!({
                "id": phase.id, "title": phase.title, "says": phase.says, "steps": rows,
                "locked": locked, "locks": ranges(locks, phrases), "lock_count": locks.len(), "moves": moves, "checks": checks(&steps),
            }))
        })
        .collect()
}

/// The causes that a rule's cause follows from.
fn symptom_of<'r>(rule: &String, report: &'r Report) -> Option<&'r [String]> {
    Some(report.causes.iter().find(|cause| &cause.rule == rule)?.symptom_of.as_slice())
}

/// The read-only commands of a phase as one block of shell, each under the name of its step; none if they are no block yet.
fn checks(steps: &[&Step]) -> Value {
    let reading = steps.iter().filter(|step| step.risk == "read-only");
    let parts: Vec<String> = reading
        .filter_map(|step| {
            let title: Vec<String> = markup::to_text(&step.action).split_whitespace().map(str::to_owned).collect();
            Some(format!("# {}. {}\n{}", step.number, title.join(" "), step.run.as_ref()?))
        })
        .collect();
    if parts.len() < 2 { Value::Null } else { json!({ "count": parts.len(), "run": parts.join("\n") }) }
}

/// `3 to 8`, `1, 3 and 4`.
pub(super) fn ranges(numbers: &[usize], phrases: &Phrases) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < numbers.len() {
        let start = at;
        while at + 1 < numbers.len() && numbers[at + 1] == numbers[at] + 1 {
            at += 1;
        }
        match at - start {
            0 => parts.push(numbers[start].to_string()),
            1 => parts.extend([numbers[start].to_string(), numbers[at].to_string()]),
            _ => parts.push(phrases.say("span", &[("from", numbers[start].into()), ("to", numbers[at].into())])),
        }
        at += 1;
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            phrases.say("and", &[("list", rest.join(", ").into()), ("last", last.as_str().into())])
        }
        _ => parts.concat(),
    }
}

/// Style rules that turn a lock note into "unlocked" once the boxes of the steps before it are ticked.
pub(super) fn unlock_rules(report: &Report) -> String {
    let mut out = String::new();
    for phase in &report.phases {
        let Some(step) = report.plan.iter().find(|step| step.phase == phase.id && !step.locked_by.is_empty()) else { continue };
        let ticked: String = step.locked_by.iter().map(|number| format!(":has(#s{number}:checked)")).collect();
        out.push_str(&format!(
            ".plan{ticked} #phase-{id} .locknote.shut,.plan{ticked} #phase-{id} .tag.lock{{display:none}}\n\
             .plan{ticked} #phase-{id} .locknote.open{{display:flex}}\n\
             .plan{ticked} #phase-{id} pre.cmd{{border-style:solid}}\n",
            id = phase.id
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_numbers_read_as_ranges() {
        let words = Phrases::built_in();
        assert_eq!(ranges(&[3, 4, 5, 6], &words), "3 to 6");
        assert_eq!(ranges(&[1, 3, 4], &words), "1, 3 and 4");
        assert_eq!(ranges(&[2], &words), "2");
        assert_eq!(ranges(&[], &words), "");
    }
}
