//! The kernel's messages as `dmesg` shows them: of the thousands those that matter to mail.
//!
//! ```text
//! [12345.678901] Out of memory: Killed process 1234 (clamd) total-vm:1800000kB, anon-rss:900000kB
//! [Thu Nov 12 09:00:02 2026] EXT4-fs (sda1): Remounting filesystem read-only
//! ```

use super::document::{Document, Sink};
use super::stamp::time_of;
use crate::tables::{Record, diagnostics};
use crate::time::Time;

/// Reads `dmesg`, with times since boot, `-T`, or `--time-format=iso`.
pub(super) fn dmesg(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let (time, message) = stamped(text, doc).unwrap_or((None, text));
        if let Some(time) = time {
            sink.seen(time);
        }
        let Some(kernel) = doc.companions.iter().find(|companion| companion.is_trouble(message)) else { continue };
        let record = Record::new(&diagnostics::TABLE, doc.at(number))
            .with(diagnostics::time, time)
            .with(diagnostics::daemon, sink.name("kernel"))
            .with(diagnostics::level, sink.name(kernel.level))
            .with(diagnostics::text, sink.name(message));
        // That the kernel was asked says nothing about what Postfix's daemons said.
        sink.tables.rows_mut(&diagnostics::TABLE).push(record);
    }
}

fn stamped<'t>(text: &'t str, doc: &Document<'_>) -> Option<(Option<Time>, &'t str)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (stamp, message) = inside.split_once(']')?;
        return Some((time_of(stamp, doc.zone_offset, doc.collected_at), message.trim_start()));
    }
    let (stamp, message) = text.split_once(' ')?;
    let (time, _) = Time::parse_rfc3339(stamp.replace(',', ".").as_bytes(), doc.zone_offset)?;
    Some((Some(time), message))
}
