//! `postdoc explain TEXT`: what one reply, reason or log line means.

use super::terminal::Paint;
use super::{Failure, RuleFolders};
use crate::diagnose::explain::{Explained, explain};
use crate::evidence::notice::{stands_alone, statements};
use crate::report::render::without_controls;
use crate::rules::RuleSet;
use clap::{Args, ValueEnum};
use std::io::{BufRead, Write};
use std::process::ExitCode;

/// Show what a reply, a deferral reason, a log line or a bounce message means, and which causes it points to
#[derive(Args)]
pub(super) struct Explain {
    /// The text, also several lines or a whole bounce message; or - to read it from standard input, one text a line
    text: String,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    rules: RuleFolders,
}

/// Longest message from standard input, in bytes.
const LONGEST: usize = 16 << 20;

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
            let mut lines = std::io::stdin().lock().split(b'\n').map(|line| line.map(|line| text_of(&line)));
            let Some(first) = lines.next().transpose()? else { return Ok(ExitCode::SUCCESS) };
            // Lines of a log come one by one, perhaps without an end; a message is read to its end first.
            if stands_alone(&first) {
                for line in std::iter::once(Ok(first)).chain(lines) {
                    self.answer(&explain(&line?, rules), &mut out)?;
                }
            } else {
                let mut whole = first;
                for line in lines {
                    whole.push('\n');
                    whole.push_str(&line?);
                    if whole.len() > LONGEST {
                        return Err("this is longer than a bounce message: give a log to `postdoc analyze`".into());
                    }
                }
                self.answer_whole(&whole, rules, &mut out)?;
            }
        } else if self.text.trim().is_empty() {
            return Err("there is no text to explain".into());
        } else {
            self.answer_whole(&self.text, rules, &mut out)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Answers each statement in a text.
    fn answer_whole(&self, text: &str, rules: &RuleSet, out: &mut impl Write) -> Result<(), Failure> {
        for statement in statements(text) {
            self.answer(&explain(&statement, rules), out)?;
        }
        Ok(())
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

/// A line of standard input as text.
fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
}
