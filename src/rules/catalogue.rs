//! The rules as something to read: a catalogue of causes with their remedies, in Markdown.

use super::RuleSet;
use super::model::{Ask, Entry, PHASES, Rule};
use crate::tables::{TABLES, Table};
use std::fmt::Write as _;

/// The text of the file that a rule stands in; none if it is gone.
pub fn source(rule: &Rule) -> Option<String> {
    let path = rule.file.strip_prefix("rules/").unwrap_or(&rule.file);
    let built_in = || crate::embedded::RULES.iter().find(|(known, ..)| *known == path).map(|(_, text, _)| (*text).to_owned());
    std::fs::read_to_string(&rule.file).ok().or_else(built_in)
}

/// A template text without its machinery: what will stand in a place is shown as `‹name›`.
pub fn readable(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        let Some(end) = rest[at..].find("}}") else { break };
        out.push_str(&rest[..at]);
        let inside = rest[at + 2..at + end].trim_matches(['{', '}', ' ']);
        if inside == "else" {
            out.push_str(" / ");
        } else if !inside.starts_with(['#', '/']) {
            let _ = write!(out, "‹{inside}›");
        }
        rest = rest[at + end..].trim_start_matches('}');
    }
    out.push_str(rest);
    out
}

/// What a link to a heading names, as GitHub and GitLab make it of the heading's words.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// One rule as a section.
pub fn rule(rule: &Rule) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {}\n", readable(&rule.title));
    let note = if rule.note { ", a note" } else { "" };
    let _ = writeln!(out, "`{}` · {} · {}{note} · {}\n", rule.id, rule.bucket, rule.severity.name(), rule.file);
    let _ = writeln!(out, "{}\n", readable(rule.summary.trim()));
    for (title, entries) in
        [("Required", &rule.requires), ("Supports it", &rule.supports), ("Speaks against it", &rule.contradicts)]
    {
        if !entries.is_empty() {
            let _ = writeln!(out, "**{title}**\n");
            signals(entries, 0, &mut out);
            out.push('\n');
        }
    }
    if !rule.explains.is_empty() {
        let list: Vec<String> = rule.explains.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(out, "**Explains:** {}\n", list.join(", "));
    }
    for warning in &rule.do_not {
        let _ = writeln!(out, "**Not yet:** `{}`: {}\n", readable(warning.run.trim()), readable(warning.why.trim()));
    }
    for (phase, name) in PHASES.iter().enumerate() {
        let steps: Vec<_> = rule.remedy.iter().filter(|step| step.phase == phase).collect();
        if steps.is_empty() {
            continue;
        }
        let _ = writeln!(out, "**{}{}**\n", name[..1].to_uppercase(), &name[1..]);
        for (at, step) in steps.into_iter().enumerate() {
            let _ = writeln!(out, "{}. {} ({})", at + 1, readable(step.action.trim()), step.risk);
            if let Some(run) = &step.run {
                let _ = writeln!(out, "\n   ```sh");
                for line in readable(run.trim_end()).lines() {
                    let _ = writeln!(out, "   {line}");
                }
                let _ = writeln!(out, "   ```\n");
            }
            if let Some(letter) = &step.letter {
                let _ = writeln!(out, "\n   ```text");
                for line in readable(letter.trim_end()).lines() {
                    let _ = writeln!(out, "   {line}");
                }
                let _ = writeln!(out, "   ```\n");
            }
            for (what, text) in [("Why", &step.why), ("Good", &step.good), ("Undo", &step.undo)] {
                if let Some(text) = text {
                    let _ = writeln!(out, "   - {what}: {}", readable(text.trim()));
                }
            }
        }
        out.push('\n');
    }
    if !rule.references.is_empty() {
        out.push_str("**Read on**\n\n");
    }
    for reference in &rule.references {
        let _ = writeln!(out, "- <{reference}>");
    }
    out
}

fn signals(entries: &[Entry], depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for entry in entries {
        match &entry.ask {
            Ask::Signal(signal) => {
                let _ = writeln!(out, "{indent}- {} (`{}` of `{}`)", readable(signal.says.trim()), entry.name, signal.table.name);
            }
            Ask::Any(members) => {
                let _ = writeln!(out, "{indent}- one of these:");
                signals(members, depth + 1, out);
            }
            Ask::All(members) => {
                let _ = writeln!(out, "{indent}- all of these:");
                signals(members, depth + 1, out);
            }
        }
    }
}

/// Every rule, by bucket.
pub fn all(rules: &RuleSet) -> String {
    let mut out = String::from("# What postdoc recognises\n\n");
    let _ = writeln!(
        out,
        "{} causes and {} entries that classify what was said. Where ‹a name› stands, a report has what the evidence says. Made by \
         `postdoc rules doc`.\n",
        rules.rules.len(),
        rules.reasons.entries.len()
    );
    let members = |id: &str| rules.rules.iter().filter(|rule| rule.bucket == id).collect::<Vec<_>>();
    for bucket in rules.buckets.iter().filter(|bucket| !members(&bucket.id).is_empty()) {
        let _ = writeln!(out, "- [{}](#{})", bucket.title, anchor(&bucket.title));
        for member in members(&bucket.id) {
            let title = readable(&member.title);
            let _ = writeln!(out, "  - [{title}](#{}) `{}`", anchor(&title), member.id);
        }
    }
    out.push('\n');
    for bucket in &rules.buckets {
        let members = members(&bucket.id);
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(out, "## {}\n\n{}\n", bucket.title, bucket.says);
        for member in members {
            out.push_str(&rule(member));
            out.push('\n');
        }
    }
    out
}

/// The tables with their fields; one of them, if `only` names one.
pub fn tables(only: &[String]) -> String {
    let mut out = String::new();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    for table in TABLES.iter().filter(|table| wanted(table.name)) {
        fields(table, &mut out);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn fields(table: &Table, out: &mut String) {
    let _ = writeln!(out, "{}: {}", table.name, table.doc.trim());
    let width = table.fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    for field in table.fields {
        let ty = field.type_words();
        let question = if field.question { " (question: a signal about what nobody asked is unknown)" } else { "" };
        let _ = writeln!(out, "  {:width$}  {ty:12}  {}{question}", field.name, field.doc);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn templates_read_without_their_machinery() {
        assert_eq!(readable("{{count}} of {{a.first.relay}}"), "‹count› of ‹a.first.relay›");
        assert_eq!(
            readable("x{{#if settings.relayhost}} via {{settings.relayhost}}{{else}}direct{{/if}}."),
            "x via ‹settings.relayhost› / direct."
        );
        assert_eq!(readable("no end {{x"), "no end {{x");
    }
}
