# A batch with Python's standard library: sends rows as NDJSON, waits until all have ended, prints a result a line.
# Needs a fleet (npm start) and Python 3.8 or newer. Run: python3 examples/python/batch.py
# MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import json
import os
import time
import urllib.request

URL = os.environ.get("MILLRACE_URL", "http://127.0.0.1:3000")
KEY = os.environ.get("MILLRACE_API_KEY", "none")

ROWS = [
    {"custom_id": "f-1", "sepal_length": 5.1, "sepal_width": 3.4, "petal_length": 1.5, "petal_width": 0.2},
    {"custom_id": "f-2", "sepal_length": 6.4, "sepal_width": 2.8, "petal_length": 5.6, "petal_width": 2.2},
    {"custom_id": "f-3", "sepal_length": 5.9, "sepal_width": 34, "petal_length": 4.2, "petal_width": 1.5},
]


def ask(path, data=None, **headers):
    headers = {"Authorization": f"Bearer {KEY}", **headers}
    return urllib.request.urlopen(urllib.request.Request(f"{URL}{path}", data=data, headers=headers))


body = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
batch = json.load(ask("/v1/batches?model=iris", body, **{"Content-Type": "application/x-ndjson"}))
while batch["status"] in ("validating", "in_progress"):
    time.sleep(0.5)
    batch = json.load(ask(f"/v1/batches/{batch['id']}"))
for line in ask(f"/v1/batches/{batch['id']}/results", Accept="application/x-ndjson"):
    print(json.dumps(json.loads(line)))
