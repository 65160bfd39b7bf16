//! A file that may be an archive of any kind: opened, and every member read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::bundle::{Bundle, Limits};
use std::io::Read;
use std::path::PathBuf;
use std::sync::LazyLock;

/// In memory where there is such a place, since nothing here is about disks.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("postdoc-fuzz-{}", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a file to open");
    let limits = Limits { files: 100, bytes: 1 << 20, ..Limits::default() };
    if let Ok(bundle) = Bundle::open(&FILE, &limits) {
        let total: u64 = bundle
            .files
            .iter()
            .filter_map(|file| std::io::copy(&mut file.open().ok()?.take(4 << 20), &mut std::io::sink()).ok())
            .sum();
        let _ = total;
    }
});
