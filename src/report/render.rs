//! From the view model to text in a format.
//!
//! Templates are Handlebars in strict mode: a name that does not exist is an error with its place. What a template shows
//! is escaped for its format unless a helper made it.

use super::brand::Brand;
use super::format::within_largest;
use super::phrases::{self, Phrases};
use super::shorten::{CUTS, LeftOut, lines_that_fit};
use super::view::Report;
use super::{helpers, markup, mistakes, page};
use crate::compare::Comparison;
use crate::rules::problem::{Level, Place, Problem, Problems};
use handlebars::{Handlebars, RenderError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

pub use super::format::{Format, Look};

/// The style sheet, beside the templates.
const STYLE: &str = "report.css";

/// The templates in force: path below the folder, and text.
#[derive(Debug, Clone)]
pub struct Templates {
    files: BTreeMap<String, String>,
    /// Files of the user's folder, for messages.
    places: BTreeMap<String, PathBuf>,
    /// Read when a template first needs them.
    phrases: OnceLock<Arc<Phrases>>,
    brand: Option<Brand>,
    /// Time that a document may take.
    longest: Duration,
}

/// What is wrong with a template, and where.
#[derive(Debug)]
pub struct TemplateError(String);

impl TemplateError {
    /// All that is wrong in the templates, each as the rule checker tells it.
    pub(super) fn of(problems: Vec<Problem>) -> TemplateError {
        TemplateError(Problems(problems).told("the templates"))
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

impl Templates {
    /// The built-in templates.
    pub fn built_in() -> Templates {
        let files = crate::embedded::TEMPLATES.iter().map(|(name, text, _)| ((*name).to_owned(), (*text).to_owned())).collect();
        Templates { files, places: BTreeMap::new(), phrases: OnceLock::new(), brand: None, longest: LONGEST }
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
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            if size > LARGEST_FILE {
                let most = LARGEST_FILE >> 20;
                return Err(TemplateError(format!("{}: has {size} bytes; a template has at most {most} MiB", path.display())));
            }
            let text = std::fs::read_to_string(path)
                .map_err(|error| TemplateError(format!("{}: cannot be read: {error}", path.display())))?;
            if name.ends_with(".hbs")
                && let Some(why) = nested_too_deep(&text)
            {
                return Err(TemplateError(format!("{}: {why}", path.display())));
            }
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
        let mut wrong = Vec::new();
        for name in templates.places.keys().filter(|name| name.ends_with(".hbs")) {
            if let Err(error) = handlebars::Template::compile(&templates.files[name]) {
                wrong.push(templates.invalid(name, &error));
            }
        }
        if let Some(path) = templates.places.get(phrases::FILE) {
            match Phrases::read(&templates.files[phrases::FILE], templates.phrases(), &path.display().to_string()) {
                Ok(phrases) => templates.phrases = Arc::new(phrases).into(),
                Err(problems) => wrong.extend(problems),
            }
        }
        if !wrong.is_empty() {
            return Err(TemplateError::of(wrong));
        }
        Ok(templates)
    }

    /// A template that is none.
    fn invalid(&self, name: &str, error: &handlebars::TemplateError) -> Problem {
        let (line, column) = error.pos().unwrap_or((1, 1));
        let reason = error.reason().to_string();
        // What the grammar would have taken instead says nothing to a person.
        let reason = if reason.contains("syntax") {
            "this is no valid template here: a `{{` without its `}}`, or a block that is not closed as it was opened".to_owned()
        } else {
            reason
        };
        let place = Place { line: line as u32, column: column as u32, length: 1 };
        Problem::new(Level::Error, &self.place(name), self.text(name), place, reason, None)
    }

    /// That no partial includes itself, over however many others: it would never end. Partials inside a template (`inline`,
    /// `@partial-block`) are refused, since they could do so unseen.
    fn check_inclusions(&self) -> Result<(), TemplateError> {
        for name in self.places.keys() {
            let mut path = vec![(name.clone(), self.included(name))];
            let mut done = BTreeSet::new();
            while let Some((_, open)) = path.last_mut() {
                let Some(next) = open.pop() else {
                    path.pop();
                    continue;
                };
                if next.starts_with("partials/@") || next.starts_with("partials/*") {
                    let place = self.place(name);
                    return Err(TemplateError(format!("{place}: a partial stands in a file of its own: partials/NAME.hbs")));
                }
                if path.len() > DEEPEST {
                    let place = self.place(name);
                    return Err(TemplateError(format!("{place}: more than {DEEPEST} partials include one another")));
                }
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
                    let inner = self.included(&next);
                    path.push((next, inner));
                }
            }
        }
        Ok(())
    }

    /// The file called `name`, and those that it includes, over however many others.
    fn needed(&self, name: &str) -> BTreeSet<String> {
        let mut needed = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(next) = open.pop() {
            if needed.insert(next.clone()) {
                open.extend(self.included(&next));
            }
        }
        needed
    }

    /// The partials that the file called `name` includes itself.
    fn included(&self, name: &str) -> Vec<String> {
        let text = self.files.get(name).map_or("", String::as_str);
        let calls = text.split("{{").skip(1).filter_map(|call| {
            let call = call.trim_start_matches(['{', '~', '#']).trim_start();
            let call = if call.starts_with('*') { call } else { call.strip_prefix('>')?.trim_start() };
            let call = call.trim_start_matches(['"', '\'']);
            call.split(|c: char| c.is_whitespace() || matches!(c, '}' | '~' | '"' | '\'')).next()
        });
        calls.map(|called| format!("partials/{called}.hbs")).collect()
    }

    /// Writes the built-in templates below `folder`, which is made if need be; returns how many files.
    ///
    /// # Errors
    /// If a file cannot be written, or exists and is not to be replaced (`force`).
    pub fn export(folder: &Path, force: bool) -> Result<usize, TemplateError> {
        let targets: Vec<(PathBuf, &str)> =
            crate::embedded::TEMPLATES.iter().map(|(name, text, _)| (folder.join(name), *text)).collect();
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
    fn engine(&self, format: Format, document: &str) -> Result<Handlebars<'static>, TemplateError> {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        match format {
            Format::Html => engine.register_escape_fn(markup::escape_html),
            Format::Markdown => engine.register_escape_fn(markup::from_plain),
            Format::Text | Format::Json => engine.register_escape_fn(helpers::visible_lines),
        }
        helpers::register(&mut engine, format, self.phrases());
        let needed = self.needed(&format.template(document));
        for (name, text) in self.files.iter().filter(|(name, _)| needed.contains(name.as_str())) {
            let registered = name.trim_start_matches("partials/").trim_end_matches(".hbs");
            let registered = if name.starts_with("partials/") { registered } else { name.as_str() };
            engine
                .register_template_string(registered, text)
                .map_err(|error| TemplateError::of(vec![self.invalid(name, &error)]))?;
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

    fn phrases(&self) -> &Arc<Phrases> {
        self.phrases.get_or_init(|| Arc::new(Phrases::built_in()))
    }

    /// The style sheet.
    fn style(&self) -> &str {
        self.files.get(STYLE).map_or("", String::as_str)
    }

    /// Where the user finds a template.
    pub(super) fn place(&self, name: &str) -> String {
        self.places.get(name).map_or_else(|| format!("report-templates/{name}"), |path| path.display().to_string())
    }

    /// The path of the file that the engine knows by a name.
    pub(super) fn file_of(&self, registered: &str) -> String {
        let partial = format!("partials/{registered}.hbs");
        if self.files.contains_key(&partial) { partial } else { registered.to_owned() }
    }

    /// The text of a file.
    pub(super) fn text(&self, file: &str) -> &str {
        self.files.get(file).map_or("", String::as_str)
    }

    /// Puts another text into a file.
    pub(super) fn replace(&mut self, file: &str, text: String) {
        self.files.insert(file.to_owned(), text);
    }

    /// What the partials are called by.
    pub(super) fn partials(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|name| name.strip_prefix("partials/")?.strip_suffix(".hbs"))
    }

    /// Time that a document may take.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// Why a document cannot be made, if it ends that soon.
    pub(super) fn fails(
        &self,
        format: Format,
        document: &str,
        context: &Arc<serde_json::Value>,
        within: Duration,
    ) -> Option<RenderError> {
        let engine = Arc::new(self.engine(format, document).ok()?);
        let rendering = Rendering { engine, template: format.template(document), context: Arc::clone(context) };
        rendering.within(within)?.err()
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
    let engine = Arc::new(templates.engine(format, "report")?);
    let show = |shown: &Report, left_out: &LeftOut| {
        let style = page::Style { look, sheet: templates.style(), phrases: templates.phrases(), brand: templates.brand.as_ref() };
        let context = page::context(shown, report, &style, left_out).map_err(|error| TemplateError(error.to_string()))?;
        fill(&engine, "report", format, context, templates, look)
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
        // What must stay is longer than that: then the answer alone, as much of it as fits.
        let engine = Arc::new(templates.engine(format, "least")?);
        let style = page::Style { look, sheet: templates.style(), phrases: templates.phrases(), brand: templates.brand.as_ref() };
        let context = page::context(report, report, &style, &left_out).map_err(|error| TemplateError(error.to_string()))?;
        text = lines_that_fit(&fill(&engine, "least", format, context, templates, look)?, most);
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
    let mut context =
        page::context(report, report, &style, &LeftOut::default()).map_err(|error| TemplateError(error.to_string()))?;
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
    fill(&Arc::new(templates.engine(format, "compare")?), "compare", format, context, templates, look)
}

fn to_json(view: &impl Serialize) -> Result<String, TemplateError> {
    let text = serde_json::to_string_pretty(view).map_err(|error| TemplateError(error.to_string()))?;
    Ok(without_controls(&text) + "\n")
}

fn fill(
    engine: &Arc<Handlebars<'static>>,
    document: &str,
    format: Format,
    context: serde_json::Value,
    templates: &Templates,
    look: &Look,
) -> Result<String, TemplateError> {
    let template = format.template(document);
    let context = Arc::new(context);
    let rendering = Rendering { engine: Arc::clone(engine), template: template.clone(), context: Arc::clone(&context) };
    let Some(rendered) = rendering.within(templates.longest) else {
        let (place, longest) = (templates.place(&template), templates.longest.as_secs());
        return Err(TemplateError(format!("{place}: the document takes more than {longest} seconds: are there loops in loops?")));
    };
    let text = rendered.map_err(|error| mistakes::all(error, document, format, &context, templates))?;
    let text = tidy(&String::from_utf8_lossy(&text));
    Ok(if look.ascii && format == Format::Text { to_ascii(&text) } else { text })
}

/// Time that a document may take: templates come from others, and loops inside loops end late.
const LONGEST: Duration = Duration::from_secs(30);
/// Bytes that a template may have.
const LARGEST_FILE: u64 = 1 << 20;
/// Blocks inside one another, and partials that include one another: each takes its share of the stack.
const DEEPEST: usize = 50;
/// Calls and lists inside one another, in one tag.
const DEEPEST_CALLS: usize = 8;
/// Bytes of the stack on which a document is rendered.
const STACK: usize = 32 << 20;

/// Why a template is nested deeper than can be read safely.
fn nested_too_deep(text: &str) -> Option<String> {
    let mut blocks = 0_usize;
    for tag in text.split("{{").skip(1) {
        let tag = tag.split("}}").next().unwrap_or(tag).trim_start_matches(['{', '~', ' ']);
        match tag.as_bytes().first() {
            Some(b'#' | b'^') => blocks += 1,
            Some(b'/') => blocks = blocks.saturating_sub(1),
            _ => {}
        }
        if blocks > DEEPEST {
            return Some(format!("more than {DEEPEST} blocks inside one another"));
        }
        let mut open = 0_usize;
        for byte in tag.bytes() {
            match byte {
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > DEEPEST_CALLS {
                return Some(format!("more than {DEEPEST_CALLS} calls inside one another"));
            }
        }
    }
    None
}

/// A document on its way.
struct Rendering {
    engine: Arc<Handlebars<'static>>,
    template: String,
    context: Arc<serde_json::Value>,
}

impl Rendering {
    /// The document, or none if it takes longer: a template that loops is left alone, on its own thread, for the process to end.
    fn within(self, longest: Duration) -> Option<Result<Vec<u8>, RenderError>> {
        let (done, result) = channel();
        let work = move || {
            let mut page = Page(Vec::new());
            let rendered = self.engine.render_to_write(&self.template, &*self.context, &mut page);
            // Nobody waits for it any more if it took too long.
            let _ = done.send(rendered.map(|()| page.0));
        };
        let thread = thread::Builder::new().stack_size(STACK).spawn(work).ok()?;
        match result.recv_timeout(longest) {
            Ok(rendered) => Some(rendered),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Ok(()) => None,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }
    }
}

/// A document being rendered, within its bounds.
struct Page(Vec<u8>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        within_largest(self.0.len() + bytes.len())?;
        self.0.extend_from_slice(bytes);
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
        for inner in ["{{#*inline \"x\"}}{{> x}}{{/inline}}{{> x}}", "{{#> a}}{{> @partial-block}}{{/a}}"] {
            std::fs::write(folder.path().join("partials/b.hbs"), inner).expect("written");
            let error = Templates::with_overrides(folder.path()).expect_err("a circle").to_string();
            assert!(error.contains("a partial stands in a file of its own") || error.contains("without end"), "{error}");
        }
        let mut page = Page(vec![b'x'; crate::report::format::LARGEST]);
        assert!(page.write_all(b"x").is_err());
    }

    /// Renders `report.txt.hbs` with these partials for at most so long.
    fn rendered(files: &[(&str, String)], longest: Duration) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("partials")).expect("made");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let mut templates = Templates::with_overrides(folder.path()).map_err(|error| error.to_string())?;
        templates.longest = longest;
        let engine = Arc::new(templates.engine(Format::Text, "report").map_err(|error| error.to_string())?);
        let context = serde_json::json!({ "list": vec![0; 1000], "page": {} });
        fill(&engine, "report", Format::Text, context, &templates, &Look::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_template_that_takes_too_long_or_too_much_is_given_up() {
        // They do end, some seconds later: the tests go on beside them.
        let soon = Duration::from_millis(50);
        let loops = format!("{}{}", "{{#each @root.list}}".repeat(2), "{{/each}}".repeat(2));
        // Each partial includes the next one twice: nothing is written, and the end is far.
        let mut doubling: Vec<(String, String)> =
            (0..20).map(|at| (format!("partials/d{at}.hbs"), format!("{{{{> d{0}}}}}{{{{> d{0}}}}}", at + 1))).collect();
        doubling.push(("partials/d20.hbs".to_owned(), "{{#if false}}x{{/if}}".to_owned()));
        doubling.push(("report.txt.hbs".to_owned(), "{{> d0}}".to_owned()));
        let doubling: Vec<(&str, String)> = doubling.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        for files in [&[("report.txt.hbs", loops.clone())][..], &doubling] {
            let error = rendered(files, soon).expect_err("no end");
            assert!(error.contains("report.txt.hbs: the document takes more than"), "{error}");
        }
        let much = loops.replacen("{{/each}}", &format!("{}{{{{/each}}}}", "much".repeat(1000)), 1);
        let error = rendered(&[("report.txt.hbs", much)], Duration::from_secs(60)).expect_err("too much");
        assert!(error.contains("the document grows beyond 32 MB"), "{error}");
    }

    #[test]
    fn what_is_nested_deeper_than_the_stack_is_refused() {
        let deep = |open: &str, close: &str, times: usize| format!("{}{}", open.repeat(times), close.repeat(times));
        for (text, why) in [
            (deep("{{#if list}}", "{{/if}}", 50_000), "blocks inside one another"),
            (format!("{{{{when {}}}}}", deep("(when ", ")", 50_000)), "calls inside one another"),
            (format!("{{{{when {}}}}}", deep("[", "]", 50_000)), "calls inside one another"),
            ("x".repeat(2 << 20), "a template has at most 1 MiB"),
        ] {
            let error = rendered(&[("report.txt.hbs", text)], LONGEST).expect_err("too deep");
            assert!(error.contains(why), "{error}");
        }
        // What is just not refused fits on the stack.
        let inner =
            format!("{{{{#if {}}}}}{{{{/if}}}}", deep("(and list ", ")", DEEPEST_CALLS - 1).replace("list )", "list list)"));
        let within = |blocks: usize, inner: &str| format!("{}{inner}{}", "{{#if list}}".repeat(blocks), "{{/if}}".repeat(blocks));
        let last = DEEPEST - 2;
        let mut files: Vec<(String, String)> =
            (0..last).map(|at| (format!("partials/c{at}.hbs"), within(2, &format!("{{{{> c{}}}}}", at + 1)))).collect();
        files.push((format!("partials/c{last}.hbs"), within(DEEPEST - 1, &inner)));
        files.push(("report.txt.hbs".to_owned(), "{{> c0}}".to_owned()));
        let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        rendered(&files, Duration::from_secs(60)).expect("a document");
    }

    #[test]
    fn a_template_reads_no_file_and_no_environment() {
        for text in [
            "{{> /etc/passwd}}",
            "{{> ../../../../etc/passwd}}",
            "{{> \"../report.txt.hbs\"}}",
            "{{> partials/../../Cargo.toml}}",
            "{{env.PATH}}",
            "{{@env.PATH}}",
            "{{env \"PATH\"}}",
            "{{include \"/etc/passwd\"}}",
            "{{file \"/etc/passwd\"}}",
            "{{read \"/etc/passwd\"}}",
            "{{lookup @root \"/etc/passwd\"}}",
            "{{exec \"id\"}}",
        ] {
            let shown = rendered(&[("report.txt.hbs", text.to_owned())], LONGEST);
            assert!(shown.as_ref().map_or(true, |shown| shown.trim().is_empty()), "{text}: {shown:?}");
        }
    }

    #[test]
    fn ascii_output_has_only_ascii() {
        assert_eq!(to_ascii("▁█│ é…"), ".#| \\u{e9}...");
        assert_eq!(without_controls("\"a\u{9b}b\""), "\"a\\u009bb\"");
        assert_eq!(tidy("a  \n\n\n\nb\n\n"), "a\n\nb\n");
    }
}
