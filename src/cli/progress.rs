//! How far the reading is, on a terminal: `reading 512 of 1,024 MB  [=====>    ]  50 %, 480 MB/s, 2 s left`.

use crate::diagnose::words::thousands;
use crate::parallel::locked;
use crate::time::duration;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Work that takes no longer shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(100);
/// Characters of the bar.
const BAR: usize = 24;

/// Whether a line stands on the terminal.
static SHOWN: Mutex<bool> = Mutex::new(false);

/// Shows on a terminal how much was read, once the work takes a moment.
pub(super) struct Progress {
    pub(super) bytes: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Progress {
    /// Begins; `paths` are what is read, of which the size is the end of the bar where it is known. Pipes, `quiet` and a
    /// terminal that cannot go back in a line see nothing.
    pub(super) fn start<'p>(paths: impl IntoIterator<Item = &'p Path>, quiet: bool) -> Progress {
        let bytes = Arc::new(AtomicU64::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let shows = !quiet && !dumb && std::io::stderr().is_terminal();
        let thread = shows.then(|| {
            let total = paths.into_iter().map(size).sum::<Option<u64>>();
            let (bytes, done) = (Arc::clone(&bytes), Arc::clone(&done));
            std::thread::spawn(move || {
                let start = Instant::now();
                while !done.load(Ordering::Relaxed) {
                    std::thread::park_timeout(INTERVAL);
                    if start.elapsed() > PATIENCE && !done.load(Ordering::Relaxed) {
                        show(&line(bytes.load(Ordering::Relaxed), total, start.elapsed().as_secs_f64()));
                    }
                }
                wipe();
            })
        });
        Progress { bytes, done, thread }
    }

    /// Ends, and wipes the line.
    pub(super) fn stop(self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn show(line: &str) {
    let mut shown = locked(&SHOWN);
    *shown = true;
    // Nobody who looks at it misses it if the terminal is gone.
    let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
}

fn wipe() {
    let mut shown = locked(&SHOWN);
    if std::mem::take(&mut *shown) {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// Wipes the line; none comes after it. For the end of the program.
pub(super) fn wipe_for_good() {
    let shown = locked(&SHOWN);
    if *shown {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    std::mem::forget(shown);
}

/// Bytes of what is read, if all of it is read as it is: a file or a folder, and nothing of it packed.
fn size(path: &Path) -> Option<u64> {
    let mut total = 0;
    for entry in walkdir::WalkDir::new(path).into_iter() {
        let entry = entry.ok()?;
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let packed =
            [".gz", ".xz", ".zst", ".bz2", ".tgz", ".txz", ".tbz2", ".tar", ".zip"].iter().any(|end| name.ends_with(end));
        if packed {
            return None;
        }
        total += entry.metadata().ok()?.len();
    }
    (total > 0).then_some(total)
}

/// The line after `seconds`.
fn line(bytes: u64, total: Option<u64>, seconds: f64) -> String {
    let megabytes = |bytes: u64| thousands(bytes / 1_000_000);
    if bytes == 0 {
        return "opening the bundle".to_owned();
    }
    let rate = bytes as f64 / seconds.max(0.001);
    let speed = format!("{} MB/s", megabytes(rate as u64));
    // A log that is read twice, since others overlap with it, has no end to show.
    let Some(total) = total.filter(|total| bytes <= *total) else {
        return format!("reading {} MB, {speed}", megabytes(bytes));
    };
    let part = bytes as f64 / total as f64;
    let full = (part * BAR as f64) as usize;
    let bar: String = (0..BAR)
        .map(|at| {
            if at < full {
                '='
            } else if at == full {
                '>'
            } else {
                ' '
            }
        })
        .collect();
    let left = duration(((total - bytes) as f64 / rate).ceil());
    format!("reading {} of {} MB  [{bar}]  {:.0} %, {speed}, {left} left", megabytes(bytes), megabytes(total), part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_line_says_what_is_known() {
        assert_eq!(line(0, Some(9), 1.0), "opening the bundle");
        assert_eq!(line(512_000_000, None, 2.0), "reading 512 MB, 256 MB/s");
        assert_eq!(
            line(512_000_000, Some(1_024_000_000), 1.0),
            "reading 512 of 1,024 MB  [============>           ]  50 %, 512 MB/s, 1 s left"
        );
        assert_eq!(line(20, Some(10), 1.0), "reading 0 MB, 0 MB/s");
    }
}
