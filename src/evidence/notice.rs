//! What was said, in a text that somebody pasted whole: a bounce message of Postfix, Exim, qmail, Sendmail, Exchange or Gmail, as it
//! stands in the mail program or as the message itself, with its quotation marks, wrapped lines and transfer encoding.
//!
//! All of them quote the server's reply, and a reply begins with its code; Postfix's own words stand after the recipient's address.
//!
//! ```
//! use postdoc::evidence::notice::statements;
//! let notice = "I'm sorry to have to inform you that your message could not\nbe delivered.\n\n\
//!     <ann@example.net>: host mx.example.net[192.0.2.7] said: 550-5.1.1 No\n    550 5.1.1 such user (in reply to RCPT TO command)\n";
//! assert_eq!(
//!     statements(notice),
//!     ["host mx.example.net[192.0.2.7] said: 550-5.1.1 No 550 5.1.1 such user (in reply to RCPT TO command)"]
//! );
//! ```

use super::maillog::line;
use super::paste::Paste;
use super::text::strip_escapes;
use crate::said::{Said, enhanced_length};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{MessageParser, MimeHeaders, PartType};
use std::borrow::Cow;

/// The statements in a text, each on one line: those of a bounce message, or the lines of a log or a listing, whole again where they
/// were wrapped. A text with neither is one statement.
pub fn statements(text: &str) -> Vec<String> {
    let text = strip_escapes(text);
    let text = of_other_servers(&text).map_or(text, Cow::Owned);
    let text = decoded(&text).map_or(text, Cow::Owned);
    let text = match Paste::of(&text) {
        paste if paste.is_none() => text.into_owned(),
        paste => paste.undo(text.into_owned()),
    };
    let filled: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let full: Vec<bool> = filled.iter().filter(|line| !line.starts_with([' ', '\t'])).map(|line| stands_alone(line)).collect();
    let found = if full.iter().filter(|alone| **alone).count() * 2 > full.len() {
        whole_lines(&filled)
    } else {
        let paragraphs: Vec<&str> = text.lines().map(str::trim_end).collect();
        paragraphs.split(|line| line.is_empty()).filter_map(quoted_in).collect()
    };
    let mut statements: Vec<String> = Vec::new();
    for statement in found {
        // A message tells the same in its human part and in its report, there without the stage.
        if !statements.iter().rev().take(16).any(|known| same(known, &statement)) {
            statements.push(statement);
        }
    }
    if statements.is_empty() {
        statements.push(filled.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "));
    }
    statements
}

/// One line of a log of qmail, which writes blanks as `_`, or of Sendmail: what was said in it.
fn of_other_servers(text: &str) -> Option<String> {
    let line = text.trim();
    if line.contains('\n') {
        return None;
    }
    if let Some(at) = line.find("Deferred: ").filter(|at| *at == 0 || line[..*at].ends_with("stat=")) {
        return Some(line[at + "Deferred: ".len()..].to_owned());
    }
    let said = ["deferral: ", "failure: "].iter().find_map(|mark| line.split_once(mark)).map_or(line, |(_, said)| said);
    if said.contains(' ') || said.matches('_').count() < 3 {
        return None;
    }
    let said = said.replace('_', " ");
    let reply = said.split_once("/Remote host said: ").and_then(|(_, reply)| reply.split("/Giving up on ").next());
    Some(reply.unwrap_or(&said).trim_end_matches('/').to_owned())
}

/// Whether a line is a statement by itself: of a log, a queue listing, Postfix or a server.
pub fn stands_alone(text: &str) -> bool {
    let text = text.trim_start();
    let spoken = line::spoken(text);
    spoken.daemon.is_some()
        || spoken.voice.is_some()
        || text.starts_with('(') && !text.starts_with("(in reply to ")
        || text.starts_with("status=")
        || text.contains("to=<") && text.contains("status=")
        || Said::parse(spoken.text).voice.is_some()
        || enhanced_length(text).is_some()
        || ["warning: ", "error: ", "fatal: ", "panic: "].iter().any(|level| text.starts_with(level))
}

/// Lines that stand alone, each with those that go on after it: indented, or further lines of one reply.
fn whole_lines(lines: &[&str]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    let mut before = "";
    for line in lines {
        // What is indented goes on, but for the reason in a queue listing.
        let begins = stands_alone(line) && (!line.starts_with([' ', '\t']) || line.trim_start().starts_with('('));
        match whole.last_mut() {
            Some(last) if !begins || goes_on(before, line) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => whole.push(line.trim().to_owned()),
        }
        before = line;
    }
    whole
}

/// Whether `line` is a further line of the reply that the line before it is one of: `550-one`, `550 two`.
fn goes_on(before: &str, line: &str) -> bool {
    let code = |text: &str| text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned);
    before.as_bytes().get(3) == Some(&b'-') && code(before).is_some() && code(before) == code(line)
}

