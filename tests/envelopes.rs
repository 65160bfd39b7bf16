//! The same incident, its log written by every syslog daemon, journal and container, pasted through tickets and cut into
//! rotations, is the same incident: what was counted and what is diagnosed do not change.

use postdoc::analysis::{Analysis, Options};
use postdoc::evidence::maillog::envelope::{Clock, Line};
use postdoc::rules::RuleSet;
use postdoc::time::Time;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

/// One line of the log, taken apart.
struct Entry {
    time: Time,
    host: String,
    tag: String,
    pid: String,
    message: String,
}

/// The incidents: bounces, deferrals, rejects and logins are among their lines.
const CASES: [&str; 2] = ["user-unknown", "compromised-sasl-account-2"];

/// Files beside the log that say what the rest of the diagnosis needs.
fn beside(case: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case).join("bundle");
    let wanted = ["date.txt", "postqueue-j.json", "postconf-n.txt", "hostname-f.txt"];
    wanted.iter().filter_map(|name| Some(((*name).to_owned(), fs::read(folder.join(name)).ok()?))).collect()
}

fn log_of(case: &str) -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case).join("bundle/mail.log");
    let text = fs::read_to_string(path).expect("the log of the case");
    let clock = Clock { zone_offset: 0, reference: Time(i64::MAX / 4) };
    let entry = |row: &str| {
        let line = Line::parse(row, &clock).unwrap_or_else(|| panic!("{row}"));
        Entry {
            time: line.time.expect("a time"),
            host: line.host.to_owned(),
            tag: line.tag.to_owned(),
            pid: line.pid.to_owned(),
            message: line.message.to_owned(),
        }
    };
    text.lines().map(entry).collect()
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Entry {
    /// `Nov 12 09:35:44`, at an offset from UTC in seconds.
    fn traditional(&self, offset: i32) -> String {
        let c = self.time.plus(f64::from(offset)).civil();
        format!("{} {:2} {:02}:{:02}:{:02}", MONTHS[c.month as usize - 1], c.day, c.hour, c.minute, c.second)
    }

    /// `2026-11-12T09:35:44.123456+01:00`
    fn iso(&self, offset: i32, mark: &str, digits: usize, zone: &str) -> String {
        let c = self.time.plus(f64::from(offset)).civil();
        let fraction = if digits == 0 { String::new() } else { format!(".{}", &format!("{:06}000", c.micros)[..digits]) };
        format!("{:04}-{:02}-{:02}{mark}{:02}:{:02}:{:02}{fraction}{zone}", c.year, c.month, c.day, c.hour, c.minute, c.second)
    }

    fn rest(&self) -> String {
        format!("{} {}", self.host, self.said())
    }

    /// Program, process and message.
    fn said(&self) -> String {
        format!("{}[{}]: {}", self.tag, self.pid, self.message)
    }

    fn json(&self) -> String {
        format!(
            r#"{{"__CURSOR":"s","__REALTIME_TIMESTAMP":"{}","_HOSTNAME":"{}","SYSLOG_IDENTIFIER":"{}","SYSLOG_PID":"{}","PRIORITY":"6","MESSAGE":{}}}"#,
            self.time.0,
            self.host,
            self.tag,
            self.pid,
            serde_json::to_string(&self.message).expect("JSON")
        )
    }

    fn export(&self) -> String {
        format!(
            "__CURSOR=s\n__REALTIME_TIMESTAMP={}\n_HOSTNAME={}\nSYSLOG_IDENTIFIER={}\nSYSLOG_PID={}\nMESSAGE={}\n\n",
            self.time.0, self.host, self.tag, self.pid, self.message
        )
    }
}

fn docker(log: &str, entry: &Entry) -> String {
    let (log, time) = (serde_json::to_string(log).expect("JSON"), entry.iso(0, "T", 9, "Z"));
    format!(r#"{{"log":{log},"stream":"stdout","time":"{time}"}}"#)
}

/// An entry as log shippers take it apart, with field names of their own.
fn object(entry: &Entry, names: [&str; 5]) -> String {
    let values = [&entry.iso(0, "T", 3, "Z"), &entry.host, &entry.tag, &entry.pid, &entry.message];
    let mut whole = serde_json::Map::new();
    for (name, value) in names.iter().zip(values) {
        let mut inside = &mut whole;
        let (outer, last) = name.rsplit_once('/').map_or((None, *name), |(outer, last)| (Some(outer), last));
        for part in outer.into_iter().flat_map(|outer| outer.split('/')) {
            let object = inside.entry(part).or_insert_with(|| serde_json::json!({}));
            inside = object.as_object_mut().expect("an object");
        }
        inside.insert(last.to_owned(), value.as_str().into());
    }
    serde_json::to_string(&whole).expect("JSON")
}

/// The whole log in one form: each line made by `each`.
fn lines(entries: &[Entry], each: impl Fn(&Entry) -> String) -> Vec<u8> {
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(text, "{}", each(entry));
    }
    text.into_bytes()
}

