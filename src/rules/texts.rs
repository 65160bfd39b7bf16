//! The texts of a rule, which are templates: their variables are checked against what the rule may name.

use super::matchers::{Scope, column_named};
use super::problem::Place;
use super::template as words;
use super::yaml::{Node, Reader};
use crate::tables::{self, Table};

/// Parts of a measure that a template may name.
const MEASURES: [&str; 14] =
    ["count", "distinct", "share", "rate", "lasting", "first", "last", "key", "keys", "since", "until", "top", "list", "total"];

/// What a template may say of the mail that a cause explains: `accounts.waiting`.
const ACCOUNTS: [&str; 5] = ["waiting", "bounced", "all", "share", "fate"];

/// Bytes that a template in a rule may have.
const LONGEST_TEMPLATE: usize = 16 << 10;

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// A template text, its variables checked against what a rule may name.
pub(super) fn template(reader: &mut Reader<'_>, node: &Node, what: &str, scope: &Scope<'_>) -> String {
    let text = reader.text(node, what);
    if reader.trusted {
        return text;
    }
    // Blocks inside blocks without end would fill the stack.
    if text.len() > LONGEST_TEMPLATE {
        let message = format!("`{what}` has {} bytes; a template has at most {LONGEST_TEMPLATE}", text.len());
        reader.problem(node.place, message, None);
        return String::new();
    }
    if !text.contains('{') {
        return text;
    }
    if words::Simple::of(&text).is_none()
        && let Err(error) = handlebars::Template::compile(&text)
    {
        // What the grammar would have taken instead says nothing to a person.
        let reason = error.reason().to_string();
        let reason = if reason.contains("syntax") {
            "a `{{` without its `}}`, or a `{{#if ...}}` without its `{{/if}}`".to_owned()
        } else {
            reason
        };
        // The first braces that nothing closes in their line, if they have a name.
        let line_of = |at: usize| text[at..].split_inclusive('\n').next().unwrap_or_default();
        let open = text.match_indices("{{").find(|(at, _)| !line_of(*at).contains("}}"));
        let name = open.map(|(at, _)| text[at + 2..].split(|c: char| !is_name(c)).next().unwrap_or_default());
        let place = name.filter(|name| !name.is_empty()).map_or(node.place, |name| reader.part_of(node.place, name));
        let piped = text.split("{{").skip(1).any(|tag| tag.split("}}").next().is_some_and(|tag| tag.contains('|')));
        let help = piped.then(|| "a value stands there as it is: there are no filters behind a `|`".to_owned());
        reader.problem(place, format!("the template in `{what}` is not valid: {reason}"), help);
        return text;
    }
    if let Some(tag) = words::refused(&text) {
        let message = format!(
            "`{{{{{tag}}}}}` in `{what}`: a rule's template has variables and the blocks `if` and `unless`, nothing else"
        );
        reader.problem(node.place, message, None);
        return text;
    }
    if what != "run"
        && let Some(name) = in_single_braces(&text)
    {
        let help = format!("write `{{{{{name}}}}}`");
        reader.problem(
            node.place,
            format!("`{{{name}}}` in `{what}` stands there as it is: a variable has two braces"),
            Some(help),
        );
    }
    if what == "run"
        && let Some(name) = words::in_quotes(&text)
    {
        let help = format!("end the quotes before it and begin them again behind it: `'...'{{{{{name}}}}}'...'`");
        let message = format!("`{{{{{name}}}}}` stands between quotes, and a value is quoted for the shell by itself");
        reader.problem(reader.part_of(node.place, name), message, Some(help));
    }
    for variable in words::variables(&text) {
        let mut parts = variable.split('.');
        let head = parts.next().unwrap_or_default();
        let fixed = ["host", "settings", "accounts", "params", "hurts", "resume", "show_log"];
        if !MEASURES.contains(&head) && !fixed.contains(&head) && !scope.signals.contains_key(head) {
            let known: Vec<&str> = scope.signals.keys().map(String::as_str).chain(fixed).chain(MEASURES).collect();
            let place = reader.part_of(node.place, variable);
            reader.unknown(place, "template variable", head, known);
        } else if head == "accounts" {
            let field = parts.next().unwrap_or_default();
            if !ACCOUNTS.contains(&field) {
                reader.unknown(reader.part_of(node.place, variable), "part of `accounts`", field, ACCOUNTS);
            }
        } else if head == "host" {
            if let Some(field) = parts.next() {
                field_named(reader, field, node.place, variable, &tables::host::TABLE);
            }
        } else if let (Some(Some(table)), Some("first" | "last" | "top" | "list" | "distinct")) =
            (scope.signals.get(head), parts.next())
            && let Some(field) = parts.next()
        {
            field_named(reader, field, node.place, variable, table);
        }
    }
    text
}

/// Notes a field that `table` does not have; where its variable stands in the text is looked for only then.
fn field_named(reader: &mut Reader<'_>, field: &str, text: Place, variable: &str, table: &'static Table) {
    if table.column(field).is_none() {
        let place = reader.part_of(text, variable);
        column_named(reader, field, place, table);
    }
}

/// A part of a signal that stands in single braces.
fn in_single_braces(text: &str) -> Option<&'static str> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        let alone = !text[..at].ends_with('{') && !after.starts_with('}');
        MEASURES.iter().copied().find(|known| alone && *known == name)
    })
}

/// Checks the variables of a statement that belong to its own signal.
pub(super) fn own_variables(reader: &mut Reader<'_>, says: &str, place: Place, table: &'static Table, by: bool) {
    if reader.trusted {
        return;
    }
    for variable in words::variables(says) {
        match variable.split_once('.').unwrap_or((variable, "")) {
            ("first" | "last" | "top" | "list" | "distinct", field) => field_named(reader, field, place, variable, table),
            ("key" | "keys", _) if !by => {
                let help = "add `by: FIELD` to the signal: it is then asked for each value of the field";
                let place = reader.part_of(place, variable);
                reader.problem(place, format!("`{{{{{variable}}}}}` is known only of a signal with `by`"), Some(help.to_owned()));
            }
            _ => {}
        }
    }
}
