//! Bundles made to hurt: each ends in a clear sentence or in a bounded, marked report, within [`MEMORY`], without a panic and
//! with nothing left behind.
#![cfg(target_os = "linux")]

mod archives;
mod files;
mod lines;
mod output;
mod packs;

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
