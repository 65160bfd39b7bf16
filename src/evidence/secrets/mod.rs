//! Secrets never leave: passwords, keys, SASL blobs, cookies and tokens are taken out of every line that is shown or
//! written, whether or not a report is redacted.
//!
//! ```text
//! [smtp.example.net]:587 app@example.net:hunter2      ->  [smtp.example.net]:587 app@example.net:(hidden)
//! AUTH PLAIN AGFwcABodW50ZXIy                         ->  AUTH PLAIN (hidden)
//! mysql://mail:hunter2@db/postfix                     ->  mysql://mail:(hidden)@db/postfix
//! ```

mod known;

pub use known::{KnownSecrets, SecretFinder};

use crate::rules::lazy::{Dialect, LazyRegex};
use crate::rules::secrets::within_quotes;
pub use crate::rules::secrets::{HIDDEN, SecretKind};
use crate::sieve::Sieve;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// Bytes up to which a line may name what the next one holds.
const LONGEST_NAMED: usize = 200;

/// Takes secrets out of the lines of one file, in order; private keys reach over several lines, and what answers a prompt
/// stands in the line after it.
#[derive(Debug)]
pub struct SecretRemover {
    block: Option<Block>,
    prompted: bool,
    /// What the next line may hold the value of.
    named: Option<Named>,
    /// Whether lines `NAME:PASSWORD` follow, as chpasswd takes them.
    in_list: bool,
    /// Whether every line `KEY NAME:VALUE` of this file is a secret: a password file by its name.
    password_file: bool,
    /// What secrets look like, and what other files give away.
    known: SecretFinder,
}

/// Lines that are a private key.
#[derive(Debug, Clone, Copy)]
enum Block {
    /// Up to this mark.
    Until(&'static str),
    /// So many.
    Lines(u32),
}

/// Where a name stands on a line of its own, and its value on the next.
#[derive(Debug, Clone, Copy)]
enum Named {
    /// `name: SMTP_PASSWORD`, and `value: ...`
    Value,
    /// `"--password",` of a list, and the word after it.
    Word,
}

impl SecretRemover {
    /// For the file at `path`, whose name may say that it holds passwords. What `finder` knows is taken out wherever it stands.
    pub fn for_file(path: &str, finder: &SecretFinder) -> SecretRemover {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let password_file = finder.secrets.files.iter().any(|part| name.contains(part.as_str()));
        let known = finder.clone();
        SecretRemover { block: None, prompted: false, named: None, in_list: false, password_file, known }
    }

    /// The line without secrets, and what kind the first one was.
    pub fn line<'t>(&mut self, line: &'t str) -> (Cow<'t, str>, Option<SecretKind>) {
        self.line_telling(line, &mut |_| {})
    }

