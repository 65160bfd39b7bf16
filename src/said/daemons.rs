//! The programs of Postfix, by the names under which they log.

/// Declares the names under which Postfix programs log, and the look-up that gives their static name.
macro_rules! daemons {
    ($($name:literal)*) => {
        /// The static name of a Postfix program, as it appears at the end of a program name.
        pub(crate) fn known_daemon(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some($name),)*
                _ => None,
            }
        }
    };
}

daemons! {
    "smtp" "smtpd" "lmtp" "qmgr" "oqmgr" "nqmgr" "cleanup" "pickup" "bounce" "defer" "trace" "local" "virtual" "pipe"
    "error" "retry" "discard" "relay" "proxymap" "proxywrite" "trivial-rewrite" "rewrite" "anvil" "scache" "verify" "flush"
    "showq" "tlsmgr" "tlsproxy" "postscreen" "dnsblog" "postlogd" "master" "spawn" "qmqpd" "qmqp-sink" "smtp-sink" "smtp-source"
    "postfix-script" "postsuper" "postqueue" "sendmail" "postdrop" "postmap" "postalias" "postlog" "postmulti" "postconf"
    "postkick" "postlock" "postcat" "postfix" "postfix-wrapper" "postfix-tls-script" "post-install" "postmulti-script"
    "newaliases" "mailq" "nullmail" "aliasesdb" "fsstone" "postfix-files" "set-permissions"
}

/// Whether a program of this name is one of Postfix.
pub(crate) fn is_of_postfix(name: &str) -> bool {
    known_daemon(name).is_some()
}

/// The static name of a daemon; empty for another program.
pub(crate) fn postfix_daemon_name(daemon: &str) -> &'static str {
    known_daemon(daemon).unwrap_or_default()
}

/// A program name taken apart: `postfix/submission/smtpd` is instance `postfix/submission`, daemon `smtpd`. None if it is
/// not Postfix's.
pub fn postfix_daemon(tag: &str) -> Option<(&str, &'static str)> {
    let (instance, daemon) = match memchr::memrchr(b'/', tag.as_bytes()) {
        Some(at) => (&tag[..at], &tag[at + 1..]),
        None if tag == "postfix" => ("postfix", "postfix"),
        None => return None,
    };
    known_daemon(daemon).map(|daemon| (instance, daemon))
}
