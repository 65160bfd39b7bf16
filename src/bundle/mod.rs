//! Opens an evidence bundle safely: a directory, an archive (tar, zip, compressed or not, also inside one another), one
//! file, or standard input.
//!
//! Nothing is ever written beside the user's files. Small members of an archive stay in memory, large ones go to one
//! temporary file that has no name, so that nothing is left behind however the program ends.

mod archive;
mod codec;
mod error;
mod limits;
mod store;
mod utf16;

pub use codec::{Compression, without_suffix};
pub use error::BundleError;
pub use limits::Limits;
pub use store::read_at;

use crate::time::Time;
use codec::{BLOCK, Form};
use limits::{Budget, LimitReached, Metered, Packed};
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use store::{Content, KeepError, Store};
use utf16::{Utf16, decoding};

/// An opened bundle.
#[derive(Debug)]
pub struct Bundle {
    /// Its path as given.
    pub path: String,
    /// Its files, by path.
    pub files: Vec<BundleFile>,
    /// What was not taken in, and why.
    pub skipped: Vec<Skipped>,
    /// What [`PSEUDONYMS`] in it says; it is no evidence.
    pub pseudonyms: Option<Arc<str>>,
    /// The limits that it was opened with.
    pub limits: Limits,
}

/// The file in which a redacted bundle lists the pseudonyms in it.
pub const PSEUDONYMS: &str = ".postdoc-pseudonyms";
/// Bytes of it that are read.
const LIST: u64 = 64 << 20;

/// One file of a bundle.
#[derive(Debug)]
pub struct BundleFile {
    /// Path in the bundle, with `/`.
    pub path: String,
    /// Bytes, as stored.
    pub size: u64,
    /// When it was last changed, if that is known.
    pub modified: Option<Time>,
    /// How it is compressed.
    pub compression: Option<Compression>,
    content: Content,
    /// Whether its text is UTF-16.
    utf16: Option<Utf16>,
    budget: Arc<Budget>,
    /// Unpacked bytes that the budget was charged with.
    paid: Arc<AtomicU64>,
}

/// The bytes of a file that is not compressed, for readers that do not read from one end to the other.
#[derive(Debug)]
pub enum Plain<'b> {
    /// They are in memory.
    Bytes(&'b [u8]),
    /// They are a part of a file, which is to be read with [`read_at`]: others read it, too.
    Part {
        /// The file.
        file: Arc<File>,
        /// Where they begin.
        from: u64,
        /// How many there are.
        length: u64,
    },
}

/// Something in a bundle that was not taken in.
#[derive(Debug, Clone)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
}

/// What standard input is called.
const STDIN: &str = "stdin";
/// Paths that make up the name of a bundle of several.
const NAMED: usize = 3;

/// Files that are listed as skipped, at most: a hostile bundle must not make this list the new problem.
const SKIPPED: usize = 1_000;

impl Bundle {
    /// Opens the bundle at `path`; `-` is standard input.
    ///
    /// # Errors
    /// If there is nothing that can be read as a bundle; see [`BundleError`].
    pub fn open(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
        Bundle::open_all(&[path], limits)
    }

    /// Opens several files, archives and directories as one bundle, as a shell's `mail.log*` names them.
    ///
    /// # Errors
    /// As [`Bundle::open`], for the first that cannot be read.
    pub fn open_all(paths: &[impl AsRef<Path>], limits: &Limits) -> Result<Bundle, BundleError> {
        let shown: Vec<String> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
        let mut named = shown[..shown.len().min(NAMED)].join(", ");
        if shown.len() > NAMED {
            named.push_str(", …");
        }
        let mut intake = Intake::new(named, limits);
        for (path, shown) in paths.iter().map(AsRef::as_ref).zip(shown) {
            if shown == "-" {
                intake.stream(io::stdin().lock(), if paths.len() > 1 { STDIN } else { "" })?;
                continue;
            }
            let metadata = match std::fs::metadata(path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BundleError::Missing(shown)),
                Err(error) => return Err(BundleError::Unreadable(shown, error)),
            };
            // What is in one of several folders or archives is told from what is in another.
            let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
            let name = if intake.taken.contains(&name) { shown.clone() } else { name };
            let inside = if paths.len() > 1 { name.as_str() } else { "" };
            if metadata.is_dir() {
                intake.walk(path, inside)?;
            } else if metadata.is_file() {
                intake.budget.stored(metadata.len());
                intake.whole(&shown, (inside, name.clone()), Content::Disk(path.to_path_buf()), modified(&metadata))?;
            } else {
                return Err(BundleError::Special(shown));
            }
        }
        intake.finish()
    }

    /// Opens what a stream holds: an archive, or one file, which is called `stdin`.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn read(stream: impl Read, limits: &Limits) -> Result<Bundle, BundleError> {
        let mut intake = Intake::new(STDIN.to_owned(), limits);
        intake.stream(stream, "")?;
        intake.finish()
    }

    /// A bundle of texts that are in memory already, all last changed at `modified`.
    pub fn of_texts(files: impl IntoIterator<Item = (String, Vec<u8>)>, modified: Time) -> Bundle {
        let mut intake = Intake::new("(in memory)".to_owned(), &Limits::default());
        for (path, bytes) in files {
            let utf16 = Utf16::of(&bytes);
            intake.add(path, Content::Memory(bytes.into()), Some(modified), None, utf16);
        }
        intake.bundle.files.sort_by(|a, b| a.path.cmp(&b.path));
        intake.bundle
    }
}

