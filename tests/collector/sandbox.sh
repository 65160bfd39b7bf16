#!/usr/bin/env bash
# A real Postfix in a sandbox of its own: the collector is run on it and its bundle must lead to the right cause.
#
#   usage: sandbox.sh POSTDOC healthy|port-25-blocked|resolver-down SHELL...
#
# Own mount, network and process namespaces: /etc, /var and /tmp are overlays that vanish, the network is loopback and a
# wire whose other end drops everything. Needs root and Debian's postfix, dnsmasq-base, bind9-dnsutils, netcat-openbsd.
set -euo pipefail
postdoc=$(realpath "$1")
scenario=$2
shift 2
shell=("$@")

if [ -z "${IN_SANDBOX:-}" ]; then
    export IN_SANDBOX=yes
    exec unshare --mount --net --uts --ipc --pid --fork --mount-proc bash "$0" "$postdoc" "$scenario" "${shell[@]}"
fi

fail() {
    echo "sandbox: $scenario: $*" >&2
    exit 1
}

# --- A machine that can be thrown away ----------------------------------------------------------------------------------
scratch=$(mktemp -d)
mount -t tmpfs tmpfs "$scratch"
program=$scratch/postdoc
cp "$postdoc" "$program"
for folder in etc var; do
    mkdir "$scratch/$folder" "$scratch/$folder.work"
    mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$scratch/$folder,workdir=$scratch/$folder.work" "/$folder"
done
hostname mail.kontor.example
ip link set lo up
# Whatever leaves by this wire is lost: nobody has the gateway's address.
ip link add wire0 type veth peer name wire1
ip link set wire0 up
ip link set wire1 up
ip address add 10.99.0.1/24 dev wire0
ip neighbour replace 10.99.0.2 lladdr 02:00:00:00:00:99 dev wire0 nud permanent
ip route add default via 10.99.0.2

# Four receivers: host names as the providers have them, addresses of the benchmarking range (RFC 2544).
names=(gmail-smtp-in.l.google.com mx00.emig.gmx.net mta5.am0.yahoodns.net outlook-com.olc.protection.outlook.com)
domains=(gmail.com gmx.net yahoo.com outlook.com)
printf '127.0.0.1 localhost\n10.99.0.1 mail.kontor.example mail\n' >/etc/hosts
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
echo kontor.example >/etc/mailname
# shellcheck disable=SC2054 # the commas are dnsmasq's
dns=(--no-hosts --no-resolv --no-daemon --port=53 --listen-address=127.0.0.1 --bind-interfaces
    --address=/mail.kontor.example/10.99.0.1 --ptr-record=1.0.99.10.in-addr.arpa,mail.kontor.example
    --address=/smtp.gmail.com/198.18.0.10
    "--txt-record=kontor.example,v=spf1 a:mail.kontor.example -all")
for at in 0 1 2 3; do
    dns+=("--mx-host=${domains[$at]},${names[$at]},10" "--address=/${names[$at]}/198.18.0.1$at")
    if [ "$scenario" != port-25-blocked ]; then
        ip address add "198.18.0.1$at/32" dev lo
        smtp-sink -u nobody -h "${names[$at]}" "198.18.0.1$at:25" 20 >/dev/null 2>&1 &
    fi
done
if [ "$scenario" != resolver-down ]; then
    dnsmasq "${dns[@]}" >/dev/null 2>&1 &
fi

# --- Postfix and some mail ----------------------------------------------------------------------------------------------
# The stock files of a new installation, then what this server is.
cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
[ -f /etc/postfix/master.cf ] || cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
# shellcheck disable=SC2016 # Postfix expands it
postconf -e myhostname=mail.kontor.example mydomain=kontor.example myorigin=kontor.example \
    'mydestination=$myhostname, localhost' inet_interfaces=loopback-only inet_protocols=ipv4 relayhost= \
    maillog_file=/var/log/mail.log smtp_connect_timeout=3s smtp_tls_security_level=may alias_maps= alias_database= \
    minimal_backoff_time=5s maximal_backoff_time=10s queue_run_delay=5s compatibility_level=3.6
cp /etc/resolv.conf /etc/hosts /etc/services /var/spool/postfix/etc/ 2>/dev/null || true
: >/var/log/mail.log
postfix start >/dev/null 2>&1 || fail "Postfix does not start"
for round in 1 2 3; do
    for domain in "${domains[@]}"; do
        printf 'Subject: invoice %s\n\nhello\n' "$round" | sendmail -f "office@kontor.example" "person$round@$domain"
    done
done
wanted='status=deferred'
[ "$scenario" = healthy ] && wanted='status=sent'
for ((waited = 0; waited < 60; waited++)); do
    [ "$(grep -c "$wanted" /var/log/mail.log || true)" -ge 12 ] && break
    sleep 1
done

# --- Collect, and see that nothing changed --------------------------------------------------------------------------------
tree() {
    # The queue and the log move on their own.
    find /etc /var -xdev \( -path /var/spool/postfix -o -path /var/lib/postfix -o -path /var/log/mail.log \) -prune \
        -o -type f -printf '%p %s %T@ %m\n' 2>/dev/null | sort
    postconf -n
    cat /var/spool/postfix/pid/master.pid
}
tree >"$scratch/before"
"$program" collect >"$scratch/collect.sh"
mkdir "$scratch/out"
begin=$(date +%s)
"${shell[@]}" "$scratch/collect.sh" --output "$scratch/out" >"$scratch/printed" 2>&1 || fail "the collector failed: $(cat "$scratch/printed")"
seconds=$(($(date +%s) - begin))
tree >"$scratch/after"
diff "$scratch/before" "$scratch/after" >&2 || fail "collecting changed something"
[ "$seconds" -lt 60 ] || fail "collecting took $seconds s"
archive=$(ls "$scratch"/out/*.tar.gz)
grep -q "$(sha256sum "$archive" | cut -d' ' -f1)" "$scratch/printed" || fail "no checksum was printed"
leftovers=$(find "$scratch/out" -mindepth 1 ! -name '*.tar.gz')
[ -z "$leftovers" ] || fail "left behind: $leftovers"

# --- The diagnosis --------------------------------------------------------------------------------------------------------
"$program" analyze "$archive" -o "$scratch/report.json"
[ -z "${KEEP:-}" ] || cp "$archive" "$scratch/report.json" "$KEEP"
read -r verdict cause < <(python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
roots = [cause["rule"] for cause in report["causes"] if cause["role"] in ("root-cause", "contributing")]
print(report["verdict"], roots[0] if roots else "none")' "$scratch/report.json")
case $scenario in
    healthy) expected='healthy none' ;;
    port-25-blocked) expected='incident outbound-port-25-blocked' ;;
    resolver-down) expected='incident resolver-down' ;;
esac
[ "$verdict $cause" = "$expected" ] || fail "expected $expected, got $verdict $cause"
postfix stop >/dev/null 2>&1 || true
echo "sandbox: $scenario with ${shell[*]}: $verdict $cause, collected in $seconds s"
