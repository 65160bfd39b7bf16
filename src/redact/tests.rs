//! Behaviour of redaction on lines.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::LazyLock;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

fn redactor() -> Redactor<'static> {
    Redactor::new(Key::from_bytes(b"a key for tests"), Policy::default(), &RULES)
}

/// The lines after redaction, each shown to the redactor first.
fn redacted(lines: &[&str]) -> Vec<String> {
    let mut redactor = redactor();
    lines.iter().for_each(|line| redactor.learn(None, line));
    lines.iter().map(|line| redactor.text(None, line).into_owned()).collect()
}

#[test]
fn one_person_is_one_pseudonym_in_every_spelling() {
    let lines = [
        "to=<maria@acme.de>, relay=mx.acme.de[88.198.3.4]:25, status=sent",
        "to=<\"maria\"@ACME.DE>, orig_to=<maria+news@acme.de>",
        "sasl_method=PLAIN, sasl_username=maria",
        "550 5.1.1 no mailbox of maria here",
        "bounce-1=maria=acme.de@lists.other.de maria=40acme.de",
        "/home/maria/public_html: drwx",
    ];
    let out = redacted(&lines);
    let [name, domain] = ["maria", "acme"].map(|word| redactor().word(word));
    assert_eq!(out[0].split(", ").next(), Some(format!("to=<{name}@{domain}.de>").as_str()));
    for line in &out {
        assert!(line.contains(&name), "{line}");
        assert!(!line.to_lowercase().contains("maria") && !line.to_lowercase().contains("acme"), "{line}");
    }
    assert!(out[1].starts_with(&format!("to=<\"{name}\"@{}.DE>, orig_to=<{name}+", domain.to_uppercase())), "{}", out[1]);
    assert!(out[4].contains(&format!("={name}={domain}.de@lists.")), "{}", out[4]);
}

#[test]
fn names_in_encodings_do_not_survive() {
    let blob = STANDARD.encode("maria@acme.de");
    let lines = [
        "from=<maria@acme.de>".to_owned(),
        format!("warning: header From: =?UTF-8?B?{}?= <maria@acme.de> from local; from=<maria@acme.de>", STANDARD.encode("Maria Kowalczyk")),
        "header Subject: Rechnung Kowalczyk from a.de[88.198.3.4]; from=<maria@acme.de> to=<x@acme.de>".to_owned(),
        "X-Return: =?iso-8859-1?Q?maria=40acme=2Ede?=".to_owned(),
        format!("X-Id: {blob}"),
        "to=<x@xn--mller-kva.de> and <x@müller.de>".to_owned(),
        "client=[2001:DB8:0:0:0:0:0:9] [IPv6:2001:db8::9] 9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa".to_owned(),
        "static.4.3.198.88.clients.your-server.de[88.198.3.4] 4.3.198.88.in-addr.arpa".to_owned(),
    ];
    let out = redacted(&lines.each_ref().map(String::as_str));
    let whole = out.join("\n").to_lowercase();
    for gone in
        ["maria", "kowalczyk", "acme", "mller", "müller", "rechnung", "88.198", "198.88", "2001:db8::9", &blob.to_lowercase()]
    {
        assert!(!whole.contains(gone), "{gone} in {whole}");
    }
    assert!(out[2].contains("; from=<") && out[2].contains(" from "), "{}", out[2]);
    assert!(out[7].contains(".clients.your-server.de["), "{}", out[7]);
    let ip = redactor().ip_text("88.198.3.4", "");
    let octets: Vec<&str> = ip.split('.').collect();
    assert!(out[7].contains(&format!("static.{}.{}.{}.{}.clients", octets[3], octets[2], octets[1], octets[0])), "{}", out[7]);
    assert!(out[7].ends_with(&format!("{}.{}.{}.{}.in-addr.arpa", octets[3], octets[2], octets[1], octets[0])), "{}", out[7]);
}

