//! What secrets look like, and what stands before them, from `rules/secrets.yaml`.
//!
//! What is built in holds always: a folder of one's own adds to it and takes nothing away, since what is hidden protects people
//! who have never heard of the folder.

pub(crate) mod conditions;

use super::lazy::{Dialect, LazyRegex};
use super::literals::{self, Worth};
use super::problem::Place;
use super::yaml::Reader;
use crate::marks::Marks;
use crate::parallel;
use conditions::{CONDITIONS, Condition};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// What a secret is, in words.
pub type SecretKind = Cow<'static, str>;

/// What stands where a secret stood.
pub const HIDDEN: &str = "(hidden)";

/// A secret is at most looked for by so many expressions, since they are bits of one number.
const MOST: usize = 128;
/// Any literal is better than none: a single walk over a line looks for all of them.
const WORTH: Worth = Worth { shortest: 1, most: 256, beyond_ascii: false };
/// The group of an expression that is the secret.
const GROUP: &str = "secret";

/// Every form of secret.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    pub(crate) forms: Vec<Form>,
    /// Parts of names of files of which each line `KEY NAME:VALUE` holds one.
    pub(crate) files: Vec<String>,
    entries: Vec<Entry>,
    marks: OnceLock<Arc<Marks>>,
}

/// One form: an expression, and what is hidden of what it matches.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// What it is, in words.
    pub(crate) kind: String,
    pub(crate) regex: LazyRegex,
    /// Whether what it takes for the secret is one at all.
    pub(crate) accept: Condition,
}

/// An entry of the file: its forms, by their places, and what shows that they are right.
#[derive(Debug, Clone)]
struct Entry {
    file: String,
    forms: Vec<usize>,
    words: Vec<(LazyRegex, Place)>,
    examples: Vec<(String, Place)>,
    not: Vec<(String, Place)>,
}

impl Form {
    /// The part of a match that is the secret.
    pub(crate) const SECRET: &str = GROUP;
}

impl Secrets {
    /// Tells which forms may stand in a text.
    pub(crate) fn marks(&self) -> &Marks {
        let needed = |form: &Form| literals::of(form.regex.as_str(), false, WORTH).0;
        self.marks.get_or_init(|| Arc::new(Marks::new(self.forms.iter().map(needed))))
    }

    /// The expressions in the order of the forms.
    pub(crate) fn patterns(&self) -> Vec<&str> {
        self.forms.iter().map(|form| form.regex.as_str()).collect()
    }

