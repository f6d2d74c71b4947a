"""Writes training/fixtures/models/slow: a model whose runs take as long as its input says.

It answers what it was asked, after multiplying square matrices of that size: 2 takes microseconds, 4000 minutes. Tests
use it to see what becomes of a run that is canceled, or that takes too long.

python3 training/slow_fixture.py
"""

import reproducible  # noqa: F401, isort: skip

import argparse
import hashlib
from pathlib import Path

import numpy as np
from onnx import TensorProto

from onnx_graphs import GraphBuilder, tensor_specs
from version_folder import to_json, to_json_lines

FOLDER = Path(__file__).parent / "fixtures" / "models"
PRODUCTS = 40
LARGEST = 4000


def build_graph():
    graph = GraphBuilder("slow")
    size = graph.input("size", TensorProto.FLOAT, 1)
    graph.constant("one", np.asarray([1], dtype=np.int64))
    largest = graph.node("ReduceMax", [size], "largest", keepdims=0)
    whole = graph.node("Cast", [largest], "whole", to=TensorProto.INT64)
    side = graph.node("Reshape", [whole, "one"], "side")
    shape = graph.node("Concat", [side, side], "shape", axis=0)
    product = zeros = graph.node("ConstantOfShape", [shape], "zeros")
    for n in range(PRODUCTS):
        product = graph.node("MatMul", [product, zeros], f"product{n}")
    nothing = graph.node("ReduceMax", [product], "nothing", keepdims=0)
    return graph.finish(graph.node("Add", [size, nothing], "value"), 1)


def manifest(graph, files: dict[str, bytes]) -> dict:
    entries = [
        {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in files.items()
    ]
    nothing = {"name": "none", "sha256": hashlib.sha256(b"").hexdigest(), "rows": 0, "license": "Apache-2.0"}
    return {
        "manifest_version": 1,
        "name": "slow",
        "version": "1.0.0",
        "title": "A model that takes its time",
        "description": "Answers the number that it was given, after a time that grows with its third power.",
        "task": "regression",
        "owner": "millrace",
        "license": "Apache-2.0",
        "created_at": "2026-01-01T00:00:00Z",
        "training": {
            "script": "training/slow_fixture.py",
            "commit": "none",
            "python": "none",
            "data": nothing,
            "libraries": {},
        },
        "evaluation": {"products": PRODUCTS},
        "files": entries,
        "graph": {
            "path": "model.onnx",
            "inputs": tensor_specs(graph.graph.input),
            "outputs": tensor_specs(graph.graph.output),
        },
        "inputs": [
            {
                "name": "size",
                "type": "integer",
                "tensor": "size",
                "unit": None,
                "description": "Rows of the matrices that are multiplied.",
                "required": True,
                "nullable": False,
                "minimum": 1,
                "maximum": LARGEST,
                "example": 2,
                "sensitive": False,
            }
        ],
        "outputs": {"task": "regression", "tensor": "value", "unit": None, "description": "The number again."},
        "batching": {"max_batch_size": 8},
        "timeout_ms": 60000,
        "monitoring": {"features": [], "thresholds": {}},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=FOLDER)
    folder = parser.parse_args().output / "slow" / "1.0.0"
    graph = build_graph()
    golden = [{"input": {"size": size}, "output": {"value": size}, "tolerance": 0} for size in (1, 2, 8)]
    files = {
        "model.onnx": graph.SerializeToString(),
        "baseline.json": to_json({"baseline_version": 1, "rows": 0, "features": {}}),
        "golden.jsonl": to_json_lines(golden),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "manifest.json": to_json(manifest(graph, files))}.items():
        (folder / name).write_bytes(content)
    print(folder)


if __name__ == "__main__":
    main()
