#!/bin/sh
# A batch with curl: sends three irises as NDJSON, waits until all have ended and prints a result a line.
# Needs a fleet (npm start) and curl. Run: sh examples/curl/batch.sh
# MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
set -eu

ask() {
  path=$1
  shift
  curl --fail-with-body --silent --show-error --retry 5 "${MILLRACE_URL:-http://127.0.0.1:3000}$path" \
    --header "Authorization: Bearer ${MILLRACE_API_KEY:-none}" "$@"
}

# curl may send it more than once: with a key of its own it is one batch all the same.
batch=$(
  ask '/v1/batches?model=iris' --header 'Content-Type: application/x-ndjson' \
    --header "Idempotency-Key: example-$(date +%s)-$$" --data-binary @- <<'ROWS'
{"custom_id":"f-1","sepal_length":5.1,"sepal_width":3.4,"petal_length":1.5,"petal_width":0.2}
{"custom_id":"f-2","sepal_length":6.4,"sepal_width":2.8,"petal_length":5.6,"petal_width":2.2}
{"custom_id":"f-3","sepal_length":5.9,"sepal_width":34,"petal_length":4.2,"petal_width":1.5}
ROWS
)
id=$(printf '%s' "$batch" | sed 's/.*"id":"\([^"]*\)".*/\1/')

# The stream of its events ends with the batch: no need to ask in a loop.
ask "/v1/batches/$id/events" --header 'Accept: text/event-stream' >&2
ask "/v1/batches/$id/results"
