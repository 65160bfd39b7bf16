//! What waits, and where to.

use super::{Material, is_waiting, top};
use crate::evidence::maillog::backlog::AGES;
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
    let key_of = |row: &Record| {
        let domain = row.text(failures::recipient_domain, &tables.names).unwrap_or_default();
        let tried = row.text(failures::provider, &tables.names).filter(|provider| providers.is_known(provider));
        tried.map_or_else(|| providers.of_domain(domain).map_or(domain, |provider| &provider.id).to_owned(), str::to_owned)
    };
    // Domains that were too many to be told apart.
    let given_up = |row: &Record| row.several().is_some() && row.get(failures::recipient_domain) == Value::Missing;
    let rest: Vec<u32> = judged.iter().copied().filter(|at| given_up(&rows[*at as usize])).collect();
    for &at in judged {
        let row = &rows[at as usize];
        if is_waiting(row, material) {
            *reasons.entry(class_of(row)).or_default() += row.count;
        }
        if given_up(row) {
            continue;
        }
        let domain = row.text(failures::recipient_domain, &tables.names).unwrap_or_default();
        let group = groups.entry(key_of(row)).or_default();
        *group.0.entry(domain.to_owned()).or_default() += row.count;
        group.1 += row.count;
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
    if order.len() > DESTINATIONS || !rest.is_empty() {
        let listed = order.iter().skip(DESTINATIONS).map(|(key, _)| groups[*key].0.len() as u64).sum::<u64>();
        let more = listed + material.diagnosis.asker.distinct(&failures::TABLE, &rest, failures::recipient_domain);
        let (name, domains) = (String::new(), Vec::new());
        table.push(DestinationRow { name, domains, more, provider: None, counts: vec![0; columns.len()] });
    }
    let mut totals = vec![0; columns.len()];
    for &at in judged {
        let row = &rows[at as usize];
        let line =
            if given_up(row) { table.len() - 1 } else { place.get(&key_of(row)).copied().unwrap_or(0).min(table.len() - 1) };
        let column = if !is_waiting(row, material) {
            columns.len() - 1
        } else {
            shown.iter().position(|class| *class == class_of(row)).unwrap_or(shown.len())
        };
        table[line].counts[column] += row.count;
        totals[column] += row.count;
    }
    Some(Destinations { columns, rows: table, totals })
}
