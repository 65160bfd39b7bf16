//! Pseudonyms of people and accounts, and of the addresses made with their names.

use super::part::Part;
use super::pseudonym::Key;
use super::shapes;
use super::{Edit, Redactor, SHORTEST, apply, kept};
use crate::evidence::secrets::HIDDEN;
use regex::Regex;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Bytes that a name may have (RFC 1035; RFC 5321 has 254 for an address).
pub(super) const LONGEST_NAME: usize = 255;

impl Redactor<'_> {
    /// The pseudonym of a name of any kind.
    pub(super) fn word(&self, name: &str) -> String {
        self.made_of(name, |key, name| {
            let mut new = key.word(name);
            // Addresses that a program made up are told by the numbers in them.
            if name.as_bytes().windows(3).any(|bytes| bytes.iter().all(u8::is_ascii_digit)) {
                new.push_str(&key.number(name)[..3]);
            }
            // What is longer than any name is no name, and stays so.
            if name.len() > LONGEST_NAME { new.chars().cycle().take(name.len()).collect() } else { new }
        })
    }

    pub(super) fn named(&self, name: &str) -> String {
        if kept::is_account(name) || self.keeps(name) {
            return name.to_owned();
        }
        let new = self.pseudonym(name);
        self.note(name, &new);
        new
    }

    /// What stands for a name: the role that it begins with stays.
    pub(super) fn pseudonym(&self, name: &str) -> String {
        if name.starts_with("xn--") {
            return self.label(name);
        }
        match kept::role(name) {
            Some((role, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{role}{}", self.made_of(number, Key::number))
            }
            Some((role, rest)) => format!("{role}{}", self.word(rest)),
            None => self.word(name),
        }
    }

    /// A word that stands alone: replaced if it, or a part of it, is a known name.
    pub(super) fn bare(&self, word: &str) -> Option<String> {
        let known = |part: &str| self.known.is_name(part);
        if known(word) {
            return Some(self.named(word));
        }
        if let Some(new) = self.disguised(word) {
            return Some(new);
        }
        let has_initial = word.as_bytes()[..word.len().min(2)].iter().all(u8::is_ascii_uppercase);
        if !word.contains(['-', '_', '\'', '’']) && !has_initial {
            return None;
        }
        let mut any = false;
        let new = word
            .split_inclusive(['-', '_', '\'', '’'])
            .map(|piece| {
                let part = piece.trim_end_matches(['-', '_', '\'', '’']);
                // An initial may stand before a name: MKowalczyk
                let initial = usize::from(has_initial && !known(part) && part.len() > SHORTEST);
                if known(&part[initial..]) {
                    any = true;
                    format!("{}{}{}", &part[..initial], self.named(&part[initial..]), &piece[part.len()..])
                } else {
                    piece.to_owned()
                }
            })
            .collect();
        any.then_some(new)
    }

    pub(super) fn dotted(&self, word: &str) -> String {
        if self.known.hosts.contains(&word.trim_end_matches('.').to_lowercase()) {
            return self.host(word);
        }
        if self.known.names.contains(&word.to_lowercase()) {
            return self.named(word);
        }
        if let Some(new) = self.disguised(word) {
            return new;
        }
        let pieces = word.split('.').map(|piece| self.bare(piece).map_or(Cow::Borrowed(piece), Cow::Owned));
        pieces.collect::<Vec<_>>().join(".")
    }

    /// Where a name must stand: an account, an address, a host.
    pub(super) fn name(&self, text: &str) -> String {
        if text.parse::<IpAddr>().is_ok() {
            return self.ip_text(text, "");
        }
        if shapes::at_sign(text).is_some() {
            return self.address(text);
        }
        // What ps cuts short ends in a plus sign; a sentence ends in a dot.
        let (name, cut) = text.split_at(text.trim_end_matches(['+', '.']).len());
        if is_folder(name) {
            return text.to_owned();
        }
        if shapes::is_host(name) && !self.known.names.contains(&name.to_lowercase()) {
            return self.host(text);
        }
        format!("{}{cut}", self.local(name))
    }

    pub(super) fn address(&self, text: &str) -> String {
        let Some(at) = shapes::at_sign(text) else { return self.local(text) };
        let (local, domain) = (&text[..at.start], &text[at.end..]);
        if self.keeps(text) {
            return text.to_owned();
        }
        let domain = match domain.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => {
                let (tag, address) = inner.split_at(if inner.to_ascii_lowercase().starts_with("ipv6:") { 5 } else { 0 });
                format!("[{tag}{}]", self.ip_text(address, ""))
            }
            None => self.host(domain),
        };
        // The desks of providers that replies name are everybody's.
        if self.ordinary.is_desk(local) && text.ends_with(&domain) {
            return text.to_owned();
        }
        let new = format!("{}{}{domain}", self.local(local), &text[at]);
        self.note(text, &new);
        new
    }

    /// A local part: tags, and the addresses that VERP and SRS pack into one, stay apart.
    pub(super) fn local(&self, local: &str) -> String {
        if let Some(inner) = quoted_inner(local) {
            let quote = &local[..local.find('"').unwrap_or(0) + 1];
            return format!("{quote}{}{quote}", self.local(&unescaped(inner)));
        }
        let mut out = String::with_capacity(local.len() + 8);
        let mut later = false;
        for (piece, what) in pieces(local) {
            if what != Piece::Name {
                out.push_str(piece);
            } else if later && shapes::is_host(piece) {
                out.push_str(&self.host(piece));
            } else {
                out.push_str(&self.named(piece));
            }
            later = true;
        }
        out
    }

    /// A name in words. The authorities that sign certificates are known to everybody.
    pub(super) fn person(&self, text: &str) -> String {
        self.words_of(text, false)
    }

    /// As [`Redactor::person`], but the words of logs and programs stay.
    pub(super) fn persons_in(&self, text: &str) -> String {
        self.words_of(text, true)
    }

    fn words_of(&self, text: &str, may_be_ordinary: bool) -> String {
        if is_authority(text) || self.keeps(text) {
            return text.to_owned();
        }
        let mut edits = Vec::new();
        shapes::each(text, 0..text.len(), &mut |part, range| {
            let old = &text[range.clone()];
            let new = match part {
                Part::Word | Part::Dotted if may_be_ordinary && self.ordinary.is_word(old) => None,
                Part::Word | Part::Dotted if old.chars().any(char::is_alphabetic) && old.chars().count() > 1 => {
                    Some(self.named(old))
                }
                Part::Word if !may_be_ordinary && old.len() > SHORTEST => Some(self.made_of(old, Key::digits)),
                other => self.part(other, old, ""),
            };
            if let Some(new) = new {
                edits.push(Edit { range, new });
            }
        });
        apply(text, &edits)
    }

    /// The name that somebody gave a file: what kind of file it is stays.
    pub(super) fn file_name(&self, text: &str) -> String {
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(text) = quoted {
            return format!("\"{}\"", self.file_name(text));
        }
        match text.rsplit_once('.') {
            Some((stem, kind)) if kind.len() < 6 && kind.chars().all(char::is_alphanumeric) => {
                format!("{}.{kind}", self.word(stem))
            }
            _ => self.word(text),
        }
    }

    /// Rows of a database: what stands between single quotes may be a name, the rest is none.
    pub(super) fn strings(&self, rows: &str) -> String {
        let pieces = rows.split('\'').enumerate();
        pieces
            .map(|(at, piece)| if at % 2 == 1 { self.persons_in(piece) } else { piece.to_owned() })
            .collect::<Vec<_>>()
            .join("'")
    }

    /// A list of names, addresses and other things: `!maria, root, :include:/etc/staff`.
    pub(super) fn names(&self, list: &str) -> String {
        each_word(list, |word| self.listed(word))
    }

    /// A table that is written where it is used: `{ maria = root, 192.0.2.1 = OK }`.
    pub(super) fn pairs(&self, list: &str) -> String {
        each_word(list, |word| match word.strip_suffix(HIDDEN).and_then(|word| word.strip_suffix(':')) {
            Some(name) => format!("{}:{HIDDEN}", self.listed(name)),
            None => self.listed(word),
        })
    }

    fn listed(&self, word: &str) -> String {
        // Options of a program are none.
        if word.contains(['/', ':', '|', '$', '[', '(']) || word.starts_with('-') {
            return self.text(None, word).into_owned();
        }
        let name = listed_name(word);
        word.replacen(name, &self.part(Part::MaybeName, name, "").unwrap_or_else(|| name.to_owned()), 1)
    }
}

