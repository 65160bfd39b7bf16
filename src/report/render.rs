//! From the view model to text in a format.
//!
//! Templates are Handlebars in strict mode: a name that does not exist is an error with its place. What a template shows
//! is escaped for its format unless a helper made it.

use super::brand::Brand;
use super::phrases::{self, Phrases};
use super::shorten::{CUTS, LeftOut};
use super::view::Report;
use super::{helpers, markup, page};
use crate::compare::Comparison;
use handlebars::{Handlebars, RenderErrorReason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For the terminal.
    Text,
    /// For tickets.
    Markdown,
    /// For people.
    Html,
    /// For programs: the view model itself.
    Json,
}

impl Format {
    /// The template of a document (`report`, `compare`) in this format.
    fn template(self, document: &str) -> String {
        let extension = match self {
            Format::Text | Format::Json => "txt",
            Format::Markdown => "md",
            Format::Html => "html",
        };
        format!("{document}.{extension}.hbs")
    }
}

/// The documents: each has a template a format.
const DOCUMENTS: [&str; 2] = ["report", "compare"];

/// How text output looks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Look {
    /// Whether to colour it.
    pub color: bool,
    /// Whether to use only ASCII.
    pub ascii: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether text is one screen: without the steps of the plan.
    pub brief: bool,
    /// Bytes that a Markdown report may have; what matters least is left out first.
    pub max_bytes: Option<usize>,
    /// File of the full report, for a shortened one to name.
    pub full_report: Option<String>,
}

impl Default for Look {
    fn default() -> Look {
        Look { color: false, ascii: false, width: 80, brief: false, max_bytes: None, full_report: None }
    }
}

/// The style sheet, beside the templates.
const STYLE: &str = "report.css";

/// The templates in force: path below the folder, and text.
#[derive(Debug)]
pub struct Templates {
    files: BTreeMap<String, String>,
    /// Files of the user's folder, for messages.
    places: BTreeMap<String, PathBuf>,
    /// Read when a template first needs them.
    phrases: OnceLock<Phrases>,
    brand: Option<Brand>,
}

/// What is wrong with a template, and where.
#[derive(Debug)]
pub struct TemplateError(String);

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

impl Templates {
    /// The built-in templates.
    pub fn built_in() -> Templates {
        let files = crate::embedded::TEMPLATES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Templates { files, places: BTreeMap::new(), phrases: OnceLock::new(), brand: None }
    }

