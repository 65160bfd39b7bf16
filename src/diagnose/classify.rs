//! Fills in what the evidence alone cannot say: the reason class of every text, and the provider behind every relay.

use crate::evidence::maillog::said::{Said, Voice, is_own};
use crate::names::Name;
use crate::rules::RuleSet;
use crate::rules::reasons::Context;
use crate::tables::{Column, Table, Tables, Value, attempts, diagnostics, failures, rejects};
use rustc_hash::FxHashMap;

/// Columns of a table that take part.
struct Columns {
    table: &'static Table,
    text: Column,
    voice: Option<Column>,
    daemon: Option<Column>,
    class: Column,
    bucket: Column,
    /// provider, relay, relay_ip, recipient_domain.
    provider: Option<[Column; 4]>,
    /// status, when only failed attempts have a reason.
    status: Option<Column>,
    code: Option<[Column; 2]>,
}

const COLUMNS: [Columns; 4] = [
    Columns {
        table: &attempts::TABLE,
        text: attempts::reason,
        voice: Some(attempts::voice),
        daemon: Some(attempts::daemon),
        class: attempts::reason_class,
        bucket: attempts::reason_bucket,
        provider: Some([attempts::provider, attempts::relay, attempts::relay_ip, attempts::recipient_domain]),
        status: Some(attempts::status),
        code: None,
    },
    Columns {
        table: &failures::TABLE,
        text: failures::reason,
        voice: Some(failures::voice),
        daemon: None,
        class: failures::reason_class,
        bucket: failures::reason_bucket,
        provider: Some([failures::provider, failures::relay, failures::relay_ip, failures::recipient_domain]),
        status: None,
        code: None,
    },
    Columns {
        table: &rejects::TABLE,
        text: rejects::text,
        voice: Some(rejects::voice),
        daemon: Some(rejects::daemon),
        class: rejects::reason_class,
        bucket: rejects::reason_bucket,
        provider: None,
        status: None,
        code: Some([rejects::code, rejects::dsn]),
    },
    Columns {
        table: &diagnostics::TABLE,
        text: diagnostics::text,
        voice: None,
        daemon: Some(diagnostics::daemon),
        class: diagnostics::reason_class,
        bucket: diagnostics::reason_bucket,
        provider: None,
        status: None,
        code: None,
    },
];

/// What decides a class: records that agree in all of it are classified once.
type Key = (Value2, Value2, Value2, Value2, Option<i64>, Value2);
type Value2 = Option<Name>;

/// Classifies every record of the four tables that hold reasons.
pub fn classify(tables: &mut Tables, rules: &RuleSet) {
    for columns in &COLUMNS {
        if let Some(provider) = columns.provider {
            set_providers(tables, columns.table, provider, rules);
        }
        set_classes(tables, columns, rules);
    }
}

fn set_classes(tables: &mut Tables, columns: &Columns, rules: &RuleSet) {
    let mut known: FxHashMap<Key, Option<(Name, Name)>> = FxHashMap::default();
    let sent = tables.name("sent");
    for at in 0..tables.rows(columns.table).len() {
        let row = &tables.rows(columns.table)[at];
        let name = |column: Column| match row.get(column) {
            Value::Text(name) => Some(name),
            _ => None,
        };
        if columns.status.and_then(name) == Some(sent) {
            continue;
        }
        let Some(text) = name(columns.text) else { continue };
        let code = columns.code.and_then(|[code, _]| row.int(code));
        let dsn = columns.code.and_then(|[_, dsn]| name(dsn));
        let key: Key = (
            Some(text),
            columns.voice.and_then(name),
            columns.daemon.and_then(name),
            columns.provider.and_then(|[provider, ..]| name(provider)),
            code,
            dsn,
        );
        let class = match known.get(&key) {
            Some(class) => *class,
            None => {
                let names = &tables.names;
                let mut said = Said::parse(names.get(text));
                if let Some(code) = code {
                    said.code = u16::try_from(code).ok();
                    said.enhanced = dsn.map(|dsn| names.get(dsn));
                }
                let voice = key.1.and_then(|voice| Voice::ALL.iter().find(|(name, _)| *name == names.get(voice)));
                let voice = voice.map(|(_, voice)| *voice).or(said.voice).or(columns.voice.is_none().then_some(Voice::OwnDaemon));
                let context = Context {
                    provider: key.3.map(|provider| names.get(provider)),
                    daemon: key.2.map(|daemon| names.get(daemon)),
                    voice,
                };
                let taken = rules.reasons.classify(&said, context).map(|(entry, _)| (entry.class.clone(), entry.bucket.clone()));
                let class = taken.map(|(class, bucket)| (tables.name(&class), tables.name(&bucket)));
                known.insert(key, class);
                class
            }
        };
        if let Some((class, bucket)) = class {
            let row = &mut tables.rows_mut(columns.table)[at];
            row.set(columns.class, class);
            row.set(columns.bucket, bucket);
        }
    }
}

