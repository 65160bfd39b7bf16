//! `postdoc check`: the guardrail as a monitoring plugin.

use super::Failure;
use crate::files;
use crate::guard::{Limits, State, prometheus_failure};
use crate::rules::RuleSet;
use crate::time::Time;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Check the size and age of the queue, for Nagios, Icinga, Checkmk (exit status 0, 1, 2, 3) or Prometheus
#[derive(Args)]
pub(super) struct Check {
    /// Read this listing (postqueue -j or -p) instead of running postqueue -j; - for standard input
    #[arg(long, value_name = "FILE")]
    queue: Option<PathBuf>,
    /// Warn from this many messages on
    #[arg(long, value_name = "N", default_value_t = 500)]
    warn: u64,
    /// Critical from this many messages on
    #[arg(long, value_name = "N", default_value_t = 5000)]
    crit: u64,
    /// Warn from this age of the oldest message on, such as 1h; messages on hold do not count
    #[arg(long, value_name = "TIME", value_parser = super::analyze::time_span)]
    max_age: Option<f64>,
    /// Critical from this age of the oldest message on
    #[arg(long, value_name = "TIME", value_parser = super::analyze::time_span)]
    crit_age: Option<f64>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Plugin)]
    format: Format,
    /// When the listing was taken, such as 2026-11-12T11:40:00+01:00 [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<(Time, i32)>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line with performance data
    Plugin,
    /// For the textfile collector of the node exporter; the exit status is 0 when the queue could be listed
    Prometheus,
}

fn moment(text: &str) -> Result<(Time, i32), String> {
    let wrong = || "a time with its zone, such as 2026-11-12T11:40:00+01:00".to_owned();
    let (time, _) = Time::parse_rfc3339(text.as_bytes(), 0).filter(|(_, length)| *length == text.len()).ok_or_else(wrong)?;
    // The same read without its zone is that many seconds off.
    let (local, _) = Time::parse_rfc3339(&text.as_bytes()[..19], 0).ok_or_else(wrong)?;
    let offset = local.seconds() - time.seconds();
    Ok((time, offset as i32))
}

impl Check {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let (at, zone_offset) = self.at.unwrap_or_else(|| (now(), local_zone()));
        let limits = Limits { messages: (self.warn, self.crit), age: (self.max_age, self.crit_age) };
        let state = self.listing().and_then(|listing| State::read(&listing, at, zone_offset, &RuleSet::built_in()));
        let mut out = std::io::stdout().lock();
        let status = match (&state, self.format) {
            (Ok(state), Format::Plugin) => {
                writeln!(out, "{}", state.plugin_line(&limits))?;
                state.level(&limits) as u8
            }
            (Ok(state), Format::Prometheus) => {
                write!(out, "{}", state.prometheus(&limits))?;
                0
            }
            (Err(why), Format::Plugin) => {
                // The bar would begin the performance data.
                writeln!(out, "POSTFIX QUEUE UNKNOWN - {}", why.replace('|', "/"))?;
                3
            }
            (Err(why), Format::Prometheus) => {
                write!(out, "{}", prometheus_failure(at))?;
                eprintln!("postdoc: {why}");
                3
            }
        };
        Ok(ExitCode::from(status))
    }

    fn listing(&self) -> Result<Vec<u8>, String> {
        match &self.queue {
            Some(path) => {
                let shown = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
                files::bytes(path, files::LARGEST).map_err(|error| format!("{shown}: {error}"))
            }
            None => {
                let output = Command::new("postqueue").arg("-j").stdin(Stdio::null()).output();
                let output = output.map_err(|error| format!("postqueue -j cannot be run: {error}"))?;
                if !output.status.success() {
                    let said = String::from_utf8_lossy(&output.stderr);
                    let said = crate::diagnose::words::visible(said.lines().next().unwrap_or("no reason given"));
                    return Err(format!("postqueue -j failed: {said}"));
                }
                // It succeeded, so the queue is empty.
                Ok(if output.stdout.is_empty() { b"Mail queue is empty\n".to_vec() } else { output.stdout })
            }
        }
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Time::from_seconds(i64::try_from(since).unwrap_or(0))
}

/// Seconds east of UTC of this machine's local time, as date(1) knows it.
fn local_zone() -> i32 {
    let output = Command::new("date").arg("+%z").stdin(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    crate::time::numeric_offset(&text).unwrap_or(0)
}
