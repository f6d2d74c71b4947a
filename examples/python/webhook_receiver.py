# A receiver of webhooks with Python's standard library, which verifies the signature of each.
# Needs a fleet (npm start) and Python 3.8 or newer. Run: python3 examples/python/webhook_receiver.py
# MILLRACE_URL and MILLRACE_API_KEY name fleet and key; it listens on PORT (3197 unless set) of this machine.
import base64
import hashlib
import hmac
import json
import os
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

URL = os.environ.get("MILLRACE_URL", "http://127.0.0.1:3000")
KEY = os.environ.get("MILLRACE_API_KEY", "none")

request = urllib.request.Request(
    f"{URL}/v1/webhooks/default/secret", headers={"Authorization": f"Bearer {KEY}"}
)
SECRET = base64.b64decode(json.load(urllib.request.urlopen(request))["key"][len("whsec_"):])


def is_ours(headers, body):
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 300:
        return False
    signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest())
    # Several signatures while the secret is changed; compared in a time that tells nothing.
    signatures = headers.get("webhook-signature", "").encode().split(b" ")
    return any([hmac.compare_digest(expected, signature) for signature in signatures])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        # The exact bytes that came: parsed and written again they are others.
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        ours = is_ours(self.headers, body)
        self.send_response(204 if ours else 400)
        self.end_headers()
        if ours:
            print(self.headers["webhook-id"], body.decode(), flush=True)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3197"))), Receiver)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