    /// The built-in templates, those in `folder` laid over them: a file replaces the built-in one of the same path, and
    /// `partials/` may hold new ones.
    ///
    /// # Errors
    /// If the folder cannot be read, holds no template, holds a file that nothing uses, or a template is not valid.
    pub fn with_overrides(folder: &Path) -> Result<Templates, TemplateError> {
        let mut templates = Templates::built_in();
        let known: Vec<String> = templates.files.keys().filter(|name| !name.ends_with(".md")).cloned().collect();
        if !folder.is_dir() {
            return Err(TemplateError(format!("{}: there is no such folder of templates", folder.display())));
        }
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| TemplateError(format!("{}: cannot be read: {error}", folder.display())))?;
            let path = entry.path();
            let is_note = path.extension().is_some_and(|kind| kind == "md");
            let is_hidden = entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
            if !entry.file_type().is_file() || is_note || is_hidden {
                continue;
            }
            let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
            let is_partial = name.starts_with("partials/") && name.ends_with(".hbs");
            if !known.contains(&name) && !is_partial {
                return Err(TemplateError(format!(
                    "{}: no template has this name; those that can be replaced: {}; new partials go into partials/NAME.hbs",
                    path.display(),
                    known.join(", ")
                )));
            }
            let text = std::fs::read_to_string(path)
                .map_err(|error| TemplateError(format!("{}: cannot be read: {error}", path.display())))?;
            templates.files.insert(name.clone(), text);
            templates.places.insert(name, path.to_owned());
        }
        if templates.places.is_empty() {
            return Err(TemplateError(format!(
                "{}: holds no template; those that can be replaced: {}",
                folder.display(),
                known.join(", ")
            )));
        }
        templates.check_inclusions()?;
        if let Some(path) = templates.places.get(phrases::FILE) {
            let phrases = Phrases::read(&templates.files[phrases::FILE], Some(templates.phrases()))
                .map_err(|why| TemplateError(format!("{}: {why}", path.display())))?;
            templates.phrases = phrases.into();
        }
        for (format, document) in
            [Format::Text, Format::Markdown, Format::Html].into_iter().flat_map(|format| DOCUMENTS.map(|name| (format, name)))
        {
            templates.engine(format, document)?;
        }
        Ok(templates)
    }

    /// That no partial includes itself, over however many others: it would never end.
    fn check_inclusions(&self) -> Result<(), TemplateError> {
        let included = |name: &str| -> Vec<String> {
            let text = self.files.get(name).map_or("", String::as_str);
            let calls = text.split("{{").skip(1).filter_map(|call| {
                let call = call.trim_start_matches(['~', '#', ' ']).strip_prefix('>')?.trim_start();
                call.split(|c: char| c.is_whitespace() || matches!(c, '}' | '~')).next()
            });
            calls.map(|called| format!("partials/{called}.hbs")).collect()
        };
        for name in self.places.keys() {
            let mut path = vec![(name.clone(), included(name))];
            let mut done = std::collections::BTreeSet::new();
            while let Some((_, open)) = path.last_mut() {
                let Some(next) = open.pop() else {
                    path.pop();
                    continue;
                };
                if next.starts_with("partials/(") {
                    let place = self.place(name);
                    return Err(TemplateError(format!("{place}: a partial must be called by its name, not by what is computed")));
                }
                if let Some(at) = path.iter().position(|(known, _)| *known == next) {
                    let mut circle: Vec<&str> = path[at..].iter().map(|(name, _)| name.as_str()).collect();
                    circle.push(&next);
                    return Err(TemplateError(format!(
                        "{}: partials include one another without end: {}",
                        self.place(&next),
                        circle.join(" -> ")
                    )));
                }
                if done.insert(next.clone()) {
                    let inner = included(&next);
                    path.push((next, inner));
                }
            }
        }
        Ok(())
    }

    /// Writes the built-in templates below `folder`, which is made if need be; returns how many files.
    ///
    /// # Errors
    /// If a file cannot be written, or exists and is not to be replaced (`force`).
    pub fn export(folder: &Path, force: bool) -> Result<usize, TemplateError> {
        let targets: Vec<(PathBuf, &str)> =
            crate::embedded::TEMPLATES.iter().map(|(name, text)| (folder.join(name), *text)).collect();
        if let Some((taken, _)) = targets.iter().find(|(path, _)| !force && path.exists()) {
            return Err(TemplateError(format!("{}: exists; --force replaces it", taken.display())));
        }
        for (path, text) in &targets {
            let failed = |error: std::io::Error| TemplateError(format!("{}: cannot be written: {error}", path.display()));
            std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
            std::fs::write(path, text).map_err(failed)?;
        }
        Ok(targets.len())
    }

    /// The engine with the template of a document in one format, and the partials.
    fn engine(&self, format: Format, document: &str) -> Result<Handlebars<'_>, TemplateError> {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        match format {
            Format::Html => engine.register_escape_fn(markup::escape_html),
            Format::Markdown => engine.register_escape_fn(markup::from_plain),
            Format::Text | Format::Json => engine.register_escape_fn(helpers::visible_lines),
        }
        helpers::register(&mut engine, format, self.phrases());
        let partials = self.files.iter().filter(|(name, _)| name.starts_with("partials/"));
        for (name, text) in partials.chain(self.files.get_key_value(&format.template(document))) {
            let registered = name.trim_start_matches("partials/").trim_end_matches(".hbs");
            let registered = if name.starts_with("partials/") { registered } else { name.as_str() };
            engine.register_template_string(registered, text).map_err(|error| {
                let (line, column) = error.pos().unwrap_or((1, 1));
                TemplateError(format!("{}:{line}:{column}: {}", self.place(name), error.reason()))
            })?;
        }
        Ok(engine)
    }

    /// The same with a name, a logo and a contact from the YAML file at `path`.
    ///
    /// # Errors
    /// If it, or the logo that it names, cannot be read or is not right.
    pub fn branded(mut self, path: &Path) -> Result<Templates, TemplateError> {
        self.brand = Some(Brand::read(path).map_err(TemplateError)?);
        Ok(self)
    }

    fn phrases(&self) -> &Phrases {
        self.phrases.get_or_init(Phrases::built_in)
    }

    /// The style sheet.
    fn style(&self) -> &str {
        self.files.get(STYLE).map_or("", String::as_str)
    }

    /// Where the user finds a template.
    fn place(&self, name: &str) -> String {
        self.places.get(name).map_or_else(|| format!("report-templates/{name}"), |path| path.display().to_string())
    }

    /// The same for the name that the engine knows it by.
    fn place_of_registered(&self, name: &str) -> String {
        let partial = format!("partials/{name}.hbs");
        if self.files.contains_key(&partial) { self.place(&partial) } else { self.place(name) }
    }
}

