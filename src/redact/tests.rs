//! Behaviour of redaction on lines.
