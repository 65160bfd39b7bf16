//! A new rule to begin with: complete, valid, its test passing; what a person must say better is marked `TODO`.

use super::reasons::Reason;
use crate::said::daemons::is_of_postfix;
use crate::said::mask::mask;
use crate::said::{Said, Voice, strip_codes};
use std::fmt::Write as _;
use std::ops::Range;

/// What a new rule is about.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Rule id and reason class.
    pub id: String,
    /// What the cause is called.
    pub title: String,
    /// Bucket id.
    pub bucket: String,
    /// The reason as logged.
    pub reason: String,
    /// Who speaks in it.
    pub voice: Voice,
    /// Whether it is final.
    pub permanent: bool,
    /// Reason class that it has already; none if nobody knows the text.
    pub class: Option<String>,
    /// The daemon that says it, where that is known.
    pub daemon: Option<String>,
    /// Whether it turned away a client, or mail of this machine.
    pub turned_away: bool,
    /// A program beside Postfix that says it in the mail log, of which nothing reads it yet.
    pub unread: Option<String>,
    /// The line that says it, where that is of a file that is no mail log.
    pub foreign: Option<String>,
}

/// A file of the scaffold: path below the folder of rules, and text.
pub type File = (String, String);

impl Seed {
    /// About a reason that was logged; the id is made of its words unless one is given.
    pub fn new(reason: &str, voice: Voice, id: Option<String>, bucket: Option<String>, class: Option<String>) -> Seed {
        let said = Said::parse(reason);
        let bucket = bucket.unwrap_or_else(|| {
            match voice {
                Voice::Remote => "remote-policy",
                Voice::OwnClient => "network-path",
                _ => "local-service",
            }
            .to_owned()
        });
        let (slug, named) = slug(&said.words);
        Seed {
            title: title(&said.words[named]),
            id: id.unwrap_or(slug),
            bucket,
            reason: reason.to_owned(),
            voice,
            permanent: said.code.is_some_and(|_| said.permanent()),
            class,
            daemon: None,
            turned_away: voice == Voice::OwnServer,
            unread: None,
            foreign: None,
        }
    }

    /// The files: an entry that classifies the reason, unless it has a class, and the rule.
    pub fn files(&self) -> Vec<File> {
        let mut files = Vec::new();
        if self.foreign.is_some() {
            files.push((format!("evidence/{}.yaml", self.id), self.kind()));
        } else if self.class.is_none() {
            files.push((format!("reasons/{}.yaml", self.id), self.entry()));
        }
        if let Some(program) = &self.unread {
            files.push((format!("evidence/{}.yaml", self.id), self.companion(program)));
        }
        files.push((format!("{}/{}.yaml", self.bucket, self.id), self.rule()));
        files
    }

    /// A kind of evidence by which the program's line in the mail log is read.
    fn companion(&self, program: &str) -> String {
        let masked = mask(&self.reason);
        let says = masked.split('…').map(str::trim).max_by_key(|piece| piece.len()).unwrap_or_default();
        format!(
            "kind: {}\ntitle: {}\ncompanions:\n  - names: [{program}]\n    # TODO: what stands in each line that tells of trouble; \
             letters count as they stand.\n    says: [{}]\n",
            self.id,
            quoted(&format!("What {program} says in the mail log")),
            quoted(says)
        )
    }

    /// A kind of evidence for a file of which it is a line.
    fn kind(&self) -> String {
        let pattern = pattern(&self.reason);
        format!(
            "kind: {}\ntitle: {}\nparser: pattern\ntable: readings\n# TODO: how the file is called, such as ['rspamd.log*']; until then its first \
             lines tell it.\nnames: []\ncontent: [{}]\npattern:\n  # TODO: keep what every such line says, and name what shall be asked: name, state, \
             number, time, text.\n  lines: [{}]\n  # What else stands in the file says nothing.\n  foreign: ['.']\n",
            self.id,
            quoted(&self.title),
            quoted(&pattern),
            quoted(&format!("(?P<text>{pattern})")),
        )
    }

    fn entry(&self) -> String {
        format!(
            "- class: {}\n  bucket: {}\n  title: {}\n  voice: {}\n  # TODO: keep what every server of this kind says, drop what only this one said.\n  any: [{}]\n  \
             examples: [{}]\n",
            self.id,
            self.bucket,
            quoted(&self.title),
            self.voice.name(),
            quoted(&self.phrase()),
            quoted(&self.reason),
        )
    }

    /// The phrase of the entry; what is turned away is told apart from its code.
    fn phrase(&self) -> String {
        pattern(&strip_codes(&Said::parse(&self.reason).words).2)
    }

