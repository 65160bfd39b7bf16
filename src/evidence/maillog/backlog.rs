//! The backlog: the queue listing, joined with what the log knows about the same messages.

use super::fold::domain_of;
use super::said::{self, Said};
use crate::distinct::hash;
use crate::names::{Name, Names};
use crate::tables::{Record, Tables, Value, failures, queue};
use crate::time::Time;
use rustc_hash::FxHashMap;

/// One row of a queue listing.
#[derive(Debug)]
pub struct Listed {
    row: usize,
    /// Its queue id.
    pub id: Name,
}

/// The rows of the queue listing, if one was collected: of `postqueue -j` where there is one, which says more than
/// `postqueue -p`, except where only the latter holds anything.
pub fn listed(tables: &Tables) -> Option<Vec<Listed>> {
    if !tables.is_collected(&queue::TABLE) {
        return None;
    }
    let rows = tables.rows(&queue::TABLE);
    let json = tables.names.find("json").map(Value::Text);
    let has_json = rows.iter().any(|row| Some(row.get(queue::listing)) == json);
    let keep = |row: &Record| !has_json || Some(row.get(queue::listing)) == json;
    let listed = rows.iter().enumerate().filter(|(_, row)| keep(row)).filter_map(|(at, row)| match row.get(queue::queue_id) {
        Value::Text(id) => Some(Listed { row: at, id }),
        _ => None,
    });
    Some(listed.collect())
}

/// Adds a failure for each listed recipient; `enrich` fills in what the log knows.
pub fn add(
    listed: &[Listed],
    ports: &FxHashMap<u64, u16>,
    tables: &mut Tables,
    enrich: impl Fn(&str, &str, &mut Record, &mut Names),
) {
    let waiting = tables.name("waiting");
    for entry in listed {
        let row = tables.rows(&queue::TABLE)[entry.row].clone();
        let mut record = Record::new(&failures::TABLE, row.source).with(failures::outcome, waiting);
        for (to, from) in [
            (failures::queue, queue::queue),
            (failures::queue_id, queue::queue_id),
            (failures::arrived, queue::arrived),
            (failures::size, queue::size),
            (failures::sender, queue::sender),
            (failures::recipient, queue::recipient),
        ] {
            record.set(to, row.get(from));
        }
        let recipient = row.text(queue::recipient, &tables.names).unwrap_or_default().to_owned();
        let domain = domain_of(&recipient);
        if !domain.is_empty() {
            record.set(failures::recipient_domain, tables.name(&domain));
        }
        if let Some(reason) = row.text(queue::reason, &tables.names).map(str::to_owned) {
            let said = Said::parse(&reason);
            record.set(failures::reason, tables.name(said.reason));
            record.set(failures::reply_code, said.code.map(i64::from));
            record.set(failures::reply_enhanced, said.enhanced.map(|code| tables.name(code)));
            record.set(failures::reply_text, tables.name(&said.words));
            record.set(failures::stage, said.stage.map(|stage| tables.name(stage)));
            record.set(failures::relay, said.host.map(|host| tables.name(host)));
            let ip = said.ip.map(|ip| tables.name(ip));
            record.set(failures::relay_ip, ip);
            // A listing's reasons often name only the address.
            let tried = said.ip.and_then(|ip| ports.get(&hash(ip.as_bytes(), 0)).copied());
            let port = said.port.or(tried).map(i64::from);
            record.set(failures::relay_port, port);
            let own = said.ip.is_some_and(said::is_own);
            let voice = match said.voice {
                Some(said::Voice::Remote) if own && said.ip.is_some_and(|ip| ip.contains('/')) => Some(said::Voice::OwnDelivery),
                Some(said::Voice::Remote) if own => Some(said::Voice::OwnFilter),
                other => other,
            };
            record.set(failures::voice, voice.map(|voice| tables.name(voice.name())));
            record.set(failures::permanent, said.code.map(|_| said.permanent()));
        }
        let id = row.text(queue::queue_id, &tables.names).unwrap_or_default().to_owned();
        enrich(&id, &recipient, &mut record, &mut tables.names);
        tables.push(&failures::TABLE, record);
    }
    tables.mark_collected(&failures::TABLE);
}

/// Sets the age of every failure at the end of the evidence.
pub fn ages(tables: &mut Tables, end: Option<Time>) {
    let Some(end) = end else { return };
    for row in tables.rows_mut(&failures::TABLE) {
        if let Some(arrived) = row.time(failures::arrived) {
            row.set(failures::age, end.since(arrived).max(0.0));
        }
    }
}
