//! Reports that cannot be written, or whose writing ends in the middle.

use super::*;

#[test]
fn a_full_disk_keeps_the_report_that_was_there() {
    let folder = Folder::with("bundle/mail.log", ordinary());
    let (bundle, place) = (folder.path("bundle"), folder.path("small"));
    fs::create_dir(&place).expect("a folder");
    // A disk of its own with room for one report and a bit.
    let script = format!(
        "mount -t tmpfs -o size=96k tmpfs '{place}' && echo former > '{place}/report.html' && head -c 94000 /dev/zero > '{place}/filler' && \
         {{ \"$@\"; status=$?; cat '{place}/report.html' >&2; ls -A '{place}' >&2; exit $status; }}"
    );
    let report = format!("{place}/report.html");
    let wrapper = ["unshare", "-rm", "sh", "-c", &script];
    let can = Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "tmpfs", &place])
        .status()
        .is_ok_and(|status| status.success());
    if can {
        for command in [vec!["analyze", &bundle, "-o", &report], vec!["compare", &bundle, &bundle, "-o", &report]] {
            let outcome = Call::within(&wrapper, &command).run();
            assert!(outcome.refused().contains("report.html: cannot be written: No space left on device"), "{}", outcome.said);
            assert!(outcome.said.ends_with("former\nfiller\nreport.html\n"), "{}", outcome.said);
        }
        // No room to unpack into.
        let big: Vec<u8> = (0..3_000_000_u32).flat_map(|at| (at.wrapping_mul(2_654_435_761) >> 8).to_le_bytes()).collect();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header("mail.log", big.len() as u64), big.as_slice()).expect("a member");
        folder.add("big.tar", archive.into_inner().expect("an archive"));
        let script = format!("mount -t tmpfs -o size=96k tmpfs '{place}' && TMPDIR='{place}' exec \"$@\"");
        let outcome = Call::within(&["unshare", "-rm", "sh", "-c", &script], &["analyze", &folder.path("big.tar")]).run();
        assert!(
            outcome.refused().contains("No space left on device; set TMPDIR to a folder with more room")
                || outcome.said.contains("(os error 28); set TMPDIR"),
            "{}",
            outcome.said
        );
    } else {
        eprintln!("not tried: no file system can be mounted here");
    }
    let outcome = Call::new(&["analyze", &bundle, "-o", "/dev/full", "--format", "text"]).run();
    assert!(outcome.refused().contains("/dev/full: cannot be written: No space left on device"), "{}", outcome.said);
    let full = fs::File::options().write(true).open("/dev/full").expect("a device");
    let mut call = Call::new(&["analyze", &bundle]);
    call.command.stdout(full);
    let output = call.command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"));
}

#[test]
fn a_closed_pipe_is_quiet() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/port-25-blocked");
    for command in [
        vec!["analyze", sample],
        vec!["analyze", sample, "--format", "json"],
        vec!["records", sample, "--table", "attempts"],
        vec!["sources", sample],
        vec!["rules", "list"],
        vec!["rules", "test", concat!(env!("CARGO_MANIFEST_DIR"), "/rules"), "--rule", "outbound-port-25-blocked"],
        vec!["schema", "report"],
        vec!["collect"],
    ] {
        let mut call = Call::new(&command);
        let mut child = call.command.spawn().expect("it runs");
        drop(child.stdout.take());
        let status = wait(&mut child);
        let said = text(&mut child.stderr.take().expect("a pipe"));
        assert!(status.success() && said.is_empty(), "{command:?}: {status:?} {said}");
    }
}