    /// The entry of `reasons` with an example that the phrase would take from it.
    pub fn taken_from<'r>(&self, reasons: &'r [Reason]) -> Option<&'r Reason> {
        let phrase = regex::RegexBuilder::new(&self.phrase()).case_insensitive(true).build().ok()?;
        let taken = |text: &str| phrase.is_match(&Said::parse(text).words);
        reasons.iter().find(|entry| entry.class != self.id && entry.examples.iter().any(|(text, _)| taken(text)))
    }

    fn rule(&self) -> String {
        let class = self.class.as_deref().unwrap_or(&self.id);
        let Question { table, signal, consequence, summary, says, verify } = self.question();
        let (asked, kind, other) = match table {
            "readings" => (format!("kind: {}", self.id), self.id.as_str(), ("its file was not collected", "unknown")),
            _ => (format!("reason_class: {class}"), "maillog", ("mail that is delivered", "'no'")),
        };
        let mut out = String::new();
        let _ = write!(
            out,
            "id: {id}\ntitle: {title}\nconsequence: {consequence} # TODO: what follows, for the headline\nseverity: medium # critical, \
             high, medium or low\nsummary: >\n  {summary}\n  TODO: say in one or two sentences what that means and whose problem it \
             is.\nrequires:\n  {signal}:\n    in: {table}\n    where: {{{asked}{voice}}}\n    # TODO: how many before it is worth \
             telling?\n    expect: {{count: 1+}}\n    says: '{says}'\n# supports: and contradicts: ask \
             other evidence; `postdoc rules fields` shows what there is.\nremedy:\n  - phase: fix\n    do: 'TODO: what to do first.'\n    risk: read-only # \
             read-only, safe, caution or destructive\n    good: 'TODO: what a good result looks like'\n{verify}references: []\ntests:\n  - name: as it was \
             logged\n    given:\n      {kind}: |\n        {line}\n    expect: likely\n  - name: {name}\n    given:\n      maillog: \
             |\n        {sent}\n    expect: {unmet}\n",
            id = self.id,
            title = quoted(&self.title),
            voice = match &self.daemon {
                Some(daemon) if table == "diagnostics" && !is_of_postfix(daemon) => format!(", daemon: {daemon}"),
                _ if matches!(table, "diagnostics" | "readings") => String::new(),
                _ => format!(", voice: {}", self.voice.name()),
            },
            line = self.line(),
            sent = DELIVERED,
            name = other.0,
            unmet = other.1,
        );
        out
    }

    /// What the rule asks, by who speaks: what is said of mail stands in another table than what is said to a client or to the log.
    fn question(&self) -> Question {
        let logged = self.daemon.as_deref().is_some_and(|daemon| !is_of_postfix(daemon));
        match self.voice {
            _ if self.foreign.is_some() => Question {
                table: "readings",
                signal: "said",
                consequence: "something has not done its work",
                summary: "{{said.count}} lines of the log say: {{said.top.text}}.",
                says: "{{count}} lines: {{top.text}}",
                verify: "",
            },
            _ if logged || self.voice == Voice::OwnDaemon => Question {
                table: "diagnostics",
                signal: "warned",
                consequence: "something has not done its work",
                summary: "{{warned.count}} times the log says: {{warned.top.text}}.",
                says: "{{count}} times since {{since}}: {{top.text}}",
                verify: "  - phase: verify\n    do: See whether it is still said.\n    run: '{{show_log}} | tail -n 20'\n    risk: read-only\n    \
                         good: nothing of the kind after the change\n",
            },
            _ if self.turned_away => Question {
                table: "rejects",
                signal: "turned-away",
                consequence: "clients have not been able to send through this server",
                summary: "{{turned-away.count}} times this server turned a client away: {{turned-away.top.text}}.",
                says: "{{count}} times, clients such as {{first.client}}: {{top.text}}",
                verify: "  - phase: verify\n    do: See whether clients are still turned away.\n    run: '{{show_log}} | tail -n 20'\n    risk: \
                         read-only\n    good: nothing of the kind after the change\n",
            },
            _ => Question {
                table: "failures",
                signal: "refused",
                consequence: "its mail has waited or been returned",
                summary: "{{refused.count}} recipients did not get their mail: {{refused.top.reason}}.",
                says: "{{count}} recipients at {{list.recipient_domain}}: {{top.reason}}",
                verify: "  - phase: verify\n    do: Let one message through and watch it.\n    run: |\n      postqueue -i \
                         {{refused.first.queue_id}}\n      {{show_log}} | grep {{refused.first.queue_id}} | tail -n 3\n    risk: safe\n    good: \
                         '`status=sent`'\n",
            },
        }
    }

    /// A log line that says it.
    fn line(&self) -> String {
        if let Some(line) = &self.foreign {
            return line.chars().filter(|c| !c.is_control()).collect();
        }
        let (daemon, relay) = match self.voice {
            Voice::OwnClient => ("smtp", "none"),
            Voice::OwnFilter => ("smtp", "127.0.0.1[127.0.0.1]:10024"),
            Voice::OwnDelivery => ("local", "local"),
            Voice::OwnDaemon => (self.daemon.as_deref().unwrap_or("smtp"), ""),
            Voice::OwnServer => ("smtpd", ""),
            Voice::Remote => ("smtp", "mx.example.net[192.0.2.25]:25"),
        };
        let (status, class) = if self.permanent { ("bounced", 5) } else { ("deferred", 4) };
        let reason: String = self.reason.chars().filter(|c| !c.is_control()).collect();
        if let Some(program) = self.daemon.as_deref().filter(|daemon| !is_of_postfix(daemon)) {
            return format!("Nov 12 09:35:44 mail {program}[467]: {reason}");
        }
        if self.turned_away && self.voice == Voice::OwnFilter {
            return format!(
                "Nov 12 09:35:44 mail postfix/cleanup[467]: 4F2C41A2B3: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: {reason}; \
                 from=<someone@example.com> to=<someone@example.net> proto=ESMTP helo=<mail.example.com>"
            );
        }
        let said = match self.voice {
            Voice::OwnDaemon => format!("warning: {reason}"),
            Voice::OwnServer => format!(
                "NOQUEUE: reject: RCPT from client.example.net[192.0.2.7]: {reason}; from=<someone@example.net> to=<someone@example.com> \
                 proto=ESMTP helo=<client.example.net>"
            ),
            _ => format!(
                "4F2C41A2B3: to=<someone@example.net>, relay={relay}, delay=3, delays=0/0/3/0, dsn={class}.0.0, status={status} ({reason})"
            ),
        };
        format!("Nov 12 09:35:44 mail postfix/{daemon}[467]: {said}")
    }
}