/// Folders that stand where a user's would.
const FOLDERS: &[&str] = &[
    "html",
    "htdocs",
    "httpdocs",
    "cgi-bin",
    "vhosts",
    "public_html",
    "www",
    "web",
    "default",
    "vmail",
    "virtual",
    "mail",
    "lost+found",
    "clients",
    "users",
    "domains",
    "sites",
    "system",
];

/// Whether it is one of them, in any case.
pub(super) fn is_folder(name: &str) -> bool {
    FOLDERS.contains(&name.to_ascii_lowercase().as_str())
}

pub(super) fn is_authority(text: &str) -> bool {
    let known = [
        "let's encrypt",
        "digicert",
        "sectigo",
        "comodo",
        "globalsign",
        "google trust",
        "isrg",
        "internet security research",
        "amazon",
        "geotrust",
        "entrust",
        "zerossl",
        "buypass",
        "t-systems",
        "telekom security",
        "actalis",
        "certum",
        "swisssign",
        "godaddy",
        "starfield",
        "verisign",
        "thawte",
        "rapidssl",
        "usertrust",
        "microsoft",
        "cloudflare",
        "quovadis",
        "ssl.com",
        "google llc",
    ];
    let lower = text.to_lowercase();
    let is_series = lower.len() <= 4
        && lower.starts_with(['r', 'e', 'x', 'w'])
        && lower[1..].bytes().all(|byte| byte.is_ascii_alphanumeric());
    lower.len() == 2 || is_series || known.iter().any(|name| lower.contains(name)) || lower.contains("snakeoil")
}

