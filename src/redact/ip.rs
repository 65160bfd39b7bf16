//! Pseudonyms of IP addresses that keep what a diagnosis asks of them: an address stays in its class (private,
//! documentation, public, ...), and two addresses share as long a prefix as before, so that an address stays within
//! its network (the scheme of Crypto-PAn, with the special ranges held fast).

use super::pseudonym::Key;
use super::{MOST_NAMES, Redactor};
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Ranges whose addresses name nobody; they stay as they are.
const KEPT_V4: &[([u8; 4], u32)] =
    &[([0, 0, 0, 0], 8), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16), ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4)];

/// Ranges that mean something; their addresses change within them (RFC 6890).
const CLASSES_V4: &[([u8; 4], u32)] = &[
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
];

const CLASSES_V6: &[(u128, u32)] = &[
    (0, 8),
    (0x0064_ff9b << 96, 96),
    (0x2001 << 112, 32),
    (0x2001_0db8 << 96, 32),
    (0x2002 << 112, 16),
    (0x2000 << 112, 3),
    (0xfc00 << 112, 7),
    (0xfd00 << 112, 8),
    (0xfe80 << 112, 10),
    (0xff00 << 112, 8),
];

/// Public name servers that everybody uses; which one is asked matters, and names nobody.
const RESOLVERS: &[&str] = &[
    "1.1.1.1",
    "1.0.0.1",
    "8.8.8.8",
    "8.8.4.4",
    "9.9.9.9",
    "9.9.9.10",
    "149.112.112.112",
    "208.67.222.222",
    "208.67.220.220",
    "4.2.2.1",
    "4.2.2.2",
    "2001:4860:4860::8888",
    "2001:4860:4860::8844",
    "2606:4700:4700::1111",
    "2606:4700:4700::1001",
    "2620:fe::fe",
];

/// Whether the address names nobody and stays.
pub(super) fn is_kept(ip: IpAddr) -> bool {
    let general = match ip {
        IpAddr::V4(v4) => KEPT_V4.iter().any(|(network, length)| starts(v4.to_bits(), u32::from_be_bytes(*network), *length)),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_kept(IpAddr::V4(v4)),
            None => v6.is_loopback() || v6.is_unspecified() || v6.is_multicast(),
        },
    };
    general || RESOLVERS.iter().any(|known| known.parse() == Ok(ip))
}

fn starts(address: u32, network: u32, length: u32) -> bool {
    (address ^ network).checked_shr(32 - length).unwrap_or(0) == 0
}

/// The IPv4 address in a mapped (`::ffff:a.b.c.d`), translated (`64:ff9b::a.b.c.d`) or compatible one.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = v6.to_bits();
    let translated = bits >> 32 == 0x0064_ff9b << 64;
    (translated || bits >> 32 == 0xffff).then(|| Ipv4Addr::from_bits(bits as u32))
}

/// The pseudonym of an address that is not kept. It may be another one's original; see [`super::Redactor`].
pub(super) fn pseudonym(key: &Key, ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let classes = CLASSES_V4.iter().chain(KEPT_V4);
            let anchors: Vec<(u128, u32)> =
                classes.map(|(network, length)| (u128::from(u32::from_be_bytes(*network)), *length)).collect();
            // Gateways stand at the ends of private networks.
            let hosts: &[u128] = if v4.is_private() { &[1, 254] } else { &[] };
            let fixed = |at, prefix| leads(&anchors, 32, at, prefix) || at >= 24 && begins(hosts, 8, at - 24, prefix);
            IpAddr::V4(Ipv4Addr::from_bits(permute(key, u128::from(v4.to_bits()), 32, fixed) as u32))
        }
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => {
                let IpAddr::V4(changed) = pseudonym(key, IpAddr::V4(v4)) else { return ip };
                let changed = u128::from(changed.to_bits());
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 32 << 32 | changed))
            }
            None => {
                let hosts: &[u128] = if v6.is_unique_local() { &[1] } else { &[] };
                let fixed = |at, prefix| leads(CLASSES_V6, 128, at, prefix) || at >= 64 && begins(hosts, 64, at - 64, prefix);
                IpAddr::V6(Ipv6Addr::from_bits(permute(key, v6.to_bits(), 128, fixed)))
            }
        },
    }
}

