//! How much of what Postfix itself can log is explained: `measure_messages TSV [--bare] [--reasons DIR] [--list]`.
//!
//! The table has a header and the columns `daemon`, `file`, `level`, `template` (printf form), `bucket`, `cause`, `class`.
//! Rows of class `runtime` count, unless their bucket is `benign` or `inbound`. Each template is filled in and asked of
//! `postdoc::diagnose::explain` as the log line it would be; `--bare` asks the text alone.

mod measuring;

use measuring::Call;
use postdoc::diagnose::explain::explain;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// One row of the table.
struct Row<'a> {
    daemon: &'a str,
    level: &'a str,
    template: &'a str,
    bucket: &'a str,
    cause: &'a str,
}

fn main() -> ExitCode {
    let call = match Call::read("measure_messages TSV [--bare] [--reasons DIR] [--list]") {
        Ok(call) => call,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let rows: Vec<Row<'_>> = call.table.lines().skip(1).filter_map(read).collect();
    let (mut right, mut by_daemon, mut same_cause) = (0, 0, 0);
    let mut per_bucket: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in &rows {
        let text = fill(row.template, errno(row), is_remote(row));
        let line = if call.has("--bare") { text } else { as_logged(row, &text) };
        let explained = explain(&line, &call.rules);
        let is_right = explained.bucket.as_deref() == Some(row.bucket);
        let entry = per_bucket.entry(row.bucket).or_default();
        entry.0 += usize::from(is_right);
        entry.1 += 1;
        right += usize::from(is_right);
        by_daemon += usize::from(is_right && explained.decided_by.as_deref().is_some_and(|by| by.starts_with("daemon ")));
        same_cause += usize::from(explained.reason_class.as_deref() == Some(row.cause));
        if !is_right || call.has("--list") {
            println!(
                "{} {}/{} but {}/{}: {line}",
                if is_right { "ok  " } else { "DIFF" },
                row.bucket,
                row.cause,
                explained.bucket.as_deref().unwrap_or("-"),
                explained.reason_class.as_deref().unwrap_or("-"),
            );
        }
    }
    for (bucket, (right, all)) in &per_bucket {
        println!("{bucket:16} {right:5} of {all:5}");
    }
    let share = |part: usize| 100.0 * part as f64 / rows.len().max(1) as f64;
    println!("bucket right: {right} of {} ({:.1} %), {by_daemon} of them by the daemon alone", rows.len(), share(right));
    println!("class named like the cause: {same_cause} ({:.1} %)", share(same_cause));
    ExitCode::SUCCESS
}

/// A row that counts.
fn read(line: &str) -> Option<Row<'_>> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[daemon, _, level, template, bucket, cause, class] = fields.as_slice() else { return None };
    // Evidence that is spoilt (bucket `collection`) is nobody's failure: it may be explained, and raises no alarm.
    let bucket = if bucket == "collection" { "other" } else { bucket };
    // Library code runs in any daemon; what it writes in a status= line comes from the mailbox deliveries.
    let daemon = if daemon == "*" && level == "dsn" { "local" } else { daemon };
    let counts = class == "runtime" && bucket != "benign" && bucket != "inbound";
    counts.then_some(Row { daemon: daemon.split(',').next()?, level, template, bucket, cause })
}

/// The error that is plausible for the row: it decides what the text means.
fn errno(row: &Row<'_>) -> &'static str {
    match row.cause {
        "disk-full" => "No space left on device",
        "fd-exhaustion" => "Too many open files",
        "fork-failure" => "Resource temporarily unavailable",
        "memory-exhausted" => "Cannot allocate memory",
        "port-25-in-use" => "Address already in use",
        "egress-bind-address" => "Cannot assign requested address",
        "outbound-25-blocked-all" => "Connection timed out",
        "ipv6-path-broken" | "local-socket-error" => "Address family not supported by protocol",
        "map-open-failed" | "map-build-failed" | "map-source-syntax" => "No such file or directory",
        _ if row.template.contains("connect") => "Connection refused",
        _ if row.template.contains("read") || row.template.contains("EOF") || row.template.contains("writ") => {
            "Connection reset by peer"
        }
        _ => "Permission denied",
    }
}

/// Whether the row speaks of a mail server elsewhere, not of a service of this machine.
fn is_remote(row: &Row<'_>) -> bool {
    row.daemon == "smtp" && !matches!(row.bucket, "local-service" | "local-resource")
}

/// Fills the conversions of a printf template.
fn fill(template: &str, errno: &str, remote: bool) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let spec = &rest[at + 1..];
        let end = spec.find(|c: char| c.is_ascii_alphabetic() && !"lhz".contains(c) || c == '%').unwrap_or(spec.len());
        let conversion = spec[end..].chars().next().unwrap_or('%');
        let filled = match conversion {
            '%' => "%",
            'm' => errno,
            's' => string(&out, remote),
            'c' => "x",
            'x' | 'X' | 'p' => "1f",
            _ => "7",
        };
        out.push_str(filled);
        rest = spec.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.replace("\\n", "").trim().to_owned()
}

/// What a `%s` stands for, by the words before it.
fn string(before: &str, remote: bool) -> &'static str {
    let before = before.trim_end_matches(['"', '\'', '<', '`', ' ', '$']);
    let last = before.rsplit([' ', '[', '(']).next().unwrap_or_default().trim_end_matches(':');
    match last {
        "host" | "server" | "from" | "to" | "with" | "relay" if remote => "mx.example.net[192.0.2.7]:25",
        "server" | "to" | "service" => "private/example",
        "file" | "open" | "database" | "map" | "table" => "/etc/postfix/example",
        "queue" => "deferred",
        "parameter" => "relayhost",
        _ => "example",
    }
}

/// The line as it would stand in the log.
fn as_logged(row: &Row<'_>, text: &str) -> String {
    let daemon = if row.daemon == "*" { "smtp" } else { row.daemon };
    let head = format!("Nov 24 08:31:07 mail postfix/{daemon}[4242]: ");
    match row.level {
        "dsn" => format!(
            "{head}4Xyz1Q2Wz3z9Qr: to=<ann@example.net>, relay=none, delay=2.1, delays=1/1/0/0.1, dsn=4.3.0, \
             status=deferred ({text})"
        ),
        "reject" => format!(
            "{head}NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 451 4.3.0 {text}; from=<bob@example.org> \
             to=<ann@example.com> proto=ESMTP helo=<host9.example.org>"
        ),
        "info" => head + &text.replacen("example: ", "4Xyz1Q2Wz3z9Qr: ", 1),
        level => format!("{head}{level}: {text}"),
    }
}
