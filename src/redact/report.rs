//! Redaction of a report: every text of the view model that may hold a name.

use super::scan::Part;
use super::secrets::without_secrets;
use super::{Check, Redactor, path};
use crate::diagnose::words::visible;
use crate::evidence::Evidence;
use crate::report::view::{Citation, Report};
use crate::tables::{Field, TABLES, Table, Value, settings};
use rustc_hash::{FxHashMap, FxHashSet};

/// Replaces what is personal in `report`, which was made from `evidence`. What the result is to be looked through for
/// when it is rendered comes back.
pub fn redact_report(redactor: &mut Redactor<'_>, report: &mut Report, evidence: &Evidence) -> Check {
    learn(redactor, evidence);
    let kinds: FxHashMap<String, &str> =
        evidence.sources.iter().filter_map(|source| Some((visible(&source.path), source.kind.as_deref()?))).collect();
    citations(report, &mut |citation| redactor.learn(kinds.get(&citation.file).copied(), &citation.text));
    let redactor = &*redactor;
    citations(report, &mut |citation| {
        let kind = kinds.get(&citation.file).copied();
        (citation.text, citation.matched) = redactor.marked(kind, &citation.text, citation.matched);
    });
    texts(report, &mut |text| *text = redactor.text(None, text).into_owned());
    let traffic = &mut report.traffic;
    for count in traffic.top_deferred_domains.iter_mut().chain(&mut traffic.top_bounced_domains) {
        count.name = redactor.host(&count.name);
    }
    for count in traffic.top_senders.iter_mut().chain(&mut traffic.top_sasl_users) {
        count.name = redactor.name(&count.name);
    }
    let dns = std::mem::take(&mut report.state.dns);
    report.state.dns =
        dns.into_iter().map(|(question, answers)| (redactor.text(None, &question).into_owned(), answers)).collect();
    for (name, value) in report.state.settings.iter_mut().flatten() {
        let setting = format!("{name} = {value}");
        let new = redactor.text(Some("postconf"), &setting);
        *value = new.split_once(" = ").map_or(String::new(), |(_, value)| value.to_owned());
    }
    report.host.iter_mut().for_each(|host| *host = redactor.host(host));
    let check = redactor.check();
    citations(report, &mut |citation| citation.file = path::redacted(redactor, &check, &citation.file));
    for row in &mut report.sources {
        row.file = path::redacted(redactor, &check, &row.file);
    }
    // Where a customer's bundle lies on the analyst's machine is nobody's business.
    report.made_by.bundle = "(redacted)".to_owned();
    replace_rest(report, &check);
    check
}