/// Renders a report.
///
/// # Errors
/// If a template fails: its place, and the name that is missing.
pub fn render(report: &Report, format: Format, templates: &Templates, look: &Look) -> Result<String, TemplateError> {
    if format == Format::Json {
        return to_json(report);
    }
    let engine = templates.engine(format, "report")?;
    let show = |report: &Report, left_out: &LeftOut| {
        let style = page::Style { look, sheet: templates.style(), phrases: templates.phrases(), brand: templates.brand.as_ref() };
        let context = page::context(report, &style, left_out).map_err(|error| TemplateError(error.to_string()))?;
        fill(&engine, "report", format, &context, templates, look)
    };
    let mut text = show(report, &LeftOut::default())?;
    if let Some(most) = look.max_bytes.filter(|most| format == Format::Markdown && text.len() > *most) {
        let mut shorter = report.clone();
        let mut left_out = LeftOut::to_fit(most);
        for cut in CUTS {
            cut(&mut shorter, &mut left_out);
            text = show(&shorter, &left_out)?;
            if text.len() <= most {
                return Ok(text);
            }
        }
        left_out.missed = true;
        text = show(&shorter, &left_out)?;
    }
    Ok(text)
}

/// What a page of this report has beside the view model, with the built-in words.
///
/// # Errors
/// If the report cannot be written as JSON.
pub fn page_of(report: &Report) -> Result<serde_json::Value, TemplateError> {
    let (look, templates) = (Look::default(), Templates::built_in());
    let style = page::Style { look: &look, sheet: templates.style(), phrases: templates.phrases(), brand: None };
    let mut context = page::context(report, &style, &LeftOut::default()).map_err(|error| TemplateError(error.to_string()))?;
    Ok(context["page"].take())
}

/// Names of the helpers that templates can call beside Handlebars' own.
pub fn helpers() -> Vec<&'static str> {
    helpers::names()
}

/// Renders a comparison of reports.
///
/// # Errors
/// As [`render`].
pub fn render_comparison(
    comparison: &Comparison,
    format: Format,
    templates: &Templates,
    look: &Look,
) -> Result<String, TemplateError> {
    if format == Format::Json {
        return to_json(comparison);
    }
    let style = page::Style { look, sheet: templates.style(), phrases: templates.phrases(), brand: templates.brand.as_ref() };
    let context = page::comparison(comparison, &style).map_err(|error| TemplateError(error.to_string()))?;
    fill(&templates.engine(format, "compare")?, "compare", format, &context, templates, look)
}

