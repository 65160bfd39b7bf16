//! What stands before a name or around it, by which a bare one is known for a name: keys, phrases, columns.

use super::part::{Part, regex};
use crate::marks::Marks;
use crate::rules::literals::{self, Worth};
use crate::sieve::Sieve;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Keys whose value is an account or an address, in JSON, in headings of tables, and before `=`.
const ACCOUNT_KEYS: &[&str] = &[
    "acct",
    "account",
    "address",
    "auth_login",
    "auth_user",
    "e-mail",
    "email",
    "email_address",
    "envelope_from",
    "from_address",
    "login",
    "local_part",
    "loginname",
    "logname",
    "mail",
    "mail_from",
    "mailbox",
    "mailfrom",
    "mailto",
    "orig_address",
    "orig_to",
    "owner",
    "rcpt",
    "rcpt_to",
    "recipient",
    "return_path",
    "ruser",
    "sasl_sender",
    "sasl_user",
    "sasl_username",
    "sender",
    "to_address",
    "user",
    "user_name",
    "userid",
    "username",
];

/// Keys whose value is a name in words.
const PERSON_KEYS: &[&str] = &[
    "ansprechpartner",
    "company",
    "contact",
    "customer",
    "display_name",
    "displayname",
    "firma",
    "first_name",
    "firstname",
    "full_name",
    "fullname",
    "gecos",
    "givenname",
    "kunde",
    "last_name",
    "lastname",
    "nachname",
    "name",
    "organisation",
    "organization",
    "real_name",
    "realname",
    "surname",
    "vorname",
];

/// Keys whose value is a host.
const HOST_KEYS: &[&str] = &["_hostname", "client", "client_name", "fqdn", "helo", "host", "hostname", "relay"];

/// What the value of a key is, in any case: of a JSON object, or of a column by its heading.
pub(super) fn of_key(key: &str) -> Option<Part> {
    let key = key.to_ascii_lowercase().replace(' ', "_");
    let known = |list: &[&str]| list.contains(&key.as_str());
    match key.as_str() {
        "_machine_id" | "_boot_id" => Some(Part::Hex),
        "subject" => Some(Part::Text),
        _ if known(ACCOUNT_KEYS) => Some(Part::Name),
        _ if known(PERSON_KEYS) => Some(Part::MaybePerson),
        _ if known(HOST_KEYS) => Some(Part::Host),
        _ => None,
    }
}

/// The kind of evidence of a file; for [`named`], what no kind describes may be a table that Postfix looks things up in.
pub(super) fn kind_of<'k>(kind: Option<&'k str>, path: &str) -> Option<&'k str> {
    kind.filter(|kind| !kind.is_empty()).or_else(|| table(path))
}

/// What a table that Postfix looks things up in holds, by its name.
fn table(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    // Where a table is asked for, and how: mysql-virtual.cf
    if name.ends_with(".cf") || name.ends_with(".ext") || name.ends_with(".conf") {
        return None;
    }
    let stem = name.split('.').next()?;
    if stem.starts_with("aliases") {
        return Some("aliases");
    }
    let to_names = ["virtual", "canonical", "generic", "bcc", "login_map", "sender_login"];
    let to_others = ["transport", "access", "relocated", "sasl_passwd", "relay_recipients", "relay_domains", "relayhost_map"];
    match () {
        () if to_names.iter().any(|part| stem.contains(part)) => Some("table of names"),
        () if to_others.iter().any(|part| stem.contains(part)) => Some("table"),
        () => None,
    }
}

/// Parameters of main.cf whose value is hosts and domains.
const HOST_SETTINGS: &str = "myhostname|mydomain|myorigin|smtp_helo_name|lmtp_lhlo_name|mydestination|relay_domains|virtual_(?:alias|mailbox)_domains|relayhost|(?:smtp_|lmtp_)?fallback_relay|masquerade_domains|default_transport|remote_header_rewrite_domain|parent_domain|smtp_tls_policy_domain|smtpd_sasl_local_domain|hosts";

/// Parameters of main.cf whose value is accounts and addresses.
const NAME_SETTINGS: &str = r"always_bcc|\w*_notice_recipient|luser_relay|default_privs|mail_owner|setgid_group|masquerade_exceptions|authorized_\w+_users|\w+_verify_sender|address_verify_sender|empty_address_recipient|prepend_delivered_header_user|local_\w+_user";

/// All marks are looked for at once, so that there may be many, and short ones.
const MARKS: Worth = Worth { shortest: 1, most: 256, beyond_ascii: false };

/// What stands before a name, or around it; the part called `n` is the name. And what gives away that one of these patterns
/// may match.
struct Contexts {
    /// The patterns in their order: of two that find the same, the first is right.
    patterns: Vec<(Part, Regex)>,
    /// What may match anywhere, also in a line of a log. With more than 128 patterns the marks alone would tell, and not one walk
    /// over the line: a log would take longer.
    anywhere: Group,
    /// What matches only where a line begins, or in what people and programs write that keep no log.
    written: Group,
}

/// Some of the patterns: what gives away that they may match, and their places among all.
struct Group {
    marks: Marks,
    places: Vec<usize>,
}

