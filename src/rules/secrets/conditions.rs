//! Whether what a form takes for a secret is one, for `if:` in `rules/secrets.yaml`.

use super::HIDDEN;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Whether a text is a secret.
pub(crate) type Condition = fn(&str) -> bool;

/// The conditions by their names; the first holds always.
pub(crate) const CONDITIONS: &[(&str, Condition)] = &[
    ("any", |_| true),
    ("value", is_value),
    ("long", is_long),
    ("strange", is_strange),
    ("said", is_given),
    ("typed", is_typed),
    ("mixed", is_mixed_word),
    ("digits", is_mixed),
    ("base64", is_blob),
    ("auth-plain", is_plain),
];

/// The prompts and mechanism names that stand where a blob may stand.
fn is_blob(text: &str) -> bool {
    let known = ["PLAIN", "LOGIN", "NTLM", "GSSAPI", "EXTERNAL", "ANONYMOUS", "VXNlcm5hbWU6", "UGFzc3dvcmQ6"];
    let written = text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'=')
        || text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_lowercase());
    written && !known.contains(&text) && STANDARD.decode(text).is_ok()
}

/// Whether it is what AUTH PLAIN sends: NUL, a user, NUL, a password.
fn is_plain(text: &str) -> bool {
    let decoded = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text));
    let Ok(Ok(decoded)) = decoded.map(String::from_utf8) else { return false };
    let parts: Vec<&str> = decoded.split('\0').collect();
    let is_text = |part: &&str| !part.is_empty() && !part.contains(char::is_control);
    matches!(parts.as_slice(), ["", user, password] if is_text(user) && is_text(password))
}

/// Whether a value is itself secret, and not the place of one, a variable, or a word about it.
fn is_value(text: &str) -> bool {
    let bare = text.trim_matches(['"', '\'']);
    let place = bare.starts_with(['/', '$', '<']) || bare.contains(":/") && !bare.starts_with("base64:");
    !place
        && bare != HIDDEN
        && !["yes", "no", "true", "false", "null", "none", "x", "*", "files", "systemd", "required"].contains(&bare)
}

/// Whether a value is too long and too mixed for a name, a number or a word.
fn is_long(text: &str) -> bool {
    let bare = text.trim_matches(['"', '\'']);
    is_value(text) && bare.len() >= 20 && is_mixed(bare) && !is_name(bare)
}

/// Whether a word that a script types is neither a command of SMTP nor an answer.
fn is_typed(text: &str) -> bool {
    is_value(text) && !text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Letters and digits, as keys have them and names seldom.
fn is_mixed(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() > 3
}

/// Letters and digits, as session ids have them and words have not.
fn is_mixed_word(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a value in a sentence is a password for certain, and no word of the sentence.
fn is_strange(text: &str) -> bool {
    is_value(text) && is_given(text) && is_telling(text.trim_matches(['"', '\'', '.', ',']))
}

/// Whether a secret is known for one wherever it stands: long enough, and neither words, a number, a host, an address nor a path.
pub(crate) fn is_telling(secret: &str) -> bool {
    let has = |kind: fn(char) -> bool| secret.contains(kind);
    let has_sign = has(|c| c.is_ascii_punctuation() && !matches!(c, '-' | '.' | '_' | ',' | '/' | ':'));
    let kinds = [has(|c| c.is_lowercase()), has(|c| c.is_uppercase()), has(|c| c.is_ascii_digit()), has_sign];
    let kinds = kinds.into_iter().filter(|has| *has).count();
    let enough = if has_sign && kinds > 2 { secret.len() >= 6 } else { secret.len() >= 8 && is_mixed_word(secret) };
    let is_address = secret.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.') && is_name(domain));
    let is_port = secret.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_path = secret.starts_with('/') || secret.contains(":/") || secret.contains("//");
    enough && !is_address && !is_port && !is_path && !is_name(secret) && secret.parse::<std::net::IpAddr>().is_err()
}

/// Whether it may be a host's name or a version: words and numbers between dots.
fn is_name(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn is_given(text: &str) -> bool {
    text != HIDDEN && !["for", "is", "was", "in", "on", "from", "by", "authentication"].contains(&text)
}
