//! What templates can call. A helper either gives a value, which the template's format then escapes, or finished markup.

use super::format::{Format, Look, fold, within_largest};
use super::markup;
use super::phrases::Phrases;
use super::view::Span;
use crate::diagnose::words::{code_span, percent, thousands, visible};
use crate::ink::Ink;
use crate::time::Time;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, PathAndJson, RenderContext, RenderError,
    RenderErrorReason, Renderable, ScopedJson,
};
use serde_json::Value;
use std::sync::Arc;

/// Characters of a line of evidence in Markdown.
const CITED: usize = 110;

/// Registers every helper that `format` knows.
pub(super) fn register(engine: &mut Handlebars<'static>, format: Format, phrases: &Arc<Phrases>) {
    for (name, holds) in [("if", true), ("unless", false)] {
        engine.register_helper(name, Box::new(Condition { holds }));
    }
    for (name, function) in PHRASED {
        engine.register_helper(name, Box::new(PhraseHelper(*function, Arc::clone(phrases))));
    }
    for (name, function) in VALUES {
        engine.register_helper(name, Box::new(ValueHelper(*function)));
    }
    for (name, function) in match format {
        Format::Html => HTML,
        Format::Markdown => MARKDOWN,
        Format::Text | Format::Json => TEXT,
    } {
        engine.register_helper(name, Box::new(MarkupHelper(*function)));
    }
}

/// Names of all helpers of the report's own, in any format.
pub(super) fn names() -> Vec<&'static str> {
    let shows = [HTML, MARKDOWN, TEXT].into_iter().flatten().map(|(name, _)| *name);
    PHRASED.iter().map(|(name, _)| *name).chain(VALUES.iter().map(|(name, _)| *name)).chain(shows).collect()
}

type Params<'a> = &'a [&'a Value];

/// Gives a value: escaped where it is shown, usable inside other calls.
struct ValueHelper(fn(Params<'_>) -> Result<Value, String>);

/// Gives a value with the report's own words in it.
struct PhraseHelper(Words, Arc<Phrases>);

/// Writes finished markup of its format. As a block, what it encloses is its last parameter.
struct MarkupHelper(fn(Params<'_>, &Look) -> Result<String, String>);

/// The parameters' values; a name that the document does not have is a mistake, whatever would be made of it.
fn params<'h>(helper: &'h Helper<'_>, context: &Context, state: &RenderContext<'_, '_>) -> Result<Vec<&'h Value>, RenderError> {
    let named = helper.hash().values();
    if let Some(missing) = helper.params().iter().chain(named).find(|param| is_unknown(param, context, state)) {
        return Err(RenderErrorReason::MissingVariable(missing.relative_path().cloned()).into());
    }
    Ok(helper.params().iter().map(PathAndJson::value).collect())
}

/// Whether a name is none of the document's. What stands below something that is not known here may well be one.
fn is_unknown(param: &PathAndJson<'_>, context: &Context, state: &RenderContext<'_, '_>) -> bool {
    let Some(path) = param.relative_path().filter(|_| param.is_value_missing()) else { return param.is_value_missing() };
    let above = path.match_indices('.').map(|(at, _)| &path[..at]);
    !above.filter_map(|part| state.evaluate(context, part).ok()).any(|part| !part.is_missing() && part.as_json().is_null())
}

fn failed(name: &str, why: &str) -> RenderError {
    RenderErrorReason::Other(format!("`{name}`: {why}")).into()
}

impl HelperDef for ValueHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.0)(&params(helper, context, state)?).map(ScopedJson::Derived).map_err(|why| failed(helper.name(), &why))
    }
}

impl HelperDef for PhraseHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let named = helper.hash().iter().map(|(name, value)| ((*name).to_owned(), value.value().clone())).collect();
        let text = (self.0)(&self.1, &params(helper, context, state)?, &named).map_err(|why| failed(helper.name(), &why))?;
        Ok(ScopedJson::Derived(text.into()))
    }
}

impl HelperDef for MarkupHelper {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let look: Look = serde_json::from_value(context.data()["page"]["look"].clone()).unwrap_or_default();
        let mut params = params(helper, context, state)?;
        let inner;
        if let Some(template) = helper.template() {
            let mut text = Enclosed(String::new());
            template.render(engine, context, state, &mut text)?;
            inner = Value::String(text.0);
            params.push(&inner);
        }
        let text = (self.0)(&params, &look).map_err(|why| failed(helper.name(), &why))?;
        Ok(out.write(&text)?)
    }
}

