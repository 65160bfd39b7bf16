//! What changed on the server before the onset, as far as the evidence knows: starts, stops and reloads of Postfix, changed
//! packages and files of its configuration, logins that submitted mail for the first time.

use super::Material;
use crate::diagnose::words::visible;
use crate::report::cite::Lines;
use crate::report::view::Change;
use crate::tables::{Record, arrivals, changes as changed, diagnostics};
use crate::time::Time;
use std::collections::BTreeMap;

/// Changes shown.
const SHOWN: usize = 5;
/// Logins that submitted mail for the first time, up to which one may have to do with it.
const LOGINS: usize = 3;
/// Seconds before the onset in which something counts as changed before it.
const BEFORE: f64 = 2.0 * 86_400.0;
/// Seconds of log before a first submission that make it a first one.
const QUIET: f64 = 3600.0;

/// The latest changes up to the onset, in the order of time.
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
    for row in tables.rows(&changed::TABLE) {
        let (Some(time), Some(kind)) = (row.time(changed::time), row.text(changed::kind, names)) else { continue };
        let what = row.text(changed::what, names).unwrap_or_default();
        match kind {
            "package" => add(time, "package", Some(&one_of_many(what)), row, Some(what)),
            "config" => add(time, "config", Some(what), row, Some(what)),
            _ => {}
        }
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
    logins.retain(|_, (time, _)| {
        begin.is_some_and(|begin| time.since(begin) >= QUIET) && *time <= onset && onset.since(*time) <= QUIET
    });
    // When people come to work there are many.
    if logins.len() <= LOGINS {
        logins.into_iter().for_each(|(login, (time, row))| add(time, "login", Some(login), row, Some(login)));
    }
    found.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.what.cmp(&b.what)));
    fold_packages(&mut found);
    found.truncate(SHOWN);
    found.reverse();
    found
}

/// Of a list of packages, `Upgrade: a (1, 2), b (3, 4), ...`, Postfix's own or else the first, and how many more there are.
fn one_of_many(what: &str) -> String {
    let Some((done, list)) = what.split_once(": ") else { return what.to_owned() };
    let parts: Vec<&str> = list.split_inclusive("), ").map(|part| part.trim_end_matches(", ")).collect();
    let Some(shown) = parts.iter().find(|part| part.contains("postfix")).or(parts.first()) else { return what.to_owned() };
    match parts.len() {
        1 => what.to_owned(),
        many => format!("{done}: {shown} (+ {})", many - 1),
    }
}

/// An upgrade changes hundreds of packages at once: of more than two, Postfix's own, or else the latest, stands for all.
fn fold_packages(found: &mut Vec<Change>) {
    let is_package = |change: &Change| change.kind == "package";
    let count = found.iter().filter(|change| is_package(change)).count();
    if count <= 2 {
        return;
    }
    let own = |change: &Change| change.what.as_ref().is_some_and(|what| what.contains("postfix"));
    let kept = found.iter().position(|change| is_package(change) && own(change)).or_else(|| found.iter().position(is_package));
    let mut at = 0;
    found.retain_mut(|change| {
        at += 1;
        if !is_package(change) {
            return true;
        }
        let keep = kept == Some(at - 1);
        if keep && let Some(what) = &mut change.what {
            *what = format!("{what} (+ {})", count - 1);
        }
        keep
    });
}
