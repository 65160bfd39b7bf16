//! What secrets look like, and what stands before them.

use super::HIDDEN;
use crate::marks::Marks;
use crate::rules::lazy::{Dialect, LazyRegex};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::sync::LazyLock;

/// What kind of secret a pattern finds; the part called `s` is the secret.
pub(super) struct Pattern {
    pub(super) kind: &'static str,
    pub(super) regex: LazyRegex,
    /// Whether what `s` matched is a secret at all.
    pub(super) accept: fn(&str) -> bool,
}

/// What the secret is, what every line with one holds in lower case, the regex, and whether what it matched is one at all.
type Spec = (&'static str, &'static [&'static str], &'static str, fn(&str) -> bool);

/// Tokens that tell by their beginning what they are: what it holds in lower case, and the whole.
const TOKENS: &[(&str, &str)] = &[
    ("hooks.slack.com/", r"hooks\.slack\.com/\S+"),
    // Google: a key, a session, a refresh, a client's secret
    ("aiza", r"AIza[\w-]{30,}"),
    ("ya29.", r"ya29\.[\w.-]{20,}"),
    ("1//0", r"1//0[\w-]{30,}"),
    ("gocspx-", r"GOCSPX-[\w-]{20,}"),
    ("eyj", r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}"),
    ("akia", r"AKIA[0-9A-Z]{16}"),
    ("asia", r"ASIA[0-9A-Z]{16}"),
    // Azure's secrets of applications
    ("q~", r"[\w~.-]{3}\dQ~[\w~.-]{31,}"),
    ("ghp_", r"ghp_\w{20,}"),
    ("gho_", r"gho_\w{20,}"),
    ("ghu_", r"ghu_\w{20,}"),
    ("ghs_", r"ghs_\w{20,}"),
    ("ghr_", r"ghr_\w{20,}"),
    ("github_pat_", r"github_pat_\w{20,}"),
    // GitLab: of people, runners, deployments, triggers, jobs, agents
    ("glpat-", r"glpat-[\w.-]{16,}"),
    ("glrt-", r"glrt-[\w.-]{16,}"),
    ("gldt-", r"gldt-[\w.-]{16,}"),
    ("glptt-", r"glptt-[\w.-]{16,}"),
    ("glcbt-", r"glcbt-[\w.-]{16,}"),
    ("glagent-", r"glagent-[\w.-]{16,}"),
    ("atatt3", r"ATATT3[\w=-]{40,}"),
    ("atbb", r"ATBB\w{28,}"),
    ("xox", r"xox[abeoprs]-[\w.-]{10,}"),
    ("xapp-", r"xapp-\d-[\w-]{20,}"),
    // Telegram
    (":aa", r"(?:bot)?\d{8,10}:AA[\w-]{30,}"),
    // Mail services: SendGrid, Mailgun, Brevo, Resend, Mailchimp; Twilio has a pattern of its own
    ("sg.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    ("key-", r"key-[0-9a-f]{32}"),
    ("xkeysib-", r"xkeysib-[\w-]{20,}"),
    ("xsmtpsib-", r"xsmtpsib-[\w-]{20,}"),
    ("re_", r"re_[0-9A-Za-z]{8}_\w{16,}"),
    ("-us", r"[0-9a-f]{32}-us\d{1,2}"),
    ("k_live_", r"[sr]k_live_\w{10,}"),
    ("k_test_", r"[sr]k_test_\w{10,}"),
    ("whsec_", r"whsec_[\w+/=]{20,}"),
    ("sq0", r"sq0[a-z]{3}-[\w-]{20,}"),
    ("eaacedeose0cba", r"EAACEdEose0cBA\w{20,}"),
    ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("sk-", r"sk-[\w-]{20,}"),
    ("hf_", r"hf_[0-9A-Za-z]{30,}"),
    ("npm_", r"npm_\w{20,}"),
    ("pypi-", r"pypi-[\w-]{20,}"),
    ("dckr_pat_", r"dckr_pat_[\w-]{20,}"),
    ("dop_v1_", r"dop_v1_\w{20,}"),
    ("dapi", r"dapi[0-9a-f]{32}"),
    ("pscale_", r"pscale_[a-z]+_[\w-]{30,}"),
    ("fo1_", r"fo1_[\w-]{40,}"),
    ("tskey-", r"tskey-[\w-]{20,}"),
    ("hvs.", r"hvs\.[\w-]{20,}"),
    ("nrak-", r"NRAK-[0-9A-Z]{27}"),
    ("glsa_", r"glsa_\w{30,}"),
    ("sntrys_", r"sntrys_[\w+/=-]{30,}"),
    ("lin_api_", r"lin_api_\w{30,}"),
    ("pmak-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("age-secret-key-1", r"AGE-SECRET-KEY-1[0-9A-Z]{40,}"),
];
static TOKEN_MARKS: LazyLock<Vec<&str>> = LazyLock::new(|| TOKENS.iter().map(|(mark, _)| *mark).collect());
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let each: Vec<&str> = TOKENS.iter().map(|(_, token)| *token).collect();
    format!(r"\b(?P<s>{})", each.join("|"))
});

/// All of them, and what gives away which may match.
pub(super) struct Patterns {
    pub(super) patterns: Vec<Pattern>,
    pub(super) marks: Marks,
}

/// What gives each kind of secret away.
pub(super) static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let any: fn(&str) -> bool = |_| true;
    let list: &[Spec] = &[
        ("private key", &["private key"], r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<s>.+?)(?:-----END|$)", any),
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
        ("password", &["!= '", "!= \""], r#"\b[A-Z0-9-]+\([^)]*\)+ != ["'](?P<s>[^"']+)["']"#, any),
        ("password in a URL", &["://"], r#"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:"'<>]*:(?P<s>[^\s/"'<>]+)@"#, any),
        // Whoever has the address of a hook may write to it.
        ("token in a URL", &["webhook"], r#"(?i)://[^\s"'<>]*\bwebhooks?\w*/(?P<s>[^\s"'<>]+)"#, any),
        // A key that stands where a user would.
        ("token in a URL", &["://"], r"://(?P<s>[0-9A-Za-z_-]{24,})@", is_mixed),
        (
            "cookie or token in a header",
            &["authorization", "cookie", "-key", "-token", "-secret", "-password"],
            r"(?i)\b(?:(?:proxy-)?authorization|(?:set-)?cookie|x-(?:[\w-]+-)?(?:key|token|secret|password))\s*:\s*(?P<s>\S.*)$",
            any,
        ),
        (
            "cookie or token in a header",
            &["-key", "-token", "-secret"],
            r#"(?i)\b(?:api|private|auth|access|app|client|job|deploy|subscription|server|account|refresh)-(?:key|token|secret)\s*:\s*(?P<s>[^\s"']+)"#,
            is_value,
        ),
        ("token", &["bearer"], r"(?i)\bbearer\s+(?P<s>[\w.~+/=-]{12,})", any),
        ("token", TOKEN_MARKS.as_slice(), &TOKEN, any),
        (
            "token",
            &[
                "sk0", "sk1", "sk2", "sk3", "sk4", "sk5", "sk6", "sk7", "sk8", "sk9", "ska", "skb", "skc", "skd", "ske", "skf",
                "ac0", "ac1", "ac2", "ac3", "ac4", "ac5", "ac6", "ac7", "ac8", "ac9", "aca", "acb", "acc", "acd", "ace", "acf",
            ],
            r"\b(?P<s>(?:SK|AC)[0-9a-f]{32})\b",
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
            &["sessid=", "sessauth=", "sessionid=", "session_id=", "logged_in"],
            r#"(?i)\b(?:\w*sessid|\w*sessauth|jsessionid|sessionid|session_id|wordpress_logged_in\w*)=(?P<s>[^&;\s"'<>)]+)"#,
            any,
        ),
        // As Roundcube tells of a login.
        ("cookie", &["in session "], r"\bin session (?P<s>[0-9A-Za-z,-]{8,})", is_mixed_word),
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
                "openssl",
                "smbclient",
                "lftp",
                "mosquitto_",
                "kinit",
                "gpg",
                "cryptsetup",
                "http -a",
                "docker",
                "podman",
                "helm login",
                "az login",
                "sendemail",
                "pw",
            ],
            r#"(?i)(?:--(?:\w+-)*(?:password|passphrase|pass|passwd|pwd|secret|token)\d?[= ]|\bsshpass +-p ?|\bcurl\b.* (?:-u|--user) ?[^\s:]+:|\b(?:mysql|mariadb)[\w-]*\b.* -p|\btestsaslauthd\b.* -p ?|\bldap\w+\b.* -w ?|\bdoveadm\b.* auth \w+ (?:-\w+ \S+ )*\S+ |\bdoveadm\b.* pw\b.* -p ?|-pass(?:in|out)?[ =](?:pass:)|\baws configure set \S*(?:secret|token|key)\S* |\b(?:sasl\w+|passwd|kinit|gpg|cryptsetup)\b.*<<< ?|\bhttp -a [^\s:]+:|\b(?:docker|podman|helm|az)\b.* login\b.* -p |\bsendemail\b.* -xp |\bswaks\b.*? --?(?:ap|auth-password) |\bhtpasswd\b .* -b \S+ \S+ |\bredis-cli\b.* -a |\bopenssl passwd\b(?: -\S+)* |\bopenssl enc\b.* -[kK] |\bsmbclient\b.* -U ?[^\s%]+%|\blftp\b.* -u ?[^\s,]+,|\bmosquitto_\w+\b.* -P |\b(?:setenv|set) \w*(?:PASS(?:WORD|WD)?|PWD|PW|SECRET|TOKEN)(?:\s*=\s*| ))(?P<s>"[^"]+"|'[^']+'|[^\s\[(-][^\s]*)"#,
            any,
        ),
        (
            "password on a command line",
            &["chpasswd"],
            r#"(?i)(?:\becho\b[^|]*?["' ]|\bchpasswd\b.*<<<\s*["']?)[\w.@-]+:(?P<s>[^"'|\s]+)(?:["']?\s*\|.*\bchpasswd\b|["']?\s*$)"#,
            any,
        ),
        (
            "password on a command line",
            &["passwd", "sudo", "kinit", "gpg", "docker", "podman", "cryptsetup"],
            r#"(?i)\b(?:echo|printf)(?: -\S+)*\s+["']?(?P<s>[^"'|\s]+)["']?\s*\|.*\b(?:passwd\b.*--stdin|sudo\b.* -S\b|saslpasswd2|kinit|gpg|cryptsetup|(?:docker|podman)\b.* login)\b"#,
            any,
        ),
        // What expect(1) types.
        ("password", &["\\r\"", "\\n\""], r#"\bsend\s+(?:-\S+\s+)*"(?P<s>[^"\\\s]{5,})\\[rn]""#, is_typed),
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
        ("password", &["password"], r#"(?i)\b(?:bad|invalid|incorrect) password ["'(](?P<s>[^"')]+)["')]"#, is_given),
        (
            "password in a lookup table",
            &["]", ":25", ":465", ":587", ":2525", ":submission", ":smtp"],
            r"^\s*(?:#+\s*)?\{?\s*(?:\[[^\]\s]+\](?::[\w-]+)?|[\w.-]+:(?:\d+|submissions?|smtps?))(?:\s+|\s*=\s*)[^\s:=]+:(?P<s>[^\s}].*?)\s*\}?,?\s*$",
            any,
        ),
        // A private key without its frame: what is written into each before its numbers.
        ("private key", &["ibaak", "ibadan"], r"\bMII[A-Za-z0-9+/]{3,5}(?:IBAAK|IBADAN)(?P<s>[A-Za-z0-9+/=]{20,})", any),
        ("private key", &["mhccaqee", "mighageambmg"], r"\b(?:MHcCAQEE|MIGHAgEAMBMG)(?P<s>[A-Za-z0-9+/=]{20,})", any),
        // opendkim's KeyTable: domain, selector and the key itself.
        ("private key", &[":mii"], r"^\s*\S+\s+[^\s:]+:[^\s:]+:(?P<s>MII[A-Za-z0-9+/]{30,}={0,2})\s*$", any),
        ("password in a lookup table", &["inline:"], r"[{,]\s*[^\s={},]+\s*=\s*[^\s=:{},\[\]]+:(?P<s>[^\s{},]+)", any),
        // .pgpass: host, port, database, user, password
        (
            "password in a lookup table",
            &[":*:", ":543", ":6432:"],
            r"^\s*[^\s:]+:(?:\d+|\*):[^\s:]+:(?:[^\s:\\]|\\.)+:(?P<s>\S.*?)\s*$",
            any,
        ),
        ("password in a lookup table", &["static:"], r"\bstatic:[^\s:,;]+:(?P<s>[^\s,;]+)", any),
        ("password", &["password"], r"(?i)^\s*(?:machine\s.*\s)?password\s+(?P<s>\S+)\s*$", is_given),
        ("password", &["password"], r"(?i)(?:^\s*default|\bmachine\s+\S+)\s.*\spassword\s+(?P<s>\S+)", any),
        // .fetchmailrc, and a command that says it: passwordeval "echo hunter2"
        ("password", &["pass"], r#"(?i)\bpass(?:word|wd)?\s+"(?P<s>[^"\\]+)""#, any),
        ("password", &["pass"], r"(?i)^\s*(?:poll|skip|server)\s.*\spass(?:word|wd)?\s+(?P<s>\S+)", any),
        (
            "password",
            &["eval", "command", "cmd", "password-file", "password_file", "passwordfile"],
            r#"(?i)\bpass(?:word|wd)?[_-]?(?:eval|command|cmd|file)\b[\s='"<(]*(?:echo|printf)\s+(?P<s>[^"')]+)"#,
            any,
        ),
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
            r#"(?i)(?:(?:\b|_)(?:pass|pwd|pw)|\b\w*(?:password|passwd|passwort|passphrase)|(?:\b|_)(?:bind_?pw|dn_?pass|dbpw|(?:db|my|pg|smtp|imap|sasl|auth|mail|ldap|root|admin|user|master)_?pass|secret(?:_?\w+)?|client_?secret|(?:shared)?access_?key|account_?key|(?:api|app|des|jwt|hmac|signing|smtp|sendgrid|mailgun|postmark|mailjet|sparkpost|ses|brevo)_?key|pre[_-]?shared[_-]?key|(?:auth|access|refresh|api|bot|bearer|x-csrf)[_-]?token|token|private[_-]?key|encryption[_-]?key|crypt[_-]?key))(?:["']?\])?["']?\s*(?:=>|=|,\s*(?:["']))\s*(?P<s>"(?:[^"\\]|\\.)+"|'[^']+'|[^\s,;&"'<>()]+)"#,
            is_value,
        ),
        // What programs are told by their environment.
        (
            "password",
            &["_key", "_token", "_secret", "pass", "_pw", "credential"],
            r#"(?:^|[\s"';{])[A-Z][A-Z0-9_]*(?:_(?:KEY|TOKEN|SECRET|PW|PWD|CREDENTIALS?)|PASS(?:WORD|WD)?\w*)(?:=|:[=-])(?P<s>"[^"]+"|'[^']+'|[^\s"';}]+)"#,
            is_value,
        ),
        (
            "password",
            &["_auth", "_api", "_pat", "_cred", "_salt", "_server", "_bot", "_sid"],
            r#"(?:^|[\s"';{])[A-Z][A-Z0-9_]*_(?:AUTH|API|PAT|CREDS?|SALT|SERVER|BOT|SID)=(?P<s>"[^"]+"|'[^']+'|[^\s"';}]+)"#,
            is_long,
        ),
        // What programs call to log in.
        (
            "password",
            &["pdo", "mysql", "pg_", "dbi:"],
            r#"(?i)(?:\b(?:PDO|mysqli|mysqli?_p?connect|pg_p?connect)\s*\(\s*(?:"[^"]*"|'[^']*'|\$\w+)|["']DBI:[^"']*["'])\s*,\s*(?:"[^"]*"|'[^']*'|\$\w+)\s*,\s*(?P<s>"[^"]+"|'[^']+')"#,
            any,
        ),
        (
            "password",
            &[".login(", ".auth("],
            r#"(?i)\.(?:login|auth)\(\s*(?:"[^"]*"|'[^']*'|[\w.]+)\s*,\s*(?P<s>"[^"]+"|'[^']+')"#,
            any,
        ),
        // XML: <password>value</password>, <add key="password" value="value"/>
        (
            "password",
            &["password", "passwd", "passphrase", "pass>", "pwd>", "secret>", "token>", "key>"],
            r#"(?i)<[\w:.-]*(?:password|passwd|passphrase|pass|pwd|secret|token|api_?key)(?:\s[^>]*)?>(?:<!\[CDATA\[)?(?P<s>[^<\]\s]+)"#,
            is_value,
        ),
        (
            "password",
            &["value=", "value ="],
            r#"(?i)\b(?:key|name)\s*=\s*["'][\w:.-]*(?:password|passwd|passphrase|pass|pwd|secret|token|api_?key)["']\s+value\s*=\s*(?P<s>"[^"]+"|'[^']+')"#,
            is_value,
        ),
        // YAML on one line: {user: joe, password: value}
        (
            "password",
            &["password:", "passwd:", "passphrase:", "pass:", "secret:", "token:", "key:"],
            r#"(?i)[{,]\s*[\w.-]*(?:password|passwd|passphrase|pass|secret|token|api_?key):\s+(?P<s>"[^"]+"|'[^']+'|[^\s,{}"'\[\]]+)"#,
            is_value,
        ),
        // BIND
        ("password", &["secret"], r#"(?i)^\s*secret\s+"(?P<s>[^"]+)"\s*;"#, any),
        ("password", &["2fa", "otp"], r"(?i)\b(?:2fa|t?otp)\b[^:=]{0,20}[:=]\s*(?P<s>(?-i:[A-Z2-7]{16,}))", any),
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
            r#"(?i)["'](?:(?:[\w.-]*[_.-])?(?:pass|pwd)|[\w.-]*(?:password|passwd|passphrase|secret|api[_-]?key|token|private[_-]?key))["']\s*:\s*(?P<s>"(?:[^"\\]|\\.)+"|'[^']+')"#,
            is_value,
        ),
        (
            "password",
            &["pass", "secret", "key", "pw", "token"],
            r#"(?i)^\s*(?:-\s+)?(?:(?:[\w.-]*[._-])?(?:password|passphrase|secret(?:[_-]\w+)*|api[_-]?key|private[_-]?key|bindpw|(?:\w+[_-])token)|[\w.-]+[._-](?:pass|passwd|pwd|pw))\s*:\s+(?P<s>[^\s].*?)\s*$"#,
            is_value,
        ),
        // What people write to each other.
        (
            "password",
            &["pass", "kennwort", "wachtwoord", "contrase", "senha", "pw"],
            r#"(?i)\b(?:pass(?:word|wort|phrase)|kennwort|mot de passe|wachtwoord|contraseña|senha|pw)\b(?:[^:=]{0,60}?\s(?:is|ist|lautet|est)\b:?|\s*[:=](?:\s*\S+\s+/)?)\s*(?P<s>"[^"]+"|'[^']+'|[^\s"']+)"#,
            is_strange,
        ),
        // Four times four letters, as Google makes them.
        (
            "password",
            &["pass", "kennwort"],
            r"(?i)\b(?:pass(?:word|wort|code)?|kennwort)\b[^a-z]*(?:(?:is|ist)\b[^a-z]*)?(?P<s>(?-i:[a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4}))\b",
            any,
        ),
        ("password", &["pass"], r"(?i)^\s*(?:user\s+\S+\s+)?pass(?:wort|code)?\s+(?P<s>\S+)\s*$", is_strange),
        (
            "password",
            &[
                "user:",
                "username:",
                "user/",
                "user /",
                "login:",
                "login/",
                "login /",
                "credentials:",
                "account:",
                "zugang:",
                "zugangsdaten:",
            ],
            r"(?i)\b(?:user(?:name)?|login|credentials|account|zugang(?:sdaten)?)(?:\s?/\s?[a-z]+)?:\s*[\w.@+-]+(?:\s?[/|]\s?)(?P<s>[^\s/=<>,]+)\s*$",
            is_strange,
        ),
        ("password", &["credentials"], r"(?i)\bcredentials\s?[:=]\s*[\w.@+-]+\s(?P<s>[^\s=<>,]+)\s*$", is_strange),
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
pub(super) fn is_telling(secret: &str) -> bool {
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