fn to_json(view: &impl Serialize) -> Result<String, TemplateError> {
    let text = serde_json::to_string_pretty(view).map_err(|error| TemplateError(error.to_string()))?;
    Ok(without_controls(&text) + "\n")
}

fn fill(
    engine: &Handlebars<'_>,
    document: &str,
    format: Format,
    context: &serde_json::Value,
    templates: &Templates,
    look: &Look,
) -> Result<String, TemplateError> {
    let template = format.template(document);
    let mut page = Page { text: Vec::new(), begun: Instant::now() };
    engine.render_to_write(&template, context, &mut page).map_err(|error| {
        let place = templates.place_of_registered(error.template_name.as_deref().unwrap_or(&template));
        let at = match (error.line_no, error.column_no) {
            (Some(line), Some(column)) => format!("{place}:{line}:{column}"),
            _ => place,
        };
        let why = match error.reason() {
            RenderErrorReason::MissingVariable(Some(name)) => format!("the {document} has no `{name}` here"),
            RenderErrorReason::MissingVariable(None) => format!("a name that the {document} does not have here"),
            other => other.to_string(),
        };
        TemplateError(format!("{at}: {why}"))
    })?;
    let text = tidy(&String::from_utf8_lossy(&page.text));
    Ok(if look.ascii && format == Format::Text { to_ascii(&text) } else { text })
}

/// Bytes that a rendered document may have.
const LARGEST: usize = 32 << 20;
/// Time that a document may take: templates come from others, and loops inside loops end late.
const LONGEST: Duration = Duration::from_secs(30);

/// A document being rendered, within its bounds.
struct Page {
    text: Vec<u8>,
    begun: Instant,
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > LARGEST {
            return Err(io::Error::other(format!("the document grows beyond {} MB", LARGEST >> 20)));
        }
        if self.begun.elapsed() > LONGEST {
            return Err(io::Error::other(format!("the document takes more than {} seconds", LONGEST.as_secs())));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// No blanks at line ends, no more than one empty line in a row, one line break at the end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// JSON leaves C1 controls and direction marks as they are; a terminal obeys them. In JSON they stand in strings only,
/// where an escape means the same.
pub(crate) fn without_controls(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out
}

/// Text with ASCII characters only: block characters by their height, everything else as what comes nearest.
fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '▁' | '▂' => out.push('.'),
            '▃' | '▄' => out.push(':'),
            '▅' | '▆' => out.push('+'),
            '▇' | '█' => out.push('#'),
            '│' => out.push('|'),
            '…' => out.push_str("..."),
            '–' | '—' | '−' => out.push('-'),
            '’' => out.push('\''),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_without_end_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("partials")).expect("made");
        for (name, text) in [("partials/a.hbs", "{{~> b}}"), ("partials/b.hbs", "{{#> a }}{{/a}}"), ("report.txt.hbs", "{{> a}}")]
        {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let error = Templates::with_overrides(folder.path()).expect_err("a circle").to_string();
        assert!(
            error.ends_with("partials include one another without end: partials/a.hbs -> partials/b.hbs -> partials/a.hbs"),
            "{error}"
        );
        std::fs::write(folder.path().join("partials/b.hbs"), "{{> (lookup this 'x')}}").expect("written");
        let error = Templates::with_overrides(folder.path()).expect_err("computed").to_string();
        assert!(error.ends_with("a partial must be called by its name, not by what is computed"), "{error}");
        let mut page = Page { text: vec![b'x'; LARGEST], begun: Instant::now() };
        assert!(page.write_all(b"x").is_err());
    }

    #[test]
    fn ascii_output_has_only_ascii() {
        assert_eq!(to_ascii("▁█│ é…"), ".#| \\u{e9}...");
        assert_eq!(without_controls("\"a\u{9b}b\""), "\"a\\u009bb\"");
        assert_eq!(tidy("a  \n\n\n\nb\n\n"), "a\n\nb\n");
    }
}
