//! What changed on the server before the onset, as far as the evidence knows: starts, stops and reloads of Postfix, package
//! changes (dpkg's log), logins that submitted mail for the first time.

use super::Material;
use crate::diagnose::words::visible;
use crate::report::cite::Lines;
use crate::report::view::Change;
use crate::tables::{Record, arrivals, diagnostics, lines as loose};
use crate::time::Time;
use std::collections::BTreeMap;

/// Changes shown.
const SHOWN: usize = 5;
/// Seconds before the onset in which something counts as changed before it.
const BEFORE: f64 = 2.0 * 86_400.0;
/// Seconds of log before a first submission that make it a first one.
const QUIET: f64 = 3600.0;

/// Changes up to the onset, the latest first.
pub(super) fn changes(material: &Material<'_>, onset: Time, lines: &Lines) -> Vec<Change> {
    let tables = &material.evidence.tables;
    let names = &tables.names;
    let mut found: Vec<Change> = Vec::new();
    // The first failures that are seen are seconds later than what made them.
    let soon = onset.plus(60.0);
    let near = |time: Time| time <= soon && onset.since(time) <= BEFORE;
    let mut add = |time: Time, kind: &'static str, what: Option<&str>, row: &Record, mark: Option<&str>| {
        if near(time) {
            let citation = lines.cite(row.source, mark);
            found.push(Change { time, kind: kind.into(), what: what.map(visible), citation });
        }
    };
    for row in tables.rows(&diagnostics::TABLE).iter().filter(|row| row.text(diagnostics::daemon, names) == Some("master")) {
        let (Some(time), Some(text)) = (row.time(diagnostics::time), row.text(diagnostics::text, names)) else { continue };
        let kind = match text {
            text if text.starts_with("daemon started") => "start",
            text if text.starts_with("reload") => "reload",
            text if text.starts_with("terminating on signal") => "stop",
            _ => continue,
        };
        add(time, kind, None, row, Some(text));
    }
    for row in tables.rows(&loose::TABLE) {
        let Some((time, what)) = row.text(loose::text, names).and_then(package) else { continue };
        add(time, "package", Some(what), row, Some(what));
    }
    let begin = material.evidence.traffic.as_ref().and_then(|traffic| traffic.first);
    let mut logins: BTreeMap<&str, (Time, &Record)> = BTreeMap::new();
    for row in tables.rows(&arrivals::TABLE) {
        let (Some(login), Some(time)) = (row.text(arrivals::sasl_username, names), row.time(arrivals::time)) else { continue };
        let first = logins.entry(login).or_insert((time, row));
        if time < first.0 {
            *first = (time, row);
        }
    }
    for (login, (time, row)) in logins {
        if begin.is_some_and(|begin| time.since(begin) >= QUIET) && onset.since(time) <= QUIET {
            add(time, "login", Some(login), row, Some(login));
        }
    }
    found.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.what.cmp(&b.what)));
    found.truncate(SHOWN);
    found
}

/// A line of dpkg's log that changes a package: `2026-11-12 06:01:02 upgrade postfix:amd64 3.7.6-0 3.7.11-0`.
fn package(line: &str) -> Option<(Time, &str)> {
    let (time, length) = Time::parse_rfc3339(line.as_bytes(), 0)?;
    let what = line.get(length..)?.trim();
    let changes = ["install ", "upgrade ", "remove ", "purge "].iter().any(|verb| what.starts_with(verb));
    (changes && what.split(' ').count() == 4).then_some((time, what))
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn package_changes_are_told_from_other_lines_of_dpkg() {
        let line = "2026-11-12 06:01:02 upgrade postfix:amd64 3.7.6-0 3.7.11-0";
        assert_eq!(package(line).unwrap().1, "upgrade postfix:amd64 3.7.6-0 3.7.11-0");
        assert!(package("2026-11-12 06:01:02 status installed postfix:amd64 3.7.11-0").is_none());
        assert!(package("2026-11-12 06:01:02 startup archives unpack").is_none());
    }
}
