//! One file with the output of several commands: a pasted terminal, the log of a script, `tail` of several files.
//!
//! ```text
//! root@mx1:~# postqueue -p | tail -n 1
//! -- 2 Kbytes in 1 Request.
//! root@mx1:~# cat /etc/hosts
//! 127.0.0.1 localhost
//! ===== df -h =====
//! Filesystem      Size  Used Avail Use% Mounted on
//! ==> /var/log/mail.log <==
//! ```
//!
//! Or a ticket, in which each output stands in a code block of its own, below the words about it.

use super::paste::FENCE;
use crate::rules::lazy::{Dialect, LazyRegex};
use std::sync::LazyLock;

/// What the kind of a file is called that holds the output of several commands, as a terminal shows it.
pub const KIND: &str = "transcript";

/// What the kind of a report of our own is called, which quotes evidence and commands and is neither.
pub const OWN_REPORT: &str = "own-report";

/// The output of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'t> {
    /// The command line, or the path of a file that is shown; none for what stands before the first.
    pub command: Option<&'t str>,
    /// The output.
    pub text: &'t str,
    /// Number of its first line in the file, from 1.
    pub first_line: u32,
}

/// Programs that mail servers are looked at with: where a line could be data as well, only these begin a section.
const PROGRAMS: &[&str] = &[
    "awk",
    "bash",
    "cat",
    "chronyc",
    "crontab",
    "curl",
    "date",
    "df",
    "dig",
    "dmesg",
    "docker",
    "drill",
    "du",
    "egrep",
    "exim",
    "find",
    "firewall-cmd",
    "free",
    "getent",
    "grep",
    "head",
    "host",
    "hostname",
    "hostnamectl",
    "iostat",
    "ip",
    "iptables",
    "iptables-save",
    "journalctl",
    "kubectl",
    "last",
    "lastb",
    "lastlog",
    "lastlog2",
    "ls",
    "lsof",
    "mailq",
    "nc",
    "ncat",
    "netstat",
    "nft",
    "nproc",
    "nslookup",
    "ntpq",
    "ntpstat",
    "openssl",
    "ping",
    "opendkim-testkey",
    "pflogsumm",
    "postcat",
    "postconf",
    "postfix",
    "postmap",
    "postqueue",
    "postsuper",
    "posttls-finger",
    "ps",
    "sar",
    "qshape",
    "resolvectl",
    "sendmail",
    "service",
    "ss",
    "sudo",
    "swaks",
    "sysctl",
    "systemctl",
    "systemd-resolve",
    "tail",
    "telnet",
    "timedatectl",
    "timeout",
    "top",
    "tcptraceroute",
    "traceroute",
    "ufw",
    "uname",
    "uptime",
    "vmstat",
    "w",
    "who",
    "zcat",
    "zgrep",
];

fn is_program(command: &str) -> bool {
    let first = command.split_whitespace().next().unwrap_or_default();
    PROGRAMS.contains(&first.rsplit('/').next().unwrap_or(first))
}

/// Whether a line may begin with a prompt: it has a mark that could end one, and before the first nothing that only data holds.
fn may_begin(line: &str) -> bool {
    let Some(at) = line.find(['#', '$', '%', '>', '➜', '❯', 'λ']) else { return false };
    !line[..at].contains(['<', '='])
}

