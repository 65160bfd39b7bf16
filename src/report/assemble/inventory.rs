//! Facts about the machine, its settings and DNS, and the files of the bundle.

use super::Material;
use crate::diagnose::measure::as_text;
use crate::diagnose::words::{shortened, visible};
use crate::report::cite::Lines;
use crate::report::view::{Fact, Secret, SourceRow, State};
use crate::tables::{self, Column, Record, Value, filesystems, host, hosts, lookups};
use std::collections::BTreeMap;

/// The fact that a look-up tells.
const PTR: &str = "reverse DNS (PTR)";

pub(super) fn facts(material: &Material<'_>, lines: &Lines) -> Vec<Fact> {
    let tables = &material.evidence.tables;
    let mut facts = Vec::new();
    let same = |a: &str, b: &str| a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'));
    let setting = |name: &str| tables.setting(name).filter(|value| !value.is_empty());
    let setting_source = |name: &str| {
        let rows = tables.rows(&tables::settings::TABLE).iter().rev();
        rows.into_iter().find(|row| row.text(tables::settings::name, &tables.names) == Some(name)).map(|row| row.source)
    };
    let mut add = |name: &str, value: Option<String>, agrees: Option<bool>, source: Option<tables::Citation>| {
        if let Some(value) = value {
            facts.push(Fact {
                name: name.to_owned(),
                value: shortened(&visible(&value)),
                status: None,
                agrees,
                citation: source.and_then(|source| lines.cite(source, None)),
            });
        }
    };
    let host_row = tables.host();
    let field = |column: Column| host_row.and_then(|row| as_text(row.get(column), &tables.names));
    let source = |column: Column| tables.host_source(column);
    let fqdn = field(host::fqdn);
    let myhostname = setting("myhostname").map(str::to_owned);
    let agree = fqdn.as_ref().zip(myhostname.as_ref()).map(|(a, b)| same(a, b));
    add("host name", fqdn.clone(), agree, source(host::fqdn));
    add("myhostname", myhostname.clone(), agree, setting_source("myhostname"));
    let relay_known = tables.is_collected(&tables::settings::TABLE);
    let relayhost = setting("relayhost")
        .map(str::to_owned)
        .or_else(|| relay_known.then(|| "none, mail goes to each domain's mail exchanger".to_owned()));
    add("relayhost", relayhost, None, setting_source("relayhost"));
    let own_name = myhostname.as_ref().or(fqdn.as_ref());
    let ptr = tables.rows(&lookups::TABLE).iter().find(|row| row.text(lookups::r#type, &tables.names) == Some("PTR"));
    if let Some(row) = ptr {
        let answer = row.text(lookups::answer, &tables.names);
        let agrees = Some(answer.zip(own_name).is_some_and(|(answer, name)| same(answer, name)));
        add(PTR, Some(answer.unwrap_or("none").to_owned()), agrees, Some(row.source));
    }
    add("public address", field(host::public_ip), None, source(host::public_ip));
    let own_ip = tables
        .rows(&hosts::TABLE)
        .iter()
        .find(|row| row.text(hosts::name, &tables.names).zip(own_name.map(String::as_str)).is_some_and(|(a, b)| same(a, b)));
    add(
        "address in /etc/hosts",
        own_ip.and_then(|row| as_text(row.get(hosts::ip), &tables.names)),
        None,
        own_ip.map(|row| row.source),
    );
    add("name server", field(host::nameserver), None, source(host::nameserver));
    add("clock synchronised", field(host::clock_synchronized), None, source(host::clock_synchronized));
    let drift = host_row.and_then(|row| match row.get(host::clock_rtc_difference) {
        Value::Number(seconds) => Some(crate::time::duration(seconds)),
        _ => None,
    });
    add("system clock and hardware clock differ by", drift, None, source(host::clock_rtc_difference));
    add("Postfix runs", field(host::postfix_running), None, source(host::postfix_running));
    add("Postfix version", field(host::postfix_version), None, source(host::postfix_version));
    let queue_fs = tables.rows(&filesystems::TABLE).iter().find(|row| row.get(filesystems::holds_queue) == Value::Bool(true));
    if let Some(row) = queue_fs {
        let part = |column: Column| match row.get(column) {
            Value::Number(part) => Some(crate::diagnose::words::percent(part)),
            _ => None,
        };
        let mount = row.text(filesystems::mount, &tables.names).unwrap_or("/");
        add("queue file system", Some(mount.to_owned()), None, Some(row.source));
        add("queue file system used", part(filesystems::used_share), None, Some(row.source));
        add("its inodes used", part(filesystems::inodes_used_share), None, Some(row.source));
    }
    add(
        "load (1, 5, 15 min)",
        field(host::load1).map(|one| {
            let more: Vec<String> = [host::load5, host::load15].into_iter().filter_map(field).collect();
            [vec![one], more].concat().join(", ")
        }),
        None,
        source(host::load1),
    );
    let memory = host_row
        .and_then(|row| row.int(host::mem_available))
        .map(|bytes| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64));
    add("memory available", memory, None, source(host::mem_available));
    if let Some((row, fact)) = ptr.zip(facts.iter_mut().find(|fact| fact.name == PTR)) {
        let answered = row.get(lookups::answer) != Value::Missing;
        fact.status = row.text(lookups::status, &tables.names).filter(|_| !answered).map(visible);
    }
    facts
}

/// Settings and look-ups that a report keeps at most.
const STATE: usize = 500;

pub(super) fn settings_and_dns(material: &Material<'_>) -> State {
    let tables = &material.evidence.tables;
    let text = |row: &Record, column: Column| row.text(column, &tables.names).map(|text| shortened(&visible(text)));
    let settings = tables.is_collected(&tables::settings::TABLE).then(|| {
        let rows = tables.rows(&tables::settings::TABLE).iter();
        let set = rows.filter(|row| row.get(tables::settings::is_default) != Value::Bool(true));
        let set = set.filter_map(|row| Some((text(row, tables::settings::name)?, text(row, tables::settings::value)?)));
        set.take(STATE).collect()
    });
    let mut dns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tables.rows(&lookups::TABLE).iter().take(STATE) {
        let (Some(name), Some(kind)) = (text(row, lookups::name), text(row, lookups::r#type)) else { continue };
        let said = text(row, lookups::answer).or_else(|| text(row, lookups::status));
        let answers = dns.entry(format!("{kind} {name}")).or_default();
        answers.extend(said.filter(|said| !answers.contains(said)));
    }
    dns.values_mut().for_each(|answers| answers.sort());
    State { settings, dns }
}

pub(super) fn secrets(material: &Material<'_>) -> Vec<Secret> {
    let sources = material.evidence.sources.iter();
    let all = sources.flat_map(|source| source.secrets.iter().map(move |found| (source, found)));
    all.map(|(source, found)| Secret { kind: found.kind.clone().into_owned(), file: visible(&source.path), line: found.line })
        .collect()
}

pub(super) fn sources(material: &Material<'_>, lines: &Lines) -> Vec<SourceRow> {
    material
        .evidence
        .sources
        .iter()
        .enumerate()
        .map(|(number, source)| SourceRow {
            file: visible(&source.path),
            kind: match (&source.kind, source.bundle_file) {
                (Some(kind), _) => kind.clone(),
                (None, Some(_)) => "unrecognised".to_owned(),
                (None, None) => "skipped".to_owned(),
            },
            title: visible(&source.title),
            lines: source.lines,
            unparsed: source.unparsed,
            first_unparsed: source
                .first_unparsed
                .and_then(|line| lines.cite(tables::Citation { file: number as u32, line }, None)),
            from: source.covers.map(|(from, _)| from),
            to: source.covers.map(|(_, to)| to),
        })
        .collect()
}