/// `{{#if}}` and `{{#unless}}` of Handlebars, which take a name that the document does not have for an empty one.
struct Condition {
    holds: bool,
}

impl HelperDef for Condition {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let params = params(helper, context, state)?;
        let value = params.first().ok_or_else(|| failed(helper.name(), "needs a condition"))?;
        let chosen = if value.is_truthy(false) == self.holds { helper.template() } else { helper.inverse() };
        chosen.map_or(Ok(()), |template| template.render(engine, context, state, out))
    }
}

/// What a block encloses, no longer than a document may be.
struct Enclosed(String);

impl Output for Enclosed {
    fn write(&mut self, text: &str) -> std::io::Result<()> {
        within_largest(self.0.len() + text.len())?;
        self.0.push_str(text);
        Ok(())
    }
}

/// A helper that computes a value of its parameters.
type Computes = fn(Params<'_>) -> Result<Value, String>;
/// A helper that writes text in the format of its template.
type Shows = fn(Params<'_>, &Look) -> Result<String, String>;

/// A helper that words something.
type Words = fn(&Phrases, Params<'_>, &serde_json::Map<String, Value>) -> Result<String, String>;

/// Words, in every format.
const PHRASED: &[(&str, Words)] = &[
    // {{t "units.message" n=5}}: a phrase of words.yaml, filled in
    ("t", |phrases, params, named| phrases.get(text(params, 0)?, named)),
    // {{tr "risk" risk}}: the word for one of a few known values, or the value itself
    ("tr", |phrases, params, _| Ok(phrases.word(text(params, 0)?, text(params, 1)?))),
    // {{span from to}} 12 Nov 06:14 to 11:40
    ("span", |phrases, params, _| Ok(phrases.span(Span { from: time(params, 0)?, to: time(params, 1)? }))),
    // {{between from to}} 5 h 26 min
    ("between", |phrases, params, _| Ok(phrases.duration(time(params, 1)?.since(time(params, 0)?)))),
    // {{duration 19560}} 5 h 26 min
    ("duration", |phrases, params, _| Ok(phrases.duration(float(params, 0)?))),
    // {{bytes 20480}} 20.0 kB
    ("bytes", |phrases, params, _| Ok(phrases.measured(&bytes(float(params, 0)?)))),
    // {{when time}} 12 Nov 06:14
    ("when", |phrases, params, _| Ok(phrases.moment(time(params, 0)?))),
    // {{day time}} 12 Nov
    ("day", |phrases, params, _| Ok(phrases.day(time(params, 0)?))),
    // {{date time}} 12 Nov 2026 11:40
    ("date", |phrases, params, _| {
        let time = time(params, 0)?;
        Ok(format!("{} {} {}", phrases.day(time), time.civil().year, time.clock()))
    }),
];

/// Values, in every format.
const VALUES: &[(&str, Computes)] = &[
    // {{num 1284}} 1,284
    ("num", |params| {
        let number = float(params, 0)?;
        let sign = if number < 0.0 { "-" } else { "" };
        Ok(format!("{sign}{}", thousands(number.abs().round() as u64)).into())
    }),
    // {{pct 0.969}} 96.9 %
    ("pct", |params| Ok(percent(float(params, 0)?).into())),
    // {{rate 232.2}} +232
    ("rate", |params| Ok(rate(float(params, 0)?).into())),
    // {{clock time}} 06:14
    ("clock", |params| Ok(time(params, 0)?.clock().into())),
    // {{seconds time}} 06:14:07
    ("seconds", |params| Ok(seconds(time(params, 0)?).into())),
    // {{plural 2 "message" "messages"}} 2 messages
    ("plural", |params| {
        let number = float(params, 0)?.round() as u64;
        let word = text(params, if number == 1 { 1 } else { 2 })?;
        Ok(format!("{} {word}", thousands(number)).into())
    }),
    // {{capital "confirmed"}} Confirmed
    ("capital", |params| Ok(super::phrases::capital(text(params, 0)?).into())),
    // {{together headline}}: numbers and their units stay in one line
    ("together", |params| Ok(together(text(params, 0)?).into())),
    // {{upper "incident"}} INCIDENT
    ("upper", |params| Ok(text(params, 0)?.to_uppercase().into())),
    // {{choose @first "yes" "no"}}
    ("choose", |params| {
        let at = if params.first().is_some_and(|value| value.as_bool() == Some(true)) { 1 } else { 2 };
        Ok(params.get(at).map(|value| (*value).clone()).unwrap_or_default())
    }),
    // {{add @index 1}}
    ("add", |params| Ok(((float(params, 0)? + float(params, 1)?) as i64).into())),
    // {{start 12 text}}: its first characters
    ("start", |params| Ok(text(params, 1)?.chars().take(float(params, 0)? as usize).collect::<String>().into())),
    // {{pad 8 text}}: filled up to 8 columns
    ("pad", |params| {
        let width = float(params, 0)? as usize;
        Ok(format!("{:<width$}", text(params, 1)?).into())
    }),
    // {{right 8 text}}: the same from the left
    ("right", |params| {
        let width = float(params, 0)? as usize;
        Ok(format!("{:>width$}", text(params, 1)?).into())
    }),
    // {{plain "**bold** `code`"}} bold code
    ("plain", |params| Ok(markup::to_text(text(params, 0)?).into())),
    // {{visible text}}: control characters shown, not obeyed
    ("visible", |params| Ok(visible(text(params, 0)?).into())),
    // {{concat "a" 1 "b"}} a1b
    ("concat", |params| {
        Ok(params
            .iter()
            .map(|value| match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            })
            .collect::<String>()
            .into())
    }),
    // {{first list 5}}: the first 5
    ("first", |params| Ok(list(params, 0)?.iter().take(float(params, 1)? as usize).cloned().collect())),
    // {{after list 5}}: what follows the first 5
    ("after", |params| Ok(list(params, 0)?.iter().skip(float(params, 1)? as usize).cloned().collect())),
    // {{more list 5}}: how many follow the first 5
    ("more", |params| Ok(list(params, 0)?.len().saturating_sub(float(params, 1)? as usize).into())),
    // {{where list "field" value}}: those whose field is value
    ("where", |params| {
        let (field, wanted) = (text(params, 1)?, params.get(2).ok_or("needs a value")?);
        Ok(list(params, 0)?.iter().filter(|item| item.get(field) == Some(*wanted)).cloned().collect())
    }),
];

const HTML: &[(&str, Shows)] = &[
    // {{md says}}: Markdown as HTML
    ("md", |params, _| Ok(markup::to_html(text(params, 0)?))),
    // {{domains name}}: names of domains, which break behind a dot
    ("domains", |params, _| Ok(markup::escape_html(text(params, 0)?).replace('.', ".<wbr>"))),
    // {{cited citation}}: the line, what matters in it marked
    ("cited", |params, _| {
        let citation = params.first().ok_or("needs a citation")?;
        let text = citation["text"].as_str().unwrap_or_default();
        let range = citation["match"].as_array().and_then(|range| Some((range.first()?.as_u64()?, range.get(1)?.as_u64()?)));
        let Some((from, to)) = range else { return Ok(line(text)) };
        let part =
            |from: u64, to: u64| -> String { text.chars().skip(from as usize).take(to.saturating_sub(from) as usize).collect() };
        Ok(format!("{}<mark>{}</mark>{}", line(&part(0, from)), line(&part(from, to)), line(&part(to, u64::MAX))))
    }),
    // {{breakable reason}}: a text from the evidence that may be broken anywhere
    ("breakable", |params, _| Ok(line(text(params, 0)?))),
    // {{link url}}: a link if it is one
    ("link", |params, _| {
        let url = text(params, 0)?;
        let shown = markup::escape_html(url);
        let harmless = url.starts_with("https://") || url.starts_with("http://");
        Ok(if harmless { format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>") } else { shown })
    }),
];

/// The text with a space that does not break between a number and the unit or month behind it.
fn together(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    // Units of time have one letter, or three as a month and UTC have.
    let unit = |word: &str| word == "min" || word.len() == 1 || word.len() == 3 && word.starts_with(char::is_uppercase);
    let mut out = String::with_capacity(text.len() + 8);
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            let bound = words[at - 1].ends_with(|c: char| c.is_ascii_digit()) && unit(word.trim_end_matches([',', ';', '.']));
            out.push(if bound { '\u{a0}' } else { ' ' });
        }
        out.push_str(word);
    }
    out
}

/// Characters of a word after which a page may break it.
const BREAK: usize = 60;

/// Evidence for HTML: a word without end may be broken, also where the style is refused.
fn line(text: &str) -> String {
    let mut out = String::new();
    let mut word = 0;
    for c in markup::visible_but_tabs(text).chars() {
        word = if c.is_whitespace() { 0 } else { word + 1 };
        if word > BREAK {
            out.push_str("<wbr>");
            word = 1;
        }
        out.push_str(&markup::escape_html(c.encode_utf8(&mut [0; 4])));
    }
    out
}

const MARKDOWN: &[(&str, Shows)] = &[
    // {{md says}}: Markdown as it is
    ("md", |params, _| Ok(text(params, 0)?.to_owned())),
    // {{code file}}: a code span that its text cannot end
    ("code", |params, _| Ok(code_span(text(params, 0)?))),
    // {{cell name}}: the same inside a table
    ("cell", |params, _| Ok(markup::cell(text(params, 0)?))),
    // {{words title}}: plain words inside a table
    ("words", |params, _| Ok(markup::from_plain(text(params, 0)?).replace('|', "\\|"))),
    // {{row says}}: Markdown inside a table
    ("row", |params, _| Ok(text(params, 0)?.replace('|', "\\|").replace('\n', " "))),
    // {{fence text "sh" 2}}: a fenced block, indented by so many spaces
    ("fence", |params, _| {
        let fenced = markup::fence(text(params, 0)?, params.get(1).and_then(|value| value.as_str()).unwrap_or_default());
        let indent = " ".repeat(params.get(2).and_then(|value| value.as_u64()).unwrap_or(0) as usize);
        Ok(fenced.lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n"))
    }),
    // {{cited citation 2}}: the line in a fence that it cannot close
    ("cited", |params, _| {
        let citation = params.first().ok_or("needs a citation")?;
        // A fence is not wrapped where it is shown.
        let shown = markup::visible_but_tabs(citation["text"].as_str().unwrap_or_default());
        let fenced = markup::fence(&fold(&shown, CITED, "", "    "), "");
        let indent = " ".repeat(params.get(1).and_then(|value| value.as_u64()).unwrap_or(0) as usize);
        Ok(fenced.lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n"))
    }),
];

const TEXT: &[(&str, Shows)] = &[
    // {{#paint "red"}}text{{/paint}}: coloured where the terminal has colours
    ("paint", |params, look| {
        let text = visible_lines(text(params, 1)?);
        let ink = match params[0].as_str().unwrap_or_default() {
            "incident" | "critical" | "red" => Ink::Bad,
            "degraded" | "amber" => Ink::Warn,
            "healthy" | "green" => Ink::Good,
            "bold" => Ink::Strong,
            "dim" => Ink::Faint,
            _ => Ink::Hint,
        };
        Ok(ink.on(look.color, text))
    }),
    // {{#wrap 2}}text{{/wrap}}: wrapped to the terminal, indented by 2
    ("wrap", |params, look| Ok(wrap(&visible_lines(text(params, 1)?), float(params, 0)? as usize, "", look))),
    // {{indent 9 run}}: commands, indented; one that is wider than the terminal goes on in the next line
    ("indent", |params, look| {
        let width = float(params, 0)? as usize;
        let (indent, room) = (" ".repeat(width), look.width.clamp(40, 120).saturating_sub(width));
        let command = text(params, 1)?.trim_end();
        // What stands in a text of the shell's own would be changed.
        let whole = command.contains("<<");
        let lines = command.lines().flat_map(|line| if whole { vec![line.to_owned()] } else { continued(line, room) });
        Ok(lines.map(|line| format!("{indent}{}", visible(&line))).collect::<Vec<_>>().join("\n"))
    }),
    // {{#row 10 "since"}}text{{/row}}: a label and its text, wrapped beside it
    ("row", |params, look| {
        let width = float(params, 0)? as usize;
        let label = format!("{:<width$}", visible_lines(text(params, 1)?));
        Ok(wrap(&visible_lines(text(params, 2)?), width + 2, &label, look))
    }),
];

/// `06:14:07`.
pub(super) fn seconds(time: Time) -> String {
    format!("{}:{:02}", time.clock(), time.civil().second)
}

/// `+232`, or `0` where it is nearly that.
pub(super) fn rate(rate: f64) -> String {
    let digits = match rate.abs() {
        still if still < 0.05 => return "0".to_owned(),
        small if small < 10.0 => format!("{small:.1}"),
        large => thousands(large.round() as u64),
    };
    format!("{}{digits}", if rate < 0.0 { "−" } else { "+" })
}

/// `20.5 kB`.
pub(super) fn bytes(bytes: f64) -> String {
    match bytes {
        b if b < 1e3 => format!("{b:.0} bytes"),
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}

/// Evidence for a terminal: only line breaks are obeyed.
pub(super) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A command in lines of at most `room` characters, parted where a shell reads on by itself: behind `|`, `;`, `&&` and `||`.
fn continued(command: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    let (mut part, mut quote) = (String::new(), None);
    // A quote inside of what the shell puts in is not told from the end of the one around it.
    let parts = !command.contains("$(") && !command.contains('`') && !command.contains(" #");
    let mut words = command.split_inclusive(' ').peekable();
    while let Some(word) = words.next() {
        part.push_str(word);
        let mut chars = word.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (None | Some('"'), '\\') => drop(chars.next()),
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                _ => {}
            }
        }
        let ends = quote.is_none() && ["|", ";", "&&"].iter().any(|end| word.trim_end().ends_with(end));
        if (parts && ends) || words.peek().is_none() {
            let line = lines.last_mut().expect("never empty");
            if !line.is_empty() && line.chars().count() + part.trim_end().chars().count() > room {
                line.truncate(line.trim_end().len());
                lines.push("  ".to_owned());
            }
            lines.last_mut().expect("never empty").push_str(&std::mem::take(&mut part));
        }
    }
    lines
}

/// Wraps at the terminal's width; following lines start where the first line's text does. `label` is painted bold.
fn wrap(text: &str, indent: usize, label: &str, look: &Look) -> String {
    let room = look.width.clamp(40, 120).saturating_sub(indent).max(20);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else {
            if length > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let first = " ".repeat(indent - label.chars().count().min(indent));
    let label = Ink::Faint.on(look.color && !label.is_empty(), label);
    format!("{first}{label}{}", lines.join(&format!("\n{}", " ".repeat(indent))))
}

fn text<'a>(params: Params<'a>, at: usize) -> Result<&'a str, String> {
    match params.get(at) {
        Some(Value::String(text)) => Ok(text),
        other => Err(wrong(at, "a text", other)),
    }
}

fn float(params: Params<'_>, at: usize) -> Result<f64, String> {
    params.get(at).and_then(|value| value.as_f64()).ok_or_else(|| wrong(at, "a number", params.get(at)))
}

fn list<'a>(params: Params<'a>, at: usize) -> Result<&'a Vec<Value>, String> {
    params.get(at).and_then(|value| value.as_array()).ok_or_else(|| wrong(at, "a list", params.get(at)))
}

fn time(params: Params<'_>, at: usize) -> Result<Time, String> {
    let parsed = params.get(at).and_then(|value| value.as_str()).and_then(|text| Time::parse_rfc3339(text.as_bytes(), 0));
    parsed.map(|(time, _)| time).ok_or_else(|| wrong(at, "a time", params.get(at)))
}

fn wrong(at: usize, wanted: &str, got: Option<&&Value>) -> String {
    let got = got.map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(40).collect());
    format!("parameter {} must be {wanted}, not {got}", at + 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_command_goes_on_where_a_shell_reads_on() {
        let lines = |command, room| super::continued(command, room);
        assert_eq!(lines("a b | c d; e f && g", 8), ["a b |", "  c d;", "  e f &&", "  g"]);
        assert_eq!(lines("a 'b | c' | d", 6), ["a 'b | c' |", "  d"]);
        assert_eq!(lines("a | b", 80), ["a | b"]);
        assert_eq!(lines("a \"$(b | c \"d | e\")\"", 6), ["a \"$(b | c \"d | e\")\""]);
    }
}
