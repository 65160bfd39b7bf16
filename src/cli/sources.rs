//! `postdoc sources BUNDLE`: what every file was read as, and what is missing.

use super::Failure;
use super::reading::Reading;
use crate::diagnose::words::visible;
use crate::evidence::{self, How};
use crate::redact::redact_inventory;
use crate::report::render::without_controls;
use crate::sources::{Inventory, Listed};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

/// List the files of a bundle: what each was recognised as and why, what was read of it, and what is worth collecting
#[derive(Args)]
pub(super) struct Sources {
    /// A directory, an archive (tar, zip, compressed or not), a file, several of them, or - for standard input
    #[arg(required = true, value_name = "BUNDLE")]
    bundle: Vec<PathBuf>,
    /// Format of the list
    #[arg(long, value_enum, default_value = "text")]
    format: ListFormat,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    Text,
    Json,
}

impl Sources {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.reading.rules.load()?;
        let redactor = self.reading.redaction.redactor(rules)?;
        let bundle = self.reading.open(&self.bundle)?;
        let how = How { account: true, ..How::default() };
        let evidence = evidence::collect_as(&bundle, rules, how, &AtomicU64::new(0));
        let mut inventory = Inventory::of(&bundle, &evidence, rules);
        if let Some(mut redactor) = redactor {
            redactor.learn_evidence(&evidence);
            let check = redact_inventory(&mut redactor, &mut inventory);
            self.reading.redaction.finish(&redactor, &check, &serde_json::to_string_pretty(&inventory)?)?;
        }
        let text = match self.format {
            ListFormat::Json => without_controls(&serde_json::to_string_pretty(&inventory)?) + "\n",
            ListFormat::Text => text(&inventory),
        };
        super::output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn text(inventory: &Inventory) -> String {
    let mut out = String::new();
    for file in &inventory.files {
        let _ = writeln!(out, "{}", visible(&file.file));
        let _ = writeln!(out, "    {}", visible(&what(file)));
        if !file.records.is_empty() {
            let records: Vec<String> = file.records.iter().map(|(table, count)| format!("{table} {count}")).collect();
            let _ = writeln!(out, "    records: {}", records.join(", "));
        }
        for secret in &file.secrets {
            let _ = writeln!(
                out,
                "    secret, line {}: {}; it is shown nowhere, but whoever had the bundle has it",
                secret.line, secret.kind
            );
        }
        for example in &file.not_understood {
            let _ = writeln!(out, "    not understood, line {}: {}", example.line, visible(&example.text));
        }
    }
    if !inventory.skipped.is_empty() {
        let _ = writeln!(out, "\nNot read:");
        for skipped in &inventory.skipped {
            let _ = writeln!(out, "    {}: {}", visible(&skipped.file), visible(&skipped.why));
        }
    }
    if !inventory.worth_collecting.is_empty() {
        let _ = writeln!(out, "\nWorth collecting:");
        for missing in &inventory.worth_collecting {
            let _ = writeln!(out, "    {:<48} {}", missing.what, missing.run);
        }
    }
    out
}

fn what(file: &Listed) -> String {
    let mut said = file.what.clone();
    if !file.why.is_empty() {
        let _ = write!(said, ", by {}", file.why);
    }
    let _ = write!(said, "; {} line{}", file.lines, if file.lines == 1 { "" } else { "s" });
    if file.others > 0 {
        let _ = write!(said, ", {} of other programs", file.others);
    }
    if file.unparsed > 0 {
        let _ = write!(said, ", {} not understood", file.unparsed);
    }
    if let (Some(from), Some(to)) = (&file.from, &file.to) {
        let _ = write!(said, "; from {from} to {to}");
    }
    said
}
