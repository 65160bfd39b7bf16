//! Packet filters: `iptables -S`, `iptables-save`, `iptables -L`, `nft list ruleset`, `ufw status verbose`,
//! `firewall-cmd --list-all`:
//!
//! ```text
//! -P OUTPUT DROP
//! -A OUTPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable
//! ```
//!
//! ```text
//! chain output {
//!     type filter hook output priority filter; policy drop;
//!     tcp dport { 25, 465 } reject
//! }
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, firewall};

#[derive(Default)]
struct Rule<'a> {
    tool: &'static str,
    chain: &'a str,
    direction: Option<&'static str>,
    action: &'static str,
    protocol: Option<&'a str>,
    ports: Vec<i64>,
    policy: bool,
}

impl<'a> Rule<'a> {
    /// What holds in a chain where no rule says otherwise.
    fn policy(tool: &'static str, chain: &'a str, direction: Option<&'static str>, action: &'static str) -> Rule<'a> {
        Rule { tool, chain, direction, action, policy: true, ..Rule::default() }
    }
}

/// The word behind `word`.
fn behind<'t>(words: &[&'t str], word: &str) -> Option<&'t str> {
    words.iter().position(|known| *known == word).and_then(|at| words.get(at + 1)).copied()
}

/// Reads what any of the tools printed.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut chain = "";
    let mut hook = None;
    let mut table = "filter";
    let mut listed = false;
    let mut zone = None;
    for (number, line) in doc.lines() {
        let text = line.trim();
        let words: Vec<&str> = text.split_whitespace().collect();
        // firewall-cmd --list-all: a heading for each zone, its parts indented below it.
        if !line.starts_with([' ', '\t']) && (words.len() == 1 || words.get(1) == Some(&"(active)")) {
            zone = words.first().copied().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            if words.get(1) == Some(&"(active)") {
                continue;
            }
        } else if let Some(zone) = zone.filter(|_| line.starts_with([' ', '\t']))
            && firewalld(zone, text, number, doc, sink)
        {
            continue;
        }
        let rule = match words.as_slice() {
            [] => continue,
            ["COMMIT", ..] | ["}"] | ["target", "prot", ..] | ["num", "target", ..] | ["pkts", "bytes", ..] => continue,
            [first, ..] if first.starts_with('#') || first.starts_with("-N") => continue,
            [first, ..] if first.starts_with('*') => {
                table = &first[1..];
                continue;
            }
            // iptables-save: ":OUTPUT DROP [0:0]"
            [name, policy, ..] if name.starts_with(':') => match action(policy) {
                Some(action) => Rule::policy("iptables", &name[1..], direction(&name[1..], table), action),
                None => continue,
            },
            ["-P", name, policy, ..] => {
                Rule::policy("iptables", name, direction(name, table), action(policy).unwrap_or("accept"))
            }
            ["-A" | "-I", name, rest @ ..] => match iptables(name, rest, table) {
                Some(rule) => rule,
                None => {
                    sink.unparsed(number);
                    continue;
                }
            },
            // iptables -L: "Chain OUTPUT (policy DROP)"
            ["Chain", name, rest @ ..] => {
                chain = name;
                listed = true;
                match behind(rest, "(policy").and_then(|policy| action(policy.trim_end_matches(')'))) {
                    Some(action) => Rule::policy("iptables", name, direction(name, table), action),
                    None => continue,
                }
            }
            ["table", _, name, "{"] | ["table", name, "{"] => {
                table = name;
                continue;
            }
            ["chain", name, "{"] => {
                (chain, hook) = (name, None);
                continue;
            }
            ["type", _, "hook", name, rest @ ..] => {
                hook = direction(name, if text.starts_with("type nat") { "nat" } else { "filter" });
                match behind(rest, "policy").and_then(|policy| action(policy.trim_end_matches(';'))) {
                    Some(action) => Rule::policy("nft", chain, hook, action),
                    None => continue,
                }
            }
            ["Default:", rest @ ..] => {
                ufw_defaults(rest).for_each(|rule| push(&rule, text, number, doc, sink));
                continue;
            }
            _ if listed => match listing(chain, &words, table) {
                Some(rule) => rule,
                None => {
                    sink.unparsed(number);
                    continue;
                }
            },
            _ => match ufw(&words).or_else(|| nft(chain, hook, &words)) {
                Some(rule) => rule,
                None => {
                    let known =
                        ["Status:", "Logging:", "New", "To", "--", "elements", "set", "map", "ip", "flags", "counter", "meta"];
                    if !known.contains(&words[0]) {
                        sink.unparsed(number);
                    }
                    continue;
                }
            },
        };
        push(&rule, text, number, doc, sink);
    }
}