/// The beginnings of 1999, when Postfix was new, and of 2200: a file of another time does not say when it was written.
const OLDEST: i64 = 915_148_800;
const NEWEST: i64 = 7_258_118_400;

/// Why one file cannot be taken in.
#[derive(Debug)]
enum Trouble {
    Unreadable(io::Error),
    Damaged(String),
    Unsupported(&'static str),
    TooLarge(String),
    Spool(io::Error),
}

impl From<io::Error> for Trouble {
    /// What ended the reading of an archive.
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::OutOfMemory => Trouble::TooLarge(error.to_string()),
            _ => Trouble::Damaged(error.to_string()),
        }
    }
}

impl Trouble {
    /// The trouble as one of the whole bundle.
    fn of(self, path: String) -> BundleError {
        match self {
            Trouble::Unreadable(error) => BundleError::Unreadable(path, error),
            Trouble::Damaged(what) => BundleError::Damaged(path, what),
            Trouble::Unsupported(kind) => BundleError::Unsupported(path, kind),
            Trouble::TooLarge(what) => BundleError::TooLarge(path, what),
            Trouble::Spool(error) => BundleError::Spool(error),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unreadable(error) => write!(out, "cannot be read: {error}"),
            Trouble::Damaged(what) => write!(out, "the archive is damaged or cut off ({what}); what stands before is read"),
            Trouble::Unsupported(kind) => write!(out, "{kind} files are not read"),
            Trouble::TooLarge(what) => write!(out, "not unpacked: {what}"),
            Trouble::Spool(error) => write!(out, "cannot be kept in a temporary file: {error}"),
        }
    }
}

/// A bundle that is being opened.
struct Intake {
    bundle: Bundle,
    taken: HashSet<String>,
    store: Store,
    budget: Arc<Budget>,
    /// Whether the limit of files was reached.
    full: bool,
}

impl Intake {
    fn new(path: String, limits: &Limits) -> Intake {
        Intake {
            bundle: Bundle { path, files: Vec::new(), skipped: Vec::new(), pseudonyms: None, limits: *limits },
            taken: HashSet::new(),
            store: Store::default(),
            budget: Budget::new(limits),
            full: false,
        }
    }

    /// Takes in what a stream holds, of an archive below `inside`.
    fn stream(&mut self, mut stream: impl Read, inside: &str) -> Result<(), BundleError> {
        let most = self.bundle.limits.bytes;
        let content = self.store.keep(&mut stream.by_ref().take(most)).map_err(|error| match error {
            KeepError::Stream(error) => BundleError::Unreadable("standard input".to_owned(), error),
            KeepError::Spool(error) => BundleError::Spool(error),
        })?;
        if content.length() == most && stream.read(&mut [0]).is_ok_and(|count| count > 0) {
            let why = format!("it is longer than {} (see --max-unpacked)", limits::shown(most));
            self.skip("(the rest of standard input)".to_owned(), format!("not read: {why}"));
        }
        self.budget.stored(content.length());
        self.whole(STDIN, (inside, STDIN.to_owned()), content, None)
    }

    fn finish(mut self) -> Result<Bundle, BundleError> {
        self.bundle.files.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some(at) = self.bundle.files.iter().position(|file| file.path.rsplit('/').next() == Some(PSEUDONYMS)) {
            let file = self.bundle.files.remove(at);
            let mut list = String::new();
            // A list that cannot be read is none.
            if file.open().and_then(|reader| reader.take(LIST).read_to_string(&mut list)).is_ok() {
                self.bundle.pseudonyms = Some(list.into());
            }
        }
        if !self.bundle.files.is_empty() {
            return Ok(self.bundle);
        }
        match self.bundle.skipped.into_iter().next() {
            Some(Skipped { path, why }) => {
                Err(BundleError::TooLarge(self.bundle.path, format!("nothing in it can be read; {path}: {why}")))
            }
            None => Err(BundleError::Empty(self.bundle.path)),
        }
    }