/// What a new rule asks.
struct Question {
    /// The table.
    table: &'static str,
    /// Name of the signal.
    signal: &'static str,
    /// What follows, as far as it is known.
    consequence: &'static str,
    /// The first sentence of the summary.
    summary: &'static str,
    /// The statement.
    says: &'static str,
    /// The step that shows whether it is over.
    verify: &'static str,
}

/// A log line of a message that was delivered.
const DELIVERED: &str = "Nov 12 09:35:44 mail postfix/smtp[467]: 4F2C41A2B4: to=<someone@example.net>, \
    relay=mx.example.net[192.0.2.25]:25, delay=3, delays=0/0/3/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)";

/// Words from which a class of this voice follows when nothing else is given.
pub fn example(voice: Voice) -> &'static str {
    match voice {
        Voice::OwnClient => "the words that Postfix's own client logs",
        Voice::OwnDelivery => "the words that local delivery logs",
        _ => "host mx.example.net[192.0.2.25] said: 450 4.7.1 the words that the server says (in reply to RCPT TO command)",
    }
}

/// Words without which an id says the same.
const SMALL: [&str; 46] = [
    "the", "an", "of", "in", "on", "at", "to", "is", "are", "by", "for", "from", "with", "and", "or", "your", "did", "does",
    "was", "were", "has", "have", "had", "be", "been", "being", "will", "this", "that", "these", "there", "we", "our", "us",
    "you", "it", "its", "as", "so", "if", "but", "please", "sorry", "see", "here", "now",
];

/// The first words that say something, as an id, and where they stand.
fn slug(words: &str) -> (String, Range<usize>) {
    let mut id: Vec<String> = Vec::new();
    let mut reached = 0;
    let mut begin = None;
    for (at, word) in words.split_whitespace().map(|word| (word.as_ptr() as usize - words.as_ptr() as usize, word)) {
        // What varies from message to message names nothing.
        if mask(word).contains('…') || word.contains(|c: char| c.is_ascii_digit()) {
            continue;
        }
        begin.get_or_insert(at);
        let plain = plain_letters(&word.to_lowercase());
        let plain = plain.trim_end_matches("'s");
        let parts = plain.split(|c: char| !c.is_ascii_alphabetic()).filter(|part| part.len() > 1 && !SMALL.contains(part));
        let new: Vec<String> = parts.filter(|part| id.iter().all(|known| known != part)).map(str::to_owned).collect();
        if !new.is_empty() {
            id.extend(new);
            reached = at + word.len();
        }
        // As much as a name can be, or a sentence that says enough.
        if id.len() >= 6 || id.len() >= 3 && word.ends_with(['.', ';', '!', '?', ',']) {
            break;
        }
    }
    if id.is_empty() { ("new-reason".to_owned(), 0..0) } else { (id.join("-"), begin.unwrap_or(0)..reached) }
}

