//! The text in a `status=` line's parentheses, a queue listing's reason or a bare SMTP reply, taken apart: who speaks,
//! which codes, about which host, at which stage, and the words that remain. It knows Postfix's shapes
//! (`src/smtp/smtp_proto.c`, `smtp_connect.c`, `smtp_sasl_glue.c`), not what any phrase means.
//!
//! ```
//! use postdoc::said::{Said, Voice};
//! let said = Said::parse("delivery temporarily suspended: host mx.example.net[192.0.2.7] said: \
//!     550-5.7.25 no PTR 550 5.7.25 record (in reply to RCPT TO command)");
//! assert!(said.suspended);
//! assert_eq!(said.voice, Some(Voice::Remote));
//! assert_eq!((said.code, said.enhanced), (Some(550), Some("5.7.25")));
//! assert_eq!((said.host, said.ip), (Some("mx.example.net"), Some("192.0.2.7")));
//! assert_eq!(said.words, "no PTR record");
//! assert_eq!(said.stage, Some("RCPT TO"));
//! ```

pub mod daemons;
pub mod mask;

use crate::bytes::has_upper;
use std::borrow::Cow;
use std::net::IpAddr;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Voice {
    /// A server of somebody else.
    Remote,
    /// Our own delivery agent, about a connection that it could not make or keep.
    OwnClient,
    /// Our own content filter or milter.
    OwnFilter,
    /// Our own mailbox delivery: local(8), virtual(8), pipe(8), LMTP to a socket.
    OwnDelivery,
    /// Our own smtpd or postscreen, to a client.
    OwnServer,
    /// A daemon of this server, to its log: a warning, error, fatal or panic.
    OwnDaemon,
}

impl Voice {
    /// Who speaks when a daemon complains to the log. The mailbox server's disk, rights and quotas are not the queue's.
    pub fn of_daemon(daemon: &str) -> Voice {
        if daemon == "dovecot" { Voice::OwnDelivery } else { Voice::OwnDaemon }
    }

    /// Every voice by its name.
    pub const ALL: [(&'static str, Voice); 6] = [
        ("remote", Voice::Remote),
        ("own-client", Voice::OwnClient),
        ("own-filter", Voice::OwnFilter),
        ("own-delivery", Voice::OwnDelivery),
        ("own-server", Voice::OwnServer),
        ("own-daemon", Voice::OwnDaemon),
    ];

    /// The name that rules use.
    pub fn name(self) -> &'static str {
        Voice::ALL.iter().find(|(_, voice)| *voice == self).map_or("", |(name, _)| name)
    }
}

/// A reason, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said<'a> {
    /// Whether it repeats an older reason (`delivery temporarily suspended: ...`).
    pub suspended: bool,
    /// The reason without that prefix.
    pub reason: &'a str,
    /// Who speaks, as far as the shape tells.
    pub voice: Option<Voice>,
    /// Host it speaks of.
    pub host: Option<&'a str>,
    /// Address of that host, or `private/...` for a socket.
    pub ip: Option<&'a str>,
    /// Port of that host, where it is given.
    pub port: Option<u16>,
    /// SMTP reply code.
    pub code: Option<u16>,
    /// Enhanced status code in the reply.
    pub enhanced: Option<&'a str>,
    /// The words: without host, codes and stage.
    pub words: Cow<'a, str>,
    /// SMTP command or phase that failed.
    pub stage: Option<&'a str>,
    /// The name that was looked up in vain.
    pub looked_up: Option<&'a str>,
}

const SUSPENDED: &str = "delivery temporarily suspended: ";

