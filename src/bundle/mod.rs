//! Opens an evidence bundle safely: a directory, a tar archive (also gzipped), or one file.
//!
//! Nothing is ever written beside the user's files. Members of an archive stay in memory, large ones in a temporary file
//! that has no name, so that nothing is left behind however the program ends.

mod archive;

use crate::time::Time;
use flate2::read::MultiGzDecoder;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How much of a bundle is read at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files.
    pub files: usize,
    /// Bytes of all files of an archive together, unpacked.
    pub bytes: u64,
    /// Bytes up to which a member of an archive is kept in memory.
    pub in_memory: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { files: 20_000, bytes: 16 << 30, in_memory: 8 << 20 }
    }
}

/// An opened bundle.
#[derive(Debug)]
pub struct Bundle {
    /// Its path as given.
    pub path: String,
    /// Its files, by path.
    pub files: Vec<BundleFile>,
    /// What was not taken in, and why.
    pub skipped: Vec<Skipped>,
}

/// One file of a bundle.
#[derive(Debug)]
pub struct BundleFile {
    /// Path in the bundle, with `/`.
    pub path: String,
    /// Bytes, as stored.
    pub size: u64,
    /// When it was last changed, if that is known.
    pub modified: Option<Time>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Disk(PathBuf),
    Memory(Vec<u8>),
    Spooled(File),
}

/// Something in a bundle that was not taken in.
#[derive(Debug, Clone)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
}

/// Why a bundle cannot be opened.
#[derive(Debug)]
pub enum BundleError {
    /// There is nothing at this path.
    Missing(String),
    /// It cannot be read.
    Unreadable(String, io::Error),
    /// The archive ends too early or is damaged.
    Damaged(String, String),
    /// It is an archive of a kind that is not read.
    Unsupported(String, &'static str),
    /// It is neither a file nor a directory.
    Special(String),
    /// There is no file in it.
    Empty(String),
    /// More than the limits allow.
    TooLarge(String, String),
}

impl fmt::Display for BundleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BundleError::Missing(path) => write!(out, "{path}: there is no such file or directory"),
            BundleError::Unreadable(path, error) => write!(out, "{path}: cannot be read: {error}"),
            BundleError::Damaged(path, what) => {
                write!(
                    out,
                    "{path}: the archive is damaged or cut off ({what}); copy it again, and compare its size with the original"
                )
            }
            BundleError::Unsupported(path, kind) => {
                write!(out, "{path}: {kind} files are not read; unpack it and name the directory")
            }
            BundleError::Special(path) => write!(out, "{path}: neither a file nor a directory"),
            BundleError::Empty(path) => write!(out, "{path}: there is no file in it"),
            BundleError::TooLarge(path, what) => write!(out, "{path}: {what}"),
        }
    }
}

impl std::error::Error for BundleError {}