/// The command of a shell prompt: `root@mx1:~# postqueue -p`, `[root@mx1 ~]# df -h`, `mx1:~ # mailq`, `$ dig ...`, `+ dig ...`.
/// Empty for a prompt at which nothing was typed.
pub fn prompt(line: &str) -> Option<&str> {
    static SURE: LazyLock<LazyRegex> = LazyLock::new(|| {
        let who = r"[\w.-]+@[\w.-]+";
        let forms = [
            format!(r"\[{who} [^\]\s]+\]"),
            format!(r"{who}(?:[: ](?:~|/)[\w./~+-]*)?"),
            r"[\w.-]+[: ](?:~|/)[\w./~+-]*".to_owned(),
            r"(?:ba|da|z|k|a)?sh-\d[\w.]*".to_owned(),
            r"(?:~|/)[\w./~+-]*".to_owned(),
        ];
        let before = r"^(?:\([\w. -]+\) ?)?(?:\[?\d\d:\d\d(?::\d\d)?\]? )?";
        // Themes of zsh and fish: "➜  ~ mailq", "mx1 ~ ➜ mailq", "❯ mailq".
        let arrow = r"(?:[\w.@-]+ )?(?:(?:~|/)[\w./~+-]* )?[➜❯λ](?:  +(?:(?:~|/)[\w./~+-]*|[\w.-]+)(?: git:\([^)]*\)(?: ✗)?)?)?(?: +(?P<at_arrow>.*))?$";
        let windows = r"(?:PS )?[A-Za-z]:\\[^<>|]*> ?(?P<at_drive>.*)$";
        LazyRegex::valid(
            format!("{before}(?:(?:{}) ?[#$%>](?: (?P<typed>.*))?$|{arrow}|{windows})", forms.join("|")),
            Dialect::Line,
        )
    });
    let line = line.trim_end();
    if line.len() > 2_000 {
        return None;
    }
    if let Some(captures) = may_begin(line).then(|| SURE.captures(line)).flatten() {
        let typed = ["typed", "at_arrow", "at_drive"].into_iter().find_map(|place| captures.name(place));
        let command = typed.map_or("", str::trim);
        return Some(command);
    }
    if let Some(command) = line.strip_prefix("$ ") {
        return Some(command.trim());
    }
    // A mark that data may begin with as well.
    let command = line.trim_start_matches('+').strip_prefix(' ').filter(|_| line.starts_with('+')).or_else(|| {
        let (name, command) = line.split_once("# ").or_else(|| line.split_once("> "))?;
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        plain.then_some(command)
    })?;
    is_program(command).then(|| command.trim())
}

/// The command or path in a heading that scripts print: `===== df -h =====`, `### postqueue -p`, `==> /var/log/mail.log <==`.
fn heading(line: &str) -> Option<&str> {
    static HEADING: LazyLock<LazyRegex> = LazyLock::new(|| {
        LazyRegex::valid(
            r#"^(?:={2,}>?|-{3,}|#{2,}|\*{3,}|>{2,}|~{3,}|:{4,})\s*\[?(?:(?:[Oo]utput of|[Cc]ommand|[Cc]md|[Rr]unning|[Ff]ile|\$)\s*:?\s*)?[`'"]?(?P<inner>.+?)[`'"]?\]?\s*:?\s*(?:<?={2,}|-{3,}|#{2,}|\*{3,}|<{2,}|~{3,}|:{4,})?$"#,
            Dialect::Line,
        )
    });
    let line = line.trim();
    if line.len() > 200 || !line.starts_with(['=', '-', '#', '*', '>', '~', ':']) {
        return None;
    }
    let inner = HEADING.captures(line)?.name("inner")?.trim();
    let path = inner.starts_with('/') && !inner.contains(' ') && inner.len() > 1;
    (path || is_program(inner)).then_some(inner)
}

/// The command that the line above a code block names: "if I run `dig mx a.example`, I get".
fn named(prose: &str) -> Option<&str> {
    let line = prose.lines().rev().find(|line| !line.trim().is_empty())?;
    line.split('`').skip(1).step_by(2).map(str::trim).find(|quoted| is_program(quoted))
}

/// The sections of a file that shows the commands above their output, or outputs in several code blocks; none if it does neither.
pub fn sections(text: &str) -> Option<Vec<Section<'_>>> {
    // "# postqueue -p" is a root prompt only where the file begins with one; elsewhere it is a comment.
    let mut begin = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let bare = |line: &str| line.strip_prefix("# ").is_some_and(is_program);
    let bare_root = begin.next().is_some_and(bare) && begin.next().is_some_and(|line| !line.starts_with('#') || bare(line));
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut from = 0;
    let mut first_line = 1;
    let mut command = None;
    let mut at = 0;
    // A command goes on over several lines: up to the end of a here document, or while a line ends in a backslash.
    let mut until: Option<&str> = None;
    let mut goes_on = false;
    let mut found_any = false;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let typed = line.trim().trim_start_matches('>').trim();
        let asked = number == first_line && (typed.starts_with("[sudo] password for ") || typed == "Password:");
        if until.is_some() || goes_on || asked {
            goes_on = until.is_none() && goes_on && typed.ends_with('\\');
            until = until.filter(|end| *end != typed);
            at += line.len();
            from = at;
            first_line = number + 1;
            continue;
        }
        if typed == FENCE {
            found_any = true;
            let before = &text[from..at];
            // The mark behind a prompt or a heading belongs to it.
            if command.is_none() || !before.trim().is_empty() {
                push(&mut sections, command, before, first_line);
                command = command.map_or_else(|| named(before), |_| None);
            }
            at += line.len();
            from = at;
            first_line = number + 1;
            continue;
        }
        let found = prompt(line)
            .or_else(|| heading(line))
            .or_else(|| line.trim_end().strip_prefix("# ").filter(|command| bare_root && is_program(command)));
        if let Some(found) = found {
            found_any = true;
            push(&mut sections, command, &text[from..at], first_line);
            command = Some(found);
            from = at + line.len();
            first_line = number + 1;
            until =
                here_document(found).filter(|end| text[from..].lines().any(|line| line.trim_start_matches(['>', ' ']) == *end));
            goes_on = found.ends_with('\\');
        }
        at += line.len();
    }
    push(&mut sections, command, &text[from..], first_line);
    found_any.then_some(sections)
}

