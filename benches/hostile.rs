//! Time and peak memory of postdoc on bundles that are made to hurt: `cargo bench --bench hostile`, or one of them by name.
//! `POSTDOC=/path/to/postdoc` measures another binary.
//!
//! On two cores: 1.5 million messages that wait for as many domains take 63 s and 625 MB, 800,000 reasons that differ 22 s of
//! processor time and 522 MB; from half a million messages under way on, it is no more.
//! On 29 November 2026, on a machine that was five times as busy as it has cores: a line of 1 GB 2.0 s and 22 MB, the same packed 1.0 s
//! and 22 MB; 100,000 lines of which nothing repeats 6.4 s and 142 MB; 2,000,000 messages that wait 780 MB; a million members 3.3 s and
//! 34 MB; a million small files 25 s and 146 MB up to the limit, 1.6 GB (and nine minutes) for all of them.
//!
//! Nothing is written to the disk but what the bundle itself is: streams go to standard input.

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("peak memory is read from /proc, which only Linux has");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufWriter, Write};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    /// Writes a bundle to standard input.
    type Feed = fn(&mut dyn Write);

    const STREAMS: &[(&str, Feed)] = &[
        ("one line of 1 GB", |out| long_line(out)),
        ("the same, packed", |out| {
            let mut packer = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
            long_line(&mut packer);
            let _ = packer.finish();
        }),
        ("100,000 lines, nothing repeats", |out| nothing_repeats(out, 100_000)),
        ("2,000,000 messages that all wait", |out| all_wait(out, 2_000_000)),
        ("a million members, tar.gz", |out| members(out)),
    ];

    pub(super) fn main() {
        let wanted: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
        let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
        println!("{:36} {:>9} {:>12} {:>8}", "", "seconds", "peak memory", "status");
        for (name, feed) in STREAMS.iter().filter(|(name, _)| wanted(name)) {
            measure(name, &["analyze", "-", "--format", "json"], Some(*feed));
        }
        let name = "a million small files in a folder";
        if wanted(name) {
            let folder = tempfile::tempdir().expect("a folder");
            for at in 0..1_000_000 {
                let place = folder.path().join(format!("{:03}", at / 1000));
                if at % 1000 == 0 {
                    std::fs::create_dir(&place).expect("a folder");
                }
                std::fs::write(place.join(format!("{at:06}.txt")), "Nov 12 10:00:00 mail postfix/qmgr[7]: 4F2C41A2C1: removed\n")
                    .expect("a file");
            }
            let path = folder.path().display().to_string();
            measure("a million small files, the limit", &["analyze", &path, "--format", "json"], None);
            measure(
                "a million small files, all of them",
                &["analyze", &path, "--format", "json", "--max-files", "2000000"],
                None,
            );
        }
    }

    fn measure(name: &str, arguments: &[&str], feed: Option<Feed>) {
        let binary = std::env::var("POSTDOC").unwrap_or_else(|_| env!("CARGO_BIN_EXE_postdoc").to_owned());
        let start = Instant::now();
        let mut command = Command::new(binary);
        command.args(arguments).env_remove("POSTDOC_RULES").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.stdin(Stdio::piped()).spawn().expect("postdoc runs");
        let input = child.stdin.take().expect("a pipe");
        let status = format!("/proc/{}/status", child.id());
        let (ended, peak) = std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut out = BufWriter::with_capacity(1 << 20, input);
                feed.into_iter().for_each(|feed| feed(&mut out));
            });
            let mut peak = 0;
            loop {
                peak = peak.max(resident(Path::new(&status)));
                if let Some(ended) = child.try_wait().expect("a child") {
                    return (ended, peak);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        println!("{name:36} {:>9.1} {:>9} MB {:>8}", start.elapsed().as_secs_f64(), peak / 1000, ended.code().unwrap_or(-1));
    }

    /// The peak of the memory in use, in kB.
    fn resident(status: &Path) -> u64 {
        let text = std::fs::read_to_string(status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    fn long_line(out: &mut dyn Write) {
        let start = "Nov 12 10:00:00 mail postfix/smtp[7]: 4F2C41A2C1: to=<a@b.example>, relay=none, delay=1, delays=0/0/1/0, \
                     dsn=4.4.1, status=deferred (";
        let _ = out.write_all(start.as_bytes());
        let block = vec![b'x'; 1 << 20];
        for _ in 0..1024 {
            let _ = out.write_all(&block);
        }
        let _ = out.write_all(b")\nNov 12 10:00:01 mail postfix/qmgr[7]: 4F2C41A2C1: removed\n");
    }

    /// Lines with a queue id, a recipient, a domain, a relay, an address and a reason of their own each.
    fn nothing_repeats(out: &mut dyn Write, count: u64) {
        for at in 0..count {
            let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let word: String = (0..12).map(|digit| char::from(b'a' + (mixed >> (5 * digit) & 15) as u8)).collect();
            let second = at / 400;
            let _ = writeln!(
                out,
                "Nov 12 {:02}:{:02}:{:02} mail postfix/smtp[{}]: {:010X}: to=<u{at}@{word}.example>, relay=mx.{word}.example[10.{}.{}.{}]:25, \
                 delay={}, delays=0/0/1/0, dsn=4.{}.{}, status=deferred (host mx.{word}.example said: 450 reason {word} of {mixed:x})",
                second / 3600 % 24,
                second / 60 % 60,
                second % 60,
                at % 30_000,
                mixed >> 24,
                at >> 16 & 255,
                at >> 8 & 255,
                at & 255,
                at % 9999,
                at % 8,
                at % 100,
            );
        }
    }

    /// Messages with a queue id, a sender and a domain of their own each, none of which leaves.
    fn all_wait(out: &mut dyn Write, count: u64) {
        for at in 0..count {
            let second = at / 100;
            let stamp = format!("Nov 12 {:02}:{:02}:{:02} mail postfix", second / 3600 % 24, second / 60 % 60, second % 60);
            let id = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
            let _ = writeln!(
                out,
                "{stamp}/cleanup[7]: {id:010X}: message-id=<{at}@a.example>\n\
                 {stamp}/qmgr[8]: {id:010X}: from=<s{at}@c{at}.example>, size=1000, nrcpt=1 (queue active)\n\
                 {stamp}/smtp[9]: {id:010X}: to=<u{at}@d{at}.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, \
                 status=deferred (connect to mx.d{at}.example[192.0.2.1]:25: Connection timed out)",
            );
        }
    }

    fn members(out: &mut dyn Write) {
        let mut packer = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
        for at in 0..1_000_000 {
            let mut header = tar::Header::new_gnu();
            let _ = header.set_path(format!("{at:06}.txt"));
            header.set_size(0);
            header.set_cksum();
            let _ = packer.write_all(header.as_bytes());
        }
        let _ = packer.finish();
    }
}
