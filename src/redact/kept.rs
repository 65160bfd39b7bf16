//! What names nobody and stays: roles, accounts of the system, labels that say what a host does, public domains.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words of logs, tools and rules, and those of the report itself. A person may be called so, too; where such a word stands alone in a text it is taken
/// for the word, since replacing it would change what the text says.
static LEXICON: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let templates = crate::embedded::TEMPLATES.iter().filter(|(name, ..)| !name.ends_with(".md"));
    let schema = crate::report::schema::report().to_string();
    let texts = templates.map(|(_, text, _)| *text).chain([schema.as_str()]);
    let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic())).filter(|word| word.len() > 2);
    include_str!("lexicon.txt").lines().map(str::to_owned).chain(words.map(str::to_lowercase)).collect()
});

/// Roles (RFC 2142) and accounts that systems and programs bring along, beside [`ROLES`].
const ACCOUNTS: &[&str] = &[
    "abuse",
    "adm",
    "admin",
    "administrator",
    "all",
    "amavis",
    "anonymous",
    "apache",
    "apache2",
    "avahi",
    "backup",
    "bin",
    "bind",
    "chrony",
    "clamav",
    "courier",
    "cron",
    "cyrus",
    "daemon",
    "dbus",
    "debian-spamd",
    "debian-tor",
    "delist",
    "double-bounce",
    "dovecot",
    "dovenull",
    "exim",
    "exim4",
    "fail2ban",
    "fbl",
    "feedback",
    "ftp",
    "games",
    "git",
    "gnats",
    "guest",
    "halt",
    "hostmaster",
    "http",
    "httpd",
    "info",
    "irc",
    "landscape",
    "lmtp",
    "lp",
    "lxd",
    "mail",
    "mailer-daemon",
    "mailman",
    "mailnull",
    "man",
    "messagebus",
    "milter",
    "munin",
    "mysql",
    "nagios",
    "named",
    "netdata",
    "nginx",
    "nobody",
    "noc",
    "ntp",
    "opendkim",
    "opendmarc",
    "operator",
    "php",
    "php-fpm",
    "plesk",
    "polkitd",
    "pollinate",
    "postdrop",
    "postfix",
    "postgres",
    "postgrey",
    "postmaster",
    "proxy",
    "psaadm",
    "redis",
    "removal",
    "rfc822",
    "root",
    "rpc",
    "rspamd",
    "rsyslog",
    "sales",
    "sasl",
    "saslauth",
    "security",
    "shutdown",
    "smmsp",
    "smmta",
    "snapd",
    "spamassassin",
    "spamd",
    "sshd",
    "sssd",
    "sudo",
    "support",
    "sync",
    "sys",
    "syslog",
    "systemd-bus-proxy",
    "systemd-coredump",
    "systemd-network",
    "systemd-oom",
    "systemd-resolve",
    "systemd-timesync",
    "tcpdump",
    "tss",
    "ubuntu",
    "unbound",
    "unblock",
    "undisclosed-recipients",
    "unknown",
    "usbmux",
    "usenet",
    "user",
    "uucp",
    "uuidd",
    "vmail",
    "vscan",
    "webmaster",
    "www",
    "www-data",
    "wwwrun",
    "zabbix",
    "_apt",
    "_chrony",
];

/// What mail of a mailing, of a web site or of another program is sent as: with a number or a name behind it, this part stays.
const ROLES: &[&str] = &[
    "account",
    "accounts",
    "angebot",
    "angebote",
    "announce",
    "announcement",
    "announcements",
    "automated",
    "bounce",
    "bounces",
    "bulk",
    "campaign",
    "campaigns",
    "confirm",
    "confirmation",
    "confirmations",
    "digest",
    "do-not-reply",
    "donotreply",
    "drupal",
    "infobrief",
    "infomail",
    "joomla",
    "kampagne",
    "list",
    "lists",
    "mailer",
    "mailing",
    "mailings",
    "marketing",
    "news",
    "newsletter",
    "newsletters",
    "no-reply",
    "noreply",
    "notification",
    "notifications",
    "notify",
    "offer",
    "offers",
    "promo",
    "promos",
    "promotion",
    "promotions",
    "register",
    "registration",
    "robot",
    "rundbrief",
    "sign-up",
    "signup",
    "subscribe",
    "subscription",
    "subscriptions",
    "verification",
    "verify",
    "web",
    "welcome",
    "wordpress",
];

/// The role that a name begins with, the sign behind it if there is one, and whose it is: `bounce-91`, `web17`.
pub(super) fn role(name: &str) -> Option<(&str, &str)> {
    ROLES
        .iter()
        .filter_map(|role| {
            let start = name.get(..role.len()).filter(|start| start.eq_ignore_ascii_case(role))?;
            let rest = &name[start.len()..];
            let is_number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
            let length = start.len() + usize::from(!is_number && rest.starts_with(['-', '_', '.']));
            (is_number || length > start.len() && name.len() > length).then(|| name.split_at(length))
        })
        .max_by_key(|(role, _)| role.len())
}