/// What a paragraph of a bounce message quotes.
fn quoted_in(paragraph: &[&str]) -> Option<String> {
    let mut lines = paragraph.iter().map(|line| line.trim_start_matches("<<< "));
    let diagnostic = "diagnostic-code:";
    let named = |line: &str| line.get(..diagnostic.len()).is_some_and(|name| name.eq_ignore_ascii_case(diagnostic));
    if let Some(at) = paragraph.iter().position(|line| named(line)) {
        let further = paragraph[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t']));
        let value = std::iter::once(&paragraph[at][diagnostic.len()..]).chain(further.copied());
        let value = value.map(str::trim).collect::<Vec<_>>().join(" ");
        return Some(value.split_once(';').map_or(value.as_str(), |(_, said)| said).trim().to_owned());
    }
    let text = lines.by_ref().map(str::trim).filter(|line| !line.starts_with(">>> ")).collect::<Vec<_>>().join(" ");
    if text.starts_with('<')
        && let Some((_, said)) = text.split_once(">): ").or_else(|| text.split_once(">: "))
        && !said.contains(">: ")
        && stands_alone(said)
    {
        return Some(said.to_owned());
    }
    // What our own server refused, it says in a frame of its own.
    let mut start = reply_in(&text).filter(|start| !text[..*start].contains("reject: "))?;
    // Postfix names the host that said it.
    if [" said: ", " refused to talk to me: "].iter().any(|mark| text[..start].ends_with(mark)) {
        start = text[..start].rfind("host ").filter(|host| !text[*host..].starts_with("host said")).unwrap_or(start);
        // And of a login, that it is one, and whether only its failure is remembered.
        start = if text.starts_with("SASL ") { 0 } else { start };
    }
    let (before, reply) = text.split_at(start);
    let end = match before.bytes().next_back() {
        Some(quote @ (b'\'' | b'"')) => reply.rfind(char::from(quote)),
        Some(b'(') => reply.rfind(')'),
        _ => reply.find(" Giving up on "),
    };
    Some(reply[..end.unwrap_or(reply.len())].trim().to_owned())
}

/// Where a server's reply begins in a text: at a code of a failure that stands first, or after what introduces it.
fn reply_in(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(4)).find(|&at| {
        let introduced = match bytes[..at] {
            [] | [.., b'\'' | b'"' | b'('] | [.., b':' | b';' | b',' | b'-', b' '] => true,
            [.., b' '] => bytes[at + 3] == b'-',
            _ => false,
        };
        introduced
            && matches!(bytes[at], b'4' | b'5')
            && bytes[at + 1].is_ascii_digit()
            && bytes[at + 2].is_ascii_digit()
            && matches!(bytes[at + 3], b' ' | b'-')
            && (!bytes[at + 4].is_ascii_digit() || enhanced_length(&text[at + 4..]).is_some())
    })
}

/// Whether two statements say the same, or one the beginning of the other.
fn same(one: &str, other: &str) -> bool {
    let words = |text: &str| {
        let reply = &text[reply_in(text).unwrap_or(0)..];
        let reply = reply.split(" (in reply to ").next().unwrap_or(reply);
        reply.chars().filter(char::is_ascii_alphanumeric).collect::<String>()
    };
    let (one, other) = (words(one), words(other));
    !one.is_empty() && !other.is_empty() && (one.starts_with(&other) || other.starts_with(&one))
}

