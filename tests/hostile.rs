//! Bundles made to hurt: each ends in a clear sentence or in a bounded, marked report, within [`MEMORY`], without a panic and
//! with nothing left behind.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Address space that postdoc may use, in KiB; memory in use is far below it.
const MEMORY: u64 = 1_500_000;
/// Time after which a call hangs.
const HANGS: Duration = Duration::from_secs(240);

/// What a call came to.
struct Outcome {
    status: ExitStatus,
    out: String,
    said: String,
}

/// A call of postdoc with a folder of its own for temporary files, which must be empty afterwards.
struct Call {
    command: Command,
    temporary: TempDir,
}

impl Call {
    fn new(arguments: &[&str]) -> Call {
        Call::within(&["sh", "-c", &format!("ulimit -v {MEMORY}; exec \"$@\"")], arguments)
    }

    /// Run by another command, whose last argument is a script that runs `"$@"`.
    fn within(wrapper: &[&str], arguments: &[&str]) -> Call {
        let temporary = tempfile::tempdir().expect("a folder");
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o777)).expect("permissions");
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg("postdoc").arg(env!("CARGO_BIN_EXE_postdoc")).args(arguments);
        command.env("TMPDIR", temporary.path()).env_remove("POSTDOC_RULES").env("COLUMNS", "100");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Call { command, temporary }
    }

    fn run(self) -> Outcome {
        self.run_with(|_| {})
    }

    /// Runs it with what `feed` writes to its standard input.
    fn run_with(mut self, feed: impl FnOnce(&mut dyn Write) + Send) -> Outcome {
        self.command.stdin(Stdio::piped());
        let mut child = self.command.spawn().expect("it runs");
        let mut input = child.stdin.take().expect("a pipe");
        let (mut out, mut said) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let (status, out, said) = std::thread::scope(|scope| {
            scope.spawn(move || feed(&mut input));
            let out = scope.spawn(move || text(&mut out));
            let said = scope.spawn(move || text(&mut said));
            let status = wait(&mut child);
            (status, out.join().expect("text"), said.join().expect("text"))
        });
        assert!(!said.contains("panicked"), "{said}");
        assert!(out.len() < 4 << 20, "the answer has {} bytes", out.len());
        assert_eq!(fs::read_dir(self.temporary.path()).expect("a folder").count(), 0, "something is left behind");
        Outcome { status, out, said }
    }
}

fn text(from: &mut dyn Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).expect("an answer");
    String::from_utf8(bytes).expect("UTF-8")
}