#[test]
fn a_killed_run_keeps_the_report_that_was_there_and_the_next_one_cleans_up() {
    let folder = Folder::with("out/report.html", "former");
    folder.add("mail.log", ordinary());
    let (report, log) = (folder.path("out/report.html"), folder.path("mail.log"));
    let names = || -> Vec<PathBuf> {
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder.path("out")).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        names.sort();
        names
    };
    for signal in ["-INT", "-KILL"] {
        for command in [vec!["analyze", "-", "-o", &report], vec!["redact", "/dev/stdin", "-o", "x.tar.gz"]] {
            let mut call = Call::new(&command);
            call.command.stdin(Stdio::piped()).current_dir(folder.path("out"));
            let mut child = call.command.spawn().expect("it runs");
            let mut input = child.stdin.take().expect("a pipe");
            // More than is kept in memory, and the stream does not end; a pipe is no bundle for `redact`.
            let _ = input.write_all(ordinary().repeat(800).as_bytes());
            let pid = child.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().is_ok_and(|status| status.success()));
            assert!(!wait(&mut child).success());
            assert_eq!(fs::read_dir(call.temporary.path()).expect("a folder").count(), 0, "{signal}");
        }
        assert_eq!(fs::read_to_string(&report).expect("a report"), "former");
        assert_eq!(names(), [PathBuf::from(&report)]);
    }
    // What a run left that was killed while it wrote; what another writes now; and what is none of ours.
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    for name in [".postdoc-dead", ".postdoc-alive", ".other"] {
        folder.add(&format!("out/{name}"), "half a report");
        let file = fs::File::options().write(true).open(folder.path(&format!("out/{name}"))).expect("a file");
        file.set_modified(hour_ago).expect("a time");
    }
    let alive = fs::File::open(folder.path("out/.postdoc-alive")).expect("a file");
    alive.lock().expect("a lock");
    Call::new(&["analyze", &log, "-o", &report]).run().reported();
    assert!(fs::read_to_string(&report).expect("a report").starts_with("<!doctype html>"));
    let left: Vec<String> = names().iter().filter_map(|path| Path::new(path).file_name()?.to_str().map(str::to_owned)).collect();
    assert_eq!(left, [".other", ".postdoc-alive", "report.html"]);
}

#[test]
fn a_redaction_that_is_killed_leaves_nothing_and_the_next_one_is_whole() {
    let folder = Folder::with("bundle/mail.log", ordinary().repeat(2_000));
    let (bundle, new, map) = (folder.path("bundle"), folder.path("out/new.tar.gz"), folder.path("out/map.json"));
    folder.add("out/new.tar.gz", "former");
    for signal in ["-INT", "-KILL"] {
        let mut call = Call::new(&["redact", &bundle, "-o", &new, "--redact-map", &map]);
        let mut child = call.command.spawn().expect("it runs");
        std::thread::sleep(std::time::Duration::from_millis(700));
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().is_ok_and(|status| status.success()));
        assert!(!wait(&mut child).success(), "{signal}: it was over too soon");
        assert_eq!(fs::read_dir(call.temporary.path()).expect("a folder").count(), 0, "{signal}");
        assert_eq!(fs::read_to_string(&new).expect("a file"), "former", "{signal}");
        assert_eq!(fs::read_dir(folder.path("out")).expect("a folder").count(), 1, "{signal}");
    }
    folder.add("bundle/mail.log", ordinary());
    let outcome = Call::new(&["redact", &bundle, "-o", &new, "--redact-map", &map]).run();
    outcome.reported();
    assert_eq!(fs::read_dir(folder.path("out")).expect("a folder").count(), 2);
}

#[test]
fn a_limit_on_the_size_of_files_ends_with_a_sentence() {
    let folder = Folder::with("bundle/mail.log", ordinary().repeat(200));
    folder.add("report.html", "former");
    let (bundle, report, new) = (folder.path("bundle"), folder.path("report.html"), folder.path("new.tar.gz"));
    // A signal tells of it, which ends a program that has not asked for it.
    let limited = ["sh", "-c", "ulimit -f 8; exec \"$@\""];
    let outcome = Call::within(&limited, &["analyze", &bundle, "-o", &report]).run();
    assert!(outcome.refused().contains("report.html: cannot be written: File too large"), "{}", outcome.said);
    assert_eq!(fs::read_to_string(&report).expect("a file"), "former");
    let outcome = Call::within(&limited, &["redact", &bundle, "-o", &new]).run();
    assert!(outcome.refused().contains("File too large"), "{}", outcome.said);
    assert!(!Path::new(&new).exists());
}

