//! From the view model to text in a format.
//!
//! Templates are Handlebars in strict mode: a name that does not exist is an error with its place. What a template shows
//! is escaped for its format unless a helper made it.

use super::comparison::Comparison;
use super::shorten::{CUTS, LeftOut, lines_that_fit};
use super::templates::Rendering;
use super::view::Report;
use super::{helpers, mistakes, page};
use handlebars::Handlebars;
use serde::Serialize;
use std::sync::Arc;

pub use super::format::{Format, Look};
pub use super::templates::{TemplateError, Templates};

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
        let style = templates.style_of(look);
        let context = page::context(shown, report, &style, left_out).map_err(|error| TemplateError::new(error.to_string()))?;
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
        let style = templates.style_of(look);
        let context = page::context(report, report, &style, &left_out).map_err(|error| TemplateError::new(error.to_string()))?;
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
    let style = templates.style_of(&look);
    let mut context =
        page::context(report, report, &style, &LeftOut::default()).map_err(|error| TemplateError::new(error.to_string()))?;
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
    let style = templates.style_of(look);
    let context = page::comparison(comparison, &style).map_err(|error| TemplateError::new(error.to_string()))?;
    fill(&Arc::new(templates.engine(format, "compare")?), "compare", format, context, templates, look)
}

fn to_json(view: &impl Serialize) -> Result<String, TemplateError> {
    let text = serde_json::to_string_pretty(view).map_err(|error| TemplateError::new(error.to_string()))?;
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
        return Err(TemplateError::new(format!(
            "{place}: the document takes more than {longest} seconds: are there loops in loops?"
        )));
    };
    let text = rendered.map_err(|error| mistakes::all(error, document, format, &context, templates))?;
    let text = tidy(&String::from_utf8_lossy(&text));
    Ok(if look.ascii && format == Format::Text { to_ascii(&text) } else { text })
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
    use super::super::templates::{DEEPEST, DEEPEST_CALLS, LONGEST, Page};
    use super::*;
    use std::io::Write;
    use std::time::Duration;

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
        let context = serde_json::json!({ "list": vec![0; 4000], "page": {} });
        fill(&engine, "report", Format::Text, context, &templates, &Look::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_template_that_takes_too_long_or_too_much_is_given_up() {
        // They do end, some seconds later: the tests go on beside them.
        let soon = Duration::from_millis(50);
        let loops = format!("{}{}", "{{#each @root.list}}".repeat(2), "{{/each}}".repeat(2));
        // Each partial includes the next one twice: nothing is written, and the end is far.
        let mut doubling: Vec<(String, String)> =
            (0..22).map(|at| (format!("partials/d{at}.hbs"), format!("{{{{> d{0}}}}}{{{{> d{0}}}}}", at + 1))).collect();
        doubling.push(("partials/d22.hbs".to_owned(), "{{#if false}}x{{/if}}".to_owned()));
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