static CONTEXTS: LazyLock<Contexts> = LazyLock::new(|| {
    let log = r"(?:<\d+>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)";
    let keys = ACCOUNT_KEYS.iter().filter(|key| !matches!(**key, "address" | "mail" | "mailbox" | "owner")).copied();
    let keys = keys.collect::<Vec<_>>().join("|");
    let account = format!(r#"(?i)(?:^|[\s,;(\["'{{?&-])(?:\w*_)?(?:{keys})"#);
    let in_json = |keys: &[&str]| format!(r#"(?i)"(?:{})"\s*:\s*"(?P<n>(?:[^"\\]|\\.)+)""#, keys.join("|"));
    let persons: Vec<&str> = PERSON_KEYS.iter().filter(|key| !matches!(**key, "name" | "contact")).copied().collect();
    let end_of_header = r"(?: from [^\s\[]*\[[^\]]*\]; from=<.*| from local; from=<.*)?$";
    let host = r"[A-Za-z0-9][\w.-]*";
    // As people are called, with their first names.
    let people = r"\p{Lu}[\p{L}.'’-]+(?: (?:v[ao]n |de[rn]? )*\p{Lu}[\p{L}.'’-]+){0,3}";
    let documents = "exe|scr|bat|vbs|js|iso|txt|doc[xm]?|xls[xm]?|pptx?|pdf|odt|ods|csv|eml|msg|jpe?g|png|zip|7z|rar|pst|mbox";
    // As RFC 2183 has it, or RFC 2231.
    let file = r#"(?:\*\d*)?\*?=(?:[\w-]+'[\w-]*')?(?P<n>"[^"]+"|[^";\s]+)"#;
    let word = r#"[^\s<>'"\x60:;,()=\\]+"#;
    let list: &[(Part, String)] = &[
        // Headers of a message, and what cleanup says of them.
        (Part::Text, format!(r"(?i)(?:^|\bheader |-- )(?:subject|thread-topic|comments|keywords|organi[sz]ation): (?P<n>.+?){end_of_header}")),
        // The same as a trace of system calls, or a string of a program, has it.
        // As amavis logs it.
        (Part::Text, r#"(?i), (?:subject|thread-topic): "(?P<n>(?:[^"\\]|\\.)+)""#.into()),
        (Part::Text, r#"(?i)(?:"|\\n)(?:subject|thread-topic): (?P<n>(?:[^"\\]|\\[0-7]{3})+)"#.into()),
        (Part::People, format!(r"(?i)(?:^|\bheader )(?:(?:x-)?(?:[\w-]*-)?(?:from|to|cc|bcc|sender|recipient|user)|return-path|list-id|disposition-notification-to): (?P<n>.+?){end_of_header}")),
        (Part::Text, r"\b(?:reject|warning|hold|discard|redirect|prepend|replace|filter|info|bcc): body (?P<n>.+) from [^\s\[]*(?:\[[^\]]*\]|local); from=<".into()),
        (Part::MaybePerson, r"(?:\s|: |^)(?:From|To|Cc|Reply-To): (?P<n>[^<>:@]+?) ?<[^<>\s]+@".into()),
        (Part::MaybePerson, r#"(?P<n>"[^"<>@]{2,80}"|\\"[^"\\<>@]{2,80}\\") <[^<>\s]+@"#.into()),
        (Part::MaybePerson, r"(?:^|[\s:;])(?P<n>\p{Lu}[\w.'-]+(?:,? \p{Lu}[\w.'-]+){1,3}) ?[<(\[][^<>\s()]+@".into()),
        // Names in words: behind the address that they belong to, in a salutation, in an entry of a directory.
        (Part::MaybePerson, format!(r"(?:@[^<>\s]+>[:,]? ?\(|\b(?:(?i:mailbox|account|inbox|postfach|boîte) (?i:of|for|von|de) |(?i:dear|liebe|lieber|sehr geehrter? (?:herr|frau)|herrn?|frau|mr\.?|mrs\.?|ms\.|madame|monsieur) |(?:imap|pop3|lda|lmtp|managesieve|sieve|deliver|auth|ldap|sql)\())(?P<n>{people}(?:\\{{1,2}}\w[\w.-]*)?)")),
        (Part::MaybePerson, r#"(?i)(?:^|[\s,/("'+])(?:cn|ou|sn|givenname|displayname)(?:=|: )(?P<n>[^\s,+;=/"'()<>\\]{2,40}(?: (?-i:\p{Lu})[^\s,+;=/"'()<>\\]*){0,3})"#.into()),
        // What somebody called a file.
        (Part::File, format!(r"(?i)(?:\bBANNED \((?:[^)]*[,;])?|/(?:home|Users|usr/home)/[^/\s]+/(?:[^/\s]+/)*)(?P<n>[^/\s:,;()'\x22]+\.(?:{documents}))\b")),
        (Part::File, format!(r"(?i)\bfilename{file}")),
        (Part::File, format!(r"(?i)\bcontent-type: .*?\bname{file}")),
        (Part::File, format!(r"(?i)\bname\*1{file}")),
        (Part::Host, format!(r"(?:^|\bheader )Received: from (?P<n>{host})")),
        (Part::MaybeName, format!(r"^Received: .*\bby (?P<n>{host})")),
        (Part::MaybeName, format!(r"\bhelo=(?P<n>{host})")),
        (Part::Name, r"\(expanded from <(?P<n>[^<>\s]+)>".into()),
        (Part::MaybeName, format!(r"<(?P<n>{host})>: (?:Helo command|Client host|Sender address|Recipient address) rejected")),
        (Part::MaybeName, r"^Received: .*\bfor <?(?P<n>[^\s<>;]+)".into()),
        (Part::Name, r"(?i)\bauthenticated sender: (?P<n>[^\s)]+)".into()),
        // Envelopes.
        (Part::Name, r"(?:from|to|orig_to|user|recipient|sender|rcpt|mailbox)=<(?P<n>[^<>\s]+)>".into()),
        (Part::Name, r"\b(?:MAIL|RCPT) command: <(?P<n>[^<>]+)>".into()),
        (Part::Host, r"\bhelo=<(?P<n>[^<>\s\[]+)>".into()),
        (Part::Host, format!(r"\b(?:log_helo_name|hostname)=(?P<n>{host})")),
        (Part::MaybeName, format!(r"\b(?:HELO|EHLO|LHLO)[ =](?P<n>{host})")),
        (Part::MaybeName, r"(?i)^(?:original_)?recipient: (?P<n>\S+)$".into()),
        (Part::MaybeName, r"^(?:sender|Requested-By): (?P<n>\S+)(?: \(\d+\))?$".into()),
        (Part::Form, r#"(?i)[?&;](?:(?:first|last|full|real|sur|vor|nach)?_?name|subject|betreff|firma|company)=(?P<n>[^&;\s"'<>#]+)"#.into()),
        // Hosts in logs and replies.
        (Part::Host, format!(r"^{log} (?P<n>{host}) \S")),
        (Part::Host, format!(r"(?:^|[^\w.:-]|[^0-9A-Fa-f:]:)(?P<n>{host})\[(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]")),
        (Part::Host, r"(?:^|[<>:(~*-] +)[2-5]\d\d[- ](?P<n>[\w-]+(?:\.[\w-]+)*\.[A-Za-z][\w-]*)(?:\s|$)".into()),
        (Part::MaybePerson, r"(?:^|: )220[- ]\S+ E?SMTP (?P<n>[^\s].*?)$".into()),
        (Part::Host, format!(r"(?i)\bhello,? (?P<n>{host}\w) [\[(]")),
        (Part::Host, r"(?:\bheader\.s|[;:\s(]s)=(?P<n>[A-Za-z][\w.-]*)".into()),
        (Part::Host, format!(r"^Linux \S+ \((?P<n>{host})\)")),
        (Part::Host, format!(r"\bkernel\.(?:hostname|domainname)\s*=\s*(?P<n>{host})")),
        (Part::Host, format!(r"^(?P<n>{host}):/(?:[^/\s]\S*)?\s")),
        (Part::Host, r"\b(?:(?:reverse_)?client_name|helo_name|receiver|rhost|name)=(?P<n>[A-Za-z0-9_][\w.-]*)".into()),
        (Part::Host, format!(r"(?i)^\s*(?:static |transient )?hostname\s*[:=]\s*(?P<n>{host})\s*$")),
        (Part::Host, format!(r"^Linux (?P<n>{host}) \d")),
        (Part::Hosts, r"^\s*(?:search|domain)\s+(?P<n>[A-Za-z0-9].*)$".into()),
        (Part::Hosts, r"^\s*(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)\s+(?P<n>[A-Za-z][\w. \t-]*?)\s*(?:#.*)?$".into()),
        (Part::Text, r"^\s*(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)\s[\w. \t-]+#\s*(?P<n>\S.*)$".into()),
        // Accounts behind keys.
        (Part::Name, format!(r#"{account}=<?(?P<n>(?:"(?:[^"\\]|\\.){{1,200}}"|\\"(?:[^"\\]|\\\\.){{1,200}}\\")@[^\s,;<>"'()\[\]{{}}&=]+)"#)),
        (Part::Name, format!(r#"{account}(?:=| = ?)[<"']?(?P<n>[^\s,;<>"'()\[\]{{}}&=]*[^\s,;<>"'()\[\]{{}}&=:.])"#)),
        (Part::MaybeName, format!(r#"(?i)^\s*(?:- )?(?:[\w-]*[_-])?(?:user|username|login|email|account): +["']?(?P<n>{word})["']?\s*$"#)),
        (Part::Name, in_json(ACCOUNT_KEYS)),
        (Part::MaybePerson, in_json(&persons)),
        (Part::MaybePerson, format!(r#"(?i)^\s*(?:- )?(?:(?:registrant|admin|tech|billing) (?:street|city)|{}): +["']?(?P<n>[^"'\s].*?)["']?\s*$"#, persons.join("|"))),
        (Part::Name, r"://(?P<n>[^/\s:@;]+)(?:;AUTH=|(?::[^@\s/]*)?@[^\s/])".into()),
        // Accounts in configurations of clients, and what is told to servers.
        (Part::MaybeName, r#"(?i)(?:^|[<>~:]\s+)\s*(?:user|username|login) +(?P<n>"[^"]+"|'[^']+'|[\w.+-]+(?:@[\w.-]+)?)\s*$"#.into()),
        (Part::MaybeName, r#"(?i)(?:^|[<>~:]\s+)[a-z]*\d+ LOGIN "?(?P<n>[^\s"]+)"? "#.into()),
        (Part::Name, r#"(?i)\buser(?:name)?\s+"(?P<n>[^"\s]+)""#.into()),
        (Part::MaybeName, r"\bis (?P<n>[\w.+-]+) here\b".into()),
        // An account of a domain of Windows: CORP\maria
        (Part::Name, r#"(?i:failed|failure|denied|user(?:name)?|account|login|for|from)[:=]? ?["'<]?[A-Z][A-Z0-9-]{1,14}\\{1,2}(?P<n>[A-Za-z][\w.-]{2,})"#.into()),
        (Part::Name, r#"\\(?:000|x00|0)(?P<n>[^\\"'\s]+)\\(?:000|x00|0)"#.into()),
        (Part::MaybePerson, format!(r#"(?i)\b(?:{})\s*=\s*(?P<n>"[^"]+"|'[^']+')"#, persons.join("|"))),
        // Folders of mail are called as those are who write.
        (Part::MaybePerson, r"(?i)\bmailbox '(?P<n>[^']{1,200})'".into()),
        // Accounts in sentences.
        (Part::MaybeName, format!(r#"(?i)\b(?:invalid user(?: specified)?|illegal user|no such (?:user|mailbox|account|recipient|person)(?: here)?|user unknown|unknown (?:user|mailbox|recipient|account)|not owned by user|password for(?: invalid user)?|publickey for|keyboard-interactive/pam for|session \S+ of user|user slice of|(?:opened|closed) for user|authenticating user|connection closed by (?:invalid |authenticating )?user|for user|su for|mailbox for|mailbox of|mailbox):? +[<'"]?(?P<n>{word})"#)),
        (Part::MaybeName, format!(r#"(?i)\b(?:user|mailbox|account|recipient|login) [<'"]?(?P<n>{word})[>'"]?:? (?:is )?(?:unknown|no such user|not found|not known|does not exist|doesn't exist|disabled|suspended|locked|unavailable|over quota|has exceeded|full)\b"#)),
        // What maildrop says.
        (Part::MaybeName, format!(r"\bCannot find (?P<n>{word})!")),
        (Part::MaybeName, format!(r#"(?i)\b(?:contact|mail|write to|messages? for) (?P<n>{word}) (?:at|to [^\s@]+@) ?[\w-]+\.[\w.-]+"#)),
        (Part::MaybeName, format!(r#"(?i)\b(?:(?:auth|authentication|login) (?:failed|failure|error)|(?:failed|successful) (?:auth\w*|login)|login) for(?: user)? ["']?(?P<n>{word})"#)),
        (Part::MaybeName, format!(r#"(?P<n>{word}) ?(?i:[\[({{] ?(?:at|@|ät) ?[\])}}]) ?{host}"#)),
        (Part::MaybeName, format!(r#"(?P<n>{word}) AT {host}(?:\.|[\[({{ ]+(?i:dot|punkt))"#)),
        (Part::MaybeName, r"(?i)[\[({] ?(?:at|@|ät) ?[\])}] ?(?P<n>[\w-]+) ?[\[({] ?(?:dot|punkt) ?[\])}]".into()),
        (Part::Name, r"\b(?:imap|pop3|lda|lmtp|managesieve|sieve|indexer-worker|deliver|auth|ldap|passwd-file|pam|sql|CRON|cron|su|crontab|userdb|passdb|quota-status|quota|doveadm|submission|replicator|dsync-\w+|imap-hibernate|lua|oauth2|checkpassword)\((?:\d+, )?(?P<n>[^)<\s,\d][^)<\s,]*)".into()),
        (Part::Name, r"^(?P<n>[A-Za-z_][\w.-]*) +: +(?:TTY|PWD|command)".into()),
        (Part::Name, r"(?:\bsudo(?:\[\d+\])?: +|\bSOA\s+\S+\s+)(?P<n>[A-Za-z_][\w.-]*)(?: : |\\\.)".into()),
        (Part::Name, r"\((?P<n>[A-Za-z_][\w.-]*)\) (?:CMD|MAIL|LIST|RELOAD)".into()),
        (Part::Name, r"\buid=\d+\((?P<n>[^)]+)\)".into()),
        (Part::MaybeName, r"\bsshd(?:-session)?: (?P<n>[A-Za-z_][\w.-]*)(?:@\S+)?(?: \[\w+\])?$".into()),
        (Part::MaybeName, r"\bspamd: .* for (?P<n>[^\s:]+):\d+".into()),
        (Part::MaybeName, r"\bphp-fpm: pool (?P<n>\S+)".into()),
        // Accounts in paths.
        (Part::Name, r"/(?:home|Users|usr/home|var/mail|var/spool/mail|export/home|srv/www|srv|vhosts|vmail|vhome|kunden|customers?|webspace|homepages)/(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::MaybeName, r"/(?:mnt|media)/(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::Name, r"/(?:vmail|vhome|mailboxes|virtual)/[\w-]+(?:\.[\w-]+)+/(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::Name, r"/var/www/(?:clients/client\d+/)?(?P<n>[^/\s:,;'\x22)]+)".into()),
        (Part::MaybeName, format!(r"/(?:tmp|new|cur)/\d+\.[^.\s/]+\.(?P<n>{host}\w)")),
        (Part::Host, r"\\\\(?:\?\\UNC\\)?(?P<n>[A-Za-z][\w-]*)\\".into()),
        (Part::Name, r"\\\\(?:\?\\UNC\\)?[^\\\s?]+\\(?P<n>[^\\\s]+)".into()),
        (Part::Host, r"(?:^|\s)//(?P<n>[\w-]+)/[^/\s]+(?:\s|$)".into()),
        (Part::Name, r"(?:^|\s)//[\w.-]+/(?P<n>[^/\s]+)(?:\s|$)".into()),
        (Part::MaybeName, r"/dev/mapper/(?P<n>[A-Za-z][A-Za-z0-9_]{3,})(?:--vg)?-\w".into()),
        (Part::Name, r"/~(?P<n>[A-Za-z_][\w.-]*)".into()),
        (Part::MaybeName, r#"(?:^|[\s:=("'])~(?P<n>[A-Za-z_][\w.-]*)"#.into()),
        (Part::MaybeName, format!(r"\bowned by (?:user )?(?P<n>{word})")),
        (Part::MaybeName, r"\bfatal: (?P<n>[A-Za-z_][\w.-]*)\(\d+\): ".into()),
        (Part::MaybeName, r"\b(?:from|to) <(?P<n>[\w.+-]+)>".into()),
        (Part::MaybeName, r"\(to (?P<n>[\w.-]+)\) \S+ on ".into()),
        (Part::MaybeName, r"\blogin: \S+ \[[^\]\s]+\] (?P<n>[^\s:]+) ".into()),
        (Part::MaybePerson, r"\b[Uu]ser (?P<n>\p{Lu}[\p{L}'’-]+ \p{Lu}[\p{L}'’-]+)".into()),
        (Part::MaybePerson, r"\bsaved mail to (?P<n>\S+)".into()),
        (Part::MaybePerson, r"\b(?:script|policy bank) '(?P<n>[^']{1,80})'".into()),
        (Part::MaybeName, format!(r"(?:^|\s)(?P<n>{host}) \[[0-9A-Fa-f:.]+\] (?:not internal|\S+ (?:(?i:plain|login|cram|digest|gssapi)\S* )+User logged in)")),
        (Part::MaybePerson, r"/(?P<n>[\w.-]+)\.sieve\b".into()),
        (Part::MaybePerson, r"/(?:[Mm]aildir|[ms]dbox)/\.(?P<n>[^/\s]+)/".into()),
        (Part::MaybeName, r"\|\| ?exit 75 #(?P<n>\w[\w.@-]*)".into()),
        (Part::Name, r"\btask; .*\buser: (?P<n>[^\s,]+),".into()),
        (Part::MaybeName, r"\bsmtp\.auth=(?P<n>[^\s;,()]+)".into()),
        // Accounts on command lines, in LDAP and in files of passwords.
        (Part::MaybeName, r"\s--?(?:au|(?:auth-?)?user(?:name)?)[= ](?P<n>[\w.@+-]*\w)".into()),
        (Part::MaybeName, r"\b(?:curl|mysql\w*|mariadb\w*|psql|pg_\w+|htpasswd|smbclient)\b.*?\s-[uU] ?(?P<n>[A-Za-z_][\w.@+-]*)".into()),
        (Part::MaybeName, r"\bhtpasswd\b.*?\s-\w*b\w*\s+\S+\s+(?P<n>[A-Za-z_][\w.@+-]*)".into()),
        (Part::MaybeName, r"\b(?:useradd|adduser|usermod|userdel|deluser|passwd|chage)\s.*\s(?P<n>[a-z_][\w.-]*)\s*$".into()),
        // Accounts of directories, and databases, which are called as their owners are.
        (Part::MaybeName, r"(?i)\b(?:uid|dc|cn|db_?name|database)\s?=\s?(?P<n>[A-Za-z][\w-]{2,})".into()),
        (Part::MaybeName, r"^(?P<n>[^\s:=]+):(?:\{[A-Z][\w.-]*\}|\(hidden\))".into()),
        (Part::MaybeName, r"^(?P<n>\S+)\s+\d+\s+(?:imap|pop3|sieve|managesieve|lmtp|submission)\s+\(".into()),
        (Part::Strings, r"(?i)^\s*(?:INSERT|REPLACE) INTO \S+ (?:\([^)]*\) )?VALUES ?(?P<n>.*)$".into()),
        // Settings of Postfix.
        (Part::Hosts, format!(r"^\s*(?:-o\s+)?(?:{HOST_SETTINGS})\s*=\s*(?P<n>.+)$")),
        (Part::Host, r#"\s-o\s+(?:myhostname|mydomain|myorigin|smtp_helo_name)\s*=\s*(?P<n>[^\s,"'}]+)"#.into()),
        (Part::Names, format!(r"^\s*(?:-o\s+)?(?:{NAME_SETTINGS})\s*=\s*(?P<n>[^\s$].*)$")),
        (Part::MaybePerson, r"^\s*mail_name\s*=\s*(?P<n>[^\s$].*)$".into()),
        (Part::Text, r"^\s*(?:smtpd_banner|mail_name)\s*=.*?(?:E?SMTP)\s+(?P<n>[^$(].*)$".into()),
        (Part::MaybeName, r"\bstatic:\{?(?P<n>[A-Za-z_][\w.+-]*(?:@[\w.-]+)?)".into()),
        (Part::Pairs, r"\binline:\{(?P<n>.*)\}".into()),
        (Part::MaybePerson, r"\b(?:regexp|pcre):\{(?P<n>.*)\}".into()),
        (Part::Name, r"^\s*(?:\[[\w.-]+\](?::[\w-]+)?|[\w.-]+:\d+)\s+(?P<n>[^\s:=@\[\](){}]+):\S".into()),
        // Whom mail of a role, an address or a domain goes to: aliases, virtual.
        (Part::Names, r"(?i)^\s*(?:(?:root|postmaster|hostmaster|webmaster|abuse|admin|info|support|security|mailer-daemon|nobody|www-data)\s*:|[\w.+-]*@[\w.-]+)\s+(?P<n>[\w.@+-]+(?:\s*,\s*[\w.@+-]+)*)\s*$".into()),
        // Numbers that name a machine, tokens that name a domain.
        (Part::Hex, r"(?i)\b(?:machine.?id|boot.?id|serial(?: number)?|fingerprint|_MACHINE_ID|_BOOT_ID|session-id)\W{1,5}(?P<n>[0-9a-f][0-9a-f:]{11,})".into()),
        (Part::Hex, r"(?i)\b(?P<n>[0-9a-f]{2}(?::[0-9a-f]{2}){5,})\b".into()),
        // What was sent, byte by byte, as tcpdump and hexdump show it.
        (Part::Text, r"(?i)^\s*(?:0x[0-9a-f]{4,8}:|0000[0-9a-f]{3,4}:?)\s+(?P<n>(?:[0-9a-f]{2,4}\s+){3,}\S.*)$".into()),
        (Part::Hex, r"^Reference ID\s*: (?P<n>[0-9A-F]{8}) \([\w-]+\.".into()),
        (Part::Hex, r"\b(?:TLSA|SSHFP|DS)\s+\d+ \d+ (?:\d+ )?(?P<n>[0-9A-Fa-f][0-9A-Fa-f ]{15,})".into()),
        (Part::Token, r#"(?i)(?:[\w-]*verification\w*|\bMS|\bms|\bcode|\bdomainkey)=(?P<n>[\w+/=.-]{6,})"#.into()),
        // Public keys and their fingerprints, and Dovecot's sessions, which are made of the client's address.
        (Part::Token, r"\b(?:(?:ssh|ecdsa|sk)-[\w@.-]+ |SHA256:)(?P<n>[A-Za-z0-9+/]{43,}={0,3})".into()),
        (Part::Token, r"(?:\bsession=|\)<\d+>)<(?P<n>[A-Za-z0-9+/]{8,}={0,2})>".into()),
        (Part::Digits, r"(?i)\bIBAN:? ?(?P<n>[A-Z]{2}\d{2}[0-9A-Z ]{10,32}\d)".into()),
        (Part::Token, r#"(?:^|[;\s"])p=(?P<n>[A-Za-z0-9+/]{40,}={0,2})"#.into()),
        (Part::Digits, r"(?:^|[\s(:;,>])(?P<n>\+\d{1,3}[ ./(-]{1,2}\d{1,5}\)?(?:[ ./-]\d{2,9}){1,4}|0\d{2,4} ?[/-] ?\d{5,9})\b".into()),
        (Part::Digits, r"(?i)\b(?:tel|telefon|phone|fon|fax|mobil|mobile|handy|cell)\b\.?:?\s*(?P<n>\+?\d[\d /().-]{4,}\d)".into()),
        // Certificates.
        (Part::Person, r#"(?:\b|_)(?:O|OU|L|ST|GN|SN|STREET|street|organizationName|localityName|stateOrProvinceName|commonName|CN)\s?=\s?(?P<n>"[^"]+"|[^,/="\n][^,/=\n]*)"#.into()),
        (Part::MaybeName, r"\bDNS:(?:\*\.)?(?P<n>[A-Za-z0-9][\w-]*)(?:,|\s|$)".into()),
        // Listings of commands.
        (Part::Name, r"^[0-9A-Za-z]{6,}[*!#]*\s+\d+\s+\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?\s+(?P<n>\S+)\s*$".into()),
        (Part::Name, r"^(?P<n>[A-Za-z_][\w.-]*)\s+(?:(?:pts/\d+|tty\d*|ftpd\d+|\S+:notty|:\d+|console)\s|\*\*Never)".into()),
        (Part::Host, r"^\S+\s+(?:pts/\d+|tty\d*|\S+:notty|:\d+)\s+(?P<n>[A-Za-z][\w.-]*)\s+\w{3} \w{3} [ \d]\d".into()),
        (Part::Name, r"^[bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+ (?P<n>[A-Za-z_][\w.-]*) +\S+ ".into()),
        (Part::Name, r"^[bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+ \S+ +(?P<n>[A-Za-z_][\w.-]*) ".into()),
        (Part::Name, r#"(?:--[ug]id-owner|\bsk[ug]id) "?(?P<n>[A-Za-z_][\w.-]*)"#.into()),
        (Part::MaybeName, r"^\s*(?:[\d*/,-]+\s+){2}(?:[\w*/,-]+\s+){3}(?P<n>[A-Za-z_][\w.-]*)\s+\S".into()),
        (Part::People, r"\bmail\(\) on \[[^\]]*\]: To: (?P<n>.*?)(?: -- |$)".into()),
        (Part::Person, r"(?i)^\s*(?:pretty hostname|location|deployment|sender_fullname)\s*: (?P<n>\S.*)$".into()),
        (Part::MaybePerson, r#"\bsendmail\b.* -F ?(?P<n>"[^"]+"|'[^']+'|[^\s"'-]\S*)"#.into()),
    ];
    let verbs = "reported|opened|created|assigned|changed|edited|written|updated|approved|signed-off|reviewed|modified|installed|configured|bearbeitet|erstellt|gemeldet|geändert|angelegt|eingerichtet";
    let tools = "ping6?|nc|ncat|telnet|ssh|traceroute6?|mtr|tracepath|nslookup|arping|rsh";
    let written: &[(Part, String)] = &[
        // What people write to each other.
        (Part::MaybePerson, format!(r"^(?:> ?)*(?i:hi|hey|hello|hallo|moin|servus|grüezi|guten (?:tag|morgen|abend)|good (?:morning|afternoon|evening)|bonjour|salut|hola|ciao|thanks|thank you|danke|regards|best|cheers|grüße|gruß|lg|vg|mfg|viele grüße|liebe grüße|(?:best|kind|warm) regards|mit freundlichen grüßen|cordialement),? (?P<n>{people})[,.!]?\s*$")),
        (Part::MaybePerson, format!(r"\bschrieb (?P<n>{people})")),
        (Part::MaybePerson, format!(r"\b(?:On|Am|Le) .*[,:] (?P<n>{people})(?: <[^<>]*>)?(?: wrote| a écrit|:)")),
        (Part::MaybePerson, format!(r"\b(?i:(?:{verbs}) (?:by|to|von|an|durch)|requester|reporter|assignee|author|autor|maintainer|bearbeiter|ansprechpartner|contact|kontakt|melder|customer|kunde|owner) ?:? (?P<n>{people})")),
        (Part::MaybeName, format!(r"(?i)^\s*(?:(?:{verbs}) (?:by|to|von|an|durch)|requester|reporter|assignee|author|autor|bearbeiter|melder) ?: +(?P<n>{word})\s*$")),
        (Part::MaybePerson, r"'(?P<n>[^'@<>]{2,60})'@\w".into()),
        // Accounts and machines of Windows.
        (Part::MaybePerson, r#"(?i)\b[a-z]:\\{1,2}(?:users|documents and settings)\\{1,2}(?P<n>[^\\/:*?"<>|]+)"#.into()),
        (Part::MaybeName, r#"(?:^|[\s"'(=:<])[A-Za-z][\w.-]{1,30}\\{1,2}(?P<n>[A-Za-z][\w.-]{2,})(?:$|[\s"'),;:>])"#.into()),
        (Part::MaybeName, r#"(?:^|[\s"'(=:<])(?P<n>[A-Za-z][\w.-]{1,30})\\{1,2}[A-Za-z][\w.-]{2,}(?:$|[\s"'),;:>])"#.into()),
        (Part::MaybePerson, r"(?i)\bx\.?400:.*?;g=(?P<n>[^;/=]+)".into()),
        // Registries of the net.
        (Part::MaybePerson, r"(?i)^(?:netname|descr|org-?name|org-id|person|address|mnt-\w+|nic-hdl|admin-c|tech-c|abuse-c|custname|responsible|remarks)\s*:\s+(?P<n>\S.*)$".into()),
        // Groups, and who is in them.
        (Part::MaybeName, r"(?:=|,)\d+\((?P<n>[A-Za-z_][\w.-]*)\)".into()),
        (Part::MaybeName, r"^(?P<n>[A-Za-z_][\w.-]*):[x*!]?:\d+:[\w.,-]*$".into()),
        (Part::Names, r"^[A-Za-z_][\w.-]*:[x*!]?:\d+:(?P<n>[\w.,-]+)$".into()),
        // Who and what commands are about.
        (Part::MaybeName, r"\bsendmail\b.*? -[fr] ?(?P<n>[\w.+-]+)".into()),
        (Part::MaybeName, format!(r"(?:^|[$#;&|>] ?|\bsudo )(?:{tools})(?: -\S+(?: \d+)?)* (?P<n>[A-Za-z][\w-]*)(?:\s|$)")),
        (Part::MaybeName, r"\b(?:mysql\w*|mariadb\w*|psql|pg_\w+|swaks|ldapsearch|redis-cli|smtp-source)\b.*?\s(?:-[hHs]|--(?:host|server))[= ]?(?P<n>[A-Za-z][\w-]*)(?:[\s:]|$)".into()),
        (Part::MaybeName, r"(?:^|[$#;&|>] ?|\bsudo )(?:scp|rsync)\b.*\s(?P<n>[A-Za-z][\w-]*):".into()),
        // Machines in settings, in exports of the journal and in headers.
        (Part::Host, r"\b(?:inet6?|tcp|smtp|relay|lmtp):\[?(?P<n>[A-Za-z][\w-]*)\]?:(?:\d+|smtps?|submissions?|lmtp)\b".into()),
        (Part::Host, r"\bldaps?://(?P<n>[A-Za-z][\w-]*)(?:[:/,\s]|$)".into()),
        (Part::MaybeName, r"^\s*(?:multi_instance_name|syslog_name)\s*=\s*postfix-(?P<n>[\w-]+)".into()),
        (Part::Host, format!(r"^_HOSTNAME=(?P<n>{host})")),
        (Part::MaybeName, format!(r"(?i)^x-get-message-sender-via: (?P<n>{host}):")),
        (Part::MaybeName, r"(?i)^(?:arc-)?authentication-results: (?:i=\d+; )?(?P<n>[A-Za-z][\w-]*)[; ]".into()),
        // Zones, and what a client of SMTP shows.
        (Part::MaybeName, format!(r"^(?:\s*\d+\s+|traceroute\d? to |PING |\d+ bytes from )?(?P<n>{host}) \((?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\)")),
        (Part::MaybeName, r"^(?P<n>[A-Za-z][\w-]*)\s+(?:\d+\w?\s+)?(?:IN\s+)?(?:A|AAAA|CNAME|MX|TXT|SRV)\s".into()),
        (Part::MaybeName, r"\bIN\s+(?:MX\s+\d+|CNAME|NS|PTR)\s+(?P<n>[A-Za-z][\w-]*)\.?\s*$".into()),
        (Part::MaybeName, r"\b(?:Trying|Connected to) (?P<n>[A-Za-z][\w-]*)[.:]".into()),
        (Part::MaybeName, r"\b220[- ](?P<n>[A-Za-z][\w-]*) E?SMTP\b".into()),
        // Addresses as /proc/net/tcp has them.
        (Part::Hex, r"(?:^\s*\d+: |:[0-9A-F]{4} )(?P<n>[0-9A-F]{8}(?:[0-9A-F]{24})?)".into()),
    ];
    // A line of a log begins with its time, which the first of those that look for a beginning look for, too.
    let begins = |pattern: &str| pattern.trim_start_matches("(?i)").starts_with('^') && !pattern.starts_with(&format!("^{log}"));
    let many = list.len();
    let all: Vec<&(Part, String)> = list.iter().chain(written).collect();
    let some = |of_written: bool| {
        let is_one = |at: &usize| (*at >= many || begins(&all[*at].1)) == of_written;
        let places: Vec<usize> = (0..all.len()).filter(is_one).collect();
        let marks = Marks::new(places.iter().map(|at| literals::of(&all[*at].1, false, MARKS).0));
        Group { marks, places }
    };
    Contexts {
        anywhere: some(false),
        written: some(true),
        patterns: all.into_iter().map(|(part, pattern)| (*part, regex(pattern))).collect(),
    }
});

/// The kind of what stands in a line of a log, between its addresses: nothing in it begins a line.
pub(super) const LOG_FIELD: &str = "field of a log";

/// Whether nothing of what is written can be found in `text`.
fn is_of_log(kind: Option<&str>, text: &str) -> bool {
    let begins = |shape: &[u8]| {
        text.len() > shape.len()
            && text.bytes().zip(shape).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit() || byte == b' ',
                b'a' => byte.is_ascii_alphabetic(),
                other => byte == *other,
            })
    };
    kind == Some(LOG_FIELD) || begins(b"aaa 00 00:00:00 ") || begins(b"0000-00-00T00:00:00")
}

/// What a line of a file of one kind holds besides.
static OF_KIND: LazyLock<Vec<(&'static str, Part, Regex)>> = LazyLock::new(|| {
    [
        ("passwd", Part::Name, r"^(?P<n>[A-Za-z_][\w.+-]*):[^:]*:\d+:\d+:"),
        ("passwd", Part::Person, r"^[^:\s]+:[^:]*:\d+:\d+:(?P<n>[^:]*[^:,]),*:"),
        ("ps", Part::Name, r"^(?P<n>[A-Za-z_][\w.+-]*)\s+\d+\s"),
        ("ps", Part::MaybeName, r"\s-u ?(?P<n>[A-Za-z_][\w.-]*)"),
        ("hostname", Part::Host, r"^\s*(?P<n>[A-Za-z0-9][\w.-]*)\s*$"),
        ("mailname", Part::Host, r"^\s*(?P<n>[A-Za-z0-9][\w.-]*)\s*$"),
        ("postqueue", Part::Name, r"^\s{10,}(?P<n>[^\s()]+)\s*$"),
        ("qshape", Part::Host, r"^\s*(?P<n>[\w-]+(?:\.[\w-]+)+)(?:\.\.)?\s+\d+\s+\d"),
        ("top", Part::Name, r"^\s*\d+\s+(?P<n>[A-Za-z_][\w.-]*\+?)\s+(?:-?\d+|rt)\s+-?\d+\s"),
        ("top", Part::Name, r"^\s*\d+\s+\d+\s+(?P<n>[A-Za-z_][\w.-]*\+?)\s+[A-Z]"),
        ("lsof", Part::Name, r"^\S+\s+\d+\s+(?P<n>[A-Za-z_][\w.-]*)\s+(?:\d+[a-zA-Z]*|cwd|txt|mem|rtd)\s"),
        ("web-access", Part::Name, r"^\S+(?: \S+)? \S+ (?P<n>[^\s\[-]\S*) \["),
        ("aliases", Part::Name, r##"^"?(?P<n>[^:"#\s][^:"#]*)"?\s*:"##),
        ("aliases", Part::Names, r##"^(?:"[^"]*"|[^:"#\s]*)\s*:\s*(?P<n>\S.*)$"##),
        ("aliases", Part::Names, r"^\s+(?P<n>[^\s#].*)$"),
        ("table of names", Part::MaybePerson, r"^/(?P<n>\S+)/\w*\s"),
        ("table of names", Part::Name, r"^(?P<n>[^\s#/]\S*)(?:\s|$)"),
        ("table of names", Part::Names, r"^[^\s#]\S*\s+(?P<n>\S.*)$"),
        ("table", Part::MaybePerson, r"^/(?P<n>\S+)/\w*\s"),
        ("table", Part::Name, r"^\S+\s+(?P<n>[^\s:=]+):\(hidden\)"),
        ("table", Part::Hosts, r#"^"?(?P<n>\[?[\w-]+(?:\.[\w-]+)+\]?(?::[\w-]+)?)"?(?:\s|$)"#),
        ("table", Part::MaybeName, r"^(?P<n>[^\s#/]\S*)(?:\s|$)"),
    ]
    .into_iter()
    .map(|(kind, part, pattern)| (kind, part, regex(pattern)))
    .collect()
});

/// The names in `text` that their neighbours give away, by where they start: where they end, and what they are. `kind` is the
/// kind of evidence of the file.
pub(super) fn named(sieve: &Sieve, kind: Option<&str>, text: &str) -> BTreeMap<usize, (usize, Part)> {
    // By their starts, so that a long line costs no more than it must.
    let mut named: BTreeMap<usize, (usize, Part)> = BTreeMap::new();
    let mut note = |part: Part, regex: &Regex| {
        // Many do not match, and to learn that costs less than where.
        if !regex.is_match(text) {
            return;
        }
        for found in regex.captures_iter(text) {
            let Some(name) = found.name("n") else { continue };
            if named.range(..name.end()).next_back().is_none_or(|(_, (end, _))| *end <= name.start()) {
                named.insert(name.start(), (name.end(), part));
            }
        }
    };
    for (known, part, regex) in OF_KIND.iter() {
        if kind == Some(*known) {
            note(*part, regex);
        }
    }
    let Contexts { patterns, anywhere, written } = &*CONTEXTS;
    let texts = || anywhere.places.iter().map(|at| patterns[*at].1.as_str()).collect();
    let mut possible: Vec<usize> = sieve.possible(&anywhere.marks, &texts, text).map(|at| anywhere.places[at]).collect();
    if !is_of_log(kind, text) {
        possible.extend(written.marks.possible(text).map(|at| written.places[at]));
        possible.sort_unstable();
    }
    for (part, regex) in possible.into_iter().map(|at| &patterns[at]) {
        note(*part, regex);
    }
    named
}

/// Lines within which a heading stands.
pub(super) const HEADING: usize = 3;

/// The heading of a table of values that a sign divides: what its columns hold.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    /// What divides the cells; none where they are aligned, of which only the first is found.
    sign: Option<char>,
    columns: Vec<Option<Part>>,
}

impl Heading {
    /// The heading that `line` is, if at least one of its columns is of names.
    pub(super) fn of(line: &str) -> Option<Heading> {
        let sign = ['\t', ';', ',', '|'].into_iter().find(|sign| line.contains(*sign));
        let columns: Vec<Option<Part>> = match sign {
            Some(sign) => line.split(sign).map(|cell| of_key(bare(cell))).collect(),
            // `Username  Quota name  Type`, and no sentence.
            None if is_aligned(line) => line.split_whitespace().take(1).map(of_key).collect(),
            None => return None,
        };
        columns.iter().any(Option::is_some).then_some(Heading { sign, columns })
    }

    /// The names in a row, and what they are.
    pub(super) fn names<'t>(&self, row: &'t str) -> impl Iterator<Item = (Part, &'t str)> {
        let cells = row.split(move |c: char| self.sign.map_or(c.is_whitespace(), |sign| c == sign)).map(bare);
        cells.zip(&self.columns).filter_map(|(cell, part)| part.filter(|_| !cell.is_empty()).map(|part| (part, cell)))
    }
}

/// Whether it is the heading of aligned columns: words that begin with capitals, more than a name has.
fn is_aligned(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let capitals = words.iter().filter(|word| word.starts_with(char::is_uppercase)).count();
    words.len() >= 4 && 2 * capitals > words.len() && !line.ends_with(['.', ':', ','])
}

/// A cell without spaces and quotes around it.
fn bare(cell: &str) -> &str {
    cell.trim().trim_matches(['"', '\'']).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_walk_over_a_line_of_a_log_tells_which_patterns_may_match() {
        assert!(CONTEXTS.anywhere.places.len() <= 128, "{} patterns", CONTEXTS.anywhere.places.len());
    }

    #[test]
    fn what_only_begins_a_line_is_not_looked_for_in_a_log() {
        for (kind, text, is_of_log) in [
            (None, "Nov  2 10:00:00 mx1 postfix/smtp[1]: x", true),
            (None, "2026-11-12T10:00:00+01:00 mx1 x", true),
            (Some("maillog"), "Reported by: Maria Krautwurst", false),
            (None, "Nov 12 we saw it", false),
            (Some(LOG_FIELD), "myhostname = x", true),
        ] {
            assert_eq!(super::is_of_log(kind, text), is_of_log, "{text}");
        }
    }
}