/// ufw: "Default: deny (incoming), allow (outgoing), disabled (routed)".
fn ufw_defaults<'t>(words: &[&'t str]) -> impl Iterator<Item = Rule<'t>> {
    words.iter().zip(words.iter().skip(1)).filter_map(|(what, to)| {
        let way = match to.trim_end_matches(',') {
            "(incoming)" => "in",
            "(outgoing)" => "out",
            "(routed)" => "forward",
            _ => return None,
        };
        Some(Rule::policy("ufw", "default", Some(way), action(what)?))
    })
}

/// One part of a zone of firewalld; false if it is none.
fn firewalld(zone: &str, text: &str, number: u32, doc: &Document<'_>, sink: &mut Sink<'_>) -> bool {
    let rule = |action, protocol, ports| Rule {
        tool: "firewalld",
        chain: zone,
        direction: Some("in"),
        action,
        protocol,
        ports,
        policy: false,
    };
    if let Some(rest) = text.strip_prefix("rule ") {
        let value = |key: &str| rest.split_once(key).and_then(|(_, after)| after.split('"').next());
        let verdict = rest.split_whitespace().find_map(action).unwrap_or("log");
        let ports = value("port port=\"").and_then(port).into_iter().collect();
        push(&rule(verdict, value("protocol=\""), ports), text, number, doc, sink);
        return true;
    }
    let Some((name, values)) = text.split_once(':') else { return false };
    const PARTS: &[&str] = &[
        "target",
        "icmp-block-inversion",
        "interfaces",
        "sources",
        "services",
        "ports",
        "protocols",
        "forward",
        "masquerade",
        "forward-ports",
        "source-ports",
        "icmp-blocks",
        "rich rules",
        "ingress-priority",
        "egress-priority",
    ];
    for word in values.split_whitespace().filter(|_| matches!(name, "ports" | "services")) {
        let (number_or_name, protocol) = word.split_once('/').unwrap_or((word, ""));
        if let Some(found) = port(number_or_name).filter(|_| name == "ports" || number_or_name.starts_with("smtp")) {
            let protocol = Some(protocol).filter(|protocol| !protocol.is_empty());
            push(&rule("accept", protocol, vec![found]), text, number, doc, sink);
        }
    }
    if name == "target"
        && let Some(verdict) = action(values.trim().trim_matches('%'))
    {
        push(&Rule { policy: true, ..rule(verdict, None, Vec::new()) }, text, number, doc, sink);
    }
    PARTS.contains(&name)
}

fn push(rule: &Rule<'_>, text: &str, number: u32, doc: &Document<'_>, sink: &mut Sink<'_>) {
    let ports: Vec<Option<i64>> = if rule.ports.is_empty() { vec![None] } else { rule.ports.iter().copied().map(Some).collect() };
    for port in ports {
        let record = Record::new(&firewall::TABLE, doc.at(number))
            .with(firewall::tool, sink.name(rule.tool))
            .with(firewall::chain, sink.name(rule.chain))
            .with(firewall::direction, rule.direction.map(|way| sink.name(way)))
            .with(firewall::action, sink.name(rule.action))
            .with(firewall::protocol, rule.protocol.map(|protocol| sink.name(protocol)))
            .with(firewall::port, port)
            .with(firewall::policy, rule.policy)
            .with(firewall::text, sink.name(text));
        sink.push(&firewall::TABLE, record);
    }
}

/// Chains of CSF and ufw tell by their names.
fn direction(chain: &str, table: &str) -> Option<&'static str> {
    let chain = chain.to_ascii_lowercase();
    if table == "nat" {
        Some("nat")
    } else if chain.contains("output") || chain.contains("smtpblock") || chain.contains("localoutput") {
        Some("out")
    } else if chain.contains("input") {
        Some("in")
    } else if chain.contains("forward") {
        Some("forward")
    } else {
        None
    }
}