const GERMAN: [&str; 12] = ["Jan", "Feb", "M\u{e4}r", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"];
const FRENCH: [&str; 12] =
    ["janv.", "f\u{e9}vr.", "mars", "avril", "mai", "juin", "juil.", "ao\u{fb}t", "sept.", "oct.", "nov.", "d\u{e9}c."];
const POLISH: [&str; 12] = ["sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "pa\u{17a}", "lis", "gru"];

/// A line with its month in other words.
fn in_words(entry: &Entry, line: &str, months: &[&str; 12]) -> String {
    // The cases are of the middle of a month: the zone does not change it.
    format!("{}{}", months[entry.time.civil().month as usize - 1], &line[3..])
}

/// Zone of the server in the cases, seconds east of UTC.
fn zone(case: &str) -> i32 {
    if case == "compromised-sasl-account-2" { 7200 } else { 0 }
}

/// Every form of the log, and the file's name.
fn forms(entries: &[Entry], zone: i32) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let offset = format!("+{:02}:{:02}", zone / 3600, zone / 60 % 60);
    let traditional = |entry: &Entry| format!("{} {}", entry.traditional(zone), entry.rest());
    let iso = |entry: &Entry| format!("{} {}", entry.iso(zone, "T", 6, &offset), entry.rest());
    let head = |head: &str, mut log: Vec<u8>| {
        log.splice(0..0, head.bytes());
        log
    };
    let weekday = "Thu";
    vec![
        ("RFC 3164", "mail.log", lines(entries, traditional)),
        ("RFC 3164 with PRI", "mail.log", lines(entries, |entry| format!("<22>{}", traditional(entry)))),
        ("RFC 3339", "mail.log", lines(entries, iso)),
        ("RFC 3339, UTC", "mail.log", lines(entries, |entry| format!("{} {}", entry.iso(0, "T", 3, "Z"), entry.rest()))),
        (
            "RFC 3339, a blank, no colon",
            "mail.log",
            lines(entries, |entry| format!("{} {}", entry.iso(zone, " ", 9, &offset.replace(':', "")), entry.rest())),
        ),
        (
            "RFC 5424",
            "syslog.txt",
            lines(entries, |entry| {
                format!("<22>1 {} {} {} {} - - {}", entry.iso(0, "T", 6, "Z"), entry.host, entry.tag, entry.pid, entry.message)
            }),
        ),
        (
            "RFC 5424 with data and a mark",
            "syslog.txt",
            lines(entries, |entry| {
                let data = r#"[meta sequenceId="1" note="a \] b"][x y="z"]"#;
                let stamp = entry.iso(0, "T", 6, "Z");
                format!("<22>1 {stamp} {} {} {} - {data} \u{feff}{}", entry.host, entry.tag, entry.pid, entry.message)
            }),
        ),
        (
            "journalctl, short",
            "journalctl.txt",
            head(
                "-- Journal begins at Thu 2026-01-01 00:00:00 UTC, ends at Thu 2026-12-31 00:00:00 UTC. --\n-- Boot 0123 --\n",
                lines(entries, traditional),
            ),
        ),
        (
            "journalctl, short-precise",
            "journalctl.txt",
            lines(entries, |entry| format!("{}.{:06} {}", entry.traditional(zone), entry.time.civil().micros, entry.rest())),
        ),
        (
            "journalctl, short-full",
            "journalctl.txt",
            lines(entries, |entry| format!("{weekday} {} UTC {}", entry.iso(0, " ", 0, ""), entry.rest())),
        ),
        (
            "journalctl, short-iso",
            "journalctl.txt",
            lines(entries, |entry| format!("{} {}", entry.iso(0, "T", 0, "+0000"), entry.rest())),
        ),
        (
            "journalctl, short-iso-precise",
            "journalctl.txt",
            lines(entries, |entry| format!("{} {}", entry.iso(0, "T", 6, "+00:00"), entry.rest())),
        ),
        (
            "journalctl, short-unix",
            "journalctl.txt",
            lines(entries, |entry| format!("{}.{:06} {}", entry.time.seconds(), entry.time.civil().micros, entry.rest())),
        ),
        (
            "journalctl, with-unit",
            "journalctl.txt",
            lines(entries, |entry| {
                let stamp = format!("{weekday} {} UTC", entry.iso(0, " ", 0, ""));
                format!("{stamp} {} postfix@-.service[{}]: {}", entry.host, entry.pid, entry.message)
            }),
        ),
        ("journalctl, json", "journal.json", lines(entries, Entry::json)),
        ("journalctl, json-seq", "journal.json", lines(entries, |entry| format!("\u{1e}{}", entry.json()))),
        ("journalctl, json-sse", "journal.json", lines(entries, |entry| format!("data: {}\n", entry.json()))),
        (
            "journalctl, json, bytes",
            "journal.json",
            lines(entries, |entry| {
                let bytes: Vec<String> = entry.message.bytes().map(|byte| byte.to_string()).collect();
                let text = serde_json::to_string(&entry.message).expect("JSON");
                entry.json().replace(&text, &format!("[{}]", bytes.join(",")))
            }),
        ),
        (
            "journalctl, json-pretty",
            "journal.json",
            lines(entries, |entry| {
                let object: serde_json::Value = serde_json::from_str(&entry.json()).expect("JSON");
                serde_json::to_string_pretty(&object).expect("JSON").replace("\n  ", "\n\t")
            }),
        ),
        ("journalctl, export", "journal.export", entries.iter().map(Entry::export).collect::<String>().into_bytes()),
        (
            "journalctl, export, binary",
            "journal.export",
            entries
                .iter()
                .flat_map(|entry| {
                    let text = entry.export();
                    let (before, _) = text.split_once("MESSAGE=").expect("a message");
                    let mut bytes = format!("{before}MESSAGE\n").into_bytes();
                    bytes.extend((entry.message.len() as u64).to_le_bytes());
                    bytes.extend(format!("{}\n\n", entry.message).bytes());
                    bytes
                })
                .collect(),
        ),
        ("Docker's files", "abc-json.log", lines(entries, |entry| docker(&format!("{}\n", traditional(entry)), entry))),
        (
            "Docker's files, long lines in parts",
            "abc-json.log",
            lines(entries, |entry| {
                let line = format!("{}\n", traditional(entry));
                let (one, two) = line.split_at(line.len() / 2);
                format!("{}\n{}", docker(one, entry), docker(two, entry))
            }),
        ),
        ("Docker's files, no stamp", "abc-json.log", lines(entries, |entry| docker(&format!("{}\n", entry.said()), entry))),
        ("docker compose logs", "compose.txt", lines(entries, |entry| format!("postfix-mailcow-1  | {}", traditional(entry)))),
        (
            "docker compose logs, in colour, with times",
            "compose.txt",
            lines(entries, |entry| {
                format!("\u{1b}[36mpostfix-mailcow-1  | \u{1b}[0m{} {}", entry.iso(0, "T", 9, "Z"), traditional(entry))
            }),
        ),
        ("Kubernetes", "0.log", lines(entries, |entry| format!("{} stdout F {}", entry.iso(0, "T", 9, "Z"), traditional(entry)))),
        (
            "Kubernetes, long lines in parts",
            "0.log",
            lines(entries, |entry| {
                let (line, stamp) = (traditional(entry), entry.iso(0, "T", 9, "Z"));
                let (one, two) = line.split_at(line.len() / 2);
                format!("{stamp} stdout P {one}\n{stamp} stdout F {two}")
            }),
        ),
        (
            "kubectl logs --timestamps",
            "pod.txt",
            lines(entries, |entry| format!("{} {}", entry.iso(0, "T", 9, "Z"), traditional(entry))),
        ),
        (
            "BusyBox",
            "messages",
            lines(entries, |entry| format!("{} {} mail.info {}", entry.traditional(zone), entry.host, entry.said())),
        ),
        ("a rotated maillog_file", "mail.log.20261123-180211", lines(entries, traditional)),
        (
            "FreeBSD's syslogd -v",
            "maillog",
            lines(entries, |entry| format!("{} <mail.info> {}", entry.traditional(zone), entry.rest())),
        ),
        (
            "Solaris",
            "syslog",
            lines(entries, |entry| {
                let said = format!("{}[{}]: [ID 197553 mail.info] {}", entry.tag, entry.pid, entry.message);
                format!("{} {} {said}", entry.traditional(zone), entry.host)
            }),
        ),
        (
            "a log host's own envelope before the line's",
            "mail.log",
            lines(entries, |entry| format!("{} 198.51.100.9 {}", entry.traditional(zone), traditional(entry))),
        ),
        (
            "the year first",
            "mail.log",
            lines(entries, |entry| format!("{} {}", entry.time.plus(f64::from(zone)).civil().year, traditional(entry))),
        ),
        (
            "the zone behind a blank",
            "mail.log",
            lines(entries, |entry| format!("{} {} {}", entry.iso(zone, " ", 3, ""), offset.replace(':', ""), entry.rest())),
        ),
        ("journalctl of a German", "journalctl.txt", lines(entries, |entry| in_words(entry, &traditional(entry), &GERMAN))),
        ("journalctl of a Frenchman", "journalctl.txt", lines(entries, |entry| in_words(entry, &traditional(entry), &FRENCH))),
        ("journalctl of a Pole", "journalctl.txt", lines(entries, |entry| in_words(entry, &traditional(entry), &POLISH))),
        (
            "journalctl of a Japanese",
            "journalctl.txt",
            lines(entries, |entry| {
                format!("{}\u{6708}{}", entry.time.plus(f64::from(zone)).civil().month, &traditional(entry)[3..])
            }),
        ),
        ("grep over rotated files", "found.txt", {
            let half = entries.len() / 2;
            let name = |at: usize| if at < half { "/var/log/mail.log.1" } else { "/var/log/mail.log" };
            entries
                .iter()
                .enumerate()
                .map(|(at, entry)| format!("{}:{}\n", name(at), traditional(entry)))
                .collect::<String>()
                .into()
        }),
        ("grep -n", "found.txt", {
            let numbered = entries.iter().enumerate().map(|(at, entry)| format!("{}:{}\n", at + 100, iso(entry)));
            numbered.collect::<String>().into()
        }),
        ("grep -n -C1 over files", "found.txt", {
            let mark = |at: usize| if at % 3 == 1 { ':' } else { '-' };
            let numbered = entries.iter().enumerate().map(|(at, entry)| {
                let part = if at % 3 == 2 { "--\n" } else { "" };
                format!("mail.log{}{}{0}{}\n{part}", mark(at), at + 1, traditional(entry))
            });
            numbered.collect::<String>().into()
        }),
        (
            "Kubernetes, no stamp",
            "0.log",
            lines(entries, |entry| format!("{} stdout F {}", entry.iso(0, "T", 9, "Z"), entry.said())),
        ),
        (
            "Filebeat, the whole line",
            "export.ndjson",
            lines(entries, |entry| {
                let line = serde_json::to_string(&traditional(entry)).expect("JSON");
                let stamp = entry.iso(0, "T", 3, "Z");
                format!(r#"{{"@timestamp":"{stamp}","log":{{"file":{{"path":"/var/log/mail.log"}}}},"message":{line}}}"#)
            }),
        ),
        (
            "Elastic's fields",
            "export.ndjson",
            lines(entries, |entry| object(entry, ["@timestamp", "host/hostname", "process/name", "process/pid", "message"])),
        ),
        (
            "rsyslog's JSON",
            "mail.json",
            lines(entries, |entry| object(entry, ["timestamp", "host", "programname", "procid", "msg"])),
        ),
        (
            "Fluentd",
            "mail.log",
            lines(entries, |entry| {
                let object = object(entry, ["at", "host", "ident", "pid", "message"]);
                format!("{}\tsystem.mail\t{object}", entry.iso(0, "T", 0, "+00:00"))
            }),
        ),
        ("Windows line ends and a mark", "mail log.txt", {
            let text = String::from_utf8(lines(entries, traditional)).expect("text").replace('\n', "\r\n");
            head("\u{feff}", text.into_bytes())
        }),
        ("UTF-16", "mail log.txt", {
            let text = String::from_utf8(lines(entries, traditional)).expect("text");
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
        ("quoted in a mail", "mail log.txt", lines(entries, |entry| format!("> {}", traditional(entry)))),
        ("indented by a ticket", "mail log.txt", lines(entries, |entry| format!("    {}", traditional(entry)))),
        (
            "escaped for HTML",
            "mail log.txt",
            lines(entries, |entry| {
                traditional(entry).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
            }),
        ),
        (
            "cut by a terminal",
            "screen.txt",
            lines(entries, |entry| {
                let chars: Vec<char> = traditional(entry).chars().collect();
                chars.chunks(80).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
            }),
        ),
        ("below a prompt", "notes.txt", head("root@mail:~# cat /var/log/mail.log\n", lines(entries, traditional))),
    ]
}

struct Bundle {
    folder: tempfile::TempDir,
}

impl Bundle {
    fn new(files: &[(String, Vec<u8>)]) -> Bundle {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            let path: PathBuf = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        Bundle { folder }
    }

    /// What was counted and what is diagnosed.
    fn outcome(&self, rules: &RuleSet) -> String {
        let report =
            Analysis::run(self.folder.path(), rules, &Options::default(), &AtomicU64::new(0)).expect("an analysis").report;
        let causes: Vec<String> =
            report.causes.iter().map(|cause| format!("{} {} {}", cause.role, cause.rule, cause.confidence)).collect();
        let mut traffic = serde_json::to_value(&report.traffic).expect("JSON");
        // Wrappings have more lines.
        traffic.as_object_mut().expect("an object").remove("lines");
        let traffic = serde_json::to_string_pretty(&traffic).expect("JSON");
        format!("{:?}\n{}\n{:?} waiting\n{traffic}", report.verdict, causes.join("\n"), report.queue.waiting_recipients)
    }
}

/// The lines of `got` that `wanted` has not, and those that it lacks.
fn differences(got: &str, wanted: &str) -> String {
    let lines = |text: &str, mark: char, other: &str| {
        let lines = text.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{mark} {}\n", line.trim())).collect::<String>()
    };
    lines(got, '+', wanted) + &lines(wanted, '-', got)
}

#[test]
fn every_envelope_tells_the_same_incident() {
    let rules = RuleSet::built_in();
    let differing = |case: &str| {
        let entries = log_of(case);
        let (mut wrong, mut wanted) = (Vec::new(), None);
        for (form, name, bytes) in forms(&entries, zone(case)) {
            let mut files = beside(case);
            files.push((name.to_owned(), bytes));
            let got = Bundle::new(&files).outcome(&rules);
            let wanted = wanted.get_or_insert_with(|| got.clone());
            if got != *wanted {
                wrong.push(format!("{case}, {form}:\n{}", differences(&got, wanted)));
            }
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let differing = &differing;
        let running = CASES.map(|case| scope.spawn(move || differing(case)));
        running.into_iter().flat_map(|case| case.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Entries as traditional lines.
fn plain(entries: &[Entry], zone: i32) -> Vec<u8> {
    lines(entries, |entry| format!("{} {}", entry.traditional(zone), entry.rest()))
}

#[test]
fn rotations_copies_and_two_sources_are_counted_once() {
    let rules = RuleSet::built_in();
    let case = CASES[0];
    let entries = log_of(case);
    let zone = zone(case);
    let outcome = |logs: Vec<(&str, Vec<u8>)>| {
        let mut files = beside(case);
        files.extend(logs.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
        Bundle::new(&files).outcome(&rules)
    };
    let wanted = outcome(vec![("mail.log", plain(&entries, zone))]);
    let (tenth, third, half) = (entries.len() / 10, entries.len() / 3, entries.len() / 2);
    let troubles = |entry: &&Entry| entry.message.starts_with("warning: ") || entry.message.starts_with("fatal: ");
    let troubles: Vec<u8> = entries.iter().filter(troubles).flat_map(|entry| plain(std::slice::from_ref(entry), zone)).collect();
    let iso = |entries: &[Entry]| lines(entries, |entry| format!("{} {}", entry.iso(3600, "T", 6, "+01:00"), entry.rest()));
    let parts = |entries: &[Entry]| {
        lines(entries, |entry| {
            let (stamp, line) = (entry.iso(0, "T", 9, "Z"), format!("{} {}", entry.traditional(zone), entry.rest()));
            let (one, two) = line.split_at(line.len() / 2);
            format!("{stamp} stdout P {one}\n{stamp} stdout F {two}")
        })
    };
    let gz = {
        use std::io::Write;
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&plain(&entries[..third], zone)).expect("gzip");
        out.finish().expect("gzip")
    };
    let mut wrong = Vec::new();
    for (what, logs) in [
        ("two rotations", vec![("mail.log.1", plain(&entries[..half], zone)), ("mail.log", plain(&entries[half..], zone))]),
        (
            "rotations under each other's names",
            vec![("mail.log", plain(&entries[..half], zone)), ("mail.log.1", plain(&entries[half..], zone))],
        ),
        (
            "rotations that overlap",
            vec![("mail.log.1", plain(&entries[..half], zone)), ("mail.log", plain(&entries[third..], zone))],
        ),
        (
            "three rotations, one packed",
            vec![
                ("mail.log.2.gz", gz),
                ("mail.log.1", plain(&entries[third..half], zone)),
                ("mail.log", plain(&entries[half..], zone)),
            ],
        ),
        ("the same log twice", vec![("mail.log", plain(&entries, zone)), ("mail (copy).log", plain(&entries, zone))]),
        ("a copy of the troubles", vec![("mail.log", plain(&entries, zone)), ("mail.err", troubles)]),
        ("the file and the journal", vec![("mail.log", plain(&entries, zone)), ("journal.json", lines(&entries, Entry::json))]),
        (
            "rotations in two zones",
            vec![
                ("mail.log.1", iso(&entries[..half])),
                ("mail.log", lines(&entries[half..], |entry| format!("{} {}", entry.iso(0, "T", 6, "Z"), entry.rest()))),
            ],
        ),
        (
            "overlapping rotations in two zones and forms",
            vec![("mail.log.1", iso(&entries[..half])), ("mail.log", plain(&entries[tenth..], zone))],
        ),
        (
            "overlapping rotations of Kubernetes whose lines come in parts",
            vec![("0.log.1", parts(&entries[..half])), ("0.log", parts(&entries[third..]))],
        ),
    ] {
        let got = outcome(logs);
        if got != wanted {
            wrong.push(format!("{what}:\n{}", differences(&got, &wanted)));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_log_over_new_year_is_the_same_as_one_with_years() {
    let rules = RuleSet::built_in();
    let mut entries = log_of(CASES[0]);
    // Midnight of the new year falls into the middle.
    let midnight = Time::parse_rfc3339(b"2027-01-01T00:00:00Z", 0).expect("a time").0;
    let shift = midnight.since(entries[entries.len() / 2].time).floor();
    entries.iter_mut().for_each(|entry| entry.time = entry.time.plus(shift));
    let end = entries.last().expect("lines").time.plus(60.0);
    let beside = vec![("date.txt".to_owned(), {
        let c = end.civil();
        format!("Fri {} {:2} {:02}:{:02}:{:02} UTC {}\n", MONTHS[c.month as usize - 1], c.day, c.hour, c.minute, c.second, c.year)
            .into_bytes()
    })];
    let outcome = |log: Vec<u8>| {
        let mut files = beside.clone();
        files.push(("mail.log".to_owned(), log));
        let bundle = Bundle::new(&files);
        let report =
            Analysis::run(bundle.folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("an analysis").report;
        let sources: Vec<String> =
            report.sources.iter().map(|source| format!("{} {:?} {:?}", source.file, source.from, source.to)).collect();
        format!("{}\n{}", bundle.outcome(&rules), sources.join("\n"))
    };
    let with_years = outcome(lines(&entries, |entry| format!("{} {}", entry.iso(0, "T", 0, "Z"), entry.rest())));
    assert_eq!(outcome(plain(&entries, 0)), with_years);
}

#[test]
fn a_file_of_rotations_in_the_wrong_order_is_read_in_the_order_of_time() {
    let rules = RuleSet::built_in();
    let mut entries = log_of(CASES[0]);
    let half = entries.len() / 2;
    entries[..half].iter_mut().for_each(|entry| entry.time = entry.time.plus(-6.0 * 3600.0));
    let outcome = |log: Vec<u8>| {
        let mut files = beside(CASES[0]);
        files.push(("mail.log".to_owned(), log));
        Bundle::new(&files).outcome(&rules)
    };
    let ordered = outcome(plain(&entries, 0));
    let mut swapped = plain(&entries[half..], 0);
    swapped.extend(plain(&entries[..half], 0));
    let swapped = outcome(swapped);
    assert_eq!(swapped, ordered, "{}", differences(&swapped, &ordered));
}