/// Whether the first `at` bits of an address may go on to one of these networks.
fn leads(networks: &[(u128, u32)], width: u32, at: u32, prefix: u128) -> bool {
    networks.iter().any(|(network, length)| *length > at && network.checked_shr(width - at).unwrap_or(0) == prefix)
}

/// Whether the last `at` bits of `prefix` are those that one of `hosts`, of `width` bits, begins with.
fn begins(hosts: &[u128], width: u32, at: u32, prefix: u128) -> bool {
    hosts.iter().any(|host| host >> (width - at) == prefix & ((1 << at) - 1))
}

/// Flips each bit by the bits before it; not where they are fixed, so that what they lead to stays where it is.
fn permute(key: &Key, bits: u128, width: u32, fixed: impl Fn(u32, u128) -> bool) -> u128 {
    let mut out = 0;
    for at in 0..width {
        let prefix = bits.checked_shr(width - at).unwrap_or(0);
        let bit = bits >> (width - 1 - at) & 1 == 1;
        out = out << 1 | u128::from(bit ^ (!fixed(at, prefix) && key.bit(width, at, prefix)));
    }
    out
}

/// Pseudonyms of those of `known` whose own would be one of them, too: the nearest address of their network that is free.
fn settled(key: &Key, known: &FxHashSet<IpAddr>) -> FxHashMap<IpAddr, IpAddr> {
    let is_free = |ip: &IpAddr| !known.contains(ip) && !is_kept(*ip);
    let each = known.iter().filter(|ip| !is_kept(**ip)).map(|ip| (*ip, pseudonym(key, *ip)));
    let (own, mut crowded): (Vec<_>, Vec<_>) = each.partition(|(_, new)| is_free(new));
    let mut taken: FxHashSet<IpAddr> = own.into_iter().map(|(_, new)| new).collect();
    crowded.sort_unstable();
    let near = |new: IpAddr| {
        (1..=u8::MAX).map(move |distance| match new {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() ^ u32::from(distance))),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() ^ u128::from(distance))),
        })
    };
    crowded.into_iter().filter_map(|(ip, new)| Some((ip, near(new).find(|new| is_free(new) && taken.insert(*new))?))).collect()
}

/// `new` written as `old` was written: in full or short, in capitals or not.
pub(super) fn written_as(new: IpAddr, old: &str) -> String {
    let IpAddr::V6(v6) = new else { return new.to_string() };
    let groups: Vec<&str> = old.split(':').collect();
    let mut text = if groups.len() == 8 && groups.iter().all(|group| group.len() == 4) {
        v6.segments().map(|segment| format!("{segment:04x}")).join(":")
    } else if groups.len() == 8 && groups.iter().all(|group| !group.is_empty()) {
        v6.segments().map(|segment| format!("{segment:x}")).join(":")
    } else {
        v6.to_string()
    };
    if old.bytes().any(|byte| matches!(byte, b'A'..=b'F')) {
        text.make_ascii_uppercase();
    }
    text
}