impl<'a> Said<'a> {
    /// Takes a reason apart.
    pub fn parse(reason: &'a str) -> Said<'a> {
        let mut said = Said::default();
        let mut rest = reason.trim();
        while let Some(carried) = rest.strip_prefix(SUSPENDED) {
            said.suspended = true;
            rest = carried;
        }
        said.reason = rest;
        if let Some(inner) = rest.strip_prefix("SASL authentication failed; server ")
            && let Some((peer, reply)) = inner.split_once(" said: ")
        {
            said.peer(peer);
            said.voice = Some(Voice::Remote);
            said.stage = Some("AUTH");
            said.reply(reply);
            said.words = Cow::Owned(format!("SASL authentication failed: {}", said.words));
            return said;
        }
        if let Some(inner) = rest.strip_prefix("host ") {
            for (mark, stage) in [(" said: ", None), (" refused to talk to me: ", Some("greeting"))] {
                if let Some((peer, reply)) = inner.split_once(mark)
                    && (peer.contains('[') || !peer.contains(' '))
                {
                    said.peer(peer);
                    said.voice = Some(Voice::Remote);
                    said.stage = stage;
                    said.reply(reply);
                    return said;
                }
            }
        }
        if starts_with_code(rest) {
            said.voice = Some(Voice::Remote);
            said.reply(rest);
            return said;
        }
        said.own_words(rest);
        said
    }

    /// Our own client's words: finds the host and the phase in them.
    fn own_words(&mut self, rest: &'a str) {
        self.words = Cow::Borrowed(rest);
        // "connect to Milter service inet:..." and the like name no host[address]: those are other daemons' words.
        if let Some(inner) = rest.strip_prefix("connect to ").filter(|inner| names_a_host(inner)) {
            self.voice = Some(Voice::OwnClient);
            self.stage = Some("connect");
            // "H[A]:P: error"; an IPv6 address holds colons, so the port is looked for after the bracket.
            let end =
                inner.find("]:").map_or_else(|| inner.find(": "), |at| inner[at + 2..].find(": ").map(|colon| at + 2 + colon));
            self.peer(&inner[..end.unwrap_or(inner.len())]);
            return;
        }
        for (start, end) in [("lost connection with ", " while "), ("conversation with ", " timed out while ")] {
            if let Some(inner) = rest.strip_prefix(start).filter(|inner| names_a_host(inner)) {
                self.voice = Some(Voice::OwnClient);
                if let Some((peer, phase)) = inner.split_once(end) {
                    self.peer(peer);
                    self.stage = Some(phase);
                }
                return;
            }
        }
        if rest.starts_with("Host or domain name not found")
            || rest.starts_with("unable to look up host")
            || rest.starts_with("Domain ") && rest.ends_with("(nullMX)")
            || rest.starts_with("Name server loop")
        {
            self.voice = Some(Voice::OwnClient);
            self.stage = Some("look-up");
            let mut names = ["Name service error for name=", "unable to look up host "].iter().filter_map(|mark| {
                let name = rest.split_once(mark)?.1;
                Some(name[..name.find([' ', ':', ',']).unwrap_or(name.len())].trim_end_matches('.'))
            });
            self.looked_up = names.find(|name| !name.is_empty());
            return;
        }
        for mark in [
            "TLS is required",
            "Cannot start TLS",
            "Server certificate",
            "SASL authentication failed",
            "mail for ",
            "TLS handshake",
        ] {
            if rest.starts_with(mark) && (mark != "mail for " || rest.ends_with(" loops back to myself")) {
                self.voice = Some(Voice::OwnClient);
                self.stage = Some(if mark.starts_with("SASL") {
                    "AUTH"
                } else if mark == "mail for " {
                    "look-up"
                } else {
                    "STARTTLS"
                });
                break;
            }
        }
        // What smtp(8) and lmtp(8) say of themselves.
        for mark in [
            "client TLS configuration problem",
            "TLS policy lookup error",
            "TLSA lookup error for ",
            "Sender requested REQUIRETLS",
            "MX name '",
            "SMTPUTF8 is required",
            "message size ",
            "unable to find primary relay for ",
            "network address conversion failed",
            "all network protocols are disabled",
            "Server configuration error",
            "Temporary lookup error",
            "local data error while talking to ",
            "unreadable mail queue entry",
        ] {
            if rest.starts_with(mark) {
                self.voice = Some(Voice::OwnClient);
                break;
            }
        }
        // The clients of Sendmail and qmail.
        for (start, end) in [
            ("Connection timed out with ", ""),
            ("Operation timed out with ", ""),
            ("Connection refused by ", ""),
            ("Connection reset by ", ""),
            ("Connection to ", " timed out"),
            ("Connected to ", " but connection died"),
            ("Sorry, I wasn't able to establish an SMTP connection", ""),
        ] {
            if let Some(inner) = rest.strip_prefix(start)
                && inner.contains(end)
            {
                self.voice = Some(Voice::OwnClient);
                self.stage = Some("connect");
                if start.ends_with(' ') {
                    self.peer(inner[..inner.find([' ', ',']).unwrap_or(inner.len())].trim_end_matches('.'));
                }
                return;
            }
        }
        // local(8), virtual(8) and pipe(8), whose words a queue listing shows without naming them.
        for mark in [
            "Command died with ",
            "Command time limit exceeded",
            "unknown user: ",
            "mail forwarding loop for ",
            "maildir delivery failed",
            "cannot update mailbox ",
            "temporary failure",
            "mail system configuration error",
            "alias database unavailable",
            "user lookup error",
            "cannot create maildir file ",
            "destination ",
            "recipient nesting limit exceeded",
            "message too large",
            "User unknown in ",
            "table lookup failure",
            "unable to forward message",
        ] {
            if rest.starts_with(mark) {
                self.voice = Some(Voice::OwnDelivery);
                return;
            }
        }
        // "... by host H[A]", "... to server H[A]: ...", "... failed: server H[A] offered ..."
        for mark in [" by host ", " to server ", " to host ", " of server ", " talking to ", "failed: server ", "failed; server "]
        {
            if let Some((_, inner)) = rest.split_once(mark) {
                let end = inner.find([' ', ',', ';']).unwrap_or(inner.len());
                self.peer(inner[..end].trim_end_matches([':', '.']));
            }
        }
    }

    /// `H[A]`, `H[A]:P`, `[A]:P`, `H[private/socket]`.
    fn peer(&mut self, peer: &'a str) {
        let (host, ip, port) = split_peer(peer);
        self.host = host;
        self.ip = ip;
        self.port = port;
    }

    /// A server's reply: codes, words, and `(in reply to CMD command)`.
    fn reply(&mut self, reply: &'a str) {
        let mut rest = reply.trim();
        if let Some(at) = rest.rfind("(in reply to ") {
            let stage = rest[at + "(in reply to ".len()..].trim_end_matches(')');
            self.stage = Some(stage.strip_suffix(" command").unwrap_or(stage));
            rest = rest[..at].trim_end();
        }
        let (code, enhanced, words) = strip_codes(rest);
        self.code = code;
        self.enhanced = enhanced;
        self.words = words;
    }

    /// Whether the reply was permanent.
    pub fn permanent(&self) -> bool {
        self.code.is_some_and(|code| code >= 500)
    }
}

/// Whether `text` starts with `H[A]`.
fn names_a_host(text: &str) -> bool {
    text.find('[').is_some_and(|open| !text[..open].contains(' '))
}

/// Host name, address and port of the other side, each where it is known.
pub type Peer<'a> = (Option<&'a str>, Option<&'a str>, Option<u16>);

/// Splits `H[A]:P` into host, address and port.
pub fn split_peer(peer: &str) -> Peer<'_> {
    let peer = peer.trim();
    let Some(open) = memchr::memchr(b'[', peer.as_bytes()) else {
        return ((!peer.is_empty()).then_some(peer), None, None);
    };
    let host = (open > 0).then(|| &peer[..open]);
    let inside = &peer[open + 1..];
    let Some(close) = memchr::memrchr(b']', inside.as_bytes()) else { return (host, Some(inside), None) };
    let port = inside[close + 1..].strip_prefix(':').and_then(|port| port.parse().ok());
    (host, Some(&inside[..close]), port)
}

