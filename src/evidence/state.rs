//! State of services and of the machine: `systemctl`, `postfix status`, `hostnamectl`, `resolvectl`, `top`, `iostat`,
//! `/proc/pressure`, `/proc/meminfo`, `qshape`.
//!
//! ```text
//! ● postfix.service - Postfix Mail Transport Agent
//!      Active: active (exited) since Thu 2026-11-12 09:00:01 UTC; 2h ago
//! ```
//!
//! ```text
//!                          T  5 10 20 40 80 160 320 640 1280 1280+
//!                  TOTAL 4196  1  0  3  9 12  20  45 102  210 3794
//! ```

use super::document::{Document, Sink};
use super::ps;
use crate::tables::{Record, Value, host, qshape, units};

/// Reads `systemctl status`, `systemctl list-units`, `systemctl is-active` and `postfix status`.
pub(super) fn services(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut unit = "";
    let mut table = false;
    for (number, line) in doc.lines() {
        let text = line.trim();
        let at = doc.at(number);
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if text.contains("the Postfix mail system is running") {
            sink.host(host::postfix_running, true, at);
        } else if text.contains("the Postfix mail system is not running") {
            sink.host(host::postfix_running, false, at);
        } else if let Some(name) = heading(text) {
            unit = name;
        } else if let Some(state) = text.strip_prefix("Active: ") {
            let active = state.split([' ', '(']).next().unwrap_or_default();
            let inside = state.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
            let result = inside.and_then(|inside| inside.strip_prefix("Result: "));
            running(unit, active, inside, number, doc, sink);
            let record = Record::new(&units::TABLE, at)
                .with(units::name, Some(unit).filter(|unit| !unit.is_empty()).map(|unit| sink.name(unit)))
                .with(units::active, sink.name(active))
                .with(units::sub, inside.filter(|_| result.is_none()).map(|sub| sink.name(sub)))
                .with(units::result, result.map(|result| sink.name(result)));
            sink.push(&units::TABLE, record);
        } else if words.contains(&"LOAD") && words.contains(&"ACTIVE") {
            table = true;
        } else if let ([name, _, active, sub, ..], true) = (skip_mark(&words), table) {
            if name.contains('.') {
                let record = Record::new(&units::TABLE, at)
                    .with(units::name, sink.name(name))
                    .with(units::active, sink.name(active))
                    .with(units::sub, sink.name(sub));
                sink.push(&units::TABLE, record);
                running(name, active, Some(*sub), number, doc, sink);
            }
        } else if let [state @ ("active" | "inactive" | "failed" | "activating")] = words.as_slice() {
            // systemctl is-active UNIT
            let asked = doc.command.and_then(|command| command.split_whitespace().last()).filter(|_| doc.command.is_some());
            let record = Record::new(&units::TABLE, at)
                .with(units::name, asked.map(|name| sink.name(name)))
                .with(units::active, sink.name(state));
            sink.push(&units::TABLE, record);
            if asked.is_none_or(|name| name.contains("postfix")) && *state != "active" {
                sink.host(host::postfix_running, false, at);
            }
        }
        // The tree of processes, "Loaded:", "Main PID:" and the last log lines say nothing more.
    }
    if table {
        sink.tables.mark_collected(&units::TABLE);
    }
}

/// `● postfix.service - Postfix Mail Transport Agent`: the mark is also `○`, `×`, `*`.
fn heading(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(['●', '○', '×', '*', '↻', '\u{fffd}'])?.trim_start();
    let name = rest.split(' ').next()?;
    (name.contains('.') && (rest.len() == name.len() || rest[name.len()..].starts_with(" - "))).then_some(name)
}

fn skip_mark<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    if words.first().is_some_and(|word| matches!(*word, "●" | "○" | "×" | "*")) { &words[1..] } else { words }
}

/// `active (exited)` is the normal state of Debian's wrapper unit and says nothing; its instance `postfix@-` does.
fn running(unit: &str, active: &str, sub: Option<&str>, number: u32, doc: &Document<'_>, sink: &mut Sink<'_>) {
    if !unit.is_empty() && !unit.starts_with("postfix") {
        return;
    }
    match (active, sub) {
        ("active", Some("running")) => sink.host(host::postfix_running, true, doc.at(number)),
        ("failed" | "inactive", _) => sink.host(host::postfix_running, false, doc.at(number)),
        _ => {}
    }
}

