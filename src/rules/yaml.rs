//! YAML with exact places: a tree of nodes that know where they stand, and readers that collect every
//! problem of a file instead of stopping at the first.

use super::problem::{Level, Place, Problem, did_you_mean};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// A YAML value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub kind: Kind,
    /// Where it starts.
    pub place: Place,
}

/// A key and where it stands.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it starts.
    pub place: Place,
}

/// What a YAML value is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

impl Kind {
    fn describe(&self) -> &'static str {
        match self {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a truth value",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// A scalar as text; numbers and truth values as they are usually written.
    pub fn scalar(&self) -> Option<String> {
        Some(match &self.kind {
            Kind::Text(text) => text.clone(),
            Kind::Int(number) => number.to_string(),
            Kind::Float(number) => number.to_string(),
            Kind::Bool(yes) => yes.to_string(),
            Kind::Null | Kind::List(_) | Kind::Map(_) => return None,
        })
    }
}

fn place(location: Location) -> Place {
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
                Ok(Kind::Bool(yes))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
                Ok(Kind::Int(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
                Ok(i64::try_from(number).map_or(Kind::Float(number as f64), Kind::Int))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Kind, E> {
                Ok(Kind::Float(number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
                Ok(Kind::Text(text.to_owned()))
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
                    let key = Key { place: place(key.referenced), name: key.value };
                    entries.push((key, map.next_value()?));
                }
                Ok(Kind::Map(entries))
            }
        }
        deserializer.deserialize_any(Any).map(Bare)
    }
}

/// One YAML file being read, with the problems found so far.
#[derive(Debug)]
pub struct Reader<'a> {
    /// Path as problems show it.
    pub file: &'a str,
    text: &'a str,
    /// The problems found so far.
    pub problems: Vec<Problem>,
    /// The fields that were asked for, by what they belong to.
    #[cfg(test)]
    pub taken: std::collections::BTreeMap<&'static str, std::collections::BTreeSet<&'static str>>,
}

impl<'a> Reader<'a> {
    /// A reader of `text`, which problems call `file`.
    pub fn new(file: &'a str, text: &'a str) -> Reader<'a> {
        Reader {
            file,
            text,
            problems: Vec::new(),
            #[cfg(test)]
            taken: Default::default(),
        }
    }

    /// The file's root node; a syntax error or duplicate key is a problem.
    pub fn parse(&mut self) -> Option<Node> {
        match serde_saphyr::from_str::<Node>(self.text) {
            Ok(node) => Some(node),
            Err(error) => {
                let place = error.location().map(place).unwrap_or_default();
                let full = error.without_snippet().to_string();
                let message = full
                    .split(" at line ")
                    .next()
                    .unwrap_or(&full)
                    .replace(", set DuplicateKeyPolicy in Options if acceptable", "");
                self.problem(place, message, None);
                None
            }
        }
    }

    /// Notes a problem at `place`.
    pub fn problem(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Problem::new(Level::Error, self.file, self.text, place, message, help));
    }

    /// Notes that `word` is none of `known`.
    pub fn unknown<'w>(&mut self, place: Place, what: &str, word: &str, known: impl IntoIterator<Item = &'w str> + Clone) {
        let help = match did_you_mean(word, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                let all: Vec<&str> = known.into_iter().take(40).collect();
                format!("known: {}", all.join(", "))
            }
        };
        // "field of `failures`" becomes "unknown field `reson` of `failures`".
        let at = [" of ", " in "].iter().filter_map(|split| what.find(split)).min().unwrap_or(what.len());
        self.problem(place, format!("unknown {} `{word}`{}", &what[..at], &what[at..]), Some(help));
    }

    /// The entries of a mapping.
    pub fn map(&mut self, node: Node, what: &str) -> Vec<(Key, Node)> {
        match node.kind {
            Kind::Map(entries) => entries,
            other => {
                self.problem(node.place, format!("{what} must be a mapping, found {}", other.describe()), None);
                Vec::new()
            }
        }
    }

    /// The items of a list; a single value counts as a list of one.
    pub fn list(&mut self, node: Node) -> Vec<Node> {
        match node.kind {
            Kind::List(items) => items,
            Kind::Null => Vec::new(),
            _ => vec![node],
        }
    }

    /// A scalar as text.
    pub fn text(&mut self, node: &Node, what: &str) -> String {
        node.scalar().unwrap_or_else(|| {
            self.problem(node.place, format!("{what} must be a text, found {}", node.kind.describe()), None);
            String::new()
        })
    }

    /// A list of scalars as texts, with their places.
    pub fn texts(&mut self, node: Node, what: &str) -> Vec<(String, Place)> {
        self.list(node).into_iter().map(|item| (self.text(&item, what), item.place)).collect()
    }

    /// A truth value.
    pub fn bool(&mut self, node: &Node, what: &str) -> bool {
        match &node.kind {
            Kind::Bool(yes) => *yes,
            Kind::Text(text) if matches!(text.as_str(), "yes" | "on") => true,
            Kind::Text(text) if matches!(text.as_str(), "no" | "off") => false,
            other => {
                self.problem(node.place, format!("{what} must be true or false, found {}", other.describe()), None);
                false
            }
        }
    }

    /// One of `known`, each with its value.
    pub fn one_of<T: Copy>(&mut self, node: &Node, what: &str, known: &[(&str, T)]) -> Option<T> {
        let word = self.text(node, what);
        let found = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() && !word.is_empty() {
            self.unknown(node.place, what, &word, known.iter().map(|(name, _)| *name));
        }
        found
    }

    /// The fields of a mapping, to take by name.
    pub fn fields(&mut self, node: Node, what: &'static str) -> Fields {
        let place = node.place;
        Fields { what, place, entries: self.map(node, what), known: Vec::new() }
    }
}

/// The fields of one mapping, taken by name; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    what: &'static str,
    /// Where the mapping starts.
    pub place: Place,
    entries: Vec<(Key, Node)>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Takes the field `name`, if it is there and not empty.
    pub fn take(&mut self, name: &'static str) -> Option<Node> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (_, node) = self.entries.remove(at);
        (!matches!(node.kind, Kind::Null)).then_some(node)
    }

    /// Takes the field `name`, which must be there.
    pub fn need(&mut self, reader: &mut Reader<'_>, name: &'static str) -> Option<Node> {
        let node = self.take(name);
        if node.is_none() {
            reader.problem(self.place, format!("{} has no `{name}`", self.what), None);
        }
        node
    }

    /// Whether the field `name` is still there.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name == name)
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> Vec<(Key, Node)> {
        std::mem::take(&mut self.entries)
    }

    /// Notes every field that nobody took.
    pub fn finish(self, reader: &mut Reader<'_>) {
        #[cfg(test)]
        reader.taken.entry(self.what).or_default().extend(&self.known);
        for (key, _) in self.entries {
            let what = format!("field in {}", self.what);
            reader.unknown(key.place, &what, &key.name, self.known.iter().copied());
        }
    }
}