#[test]
fn what_names_nobody_stays() {
    for line in [
        "Nov 12 10:00:00 mail postfix/smtp[467]: 0CE5562: to=<postmaster@gmail.com>, relay=gmail-smtp-in.l.google.com[127.0.0.1]:25, delay=0.1, delays=0.1/0/0/0, dsn=4.7.0, status=deferred (host said: 421 4.7.0 see https://support.google.com/mail/?p=x (in reply to end of DATA command))",
        "fatal: open database /etc/aliases.db: No such file or directory; see main.cf, line 12",
        "blocked using zen.spamhaus.org; https://www.spamhaus.org/query/",
        "nameserver 8.8.8.8",
        "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND",
        "root         451  0.1  0.0  42680  4736 ?        Ss   17:36   0:00 /usr/lib/postfix/sbin/master -w",
        "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------",
        "warning: SASL authentication failed; cannot authenticate: user not found",
        "mynetworks = 127.0.0.0/8 [::1]/128 [::ffff:127.0.0.0]/104",
        "smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination",
        "mydestination = $myhostname, localhost.$mydomain, localhost",
        "relayhost = [email-smtp.eu-west-1.amazonaws.com]:587",
        "grep -oE 'to=<[^>]*>' | sort -u",
        "sh collect.sh > report.sh; postdoc compare BEFORE.tar.gz AFTER.tar.gz",
        "query = SELECT goto FROM alias WHERE address='%s' AND domain='%d'",
        "127.0.0.1 REJECT",
    ] {
        assert_eq!(redacted(&[line]), [line]);
    }
}

#[test]
fn relations_between_names_are_kept() {
    let mut redactor = redactor();
    let settings = [
        "myhostname = vps4411.acme.example",
        "mydomain = acme.example",
        "relayhost = [smtp.acme.example]:587",
        "mynetworks = 10.20.0.0/16",
    ];
    settings.iter().for_each(|line| redactor.learn(Some("postconf"), line));
    let out = settings.map(|line| redactor.text(Some("postconf"), line).into_owned());
    let domain = out[1].strip_prefix("mydomain = ").unwrap();
    assert!(out[0].ends_with(&format!(".{domain}")), "{out:?}");
    assert_eq!(out[2], format!("relayhost = [smtp.{domain}]:587"));
    assert!(out[3].ends_with(".0.0/16") && out[3].starts_with("mynetworks = 10."), "{out:?}");
    let short = redactor.text(Some("hostname"), "vps4411").into_owned();
    assert!(out[0].contains(&format!(" {short}.")), "{out:?}");
    assert_eq!(
        redactor.host("acme-example.mail.protection.outlook.com"),
        format!("{}.mail.protection.outlook.com", domain.replace('.', "-"))
    );
}

#[test]
fn a_name_that_is_an_ordinary_word_does_not_change_what_is_said() {
    let out = redacted(&[
        "to=<relay@acme.de>, status=deferred (delivery temporarily suspended: relay refused)",
        "to=<deferred@acme.de>, status=deferred",
    ]);
    assert!(out[0].ends_with("status=deferred (delivery temporarily suspended: relay refused)"), "{}", out[0]);
    assert!(!out[1].contains("deferred@") && out[1].ends_with("status=deferred"), "{}", out[1]);
}

#[test]
fn what_is_equal_stays_equal_in_every_place() {
    let mut redactor = redactor();
    let lines = [
        (Some("postconf"), "relayhost = [mx.acme.de]:587"),
        (Some("table"), "[mx.acme.de]:587 maria:(hidden)"),
        (None, "connect from ec2-88-198-3-4.eu-central-1.compute.amazonaws.com[88.198.3.4]"),
        (Some("postconf"), "mynetworks = [2a01:4f8:1:7::]/64"),
        (None, "systemd[1]: Started Session 44 of User maria."),
        (None, "88.198.3.4.41022 > 88.198.3.9.25: Flags [S], seq 1"),
        (None, "backup of MKowalczyk_2024 for kowalczyk@acme.de"),
        (None, "<-  250-mx.acme.de"),
        (None, "C: 88_198_3_4 ingeborg=40acme=2Ede"),
    ];
    lines.iter().for_each(|(kind, line)| redactor.learn(*kind, line));
    let out = lines.map(|(kind, line)| redactor.text(kind, line).into_owned());
    let (host, ip) = (redactor.host("mx.acme.de"), redactor.ip_text("88.198.3.4", ""));
    let maria = redactor.word("maria");
    assert_eq!(out[0], format!("relayhost = [{host}]:587"));
    assert_eq!(out[1], format!("[{host}]:587 {maria}:(hidden)"));
    let name = format!("ec2-{}.eu-central-1.compute.amazonaws.com", ip.replace('.', "-"));
    assert!(
        out[2].starts_with("connect from ") && out[2].ends_with(&format!(".eu-central-1.compute.amazonaws.com[{ip}]")),
        "{}",
        out[2]
    );
    assert!(out[2].contains(name.trim_start_matches("ec2")), "{} has no {name}", out[2]);
    assert!(out[3].ends_with("::]/64"), "{}", out[3]);
    assert_eq!(out[4], format!("systemd[1]: Started Session 44 of User {maria}."));
    assert!(out[5].starts_with(&format!("{ip}.41022 > ")) && out[5].ends_with(".25: Flags [S], seq 1"), "{}", out[5]);
    assert!(out[6].contains(&format!("M{}_2024", redactor.word("Kowalczyk"))), "{}", out[6]);
    assert_eq!(out[7], format!("<-  250-{host}"));
    assert!(out[8].contains(&ip.replace('.', "_")) && !out[8].contains("acme"), "{}", out[8]);
}

