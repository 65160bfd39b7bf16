//! Secrets never leave: passwords, keys, SASL blobs, cookies and tokens are taken out of every line that is shown or
//! written, whether or not a report is redacted.
//!
//! ```text
//! [smtp.example.net]:587 app@example.net:hunter2      ->  [smtp.example.net]:587 app@example.net:(hidden)
//! AUTH PLAIN AGFwcABodW50ZXIy                         ->  AUTH PLAIN (hidden)
//! mysql://mail:hunter2@db/postfix                     ->  mysql://mail:(hidden)@db/postfix
//! ```

use crate::marks::Marks;
use crate::rules::lazy::{Dialect, LazyRegex};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Serialize;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// What stands where a secret stood.
pub const HIDDEN: &str = "(hidden)";

/// What kind of secret a pattern finds; the part called `s` is the secret.
struct Pattern {
    kind: &'static str,
    regex: LazyRegex,
    /// Whether what `s` matched is a secret at all.
    accept: fn(&str) -> bool,
}

/// What the secret is, what every line with one holds in lower case, the regex, and whether what it matched is one at all.
type Spec = (&'static str, &'static [&'static str], &'static str, fn(&str) -> bool);

struct Patterns {
    patterns: Vec<Pattern>,
    marks: Marks,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let any: fn(&str) -> bool = |_| true;
    let list: &[Spec] = &[
        ("private key", &["private key-----"], r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?P<s>.+?)(?:-----END|$)", any),
        (
            "SASL credentials",
            &["auth ", "auth="],
            r"(?i)\bAUTH[ =]+(?:PLAIN|LOGIN|CRAM-MD5|DIGEST-MD5|X?OAUTH2|XOAUTH2|OAUTHBEARER|NTLM|GSSAPI|EXTERNAL|SCRAM-[\w-]+)[ =]+(?P<s>[A-Za-z0-9+/]{4,}={0,2})",
            is_blob,
        ),
        (
            "SASL credentials",
            &["resp=", "resp:", "response=", "response:"],
            r"(?i)\b(?:resp|initial response|sasl_init_response)[=:] ?(?P<s>[A-Za-z0-9+/]{6,}={0,2})",
            any,
        ),
        (
            "SASL credentials",
            &["< ", "> "],
            r"(?:^|: )[<>] [^\s\[]+\[[^\]\s]+\](?::\d+)?: (?P<s>[A-Za-z0-9+/]{4,}={0,2})\s*$",
            is_blob,
        ),
        // What Postfix writes of SASL with -v, or with debug_peer_list.
        (
            "SASL credentials",
            &["init_response", "coded", "auth reply", "cont", "client response", "initial reply"],
            r"(?i)(?:\binit_response:? |\b(?:un|de)coded (?:initial |client |server )*(?:response|reply|challenge):? |\b(?:client|initial) (?:response|reply):? |\b(?:AUTH|CONT)[?\t ]\d+[?\t ])(?P<s>\S.*)$",
            any,
        ),
        ("password", &["pass `", "pass '"], r"\bpass [`'](?P<s>[^'`]+)['`]", any),
        ("password", &["get_passwd: "], r"get_passwd: (?P<s>\S.*)$", any),
        ("password in a lookup table", &["_maps: "], r"(?i)pass\w*_maps: .*? = [^\s:]*:(?P<s>\S.*)$", any),
        (
            "password",
            &["!= '", "!= \""],
            r"\b(?:PLAIN|CRYPT|[A-Z0-9-]*(?:CRYPT|SHA\d*|MD5|NTLM|CRAM-MD5)|CLEARTEXT)\((?P<s>[^)]*)\) != ",
            any,
        ),
        ("password in a URL", &["://"], r#"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:"'<>]*:(?P<s>[^\s/"'<>]+)@"#, any),
        // A key that stands where a user would.
        ("token in a URL", &["://"], r"://(?P<s>[0-9A-Za-z_-]{24,})@", is_mixed),
        (
            "cookie or token in a header",
            &["authorization", "cookie", "x-api-key", "x-auth-token"],
            r"(?i)\b(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)\s*:\s*(?P<s>\S.*)$",
            any,
        ),
        ("token", &["bearer"], r"(?i)\bbearer\s+(?P<s>[\w.~+/=-]{12,})", any),
        (
            "token",
            &[
                "hooks.", "aiza", "ya29.", "sk-", "npm_", "dop_v1_", "pypi-", ":aa", "eyj", "akia", "asia", "ghp_", "gho_",
                "ghu_", "ghs_", "ghr_", "xox", "sg.", "k_live_", "glpat-", "xkeysib-", "key-",
            ],
            r"\b(?P<s>hooks\.slack\.com/\S+|AIza[\w-]{30,}|ya29\.[\w.-]{20,}|sk-[\w-]{20,}|npm_\w{20,}|dop_v1_\w{20,}|pypi-[\w-]{20,}|\d{8,10}:AA[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}|A(?:KIA|SIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|SG\.[\w-]{16,}\.[\w-]{16,}|[sr]k_live_\w{10,}|glpat-[\w-]{16,}|xkeysib-[\w-]{20,}|key-[0-9a-f]{32})",
            any,
        ),
        (
            "token in a URL",
            &[
                "token=",
                "key=",
                "sig=",
                "signature=",
                "auth=",
                "session",
                "sessid=",
                "sessionid=",
                "sid=",
                "password=",
                "passwd=",
                "pwd=",
                "pass=",
                "secret=",
                "pw=",
            ],
            r#"(?i)[?&;](?:[\w-]*token|[\w-]*key|[\w-]*secret|pw|sig|signature|auth|session(?:_?id)?|phpsessid|jsessionid|sid|password|passwd|pwd|pass)=(?P<s>[^&;\s"'<>)]+)"#,
            any,
        ),
        (
            "cookie",
            &["sessid=", "sessionid=", "session_id=", "logged_in"],
            r#"(?i)\b(?:phpsessid|jsessionid|sessionid|session_id|wordpress_logged_in\w*)=(?P<s>[^&;\s"'<>)]+)"#,
            any,
        ),
        (
            "password hash",
            &[
                "$1$", "$2$", "$2a", "$2b", "$2x", "$2y", "$5$", "$6$", "$7$", "$y$", "$gy$", "$apr1$", "$argon2", "$sha1$",
                "$pbkdf2",
            ],
            r#"(?P<s>\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2\w*|sha1|pbkdf2[\w-]*)\$[^\s:,;"'<>]{8,})"#,
            any,
        ),
        (
            "password",
            &["{sha", "{ssha", "{md5", "{smd5", "crypt", "{plain", "{clear", "{cram", "{digest", "{ntlm", "{argon2", "{pbkdf2"],
            r#"(?i)\{(?:s?sha\d*|s?md5|[a-z0-9-]*crypt|plain|clear(?:text)?|cram-md5|digest-md5|ntlm|argon2\w*|pbkdf2[\w-]*)(?:\.\w+)?\}(?P<s>[^\s:,"'<>)]+)"#,
            any,
        ),
        (
            "password on a command line",
            &[
                "pass",
                "pwd",
                "secret",
                "token",
                "curl",
                "mysql",
                "mariadb",
                "swaks",
                "redis-cli",
                "sasl",
                "ldap",
                "doveadm",
                "aws configure",
            ],
            r"(?i)(?:--(?:\w+-)*(?:password|pass|passwd|pwd|secret|token)[= ]|\bsshpass +-p ?|\bcurl\b.* (?:-u|--user) ?[^\s:]+:|\b(?:mysql|mariadb)[\w-]*\b.* -p|\btestsaslauthd\b.* -p ?|\bldap\w+\b.* -w ?|\bdoveadm\b.* auth \w+ (?:-\w+ \S+ )*\S+ |\bdoveadm\b.* pw\b.* -p ?|-pass(?:in|out)?[ =](?:pass:)|\baws configure set \S*(?:secret|token|key)\S* |\bsasl\w+ .*<<< ?|\bpasswd\b.*<<< ?|\bswaks\b.*? --?(?:ap|auth-password) |\bhtpasswd\b .* -b \S+ \S+ |\bredis-cli\b.* -a )(?P<s>[^\s\[(-][^\s]*)",
            any,
        ),
        (
            "password on a command line",
            &["chpasswd"],
            r#"(?i)\becho\b[^|]*?["' ][\w.@-]+:(?P<s>[^"'|\s]+)["']?\s*\|.*\bchpasswd\b"#,
            any,
        ),
        ("password on a command line", &["htpasswd"], r"\bhtpasswd\b.*?\s-\w*b\w*\s+\S+\s+\S+\s+(?P<s>\S+)", any),
        // AUTH PLAIN by itself: NUL begins as A, and a letter or digit goes on so.
        (
            "SASL credentials",
            &["AD", "AE", "AF", "AG", "AH"],
            r#"(?:^|[\s"'=:(\[])(?P<s>A[D-H][A-Za-z0-9+/]{8,}={0,2})(?:$|[\s"'|;,)\]])"#,
            is_plain,
        ),
        // What AUTH PLAIN is made of: NUL, user, NUL, password.
        (
            "SASL credentials",
            &["\\0", "\\x00"],
            r#"\\(?:000|x00|0)[^\\"']+(?:\\@[^\\"']+)?\\(?:000|x00|0)(?P<s>[^\\"'\s]+)"#,
            any,
        ),
        (
            "password",
            &["password"],
            r#"(?i)(?:given password|password given|wrong password|trying password|tried password)\s*[:=]?\s*["'(]?(?P<s>[^\s"')]+)"#,
            is_given,
        ),
        (
            "password in a lookup table",
            &["]", ":25", ":465", ":587", ":2525", ":submission", ":smtp"],
            r"^\s*(?:#+\s*)?\{?\s*(?:\[[^\]\s]+\](?::[\w-]+)?|[\w.-]+:(?:\d+|submissions?|smtps?))(?:\s+|\s*=\s*)[^\s:=]+:(?P<s>[^\s}].*?)\s*\}?,?\s*$",
            any,
        ),
        ("password in a lookup table", &["inline:"], r"[{,]\s*[^\s={},]+\s*=\s*[^\s=:{},\[\]]+:(?P<s>[^\s{},]+)", any),
        // .pgpass: host, port, database, user, password
        (
            "password in a lookup table",
            &[":*:", ":543", ":6432:"],
            r"^\s*[^\s:]+:(?:\d+|\*):[^\s:]+:[^\s:]+:(?P<s>\S.*?)\s*$",
            any,
        ),
        ("password in a lookup table", &["static:"], r"\bstatic:[^\s:,;]+:(?P<s>[^\s,;]+)", any),
        ("password", &["password"], r"(?i)^\s*(?:machine\s.*\s)?password\s+(?P<s>\S+)\s*$", is_given),
        ("password", &["password"], r"(?i)^\s*(?:machine|default)\s.*\spassword\s+(?P<s>\S+)", any),
        // .fetchmailrc, and a command that says it: passwordeval "echo hunter2"
        ("password", &["pass"], r#"(?i)\bpass(?:word|wd)?\s+"(?P<s>[^"\\]+)""#, any),
        ("password", &["pass"], r"(?i)^\s*(?:poll|skip|server)\s.*\spass(?:word|wd)?\s+(?P<s>\S+)", any),
        ("password", &["passwordeval"], r#"(?i)\bpasswordeval\b[\s='"]*(?:echo|printf)\s+(?P<s>[^"']+)"#, any),
        // What POP3, FTP and IMAP are told.
        ("password", &["pass "], r"(?:^|[<>~:]\s+)PASS\s+(?P<s>\S+)\s*$", is_given),
        ("password", &["login "], r#"(?i)(?:^|[<>~:]\s+)[a-z]*\d+\s+LOGIN\s+(?:"[^"]*"|\S+)\s+(?P<s>"[^"]+"|\S+)\s*$"#, any),
        (
            "TLS session secret",
            &["master-key", "psk", "pre-shared", "exporter secret", "traffic_secret", "client_random"],
            r"(?i)\b(?:master-key|resumption psk|pre-shared key|early exporter secret|\w*_traffic_secret\w*|client_random)\s*[: ]\s*(?P<s>[0-9A-Fa-f][0-9A-Fa-f ]{15,})",
            any,
        ),
        // name = value, 'name' => 'value', "name": "value", define('NAME', 'value')
        (
            "password",
            &["pass", "pwd", "bindpw", "bind_pw", "dbpw", "pw", "secret", "key", "token"],
            r#"(?i)(?:(?:\b|_)(?:pass|pwd|pw)|\b\w*(?:password|passwd|passwort|passphrase)|(?:\b|_)(?:bind_?pw|dn_?pass|dbpw|(?:db|my|pg|smtp|imap|sasl|auth|mail|ldap|root|admin|user|master)_?pass|secret(?:_?\w+)?|client_?secret|(?:shared)?access_?key|account_?key|(?:api|app|smtp|sendgrid|mailgun|postmark|mailjet|sparkpost|ses|brevo)_?key|(?:auth|access|refresh|api|bot|bearer|x-csrf)[_-]?token|token|private[_-]?key|encryption[_-]?key|crypt[_-]?key))(?:["']?\])?["']?\s*(?:=>|=|,\s*(?:["']))\s*(?P<s>"(?:[^"\\]|\\.)+"|'[^']+'|[^\s,;&"'<>()]+)"#,
            is_value,
        ),
        // What programs are told by their environment.
        (
            "password",
            &["_key", "_token", "_secret", "_pass", "_pw", "credential"],
            r#"(?:^|[\s"';])[A-Z][A-Z0-9_]*_(?:KEY|TOKEN|SECRET|PASS\w*|PW|PWD|CREDENTIALS?)=(?P<s>"[^"]+"|'[^']+'|[^\s"';]+)"#,
            is_value,
        ),
        // The constants of WordPress and its like.
        (
            "password",
            &["define"],
            r#"(?i)\bdefine\s*\(\s*["']\w*(?:_KEY|_SALT|PASS\w*|SECRET\w*|TOKEN)["']\s*,\s*(?P<s>"[^"]+"|'[^']+')"#,
            is_value,
        ),
        (
            "password",
            &["pass", "pwd", "secret", "key", "token"],
            r#"(?i)["'](?:[\w-]*[_-])?(?:pass|password|passwd|passphrase|pwd|secret|api[_-]?key|(?:\w+[_-])?token|private[_-]?key)["']\s*:\s*(?P<s>"(?:[^"\\]|\\.)+"|'[^']+')"#,
            is_value,
        ),
        (
            "password",
            &["pass", "secret", "key", "bindpw", "token"],
            r#"(?i)^\s*(?:-\s+)?(?:(?:[\w-]*[_-])?(?:password|passphrase|secret(?:[_-]\w+)*|api[_-]?key|private[_-]?key|bindpw|(?:\w+[_-])token)|[\w-]+[_-](?:pass|passwd|pwd))\s*:\s+(?P<s>[^\s].*?)\s*$"#,
            is_value,
        ),
    ];
    let pattern = |&(kind, _, pattern, accept): &Spec| Pattern { kind, regex: LazyRegex::valid(pattern, Dialect::Line), accept };
    let patterns = list.iter().map(pattern).collect();
    let marks = Marks::new(list.iter().map(|(_, marks, ..)| marks.iter()));
    Patterns { patterns, marks }
});

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
    let place = bare.starts_with(['/', '$', '<']) || bare.starts_with("${") || bare.contains(":/");
    !place
        && bare != HIDDEN
        && !["yes", "no", "true", "false", "null", "none", "x", "*", "files", "systemd", "required"].contains(&bare)
}

/// Letters and digits, as keys have them and names seldom.
fn is_mixed(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() > 3
}

fn is_given(text: &str) -> bool {
    text != HIDDEN && !["for", "is", "was", "in", "on", "from", "by", "authentication"].contains(&text)
}

/// What a server asks for a password with: `Password:` in base64.
const PROMPT: &str = "334 UGFzc3dvcmQ6";

/// Takes secrets out of the lines of one file, in order; private keys reach over several lines, and what answers a prompt
/// stands in the line after it.
#[derive(Debug, Default)]
pub struct SecretRemover {
    in_key: bool,
    prompted: bool,
    /// Whether every line `KEY NAME:VALUE` of this file is a secret: a password file by its name.
    password_file: bool,
}

impl SecretRemover {
    /// For the file at `path`, whose name may say that it holds passwords.
    pub fn for_file(path: &str) -> SecretRemover {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let marks = [
            "pgpass",
            "passwd-file",
            "passwd_file",
            "dovecot-users",
            "dovecot.users",
            "dovecot.passwd",
            "sasl_pass",
            "sasl-pass",
            "saslpass",
            "relay_pass",
            "relay-pass",
            "smtp_auth",
            "htpasswd",
            "secrets",
            "credential",
            "shadow",
        ];
        SecretRemover { in_key: false, prompted: false, password_file: marks.iter().any(|mark| name.contains(mark)) }
    }

    /// The line without secrets, and what kind the first one was.
    pub fn line<'t>(&mut self, line: &'t str) -> (Cow<'t, str>, Option<&'static str>) {
        if self.in_key {
            self.in_key = !line.contains("-----END");
            let shown = line.find("-----END").map_or(HIDDEN, |at| &line[at..]);
            return (Cow::Borrowed(shown), Some("private key"));
        }
        if let Some(start) = line.find("PRIVATE KEY-----")
            && line[..start].contains("-----BEGIN ")
            && !line[start..].contains("-----END")
        {
            self.in_key = true;
            let end = start + "PRIVATE KEY-----".len();
            let rest = if line[end..].trim().is_empty() { "" } else { HIDDEN };
            return (Cow::Owned(format!("{}{rest}", &line[..end])), Some("private key"));
        }
        let prompted = std::mem::replace(&mut self.prompted, line.contains(PROMPT));
        if prompted {
            let line = line.trim_end();
            let answer = line.rsplit(char::is_whitespace).next().unwrap_or_default();
            if answer.len() >= 4 && STANDARD.decode(answer).is_ok() {
                return (Cow::Owned(format!("{}{HIDDEN}", &line[..line.len() - answer.len()])), Some("SASL credentials"));
            }
        }
        if self.password_file
            && let Some(hidden) = table_line(line)
        {
            return (Cow::Owned(hidden), Some("password in a lookup table"));
        }
        without_secrets(line)
    }
}

/// A line of a password file without the password: what follows the first colon of the value, or of the whole line.
fn table_line(line: &str) -> Option<String> {
    let text = line.trim_end();
    let start = text.len() - text.trim_start_matches(['#', ' ', '\t']).len();
    // host, port, database, user and password of a .pgpass
    if text[start..].matches(':').count() == 4
        && !text[start..].contains(char::is_whitespace)
        && let Some(colon) =
            text.rfind(':').filter(|colon| text[start..].split(':').nth(1).is_some_and(is_port) && colon + 1 < text.len())
    {
        return Some(format!("{}{HIDDEN}", &text[..=colon]));
    }
    let value = text[start..].find(char::is_whitespace).map_or(start, |at| start + at + 1);
    let colon = value + text[value..].find(':')?;
    // In a file of the shape of shadow(5), what follows the hash is no secret.
    let secret = &text[colon + 1..];
    let end = if value == start { secret.find(':').unwrap_or(secret.len()) } else { secret.len() };
    let is_locked = secret[..end].chars().all(|c| matches!(c, '*' | '!' | 'x'));
    (end > 0 && !is_locked).then(|| format!("{}{HIDDEN}{}", &text[..=colon], &secret[end..]))
}

/// A port, or any.
fn is_port(text: &str) -> bool {
    text == "*" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value between its quotes, which stay: they may belong to JSON.
fn within_quotes(text: &str, range: Range<usize>) -> Range<usize> {
    let value = text[range.clone()].as_bytes();
    match value {
        [first @ (b'"' | b'\''), _, .., last] if first == last => range.start + 1..range.end - 1,
        _ => range,
    }
}

/// A single text without secrets, and what kind the first one was.
pub fn without_secrets(text: &str) -> (Cow<'_, str>, Option<&'static str>) {
    let mut out = Cow::Borrowed(text);
    let mut first = None;
    for pattern in PATTERNS.marks.possible(text).map(|at| &PATTERNS.patterns[at]) {
        let mut clean = String::new();
        let mut end = 0;
        for found in pattern.regex.each(&out) {
            let Some(secret) = found.range("s").map(|range| within_quotes(&out, range)) else { continue };
            let with_sign = out[..secret.start].strip_suffix('(').map_or(secret.start, str::len);
            if out[secret.start..].starts_with(HIDDEN)
                || out[with_sign..].starts_with(HIDDEN)
                || !(pattern.accept)(&out[secret.clone()])
            {
                continue;
            }
            clean.push_str(&out[end..secret.start]);
            clean.push_str(HIDDEN);
            end = secret.end;
        }
        if end > 0 {
            clean.push_str(&out[end..]);
            first = first.or(Some(pattern.kind));
            out = Cow::Owned(clean);
        }
    }
    (out, first)
}

/// A secret that stands in a file: its line, from 1, and what kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Line, from 1.
    pub line: u32,
    /// What it is, in words.
    pub kind: &'static str,
}

/// The text of a file without the secrets in it, and the first of each kind.
pub fn taken_out<'t>(path: &str, text: &'t str) -> (Cow<'t, str>, Vec<Found>) {
    let mut remover = SecretRemover::for_file(path);
    let mut list: Vec<Found> = Vec::new();
    let mut clean = String::new();
    let mut kept = 0;
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let bare = line.trim_end_matches(['\n', '\r']);
        let (without, kind) = remover.line(bare);
        if let Some(kind) = kind {
            if list.iter().all(|known| known.kind != kind) {
                list.push(Found { line: number, kind });
            }
            clean.push_str(&text[kept..at]);
            clean.push_str(&without);
            kept = at + bare.len();
        }
        at += line.len();
    }
    if list.is_empty() {
        return (Cow::Borrowed(text), list);
    }
    clean.push_str(&text[kept..]);
    (Cow::Owned(clean), list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_nothing_else() {
        for (text, clean) in [
            ("[smtp.relay.example]:587 app@relay.example:hunter2", "[smtp.relay.example]:587 app@relay.example:(hidden)"),
            ("smtp.relay.example:587 app:hunter2", "smtp.relay.example:587 app:(hidden)"),
            ("smtp_sasl_password_maps = static:joe:hunter2", "smtp_sasl_password_maps = static:joe:(hidden)"),
            (
                "postfix/smtpd[1]: < a.example[192.0.2.1]: AUTH PLAIN AGFwcABodW50ZXIy",
                "postfix/smtpd[1]: < a.example[192.0.2.1]: AUTH PLAIN (hidden)",
            ),
            ("postfix/smtpd[1]: < a.example[192.0.2.1]: aHVudGVyMg==", "postfix/smtpd[1]: < a.example[192.0.2.1]: (hidden)"),
            ("hosts = mysql://mail:hunter2@db.example/postfix", "hosts = mysql://mail:(hidden)@db.example/postfix"),
            ("password = hunter2", "password = (hidden)"),
            ("define('DB_PASSWORD', 'hunter2');", "define('DB_PASSWORD', '(hidden)');"),
            ("{\"password\": \"hunter2\", \"a\": 1}", "{\"password\": \"(hidden)\", \"a\": 1}"),
            ("Cookie: a=hunter2; b=1", "Cookie: (hidden)"),
            ("GET /login?user=joe&token=hunter2 HTTP/1.1", "GET /login?user=joe&token=(hidden) HTTP/1.1"),
            ("joe:$6$salt$hunter2hunter2:19000:0:99999:7:::", "joe:(hidden):19000:0:99999:7:::"),
            ("root 1 0.0 mysqldump -u root -phunter2 mail", "root 1 0.0 mysqldump -u root -p(hidden) mail"),
            (
                "auth: client in: AUTH 1 PLAIN service=smtp resp=AGFwcABodW50ZXIy",
                "auth: client in: AUTH 1 PLAIN service=smtp resp=(hidden)",
            ),
            ("Authorization: Bearer abc.def.ghi", "Authorization: (hidden)"),
            ("joe@example.org:{PLAIN}hunter2::::", "joe@example.org:{PLAIN}(hidden)::::"),
            ("secret_key_base: hunter2", "secret_key_base: (hidden)"),
            ("A=b;AccountKey=aHVudGVyMg==;C=d", "A=b;AccountKey=(hidden);C=d"),
            ("export HEROKU_KEY=hunter2 X=1", "export HEROKU_KEY=(hidden) X=1"),
            ("dnpass = hunter2", "dnpass = (hidden)"),
            ("https://hunter20123456789abcdef01@o1.sentry.example/1", "https://(hidden)@o1.sentry.example/1"),
            (
                "poll mail.example proto IMAP user \"joe\" password \"hunter2\" is joe here",
                "poll mail.example proto IMAP user \"joe\" password \"(hidden)\" is joe here",
            ),
            ("poll mail.example user joe pass hunter2", "poll mail.example user joe pass (hidden)"),
            ("passwordeval \"echo hunter2\"", "passwordeval \"echo (hidden)\""),
            ("swaks --to a@b.example --au joe --ap hunter2", "swaks --to a@b.example --au joe --ap (hidden)"),
            ("C: a001 LOGIN joe hunter2", "C: a001 LOGIN joe (hidden)"),
            ("PASS hunter2", "PASS (hidden)"),
            ("curl https://a.example/cron?key=hunter2&b=1", "curl https://a.example/cron?key=(hidden)&b=1"),
        ] {
            assert_eq!(without_secrets(text).0, clean);
            assert!(without_secrets(text).1.is_some());
        }
        for same in [
            "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd",
            "250-AUTH PLAIN LOGIN CRAM-MD5",
            "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
            "passwd:         files systemd",
            "postfix/smtp[1]: connect to a.example[192.0.2.1]:25: Connection timed out",
            "error: open database /etc/postfix/sasl_passwd.db: No such file or directory",
            "smtpd_tls_key_file = /etc/ssl/private/key.pem",
            "virtual_uid_maps = static:5000",
            "root:x:0:0:root:/root:/bin/bash",
            "https://support.google.com/mail/?p=UnsolicitedMessageError",
            "554 5.7.1 password expired for this account",
            "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: authentication failure",
            "https://bounces-and-lists-of-everybody@lists.example/",
            "TLS_KEY=/etc/ssl/private/key.pem",
        ] {
            assert_eq!(without_secrets(same), (Cow::Borrowed(same), None));
        }
    }

    #[test]
    fn private_keys_and_password_files_are_taken_out_line_by_line() {
        let mut remover = SecretRemover::for_file("etc/dkim.txt");
        let lines: Vec<String> = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEow", "-----END RSA PRIVATE KEY-----", "after"]
            .map(|line| remover.line(line).0.into_owned())
            .into();
        assert_eq!(lines, ["-----BEGIN RSA PRIVATE KEY-----", HIDDEN, "-----END RSA PRIVATE KEY-----", "after"]);
        let mut remover = SecretRemover::for_file("etc/postfix/sasl_passwd");
        assert_eq!(remover.line("relay.example\tjoe:hunter2 and more").0, "relay.example\tjoe:(hidden)");
        assert_eq!(remover.line("relay.example joe:hunter2").0, "relay.example joe:(hidden)");
        assert_eq!(remover.line("# relay.example").0, "# relay.example");
        let mut remover = SecretRemover::for_file("swaks.txt");
        let said = ["<~  334 UGFzc3dvcmQ6", " ~> aHVudGVyMg==", "<~  235 2.7.0 ok", " ~> aHVudGVyMg=="];
        let shown = said.map(|line| remover.line(line).0.into_owned());
        assert_eq!(shown, [said[0], " ~> (hidden)", said[2], said[3]]);
    }
}
