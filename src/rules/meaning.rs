//! What the rules make of the words of a log, remembered: the reason class of a text and the provider behind a relay. A text
//! that differs from an earlier one only in addresses, ids and numbers means the same, so each form is matched once.

use super::RuleSet;
use super::reasons::{Context, Reason};
use crate::distinct::{hash, mix};
use crate::parallel::locked;
use crate::said::mask::template;
use crate::said::{Said, Voice, is_own};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex};

/// Texts of which the class is remembered, and relays of which the provider is. When there are more, all are forgotten: a
/// log whose every reason is of its own form costs time, not memory.
const REMEMBERED: usize = 20_000;

/// A text and what is known beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard<'a> {
    /// The text.
    pub text: &'a str,
    /// Who speaks, where it is known better than the text tells.
    pub voice: Option<Voice>,
    /// Who speaks if neither tells.
    pub otherwise: Option<Voice>,
    /// Daemon that logged it.
    pub daemon: Option<&'a str>,
    /// Provider of the speaker.
    pub provider: Option<&'a str>,
    /// Reply code and enhanced code, where they were taken off the text.
    pub codes: Option<(Option<u16>, Option<&'a str>)>,
}

/// The rules' view of words and relays, for all threads.
#[derive(Debug)]
pub struct Meaning<'r> {
    rules: &'r RuleSet,
    /// Providers of which a reason speaks: to the class of a text, all others are one.
    named: FxHashSet<String>,
    classes: Mutex<FxHashMap<u64, Option<(&'r str, &'r str)>>>,
    providers: Mutex<FxHashMap<u64, Option<Arc<str>>>>,
}

impl<'r> Meaning<'r> {
    /// Nothing is remembered yet.
    pub fn new(rules: &'r RuleSet) -> Meaning<'r> {
        let named = rules.reasons.entries.iter().flat_map(Reason::providers).map(str::to_ascii_lowercase).collect();
        Meaning { rules, named, classes: Mutex::default(), providers: Mutex::default() }
    }

    /// Reason class and bucket of a text.
    pub fn class(&self, heard: &Heard<'_>) -> Option<(&'r str, &'r str)> {
        let seed = heard.voice.map_or(0, |voice| voice as u64 + 1) * 8 + heard.otherwise.map_or(0, |voice| voice as u64 + 1);
        let mut key = template(heard.text, seed);
        key = hash(heard.daemon.unwrap_or_default().as_bytes(), key);
        let provider = heard.provider.filter(|provider| self.named.contains(&provider.to_ascii_lowercase()));
        key = hash(provider.unwrap_or_default().as_bytes(), key);
        if let Some((code, enhanced)) = heard.codes {
            key = hash(enhanced.unwrap_or_default().as_bytes(), mix(key, u64::from(code.unwrap_or_default()) + 1));
        }
        if let Some(known) = locked(&self.classes).get(&key) {
            return *known;
        }
        let mut said = Said::parse(heard.text);
        if let Some((code, enhanced)) = heard.codes {
            said.code = code;
            said.enhanced = enhanced;
        }
        let voice = heard.voice.or(said.voice).or(heard.otherwise);
        let context = Context { provider, daemon: heard.daemon, voice };
        let class = self.rules.reasons.classify(&said, context).map(|(entry, _)| (entry.class.as_str(), entry.bucket.as_str()));
        remember(&self.classes, key, class);
        class
    }

    /// The provider behind a relay, or else behind the recipient's domain.
    pub fn provider(&self, relay: Option<&str>, ip: Option<&str>, domain: Option<&str>) -> Option<Arc<str>> {
        let text = |text: Option<&str>, seed| hash(text.unwrap_or("\0").as_bytes(), seed);
        let key = text(domain, text(ip, text(relay, 0)));
        if let Some(known) = locked(&self.providers).get(&key) {
            return known.clone();
        }
        let provider = provider_of(relay, ip, domain, self.rules).map(Arc::from);
        remember(&self.providers, key, provider.clone());
        provider
    }
}

fn remember<T>(memory: &Mutex<FxHashMap<u64, T>>, key: u64, value: T) {
    let mut memory = locked(memory);
    if memory.len() >= REMEMBERED {
        memory.clear();
    }
    memory.insert(key, value);
}

/// Id that stands for relays on this machine.
const OWN: &str = "this-server";

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
        // A name of one label would be read as the id of a company: it is written as absolute.
        _ => domain.filter(|domain| !domain.is_empty()).map(|domain| match domain.contains('.') {
            true => domain.to_owned(),
            false => format!("{domain}."),
        }),
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