/// What stands before `=` in a log, and what VERP, SRS and BATV put before the address they pack.
fn is_keyword(piece: &str) -> bool {
    let known = [
        "to",
        "from",
        "orig_to",
        "user",
        "username",
        "sasl_username",
        "sasl_sender",
        "rcpt",
        "sender",
        "recipient",
        "mailto",
        "login",
        "srs0",
        "srs1",
        "prvs",
        "msprvs1",
        "btv1",
        "bounce",
        "bounces",
        "return",
        "verp",
        "address",
        "email",
        "mail",
        "mailfrom",
        "d",
        "i",
        "s",
        "b",
        "ruser",
        "acct",
        "owner",
        "request",
        "unsubscribe",
        "subscribe",
        "http",
        "https",
        "helo",
        "uid",
        "header.i",
        "header.b",
        "header.from",
        "smtp.mailfrom",
        "smtp.auth",
        "envelope-from",
        "rua",
        "ruf",
    ];
    known.contains(&piece.to_ascii_lowercase().as_str())
}

/// What a piece of a local part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Name,
    /// What divides names.
    Sign,
    /// What says what the next one is: `mailto=`, and the path and the keys of a URL.
    Key,
}

/// A local part taken apart at the signs that divide it.
pub(super) fn pieces(local: &str) -> Vec<(&str, Piece)> {
    static SIGNS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)=3D|=2B|=40|%40|%2B|%3D|[+=%!|/{}#&*?^~:\\\x00-\x1f\x7f]").expect("a valid pattern"));
    let mut list = Vec::new();
    let mut at = 0;
    // An encoded word has such signs, too: `=?utf-8?Q?=4F=74?=`.
    let query = local.find('?').filter(|at| local[..*at].contains([':', '/']) && local[*at..].contains('='));
    let name = |piece: &'_ str, start: usize, next: &str| {
        let of_url = query.is_some_and(|query| start < query || next == "=");
        let is_key = of_url || is_keyword(piece) && local.len() > piece.len();
        if is_key { Piece::Key } else { Piece::Name }
    };
    for sign in SIGNS.find_iter(local) {
        if sign.start() > at {
            let piece = &local[at..sign.start()];
            list.push((piece, name(piece, at, sign.as_str())));
        }
        list.push((sign.as_str(), Piece::Sign));
        at = sign.end();
    }
    if at < local.len() {
        list.push((&local[at..], name(&local[at..], at, "")));
    }
    list
}

/// A list whose words, between the signs that divide a list, are replaced by `one`.
fn each_word(list: &str, one: impl Fn(&str) -> String) -> String {
    let divides = |c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | '=');
    let mut out = String::with_capacity(list.len() + 8);
    for piece in list.split_inclusive(divides) {
        let word = piece.trim_end_matches(divides);
        if !word.is_empty() {
            out.push_str(&one(word));
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// The names in a list; see [`Redactor::names`].
pub(super) fn in_list(list: &str) -> impl Iterator<Item = &str> {
    let words = list.split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | '='));
    let words = words.map(|word| word.strip_suffix(HIDDEN).and_then(|word| word.strip_suffix(':')).unwrap_or(word));
    words.filter(|word| !word.contains(['/', ':', '|', '$', '[', '('])).map(listed_name).filter(|name| !name.is_empty())
}

/// A name in a list without what may stand around it: that it is none of them, or that it is not to be expanded.
fn listed_name(word: &str) -> &str {
    word.trim_start_matches(['!', '\\']).trim_matches('"')
}

/// What stands between the quotes of a quoted local part; the quotes may be escaped themselves.
fn quoted_inner(local: &str) -> Option<&str> {
    let quote = if local.starts_with("\\\"") { "\\\"" } else { "\"" };
    local.strip_prefix(quote)?.strip_suffix(quote)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    out
}

pub(super) fn unquoted(local: &str) -> Cow<'_, str> {
    quoted_inner(local).map_or(Cow::Borrowed(local), |inner| Cow::Owned(unescaped(inner)))
}
