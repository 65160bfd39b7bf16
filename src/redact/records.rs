//! Redaction of the tables: whom the values of a field name, the schema says.

use super::contexts::{HEADING, Heading, kind_of};
use super::letter::Letter;
use super::part::Part;
use super::{Check, Redactor, path};
use crate::evidence::Evidence;
use crate::names::Names;
use crate::tables::{Column, Field, Named, Record, TABLES, Table, Value, lines, settings};
use rustc_hash::FxHashSet;

/// What the values of a field are.
fn part_of(field: &Field) -> Option<Part> {
    field.names.map(|named| match named {
        Named::Person => Part::Name,
        Named::Host => Part::Host,
        Named::Ip => Part::Ip,
    })
}

/// The kind of evidence that the values of a field are lines of, or the ends of lines.
fn kind_of_field(table: &Table, field: &Field) -> Option<&'static str> {
    (table.name == "processes" && field.name == "command").then_some("ps")
}

impl Redactor<'_> {
    /// Learns every name in the tables.
    pub fn learn_evidence(&mut self, evidence: &Evidence) {
        if let Some(list) = &evidence.pseudonyms {
            self.trust(list);
        }
        let tables = &evidence.tables;
        self.learn_lines(evidence);
        let mut seen = FxHashSet::default();
        for table in TABLES {
            for (number, field) in table.fields.iter().enumerate() {
                let part = part_of(field);
                for row in tables.rows(table) {
                    let Value::Text(name) = row.get(Column(number)) else { continue };
                    if !seen.insert((part.map(|part| part as u8), name)) {
                        continue;
                    }
                    let text = tables.names.get(name);
                    match part {
                        Some(part) => self.learn_part(part, text),
                        None => self.learn(kind_of_field(table, field), text),
                    }
                }
            }
        }
        for row in tables.rows(&settings::TABLE) {
            if let (Some(name), Some(value)) = (row.text(settings::name, &tables.names), row.text(settings::value, &tables.names))
            {
                self.learn(None, &format!("{name} = {value}"));
            }
        }
    }

    /// Learns the names in texts of no kind, which their place in a file tells.
    fn learn_lines(&mut self, evidence: &Evidence) {
        let names = &evidence.tables.names;
        let mut file = None;
        let mut heading = None;
        let mut letter = Letter::default();
        for row in evidence.tables.rows(&lines::TABLE) {
            let (Some(path), Some(text)) = (row.text(lines::file, names), row.text(lines::text, names)) else { continue };
            if file != Some(row.source.file) {
                file = Some(row.source.file);
                heading = None;
                letter = Letter::default();
                path::learn(self, path);
            }
            self.learn_signature(&mut letter, text);
            match &heading {
                Some(heading) => self.learn_row(heading, text),
                None if row.source.line as usize <= HEADING => heading = Heading::of(text),
                None => {}
            }
            if let Some(kind) = kind_of(None, path) {
                self.learn(Some(kind), text);
            }
        }
    }

    /// The value of a field of a row with pseudonyms; `text` is the value without secrets.
    pub fn value(&self, check: &Check, table: &Table, column: Column, row: &Record, names: &Names, text: &str) -> String {
        let Some(field) = table.fields.get(column.0) else { return text.to_owned() };
        let other =
            |name: &str| table.fields.iter().position(|field| field.name == name).and_then(|at| row.text(Column(at), names));
        let new = match (part_of(field), table.name, field.name) {
            (Some(part), ..) => self.part(part, text, "").unwrap_or_else(|| text.to_owned()),
            (_, "lines", "file") => return self.path(check, text),
            (_, "lines", _) => self.text(kind_of(None, other("file").unwrap_or_default()), text).into_owned(),
            // What a value is, the name of the parameter tells.
            (_, "settings" | "service_settings", "value") => self.setting(other("name").unwrap_or_default(), text),
            _ => self.text(kind_of_field(table, field), text).into_owned(),
        };
        check.replaced(&new)
    }

    /// The value of a parameter of main.cf with pseudonyms.
    pub(super) fn setting(&self, name: &str, value: &str) -> String {
        let setting = format!("{name} = {value}");
        let new = self.text(Some("postconf"), &setting);
        new.split_once(" = ").map_or(String::new(), |(_, value)| value.to_owned())
    }
}
