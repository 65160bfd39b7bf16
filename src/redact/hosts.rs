//! Pseudonyms of host and domain names, label by label.

use super::{Redactor, kept, punycode};
use regex::Regex;
use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

impl Redactor<'_> {
    pub(super) fn hosts(&self, list: &str) -> String {
        let mut out = String::with_capacity(list.len());
        for piece in list.split_inclusive([',', ' ', '\t']) {
            let bare = piece.trim_end_matches([',', ' ', '\t']);
            let open = bare.len() - bare.trim_start_matches('[').len();
            let end = bare[open..].find([']', ':']).map_or(bare.len(), |at| open + at);
            let name = &bare[open..end];
            let rest = &piece[end..];
            // A variable, a file, a table, or a transport before a next hop.
            let is_name =
                name.starts_with(|c: char| c.is_alphanumeric()) && !bare[end..].starts_with(":/") && !name.contains('/');
            // What a table of access says to a client stands where the names of a host would.
            let is_word = !name.contains('.') && self.ordinary.is_word(name);
            if is_name && is_word {
                out.push_str(piece);
            } else if is_name && name.parse::<IpAddr>().is_err() {
                out.push_str(&bare[..open]);
                out.push_str(&self.host(name));
                out.push_str(rest);
            } else {
                out.push_str(&self.text(None, piece));
            }
        }
        out
    }

    /// A host or domain name: its top-level domain, and labels that say what a host does, stay.
    pub(super) fn host(&self, host: &str) -> String {
        let (bare, dot) = host.strip_suffix('.').map_or((host, ""), |bare| (bare, "."));
        let lower = bare.to_lowercase();
        if lower.is_empty() || lower.starts_with('$') || self.keeps(&lower) {
            return host.to_owned();
        }
        if bare.parse::<IpAddr>().is_ok() {
            return format!("{}{dot}", self.ip_text(bare, ""));
        }
        let new = match reverse_zone(&lower) {
            Some(zone) => self.reverse(bare, &lower, zone),
            None => self.labels(bare, &lower),
        };
        self.note(bare, &new);
        // The domain by itself is as telling as the host.
        if let Some((_, domain)) = bare.split_once('.')
            && let Some((_, changed)) = new.split_once('.')
            && domain.contains('.')
        {
            self.note(domain, changed);
        }
        new + dot
    }

    fn labels(&self, bare: &str, lower: &str) -> String {
        // Addresses in names (static.7.2.0.192.isp.example) change as the addresses do.
        let embedded = self.address_in(bare, lower);
        let text = match &embedded {
            Some((range, _)) => Cow::Owned(format!("{}\u{1}{}", &bare[..range.start], &bare[range.end..])),
            None => Cow::Borrowed(bare),
        };
        let labels: Vec<&str> = text.split('.').collect();
        let (kept_labels, own) = self.kept_suffix(lower);
        // A list of domains is asked for one below its own name: acme.de.dbl.example.org.
        if own == Zone::Provider
            && let Some(top) = (1..labels.len().saturating_sub(kept_labels)).rev().find(|at| {
                kept::is_top_level(&labels[*at].to_lowercase())
                    && !kept::is_service(labels[*at])
                    && !kept::is_service(labels[at - 1])
            })
        {
            let length = labels[..=top].iter().map(|label| label.len() + 1).sum::<usize>() - 1;
            if let Some(domain) = bare.get(..length).filter(|_| embedded.is_none()) {
                return format!("{}{}", self.host(domain), &bare[length..]);
            }
        }
        let kept_labels = kept_labels.min(labels.len());
        let changing = labels.len() - kept_labels;
        let mut out: Vec<String> = Vec::with_capacity(labels.len());
        for (at, label) in labels.iter().enumerate() {
            let is_registered = at + 1 == changing && own == Zone::Registry && labels.len() > 1;
            out.push(if at >= changing {
                // What stands where all share a label may be the beginning of a name that was cut short.
                if kept::is_top_level(label) || !self.known.is_name(label) { (*label).to_owned() } else { self.label(label) }
            } else if label.is_empty() || label.starts_with('$') {
                // A parameter's value stands there: localhost.$mydomain
                (*label).to_owned()
            } else if label.contains('\u{1}') {
                let around = label.split('\u{1}').map(|piece| {
                    let core = piece.trim_matches(['-', '_']);
                    if core.is_empty() || kept::is_service(core) {
                        piece.to_owned()
                    } else {
                        piece.replace(core, &self.word(core))
                    }
                });
                around.collect::<Vec<_>>().join("\u{1}")
            } else if own == Zone::Customer {
                self.customer(label)
            } else if !is_registered
                && (kept::is_service(label) || own == Zone::Provider && !is_telling(label) && !self.is_known(label))
            {
                (*label).to_owned()
            } else {
                self.label(label)
            });
        }
        let new = out.join(".");
        match embedded {
            Some((_, address)) => new.replace('\u{1}', &address),
            None => new,
        }
    }

    /// The address in a host name, where it stands and as what: `static.7.2.0.192.isp.example`.
    fn address_in(&self, bare: &str, lower: &str) -> Option<(Range<usize>, String)> {
        let (range, octets, signs) = embedded(bare)?;
        let [a, b, c, d] = octets;
        let (forward, backward) = (IpAddr::from([a, b, c, d]), IpAddr::from([d, c, b, a]));
        let is_public = kept::public_domain(lower).or_else(|| kept::hosted_domain(lower)).is_some();
        let known = |ip| self.known.addresses.contains(&ip);
        let backwards = self.ours.has_address(backward)
            || !self.ours.has_address(forward) && !known(forward) && (known(backward) || is_public && signs[0] == ".");
        let IpAddr::V4(new) = self.ip(if backwards { backward } else { forward }) else { return None };
        let mut octets = new.octets();
        if backwards {
            octets.reverse();
        }
        let [a, b, c, d] = octets;
        Some((range, format!("{a}{}{b}{}{c}{}{d}", signs[0], signs[1], signs[2])))
    }

    fn is_known(&self, label: &str) -> bool {
        self.known.names.contains(&label.to_lowercase())
    }

    /// The label of a host name under which its owner registered it, if it is registered with a registry.
    pub(super) fn registered<'h>(&self, lower: &'h str) -> Option<&'h str> {
        let (kept_labels, own) = self.kept_suffix(lower);
        let label = lower.rsplit('.').nth(kept_labels)?;
        (own == Zone::Registry && !lower.ends_with(".arpa")).then_some(label)
    }

    /// One label, of any script.
    pub(super) fn label(&self, label: &str) -> String {
        if let Some(ascii) = label.get(4..).filter(|_| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))) {
            let Some(decoded) = punycode::decode(&ascii.to_ascii_lowercase()) else { return self.word(label) };
            let new = self.label(&decoded);
            return punycode::encode(&new).map_or(new, |coded| format!("xn--{coded}"));
        }
        if label.is_ascii() || self.ours.has_name(label) {
            return self.word(label);
        }
        let word = self.word(label);
        // A name that needs more than ASCII still does.
        let accented = |c: char| match c {
            'a' => 'ä',
            'e' => 'é',
            'i' => 'í',
            'o' => 'ö',
            'u' => 'ü',
            other => other,
        };
        let new: String = word.char_indices().map(|(at, c)| if at == 1 { accented(c.to_ascii_lowercase()) } else { c }).collect();
        self.made(&new);
        new
    }

    /// A customer's label below a filter's domain: `acme-de` is what becomes of `acme.de`.
    fn customer(&self, label: &str) -> String {
        if let Some((stem, top)) = label.rsplit_once('-')
            && kept::is_top_level(top)
        {
            let domain = match stem.rsplit_once('-') {
                Some((stem, registry)) if top.len() == 2 && kept::is_registry(registry) => format!("{stem}.{registry}.{top}"),
                _ => format!("{stem}.{top}"),
            };
            return self.host(&domain).replace('.', "-");
        }
        self.label(label)
    }

    /// How many labels at the end of a host name stay, and whose the others are.
    fn kept_suffix(&self, lower: &str) -> (usize, Zone) {
        let count = |domain: &str| domain.split('.').count();
        if let Some(zone) = kept::customer_zone(lower) {
            return (count(zone), Zone::Customer);
        }
        if let Some(domain) = kept::public_domain(lower) {
            return (count(domain), Zone::Provider);
        }
        if let Some(domain) = kept::hosted_domain(lower) {
            // Below it are services and regions of the cloud before those whom they serve: email-smtp.eu-west-1.amazonaws.com
            let own = lower.rsplit('.').skip(count(domain)).take_while(|label| kept::is_of_cloud(label));
            return (count(domain) + own.count(), Zone::Local);
        }
        // The shortest suffix that is a provider's, so that every label below it is judged.
        let mut starts: Vec<usize> = lower.match_indices('.').map(|(at, _)| at + 1).collect();
        starts.reverse();
        starts.push(0);
        for start in starts {
            let suffix = &lower[start..];
            let of_domain = self.rules.providers.of_domain(suffix).is_some();
            if of_domain || suffix.contains('.') && self.rules.providers.of_host(suffix).is_some() {
                return (count(suffix), Zone::Provider);
            }
        }
        let labels: Vec<&str> = lower.split('.').collect();
        match labels.as_slice() {
            [.., second, top] if labels.len() > 2 && top.len() == 2 && kept::is_registry(second) => (2, Zone::Registry),
            [.., top] if labels.len() > 1 && kept::is_top_level(top) => {
                let is_local =
                    ["local", "localdomain", "lan", "internal", "intern", "home", "localhost", "corp", "private"].contains(top);
                (1, if is_local { Zone::Local } else { Zone::Registry })
            }
            _ => (0, Zone::Local),
        }
    }

    fn reverse(&self, bare: &str, lower: &str, zone: &str) -> String {
        let labels: Vec<&str> = lower[..lower.len() - zone.len()].trim_end_matches('.').split('.').collect();
        let zone = &bare[bare.len() - zone.len()..];
        if lower.ends_with("ip6.arpa") {
            let nibbles: Option<Vec<u32>> =
                labels.iter().map(|label| u32::from_str_radix(label, 16).ok().filter(|n| *n < 16)).collect();
            if let Some(nibbles) = nibbles.filter(|nibbles| nibbles.len() <= 32) {
                let bits = nibbles.iter().rev().fold(0u128, |bits, nibble| bits << 4 | u128::from(*nibble));
                let bits = bits.checked_shl(128 - 4 * nibbles.len() as u32).unwrap_or(0);
                let IpAddr::V6(new) = self.ip(IpAddr::V6(bits.into())) else { return bare.to_owned() };
                let hidden = 128 - 4 * nibbles.len() as u32;
                let seen = new.to_bits().checked_shr(hidden).unwrap_or(0).checked_shl(hidden).unwrap_or(0);
                self.made_address(IpAddr::V6(seen.into()));
                let digits: Vec<String> =
                    (0..nibbles.len()).map(|at| format!("{:x}", new.to_bits() >> (124 - 4 * at) & 15)).rev().collect();
                return format!("{}.{zone}", digits.join("."));
            }
        } else {
            let octets: Option<Vec<u8>> = labels.iter().map(|label| label.parse().ok()).collect();
            if let Some(octets) = octets.filter(|octets| octets.len() <= 4) {
                let mut whole = [0; 4];
                whole.iter_mut().zip(octets.iter().rev()).for_each(|(slot, octet)| *slot = *octet);
                let IpAddr::V4(new) = self.ip(IpAddr::from(whole)) else { return bare.to_owned() };
                // Of a network's zone only its octets are seen.
                let mut seen = [0; 4];
                seen[..octets.len()].copy_from_slice(&new.octets()[..octets.len()]);
                self.made_address(IpAddr::from(seen));
                let digits: Vec<String> = new.octets()[..octets.len()].iter().rev().map(u8::to_string).collect();
                return format!("{}.{zone}", digits.join("."));
            }
        }
        // Delegations below an octet (RFC 2317) have names of their own: 0/26.113.0.203.in-addr.arpa
        let labels: Vec<String> = labels
            .iter()
            .map(|label| if label.parse::<u8>().is_ok() { (*label).to_owned() } else { self.label(label) })
            .collect();
        format!("{}.{zone}", labels.join("."))
    }
}