/// The readable parts of a message with its headers, or of one part that is base64.
fn decoded(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains("ransfer-Encoding:") || text.contains("ransfer-encoding:") {
        let message = MessageParser::default().parse(text)?;
        let report = message.attachments().filter_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                let kind = part.content_type().map(|kind| kind.ctype().to_ascii_lowercase());
                matches!(kind.as_deref(), Some("message" | "text")).then(|| String::from_utf8_lossy(bytes).into_owned())
            }
            _ => None,
        });
        let bodies = (0..message.text_body_count()).filter_map(|at| message.body_text(at)).map(Cow::into_owned);
        let parts: Vec<String> = bodies.chain(report).collect();
        return (!parts.is_empty()).then(|| parts.join("\n\n"));
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut lines = text.lines().map(str::trim);
    let long = text.lines().next().is_some_and(|line| line.trim().len() >= 60);
    if long && lines.all(|line| line.bytes().all(letter)) {
        let code: String = text.split_whitespace().collect();
        return String::from_utf8(STANDARD.decode(code).ok()?).ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_another_server_is_asked_for_what_was_said_in_it() {
        for (line, said) in [
            (
                "delivery 17: deferral: Connected_to_192.0.2.5_but_connection_died._(#4.4.2)/",
                "Connected to 192.0.2.5 but connection died. (#4.4.2)",
            ),
            ("stat=Deferred: Connection timed out with mx.example.net.", "Connection timed out with mx.example.net."),
            (
                "failure: 192.0.2.5_does_not_like_recipient./Remote_host_said:_550_5.1.1_no_such_user/Giving_up_on_192.0.2.5./",
                "550 5.1.1 no such user",
            ),
        ] {
            assert_eq!(statements(line), [said]);
        }
    }

    #[test]
    fn a_bounce_is_asked_for_what_it_quotes() {
        let exchange = "Delivery has failed to these recipients or groups:\n\nann@contoso.example\nYour message wasn't delivered.\n\n\
            Diagnostic information for administrators:\n\nGenerating server: A1.PROD.OUTLOOK.COM\n\nann@contoso.example\n\
            Remote Server returned '550 5.7.520 Your organization doesn't allow it. AS(7555)'\n\nOriginal message headers:\n";
        assert_eq!(statements(exchange), ["550 5.7.520 Your organization doesn't allow it. AS(7555)"]);
        let exim = "The following address(es) failed:\n\n  box@example.ru\n    SMTP error from remote mail server after end of data:\n    \
            host mx.example.ru [192.0.2.65]: 554 5.7.1 Spam message\n    rejected\n";
        assert_eq!(statements(exim), ["554 5.7.1 Spam message rejected"]);
        let qmail = "Hi. This is the qmail-send program at mx.example.jp.\n\n<bob@example.org>:\n192.0.2.35 does not like recipient.\n\
            Remote host said: 550 5.1.1 <bob@example.org>... User Unknown\nGiving up on 192.0.2.35.\n";
        assert_eq!(statements(qmail), ["550 5.1.1 <bob@example.org>... User Unknown"]);
        let sendmail = "   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> RCPT To:<a@example.net>\n\
            <<< 550 5.1.1 <a@example.net>... User unknown\n";
        assert_eq!(statements(sendmail), ["550 5.1.1 <a@example.net>... User unknown"]);
        let expanded =
            "<|\"/bin/ticket\"@mail> (expanded from <a@example.org>): Command died with status\n    127: \"/bin/ticket\"\n";
        assert_eq!(statements(expanded), ["Command died with status 127: \"/bin/ticket\""]);
        let ours =
            "It's attached below.\n\n<a@example.net>: connect to mx.example.net[192.0.2.7]:25:\n    Connection timed out\n";
        assert_eq!(statements(ours), ["connect to mx.example.net[192.0.2.7]:25: Connection timed out"]);
    }

    #[test]
    fn a_report_tells_nothing_twice() {
        let message = "MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\
            Content-Transfer-Encoding: quoted-printable\n\nReturned:\n\n<a@example.net>: host mx.example.net[192.0.2.7] said: 554 =\n\
            5.7.1 No =3D no (in reply to RCPT TO command)\n\n--b\nContent-Type: message/delivery-status\n\n\
            Final-Recipient: rfc822; a@example.net\nStatus: 5.7.1\nDiagnostic-Code: smtp; 554 5.7.1 No =\n no\n\n--b--\n";
        assert_eq!(statements(message), ["host mx.example.net[192.0.2.7] said: 554 5.7.1 No = no (in reply to RCPT TO command)"]);
    }

    #[test]
    fn lines_that_stand_alone_stay_apart_and_wrapped_ones_become_whole() {
        let lines = "550-5.7.1 Not\n550 5.7.1 today\n421 4.7.0 Slow down\n\
            Nov 12 09:35:44 mail postfix/smtp[467]: 4F2C41A2B3: to=<a@example.net>, relay=none, delay=31,\n    delays=1/0/30/0, dsn=4.4.1, \
            status=deferred (connect to mx.example.net[192.0.2.7]:25:\n    Connection timed out)";
        let found = statements(lines);
        assert_eq!(found[..2], ["550-5.7.1 Not 550 5.7.1 today", "421 4.7.0 Slow down"]);
        assert!(found[2].ends_with("[192.0.2.7]:25: Connection timed out)") && found.len() == 3, "{found:?}");
        let listing = "A1B2C3D4E5*  1234 Thu Nov 12 09:00:01  app@example.org\n    (host mx.example.net[192.0.2.7] said: 450 4.2.0 Not\n    \
            yet (in reply to RCPT TO command))\n                ann@example.net\n";
        assert_eq!(statements(listing), ["host mx.example.net[192.0.2.7] said: 450 4.2.0 Not yet (in reply to RCPT TO command)"]);
        let indented = "    host mx.example.net[192.0.2.1] said: 452 4.2.2 Over quota\n    (in reply to RCPT TO command)\n";
        assert_eq!(
            statements(indented),
            ["host mx.example.net[192.0.2.1] said: 452 4.2.2 Over quota (in reply to RCPT TO command)"]
        );
        let remembered = "SASL [CACHED] authentication failed; server relay.example.net[192.0.2.7] said: 535 5.7.8 No";
        assert_eq!(statements(remembered), [remembered]);
        let own = "proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject";
        assert_eq!(statements(own), [own]);
        assert_eq!(statements("words that\nare no statement"), ["words that are no statement"]);
        assert_eq!(statements(""), [""]);
    }
}
