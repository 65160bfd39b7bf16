//! YAML with exact places: a tree of nodes that know where they stand.
//!
//! The build script reads this file, too: it parses the built-in rules and embeds their trees, so that no start parses YAML
//! (see [`Node::encode`]).

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::borrow::Cow;
use std::fmt;

/// A place in a rule file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters to underline.
    pub length: u32,
}

/// A YAML value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub kind: Kind,
    /// Where it starts.
    pub place: Place,
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key.
    pub name: Cow<'static, str>,
    /// Where it starts.
    pub place: Place,
}

/// What a YAML value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// A truth value, and how it is written: a setting that is `yes` is no `true`.
    Bool(bool, Cow<'static, str>),
    /// A number, as it is written: version 3.10 is not 3.1.
    Number(Cow<'static, str>),
    /// Text.
    Text(Cow<'static, str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

impl Kind {
    /// In words.
    pub fn describe(&self) -> &'static str {
        match self {
            Kind::Null => "nothing",
            Kind::Bool(..) => "a truth value",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// A scalar as text; numbers and truth values as they are written.
    pub fn scalar(&self) -> Option<String> {
        Some(match &self.kind {
            Kind::Text(text) | Kind::Number(text) | Kind::Bool(_, text) => text.clone().into_owned(),
            Kind::Null | Kind::List(_) | Kind::Map(_) => return None,
        })
    }
}

pub(super) fn place(location: Location) -> Place {
    Place {
        line: u32::try_from(location.line()).unwrap_or(u32::MAX),
        column: u32::try_from(location.column()).unwrap_or(1),
        length: u32::try_from(location.span().len()).unwrap_or(1),
    }
}

struct Bare(Kind);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned: Spanned<Bare> = Spanned::deserialize(deserializer)?;
        Ok(Node { kind: spanned.value.0, place: place(spanned.referenced) })
    }
}

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bare, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Kind;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a YAML value")
            }
            fn visit_bool<E>(self, yes: bool) -> Result<Kind, E> {
                Ok(Kind::Bool(yes, yes.to_string().into()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
                Ok(Kind::Number(number.to_string().into()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
                Ok(Kind::Number(number.to_string().into()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Kind, E> {
                Ok(Kind::Number(number.to_string().into()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
                Ok(Kind::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_none<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Kind::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    let key = Key { place: place(key.referenced), name: key.value.into() };
                    entries.push((key, map.next_value()?));
                }
                Ok(Kind::Map(entries))
            }
        }
        deserializer.deserialize_any(Any).map(Bare)
    }
}

impl Node {
    /// Parses a YAML document.
    ///
    /// # Errors
    /// What the parser says, with its place.
    pub fn parse(text: &str) -> Result<Node, serde_saphyr::Error> {
        let mut node: Node = serde_saphyr::from_str(text)?;
        let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        node.keep_spelling(&lines);
        Ok(node)
    }

    /// Puts numbers and truth values in the words of the file in place of what the parser made of them.
    fn keep_spelling(&mut self, lines: &[&str]) {
        let Place { line, column, length } = self.place;
        match &mut self.kind {
            Kind::Bool(_, text) | Kind::Number(text) => {
                let line = lines.get((line as usize).wrapping_sub(1)).copied().unwrap_or_default();
                let written: String = line.chars().skip((column as usize).saturating_sub(1)).take(length as usize).collect();
                // What stands behind an alias or a tag is as the parser says.
                if !written.is_empty() && !written.starts_with(['*', '&', '!', '"', '\'']) {
                    *text = written.into();
                }
            }
            Kind::List(items) => items.iter_mut().for_each(|item| item.keep_spelling(lines)),
            Kind::Map(entries) => entries.iter_mut().for_each(|(_, node)| node.keep_spelling(lines)),
            Kind::Null | Kind::Text(_) => {}
        }
    }

    /// Appends the tree in a compact form, which [`Node::decode`] reads without any parsing: the tag of the kind, the place,
    /// the value; numbers as LEB128.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let tag = match &self.kind {
            Kind::Null => 0,
            Kind::Bool(false, _) => 1,
            Kind::Bool(true, _) => 2,
            Kind::Number(_) => 3,
            Kind::Text(_) => 4,
            Kind::List(_) => 5,
            Kind::Map(_) => 6,
        };
        out.push(tag);
        put_place(self.place, out);
        match &self.kind {
            Kind::Null => {}
            Kind::Bool(_, text) | Kind::Number(text) | Kind::Text(text) => put_text(text, out),
            Kind::List(items) => {
                put_number(items.len() as u64, out);
                items.iter().for_each(|item| item.encode(out));
            }
            Kind::Map(entries) => {
                put_number(entries.len() as u64, out);
                for (key, node) in entries {
                    put_place(key.place, out);
                    put_text(&key.name, out);
                    if is_trial(&key.name) {
                        let mut bytes = Vec::new();
                        node.encode(&mut bytes);
                        put_number(bytes.len() as u64, out);
                        out.extend(bytes);
                    } else {
                        node.encode(out);
                    }
                }
            }
        }
    }

    /// The tree that [`Node::encode`] wrote, with or without its `tests` and `examples`, which are more than half of all, and
    /// which no analysis needs; none if it is something else.
    pub fn decode(mut bytes: &'static [u8], trials: bool) -> Option<Node> {
        let node = take_node(&mut bytes, trials)?;
        bytes.is_empty().then_some(node)
    }
}

/// Whether a key holds what only tries the rest.
fn is_trial(key: &str) -> bool {
    matches!(key, "tests" | "examples")
}

fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_place(place: Place, out: &mut Vec<u8>) {
    [place.line, place.column, place.length].into_iter().for_each(|number| put_number(u64::from(number), out));
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend(text.as_bytes());
}

fn take_number(bytes: &mut &'static [u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_bytes(bytes: &mut &'static [u8], many: usize) -> Option<&'static [u8]> {
    let (taken, rest) = bytes.split_at_checked(many)?;
    *bytes = rest;
    Some(taken)
}

/// How many items follow: no more than there are bytes.
fn take_length(bytes: &mut &'static [u8]) -> Option<usize> {
    usize::try_from(take_number(bytes)?).ok().filter(|length| *length <= bytes.len())
}

fn take_text(bytes: &mut &'static [u8]) -> Option<Cow<'static, str>> {
    let length = take_length(bytes)?;
    std::str::from_utf8(take_bytes(bytes, length)?).ok().map(Cow::Borrowed)
}

fn take_place(bytes: &mut &'static [u8]) -> Option<Place> {
    let mut part = || u32::try_from(take_number(bytes)?).ok();
    Some(Place { line: part()?, column: part()?, length: part()? })
}

fn take_node(bytes: &mut &'static [u8], trials: bool) -> Option<Node> {
    let tag = *take_bytes(bytes, 1)?.first()?;
    let place = take_place(bytes)?;
    let kind = match tag {
        0 => Kind::Null,
        1 => Kind::Bool(false, take_text(bytes)?),
        2 => Kind::Bool(true, take_text(bytes)?),
        3 => Kind::Number(take_text(bytes)?),
        4 => Kind::Text(take_text(bytes)?),
        5 => {
            let length = take_length(bytes)?;
            let mut items = Vec::with_capacity(length);
            for _ in 0..length {
                items.push(take_node(bytes, trials)?);
            }
            Kind::List(items)
        }
        6 => {
            let length = take_length(bytes)?;
            let mut entries = Vec::with_capacity(length);
            for _ in 0..length {
                let place = take_place(bytes)?;
                let name = take_text(bytes)?;
                if is_trial(&name) {
                    let size = take_length(bytes)?;
                    if !trials {
                        take_bytes(bytes, size)?;
                        continue;
                    }
                }
                entries.push((Key { name, place }, take_node(bytes, trials)?));
            }
            Kind::Map(entries)
        }
        _ => return None,
    };
    Some(Node { kind, place })
}
