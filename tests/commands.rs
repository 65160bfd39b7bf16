//! Every suggested command does what it says: it is shell that parses, and a value from the evidence, whatever a stranger
//! wrote into it, stays one word of it.

#[path = "../src/rules/dice.rs"]
mod dice;

use dice::Dice;
use postdoc::analysis::{Analysis, Options};
use postdoc::diagnose::measure::Asker;
use postdoc::diagnose::words::{Place, Words, shell_quote};
use postdoc::rules::RuleSet;
use postdoc::tables::Tables;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicU64;

/// What a real shell says of a script that it only parses.
fn parses(script: &str) -> Result<(), String> {
    let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("sh");
    shell.stdin.take().expect("piped").write_all(script.as_bytes()).expect("written");
    let said = shell.wait_with_output().expect("an end");
    if said.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said.stderr).into_owned()) }
}

/// What a shell could take for more than text.
const NASTY: &[&str] = &[
    "'",
    "\"",
    "\\",
    "`",
    "$",
    "$(",
    ")",
    "${IFS}",
    ";",
    "&",
    "|",
    "<",
    ">",
    "\n",
    "\t",
    " ",
    "*",
    "?",
    "[",
    "]",
    "{",
    "}",
    "~",
    "#",
    "!",
    "-",
    "--",
    "=",
    "%",
    "a",
    "Z9",
    "é",
    "\u{202e}",
    "\u{1b}[2J",
    "\r",
    "touch owned",
    "@",
    ".",
    "/",
];

