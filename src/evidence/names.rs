//! What the machine calls itself and whom it asks for names: `hostname -f`, `/etc/hosts`, `resolv.conf`, `/etc/mailname`, the public address.
//!
//! ```text
//! 127.0.0.1 localhost
//! 203.0.113.25 mail.example.com mail
//! nameserver 192.0.2.53
//! ```

use super::document::{Document, Sink};
use crate::tables::{Column, Record, Tables, Value, host, hosts};

/// Whether other evidence (uname, `/etc/hosts`, `myhostname`) calls the host by this name, or by one that begins with it; none
/// if no other evidence names it.
pub(super) fn calls_host(name: &str, tables: &Tables) -> Option<bool> {
    let text = |name| tables.names.get(name);
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let mut known: Vec<String> = Vec::new();
    if let Some(Value::Text(name)) = tables.host().map(|row| row.get(host::hostname)) {
        known.push(label(text(name)));
    }
    known.extend(tables.setting("myhostname").filter(|name| !name.starts_with('$')).map(label));
    let listed = tables.rows(&hosts::TABLE).iter().filter_map(|row| row.text(hosts::name, &tables.names)).map(label);
    known.extend(listed.filter(|name| !matches!(name.as_str(), "localhost" | "ip6-localhost" | "ip6-loopback")));
    (!known.is_empty()).then(|| known.contains(&label(name)))
}

/// Reads `hostname -f`, `hostname` or, of all names of the addresses, the first (`hostname -A`).
pub(super) fn hostname(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        let Some(text) = line.split_whitespace().next() else { continue };
        let plain = line.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b' '));
        if !plain {
            sink.unparsed(number);
            continue;
        }
        let name = sink.domain(text);
        sink.host(host::fqdn, name, doc.at(number));
        sink.host(host::fqdn_dots, text.trim_end_matches('.').matches('.').count() as i64, doc.at(number));
        return;
    }
}

/// Reads `/etc/hosts`.
pub(super) fn hosts_file(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        let text = line.split('#').next().unwrap_or_default();
        let mut words = text.split_whitespace();
        let Some(ip) = words.next() else { continue };
        if ip.split('%').next().is_none_or(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
            sink.unparsed(number);
            continue;
        }
        let ip = sink.name(ip);
        for (at, name) in words.enumerate() {
            let name = sink.domain(name);
            let record = Record::new(&hosts::TABLE, doc.at(number))
                .with(hosts::ip, ip)
                .with(hosts::name, name)
                .with(hosts::first, at == 0);
            sink.push(&hosts::TABLE, record);
        }
    }
}

/// Reads `/etc/resolv.conf`, or the copy of it in Postfix's chroot.
pub(super) fn resolv_conf(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut servers = 0;
    let queue = sink.tables.setting("queue_directory").unwrap_or("/var/spool/postfix").trim_start_matches('/').to_owned();
    let copy = [queue.as_str(), "chroot"].iter().any(|mark| doc.command.unwrap_or(doc.path).contains(mark));
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        let mut words = text.split_whitespace();
        match (words.next(), words.next()) {
            (Some("nameserver"), Some(server)) => {
                servers += 1;
                if copy {
                    if servers == 1 {
                        let name = sink.name(server);
                        sink.host(host::chroot_nameserver, name, doc.at(number));
                    }
                    continue;
                }
                if servers == 1 {
                    let name = sink.name(server);
                    sink.host(host::nameserver, name, doc.at(number));
                }
                sink.host(host::nameservers, i64::from(servers), doc.at(number));
            }
            (Some("search" | "domain" | "options" | "sortlist"), _) => {}
            _ => sink.unparsed(number),
        }
    }
    if servers == 0 && !copy {
        sink.host(host::nameservers, 0_i64, doc.at(doc.first_line));
    }
}

/// Reads `/etc/mailname`.
pub(super) fn mailname(doc: &Document<'_>, sink: &mut Sink<'_>) {
    one_word(doc, sink, host::mailname);
}

/// Reads what a service such as ifconfig.me answered.
pub(super) fn public_ip(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let address = doc.lines().map(|(_, line)| line.trim()).find(|line| !line.is_empty());
    if address.is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok()) {
        one_word(doc, sink, host::public_ip);
    } else {
        doc.lines().filter(|(_, line)| !line.trim().is_empty()).for_each(|(number, _)| sink.unparsed(number));
    }
}

fn one_word(doc: &Document<'_>, sink: &mut Sink<'_>, column: Column) {
    if let Some((number, line)) = doc.lines().find(|(_, line)| !line.trim().is_empty()) {
        let name = sink.domain(line.trim());
        sink.host(column, name, doc.at(number));
    }
}
