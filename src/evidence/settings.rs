//! `postconf -n`, `-d` (defaults), `-P` (`service/type/parameter`), and raw main.cf:
//!
//! ```text
//! myhostname = mail.example.com
//! mydestination = $myhostname,
//!     localhost
//! relayhost =
//! ```
//!
//! A line that starts with white space goes on with the one before, also across comments and blank lines; the last
//! assignment wins. Credentials are never kept.

use super::document::{Document, Sink};
use crate::tables::{Record, Value, settings};

/// Reads parameters.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut logical: Vec<(u32, String)> = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') || text.contains("postconf: warning: ") {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            match logical.last_mut() {
                Some((_, whole)) => {
                    whole.push(' ');
                    whole.push_str(text);
                }
                None => sink.unparsed(number),
            }
            continue;
        }
        logical.push((number, text.to_owned()));
    }
    // "postconf -d", also as the name of a file.
    let named = doc.command.map_or_else(|| doc.path.rsplit('/').next().unwrap_or_default().to_owned(), str::to_owned);
    let is_default =
        named.contains("postconf") && named.split([' ', '_', '-', '.']).any(|word| word == "d" || word == "defaults");
    let first = sink.tables.rows(&settings::TABLE).len();
    for (number, text) in logical {
        let Some((name, value)) = text.split_once('=') else {
            sink.unparsed(number);
            continue;
        };
        let name = name.trim();
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/' | b':' | b'.'))
        {
            sink.unparsed(number);
            continue;
        }
        let value = without_secret(name, value.trim());
        let record = Record::new(&settings::TABLE, doc.at(number));
        let known = Value::Text(sink.name(name));
        // In main.cf the last assignment is the one in force.
        let rows = sink.tables.rows_mut(&settings::TABLE);
        if let Some(at) = rows[first..].iter().position(|row| row.get(settings::name) == known) {
            rows.remove(first + at);
        }
        let record = record.with(settings::name, sink.name(name)).with(settings::value, sink.name(&value));
        let record = record.with(settings::amount, amount(name, &value)).with(settings::is_default, is_default);
        sink.push(&settings::TABLE, record);
    }
}

/// Times whose number alone counts no seconds: the unit of a parameter's default is that of the parameter.
const IN_OTHER_UNITS: [(&str, char); 18] = [
    ("address_verify_cache_cleanup_interval", 'h'),
    ("address_verify_negative_expire_time", 'd'),
    ("address_verify_negative_refresh_time", 'h'),
    ("address_verify_positive_expire_time", 'd'),
    ("address_verify_positive_refresh_time", 'd'),
    ("bounce_queue_lifetime", 'd'),
    ("delay_warning_time", 'h'),
    ("fast_flush_purge_time", 'd'),
    ("fast_flush_refresh_time", 'h'),
    ("maximal_queue_lifetime", 'd'),
    ("postscreen_bare_newline_ttl", 'd'),
    ("postscreen_cache_cleanup_interval", 'h'),
    ("postscreen_cache_retention_time", 'd'),
    ("postscreen_dnsbl_max_ttl", 'h'),
    ("postscreen_dnsbl_ttl", 'h'),
    ("postscreen_greet_ttl", 'd'),
    ("postscreen_non_smtp_command_ttl", 'd'),
    ("postscreen_pipelining_ttl", 'd'),
];

/// What a value amounts to, if it is a number or a time and nothing else.
fn amount(name: &str, value: &str) -> Option<f64> {
    let (number, unit) = match value.strip_suffix(|c: char| c.is_ascii_alphabetic()) {
        Some(number) => (number, value.chars().last()?),
        None => (value, IN_OTHER_UNITS.iter().find(|(known, _)| *known == name).map_or('s', |(_, unit)| *unit)),
    };
    let factor = match unit {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3600.0,
        'd' => 86_400.0,
        'w' => 604_800.0,
        _ => return None,
    };
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<f64>().ok().filter(|_| is_whole).map(|number| number * factor)
}

/// A value without the credentials that somebody may have written into it: `static:user:password`, URLs with a login.
fn without_secret(name: &str, value: &str) -> String {
    if name.contains("password") {
        for inline in ["static:", "inline:"] {
            if value.starts_with(inline) {
                return format!("{inline}(removed)");
            }
        }
    }
    match value.split_once("://") {
        Some((scheme, rest)) if rest.split(['/', ' ', ',']).next().is_some_and(|authority| authority.contains('@')) => {
            let after = rest.split_once('@').map_or("", |(_, after)| after);
            format!("{scheme}://(removed)@{after}")
        }
        _ => value.to_owned(),
    }
}
