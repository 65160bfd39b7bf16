#!/bin/sh
# Collects the evidence that postdoc, the Postfix doctor, reads. Made by: #@made-by
#
#   usage: sh collect.sh [--no-network] [--log-hours N] [--max-mb N] [--output DIR]
#
# Run it as root on the mail server. It only reads: it changes no setting, restarts nothing, installs nothing and never
# reads password maps or private keys. Every command has a time limit and a low priority. At the end there is one
# archive, postdoc-HOST-TIME.tar.gz, and its checksum; look into it before you send it.
#
# Without --no-network it also asks a few public name servers and mail servers (DNS look-ups, port 25 and 587,
# STARTTLS, the public address), because whether they answer is evidence.
#
# What stands in quotes below is expanded by the shell that runs it, each command with its own time limit.
# shellcheck disable=SC2016

set -u
LC_ALL=C
export LC_ALL
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077

network=#@network
log_hours=#@log-hours
max_mb=#@max-mb
output=.
limit=15 # seconds a command may take

usage() {
    echo "usage: sh collect.sh [--no-network] [--log-hours N] [--max-mb N] [--output DIR]" >&2
    exit 2
}
number() {
    case $1 in '' | *[!0-9]*) usage ;; esac
}
while [ $# -gt 0 ]; do
    case $1 in
        --no-network) network=no ;;
        --log-hours) [ $# -ge 2 ] || usage; number "$2"; log_hours=$2; shift ;;
        --max-mb) [ $# -ge 2 ] || usage; number "$2"; max_mb=$2; shift ;;
        --output) [ $# -ge 2 ] || usage; output=$2; shift ;;
        *) usage ;;
    esac
    shift
done

# --- Tools -----------------------------------------------------------------------------------------------------------

have() {
    command -v "$1" >/dev/null 2>&1
}

now() {
    date +%s
}

# `clean VALUE`: only what can stand in a host name or an address, since the value becomes part of a command.
clean() {
    printf '%s' "$1" | tr -cd 'A-Za-z0-9._:-'
}

have tar || {
    echo "collect.sh: tar is missing; nothing was collected" >&2
    exit 1
}
[ "$(id -u 2>/dev/null)" = 0 ] || echo "collect.sh: not root: some of the evidence will be missing" >&2

host=$(hostname 2>/dev/null || uname -n)
host=$(clean "${host:-unknown}")
name=postdoc-$host-$(date -u +%Y%m%dT%H%M%SZ)
work=$(mktemp -d "$output/.$name.XXXXXX") || {
    echo "collect.sh: cannot write to $output" >&2
    exit 1
}
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir "$work/$name"
to=$work/$name
manifest=$to/manifest.tsv
printf 'file\tstatus\tseconds\tbytes\tcommand\n' >"$manifest"

# `note FILE STATUS SECONDS COMMAND`: one line of the manifest. The status is the exit status, or a word.
note() {
    bytes=0
    [ -f "$to/$1" ] && bytes=$(wc -c <"$to/$1" | tr -d ' ')
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$bytes" "$4" >>"$manifest"
}

# Postfix in a container (Mailcow, docker-mailserver): commands that the host does not have are asked of it.
container=
if ! have postconf && have docker; then
    container=$(docker ps --format '{{.Names}}' 2>/dev/null | grep -i -e postfix -e mailserver | head -n 1)
    container=$(clean "$container")
fi

# `low COMMAND...`: becomes that command, at low priority.
low() {
    if have nice; then
        exec nice -n 10 "$@"
    fi
    exec "$@"
}

# `limited SECONDS COMMAND`: runs a shell command line at low priority, and ends it after that time.
limited() {
    if have timeout; then
        (low timeout "$1" sh -c "$2")
        return
    fi
    (low sh -c "$2") &
    child=$!
    # Its output is closed, so that nobody waits for the watchdog.
    (
        sleep "$1"
        kill "$child"
    ) >/dev/null 2>&1 &
    watchdog=$!
    wait "$child"
    status=$?
    kill "$watchdog" 2>/dev/null
    return "$status"
}

# `take FILE COMMAND [SECONDS]`: saves what a command prints, its errors too.
take() {
    program=${2%% *}
    line=$2
    if ! have "$program"; then
        if [ -z "$container" ] || ! docker exec "$container" sh -c "command -v $program" >/dev/null 2>&1; then
            note "$1" missing 0 "$2"
            return
        fi
        line="docker exec $container $2"
    fi
    begin=$(now)
    limited "${3:-$limit}" "$line" </dev/null >"$to/$1" 2>&1
    status=$?
    case $status in 124 | 143) status=timeout ;; esac
    note "$1" "$status" $(($(now) - begin)) "$line"
}

# `ask FILE COMMAND`: as `take`, beside the other questions to the network: each may have to wait for an answer that
# never comes.
ask() {
    take "$1" "$2" &
}

# `file PATH [NAME]`: saves a copy of a file.
file() {
    if [ -r "$1" ]; then
        take "${2:-${1##*/}}" "cat $1"
    else
        note "${2:-${1##*/}}" missing 0 "cat $1"
    fi
}

# `probe FILE HOST PORT`: whether a TCP connection can be made.
probe() {
    if have nc; then
        take "$1" "nc -vz -w 5 $2 $3"
    elif have bash && have timeout; then
        probe_line="timeout 5 bash -c '</dev/tcp/$2/$3'; echo \$?"
        take "$1" "$probe_line"
        # Without the command nobody could tell what the status is of.
        { printf '$ %s\n' "$probe_line"; cat "$to/$1"; } >"$to/$1.new" && mv "$to/$1.new" "$to/$1"
    else
        note "$1" missing 0 "nc -vz -w 5 $2 $3"
    fi
}

