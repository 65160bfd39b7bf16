//! Interned text: what a log repeats a million times is kept once.

use rustc_hash::FxHashMap;

/// A text kept in [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u32);

/// The interned texts of one analysis.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    index: FxHashMap<Box<str>, u32>,
}

impl Names {
    /// The name of `text`, made if it is new.
    ///
    /// # Panics
    /// With more than four billion distinct texts.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(&at) = self.index.get(text) {
            return Name(at);
        }
        let at = u32::try_from(self.texts.len()).expect("fewer than 2^32 distinct texts");
        self.texts.push(text.into());
        self.index.insert(text.into(), at);
        Name(at)
    }

    /// The name of `text`, if it was ever interned.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.index.get(text).map(|&at| Name(at))
    }

    /// The text of `name`.
    pub fn get(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }
}