    /// As [`SecretRemover::line`]; `tell` is told each secret that its shape or its place gives away.
    pub fn line_telling<'t>(&mut self, line: &'t str, tell: &mut dyn FnMut(&str)) -> (Cow<'t, str>, Option<SecretKind>) {
        let clean = self.by_its_place(line, tell).unwrap_or_else(|| self.known.secrets.take_out(line, tell));
        self.known.and_known(clean)
    }

    /// As [`SecretRemover::line_telling`], of a line whose shape was looked at before, by another thread.
    pub fn line_shaped(&mut self, line: String, shape: Shape, tell: &mut dyn FnMut(&str)) -> (String, Option<SecretKind>) {
        if let Some(clean) = self.by_its_place(&line, tell) {
            let (clean, kind) = self.known.and_known(clean);
            return (clean.into_owned(), kind);
        }
        shape.secrets.iter().for_each(|secret| tell(secret));
        (shape.clean.unwrap_or(line), shape.kind)
    }

    /// The line without a secret that is one by where it stands, or by the lines before.
    fn by_its_place<'t>(&mut self, line: &'t str, tell: &mut dyn FnMut(&str)) -> Option<(Cow<'t, str>, Option<SecretKind>)> {
        if let Some(hidden) = self.key_line(line) {
            return Some((hidden, Some("private key".into())));
        }
        if let Some(secret) = self.answer(line) {
            return Some((without(line, secret), Some("SASL credentials".into())));
        }
        let (secret, kind) = if let Some(secret) = self.named(line) {
            (secret, "password")
        } else if let Some(secret) = self.listed(line) {
            (secret, "password on a command line")
        } else {
            (self.password_file.then(|| in_password_file(line)).flatten()?, "password in a lookup table")
        };
        tell(&line[secret.clone()]);
        Some((without(line, secret), Some(kind.into())))
    }

    /// A line of a private key.
    fn key_line<'t>(&mut self, line: &'t str) -> Option<Cow<'t, str>> {
        match self.block {
            Some(Block::Until(mark)) => {
                let end = line.find(mark);
                self.block = self.block.filter(|_| end.is_none());
                return Some(Cow::Borrowed(end.map_or(HIDDEN, |at| &line[at..])));
            }
            Some(Block::Lines(left)) => {
                self.block = (left > 1).then(|| Block::Lines(left - 1));
                return Some(Cow::Borrowed(HIDDEN));
            }
            None => {}
        }
        // PuTTY's
        if let Some(count) = line.strip_prefix("Private-Lines: ") {
            self.block = count.trim().parse().ok().filter(|count| *count > 0).map(Block::Lines);
            return None;
        }
        if line.starts_with("Private-MAC: ") {
            return Some(Cow::Owned(format!("Private-MAC: {HIDDEN}")));
        }
        let (begin, end) = match line.contains("---- BEGIN SSH2 ") {
            true => ("---- BEGIN ", "---- END"),
            false => ("-----BEGIN ", "-----END"),
        };
        let start = line.find("PRIVATE KEY").filter(|start| line[..*start].contains(begin))?;
        let frame = line[start..].find("----").map(|at| start + at)?;
        let after = frame + line[frame..].bytes().take_while(|byte| *byte == b'-').count();
        if line[after..].contains(end) {
            return None;
        }
        self.block = Some(Block::Until(end));
        let rest = if line[after..].trim().is_empty() { "" } else { HIDDEN };
        Some(Cow::Owned(format!("{}{rest}", &line[..after])))
    }

    /// The value of what the line before names.
    fn named(&mut self, line: &str) -> Option<Range<usize>> {
        static NAME: LazyLock<LazyRegex> = LazyLock::new(|| {
            let name = r#"(?i)^\s*(?:- )?(?:(?P<name>["']?name["']?\s*[:=]\s*)["']?[\w.-]*|["']?--?(?:[\w-]+-)?)(?:password|passwd|passphrase|pass|secret|token|_key|_pw)["']?,?\s*$"#;
            LazyRegex::valid(name, Dialect::Line)
        });
        static VALUE: LazyLock<LazyRegex> = LazyLock::new(|| {
            let value = r#"(?i)^\s*(?:- )?(?P<value>["']?value["']?\s*[:=]\s*)?(?P<s>"[^"]+"|'[^']+'|[^\s"'].*?),?\s*$"#;
            LazyRegex::valid(value, Dialect::Line)
        });
        let named = self.named.take();
        if line.len() < LONGEST_NAMED && (line.contains("name") || line.contains("--")) {
            self.named = NAME.captures(line).map(|found| if found.range("name").is_some() { Named::Value } else { Named::Word });
        }
        let found = named.and_then(|named| {
            let found = VALUE.captures(line)?;
            let fits = matches!(named, Named::Value) == found.range("value").is_some();
            found.range("s").filter(|_| fits)
        });
        found.map(|range| within_quotes(line, range)).filter(|range| !line[range.clone()].starts_with(['-', '$', '/']))
    }

    /// The answer to a question of the server's in the line before: a password, or what a challenge (CRAM-MD5) makes of one.
    fn answer(&mut self, line: &str) -> Option<Range<usize>> {
        if !std::mem::replace(&mut self.prompted, is_prompt(line)) {
            return None;
        }
        let line = line.trim_end();
        let answer = line.rsplit(char::is_whitespace).next().unwrap_or_default();
        (answer.len() >= 4 && STANDARD.decode(answer).is_ok()).then(|| line.len() - answer.len()..line.len())
    }

    /// The password in a line of what chpasswd is told, in a script or by cloud-init.
    fn listed(&mut self, line: &str) -> Option<Range<usize>> {
        static LISTED: LazyLock<LazyRegex> =
            LazyLock::new(|| LazyRegex::valid(r"^\s*(?:- )?[\w.@-]+:(?P<s>[^\s:]\S*)\s*$", Dialect::Line));
        if !self.in_list {
            let end = line.trim_end();
            self.in_list =
                line.contains("chpasswd") && (end.ends_with("chpasswd:") || end.contains("<<") && !end.contains("<<<"));
            return None;
        }
        // Settings of cloud-init stand before the list.
        let is_setting = ["list:", "users:", "expire:"].iter().any(|start| line.trim_start().starts_with(start));
        let found = LISTED.captures(line).and_then(|found| found.range("s"));
        self.in_list = is_setting || found.is_some();
        found.filter(|_| !is_setting)
    }
}