/// Whether an address is this machine's own: loopback, or a socket path.
pub fn is_own(ip: &str) -> bool {
    if ip.contains('/') {
        return true;
    }
    match ip.strip_prefix("IPv6:").unwrap_or(ip).parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        Err(_) => ip.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether `text` starts with a three-digit reply code.
fn starts_with_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3
        && matches!(bytes[0], b'2'..=b'5')
        && bytes[1].is_ascii_digit()
        && bytes[2].is_ascii_digit()
        && matches!(bytes.get(3), None | Some(b' ' | b'-'))
}

/// The length of an enhanced status code (`5.7.25`) at the start of `text`, if one stands there as a word.
pub(crate) fn enhanced_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !matches!(bytes.first(), Some(b'2' | b'4' | b'5')) || bytes.get(1) != Some(&b'.') {
        return None;
    }
    let mut at = 2;
    for part in 0..2 {
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() && at - start < 3 {
            at += 1;
        }
        if at == start {
            return None;
        }
        if part == 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
    }
    // "5.7.1." and "5.7.1:" are codes, "5.7.1.2" and "5.7.1x" are not.
    let follows = bytes.get(at);
    let ends = match follows {
        None => true,
        Some(b'.') => !bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
        Some(byte) => !byte.is_ascii_alphanumeric(),
    };
    ends.then_some(at)
}

