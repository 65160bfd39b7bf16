//! The lines of Postfix that no table counts, as typed notices: connections, TLS summaries, statistics, postscreen's tests,
//! the doings of master(8) and postsuper(1). The hot path never comes here; `postdoc trace` and the measuring of the
//! parsers do.
//!
//! ```
//! use postdoc::evidence::maillog::notice::Notice;
//! let notice = Notice::parse("lost connection after DATA (0 bytes) from unknown[192.0.2.7]").unwrap();
//! assert_eq!(notice.kind, "lost connection");
//! assert_eq!(notice.get("stage"), Some("DATA"));
//! assert_eq!(notice.get("client"), Some("unknown[192.0.2.7]"));
//! ```

use super::queue_id::is_queue_id;

/// One line, typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice<'a> {
    /// What it is.
    pub kind: &'static str,
    /// Queue id before it, if one stands there.
    pub queue_id: Option<&'a str>,
    /// Its fields, by the names that Postfix documents or prints.
    pub fields: Vec<(&'static str, &'a str)>,
    /// The words of its form before the first field.
    begins: &'static str,
    /// The message without queue id.
    text: &'a str,
}

/// Kind and form of each notice; `{name}` is a field, which ends where the next literal text begins.
const FORMS: &[(&str, &str)] = &[
    // smtpd(8), also postscreen(8) and tlsproxy(8)
    ("connect", "connect from {client}"),
    ("disconnect", "disconnect from {client} {commands}"),
    ("disconnect", "disconnect from {client}"),
    ("lost connection", "lost connection after {stage} ({bytes} bytes) from {client}"),
    ("lost connection", "lost connection after {stage} from {client}"),
    ("timeout", "timeout after {stage} ({bytes} bytes) from {client}"),
    ("timeout", "timeout after {stage} from {client}"),
    ("too many errors", "too many errors after {stage} ({bytes} bytes) from {client}"),
    ("too many errors", "too many errors after {stage} from {client}"),
    ("pipelining", "improper command pipelining after {stage} from {client}: {text}"),
    ("pipelining", "improper command pipelining after {stage} from {client}"),
    ("TLS error", "SSL_accept error from {client}: {error}"),
    ("TLS error", "SSL_connect error to {relay}: {error}"),
    ("TLS set-up", "setting up TLS connection from {client}"),
    ("TLS set-up", "setting up TLS connection to {relay}"),
    ("TLS", "{trust} TLS connection {state} from {client}: {protocol} with cipher {cipher} ({bits} bits){parameters}"),
    ("TLS", "{trust} TLS connection {state} to {relay} to {sni}: {protocol} with cipher {cipher} ({bits} bits){parameters}"),
    ("TLS", "{trust} TLS connection {state} to {relay}: {protocol} with cipher {cipher} ({bits} bits){parameters}"),
    ("certificate", "certificate verification failed for {relay}: {error}"),
    ("certificate", "server certificate verification failed for {relay}: {error}"),
    ("certificate", "certificate peer name verification failed for {relay}: {error}"),
    ("certificate", "{relay}: subject_CN={subject_CN}, issuer={issuer}, {parameters}"),
    ("certificate", "{relay}: subject_CN={subject_CN}, issuer_CN={issuer}, {parameters}"),
    ("certificate", "{relay}: {trust}: subject_CN={subject_CN}, issuer={issuer}, {parameters}"),
    ("certificate", "{relay}: {trust}: subject_CN={subject_CN}, issuer_CN={issuer}, {parameters}"),
    ("certificate", "{trust}: subject_CN={subject_CN}, issuer={issuer}"),
    ("certificate", "{relay}: certificate verification depth={depth} verify={verify} subject={subject}"),
    ("certificate", "{relay}: depth={depth} verify={verify} subject={subject}"),
    ("certificate", "{relay}: depth={depth} matched {what}"),
    ("certificate", "{relay} Matched subjectAltName: {name}"),
    ("certificate", "{relay}: Matched subjectAltName: {name}"),
    ("certificate", "{relay}: Matched CommonName {name}"),
    ("certificate", "{relay} CommonName {name}"),
    ("certificate", "Peer certificate {error}"),
    ("certificate", "Peer verification: {error}"),
    // What smtp_tls_loglevel = 2 adds.
    ("TLS session", "SSL_accept:{state}"),
    ("TLS session", "SSL_connect:{state}"),
    ("TLS session", "SSL3 alert {alert}"),
    ("TLS session", "{relay}: re-using session {what}"),
    ("TLS session", "{relay}: Reusing old session"),
    ("TLS session", "{relay}: Issuing session ticket, {what}"),
    ("TLS session", "{relay}: Decrypting session ticket, {what}"),
    ("TLS session", "{relay}: TLS cipher list {ciphers}"),
    ("TLS session", "{relay}: TLS server public key {what}"),
    ("TLS session", "{relay}: SNI hostname: {name}"),
    ("TLS session", "save session {session} to {cache}"),
    ("TLS session", "looking up session {session} in {cache}"),
    ("TLS session", "looking for session {session} in {cache}"),
    ("TLS session", "reloaded session {session} from {cache}"),
    ("TLS session", "remove session {session} from {cache}"),
    ("TLS session", "initializing the {side} TLS engine"),
    ("TLS session", "auto-clear session cache"),
    ("TLS session", "open {side} TLS cache {cache}"),
    ("TLS session", "tlsmgr_cache_run_event: {what}"),
    ("DANE", "TLSA {what}"),
    ("DANE", "using DANE RR: {record}"),
    // A client that is served by a filter before the queue.
    ("client", "client={client}, {fields}"),
    ("client", "client={client}"),
    ("EHLO keywords", "discarding EHLO keywords: {keywords}"),
    ("proxy", "proxy-accept: {stage}: {reply}; {fields}"),
    ("proxy", "proxy-reject: {stage}: {reply}; {fields}"),
    ("restart", "table {table} has changed -- restarting"),
    ("restart", "{why} -- exiting to reset state"),
    ("restart", "{why} -- restarting"),
    ("data", "{protocol} command {command} from {client}"),
    ("throttled", "connection rate limit exceeded: {rate} from {client} for service {service}"),
    ("access", "generic_checks: {what}"),
    // smtp(8), lmtp(8)
    ("connect failed", "connect to {relay}: {error}"),
    ("PIX", "enabling PIX workarounds: {workarounds} for {relay}"),
    ("said", "host {relay} said: {reply}"),
    ("refused", "host {relay} refused to talk to me: {reply}"),
    ("SASL", "SASL authentication failed; server {relay} said: {reply}"),
    ("lost connection", "lost connection with {relay} while {stage}"),
    ("timeout", "conversation with {relay} timed out while {stage}"),
    ("TLS", "Cannot start TLS: {error}"),
    ("TLS", "TLS is required, but {error}"),
    ("TLS", "Host offered STARTTLS: {relay}"),
    ("TLS", "Server certificate {error}"),
    ("TLS", "TLS handshake failed for service={service} peer={client}"),
    ("sender", "sender requested {what}"),
    ("breaking line", "breaking line > {bytes} bytes with <CR><LF>SPACE"),
    // qmgr(8), cleanup(8), pickup(8), bounce(8)
    ("message-id", "resent-message-id={message_id}"),
    ("skipped", "skipped, still being delivered"),
    ("uid", "uid={uid} from=<{from}>"),
    ("uid", "uid={uid} from={from}"),
    ("notification", "{recipient} delay notification: {queue_id}"),
    ("notification", "{recipient} non-delivery notification: {queue_id}"),
    ("notification", "{recipient} delivery status notification: {queue_id}"),
    ("notification", "{recipient} notification: {queue_id}"),
    // postsuper(1)
    ("postsuper", "requeued"),
    ("postsuper", "placed on hold"),
    ("postsuper", "released from hold"),
    ("postsuper", "removed"),
    ("postsuper", "expired"),
    ("postsuper", "force-expired"),
    ("postsuper", "Deleted: {messages} message"),
    ("postsuper", "Requeued: {messages} message"),
    ("postsuper", "Placed on hold: {messages} message"),
    ("postsuper", "Released from hold: {messages} message"),
    ("postsuper", "Force-expired: {messages} message"),
    ("postsuper", "Expired: {messages} message"),
    ("postsuper", "Renamed to match inode number: {messages} message"),
    ("postsuper", "Deleted stale file: {file}"),
    // anvil(8), scache(8)
    ("anvil", "statistics: max connection rate {rate} for ({service}) at {time}"),
    ("anvil", "statistics: max connection count {count} for ({service}) at {time}"),
    ("anvil", "statistics: max message rate {rate} for ({service}) at {time}"),
    ("anvil", "statistics: max recipient rate {rate} for ({service}) at {time}"),
    ("anvil", "statistics: max newtls rate {rate} for ({service}) at {time}"),
    ("anvil", "statistics: max auth rate {rate} for ({service}) at {time}"),
    ("anvil", "statistics: max cache size {size} at {time}"),
    ("scache", "statistics: start interval {time}"),
    ("scache", "statistics: domain lookup hits={hits} miss={miss} success={success}%"),
    ("scache", "statistics: address lookup hits={hits} miss={miss} success={success}%"),
    ("scache", "statistics: max simultaneous domains={domains} addresses={addresses} connection={connection}"),
    // postscreen(8), dnsblog(8)
    ("postscreen connect", "CONNECT from {client} to {server}"),
    ("postscreen pass", "PASS NEW {client}"),
    ("postscreen pass", "PASS OLD {client}"),
    ("postscreen access", "ALLOWLIST VETO {client}"),
    ("postscreen access", "WHITELIST VETO {client}"),
    ("postscreen access", "ALLOWLISTED {client}"),
    ("postscreen access", "DENYLISTED {client}"),
    ("postscreen access", "WHITELISTED {client}"),
    ("postscreen access", "BLACKLISTED {client}"),
    ("postscreen access", "PERMIT {client}"),
    ("postscreen pass", "WHITELIST {client}"),
    ("postscreen test", "DNSBL rank {rank} for {client}"),
    ("postscreen test", "PREGREET {bytes} after {seconds} from {client}: {text}"),
    ("postscreen test", "HANGUP after {seconds} from {client} in tests {phase} SMTP handshake"),
    ("postscreen disconnect", "DISCONNECT {client}"),
    ("postscreen test", "COMMAND {limit} from {client} after {stage}: {text}"),
    ("postscreen test", "COMMAND {limit} from {client} after {stage}"),
    ("postscreen test", "BARE NEWLINE from {client} after {stage}"),
    ("postscreen test", "NON-SMTP COMMAND from {client} after {stage}: {text}"),
    ("postscreen test", "NON-SMTP COMMAND from {client} after {stage}"),
    ("postscreen test", "{command} without valid RCPT from {client}"),
    ("postscreen stress", "entering STRESS mode with {connections} connections"),
    ("postscreen stress", "leaving STRESS mode with {connections} connections"),
    ("cache", "cache {cache} full cleanup: retained={retained} dropped={dropped} entries"),
    ("cache", "cache {cache} partial cleanup: retained={retained} dropped={dropped} entries"),
    ("dnsblog", "addr {address} listed by domain {domain} as {result}"),
    // master(8), postfix-script, postlogd(8), tlsmgr(8), verify(8)
    ("master", "daemon started -- version {version}, configuration {configuration}"),
    ("master", "daemon started -- version {version}"),
    ("master", "reload -- version {version}, configuration {configuration}"),
    ("master", "reload configuration {configuration}"),
    ("master", "terminating on signal {signal}"),
    ("script", "starting the Postfix mail system"),
    ("script", "stopping the Postfix mail system"),
    ("script", "refreshing the Postfix mail system"),
    ("script", "flushing the Postfix mail system"),
    ("script", "waiting for the Postfix mail system to terminate"),
    ("script", "the Postfix mail system is {state}"),
    ("script", "aborting the Postfix mail system"),
    ("script", "reloading the Postfix mail system"),
    ("script", "Terminating lingering processes"),
    ("script", "rebuilding {what}"),
    ("script", "stopping the postfix mail system"),
    ("entropy", "{what} entropy {rest}"),
    ("compatibility", "Postfix is running with backwards-compatible default settings"),
    ("compatibility", "Postfix is using backwards-compatible default setting {setting}"),
    ("compatibility", "using backwards-compatible default setting {setting}"),
    ("compatibility", "See {url} for details"),
    ("compatibility", "To disable backwards compatibility use {command}"),
    ("map", "{database} opened {mode}"),
    ("logging", "logging client {client} {what}"),
    ("request", "request from {client}"),
];

