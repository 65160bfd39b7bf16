//! Bundles in every shape that people send, and in the shapes that only an enemy sends.

use postdoc::analysis::{Analysis, Options, gather, report_on};
use postdoc::bundle::{Bundle, BundleError, Compression, Limits};
use postdoc::rules::RuleSet;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicU64;
use tempfile::TempDir;

/// Path in the bundle and content.
type Files = Vec<(String, Vec<u8>)>;

/// When the incidents were collected, as far as the files' dates tell.
const MODIFIED: u64 = 1_794_484_800;

const CONTAINERS: &[&str] = &["tar", "tar.gz", "tgz", "tar.xz", "tar.zst", "tar.bz2", "zip"];

fn files_of(bundle: &Bundle) -> Files {
    let content = |file: &postdoc::bundle::BundleFile| {
        let mut bytes = Vec::new();
        file.open().and_then(|mut reader| reader.read_to_end(&mut bytes)).expect("it can be read");
        bytes
    };
    bundle.files.iter().map(|file| (file.path.clone(), content(file))).collect()
}

fn open(path: &Path) -> Bundle {
    Bundle::open(path, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The bundles of the cases, with their names.
fn incidents() -> Vec<(String, Files)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).expect("cases").filter_map(|entry| Some(entry.ok()?.path())).collect();
    cases.sort();
    let mut incidents = Vec::new();
    for case in cases {
        let bundle = ["bundle", "bundle.tar.gz"].map(|name| case.join(name)).into_iter().find(|path| path.exists());
        let Some(bundle) = bundle.filter(|_| case.join("expected.yaml").exists()) else { continue };
        // Of the labelled incidents, of which there are two of a kind, the first: others need a name to be recognised, such as
        // an empty resolv.conf.
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if case.with_file_name(format!("{name}-2")).exists() {
            incidents.push((name, files_of(&open(&bundle))));
        }
    }
    assert!(incidents.len() >= 11, "only {} incidents", incidents.len());
    incidents
}

fn tar(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(MODIFIED);
        archive.append_data(&mut header, path, content.as_slice()).expect("a member");
    }
    archive.into_inner().expect("an archive")
}

fn compress(bytes: &[u8], how: Compression) -> Vec<u8> {
    match how {
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).expect("gzip");
            out.finish().expect("gzip")
        }
        Compression::Xz => {
            let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).expect("xz");
            out.write_all(bytes).expect("xz");
            out.finish().expect("xz")
        }
        Compression::Zstd => ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest),
        Compression::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(bytes).expect("bzip2");
            out.finish().expect("bzip2")
        }
    }
}

fn zip(files: &Files) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in files {
        archive.start_file(path.as_str(), zip::write::SimpleFileOptions::default()).expect("a member");
        archive.write_all(content).expect("a member");
    }
    archive.finish().expect("an archive").into_inner()
}

fn pack(files: &Files, kind: &str) -> Vec<u8> {
    match kind {
        "tar" => tar(files),
        "zip" => zip(files),
        "tar.gz" | "tgz" => compress(&tar(files), Compression::Gzip),
        "tar.xz" => compress(&tar(files), Compression::Xz),
        "tar.zst" => compress(&tar(files), Compression::Zstd),
        "tar.bz2" => compress(&tar(files), Compression::Bzip2),
        other => panic!("{other}"),
    }
}

/// A file of its own in a folder of its own.
fn on_disk(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, bytes).expect("a file");
    (folder, path)
}

/// What a diagnosis comes to.
fn diagnosis(path: &Path, rules: &RuleSet) -> String {
    let report = Analysis::run(path, rules, &Options::default(), &AtomicU64::new(0)).expect("an analysis").report;
    let causes: Vec<String> =
        report.causes.iter().map(|cause| format!("{} {} {}", cause.role, cause.rule, cause.confidence)).collect();
    format!("{:?}: {}; {:?} waiting", report.verdict, causes.join(", "), report.queue.waiting_recipients)
}

#[test]
fn every_container_of_every_incident_holds_the_same_files() {
    for (name, files) in incidents() {
        for kind in CONTAINERS {
            let (_folder, path) = on_disk(&format!("bundle.{kind}"), &pack(&files, kind));
            let got = files_of(&open(&path));
            assert!(got == files, "{name}.{kind} holds other files");
        }
    }
}

