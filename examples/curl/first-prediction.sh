#!/bin/sh
# A first prediction with curl: submits an iris, waits for its end and prints the answer.
# Needs a fleet (npm start) and curl. Run: sh examples/curl/first-prediction.sh
# MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
set -eu

curl --fail-with-body --silent --show-error "${MILLRACE_URL:-http://127.0.0.1:3000}/v1/predictions" \
  --header "Authorization: Bearer ${MILLRACE_API_KEY:-none}" \
  --header 'Content-Type: application/json' \
  --header 'Prefer: wait=60' \
  --data '{"version":"iris","input":{"sepal_length":5.1,"sepal_width":3.4,"petal_length":1.5,"petal_width":0.2}}'
echo
