//! Evidence whose kind is declared in YAML alone: lines by regular expression, or columns under a header.
//!
//! ```text
//! 7 4 * * * /usr/bin/php /home/shop/cron.php
//! ```
//!
//! with `lines: ['^(?P<schedule>(\S+ ){4}\S+) (?P<command>.+)$']` is one record with the fields `schedule` and `command`. What
//! the command line or a line above tells (`command`, `above`) is part of the records that follow.

use super::document::{Document, Sink};
use super::stamp::time_of;
use crate::rules::amount::quantity;
use crate::rules::kinds::{Columns, Pattern};
use crate::rules::lazy::LazyRegex;
use crate::tables::{Column, Field, Record, Table, Type, Unit, Value, diagnostics, host, readings};

/// Reads the document of this kind as the pattern says.
pub(super) fn parse(kind: &str, pattern: &Pattern, doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut header: Vec<Option<Column>> = Vec::new();
    let kind = sink.name(kind);
    if pattern.lines.iter().any(|form| form.table.name == readings::TABLE.name) || pattern.table.name == readings::TABLE.name {
        sink.tables.mark_read(kind);
    }
    let under = doc.command.unwrap_or(doc.path);
    // What holds for all records, and what the last line above told.
    let named = pattern.command.iter().find_map(|form| Some((form.table, form.cells(under)?)));
    let mut above: Vec<(&'static Table, Vec<(Column, &str)>)> = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        let holds = |regexes: &[LazyRegex]| regexes.iter().any(|regex| regex.is_match(text));
        if text.is_empty() || holds(&pattern.skip) {
            continue;
        }
        let found = match &pattern.columns {
            Some(columns) => {
                if let Some(found) = header_of(columns, text) {
                    header = found;
                    continue;
                }
                cells(&header, text).map(|cells| (pattern.table, cells))
            }
            None => pattern.lines.iter().find_map(|form| Some((form.table, form.cells(text)?))),
        };
        let Some((table, cells)) = found else {
            if let Some((form, cells)) = pattern.above.iter().find_map(|form| Some((form, form.cells(text)?))) {
                let again = |known: &(Column, &str)| cells.iter().any(|(column, _)| *column == known.0);
                above.retain(|(table, known)| table.name != form.table.name || !known.iter().any(again));
                above.push((form.table, cells));
            } else if !holds(&pattern.foreign) {
                sink.unparsed(number);
            }
            continue;
        };
        let set = pattern.set.iter().map(|(column, text)| (*column, text.as_str()));
        let set = set.filter(|_| table.name == pattern.table.name);
        let around =
            named.iter().chain(&above).filter(|(of, _)| of.name == table.name).flat_map(|(_, cells)| cells.iter().copied());
        let mut record = Record::new(table, doc.at(number));
        let mut understood = true;
        for (column, text) in set.chain(around).chain(cells.iter().copied()) {
            let value = value(&table.fields[column.0], text, doc, sink);
            understood &= value != Value::Missing;
            if table.name == host::TABLE.name {
                if value != Value::Missing {
                    sink.host(column, value, doc.at(number));
                }
            } else {
                record.set(column, value);
            }
            if let Value::Time(time) = value {
                sink.seen(time);
            }
        }
        // A field that is not what the table says was not understood; what else the line holds is kept.
        if !understood {
            sink.unparsed(number);
        }
        if table.name == readings::TABLE.name {
            record.set(readings::kind, kind);
        }
        if table.name == diagnostics::TABLE.name {
            // That a command was run says nothing of what the daemons logged.
            sink.tables.rows_mut(table).push(record);
        } else if table.name != host::TABLE.name {
            sink.push(table, record);
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
fn value(field: &Field, text: &str, doc: &Document<'_>, sink: &mut Sink<'_>) -> Value {
    let text = text.trim();
    match field.ty {
        Type::Text => sink.name(text).into(),
        Type::Int => whole(text).into(),
        Type::Number if field.unit == Unit::Any => quantity(text).into(),
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

/// A whole number, also with the unit that programs put after it for people: `1.2G`, `12345k`.
fn whole(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (digits, unit) = text.split_at(text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at))?);
    let power = ['k', 'm', 'g', 't'].iter().position(|known| unit.eq_ignore_ascii_case(&known.to_string()))?;
    let number: f64 = digits.replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())?;
    Some((number * 1024f64.powi(power as i32 + 1)) as i64)
}
