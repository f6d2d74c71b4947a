#!/bin/sh
# A receiver of webhooks with a shell and openssl: reads one request on stdin, verifies it, prints it on stderr.
# Needs WEBHOOK_SECRET: curl -H "Authorization: Bearer $MILLRACE_API_KEY" "$MILLRACE_URL/v1/webhooks/default/secret"
# Run, one for each request: socat TCP-LISTEN:3197,bind=127.0.0.1,reuseaddr,fork EXEC:'sh examples/curl/webhook-receiver.sh'
set -eu

answer() {
  printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1"
  exit 0
}

id='' timestamp='' signatures='' length=0
while IFS= read -r line; do
  line=$(printf '%s' "$line" | tr -d '\r')
  [ -n "$line" ] || break
  name=$(printf '%s' "${line%%:*}" | tr '[:upper:]' '[:lower:]')
  value=${line#*: }
  case $name in
    webhook-id) id=$value ;;
    webhook-timestamp) timestamp=$value ;;
    webhook-signature) signatures=$value ;;
    content-length) length=$value ;;
  esac
done
# The byte behind the body keeps line breaks at its end, which the shell would drop.
body=$(head -c "$length"; printf x)
body=${body%x}

case $timestamp in '' | *[!0-9]*) answer '400 Bad Request' ;; esac
age=$(($(date +%s) - timestamp))
if [ "$age" -gt 300 ] || [ "$age" -lt -300 ]; then answer '400 Bad Request'; fi

key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf '%s.%s.%s' "$id" "$timestamp" "$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

# Several signatures while the secret is changed.
case " $signatures " in
  *" v1,$signature "*) ;;
  *) answer '400 Bad Request' ;;
esac
printf '%s %s\n' "$id" "$body" >&2
answer '204 No Content'