/// Letters as an id has them: `ö` becomes `oe`, `é` becomes `e`.
fn plain_letters(text: &str) -> String {
    const LETTERS: [(&str, &str); 12] = [
        ("ä", "ae"),
        ("ö", "oe"),
        ("ü", "ue"),
        ("ß", "ss"),
        ("àáâãå", "a"),
        ("èéêë", "e"),
        ("ìíîï", "i"),
        ("òóôõø", "o"),
        ("ùúû", "u"),
        ("ç", "c"),
        ("ñ", "n"),
        ("æ", "ae"),
    ];
    let plain = |c: char| LETTERS.iter().find(|(letters, _)| letters.contains(c)).map(|(_, plain)| *plain);
    let mut out = String::new();
    for c in text.chars() {
        match plain(c) {
            Some(plain) => out.push_str(plain),
            None => out.push(c),
        }
    }
    out
}

/// A title of the words that made an id.
pub fn sentence(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut chars = words.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A title: the words that make the id, as they were said.
fn title(named: &str) -> String {
    let said = named.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ')' | ']'));
    let masked = mask(said);
    let mut chars = masked.trim_matches(['…', ' ']).chars();
    chars.next().map_or_else(|| "A new reason".to_owned(), |first| first.to_uppercase().chain(chars).collect())
}

/// A regex of the words, what varies left open.
fn pattern(words: &str) -> String {
    let masked = mask(words);
    let pieces: Vec<String> = masked.split('…').map(str::trim).filter(|piece| piece.len() > 2).map(open_numbers).collect();
    if pieces.is_empty() { regex::escape(words.trim()) } else { pieces.join(".*") }
}

/// A regex of the text, in which a number that is a word may be any number.
fn open_numbers(text: &str) -> String {
    let words = text.split(' ').map(|word| match bare_number(word) {
        Some((before, after)) => format!("{}\\d+{}", regex::escape(before), regex::escape(after)),
        None => regex::escape(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What stands before and behind the number of a word that is a number and no more than punctuation.
fn bare_number(word: &str) -> Option<(&str, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (start, end) = (word.find(is_digit)?, word.rfind(is_digit)? + 1);
    let is_plain = word[start..end].chars().all(is_digit) && !word.contains(char::is_alphabetic);
    is_plain.then_some((&word[..start], &word[end..]))
}

/// The form of a reason: what is the same in all that say it, whatever the numbers in them.
pub fn form(reason: &str) -> String {
    let masked = mask(reason);
    let words = masked.split(' ').map(|word| match bare_number(word) {
        Some((before, after)) => format!("{before}…{after}"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A YAML scalar in single quotes.
fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_left_open() {
        let id = |words| slug(words).0;
        assert_eq!(id("Message from 192.0.2.1 refused by local policy XJ7"), "message-refused-local-policy");
        let title = |words: &str| title(&words[slug(words).1]);
        assert_eq!(title("Message from 192.0.2.1 refused by local policy XJ7"), "Message from … refused by local policy");
        let limited = "Gmail has detected an unusual rate of unsolicited mail originating from your IP address.";
        assert_eq!(id(limited), "gmail-detected-unusual-rate-unsolicited-mail");
        assert_eq!(title(limited), "Gmail has detected an unusual rate of unsolicited mail");
        assert_eq!(
            title("SASL authentication failed: Authentication invalid, see 77"),
            "SASL authentication failed: Authentication invalid"
        );
        assert_eq!(title("192.0.2.1"), "A new reason");
        assert_eq!(pattern("Message from 192.0.2.1 refused (policy)"), "Message from.*refused \\(policy\\)");
        assert_eq!(id("Relay-Kontingent erschöpft (déjà vu)"), "relay-kontingent-erschoepft-deja-vu");
        assert_eq!(id("The moon is in the wrong house"), "moon-wrong-house");
        assert_eq!(pattern("ask again (ticket 77), code S314"), r"ask again \(ticket \d+\), code S314");
        assert_eq!(pattern("192.0.2.1"), "192\\.0\\.2\\.1");
        assert_eq!(quoted("it's\n"), "'it''s'");
    }
}