#[test]
fn incidents_are_diagnosed_alike_in_a_container_and_under_arbitrary_names() {
    let rules = RuleSet::built_in();
    let mut wrong = Vec::new();
    for (at, (name, files)) in incidents().into_iter().enumerate() {
        let (folder, _) = on_disk("x/x", b"");
        let plain = folder.path().join("plain");
        let renamed = folder.path().join("renamed");
        for (number, (path, content)) in files.iter().enumerate() {
            // The names say nothing and are in another order; what is compressed stays so.
            let suffix = if path.ends_with(".gz") { ".gz" } else { "" };
            let other = renamed.join(format!("part {}{suffix}", (number * 7 + 3) % 101));
            for (place, content) in [(plain.join(path), content), (other, content)] {
                fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
                fs::write(&place, content).expect("a file");
                let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(MODIFIED);
                fs::File::options().write(true).open(&place).and_then(|file| file.set_modified(date)).expect("a date");
            }
        }
        let kind = CONTAINERS[at % (CONTAINERS.len() - 1)];
        let (_packed, packed) = on_disk(&format!("bundle.{kind}"), &pack(&files, kind));
        let wanted = diagnosis(&plain, &rules);
        for (shape, path) in [(kind, &packed), ("renamed", &renamed)] {
            let got = diagnosis(path, &rules);
            if got != wanted {
                wrong.push(format!("{name}, {shape}: {got}\n    instead of {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_incident_is_diagnosed_alike_however_it_is_packed() {
    let rules = RuleSet::built_in();
    let (name, files) = incidents().into_iter().find(|(name, _)| name == "disk-full").expect("an incident");
    let (folder, _) = on_disk("x/x", b"");
    let plain = folder.path().join("plain");
    for (path, content) in &files {
        let place = plain.join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        fs::write(&place, content).expect("a file");
        let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(MODIFIED);
        fs::File::options().write(true).open(&place).and_then(|file| file.set_modified(date)).expect("a date");
    }
    let wanted = diagnosis(&plain, &rules);
    let mut shapes: Vec<(String, Vec<u8>)> =
        CONTAINERS.iter().map(|kind| (format!("bundle.{kind}"), pack(&files, kind))).collect();
    // In a folder, beside a note; inside another archive; under a name that says nothing.
    shapes.push(("sent/bundle.tar.gz".to_owned(), pack(&files, "tar.gz")));
    shapes.push(("outer.zip".to_owned(), zip(&vec![("logs/bundle.tar.xz".to_owned(), pack(&files, "tar.xz"))])));
    shapes.push(("attachment".to_owned(), pack(&files, "tar.zst")));
    let mut wrong = Vec::new();
    for (shape, bytes) in shapes {
        let (folder, path) = on_disk(&shape, &bytes);
        let path = if shape.starts_with("sent/") { folder.path().join("sent") } else { path };
        let got = diagnosis(&path, &rules);
        if got != wanted {
            wrong.push(format!("{name}, {shape}: {got}\n    instead of {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // From a pipe, by the program.
    for kind in ["tar.gz", "zip"] {
        let mut child = postdoc(&["analyze", "-", "--format", "json"], folder.path()).spawn().expect("postdoc runs");
        child.stdin.take().expect("a pipe").write_all(&pack(&files, kind)).expect("written");
        let output = child.wait_with_output().expect("an end");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        let first = report["causes"][0]["rule"].as_str().expect("a cause");
        assert!(wanted.contains(&format!(" {first} ")), "{kind}: {first}, not {wanted}");
    }
}

#[test]
fn lines_longer_than_the_limit_are_read_in_part_and_named() {
    let line = "Nov 12 09:35:44 mail postfix/smtp[1]: AB12CD34: to=<a@example.net>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (connect to mx.example.net[192.0.2.7]:25: Connection timed out";
    let log = format!("{line} {})\n{line})\n", "x".repeat(70_000));
    let other = format!("myhostname = mail.example.com\nmynetworks = {}\n", "y".repeat(70_000));
    let (folder, _) = on_disk("bundle/mail.log", log.as_bytes());
    fs::write(folder.path().join("bundle/main.cf"), other).expect("a file");
    let titles = |limit: &[&str]| {
        let bundle = folder.path().join("bundle").display().to_string();
        let arguments: Vec<&str> = ["analyze", &bundle, "--format", "json"].into_iter().chain(limit.iter().copied()).collect();
        let output = postdoc(&arguments, folder.path()).output().expect("postdoc runs");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["traffic"]["deferred_attempts"], 2, "a line that is cut keeps what it has");
        report["sources"].to_string()
    };
    let what = "lines of which only the beginning is looked at (see --max-line): 1";
    assert_eq!(titles(&[]).matches(what).count(), 2);
    assert_eq!(titles(&["--max-line", "100KiB"]).matches(what).count(), 0);
}

#[test]
fn compressed_single_files_and_concatenated_streams_are_read_as_one() {
    for how in [Compression::Gzip, Compression::Xz, Compression::Zstd, Compression::Bzip2] {
        let mut bytes = compress(b"first\n", how);
        bytes.extend(compress(b"second\n", how));
        let (_folder, path) = on_disk("mail.log.1.packed", &bytes);
        let bundle = open(&path);
        assert_eq!(bundle.files[0].compression, Some(how));
        assert_eq!(files_of(&bundle)[0].1, b"first\nsecond\n", "{how:?}");
    }
}

#[test]
fn archives_inside_archives_are_opened_up_to_a_depth() {
    let mut files: Files = vec![("mail.log".to_owned(), b"x\n".to_vec())];
    for level in 0..5 {
        files = vec![(format!("{level}.tar.gz"), pack(&files, "tar.gz")), (format!("note{level}.txt"), b"n\n".to_vec())];
    }
    let (folder, path) = on_disk("bundle/outer.zip", &zip(&files));
    let bundle = open(&folder.path().join("bundle"));
    let paths: Vec<&str> = bundle.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths[..2], ["outer.zip/4.tar.gz/3.tar.gz/2.tar.gz/note1.txt", "outer.zip/4.tar.gz/3.tar.gz/note2.txt"]);
    assert_eq!(bundle.skipped[0].path, "outer.zip/4.tar.gz/3.tar.gz/2.tar.gz/1.tar.gz");
    assert!(bundle.skipped[0].why.contains("an archive inside 4 others (see --max-depth)"), "{}", bundle.skipped[0].why);
    let deep = Bundle::open(&path, &Limits { depth: 9, ..Limits::default() }).expect("a bundle");
    assert!(deep.files.iter().any(|file| file.path.ends_with("0.tar.gz/mail.log")));
}

#[test]
fn large_members_are_kept_in_a_file_and_read_from_any_place() {
    // More than one member is kept in memory: lines that tell where they are.
    let text = |seed: u32| (0..200_000_u32).fold(String::new(), |text, line| text + &format!("{seed} {line}\n")).into_bytes();
    let files: Files = vec![("a.log".to_owned(), text(1)), ("b.log".to_owned(), text(2)), ("c.txt".to_owned(), b"c".to_vec())];
    let (_folder, path) = on_disk("bundle.tar", &tar(&files));
    let bundle = open(&path);
    // Two readers of the same temporary file do not disturb each other.
    let (mut one, mut two) = (bundle.files[0].open().expect("a"), bundle.files[1].open().expect("b"));
    let (mut first, mut second) = ([0; 9], [0; 9]);
    for _ in 0..2 {
        one.read_exact(&mut first).expect("bytes");
        two.read_exact(&mut second).expect("bytes");
    }
    assert_eq!((&first, &second), (b" 2\n1 3\n1 ", b" 2\n2 3\n2 "));
    assert_eq!(files_of(&bundle), files);
    let Ok(Some(postdoc::bundle::Plain::Part { file, from, length })) = bundle.files[1].plain() else { panic!("no file") };
    let mut end = [0; 9];
    assert_eq!(postdoc::bundle::read_at(&file, &mut end, from + length - 9).expect("bytes"), 9);
    assert_eq!(&end, b"2 199999\n");
}

/// A tar archive with members that no tool would write.
fn hostile() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut member = |path: &str, kind: tar::EntryType, link: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        let name = &mut header.as_gnu_mut().expect("gnu").name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        if !link.is_empty() {
            header.set_link_name(link).expect("a link");
        }
        header.set_cksum();
        archive.append(&header, content).expect("a member");
    };
    use tar::EntryType;
    member("mail.log", EntryType::Regular, "", b"good\n");
    member("../escaped", EntryType::Regular, "", b"bad\n");
    member("/tmp/absolute", EntryType::Regular, "", b"bad\n");
    member("a/../../climbs", EntryType::Regular, "", b"bad\n");
    member("C:\\windows", EntryType::Regular, "", b"bad\n");
    member("shadow", EntryType::Symlink, "/etc/shadow", b"");
    member("hard", EntryType::Link, "/etc/passwd", b"");
    member("disk", EntryType::Block, "", b"");
    member("pipe", EntryType::Fifo, "", b"");
    member("./mail.log", EntryType::Regular, "", b"a second one\n");
    archive.into_inner().expect("an archive")
}

#[test]
fn what_an_archive_must_not_hold_is_skipped_with_a_reason() {
    let (folder, path) = on_disk("bundle.tar", &hostile());
    let bundle = open(&path);
    assert_eq!(files_of(&bundle), [("mail.log".to_owned(), b"good\n".to_vec())]);
    let skipped: Vec<(&str, &str)> = bundle.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.why.as_str())).collect();
    let out = "its path leads out of the archive; not unpacked";
    assert_eq!(
        skipped,
        [
            ("../escaped", out),
            ("/tmp/absolute", out),
            ("a/../../climbs", out),
            ("C:\\windows", out),
            ("shadow", "a symbolic link to /etc/shadow; not unpacked"),
            ("hard", "a hard link to /etc/passwd; not unpacked"),
            ("disk", "a device; not unpacked"),
            ("pipe", "a device; not unpacked"),
            ("mail.log", "a second file of the same path; the first was taken"),
        ]
    );
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing is written beside the archive");
}

#[test]
#[cfg(unix)]
fn links_and_pipes_in_a_folder_are_not_followed() {
    let (folder, _) = on_disk("bundle/mail.log", b"good\n");
    let bundle = folder.path().join("bundle");
    std::os::unix::fs::symlink("/etc/passwd", bundle.join("passwd")).expect("a link");
    std::os::unix::fs::symlink("..", bundle.join("loop")).expect("a link");
    assert!(Command::new("mkfifo").arg(bundle.join("pipe")).status().is_ok_and(|status| status.success()));
    let opened = open(&bundle);
    assert_eq!(files_of(&opened), [("mail.log".to_owned(), b"good\n".to_vec())]);
    let why: Vec<&str> = opened.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
    assert_eq!(
        why,
        [
            "a symbolic link to ..; links are not followed",
            "a symbolic link to /etc/passwd; links are not followed",
            "neither a file nor a directory"
        ]
    );
}

#[test]
fn limits_end_a_bundle_early_and_say_so() {
    let small = |bytes, files| Limits { bytes, files, ..Limits::default() };
    let line = b"the same line again and again\n".repeat(20_000);
    let files: Files =
        vec![("a.log".to_owned(), b"good\n".to_vec()), ("b.log".to_owned(), line.clone()), ("c.log".to_owned(), line)];
    for kind in ["tar.gz", "tar.xz", "tar.zst", "tar.bz2", "zip", "tar"] {
        let (_folder, path) = on_disk(&format!("bundle.{kind}"), &pack(&files, kind));
        let bundle = Bundle::open(&path, &small(700_000, 100)).expect("what fits is read");
        assert_eq!(bundle.files.len(), 2, "{kind}");
        assert_eq!(bundle.skipped.len(), 1, "{kind}");
        assert!(
            bundle.skipped[0].why.contains("more than 700000 bytes unpacked (see --max-unpacked)"),
            "{}",
            bundle.skipped[0].why
        );
        let bundle = Bundle::open(&path, &small(1 << 30, 1)).expect("what fits is read");
        assert_eq!(bundle.files.len(), 1, "{kind}");
        assert!(bundle.skipped[0].why.contains("more than 1 files (see --max-files)"), "{kind}: {}", bundle.skipped[0].why);
        let nothing = Bundle::open(&path, &small(3, 100));
        assert!(matches!(nothing, Err(BundleError::TooLarge(..))), "{kind}: {nothing:?}");
    }
    // A compressed file is unpacked while it is read, and its limit is met there.
    let (_folder, path) = on_disk("mail.log.gz", &compress(&vec![b'x'; 100_000], Compression::Gzip));
    let bundle = Bundle::open(&path, &small(50_000, 100)).expect("a bundle");
    let error = bundle.files[0].open().expect("a reader").read_to_end(&mut Vec::new()).expect_err("a limit");
    assert!(error.to_string().contains("--max-unpacked"), "{error}");
}

#[test]
fn damaged_and_foreign_archives_are_named() {
    let files: Files = vec![("mail.log".to_owned(), b"good\n".repeat(9_000))];
    for kind in CONTAINERS {
        let whole = pack(&files, kind);
        let (_folder, path) = on_disk(&format!("bundle.{kind}"), &whole[..whole.len() * 2 / 3]);
        let opened = Bundle::open(&path, &Limits::default());
        assert!(matches!(opened, Err(BundleError::Damaged(..))), "{kind}: {opened:?}");
    }
    for (magic, name) in
        [(&b"7z\xbc\xaf\x27\x1c\0\x04"[..], "7z"), (b"Rar!\x1a\x07\x01\0", "rar"), (b"\x1f\x9d\x90abc", "compress")]
    {
        let (_folder, path) = on_disk("bundle.bin", magic);
        let error = Bundle::open(&path, &Limits::default()).expect_err("it is not read").to_string();
        assert!(error.contains(name) && error.contains("unpack it"), "{error}");
    }
    // Inside a folder, one bad archive is one file that is missing.
    let (folder, _) = on_disk("bundle/logs.7z", b"7z\xbc\xaf\x27\x1c\0\x04");
    fs::write(folder.path().join("bundle/mail.log"), b"good\n").expect("a file");
    let bundle = open(&folder.path().join("bundle"));
    assert_eq!((bundle.files.len(), bundle.skipped[0].why.as_str()), (1, "7z files are not read"));
}

#[test]
fn no_damage_to_an_archive_makes_anything_panic() {
    let files: Files = vec![("mail.log".to_owned(), b"Nov 12 09:35:44 mail postfix/qmgr[1]: AB12CD34: removed\n".repeat(20))];
    for kind in CONTAINERS {
        let whole = pack(&files, kind);
        for at in (0..whole.len()).step_by(whole.len() / 60 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            if let Ok(bundle) = Bundle::read(bytes.as_slice(), &Limits { bytes: 1 << 22, ..Limits::default() }) {
                for file in &bundle.files {
                    let _ = file.open().and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
                }
            }
        }
    }
}

/// postdoc with its own folder for temporary files.
fn postdoc(arguments: &[&str], temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
    command.args(arguments).env("TMPDIR", temporary).env_remove("POSTDOC_RULES").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn standard_input_is_an_archive_or_a_log() {
    let temporary = tempfile::tempdir().expect("a folder");
    let log = b"Nov 12 09:35:44 mail postfix/qmgr[1]: AB12CD34: removed\n".to_vec();
    let bundle: Files = vec![("mail.log".to_owned(), log.clone())];
    for (bytes, file) in [(log, "stdin"), (pack(&bundle, "tar.xz"), "mail.log"), (pack(&bundle, "zip"), "mail.log")] {
        let mut child = postdoc(&["sources", "-"], temporary.path()).spawn().expect("postdoc runs");
        child.stdin.take().expect("a pipe").write_all(&bytes).expect("written");
        let output = child.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with(&format!("{file}\n    Postfix log, by ")), "{said}");
    }
}

#[test]
#[cfg(unix)]
fn nothing_is_left_behind_after_an_interruption() {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut child = postdoc(&["analyze", "-"], temporary.path()).spawn().expect("postdoc runs");
    let mut input = child.stdin.take().expect("a pipe");
    // More than is kept in memory, and the stream does not end.
    input.write_all(&b"Nov 12 09:35:44 mail postfix/qmgr[1]: AB12CD34: removed\n".repeat(60_000)).expect("written");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().is_ok_and(|status| status.success()));
    assert!(!child.wait().expect("an end").success());
    assert_eq!(fs::read_dir(temporary.path()).expect("the folder").count(), 0);
}

/// A compressed log is unpacked once: the lines that are cited are at hand when the file is gone.
#[test]
fn lines_of_a_compressed_log_are_kept_while_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mail.log.gz");
    let mut log = String::new();
    for number in 0..40 {
        let line = |second: u32, rest: &str| {
            format!("Nov 23 10:{number:02}:{second:02} mx postfix/{rest}\n").replace("ID", &format!("4AAAA{number:05}"))
        };
        log += &line(1, "qmgr[2]: ID: from=<a@a.example>, size=900, nrcpt=1 (queue active)");
        let attempt = |second: u32, said: &str| {
            let domain = format!("d{}.example", number % 8);
            let said = said.replace("NAME", &domain);
            line(second, &format!("smtp[3]: ID: to=<b@{domain}>, relay=none, delay=1, delays=0/0/1/0, {said}"))
        };
        // Where the trouble began is cited, though it was tried again.
        let failed = "dsn=4.4.3, status=deferred (Host or domain name not found. Name service error for name=NAME type=MX: Host \
                      not found, try again)";
        if number % 2 == 0 {
            log += &attempt(2, failed);
            log += &attempt(30, failed);
        }
        if number < 30 {
            log += &attempt(50, "dsn=2.0.0, status=sent (250 2.0.0 Ok)");
        }
    }
    std::fs::write(&path, compress(log.as_bytes(), Compression::Gzip)).expect("a file");
    let (rules, options) = (RuleSet::built_in(), Options::default());
    let bundle = Bundle::open(&path, &options.limits).expect("a bundle");
    let evidence = gather(&bundle, &rules, &options, &AtomicU64::new(0)).expect("evidence");
    std::fs::write(&path, "").expect("a file");
    let report = serde_json::to_value(report_on(&bundle, &evidence, &rules, &options)).expect("JSON");
    let mut texts = Vec::new();
    let mut rest = vec![&report];
    while let Some(value) = rest.pop() {
        match value {
            serde_json::Value::Object(fields) => {
                if let (Some(_), Some(text)) = (fields.get("file"), fields.get("line").and(fields.get("text"))) {
                    texts.push(text.as_str().unwrap_or_default());
                }
                rest.extend(fields.values());
            }
            serde_json::Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    assert!(texts.len() > 1 && texts.iter().all(|text| !text.is_empty()), "{texts:?}");
}

/// A message that failed in a compressed log and again in the plain one after it is cited where it failed last.
#[test]
fn a_line_of_a_plain_log_is_not_that_of_the_compressed_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut before, mut after) = (String::new(), String::new());
    for number in 10..22 {
        let said = format!(
            "to=<b@b{number}.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to \
             b{number}.example[192.0.2.{number}]:25: Connection timed out)"
        );
        before += &format!(
            "Nov 23 10:{number}:01 mx postfix/qmgr[2]: 4AAAA111{number}: from=<a@a.example>, size=900, nrcpt=1 (queue active)\n"
        );
        before += &format!("Nov 23 10:{number}:02 mx postfix/smtp[3]: 4AAAA111{number}: {said}\n");
        after += &format!("Nov 23 11:{number}:02 mx postfix/smtp[4]: 4AAAA111{number}: {said}\n");
    }
    fs::write(folder.path().join("mail.log.1.gz"), compress(before.as_bytes(), Compression::Gzip)).expect("a file");
    fs::write(folder.path().join("mail.log"), after).expect("a file");
    let rules = RuleSet::built_in();
    let report = Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("an analysis").report;
    let cited = report.causes.iter().flat_map(|cause| &cause.evidence).flat_map(|item| &item.citations);
    let plain: Vec<&str> = cited.filter(|cited| cited.file.ends_with("mail.log")).map(|cited| cited.text.as_str()).collect();
    assert!(!plain.is_empty() && plain.iter().all(|text| text.starts_with("Nov 23 11:")), "{plain:?}");
}