#[test]
fn a_quoted_value_is_one_word_and_itself() {
    let mut dice = Dice(25);
    let values: Vec<String> = (0..3000).map(|_| (0..=dice.roll(8)).map(|_| NASTY[dice.roll(NASTY.len())]).collect()).collect();
    let words: Vec<String> = values.iter().map(|value| shell_quote(value)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!("for word in {}\ndo printf '%s\\0' \"$word\"\ndone\n", words.join(" \\\n"));
    let mut shell =
        Command::new("sh").current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh");
    let mut input = shell.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let said = shell.wait_with_output().expect("an end");
    writer.join().expect("no panic").expect("written");
    let split = String::from_utf8(said.stdout).expect("UTF-8");
    let split: Vec<&str> = split.split_terminator('\0').collect();
    assert_eq!(split.len(), values.len(), "a value became none or several words");
    for (value, word) in values.iter().zip(split) {
        let shown: String = value.chars().filter(|c| !c.is_control()).collect();
        match shown.starts_with('-') {
            true => assert_eq!(word, "VALUE_THAT_STARTS_WITH_A_DASH", "{value:?} would be an option"),
            false => assert_eq!(word, shown, "{value:?}"),
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "a value was run");
}

#[test]
fn every_command_of_every_rule_is_shell() {
    let rules = RuleSet::built_in();
    let mut tables = Tables::default();
    tables.show_log = rules.plan.show_log(None).unwrap_or_default().to_owned();
    let asker = Asker::new(&tables, None, None);
    // Without evidence a value is shown as its name in capitals.
    let words = Words::of(&asker);
    let steps = rules.rules.iter().flat_map(|rule| rule.remedy.iter().map(move |step| (rule.id.as_str(), step)));
    let own = [&rules.plan.pause, &rules.plan.resume].into_iter().flatten().map(|step| ("plan.yaml", step));
    let mut seen = 0;
    for (rule, step) in steps.chain(own) {
        let Some(run) = &step.run else { continue };
        let script = words.fill(run, Place::Shell);
        seen += 1;
        if let Err(why) = parses(&script) {
            panic!("{rule}: {why}\n{script}");
        }
    }
    for (kind, collect) in rules.kinds.iter().flat_map(|kind| kind.collect.iter().map(move |collect| (&kind.title, collect))) {
        let script = words.fill(&collect.run, Place::Shell);
        parses(&script).unwrap_or_else(|why| panic!("{kind}: {why}\n{script}"));
    }
    assert!(seen > 30);
    let steps = rules.rules.iter().flat_map(|rule| &rule.remedy).filter_map(|step| step.run.as_ref());
    for (run, system) in steps.flat_map(|run| rules.plan.systems.iter().map(move |system| (run, system))) {
        let script = words.fill(&system.command(run), Place::Shell);
        parses(&script).unwrap_or_else(|why| panic!("{why}\n{script}"));
        assert!(!script.contains("systemctl restart"), "{script}");
    }
}

#[test]
fn a_plan_speaks_the_commands_of_the_system_that_was_seen() {
    let rules = RuleSet::built_in();
    let log = (1..6).fold(String::new(), |log, n| {
        log + &format!(
            "Nov 12 09:3{n}:44 mail postfix/smtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=none, delay=1, delays=0/0/1/0, \
             dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)\n"
        )
    });
    for (file, text, wanted) in [
        ("os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "systemctl restart amavis"),
        ("os-release", "NAME=x\nPRETTY_NAME=\"Alpine Linux v3.20\"\n", "rc-service amavis restart"),
        ("os-release", "NAME=x\nPRETTY_NAME=\"Devuan GNU/Linux 5 (daedalus)\"\n", "service amavis restart"),
        ("uname.txt", "FreeBSD mail 14.1-RELEASE FreeBSD 14.1-RELEASE GENERIC amd64\n", "service amavis restart"),
        (
            "ps-aux.txt",
            "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n\
             root 1 0.0 0.1 2000 1000 ? Ss 09:00 0:00 /usr/bin/python3 /usr/bin/supervisord -c /etc/supervisord.conf\n\
             root 9 0.0 0.1 2000 1000 ? Ss 09:00 0:00 /usr/bin/supervisord\n",
            "supervisorctl restart amavis",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("mail.log"), &log).expect("written");
        std::fs::write(folder.path().join(file), text).expect("written");
        let report = Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
        let commands: Vec<String> = report.plan.into_iter().filter_map(|step| step.run).collect();
        assert!(commands.iter().any(|command| command == wanted), "{text}: {commands:#?}");
    }
}

#[test]
fn a_plan_works_on_the_instance_whose_mail_fails() {
    let rules = RuleSet::built_in();
    let log = (1..6).fold(String::new(), |log, n| {
        log + &format!(
            "Nov 12 09:3{n}:44 mail postfix-out/smtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=none, delay=1, delays=0/0/1/0, \
             dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)\n"
        )
    });
    let commands = |settings: &str| -> String {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("mail.log"), &log).expect("written");
        std::fs::write(folder.path().join("postconf-n.txt"), settings).expect("written");
        let report = Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
        report.plan.into_iter().filter_map(|step| step.run).collect::<Vec<_>>().join("\n")
    };
    let several = commands("multi_instance_enable = yes\nmulti_instance_directories = /etc/postfix-in /etc/postfix-out\n");
    assert!(
        several.contains("postmulti -i postfix-out -x postqueue -f\npostmulti -i postfix-out -x qshape deferred | head"),
        "{several}"
    );
    for line in several.lines().filter(|line| line.starts_with("post")) {
        parses(line).unwrap_or_else(|why| panic!("{why}\n{line}"));
    }
    let own = commands("multi_instance_name = postfix-out\nmyhostname = mail.example.com\n");
    assert!(own.contains("postmulti -i postfix-out -x postqueue -f"), "{own}");
    // A service's own name in the log is no instance.
    assert!(!commands("myhostname = mail.example.com\n").contains("postmulti"));
}

/// The report on a folder of files.
fn report_on(files: &[(&str, &str)]) -> postdoc::report::view::Report {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let rules = RuleSet::built_in();
    Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report
}

#[test]
fn a_plan_works_in_the_container_that_the_evidence_names() {
    let log = (1..6).fold(String::new(), |log, n| {
        log + &format!(
            "Nov 12 09:3{n}:44 mail postfix/smtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=none, delay=1, delays=0/0/1/0, \
             dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)\n"
        )
    });
    let listing = "CONTAINER ID   IMAGE            COMMAND   CREATED   STATUS   PORTS   NAMES\n\
                   0123456789ab   nginx:1          \"nginx\"   5 d       Up 5 d   80/tcp  web-nginx-1\n\
                   8f3b1c2d4e5f   mailcow/postfix  \"/run\"    5 d       Up 5 d   25/tcp  mailcow-postfix-1\n";
    let manifest = "file\tstatus\tseconds\tbytes\tcommand\n\
                    df-h.txt\t0\t0\t400\tdf -h\n\
                    postconf-n.txt\t0\t0\t400\tdocker exec mailserver postconf -n\n";
    for (file, text, name) in [("docker-ps.txt", listing, "mailcow-postfix-1"), ("manifest.tsv", manifest, "mailserver")] {
        let report = report_on(&[("mail.log", &log), (file, text)]);
        let commands = report.plan.iter().filter_map(|step| step.run.clone()).collect::<Vec<_>>().join("\n");
        assert!(commands.contains(&format!("docker exec -i {name} postqueue -f")), "{commands}");
        assert!(!commands.lines().any(|line| line.starts_with("postq") || line.starts_with("postc")), "{commands}");
        // What warns of a command names it as it would be typed.
        let warned: Vec<_> = report.do_not.iter().map(|warning| warning.command.as_str()).collect();
        assert!(warned.contains(&format!("docker exec -i {name} postqueue -f").as_str()), "{warned:?}");
    }
}

#[test]
fn files_of_the_queue_are_looked_at_in_the_container_that_holds_them() {
    let log = (1..6).fold(String::new(), |log, n| {
        log + &format!(
            "Nov 12 09:3{n}:44 mail postfix/lmtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=none, delay=1, delays=0/0/1/0, \
             dsn=4.4.1, status=deferred (connect to mail.example.com[private/dovecot-lmtp]: No such file or directory)\n"
        )
    });
    let listing = "CONTAINER ID   IMAGE            COMMAND   CREATED   STATUS   PORTS   NAMES\n\
                   8f3b1c2d4e5f   mailcow/postfix  \"/run\"    5 d       Up 5 d   25/tcp  mailcow-postfix-1\n";
    let commands = |files: &[(&str, &str)]| {
        let report = report_on(files);
        report.plan.iter().filter_map(|step| step.run.clone()).collect::<Vec<_>>().join("\n")
    };
    let inside = commands(&[("mail.log", &log), ("docker-ps.txt", listing)]);
    assert!(inside.contains("docker exec -i mailcow-postfix-1 ls -l /var/spool/postfix/private/"), "{inside}");
    assert!(inside.lines().any(|line| line.starts_with("ss -ltn")), "what names no such file stays: {inside}");
    let outside = commands(&[("mail.log", &log)]);
    assert!(outside.lines().any(|line| line == "ls -l /var/spool/postfix/private/"), "{outside}");
}

#[test]
fn commands_name_the_directories_of_the_postfix_that_fails() {
    let log = |instance: &str| {
        (1..6).fold(String::new(), |log, n| {
            log + &format!(
                "Nov 12 09:3{n}:44 mail {instance}/lmtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=none, delay=1, \
                 delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to mail.example.com[private/dovecot-lmtp]: No such file or \
                 directory)\n"
            )
        })
    };
    for (instance, settings, wanted) in [
        ("postfix", "queue_directory = /srv/queue\n", "/srv/queue/private/"),
        ("postfix-out", "multi_instance_name = postfix-out\nqueue_directory = /srv/out\n", "/srv/out/private/"),
        // Its settings were not collected: those of the first instance say nothing of it.
        (
            "postfix-out",
            "multi_instance_directories = /etc/postfix-out\nqueue_directory = /srv/in\n",
            "/var/spool/postfix-out/private/",
        ),
        // What the shell would not take as a path stands in no command.
        ("postfix", "queue_directory = /srv/$(id)\n", "/var/spool/postfix/private/"),
    ] {
        let report = report_on(&[("mail.log", &log(instance)), ("postconf-n.txt", settings)]);
        let commands = report.plan.iter().filter_map(|step| step.run.clone()).collect::<Vec<_>>().join("\n");
        assert!(commands.lines().any(|line| line == format!("ls -l {wanted}")), "{wanted}: {commands}");
    }
}

#[test]
fn settings_are_those_of_the_instance_whose_mail_fails() {
    let log = |instance: &str| {
        (1..6).fold(String::new(), |log, n| {
            log + &format!(
                "Nov 12 09:3{n}:44 mail {instance}/smtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=none, delay=1, \
                 delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to relay.example.net[198.18.1.9]:25: Connection refused)\n"
            )
        })
    };
    let first = "multi_instance_directories = /etc/postfix-out\nmyhostname = in.example.com\nrelayhost =\n";
    let second = "multi_instance_name = postfix-out\nmyhostname = out.example.com\nrelayhost = [relay.example.net]\n";
    for (instance, host) in [("postfix-out", "out.example.com"), ("postfix", "in.example.com")] {
        let files = [
            ("mail.log", log(instance)),
            ("postconf-n.txt", first.to_owned()),
            ("postconf-n-postfix-out.txt", second.to_owned()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let report = report_on(&files);
        assert_eq!(report.host.as_deref(), Some(host));
        assert!(
            !report.causes.iter().any(|cause| cause.rule == "settings-of-another-instance" && cause.confidence != "possible")
        );
    }
}

#[test]
fn nobody_is_warned_of_moving_mail_where_none_waits() {
    let refused = "Nov 12 09:35:4";
    let log = (1..7).fold(String::new(), |log, n| {
        log + &format!(
            "{refused}{n} mail postfix/smtp[467]: 0CE5562{n}: to=<x{n}@one.example>, relay=mx.one.example[198.18.1.26]:25, delay=3, \
             delays=0/0/3/0, dsn=5.7.23, status=bounced (host mx.one.example[198.18.1.26] said: 550 5.7.23 SPF validation failed \
             for 203.0.113.9 (in reply to RCPT TO command))\n"
        )
    });
    let report = report_on(&[("mail.log", &log), ("mailq.txt", "Mail queue is empty\n")]);
    assert!(report.do_not.iter().all(|warning| !warning.command.contains("postqueue")), "{:?}", report.do_not);
    assert!(!report.plan.iter().any(|step| step.phase == "drain" && step.risk != "read-only"), "{:#?}", report.plan);
    // Without a listing or a log that settles it, the warning stays.
    let queue = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n\
                 0CE5562A9       900 Thu Nov 12 09:35:44  a@example.com\n\
                 (host mx.one.example[198.18.1.26] said: 451 4.7.24 SPF validation failed (in reply to RCPT TO command))\n\
                 \u{20}                                        y@one.example\n\n-- 1 Kbytes in 1 Request.\n";
    let report = report_on(&[("mail.log", &log), ("mailq.txt", queue)]);
    assert!(report.do_not.iter().any(|warning| warning.command == "postqueue -f"), "{:?}", report.do_not);
    // The log alone tells whose machine it is, and receivers tell its address.
    assert_eq!(report.host.as_deref(), Some("mail"));
    let steps = report.plan.iter().map(|step| format!("{} {:?}", step.action, step.details)).collect::<Vec<_>>().join("\n");
    assert!(steps.contains("203.0.113.9"), "{steps}");
}

/// Names of people and hosts in a sample, and what a hostile sender makes of them.
const HOSTILE: &[&str] = &["$(touch${IFS}owned)", "`touch${IFS}owned`", "';touch${IFS}owned;'", "-rf", "a'\"b|c&d>e", "*"];

#[test]
fn hostile_names_change_no_command_but_for_their_own_word() {
    let rules = RuleSet::built_in();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/stolen-login");
    let commands = |login: &str| -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["mail.log", "postqueue-j.json", "date.txt"] {
            let text = std::fs::read_to_string(sample.join(name)).expect("a sample");
            let login = if name.ends_with(".json") { login.replace('\\', "\\\\").replace('"', "\\\"") } else { login.to_owned() };
            std::fs::write(folder.path().join(name), text.replace("lager@hofmann-bau.example", &login)).expect("written");
        }
        let report = Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
        report.plan.into_iter().filter_map(|step| step.run).collect()
    };
    let plain = commands("innocent@hofmann-bau.example");
    assert!(
        plain.iter().any(|command| command.contains("innocent@hofmann-bau.example")),
        "the sample names the login in a command"
    );
    for part in HOSTILE {
        let login = format!("{part}@hofmann-bau.example");
        let got = commands(&login);
        for (got, plain) in got.iter().zip(&plain) {
            parses(got).unwrap_or_else(|why| panic!("{why}\n{got}"));
            assert_eq!(&got.replace(&shell_quote(&login), "innocent@hofmann-bau.example"), plain, "{login}");
        }
    }
}