    /// Takes in a folder; `inside` stands before the paths below it.
    fn walk(&mut self, root: &Path, inside: &str) -> Result<(), BundleError> {
        let below = |path: &Path| {
            let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
            if inside.is_empty() { path } else { format!("{inside}/{path}") }
        };
        for entry in walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let why = error.io_error().map_or("a loop of links".to_owned(), ToString::to_string);
                    if path == root {
                        return Err(BundleError::Unreadable(root.display().to_string(), io::Error::other(why)));
                    }
                    self.skip(below(path), format!("cannot be read: {why}"));
                    continue;
                }
            };
            let kind = entry.file_type();
            let path = below(entry.path());
            if kind.is_dir() {
                continue;
            } else if kind.is_symlink() {
                let to = std::fs::read_link(entry.path()).map(|to| format!(" to {}", to.display())).unwrap_or_default();
                self.skip(path, format!("a symbolic link{to}; links are not followed"));
            } else if !kind.is_file() {
                self.skip(path, "neither a file nor a directory".to_owned());
            } else if let Err(limit) = self.room_for_a_file() {
                self.skip(path, format!("not read, nor what follows it: {limit}"));
                break;
            } else {
                let metadata = entry.metadata().ok();
                self.budget.stored(metadata.as_ref().map_or(0, std::fs::Metadata::len));
                let modified = metadata.as_ref().and_then(modified);
                match self.take_in(path.clone(), Content::Disk(entry.into_path()), modified, 0) {
                    Ok(()) => {}
                    Err(trouble @ Trouble::Spool(_)) => return Err(trouble.of(path)),
                    Err(trouble) => self.skip(path, trouble.to_string()),
                }
            }
        }
        Ok(())
    }

    /// Takes in a file that the user named, `shown` as it was named, as `name`, or what is in it if it is an archive, below
    /// `inside`. What is wrong with it is wrong with the bundle.
    fn whole(
        &mut self,
        shown: &str,
        (inside, name): (&str, String),
        content: Content,
        modified: Option<Time>,
    ) -> Result<(), BundleError> {
        let of = |trouble: Trouble| trouble.of(shown.to_owned());
        let (form, compression, _) = self.form(&content).map_err(of)?;
        match form {
            Form::Tar => self.read_tar(inside, &content, compression, 1).map_err(of),
            Form::Zip if compression.is_none() => self.read_zip(inside, &content, 1).map_err(of),
            _ => {
                let tar_by_name = without_suffix(&name).to_ascii_lowercase().ends_with(".tar")
                    || [".tgz", ".txz", ".tbz", ".tbz2", ".tzst"]
                        .iter()
                        .any(|suffix| name.to_ascii_lowercase().ends_with(suffix));
                if tar_by_name {
                    return Err(of(Trouble::Damaged("there is no tar archive in it".to_owned())));
                }
                self.take_in(name, content, modified, 0).map_err(of)
            }
        }
    }

    /// Takes in a file that stands inside `depth` archives: as it is, or what is in it.
    fn take_in(&mut self, path: String, content: Content, modified: Option<Time>, depth: usize) -> Result<(), Trouble> {
        let (form, compression, utf16) = self.form(&content)?;
        if form == Form::Content {
            self.add(path, content, modified, compression, utf16);
            return Ok(());
        }
        if let Form::Foreign(kind) = form {
            return Err(Trouble::Unsupported(kind));
        }
        if depth >= self.bundle.limits.depth {
            return Err(Trouble::TooLarge(format!("an archive inside {depth} others (see --max-depth)")));
        }
        match (form, compression) {
            (Form::Tar, _) => self.read_tar(&path, &content, compression, depth),
            (Form::Zip, None) => self.read_zip(&path, &content, depth),
            // A compressed zip, or a file that is compressed twice: one layer off, and again.
            (_, Some(compression)) => {
                let (packed, count) = Packed::new(content.reader().map_err(Trouble::Unreadable)?);
                let mut layer = Metered::new(compression.decoder(packed), &self.budget, Some(count), &Arc::default());
                let inner = self.store.keep(&mut layer).map_err(|error| match (error, layer.reached()) {
                    (_, Some(reached)) => Trouble::TooLarge(reached.0.clone()),
                    (KeepError::Stream(error), _) => error.into(),
                    (KeepError::Spool(error), _) => Trouble::Spool(error),
                })?;
                self.take_in(path, inner, modified, depth + 1)
            }
            (Form::Compressed(_) | Form::Content | Form::Foreign(_), None) => unreachable!("a form without its compression"),
        }
    }

    /// What a file is when its outermost compression is off, and whether that is text in UTF-16.
    fn form(&self, content: &Content) -> Result<(Form, Option<Compression>, Option<Utf16>), Trouble> {
        let mut block = Vec::with_capacity(BLOCK);
        let mut reader = content.reader().map_err(Trouble::Unreadable)?;
        reader.by_ref().take(BLOCK as u64).read_to_end(&mut block).map_err(Trouble::Unreadable)?;
        let Form::Compressed(compression) = Form::of(&block) else { return Ok((Form::of(&block), None, Utf16::of(&block))) };
        let mut inner = Vec::with_capacity(BLOCK);
        let reader = content.reader().map_err(Trouble::Unreadable)?;
        match compression.decoder(reader).take(BLOCK as u64).read_to_end(&mut inner) {
            Err(error) if inner.is_empty() => Err(error.into()),
            _ => Ok((Form::of(&inner), Some(compression), Utf16::of(&inner))),
        }
    }

    fn add(
        &mut self,
        path: String,
        content: Content,
        modified: Option<Time>,
        compression: Option<Compression>,
        utf16: Option<Utf16>,
    ) {
        let size = content.length();
        // Archives that are to be the same whenever they are made say 1970, and a stranger may say anything.
        let modified = modified.filter(|time| (OLDEST..NEWEST).contains(&time.seconds()));
        self.taken.insert(path.clone());
        let budget = Arc::clone(&self.budget);
        self.bundle.files.push(BundleFile { path, size, modified, compression, content, utf16, budget, paid: Arc::default() });
    }

    /// Whether one more file may be taken in.
    fn room_for_a_file(&mut self) -> Result<(), LimitReached> {
        let most = self.bundle.limits.files;
        self.full |= self.bundle.files.len() >= most;
        if self.full { Err(LimitReached(format!("there are more than {most} files (see --max-files)"))) } else { Ok(()) }
    }

    fn skip(&mut self, path: String, why: String) {
        let (path, why) = (shortened(path), shortened(why));
        let skipped = &mut self.bundle.skipped;
        match skipped.len() {
            SKIPPED => skipped
                .push(Skipped { path: "(more)".to_owned(), why: "further files that were skipped are not listed".to_owned() }),
            0..SKIPPED => skipped.push(Skipped { path, why }),
            _ => {}
        }
    }
}

