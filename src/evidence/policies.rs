//! SPF, DKIM and DMARC records among the DNS answers, parsed (RFC 7208, RFC 6376, RFC 7489).
//!
//! Why not by a library: none was found that parses all three alone. mail-auth needs a newer compiler (1.98) since 0.14; 0.13
//! does not compile without a cryptographic back end, either one that brings a resolver or `rsa` with its open advisory
//! (RUSTSEC-2023-0071), and adds some forty crates. decon-spf (no release since 2024) and mailrs-spf (an evaluator) know SPF
//! only; viaspf-record is GPL. What is asked here is what is wrong with a record, and the three grammars are short lists.
//!
//! ```text
//! "v=spf1 ip4:192.0.2.25 include:_spf.example.net -all"
//! "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ..."
//! "v=DMARC1; p=reject; sp=none; adkim=s"
//! ```

use crate::tables::{Citation, Record, Tables, host, lookups, policies};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What was answered to one question for TXT records.
#[derive(Default)]
struct Asked {
    purpose: String,
    /// Whether the name server answered, be it that there is nothing.
    answered: bool,
    texts: Vec<(String, Citation)>,
    source: Option<Citation>,
}

/// Makes the records of the table `policies` from the answers that were read.
pub(super) fn settle(tables: &mut Tables) {
    let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
    for row in tables.rows(&lookups::TABLE) {
        let text = |column| row.text(column, &tables.names);
        let (Some(name), Some("TXT"), Some(purpose)) = (text(lookups::name), text(lookups::r#type), text(lookups::purpose))
        else {
            continue;
        };
        let entry = asked.entry(name.to_owned()).or_default();
        purpose.clone_into(&mut entry.purpose);
        entry.answered |= matches!(text(lookups::status), Some("NOERROR" | "NODATA" | "NXDOMAIN"));
        entry.source = entry.source.or(Some(row.source));
        if let Some(answer) = text(lookups::answer)
            && !entry.texts.iter().any(|(known, _)| known == answer)
        {
            entry.texts.push((answer.to_owned(), row.source));
        }
    }
    let public_ip = tables.host().and_then(|host| host.text(host::public_ip, &tables.names)).and_then(|ip| ip.parse().ok());
    for (name, asked) in asked {
        let Some((policy, version)) = (match asked.purpose.as_str() {
            "spf" => Some(("spf", "v=spf1")),
            "dmarc" => Some(("dmarc", "v=DMARC1")),
            "dkim" => Some(("dkim", "")),
            _ => None,
        }) else {
            continue;
        };
        let Some(source) = asked.source.filter(|_| asked.answered) else { continue };
        let is_one = |text: &str| {
            let begins = text.get(..version.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(version));
            let ends = text.get(version.len()..).is_none_or(|rest| rest.is_empty() || rest.starts_with([' ', ';']));
            if policy == "dkim" { text.contains("p=") } else { begins && ends }
        };
        let found: Vec<&(String, Citation)> = asked.texts.iter().filter(|(text, _)| is_one(text)).collect();
        let (selector, domain) = match (policy, name.split_once("._domainkey.")) {
            ("dkim", Some((selector, domain))) => (Some(selector), domain),
            _ => (None, name.strip_prefix("_dmarc.").unwrap_or(&name)),
        };
        let mut records = Vec::new();
        for (text, source) in &found {
            let mut record = Record::new(&policies::TABLE, *source).with(policies::text, tables.name(text));
            let problem = match policy {
                "spf" => spf(text, public_ip, &mut record, tables),
                "dkim" => dkim(text, &mut record, tables),
                _ => dmarc(text, &mut record, tables),
            };
            // Receivers use neither of two records (RFC 7208 section 4.5, RFC 7489 section 6.6.3).
            let problem = if found.len() > 1 { Some("several-records") } else { problem };
            record.set(policies::valid, problem.is_none());
            record.set(policies::problem, problem.map(|problem| tables.name(problem)));
            records.push(record);
        }
        if records.is_empty() {
            let record = Record::new(&policies::TABLE, source)
                .with(policies::valid, false)
                .with(policies::problem, tables.name("missing"));
            records.push(record);
        }
        for record in records {
            let record = record
                .with(policies::policy, tables.name(policy))
                .with(policies::domain, tables.name(domain))
                .with(policies::selector, selector.map(|selector| tables.name(selector)));
            tables.push(&policies::TABLE, record);
        }
    }
}

/// One mechanism of an SPF record (RFC 7208 section 5).
enum Mechanism {
    All,
    /// A network, as the IPv6 address and mask that hold IPv4 mapped into it.
    Network {
        address: u128,
        mask: u128,
    },
    /// `include`, `a`, `mx`, `ptr`, `exists`: it asks the DNS.
    Lookup,
}

fn mapped(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_ipv6_mapped()),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

/// The mask of a prefix length within `bits` bits at the low end of 128.
fn mask(length: u32, bits: u32) -> Option<u128> {
    (length <= bits).then(|| u128::MAX.checked_shl(bits - length).unwrap_or(0))
}

impl Mechanism {
    /// Reads a mechanism without its qualifier.
    fn parse(term: &str) -> Option<Mechanism> {
        let end = term.find([':', '/']).unwrap_or(term.len());
        let (name, rest) = term.split_at(end);
        let argument = rest.strip_prefix(':');
        match name.to_ascii_lowercase().as_str() {
            "all" if rest.is_empty() => Some(Mechanism::All),
            "ip4" => {
                let (address, length) = argument?.split_once('/').unwrap_or((argument?, "32"));
                let address = address.parse::<Ipv4Addr>().ok()?;
                Some(Mechanism::Network { address: mapped(address.into()), mask: mask(length.parse().ok()?, 32)? })
            }
            "ip6" => {
                let (address, length) = argument?.split_once('/').unwrap_or((argument?, "128"));
                let address = address.parse::<Ipv6Addr>().ok()?;
                Some(Mechanism::Network { address: address.into(), mask: mask(length.parse().ok()?, 128)? })
            }
            "include" | "exists" => is_domain(argument?).then_some(Mechanism::Lookup),
            "ptr" => (rest.is_empty() || is_domain(argument?)).then_some(Mechanism::Lookup),
            "a" | "mx" => {
                let (v6, v4) = (rest.split_once("//").map(|(_, length)| length), rest.split("//").next()?);
                let (domain, v4) = v4.split_once('/').map_or((v4, None), |(domain, length)| (domain, Some(length)));
                let is_length = |length: Option<&str>, most| {
                    length.is_none_or(|length| length.parse().is_ok_and(|length: u32| length <= most))
                };
                let domain = domain.is_empty() || domain.strip_prefix(':').is_some_and(is_domain);
                (domain && is_length(v4, 32) && is_length(v6, 128)).then_some(Mechanism::Lookup)
            }
            _ => None,
        }
    }
}

/// A domain-spec: a name, perhaps with macros such as `%{d}`.
fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.matches("%{").count() == text.matches('}').count()
}

fn spf(text: &str, public_ip: Option<IpAddr>, record: &mut Record, tables: &mut Tables) -> Option<&'static str> {
    let mut lookups = 0_i64;
    let mut all = "none";
    let mut listed = None;
    for term in text.split_ascii_whitespace().skip(1) {
        // A modifier has a name and `=` before any `:` or `/`; unknown ones are ignored (section 6).
        if let Some((name, value)) = term.split_once('=')
            && !name.contains([':', '/'])
        {
            match name.to_ascii_lowercase().as_str() {
                "redirect" if is_domain(value) => lookups += 1,
                "redirect" => return Some("syntax"),
                _ => {}
            }
            continue;
        }
        let (qualifier, term) = match term.as_bytes().first() {
            Some(b'+') => ("pass", &term[1..]),
            Some(b'-') => ("fail", &term[1..]),
            Some(b'~') => ("softfail", &term[1..]),
            Some(b'?') => ("neutral", &term[1..]),
            _ => ("pass", term),
        };
        match Mechanism::parse(term) {
            None => return Some("syntax"),
            Some(Mechanism::All) => all = qualifier,
            Some(Mechanism::Lookup) => lookups += 1,
            Some(Mechanism::Network { address, mask }) => {
                if public_ip.is_some_and(|ip| mapped(ip) & mask == address & mask) {
                    listed = listed.or(Some(qualifier == "pass"));
                }
            }
        }
    }
    record.set(policies::all, tables.name(all));
    record.set(policies::lookups, lookups);
    record.set(policies::lists_public_ip, public_ip.map(|_| listed.unwrap_or(false)));
    (lookups > 10).then_some("too-many-lookups")
}