/// Whether a server asks for something that is secret, in base64: for anything but a name.
fn is_prompt(line: &str) -> bool {
    static PROMPT: LazyLock<LazyRegex> =
        LazyLock::new(|| LazyRegex::valid(r"(?:^[\s<>~*=SC:-]*|: )334(?:[ -](?P<s>[A-Za-z0-9+/]*={0,2}))?\s*$", Dialect::Line));
    if !line.contains("334") {
        return false;
    }
    let asked = PROMPT.captures(line).map(|found| found.range("s").map_or("", |range| &line[range]));
    asked.is_some_and(|asked| !asked.starts_with("VXNlcm5hbWU6") && !asked.starts_with("dXNlcm5hbWU6"))
}

/// The password in a line of a password file: what follows the first colon of the value, or of the whole line.
fn in_password_file(line: &str) -> Option<Range<usize>> {
    let text = line.trim_end();
    let start = text.len() - text.trim_start_matches(['#', ' ', '\t']).len();
    let is_colon = |at: &usize| text.as_bytes()[*at] == b':' && text.as_bytes()[at - 1] != b'\\';
    let colons: Vec<usize> = (start + 1..text.len()).filter(is_colon).take(6).collect();
    if !text[start..].contains(char::is_whitespace) {
        let last = match colons[..] {
            // host, port, database, user and password of a .pgpass
            [first, second, _, last] if is_port(&text[first + 1..second]) => Some(last),
            // host, user and password, as Exim has them
            [first, last] if text[start..first].contains(['.', '*']) => Some(last),
            _ => None,
        };
        if let Some(last) = last.filter(|last| last + 1 < text.len()) {
            return Some(last + 1..text.len());
        }
    }
    let value = text[start..].find(char::is_whitespace).map_or(start, |at| start + at + 1);
    let secret = value + text[value..].find(':')? + 1;
    // In a file of the shape of shadow(5), what follows the hash is no secret.
    let end = if value == start { text[secret..].find(':').map_or(text.len(), |at| secret + at) } else { text.len() };
    let is_locked = text[secret..end].chars().all(|c| matches!(c, '*' | '!' | 'x'));
    (end > secret && !is_locked).then_some(secret..end)
}

/// A port, or any.
fn is_port(text: &str) -> bool {
    text == "*" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The line without its secret.
fn without(line: &str, secret: Range<usize>) -> Cow<'_, str> {
    Cow::Owned(format!("{}{HIDDEN}{}", &line[..secret.start], line[secret.end..].trim_end()))
}

/// What the shape of a line gives away, whatever stands before it.
#[derive(Debug, Default)]
pub struct Shape {
    /// The line without secrets, where it holds any.
    clean: Option<String>,
    kind: Option<SecretKind>,
    secrets: Vec<String>,
}

/// Looks at the shapes of very many lines, on one thread.
#[derive(Debug, Default)]
pub struct Shapes(Sieve);

impl Shapes {
    /// What the shape of a line gives away, or another place that is `known`.
    pub fn of(&self, line: &str, known: &SecretFinder) -> Shape {
        let forms = &*known.secrets;
        let possible = self.0.possible(forms.marks(), &|| forms.patterns(), line);
        let mut secrets = Vec::new();
        let found = match forms.take_out_of(line, possible, &mut |_| {}) {
            // What is left of it may be of another shape.
            (Cow::Owned(_), _) => forms.take_out(line, &mut |secret| secrets.push(secret.to_owned())),
            none => none,
        };
        let (clean, kind) = known.and_known(found);
        let clean = match clean {
            Cow::Owned(clean) => Some(clean),
            Cow::Borrowed(_) => None,
        };
        Shape { clean, kind, secrets }
    }
}

