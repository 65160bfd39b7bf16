//! What a user adds to redaction: names to keep, words to replace besides, and patterns of one's own in YAML.
//!
//! ```yaml
//! keep: [partner.example, noc@partner.example, 198.51.100.0/24]
//! also: [Kranich]                # a word, wherever it stands and whatever its case
//! patterns:
//!   - matches: 'KD-(\d{6})'      # the first group is replaced, or all that matches
//!     with: '000000'             # optional; a pseudonym without it
//! ```

use super::kept::is_below;
use crate::files;
use crate::rules::problem::{Place, Problems};
use crate::rules::yaml::Reader;
use regex::{Regex, RegexBuilder};
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;

/// What to keep and what to replace besides.
#[derive(Debug, Default)]
pub struct Policy {
    keep: Vec<String>,
    networks: Vec<(IpAddr, u32)>,
    pub(super) also: Vec<String>,
    patterns: Vec<Own>,
}

/// A pattern of the user's own.
#[derive(Debug)]
struct Own {
    regex: Regex,
    with: Option<String>,
}

/// Why a file of patterns is not taken.
#[derive(Debug)]
pub enum PolicyError {
    /// It cannot be read.
    Unreadable(String, std::io::Error),
    /// What is wrong in it.
    Wrong(Problems),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyError::Unreadable(path, error) => write!(out, "{path}: cannot be read: {error}"),
            PolicyError::Wrong(problems) => {
                let list: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
                write!(out, "{}", list.join("\n"))
            }
        }
    }
}

impl std::error::Error for PolicyError {}

impl Policy {
    /// Keeps a domain and what is below it, an address, a network, or an account.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn keep(&mut self, name: &str) -> Result<(), String> {
        let name = name.trim();
        if let Some(network) = network(name) {
            self.networks.push(network);
        } else if name.is_empty() || name.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | ';')) {
            return Err(format!("`{name}` is no domain, address, network or account"));
        } else {
            self.keep.push(name.trim_start_matches("*.").trim_matches('.').to_lowercase());
        }
        Ok(())
    }

    /// Replaces a word or phrase wherever it stands.
    ///
    /// # Errors
    /// If there is no letter or digit in it.
    pub fn also(&mut self, words: &str) -> Result<(), String> {
        let words = words.trim();
        if !words.contains(char::is_alphanumeric) {
            return Err(format!("`{words}` has no letter by which it could be found"));
        }
        if words.chars().all(char::is_alphanumeric) {
            self.also.push(words.to_owned());
        } else {
            let spaced: Vec<String> = words.split_whitespace().map(regex::escape).collect();
            let pattern = format!(r"(?:^|\W)({})(?:\W|$)", spaced.join(r"\s+"));
            if let Ok(regex) = RegexBuilder::new(&pattern).case_insensitive(true).size_limit(SIZE).build() {
                self.patterns.push(Own { regex, with: None });
            }
        }
        Ok(())
    }

    /// Adds what the YAML file at `path` says.
    ///
    /// # Errors
    /// If it cannot be read, with every problem in it otherwise.
    pub fn read(&mut self, path: &Path) -> Result<(), PolicyError> {
        let shown = path.display().to_string();
        let text = files::text(path, files::LARGEST_OPTIONS).map_err(|error| PolicyError::Unreadable(shown.clone(), error))?;
        let mut reader = Reader::new(&shown, &text);
        self.read_text(&mut reader);
        if reader.problems.is_empty() { Ok(()) } else { Err(PolicyError::Wrong(Problems(reader.problems))) }
    }

    fn read_text(&mut self, reader: &mut Reader<'_>) {
        let Some(root) = reader.parse() else { return };
        let mut fields = reader.fields(root, "redaction");
        for (name, place) in fields.take("keep").map(|node| reader.texts(node, "keep")).unwrap_or_default() {
            self.keep(&name).unwrap_or_else(|wrong| reader.problem(place, wrong, None));
        }
        for (words, place) in fields.take("also").map(|node| reader.texts(node, "also")).unwrap_or_default() {
            self.also(&words).unwrap_or_else(|wrong| reader.problem(place, wrong, None));
        }
        for node in fields.take("patterns").map(|node| reader.list(node)).unwrap_or_default() {
            let mut pattern = reader.fields(node, "a pattern");
            let at = pattern.place;
            let matches = pattern.need(reader, "matches").map(|node| (reader.text(&node, "matches"), node.place));
            let with = pattern.take("with").map(|node| reader.text(&node, "with"));
            pattern.finish(reader);
            if let Some(with) = with.as_ref().filter(|with| with.len() > LONGEST) {
                let why = format!("what is to stand there has {} bytes, at most {LONGEST} are taken", with.len());
                reader.problem(at, why, None);
                continue;
            }
            if let Some((text, place)) = matches {
                self.pattern(reader, &text, place, with);
            }
        }
        fields.finish(reader);
    }

    fn pattern(&mut self, reader: &mut Reader<'_>, text: &str, place: Place, with: Option<String>) {
        match RegexBuilder::new(text).size_limit(SIZE).build() {
            Ok(regex) if regex.is_match("") => {
                reader.problem(place, "this pattern matches the empty text, so it would match everywhere", None);
            }
            Ok(regex) => self.patterns.push(Own { regex, with }),
            Err(error) => reader.problem(place, explain(&error), None),
        }
    }

    /// Whether a name (in lower case) is to be kept: itself, its domain, or one above that.
    pub(super) fn keeps(&self, name: &str) -> bool {
        if self.keep.is_empty() {
            return false;
        }
        let name = name.to_lowercase();
        self.keep.iter().any(|keep| {
            // Who writes from a domain that is kept is still a person.
            let of_domain = keep.contains('.') && !keep.contains('@') && !name.contains('@');
            *keep == name || of_domain && is_below(&name, keep)
        })
    }

    pub(super) fn keeps_ip(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|(network, length)| match (network, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
            }
            _ => false,
        })
    }

    /// Whether there are patterns of one's own.
    pub(super) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// What patterns of one's own match in `text`, and what is to stand there; a pseudonym where that is not said.
    pub(super) fn own(&self, text: &str) -> Vec<(Range<usize>, Option<String>)> {
        let mut found: Vec<(Range<usize>, Option<String>)> = Vec::new();
        for own in &self.patterns {
            for captures in own.regex.captures_iter(text) {
                let Some(part) = captures.get(1).or_else(|| captures.get(0)) else { continue };
                if !part.is_empty() && found.iter().all(|(range, _)| part.end() <= range.start || part.start() >= range.end) {
                    found.push((part.range(), own.with.clone()));
                }
            }
        }
        found
    }
}