/// Labels of host names that say what a host does and not whose it is; digits may follow.
const SERVICES: &[&str] = &[
    "a",
    "api",
    "app",
    "autoconfig",
    "autodiscover",
    "b",
    "campaign",
    "campaigns",
    "crm",
    "em",
    "info",
    "mailing",
    "mailings",
    "marketing",
    "mkt",
    "news",
    "promo",
    "backup",
    "c",
    "d",
    "db",
    "default",
    "dns",
    "ec2",
    "email",
    "ex",
    "exchange",
    "ftp",
    "gateway",
    "gw",
    "host",
    "imap",
    "in",
    "inbound",
    "ip",
    "ip-",
    "ldap",
    "list",
    "lists",
    "localhost",
    "localdomain",
    "m",
    "mail",
    "mail-",
    "mailgate",
    "mailhost",
    "mailrelay",
    "mailserver",
    "mgmt",
    "mta",
    "mta-",
    "mx",
    "mx-",
    "newsletter",
    "ns",
    "out",
    "outbound",
    "pop",
    "pop3",
    "relay",
    "relay-",
    "server",
    "smarthost",
    "smtp",
    "smtp-",
    "smtpin",
    "smtpout",
    "spf",
    "srv",
    "static",
    "vm",
    "vps",
    "web",
    "webmail",
    "www",
    "clients",
    "cust",
    "customer",
    "dyn",
    "dynamic",
    "dip",
    "pool",
    "dkim",
    "s",
    "selector",
    "google",
    "k",
    "key",
    "unknown",
    "dmarc",
    "bounce",
    "bounces",
    "lmtp",
    "internal",
    "intern",
    "lan",
    "local",
    "prod",
    "test",
    "staging",
    "dev",
    "cluster",
];

/// Top-level domains. A dotted word that ends in none of them is taken for a host name only where one must stand.
/// Country codes are all pairs of letters.
const TOP_LEVEL: &[&str] = &[
    "com",
    "net",
    "org",
    "info",
    "biz",
    "name",
    "pro",
    "edu",
    "gov",
    "mil",
    "int",
    "eu",
    "arpa",
    "aero",
    "asia",
    "cat",
    "coop",
    "jobs",
    "mobi",
    "museum",
    "post",
    "tel",
    "travel",
    "app",
    "art",
    "berlin",
    "blog",
    "business",
    "cafe",
    "camp",
    "capital",
    "care",
    "center",
    "church",
    "city",
    "cloud",
    "club",
    "community",
    "company",
    "consulting",
    "design",
    "dev",
    "digital",
    "directory",
    "email",
    "energy",
    "engineering",
    "events",
    "expert",
    "family",
    "farm",
    "fashion",
    "finance",
    "fit",
    "fun",
    "games",
    "global",
    "gmbh",
    "group",
    "guru",
    "hamburg",
    "health",
    "hosting",
    "house",
    "immo",
    "ink",
    "institute",
    "koeln",
    "land",
    "legal",
    "life",
    "link",
    "live",
    "ltd",
    "management",
    "market",
    "marketing",
    "media",
    "moe",
    "network",
    "news",
    "nrw",
    "one",
    "online",
    "page",
    "partners",
    "photo",
    "photos",
    "place",
    "press",
    "productions",
    "review",
    "ruhr",
    "saarland",
    "sale",
    "school",
    "science",
    "services",
    "shop",
    "site",
    "social",
    "software",
    "solutions",
    "space",
    "store",
    "studio",
    "support",
    "swiss",
    "systems",
    "team",
    "tech",
    "technology",
    "tips",
    "today",
    "tools",
    "top",
    "tours",
    "trade",
    "training",
    "tube",
    "university",
    "vip",
    "web",
    "website",
    "wien",
    "wiki",
    "win",
    "work",
    "works",
    "world",
    "xyz",
    "yoga",
    "zone",
    "bayern",
    "tirol",
    "paris",
    "london",
    "amsterdam",
    "vlaanderen",
    "gal",
    "eus",
    "bzh",
    "corsica",
    "scot",
    "wales",
    "cymru",
    "quebec",
    "nyc",
    "miami",
    "vegas",
    "boston",
    "tokyo",
    "osaka",
    "moscow",
    "istanbul",
    "sydney",
    "melbourne",
    // Special use (RFC 6761, RFC 6762, RFC 2606, RFC 9476) and what networks use without asking.
    "example",
    "test",
    "invalid",
    "localhost",
    "local",
    "localdomain",
    "lan",
    "internal",
    "intern",
    "home",
    "corp",
    "private",
    "domain",
    "intranet",
    "alt",
    "onion",
    "workgroup",
];