fn action(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "accept" | "allow" | "return" => "accept",
        "drop" | "deny" => "drop",
        "reject" => "reject",
        "redirect" | "dnat" => "redirect",
        "limit" => "limit",
        "log" | "nflog" => "log",
        _ => return None,
    })
}

fn port(word: &str) -> Option<i64> {
    match word.trim_matches(|c: char| !c.is_ascii_alphanumeric()) {
        "smtp" => Some(25),
        "smtps" | "urd" | "submissions" => Some(465),
        "submission" => Some(587),
        "domain" => Some(53),
        other => other.parse().ok().filter(|port| (1..=65_535).contains(port)),
    }
}

fn iptables<'a>(chain: &'a str, words: &[&'a str], table: &str) -> Option<Rule<'a>> {
    let value = |names: &[&str]| words.iter().position(|word| names.contains(word)).and_then(|at| words.get(at + 1).copied());
    let target = value(&["-j", "--jump", "-g"])?;
    let ports = value(&["--dport", "--dports", "--destination-port"]).map(|list| list.split(',').filter_map(port).collect());
    Some(Rule {
        tool: "iptables",
        chain,
        direction: direction(chain, table),
        action: action(target).unwrap_or("jump"),
        protocol: value(&["-p", "--protocol"]).filter(|protocol| *protocol != "all"),
        ports: ports.unwrap_or_default(),
        policy: false,
    })
}

/// `DROP  tcp  --  anywhere  anywhere  tcp dpt:smtp`, also with counters before it.
fn listing<'a>(chain: &'a str, words: &[&'a str], table: &str) -> Option<Rule<'a>> {
    let at = words.iter().position(|word| action(word).is_some() || !word.starts_with(|c: char| c.is_ascii_digit()))?;
    let target = words.get(at)?;
    words.get(at + 3)?;
    let ports = words.iter().find_map(|word| word.strip_prefix("dpt:").or_else(|| word.strip_prefix("dpts:")));
    let many = words.iter().position(|word| *word == "dports").and_then(|at| words.get(at + 1).copied());
    let protocol = words.get(at + 1).copied().filter(|protocol| !matches!(*protocol, "all" | "0"));
    Some(Rule {
        tool: "iptables",
        chain,
        direction: direction(chain, table),
        action: action(target).unwrap_or("jump"),
        protocol,
        ports: ports.or(many).map(|list| list.split(',').filter_map(port).collect()).unwrap_or_default(),
        policy: false,
    })
}

fn nft<'a>(chain: &'a str, hook: Option<&'static str>, words: &[&'a str]) -> Option<Rule<'a>> {
    let verdict = words
        .iter()
        .find_map(|word| action(word).filter(|action| *action != "log"))
        .or_else(|| words.iter().any(|word| matches!(*word, "jump" | "goto")).then_some("jump"))?;
    let mut ports = Vec::new();
    if let Some(at) = words.iter().position(|word| *word == "dport") {
        let set = words.get(at + 1) == Some(&"{");
        let list = words[at + 1..].iter().skip(usize::from(set));
        ports = if set {
            list.take_while(|word| **word != "}").filter_map(|word| port(word)).collect()
        } else {
            list.take(1).filter_map(|word| port(word)).collect()
        };
    }
    let protocol = ["tcp", "udp"].into_iter().find(|protocol| words.contains(protocol));
    Some(Rule { tool: "nft", chain, direction: hook, action: verdict, protocol, ports, policy: false })
}

/// `25/tcp  DENY OUT  Anywhere`
fn ufw<'a>(words: &[&'a str]) -> Option<Rule<'a>> {
    let at = words.iter().position(|word| matches!(*word, "ALLOW" | "DENY" | "REJECT" | "LIMIT"))?;
    let way = match words.get(at + 1) {
        Some(&"OUT") => "out",
        Some(&"FWD") => "forward",
        _ => "in",
    };
    // What goes out is named before the action as well: the destination port stands in the first column.
    let (ports, protocol) = words[0].split_once('/').unwrap_or((words[0], ""));
    Some(Rule {
        tool: "ufw",
        chain: "ufw",
        direction: Some(way),
        action: action(words[at])?,
        protocol: Some(protocol).filter(|protocol| !protocol.is_empty()),
        ports: ports.split(',').filter_map(port).collect(),
        policy: false,
    })
}
