//! Whose report it is: a name, a logo and a contact, from a small YAML file.

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
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
        let written: Written = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let logo = match &written.logo {
            Some(logo) => Some(inline(&path.parent().unwrap_or(Path::new("")).join(logo))?),
            None => None,
        };
        Ok(Brand { name: written.name, logo, contact: written.contact })
    }
}

/// An image as a data URI. Inside `img` an SVG runs no script and loads nothing.
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
    let bytes = std::fs::read(path).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
    if bytes.len() > LARGEST {
        return Err(format!("{shown}: has {} bytes; a logo may have {LARGEST}, since every report carries it", bytes.len()));
    }
    Ok(format!("data:image/{kind};base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}
