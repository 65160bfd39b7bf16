//! Small files that options name, read whole: what never ends, or is far too large, is an error and fills no memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that a report in JSON, a queue listing or the like may have.
pub(crate) const LARGEST: u64 = 256 << 20;
/// Bytes that a file of options may have.
pub(crate) const LARGEST_OPTIONS: u64 = 4 << 20;

/// Opens a file that must be one: a pipe would be waited for, and a device may never end.
///
/// # Errors
/// If it cannot be opened, or is no file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe waits for its writer already.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    File::open(path)
}

/// The bytes of the file at `path`, or of standard input if that is `-`.
///
/// # Errors
/// If it cannot be read, or has more bytes than `most`.
pub(crate) fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    match path == Path::new("-") {
        true => up_to(io::stdin().lock(), most),
        false => up_to(File::open(path)?, most),
    }
}

/// As [`bytes`], of a file that somebody else named, so that it must be one.
///
/// # Errors
/// Also if it is no file.
pub(crate) fn of_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    up_to(open(path)?, most)
}

fn up_to(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {} MB", most >> 20)));
    }
    Ok(bytes)
}

/// As [`bytes`], as text.
///
/// # Errors
/// Also if it is no UTF-8.
pub(crate) fn text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}
