"""Makes every model version again in a temporary folder and compares it with the committed one, byte for byte.

    python3 training/verify.py

Where the processor or the libraries differ from those that the manifests name, last bits may differ too. Then

    python3 training/verify.py --other-platform

asks less: the new graphs must give the committed golden answers within their tolerance.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from arguments import ROOT
from features import to_tensors
from iris_fixture import FIXTURE
from onnx_runtime import run_graph

TRAINING = ROOT / "training"
MODELS = ROOT / "models"
NAMES = ["iris", "diabetes", "churn", "digits"]
VERSION = "1.0.0"
FILES = ["manifest.json", "model.onnx", "baseline.json", "golden.jsonl"]


def rebuild(name: str, models: Path) -> Path:
    """Runs the script of a model with the arguments that its manifest records; the new version's folder."""
    manifest = read_manifest(MODELS / name / VERSION)
    run_script(
        f"{name}.py",
        *("--commit", manifest["training"]["commit"]),
        *("--created-at", manifest["created_at"]),
        *("--models", str(models)),
    )
    return models / name / VERSION


def run_script(script: str, *arguments: str) -> None:
    subprocess.run([sys.executable, str(TRAINING / script), *arguments], stdout=subprocess.DEVNULL, check=True)


def different_files(committed: Path, rebuilt: Path) -> list[str]:
    return [file for file in FILES if (committed / file).read_bytes() != (rebuilt / file).read_bytes()]


def worst_golden_error(committed: Path, graph: Path) -> float:
    """The largest error of `graph` on the committed golden examples, as a share of the tolerance."""
    manifest = read_manifest(committed)
    examples = read_json_lines(committed / "golden.jsonl")
    answers = answer(manifest, graph, [example["input"] for example in examples])
    expected = np.array([expected_answer(manifest, example["output"]) for example in examples])
    tolerances = np.array([[example["tolerance"]] for example in examples])
    return float((np.abs(answers - expected) / tolerances).max())


def expected_answer(manifest: dict, output: dict) -> list[float]:
    if manifest["task"] == "regression":
        return [output["value"]]
    return [output["probabilities"][label] for label in manifest["outputs"]["labels"]]


def wrong_fixture_labels() -> int:
    """On how many of the 150 flowers the committed iris graph disagrees with the committed fixture."""
    folder = MODELS / "iris" / VERSION
    manifest = read_manifest(folder)
    rows = read_json_lines(FIXTURE)
    answers = answer(manifest, folder / "model.onnx", [row["input"] for row in rows])
    labels = [manifest["outputs"]["labels"][index] for index in answers.argmax(axis=1)]
    return sum(label != row["label"] for label, row in zip(labels, rows, strict=True))


def answer(manifest: dict, graph: Path, inputs: list[dict]) -> np.ndarray:
    """[rows, K]: what `graph` says to `inputs`."""
    outputs = run_graph(graph.read_bytes(), to_tensors(manifest["inputs"], inputs))
    return outputs[manifest["outputs"]["tensor"]]


def read_manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def read_json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def verify_model(name: str, models: Path, other_platform: bool) -> list[str]:
    """What is wrong with one model, in sentences; prints what was found."""
    committed, rebuilt = MODELS / name / VERSION, rebuild(name, models)
    different = different_files(committed, rebuilt)
    errors = {
        "committed": worst_golden_error(committed, committed / "model.onnx"),
        "rebuilt": worst_golden_error(committed, rebuilt / "model.onnx"),
    }
    bytes_found = f"differs in {', '.join(different)}" if different else "same bytes"
    golden_found = ", ".join(f"{graph} {error:.1%}" for graph, error in errors.items())
    print(f"{name}: {bytes_found}; worst golden error, of the tolerance: {golden_found}")
    wrong = [f"{name}: the {graph} graph misses a golden answer" for graph, error in errors.items() if not error <= 1]
    if different and not other_platform:
        wrong.append(f"{name}: {bytes_found}")
    return wrong


def verify_fixture(folder: Path) -> list[str]:
    """The labels hold on any platform: the closest call is 0.001 of probability, platforms differ by far less."""
    rebuilt = folder / FIXTURE.name
    run_script("iris_fixture.py", "--output", str(rebuilt))
    wrong = []
    if rebuilt.read_bytes() != FIXTURE.read_bytes():
        wrong.append(f"{FIXTURE.name} differs")
    if wrong_fixture_labels() > 0:
        wrong.append(f"the committed iris graph disagrees with {FIXTURE.name}")
    print(f"{FIXTURE.name}: {'; '.join(wrong) or 'same bytes, and the graph agrees'}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other-platform", action="store_true", help="compare golden answers, not bytes")
    other_platform = parser.parse_args().other_platform
    with tempfile.TemporaryDirectory() as folder:
        wrong = [line for name in NAMES for line in verify_model(name, Path(folder), other_platform)]
        wrong += verify_fixture(Path(folder))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
