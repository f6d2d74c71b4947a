"""Writes the folder of a model version: manifest.json, model.onnx, baseline.json and golden.jsonl."""

import hashlib
import json
import platform
from argparse import Namespace
from dataclasses import asdict, dataclass

import numpy
import onnx
import sklearn

from dataset import DataFacts
from evidence import Evidence
from features import Feature
from onnx_graphs import tensor_specs

THRESHOLDS = {"psi_warn": 0.1, "psi_alert": 0.2}


@dataclass(frozen=True)
class ModelVersion:
    """A version about to be written; `outputs` is the manifest's, its task included."""

    name: str
    version: str
    title: str
    description: str
    script: str
    data: DataFacts
    features: list[Feature]
    outputs: dict
    graph: onnx.ModelProto
    evidence: Evidence
    max_batch_size: int
    timeout_ms: int
    monitored: list[str]


def write_version(model: ModelVersion, arguments: Namespace) -> None:
    """Writes the files, the manifest last, below `arguments.models`, and says where."""
    files = {
        "model.onnx": model.graph.SerializeToString(),
        "baseline.json": to_json(model.evidence.baseline),
        "golden.jsonl": to_json_lines(model.evidence.golden),
    }
    manifest = _manifest(model, arguments, files)
    folder = arguments.models / model.name / model.version
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "manifest.json": to_json(manifest)}.items():
        (folder / name).write_bytes(content)
    print(f"{folder}: {json.dumps(model.evidence.evaluation)}")


def to_json(value) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def to_json_lines(values: list) -> bytes:
    return "".join(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n" for value in values).encode()


def _manifest(model: ModelVersion, arguments: Namespace, files: dict[str, bytes]) -> dict:
    return {
        "manifest_version": 1,
        "name": model.name,
        "version": model.version,
        "title": model.title,
        "description": model.description,
        "task": model.outputs["task"],
        "owner": "millrace",
        "license": "Apache-2.0",
        "created_at": arguments.created_at,
        "training": {
            "script": model.script,
            "commit": arguments.commit,
            "python": platform.python_version(),
            "data": asdict(model.data),
            "libraries": {
                "scikit-learn": sklearn.__version__,
                "numpy": numpy.__version__,
                "onnx": onnx.__version__,
            },
        },
        "evaluation": model.evidence.evaluation,
        "files": [_file_facts(name, content) for name, content in files.items()],
        "graph": {
            "path": "model.onnx",
            "inputs": tensor_specs(model.graph.graph.input),
            "outputs": tensor_specs(model.graph.graph.output),
        },
        "inputs": model.features,
        "outputs": model.outputs,
        "batching": {"max_batch_size": model.max_batch_size},
        "timeout_ms": model.timeout_ms,
        "monitoring": {"features": model.monitored, "thresholds": THRESHOLDS},
    }


def _file_facts(name: str, content: bytes) -> dict:
    return {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
