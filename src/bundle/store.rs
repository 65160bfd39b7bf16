//! Where the members of archives are kept: small ones in memory, the rest in one temporary file that has no name, so that
//! nothing is left behind however the program ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes up to which one member is kept in memory.
const MEMBER: u64 = 1 << 20;
/// Bytes of all members that are kept in memory.
const MEMORY: u64 = 64 << 20;

/// The bytes of one file, as they stand in the bundle.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Disk(PathBuf),
    Memory(Arc<[u8]>),
    Spooled { file: Arc<File>, from: u64, length: u64 },
}

/// Why a stream could not be kept.
#[derive(Debug)]
pub(super) enum KeepError {
    /// The stream cannot be read on.
    Stream(io::Error),
    /// The temporary file cannot be written.
    Spool(io::Error),
}

/// Keeps streams.
#[derive(Debug, Default)]
pub(super) struct Store {
    in_memory: u64,
    spool: Option<Arc<File>>,
    end: u64,
}

impl Store {
    /// Reads the stream to its end.
    pub(super) fn keep(&mut self, stream: &mut dyn Read) -> Result<Content, KeepError> {
        let room = MEMBER.min(MEMORY - self.in_memory.min(MEMORY));
        let mut bytes = Vec::new();
        stream.take(room + 1).read_to_end(&mut bytes).map_err(KeepError::Stream)?;
        if bytes.len() as u64 <= room {
            self.in_memory += bytes.len() as u64;
            return Ok(Content::Memory(bytes.into()));
        }
        let spool = match &self.spool {
            Some(spool) => Arc::clone(spool),
            None => Arc::clone(self.spool.insert(Arc::new(tempfile::tempfile().map_err(KeepError::Spool)?))),
        };
        let from = self.end;
        let mut to = &*spool;
        // What a broken stream left behind is written over.
        to.seek(SeekFrom::Start(from)).map_err(KeepError::Spool)?;
        let mut length = 0;
        bytes.resize(bytes.len().max(256 << 10), 0);
        let mut filled = usize::try_from(room + 1).unwrap_or(bytes.len());
        loop {
            to.write_all(&bytes[..filled]).map_err(KeepError::Spool)?;
            length += filled as u64;
            filled = match stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(KeepError::Stream(error)),
            };
        }
        self.end += length;
        Ok(Content::Spooled { file: spool, from, length })
    }
}

impl Content {
    /// Bytes, as stored.
    pub(super) fn length(&self) -> u64 {
        match self {
            Content::Disk(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Spooled { length, .. } => *length,
        }
    }

    /// A reader of the bytes as they are, from the beginning.
    pub(super) fn reader(&self) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(match self {
            Content::Disk(path) => Box::new(open_file(path)?),
            Content::Memory(bytes) => Box::new(io::Cursor::new(&**bytes)),
            Content::Spooled { file, from, length } => Box::new(Part { file, from: *from, length: *length, at: 0 }),
        })
    }
}

/// Opens a file of a directory. What was a file may be a pipe by now, on which nothing may wait.
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    let file = std::os::unix::fs::OpenOptionsExt::custom_flags(File::options().read(true), O_NONBLOCK).open(path)?;
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file any more")) }
}

/// Of open(2); it means nothing for files.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
const O_NONBLOCK: i32 = 0o4000;

/// What zip needs of a reader.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// A part of a file with a position of its own: several are read at the same time.
struct Part<'f> {
    file: &'f File,
    from: u64,
    length: u64,
    at: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = read_at(self.file, &mut buffer[..most], self.from + self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Part<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}

/// Reads at an offset, whatever the cursor of the file is; several threads may do so at once.
///
/// # Errors
/// As [`Read::read`].
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
}
