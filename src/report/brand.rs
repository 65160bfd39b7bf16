//! Whose report it is: a name, a logo and a contact, from a small YAML file.

use crate::files;
use crate::rules::problem::{Level, Place, Problem};
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Largest logo, in bytes: it stands inside every report.
const LARGEST: usize = 200_000;

/// A brand, its logo inlined.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Brand {
    name: String,
    /// A data URI.
    logo: Option<String>,
    contact: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    logo: Option<String>,
    contact: Option<String>,
}

impl Brand {
    /// Reads `path`; the logo is named relative to it.
    pub(super) fn read(path: &Path) -> Result<Brand, String> {
        let text =
            files::text(path, files::LARGEST_OPTIONS).map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
        let written: Written = serde_saphyr::from_str(&text).map_err(|error| {
            let (place, why) = misread(&error);
            Problem::new(Level::Error, &path.display().to_string(), &text, place, why, None).to_string().trim_end().to_owned()
        })?;
        let logo = match &written.logo {
            Some(logo) => Some(inline(&path.parent().unwrap_or(Path::new("")).join(logo))?),
            None => None,
        };
        Ok(Brand { name: written.name, logo, contact: written.contact })
    }
}

/// Where a small YAML file is wrong, and what is.
pub(super) fn misread(error: &serde_saphyr::Error) -> (Place, String) {
    let message = error.without_snippet().to_string();
    let message = message.trim_start_matches("error: ");
    let message = message.split(" at line ").next().unwrap_or(message);
    let (line, column) = error.location().map_or((0, 0), |at| (at.line() as u32, at.column() as u32));
    (Place { line, column, length: 1 }, message.to_owned())
}

/// An image as a data URI. Inside `img` an SVG runs no script and loads nothing; whoever saves the picture and opens it by
/// itself would run what is in it, so that it is refused.
fn inline(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let extension = path.extension().map(|kind| kind.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let kind = match extension.as_str() {
        "png" => "png",
        "jpg" | "jpeg" => "jpeg",
        "gif" => "gif",
        "webp" => "webp",
        "svg" => "svg+xml",
        _ => return Err(format!("{shown}: a logo is a .png, .jpg, .gif, .webp or .svg")),
    };
    let bytes = files::of_file(path, files::LARGEST_OPTIONS).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
    if bytes.len() > LARGEST {
        return Err(format!("{shown}: has {} bytes; a logo may have {LARGEST}, since every report carries it", bytes.len()));
    }
    if !begins_as(kind, &bytes) {
        return Err(format!("{shown}: is no .{extension} image: it does not begin as one"));
    }
    if let Some(active) = (kind == "svg+xml").then(|| active_part(&bytes)).flatten() {
        return Err(format!("{shown}: holds {active}; a logo is a picture that does nothing and loads nothing"));
    }
    Ok(format!("data:image/{kind};base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}

/// Whether an image of this kind begins so.
fn begins_as(kind: &str, bytes: &[u8]) -> bool {
    match kind {
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
        "gif" => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        "webp" => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        _ => std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with('<') && text.contains("<svg")),
    }
}

/// What in an SVG would act or load something, in words.
fn active_part(svg: &[u8]) -> Option<&'static str> {
    // Browsers read tags and attributes without regard to case here and there.
    let text = String::from_utf8_lossy(svg).to_ascii_lowercase();
    let without_spaces: String = text.split_whitespace().collect();
    let handler = text.split_whitespace().any(|word| {
        let name = word.split('=').next().unwrap_or_default();
        name.len() > 4 && name.starts_with("on") && word.contains('=') && name.bytes().all(|c| c.is_ascii_lowercase())
    });
    let links = ["href=\"http", "href='http", "href=\"//", "href='//", "url(http", "url(\"http", "url('http", "@import"];
    if text.contains("<script") || text.contains("javascript:") {
        Some("a script")
    } else if handler {
        Some("an event handler (on...=)")
    } else if text.contains("<foreignobject") {
        Some("foreign markup (foreignObject)")
    } else if text.contains("<!entity") {
        Some("an entity declaration")
    } else {
        links.iter().any(|link| without_spaces.contains(link)).then_some("a reference to another place")
    }
}