#[test]
fn a_key_that_is_no_file_is_refused_and_not_waited_for() {
    let folder = Folder::with("bundle/mail.log", ordinary());
    let (bundle, pipe) = (folder.path("bundle"), folder.path("pipe"));
    assert!(Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()));
    for key in [pipe.as_str(), "/dev/zero", "/dev/null", &bundle] {
        for command in [vec!["analyze", &bundle], vec!["redact", &bundle, "-o", "new.tar.gz"]] {
            let outcome = Call::new(&[command, vec!["--redact-key", key]].concat()).run();
            assert_eq!(outcome.refused(), format!("postdoc: {key}: it is no file\n"));
        }
    }
}

#[test]
fn files_that_are_written_need_a_name_each() {
    let folder = Folder::with("bundle/mail.log", ordinary());
    let bundle = folder.path("bundle");
    let (same, other) = (folder.path("report.json"), folder.path("bundle/../report.json"));
    for options in [
        ["-o", &same, "--redact-map", &same],
        ["-o", &same, "--redact-map", &other],
        ["-o", &same, "--redact-key", &same],
        ["--redact-map", &same, "--redact-key", &other],
        ["-o", &same, "-o", &other],
    ] {
        let outcome = Call::new(&[vec!["analyze", bundle.as_str()], options.to_vec()].concat()).run();
        assert!(outcome.refused().ends_with("named twice; every file needs a name of its own\n"), "{}", outcome.said);
        assert!(!Path::new(&same).exists(), "{options:?}");
    }
    let (new, link) = (folder.path("new.tar.gz"), folder.path("bundle/../new.tar.gz"));
    let outcome = Call::new(&["redact", &bundle, "-o", &new, "--redact-map", &link]).run();
    assert!(outcome.refused().contains("new.tar.gz: named twice"), "{}", outcome.said);
    // Nor may a bundle be lost to what is made of it.
    folder.add("old.tar.gz", gzip(ordinary().as_bytes()));
    let old = folder.path("old.tar.gz");
    for options in [vec!["redact", &old, "-o", &old], vec!["analyze", &old, "-o", &old, "--format", "md"]] {
        let outcome = Call::new(&options).run();
        assert!(outcome.refused().contains("what is read from it would be overwritten"), "{}", outcome.said);
    }
}

#[test]
fn a_redacted_bundle_does_not_lie_in_the_one_that_it_was_made_of() {
    let folder = Folder::with("bundle/mail.log", ordinary());
    let outcome = Call::new(&["redact", &folder.path("bundle"), "-o", &folder.path("bundle/safe.tar.gz")]).run();
    assert!(outcome.refused().contains("the new bundle would lie in the old one"), "{}", outcome.said);
    let outcome = Call::new(&["redact", &folder.path("bundle"), "-o", &folder.path("safe.tar.gz")]).run();
    assert!(outcome.reported().contains("safe.tar.gz: 1 file"), "{}", outcome.out);
}

#[cfg(unix)]
#[test]
fn a_report_that_only_its_owner_may_read_stays_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with("bundle/mail.log", ordinary());
    let report = folder.path("report.md");
    fs::write(&report, "former").expect("written");
    fs::set_permissions(&report, fs::Permissions::from_mode(0o600)).expect("closed");
    Call::new(&["analyze", &folder.path("bundle"), "-o", &report]).run();
    assert!(fs::metadata(&report).expect("a file").len() > 100);
    assert_eq!(fs::metadata(&report).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_report_that_has_no_place_is_refused_before_the_work_begins() {
    let folder = Folder::new();
    // That there is no bundle, nobody has looked by then.
    let outcome = Call::new(&["analyze", &folder.path("none"), "-o", &folder.path("no/report.html")]).run();
    assert!(outcome.refused().contains("no/report.html: cannot be written: there is no folder"), "{}", outcome.said);
}
