//! What a redacted bundle says of itself: the names and addresses in it that are pseudonyms already. Who redacts it again with
//! the same key leaves them as they are. The list is signed with the key, so that nobody else can pass a name off for one.

use super::pseudonym::Key;
use rustc_hash::FxHashSet;
use std::net::IpAddr;

/// How the list begins; its signature follows.
const TITLE: &str = "pseudonyms of postdoc redact, signed with its key: ";

/// Pseudonyms.
#[derive(Debug, Clone, Default)]
pub(super) struct Ours {
    /// In lower case.
    names: FxHashSet<String>,
    addresses: FxHashSet<IpAddr>,
}

impl Ours {
    /// Those in a list that was signed with `key`.
    pub(super) fn read(list: &str, key: &Key) -> Option<Ours> {
        let (title, body) = list.split_once('\n')?;
        if title.strip_prefix(TITLE)? != key.signature(body.as_bytes()) {
            return None;
        }
        let mut ours = Ours::default();
        for line in body.lines() {
            match line.parse() {
                Ok(ip) => drop(ours.addresses.insert(ip)),
                Err(_) => drop(ours.names.insert(line.to_owned())),
            }
        }
        Some(ours)
    }

    /// The list, in a fixed order and signed with `key`.
    pub(super) fn list(&self, key: &Key) -> String {
        let mut lines: Vec<String> = self.names.iter().cloned().chain(self.addresses.iter().map(IpAddr::to_string)).collect();
        lines.sort_unstable();
        let body: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        format!("{TITLE}{}\n{body}", key.signature(body.as_bytes()))
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        !self.names.is_empty() && self.names.contains(&name.to_lowercase())
    }

    pub(super) fn has_address(&self, ip: IpAddr) -> bool {
        self.addresses.contains(&ip)
    }

    pub(super) fn add_name(&mut self, name: &str, most: usize) {
        if self.names.len() < most {
            self.names.insert(name.to_lowercase());
        }
    }

    pub(super) fn add_address(&mut self, ip: IpAddr, most: usize) {
        if self.addresses.len() < most {
            self.addresses.insert(ip);
        }
    }

    pub(super) fn join(&mut self, other: Ours) {
        self.names.extend(other.names);
        self.addresses.extend(other.addresses);
    }
}
