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
    let mut header = Header::default();
    let kind = sink.name(kind);
    // What was there and says nothing is known, too.
    if pattern.lines.iter().any(|form| form.table.name == readings::TABLE.name) || pattern.table.name == readings::TABLE.name {
        sink.tables.mark_collected(&readings::TABLE);
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
                if let Some(found) = Header::of(columns, text) {
                    header = found;
                    continue;
                }
                header.cells(text).map(|cells| (pattern.table, cells))
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
    if !header.columns.is_empty() {
        sink.tables.mark_collected(pattern.table);
    }
}

/// The columns of a header line.
#[derive(Default)]
struct Header {
    /// What stands in each column; none for one that nobody asks for.
    columns: Vec<Option<Column>>,
    /// Whether columns are parted by two blanks and more, or a tab, so that what stands in one may have single blanks.
    wide: bool,
}

impl Header {
    /// The columns of this line; none if it lacks one of them.
    fn of(columns: &Columns, text: &str) -> Option<Header> {
        let words = text.split_whitespace().collect();
        // A name of several words can only be told where columns are wide apart.
        [(words, false), (wide_parts(text), true)].into_iter().find_map(|(words, wide): (Vec<&str>, bool)| {
            columns.fields.iter().all(|(name, _)| words.contains(&name.as_str())).then(|| {
                let of = |word: &&str| columns.fields.iter().find(|(name, _)| name == word).map(|(_, column)| *column);
                Header { columns: words.iter().map(of).collect(), wide }
            })
        })
    }

    /// What a line under it holds; none if it has other columns.
    fn cells<'t>(&self, text: &'t str) -> Option<Vec<(Column, &'t str)>> {
        let parts = if self.wide { wide_parts(text) } else { words(text, self.columns.len()) };
        let fits = parts.len() == self.columns.len();
        let cells = self.columns.iter().zip(parts).filter_map(|(column, part)| column.map(|column| (column, part)));
        let found: Vec<_> = cells.filter(|_| fits).collect();
        (!found.is_empty()).then_some(found)
    }
}

/// The words of a line, of which the last takes the rest.
fn words(text: &str, count: usize) -> Vec<&str> {
    let mut rest = text.trim();
    let mut found = Vec::new();
    while !rest.is_empty() && found.len() < count {
        let end = if found.len() + 1 == count { rest.len() } else { rest.find(char::is_whitespace).unwrap_or(rest.len()) };
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    found
}

/// The parts of a line between which stand a tab, or two blanks and more.
fn wide_parts(text: &str) -> Vec<&str> {
    text.split('\t').flat_map(|part| part.split("  ")).map(str::trim).filter(|part| !part.is_empty()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_of_two_words_is_found_where_columns_are_wide_apart() {
        let column = |name: &str| readings::TABLE.column(name).expect("a field");
        let columns = |names: &[(&str, &str)]| Columns {
            fields: names.iter().map(|(name, field)| ((*name).to_owned(), column(field))).collect(),
        };
        let wide = columns(&[("Host Name", "name"), ("Last Seen", "text")]);
        let header = Header::of(&wide, "Host Name    State   Last Seen").expect("a header");
        assert_eq!(
            header.cells("mx1          up      two days ago"),
            Some(vec![(column("name"), "mx1"), (column("text"), "two days ago")])
        );
        assert_eq!(header.cells("mx1  up"), None);
        assert!(Header::of(&wide, "Host Name State Last Seen").is_none());
        // Words need no more than a blank, and the last column takes the rest.
        let narrow = columns(&[("NAME", "name"), ("NOTE", "text")]);
        let header = Header::of(&narrow, "NAME STATE NOTE").expect("a header");
        assert_eq!(header.cells("mx1 up two days ago"), Some(vec![(column("name"), "mx1"), (column("text"), "two days ago")]));
    }
}
