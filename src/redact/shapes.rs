//! What is personal by its shape, whatever stands beside it: addresses, host names, IP addresses.

use super::kept;
use super::part::{Part, regex};
use regex::Regex;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

/// Everything that is something by its shape; what it is, [`shape`] says.
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    let start = r"[0-9A-Za-z_\x{80}-\x{10FFFF}]";
    let local = format!(r"{start}(?:[0-9A-Za-z_\x{{80}}-\x{{10FFFF}}.+=%!#$&*?^~'{{}}|-])*");
    let domain = format!(r"{start}(?:[0-9A-Za-z_\x{{80}}-\x{{10FFFF}}.-]*{start})?");
    let patterns = [
        r"=\?[\w*-]+\?[bBqQ]\?[^?\s]*\?=".to_owned(),
        format!(
            r#"(?:"(?:[^"\\]|\\.){{1,200}}"|\\"(?:[^"\\]|\\\\.){{1,200}}\\"|{local})(?:@|%40|=40|%2540)(?:\[[0-9A-Za-z:.]+\]|{domain})"#
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

/// The parts of `text[within]` by their shape alone.
pub(super) fn each(text: &str, within: Range<usize>, visit: &mut dyn FnMut(Part, Range<usize>)) {
    let mut offset = within.start;
    while offset < within.end {
        let end = offset + short_runs(&text[offset..within.end]);
        for found in SHAPES.find_iter(&text[offset..end]) {
            let range = offset + found.start()..offset + found.end();
            shape(text, range, visit);
        }
        offset = end;
    }
}

/// Letters and signs in a row, more than any address has. Of each of its words it is asked whether an address begins there,
/// to its end.
const LONGEST_RUN: usize = 1024;

/// How much of `text` has no longer runs than that.
fn short_runs(text: &str) -> usize {
    let mut start = 0;
    while text.len() - start > LONGEST_RUN {
        let run = &text.as_bytes()[start..start + LONGEST_RUN];
        let divides = |byte: &u8| byte.is_ascii_whitespace() || b"\"<>()[],;:/\\@`".contains(byte);
        match run.iter().rposition(divides) {
            Some(sign) => start += sign + 1,
            None => return (start + LONGEST_RUN..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len()),
        }
    }
    text.len()
}

fn shape(text: &str, range: Range<usize>, visit: &mut dyn FnMut(Part, Range<usize>)) {
    let token = &text[range.clone()];
    if token.starts_with("=?") {
        return visit(Part::Encoded, range);
    }
    if let Some(at) = at_sign(token) {
        // systemd's units and the algorithms of SSH are written like addresses.
        let domain = &token[at.end..];
        // `a=40b` and `a%40b` are addresses only where a host name follows.
        let is_plain = &token[at.clone()] == "@";
        // What a regular expression found.
        if text[..range.start].ends_with('$') && token[..at.start].bytes().all(|byte| byte.is_ascii_digit()) {
            return visit(Part::Host, range.start + at.end..range.end);
        }
        if is_unit(domain) || (!is_plain && !is_host(domain)) {
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
        // tcpdump puts the port behind another dot: 192.0.2.1.25 > 192.0.2.7.41022:
        let port = after.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        if port > 0 && port <= 5 && after[1 + port..].starts_with([' ', ':']) && before != Some('.') {
            let is_peer = after[1 + port..].starts_with(" > ") || text[..range.start].ends_with("> ");
            if is_peer {
                return visit(Part::Ip, range);
            }
        }
        let longer = before.is_some_and(|c| c.is_alphanumeric() || c == '.')
            || after.starts_with(|c: char| c.is_alphanumeric())
            || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if !longer {
            visit(Part::Ip, range);
        }
        return;
    }
    // The beginning of `net.ipv4.ip_local_port_range` ends as a domain of Saint Pierre might, that of `Spam.sa.2` as one of Arabia.
    let rest = &text[range.end..];
    let goes_on = match rest.strip_prefix('_') {
        Some(rest) => !["access", "error", "ssl"].iter().any(|log| rest.starts_with(log)),
        None => rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())),
    };
    if token.ends_with(".ip6.arpa") || is_host(token) && !goes_on && !is_file(text, &range) && !is_sentence(token) {
        return visit(Part::Host, range);
    }
    // A page about a domain: https://help.example/acme.de.html
    if let Some(stem) = std::iter::successors(kept::document(token), |name| kept::document(name)).last()
        && is_host(stem)
        && !stem.rsplit('.').next().is_some_and(kept::is_file_ending)
    {
        return visit(Part::Host, range.start..range.start + stem.len());
    }
    if token.contains('.') { visit(Part::Dotted, range) } else { visit(Part::Word, range) }
}

/// Whether what stands behind the sign is the kind of a unit of systemd: `postfix@-.service`.
pub(super) fn is_unit(domain: &str) -> bool {
    [".service", ".slice", ".socket", ".timer", ".target", ".mount", ".scope"].iter().any(|end| domain.ends_with(end))
}

/// Where the sign stands that divides a token into local part and domain.
pub(super) fn at_sign(token: &str) -> Option<Range<usize>> {
    // Asked of every word: most have none of these signs.
    memchr::memchr3(b'@', b'%', b'=', token.as_bytes())?;
    if let Some(at) = token.rfind('@') {
        return Some(at..at + 1);
    }
    let (at, length) = ["%40", "=40", "%2540"].iter().filter_map(|sign| Some((token.rfind(sign)?, sign.len()))).max()?;
    (at > 0 && at + length < token.len()).then_some(at..at + length)
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
    let before = &text[..range.start];
    // A script, too, where it is started or written: `sh collect.sh`, `postdoc collect > collect.sh`
    let is_script = last == "sh" && ["sh ", "> ", "+x "].iter().any(|start| before.ends_with(start));
    let in_path = before.ends_with('/') && !before.ends_with("://") || is_script;
    let of_postfix = last == "cf"
        && (stem.ends_with("main")
            || stem.ends_with("master")
            || stem == "dynamicmaps"
            || stem.contains("mysql")
            || stem.contains("ldap")
            || stem.contains("pgsql"));
    // As syslog calls its files by what is in them: mail.info.
    let of_syslog = last == "info" && ["mail", "kern", "daemon", "auth", "user", "cron", "syslog", "news"].contains(&stem);
    of_postfix
        || of_syslog
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