/// Takes the codes off a reply: reply code, enhanced code, and the words without either, also where a multi-line
/// reply repeats them in the middle (`550-5.7.1 one 550 5.7.1 two`).
pub fn strip_codes(reply: &str) -> (Option<u16>, Option<&str>, Cow<'_, str>) {
    if !starts_with_code(reply) {
        let enhanced = bracketed_enhanced(reply);
        if let Some(length) = enhanced_length(reply) {
            return (None, Some(&reply[..length]), Cow::Borrowed(reply[length..].trim_start_matches([' ', ':', '-'])));
        }
        return (None, enhanced, Cow::Borrowed(reply));
    }
    let digits = &reply[..3];
    let code = digits.parse().ok();
    let mut enhanced = None;
    let mut words = String::with_capacity(reply.len());
    let mut rest = reply;
    loop {
        // `rest` starts with the code here.
        rest = rest.get(3..).unwrap_or_default();
        rest = rest.strip_prefix(['-', ' ']).unwrap_or(rest).trim_start_matches(' ');
        if let Some(length) = enhanced_length(rest) {
            enhanced = enhanced.or(Some(&rest[..length]));
            rest = rest[length..].trim_start_matches([' ', ':', '-']);
        }
        let next = repeated_code(rest, digits);
        let part = rest[..next.unwrap_or(rest.len())].trim();
        if !part.is_empty() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(part);
        }
        match next {
            Some(at) => rest = rest[at..].trim_start(),
            None => break,
        }
    }
    (code, enhanced.or_else(|| bracketed_enhanced(reply)), Cow::Owned(words))
}

/// Where the same reply code stands again as the start of a reply line: `550-...`, or `550 5.x.y`, or `550 ` where dashed
/// ones came before (the last line of a multi-line reply).
fn repeated_code(text: &str, digits: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find(digits) {
        let at = from + found;
        let before_ok = at == 0 || text.as_bytes()[at - 1] == b' ';
        let after = &text[at + 3..];
        let dashed = after.starts_with('-');
        let spaced = after.starts_with(' ');
        if before_ok && (dashed || (spaced && at > 0)) {
            return Some(at);
        }
        from = at + 3;
    }
    None
}

/// An enhanced code in the form `(#5.7.1)`, as qmail-like servers write it.
fn bracketed_enhanced(text: &str) -> Option<&str> {
    text.match_indices('#').find_map(|(at, _)| {
        let code = &text[at + 1..];
        enhanced_length(code).map(|length| &code[..length])
    })
}

impl Said<'_> {
    /// Who speaks by the words alone: a peer on this server itself is nobody remote.
    pub fn speaker(&self) -> Option<Voice> {
        match self.voice {
            Some(Voice::Remote) => own_peer(self.ip).or(self.voice),
            voice => voice,
        }
    }
}

