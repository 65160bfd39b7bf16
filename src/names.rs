//! Interned text: what a log repeats a million times is kept once.

use crate::distinct::{hash, mix};
use rustc_hash::FxHashMap;

/// A text kept in [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u32);

impl Name {
    /// Its place among all names, from 0.
    pub fn number(self) -> usize {
        self.0 as usize
    }
}

/// The interned texts of one analysis.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    /// By a hash of the text; where two texts have the same one, the later is under another.
    index: FxHashMap<u64, u32>,
}

impl Names {
    /// The name of `text`, made if it is new.
    ///
    /// # Panics
    /// With more than four billion distinct texts.
    pub fn intern(&mut self, text: &str) -> Name {
        let key = match self.place(text) {
            Ok(name) => return name,
            Err(key) => key,
        };
        let at = u32::try_from(self.texts.len()).expect("fewer than 2^32 distinct texts");
        self.texts.push(text.into());
        self.index.insert(key, at);
        Name(at)
    }

    /// The name of `text`, if it was ever interned.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.place(text).ok()
    }

    /// The name of `text`, or where it will be.
    fn place(&self, text: &str) -> Result<Name, u64> {
        let mut key = hash(text.as_bytes(), 0);
        while let Some(&at) = self.index.get(&key) {
            if *self.texts[at as usize] == *text {
                return Ok(Name(at));
            }
            key = mix(key, 1);
        }
        Err(key)
    }

    /// The text of `name`.
    pub fn get(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }
}