/// Reads `hostnamectl`.
pub(super) fn hostnamectl(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        let Some((key, value)) = line.trim().split_once(": ") else {
            if !line.trim().is_empty() && !line.trim().ends_with(':') {
                sink.unparsed(number);
            }
            continue;
        };
        match key.trim() {
            // The transient one, which DHCP gives, stands below the static one and counts if there is none.
            "Static hostname" | "Transient hostname" => {
                let known = sink.tables.host().is_some_and(|row| row.get(host::hostname) != Value::Missing);
                let none = matches!(value.trim(), "n/a" | "(unset)" | "localhost");
                if !none && (!known || key.trim().starts_with('S')) {
                    let name = sink.domain(value.trim());
                    sink.host(host::hostname, name, doc.at(number));
                }
            }
            "Operating System" => {
                let name = sink.name(value.trim());
                sink.host(host::os, name, doc.at(number));
            }
            _ => {}
        }
    }
}

/// Reads `resolvectl status` and `systemd-resolve --status`: the servers behind the stub of resolv.conf.
pub(super) fn resolvectl(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let stub = |value: Value, sink: &Sink<'_>| match value {
        Value::Missing => true,
        Value::Text(name) => sink.tables.names.get(name).starts_with("127.0.0.5"),
        _ => false,
    };
    for (number, line) in doc.lines() {
        let Some((key, value)) = line.trim().split_once(": ") else { continue };
        if !matches!(key.trim(), "Current DNS Server" | "DNS Servers") {
            continue;
        }
        let Some(server) = value.split_whitespace().next() else { continue };
        let known = sink.tables.host().map_or(Value::Missing, |row| row.get(host::nameserver));
        if stub(known, sink) {
            let server = sink.name(server);
            sink.host(host::nameserver, server, doc.at(number));
        }
    }
}

/// Reads `top -b -n1`: load, processor times, then the processes.
pub(super) fn top(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut above = 0;
    for (number, line) in doc.lines() {
        let text = line.trim();
        let at = doc.at(number);
        if text.split_whitespace().any(|word| word == "PID") {
            above = number;
            break;
        }
        let loads = text.split_once("load average: ").map(|(_, loads)| loads).or_else(|| text.strip_prefix("Load average: "));
        if let Some(loads) = loads {
            let loads = loads.split(' ').filter_map(|word| word.trim_end_matches(',').replace(',', ".").parse::<f64>().ok());
            for (column, load) in [host::load1, host::load5, host::load15].into_iter().zip(loads) {
                sink.host(column, load, at);
            }
        } else if let Some(cpu) = text.strip_prefix("CPU:") {
            // BusyBox: "CPU:   5% usr   1% sys   0% nic  13% idle  80% io   0% irq   0% sirq"
            let words: Vec<&str> = cpu.split_whitespace().collect();
            let wait =
                words.windows(2).find(|pair| pair[1] == "io").and_then(|pair| pair[0].trim_end_matches('%').parse::<f64>().ok());
            if let Some(percent) = wait {
                sink.host(host::io_wait, percent, at);
            }
        } else if text.contains("Cpu(s):") {
            for (mark, column) in [("wa", host::io_wait), ("st", host::steal)] {
                if let Some(percent) = percent_before(text, mark) {
                    sink.host(column, percent, at);
                }
            }
        }
    }
    let before = sink.unparsed.len();
    ps::parse(doc, sink);
    // What stands above the table of processes was read here.
    let kept: Vec<u32> = sink.unparsed.drain(before..).filter(|line| *line > above).collect();
    sink.unparsed.extend(kept);
}

/// The number before `wa` in `5.9 us,  1.2 sy, ... 20.1 wa` and in `20.1%wa`.
fn percent_before(text: &str, mark: &str) -> Option<f64> {
    let part = text
        .split([':', ','])
        .map(str::trim)
        .find(|part| part.strip_suffix(mark).is_some_and(|number| number.ends_with([' ', '%'])))?;
    part.trim_end_matches(mark).trim_end_matches([' ', '%']).parse().ok()
}