impl<'a> Notice<'a> {
    /// The message of a line, whatever its daemon, as a notice; none if its form is not known.
    pub fn parse(message: &'a str) -> Option<Notice<'a>> {
        let (queue_id, text) = match message.split_once(": ") {
            Some((word, rest)) if is_queue_id(word) || word == "NOQUEUE" => (Some(word), rest),
            _ => (None, message),
        };
        FORMS.iter().find_map(|(kind, form)| {
            // An empty text after the colon: "COMMAND PIPELINING from [192.0.2.1]:99 after .: "
            let fields = matched(form, text.trim_end().trim_end_matches(':'))?;
            let begins = form.split_once('{').map_or(*form, |(begins, _)| begins);
            Some(Notice { kind, queue_id, fields, begins, text })
        })
    }

    /// The words that tell it from others of its kind: `COMMAND TIME LIMIT`, `placed on hold`, `Deleted`, `SSL_accept error`.
    pub fn what(&self) -> &'a str {
        let shouted = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let length: usize = self.text.split(' ').take_while(shouted).map(|word| word.len() + 1).sum();
        if length > 0 {
            return self.text[..length.min(self.text.len())].trim_end();
        }
        let mut words = self.text[..self.begins.len().min(self.text.len())].trim_end_matches([' ', ':', '=']);
        for word in [" from", " after", " to", " for", " with"] {
            words = words.strip_suffix(word).unwrap_or(words);
        }
        words.strip_prefix("proxy-").unwrap_or(words)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// One of the parameters that follow a TLS summary, such as `key-exchange`: its first word, and the words in the
    /// parentheses after it.
    pub fn parameter(&self, name: &str) -> Option<(&'a str, Option<&'a str>)> {
        let all = self.get("parameters")?;
        let at = all.find(name)?;
        let value = all[at + name.len()..].trim_start();
        let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
        let inside = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(inside, _)| inside);
        Some((word, inside))
    }
}

