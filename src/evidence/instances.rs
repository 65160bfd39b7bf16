//! Several instances of Postfix on one machine (postmulti(1)).

use crate::tables::{Tables, Value, attempts, settings};
use std::collections::{BTreeMap, BTreeSet};

/// The instance in which most mail fails, by its name in the log.
pub fn failing(tables: &Tables) -> Option<&str> {
    let names = &tables.names;
    let mut failed: BTreeMap<&str, u64> = BTreeMap::new();
    for row in tables.rows(&attempts::TABLE) {
        if row.text(attempts::status, names) != Some("sent") {
            let name = row.text(attempts::instance, names)?.split('/').next().unwrap_or_default();
            *failed.entry(name).or_default() += row.count;
        }
    }
    failed.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name)
}

/// Of the settings of several instances, keeps those of the one whose mail fails, or else of the first; and what tells that
/// there are several.
pub(super) fn settle(tables: &mut Tables) {
    let names = &tables.names;
    let rows = tables.rows(&settings::TABLE);
    let is = |name: Option<&str>, wanted: &str| name == Some(wanted);
    let others: BTreeMap<u32, &str> = rows
        .iter()
        .filter(|row| is(row.text(settings::name, names), "multi_instance_name"))
        .filter_map(|row| Some((row.source.file, row.text(settings::value, names).filter(|name| !name.is_empty())?)))
        .collect();
    if others.is_empty() || rows.iter().all(|row| others.contains_key(&row.source.file)) {
        return;
    }
    let failing = failing(tables);
    let of_it: BTreeSet<u32> = others.iter().filter(|(_, name)| failing == Some(**name)).map(|(file, _)| *file).collect();
    let others: BTreeSet<u32> = others.into_keys().collect();
    let kept: Vec<bool> = rows
        .iter()
        .map(|row| {
            let tells = row.text(settings::name, names).is_some_and(|name| name.starts_with("multi_instance_"));
            let file = row.source.file;
            let wanted = if of_it.is_empty() { !others.contains(&file) } else { of_it.contains(&file) };
            wanted || tells || row.get(settings::is_default) == Value::Bool(true)
        })
        .collect();
    let mut kept = kept.into_iter();
    tables.rows_mut(&settings::TABLE).retain(|_| kept.next().unwrap_or(true));
}