/// What stands where no shape and no neighbour gave it away is known by now, and replaced in whatever text it is.
fn replace_rest(report: &mut Report, check: &Check) {
    fn walk(value: &mut serde_json::Value, check: &Check) {
        match value {
            serde_json::Value::String(text) if !check.leaks(text).is_empty() => *text = check.replaced(text),
            serde_json::Value::Array(list) => list.iter_mut().for_each(|item| walk(item, check)),
            serde_json::Value::Object(map) => map.iter_mut().for_each(|(_, item)| walk(item, check)),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::to_value(&*report) else { return };
    walk(&mut value, check);
    if let Ok(new) = serde_json::from_value(value) {
        *report = new;
    }
    // A mark that reaches beyond its text marks nothing.
    citations(report, &mut |citation| {
        let length = citation.text.chars().count();
        citation.matched = citation.matched.filter(|(_, end)| *end <= length);
    });
}

/// Takes secrets out of every text of a report. Cited lines come without them already.
pub fn remove_secrets(report: &mut Report) {
    texts(report, &mut |text| {
        if let (clean, Some(_)) = without_secrets(text) {
            *text = clean.into_owned();
        }
    });
}

/// What the values of a field are, by its name, which is the same in every table.
fn part_of(table: &Table, field: &Field) -> Option<Part> {
    Some(match (table.name, field.name) {
        ("accounts", "name") => Part::Name,
        (_, "sasl_username" | "user" | "sender" | "recipient" | "orig_to" | "orig_address" | "to") => Part::Name,
        (_, "client" | "relay" | "fqdn" | "hostname" | "mailname" | "helo" | "sender_domain" | "recipient_domain") => Part::Host,
        ("probes" | "route", "host") | ("route", "target") | ("lookups" | "hosts", "name") => Part::Host,
        (_, "client_ip" | "relay_ip" | "ip" | "public_ip" | "nameserver" | "chroot_nameserver") => Part::Ip,
        _ => return None,
    })
}

/// Shows the redactor every name in the tables, each once.
fn learn(redactor: &mut Redactor<'_>, evidence: &Evidence) {
    let tables = &evidence.tables;
    let mut seen = FxHashSet::default();
    for table in TABLES {
        for (number, field) in table.fields.iter().enumerate() {
            let part = part_of(table, field);
            for row in tables.rows(table) {
                let Value::Text(name) = row.get(crate::tables::Column(number)) else { continue };
                if !seen.insert((part.map(|part| part as u8), name)) {
                    continue;
                }
                let text = tables.names.get(name);
                match part {
                    Some(part) => redactor.learn_part(part, text),
                    None => redactor.learn(None, text),
                }
            }
        }
    }
    for row in tables.rows(&settings::TABLE) {
        if let (Some(name), Some(value)) = (row.text(settings::name, &tables.names), row.text(settings::value, &tables.names)) {
            redactor.learn(None, &format!("{name} = {value}"));
        }
    }
}

fn citations(report: &mut Report, visit: &mut dyn FnMut(&mut Citation)) {
    let key = &mut report.key;
    if let Some(good) = &mut key.last_good {
        visit(&mut good.citation);
    }
    if let Some(citation) = key.deadline.as_mut().and_then(|deadline| deadline.citation.as_mut()) {
        visit(citation);
    }
    report.causes.iter_mut().flat_map(|cause| &mut cause.evidence).flat_map(|item| &mut item.citations).for_each(&mut *visit);
    report.unexplained.iter_mut().filter_map(|item| item.citation.as_mut()).for_each(&mut *visit);
    report.changes.iter_mut().filter_map(|change| change.citation.as_mut()).for_each(&mut *visit);
    report.facts.iter_mut().filter_map(|fact| fact.citation.as_mut()).for_each(&mut *visit);
    report.sources.iter_mut().filter_map(|row| row.first_unparsed.as_mut()).for_each(&mut *visit);
}

/// Every other text that may hold words from the evidence.
fn texts(report: &mut Report, visit: &mut dyn FnMut(&mut String)) {
    visit(&mut report.headline);
    report.also.iter_mut().for_each(&mut *visit);
    report.key.confidence_because.iter_mut().for_each(&mut *visit);
    if let Some(deadline) = &mut report.key.deadline {
        visit(&mut deadline.value);
    }
    for step in &mut report.do_first {
        visit(&mut step.text);
        step.why.iter_mut().for_each(&mut *visit);
    }
    for item in &mut report.do_not {
        visit(&mut item.command);
        visit(&mut item.why);
    }
    report.changes.iter_mut().filter_map(|change| change.what.as_mut()).for_each(&mut *visit);
    report.shares.iter_mut().for_each(|share| visit(&mut share.title));
    for cause in &mut report.causes {
        for text in [&mut cause.title, &mut cause.confidence_because, &mut cause.summary] {
            visit(text);
        }
        cause.evidence.iter_mut().for_each(|item| visit(&mut item.says));
    }
    report.unexplained.iter_mut().for_each(|item| visit(&mut item.reason));
    for item in &mut report.not_checked {
        visit(&mut item.title);
        visit(&mut item.needs);
        item.command.iter_mut().for_each(&mut *visit);
    }
    for step in &mut report.plan {
        visit(&mut step.action);
        for text in [&mut step.details, &mut step.why, &mut step.run, &mut step.good, &mut step.undo].into_iter().flatten() {
            visit(text);
        }
    }
    if let Some(timeline) = &mut report.timeline {
        timeline.bands.iter_mut().for_each(|band| visit(&mut band.title));
    }
    if let Some(destinations) = &mut report.destinations {
        for row in &mut destinations.rows {
            visit(&mut row.name);
            row.provider.iter_mut().for_each(&mut *visit);
        }
    }
    report.facts.iter_mut().for_each(|fact| visit(&mut fact.value));
    report.state.dns.values_mut().flatten().for_each(&mut *visit);
    report.state.settings.iter_mut().flat_map(|settings| settings.values_mut()).for_each(&mut *visit);
    report.sources.iter_mut().for_each(|row| visit(&mut row.title));
}
