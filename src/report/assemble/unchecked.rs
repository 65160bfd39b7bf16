//! What could not be decided, and what would decide it.

use super::Material;
use crate::diagnose::rank::Role;
use crate::diagnose::verdict::{Confidence, Judged, state};
use crate::diagnose::words::{Place, Words};
use crate::report::phrases::{Phrases, capital};
use crate::report::view::{NotChecked, Verdict};
use crate::rules::kinds::Answers;
use crate::rules::model::{Entry, Matcher, Severity, Signal};
use crate::tables::host;

/// What an answer does where the cause hangs on it.
const DECIDES: &str = "decides";

pub(super) fn not_checked(material: &Material<'_>) -> Vec<NotChecked> {
    let diagnosis = material.diagnosis;
    let mut list: Vec<NotChecked> = Vec::new();
    let mut note = |judged: &Judged<'_>, entries: Vec<&Entry>, effect: &'static str, changes_plan: bool| {
        for (name, signal) in entries.into_iter().flat_map(Entry::signals) {
            if judged.answers.get(name).is_some_and(|measure| measure.met.is_none()) {
                let (needs, command) = needs(signal, material);
                // What no command collects is worth a question only where the plan hangs on it, and each command only once a rule.
                let known = command.is_some() && list.iter().any(|one| one.rule == judged.rule.id && one.command == command);
                if known || (command.is_none() && (effect != DECIDES || !changes_plan)) {
                    continue;
                }
                if changes_plan || !list.iter().any(|known| known.rule == judged.rule.id) {
                    list.push(NotChecked {
                        rule: judged.rule.id.clone(),
                        title: Words { judged: Some(judged), ..Words::of(diagnosis.asker) }
                            .fill(&judged.rule.title, Place::Plain),
                        signal: name.to_owned(),
                        needs,
                        command,
                        changes_plan,
                        effect: effect.into(),
                    });
                }
            }
        }
    };
    for cause in diagnosis.causes.iter().filter(|cause| matches!(cause.role, Role::RootCause | Role::Contributing)) {
        let rule = cause.judged.rule;
        // Of a group that is met the rest only agrees.
        let (met, open): (Vec<&Entry>, Vec<&Entry>) =
            rule.requires.iter().partition(|entry| state(entry, &cause.judged.answers) == Some(true));
        note(cause.judged, open, DECIDES, true);
        note(cause.judged, rule.contradicts.iter().collect(), "contradicts", true);
        // What is confirmed needs no more support.
        if cause.confidence < Confidence::Confirmed {
            note(cause.judged, met.into_iter().chain(&rule.supports).collect(), "supports", true);
        }
    }
    let trouble = diagnosis.verdict != Verdict::Healthy;
    for judged in diagnosis.not_checked() {
        let matters = trouble && judged.required.0 > 0 && judged.rule.severity >= Severity::High;
        note(judged, judged.rule.requires.iter().collect(), DECIDES, matters);
    }
    list.sort_by_key(|item| !item.changes_plan);
    list
}

/// What evidence a signal needs, and the command that collects it: what answers the most of its conditions, or else
/// whatever fills its table.
fn needs(signal: &Signal, material: &Material<'_>) -> (String, Option<String>) {
    let table = signal.table;
    let asks = |field: &str, value: &str| {
        signal.conditions.iter().any(|condition| {
            table.fields[condition.column.0].name == field
                && match &condition.matcher {
                    Matcher::OneOf(list) => value == "any" || list.iter().any(|one| one.eq_ignore_ascii_case(value)),
                    _ => true,
                }
        })
    };
    // The machine's one record comes from many commands: there, only the field that is asked for will do.
    let fits = |answers: &Answers| {
        let met = answers.fields.iter().filter(|(field, value)| asks(field, value)).count();
        let whole = met == answers.fields.len();
        (answers.table == table.name && (whole || table.name != host::TABLE.name)).then_some((whole, met))
    };
    let best = material
        .rules
        .kinds
        .iter()
        .flat_map(|kind| kind.collect.iter().map(move |collect| (kind, collect)))
        .flat_map(|(kind, collect)| collect.answers.iter().map(move |answers| (kind, collect, answers)))
        .filter_map(|(kind, collect, answers)| Some((fits(answers)?, kind, collect)))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some((_, kind, collect)) => {
            let words = Words::of(material.diagnosis.asker);
            let run = words.fill(&collect.run, Place::Shell);
            // A redirection belongs to the last command only, unless braces hold them together; so does what is said of errors.
            let several = ["2>&1", ";", "&&", "||"].iter().any(|sign| run.contains(sign)) || run.trim().contains('\n');
            let command = match (collect.save.is_empty(), several) {
                (true, _) => run,
                (false, true) => format!("{{ {}; }} > {}", run.trim().trim_end_matches(';'), collect.save),
                (false, false) => format!("{run} > {}", collect.save),
            };
            (kind.title.clone(), Some(command))
        }
        None => {
            let phrases = Phrases::english();
            // Of the machine's one record, and there alone, the fields say what is missing.
            let fields = signal.conditions.iter().filter(|_| table.name == host::TABLE.name);
            let fields: Vec<&str> = fields.map(|condition| table.fields[condition.column.0].name).collect();
            let what = capital(&phrases.word("tables", table.name));
            let fields = fields.join(", ").replace('_', " ");
            let with = phrases.say("asked.with", &[("what", what.as_str().into()), ("conditions", fields.as_str().into())]);
            (if fields.is_empty() { what } else { with }, None)
        }
    }
}