fn wait(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        if start.elapsed() > HANGS {
            child.kill().expect("it ends");
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Outcome {
    /// A report, although something was wrong.
    fn reported(&self) -> &str {
        assert!(self.status.success(), "{:?}: {}{}", self.status, self.said, self.out);
        &self.out
    }

    /// No report: exit status 2 and one sentence.
    fn refused(&self) -> &str {
        assert_eq!(self.status.code(), Some(2), "{}{}", self.said, self.out);
        assert!(self.said.starts_with("postdoc: ") && self.out.is_empty(), "{}{}", self.said, self.out);
        &self.said
    }
}

/// A folder, and the path of something in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        Folder(folder)
    }

    fn with(name: &str, content: impl AsRef<[u8]>) -> Folder {
        let folder = Folder::new();
        folder.add(name, content);
        folder
    }

    fn add(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

/// A few lines of an ordinary log.
fn ordinary() -> String {
    (0..20).fold(String::new(), |mut log, at| {
        let _ = writeln!(
            log,
            "Nov 12 10:00:{at:02} mail postfix/smtp[7]: 4F2C41A2B{at:02}: to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, \
             delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)"
        );
        log
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("packed");
    packer.finish().expect("packed")
}

fn zip(members: &[(String, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
        archive.write_all(content).expect("a member");
    }
    archive.finish().expect("an archive").into_inner()
}

fn header(path: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_path(path).expect("a path");
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

#[test]
fn a_bomb_of_archives_in_archives_is_given_up() {
    // 48 MiB of nothing, 16 times in an archive, that 16 times in another: 12 GiB in a few kilobytes.
    let nothing = vec![0; 48 << 20];
    let inner = zip(&[("mail.log".to_owned(), &nothing)]);
    let middle = zip(&(0..16).map(|at| (format!("{at}.zip"), inner.as_slice())).collect::<Vec<_>>());
    let mut members: Vec<(String, &[u8])> = (0..16).map(|at| (format!("z{at}.zip"), middle.as_slice())).collect();
    let log = ordinary();
    members.insert(0, ("a.log".to_owned(), log.as_bytes()));
    let folder = Folder::with("bomb.zip", zip(&members));
    let outcome = Call::new(&["analyze", &folder.path("bomb.zip"), "--format", "json"]).run();
    assert!(
        outcome.reported().contains("the bundle unpacks to more than 1000 times its size (see --max-ratio)"),
        "{}",
        outcome.out
    );
    let outcome = Call::new(&["sources", &folder.path("bomb.zip"), "--max-unpacked", "50MB"]).run();
    assert!(outcome.reported().contains("unpacked (see --max-unpacked)"), "{}", outcome.out);
}

#[test]
fn endless_streams_end_at_the_limit() {
    let log = ordinary();
    // Bytes that never end, and a gzip stream that never ends.
    let outcome =
        Call::new(&["sources", "-", "--max-unpacked", "20MB"]).run_with(|input| while input.write_all(log.as_bytes()).is_ok() {});
    assert!(
        outcome.reported().contains("longer than 20 MB (see --max-unpacked)") || outcome.out.contains("longer than 19 MiB"),
        "{}",
        outcome.out
    );
    let outcome = Call::new(&["sources", "-", "--max-unpacked", "20MB"]).run_with(|input| {
        let mut packer = flate2::write::GzEncoder::new(input, flate2::Compression::fast());
        let block = log.repeat(100);
        while packer.write_all(block.as_bytes()).is_ok() {}
        std::mem::forget(packer);
    });
    assert!(outcome.reported().contains("--max-unpacked"), "{}", outcome.out);
}

#[test]
fn sizes_that_no_archive_can_hold_are_not_believed() {
    let folder = Folder::new();
    let mut bytes = header("mail.log", 1 << 60).as_bytes().to_vec();
    bytes.extend_from_slice(ordinary().as_bytes());
    folder.add("huge.tar", &bytes);
    let outcome = Call::new(&["analyze", &folder.path("huge.tar")]).run();
    assert!(outcome.refused().contains("damaged or cut off"), "{}", outcome.said);

    // A long name that says it is a gigabyte, and one with a sparse map.
    let mut long = tar::Header::new_gnu();
    long.set_path("././@LongLink").expect("a path");
    long.set_entry_type(tar::EntryType::GNULongName);
    long.set_size(1 << 30);
    long.set_cksum();
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    stream.write_all(long.as_bytes()).expect("packed");
    for _ in 0..64 {
        stream.write_all(&[b'a'; 1 << 20]).expect("packed");
    }
    folder.add("name.tar.gz", stream.finish().expect("packed"));
    let outcome = Call::new(&["analyze", &folder.path("name.tar.gz")]).run();
    assert!(outcome.refused().contains("longer than any path can be"), "{}", outcome.said);
}

#[test]
fn a_million_members_end_at_the_limit_of_files() {
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let log = ordinary();
    stream.write_all(header("a.log", log.len() as u64).as_bytes()).expect("packed");
    stream.write_all(log.as_bytes()).expect("packed");
    stream.write_all(&vec![0; 512 - log.len() % 512]).expect("packed");
    for at in 0..1_000_000 {
        let mut name = *b"000000.txt";
        name[..6].copy_from_slice(format!("{at:06}").as_bytes());
        let block = header(std::str::from_utf8(&name).expect("text"), 0);
        stream.write_all(block.as_bytes()).expect("packed");
    }
    let folder = Folder::with("many.tar.gz", stream.finish().expect("packed"));
    let outcome = Call::new(&["analyze", &folder.path("many.tar.gz"), "--format", "json", "--max-files", "2000"]).run();
    assert!(outcome.reported().contains("there are more than 2000 files (see --max-files)"));
}

#[test]
fn a_line_of_many_megabytes_is_cut_and_its_neighbours_are_read() {
    let folder = Folder::new();
    let mut log = ordinary().into_bytes();
    log.extend_from_slice(
        b"Nov 12 10:01:00 mail postfix/smtp[7]: 4F2C41A2C1: to=<a@b.example>, relay=none, delay=1, status=deferred (",
    );
    log.resize(log.len() + (100 << 20), b'x');
    log.extend_from_slice(b")\n");
    log.extend_from_slice(ordinary().as_bytes());
    folder.add("mail.log.gz", gzip(&log));
    let outcome = Call::new(&["analyze", &folder.path("mail.log.gz"), "--format", "json"]).run();
    let report: serde_json::Value = serde_json::from_str(outcome.reported()).expect("JSON");
    assert_eq!((&report["traffic"]["lines"], &report["traffic"]["sent"]), (&41.into(), &40.into()));
    // The same where nobody knows the file.
    folder.add("notes/notes.txt", vec![b'x'; 100 << 20]);
    folder.add("notes/mail.log", ordinary());
    Call::new(&["analyze", &folder.path("notes")]).run().reported();
}

#[test]
fn nothing_repeats_and_memory_stays_bounded() {
    let outcome = Call::new(&["analyze", "-", "--format", "json"]).run_with(|input| {
        let mut block = String::new();
        for at in 0..20_000_u64 {
            let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (id, time) = (format!("{:010X}", mixed >> 24), at / 50);
            let _ = writeln!(
                block,
                "Nov 12 {:02}:{:02}:{:02} mail postfix/smtp[{}]: {id}: to=<u{at}@d{mixed:x}.example>, relay=mx{at}.d{mixed:x}.example[10.{}.{}.{}]:25, \
                 delay={at}, delays=0/0/1/0, dsn=4.{}.{}, status=deferred (host mx{at} said: 4{:02} reason {} of {mixed:x} word{mixed:x})",
                time / 3600,
                time / 60 % 60,
                time % 60,
                at % 30_000,
                at >> 16 & 255,
                at >> 8 & 255,
                at & 255,
                at % 8,
                at % 100,
                at % 100,
                letters(mixed),
            );
            if block.len() > 1 << 16 {
                input.write_all(block.as_bytes()).expect("it reads");
                block.clear();
            }
        }
        input.write_all(block.as_bytes()).expect("it reads");
    });
    let report: serde_json::Value = serde_json::from_str(outcome.reported()).expect("JSON");
    assert_eq!(report["traffic"]["deferred_attempts"], 20_000);
}

/// A number as a word, which no mask takes for a number.
fn letters(number: u64) -> String {
    (0..12).map(|at| char::from(b'a' + (number >> (5 * at) & 15) as u8)).collect()
}

#[test]
fn clocks_that_jump_by_centuries_make_no_endless_timeline() {
    let mut log = String::new();
    for (at, year) in
        ["0001", "1970", "2026", "9999", "2026", "1900", "2999", "0000", "2026"].iter().cycle().take(900).enumerate()
    {
        let _ = writeln!(
            log,
            "{year}-11-12T10:{:02}:{:02}.000001+01:00 mail postfix/smtp[7]: 4F2C41A2B{at}: to=<a@b.example>, relay=none, delay=99999999999, \
             delays=1e300/-5/NaN/9, dsn=4.4.1, status=deferred (connect to mx.b.example[192.0.2.1]:25: Connection timed out)",
            at / 60 % 60,
            at % 60
        );
    }
    let folder = Folder::with("mail.log", &log);
    for format in ["json", "html"] {
        let outcome = Call::new(&["analyze", &folder.path("mail.log"), "--format", format]).run();
        assert!(outcome.reported().len() < 1 << 20, "{format}: {} bytes", outcome.out.len());
    }
    let traditional = "Feb 29 23:59:60 mail postfix/qmgr[1]: 4F2C41A2B1: removed\nJan  1 00:00:00 mail postfix/qmgr[1]: 4F2C41A2B2: removed\n\
                       Dec 31 24:61:61 mail postfix/qmgr[1]: 4F2C41A2B3: removed\nNov 99 10:00:00 mail postfix/qmgr[1]: 4F2C41A2B4: removed\n";
    folder.add("mail.log", traditional.repeat(200));
    Call::new(&["analyze", &folder.path("mail.log")]).run().reported();
}

#[test]
fn bytes_that_are_no_text_are_read_and_never_shown_raw() {
    let mut log = ordinary().into_bytes();
    for odd in [
        &b"\0\0\0\0"[..],
        b"\xff\xfe\x80",
        b"\x1b]0;owned\x07\x1b[2J",
        b"\xe2\x80\xae",
        b"\xc2\x9b31m",
        b"\r\r",
        b"\x00<script>alert(1)</script>",
    ] {
        for _ in 0..5 {
            log.extend_from_slice(b"Nov 12 10:02:00 mail postfix/smtp[7]: 4F2C41A2D1: to=<a");
            log.extend_from_slice(odd);
            log.extend_from_slice(b"@b.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to ");
            log.extend_from_slice(odd);
            log.extend_from_slice(b"[192.0.2.1]:25: Connection timed out)\n");
            log.extend_from_slice(odd);
            log.push(b'\n');
        }
    }
    let folder = Folder::with("mail.log", &log);
    folder.add("\u{202e}gpj.\u{1b}[2Jtxt", "x\n");
    for format in ["text", "md", "html"] {
        let outcome = Call::new(&["analyze", &folder.path(""), "--format", format]).run();
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        let line = outcome.reported().lines().find(|line| line.contains(raw));
        assert_eq!(line, None, "{format}");
        // In Markdown it stands in code spans.
        assert!(format != "html" || !outcome.out.contains("<script>alert"), "{}", outcome.out);
    }
    let outcome = Call::new(&["sources", &folder.path("")]).run();
    assert!(!outcome.reported().contains('\u{1b}'));
}

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
