//! `postdoc rules explain ID --bundle BUNDLE`: why a rule fired or did not.

use super::named;
use crate::analysis::{Options, gather};
use crate::bundle::Bundle;
use crate::cli::output::print;
use crate::cli::terminal::Paint;
use crate::cli::{Failure, RuleFolders};
use crate::diagnose::diagnosis;
use crate::diagnose::why::why;
use crate::ink::Ink;
use crate::report::cite::Lines;
use crate::report::markup::visible_but_tabs;
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

/// Show why a rule fired on a bundle or did not: every signal, its measure, matching records and near misses
#[derive(Args)]
pub(in crate::cli) struct Explain {
    /// Rule id
    id: String,
    /// The bundle to judge
    #[arg(long, value_name = "BUNDLE")]
    bundle: PathBuf,
    #[command(flatten)]
    rules: RuleFolders,
}

impl Explain {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        let rule = named(rules, &self.id)?;
        let options = Options::default();
        let bundle = Bundle::open(&self.bundle, &options.limits)?;
        let evidence = gather(&bundle, rules, &options, &AtomicU64::new(0))?;
        let asker = diagnosis::asker(&evidence, options.window);
        let (judged, signals) = why(&asker, rule);
        let mut lines = Lines::new(&evidence);
        for place in signals.iter().flat_map(|signal| signal.matched.iter().chain(signal.near.iter().map(|(place, _)| place))) {
            let _ = lines.cite(*place, None);
        }
        lines.fetch(&bundle, &evidence);
        let mut out = String::new();
        let paint = Paint::new();
        let (met, required) = judged.required;
        let (became, ink) = match judged.outcome.name() {
            "no" => ("did not fire".to_owned(), Ink::Bad),
            "not-checked" => ("not checked: evidence that it requires was not collected".to_owned(), Ink::Warn),
            "possible" => ("fired, as possible".to_owned(), Ink::Warn),
            sure => (format!("fired, as {sure}"), Ink::Good),
        };
        let _ = writeln!(
            out,
            "{}: {}\n  {met} of {required} required, {} supporting, {} against",
            paint.ink(Ink::Strong, &rule.id),
            paint.ink(ink, became),
            judged.supporting,
            judged.contradicting
        );
        let mut section = "";
        for signal in &signals {
            if signal.section != section {
                section = signal.section;
                let _ = writeln!(out, "\n{}", paint.ink(Ink::Strong, section));
            }
            let state = paint.answer(signal.met);
            let groups: String = signal.groups.iter().map(|group| format!("{group}: ")).collect();
            let name = paint.ink(Ink::Strong, signal.name);
            let _ = writeln!(out, "  {state} {groups}{name}\n          {}", signal.question);
            for (expected, got) in &signal.measures {
                let _ = writeln!(out, "          {expected}: {got}");
            }
            let cited = |place| {
                lines.cite(place, None).map_or_else(String::new, |cited| {
                    let place = paint.ink(Ink::Faint, format!("{}:{}:", cited.file, cited.line));
                    format!("{place} {}", visible_but_tabs(&start(&cited.text)))
                })
            };
            for place in &signal.matched {
                let _ = writeln!(out, "          {} {}", paint.ink(Ink::Good, "="), cited(*place));
            }
            if signal.matched_total > signal.matched.len() {
                let _ = writeln!(out, "          = and {} more", signal.matched_total - signal.matched.len());
            }
            // Near misses help where too little matched.
            if signal.met != Some(true) {
                for (place, missed) in &signal.near {
                    let _ = writeln!(out, "          {} {missed}: {}", paint.ink(Ink::Warn, "~"), cited(*place));
                }
                if signal.near_total > signal.near.len() {
                    let _ = writeln!(out, "          ~ and {} more near misses", signal.near_total - signal.near.len());
                }
            }
        }
        print(&out)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Characters of a line that are shown.
const SHOWN: usize = 200;

fn start(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
