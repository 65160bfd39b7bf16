#!/usr/bin/env bash
# How long `postdoc analyze` takes beside tools that everyone knows, on the same log and in turn.
#
#   benches/against.sh LOG [TOOL ...]       TOOL: wc rg triage pflogsumm gzip; without one, those that suit the log
#
# Times of one run mean little on a machine that others use, so every figure is a ratio: postdoc, tool, postdoc, tool ...,
# the median over the pairs, and the range. PAIRS (5), JOBS (all cores) and POSTDOC (target/release/postdoc) may be set.
set -euo pipefail
export LC_ALL=C
log=${1:?usage: benches/against.sh LOG [TOOL ...]}
shift
postdoc=${POSTDOC:-$(dirname "$0")/../target/release/postdoc}
pairs=${PAIRS:-5}
jobs=${JOBS:-$(nproc)}
case $log in
  *.gz) tools=${*:-gzip} ;;
  *) tools=${*:-wc rg triage} ;;
esac

run_tool() {
  case $1 in
    wc) wc -l "$log" ;;
    rg) rg -c 'status=(deferred|bounced)' "$log" ;;
    triage) grep 'status=' "$log" | awk -F'status=' '{print $2}' | awk '{print $1}' | sort | uniq -c | sort -nr ;;
    pflogsumm) pflogsumm "$log" ;;
    gzip) gzip -dc "$log" ;;
    *) echo "against.sh: no such tool: $1" >&2; exit 2 ;;
  esac >/dev/null
}

# Prints the seconds that a command takes by the shell's clock.
seconds() {
  local start=${EPOCHREALTIME/./}
  "$@"
  echo $(( ${EPOCHREALTIME/./} - start )) | awk '{printf "%.4f\n", $1 / 1e6}'
}
run_postdoc() { "$postdoc" analyze "$log" --jobs "$jobs" --format json >/dev/null; }

cat "$log" >/dev/null
run_postdoc
echo "$log, $jobs threads, load $(cut -d' ' -f1 /proc/loadavg)"
for tool in $tools; do
  if ! type -P "${tool/triage/awk}" >/dev/null; then echo "$tool: not installed"; continue; fi
  for _ in $(seq "$pairs"); do
    echo "$(seconds run_postdoc) $(seconds run_tool "$tool")"
  done | awk -v tool="$tool" '
    { mine[NR] = $1; its[NR] = $2; ratio[NR] = $1 / $2 }
    function median(of, count,   i, j, held) {
      for (i = 2; i <= count; i++) for (j = i; j > 1 && of[j] < of[j - 1]; j--) { held = of[j]; of[j] = of[j - 1]; of[j - 1] = held }
      return count % 2 ? of[(count + 1) / 2] : (of[count / 2] + of[count / 2 + 1]) / 2
    }
    END { r = median(ratio, NR)
          printf "%-10s postdoc %.3f s, %s %.3f s: ratio %.3g (%.3g to %.3g), %d pairs\n", tool, median(mine, NR), tool, median(its, NR), r, ratio[1], ratio[NR], NR }'
done
if type -P time >/dev/null; then
  env time -f 'peak memory %M KiB' "$postdoc" analyze "$log" --jobs "$jobs" --format json 2>&1 >/dev/null | tail -1
fi
