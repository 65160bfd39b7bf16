//! What waits, and where to.

use super::{Material, is_waiting, top};
use crate::diagnose::measure::as_text;
use crate::report::view::{AgeBucket, Count, DestinationRow, Destinations, Queue};
use crate::tables::{Record, Value, failures, queue};
use std::collections::{BTreeMap, HashMap};

/// qshape's bucket limits in minutes.
const AGES: [u32; 9] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

pub(super) fn queue_view(material: &Material<'_>) -> Queue {
    let evidence = material.evidence;
    let tables = &evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    // A message counts once: by its queue id.
    let mut messages: HashMap<Option<String>, &Record> = HashMap::new();
    let mut recipients = 0;
    for row in rows.iter().filter(|row| is_waiting(row, material)) {
        recipients += 1;
        messages.entry(as_text(row.get(failures::queue_id), &tables.names)).or_insert(row);
    }
    let mut ages: Vec<AgeBucket> = Vec::new();
    let mut from = 0;
    for to in AGES.iter().map(|to| Some(*to)).chain([None]) {
        ages.push(AgeBucket { from_minutes: from, to_minutes: to, messages: 0 });
        from = to.unwrap_or(0);
    }
    let mut by_queue: BTreeMap<String, u64> = BTreeMap::new();
    let mut bytes = None;
    for row in messages.values() {
        if let Value::Number(age) = row.get(failures::age) {
            let bucket = AGES.iter().position(|limit| age < f64::from(*limit) * 60.0).unwrap_or(AGES.len());
            ages[bucket].messages += 1;
        }
        if let Some(name) = row.text(failures::queue, &tables.names) {
            *by_queue.entry(name.to_owned()).or_default() += 1;
        }
        if let Some(size) = row.int(failures::size) {
            *bytes.get_or_insert(0) += u64::try_from(size).unwrap_or(0);
        }
    }
    Queue {
        listed: tables.is_collected(&queue::TABLE).then_some(messages.len() as u64),
        waiting_messages: messages.len() as u64,
        waiting_recipients: recipients,
        bytes,
        oldest: messages.values().filter_map(|row| row.time(failures::arrived)).min(),
        ages,
        by_queue: by_queue.into_iter().map(|(name, count)| Count { name, count }).collect(),
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
        let nothing = if row.get(failures::reason) == Value::Missing { "no reason yet" } else { "not classified" };
        row.text(failures::reason_class, &tables.names).unwrap_or(nothing).to_owned()
    };
    for &at in judged {
        let row = &rows[at as usize];
        if is_waiting(row, material) {
            *reasons.entry(class_of(row)).or_default() += 1;
        }
        let provider = row.text(failures::provider, &tables.names);
        let domain = row.text(failures::recipient_domain, &tables.names).unwrap_or_default();
        let key = match provider {
            Some(provider) if material.rules.providers.is_known(provider) => provider.to_owned(),
            _ => domain.to_owned(),
        };
        let group = groups.entry(key).or_default();
        *group.0.entry(domain.to_owned()).or_default() += 1;
        group.1 += 1;
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
    if order.len() > DESTINATIONS {
        let more = order[DESTINATIONS..].iter().map(|(key, _)| groups[*key].0.len() as u64).sum();
        let (name, domains) = (String::new(), Vec::new());
        table.push(DestinationRow { name, domains, more, provider: None, counts: vec![0; columns.len()] });
    }
    let mut totals = vec![0; columns.len()];
    for &at in judged {
        let row = &rows[at as usize];
        let provider = row.text(failures::provider, &tables.names).unwrap_or_default();
        let domain = row.text(failures::recipient_domain, &tables.names).unwrap_or_default();
        let key = if material.rules.providers.is_known(provider) { provider.to_owned() } else { domain.to_owned() };
        let line = place.get(&key).copied().unwrap_or(0).min(table.len() - 1);
        let column = if !is_waiting(row, material) {
            columns.len() - 1
        } else {
            shown.iter().position(|class| *class == class_of(row)).unwrap_or(shown.len())
        };
        table[line].counts[column] += 1;
        totals[column] += 1;
    }
    Some(Destinations { columns, rows: table, totals })
}
