//! Folders whose files are none, or change while they are read.

use super::*;

#[test]
fn links_pipes_sockets_and_devices_are_named_and_not_opened() {
    let folder = Folder::with("bundle/mail.log", ordinary());
    let bundle = folder.0.path().join("bundle");
    for (to, name) in
        [(".", "self"), ("../bundle", "cycle"), ("b", "a"), ("a", "b"), ("/etc/shadow", "shadow"), ("/proc/self/mem", "mem")]
    {
        std::os::unix::fs::symlink(to, bundle.join(name)).expect("a link");
    }
    let made =
        |program: &str, arguments: &[&str]| Command::new(program).args(arguments).status().is_ok_and(|status| status.success());
    let pipe = folder.path("bundle/pipe");
    assert!(made("mkfifo", &[&pipe]));
    let _socket = std::os::unix::net::UnixListener::bind(bundle.join("socket")).expect("a socket");
    // Only root makes devices.
    let zero = folder.path("bundle/zero");
    let has_device =
        made("mknod", &[&zero, "c", "1", "5"]) && fs::metadata(&zero).is_ok_and(|data| data.file_type().is_char_device());
    let outcome = Call::new(&["sources", &folder.path("bundle")]).run();
    let said = outcome.reported();
    let special = said.matches("neither a file nor a directory").count();
    assert_eq!((said.matches("a symbolic link").count(), special), (6, 2 + usize::from(has_device)), "{said}");
    assert!(said.starts_with("mail.log\n"), "{said}");
    assert!(Call::new(&["analyze", &pipe]).run().refused().contains("neither a file nor a directory"));
}

#[test]
fn files_that_vanish_grow_or_shrink_while_they_are_read() {
    use postdoc::bundle::{Bundle, Limits};
    use postdoc::evidence;
    use postdoc::rules::RuleSet;
    let rules = RuleSet::built_in();
    let long = ordinary().repeat(500);
    let mut packed = gzip(long.as_bytes());
    let folder = Folder::with("vanishes.log", &long);
    for name in ["grows.log", "shrinks.log", "empties.log", "becomes-a-pipe.log", "becomes-a-folder.log"] {
        folder.add(name, &long);
    }
    folder.add("shrinks.log.1.gz", &packed);
    let path = |name: &str| folder.0.path().join(name);
    let bundle = Bundle::open(folder.0.path(), &Limits::default()).expect("a bundle");
    let remove = |name: &str| fs::remove_file(path(name)).expect("it was there");
    remove("vanishes.log");
    fs::OpenOptions::new()
        .append(true)
        .open(path("grows.log"))
        .and_then(|mut file| file.write_all(ordinary().as_bytes()))
        .expect("it grows");
    fs::OpenOptions::new().write(true).open(path("shrinks.log")).and_then(|file| file.set_len(1_000)).expect("it shrinks");
    folder.add("empties.log", "");
    packed.truncate(packed.len() / 2);
    folder.add("shrinks.log.1.gz", &packed);
    remove("becomes-a-pipe.log");
    assert!(Command::new("mkfifo").arg(path("becomes-a-pipe.log")).status().is_ok_and(|status| status.success()));
    remove("becomes-a-folder.log");
    fs::create_dir(path("becomes-a-folder.log")).expect("a folder");
    let found = evidence::collect(&bundle, &rules, &std::sync::atomic::AtomicU64::new(0));
    let title = |name: &str| found.sources.iter().find(|source| source.path == name).map_or("", |source| source.title.as_str());
    for (name, words) in [
        ("vanishes.log", "cannot be read: No such file"),
        ("becomes-a-pipe.log", "cannot be read: it is no file any more"),
        ("becomes-a-folder.log", "cannot be read: "),
        ("shrinks.log.1.gz", "reading ended early"),
        ("grows.log", "ostfix log"),
    ] {
        assert!(title(name).contains(words), "{name}: {}", title(name));
    }
    assert!(found.traffic.is_some_and(|traffic| traffic.lines >= 10_000), "what is left is read");
}

/// Runs a call as somebody who is not root, whom permissions stop.
fn as_nobody(arguments: &[&str]) -> Call {
    let is_root = fs::metadata("/proc/self").is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0);
    let wrapper: &[&str] = if is_root {
        &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", "exec \"$@\""]
    } else {
        &["sh", "-c", "exec \"$@\""]
    };
    Call::within(wrapper, arguments)
}

/// The program where everybody may run it: a checkout may lie in a folder that is its owner's only.
fn everybodys() -> bool {
    Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_postdoc"), "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn without_permission_there_is_a_sentence() {
    if !everybodys() {
        eprintln!("not tried: nobody cannot run {}", env!("CARGO_BIN_EXE_postdoc"));
        return;
    }
    let folder = Folder::with("bundle/mail.log", ordinary());
    folder.add("bundle/secret.log", ordinary());
    folder.add("bundle/locked/x.log", ordinary());
    let lock = |name: &str, mode| fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).expect("permissions");
    lock("bundle/secret.log", 0o000);
    lock("bundle/locked", 0o000);
    let outcome = as_nobody(&["sources", &folder.path("bundle")]).run();
    let said = outcome.reported();
    assert_eq!(said.matches("cannot be read: Permission denied").count(), 2, "{said}");
    assert!(as_nobody(&["analyze", &folder.path("bundle/secret.log")]).run().refused().contains("Permission denied"));
    assert!(as_nobody(&["analyze", &folder.path("bundle/locked")]).run().refused().contains("Permission denied"));
    // A folder that cannot be written into.
    let target = folder.path("report.html");
    let outcome = as_nobody(&["analyze", &folder.path("bundle"), "-o", &target]).run();
    assert!(outcome.refused().contains("report.html: cannot be written: Permission denied"), "{}", outcome.said);
    lock("bundle/locked", 0o755);
}