fn dmarc(text: &str, record: &mut Record, tables: &mut Tables) -> Option<&'static str> {
    let tag = |name: &str| tags(text).find(|(tag, _)| tag.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let mut action = |name: &str| {
        let value = tag(name)?.to_ascii_lowercase();
        matches!(value.as_str(), "none" | "quarantine" | "reject").then(|| tables.name(&value))
    };
    let (own, sub) = (action("p"), action("sp"));
    record.set(policies::action, own);
    record.set(policies::subdomain_action, sub.or(own));
    record.set(policies::strict_dkim, tag("adkim").is_some_and(|mode| mode.eq_ignore_ascii_case("s")));
    record.set(policies::strict_spf, tag("aspf").is_some_and(|mode| mode.eq_ignore_ascii_case("s")));
    let percent = tag("pct").map_or(Some(100), |value| value.parse::<i64>().ok());
    record.set(policies::percent, percent.filter(|percent| (0..=100).contains(percent)));
    own.is_none().then_some("syntax")
}

fn dkim(text: &str, record: &mut Record, tables: &mut Tables) -> Option<&'static str> {
    let tag = |name: &str| tags(text).find(|(tag, _)| *tag == name).map(|(_, value)| value);
    if tag("v").is_some_and(|version| version != "DKIM1") {
        return Some("syntax");
    }
    let key_type = tag("k").unwrap_or("rsa");
    record.set(policies::key_type, tables.name(key_type));
    record.set(policies::testing, tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")));
    let Some(key) = tag("p") else { return Some("syntax") };
    let key: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    if key.is_empty() {
        return Some("revoked");
    }
    let Ok(key) = STANDARD.decode(key) else { return Some("syntax") };
    if key_type == "rsa" {
        let Some(bits) = rsa_bits(&key) else { return Some("syntax") };
        record.set(policies::key_bits, bits);
    }
    None
}

