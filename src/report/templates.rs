//! The templates in force, and the engine that makes a document of them within bounds: templates come from others.

use super::brand::Brand;
use super::format::{Format, Look, within_largest};
use super::page::Style;
use super::phrases::{self, Phrases};
use super::{helpers, markup};
use crate::rules::problem::{Level, Place, Problem, Problems};
use handlebars::{Handlebars, RenderError};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

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
    pub(super) longest: Duration,
}

/// What is wrong with a template, and where.
#[derive(Debug)]
pub struct TemplateError(String);

impl TemplateError {
    /// For this reason.
    pub(super) fn new(why: String) -> TemplateError {
        TemplateError(why)
    }

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
    pub(super) fn engine(&self, format: Format, document: &str) -> Result<Handlebars<'static>, TemplateError> {
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

    /// How a page looks on this terminal.
    pub(super) fn style_of<'s>(&'s self, look: &'s Look) -> Style<'s> {
        let sheet = self.files.get(STYLE).map_or("", String::as_str);
        Style { look, sheet, phrases: self.phrases(), brand: self.brand.as_ref() }
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

/// Time that a document may take: templates come from others, and loops inside loops end late.
pub(super) const LONGEST: Duration = Duration::from_secs(30);
/// Bytes that a template may have.
const LARGEST_FILE: u64 = 1 << 20;
/// Blocks inside one another, and partials that include one another: each takes its share of the stack.
pub(super) const DEEPEST: usize = 50;
/// Calls and lists inside one another, in one tag.
pub(super) const DEEPEST_CALLS: usize = 8;
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
pub(super) struct Rendering {
    pub(super) engine: Arc<Handlebars<'static>>,
    pub(super) template: String,
    pub(super) context: Arc<serde_json::Value>,
}

impl Rendering {
    /// The document, or none if it takes longer: a template that loops is left alone, on its own thread, for the process to end.
    pub(super) fn within(self, longest: Duration) -> Option<Result<Vec<u8>, RenderError>> {
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
pub(super) struct Page(pub(super) Vec<u8>);

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
