//! Markdown in rule texts to HTML and to plain text, and evidence into Markdown that it cannot break out of.

use crate::diagnose::words::{code_span, visible};
use crate::rules::catalogue::anchor;
use crate::rules::model::{RISKS, Severity};
use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd, html};
use std::collections::HashSet;

/// Markdown as HTML. Raw HTML in it is shown as text, and only `http`, `https`, `mailto` and page-internal links are links.
/// A single paragraph comes without its `<p>`, so that it can stand inside another element.
pub(crate) fn to_html(markdown: &str) -> String {
    let mut dropped = Vec::new();
    let events = Parser::new(markdown).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Code(text) => Some(Event::Code(CowStr::from(visible(&text)))),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            dropped.push(!is_harmless(dest_url));
            (dropped.last() == Some(&false)).then_some(event)
        }
        Event::End(TagEnd::Link) => (dropped.pop() == Some(false)).then_some(event),
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    let inner = out.trim_end();
    match inner.strip_prefix("<p>").and_then(|inner| inner.strip_suffix("</p>")) {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => inner.to_owned(),
    }
}

/// The catalogue of causes as a page in the look of the report: no script, nothing from elsewhere. Its list of contents, the first
/// list of the Markdown, stands beside the causes.
pub(crate) fn page(title: &str, markdown: &str) -> String {
    let sheets = ["report.css", "catalogue.css"]
        .map(|wanted| crate::embedded::TEMPLATES.iter().find(|(name, ..)| *name == wanted).map_or("", |(_, text, _)| *text));
    let style = sheets.concat();
    let title = escape_html(title);
    let html = to_html(markdown);
    let (intro, rest) = html.split_at(html.find("<ul>").unwrap_or(html.len()));
    let (contents, causes) = rest.split_at(end_of_list(rest));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src '{hash}'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body class=\"catalogue\">\n\
         <a class=\"skip\" href=\"#causes\">Skip to the causes</a>\n<div class=\"sheet\">\n<header id=\"contents\" class=\"intro\">\n\
         {intro}</header>\n<div class=\"beside\">\n<nav aria-label=\"Causes\" tabindex=\"0\">\n{contents}</nav>\n\
         <main id=\"causes\">\n{causes}</main>\n</div>\n</div>\n</body>\n</html>\n",
        hash = style_hash(&style),
        causes = as_cards(&with_anchors(causes)),
    )
}

/// Where the list that a text begins with ends.
fn end_of_list(html: &str) -> usize {
    let mut depth = 0;
    for (at, _) in html.match_indices('<') {
        depth += i32::from(html[at..].starts_with("<ul>")) - i32::from(html[at..].starts_with("</ul>"));
        if depth == 0 && html[at..].starts_with("</ul>") {
            return at + "</ul>".len();
        }
    }
    0
}

/// Each cause as a card, its severity and the risk of its steps as tags.
fn as_cards(html: &str) -> String {
    let tag = |word: &str| format!("<span class=\"tag {word}\">{word}</span>");
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    let mut open = false;
    for line in html.split_inclusive('\n') {
        let cause = line.starts_with("<h3");
        if open && (cause || line.starts_with("<h2")) {
            out.push_str("</article>\n");
            open = false;
        }
        if cause {
            out.push_str("<article class=\"cause\">\n<a class=\"top\" href=\"#contents\">Contents</a>\n");
            open = true;
        }
        let mut line = line.to_owned();
        if line.starts_with("<p id=") {
            line = line.replacen("<p id=", "<p class=\"id\" id=", 1);
            for (severity, _) in Severity::ALL {
                line = line.replacen(&format!(" · {severity}"), &format!(" {}", tag(severity)), 1);
            }
        }
        for risk in RISKS {
            for end in ["</p>\n", "\n"] {
                if let Some(step) = line.strip_suffix(&format!(" ({risk}){end}")) {
                    line = format!("{step} {}{end}", tag(risk));
                }
            }
        }
        out.push_str(&line);
    }
    if open {
        out.push_str("</article>\n");
    }
    out
}

