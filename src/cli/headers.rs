//! `postdoc headers FILE`: what a received test message shows.

use super::Failure;
use super::output::print;
use super::redact::MaybeRedact;
use crate::diagnose::words::visible;
use crate::evidence::headers::TestMessage;
use crate::evidence::text;
use crate::report::render::without_controls;
use crate::rules::RuleSet;
use crate::time::duration;
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Read the headers of a received test message: SPF, DKIM, DMARC, HELO, the path and what is wrong
///
/// The answer names the hosts and addresses of the message; `--redact` puts pseudonyms in their place.
#[derive(Args)]
pub(super) struct Headers {
    /// The message or its headers, as the receiver shows them ("show original"); - for standard input
    file: PathBuf,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    redaction: MaybeRedact,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Bytes that are read: headers end long before.
const MOST: u64 = 4 << 20;

impl Headers {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let shown = self.file.display();
        let mut bytes = Vec::new();
        let read = if self.file == Path::new("-") {
            std::io::stdin().lock().take(MOST).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(&self.file).and_then(|file| file.take(MOST).read_to_end(&mut bytes))
        };
        read.map_err(|error| format!("{shown}: cannot be read: {error}"))?;
        let text = text::clean(&bytes);
        let mut message = TestMessage::read(&text).ok_or_else(|| {
            format!("{shown}: no headers of a received message; expected are Received: and Authentication-Results: lines")
        })?;
        let rules = RuleSet::built_in();
        let redacted = self.redaction.redactor(&rules)?.map(|mut redactor| (redactor.message(&text, &mut message), redactor));
        let mut findings = message.findings();
        if let Some((check, _)) = &redacted {
            findings.iter_mut().for_each(|finding| finding.says = check.replaced(&finding.says));
        }
        let answer = match self.format {
            Format::Json => {
                let both = serde_json::json!({ "message": message, "findings": findings });
                without_controls(&serde_json::to_string_pretty(&both)?) + "\n"
            }
            Format::Text => text_of(&message, &findings),
        };
        if let Some((check, redactor)) = &redacted {
            self.redaction.finish(redactor, check, &answer)?;
        }
        print(&answer)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn text_of(message: &TestMessage, findings: &[crate::evidence::headers::Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let mark = match finding.good {
            Some(true) => "ok ",
            Some(false) => "BAD",
            None => "?  ",
        };
        let _ = writeln!(out, "{mark}  {:<9} {}", finding.what, visible(&finding.says));
    }
    if !message.hops.is_empty() {
        let _ = writeln!(out, "\npath");
    }
    if message.hops_left_out > 0 {
        let _ = writeln!(out, "  ({} hops before these are left out)", message.hops_left_out);
    }
    for (at, hop) in (message.hops_left_out..).zip(&message.hops) {
        let name = |name: &Option<String>| visible(name.as_deref().unwrap_or("?"));
        let time = hop.time.map_or_else(|| "time not given".to_owned(), |time| time.to_string());
        let delay = match hop.delay {
            Some(delay) if delay < 0.0 => format!("-{} (the clocks disagree)", duration(-delay)),
            Some(delay) => format!("+{}", duration(delay)),
            None => String::new(),
        };
        let from = if hop.from.is_some() { format!("{} -> ", name(&hop.from)) } else { String::new() };
        let _ = writeln!(out, "  {}. {time}  {from}{}  {}  {delay}", at + 1, name(&hop.by), name(&hop.with));
    }
    out.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