/// Whose the labels before the kept ones are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// Below a top-level domain: the first of them is somebody's registered name.
    Registry,
    /// In a network that needs no registry.
    Local,
    /// A provider's own, which name its machines.
    Provider,
    /// A provider's, which name its customers.
    Customer,
}

/// Four numbers that may be an address, where they stand and the signs between them. Of more numbers in a row it is the last
/// four: `ec2-192-0-2-7`.
pub(super) fn embedded(host: &str) -> Option<(Range<usize>, [u8; 4], [&str; 3])> {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+(?:[-._x]\d+){3,}").expect("a valid pattern"));
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+").expect("a valid pattern"));
    NUMBERS.find_iter(host).find_map(|run| {
        let numbers: Vec<_> = NUMBER.find_iter(run.as_str()).collect();
        let last = numbers.last_chunk::<4>()?;
        let [a, b, c, d] = last.each_ref().map(|number| number.as_str().parse().ok().filter(|_| number.len() <= 3));
        let sign = |at: usize| &run.as_str()[last[at].end()..last[at + 1].start()];
        let range = run.start() + last[0].start()..run.start() + last[3].end();
        Some((range, [a?, b?, c?, d?], [sign(0), sign(1), sign(2)]))
    })
}

/// Labels that name a customer or carry an address: many digits, or a long hexadecimal number.
fn is_telling(label: &str) -> bool {
    let digits = label.bytes().filter(u8::is_ascii_digit).count();
    digits > 4 || label.len() > 20 || (label.len() >= 8 && digits > 1 && label.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(super) fn reverse_zone(lower: &str) -> Option<&'static str> {
    ["in-addr.arpa", "ip6.arpa"].into_iter().find(|zone| lower.len() > zone.len() && kept::is_below(lower, zone))
}
