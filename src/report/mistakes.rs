//! What is wrong in the templates: every name that a document does not have, at its place, with what was probably meant.

use super::format::Format;
use super::helpers;
use super::templates::{TemplateError, Templates};
use crate::rules::problem::{Level, Place, Problem, did_you_mean};
use handlebars::{RenderError, RenderErrorReason};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Mistakes after which nobody reads on.
const MOST: usize = 50;

/// Helpers of Handlebars itself.
const OWN: [&str; 17] =
    ["if", "unless", "each", "with", "lookup", "log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len", "else"];

/// The mistake that ended a document, and all others: what is wrong is taken out of the templates, and the document made again.
pub(super) fn all(
    error: RenderError,
    document: &str,
    format: Format,
    context: &Arc<Value>,
    templates: &Templates,
) -> TemplateError {
    let mut trial = templates.clone();
    let mut found: Vec<Problem> = Vec::new();
    let until = Instant::now() + templates.longest;
    let mut next = Some(error);
    while let Some(error) = next.take().filter(|_| found.len() < MOST) {
        let mistake = Mistake::of(&error, document, format, context, &trial);
        let problem = mistake.problem(templates);
        if !found.contains(&problem) {
            found.push(problem);
        }
        let left = until.saturating_duration_since(Instant::now());
        if mistake.take_out(&mut trial) && left > Duration::ZERO {
            next = trial.fails(format, document, context, left);
        }
    }
    found.sort_by(|a, b| (&a.file, a.place.line, a.place.column).cmp(&(&b.file, b.place.line, b.place.column)));
    TemplateError::of(found)
}

/// One mistake.
struct Mistake {
    /// The file, by its path below the folder of templates.
    file: String,
    /// Where its tag begins, in bytes.
    tag: Option<usize>,
    /// What is wrong in it, as it is written there.
    word: Option<String>,
    message: String,
    help: Option<String>,
}

impl Mistake {
    fn of(error: &RenderError, document: &str, format: Format, context: &Value, templates: &Templates) -> Mistake {
        let file = templates.file_of(error.template_name.as_deref().unwrap_or(&format.template(document)));
        let tag = error.line_no.zip(error.column_no).and_then(|(line, column)| offset(templates.text(&file), line, column));
        let known: BTreeSet<&str> = helpers::names().into_iter().chain(OWN).collect();
        let meant = |meant: Option<&str>| meant.map(|meant| format!("did you mean `{meant}`?"));
        let (word, message, help) = match error.reason() {
            RenderErrorReason::MissingVariable(Some(name)) => {
                let message = format!("the {document} has no `{name}` here");
                (Some(name.clone()), message, meant(meant_in(context, name).as_deref()))
            }
            RenderErrorReason::MissingVariable(None) => (None, format!("a name that the {document} does not have here"), None),
            RenderErrorReason::HelperNotFound(name) => {
                let message = format!("there is no helper `{name}`");
                (Some(name.clone()), message, meant(did_you_mean(name, known)))
            }
            RenderErrorReason::PartialNotFound(name) => {
                let partials = templates.partials();
                let message = format!("there is no partial `{name}`: it would stand in partials/{name}.hbs");
                (Some(name.clone()), message, meant(did_you_mean(name, partials)))
            }
            // What a helper of the report says ends in what it is about.
            other => {
                let said = other.to_string();
                let (message, help) = match said.split_once("; did you mean") {
                    Some((message, rest)) => (message.to_owned(), Some(format!("did you mean{rest}"))),
                    None => (said.clone(), None),
                };
                let word = message.rsplit('`').nth(1).map(str::to_owned);
                (word, message, help)
            }
        };
        Mistake { file, tag, word, message, help }
    }

    fn problem(&self, templates: &Templates) -> Problem {
        let text = templates.text(&self.file);
        let place = self.tag.map_or(Place { line: 0, column: 0, length: 0 }, |at| {
            let tag = &text[at..tag_end(text, at)];
            let (begin, length) = match self.word.as_deref().and_then(|word| Some((tag.find(word)?, word))) {
                Some((begin, word)) => (at + begin, word.chars().count()),
                None => (at, tag.trim_end().chars().count()),
            };
            let line_begin = text[..begin].rfind('\n').map_or(0, |at| at + 1);
            Place {
                line: text[..begin].matches('\n').count() as u32 + 1,
                column: text[line_begin..begin].chars().count() as u32 + 1,
                length: length as u32,
            }
        });
        Problem::new(Level::Error, &templates.place(&self.file), text, place, self.message.clone(), self.help.clone())
    }

    /// Blanks the tag, or the whole block that it opens; everything else keeps its place. Says whether something was there.
    fn take_out(&self, templates: &mut Templates) -> bool {
        let text = templates.text(&self.file);
        let Some(at) = self.tag else { return false };
        let end =
            if text[at..].trim_start_matches(['{', '~']).starts_with('#') { block_end(text, at) } else { tag_end(text, at) };
        let blank: String = text[at..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        let changed = format!("{}{blank}{}", &text[..at], &text[end..]);
        let is_new = changed != text;
        templates.replace(&self.file, changed);
        is_new
    }
}

/// The byte at which a line and column (from 1) stand, if a tag begins there.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let begin = if line == 1 { 0 } else { text.match_indices('\n').nth(line - 2)?.0 + 1 };
    let at = begin + text[begin..].char_indices().nth(column - 1).map(|(at, _)| at)?;
    text[at..].starts_with("{{").then_some(at)
}

/// Where the tag that begins at `at` ends.
fn tag_end(text: &str, at: usize) -> usize {
    let close = if text[at..].starts_with("{{{") { "}}}" } else { "}}" };
    text[at..].find(close).map_or(text.len(), |end| at + end + close.len())
}

/// Where the block that the tag at `at` opens ends.
fn block_end(text: &str, at: usize) -> usize {
    let mut open = 0_usize;
    for (begin, _) in text[at..].match_indices("{{") {
        match text[at + begin..].trim_start_matches(['{', '~']).trim_start().as_bytes().first() {
            Some(b'#' | b'^') => open += 1,
            Some(b'/') => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return tag_end(text, at + begin);
        }
    }
    text.len()
}

/// What `name` was probably meant to be: its path as far as the document has it, then the names there; or else any name.
fn meant_in(context: &Value, name: &str) -> Option<String> {
    let path: Vec<&str> = name.split('.').collect();
    let mut here = context;
    for (at, part) in path.iter().enumerate() {
        match here.get(part) {
            Some(inner) => here = inner,
            None => {
                let mut names: BTreeSet<&str> = BTreeSet::new();
                match here {
                    Value::Object(fields) if at > 0 => names.extend(fields.keys().map(String::as_str)),
                    // Inside of a block it is a name of what the block is about, whatever that is.
                    _ => names_in(context, &mut names),
                }
                let meant = did_you_mean(part, names)?;
                let mut path = path;
                path[at] = meant;
                return Some(path.join("."));
            }
        }
    }
    None
}

fn names_in<'v>(value: &'v Value, names: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            names.insert(name);
            names_in(inner, names);
        }),
        Value::Array(list) => list.iter().for_each(|inner| names_in(inner, names)),
        _ => {}
    }
}