/// Bits of the modulus of a SubjectPublicKeyInfo (RFC 5280) or of a bare RSAPublicKey (RFC 8017): the first integer of DER
/// that is longer than any version number or exponent.
fn rsa_bits(key: &[u8]) -> Option<i64> {
    let mut rest = key;
    while let [tag, rest_of @ ..] = rest {
        let (length, content) = match rest_of {
            [length @ 0..=0x7f, content @ ..] => (usize::from(*length), content),
            [0x81, length, content @ ..] => (usize::from(*length), content),
            [0x82, high, low, content @ ..] => (usize::from(*high) << 8 | usize::from(*low), content),
            _ => return None,
        };
        let inside = content.get(..length)?;
        match tag {
            // A sequence is entered, but the algorithm's, which holds an object identifier and nothing else, is passed over.
            0x30 if inside.first() == Some(&0x06) => rest = &content[length..],
            0x30 => rest = inside,
            // A bit string, after its count of unused bits, holds the key.
            0x03 => rest = inside.get(1..)?,
            0x02 => {
                let modulus = inside.strip_prefix(&[0]).unwrap_or(inside);
                let first = modulus.first()?;
                return Some(modulus.len() as i64 * 8 - i64::from(first.leading_zeros()));
            }
            _ => return None,
        }
    }
    None
}

