//! `postdoc records BUNDLE --table NAME`: a table's records, for other programs.

use super::Failure;
use super::reading::Reading;
use crate::diagnose::diagnosis;
use crate::evidence::{self, Evidence, How};
use crate::redact::{Check, Redactor};
use crate::report::render::without_controls;
use crate::rules::problem::did_you_mean;
use crate::tables::{Column, Record, TABLES, Table, Value, table};
use clap::{Args, ValueEnum};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

/// Write the records of a table with their file and line, for jq, DuckDB or a spreadsheet
#[derive(Args)]
pub(super) struct Records {
    /// A directory, an archive (tar, zip, compressed or not), a single file, or - for standard input
    bundle: PathBuf,
    /// The table: attempts, failures, queue, settings, lookups, ... (`postdoc rules fields` describes them)
    #[arg(long, value_name = "NAME", value_parser = known_table)]
    table: &'static Table,
    /// One JSON object a line, or comma-separated values with a header
    ///
    /// In CSV, a text that a spreadsheet would take for a formula has an apostrophe before it.
    #[arg(long, value_enum, default_value = "ndjson")]
    format: RecordFormat,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordFormat {
    Ndjson,
    Csv,
}

fn known_table(name: &str) -> Result<&'static Table, String> {
    table(name).ok_or_else(|| {
        let names = TABLES.iter().map(|table| table.name);
        let guess = did_you_mean(name, names.clone()).map(|guess| format!("did you mean `{guess}`? ")).unwrap_or_default();
        format!("there is no such table; {guess}the tables are {}", names.collect::<Vec<_>>().join(", "))
    })
}

impl Records {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.reading.rules.load()?;
        let redactor = self.reading.redaction.redactor(rules)?;
        let bundle = self.reading.open(std::slice::from_ref(&self.bundle))?;
        let mut evidence = evidence::collect_as(&bundle, rules, How { every_record: true, ..How::default() }, &AtomicU64::new(0));
        diagnosis::prepare(&mut evidence, rules);
        let words = match redactor {
            None => Words::Plain,
            Some(mut redactor) => {
                redactor.learn_evidence(&evidence);
                Words::Redacted(redactor.check(), Box::new(redactor))
            }
        };
        let shown = Shown { table: self.table, format: self.format, evidence: &evidence, words: &words };
        shown.write()?;
        if let Words::Redacted(_, redactor) = &words {
            self.reading.redaction.write_map(redactor)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// How texts are shown.
enum Words<'r> {
    Plain,
    Redacted(Check, Box<Redactor<'r>>),
}

/// A table on its way out.
struct Shown<'a> {
    table: &'static Table,
    format: RecordFormat,
    evidence: &'a Evidence,
    words: &'a Words<'a>,
}

impl Shown<'_> {
    fn write(&self) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        if self.format == RecordFormat::Csv {
            let names = self.table.fields.iter().map(|field| field.name).chain(["source_file", "source_line"]);
            writeln!(out, "{}", names.collect::<Vec<_>>().join(","))?;
        }
        for row in self.evidence.tables.rows(self.table) {
            match self.format {
                RecordFormat::Ndjson => self.json(row, &mut out)?,
                RecordFormat::Csv => self.csv(row, &mut out)?,
            }
        }
        out.flush()
    }

    /// A text of the evidence as it may be shown: never with a secret, and with pseudonyms if they are asked for.
    fn text(&self, row: &Record, column: Column, text: crate::names::Name) -> String {
        let clean = self.evidence.secrets.without_secrets(self.evidence.tables.names.get(text)).0;
        match self.words {
            Words::Plain => clean.into_owned(),
            Words::Redacted(check, redactor) => {
                redactor.value(check, self.table, column, row, &self.evidence.tables.names, &clean)
            }
        }
    }

    fn file_of(&self, row: &Record) -> String {
        let path = self.evidence.sources.get(row.source.file as usize).map_or("", |source| source.path.as_str());
        match self.words {
            Words::Plain => path.to_owned(),
            Words::Redacted(check, redactor) => redactor.path(check, path),
        }
    }

    fn columns(&self) -> impl Iterator<Item = (Column, &'static str)> {
        self.table.fields.iter().enumerate().map(|(at, field)| (Column(at), field.name))
    }

    /// A missing value has no key, which is not the same as an empty text.
    fn json(&self, row: &Record, out: &mut impl Write) -> io::Result<()> {
        let mut object = serde_json::Map::new();
        for (column, name) in self.columns() {
            let value: serde_json::Value = match row.get(column) {
                Value::Missing => continue,
                Value::Text(text) => self.text(row, column, text).into(),
                Value::Int(number) => number.into(),
                Value::Number(number) => number.into(),
                Value::Bool(yes) => yes.into(),
                Value::Time(time) => time.to_string().into(),
            };
            object.insert(name.to_owned(), value);
        }
        object.insert("source_file".to_owned(), self.file_of(row).into());
        object.insert("source_line".to_owned(), row.source.line.into());
        writeln!(out, "{}", without_controls(&serde_json::to_string(&object)?))
    }

    fn csv(&self, row: &Record, out: &mut impl Write) -> io::Result<()> {
        for (column, _) in self.columns() {
            match row.get(column) {
                Value::Missing => {}
                // An empty text is quoted, so that it differs from a missing one.
                Value::Text(text) => write!(out, "{}", cell(&self.text(row, column, text)))?,
                Value::Int(number) => write!(out, "{number}")?,
                Value::Number(number) => write!(out, "{number}")?,
                Value::Bool(yes) => write!(out, "{yes}")?,
                Value::Time(time) => write!(out, "{time}")?,
            }
            write!(out, ",")?;
        }
        writeln!(out, "{},{}", cell(&self.file_of(row)), row.source.line)
    }
}

/// A text as a CSV field (RFC 4180), which no spreadsheet takes for a formula: evidence is written by strangers.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    if formula || text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (text, field) in
            [("a", "a"), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "\"'=1+1\"")]
        {
            assert_eq!(cell(text), field);
        }
    }
}
