//! Paths of files in a bundle, in which hosts and people are named too: `dig-mx-acme.example.txt`, `home/maria/mbox`.

use super::part::Part;
use super::shapes;
use super::{Check, Edit, Redactor, apply, contexts, kept};
use crate::sieve::Sieve;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Where in a part of a path a host name stands: behind the name of a tool, or alone.
fn host(part: &str) -> Option<Range<usize>> {
    static BEHIND_TOOL: LazyLock<Regex> = LazyLock::new(|| {
        let tools = "dig|host|nslookup|nc|openssl|curl|ping|mtr|traceroute|swaks|telnet|whois|output|sosreport|postdoc|bundle";
        let kinds = r"a|aaaa|mx|txt|ptr|ns|any|x|soa|cname|s_client|tls|smtp|\d+";
        let ends = "txt|log|out|json|md|tar|tgz|gz";
        let pattern = format!(
            r"(?i)^(?:(?:{tools})[-_ .](?:(?:{kinds})[-_ .])*)?(?:_dmarc\.)?(?P<n>[\w.-]+?)(?: output)?(?:\.(?:{ends}))*$"
        );
        Regex::new(&pattern).expect("a valid pattern")
    });
    let name = BEHIND_TOOL.captures(part)?.name("n")?;
    let last = name.as_str().rsplit('.').next().unwrap_or_default();
    (shapes::is_host(name.as_str()) && !kept::is_file_ending(last)).then(|| name.range())
}

/// Where in a part of a path an address stands: before the ending of the file's name.
fn address(part: &str) -> Option<Range<usize>> {
    let name = std::iter::successors(Some(part), |name| kept::document(name)).last()?;
    shapes::at_sign(name).map(|_| 0..name.len())
}

/// Where names stand in a path, in order.
fn names(path: &str) -> Vec<(Part, Range<usize>)> {
    let whole = format!("/{path}");
    let mut list: Vec<(Part, Range<usize>)> = Vec::new();
    let mut start = 0;
    for part in path.split('/') {
        let found = address(part).map(|range| (Part::Address, range)).or_else(|| Some((Part::Host, host(part)?)));
        list.extend(found.map(|(what, range)| (what, start + range.start..start + range.end)));
        start += part.len() + 1;
    }
    // First and last name: notes-Maria-Krautwurst.txt
    static PEOPLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[-_ /])(?P<first>\p{Lu}\p{Ll}{2,})[-_ ](?P<last>\p{Lu}\p{Ll}{2,})(?:[-_ ./]|$)")
            .expect("a valid pattern")
    });
    for found in PEOPLE.captures_iter(path) {
        for range in ["first", "last"].into_iter().filter_map(|name| Some(found.name(name)?.range())) {
            if list.iter().all(|(_, other)| other.end <= range.start || range.end <= other.start) {
                list.push((Part::MaybeName, range));
            }
        }
    }
    // Home folders and the like.
    for (start, (end, what)) in contexts::named(&Sieve::default(), None, &whole) {
        let range = start.saturating_sub(1)..end.saturating_sub(1);
        if list.iter().all(|(_, other)| other.end <= range.start || range.end <= other.start) {
            list.push((what, range));
        }
    }
    list.sort_by_key(|(_, range)| range.start);
    list
}

/// Learns the names in `path`.
pub(super) fn learn(redactor: &mut Redactor<'_>, path: &str) {
    for (what, range) in names(path) {
        redactor.learn_part(what, &path[range]);
    }
}

impl Redactor<'_> {
    /// The path of a file of a bundle with pseudonyms.
    pub fn path(&self, check: &Check, path: &str) -> String {
        redacted(self, check, path)
    }
}

/// The path with pseudonyms.
pub(super) fn redacted(redactor: &Redactor<'_>, check: &Check, path: &str) -> String {
    let edits = names(path).into_iter().filter_map(|(what, range)| {
        let new = redactor.part(what, &path[range.clone()], "")?;
        Some(Edit { range, new })
    });
    check.replaced(&apply(path, &edits.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_are_found_in_names_of_files() {
        for (part, name) in [
            ("dig-mx-gmail.com", Some("gmail.com")),
            ("dig-txt-_dmarc.acme.example.txt", Some("acme.example")),
            ("dig txt acme.example output.txt", Some("acme.example")),
            ("mail.acme.de", Some("mail.acme.de")),
            ("mail.log", None),
            ("main.cf", None),
            ("postqueue-p.txt", None),
            ("mail.log.1.gz", None),
        ] {
            assert_eq!(host(part).map(|range| &part[range]), name, "{part}");
        }
    }
}
