//! Several hosts that log into one file, as on a log server: a report is about one of them.

use super::again::each_line;
use super::envelope::{Clock, Line, is_host};
use super::reader::Stream;
use crate::said::daemons::postfix_daemon;
use std::cmp::Reverse;

/// Times that a log goes from one host to another before they are several: one that was renamed, or a container that began anew,
/// goes once.
const TURNS: usize = 4;

/// The hosts whose Postfix logs by turns in these parts of a log; fewer than two are none.
pub fn several(parts: &[&str], clock: &Clock) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    let (mut last, mut turns) = (usize::MAX, 0);
    let rows = parts.iter().flat_map(|part| part.lines());
    for line in rows.filter_map(|row| Line::parse(row, clock)) {
        if line.host.is_empty() || postfix_daemon(line.tag).is_none() {
            continue;
        }
        let at = hosts.iter().position(|known| is_host(known, line.host)).unwrap_or_else(|| {
            hosts.push(line.host.to_owned());
            hosts.len() - 1
        });
        turns += usize::from(last != at);
        last = at;
    }
    if hosts.len() < 2 || turns <= TURNS { Vec::new() } else { hosts }
}

/// The one of them that the report is about: the one that the other evidence is of, or else the one whose mail fails most.
pub fn judged(hosts: &[String], own: &[&str], stream: &Stream<'_>, longest: usize) -> Option<String> {
    let named = |host: &&String| own.iter().any(|own| is_host(host, own));
    if let Some(host) = hosts.iter().find(named) {
        return Some(host.clone());
    }
    let mut failing = vec![0u64; hosts.len()];
    // What is wrong with the file is said where it is read for the diagnosis.
    let _ = each_line(stream, longest, |_, row| {
        if !row.contains("status=deferred") && !row.contains("status=bounced") {
            return;
        }
        let line = Line::parse(row, &stream.clock);
        if let Some(at) = line.and_then(|line| hosts.iter().position(|host| is_host(host, line.host))) {
            failing[at] += 1;
        }
    });
    let most = (0..hosts.len()).max_by_key(|at| (failing[*at], Reverse(*at)))?;
    hosts.get(most).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::again::tests::stream;
    use super::*;
    use crate::time::Time;

    fn log(rows: &[(&str, &str)]) -> String {
        rows.iter().map(|(host, rest)| format!("Nov 23 18:02:11 {host} postfix/smtp[1]: {rest}\n")).collect()
    }

    #[test]
    fn hosts_by_turns_are_several_and_a_renamed_one_is_not() {
        let clock = Clock { zone_offset: 0, reference: Time::from_seconds(1_800_000_000) };
        let sent = "4F2C41A2B3: to=<a@b.example>, status=sent (ok)";
        let deferred = "4F2C41A2B4: to=<a@b.example>, status=deferred (no)";
        let text = log(&[("mx1", sent), ("mx2.example", deferred)].repeat(5));
        let hosts = several(&[&text], &clock);
        assert_eq!(hosts, ["mx1", "mx2.example"]);
        assert_eq!(judged(&hosts, &["MX1.example.org"], &stream(&text), 4096).as_deref(), Some("mx1"));
        assert_eq!(judged(&hosts, &["other.example.org"], &stream(&text), 4096).as_deref(), Some("mx2.example"));
        let names = ["localhost", "mx1", "mx1.example"];
        let renamed = log(&names.map(|host| [(host, sent)].repeat(5)).concat());
        assert!(several(&[&renamed], &clock).is_empty());
    }
}