/// A secret that stands in a file: its line, from 1, and what kind it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Line, from 1.
    pub line: u32,
    /// What it is, in words.
    pub kind: SecretKind,
}

/// A text of a file without the secrets that `remover` takes out of it, and the first of each kind; `tell` is told each.
pub fn taken_out<'t>(mut remover: SecretRemover, text: &'t str, tell: &mut dyn FnMut(&str)) -> (Cow<'t, str>, Vec<Found>) {
    let mut list: Vec<Found> = Vec::new();
    let mut clean = String::new();
    let mut kept = 0;
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let bare = line.trim_end_matches(['\n', '\r']);
        let (without, kind) = remover.line_telling(bare, tell);
        if let Some(kind) = kind {
            if list.iter().all(|known| known.kind != kind) {
                list.push(Found { line: number, kind });
            }
            clean.push_str(&text[kept..at]);
            clean.push_str(&without);
            kept = at + bare.len();
        }
        at += line.len();
    }
    if list.is_empty() {
        return (Cow::Borrowed(text), list);
    }
    clean.push_str(&text[kept..]);
    (Cow::Owned(clean), list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleSet;

    #[test]
    fn private_keys_and_password_files_are_taken_out_line_by_line() {
        let finder = SecretFinder::of(&RuleSet::built_in());
        let mut remover = SecretRemover::for_file("etc/dkim.txt", &finder);
        let lines: Vec<String> = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEow", "-----END RSA PRIVATE KEY-----", "after"]
            .map(|line| remover.line(line).0.into_owned())
            .into();
        assert_eq!(lines, ["-----BEGIN RSA PRIVATE KEY-----", HIDDEN, "-----END RSA PRIVATE KEY-----", "after"]);
        let mut remover = SecretRemover::for_file("etc/postfix/sasl_passwd", &finder);
        assert_eq!(remover.line("relay.example\tjoe:hunter2 and more").0, "relay.example\tjoe:(hidden)");
        assert_eq!(remover.line("relay.example joe:hunter2").0, "relay.example joe:(hidden)");
        assert_eq!(remover.line("# relay.example").0, "# relay.example");
        for (path, lines) in [
            ("pgp.asc", ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "hunter2", "-----END PGP PRIVATE KEY BLOCK-----", "after"]),
            ("a", ["---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", "hunter2", "---- END SSH2 ENCRYPTED PRIVATE KEY ----", "after"]),
            ("a.ppk", ["Private-Lines: 1", "hunter2", "Private-MAC: hunter2", "after"]),
            ("k8s.yaml", ["- name: SMTP_PASSWORD", "  value: \"hunter2\"", "- name: SMTP_HOST", "  value: after"]),
            ("a.json", ["\"--password\",", "\"hunter2\",", "\"--host\",", "\"after\""]),
            (".pgpass", ["localhost:5432:mail:post\\:fix:hunter2", "*:*:*:joe:hunter2", "# note", "# after"]),
            ("passwd.client", ["*.a.example:joe:hunter2", "a.example:joe@b.example:hunter2", "# note", "# after"]),
        ] {
            let mut remover = SecretRemover::for_file(path, &finder);
            let text = lines.map(|line| remover.line(line).0.into_owned()).join("\n");
            assert!(text.contains(HIDDEN) && !text.contains("hunter2") && text.contains("after"), "{path}: {text}");
        }
        let mut remover = SecretRemover::for_file("swaks.txt", &finder);
        let said = [
            "<~  334 UGFzc3dvcmQ6",
            " ~> aHVudGVyMg==",
            "<~  235 2.7.0 ok",
            " ~> aHVudGVyMg==",
            "<-  334 PDEuMkBteD4=",
            " -> am9lIGI5MTM=",
        ];
        let shown = said.map(|line| remover.line(line).0.into_owned());
        assert_eq!(shown, [said[0], " ~> (hidden)", said[2], said[3], said[4], " -> (hidden)"]);
        let mut remover = SecretRemover::for_file("user-data", &finder);
        let said = ["chpasswd:", "  expire: false", "  list: |", "    joe:hunter2", "    root:hunter2", "runcmd:", "  - a:b"];
        let shown = said.map(|line| remover.line(line).0.into_owned());
        assert_eq!(shown, [said[0], said[1], said[2], "    joe:(hidden)", "    root:(hidden)", said[5], said[6]]);
    }
}
