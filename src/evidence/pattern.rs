//! Evidence whose kind is declared in YAML alone: lines by regular expression, or columns under a header.
//!
//! ```text
//! 7 4 * * * /usr/bin/php /home/shop/cron.php
//! ```
//!
//! with `lines: ['^(?P<schedule>(\S+ ){4}\S+) (?P<command>.+)$']` is one record with the fields `schedule` and `command`.

use super::document::{Document, Sink};
use super::stamp::time_of;
use crate::rules::kinds::{Columns, Pattern};
use crate::tables::{Column, Record, Type, Value, host};

/// Reads the document as the pattern says.
pub(super) fn parse(pattern: &Pattern, doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut header: Vec<Option<Column>> = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() || pattern.skip.iter().any(|regex| regex.is_match(text)) {
            continue;
        }
        let found: Option<Vec<(Column, &str)>> = match &pattern.columns {
            Some(columns) => {
                if let Some(found) = header_of(columns, text) {
                    header = found;
                    continue;
                }
                cells(&header, text)
            }
            None => pattern.lines.iter().find_map(|form| {
                let captures = form.regex.captures(text)?;
                let cells = form.fields.iter().filter_map(|(at, column)| Some((*column, captures.get(*at)?.as_str())));
                Some(cells.collect())
            }),
        };
        let Some(cells) = found else {
            sink.unparsed(number);
            continue;
        };
        let set = pattern.set.iter().map(|(column, text)| (*column, text.as_str()));
        let mut record = Record::new(pattern.table, doc.at(number));
        let mut understood = true;
        for (column, text) in set.chain(cells) {
            let value = value(pattern.table.fields[column.0].ty, text, doc, sink);
            understood &= value != Value::Missing;
            if pattern.table.name == host::TABLE.name {
                if value != Value::Missing {
                    sink.host(column, value, doc.at(number));
                }
            } else {
                record.set(column, value);
            }
        }
        // A field that is not what the table says was not understood; what else the line holds is kept.
        if !understood {
            sink.unparsed(number);
        }
        if pattern.table.name != host::TABLE.name {
            sink.push(pattern.table, record);
        }
    }
    // Under its header, an empty table is an answer.
    if !header.is_empty() {
        sink.tables.mark_collected(pattern.table);
    }
}

/// The columns of a header line; none if it lacks one of them.
fn header_of(columns: &Columns, text: &str) -> Option<Vec<Option<Column>>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    columns.fields.iter().all(|(word, _)| words.contains(&word.as_str())).then(|| {
        words.iter().map(|word| columns.fields.iter().find(|(known, _)| known == word).map(|(_, column)| *column)).collect()
    })
}

fn cells<'t>(header: &[Option<Column>], text: &'t str) -> Option<Vec<(Column, &'t str)>> {
    let mut found = Vec::new();
    let mut rest = text;
    for (at, column) in header.iter().enumerate() {
        rest = rest.trim_start();
        let end = if at + 1 == header.len() { rest.len() } else { rest.find(char::is_whitespace).unwrap_or(rest.len()) };
        if end == 0 {
            return None;
        }
        if let Some(column) = column {
            found.push((*column, rest[..end].trim()));
        }
        rest = &rest[end..];
    }
    (!found.is_empty()).then_some(found)
}

/// A text as a value of the field's type; missing if it is none.
fn value(ty: Type, text: &str, doc: &Document<'_>, sink: &mut Sink<'_>) -> Value {
    let text = text.trim();
    match ty {
        Type::Text => sink.name(text).into(),
        Type::Int => text.parse::<i64>().ok().into(),
        Type::Number => {
            text.trim_end_matches('%').replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite()).into()
        }
        Type::Bool => match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "1" | "on" => true.into(),
            "no" | "n" | "false" | "0" | "off" => false.into(),
            _ => Value::Missing,
        },
        Type::Time => time_of(text, doc.zone_offset, doc.collected_at).into(),
    }
}