/// Bytes of what is written for each match of a pattern of one's own.
const LONGEST: usize = 1_000;

/// Bytes that a pattern of one's own may take when compiled.
const SIZE: usize = 1 << 20;

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, length) = text.split_once('/').map_or((text, None), |(ip, length)| (ip, Some(length)));
    let ip: IpAddr = ip.parse().ok()?;
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(longest), |length| length.parse().ok())?;
    (length <= longest).then_some((ip, length))
}

/// The last line of the regex crate's report, which says what is wrong.
fn explain(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("the regular expression is not valid: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_networks_are_kept() {
        let mut policy = Policy::default();
        for name in ["Partner.example", "198.51.100.0/24", "noc@acme.example"] {
            policy.keep(name).unwrap();
        }
        for wrong in ["10.0.0.0/33", "300.1.2.0/24", "a b", " "] {
            assert!(policy.keep(wrong).is_err(), "{wrong}");
        }
        assert!(!policy.keeps("joe@mx.partner.example"));
        assert!(policy.keeps("mx.partner.example") && policy.keeps("noc@ACME.example") && !policy.keeps("otherpartner.example"));
        assert!(policy.keeps_ip("198.51.100.9".parse().unwrap()) && !policy.keeps_ip("198.51.101.9".parse().unwrap()));
    }

    #[test]
    fn patterns_are_checked_with_their_place() {
        let text = "also: [Kranich, Projekt Roter Hahn]\nkeep: [10.0.0.0/33]\npatterns:\n  - matches: 'KD-(\\d+)'\n    with: '0'\n  - matches: 'a*'\n  - matches: '('\nkep: []\n";
        let mut policy = Policy::default();
        let mut reader = Reader::new("own.yaml", text);
        policy.read_text(&mut reader);
        let lines: Vec<u32> = reader.problems.iter().map(|problem| problem.place.line).collect();
        assert_eq!(lines, [2, 6, 7, 8], "{:?}", reader.problems);
        let found = policy.own("for KD-1234 and projekt roter  hahn");
        assert_eq!(found, [(16..35, None), (7..11, Some("0".to_owned()))]);
    }

    #[test]
    fn what_stands_for_a_match_has_a_bounded_length() {
        for (length, problems) in [(LONGEST, 0), (LONGEST + 1, 1)] {
            let text = format!("patterns:\n  - matches: 'KD-\\d+'\n    with: '{}'\n", "0".repeat(length));
            let mut reader = Reader::new("own.yaml", &text);
            Policy::default().read_text(&mut reader);
            let told: Vec<&str> = reader.problems.iter().map(|problem| problem.message.as_str()).collect();
            assert_eq!(told.len(), problems, "{told:?}");
            assert!(told.iter().all(|message| message.contains("1001 bytes, at most 1000")), "{told:?}");
        }
    }
}