/// The word that ends the here document of a command: `cat > x <<'EOF'`.
fn here_document(command: &str) -> Option<&str> {
    let (_, rest) = command.split_once("<<")?;
    let rest = rest.trim_start_matches(['-', ' ']).trim_start_matches(['\'', '"', '\\']);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

fn push<'t>(sections: &mut Vec<Section<'t>>, command: Option<&'t str>, text: &'t str, first_line: u32) {
    match command {
        // A prompt at which nothing was typed, and white space before the first prompt.
        Some("") if text.trim().is_empty() => {}
        None if text.trim().is_empty() => {}
        _ => sections.push(Section { command: command.filter(|command| !command.is_empty()), text, first_line }),
    }
}

/// A command line as the file name under which its output is usually kept: `postqueue_-p`, `etc/hosts`, `dig_mx_gmail.com`.
pub fn name_of(command: &str) -> String {
    let mut words: Vec<&str> = command.split(['|', ';', '>', '&']).next().unwrap_or_default().split_whitespace().collect();
    if words.last().is_some_and(|last| *last == "2") {
        words.pop();
    }
    while let Some(first) = words.first() {
        let used = match first.rsplit('/').next().unwrap_or(first) {
            "sudo" => {
                1 + words[1..].iter().take_while(|word| word.starts_with('-')).count() + usize::from(words.get(1) == Some(&"-u"))
            }
            "time" | "nice" | "ionice" | "nohup" | "command" | "env" | "stdbuf" => {
                1 + words[1..].iter().take_while(|word| word.starts_with('-')).count()
            }
            "timeout" => 2 + words[1..].iter().take_while(|word| word.starts_with('-')).count(),
            "docker" | "podman" | "kubectl" if words.contains(&"exec") => {
                let exec = words.iter().position(|word| *word == "exec").unwrap_or(0);
                let options = words[exec + 1..].iter().take_while(|word| word.starts_with('-')).count();
                // The container, and `--`.
                let after = exec + 2 + options;
                after + usize::from(words.get(after) == Some(&"--"))
            }
            assignment if assignment.contains('=') && !assignment.starts_with('-') => 1,
            _ => break,
        };
        words.drain(..used.min(words.len()));
    }
    let Some(program) = words.first() else { return String::new() };
    if let (true, Some(path)) = (words.len() == 1, program.strip_prefix('/'))
        && !path.contains("bin/")
    {
        return path.to_owned();
    }
    let program = program.rsplit('/').next().unwrap_or(program);
    let shows_files = ["cat", "tail", "head", "less", "more", "zcat", "grep", "egrep", "zgrep", "sed", "awk", "tac", "sort"];
    if shows_files.contains(&program)
        && let Some(path) = words[1..].iter().rev().find(|word| !word.starts_with('-') && word.contains(['/', '.']))
    {
        return path.trim_start_matches(['/', '.']).to_owned();
    }
    let rest = words[1..].iter().map(|word| word.replace('/', "_"));
    std::iter::once(program.to_owned()).chain(rest).collect::<Vec<_>>().join("_").chars().take(80).collect()
}

