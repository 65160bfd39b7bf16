//! Redaction of a report: every text of the view model that may hold a name.

use super::contexts::kind_of;
use super::{Check, Redactor, path};
use crate::diagnose::words::visible;
use crate::evidence::secrets::SecretFinder;
use crate::report::view::{Citation, Report};
use crate::sources::Inventory;
use rustc_hash::FxHashMap;
use std::cell::LazyCell;

/// Learns the names in a report; those in what it was made from are learnt by [`Redactor::learn_evidence`].
pub fn learn_report(redactor: &mut Redactor<'_>, report: &mut Report) {
    let kinds = kinds(report);
    citations(report, &mut |citation| {
        redactor.learn(kind_of(kinds.get(&citation.file).map(String::as_str), &citation.file), &citation.text);
    });
    for (name, value) in report.state.settings.iter().flatten() {
        redactor.learn(None, &format!("{name} = {value}"));
    }
    if let Some(host) = &report.host {
        redactor.learn(None, &format!("hostname: {host}"));
    }
}

/// The kind of evidence of each file.
fn kinds(report: &Report) -> FxHashMap<String, String> {
    report.sources.iter().map(|row| (row.file.clone(), row.kind.clone())).collect()
}

/// Replaces what is personal in `report`, whose names were learnt. What the result is to be looked through for when it is
/// rendered comes back.
pub fn redact_report(redactor: &Redactor<'_>, report: &mut Report) -> Check {
    let kinds = kinds(report);
    citations(report, &mut |citation| {
        let kind = kind_of(kinds.get(&citation.file).map(String::as_str), &citation.file);
        (citation.text, citation.matched) = redactor.marked(kind, &citation.text, citation.matched);
    });
    // Of a name with control characters no shape tells where it ends.
    let mut destinations = report.destinations.take();
    for row in destinations.iter_mut().flat_map(|destinations| &mut destinations.rows) {
        let is_plain = row.domains.iter().all(|domain| visible(domain) == *domain);
        if is_plain {
            row.name = redactor.text(None, &row.name).into_owned();
        }
        for domain in &mut row.domains {
            let new = redactor.host(domain);
            if !is_plain {
                row.name = row.name.replace(domain.as_str(), &new);
            }
            *domain = new;
        }
        row.provider.iter_mut().for_each(|provider| *provider = redactor.text(None, provider).into_owned());
    }
    let known = LazyCell::new(|| redactor.check());
    texts(report, &mut |text| {
        *text = if text.contains("\\u{") { redactor.around(&known, text) } else { redactor.text(None, text).into_owned() };
    });
    report.destinations = destinations;
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
        *value = redactor.setting(name, value);
    }
    report.host.iter_mut().for_each(|host| *host = redactor.host(host));
    let check = redactor.check();
    citations(report, &mut |citation| citation.file = path::redacted(redactor, &check, &citation.file));
    for row in &mut report.sources {
        row.file = path::redacted(redactor, &check, &row.file);
    }
    for secret in &mut report.secrets {
        secret.file = path::redacted(redactor, &check, &secret.file);
    }
    // Where a customer's bundle lies on the analyst's machine is nobody's business.
    report.made_by.bundle = "(redacted)".to_owned();
    replace_rest(report, &|text| (!check.is_clean(text)).then(|| check.replaced(text)));
    check
}

/// Replaces what is personal in an inventory of a bundle, whose evidence was learnt.
pub fn redact_inventory(redactor: &mut Redactor<'_>, inventory: &mut Inventory) -> Check {
    for file in &inventory.files {
        path::learn(redactor, &file.file);
        file.not_understood.iter().for_each(|example| redactor.learn(file.kind.as_deref(), &example.text));
    }
    for file in &mut inventory.files {
        file.what = redactor.text(None, &file.what).into_owned();
        for example in &mut file.not_understood {
            example.text = redactor.text(file.kind.as_deref(), &example.text).into_owned();
        }
    }
    for skipped in &mut inventory.skipped {
        skipped.why = redactor.text(None, &skipped.why).into_owned();
    }
    for missing in &mut inventory.worth_collecting {
        missing.run = redactor.text(None, &missing.run).into_owned();
    }
    let check = redactor.check();
    for file in &mut inventory.files {
        file.file = path::redacted(redactor, &check, &file.file);
        file.what = check.replaced(&file.what);
        file.not_understood.iter_mut().for_each(|example| example.text = check.replaced(&example.text));
    }
    for skipped in &mut inventory.skipped {
        skipped.file = path::redacted(redactor, &check, &skipped.file);
        skipped.why = check.replaced(&skipped.why);
    }
    check
}

/// What stands where no shape and no neighbour gave it away is known by now, and replaced in whatever text it is.
fn replace_rest(report: &mut Report, new: &dyn Fn(&str) -> Option<String>) {
    fn walk(value: &mut serde_json::Value, new: &dyn Fn(&str) -> Option<String>) {
        match value {
            serde_json::Value::String(text) => new(text).into_iter().for_each(|new| *text = new),
            serde_json::Value::Array(list) => list.iter_mut().for_each(|item| walk(item, new)),
            serde_json::Value::Object(map) => map.iter_mut().for_each(|(_, item)| walk(item, new)),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::to_value(&*report) else { return };
    walk(&mut value, new);
    if let Ok(new) = serde_json::from_value(value) {
        *report = new;
    }
    // A mark that reaches beyond its text marks nothing.
    citations(report, &mut |citation| {
        let length = citation.text.chars().count();
        citation.matched = citation.matched.filter(|(_, end)| *end <= length);
    });
}

/// Takes secrets out of every text of a report: what looks like one, and those that a file of the bundle gives away. Cited
/// lines come without them already.
pub fn remove_secrets(report: &mut Report, secrets: &SecretFinder) {
    texts(report, &mut |text| {
        if let (clean, Some(_)) = secrets.without_secrets(text) {
            *text = clean.into_owned();
        }
    });
    if !secrets.is_empty() {
        replace_rest(report, &|text| secrets.hide(text));
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
        for text in [&mut step.details, &mut step.why, &mut step.run, &mut step.letter, &mut step.good, &mut step.undo]
            .into_iter()
            .flatten()
        {
            visit(text);
        }
    }
    if let Some(timeline) = &mut report.timeline {
        timeline.bands.iter_mut().for_each(|band| visit(&mut band.title));
    }
    if let Some(destinations) = &mut report.destinations {
        for row in &mut destinations.rows {
            visit(&mut row.name);
            row.domains.iter_mut().for_each(&mut *visit);
            row.provider.iter_mut().for_each(&mut *visit);
        }
    }
    report.facts.iter_mut().for_each(|fact| visit(&mut fact.value));
    report.state.dns.values_mut().flatten().for_each(&mut *visit);
    report.state.settings.iter_mut().flat_map(|settings| settings.values_mut()).for_each(&mut *visit);
    report.sources.iter_mut().for_each(|row| visit(&mut row.title));
}
