//! Packs of rules and templates from others: each ends in errors with a place, or in a bounded time.

use super::*;

/// The head of a rule, and what its one signal asks for.
fn rule(asks: &str) -> String {
    format!(
        "id: hostile\ntitle: Hostile\nseverity: low\nsummary: >\n  A rule.\nrequires:\n  it:\n    in: attempts\n    where: {asks}\n    says: \"it is so\"\nremedy:\n  - {{phase: fix, do: Wait., run: 'true', risk: read-only, good: nothing}}\n"
    )
}

fn reason(phrases: &str) -> String {
    format!("- class: hostile-one\n  bucket: network-path\n  voice: remote\n  any: [{phrases}]\n  examples: ['550 hostile']\n")
}

/// Loads a pack of one file, by checking it and by analysing with it.
fn load(path: &str, text: &str) -> Vec<Outcome> {
    let pack = Folder::new();
    pack.add(&format!("pack/{path}"), text);
    pack.add("mail.log", ordinary());
    let (pack, log) = (pack.path("pack"), pack.path("mail.log"));
    [vec!["rules", "check", &pack], vec!["analyze", &log, "--rules", &pack]].map(|arguments| Call::new(&arguments).run()).into()
}

#[test]
fn a_pack_that_is_too_large_for_any_rule_is_refused_with_its_place() {
    // Ten lines that stand for a billion values.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..10 {
        let _ = writeln!(bomb, "a{at}: &a{at} [{}]", vec![format!("*a{}", at - 1); 9].join(", "));
    }
    let nested = |open: &str, close: &str| format!("id: {}{}\n", open.repeat(100_000), close.repeat(100_000));
    let blocks: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let quoted = |pattern: &str| format!("'{pattern}'");
    for (path, text, why) in [
        ("abuse/bomb.yaml", bomb, "too large for a rule file"),
        ("abuse/lists.yaml", nested("[", "]"), "too large for a rule file"),
        ("abuse/maps.yaml", nested("{a: ", "}"), "too large for a rule file"),
        ("abuse/blocks.yaml", blocks, "too large for a rule file"),
        ("abuse/large.yaml", format!("id: {}\n", "x".repeat(5 << 20)), "a rule file has at most 4 MB"),
        ("reasons/own.yaml", reason(&quoted(r"(?:\w{1000}){1000}")), "too large"),
        ("reasons/own.yaml", reason(&quoted(&format!("({}){{500}}", "a|".repeat(2000)))), "too large"),
        ("reasons/own.yaml", reason(&quoted(&format!("{}x{}", "(".repeat(5000), ")".repeat(5000)))), "nest"),
        ("abuse/regex.yaml", rule(r"{reason: {matches: '(?:\pL{900}){900}'}}"), "too large"),
        ("abuse/template.yaml", rule("{status: sent}").replace("it is so", &"{{#if count}}".repeat(50_000)), "{{"),
    ] {
        for outcome in load(path, &text) {
            let said = format!("{}{}", outcome.out, outcome.said);
            assert!(matches!(outcome.status.code(), Some(1 | 2)), "{path}: {:?}: {said:.2000}", outcome.status);
            assert!(said.contains(why) && said.contains(path), "{path}: {why}: {said:.2000}");
            assert!(said.len() < 100_000, "{path}: {} bytes are said", said.len());
        }
    }
}

#[test]
fn a_pack_that_is_merely_large_is_loaded_in_a_bounded_time() {
    // Literals of a megabyte, a thousand expressions that each are just small enough, and a list of many values.
    let literal = format!("'{}'", "hostile ".repeat(100_000));
    let many: Vec<String> = (0..1000).map(|at| format!(r"'hostile{at} (?:\w{{1,30}} ){{1,20}}end'")).collect();
    let values: Vec<String> = (0..100_000).map(|at| format!("v{at}")).collect();
    for (path, text) in [
        ("reasons/own.yaml", reason(&literal).replace("550 hostile", &"hostile ".repeat(100_000))),
        ("reasons/own.yaml", reason(&format!("'550 hostile', {}", many.join(", ")))),
        ("abuse/list.yaml", rule(&format!("{{status: [{}]}}", values.join(", ")))),
        ("abuse/title.yaml", rule("{status: sent}").replace("it is so", &"so ".repeat(300_000))),
    ] {
        for outcome in load(path, &text) {
            assert!(matches!(outcome.status.code(), Some(0..=2)), "{path}: {:?}: {:.2000}", outcome.status, outcome.said);
        }
    }
}

