# A first prediction with Python's standard library: submits an iris, waits for its end and prints the answer.
# Needs a fleet (npm start) and Python 3.8 or newer. Run: python3 examples/python/first_prediction.py
# MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("MILLRACE_URL", "http://127.0.0.1:3000")
KEY = os.environ.get("MILLRACE_API_KEY", "none")

flower = {"sepal_length": 5.1, "sepal_width": 3.4, "petal_length": 1.5, "petal_width": 0.2}
request = urllib.request.Request(
    f"{URL}/v1/predictions",
    data=json.dumps({"version": "iris", "input": flower}).encode(),
    headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Prefer": "wait=60"},
)
try:
    with urllib.request.urlopen(request) as answer:
        prediction = json.load(answer)
except urllib.error.HTTPError as refusal:
    sys.exit(refusal.read().decode())
print(prediction["status"], json.dumps(prediction["output"]))
