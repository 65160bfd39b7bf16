//! What is wrong in a rule file or a template: where, what, and what to do. Problems are collected, not thrown one by one.

pub use super::node::Place;
use crate::ink::{Ink, is_obeyed, visible};
use std::fmt;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The rules cannot be used.
    Error,
    /// They can, but hardly as they were meant.
    Warning,
}

/// One thing that is wrong in a rule file or a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// Path of the file as a person would open it.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// What is wrong, and what is expected.
    pub message: String,
    /// The line it stands in.
    pub quoted: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at `place` of `file`, whose whole text is `text`.
    pub fn new(level: Level, file: &str, text: &str, place: Place, message: impl Into<String>, help: Option<String>) -> Problem {
        let quoted = match place.line {
            0 => String::new(),
            line => line_of(text, line).to_owned(),
        };
        Problem { level, file: file.to_owned(), place, message: message.into(), quoted, help }
    }
}

impl fmt::Display for Problem {
    /// `file:line:column: error: message`, the line, a caret under the place, and help; the alternate form is coloured.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, length } = self.place;
        let colored = out.alternate();
        let paint = |ink: Ink, words: &str| ink.on(colored, words);
        let (level, ink) = match self.level {
            Level::Error => ("error", Ink::Bad),
            Level::Warning => ("warning", Ink::Warn),
        };
        // What a file of rules says, or is called, does nothing to the terminal.
        let file = visible(&self.file);
        let place = if line == 0 { file } else { format!("{file}:{line}:{column}") };
        let message: Vec<String> = self.message.lines().map(visible).collect();
        writeln!(out, "{place}: {}: {}", paint(ink, level), paint(Ink::Strong, &message.join("\n")))?;
        if line > 0 && !self.quoted.is_empty() {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let (quoted, before) = window(&self.quoted, column.saturating_sub(1) as usize);
            let indent: String = quoted.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let bar = paint(Ink::Faint, "|");
            writeln!(out, "{margin} {bar}")?;
            writeln!(out, "{} {bar} {quoted}", paint(Ink::Faint, &number))?;
            // What goes on in the next line is underlined to the end of the first.
            let rest = quoted.trim_end().chars().count().saturating_sub(before);
            let length = (length as usize).min(rest).clamp(1, 60);
            writeln!(out, "{margin} {bar} {indent}{}", paint(ink, &"^".repeat(length)))?;
        }
        if let Some(help) = &self.help {
            let help: Vec<String> = help.lines().map(visible).collect();
            writeln!(out, "  {}: {}", paint(Ink::Hint, "help"), help.join("\n"))?;
        }
        Ok(())
    }
}

/// The part of a line around a place (characters before it) that a person can look at, and the characters before the place in
/// it; what a terminal would obey is shown as an unknown character.
fn window(line: &str, before: usize) -> (String, usize) {
    let shown = |c: char| if is_obeyed(c) && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    if line.chars().count() <= LONGEST_LINE {
        return (line.chars().map(shown).collect(), before);
    }
    let from = before.saturating_sub(LONGEST_LINE / 2);
    let mut part: String = line.chars().skip(from).take(LONGEST_LINE).map(shown).collect();
    if line.chars().nth(from + LONGEST_LINE).is_some() {
        part.push('…');
    }
    if from > 0 { (format!("…{part}"), before - from + 1) } else { (part, before) }
}

/// Characters of a line that are quoted.
const LONGEST_LINE: usize = 160;

/// Every problem of a set of rules, in the order of files and lines.
#[derive(Debug, Clone, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// All of them, and how many stand in `what` ("the rules"), in black and white.
    pub fn told(&self, what: &str) -> String {
        let all: String = self.0.iter().map(|problem| format!("{problem}\n")).collect();
        all + &self.count(what)
    }

    fn count(&self, what: &str) -> String {
        let errors = self.0.iter().filter(|problem| problem.level == Level::Error).count();
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        match self.0.len() - errors {
            warnings if errors == 0 => format!("{} in {what}", counted(warnings, "warning")),
            0 => format!("{} in {what}", counted(errors, "error")),
            warnings => format!("{} and {} in {what}", counted(errors, "error"), counted(warnings, "warning")),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            // Its alternate form stands in the alternate form of all.
            problem.fmt(out)?;
            writeln!(out)?;
        }
        out.write_str(&self.count("the rules"))
    }
}

impl std::error::Error for Problems {}

/// Lines below a place that are searched for a word.
const SEARCHED: usize = 60;

/// A line of a text, from 1; empty where there is none.
pub(super) fn line_of(text: &str, number: u32) -> &str {
    from_line(text, number).lines().next().unwrap_or_default()
}

/// A text from a line of it on, from 1.
fn from_line(text: &str, number: u32) -> &str {
    match number {
        0 => "",
        1 => text,
        _ => {
            let end = memchr::memchr_iter(b'\n', text.as_bytes()).nth(number as usize - 2);
            end.map_or("", |end| &text[end + 1..])
        }
    }
}

/// Where `word` stands at or below `place`, as a word of its own and behind what `fits`; the place itself if it does not.
pub(super) fn find_at(text: &str, place: Place, word: &str, fits: impl Fn(&str) -> bool) -> Place {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let first = place.line.max(1);
    for (number, line) in (first..).zip(from_line(text, first).lines()).take(SEARCHED) {
        let skipped = if number == first { place.column.saturating_sub(1) as usize } else { 0 };
        let from = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
        let alone = |at: &usize| {
            let (before, after) = (&line[..*at], &line[at + word.len()..]);
            !before.ends_with(goes_on) && !after.starts_with(goes_on) && fits(before)
        };
        if let Some(at) = line[from..].match_indices(word).map(|(at, _)| from + at).find(alone) {
            let column = line[..at].chars().count() as u32 + 1;
            return Place { line: number, column, length: word.chars().count() as u32 };
        }
    }
    place
}

/// The known word that `word` was probably meant to be.
pub fn did_you_mean<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count().min(word.chars().count()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i; to.len() + 1];
        for j in 1..=to.len() {
            let replaced = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["reason", "reason_class", "recipient", "relay"];
        assert_eq!(did_you_mean("reson", known), Some("reason"));
        assert_eq!(did_you_mean("recipeint", known), Some("recipient"));
        assert_eq!(did_you_mean("colour", known), None);
    }
}
