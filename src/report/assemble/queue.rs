//! What waits, and where to.

use super::{Material, is_waiting, top};
use crate::distinct;
use crate::evidence::maillog::backlog::AGES;
use crate::names::Names;
use crate::report::view::{AgeBucket, Count, DestinationRow, Destinations, Queue};
use crate::tables::{Record, Value, failures, queue};
use std::collections::{BTreeMap, HashMap};

pub(super) fn queue_view(material: &Material<'_>) -> Queue {
    let waiting = &material.evidence.waiting;
    let limits = AGES.iter().map(|to| Some(*to)).chain([None]);
    let from = [0].into_iter().chain(AGES);
    let ages = from.zip(limits).zip(waiting.ages).map(|((from_minutes, to_minutes), messages)| AgeBucket {
        from_minutes,
        to_minutes,
        messages,
    });
    Queue {
        listed: material.evidence.tables.is_collected(&queue::TABLE).then_some(waiting.messages),
        waiting_messages: waiting.messages,
        waiting_recipients: waiting.recipients,
        bytes: waiting.bytes,
        oldest: waiting.oldest,
        ages: ages.collect(),
        by_queue: waiting.by_queue.iter().map(|(name, count)| Count { name: name.clone(), count: *count }).collect(),
    }
}

/// Rows and reason columns of the destination table.
const DESTINATIONS: usize = 8;
const REASONS: usize = 4;

pub(super) fn destinations(material: &Material<'_>) -> Option<Destinations> {
    let tables = &material.evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    let judged = material.diagnosis.asker.judged(&failures::TABLE);
    if judged.is_empty() {
        return None;
    }
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let mut groups: BTreeMap<String, (BTreeMap<String, u64>, u64)> = BTreeMap::new();
    let class_of = |row: &Record| {
        let nothing = Destinations::UNKNOWN[usize::from(row.get(failures::reason) != Value::Missing)];
        row.text(failures::reason_class, &tables.names).unwrap_or(nothing).to_owned()
    };
    // The provider, also of mail that was not tried there yet, or the domain.
    let providers = &material.rules.providers;
    let key_of = |row: &Record, domain: &str| {
        let tried = row.text(failures::provider, &tables.names).filter(|provider| providers.is_known(provider));
        tried.map_or_else(|| providers.of_domain(domain).map_or(domain, |provider| &provider.id).to_owned(), str::to_owned)
    };
    let parts: Vec<Part<'_>> = judged.iter().flat_map(|&at| parts(&rows[at as usize], &tables.names)).collect();
    let rest: Vec<u32> = judged.iter().copied().filter(|at| is_given_up(&rows[*at as usize])).collect();
    for &(row, domain, count) in &parts {
        if is_waiting(row, material) {
            *reasons.entry(class_of(row)).or_default() += count;
        }
        let Some(domain) = domain else { continue };
        let group = groups.entry(key_of(row, domain)).or_default();
        *group.0.entry(domain.to_owned()).or_default() += count;
        group.1 += count;
    }
    let shown: Vec<String> = top(&reasons, REASONS).into_iter().map(|count| count.name).collect();
    let has_other = reasons.len() > shown.len();
    let mut columns: Vec<String> = shown.iter().map(|class| material.rules.reasons.title(class).to_owned()).collect();
    if has_other {
        columns.push("other".to_owned());
    }
    columns.push("bounced".to_owned());
    let mut order: Vec<(&String, u64)> = groups.iter().map(|(key, (_, count))| (key, *count)).collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let place: HashMap<&String, usize> = order.iter().enumerate().map(|(at, (key, _))| (*key, at.min(DESTINATIONS))).collect();
    let mut table: Vec<DestinationRow> = order
        .iter()
        .take(DESTINATIONS)
        .map(|(key, _)| {
            let domains: Vec<String> = top(&groups[*key].0, 3).into_iter().map(|count| count.name).collect();
            let more = groups[*key].0.len().saturating_sub(3) as u64;
            let provider = material.rules.providers.is_known(key).then(|| material.rules.providers.title(key).to_owned());
            DestinationRow { name: String::new(), domains, more, provider, counts: vec![0; columns.len()] }
        })
        .collect();
    let others = parts.iter().any(|(_, domain, _)| domain.is_none());
    if order.len() > DESTINATIONS || others {
        let all = material.diagnosis.asker.distinct(&failures::TABLE, judged, failures::recipient_domain);
        let listed = order.iter().skip(DESTINATIONS).map(|(key, _)| groups[*key].0.len() as u64).sum::<u64>();
        let named = order.iter().take(DESTINATIONS).map(|(key, _)| groups[*key].0.len() as u64).sum::<u64>();
        // An estimate of many is not made less exact by taking a few away.
        let more = match all {
            _ if rest.is_empty() => listed,
            all if distinct::is_estimate(all) => all,
            all => all.saturating_sub(named).max(listed),
        };
        let (name, domains) = (String::new(), Vec::new());
        table.push(DestinationRow { name, domains, more, provider: None, counts: vec![0; columns.len()] });
    }
    let mut totals = vec![0; columns.len()];
    for &(row, domain, count) in &parts {
        let last = table.len() - 1;
        let line = domain.map_or(last, |domain| place.get(&key_of(row, domain)).copied().unwrap_or(0).min(last));
        let column = if !is_waiting(row, material) {
            columns.len() - 1
        } else {
            shown.iter().position(|class| *class == class_of(row)).unwrap_or(shown.len())
        };
        table[line].counts[column] += count;
        totals[column] += count;
    }
    Some(Destinations { columns, rows: table, totals, in_part: others })
}

/// A part of a record: how many of its recipients are at a domain, or at domains that were too many to be told apart.
type Part<'r> = (&'r Record, Option<&'r str>, u64);

/// Whether a record is about domains that were too many to be told apart.
fn is_given_up(row: &Record) -> bool {
    row.several().is_some() && row.get(failures::recipient_domain) == Value::Missing
}

/// A record by domains: of those that were too many, the commonest ones are known.
fn parts<'r>(row: &'r Record, names: &'r Names) -> Vec<Part<'r>> {
    if !is_given_up(row) {
        return vec![(row, Some(row.text(failures::recipient_domain, names).unwrap_or_default()), row.count)];
    }
    let weighed = row.several().into_iter().flat_map(|several| &several.weighed);
    let domains = weighed.filter(|weighed| weighed.column == failures::recipient_domain).flat_map(|weighed| &weighed.values);
    let mut parts: Vec<Part<'r>> = domains.map(|(name, count)| (row, Some(names.get(*name)), *count)).collect();
    let known = parts.iter().map(|(_, _, count)| count).sum::<u64>();
    parts.push((row, None, row.count.saturating_sub(known)));
    parts.retain(|(_, _, count)| *count > 0);
    parts
}
