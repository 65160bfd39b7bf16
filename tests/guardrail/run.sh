#!/usr/bin/env bash
# The README's alerts and the metrics of `postdoc check`, held against Prometheus's own checks. Needs promtool.
#
#   usage: run.sh POSTDOC
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

awk '/^```yaml$/ {inside = 1; text = ""; next} /^```$/ {if (inside && text ~ /^groups:/) printf "%s", text; inside = 0} inside {text = text $0 "\n"}' \
    "$root/README.md" >"$scratch/alerts.yml"
promtool check rules "$scratch/alerts.yml"

"$1" check --queue "$root/samples/port-25-blocked/postqueue-j.json" --at 2026-11-12T11:40:00Z --format prometheus >"$scratch/metrics"
promtool check metrics <"$scratch/metrics"

# The sample's 45 messages, two hours and a half old: the age must alarm, the size must not.
awk '!/^#/ {name = $1; if (name !~ /{/) name = name "{}"; sub(/{/, "{instance=\"mx1\"" (name ~ /{}/ ? "" : ","), name);
    printf "      - series: '"'"'%s'"'"'\n        values: '"'"'%sx30'"'"'\n", name, $2}' "$scratch/metrics" >"$scratch/series"
{
    printf 'rule_files: [alerts.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n'
    cat "$scratch/series"
    printf '    alert_rule_test:\n'
    printf '      - eval_time: 20m\n        alertname: PostfixQueueLarge\n        exp_alerts: []\n'
    printf '      - eval_time: 20m\n        alertname: PostfixQueueOld\n        exp_alerts:\n'
    printf '          - exp_labels: {severity: warning, instance: mx1}\n'
    printf '            exp_annotations: {summary: "Mail waits for 2h 34m 16s on mx1"}\n'
} >"$scratch/test.yml"
promtool test rules "$scratch/test.yml"
echo "guardrail: all passed"