# Setting of Postfix, as it is in force.
setting() {
    if have postconf; then
        limited 5 "postconf -h $1" 2>/dev/null </dev/null
    elif [ -n "$container" ]; then
        limited 5 "docker exec $container postconf -h $1" 2>/dev/null </dev/null
    fi
}

# The other instances of Postfix (postmulti(1)), by their names.
instances=
if have postmulti; then
    instances=$(limited 5 'postmulti -l' 2>/dev/null </dev/null | sed -n 's/^\([A-Za-z0-9][A-Za-z0-9_-]*\)[[:space:]].*/\1/p' | tr '\n' ' ')
fi

# Bytes of log that may still be taken.
room=$((max_mb * 1024 * 1024))

# `log FILE`: saves the end of a log, as far as there is room.
log() {
    bytes=$(wc -c <"$1" 2>/dev/null | tr -d ' ')
    [ -n "$bytes" ] && [ "$bytes" -gt 0 ] || return 0
    saved=$(printf '%s' "${1#/}" | tr '/' '_')
    case $1 in
        *.gz | *.xz | *.bz2 | *.zst)
            # A compressed log can only be taken whole.
            if [ "$bytes" -gt "$room" ]; then
                note "$saved" skipped 0 "cat $1 ($bytes bytes: more than --max-mb leaves)"
                return 0
            fi
            take "$saved" "cat $1" 60
            ;;
        *)
            if [ "$bytes" -gt "$room" ]; then
                [ "$room" -gt 0 ] || {
                    note "$saved" skipped 0 "cat $1 ($bytes bytes: more than --max-mb leaves)"
                    return 0
                }
                # The first line may be cut: it goes.
                take "$saved" "tail -c $room $1 | sed 1d" 60
            else
                take "$saved" "cat $1" 60
            fi
            ;;
    esac
    bytes=$(wc -c <"$to/$saved" 2>/dev/null | tr -d ' ')
    room=$((room - ${bytes:-0}))
    # The time of the copy would be taken for the time of its last line.
    touch -r "$1" "$to/$saved" 2>/dev/null || true
}

# Every mail log of this machine, the newest first, and the journal where it has what no file has.
logs() {
    found=
    days=$(((log_hours + 23) / 24))
    maillog_file=$(clean_path "$(setting maillog_file)")
    for base in "$maillog_file" /var/log/mail.log /var/log/maillog /var/log/mail /var/log/mail/mail.log \
        /usr/local/psa/var/log/maillog /var/log/zimbra.log /var/log/phpmail.log; do
        if [ -z "$base" ] || [ ! -f "$base" ] || [ ! -r "$base" ]; then
            continue
        fi
        found=yes
        log "$base"
        find "${base%/*}" -maxdepth 1 -type f \( -name "${base##*/}.*" -o -name "${base##*/}-*" \) -mtime "-$days" 2>/dev/null |
            sort >"$work/rotated"
        while IFS= read -r rotated; do
            case $rotated in *[!A-Za-z0-9._/-]*) continue ;; esac
            log "$rotated"
        done <"$work/rotated"
    done
    if [ -n "$container" ]; then
        found=yes
        take container.log "docker logs --since ${log_hours}h $container 2>&1 | tail -c $room" 60
    fi
    if have journalctl && [ -z "$found" ]; then
        take journalctl.txt "journalctl -q --no-pager -u 'postfix*' -o short-iso --since -${log_hours}h 2>/dev/null | tail -c $room" 60
        found=yes
    fi
    [ -n "$found" ] || note mail.log missing 0 "cat /var/log/mail.log"
}

clean_path() {
    printf '%s' "$1" | tr -cd 'A-Za-z0-9._/-'
}

# --- Who this server says it is ---------------------------------------------------------------------------------------

myhostname=$(clean "$(setting myhostname)")
relayhost=$(setting relayhost | tr -d '[]')
relay_port=$(clean "${relayhost##*:}")
case $relay_port in '' | *[!0-9]*) relay_port=25 ;; esac
relayhost=$(clean "${relayhost%%:*}")
mail_domains=$(
    {
        cat /etc/mailname 2>/dev/null
        setting myorigin
        setting mydomain
    } | tr -cd 'A-Za-z0-9.\n-' | grep -F . | grep -v '^/' | sort -u | head -n 3
)

# `public_address`: the address that others see.
public_address() {
    [ -f "$to/public-ip.txt" ] || take public-ip.txt "curl -s -m 8 https://ifconfig.me" >/dev/null
    head -c 64 "$to/public-ip.txt" 2>/dev/null | tr -cd 'A-Fa-f0-9.:'
}

# --- Evidence ----------------------------------------------------------------------------------------------------------

#@steps
# --- The archive -------------------------------------------------------------------------------------------------------

archive=$output/$name.tar.gz
if ! (cd "$work" && tar -cf archive.tar "$name" && gzip archive.tar) || ! mv "$work/archive.tar.gz" "$archive"; then
    echo "collect.sh: the archive could not be written to $output" >&2
    exit 1
fi
echo "$archive"
if have sha256sum; then
    sha256sum "$archive"
elif have sha256; then
    sha256 "$archive"
elif have shasum; then
    shasum -a 256 "$archive"
elif have cksum; then
    cksum "$archive"
else
    echo "no program for a checksum was found"
fi
