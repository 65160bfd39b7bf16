//! From the view model to text in a format.

use super::view::Report;
use std::fmt;
use std::path::Path;

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

/// How text output looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether to colour it.
    pub color: bool,
    /// Whether to use only ASCII.
    pub ascii: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Look {
        Look { color: false, ascii: false, width: 80 }
    }
}

/// The templates in force.
#[derive(Debug, Default)]
pub struct Templates {}

/// What is wrong with a template.
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
        Templates::default()
    }

    /// The built-in templates, those in `folder` laid over them.
    ///
    /// # Errors
    /// If a template cannot be read or is not valid.
    pub fn with_overrides(_folder: &Path) -> Result<Templates, TemplateError> {
        Ok(Templates::default())
    }
}

/// Renders a report.
///
/// # Errors
/// If a template fails.
pub fn render(report: &Report, _format: Format, _templates: &Templates, _look: &Look) -> Result<String, TemplateError> {
    serde_json::to_string_pretty(report).map(|text| text + "\n").map_err(|error| TemplateError(error.to_string()))
}
