//! Stable pseudonyms: a keyed hash, so that the same name is the same pseudonym wherever it stands and whoever holds no
//! key cannot try names until one fits.

use crate::files;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The secret that pseudonyms are made with.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; 32],
    /// Whether somebody keeps it.
    lasts: bool,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key(..)")
    }
}

/// Bytes of a key file at least; less can be tried out.
const SHORTEST: usize = 16;

impl Key {
    /// A key that nobody has: pseudonyms are the same within one run only.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn random() -> io::Result<Key> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Key { bytes, lasts: false })
    }

    /// The key that these bytes make.
    pub fn from_bytes(bytes: &[u8]) -> Key {
        Key { bytes: Sha256::digest(bytes).into(), lasts: true }
    }

    /// The key in the file at `path`, which is made if it is not there. Only its owner may be able to read it.
    ///
    /// # Errors
    /// If it cannot be read or made, is no file, others can read it, or it is too short.
    pub fn load(path: &Path) -> io::Result<Key> {
        match files::open(path) {
            Ok(mut file) => {
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    if file.metadata()?.permissions().mode() & 0o077 != 0 {
                        return Err(io::Error::other("others can read the key; run chmod 600 on it"));
                    }
                }
                let mut bytes = Vec::new();
                Read::by_ref(&mut file).take(1 << 16).read_to_end(&mut bytes)?;
                if bytes.trim_ascii().len() < SHORTEST {
                    return Err(io::Error::other("the key is too short; 16 bytes are the least"));
                }
                Ok(Key::from_bytes(bytes.trim_ascii()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Key::random()?;
                let text: String = key.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let mut file = owners_file(path)?;
                writeln!(file, "{text}")?;
                file.sync_all()?;
                Ok(Key::from_bytes(text.as_bytes()))
            }
            Err(error) => Err(error),
        }
    }

    fn digest(&self, purpose: u8, text: &[u8]) -> [u8; 32] {
        // The key has a fixed length and stands on both sides, so that nothing can be appended to a hash.
        let mut hash = Sha256::new();
        hash.update(self.bytes);
        hash.update([purpose]);
        hash.update(text);
        hash.update(self.bytes);
        hash.finalize().into()
    }

    /// Whether there may be another run with this key.
    pub(super) fn lasts(&self) -> bool {
        self.lasts
    }

    /// What only who has the key can say of a text, in hexadecimal digits.
    pub(super) fn signature(&self, text: &[u8]) -> String {
        self.digest(b's', text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The pseudonym of a name: twelve letters that can be spoken. Upper and lower case are the same name; the
    /// pseudonym is written in the case of `name`.
    pub fn word(&self, name: &str) -> String {
        const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
        const VOWELS: &[u8; 5] = b"aeiou";
        let digest = self.digest(b'w', name.to_lowercase().as_bytes());
        let mut word = String::with_capacity(12);
        for pair in digest.chunks_exact(2).take(6) {
            word.push(CONSONANTS[usize::from(pair[0]) % 16] as char);
            word.push(VOWELS[usize::from(pair[1]) % 5] as char);
        }
        in_case_of(name, word)
    }

    /// A number in place of another: twelve digits, so that no two become one.
    pub(super) fn number(&self, digits: &str) -> String {
        let digest = self.digest(b'n', digits.as_bytes());
        let number = digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        format!("{:012}", number % 1_000_000_000_000)
    }

    /// Digits in place of others: as many, with the same signs between them.
    pub(super) fn digits(&self, text: &str) -> String {
        let number: String = text.chars().filter(char::is_ascii_digit).collect();
        let digest = self.digest(b'd', number.as_bytes());
        let mut digits = digest.iter().map(|byte| char::from(b'0' + byte % 10)).cycle();
        text.chars().map(|c| if c.is_ascii_digit() { digits.next().unwrap_or('0') } else { c }).collect()
    }

    /// One bit, decided by the key, the width of the address and the bits before it.
    pub(super) fn bit(&self, width: u32, length: u32, prefix: u128) -> bool {
        let mut text = [0; 18];
        text[0] = width as u8;
        text[1] = length as u8;
        text[2..].copy_from_slice(&prefix.to_be_bytes());
        self.digest(b'i', &text)[0] & 1 == 1
    }

    /// Hexadecimal digits in place of others: as many, in the same case.
    pub fn hex(&self, digits: &str) -> String {
        let digest = self.digest(b'h', digits.to_ascii_lowercase().as_bytes());
        let upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
        let mut nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).cycle();
        digits
            .chars()
            .map(|c| {
                if !c.is_ascii_hexdigit() {
                    return c;
                }
                let digit = char::from_digit(u32::from(nibbles.next().unwrap_or(0)), 16).unwrap_or('0');
                if upper { digit.to_ascii_uppercase() } else { digit }
            })
            .collect()
    }
}

/// A new file that only its owner can read; never one that is there already.
pub(super) fn owners_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file that only its owner can read, written beside the place where it is to be.
#[derive(Debug)]
pub struct OwnersFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl OwnersFile {
    /// Writes `text` beside `path`.
    ///
    /// # Errors
    /// If it cannot be written, or what is at `path` is no file: a link may lead where others read.
    pub fn beside(path: &Path, text: &str) -> io::Result<OwnersFile> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => return Err(io::Error::other("it is a link; name a file")),
            Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is no file; name one")),
            _ => {}
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Temporary files are their owner's alone.
        let mut file = tempfile::Builder::new().prefix(".postdoc-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(OwnersFile { file, path: path.to_owned() })
    }

    /// Puts it in its place, instead of a file that may be there.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub fn keep(self) -> io::Result<()> {
        self.file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// `word` in capitals if `name` is, with a capital if `name` has one.
fn in_case_of(name: &str, word: String) -> String {
    let letters = || name.chars().filter(|c| c.is_alphabetic());
    if !letters().any(char::is_uppercase) {
        return word;
    }
    if letters().count() > 1 && letters().all(char::is_uppercase) {
        return word.to_ascii_uppercase();
    }
    let mut word = word;
    // Any other mixture becomes one mixture, so that it stays apart from both.
    let at = usize::from(!letters().next().is_some_and(char::is_uppercase));
    word[at..=at].make_ascii_uppercase();
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_stable_keyed_and_keeps_its_case() {
        let key = Key::from_bytes(b"one key");
        assert_eq!(key.word("maria"), key.word("maria"));
        assert_eq!(key.word("MARIA"), key.word("maria").to_uppercase());
        assert_eq!(key.word("Maria").to_lowercase(), key.word("maria"));
        assert_ne!(key.word("Maria"), key.word("maria"));
        assert_ne!(key.word("mArIa"), key.word("Maria"));
        assert_ne!(key.word("maria"), Key::from_bytes(b"another").word("maria"));
        assert_eq!(key.word("maria").len(), 12);
        assert_eq!(key.hex("0A:ff").len(), 5);
    }
}
