"""Features of a manifest, and the way in which their values become the tensors of a graph.

An *input* is what a client sends: a dict of values by feature name. The serving side turns inputs into tensors by the
rules of the manifest; `to_tensors` follows the same rules, so a graph that passes here passes there.
"""

import math

import numpy as np

Feature = dict
"""An entry of the manifest's `inputs`."""

NAN_POLICY = "nan"


def feature(
    name,
    type,
    *,
    description,
    example,
    tensor="features",
    unit=None,
    shape=None,
    minimum=None,
    maximum=None,
    categories=None,
    missing=None,
    sensitive=False,
) -> Feature:
    """One required feature; `missing` (a policy with its description) makes it nullable. Bounds are inclusive."""
    optional = {
        "shape": shape,
        "missing": missing,
        "minimum": minimum,
        "maximum": maximum,
        "categories": categories,
    }
    return {
        "name": name,
        "type": type,
        "tensor": tensor,
        "unit": unit,
        "description": description,
        "required": True,
        "nullable": missing is not None,
        **{key: value for key, value in optional.items() if value is not None},
        "example": example,
        "sensitive": sensitive,
    }


def to_inputs(features: list[Feature], columns: dict[str, np.ndarray]) -> list[dict]:
    """Rows of `columns` (one array of [rows] or [rows, ...] a feature) as inputs; NaN becomes null."""
    rows = len(next(iter(columns.values())))
    return [{spec["name"]: _to_json(spec, columns[spec["name"]][row]) for spec in features} for row in range(rows)]


def _to_json(spec: Feature, value):
    if "shape" in spec:
        return [_scalar_to_json(spec["type"], element) for element in np.ravel(value)]
    return _scalar_to_json(spec["type"], value)


def _scalar_to_json(type_, value):
    if type_ == "category":
        return str(value)
    if type_ == "boolean":
        return bool(value)
    number = float(value)
    if math.isnan(number):
        return None
    return int(number) if number.is_integer() else number


def to_tensors(features: list[Feature], inputs: list[dict]) -> dict[str, np.ndarray]:
    """Tensors by graph input: float32 [rows, width], or object [rows, width] of strings.

    Features that share a tensor stand side by side in the order of the manifest.
    """
    names = dict.fromkeys(spec["tensor"] for spec in features)
    return {name: _to_tensor([spec for spec in features if spec["tensor"] == name], inputs) for name in names}


def _to_tensor(features: list[Feature], inputs: list[dict]) -> np.ndarray:
    if features[0]["type"] == "category":
        return np.array([[row[spec["name"]] for spec in features] for row in inputs], dtype=object)
    numbers = [np.concatenate([_to_numbers(row[spec["name"]]) for spec in features]) for row in inputs]
    return np.array(numbers, dtype=np.float32)


def _to_numbers(value) -> np.ndarray:
    """Booleans become 0 and 1, null becomes NaN; a list keeps its order."""
    return np.atleast_1d(np.array(value, dtype=np.float64))
