//! `df -h`, `df -k`, `df -P`, `df -T`, `df -i`:
//!
//! ```text
//! Filesystem      Size  Used Avail Use% Mounted on
//! /dev/vda1        25G  5.0M   25G   1% /
//! ```
//!
//! Long device names stand on a line of their own. What holds `/var/spool/postfix` is the queue file system.

use super::document::{Document, Sink};
use crate::tables::{Citation, Column, Record, Value, filesystems, host};

/// Where Postfix keeps its queue unless `queue_directory` says otherwise.
const QUEUE: &str = "/var/spool/postfix";

/// Reads one table of file systems, of blocks or of inodes.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut inodes = false;
    let mut block = 1024.0;
    let mut header = false;
    // df -T has a column more.
    let mut types = false;
    let mut pending = String::new();
    let mut lines = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if text.contains("IUse%") || text.contains("Inodes") || text.contains("IUti") {
            inodes = true;
            header = true;
            continue;
        }
        if text.contains("Typ") || text.contains("Tipo ") {
            types = !text.contains('/');
        }
        if text.contains('%') && !text.contains('/') || text.contains(" Capacity") {
            header = true;
            inodes = false;
            block = if text.contains("1M-") {
                1024.0 * 1024.0
            } else if text.contains("512-") {
                512.0
            } else {
                1024.0
            };
            continue;
        }
        let joined = format!("{pending}{text}");
        let words: Vec<&str> = joined.split_whitespace().collect();
        // The column with % (or - where there is no count) stands before the mount point.
        let Some(percent) = words.iter().rposition(|word| word.ends_with('%') && word.len() > 1 || *word == "-") else {
            if words.len() == 1 && text.starts_with('/') || words.len() == 1 && header {
                pending = format!("{text} ");
            } else {
                pending.clear();
                sink.unparsed(number);
            }
            continue;
        };
        pending.clear();
        if percent < 4 || percent + 1 >= words.len() {
            sink.unparsed(number);
            continue;
        }
        let mount = words[percent + 1..].join(" ");
        let numbers: Vec<Option<f64>> =
            words[percent - 3..percent].iter().map(|word| size(word, if inodes { 1.0 } else { block })).collect();
        let part = words[percent].trim_end_matches('%').replace(',', ".").parse::<f64>().ok().map(|part| part / 100.0);
        let columns: [Column; 3] = if inodes {
            [filesystems::inodes, filesystems::inodes_used, filesystems::inodes_used_share]
        } else {
            [filesystems::size, filesystems::used, filesystems::used_share]
        };
        let whole = |at: usize| numbers[at].map(|number| number as i64);
        let mount_name = sink.name(&mount);
        lines.push((mount, inodes, doc.at(number)));
        let device = &words[..percent - 3];
        let device = if types && device.len() > 1 { &device[..device.len() - 1] } else { device };
        let device = sink.name(&device.join(" "));
        let known =
            sink.tables.rows(&filesystems::TABLE).iter().position(|row| row.get(filesystems::mount) == Value::Text(mount_name));
        let record = match known {
            Some(at) => &mut sink.tables.rows_mut(&filesystems::TABLE)[at],
            None => {
                let record = Record::new(&filesystems::TABLE, doc.at(number))
                    .with(filesystems::mount, mount_name)
                    .with(filesystems::device, device);
                sink.tables.push(&filesystems::TABLE, record);
                sink.tables.rows_mut(&filesystems::TABLE).last_mut().expect("just pushed")
            }
        };
        record.set(columns[0], whole(0));
        record.set(columns[1], whole(1));
        record.set(columns[2], part);
        if !inodes {
            record.set(filesystems::available, whole(2));
            // What is to be cited is the line of blocks, unless only the inodes are exhausted.
            record.source = doc.at(number);
        } else if part.is_some_and(|part| part >= 0.99) {
            record.source = doc.at(number);
        }
    }
    mark_queue(doc, &lines, sink);
}

/// Marks the file system with the longest mount point above the queue, and copies its numbers to `host`.
/// `lines` are those of `doc`: mount point, whether it counts inodes, place.
fn mark_queue(doc: &Document<'_>, lines: &[(String, bool, Citation)], sink: &mut Sink<'_>) {
    let directory = sink.tables.setting("queue_directory").unwrap_or(QUEUE).to_owned();
    let above = |mount: &str| {
        mount == "/" || directory == mount || directory.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/'))
    };
    let names = &sink.tables.names;
    let best = sink
        .tables
        .rows(&filesystems::TABLE)
        .iter()
        .enumerate()
        .filter_map(|(at, row)| row.text(filesystems::mount, names).filter(|mount| above(mount)).map(|mount| (mount.len(), at)))
        .max();
    let Some((_, best)) = best else { return };
    for (at, row) in sink.tables.rows_mut(&filesystems::TABLE).iter_mut().enumerate() {
        row.set(filesystems::holds_queue, at == best);
    }
    let row = sink.tables.rows(&filesystems::TABLE)[best].clone();
    let mount = row.text(filesystems::mount, &sink.tables.names).unwrap_or_default().to_owned();
    // The line of this document that says it, or else the one that said it before.
    let said_here = |inodes: bool| lines.iter().find(|(known, kind, _)| *known == mount && *kind == inodes).map(|(.., at)| *at);
    for (to, from) in [
        (host::queue_filesystem, filesystems::mount),
        (host::queue_filesystem_used, filesystems::used_share),
        (host::queue_filesystem_available, filesystems::available),
        (host::queue_inodes_used, filesystems::inodes_used_share),
    ] {
        let inodes = from == filesystems::inodes_used_share;
        let before = sink.tables.host_source(to).filter(|_| sink.tables.host().is_some_and(|host| host.get(to) == row.get(from)));
        let source = said_here(inodes).or(before).unwrap_or(if inodes { doc.at(doc.first_line) } else { row.source });
        if row.get(from) != Value::Missing {
            sink.host(to, row.get(from), source);
        }
    }
}

/// `25G`, `1.5G`, `1,5G`, `12Gi`, `0`, or a number of blocks.
fn size(word: &str, block: f64) -> Option<f64> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(word.len());
    let number: f64 = word[..end].replace(',', ".").parse().ok()?;
    let unit = 1024f64;
    Some(match word[end..].trim_end_matches(['i', 'B']) {
        "" => number * block,
        "K" | "k" => number * unit,
        "M" => number * unit.powi(2),
        "G" => number * unit.powi(3),
        "T" => number * unit.powi(4),
        "P" => number * unit.powi(5),
        _ => return None,
    })
}
