//! Memory and load: `free`, `uptime`, `/proc/loadavg`, `nproc`, `vmstat`.
//!
//! ```text
//!                total        used        free      shared  buff/cache   available
//! Mem:           24105         650       22358           9        1397       23454
//!  11:40:00 up 136 days,  5:16,  0 user,  load average: 1.17, 1.27, 1.21
//! ```

use super::document::{Document, Sink};
use crate::tables::host;

/// Reads `free` (KiB, `-m`, `-h`, `-b`).
pub(super) fn free(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    let mut local = false;
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["total", ..] => columns = words,
            [name, values @ ..] if name.ends_with(':') || *name == "-/+" => rows.push((number, *name, values.to_vec())),
            // In another language the places tell what the columns are.
            _ if rows.is_empty() && !line.contains(|c: char| c.is_ascii_digit()) => {
                columns = PLACES.to_vec();
                local = true;
            }
            _ => sink.unparsed(number),
        }
    }
    let rows: Vec<_> =
        rows.into_iter().enumerate().map(|(at, (number, name, values))| (number, row_name(name, at, local), values)).collect();
    let total = rows.iter().find(|(_, name, _)| name.starts_with("Mem")).and_then(|(_, _, values)| values.first().copied());
    // Without -h the unit is not shown: a machine has more than 64 MiB and less than 64 TiB, which decides between kB and MB.
    let unit = match total.and_then(|total| total.parse::<f64>().ok()) {
        Some(total) if total < 1e6 => 1024.0 * 1024.0,
        Some(total) if total > 1e10 => 1.0,
        _ => 1024.0,
    };
    for (number, name, values) in rows {
        let at = doc.at(number);
        let value = |column: &str| columns.iter().position(|known| *known == column).and_then(|at| bytes(values.get(at)?, unit));
        if name.starts_with("Mem") {
            if let Some(total) = value("total") {
                sink.host(host::mem_total, total as i64, at);
                // Old versions have no `available`; there free, buffers and cache come nearest.
                let parts = [value("free"), value("buffers"), value("cached")];
                let available = value("available").unwrap_or_else(|| parts.iter().flatten().sum());
                sink.host(host::mem_available, available as i64, at);
                if total > 0.0 {
                    sink.host(host::mem_available_share, available / total, at);
                }
            }
        } else if name.starts_with("Swap")
            && let (Some(total), Some(used)) = (value("total"), value("used"))
        {
            sink.host(host::swap_total, total as i64, at);
            sink.host(host::swap_used, used as i64, at);
        }
    }
}

/// The columns of procps since 3.3.10.
const PLACES: [&str; 6] = ["total", "used", "free", "shared", "buff/cache", "available"];

/// The name of a row in English.
fn row_name(name: &str, at: usize, local: bool) -> &str {
    match (local, at) {
        (true, 0) => "Mem:",
        (true, _) => "Swap:",
        _ => name,
    }
}

fn bytes(word: &str, unit: f64) -> Option<f64> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(word.len());
    let number: f64 = word[..end].replace(',', ".").parse().ok()?;
    let factor = match word[end..].trim_end_matches(['i', 'B']) {
        "" if word.ends_with('B') => 1.0,
        "" => unit,
        "K" => 1024.0,
        "M" => 1024.0 * 1024.0,
        "G" => 1024f64.powi(3),
        "T" => 1024f64.powi(4),
        _ => return None,
    };
    Some(number * factor)
}

/// Reads `uptime`, `/proc/loadavg` and `nproc`.
pub(super) fn uptime(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        let text = line.trim();
        let at = doc.at(number);
        if text.is_empty() {
            continue;
        }
        if let Ok(cpus) = text.parse::<i64>() {
            sink.host(host::cpus, cpus, at);
            continue;
        }
        let after = ["load average: ", "load averages: "].iter().find_map(|mark| text.split_once(mark).map(|(_, after)| after));
        let loads: Vec<f64> = match after {
            // Some locales write 0,08, 0,03, 0,05.
            Some(after) => {
                after.split(' ').filter_map(|word| word.trim_end_matches(',').replace(',', ".").parse().ok()).collect()
            }
            None => text.split_whitespace().take(3).filter_map(|word| word.parse().ok()).collect(),
        };
        if loads.len() < 3 {
            sink.unparsed(number);
            continue;
        }
        for (column, load) in [host::load1, host::load5, host::load15].into_iter().zip(loads) {
            sink.host(column, load, at);
        }
        if let Some(seconds) = text.split_once(" up ").and_then(|(_, rest)| since_boot(rest)) {
            sink.host(host::uptime, seconds, at);
        }
    }
}

/// `136 days,  5:16,  0 user` or `3 min,  1 user`
fn since_boot(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let mut found = false;
    for part in text.split(',').map(str::trim) {
        let mut words = part.split_whitespace();
        let first = words.next()?;
        match (first.split_once(':'), words.next()) {
            (Some((hours, minutes)), None) => {
                seconds += hours.parse::<f64>().ok()? * 3600.0 + minutes.parse::<f64>().ok()? * 60.0;
                found = true;
            }
            (None, Some(unit)) if unit.starts_with("day") => {
                seconds += first.parse::<f64>().ok()? * 86_400.0;
                found = true;
            }
            (None, Some(unit)) if unit.starts_with("min") => {
                seconds += first.parse::<f64>().ok()? * 60.0;
                found = true;
            }
            _ => break,
        }
    }
    found.then_some(seconds)
}

/// Reads `vmstat 1 5`; its first row is the average since boot and does not count.
pub(super) fn vmstat(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: Vec<(u32, Vec<f64>)> = Vec::new();
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() || words[0] == "procs" || words[0].starts_with("procs") {
            continue;
        }
        if words.contains(&"us") && words.contains(&"id") {
            columns = words;
            continue;
        }
        let values: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        if values.len() == words.len() && values.len() >= columns.len() && !columns.is_empty() {
            rows.push((number, values));
        } else {
            sink.unparsed(number);
        }
    }
    let measured = rows.get(1..).unwrap_or_default();
    let Some((line, _)) = measured.first() else { return };
    let swapped = ["si", "so"].map(|name| columns.iter().position(|known| *known == name));
    // A heading in the middle of it may have other columns than the rows before it.
    let value = |values: &[f64], at: usize| values.get(at).copied().unwrap_or(0.0);
    if let [Some(si), Some(so)] = swapped {
        let mean = measured.iter().map(|(_, values)| value(values, si) + value(values, so)).sum::<f64>() / measured.len() as f64;
        sink.host(host::swapping, mean, doc.at(*line));
    }
    for (name, column) in [("wa", host::io_wait), ("st", host::steal)] {
        if let Some(at) = columns.iter().position(|known| *known == name) {
            let mean = measured.iter().map(|(_, values)| value(values, at)).sum::<f64>() / measured.len() as f64;
            sink.host(column, mean, doc.at(*line));
        }
    }
}
