//! Bytes looked at eight at a time, where a text is too short for a search that has to be set up.

const EACH: u64 = 0x0101_0101_0101_0101;

/// Whether a file that begins so is no text. NUL bytes in the middle of text come from crashed disks; what begins with them and is
/// full of them is something else.
pub(crate) fn is_binary(head: &[u8]) -> bool {
    let nuls = |many: usize| head.iter().take(many).filter(|byte| **byte == 0).count();
    nuls(64) > 0 && nuls(4096) > 64
}

/// Where `byte` stands first.
#[inline]
pub(crate) fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    let mut rest = bytes;
    let mut at = 0;
    while let Some((eight, after)) = rest.split_first_chunk() {
        let differ = u64::from_le_bytes(*eight) ^ (EACH * u64::from(byte));
        // The lowest byte that is zero borrows first.
        let same = differ.wrapping_sub(EACH) & !differ & (EACH << 7);
        if same != 0 {
            return Some(at + same.trailing_zeros() as usize / 8);
        }
        at += 8;
        rest = after;
    }
    rest.iter().position(|known| *known == byte).map(|found| at + found)
}

/// Whether a text holds `literal`. Texts are short: a search that learns the literal first costs more than it saves.
pub(crate) fn holds(text: &[u8], literal: &[u8]) -> bool {
    let Some(&first) = literal.first() else { return true };
    let last = text.len().saturating_sub(literal.len() - 1);
    memchr::memchr_iter(first, &text[..last]).any(|at| text[at..].starts_with(literal))
}

/// Where a literal in lower case, which is not empty, stands first from `from` on, whatever the case of the text.
pub(crate) fn find_folded(text: &[u8], literal: &[u8], from: usize) -> Option<usize> {
    let first = *literal.first()?;
    let last = (text.len() + 1).checked_sub(literal.len()).filter(|last| from < *last)?;
    let mut places = memchr::memchr2_iter(first, first.to_ascii_uppercase(), &text[from..last]).map(|at| from + at);
    places.find(|at| text[*at..at + literal.len()].eq_ignore_ascii_case(literal))
}

/// Whether an upper case letter of ASCII is among them.
#[inline]
pub(crate) fn has_upper(bytes: &[u8]) -> bool {
    // In seven bits: the highest is set by what is added if the byte is at least `A`, or beyond `Z`.
    let upper = |eight: &[u8; 8]| {
        let eight = u64::from_le_bytes(*eight);
        let seven = eight & (EACH * 0x7f);
        let from_a = seven + EACH * u64::from(0x80 - b'A');
        let beyond_z = seven + EACH * u64::from(0x7f - b'Z');
        !eight & from_a & !beyond_z & (EACH << 7) != 0
    };
    let Some(last) = bytes.last_chunk() else { return bytes.iter().any(u8::is_ascii_uppercase) };
    bytes.as_chunks().0.iter().any(upper) || upper(last)
}

#[cfg(test)]
mod tests {
    use super::{has_upper, position};

    #[test]
    fn upper_case_is_found_wherever_it_stands() {
        for len in 0..30 {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'a'; len];
                    text[at] = byte;
                    assert_eq!(has_upper(&text), byte.is_ascii_uppercase(), "{byte} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn a_byte_is_found_where_it_stands_first() {
        let text: Vec<u8> = (0..200u16).map(|number| (number * 37 % 251) as u8).collect();
        for byte in 0..=u8::MAX {
            for from in 0..40 {
                for to in from..text.len().min(from + 60) {
                    let part = &text[from..to];
                    assert_eq!(position(part, byte), part.iter().position(|known| *known == byte), "{byte} in {part:?}");
                }
            }
        }
        assert_eq!(position(&[0x80, 0x01, 0x00, 0x00, 0x80, 0x81, 0xff, 0x7f], 0x00), Some(2));
    }
}