/// The fields of `text` if it has this form. The last literal may be followed by more (a plural `s`, an address list).
fn matched<'a>(form: &'static str, text: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let mut fields = Vec::new();
    let (first, mut form) = form.split_once('{').map_or((form, ""), |(first, rest)| (first, rest));
    if form.is_empty() {
        return (text == first || text.strip_prefix(first)?.starts_with([' ', ':', ';', ','])).then_some(fields);
    }
    let mut rest = text.strip_prefix(first)?;
    loop {
        let (name, after) = form.split_once('}')?;
        let (literal, next) = after.split_once('{').map_or((after, None), |(literal, next)| (literal, Some(next)));
        let end = if literal.is_empty() { rest.len() } else { rest.find(literal)? };
        // A field is a word or a peer; only the last one may be empty.
        if end == 0 && next.is_some() {
            return None;
        }
        fields.push((name, &rest[..end]));
        rest = &rest[end + literal.len().min(rest.len() - end)..];
        match next {
            Some(next) => form = next,
            None => return Some(fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart_and_their_fields_found() {
        for (message, kind, field, value) in [
            ("connect from a.example[192.0.2.1]", "connect", "client", "a.example[192.0.2.1]"),
            ("disconnect from a[192.0.2.1] ehlo=1 quit=1 commands=2", "disconnect", "commands", "ehlo=1 quit=1 commands=2"),
            ("statistics: max connection rate 1/60s for (smtpd:192.0.2.1) at Oct 26 18:13:50", "anvil", "rate", "1/60s"),
            ("PREGREET 11 after 0.1 from [192.0.2.1]:99: EHLO x\\r\\n", "postscreen test", "seconds", "0.1"),
            ("D4F2023DB1: placed on hold", "postsuper", "", ""),
            ("Deleted: 115 messages", "postsuper", "messages", "115"),
            ("client=unknown[192.0.2.1], sasl_method=LOGIN", "client", "client", "unknown[192.0.2.1]"),
            (
                "mx.example[192.0.2.1]:25: Trusted: subject_CN=mx.example, issuer=R3, fingerprint=AA",
                "certificate",
                "issuer",
                "R3",
            ),
            ("SSL_connect:SSLv3/TLS write client hello", "TLS session", "state", "SSLv3/TLS write client hello"),
            ("COMMAND TIME LIMIT from [192.0.2.1]:99 after CONNECT", "postscreen test", "limit", "TIME LIMIT"),
        ] {
            let notice = Notice::parse(message).unwrap_or_else(|| panic!("{message}"));
            assert_eq!(notice.kind, kind, "{message}");
            assert_eq!(notice.get(field).unwrap_or_default(), value, "{message}");
        }
        for (message, what) in [
            ("COMMAND TIME LIMIT from [192.0.2.1]:99 after CONNECT", "COMMAND TIME LIMIT"),
            ("D4F2023DB1: placed on hold", "placed on hold"),
            ("Deleted: 115 messages", "Deleted"),
            ("SSL_accept error from a[192.0.2.1]: -1", "SSL_accept error"),
            ("proxy-accept: END-OF-MESSAGE: 250 Ok; from=<>", "accept"),
        ] {
            assert_eq!(Notice::parse(message).unwrap().what(), what, "{message}");
        }
        let tls = "Untrusted TLS connection established to a.example[192.0.2.1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 \
                   (256/256 bits) key-exchange X25519 server-signature ECDSA (P-256) server-digest SHA256";
        let notice = Notice::parse(tls).unwrap();
        assert_eq!(notice.get("relay"), Some("a.example[192.0.2.1]:25"));
        assert_eq!(notice.parameter("server-signature"), Some(("ECDSA", Some("P-256"))));
        assert_eq!(notice.parameter("key-exchange").unwrap().0, "X25519");
        assert_eq!(Notice::parse("something else"), None);
    }
}
