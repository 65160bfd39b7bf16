//! Finds what may be personal in a line of evidence: addresses, host names and IP addresses by their shape, bare names by
//! what stands before them.

use super::kept;
use regex::{Regex, RegexSet, RegexSetBuilder};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A mail address or message id.
    Address,
    /// A host or domain name.
    Host,
    /// Host names where nothing else can stand, in a list.
    Hosts,
    /// An IP address.
    Ip,
    /// An account, an address or a path component: a name in any case.
    Name,
    /// A word where a name may stand, unless it is an ordinary word.
    MaybeName,
    /// A person's or company's name in words.
    Person,
    /// Address header: names in words with addresses among them.
    People,
    /// Free text that people wrote.
    Text,
    /// Hexadecimal digits that name a machine.
    Hex,
    /// A public token that names a domain: a site verification, a public key.
    Token,
    /// Names in a list.
    Names,
    /// A number that names somebody: a telephone's.
    Digits,
    /// An encoded word of a header (RFC 2047).
    Encoded,
    /// A word with dots that is no host name by its ending.
    Dotted,
    /// Any other word.
    Word,
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// What stands before a name, or around it; the part called `n` is the name.
static CONTEXTS: LazyLock<(RegexSet, Vec<(Part, Regex)>)> = LazyLock::new(|| {
    let log = r"(?:<\d+>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)";
    let account = r#"(?i)(?:^|[\s,;(\["'{?&-])(?:sasl_username|sasl_user|auth_user|auth_login|username|user|login|account|acct|ruser|logname|sender|recipient|rcpt)"#;
    let list: &[(Part, String)] = &[
        (Part::Text, r"(?i)(?:^|\bheader )(?:subject|thread-topic|comments|keywords): (?P<n>.+?)(?: from [^\s\[]*\[[^\]]*\]; from=<.*| from local; from=<.*)?$".into()),
        (Part::People, r"(?i)(?:^|\bheader )(?:from|to|cc|bcc|reply-to|sender|return-path|delivered-to|x-original-to|disposition-notification-to|errors-to): (?P<n>.+?)(?: from [^\s\[]*\[[^\]]*\]; from=<.*| from local; from=<.*)?$".into()),
        (Part::Name, r"(?:from|to|orig_to|user|recipient|sender|rcpt|mailbox)=<(?P<n>[^<>\s]+)>".into()),
        (Part::Host, r"\bhelo=<(?P<n>[^<>\s]+)>".into()),
        (Part::Host, format!(r"^{log} (?P<n>[A-Za-z0-9][\w.-]*) \S")),
        (Part::Host, r"(?:^|[^\w.:-]|[^0-9A-Fa-f:]:)(?P<n>[A-Za-z0-9][\w.-]*)\[(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]".into()),
        (Part::Host, r"(?:^|[<>:(] )[2-5]\d\d[- ](?P<n>[\w-]+(?:\.[\w-]+)*\.[A-Za-z][\w-]*)(?:\s|$)".into()),
        (Part::Host, r"(?i)\bhello,? (?P<n>[A-Za-z0-9][\w.-]*\w) [\[(]".into()),
        (Part::Host, r"(?:\bheader\.s|[;\s(]s)=(?P<n>[A-Za-z][\w.-]*)".into()),
        (Part::Host, r"^Linux \S+ \((?P<n>[A-Za-z0-9][\w.-]*)\)".into()),
        (Part::Host, r"\bkernel\.(?:hostname|domainname)\s*=\s*(?P<n>[A-Za-z0-9][\w.-]*)".into()),
        (Part::Host, r"^(?P<n>[A-Za-z0-9][\w.-]*):/\S*\s".into()),
        (Part::Host, r"\bname=(?P<n>[A-Za-z0-9_][\w.-]*)".into()),
        (Part::Name, format!(r#"{account}=<?(?P<n>(?:"(?:[^"\\]|\\.){{1,200}}"|\\"(?:[^"\\]|\\\\.){{1,200}}\\")@[^\s,;<>"'()\[\]{{}}&=]+)"#)),
        (Part::Name, format!(r#"{account}=[<"']?(?P<n>[^\s,;<>"'()\[\]{{}}&=]*[^\s,;<>"'()\[\]{{}}&=:.])"#)),
        (Part::MaybeName, r"(?i)\b(?:invalid user|illegal user|password for(?: invalid user)?|publickey for|keyboard-interactive/pam for|(?:opened|closed) for user|authenticating user|connection closed by (?:invalid |authenticating )?user|for user|unknown user|su for|mailbox for|mailbox of|mailbox) +[<'\x22]?(?P<n>[^\s<>'\x22\x60:;,()=]+)".into()),
        (Part::Name, r"\b(?:imap|pop3|lda|lmtp|managesieve|sieve|indexer-worker|deliver|auth|ldap|passwd-file|pam|sql|CRON|cron|su|crontab)\((?P<n>[^)<\s,\d][^)<\s,]*)".into()),
        (Part::Name, r"^(?P<n>[A-Za-z_][\w.-]*) +: +(?:TTY|PWD|command)".into()),
        (Part::Name, r"\bsudo(?:\[\d+\])?: +(?P<n>[A-Za-z_][\w.-]*) : ".into()),
        (Part::Name, r"\((?P<n>[A-Za-z_][\w.-]*)\) (?:CMD|MAIL|LIST|RELOAD)".into()),
        (Part::Name, r"\buid=\d+\((?P<n>[^)]+)\)".into()),
        (Part::Name, r"/(?:home|Users|usr/home|var/mail|var/spool/mail|export/home|srv/www|srv|vhosts|vmail|vhome)/(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::Name, r"/(?:vmail|vhome|mailboxes|virtual)/[\w-]+(?:\.[\w-]+)+/(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::Name, r"/var/www/(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::Hosts, r"^\s*(?:-o\s+)?(?:myhostname|mydomain|myorigin|smtp_helo_name|lmtp_lhlo_name|mydestination|relay_domains|virtual_(?:alias|mailbox)_domains|relayhost|(?:smtp_|lmtp_)?fallback_relay|masquerade_domains|default_transport|remote_header_rewrite_domain|parent_domain|smtp_tls_policy_domain)\s*=\s*(?P<n>.+)$".into()),
        (Part::Host, r"\b-o\s+(?:myhostname|mydomain|myorigin|smtp_helo_name)\s*=\s*(?P<n>[^\s,]+)".into()),
        (Part::Text, r"^\s*(?:smtpd_banner|mail_name)\s*=.*?(?:E?SMTP)\s+(?P<n>[^$(].*)$".into()),
        (Part::Host, r"(?i)^\s*(?:static |transient )?hostname\s*[:=]\s*(?P<n>[A-Za-z0-9][\w.-]*)\s*$".into()),
        (Part::Host, r"^Linux (?P<n>[A-Za-z0-9][\w.-]*) \d".into()),
        (Part::Hosts, r"^\s*(?:search|domain)\s+(?P<n>[A-Za-z0-9].*)$".into()),
        (Part::Hosts, r"^\s*(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)\s+(?P<n>[A-Za-z][\w. \t-]*)$".into()),
        (Part::Hex, r"(?i)\b(?:machine.?id|boot.?id|serial(?: number)?|fingerprint|_MACHINE_ID|_BOOT_ID|session-id)\W{1,5}(?P<n>[0-9a-f][0-9a-f:]{11,})".into()),
        (Part::Hex, r"(?i)\b(?P<n>[0-9a-f]{2}(?::[0-9a-f]{2}){5,})\b".into()),
        (Part::Token, r#"(?i)(?:[\w-]*verification\w*|\bMS|\bms|\bcode|\bdomainkey)=(?P<n>[\w+/=.-]{6,})"#.into()),
        (Part::Token, r#"(?:^|[;\s"])p=(?P<n>[A-Za-z0-9+/]{40,}={0,2})"#.into()),
        (Part::Person, r"(?:^|[\s,/=:])(?:O|OU|L|ST|GN|SN|STREET|street|organizationName|localityName|stateOrProvinceName|commonName|CN)\s?=\s?(?P<n>[^,/=\n]*[^,/=\s])(?:\s*[,/]|\s*$)".into()),
        (Part::Name, r"^[0-9A-Za-z]{6,}[*!#]*\s+\d+\s+\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?\s+(?P<n>\S+)\s*$".into()),
        (Part::Name, r"^(?P<n>[A-Za-z_][\w.-]*)\s+(?:(?:pts/\d+|tty\d*|ftpd\d+|\S+:notty|:\d+|console)\s|\*\*Never)".into()),
        (Part::Host, r"^\S+\s+(?:pts/\d+|tty\d*|\S+:notty|:\d+)\s+(?P<n>[A-Za-z][\w.-]*)\s+\w{3} \w{3} [ \d]\d".into()),
        // The owner and the group of a file, as ls writes them.
        (Part::Name, r"^[bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+ (?P<n>[A-Za-z_][\w.-]*) +\S+ ".into()),
        (Part::Name, r"^[bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+ \S+ +(?P<n>[A-Za-z_][\w.-]*) ".into()),
        (Part::Name, r#"(?:--[ug]id-owner|\bsk[ug]id) "?(?P<n>[A-Za-z_][\w.-]*)"#.into()),
        (Part::Name, r"\\\\[^\\\s]+\\(?P<n>[^\\\s]+)".into()),
        (Part::Name, r"/~(?P<n>[A-Za-z_][\w.-]*)".into()),
        (Part::Name, r"^\s*(?:\[[\w.-]+\](?::[\w-]+)?|[\w.-]+:\d+)\s+(?P<n>[^\s:=@\[\](){}]+):\S".into()),
        // Whom mail of a role, an address or a domain goes to: aliases, virtual.
        (Part::Names, r"(?i)^\s*(?:(?:root|postmaster|hostmaster|webmaster|abuse|admin|info|support|security|mailer-daemon|nobody|www-data)\s*:|[\w.+-]*@[\w.-]+)\s+(?P<n>[\w.@+-]+(?:\s*,\s*[\w.@+-]+)*)\s*$".into()),
        (Part::Person, r"(?i)^\s*(?:pretty hostname|location|deployment|sender_fullname)\s*: (?P<n>\S.*)$".into()),
        (Part::Hex, r"^Reference ID\s*: (?P<n>[0-9A-F]{8}) \([\w-]+\.".into()),
        (Part::Hex, r"\b(?:TLSA|SSHFP|DS)\s+\d+ \d+ (?:\d+ )?(?P<n>[0-9A-Fa-f][0-9A-Fa-f ]{15,})".into()),
        (Part::Digits, r"(?i)\b(?:tel|telefon|phone|fon|fax|mobil|mobile|handy|cell)\b\.?:?\s*(?P<n>\+?\d[\d /().-]{4,}\d)".into()),
    ];
    let set = RegexSetBuilder::new(list.iter().map(|(_, pattern)| pattern)).size_limit(1 << 26).dfa_size_limit(1 << 24).build();
    (set.expect("valid patterns"), list.iter().map(|(part, pattern)| (*part, regex(pattern))).collect())
});

/// What a line of a file of one kind holds besides.
static OF_KIND: LazyLock<Vec<(&'static str, Part, Regex)>> = LazyLock::new(|| {
    [
        ("passwd", Part::Name, r"^(?P<n>[A-Za-z_][\w.+-]*):[^:]*:\d+:\d+:"),
        ("passwd", Part::Person, r"^[^:\s]+:[^:]*:\d+:\d+:(?P<n>[^:]*[^:,]),*:"),
        ("ps", Part::Name, r"^(?P<n>[A-Za-z_][\w.+-]*)\s+\d+\s"),
        ("hostname", Part::Host, r"^\s*(?P<n>[A-Za-z0-9][\w.-]*)\s*$"),
        ("mailname", Part::Host, r"^\s*(?P<n>[A-Za-z0-9][\w.-]*)\s*$"),
        ("postqueue", Part::Name, r"^\s{10,}(?P<n>[^\s()]+)\s*$"),
        ("qshape", Part::Host, r"^\s*(?P<n>[\w-]+(?:\.[\w-]+)+)(?:\.\.)?\s+\d+\s+\d"),
        ("top", Part::Name, r"^\s*\d+\s+(?P<n>[A-Za-z_][\w.-]*\+?)\s+(?:-?\d+|rt)\s+-?\d+\s"),
        ("top", Part::Name, r"^\s*\d+\s+\d+\s+(?P<n>[A-Za-z_][\w.-]*\+?)\s+[A-Z]"),
        ("web-access", Part::Name, r"^\S+(?: \S+)? \S+ (?P<n>[^\s\[-]\S*) \["),
    ]
    .into_iter()
    .map(|(kind, part, pattern)| (kind, part, regex(pattern)))
    .collect()
});

/// Everything that is something by its shape; what it is, [`shape`] says.
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    let start = r"[0-9A-Za-z_\x{80}-\x{10FFFF}]";
    let local = format!(r"{start}(?:[0-9A-Za-z_\x{{80}}-\x{{10FFFF}}.+=%!#$&*?^~'{{}}|-])*");
    let domain = format!(r"{start}(?:[0-9A-Za-z_\x{{80}}-\x{{10FFFF}}.-]*{start})?");
    let patterns = [
        r"=\?[\w*-]+\?[bBqQ]\?[^?\s]*\?=".to_owned(),
        format!(
            r#"(?:"(?:[^"\\]|\\.){{1,200}}"|\\"(?:[^"\\]|\\\\.){{1,200}}\\"|{local})(?:@|%40|=40)(?:\[[0-9A-Za-z:.]+\]|{domain})"#
        ),
        r"[iI][pP][vV]6:".to_owned(),
        r"(?:[0-9A-Fa-f]{1,4})?(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.\d{1,3}){0,3}".to_owned(),
        format!(
            r"(?:{start}[0-9A-Za-z_\x{{80}}-\x{{10FFFF}}-]*\.)+[A-Za-z\x{{80}}-\x{{10FFFF}}](?:[0-9A-Za-z\x{{80}}-\x{{10FFFF}}-]*[0-9A-Za-z\x{{80}}-\x{{10FFFF}}])?"
        ),
        r"\d{1,3}(?:\.\d{1,3}){3}".to_owned(),
        r"[0-9A-Fa-f](?:\.[0-9A-Fa-f]){15,31}\.ip6\.arpa".to_owned(),
        format!(r"{start}(?:[0-9A-Za-z_\x{{80}}-\x{{10FFFF}}'’-]*{start})?"),
    ];
    regex(&patterns.join("|"))
});

/// Calls `visit` with every part of `text`, in order; parts do not overlap. `kind` is the kind of evidence of the file.
pub(super) fn parts(kind: Option<&str>, text: &str, visit: &mut dyn FnMut(Part, Range<usize>)) {
    // By their starts, so that a long line costs no more than it must.
    let mut named: BTreeMap<usize, (usize, Part)> = BTreeMap::new();
    let mut note = |part: Part, regex: &Regex| {
        for found in regex.captures_iter(text) {
            let Some(name) = found.name("n") else { continue };
            if named.range(..name.end()).next_back().is_none_or(|(_, (end, _))| *end <= name.start()) {
                named.insert(name.start(), (name.end(), part));
            }
        }
    };
    for (known, part, regex) in OF_KIND.iter() {
        if kind == Some(*known) {
            note(*part, regex);
        }
    }
    let (set, list) = &*CONTEXTS;
    for at in set.matches(text) {
        note(list[at].0, &list[at].1);
    }
    let mut at = 0;
    for (start, (end, part)) in named {
        shapes(text, at..start, visit);
        at = end;
        visit(part, start..end);
    }
    shapes(text, at..text.len(), visit);
}

/// The parts of `text[within]` by their shape alone.
pub(super) fn shapes(text: &str, within: Range<usize>, visit: &mut dyn FnMut(Part, Range<usize>)) {
    let offset = within.start;
    for found in SHAPES.find_iter(&text[within]) {
        let range = offset + found.start()..offset + found.end();
        shape(text, range, visit);
    }
}

fn shape(text: &str, range: Range<usize>, visit: &mut dyn FnMut(Part, Range<usize>)) {
    let token = &text[range.clone()];
    if token.starts_with("=?") {
        return visit(Part::Encoded, range);
    }
    if let Some(at) = at_sign(token) {
        // systemd's units and the algorithms of SSH are written like addresses.
        let domain = &token[at.end..];
        let is_unit =
            [".service", ".slice", ".socket", ".timer", ".target", ".mount", ".scope"].iter().any(|end| domain.ends_with(end));
        // `a=40b` and `a%40b` are addresses only where a host name follows.
        let is_plain = &token[at] == "@";
        if is_unit || (!is_plain && !is_host(domain)) {
            return words(text, range, visit);
        }
        return visit(Part::Address, range);
    }
    if token.contains(':') {
        return match address_v6(text, &range) {
            Some(inner) => visit(Part::Ip, inner),
            None => words(text, range, visit),
        };
    }
    if token.starts_with(|c: char| c.is_ascii_digit()) && token.parse::<std::net::Ipv4Addr>().is_ok() {
        let before = text[..range.start].chars().next_back();
        let after = &text[range.end..];
        let longer = before.is_some_and(|c| c.is_alphanumeric() || c == '.')
            || after.starts_with(|c: char| c.is_alphanumeric())
            || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if !longer {
            visit(Part::Ip, range);
        }
        return;
    }
    // The beginning of `net.ipv4.ip_local_port_range` ends as a domain of Saint Pierre might.
    let goes_on = text[range.end..].starts_with('_');
    if token.ends_with(".ip6.arpa") || is_host(token) && !goes_on && !is_file(text, &range) && !is_sentence(token) {
        return visit(Part::Host, range);
    }
    if token.contains('.') { visit(Part::Dotted, range) } else { visit(Part::Word, range) }
}

/// Where the sign stands that divides a token into local part and domain.
pub(super) fn at_sign(token: &str) -> Option<Range<usize>> {
    // Asked of every word: most have none of these signs.
    memchr::memchr3(b'@', b'%', b'=', token.as_bytes())?;
    if let Some(at) = token.rfind('@') {
        return Some(at..at + 1);
    }
    let at = ["%40", "=40"].iter().filter_map(|sign| token.rfind(sign)).max()?;
    (at > 0 && at + 3 < token.len()).then_some(at..at + 3)
}

/// Words between signs that are none of the shapes.
fn words(text: &str, range: Range<usize>, visit: &mut dyn FnMut(Part, Range<usize>)) {
    let mut start = range.start;
    for piece in text[range].split_inclusive([':', '@', '=', '%', '.', '+']) {
        let bare = piece.trim_end_matches([':', '@', '=', '%', '.', '+']);
        if !bare.is_empty() {
            visit(Part::Word, start..start + bare.len());
        }
        start += piece.len();
    }
}

/// The IPv6 address in a token of hexadecimal digits and colons; not one that is a part of something longer.
fn address_v6(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let token = &text[range.clone()];
    // A word with a colon may stand before it: `ip6:2001:db8::1`. In `x:1000:1000::/home` none does.
    let label = text[..range.start].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let labelled = label.len() > 1 && !label.bytes().all(|byte| byte.is_ascii_hexdigit());
    let one = token.starts_with(':') && !token.starts_with("::");
    let before = !(one && labelled) && text[..range.start].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
    let after = text[range.end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    if before || after {
        return None;
    }
    let start = range.start + usize::from(one);
    [range.end, range.end - 1].into_iter().find_map(|end| {
        let address = text.get(start..end)?;
        let IpAddr::V6(_) = address.parse().ok()? else { return None };
        // `a::b` is a name in many languages.
        let telling = address.bytes().any(|byte| byte.is_ascii_digit()) || address.matches(':').count() > 2;
        (telling || address == "::").then_some(start..end)
    })
}

/// Whether a word with dots ends in a top-level domain.
pub(super) fn is_host(token: &str) -> bool {
    let token = token.strip_suffix('.').unwrap_or(token);
    let Some((rest, last)) = token.rsplit_once('.') else { return false };
    !rest.is_empty() && rest.chars().any(char::is_alphabetic) && kept::is_top_level(last) || token.ends_with(".in-addr.arpa")
}

/// Whether a word that could be a host name by its ending is a file's name.
fn is_file(text: &str, range: &Range<usize>) -> bool {
    let token = &text[range.clone()];
    let Some((stem, last)) = token.rsplit_once('.') else { return false };
    let in_path = text[..range.start].ends_with('/') && !text[..range.start].ends_with("://");
    let of_postfix = last == "cf"
        && (stem.ends_with("main")
            || stem.ends_with("master")
            || stem == "dynamicmaps"
            || stem.contains("mysql")
            || stem.contains("ldap")
            || stem.contains("pgsql"));
    of_postfix
        || (in_path && kept::is_file_ending(last))
        || (text[range.end..].starts_with('[')
            && text[range.end + 1..].starts_with(|c: char| c.is_ascii_digit())
            && kept::is_file_ending(last)
            && !text[range.end..].split(']').next().unwrap_or_default().contains('.'))
}

/// Whether it is the end of one sentence and the start of the next without a space between them: `refused.It`.
fn is_sentence(token: &str) -> bool {
    let Some((rest, last)) = token.rsplit_once('.') else { return false };
    let mut letters = last.chars();
    let capital = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
    capital && kept::is_vocabulary(&rest.rsplit('.').next().unwrap_or(rest).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Option<&str>, text: &str) -> Vec<(Part, String)> {
        let mut list = Vec::new();
        parts(kind, text, &mut |part, range| {
            if part != Part::Word && part != Part::Dotted {
                list.push((part, text[range].to_owned()));
            }
        });
        list
    }

    #[test]
    fn parts_are_found_by_shape_and_by_what_stands_before_them() {
        let line = "Nov 12 10:00:00 vps17 postfix/smtp[1]: 0CE5562: to=<\"a b\"@acme.example>, relay=mx.acme.example[2001:db8::1]:25, delay=0.1, status=sent (250 ok)";
        assert_eq!(
            found(None, line),
            [
                (Part::Host, "vps17".to_owned()),
                (Part::Address, "\"a b\"@acme.example".to_owned()),
                (Part::Host, "mx.acme.example".to_owned()),
                (Part::Ip, "2001:db8::1".to_owned()),
            ]
        );
        assert_eq!(found(None, "sasl_method=PLAIN, sasl_username=maria"), [(Part::Name, "maria".to_owned())]);
        for nothing in [
            "fatal: open /etc/postfix/main.cf, line 5: refused.It is postfix@-.service at 11:40:00",
            "Mail::SpamAssassin::Bayes version 3.4.6 delays=0.1/0/30/0, dsn=4.4.1 postfix/smtpd[12]",
        ] {
            assert_eq!(found(None, nothing), []);
        }
        assert_eq!(found(None, "[IPv6:2001:db8::1]: x")[0].1, "2001:db8::1");
        assert_eq!(found(None, "bounce+maria=40acme.de x")[0].0, Part::Address);
    }
}
