//! Every file of `tests/evidence` shows what kinds of evidence look like, as tools and people hand them over, and which
//! records are made of them; see its README.

use postdoc::bundle::Bundle;
use postdoc::evidence::parsers::PARSERS;
use postdoc::evidence::{self, Evidence};
use postdoc::rules::RuleSet;
use postdoc::tables::{Column, Record, Table, Tables, Value, table};
use postdoc::time::Time;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::AtomicU64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// What is special about it.
    name: String,
    /// File name, if the kind is told by it.
    file: Option<String>,
    text: String,
    /// Whether the file holds the text in UTF-16, as Windows saves it.
    #[serde(default)]
    utf16: bool,
    /// Kind that it is recognised as; `none` for unrecognised text.
    kind: String,
    /// Lines that are not understood.
    #[serde(default)]
    unparsed: u64,
    /// All records that are made of it, by table; a record may be given in part. For `host`, its fields.
    #[serde(default)]
    records: BTreeMap<String, Vec<BTreeMap<String, serde_json::Value>>>,
}

fn samples() -> Vec<(String, Sample)> {
    let mut samples = Vec::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/evidence");
    let mut paths: Vec<_> = fs::read_dir(folder).expect("the samples").filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|kind| kind == "yaml")) {
        let text = fs::read_to_string(path).expect("a file");
        let list: Vec<Sample> = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        samples.extend(list.into_iter().map(|sample| (file.clone(), sample)));
    }
    assert!(samples.len() > 60, "only {} samples", samples.len());
    samples
}

