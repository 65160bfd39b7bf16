//! The bar of what explains the failures.

use crate::diagnose::words::percent;
use crate::report::markup::escape_html;
use crate::report::view::Share;
use std::fmt::Write;

/// Colours of the segments of the share bar: root causes, then the others in their order, the sum of small ones, the residue grey.
const ROOTS: [(&str, &str); 2] = [("f-bnc", "#b8342a"), ("f-5", "#7a5fa0")];
const OTHERS: [(&str, &str); 4] = [("f-def", "#bf7d12"), ("f-6", "#2b8a83"), ("f-sent", "#3f7fb8"), ("f-4", "#5a7d4e")];
const SMALL: (&str, &str) = ("f-7", "#6f6fb5");
const REST: (&str, &str) = ("f-rest", "#828d9b");

/// Class and colour of each part, so that no two neighbours look the same.
pub(crate) fn segments(shares: &[Share]) -> Vec<(&'static str, &'static str)> {
    let (mut roots, mut others) = (ROOTS.iter(), OTHERS.iter());
    let segment = |share: &Share| match &*share.role {
        _ if share.rule.is_none() => REST,
        _ if share.others.is_some() => SMALL,
        "root-cause" => roots.next().or_else(|| others.next()).copied().unwrap_or(REST),
        "contributing" => others.next().copied().unwrap_or(REST),
        // What is separate and minor is not amber while there is another colour.
        _ => others.next_back().copied().unwrap_or(REST),
    };
    shares.iter().map(segment).collect()
}

/// The bar of what explains the failures.
pub(crate) fn share_bar(shares: &[Share]) -> String {
    let words: Vec<String> = shares.iter().map(|share| format!("{} {}", share.title, percent(share.share))).collect();
    let mut out = format!(
        "<svg class=\"chart\" width=\"800\" height=\"18\" viewBox=\"0 0 1000 26\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escape_html(&words.join(", "))
    );
    let total: f64 = shares.iter().map(|share| share.share.max(0.003)).sum();
    let room = 1000.0 - 1.5 * shares.len().saturating_sub(1) as f64;
    let mut x = 0.0;
    for (share, (class, fill)) in shares.iter().zip(segments(shares)) {
        let width = share.share.max(0.003) / total.max(0.001) * room;
        let _ = write!(out, "<rect class=\"{class}\" fill=\"{fill}\" x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"26\"/>");
        x += width + 1.5;
    }
    out.push_str("</svg>");
    out
}
