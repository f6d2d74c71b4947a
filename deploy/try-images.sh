#!/usr/bin/env bash
# Runs the images that deploy/build-images.sh has built as docker-compose.yml runs them, as far as a machine without a
# container engine can: buildah, as root, with the root file system read-only, each process as its own user.
#
#   1. sizes over the base image, against their limits: 250 MB the API's, 350 MB the worker's
#   2. init makes the secrets, a Redis starts with them
#   3. API, worker and courier start with the images' own entrypoints, and pass the images' own health checks
#   4. smoke sends each model's golden examples through them
#   5. all three end on SIGTERM
#
# The network is the machine's own: the ports 3000, 9100 to 9102 and 6399 of the loopback address have to be free.
# Needs buildah, unshare and a redis-server, in the PATH or as REDIS_SERVER.
set -euo pipefail
cd "$(dirname "$0")/.."

node_image=${NODE_IMAGE:-docker.io/library/node:24-slim}
version=$(sed -nE 's/^  "version": "([^"]+)",?$/\1/p' package.json)
redis_server=${REDIS_SERVER:-redis-server}
command -v "$redis_server" > /dev/null || { echo "no redis-server: name one with REDIS_SERVER" >&2 && exit 1; }

for port in 3000 9100 9101 9102 6399; do
  if (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then echo "port $port is taken" >&2 && exit 1; fi
done

work=$(mktemp -d)
pids=()
containers=()
# Below this script's own shells and unshare: number one in a namespace of its own, so that its death is that of all in it.
process_of() {
  local pid=$1
  while [[ $(cat "/proc/$pid/comm" 2> /dev/null) =~ ^(bash|unshare|try-images.sh)$ ]]; do
    pid=$(pgrep -P "$pid" | head -n 1)
  done
  echo "$pid"
}
clean_up() {
  for pid in "${pids[@]}"; do kill -KILL "$(process_of "$pid")" 2> /dev/null || true; done
  wait 2> /dev/null || true
  for container in "${containers[@]}"; do buildah umount "$container" > /dev/null; buildah rm "$container" > /dev/null; done
  rm -rf "$work"
}
trap clean_up EXIT

say() { printf '== %s\n' "$*"; }

# --- 1. sizes ---------------------------------------------------------------------------------------------------------

megabytes() { du -sxm "$1" | cut -f1; }

# A container of the image, for its file system.
roots() {
  local container
  container=$(buildah from --pull-never "$1")
  containers+=("$container")
  root=$(buildah mount "$container")
}

roots "$node_image"
base_mb=$(megabytes "$root")
roots "millrace-api:$version"
api_root=$root
roots "millrace-worker:$version"
worker_root=$root
say "base $base_mb MB"
for one in "api $api_root 250" "worker $worker_root 350"; do
  read -r name folder limit <<< "$one"
  over=$(($(megabytes "$folder") - base_mb))
  say "millrace-$name:$version: $over MB over the base, at most $limit"
  [ "$over" -le "$limit" ] || exit 1
done
for label in version revision; do
  say "label $label: $(buildah inspect --type image --format "{{index .Docker.Config.Labels \"org.opencontainers.image.$label\"}}" "millrace-api:$version")"
done
if [ -e "$api_root/app/node_modules/onnxruntime-node" ] || find "$api_root/app" -name '*.onnx' | grep -q .; then
  echo 'the API image carries ONNX' >&2 && exit 1
fi

# --- running ----------------------------------------------------------------------------------------------------------

# The image's process in its root file system, read-only but for /tmp, as uid and gid $2, with the environment of the
# image and the words behind it. A mount namespace of its own; it ends with this script.
inside() {
  local folder=$1 user=$2
  shift 2
  unshare --mount --pid --fork --kill-child=KILL -- bash -euc '
    folder=$1 user=$2 secrets=$3; shift 3
    mount --bind "$folder" "$folder"
    mkdir -p "$folder/run/millrace"
    mount --bind "$secrets" "$folder/run/millrace"
    mount -t tmpfs -o size=64m,mode=1777 tmpfs "$folder/tmp"
    mount -t proc proc "$folder/proc"
    mount --rbind /dev "$folder/dev"
    mount -o remount,bind,ro "$folder"
    cd "$folder"
    exec setpriv --no-new-privs env -i /usr/sbin/chroot --userspec="$user:$user" "$folder" /usr/bin/env -C /app "$@"
  ' - "$folder" "$user" "$work/secrets" "$@"
}

environment_of() { buildah inspect --type image --format '{{range .Docker.Config.Env}}{{println .}}{{end}}' "$1" | grep .; }
words_of() { buildah inspect --type image --format "{{range .Docker.Config.$2}}{{println .}}{{end}}" "$1" | grep .; }

mkdir -p "$work/secrets"
chmod 755 "$work" "$work/secrets"
mapfile -t api_env < <(environment_of "millrace-api:$version")
mapfile -t worker_env < <(environment_of "millrace-worker:$version")
mapfile -t entrypoint < <(words_of "millrace-api:$version" Entrypoint)
mapfile -t api_command < <(words_of "millrace-api:$version" Cmd)
mapfile -t worker_command < <(words_of "millrace-worker:$version" Cmd)

# --- 2. secrets and Redis ----------------------------------------------------------------------------------------------

say 'init'
node_env=(PATH=/usr/local/bin:/usr/bin:/bin)
inside_writable() { # init writes into its volumes, and has the right to give files away.
  chroot "$api_root" /usr/bin/env -C /app "${node_env[@]}" "$@"
}
mkdir -p "$api_root/secrets"
mount --bind "$work/secrets" "$api_root/secrets"
inside_writable "${entrypoint[@]}" dist/deploy/containers/make-secrets.js /secrets | sed -E 's/mr_live_\w+/mr_live_.../'
inside_writable "${entrypoint[@]}" dist/deploy/containers/make-secrets.js /secrets
umount "$api_root/secrets"
rmdir "$api_root/secrets"
# Here Redis is not called redis.
sed -i 's/@redis:6379/@127.0.0.1:6399/' "$work/secrets/fleet/redis-url"

mkdir "$work/redis"
"$redis_server" "$work/secrets/redis/redis.conf" --port 6399 --bind 127.0.0.1 --dir "$work/redis" \
  --appendonly yes --maxmemory 640mb --maxmemory-policy noeviction > "$work/redis.log" 2>&1 &
pids+=($!)

# --- 3. the processes --------------------------------------------------------------------------------------------------

shared=(APP_ENV=production AUTH=on REDIS_URL_FILE=/run/millrace/fleet/redis-url SHUTDOWN_SECONDS=20 LOG_LEVEL=info)
# Only where there is no network of the container's own.
here=(HOST=127.0.0.1)

inside "$api_root" 1000 "${api_env[@]}" "${shared[@]}" "${here[@]}" \
  BOOTSTRAP_KEY_FILE=/run/millrace/api/first-key "${entrypoint[@]}" "${api_command[@]}" > "$work/api.log" 2>&1 &
pids+=($!)
inside "$worker_root" 1000 "${worker_env[@]}" "${shared[@]}" OPS_PORT=9101 \
  "${entrypoint[@]}" "${worker_command[@]}" > "$work/worker.log" 2>&1 &
pids+=($!)
inside "$api_root" 1000 "${api_env[@]}" "${shared[@]}" OPS_PORT=9102 \
  "${entrypoint[@]}" dist/apps/courier/main.js > "$work/courier.log" 2>&1 &
pids+=($!)

# The words of the image's HEALTHCHECK, in its file system.
healthy() {
  local image=$1 folder=$2 port=$3 words
  mapfile -t words < <(words_of "$image" Healthcheck.Test)
  chroot --userspec=1000:1000 "$folder" /usr/bin/env -i "${node_env[@]}" "OPS_PORT=$port" "${words[@]:1}" > /dev/null 2>&1
}
await() {
  local what=$1
  shift
  for _ in $(seq 60); do
    if "$@"; then say "$what" && return; fi
    sleep 1
  done
  echo "not $what after 60 tries:" >&2
  tail -n 5 "$work"/*.log >&2
  exit 1
}
await 'the API is healthy' healthy "millrace-api:$version" "$api_root" 9100
await 'the worker is healthy' healthy "millrace-worker:$version" "$worker_root" 9101
await 'the courier is healthy' healthy "millrace-api:$version" "$api_root" 9102
if healthy "millrace-api:$version" "$api_root" 9; then echo 'a health check passes where nobody answers' >&2 && exit 1; fi

# --- 4. predictions ----------------------------------------------------------------------------------------------------

inside "$api_root" 1000 "${api_env[@]}" MILLRACE_API_KEY_FILE=/run/millrace/api/first-key \
  "${entrypoint[@]}" dist/deploy/containers/smoke.js http://127.0.0.1:3000

# --- 5. what they may not, and how they end -----------------------------------------------------------------------------

if inside "$api_root" 1000 "${api_env[@]}" node -e "require('fs').writeFileSync('/app/x', '')" 2> "$work/written"; then
  echo 'the root file system can be written' >&2 && exit 1
fi
say "a write to /app: $(grep -oE 'E[A-Z]+: [a-z -]+' "$work/written" | head -n 1)"

for pid in "${pids[@]:1}"; do kill -TERM "$(process_of "$pid")"; done
for name in api worker courier; do
  await "the $name has stopped" grep -q '"msg":"stopped"' "$work/$name.log"
done
say 'passed'
