"""`golden.jsonl`: inputs with the answers of scikit-learn, which a graph has to repeat before it serves anybody."""

import numpy as np

from features import Feature

DECIMALS = 8


def corner_inputs(features: list[Feature], example: dict) -> list[dict]:
    """`example` with one feature at a time at every corner it has, then with all of them at their first or last one."""
    corners = {spec["name"]: _corners(spec) for spec in features}
    rows = [{**example, name: value} for name, values in corners.items() for value in values]
    rows += [{name: values[end] for name, values in corners.items()} for end in (0, -1)]
    return [row for index, row in enumerate(rows) if row not in rows[:index]]


def example_input(features: list[Feature]) -> dict:
    """The input that the manifest gives as an example."""
    return {spec["name"]: spec["example"] for spec in features}


def classification_output(labels: list[str], probabilities: np.ndarray) -> dict:
    """`probabilities` is [labels], of one row."""
    shares = [round(float(probability), DECIMALS) for probability in probabilities]
    best = int(probabilities.argmax())
    return {"label": labels[best], "score": shares[best], "probabilities": dict(zip(labels, shares, strict=True))}


def regression_output(value: float) -> dict:
    return {"value": round(float(value), DECIMALS)}


def golden_examples(inputs: list[dict], outputs: list[dict], tolerance: float) -> list[dict]:
    return [
        {"input": row, "output": output, "tolerance": tolerance} for row, output in zip(inputs, outputs, strict=True)
    ]


def _corners(spec: Feature) -> list:
    """Null where it is allowed, then both ends of the range, both booleans or every category."""
    nulls = [None] if spec["nullable"] else []
    if spec["type"] == "boolean":
        return [*nulls, False, True]
    if spec["type"] == "category":
        return [*nulls, *spec["categories"]]
    ends = [spec["minimum"], spec["maximum"]]
    return [*nulls, *([end] * spec["shape"][0] if "shape" in spec else end for end in ends)]