impl Redactor<'_> {
    pub(super) fn ip(&self, ip: IpAddr) -> IpAddr {
        if is_kept(ip) || self.policy.keeps_ip(ip) {
            return ip;
        }
        let new = if self.ours.has_address(ip) { ip } else { self.ip_anew(ip) };
        self.made_address(new);
        new
    }

    pub(super) fn made_address(&self, new: IpAddr) {
        if self.key.lasts() {
            self.made.borrow_mut().add_address(new, MOST_NAMES);
        }
    }

    /// An address that is somebody's own must not become another's pseudonym, nor two one. In a network that is used up, it may.
    fn ip_anew(&self, ip: IpAddr) -> IpAddr {
        let known = &self.known.addresses;
        if known.contains(&ip) {
            let settled = self.known.settled.get_or_init(|| settled(&self.key, known));
            return settled.get(&ip).copied().unwrap_or_else(|| pseudonym(&self.key, ip));
        }
        let walk = std::iter::successors(Some(ip), |ip| Some(pseudonym(&self.key, *ip)));
        let free = walk.skip(1).take(256).find(|new| !known.contains(new) && !is_kept(*new));
        free.unwrap_or_else(|| pseudonym(&self.key, ip))
    }

    /// An IPv4 address that is written as none: four numbers with other signs (`88-198-3-4`) or with zeros before them
    /// (`088.198.003.004`), and a known one as one number (`58c60304`, `0x58C60304`, `1489372932`).
    pub(super) fn disguised(&self, word: &str) -> Option<String> {
        // Asked of every word of a log.
        const LENGTHS: RangeInclusive<usize> = 8..=15;
        if !LENGTHS.contains(&word.len()) || !word.as_bytes()[0].is_ascii_hexdigit() {
            return None;
        }
        let known = |ip: Ipv4Addr| self.known.addresses.contains(&IpAddr::V4(ip));
        let new = |ip: Ipv4Addr| match self.ip(IpAddr::V4(ip)) {
            IpAddr::V4(new) => new,
            IpAddr::V6(_) => ip,
        };
        if let Some(sign) = ['-', '.', '_'].into_iter().find(|sign| word.contains(*sign)) {
            let numbers: Option<Vec<u8>> = word.split(sign).map(|number| number.parse().ok()).collect();
            let forward = Ipv4Addr::from(<[u8; 4]>::try_from(numbers?).ok()?);
            let backward = Ipv4Addr::from_bits(forward.to_bits().swap_bytes());
            // Four numbers with dots and no zeros before them may be a version; an address was found by its shape.
            if sign == '.' && !known(forward) && word.len() < *LENGTHS.end() {
                return None;
            }
            let octets = match known(backward) && !known(forward) {
                true => Ipv4Addr::from_bits(new(backward).to_bits().swap_bytes()),
                false => new(forward),
            };
            return Some(octets.octets().map(|octet| octet.to_string()).join(&sign.to_string()));
        }
        let (start, digits) = word.split_at(if word.starts_with("0x") { 2 } else { 0 });
        let hexadecimal = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 8);
        if let Some(ip) = hexadecimal.map(Ipv4Addr::from_bits).filter(|ip| known(*ip)) {
            let digits = format!("{:08x}", new(ip).to_bits());
            let is_upper = word.bytes().any(|byte| byte.is_ascii_uppercase());
            return Some(format!("{start}{}", if is_upper { digits.to_ascii_uppercase() } else { digits }));
        }
        let ip = word.parse().ok().map(Ipv4Addr::from_bits).filter(|ip| known(*ip))?;
        Some(new(ip).to_bits().to_string())
    }

    pub(super) fn ip_text(&self, text: &str, after: &str) -> String {
        // The interface of a link (RFC 4007) stays: fe80::17%eth0
        if let Some((address, zone)) = text.split_once('%') {
            return format!("{}%{zone}", self.ip_text(address, after));
        }
        let Ok(ip) = text.parse::<IpAddr>() else { return text.to_owned() };
        let mut new = self.ip(ip);
        // The address of a network stays one.
        let length: Option<u32> = after
            .trim_start_matches(']')
            .strip_prefix('/')
            .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        if let Some(length) = length {
            new = match (ip, new) {
                (IpAddr::V4(old), IpAddr::V4(new)) if length <= 32 => {
                    let mask = u32::MAX.checked_shr(length).unwrap_or(0);
                    IpAddr::V4((if old.to_bits() & mask == 0 { new.to_bits() & !mask } else { new.to_bits() }).into())
                }
                (IpAddr::V6(old), IpAddr::V6(new)) if length <= 128 => {
                    let mask = u128::MAX.checked_shr(length).unwrap_or(0);
                    IpAddr::V6((if old.to_bits() & mask == 0 { new.to_bits() & !mask } else { new.to_bits() }).into())
                }
                _ => new,
            };
        }
        self.made_address(new);
        let new = written_as(new, text);
        self.note(text, &new);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> IpAddr {
        pseudonym(&Key::from_bytes(b"a key for tests"), text.parse().unwrap())
    }

    #[test]
    fn an_address_keeps_the_interface_of_its_link() {
        let rules = crate::rules::RuleSet::built_in();
        let redactor = Redactor::new(Key::from_bytes(b"a key for tests"), crate::redact::Policy::default(), &rules);
        let new = redactor.ip_text("fe80::17%eth0", "");
        assert!(new.starts_with("fe") && new.ends_with("%eth0") && new != "fe80::17%eth0", "{new}");
    }

    #[test]
    fn an_address_stays_in_its_class() {
        let class = |ip: IpAddr| match ip {
            IpAddr::V4(v4) => CLASSES_V4.iter().position(|(net, len)| starts(v4.to_bits(), u32::from_be_bytes(*net), *len)),
            IpAddr::V6(v6) => CLASSES_V6.iter().position(|(net, len)| (v6.to_bits() ^ net) >> (128 - len) == 0),
        };
        for text in [
            "10.1.2.3",
            "172.16.9.1",
            "192.168.1.1",
            "203.0.113.7",
            "198.51.100.9",
            "88.198.3.4",
            "100.70.1.1",
            "2001:db8::1",
            "fd00::17",
            "fe80::1",
            "2a01:4f8::2",
        ] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(class(ip), class(of(text)), "{text} became {}", of(text));
            assert!(!is_kept(of(text)), "{text}");
        }
        assert!(is_kept("127.0.0.1".parse().unwrap()) && is_kept("::ffff:127.0.0.1".parse().unwrap()));
        assert_eq!(of("::ffff:88.198.3.4").to_string(), format!("::ffff:{}", of("88.198.3.4")));
    }

    #[test]
    fn a_gateway_stays_at_the_end_of_its_network() {
        for (text, end) in [("10.20.30.1", ".1"), ("192.168.7.254", ".254"), ("172.20.0.1", ".1"), ("fd12:3456:789a::1", "::1")] {
            let new = of(text).to_string();
            assert!(new.ends_with(end) && new != text && new[..2] == text[..2], "{text} became {new}");
        }
        let all: std::collections::BTreeSet<IpAddr> = (0..=255).map(|last| of(&format!("10.20.30.{last}"))).collect();
        assert_eq!(all.len(), 256);
        assert!((2..254).filter(|last| of(&format!("10.20.30.{last}")).to_string().ends_with(&format!(".{last}"))).count() < 64);
    }

    #[test]
    fn prefixes_are_kept_and_no_two_addresses_become_one() {
        let IpAddr::V4(a) = of("10.20.30.1") else { panic!() };
        let IpAddr::V4(b) = of("10.20.30.200") else { panic!() };
        assert_eq!(a.octets()[..3], b.octets()[..3]);
        let all: std::collections::BTreeSet<IpAddr> = (0..=255).map(|last| of(&format!("203.0.113.{last}"))).collect();
        assert_eq!(all.len(), 256);
    }

    #[test]
    fn in_a_network_that_is_half_full_no_two_addresses_become_one_nor_one_another_s() {
        let known: FxHashSet<IpAddr> = (0..200).step_by(2).map(|last| format!("198.51.100.{last}").parse().unwrap()).collect();
        let key = Key::from_bytes(b"a key for tests");
        let settled = settled(&key, &known);
        let new = known.iter().map(|ip| settled.get(ip).copied().unwrap_or_else(|| pseudonym(&key, *ip)));
        let new: FxHashSet<IpAddr> = new.collect();
        assert_eq!(new.len(), known.len());
        assert!(new.is_disjoint(&known) && new.iter().all(|ip| ip.to_string().starts_with("198.51.100.")));
        assert!(!settled.is_empty());
    }

    #[test]
    fn the_spelling_is_kept() {
        let new: IpAddr = "2001:db8::a".parse().unwrap();
        assert_eq!(written_as(new, "2001:DB8::1"), "2001:DB8::A");
        assert_eq!(written_as(new, "2001:0db8:0000:0000:0000:0000:0000:0001"), "2001:0db8:0000:0000:0000:0000:0000:000a");
    }
}
