//! Texts of which one stands in every match of an expression, not far from where the match begins: where none is near, no match
//! begins, and most of a text need not be tried. `\b[a-z]\w{1,9}://` begins at most ten bytes before a `://`.

use super::syntax::Tree;
use crate::bytes::find_folded;

/// Texts that may be looked for, each by itself.
const MOST: usize = 16;
/// Bytes by which their place may differ: so many places are tried for each that is found.
const FARTHEST: usize = 64;

/// Texts of which one stands in every match, and how far behind its beginning.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Anchor {
    /// In lower case; they are found in any.
    texts: Vec<Box<[u8]>>,
    near: usize,
    far: usize,
}

/// Where an anchor stands in a text, looked for as the search goes on.
pub(super) struct Sight<'a> {
    anchor: &'a Anchor,
    text: &'a [u8],
    /// Where each text stands next, if it does.
    next: [Option<usize>; MOST],
}

impl Anchor {
    /// The best anchor of a tree, if it has any. `ascii` says that it is only looked for in texts of nothing else.
    pub(super) fn of(tree: &Tree, ascii: bool) -> Option<Anchor> {
        Found::of(std::slice::from_ref(tree), ascii).best
    }

    /// One of either.
    fn or(mut self, other: Anchor) -> Option<Anchor> {
        self.texts.extend(other.texts);
        (self.near, self.far) = (self.near.min(other.near), self.far.max(other.far));
        (self.worth() > 0).then_some(self)
    }

    /// How well it tells places apart: the shortest text decides, then how few they are and how exact.
    fn worth(&self) -> usize {
        let shortest = self.texts.iter().map(|text| text.len()).min().unwrap_or_default();
        let doubt = self.texts.len() + (self.far - self.near) / 4;
        if self.texts.len() > MOST || self.far - self.near > FARTHEST { 0 } else { (shortest * 32).saturating_sub(doubt).max(1) }
    }

    /// Looks for it in a text, for matches that begin at `from` or behind it.
    pub(super) fn sight<'a>(&'a self, text: &'a [u8], from: usize) -> Sight<'a> {
        let mut next = [None; MOST];
        next.iter_mut().zip(&self.texts).for_each(|(next, wanted)| *next = find_folded(text, wanted, from + self.near));
        Sight { anchor: self, text, next }
    }
}

impl Sight<'_> {
    /// The first place from `start` on at which a match may begin.
    pub(super) fn begin(&mut self, start: usize) -> Option<usize> {
        let Anchor { texts, near, far } = self.anchor;
        let nearest = start + near;
        for (next, wanted) in self.next.iter_mut().zip(texts) {
            if next.is_some_and(|at| at < nearest) {
                *next = find_folded(self.text, wanted, nearest);
            }
        }
        self.next.iter().flatten().min().map(|at| start.max(at.saturating_sub(*far)))
    }
}

/// What is known of a part of a tree.
#[derive(Default)]
struct Found {
    /// Bytes that it takes: at least, and at most.
    least: usize,
    most: Option<usize>,
    best: Option<Anchor>,
}

impl Found {
    /// So many bytes, of which nothing is known.
    fn bytes(least: usize, most: usize) -> Found {
        Found { least, most: Some(most), best: None }
    }

    /// What is known of parts that stand one after the other. `ascii` says that no text holds anything else.
    fn of(parts: &[Tree], ascii: bool) -> Found {
        let mut all = Found::bytes(0, 0);
        // Letters that follow one another, and how far behind the beginning.
        let (mut run, mut run_at) = (Vec::new(), (0, Some(0)));
        for part in parts {
            if let Some(letters) = letters(part, ascii) {
                if run.is_empty() {
                    run_at = (all.least, all.most);
                }
                all.least += letters.len();
                all.most = all.most.map(|most| most + letters.len());
                run.extend(letters);
                continue;
            }
            // An edge takes no room, so the run goes on.
            if !matches!(part, Tree::Edge(_)) {
                all.end(&mut run, run_at);
            }
            let one = Found::of_one(part, ascii);
            if let (Some(anchor), Some(most)) = (one.best, all.most) {
                all.improve(Anchor { near: anchor.near + all.least, far: anchor.far.saturating_add(most), ..anchor });
            }
            all.least = all.least.saturating_add(one.least);
            all.most = all.most.zip(one.most).map(|(all, one)| all.saturating_add(one));
        }
        all.end(&mut run, run_at);
        all
    }

