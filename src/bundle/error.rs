//! What can be wrong with a bundle, in words for the person who was sent it.

use std::fmt;
use std::io;

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
    /// The temporary file for what is unpacked cannot be written.
    Spool(io::Error),
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
            BundleError::Spool(error) => {
                let folder = std::env::temp_dir();
                write!(
                    out,
                    "what is unpacked cannot be kept in {}: {error}; set TMPDIR to a folder with more room",
                    folder.display()
                )
            }
        }
    }
}

impl std::error::Error for BundleError {}
