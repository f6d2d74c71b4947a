"""ONNX Runtime, reached through Node: the training scripts run the build that also serves the models."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

RUNNER = Path(__file__).with_name("run_onnx.mjs")


def run_graph(graph: bytes, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of `graph` (the bytes of a model.onnx) for `tensors`, by name."""
    request = json.dumps({name: _to_request(tensor) for name, tensor in tensors.items()})
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(graph)
        file.flush()
        command = ["node", str(RUNNER), file.name]
        answer = subprocess.run(command, input=request, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: np.array(spec["data"]).reshape(spec["shape"]) for name, spec in json.loads(answer).items()}


def _to_request(tensor: np.ndarray) -> dict:
    if tensor.dtype == object:
        return {"datatype": "string", "shape": tensor.shape, "data": tensor.ravel().tolist()}
    numbers = tensor.ravel().astype(np.float64)
    data = [None if np.isnan(number) else number for number in numbers.tolist()]
    return {"datatype": "float32", "shape": tensor.shape, "data": data}
