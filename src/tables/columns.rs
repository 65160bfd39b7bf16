//! The tables and their fields: names, types, units, and what each holds, in one place.

use super::{Column, Field, Named, Table, Type, Unit};

/// A field's name without the `r#` that Rust needs before its keywords.
const fn plain(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Declares the tables: for each a module with its [`Table`] and one [`Column`] constant a field.
/// `@asked` before the type marks a field that says what was asked; `in UNIT` after it says what a number counts, and a list has
/// the only words that it can hold.
macro_rules! tables {
    ($( $(#[doc = $table_doc:literal])* $table:ident { $( $field:ident : $(@ $asked:ident)? $ty:ident $(($named:ident))? $(in $unit:ident)? $([$($word:literal),+])? $doc:literal ),* $(,)? } )*) => {
        $(
            #[doc = concat!("Columns of the table `", stringify!($table), "`.")]
            #[allow(non_upper_case_globals)]
            pub mod $table {
                use super::{Column, Field, Table, Type};
                #[allow(non_camel_case_types, clippy::enum_variant_names)]
                enum At { $( $field ),* }
                $(
                    #[doc = concat!("The column `", stringify!($field), "`.")]
                    pub const $field: Column = Column(At::$field as usize);
                )*
                /// The table's schema.
                pub static TABLE: Table = Table {
                    name: stringify!($table),
                    doc: concat!($($table_doc),*),
                    fields: &[ $( Field {
                        name: super::plain(stringify!($field)),
                        ty: Type::$ty,
                        unit: tables!(@unit $($unit)?),
                        doc: $doc,
                        question: tables!(@asked $($asked)?),
                        names: tables!(@named $($named)?),
                        words: &[$($($word),+)?],
                    } ),* ],
                };
            }
        )*
        /// Every table, in the order of the documentation.
        pub static TABLES: &[&Table] = &[ $( &$table::TABLE ),* ];
    };
    (@asked asked) => { true };
    (@asked) => { false };
    (@named $named:ident) => { Some(super::Named::$named) };
    (@named) => { None };
    (@unit $unit:ident) => { super::Unit::$unit };
    (@unit) => { super::Unit::None };
}

tables! {
    /// One delivery attempt in the log: a line with `to=` and `status=`.
    attempts {
        time: Time "when the attempt ended",
        reason: Text "text in the parentheses after status=, without `delivery temporarily suspended:`",
        reason_class: Text "what was said, as the reasons classify it",
        reason_bucket: Text "bucket of the reason class",
        voice: Text ["remote", "own-client", "own-filter", "own-delivery", "own-server", "own-daemon"] "who speaks: remote, own-client, own-filter, own-delivery",
        provider: Text "provider of the mail exchanger, else the recipient's domain",
        suspended: Bool "whether the reason repeats an older one (`delivery temporarily suspended`): no attempt was made",
        daemon: Text "delivery agent: smtp, lmtp, local, virtual, pipe, error",
        instance: Text "Postfix instance or service name before the daemon, such as postfix or postfix/relay",
        queue_id: Text "queue id",
        recipient: Text(Person) "to=<...>",
        recipient_domain: Text(Host) "domain of the recipient, lower case",
        orig_to: Text(Person) "orig_to=<...>: the address before aliases and rewriting",
        sender: Text(Person) "envelope sender; empty for notifications",
        sender_domain: Text(Host) "domain of the envelope sender, lower case",
        sasl_username: Text(Person) "login that submitted the message",
        client: Text(Host) "host name of the client that submitted the message",
        client_ip: Text(Ip) "address of the client that submitted the message",
        uid: Int "user id that submitted the message with sendmail(1)",
        origin: Text ["smtpd", "sasl", "local", "internal"] "how the message came in: smtpd, sasl, local, internal (notifications)",
        relay: Text(Host) "host name of relay=, or none, local, virtual, ...",
        relay_ip: Text(Ip) "address of the relay",
        relay_port: Int "port of the relay",
        delay: Number in Seconds "seconds since the message arrived",
        delay_queue: Number in Seconds "seconds before the queue manager (a in delays=a/b/c/d)",
        delay_active: Number in Seconds "seconds in the active queue (b)",
        delay_setup: Number in Seconds "seconds for look-up, connection, greeting and TLS (c)",
        delay_transmission: Number in Seconds "seconds for transmission (d)",
        dsn: Text "enhanced status code of the attempt, such as 4.4.1",
        status: Text ["sent", "deferred", "bounced", "expired", "force-expired", "deliverable", "undeliverable", "softbounce"] "sent, deferred, bounced, expired, ...",
        reply_code: Int "three-digit SMTP reply code, when a server answered",
        reply_enhanced: Text "enhanced status code in that reply",
        reply_text: Text "text of that reply without codes and host name",
        stage: Text "SMTP command or phase that failed: MAIL FROM, RCPT TO, end of DATA, connect, greeting, ...",
        outcome: Text ["sent", "bounced", "expired", "waiting", "gone"] "what finally became of this message and recipient: sent, bounced, expired, waiting, gone (failed last, and not in the queue listing)",
        conn_use: Int "deliveries over the same connection, this one included; only in `postdoc records`",
        tls: Text "tls=: what TLS was wanted and what came of it (Postfix 3.11); only in `postdoc records`",
    }

    /// One line of Postfix in the log, with all its fields. Only `postdoc records` makes them: rules ask the other tables.
    events {
        time: Time "when",
        host: Text "host that logged it",
        instance: Text "Postfix instance or service name before the daemon, such as postfix or postfix/relay",
        daemon: Text "program",
        pid: Int "process id",
        queue_id: Text "queue id",
        kind: Text "client, pickup, message-id, queued, delivery, removed, expired, notification, reject, warning, error, fatal, panic, connect, disconnect, TLS, anvil, postscreen pass, ...; missing where the line was not understood",
        client: Text(Host) "host name of the client",
        client_ip: Text(Ip) "address of the client",
        client_port: Int "port of the client",
        relay: Text(Host) "host name of the other side of a delivery",
        relay_ip: Text(Ip) "its address",
        relay_port: Int "its port",
        fields: Text "all fields of the message by name, as a JSON object",
        text: Text "the message",
    }

    /// One message and recipient that did not get through: waiting in the queue, bounced or expired.
    failures {
        outcome: Text ["waiting", "bounced", "expired"] "waiting, bounced or expired",
        queue: Text ["incoming", "active", "deferred", "hold", "maildrop", "corrupt"] "queue that holds it: deferred, active, incoming, hold, maildrop",
        queue_id: Text "queue id",
        arrived: Time "when the message arrived",
        time: Time "when it last failed (waiting) or was given up (bounced, expired)",
        first_failed: Time "since when it fails for this kind of reason (bucket), where the log shows it",
        age: Number in Seconds "seconds since arrival, at the end of the evidence",
        size: Int in Bytes "bytes",
        sender: Text(Person) "envelope sender; empty for notifications",
        sender_domain: Text(Host) "domain of the envelope sender, lower case",
        recipient: Text(Person) "recipient",
        recipient_domain: Text(Host) "domain of the recipient, lower case",
        reason: Text "why, in the words of the last failure, without `delivery temporarily suspended:`",
        reason_class: Text "what was said, as the reasons classify it",
        reason_bucket: Text "bucket of the reason class",
        voice: Text ["remote", "own-client", "own-filter", "own-delivery", "own-server", "own-daemon"] "who speaks: remote, own-client, own-filter, own-delivery",
        provider: Text "provider of the mail exchanger, else the recipient's domain",
        relay: Text(Host) "host name that was tried",
        relay_ip: Text(Ip) "address that was tried",
        relay_port: Int "port that was tried",
        reply_code: Int "three-digit SMTP reply code, when a server answered",
        reply_enhanced: Text "enhanced status code in that reply",
        reply_text: Text "text of that reply without codes and host name",
        stage: Text "SMTP command or phase that failed",
        looked_up: Text(Host) "name that was looked up in vain, in the words of the failure",
        dsn: Text "enhanced status code of the last attempt",
        permanent: Bool "whether the last answer was permanent (5xx)",
        attempts: Int "attempts that the log shows",
        sasl_username: Text(Person) "login that submitted the message",
        client: Text(Host) "host name of the client that submitted the message",
        client_ip: Text(Ip) "address of the client that submitted the message",
        uid: Int "user id that submitted the message with sendmail(1)",
        origin: Text ["smtpd", "sasl", "local", "internal"] "how the message came in: smtpd, sasl, local, internal (notifications)",
    }

    /// One message and recipient of a queue listing, as listed. Rules ask `failures`, which joins it with the log.
    queue {
        listing: Text ["json", "text"] "json (postqueue -j) or text (postqueue -p, mailq)",
        queue_id: Text "queue id",
        queue: Text ["incoming", "active", "deferred", "hold", "maildrop", "corrupt"] "active, hold, deferred, incoming, maildrop",
        arrived: Time "when the message arrived",
        size: Int in Bytes "bytes",
        sender: Text(Person) "envelope sender; empty for notifications",
        recipient: Text(Person) "recipient",
        orig_address: Text(Person) "recipient before aliases and rewriting (Postfix 3.11)",
        reason: Text "why it waits, as listed",
        forced_expire: Bool "whether postsuper -e marked it to expire",
    }

    /// One message that entered the queue.
    arrivals {
        time: Time "when it arrived",
        queue_id: Text "queue id",
        message_id: Text "Message-ID header",
        client: Text(Host) "host name of the client",
        client_ip: Text(Ip) "address of the client",
        sasl_method: Text "SASL mechanism",
        sasl_username: Text(Person) "login that submitted the message",
        uid: Int "user id that submitted the message with sendmail(1)",
        origin: Text ["smtpd", "sasl", "local", "internal"] "how it came in: smtpd, sasl, local, internal (notifications)",
        sender: Text(Person) "envelope sender; empty for notifications",
        sender_domain: Text(Host) "domain of the envelope sender, lower case",
        size: Int in Bytes "bytes",
        nrcpt: Int "recipients",
    }

    /// One refusal of a client, or of local mail by our own filter.
    rejects {
        time: Time "when",
        reason_class: Text "what was said, as the reasons classify it",
        reason_bucket: Text "bucket of the reason class",
        voice: Text ["remote", "own-client", "own-filter", "own-delivery", "own-server", "own-daemon"] "who refused: own-server (smtpd, postscreen) or own-filter (milter)",
        daemon: Text "smtpd, postscreen, cleanup",
        action: Text "reject, milter-reject, hold, discard, ...",
        stage: Text "CONNECT, HELO, MAIL, RCPT, DATA, END-OF-MESSAGE, ...",
        client: Text(Host) "host name of the client; empty for mail from this machine",
        client_ip: Text(Ip) "address of the client",
        local: Bool "whether the refused mail was submitted on this machine (loopback or sendmail(1))",
        sasl_username: Text(Person) "login of the client, if it had logged in",
        code: Int "SMTP reply code",
        dsn: Text "enhanced status code",
        text: Text "text of the refusal",
        sender: Text(Person) "envelope sender",
        recipient: Text(Person) "recipient",
        recipient_domain: Text(Host) "domain of the recipient, as the client wrote it",
        helo: Text(Host) "name the client gave in HELO or EHLO",
    }

    /// One warning, error, fatal or panic of any daemon, one outbound connect or TLS trouble line, or one failed login.
    diagnostics {
        time: Time "when",
        reason_class: Text "what was said, as the reasons classify it",
        reason_bucket: Text "bucket of the reason class",
        daemon: Text "daemon that said it; kernel, dovecot, opendkim, ... for other programs",
        level: Text ["warning", "error", "fatal", "panic", "info"] "warning, error, fatal, panic, info",
        text: Text "the message without queue id and level",
        client: Text(Host) "client it speaks of, if it names one",
        client_ip: Text(Ip) "address of that client",
        sasl_username: Text(Person) "login it speaks of, if it names one",
        process: Text "daemon that ended, where master(8) speaks of one",
    }

    /// One parameter of main.cf in force.
    settings {
        name: Text "parameter name",
        value: Text "value as written; empty when set to nothing",
        is_default: Bool "whether the value is Postfix's default",
        amount: Number in Any "what the value amounts to, where it is a number: seconds of a time (5d; a number alone is in the parameter's own unit), else the number as it stands (bytes of a size limit)",
    }

    /// One service of master.cf.
    services {
        name: Text "service name, such as smtp, submission, 127.0.0.1:10025",
        r#type: Text ["inet", "unix", "unix-dgram", "fifo", "pass"] "inet, unix, fifo, pass",
        private: Text "y, n or -",
        chroot: Text "y, n or -",
        maxproc: Text "process limit, or -",
        command: Text "program",
        options: Text "its arguments and -o options",
    }

    /// One DNS question asked while collecting, or one record of its answer.
    lookups {
        tool: @asked Text "dig, host, nslookup, drill",
        name: @asked Text(Host) "name that was asked, lower case, without final dot",
        r#type: @asked Text "A, AAAA, MX, TXT, PTR, ...",
        purpose: @asked Text ["spf", "dmarc", "dkim", "ptr", "dnsbl", "mx", "address"] "what the name is for: spf, dmarc, dkim, ptr, dnsbl, mx, address",
        server: Text "name server asked",
        named_server: Text "name server that the command named (`dig @9.9.9.9`); missing where those of the system were asked",
        status: Text ["NOERROR", "NODATA", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "NOTAUTH", "NOTZONE", "YXDOMAIN", "YXRRSET", "NXRRSET", "BADVERS", "timeout", "unreachable", "connection-refused", "server-not-found"] "NOERROR, NODATA, NXDOMAIN, SERVFAIL, REFUSED, timeout, unreachable, connection-refused, server-not-found",
        answer: Text "one answer record's data; TXT strings joined",
        answer_host: Text(Host) "host that the answer names (MX, NS, CNAME, PTR): without preference, lower case, without final dot",
        answers: Int "number of answer records to the question",
        truncated: Bool "whether the answer was too large for UDP, so that dig asked again over TCP",
        time_ms: Int in Milliseconds "milliseconds until the answer",
    }

    /// One TCP or TLS connection tried while collecting.
    probes {
        tool: @asked Text "nc, telnet, openssl, curl, ping, ...",
        host: @asked Text(Host) "host that was tried",
        ip: Text(Ip) "address that was tried",
        port: @asked Int "port that was tried",
        outcome: Text ["connected", "timed-out", "refused", "unreachable", "name-not-resolved", "tls-failed", "failed"] "connected, timed-out, refused, unreachable, name-not-resolved, tls-failed, failed",
        protocol: Text "TLS protocol",
        cipher: Text "TLS cipher",
        verify: Text "ok, or OpenSSL's verification error",
        subject: Text "certificate subject",
        not_before: Time "certificate valid from",
        not_after: Time "certificate valid until",
        loss: Number in Percent "percent of the packets that got no answer (ping)",
        banner: Text "first line of the server",
        refusal: Text "first reply by which the server refused something (4xx, 5xx), where a conversation was tried",
    }

    /// The machine: one record.
    host {
        fqdn: Text(Host) "fully qualified host name (hostname -f)",
        fqdn_dots: Int "dots in it: 0 is a bare name",
        hostname: Text(Host) "short host name",
        mailname: Text(Host) "/etc/mailname",
        public_ip: Text(Ip) "address the Internet sees",
        os: Text "operating system or kernel",
        container: Text "container in which Postfix runs, where the evidence was collected from outside of it",
        postfix_version: Text "Postfix version",
        postfix_running: Bool "whether the master daemon runs",
        collected_at: Time "when the evidence was collected, by the server's own clock",
        zone_offset: Int in Seconds "seconds east of UTC of the server's local time",
        clock_synchronized: Bool "whether the system clock is synchronised",
        clock_service: Text "NTP service: active, inactive, n/a",
        clock_offset: Number in Seconds "seconds the clock is ahead of its time source",
        clock_error: Number in Seconds "seconds by which the clock is wrong, by the best source collected: the offset from its time source, or the difference from the hardware clock if it is not synchronised, or 0 if it is",
        clock_rtc_difference: Number in Seconds "seconds the system clock is ahead of the hardware clock; 0 or more is not told from behind: absolute value",
        uptime: Number in Seconds "seconds since boot",
        load1: Number "load average of the last minute",
        load5: Number "load average of the last 5 minutes",
        load15: Number "load average of the last 15 minutes",
        cpus: Int "processors",
        mem_total: Int in Bytes "bytes of memory",
        mem_available: Int in Bytes "bytes of memory that can be had",
        mem_available_share: Number in Part "available memory as a part of all, 0 to 1",
        swap_total: Int in Bytes "bytes of swap",
        swap_used: Int in Bytes "bytes of swap in use",
        io_wait: Number in Percent "percent of processor time waiting for I/O",
        io_pressure: Number in Percent "percent of the last minute in which all tasks waited for I/O (/proc/pressure/io)",
        memory_pressure: Number in Percent "percent of the last minute in which all tasks waited for memory (/proc/pressure/memory)",
        swapping: Number "KiB a second swapped in and out",
        disk_wait: Number in Milliseconds "longest average wait of a block device for a request, milliseconds",
        conntrack_count: Int "connections that the packet filter tracks",
        conntrack_max: Int "how many it can track",
        steal: Number in Percent "percent of processor time taken by other guests",
        nameserver: Text(Ip) "first name server of resolv.conf",
        nameservers: Int "name servers in resolv.conf",
        chroot_nameserver: Text(Ip) "first name server of the resolv.conf in Postfix's chroot, below the queue directory",
        tcp_sockets: Int "TCP sockets in all states (ss -s)",
        queue_filesystem: Text "mount point that holds /var/spool/postfix",
        queue_filesystem_used: Number in Part "part of that file system in use, 0 to 1",
        queue_filesystem_available: Int in Bytes "bytes free for Postfix on it",
        queue_inodes_used: Number in Part "part of its inodes in use, 0 to 1",
    }

    /// One file system of df.
    filesystems {
        device: Text "device",
        mount: Text "mount point",
        size: Int in Bytes "bytes",
        used: Int in Bytes "bytes in use",
        available: Int in Bytes "bytes that can be had",
        used_share: Number in Part "part in use, 0 to 1",
        inodes: Int "inodes",
        inodes_used: Int "inodes in use",
        inodes_used_share: Number in Part "part of the inodes in use, 0 to 1",
        holds_queue: Bool "whether /var/spool/postfix is on it",
    }

    /// One process of ps.
    processes {
        user: Text(Person) "user",
        pid: Int "process id",
        cpu: Number in Percent "percent of a processor",
        mem: Number in Percent "percent of memory",
        state: Text "STAT column",
        command: Text "command line",
        program: Text "file name of the command",
    }

    /// One service unit of systemctl.
    units {
        name: @asked Text "unit",
        active: Text ["active", "inactive", "failed", "activating", "deactivating", "reloading", "refreshing", "maintenance"] "active, inactive, failed, ...",
        sub: Text "running, exited, dead, ...",
        result: Text "result of the last run",
    }

    /// One account of passwd.
    accounts {
        name: Text(Person) "login name",
        uid: Int "user id",
        gid: Int "group id",
        home: Text "home directory",
        shell: Text "login shell",
    }

    /// One login of last, lastb or lastlog.
    logins {
        user: Text(Person) "login name",
        from: Text(Host) "host or address",
        time: Time "when",
        failed: Bool "whether the login failed",
    }

    /// One listening socket of ss or netstat.
    listeners {
        address: Text "local address",
        port: Int "local port, or missing for a socket path",
        program: Text "program that listens",
    }

    /// One entry of the local hosts file.
    hosts {
        ip: Text(Ip) "address",
        name: Text(Host) "name; one record a name",
        first: Bool "whether it is the first (canonical) name of its line",
    }

    /// One received test message whose headers are in the bundle: what the receiver found.
    test_messages {
        from_domain: Text "domain of the From header, lower case",
        return_path_domain: Text "domain of the envelope sender, lower case; empty for a notification",
        authserv_id: Text "server that checked the authentication",
        spf: Text "SPF result: pass, fail, softfail, neutral, none, temperror, permerror",
        spf_domain: Text "domain that SPF was checked for",
        spf_aligned: Bool "whether that domain is aligned with From (relaxed)",
        dkim: Text "DKIM result of the aligned signature, else of the best",
        dkim_domain: Text "domain of that signature",
        dkim_selector: Text "selector of that signature",
        dkim_aligned: Bool "whether that domain is aligned with From (relaxed)",
        dmarc: Text "DMARC result",
        dmarc_policy: Text ["none", "quarantine", "reject"] "policy that the receiver found: none, quarantine, reject",
        helo: Text(Host) "name that our server gave in HELO or EHLO",
        client_ip: Text(Ip) "address from which the receiver saw our server",
        client_name: Text "name that the receiver found for that address; missing if none",
        tls: Bool "whether our server used TLS towards the receiver",
        hops: Int "servers on the path",
        delay: Number in Seconds "seconds from the first hop to the last",
    }

    /// One hop of a received test message, the first one first.
    hops {
        number: Int "place on the path, from 1",
        from: Text "host that handed the message over",
        ip: Text(Ip) "its address",
        by: Text "host that took it",
        with: Text "protocol, such as ESMTPS",
        time: Time "when it was taken",
        delay: Number in Seconds "seconds since the hop before; negative where clocks disagree",
    }

    /// One connection of ss -tn or netstat -tn that is not listening.
    connections {
        state: Text "ESTAB, SYN-SENT, TIME-WAIT, ...",
        local: Text "local address",
        peer: Text "address of the other side",
        peer_port: Int "port of the other side",
        program: Text "program that holds it, if shown",
    }

    /// One rule or policy of a packet filter (iptables, nft, ufw).
    firewall {
        tool: Text "iptables, nft, ufw, firewalld",
        chain: Text "chain",
        direction: Text ["out", "in", "forward", "nat"] "out, in, forward or nat, by the chain it stands in or hangs from",
        action: Text ["accept", "drop", "reject", "redirect", "limit", "log", "jump"] "accept, drop, reject, redirect, limit, log, jump",
        protocol: Text "tcp, udp, ...; missing when it holds for all",
        port: Int "destination port; missing when it holds for all; one record a port",
        policy: Bool "whether it is the chain's default",
        text: Text "the rule",
    }

    /// One row of qshape: how old the mail of one domain is.
    qshape {
        domain: Text "domain; TOTAL for all",
        total: Int "messages",
        young: Int "of these, in the first two columns (usually 10 minutes)",
        old: Int "of these, in the last column (usually older than 1280 minutes)",
    }

    /// One queue directory whose files somebody counted (`find DIRECTORY -type f | wc -l`, `ls | wc -l`, `du -s`).
    queue_counts {
        queue: @asked Text "deferred, active, incoming, hold, maildrop, ..., or total: the last line of a listing that is not whole",
        messages: Int "files, each of which is a message",
        entries: Int "entries of the directory, which with hashed directories are directories and not messages",
        bytes: Int in Bytes "bytes",
    }

    /// One queue file that was looked into (postcat): its envelope and the headers that tell who made it.
    queue_files {
        queue_id: Text "queue id",
        queue: Text ["incoming", "active", "deferred", "hold", "maildrop", "corrupt"] "queue that held it",
        size: Int in Bytes "bytes",
        arrived: Time "when it arrived",
        sender: Text(Person) "envelope sender; empty for notifications",
        recipient: Text(Person) "first recipient",
        nrcpt: Int "recipients",
        sasl_username: Text(Person) "login that submitted it",
        client: Text(Host) "host name of the client",
        client_ip: Text(Ip) "address of the client",
        script: Text "PHP script that sent it (X-PHP-Originating-Script)",
        uid: Int "user id that ran the script, or that submitted it with sendmail(1)",
        mailer: Text "X-Mailer or User-Agent header",
    }

    /// One number of a pflogsumm report.
    summary {
        section: Text "section of the report",
        what: Text "received, delivered, deferred, deferrals, bounced, rejected, ...; in the details the reason",
        count: Int "how many",
    }

    /// One parameter or column of one master.cf service (`postconf -P`, `postconf -F`).
    service_settings {
        service: Text "service name",
        r#type: Text ["inet", "unix", "unix-dgram", "fifo", "pass"] "inet, unix, fifo, pass",
        name: Text "parameter or column",
        value: Text "its value",
    }

    /// One certificate of this server, as `openssl x509` shows it.
    certificates {
        subject: Text "subject",
        issuer: Text "issuer",
        not_before: Time "valid from",
        not_after: Time "valid until",
    }

    /// One hop of traceroute, tcptraceroute or mtr.
    route {
        target: @asked Text(Host) "host to which the way was traced",
        port: @asked Int "TCP port, where it was traced by TCP",
        number: Int "place on the way, from 1",
        host: Text(Host) "name of the hop",
        ip: Text(Ip) "its address",
        answered: Bool "whether it answered",
        loss: Number in Percent "percent of the packets that it did not answer (mtr)",
    }

    /// One measurement of sysstat (sar).
    activity {
        time: Time "end of the interval that it was measured over",
        measure: Text ["io-wait", "steal", "processor-busy", "memory-used", "swap-used", "disk-wait", "disk-busy", "received", "transmitted", "load1", "run-queue", "blocked"] "io-wait, steal, processor-busy, memory-used, swap-used (percent); disk-wait (milliseconds), disk-busy (percent); received, transmitted (kB a second); load1, run-queue, blocked",
        of: Text "device or interface",
        value: Number "the value",
    }

    /// One message that PHP's mail() sent, by its own log (`mail.log`).
    php_mail {
        time: Time "when",
        script: Text "script that sent it",
        line: Int "line in the script",
        to: Text(Person) "recipient",
        subject: Text "subject, where it is logged",
    }

    /// One request in a web server's access log.
    requests {
        time: Time "when",
        client_ip: Text(Ip) "address of the client",
        method: Text "GET, POST, ...",
        path: Text "path that was asked for",
        status: Int "HTTP status",
    }

    /// One published SPF, DKIM or DMARC record that the bundle holds, parsed.
    policies {
        policy: @asked Text ["spf", "dkim", "dmarc"] "spf, dkim, dmarc",
        domain: @asked Text "domain it is published for, without _dmarc and selector",
        selector: Text "DKIM selector",
        valid: Bool "whether receivers can use it",
        problem: Text ["syntax", "several-records", "too-many-lookups", "revoked", "missing", "keys-differ", "not-answered"] "why not: syntax, several-records, too-many-lookups, revoked, missing, keys-differ (the signer's key is another), not-answered",
        all: Text ["pass", "neutral", "softfail", "fail", "none"] "SPF: what holds for all other hosts: pass, neutral, softfail, fail, none",
        lookups: Int "SPF: DNS look-ups that this record alone asks for (10 are allowed with all includes)",
        lists_public_ip: Bool "SPF: whether an ip4 or ip6 mechanism of this record holds host.public_ip",
        key_type: Text "DKIM: rsa, ed25519, ...",
        key_bits: Int "DKIM: bits of an RSA key",
        testing: Bool "DKIM: whether it is marked as a test (t=y)",
        action: Text ["none", "quarantine", "reject"] "DMARC: none, quarantine, reject",
        subdomain_action: Text ["none", "quarantine", "reject"] "DMARC: the same for subdomains",
        strict_dkim: Bool "DMARC: whether DKIM must be aligned strictly",
        strict_spf: Bool "DMARC: whether SPF must be aligned strictly",
        percent: Int in Percent "DMARC: percent of the mail it holds for",
        text: Text "the record",
    }

    /// One entry of a crontab.
    jobs {
        user: Text(Person) "user it runs as, if it is told",
        schedule: Text "when",
        command: Text "command line",
    }

    /// One command whose output is an error: it was tried, and says nothing about what it was to show.
    collection {
        kind: @asked Text "kind of evidence that it was to be",
        command: Text "program or command line that failed, as far as it is told",
        outcome: Text "not-installed, denied, missing-file, killed, timed-out, mail-system-down, no-service, stale-mount, usage, incomplete, cut-off (a listing that ends early), other-server",
        text: Text "what was printed",
    }

    /// One change of the machine: a package, or a file of Postfix's configuration.
    changes {
        time: Time "when; of a file its last change only",
        kind: Text "package, config",
        what: Text "what was done to which package, or the file's name",
    }

    /// One thing that a command tells which no other table has a place for: of kinds of evidence of one's own.
    readings {
        kind: @asked Text "kind of evidence that tells it; filled in by itself",
        name: Text "what it is told of: a slot, a licence, a pool, ...",
        state: Text "how it is: ready, offline, expired, ...",
        number: Number in Any "how much: with a unit as it stands there, in seconds, bytes or as a part of 1",
        time: Time "when",
        text: Text "what else is said of it",
    }

    /// One line of any other text file in the bundle.
    lines {
        file: @asked Text "path in the bundle",
        text: Text "the line",
    }
}