#[test]
fn a_folder_of_rules_holds_no_surprises() {
    let pack = Folder::new();
    pack.add("pack/abuse/hostile.yaml", rule("{status: sent}"));
    pack.add("mail.log", ordinary());
    let place = pack.0.path().join("pack");
    assert!(Command::new("mkfifo").arg(place.join("abuse/pipe.yaml")).status().is_ok_and(|status| status.success()));
    for (to, name) in [("..", "cycle"), ("/dev/zero", "zero.yaml"), ("/etc/passwd", "passwd.yaml")] {
        std::os::unix::fs::symlink(to, place.join("abuse").join(name)).expect("a link");
    }
    let (place, log) = (place.display().to_string(), pack.path("mail.log"));
    let outcome = Call::new(&["rules", "list", "--rules", &place]).run();
    assert!(outcome.reported().contains("hostile"), "{}", outcome.out);
    Call::new(&["analyze", &log, "--rules", &place]).run().reported();
}

#[test]
fn options_that_name_something_endless_end() {
    let folder = Folder::with("mail.log", ordinary());
    let log = folder.path("mail.log");
    let template = Folder::with("report.txt.hbs", "x");
    std::os::unix::fs::symlink("/dev/zero", template.path("report.css")).expect("a link");
    for arguments in [
        vec!["analyze", &log, "--redact-patterns", "/dev/zero"],
        vec!["analyze", &log, "--brand", "/dev/zero"],
        vec!["analyze", &log, "--redact-key", "/dev/null"],
        vec!["render", "/dev/zero"],
        vec!["check", "/dev/zero"],
        vec!["headers", "/dev/zero"],
    ] {
        let outcome = Call::new(&arguments).run();
        assert!(outcome.status.code().is_some_and(|code| code > 0), "{arguments:?}: {:?} {}", outcome.status, outcome.said);
        assert!(outcome.said.len() + outcome.out.len() < 2_000, "{arguments:?}: {:.3000}{}", outcome.said, outcome.out);
    }
    Call::new(&["analyze", &log, "--templates", &template.path("")]).run().reported();
}

#[test]
fn rules_that_explain_one_another_in_a_long_circle_are_told_in_a_few_lines() {
    let pack = Folder::new();
    for at in 0..1_000 {
        let explains = format!("explains: [circle-{}]\nremedy:", (at + 1) % 1_000);
        let text = rule("{status: sent}").replace("id: hostile", &format!("id: circle-{at}")).replace("remedy:", &explains);
        pack.add(&format!("pack/abuse/circle-{at}.yaml"), &text);
    }
    let outcome = Call::new(&["rules", "check", &pack.path("pack")]).run();
    assert_eq!(outcome.status.code(), Some(1), "{:.2000}", outcome.said);
    let said = outcome.out + &outcome.said;
    let whole = "`explains` goes in a circle: circle-0 -> circle-1 -> circle-2 -> circle-3 -> (and 993 more) -> ";
    assert!(said.contains(whole), "{said:.2000}");
    assert!((1..=20).contains(&said.matches("goes in a circle").count()), "{said:.5000}");
    assert!(said.lines().all(|line| line.len() < 1_000), "a line is too long for a person");
}

#[test]
fn what_a_pack_says_does_nothing_to_the_terminal() {
    for (text, shown) in [
        (rule("{status: sent}").replace("id: hostile", r#"id: "x\e[31mred\u202e""#), r"`x\u{1b}[31mred\u{202e}` is no id"),
        (rule("{status: sent}").replace("severity: low", "severity: \u{202e}low"), r"`\u{202e}low`"),
        (rule("{status: sent}").replace("severity:", r#""sev\e]0;x\aerity":"#), r"sev\u{1b}]0;x\u{7}erity"),
    ] {
        for outcome in load("abuse/terminal.yaml", &text) {
            let said = outcome.out + &outcome.said;
            assert!(said.contains(shown), "{shown}: {said:.2000}");
            assert!(!said.contains(['\x1b', '\x07', '\u{202e}']), "{said:?}");
        }
    }
}

#[test]
fn a_brand_whose_logo_is_a_pipe_is_refused() {
    let folder = Folder::with("bundle/mail.log", ordinary());
    folder.add("brand.yaml", "name: Acme\nlogo: logo.png\n");
    let made = Command::new("mkfifo").arg(folder.path("logo.png")).status();
    assert!(made.is_ok_and(|status| status.success()), "no pipe can be made");
    let outcome =
        Call::new(&["analyze", &folder.path("bundle"), "--brand", &folder.path("brand.yaml"), "--format", "html"]).run();
    assert!(outcome.refused().contains("logo.png: cannot be read: it is no file"), "{}", outcome.said);
}