    /// Reads one file. What is known already is not taken twice.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) {
        let Some(root) = reader.parse() else { return };
        for item in reader.list(root) {
            let mut fields = reader.fields(item, "a secret");
            let kind = fields.need(reader, "kind").map(|node| reader.text(&node, "kind")).unwrap_or_default();
            let place = fields.place;
            let [words, any, files] = ["words", "any", "files"].map(|name| fields.take(name));
            let accept = fields.take("if").and_then(|node| reader.one_of(&node, "condition", CONDITIONS));
            let [examples, not] =
                ["examples", "not"].map(|name| fields.take(name).map(|node| reader.texts(node, "a text")).unwrap_or_default());
            if words.is_none() && any.is_none() && files.is_none() {
                let help = "`words:` are tokens that tell by themselves what they are, `any:` expressions with a group \
                            `(?P<secret>...)`, `files:` parts of names of files of passwords";
                reader.problem(place, "nothing says how this secret is known", Some(help.to_owned()));
            }
            fields.finish(reader);
            let words = words.map(|node| reader.texts(node, "a token")).unwrap_or_default();
            let any = any.map(|node| reader.texts(node, "an expression")).unwrap_or_default();
            let files = files.map(|node| reader.texts(node, "a part of a name")).unwrap_or_default();
            let words: Vec<(LazyRegex, Place)> = words
                .into_iter()
                .filter_map(|(word, place)| Some((LazyRegex::read(reader, word, place, Dialect::Line)?, place)))
                .collect();
            let together = together(reader, &words);
            let any = any.into_iter().filter_map(|(pattern, place)| expression(reader, pattern, place));
            let accept = accept.unwrap_or(CONDITIONS[0].1);
            let forms = together.into_iter().chain(any).map(|regex| Form { kind: kind.clone(), regex, accept });
            let forms: Vec<Form> = forms.collect();
            let forms: Vec<usize> = forms.into_iter().map(|form| self.place_of(form)).collect();
            if self.forms.len() > MOST {
                self.forms.truncate(MOST);
                let help = "write tokens of one kind into one `words:`, which counts as one".to_owned();
                reader.problem(place, format!("there are more than {MOST} expressions for secrets"), Some(help));
                return;
            }
            self.files.extend(files.into_iter().map(|(name, _)| name.to_ascii_lowercase()).filter(|name| !name.is_empty()));
            // What is built in was tried by a test, and by its own forms alone: no folder changes what it shows.
            if reader.trusted {
                continue;
            }
            self.entries.push(Entry { file: reader.file.to_owned(), forms, words, examples, not });
        }
        self.marks = OnceLock::new();
    }

    fn place_of(&mut self, form: Form) -> usize {
        let is_known = |known: &Form| known.kind == form.kind && known.regex == form.regex;
        self.forms.iter().position(is_known).unwrap_or_else(|| {
            self.forms.push(form);
            self.forms.len() - 1
        })
    }

    /// What is not as the examples say: the file, the place in it, and what is wrong.
    pub(super) fn mistakes(&self) -> Vec<(&str, Place, String)> {
        parallel::each(parallel::cores(), &self.entries, |entry| self.mistakes_of(entry)).into_iter().flatten().collect()
    }

    fn mistakes_of<'s>(&'s self, entry: &'s Entry) -> Vec<(&'s str, Place, String)> {
        // What is missing was told where it is missing.
        if entry.forms.is_empty() {
            return Vec::new();
        }
        let left = |text: &str| self.without(text, entry.forms.iter().copied());
        let examples = entry.examples.iter().filter_map(|(text, place)| {
            let (bare, hidden) = (bare(text), hidden(text));
            let own = left(&bare);
            let message = if bare == hidden {
                "no part of this example stands between « and »".to_owned()
            } else if own == bare {
                "this entry takes nothing out of its example".to_owned()
            } else if own != hidden {
                format!("of this example is left `{own}`, and not `{hidden}`")
            } else {
                return None;
            };
            Some((entry.file.as_str(), *place, message))
        });
        let not = entry.not.iter().filter_map(|(text, place)| {
            let own = left(text);
            let message = format!("`not` says that nothing is taken out, and this is left: `{own}`");
            (own != *text).then_some((entry.file.as_str(), *place, message))
        });
        examples.chain(not).collect()
    }

    /// Tokens that no example shows: the file, the place in it, and the token.
    pub(super) fn without_example(&self) -> impl Iterator<Item = (&str, Place, &str)> {
        self.entries.iter().flat_map(|entry| {
            let texts: Vec<String> = entry.examples.iter().map(|(text, _)| bare(text)).collect();
            let rest = entry.words.iter().filter(move |(word, _)| !texts.iter().any(|text| word.is_match(text)));
            rest.map(|(word, place)| (entry.file.as_str(), *place, word.as_str()))
        })
    }

    /// The text without what any form finds, and what kind of secret the first one was; `tell` is told each.
    pub(crate) fn take_out<'t>(&self, text: &'t str, tell: &mut dyn FnMut(&str)) -> (Cow<'t, str>, Option<SecretKind>) {
        self.take_out_of(text, self.marks().possible(text), tell)
    }

    /// The same of the forms at these places.
    pub(crate) fn take_out_of<'t>(
        &self,
        text: &'t str,
        possible: impl Iterator<Item = usize>,
        tell: &mut dyn FnMut(&str),
    ) -> (Cow<'t, str>, Option<SecretKind>) {
        let mut out = Cow::Borrowed(text);
        let mut first = None;
        for form in possible.map(|at| &self.forms[at]) {
            let mut clean = String::new();
            let mut end = 0;
            for found in form.regex.each(&out) {
                let Some(secret) = found.range(Form::SECRET).map(|range| within_quotes(&out, range)) else { continue };
                let with_sign = out[..secret.start].strip_suffix('(').map_or(secret.start, str::len);
                if secret.start < end
                    || out[secret.start..].starts_with(HIDDEN)
                    || out[with_sign..].starts_with(HIDDEN)
                    || !(form.accept)(&out[secret.clone()])
                {
                    continue;
                }
                clean.push_str(&out[end..secret.start]);
                clean.push_str(HIDDEN);
                tell(&out[secret.clone()]);
                end = secret.end;
            }
            if end > 0 {
                clean.push_str(&out[end..]);
                first = first.or_else(|| Some(form.kind.clone().into()));
                out = Cow::Owned(clean);
            }
        }
        (out, first)
    }

    fn without(&self, text: &str, forms: impl Iterator<Item = usize>) -> String {
        self.take_out_of(text, forms, &mut |_| {}).0.into_owned()
    }
}

/// The value between its quotes, which stay: they may belong to JSON, and be escaped in it.
pub(crate) fn within_quotes(text: &str, range: Range<usize>) -> Range<usize> {
    let value = text[range.clone()].as_bytes();
    match value {
        [first @ (b'"' | b'\''), _, .., last] if first == last => range.start + 1..range.end - 1,
        // It closes what stands before the secret.
        [rest @ .., last @ (b'"' | b'\'')] if !rest.contains(last) && text[..range.start].contains(char::from(*last)) => {
            range.start..range.end - 1
        }
        // Its quotes are escaped, as in a text inside of JSON: token=\"value\"
        _ if value.iter().all(|byte| *byte == b'\\') && text[range.end..].starts_with(['"', '\'']) => {
            let (start, quote) = (range.end + 1, &text[range.start..range.end + 1]);
            start..text[start..].find(quote).map_or(text.len(), |length| start + length)
        }
        _ => range,
    }
}

/// The expression that a token is one of, at the beginning of a word.
fn together(reader: &mut Reader<'_>, words: &[(LazyRegex, Place)]) -> Option<LazyRegex> {
    let (_, first) = words.first()?;
    let all: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    LazyRegex::read(reader, format!(r"\b(?P<{GROUP}>{})", all.join("|")), *first, Dialect::Line)
}

/// An expression that names the secret.
fn expression(reader: &mut Reader<'_>, pattern: String, place: Place) -> Option<LazyRegex> {
    if !pattern.contains("(?P<secret>") && !pattern.contains("(?<secret>") {
        let help = "what is to be hidden stands in `(?P<secret>...)`".to_owned();
        reader.problem(place, "the expression does not say which part of it is the secret", Some(help));
        return None;
    }
    LazyRegex::read(reader, pattern, place, Dialect::Line)
}

/// An example as it stands in evidence.
fn bare(example: &str) -> String {
    example.replace(['«', '»'], "")
}

/// An example as it is to be afterwards.
fn hidden(example: &str) -> String {
    let mut out = String::new();
    let mut rest = example;
    while let Some((before, marked)) = rest.split_once('«') {
        let Some((_, after)) = marked.split_once('»') else { break };
        out.push_str(before);
        out.push_str(HIDDEN);
        rest = after;
    }
    out + rest
}
