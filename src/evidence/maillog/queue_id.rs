//! Queue ids: their forms (`src/global/mail_queue.h`), and the key by which messages are told apart.

use crate::distinct::{hash, mix};

/// Which bytes may stand in a queue id: 1 in both forms (digits, B C D F), 2 in the short one only (A E), 4 in the long one
/// only (base 52: letters without vowels).
const ID_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' | b'B' | b'C' | b'D' | b'F' => 1,
            b'A' | b'E' => 2,
            b'I' | b'O' | b'U' | b'a' | b'e' | b'i' | b'o' | b'u' => 0,
            b'G'..=b'Z' | b'b'..=b'z' => 4,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Whether `word` has the form of a queue id: short (hexadecimal, upper case) or long (base 52 without vowels).
pub fn is_queue_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    let mut seen = 0;
    for byte in bytes {
        match ID_BYTES[usize::from(*byte)] {
            0 => return false,
            form => seen |= form,
        }
    }
    is_id(bytes, seen)
}

/// Whether bytes of these forms are a queue id.
fn is_id(bytes: &[u8], seen: u8) -> bool {
    if !(5..=24).contains(&bytes.len()) {
        return false;
    }
    match seen {
        1..=3 => true,
        // mail_queue.h: six or more digits of seconds, four of microseconds, `z`, the inode.
        5 | 4 => bytes.len() >= 10 && bytes[..].contains(&b'z'),
        _ => false,
    }
}

/// The queue id at the start of a message, and what follows it and `: `.
pub(crate) fn leading_id(message: &str) -> Option<(&str, &str)> {
    let bytes = message.as_bytes();
    let mut seen = 0;
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        match ID_BYTES[usize::from(*byte)] {
            0 => break,
            form => seen |= form,
        }
        end += 1;
    }
    if bytes.get(end) != Some(&b':') || bytes.get(end + 1) != Some(&b' ') || !is_id(&bytes[..end], seen) {
        return None;
    }
    Some((&message[..end], &message[end + 2..]))
}

/// Where the keys of the queue ids of an instance begin: a queue id is unique only within its instance.
pub(super) fn seed(instance: &str) -> u64 {
    // Services log as instance/service: the instance is the part before the first slash.
    let instance = instance.split('/').next().unwrap_or_default();
    if instance == "postfix" { 0 } else { mix(1, hash(instance.as_bytes(), 0)) }
}

/// The key of a queue id of the instance with this [`seed`]; 0 for a line that lost it.
pub(super) fn key(seed: u64, queue_id: &str) -> u64 {
    if queue_id.is_empty() { 0 } else { hash(queue_id.as_bytes(), seed) }
}