impl Sample {
    /// What stands in the file.
    fn bytes(&self) -> Vec<u8> {
        match self.utf16 {
            true => "\u{feff}".encode_utf16().chain(self.text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
            false => self.text.clone().into_bytes(),
        }
    }
}

fn read(name: &str, bytes: Vec<u8>, rules: &RuleSet) -> Evidence {
    let collected = Time::parse_rfc3339(b"2026-11-12T12:00:00Z", 0).expect("a time").0;
    evidence::collect(&Bundle::of_texts([(name.to_owned(), bytes)], collected), rules, &AtomicU64::new(0))
}

#[test]
fn every_sample_gives_its_records() {
    let rules = RuleSet::built_in();
    let mut wrong = Vec::new();
    for (file, sample) in samples() {
        let name = sample.file.as_deref().unwrap_or("zz");
        let evidence = read(name, sample.bytes(), &rules);
        wrong.extend(problems(&sample, &evidence).into_iter().map(|problem| format!("{file}: {}: {problem}", sample.name)));
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

fn problems(sample: &Sample, evidence: &Evidence) -> Vec<String> {
    let mut wrong = Vec::new();
    let source = &evidence.sources[0];
    let kind = source.kind.as_deref().unwrap_or("none");
    if kind != sample.kind {
        wrong.push(format!("recognised as {kind} ({}), not as {}", source.title, sample.kind));
    }
    if source.unparsed != sample.unparsed {
        wrong.push(format!("{} lines not understood, first {:?}", source.unparsed, source.first_unparsed));
    }
    for (name, wanted) in &sample.records {
        let Some(table) = table(name) else {
            wrong.push(format!("no table {name}"));
            continue;
        };
        let rows = evidence.tables.rows(table);
        if rows.len() != wanted.len() {
            let shown: Vec<String> = rows.iter().map(|row| shown(row, table, &evidence.tables)).collect();
            wrong.push(format!("{} records of {name}, not {}:\n    {}", rows.len(), wanted.len(), shown.join("\n    ")));
            continue;
        }
        for (row, wanted) in rows.iter().zip(wanted) {
            for (field, wanted) in wanted {
                let Some(column) = table.column(field) else {
                    wrong.push(format!("{name} has no field {field}"));
                    continue;
                };
                let got = json(row.get(column), &evidence.tables);
                let same = match (got.as_f64(), wanted.as_f64()) {
                    (Some(got), Some(wanted)) => (got - wanted).abs() < 1e-9,
                    _ => got == *wanted,
                };
                if !same {
                    wrong.push(format!("{name}.{field} is {got}, not {wanted}"));
                }
            }
        }
    }
    wrong
}

fn json(value: Value, tables: &Tables) -> serde_json::Value {
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Text(name) => tables.names.get(name).into(),
        Value::Int(number) => number.into(),
        Value::Number(number) => number.into(),
        Value::Bool(yes) => yes.into(),
        Value::Time(time) => time.to_string().into(),
    }
}

fn shown(row: &Record, table: &Table, tables: &Tables) -> String {
    let fields = table.fields.iter().enumerate().map(|(at, field)| (field.name, json(row.get(Column(at)), tables)));
    fields.filter(|(_, value)| !value.is_null()).map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_parser_has_a_sample() {
    let rules = RuleSet::built_in();
    let shown: Vec<String> = samples().into_iter().map(|(_, sample)| sample.kind).collect();
    for kind in &rules.kinds {
        assert!(shown.contains(&kind.kind), "no sample of the kind {}", kind.kind);
    }
    for (parser, _) in PARSERS {
        assert!(postdoc::rules::kinds::PARSERS.contains(parser), "{parser} is not in rules::kinds::PARSERS");
        assert!(rules.kinds.iter().any(|kind| kind.parser == *parser), "no kind uses the parser {parser}");
    }
}

#[test]
fn no_beginning_of_any_sample_makes_anything_panic_and_every_line_is_accounted_for() {
    let rules = RuleSet::built_in();
    for (_, sample) in samples() {
        let name = sample.file.as_deref().unwrap_or("zz");
        // In the middle of words, of lines, of codes.
        for (end, _) in sample.text.char_indices().skip(1).step_by(sample.text.len() / 7 + 1) {
            let text = &sample.text[..end];
            let evidence = read(name, text.as_bytes().to_vec(), &rules);
            let source = &evidence.sources[0];
            assert_eq!(source.lines, text.lines().count() as u64, "{}", sample.name);
            assert!(source.unparsed <= source.lines, "{}: more lines are not understood than there are", sample.name);
            for table in postdoc::tables::TABLES {
                for row in evidence.tables.rows(table) {
                    assert!((1..=source.lines.max(1) as u32).contains(&row.source.line), "{}: {}", sample.name, table.name);
                }
            }
        }
    }
}

#[test]
fn a_transcript_of_all_samples_gives_the_records_of_each() {
    let rules = RuleSet::built_in();
    let mut text = String::from("Last login: Thu Nov 12 11:02:00 2026\n");
    let parts = [
        ("cat /etc/hosts", "127.0.0.1 localhost\n203.0.113.25 mail.example.com mail\n"),
        ("postqueue -p", "Mail queue is empty\n"),
        ("dig +short mx gmail.com", "5 gmail-smtp-in.l.google.com.\n"),
        ("swaks --to a@example.net", "bash: swaks: command not found\n"),
        (
            "tail -n 2 /var/log/mail.log",
            "Nov 12 09:35:44 mail postfix/smtp[467]: 4F2C41A2B3: to=<a@example.net>, relay=none, delay=31, delays=0.1/0/30/0, dsn=4.4.1, status=deferred (connect to mx.example.net[192.0.2.7]:25: Connection timed out)\nNov 12 09:35:45 mail postfix/qmgr[1]: 4F2C41A2B3: from=<b@example.com>, size=1, nrcpt=1 (queue active)\n",
        ),
        ("df -h", "Filesystem      Size  Used Avail Use% Mounted on\n/dev/vda1        25G   10G   15G  40% /\n"),
    ];
    for (command, output) in parts {
        text.push_str(&format!("root@mail:~# {command}\n{output}"));
    }
    text.push_str("root@mail:~# \n");
    let evidence = read("notes from the call.txt", text.clone().into_bytes(), &rules);
    assert_eq!(evidence.sources[0].kind.as_deref(), Some("transcript"));
    assert!(
        evidence.sources[0].title.starts_with("output of 6 commands: cat /etc/hosts, postqueue -p"),
        "{}",
        evidence.sources[0].title
    );
    let count = |name: &str| evidence.tables.rows(table(name).expect("a table")).len();
    for (name, records) in [("hosts", 3), ("lookups", 1), ("collection", 1), ("attempts", 1), ("filesystems", 1)] {
        assert_eq!(count(name), records, "{name}");
    }
    assert!(evidence.tables.is_collected(table("queue").expect("a table")));
    let attempt = &evidence.tables.rows(table("attempts").expect("a table"))[0];
    let line = text.lines().position(|line| line.contains("status=deferred")).expect("the line") as u32 + 1;
    assert_eq!(attempt.source.line, line, "a record is cited at its line of the transcript");
    // Nothing but the greeting above the first prompt was not understood.
    assert_eq!(evidence.sources[0].unparsed, 0);
}

/// A bundle as a platform or a collecting program lays it out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    files: BTreeMap<String, Shown>,
    /// Records of all files together, by table, without those of `host` and `lines`.
    records: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    kind: String,
    text: String,
}

#[test]
fn every_platform_lays_its_files_where_they_are_found() {
    let rules = RuleSet::built_in();
    let collected = Time::parse_rfc3339(b"2026-11-12T12:00:00Z", 0).expect("a time").0;
    let mut wrong = Vec::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/layouts");
    let paths: Vec<_> = fs::read_dir(folder).expect("the layouts").filter_map(|entry| Some(entry.ok()?.path())).collect();
    assert!(paths.len() >= 8, "only {} layouts", paths.len());
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let layout: Layout = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let files = layout.files.iter().map(|(path, shown)| (path.clone(), shown.text.clone().into_bytes()));
        let evidence = evidence::collect(&Bundle::of_texts(files, collected), &rules, &AtomicU64::new(0));
        for source in &evidence.sources {
            let (kind, wanted) = (source.kind.as_deref().unwrap_or("none"), &layout.files[&source.path].kind);
            if kind != wanted {
                wrong.push(format!("{name}: {} is recognised as {kind}, not as {wanted}", source.path));
            }
            if source.unparsed > 0 {
                wrong.push(format!("{name}: {}: {} lines not understood", source.path, source.unparsed));
            }
        }
        let tables = postdoc::tables::TABLES.iter().filter(|table| !matches!(table.name, "host" | "lines"));
        let counts = tables.map(|table| (table.name.to_owned(), evidence.tables.rows(table).len()));
        let counts: BTreeMap<String, usize> = counts.filter(|(_, count)| *count > 0).collect();
        if counts != layout.records {
            wrong.push(format!("{name}: the records are {counts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sender_of_a_message_that_the_filter_refuses_is_counted_too() {
    let log = "\
2026-11-12T09:00:00+01:00 mx1 postfix/smtpd[7]: 5327428257: client=relay.example.net[192.0.2.7]
2026-11-12T09:00:00+01:00 mx1 postfix/cleanup[8]: 5327428257: message-id=<1@example.net>
2026-11-12T09:00:01+01:00 mx1 postfix/cleanup[8]: 5327428257: milter-reject: END-OF-MESSAGE from relay.example.net[192.0.2.7]: 5.7.1 Spam message rejected; from=<> to=<info@example.com> proto=ESMTP helo=<relay.example.net>
";
    let evidence = read("mail.log", log.into(), &RuleSet::built_in());
    let traffic = evidence.traffic.expect("traffic");
    assert_eq!(traffic.senders.into_iter().collect::<Vec<_>>(), [(String::new(), 1)]);
}

/// Of a long log more than its beginning is looked at: on a log server the second host may be quiet for an hour.
#[test]
fn a_second_host_that_begins_to_log_later_is_found() {
    let rules = RuleSet::built_in();
    let line = |host: &str, at: usize| {
        format!("Nov 23 {:02}:{:02}:{:02} {host} postfix/qmgr[1]: 4F2C4{at:05X}: removed\n", 8 + at / 3600, at / 60 % 60, at % 60)
    };
    let log: String = (0..4000).map(|at| line(if at > 2000 && at % 2 == 0 { "mx2" } else { "mx1" }, at)).collect();
    assert!(log.len() > 200_000);
    let bundle = Bundle::of_texts([("mail.log".to_owned(), log.into_bytes())], Time::from_seconds(1_795_449_600));
    let evidence = evidence::collect(&bundle, &rules, &AtomicU64::new(0));
    assert!(evidence.sources[0].title.contains("several hosts log into it"), "{}", evidence.sources[0].title);
}
