//! What the log counted, in all and over time.

use super::{Material, TOP, top};
use crate::diagnose::rank::Role;
use crate::evidence::maillog::traffic::Traffic as Counted;
use crate::report::view::{Band, Cause, Lane, MessageFlow, Span, Timeline, Traffic};
use crate::tables::{Record, attempts, failures};
use crate::time::Time;

pub(super) fn traffic_view(counted: &Counted, material: &Material<'_>) -> Traffic {
    let tables = &material.evidence.tables;
    let rows = tables.rows(&attempts::TABLE);
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let by_reason = material.diagnosis.asker.counts(&attempts::TABLE, &all, attempts::reason_class);
    Traffic {
        lines: counted.lines,
        messages: counted.messages,
        sent: counted.sent,
        deferred_attempts: counted.deferred_attempts,
        bounced: counted.bounced,
        expired: counted.expired,
        rejected: counted.rejected,
        by_dsn: top(&counted.by_dsn, usize::MAX),
        top_deferred_domains: top(&counted.deferred_domains, TOP),
        top_bounced_domains: top(&counted.bounced_domains, TOP),
        top_senders: top(&counted.senders, TOP),
        top_sasl_users: top(&counted.sasl_users, TOP),
        by_reason: top(&by_reason, usize::MAX),
    }
}

/// Whether the primary cause stands between this server and others: most of what it holds could not be handed to another
/// server.
fn is_outward(material: &Material<'_>) -> bool {
    let tables = &material.evidence.tables;
    let (rows, names) = (tables.rows(&failures::TABLE), &tables.names);
    let primary = material.diagnosis.causes.iter().find(|cause| cause.role == Role::RootCause);
    let held: Vec<&Record> = primary.iter().flat_map(|cause| &cause.explains).map(|at| &rows[*at as usize]).collect();
    let out = |row: &&&Record| {
        matches!(row.text(failures::voice, names), Some("remote" | "own-client"))
            && row.text(failures::provider, names) != Some("this-server")
    };
    held.iter().filter(out).count() * 2 > held.len()
}

/// Column widths of the timeline: the smallest that gives 60 columns or fewer.
const WIDTHS: [u32; 9] = [60, 300, 900, 1800, 3600, 21_600, 86_400, 604_800, 31_536_000];
const COLUMNS: i64 = 60;

pub(super) fn timeline(counted: &Counted, material: &Material<'_>, onset: Option<Time>, causes: &[Cause]) -> Option<Timeline> {
    let first = counted.first.map(|first| material.from.map_or(first, |from| first.max(from)))?;
    let last = counted.last?;
    if last < first {
        return None;
    }
    let columns = |width: u32| {
        let width = i64::from(width);
        last.seconds().div_euclid(width) - first.seconds().div_euclid(width) + 1
    };
    let width = *WIDTHS.iter().find(|width| columns(**width) <= COLUMNS).unwrap_or(&WIDTHS[8]);
    let count = columns(width).clamp(1, COLUMNS) as usize;
    let start = first.seconds().div_euclid(i64::from(width)) * i64::from(width);
    let mut lanes = ["delivered", "deferred", "bounced"].map(|name| Lane { name: name.into(), counts: vec![0; count] });
    let mut messages = MessageFlow { arrived: vec![0; count], left: vec![0; count], deleted: vec![0; count] };
    let outward = is_outward(material);
    let mut at_home = 0;
    for (at, minute) in &counted.minutes {
        let column = (at * 60 - start).div_euclid(i64::from(width));
        if let Ok(column) = usize::try_from(column)
            && column < count
        {
            let home = if outward { minute.delivered_here } else { 0 };
            at_home += home;
            for (lane, number) in lanes.iter_mut().zip([minute.delivered - home, minute.deferred, minute.bounced]) {
                lane.counts[column] += number;
            }
            messages.arrived[column] += minute.arrived;
            messages.left[column] += minute.left;
            messages.deleted[column] += minute.deleted;
        }
    }
    // What began earlier has no place on this axis.
    let onset = onset.filter(|onset| onset.seconds() >= start);
    let mut runs = counted.covered.clone();
    runs.sort_unstable();
    let mut gaps = Vec::new();
    let mut seen_until: Option<i64> = None;
    for (from_minute, to_minute) in runs {
        if let Some(until) = seen_until {
            // A gap that fills two whole columns, and at least half an hour.
            if (from_minute - until) * 60 > i64::from(width) * 2 && from_minute - until > 30 {
                let span = Span { from: Time::from_seconds((until + 1) * 60), to: Time::from_seconds(from_minute * 60) };
                if span.to > first {
                    gaps.push(span);
                }
            }
        }
        seen_until = Some(seen_until.map_or(to_minute, |until| until.max(to_minute)));
    }
    let bands = causes
        .iter()
        .filter(|cause| cause.role == Role::Contributing.name())
        .filter_map(|cause| {
            let lane = if cause.accounts_for.bounced > cause.accounts_for.waiting { "bounced" } else { "deferred" };
            Some(Band { lane: lane.into(), from: cause.since?, to: cause.until?, title: cause.title.clone() })
        })
        .take(2)
        .collect();
    Some(Timeline {
        from: Time::from_seconds(start),
        column: width,
        outward: at_home > 0,
        lanes: lanes.into(),
        messages,
        gaps,
        onset,
        bands,
    })
}