/// Reads `iostat -x`: of several reports the last, since the first is the mean since boot.
pub(super) fn iostat(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut header: Vec<&str> = Vec::new();
    let mut worst: Option<(f64, u32)> = None;
    let mut cpu: Vec<&str> = Vec::new();
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["Linux", ..] => {}
            ["avg-cpu:", columns @ ..] => {
                cpu = columns.to_vec();
                worst = None;
            }
            [first, ..] if first.trim_end_matches(':') == "Device" => {
                header = words;
                worst = None;
            }
            _ if !header.is_empty() && words.len() == header.len() => {
                let waits = header.iter().zip(&words).filter(|(column, _)| column.ends_with("await"));
                let wait = waits.filter_map(|(_, word)| word.replace(',', ".").parse::<f64>().ok()).fold(0.0, f64::max);
                if worst.is_none_or(|(known, _)| wait > known) {
                    worst = Some((wait, number));
                }
            }
            _ if words.len() == cpu.len() => {
                let wait = cpu
                    .iter()
                    .position(|column| *column == "%iowait")
                    .and_then(|at| words[at].replace(',', ".").parse::<f64>().ok());
                if let Some(wait) = wait {
                    sink.host(host::io_wait, wait, doc.at(number));
                }
            }
            _ => sink.unparsed(number),
        }
    }
    if let Some((wait, number)) = worst {
        sink.host(host::disk_wait, wait, doc.at(number));
    }
}

/// Reads `/proc/pressure/io` and `/proc/pressure/memory`; which of them it is, the name tells.
pub(super) fn pressure(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let named = format!("{} {}", doc.path, doc.command.unwrap_or_default());
    let mut column = None;
    let by_name = |text: &str| match text {
        text if text.contains("memory") => Some(host::memory_pressure),
        text if text.contains("io") && !text.contains("cpu") => Some(host::io_pressure),
        _ => None,
    };
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.starts_with("some ") || text.is_empty() {
            continue;
        }
        let Some(rest) = text.strip_prefix("full ") else {
            column = by_name(text);
            continue;
        };
        let average = rest.split_whitespace().find_map(|word| word.strip_prefix("avg60=")?.parse::<f64>().ok());
        match (column.or_else(|| by_name(&named)), average) {
            (Some(column), Some(average)) => sink.host(column, average, doc.at(number)),
            (None, Some(_)) => {}
            _ => sink.unparsed(number),
        }
    }
}

/// Reads `/proc/meminfo`.
pub(super) fn meminfo(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut total = None;
    for (number, line) in doc.lines() {
        let at = doc.at(number);
        let Some((key, value)) = line.split_once(':') else {
            if !line.trim().is_empty() {
                sink.unparsed(number);
            }
            continue;
        };
        let Some(kib) = value.split_whitespace().next().and_then(|digits| digits.parse::<i64>().ok()) else { continue };
        let bytes = kib.saturating_mul(1024);
        match key.trim() {
            "MemTotal" => {
                total = Some(bytes);
                sink.host(host::mem_total, bytes, at);
            }
            "MemAvailable" => {
                sink.host(host::mem_available, bytes, at);
                if let Some(total) = total.filter(|total| *total > 0) {
                    sink.host(host::mem_available_share, bytes as f64 / total as f64, at);
                }
            }
            "SwapTotal" => sink.host(host::swap_total, bytes, at),
            _ => {}
        }
    }
}

/// Reads `qshape`.
pub(super) fn qshape(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut columns = 0;
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if words[0] == "T" {
            columns = words.len();
            continue;
        }
        let counts: Vec<i64> = words[1..].iter().filter_map(|word| word.parse().ok()).collect();
        if columns < 3 || counts.len() != columns || words.len() != columns + 1 {
            sink.unparsed(number);
            continue;
        }
        let name = if words[0] == "TOTAL" { sink.name("TOTAL") } else { sink.domain(words[0]) };
        let record = Record::new(&qshape::TABLE, doc.at(number))
            .with(qshape::domain, name)
            .with(qshape::total, counts[0])
            .with(qshape::young, counts[1].saturating_add(counts[2]))
            .with(qshape::old, counts[columns - 1]);
        sink.push(&qshape::TABLE, record);
    }
    if columns > 0 {
        sink.tables.mark_collected(&qshape::TABLE);
    }
}