#[test]
fn bytes_sessions_and_keys_do_not_survive() {
    let lines = [
        "        0x0030:  6e6f 636b 656c 6265 7267 2e6f 6e6c 696e  nockelberg.onlin",
        "00000010  6e 6f 63 6b 65 6c 62 65  72 67 2e 6f 6e 6c 69 6e  |nockelberg.onlin|",
        "write(5, \"Subject: Honig f\\303\\274r Nockelberg\\nX: 1\", 99) = 99",
        "Passed CLEAN, mail_id: AbC, size: 12, Subject: \"Honig an Herr Nockelberg\", From: \"Nockelberg\" <x@acme.de>, 512 ms",
        "imap-login: Login: user=<x@acme.de>, rip=88.198.3.4, session=<nockelBERG0AAAB>",
        "lmtp(x@acme.de)<77><nockelBERG012345678>: saved",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnockelbergnockelbergnockelbergnockelberg01 x@acme.de",
        "Accepted publickey for x from 88.198.3.4 port 51514 ssh2: ED25519 SHA256:nockelbergMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDw",
    ];
    for (line, new) in lines.iter().zip(redacted(&lines)) {
        let lower = new.to_lowercase();
        assert!(!lower.contains("nockel") && !lower.contains("honig") && !lower.contains("6e6f"), "{line} became {new}");
    }
}

#[test]
fn the_mark_moves_with_the_text() {
    let redactor = redactor();
    let text = "to=<maria@acme.de>, status=deferred (refused)";
    let at = text.find("deferred").unwrap();
    let (new, mark) = redactor.marked(None, text, Some((at, at + 8)));
    let (from, to) = mark.unwrap();
    assert_eq!(&new[from..to], "deferred");
}

#[test]
fn the_check_finds_what_is_left() {
    let mut redactor = redactor();
    redactor.learn(None, "sasl_username=kowalczyk");
    let _ = redactor.text(None, "client=mx.acme.de[88.198.3.4]");
    let check = redactor.check();
    assert_eq!(check.leaks("nothing here"), []);
    for left in ["x Kowalczyk y", "at mx.ACME.de", "88.198.3.4:25"] {
        assert_eq!(check.leaks(&format!("a\n{left}")).iter().map(|leak| leak.line).collect::<Vec<_>>(), [2], "{left}");
    }
    assert_eq!(check.leaks("kowalczyks 188.198.3.4 88.198.3.40"), []);
}

#[test]
fn a_line_of_a_log_is_the_same_field_by_field_and_from_end_to_end() {
    let lines: std::collections::BTreeSet<String> = walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases"))
        .into_iter()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
        .flat_map(|text| text.lines().filter(|line| fields::of(line).is_some()).take(40).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(lines.len() > 2_000, "{} lines", lines.len());
    let (mut by_field, mut whole) = (redactor(), redactor());
    for line in &lines {
        by_field.learn(Some("maillog"), line);
        let parts = whole.named_in(Some("maillog"), line);
        whole.learn_parts(line, parts);
    }
    let names = |redactor: &Redactor<'_>| redactor.known.names.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(names(&by_field), names(&whole));
    for line in &lines {
        assert_eq!(by_field.text(Some("maillog"), line), apply(line, &whole.edits(Some("maillog"), line)));
    }
}
