//! Lines that are JSON, or end in it: each text in one for itself, since escapes hide names, and by its key.

use super::part::Part;
use super::{Redactor, contexts};
use serde_json::Value;
use std::borrow::Cow;

impl Redactor<'_> {
    /// A line that is a JSON object or list with pseudonyms; none if it is no JSON, or nothing in it is to be replaced.
    pub(super) fn json(&self, kind: Option<&str>, text: &str) -> Option<String> {
        let (before, json, comma) = object(text)?;
        let mut value: Value = serde_json::from_str(json).ok()?;
        let mut changed = false;
        walk("", &mut value, &mut |part, text| {
            let new = match part {
                Some(part) => self.part(part, text, "").unwrap_or_else(|| text.clone()),
                None => self.text(None, text).into_owned(),
            };
            changed |= new != *text;
            *text = new;
        });
        let before = self.text(kind, before);
        if !changed && matches!(before, Cow::Borrowed(_)) {
            return None;
        }
        let json = if changed { serde_json::to_string(&value).ok()? } else { json.to_owned() };
        Some(format!("{before}{json}{comma}"))
    }

    /// Learns the names in a line that is JSON; whether it is.
    pub(super) fn learn_json(&mut self, kind: Option<&str>, text: &str) -> bool {
        let Some((before, json, _)) = object(text) else { return false };
        let Ok(mut value) = serde_json::from_str::<Value>(json) else { return false };
        if !before.is_empty() {
            self.learn(kind, before);
        }
        walk("", &mut value, &mut |part, text| match part {
            Some(part) => self.learn_part(part, text),
            None => self.learn(None, text),
        });
        true
    }
}

/// The object or list that a line is, or the object that it ends in, with what stands before it, and the comma behind it: such
/// a line may be one of a longer list.
fn object(text: &str) -> Option<(&str, &str, &str)> {
    let bare = text.trim();
    let (bare, comma) = bare.strip_suffix(',').map_or((bare, ""), |bare| (bare, ","));
    let is_json = bare.starts_with('{') && bare.ends_with('}') || bare.starts_with('[') && bare.ends_with(']');
    if is_json && bare.len() > 2 {
        return Some(("", bare, comma));
    }
    let start = memchr::memmem::find(text.as_bytes(), b" {\"").filter(|_| text.ends_with('}'))? + 1;
    Some((&text[..start], &text[start..], ""))
}

/// A line of JSON in which a text stands as the numbers of its bytes, as the journal writes what is no UTF-8, or with codes for
/// letters of ASCII, with it as a text.
pub(super) fn with_texts(line: &str) -> Option<String> {
    fn walk(value: &mut Value) -> bool {
        match value {
            Value::Array(list) => match text_of(list) {
                Some(text) => {
                    *value = Value::String(text);
                    true
                }
                None => list.iter_mut().fold(false, |any, item| walk(item) | any),
            },
            Value::Object(map) => map.values_mut().fold(false, |any, item| walk(item) | any),
            _ => false,
        }
    }
    let (before, json, comma) = object(line)?;
    let is_list = |at: usize| json[at + 1..].trim_start().starts_with(|c: char| c.is_ascii_digit());
    let has_codes = memchr::memmem::find(json.as_bytes(), b"\\u00").is_some();
    if !has_codes && !memchr::memchr_iter(b'[', json.as_bytes()).any(is_list) {
        return None;
    }
    let mut value: Value = serde_json::from_str(json).ok()?;
    (walk(&mut value) || has_codes).then(|| format!("{before}{value}{comma}"))
}

/// The text whose bytes these are: few lists of numbers are one.
fn text_of(list: &[Value]) -> Option<String> {
    const FEWEST: usize = 8;
    if list.len() < FEWEST {
        return None;
    }
    let bytes: Option<Vec<u8>> = list.iter().map(|item| u8::try_from(item.as_u64()?).ok()).collect();
    let text = String::from_utf8_lossy(&bytes?).into_owned();
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    (2 * letters > text.chars().count()).then_some(text)
}

/// Calls `visit` with every text and every key in `value`, and what it is by its key.
fn walk(key: &str, value: &mut Value, visit: &mut dyn FnMut(Option<Part>, &mut String)) {
    match value {
        Value::String(text) if !text.is_empty() => {
            let is_host = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
            let part = contexts::of_key(key).filter(|part| *part != Part::Host || is_host(text));
            visit(part, text);
        }
        Value::Array(list) => list.iter_mut().for_each(|item| walk(key, item, visit)),
        Value::Object(map) => {
            // A key may be somebody's address, too.
            let items = std::mem::take(map).into_iter().map(|(mut key, mut item)| {
                walk(&key, &mut item, visit);
                visit(None, &mut key);
                (key, item)
            });
            *map = items.collect();
        }
        _ => {}
    }
}
