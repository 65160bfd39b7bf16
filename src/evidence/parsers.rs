//! The parsers by name: a parser is a function in a file of this folder and one line here. What each reads, how files
//! are recognised as its input and how they are collected stands in `rules/evidence/*.yaml`.

use super::document::{Document, Sink};
use super::{
    bounce, clock, df, dig, firewall, headers, host_lookup, kernel, load, names, nc, openssl, postcat, ps, queue_json,
    queue_listing, sar, services, settings, state, system,
};

/// A parser of small evidence: reads the document, adds records, counts what it did not understand.
pub type Parse = fn(&Document<'_>, &mut Sink<'_>);

/// Every parser, by the name that `rules/evidence/*.yaml` uses.
pub static PARSERS: &[(&str, Parse)] = &[
    ("bounce", bounce::parse),
    ("clock", clock::parse),
    ("df", df::parse),
    ("dmesg", kernel::dmesg),
    ("firewall", firewall::parse),
    ("dig", dig::parse),
    ("free", load::free),
    ("getent", host_lookup::getent),
    ("headers", headers::parse),
    ("host-lookup", host_lookup::host),
    ("hostnamectl", state::hostnamectl),
    ("iostat", state::iostat),
    ("hostname", names::hostname),
    ("hosts", names::hosts_file),
    ("listeners", system::listening),
    ("mailname", names::mailname),
    ("meminfo", state::meminfo),
    ("nc", nc::dev_tcp_status),
    ("nslookup", host_lookup::nslookup),
    ("openssl", openssl::parse),
    ("passwd", system::passwd),
    ("postcat", postcat::parse),
    ("postfix-status", state::services),
    ("pressure", state::pressure),
    ("ps", ps::parse),
    ("public-ip", names::public_ip),
    ("qshape", state::qshape),
    ("queue-json", queue_json::parse),
    ("queue-listing", queue_listing::parse),
    ("resolv-conf", names::resolv_conf),
    ("resolvectl", state::resolvectl),
    ("sar", sar::parse),
    ("services", services::parse),
    ("settings", settings::parse),
    ("top", state::top),
    ("uname", system::uname),
    ("uptime", load::uptime),
    ("vmstat", load::vmstat),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Tables;

    /// One sample of each kind of text that a parser may meet, its own or another's.
    const SAMPLES: &[&str] = &[
        "Received: from a (b [192.0.2.1]) by c with ESMTPS id d; Mon, 23 Nov 2026 10:00:02 -0800\nAuthentication-Results: mx; spf=pass smtp.mailfrom=a@b\nFrom: <a@b>\n",
        "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n4F2C41A2B3*    1389 Fri Jul 31 10:25:10  MAILER-DAEMON\n(connect to mx[192.0.2.7]:25: refused)\n      user@example.net\n\n-- 2 Kbytes in 1 Request.\n",
        "{\"queue_name\": \"deferred\", \"queue_id\": \"0CE5562\", \"arrival_time\": 1794474544, \"message_size\": 667, \"sender\": \"a@b\", \"recipients\": [{\"address\": \"c@d\", \"delay_reason\": \"x\"}]}\n",
        "myhostname = mail.example.com\nmydestination = a,\n    b\nrelayhost =\n",
        "smtp inet n - y - - smtpd\n  -o x=y\n",
        "; <<>> DiG 9.18 <<>> -x 192.0.2.1\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;; QUESTION SECTION:\n;1.2.0.192.in-addr.arpa.\tIN\tPTR\n;; ANSWER SECTION:\n1.2.0.192.in-addr.arpa. 0\tIN\tPTR\tmail.example.com.\n",
        "nc: connect to mx (192.0.2.1) port 25 (tcp) timed out: Operation now in progress\nConnection to mx (192.0.2.1) 25 port [tcp/smtp] succeeded!\nmx [192.0.2.1] 25 (smtp) open\n",
        "CONNECTION ESTABLISHED\nProtocol version: TLSv1.3\nVerification error: certificate has expired\nnotAfter=Nov 20 00:00:00 2026 GMT\n",
        "Local time: Mon 2026-11-23 19:10:07 UTC\nUniversal time: Mon 2026-11-23 19:10:07 UTC\nRTC time: Thu 2026-11-12 11:40:06\nTime zone: Etc/UTC (UTC, +0000)\nThu Nov 12 11:40:00 UTC 2026\n",
        "Filesystem Size Used Avail Use% Mounted on\n/dev/mapper/very-long\n 25G 5.0M 25G 1% /\ntmpfs 64M 64M 0 100% /var/spool/postfix\n",
        "               total        used        free      shared  buff/cache   available\nMem:           24105         650       22358           9        1397       23454\nSwap: 0 0 0\n",
        " 11:40:00 up 136 days,  5:16,  0 user,  load average: 1.17, 1.27, 1.21\n",
        "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\nroot 1 0.0 0.0 7880 5004 ? S Jun29 0:00 /sbin/init\n",
        "procs -----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n 1 0 0 1 1 1 0 0 1 1 1 1 1 1 1 1 1\n 1 0 0 1 1 1 0 0 1 1 1 1 1 1 1 1 1\n",
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nLISTEN 0 100 [::]:25 [::]:* users:((\"master\",pid=1,fd=12))\n",
        "127.0.0.1 localhost\nnameserver 192.0.2.53\nroot:x:0:0:root:/root:/bin/bash\nmail.example.com\n",
        "é\u{202e}\u{0}[(<=:%-/+ ] ) > ü 9999999999999999999999 -9 1e999 ::: ((( {\"queue_id\":",
    ];

    #[test]
    fn no_parser_panics_on_any_beginning_of_any_text() {
        for (name, parse) in PARSERS {
            for sample in SAMPLES {
                let ends = sample.char_indices().map(|(at, _)| at).chain([sample.len()]);
                for end in ends {
                    let mut tables = Tables::default();
                    let mut sink = Sink { tables: &mut tables, unparsed: Vec::new(), covers: None };
                    let text = &sample[..end];
                    let doc = Document {
                        file: 0,
                        path: name,
                        text,
                        command: None,
                        first_line: 1,
                        zone_offset: 0,
                        collected_at: None,
                        companions: &[],
                    };
                    parse(&doc, &mut sink);
                    let lines = text.lines().count() as u32;
                    assert!(
                        sink.unparsed.iter().all(|line| (1..=lines.max(1)).contains(line)),
                        "{name} names a line that is not there"
                    );
                }
            }
        }
    }
}