/// Whether a name of [`name_of`] is that of a program's output, and not of a file that was shown.
pub fn is_output(name: &str) -> bool {
    !name.contains('/') && name.split('_').next().is_some_and(|first| PROGRAMS.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_from_data() {
        for (line, command) in [
            ("root@mx1:~# postqueue -p", "postqueue -p"),
            ("[root@mx1 ~]# df -h", "df -h"),
            ("[admin@mx1 postfix]$ sudo mailq", "sudo mailq"),
            ("mx1:~ # systemctl status postfix", "systemctl status postfix"),
            ("bash-5.1# cat /etc/hosts", "cat /etc/hosts"),
            ("user@mail ~ % dig mx gmail.com", "dig mx gmail.com"),
            ("(venv) joe@mx1:/etc/postfix$ postconf -n", "postconf -n"),
            ("$ dig mx gmail.com", "dig mx gmail.com"),
            ("+ dig mx gmail.com", "dig mx gmail.com"),
            ("mx1# mailq", "mailq"),
            ("root@mx1:~#", ""),
            ("root@mx1 /etc/postfix # mailq", "mailq"),
            ("mx1 ~ # mailq", "mailq"),
            ("➜  ~ mailq", "mailq"),
            ("mx1 ~ ➜ mailq", "mailq"),
            ("➜  postfix git:(main) ✗ mailq", "mailq"),
            ("❯ dig mx gmail.com", "dig mx gmail.com"),
            ("++ date", "date"),
            (r"C:\>nslookup gmail.com", "nslookup gmail.com"),
            (r"PS C:\Users\joe> Test-NetConnection mx.example.com -Port 25", "Test-NetConnection mx.example.com -Port 25"),
        ] {
            assert_eq!(prompt(line), Some(command), "{line}");
        }
        for data in [
            "# comment",
            "myhostname = a@b # c",
            "Nov 12 11:40:00 mail postfix/smtp[1]: x",
            "",
            "+ 192.0.2.1  .GPS. 1 u",
            "postmaster@example.com  root # the old one",
            "4F2C41A2B3*    1389 Fri Jul 31 10:25:10  a@example.com",
        ] {
            assert_eq!(prompt(data), None, "{data}");
        }
    }

    #[test]
    fn a_transcript_is_cut_at_its_commands() {
        let text =
            "Last login: x\nroot@mx1:~# mailq\nMail queue is empty\n\n===== df -h =====\nF\n==> /var/log/mail.log <==\nx\ny\n";
        let got: Vec<_> = sections(text).unwrap().into_iter().map(|s| (s.command, s.text, s.first_line)).collect();
        assert_eq!(
            got,
            [
                (None, "Last login: x\n", 1),
                (Some("mailq"), "Mail queue is empty\n\n", 3),
                (Some("df -h"), "F\n", 6),
                (Some("/var/log/mail.log"), "x\ny\n", 8)
            ]
        );
        assert_eq!(sections("# a comment\n# postqueue -p shows it\nrelayhost =\n"), None);
        assert_eq!(sections("# postqueue -p\nMail queue is empty\n").unwrap()[0].command, Some("postqueue -p"));
        assert_eq!(sections("-- 2 Kbytes in 1 Request.\n-----BEGIN CERTIFICATE-----\n*** ENVELOPE RECORDS x ***\n"), None);
    }

    #[test]
    fn a_ticket_is_cut_at_its_code_blocks() {
        let text = "Hello,\n```\nx\n```\nand if I run `dig mx a.example`:\n```\ny\n```\n## df -h\n```\nz\n```\nBye\n";
        let got: Vec<_> = sections(text).unwrap().into_iter().map(|s| (s.command, s.text, s.first_line)).collect();
        assert_eq!(
            got,
            [
                (None, "Hello,\n", 1),
                (None, "x\n", 3),
                (None, "and if I run `dig mx a.example`:\n", 5),
                (Some("dig mx a.example"), "y\n", 7),
                (Some("df -h"), "z\n", 11),
                (None, "Bye\n", 13),
            ]
        );
    }

    #[test]
    fn commands_are_named_as_their_files_would_be() {
        for (command, name) in [
            ("sudo -u root postqueue -p | tail", "postqueue_-p"),
            ("cat /etc/hosts", "etc/hosts"),
            ("tail -n 200 /var/log/mail.log", "var/log/mail.log"),
            ("grep 'status=deferred' /var/log/mail.log | tail", "var/log/mail.log"),
            ("timeout 5 nc -vz mx 25", "nc_-vz_mx_25"),
            ("docker compose exec postfix-mailcow mailq", "mailq"),
            ("docker exec -it mail postqueue -j", "postqueue_-j"),
            ("LANG=C df -h 2>&1", "df_-h"),
            ("/usr/sbin/postconf -n", "postconf_-n"),
            ("/var/log/maillog", "var/log/maillog"),
        ] {
            assert_eq!(name_of(command), name, "{command}");
        }
    }
}
