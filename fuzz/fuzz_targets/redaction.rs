//! Lines of a file of some kind, learnt and redacted. What is planted in the middle must not come out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::evidence::secrets::{KnownSecrets, SecretFinder, SecretRemover};
use postdoc::redact::{Key, Policy, Redactor};
use postdoc::rules::RuleSet;
use std::sync::LazyLock;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

/// What a file is taken for, by the first byte.
const KINDS: [Option<&str>; 8] =
    [None, Some("maillog"), Some("passwd"), Some("ps"), Some("postqueue"), Some("hostname"), Some("logins"), Some("postconf")];

const PLANTED: &str = " <ottilie.krautwurst@mail.krautwurst.de> ";

/// What another file of the bundle gives away.
const SECRET: &str = "Zy7kQ2wv9pLm";

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let mut text = String::from_utf8_lossy(rest).into_owned();
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.insert_str(middle, PLANTED);
    text.insert_str(middle, &format!(" {SECRET} "));
    let mut secrets = KnownSecrets::new(&RULES);
    secrets.remember(SECRET);
    let secrets = secrets.finder();
    let mut redactor = Redactor::new(Key::from_bytes(b"fuzz"), Policy::default(), &RULES);
    for line in text.lines() {
        redactor.learn(kind, line);
    }
    let mut remover = SecretRemover::for_file("etc/mail.txt", &SecretFinder::of(&RULES));
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let (clean, _) = remover.line(line);
        let clean = secrets.hide(&clean).map_or(clean, Into::into);
        lines.push(redactor.text(kind, &clean).into_owned());
    }
    let check = redactor.check();
    for line in &lines {
        let line = check.replaced(line);
        assert!(check.leaks(&line).is_empty(), "{line}");
        assert!(!line.contains(SECRET), "{line}");
        // Within a longer word, which the fuzzer itself may make, it is another name.
        let bounded = line.match_indices("krautwurst").any(|(at, name)| {
            let (before, after) = (line[..at].chars().next_back(), line[at + name.len()..].chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        });
        assert!(!bounded, "{line}");
    }
});
