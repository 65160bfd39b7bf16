//! Signals: at Ctrl-C postdoc ends at once, with exit status 130 as shells expect, and leaves neither a half-written file nor a
//! progress line; a file that grows beyond `ulimit -f` is an error like any other.

use super::progress;
use crate::parallel::locked;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Files being written under a name of their own, until they get their real one.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// 128 and the number of the signal SIGINT.
const STATUS: i32 = 130;

/// Watches for SIGINT, SIGTERM, SIGHUP and SIGXFSZ from now on.
pub(super) fn watch() {
    // Who watches for it is not killed by it: the write fails instead, and says why.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    // Without a handler the signals end the program all the same, only less tidily.
    let _ = ctrlc::set_handler(|| {
        progress::wipe_for_good();
        // The list stays locked: nothing is written any more.
        let unfinished = locked(&UNFINISHED);
        for path in unfinished.iter() {
            let _ = std::fs::remove_file(path);
        }
        std::process::exit(STATUS);
    });
}

/// A file that is removed when the program is interrupted.
#[derive(Debug)]
pub(super) struct Interruptible(PathBuf);

impl Interruptible {
    pub(super) fn new(path: &Path) -> Interruptible {
        locked(&UNFINISHED).push(path.to_owned());
        Interruptible(path.to_owned())
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        locked(&UNFINISHED).retain(|path| *path != self.0);
    }
}