impl Bundle {
    /// Opens the bundle at `path`.
    ///
    /// # Errors
    /// If there is nothing that can be read as a bundle; see [`BundleError`].
    pub fn open(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
        let shown = path.display().to_string();
        let kind = match std::fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BundleError::Missing(shown)),
            Err(error) => return Err(BundleError::Unreadable(shown, error)),
        };
        let mut bundle = Bundle { path: shown.clone(), files: Vec::new(), skipped: Vec::new() };
        if kind.is_dir() {
            bundle.walk(path, limits)?;
        } else if kind.is_file() {
            bundle.single(path, limits)?;
        } else {
            return Err(BundleError::Special(shown));
        }
        bundle.files.sort_by(|a, b| a.path.cmp(&b.path));
        if bundle.files.is_empty() {
            return Err(BundleError::Empty(shown));
        }
        Ok(bundle)
    }

    /// A bundle of texts that are in memory already, all last changed at `modified`.
    pub fn of_texts(files: impl IntoIterator<Item = (String, Vec<u8>)>, modified: Time) -> Bundle {
        let files = files.into_iter().map(|(path, bytes)| BundleFile {
            path,
            size: bytes.len() as u64,
            modified: Some(modified),
            content: Content::Memory(bytes),
        });
        let mut files: Vec<BundleFile> = files.collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Bundle { path: "(in memory)".to_owned(), files, skipped: Vec::new() }
    }

    fn walk(&mut self, root: &Path, limits: &Limits) -> Result<(), BundleError> {
        for entry in walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let why = error.io_error().map_or("a loop of links".to_owned(), ToString::to_string);
                    if path == root {
                        return Err(BundleError::Unreadable(self.path.clone(), io::Error::other(why)));
                    }
                    self.skip(relative(root, path), format!("cannot be read: {why}"));
                    continue;
                }
            };
            let kind = entry.file_type();
            if kind.is_dir() {
                continue;
            }
            let path = relative(root, entry.path());
            if kind.is_symlink() {
                self.skip(path, "a symbolic link; links are not followed".to_owned());
            } else if !kind.is_file() {
                self.skip(path, "neither a file nor a directory".to_owned());
            } else if self.files.len() >= limits.files {
                self.skip(path, format!("more than {} files", limits.files));
            } else {
                let metadata = entry.metadata().ok();
                let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
                let modified = metadata.and_then(|metadata| modified(&metadata));
                self.files.push(BundleFile { path, size, modified, content: Content::Disk(entry.into_path()) });
            }
        }
        Ok(())
    }

    fn single(&mut self, path: &Path, limits: &Limits) -> Result<(), BundleError> {
        let shown = self.path.clone();
        let unreadable = |error: io::Error| BundleError::Unreadable(shown.clone(), error);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut start = Vec::new();
        file.by_ref().take(8).read_to_end(&mut start).map_err(unreadable)?;
        for (magic, kind) in [
            (&b"PK\x03\x04"[..], "zip"),
            (b"\xfd7zXZ", "xz"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"BZh", "bzip2"),
            (b"7z\xbc\xaf", "7z"),
            (b"Rar!", "rar"),
        ] {
            if start.starts_with(magic) {
                return Err(BundleError::Unsupported(shown.clone(), kind));
            }
        }
        file.rewind().map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let gzipped = start.starts_with(GZIP);
        // A tar archive has "ustar" at byte 257 of its first block.
        let mut block = Vec::new();
        let sniffed = if gzipped {
            MultiGzDecoder::new(BufReader::new(&mut file)).take(512).read_to_end(&mut block)
        } else {
            file.by_ref().take(512).read_to_end(&mut block)
        };
        if let Err(error) = sniffed {
            return Err(BundleError::Damaged(shown.clone(), error.to_string()));
        }
        if block.get(257..262) == Some(b"ustar") {
            file.rewind().map_err(unreadable)?;
            let reader = BufReader::new(file);
            return if gzipped {
                archive::read_tar(MultiGzDecoder::new(reader), self, limits)
            } else {
                archive::read_tar(reader, self, limits)
            };
        }
        let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
        let tar_by_name = [".tar", ".tar.gz", ".tgz"].iter().any(|suffix| name.to_ascii_lowercase().ends_with(suffix));
        if tar_by_name {
            return Err(BundleError::Damaged(shown.clone(), "there is no tar archive in it".to_owned()));
        }
        self.files.push(BundleFile {
            path: name,
            size: metadata.len(),
            modified: modified(&metadata),
            content: Content::Disk(path.to_path_buf()),
        });
        Ok(())
    }

    fn skip(&mut self, path: String, why: String) {
        // A hostile bundle must not make the list of what was skipped the new problem.
        if self.skipped.len() < 1_000 {
            self.skipped.push(Skipped { path, why });
        }
    }
}

const GZIP: &[u8] = b"\x1f\x8b";

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn modified(metadata: &std::fs::Metadata) -> Option<Time> {
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Time::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

impl BundleFile {
    /// Opens the file, decompressed if it is gzipped.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        let raw: Box<dyn Read + Send + '_> = match &self.content {
            Content::Disk(path) => Box::new(File::open(path)?),
            Content::Memory(bytes) => Box::new(bytes.as_slice()),
            Content::Spooled(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
        };
        let mut reader = BufReader::with_capacity(1 << 16, raw);
        let gzipped = io::BufRead::fill_buf(&mut reader)?.starts_with(GZIP);
        Ok(if gzipped { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) })
    }
}
