//! The collector: one POSIX shell script that takes the evidence on the server. Its frame is `rules/collector.sh`; what
//! it takes, and how, comes from `rules/evidence/*.yaml`.

use crate::diagnose::words::shell_quote;
use crate::rules::RuleSet;
use crate::rules::kinds::Collect;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What the script shall collect, unless its own options say otherwise.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Hours of log: rotated files that ended before are left out.
    pub log_hours: u32,
    /// Megabytes of log at most, as stored.
    pub max_mb: u32,
    /// Whether other machines are asked (DNS, port 25, STARTTLS, the public address).
    pub network: bool,
    /// Only the evidence that is saved under these names, and what is always collected; none for everything.
    pub only: Option<BTreeSet<String>>,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { log_hours: 48, max_mb: 200, network: true, only: None }
    }
}

/// The names under which the commands of a JSON report's `not_checked` save what they collect.
///
/// # Errors
/// If the text is no JSON report of postdoc.
pub fn missing_in(report: &str) -> Result<BTreeSet<String>, String> {
    let report: serde_json::Value = serde_json::from_str(report).map_err(|error| format!("no JSON: {error}"))?;
    if report["schema"].as_str().is_none_or(|schema| !schema.starts_with("postdoc.report/")) {
        return Err("no report of postdoc: `schema` is not postdoc.report/1".to_owned());
    }
    let items = report["not_checked"].as_array().map_or(&[][..], Vec::as_slice);
    let commands = items.iter().filter_map(|item| item["command"].as_str());
    Ok(commands.filter_map(|command| Some(command.rsplit_once(" > ")?.1.trim().to_owned())).collect())
}

/// The script.
///
/// # Panics
/// If the embedded frame is missing, which the tests rule out.
pub fn script(rules: &RuleSet, wanted: &Wanted) -> String {
    let frame = crate::embedded::RULES.iter().find(|(path, ..)| *path == "collector.sh").expect("embedded by build.rs").1;
    let mut out = String::with_capacity(frame.len() * 2);
    for line in frame.lines() {
        if line == "#@steps" {
            steps(rules, wanted, &mut out);
            continue;
        }
        let made_by = format!("postdoc {}, rules {}", env!("CARGO_PKG_VERSION"), rules.digest.get(..12).unwrap_or_default());
        let line = line
            .replace("#@made-by", &made_by)
            .replace("#@network", if wanted.network { "yes" } else { "no" })
            .replace("#@log-hours", &wanted.log_hours.to_string())
            .replace("#@max-mb", &wanted.max_mb.to_string());
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn steps(rules: &RuleSet, wanted: &Wanted, out: &mut String) {
    for network in [false, true] {
        let indent = if network { "    " } else { "" };
        let mut section = String::new();
        for kind in &rules.kinds {
            let chosen: Vec<&Collect> =
                kind.collect.iter().filter(|collect| collect.network == network && is_wanted(collect, wanted)).collect();
            if chosen.is_empty() {
                continue;
            }
            let _ = writeln!(section, "{indent}# {}", kind.title);
            for collect in chosen {
                match &collect.script {
                    Some(script) => script.lines().for_each(|line| {
                        let _ = writeln!(section, "{indent}{line}");
                    }),
                    None => {
                        let verb = if network { "ask" } else { "take" };
                        let _ = writeln!(section, "{indent}{verb} {} {}", shell_quote(&collect.save), shell_quote(&collect.run));
                    }
                }
            }
        }
        if section.is_empty() {
            continue;
        }
        if network {
            let _ = write!(out, "if [ \"$network\" = yes ]; then\n{section}    wait\nfi\n\n");
        } else {
            let _ = writeln!(out, "{section}");
        }
    }
}

fn is_wanted(collect: &Collect, wanted: &Wanted) -> bool {
    collect.always || wanted.only.as_ref().is_none_or(|only| only.contains(&collect.save))
}