/// `tag=value; tag=value` (RFC 6376 section 3.2)
fn tags(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';').filter_map(|part| part.split_once('=')).map(|(tag, value)| (tag.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Value;

    fn policies_of(answers: &[(&str, &str, &str)]) -> Vec<BTreeMap<&'static str, String>> {
        let mut tables = Tables::default();
        let ip = tables.name("192.0.2.25");
        tables.set_host(host::public_ip, ip.into(), Citation { file: 0, line: 1 });
        for (name, purpose, answer) in answers {
            let mut record = Record::new(&lookups::TABLE, Citation { file: 0, line: 1 });
            for (column, text) in [
                (lookups::name, *name),
                (lookups::r#type, "TXT"),
                (lookups::purpose, *purpose),
                (lookups::status, if answer.is_empty() { "NXDOMAIN" } else { "NOERROR" }),
            ] {
                record.set(column, tables.name(text));
            }
            if !answer.is_empty() {
                record.set(lookups::answer, tables.name(answer));
            }
            tables.push(&lookups::TABLE, record);
        }
        settle(&mut tables);
        let rows = tables.rows(&policies::TABLE).iter();
        rows.map(|row| {
            let fields = policies::TABLE.fields.iter().enumerate();
            let shown = fields.filter_map(|(at, field)| match row.get(crate::tables::Column(at)) {
                Value::Missing => None,
                Value::Text(name) => Some((field.name, tables.names.get(name).to_owned())),
                Value::Int(number) => Some((field.name, number.to_string())),
                Value::Bool(yes) => Some((field.name, yes.to_string())),
                other => Some((field.name, format!("{other:?}"))),
            });
            shown.collect()
        })
        .collect()
    }

    #[test]
    fn spf_records() {
        let found = policies_of(&[("example.com", "spf", "v=spf1 a mx ip4:192.0.2.0/24 include:_spf.example.net ~all")]);
        assert_eq!(found[0]["valid"], "true");
        assert_eq!(found[0]["all"], "softfail");
        assert_eq!(found[0]["lookups"], "3");
        assert_eq!(found[0]["lists_public_ip"], "true");
        let other = policies_of(&[("example.com", "spf", "v=spf1 ip4:198.51.100.7 -all")]);
        assert_eq!(other[0]["lists_public_ip"], "false");
        for bad in ["ip4:not-an-address", "ip4:192.0.2.1/33", "include:", "al", "a:/24", "ip4=192.0.2.1 192.0.2.2"] {
            assert_eq!(policies_of(&[("example.com", "spf", &format!("v=spf1 {bad} -all"))])[0]["problem"], "syntax", "{bad}");
        }
        for good in ["a/24//64", "mx:example.net/28", "exists:%{i}.spf.example", "ptr", "x=unknown", "ip6:2001:db8::/32"] {
            assert_eq!(policies_of(&[("example.com", "spf", &format!("v=spf1 {good} -all"))])[0]["valid"], "true", "{good}");
        }
        let two = policies_of(&[("example.com", "spf", "v=spf1 -all"), ("example.com", "spf", "v=spf1 mx -all")]);
        assert_eq!(two.iter().map(|record| record["problem"].as_str()).collect::<Vec<_>>(), ["several-records"; 2]);
        let none = policies_of(&[("example.com", "spf", "google-site-verification=x")]);
        assert_eq!(none[0]["problem"], "missing");
        let many = format!("v=spf1 {}-all", "include:s.example ".repeat(11));
        assert_eq!(policies_of(&[("example.com", "spf", &many)])[0]["problem"], "too-many-lookups");
    }

    #[test]
    fn dmarc_records() {
        let found = policies_of(&[("_dmarc.example.com", "dmarc", "v=DMARC1; p=reject; sp=none; adkim=s; pct=50")]);
        assert_eq!(found[0]["domain"], "example.com");
        assert_eq!((found[0]["action"].as_str(), found[0]["subdomain_action"].as_str()), ("reject", "none"));
        assert_eq!((found[0]["strict_dkim"].as_str(), found[0]["strict_spf"].as_str()), ("true", "false"));
        assert_eq!(found[0]["percent"], "50");
        assert_eq!(policies_of(&[("_dmarc.example.com", "dmarc", "")])[0]["problem"], "missing");
    }

    #[test]
    fn dkim_records() {
        let key = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
        let found = policies_of(&[("s1._domainkey.example.com", "dkim", &format!("v=DKIM1; k=rsa; t=y; p={key}"))]);
        assert_eq!((found[0]["selector"].as_str(), found[0]["domain"].as_str()), ("s1", "example.com"));
        assert_eq!((found[0]["key_bits"].as_str(), found[0]["testing"].as_str()), ("1024", "true"));
        assert_eq!(found[0]["valid"], "true");
        assert_eq!(policies_of(&[("s1._domainkey.example.com", "dkim", "v=DKIM1; p=")])[0]["problem"], "revoked");
        assert_eq!(policies_of(&[("s1._domainkey.example.com", "dkim", "v=DKIM1; p=!!")])[0]["problem"], "syntax");
    }
}