/// A path, or a sentence with one, that can be told: one that no file has would be told whole a thousand times.
fn shortened(text: String) -> String {
    if text.len() <= archive::LONGEST_PATH {
        return text;
    }
    let start: String = text.chars().take(200).collect();
    format!("{start}... ({} bytes)", text.len())
}

fn modified(metadata: &std::fs::Metadata) -> Option<Time> {
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Time::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

impl BundleFile {
    /// Opens the file, decompressed if it is compressed, and as UTF-8 if it is UTF-16.
    ///
    /// # Errors
    /// If it cannot be opened. Reading ends in an error where it is damaged or more than the limits allow.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        let reader = self.content.reader()?;
        let reader: Box<dyn Read + Send + '_> = match self.compression {
            None => Box::new(reader),
            Some(compression) => {
                let (packed, count) = Packed::new(reader);
                Box::new(Metered::new(compression.decoder(packed), &self.budget, Some(count), &self.paid))
            }
        };
        Ok(match self.utf16 {
            None => reader,
            Some(order) => Box::new(decoding(reader, order)),
        })
    }

    /// Opens the file in its middle, `offset` bytes from its beginning; none if it is compressed or UTF-16.
    ///
    /// # Errors
    /// As [`BundleFile::open`].
    pub fn open_at(&self, offset: u64) -> io::Result<Option<Box<dyn Read + Send + '_>>> {
        if self.compression.is_some() || self.utf16.is_some() {
            return Ok(None);
        }
        let mut reader = self.content.reader()?;
        reader.seek(io::SeekFrom::Start(offset))?;
        Ok(Some(Box::new(reader)))
    }

    /// The bytes themselves, if the file is neither compressed nor UTF-16.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn plain(&self) -> io::Result<Option<Plain<'_>>> {
        if self.compression.is_some() || self.utf16.is_some() {
            return Ok(None);
        }
        Ok(Some(match &self.content {
            Content::Disk(path) => {
                let file = store::open_file(path)?;
                let length = file.metadata()?.len();
                Plain::Part { file: Arc::new(file), from: 0, length }
            }
            Content::Memory(bytes) => Plain::Bytes(bytes),
            Content::Spooled { file, from, length } => Plain::Part { file: Arc::clone(file), from: *from, length: *length },
        }))
    }
}
