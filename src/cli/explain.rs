//! `postdoc explain TEXT`: what one reply, reason or log line means.

use super::terminal::Paint;
use super::{Failure, RuleFolders};
use crate::diagnose::explain::{Explained, explain};
use crate::report::render::without_controls;
use clap::{Args, ValueEnum};
use std::io::{BufRead, Write};
use std::process::ExitCode;

/// Show what a reply, a deferral reason or a log line means, and which causes it points to
#[derive(Args)]
pub(super) struct Explain {
    /// The text, or - to read one text a line from standard input
    text: String,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    rules: RuleFolders,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Explain {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        if self.text == "-" {
            for line in std::io::stdin().lock().split(b'\n') {
                let line = line?;
                let text = String::from_utf8_lossy(&line);
                self.answer(&explain(text.trim_end_matches('\r'), rules), &mut out)?;
            }
        } else if self.text.trim().is_empty() {
            return Err("there is no text to explain".into());
        } else {
            self.answer(&explain(&self.text, rules), &mut out)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn answer(&self, explained: &Explained, out: &mut impl Write) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                writeln!(out, "{}", without_controls(&serde_json::to_string(explained)?))?;
            }
            Format::Text => writeln!(out, "{}", Paint::new().show(explained))?,
        }
        Ok(())
    }
}
