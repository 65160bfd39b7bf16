//! Masks the variable parts of a reason, so that what is said a thousand times to a thousand addresses is one reason.

/// The reason with addresses, hosts, ids and numbers masked as `…`. Codes that name a rule (`[TSS04]`, `S3140`, `5.7.1`,
/// the three-digit reply code) stay.
pub fn mask(reason: &str) -> String {
    let mut out = String::with_capacity(reason.len());
    for word in reason.split_inclusive(|c: char| c.is_whitespace()) {
        let bare = word.trim_end();
        let end = &word[bare.len()..];
        out.push_str(&mask_word(bare));
        out.push_str(end);
    }
    // Runs of masks are one.
    while out.contains("… …") {
        out = out.replace("… …", "…");
    }
    out
}

fn mask_word(word: &str) -> String {
    if word.is_empty() {
        return String::new();
    }
    for key in ["name=", "type="] {
        if let Some(value) = word.strip_prefix(key) {
            return if key == "name=" { "name=…".to_owned() } else { format!("type={value}") };
        }
    }
    // host[address], host[address]:port, <address>, user@host, URLs
    if word.contains('@') || (word.starts_with('<') && word.contains('>')) || word.contains("://") {
        let tail: String = word.chars().rev().take_while(|c| matches!(c, ':' | ',' | ';' | '.' | ')')).collect();
        return format!("…{}", tail.chars().rev().collect::<String>());
    }
    if let Some(open) = word.find('[') {
        let inside = &word[open + 1..];
        let address = inside.split(']').next().unwrap_or_default();
        if address.contains('.') || address.contains(':') || address.contains('/') {
            let after = inside.split_once(']').map_or("", |(_, after)| after);
            return format!("…{after}");
        }
    }
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    let is_code = core.len() <= 6 && digits > 0;
    let dotted = core.split('.').count() == 3
        && core.split('.').all(|part| part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()));
    if digits > 0 && !is_code && !dotted {
        return word.replacen(core, "…", 1);
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn what_varies_is_masked_and_what_names_a_rule_stays() {
        for (reason, masked) in [
            ("connect to mx.example[192.0.2.1]:25: Connection timed out", "connect to …:25: Connection timed out"),
            (
                "host a.b[2001:db8::1] said: 550 5.1.1 <x y@z>: no (in reply to RCPT TO command)",
                "host … said: 550 5.1.1 <x …: no (in reply to RCPT TO command)",
            ),
            ("421 4.7.0 [TSS04] Messages from 198.51.100.7 deferred", "421 4.7.0 [TSS04] Messages from … deferred"),
            (
                "Name service error for name=gmail.com type=MX: Host not found, try again",
                "Name service error for name=… type=MX: Host not found, try again",
            ),
            ("", ""),
        ] {
            assert_eq!(mask(reason), masked);
        }
    }
}