    fn of_one(part: &Tree, ascii: bool) -> Found {
        let inner = |part: &Tree| Found::of(std::slice::from_ref(part), ascii);
        match part {
            Tree::Edge(_) => Found::bytes(0, 0),
            Tree::Set(_) => Found::bytes(1, 1),
            Tree::Letter(_) | Tree::Chars(_) | Tree::Char(..) | Tree::Text(..) => Found::bytes(1, 4),
            Tree::Sequence(parts) => Found::of(parts, ascii),
            Tree::Named(_, part) => inner(part),
            Tree::Repeat(part, least, most, _) => {
                let one = inner(part);
                let times = |length: usize, times: u32| length.saturating_mul(times as usize);
                Found {
                    least: times(one.least, *least),
                    most: most.zip(one.most).map(|(most, one)| times(one, most)),
                    best: one.best.filter(|_| *least > 0),
                }
            }
            Tree::Alternatives(ways) => ways.iter().map(inner).reduce(Found::or).unwrap_or_default(),
        }
    }

    /// One of either.
    fn or(self, other: Found) -> Found {
        Found {
            least: self.least.min(other.least),
            most: self.most.zip(other.most).map(|(most, other)| most.max(other)),
            best: self.best.zip(other.best).and_then(|(best, other)| best.or(other)),
        }
    }

    /// A run of letters ends here.
    fn end(&mut self, run: &mut Vec<u8>, at: (usize, Option<usize>)) {
        if let (false, (near, Some(far))) = (run.is_empty(), at) {
            self.improve(Anchor { texts: vec![run.as_slice().into()], near, far });
        }
        run.clear();
    }

    fn improve(&mut self, anchor: Anchor) {
        if anchor.worth() > self.best.as_ref().map_or(0, Anchor::worth) {
            self.best = Some(anchor);
        }
    }
}

/// The bytes in lower case that a part stands for, if it is nothing but letters.
fn letters(part: &Tree, ascii: bool) -> Option<Vec<u8>> {
    let letters = match part {
        Tree::Char(c, _) => c.encode_utf8(&mut [0; 4]).as_bytes().to_vec(),
        Tree::Text(text, _) => text.as_bytes().to_vec(),
        // Its other forms are beyond ASCII.
        Tree::Letter(c) if ascii && c.is_ascii() => vec![*c as u8],
        _ => return None,
    };
    Some(letters.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::syntax::{Flags, parse};
    use super::*;

    #[test]
    fn anchors_are_texts_that_stand_near_the_beginning_of_every_match() {
        for (pattern, anchor) in [
            ("over ?quota", Some((&["quota"][..], 4, 5))),
            (r"\b[a-z][a-z0-9+.-]{1,20}://[^@]*@", Some((&["://"], 2, 21))),
            (r"\b[0-9a-f]{32}-[0-9a-f]{8}", Some((&["-"], 32, 32))),
            (r#"(?:^|[\s"])(?:AD|AE)[a-z]{8,}="#, Some((&["ad", "ae"], 0, 1))),
            (r"(?:user|login):\s*\S", Some((&["user", "login"], 0, 0))),
            (r"\S+@example", None),
            ("x*|yes", None),
            ("(?P<a>Token)+ [a-z]{70}abcdefgh", Some((&["token"], 0, 0))),
            ("", None),
        ] {
            let found = Anchor::of(&parse(pattern, Flags::new(true)).expect("plain").tree, true);
            let anchor = anchor.map(|(texts, near, far)| Anchor {
                texts: texts.iter().map(|text| text.as_bytes().into()).collect(),
                near,
                far,
            });
            assert_eq!(found, anchor, "{pattern}");
        }
    }

    #[test]
    fn places_are_found_in_their_order_and_none_is_left_out() {
        let anchor = Anchor { texts: vec![b"ab"[..].into(), b"c"[..].into()], near: 1, far: 2 };
        let text = b"xxABxxxxcxxabc";
        let mut sight = anchor.sight(text, 0);
        let places: Vec<usize> = (0..text.len()).filter_map(|start| sight.begin(start)).collect();
        // Two places before each text, and none behind the last.
        assert_eq!(places, [0, 1, 6, 6, 6, 6, 6, 7, 9, 9, 10, 11, 12]);
    }
}
