#!/usr/bin/env bash
# The secrets of a local fleet, made once: nothing of them is in a file of the clone.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

kubectl apply -f deploy/k8s/base/namespace.yaml
if kubectl --namespace millrace get secret millrace-access > /dev/null 2>&1; then
  echo 'The secrets of this fleet are there already.'
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 700 "$work"
password=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf 'requirepass %s\n' "$password" > "$work/redis.conf"
printf 'redis://:%s@redis:6379\n' "$password" > "$work/url"
npx millrace keys generate > "$work/first-key"

create() { kubectl --namespace millrace create secret generic "$@"; }
create millrace-redis-server --from-file="$work/redis.conf"
create millrace-redis --from-file="$work/url"
create millrace-access --from-file="$work/first-key"
printf '\nThe first API key of this fleet, with all rights. It is shown only this once:\n\n  %s\n\n' "$(cat "$work/first-key")"