/// Endings that are those of files, too: such a word is a host name only where it is no part of a path.
const FILE_ENDINGS: &[&str] = &[
    "cf", "py", "pl", "pm", "sh", "so", "rs", "md", "zip", "cc", "ps", "db", "ini", "in", "al", "la", "gz", "ac", "am", "do",
    "id", "pid",
];

/// How names of files end, and no host does: what stands before it may be one.
const DOCUMENTS: &[&str] = &[
    "asp", "aspx", "bak", "cert", "cnf", "conf", "crt", "csr", "csv", "eml", "gz", "htm", "html", "json", "key", "log", "mbox",
    "old", "out", "pem", "php", "private", "sql", "tar", "tgz", "txt", "xml", "yaml", "yml", "zip",
];

/// Second-level registries below country codes, kept as the country code is.
const REGISTRIES: &[&str] = &["co", "com", "net", "org", "or", "ac", "gov", "edu", "ne", "go", "gob", "gv"];

/// Domains that everybody knows and that belong to none of the parties of an incident: lists, tools, standards.
const PUBLIC: &[&str] = &[
    "spamhaus.org",
    "spamhaus.com",
    "spamhaus.net",
    "spamcop.net",
    "barracudacentral.org",
    "barracudacentral.com",
    "sorbs.net",
    "uceprotect.net",
    "backscatterer.org",
    "psbl.org",
    "surriel.com",
    "mailspike.net",
    "mailspike.org",
    "manitu.net",
    "abuseat.org",
    "njabl.org",
    "dsbl.org",
    "invaluement.com",
    "uribl.com",
    "surbl.org",
    "senderbase.org",
    "senderscore.org",
    "senderscore.com",
    "talosintelligence.com",
    "dnswl.org",
    "hostkarma.junkemailfilter.com",
    "junkemailfilter.com",
    "nixspam.net",
    "inps.de",
    "s5h.net",
    "spfbl.net",
    "truncate.gbudb.net",
    "gbudb.net",
    "0spam.org",
    "abusix.zone",
    "abusix.com",
    "abuse.ch",
    "msrbl.net",
    "ahbl.org",
    "unsubscore.com",
    "lashback.com",
    "fmb.la",
    "rfc-clueless.org",
    "dnsbl.org",
    "mxtoolbox.com",
    "open-spf.org",
    "openspf.org",
    "openspf.net",
    "dmarc.org",
    "postfix.org",
    "dovecot.org",
    "ietf.org",
    "rfc-editor.org",
    "iana.org",
    "icann.org",
    "isc.org",
    "debian.org",
    "ubuntu.com",
    "canonical.com",
    "redhat.com",
    "centos.org",
    "almalinux.org",
    "rockylinux.org",
    "fedoraproject.org",
    "opensuse.org",
    "suse.com",
    "archlinux.org",
    "freebsd.org",
    "kernel.org",
    "gnu.org",
    "openssl.org",
    "nmap.org",
    "openssh.com",
    "libssh.org",
    "letsencrypt.org",
    "lencr.org",
    "digicert.com",
    "sectigo.com",
    "globalsign.com",
    "ntp.org",
    "pool.ntp.org",
    "ntp.ubuntu.com",
    "root-servers.net",
    "gtld-servers.net",
    "pathdump.com",
    "maawg.org",
    "m3aawg.org",
    "certified-senders.org",
    "returnpath.com",
    "validity.com",
    "ifconfig.me",
    "ipify.org",
    "icanhazip.com",
    "wordpress.org",
    "mozilla.org",
    "apache.org",
    "nginx.org",
    "microsoft.com",
    "googleapis.com",
    "onmicrosoft.com",
    "1e100.net",
    "amazonses.com",
    "docker.com",
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "quay.io",
    "sentry.io",
    "slack.com",
    "mailgun.net",
    "akamai.net",
    "spectrum.com",
    // Issuers of certificates, whose names a certificate bears.
    "actalis.it",
    "buypass.com",
    "certum.pl",
    "comodo.com",
    "comodoca.com",
    "d-trust.net",
    "entrust.net",
    "geotrust.com",
    "godaddy.com",
    "identrust.com",
    "quovadisglobal.com",
    "ssl.com",
    "starfieldtech.com",
    "swisssign.com",
    "t-telesec.com",
    "telesec.de",
    "thawte.com",
    "usertrust.com",
    "verisign.com",
];

