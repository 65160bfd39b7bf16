//! One SVG in the making. Labels come last, so that no line or column covers them.

use super::short;
use crate::report::markup::escape_html;
use std::fmt::Write;

/// Where a label stands to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture: shapes, and labels above them.
pub(super) struct Drawing {
    shapes: String,
    labels: String,
}

impl Drawing {
    /// A picture of `width` x `height` units that a page without style shows `shown` pixels wide; `head` is its class and
    /// whatever other attributes it has.
    pub(super) fn new(head: &str, shown: u32, (width, height): (f64, f64), alternative: &str) -> Drawing {
        let shapes = format!(
            "<svg class=\"chart{head} width=\"{shown}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#4a5565\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
            escape_html(alternative)
        );
        Drawing { shapes, labels: String::new() }
    }

    /// A label; `class` is `strong`, `onset-t` or nothing.
    pub(super) fn label(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let _ = write!(self.labels, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{}</text>", escape_html(text));
    }

    /// A straight line; `class` gives its colour: `axis`, `grid`, `onset`, `bracket`.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let look = match class {
            "grid" => "stroke=\"#dfe3e9\"",
            "onset" => "stroke=\"#18202b\" stroke-width=\"1.5\"",
            "bracket" => "stroke=\"#4a5565\" stroke-dasharray=\"3 3\"",
            _ => "stroke=\"#4a5565\"",
        };
        let _ =
            write!(self.shapes, "<line class=\"{class}\" {look} x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
    }

    /// A filled rectangle; `look` is its class and fill.
    pub(super) fn rect(&mut self, (class, fill): (&str, &str), (x, y): (f64, f64), (width, height): (f64, f64)) {
        let faint = match class.split_once(' ') {
            Some(("gap", _)) => " opacity=\".18\"",
            Some(("zone", _)) => " opacity=\".09\"",
            _ => "",
        };
        let _ = write!(
            self.shapes,
            "<rect class=\"{class}\" fill=\"{fill}\"{faint} x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }

    /// A filled outline.
    pub(super) fn outline(&mut self, (class, fill): (&str, &str), path: &str) {
        let _ = write!(self.shapes, "<path class=\"{class}\" fill=\"{fill}\" d=\"{path}\"/>");
    }

    /// The dashed line of what is expected.
    pub(super) fn expected(&mut self, path: &str) {
        let _ =
            write!(self.shapes, "<path class=\"proj\" stroke=\"#7c4d00\" stroke-dasharray=\"5 4\" fill=\"none\" d=\"{path}\"/>");
    }

    /// An axis of counts from 0 to `end`, with lines at 0, half and the whole of it.
    pub(super) fn scale(&mut self, end: u64, (left, right): (f64, f64), (top, bottom): (f64, f64)) {
        let half = (end > 1).then_some((end / 2, f64::midpoint(top, bottom)));
        for (number, y) in [Some((0, bottom)), half, Some((end, top))].into_iter().flatten() {
            self.line(if number == 0 { "axis" } else { "grid" }, (left, y), (right, y));
            self.label("", (left - 7.0, y + 4.0), Anchor::End, &short(number));
        }
    }

    /// The SVG.
    pub(super) fn finish(self) -> String {
        format!("{}{}</svg>", self.shapes, self.labels)
    }
}