/// Headings that links of the same page lead to, and below them the ids that others may link to: those stay when a title changes.
fn with_anchors(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut used = HashSet::new();
    for line in html.split_inclusive('\n') {
        let heading = ["<h2>", "<h3>"].into_iter().find_map(|tag| Some((tag, line.strip_prefix(tag)?)));
        let Some((tag, rest)) = heading else {
            let id = line.strip_prefix("<p><code>").and_then(|rest| rest.split_once("</code> · ")).map(|(id, _)| id);
            match id.filter(|id| *id == anchor(id) && used.insert(anchor(id))) {
                Some(id) => out.push_str(&format!("<p id=\"{id}\">{}", &line[3..])),
                None => out.push_str(line),
            }
            continue;
        };
        let words = rest.split("</h").next().unwrap_or_default();
        let words = words.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "").replace("&quot;", "");
        let id = anchor(&words);
        out.push_str(&format!("{} id=\"{id}\">{rest}", tag.trim_end_matches('>')));
        used.insert(id);
    }
    out
}

fn is_harmless(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "#"].iter().any(|scheme| url.starts_with(scheme))
}

/// Markdown as plain text: its words without its marks.
pub(crate) fn to_text(markdown: &str) -> String {
    let mut out = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => out.push_str(&visible(&text)),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::Item) => out.push(' '),
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// A fenced block that no line in it can close.
pub(crate) fn fence(text: &str, language: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let lines: Vec<String> = text.trim_end().split('\n').map(visible_but_tabs).collect();
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// Control characters other than tabs made visible.
pub(crate) fn visible_but_tabs(line: &str) -> String {
    let parts: Vec<String> = line.split('\t').map(visible).collect();
    parts.join("\t")
}

/// A code span for a cell of a pipe table, where `|` would end the cell even inside of it.
pub(crate) fn cell(text: &str) -> String {
    code_span(text).replace('|', "\\|")
}

/// Plain text as Markdown that reads the same: a word that Markdown or a ticket tracker would take for something else (a
/// mention, a reference, a link, emphasis, a tag) stands in a code span.
pub(crate) fn from_plain(text: &str) -> String {
    let special = |c: char| "`*_[]<>#@\\|~&!$".contains(c);
    let words: Vec<String> = visible(text)
        .split(' ')
        .map(|word| {
            let looks_active = word.chars().any(special) || word.contains("://") || word.to_ascii_lowercase().starts_with("www.");
            if !looks_active {
                return word.to_owned();
            }
            // Punctuation around the word stays outside of the code span.
            let outside = |c: char| "(),.:;".contains(c);
            let core = word.trim_start_matches(outside);
            let (before, core) = (&word[..word.len() - core.len()], core.trim_end_matches(outside));
            format!("{before}{}{}", code_span(core), &word[before.len() + core.len()..])
        })
        .collect();
    words.join(" ")
}

/// Text for HTML: markup characters as entities, controls other than line breaks and tabs made visible.
pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || !c.is_ascii() => out.push_str(&visible(c.encode_utf8(&mut [0; 4]))),
            c => out.push(c),
        }
    }
    out
}

/// SHA-256 of the style block, as a Content-Security-Policy names it.
pub(super) fn style_hash(style: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_html_and_active_links_in_rule_texts_are_text() {
        assert_eq!(to_html("a <b>b</b> `<i>`"), "a &lt;b&gt;b&lt;/b&gt; <code>&lt;i&gt;</code>");
        assert_eq!(to_html("[x](javascript:alert(1)) [y](https://a.example/)"), "x <a href=\"https://a.example/\">y</a>");
        assert_eq!(to_html("![x](https://a.example/p.png)"), "x");
        assert_eq!(to_html("one\n\ntwo"), "<p>one</p>\n<p>two</p>");
    }

    #[test]
    fn evidence_cannot_leave_its_fence() {
        let fenced = fence("a\n````\n<script>\u{1b}[2J", "");
        assert!(fenced.starts_with("`````\n") && fenced.ends_with("\n`````"), "{fenced}");
        assert!(fenced.contains("\\u{1b}[2J"));
        assert_eq!(cell("a|b"), "`a\\|b`");
    }

    #[test]
    fn plain_words_stay_plain_and_active_ones_do_not_act() {
        assert_eq!(from_plain("no mail to gmx.net since 06:14 UTC"), "no mail to gmx.net since 06:14 UTC");
        assert_eq!(from_plain("ask @root about #12 at http://x.example"), "ask `@root` about `#12` at `http://x.example`");
    }
}