/// Domains that everybody knows, below which the labels name somebody: the domain stays, they do not.
const HOSTED: &[&str] = &[
    "example.com",
    "example.net",
    "example.org",
    "plesk.com",
    "plesk.page",
    "cpanel.net",
    "windows.net",
    "googleusercontent.com",
    "office.com",
    "sharepoint.com",
    "cloudfront.net",
    "amazonaws.com",
    "github.com",
    "github.io",
    // Lines of providers' customers: that a client is one of these is a finding of its own.
    "t-ipconnect.de",
    "t-dialin.net",
    "vodafone-ip.de",
    "telefonica.de",
    "wanadoo.fr",
    "proxad.net",
    "sfr.net",
    "btcentralplus.com",
    "virginm.net",
    "rr.com",
    "verizon.net",
    "chello.at",
    "bluewin.ch",
    "ziggo.nl",
    "telecomitalia.it",
];

/// Labels of clouds below these: services and zones.
const OF_CLOUDS: &[&str] =
    &["blob", "compute", "compute-1", "core", "database", "elb", "email", "email-smtp", "file", "rds", "s3", "ses", "webhook"];

/// Domains below which the first label names a customer: the domain of that customer with dashes, or a number.
const CUSTOMER_ZONES: &[&str] = &[
    "mail.protection.outlook.com",
    "mx.microsoft",
    "onmicrosoft.com",
    "pphosted.com",
    "ppe-hosted.com",
    "iphmx.com",
    "mail.eo.outlook.com",
    "mx.mailprotect.be",
    "gpphosted.com",
];

/// Whether the word belongs to the language of logs.
pub(super) fn is_vocabulary(word: &str) -> bool {
    LEXICON.contains(word)
}

/// Whether the account is a role or one of the system's, without regard to case.
pub(super) fn is_account(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| ACCOUNTS.iter().chain(ROLES).copied().collect());
    ALL.contains(name.as_str())
}

/// Whether the label says what a host does.
pub(super) fn is_service(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit());
    label.starts_with('_') || label == "*" || SERVICES.contains(&stem) && label.len() - stem.len() <= 3
}

/// Whether `label` is a top-level domain.
pub(super) fn is_top_level(label: &str) -> bool {
    static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| TOP_LEVEL.iter().copied().collect());
    if label.len() == 2 {
        // Endings of files that are no country's: BEFORE.tar.gz
        let is_of_file = ["db", "gz"].iter().any(|ending| label.eq_ignore_ascii_case(ending));
        return label.bytes().all(|byte| byte.is_ascii_alphabetic()) && !is_of_file;
    }
    let label = label.to_ascii_lowercase();
    label.starts_with("xn--") || ALL.contains(label.as_str())
}

/// Whether names may end so without being host names.
pub(super) fn is_file_ending(label: &str) -> bool {
    FILE_ENDINGS.contains(&label.to_ascii_lowercase().as_str())
}

/// The name of a document without its ending; none if it has none of those that no host has.
pub(super) fn document(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    // Old logs have numbers.
    let is_old = !ending.is_empty() && ending.len() < 4 && ending.bytes().all(|byte| byte.is_ascii_digit());
    let stem = (is_old || DOCUMENTS.contains(&ending.to_ascii_lowercase().as_str())).then_some(stem)?;
    // acme.de-error.log, acme.de_access.log
    let uses = ["error", "access", "ssl"].map(|what| ["-", "_", "."].map(|sign| format!("{sign}{what}")));
    Some(uses.iter().flatten().fold(stem, |stem, end| stem.strip_suffix(end.as_str()).unwrap_or(stem)))
}

/// Whether `label` stands below a country code as a registry.
pub(super) fn is_registry(label: &str) -> bool {
    REGISTRIES.contains(&label.to_ascii_lowercase().as_str())
}

/// The public domain that `host` (lower case) is, or is below.
pub(super) fn public_domain(host: &str) -> Option<&'static str> {
    PUBLIC.iter().copied().find(|known| is_below(host, known))
}

/// The domain that everybody knows below which `host` (lower case) names somebody, or which it is.
pub(super) fn hosted_domain(host: &str) -> Option<&'static str> {
    HOSTED.iter().copied().find(|known| is_below(host, known))
}

/// Whether a label (lower case) below such a domain is the cloud's own: a service or a region (`eu-west-1`).
pub(super) fn is_of_cloud(label: &str) -> bool {
    let mut parts = label.split('-');
    let is_area = parts.next().is_some_and(|area| area.len() == 2 && area.bytes().all(|byte| byte.is_ascii_lowercase()));
    let is_number =
        parts.next_back().is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    let is_side = |side: &str| {
        let side = side.trim_start_matches("north").trim_start_matches("south");
        ["", "east", "west", "central", "gov"].contains(&side)
    };
    OF_CLOUDS.contains(&label) || is_area && is_number && parts.all(is_side)
}

/// The zone below which `host` (lower case) names a customer.
pub(super) fn customer_zone(host: &str) -> Option<&'static str> {
    CUSTOMER_ZONES.iter().copied().find(|zone| host.len() > zone.len() && is_below(host, zone))
}

/// Whether `host` is `domain` or ends in it.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
