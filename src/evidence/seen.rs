//! The address that this server sends from, as its receivers name it.

use crate::names::Name;
use crate::tables::{Citation, Tables, Value, attempts, failures, host};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Replies that must name it.
const REPLIES: u64 = 2;

/// Sets `host.public_ip` where nobody asked for it while collecting and receivers agree: nearly every reply that names an
/// address of the Internet, besides its own server's, names this one.
pub(super) fn address(tables: &mut Tables) {
    if tables.host().is_some_and(|host| host.text(host::public_ip, &tables.names).is_some()) {
        return;
    }
    let names = &tables.names;
    let mut named: BTreeMap<Ipv4Addr, (u64, Citation)> = BTreeMap::new();
    // Thousands of records have the same few replies.
    let mut in_reply: FxHashMap<Name, Vec<Ipv4Addr>> = FxHashMap::default();
    let columns = [
        (&attempts::TABLE, attempts::voice, attempts::reply_text, attempts::relay_ip),
        (&failures::TABLE, failures::voice, failures::reply_text, failures::relay_ip),
    ];
    for (table, voice, reply, relay) in columns {
        for row in tables.rows(table).iter().filter(|row| row.text(voice, names) == Some("remote")) {
            let Value::Text(reply) = row.get(reply) else { continue };
            let told = in_reply.entry(reply).or_insert_with(|| addresses(names.get(reply)).filter(|ip| is_public(*ip)).collect());
            if told.is_empty() {
                continue;
            }
            let own = row.text(relay, names).and_then(|ip| ip.parse::<Ipv4Addr>().ok());
            for ip in told.iter().filter(|ip| Some(**ip) != own) {
                named.entry(*ip).or_insert((0, row.source)).0 += row.count;
            }
        }
    }
    let all: u64 = named.values().map(|(count, _)| count).sum();
    let Some((ip, (count, source))) = named.into_iter().max_by_key(|(_, (count, _))| *count) else { return };
    if count >= REPLIES && count * 10 >= all * 9 {
        let value = tables.name(&ip.to_string());
        tables.set_host(host::public_ip, value.into(), source);
    }
}

/// The addresses in a text.
fn addresses(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| word.trim_matches('.').parse().ok())
}

fn is_public(ip: Ipv4Addr) -> bool {
    let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || shared)
        && ip.octets()[0] != 0
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn addresses_stand_in_words() {
        let found = |text: &str| addresses(text).map(|ip| ip.to_string()).collect::<Vec<_>>();
        assert_eq!(found("SPF [x.example] with ip: [192.0.2.7] = did not pass"), ["192.0.2.7"]);
        assert_eq!(found("554 IP=192.0.2.7. Version 4.16.55.1, 5.7.26, 1.2.3.4.5"), ["192.0.2.7", "4.16.55.1"]);
    }
}
