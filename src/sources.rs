//! The inventory of a bundle: what each file was read as, and which evidence is missing.

use crate::bundle::Bundle;
use crate::evidence::Evidence;
use crate::evidence::secrets::Found;
use crate::report::cite::Lines;
use crate::rules::RuleSet;
use crate::tables::{Citation, Column, TABLES, host, table};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a bundle holds.
#[derive(Debug, Serialize)]
pub struct Inventory {
    /// The files that were read.
    pub files: Vec<Listed>,
    /// What was not, and why.
    pub skipped: Vec<NotRead>,
    /// Evidence that is not in the bundle, with the command that collects it.
    pub worth_collecting: Vec<Missing>,
}

/// One file that was read.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Path in the bundle.
    pub file: String,
    /// Kind of evidence; none if it was not recognised.
    pub kind: Option<String>,
    /// The same in words.
    pub what: String,
    /// By what it was recognised.
    pub why: &'static str,
    /// Lines.
    pub lines: u64,
    /// Lines of other programs in a log.
    pub others: u64,
    /// Lines that were not understood.
    pub unparsed: u64,
    /// The first of them.
    pub not_understood: Vec<Example>,
    /// Secrets in it, the first of each kind.
    pub secrets: Vec<Found>,
    /// First time in it.
    pub from: Option<String>,
    /// Last time in it.
    pub to: Option<String>,
    /// Records that were made of it, by table; for `host`, fields.
    pub records: BTreeMap<&'static str, usize>,
}

/// A line that was not understood.
#[derive(Debug, Serialize)]
pub struct Example {
    /// Its number.
    pub line: u32,
    /// Its text, shortened.
    pub text: String,
}

/// A file that was not read.
#[derive(Debug, Serialize)]
pub struct NotRead {
    /// Path in the bundle.
    pub file: String,
    /// Why not.
    pub why: String,
}

/// Evidence that is not in the bundle.
#[derive(Debug, Serialize)]
pub struct Missing {
    /// Kind of evidence, in words.
    pub what: String,
    /// The command that collects it.
    pub run: String,
}

impl Inventory {
    /// Lists the bundle that `evidence` was read from.
    pub fn of(bundle: &Bundle, evidence: &Evidence, rules: &RuleSet) -> Inventory {
        let mut records: BTreeMap<(u32, &'static str), usize> = BTreeMap::new();
        // The one record of `host` comes from many files: each is credited with its fields.
        for at in 0..host::TABLE.fields.len() {
            if let Some(source) = evidence.tables.host_source(Column(at)) {
                *records.entry((source.file, host::TABLE.name)).or_default() += 1;
            }
        }
        for table in TABLES.iter().filter(|table| table.name != host::TABLE.name) {
            for row in evidence.tables.rows(table) {
                *records.entry((row.source.file, table.name)).or_default() += 1;
            }
        }
        let mut lines = Lines::new(evidence);
        let examples = |lines: &Lines| -> Vec<Vec<Example>> {
            let of = |(number, source): (usize, &crate::evidence::Source)| {
                let cite = |line: &u32| {
                    let cited = lines.cite(Citation { file: number as u32, line: *line }, None)?;
                    Some(Example { line: *line, text: cited.text })
                };
                source.not_understood.iter().filter_map(cite).collect()
            };
            evidence.sources.iter().enumerate().map(of).collect()
        };
        let _ = examples(&lines);
        lines.fetch(bundle, evidence);
        let clean = |text: &str| evidence.secrets.without_secrets(text).0.into_owned();
        let mut files = Vec::new();
        let mut skipped = Vec::new();
        for ((number, source), not_understood) in evidence.sources.iter().enumerate().zip(examples(&lines)) {
            if source.bundle_file.is_none() {
                skipped.push(NotRead { file: source.path.clone(), why: clean(&source.title) });
                continue;
            }
            let mine = records.range((number as u32, "")..(number as u32 + 1, ""));
            files.push(Listed {
                file: source.path.clone(),
                kind: source.kind.clone(),
                what: clean(&source.title),
                why: source.why,
                lines: source.lines,
                others: source.others,
                unparsed: source.unparsed,
                not_understood,
                secrets: source.secrets.clone(),
                from: source.covers.map(|(from, _)| from.to_string()),
                to: source.covers.map(|(_, to)| to.to_string()),
                records: mine.map(|((_, table), count)| (*table, *count)).collect(),
            });
        }
        Inventory { files, skipped, worth_collecting: missing(evidence, rules) }
    }
}

/// Kinds that answer questions which nothing in the bundle answers.
fn missing(evidence: &Evidence, rules: &RuleSet) -> Vec<Missing> {
    let seen = |kind: &str| evidence.sources.iter().any(|source| !source.failed && source.kind.as_deref() == Some(kind));
    let collected = |name: &str| name != "host" && table(name).is_some_and(|table| evidence.tables.is_collected(table));
    let mut list: Vec<Missing> = Vec::new();
    for kind in &rules.kinds {
        let Some(collect) = kind.collect.first() else { continue };
        if seen(&kind.kind) || collected(&kind.table) {
            continue;
        }
        let run = collect.run.lines().next().unwrap_or_default();
        if !list.iter().any(|known| known.run == run) && !run.contains("{{") {
            list.push(Missing { what: kind.title.clone(), run: run.to_owned() });
        }
    }
    list
}