/// Id that stands for relays on this machine.
const OWN: &str = "this-server";

fn set_providers(tables: &mut Tables, table: &'static Table, columns: [Column; 4], rules: &RuleSet) {
    let [provider, relay, relay_ip, domain] = columns;
    let mut known: FxHashMap<(Value2, Value2, Value2), Option<Name>> = FxHashMap::default();
    for at in 0..tables.rows(table).len() {
        let row = &tables.rows(table)[at];
        let name = |column: Column| match row.get(column) {
            Value::Text(name) => Some(name),
            _ => None,
        };
        let key = (name(relay), name(relay_ip), name(domain));
        let found = match known.get(&key) {
            Some(found) => *found,
            None => {
                let text = |name: Option<Name>| name.map(|name| tables.names.get(name));
                let id = provider_of(text(key.0), text(key.1), text(key.2), rules);
                let found = id.map(|id| tables.name(&id));
                known.insert(key, found);
                found
            }
        };
        tables.rows_mut(table)[at].set(provider, found);
    }
}

/// The provider behind a relay, or else behind the recipient's domain; a company without an entry is called by its
/// domain.
fn provider_of(relay: Option<&str>, ip: Option<&str>, domain: Option<&str>, rules: &RuleSet) -> Option<String> {
    if ip.is_some_and(is_own) {
        return Some(OWN.to_owned());
    }
    let relay = relay.filter(|_| ip.is_some());
    if let Some(provider) = relay.and_then(|relay| rules.providers.of_host(relay)) {
        return Some(provider.id.clone());
    }
    if let Some(provider) = domain.and_then(|domain| rules.providers.of_domain(domain)) {
        return Some(provider.id.clone());
    }
    match relay {
        Some(relay) if relay.contains('.') && relay.parse::<std::net::IpAddr>().is_err() => Some(organisation(relay)),
        _ => domain.filter(|domain| !domain.is_empty()).map(str::to_owned),
    }
}

/// The registered domain that a host name most likely belongs to: two labels, three below the usual second-level
/// registries (`co.uk`, `com.au`, `or.jp`).
fn organisation(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let registries = ["co", "com", "net", "org", "or", "ac", "gov", "edu", "ne", "go", "gob", "gv"];
    let take = match labels.as_slice() {
        [.., second, top] if top.len() == 2 && registries.contains(second) => 3,
        _ => 2,
    };
    labels[labels.len().saturating_sub(take)..].join(".")
}

#[cfg(test)]
mod tests {
    use super::organisation;

    #[test]
    fn hosts_of_one_company_are_one_organisation() {
        assert_eq!(organisation("MX1.mail.acme.example."), "acme.example");
        assert_eq!(organisation("mx.firm.co.uk"), "firm.co.uk");
        assert_eq!(organisation("localhost"), "localhost");
    }
}
