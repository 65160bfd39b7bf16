#!/usr/bin/env bash
# Tests of the collector script, for real: under three shells, on a machine that has nothing but busybox, and on a Postfix
# that is healthy, has its outbound port blocked, or has no resolver.
#
#   usage: run.sh POSTDOC
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
postdoc=$(realpath "$1")
scratch=$(mktemp -d)
chroot=$(command -v chroot)
trap 'rm -rf "$scratch"' EXIT

"$postdoc" collect >"$scratch/collect.sh"
"$postdoc" collect --no-network --log-hours 6 --max-mb 5 >"$scratch/small.sh"
shellcheck "$scratch/collect.sh" "$scratch/small.sh" "$here"/*.sh
if grep -qE '(^|[^_])(dig|nc|curl|ping|openssl s_client) ' <(sed -n '/^if \[ "\$network" = yes/q;/^# --- Evidence/,$p' "$scratch/small.sh"); then
    echo "--no-network still asks the network" >&2
    exit 1
fi

# Nothing but a shell and the plainest tools: everything optional is missing, and said to be.
root=$scratch/root
mkdir -p "$root/bin" "$root/out" "$root/tmp" "$root/dev"
cp /bin/busybox "$root/bin/busybox"
# Its libraries, where it has any.
{ ldd /bin/busybox 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
    install -D "$library" "$root$library"
done
for tool in sh cat date tr head tail mkdir mktemp rm mv wc tar gzip sort sed grep find touch id sha256sum sleep kill uname; do
    ln -s busybox "$root/bin/$tool"
done
mknod -m 666 "$root/dev/null" c 1 3
cp "$scratch/collect.sh" "$root/collect.sh"
PATH=/bin "$chroot" "$root" /bin/sh /collect.sh --output /out >/dev/null
tar -xzf "$root"/out/*.tar.gz -C "$scratch"
manifest=$(echo "$scratch"/postdoc-*/manifest.tsv)
for command in 'postqueue -j' 'postconf -n' 'df -h' 'ps aux'; do
    grep -qP "\tmissing\t0\t0\t\Q$command\E$" "$manifest" || {
        echo "the manifest does not say that $command is missing" >&2
        cat "$manifest" >&2
        exit 1
    }
done
grep -qP '^date.txt\t0\t' "$manifest"

"$here/sandbox.sh" "$postdoc" healthy dash
"$here/sandbox.sh" "$postdoc" port-25-blocked busybox sh
"$here/sandbox.sh" "$postdoc" resolver-down bash
echo "collector: all passed"
