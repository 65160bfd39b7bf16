//! Paths of files in a bundle, in which hosts are named too: `dig-mx-acme.example.txt`.

use super::{Check, Redactor, kept, scan};
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
    (scan::is_host(name.as_str()) && !kept::is_file_ending(last)).then(|| name.range())
}

/// Learns the hosts that are named in `path`.
pub(super) fn learn(redactor: &mut Redactor<'_>, path: &str) {
    for part in path.split('/') {
        if let Some(range) = host(part) {
            redactor.learn(None, &part[range]);
        }
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
    let parts = path.split('/').map(|part| match host(part) {
        Some(range) => format!("{}{}{}", &part[..range.start], redactor.host(&part[range.clone()]), &part[range.end..]),
        None => part.to_owned(),
    });
    check.replaced(&parts.collect::<Vec<_>>().join("/"))
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
