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

/// What stands in a queue id's place where somebody put other names for the ids, as before a log is sent on, and what follows it
/// and `: `. A word that has no number tells no message from another: then the id is lost.
pub(super) fn masked_id(message: &str) -> Option<(&str, &str)> {
    let bytes = message.as_bytes();
    let end = memchr::memchr(b':', &bytes[..bytes.len().min(LONGEST)])?;
    let rest = message.get(end + 2..).filter(|_| bytes.get(end + 1) == Some(&b' '))?;
    let word = Some(&message[..end]).filter(|word| !word.contains(' '))?;
    let tells = word.bytes().any(|byte| byte.is_ascii_digit());
    let of_a_message = match rest.as_bytes().first() {
        Some(b't') => rest.starts_with("to=<") && rest.contains(", status="),
        Some(b'f') => rest.starts_with("from=<"),
        Some(b'm') => tells && rest.starts_with("message-id=<"),
        Some(b'c') => tells && rest.starts_with("client="),
        Some(b'r') => tells && rest == "removed",
        _ => false,
    };
    of_a_message.then_some((if tells { word } else { "" }, rest))
}

/// Bytes of the longest word that may stand in a queue id's place.
const LONGEST: usize = 40;

/// Where the keys of the queue ids of an instance begin: a queue id is unique only within its instance.
pub(super) fn seed(instance: &str) -> u64 {
    // Services log as instance/service: the instance is the part before the first slash.
    let instance = instance.split('/').next().unwrap_or_default();
    // Of other instances the name begins so (postmulti(1)); any other word is the `syslog_name` of a service, or of the only one.
    if instance.starts_with("postfix-") { mix(1, hash(instance.as_bytes(), 0)) } else { 0 }
}

/// The key of a queue id of the instance with this [`seed`]; 0 for a line that lost it.
pub(super) fn key(seed: u64, queue_id: &str) -> u64 {
    if queue_id.is_empty() { 0 } else { hash(queue_id.as_bytes(), seed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_that_somebody_put_for_queue_ids() {
        for (message, id) in [
            ("QID-17: to=<a@one.example>, relay=none, delay=1, status=deferred (x)", Some("QID-17")),
            ("4X0000001: from=<a@one.example>, size=3, nrcpt=1 (queue active)", Some("4X0000001")),
            ("4X0000001: message-id=<1@one.example>", Some("4X0000001")),
            ("4X0000001: client=unknown[192.0.2.7]", Some("4X0000001")),
            ("4X0000001: removed", Some("4X0000001")),
            // One word for all of them tells no message from another.
            ("XXXXXXXX: to=<a@one.example>, relay=none, delay=1, status=sent (x)", Some("")),
            ("XXXXXXXX: removed", None),
            ("warning: to=<a@one.example>", None),
            ("connect from host7: to=<a@one.example>, status=sent", None),
            ("statistics: max connection rate 1/60s", None),
        ] {
            assert_eq!(masked_id(message).map(|(id, _)| id), id, "{message}");
        }
    }
}