/// Who speaks in a delivery line, where the daemon and the relay tell it and the words do not.
pub(crate) fn voice_of(daemon: &str, relay_ip: Option<&str>, said: &Said<'_>) -> Option<Voice> {
    match daemon {
        "local" | "virtual" | "pipe" => Some(Voice::OwnDelivery),
        "smtp" | "lmtp" | "error" | "relay" => {
            match said.voice {
                Some(Voice::Remote) => own_peer(relay_ip.or(said.ip)),
                // What smtp(8) and lmtp(8) say without naming another speaker, they say themselves.
                None if daemon != "error" => Some(Voice::OwnClient),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What of this server a peer is, if it is no server of somebody else: mailbox delivery behind a socket, or else a filter.
pub(crate) fn own_peer(ip: Option<&str>) -> Option<Voice> {
    match ip {
        Some(ip) if ip.contains('/') => Some(Voice::OwnDelivery),
        Some(ip) if is_own(ip) => Some(Voice::OwnFilter),
        _ => None,
    }
}

/// The domain of an address, lower case; empty without one.
pub fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_ascii_lowercase())
}

/// The same without a text of its own, where the address is in lower case already.
pub(crate) fn domain_in<'a>(address: &'a str, lowered: &'a mut String) -> &'a str {
    let Some(at) = memchr::memrchr(b'@', address.as_bytes()) else { return "" };
    let domain = &address[at + 1..];
    if has_upper(domain.as_bytes()) {
        *lowered = domain.to_ascii_lowercase();
        return lowered;
    }
    domain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_postfix_are_taken_apart() {
        let cases = [
            (
                "connect to mx.example[2001:db8::1]:25: Connection timed out",
                Some(Voice::OwnClient),
                Some("mx.example"),
                Some("2001:db8::1"),
                Some(25),
                None,
                Some("connect"),
            ),
            (
                "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused",
                Some(Voice::OwnClient),
                Some("127.0.0.1"),
                Some("127.0.0.1"),
                Some(10024),
                None,
                Some("connect"),
            ),
            (
                "connect to /var/run/x[private/y]: No such file or directory",
                Some(Voice::OwnClient),
                Some("/var/run/x"),
                Some("private/y"),
                None,
                None,
                Some("connect"),
            ),
            (
                "lost connection with mx[192.0.2.1] while sending RCPT TO",
                Some(Voice::OwnClient),
                Some("mx"),
                Some("192.0.2.1"),
                None,
                None,
                Some("sending RCPT TO"),
            ),
            (
                "SASL authentication failed; server r[192.0.2.5] said: 535 5.7.8 Error: bad",
                Some(Voice::Remote),
                Some("r"),
                Some("192.0.2.5"),
                None,
                Some(535),
                Some("AUTH"),
            ),
            (
                "SASL authentication failed: server r[192.0.2.5] offered no compatible authentication mechanisms for this type of connection security",
                Some(Voice::OwnClient),
                Some("r"),
                Some("192.0.2.5"),
                None,
                None,
                Some("AUTH"),
            ),
            (
                "SASL [CACHED] authentication failed; server r[192.0.2.5] said: 535 5.7.8 Error: bad",
                None,
                Some("r"),
                Some("192.0.2.5"),
                None,
                None,
                None,
            ),
            (
                "host gmx[192.0.2.2] refused to talk to me: 554-gmx.net a 554-b 554 c",
                Some(Voice::Remote),
                Some("gmx"),
                Some("192.0.2.2"),
                None,
                Some(554),
                Some("greeting"),
            ),
            (
                "Host or domain name not found. Name service error for name=a type=MX: Host not found, try again",
                Some(Voice::OwnClient),
                None,
                None,
                None,
                None,
                Some("look-up"),
            ),
            ("550 5.1.1 no such user", Some(Voice::Remote), None, None, None, Some(550), None),
            ("delivered to maildir", None, None, None, None, None, None),
        ];
        for (text, voice, host, ip, port, code, stage) in cases {
            let said = Said::parse(text);
            assert_eq!(
                (said.voice, said.host, said.ip, said.port, said.code, said.stage),
                (voice, host, ip, port, code, stage),
                "{text}"
            );
        }
    }

    #[test]
    fn who_speaks_is_known_where_a_listing_names_no_daemon() {
        for (text, voice, host) in [
            ("client TLS configuration problem", Voice::OwnClient, None),
            ("message size 9 exceeds size limit 5 of server mx[192.0.2.7]", Voice::OwnClient, Some("mx")),
            ("SMTPUTF8 is required, but was not offered by host mx[192.0.2.7]", Voice::OwnClient, Some("mx")),
            ("User unknown in virtual alias table", Voice::OwnDelivery, None),
        ] {
            let said = Said::parse(text);
            assert_eq!((said.voice, said.host), (Some(voice), host), "{text}");
        }
    }

    #[test]
    fn the_name_that_was_looked_up_is_known() {
        for (text, name) in [
            ("Host or domain name not found. Name service error for name=a.example type=MX: Host not found", Some("a.example")),
            ("Host or domain name not found. Name service error for name=a.exam", Some("a.exam")),
            ("unable to look up host relay.example: Name or service not known", Some("relay.example")),
            ("Host or domain name not found", None),
            ("connect to a.example[192.0.2.1]:25: Connection refused", None),
        ] {
            assert_eq!(Said::parse(text).looked_up, name, "{text}");
        }
    }

    #[test]
    fn repeated_codes_are_taken_out_of_the_words() {
        for (reply, code, enhanced, words) in [
            (
                "554-gmx.net (x) ESMTP 554-No service 554-Bad DNS PTR. 554 For more",
                Some(554),
                None,
                "gmx.net (x) ESMTP No service Bad DNS PTR. For more",
            ),
            ("550-5.7.26 one 550-5.7.26 two 550 5.7.26 three", Some(550), Some("5.7.26"), "one two three"),
            ("550 blocked (#5.7.1)", Some(550), Some("5.7.1"), "blocked (#5.7.1)"),
            ("421", Some(421), None, ""),
            ("550 is 550 5.1.1 user 5501", Some(550), Some("5.1.1"), "is user 5501"),
            ("5.7.1 only enhanced", None, Some("5.7.1"), "only enhanced"),
            ("version 5.7.1.2 is not a code", None, None, "version 5.7.1.2 is not a code"),
        ] {
            assert_eq!(strip_codes(reply), (code, enhanced, Cow::Borrowed(words)), "{reply}");
        }
    }

    #[test]
    fn no_cut_of_a_reason_panics() {
        let text = "delivery temporarily suspended: host ü[1]:2 said: 550-5.7.1 é 550 5.7.1 ö (in reply to RCPT TO command)";
        for (at, _) in text.char_indices() {
            let _ = Said::parse(&text[..at]);
            let _ = Said::parse(&text[at..]);
        }
    }
}
