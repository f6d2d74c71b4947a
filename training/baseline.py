"""`baseline.json`: what the training data and the predictions for it looked like; drift is measured against it.

Bins are the deciles of the training data. `quantile_edges` holds the inner edges only, in rising order and without
repeats; the first bin reaches down to -infinity and the last one up to +infinity. A value on an edge belongs to the bin
above it: bin i holds `edges[i-1] <= x < edges[i]`. Missing values are counted, and are in no bin.
"""

import numpy as np

DECILES = np.arange(0.1, 0.95, 0.1)
DECIMALS = 6
"""Figures are rounded, so that the last bits of a platform's arithmetic do not show."""
CERTAIN = 1 - 1e-6
"""Scores above this one count as this one: float32 cannot tell them apart reliably."""


def build_baseline(features: list[dict], inputs: list[dict], predictions: dict) -> dict:
    return {
        "baseline_version": 1,
        "rows": len(inputs),
        "features": {spec["name"]: _feature_baseline(spec, inputs) for spec in features},
        "predictions": predictions,
    }


def class_predictions(labels: list[str], probabilities: np.ndarray) -> dict:
    """Shares of the predicted labels, and the score (their probability); `probabilities` is [rows, labels]."""
    predicted = [labels[index] for index in probabilities.argmax(axis=1)]
    score = numeric_statistics(probabilities.max(axis=1).clip(max=CERTAIN))
    return {"rows": len(predicted), "classes": _shares(labels, predicted), "score": score}


def value_predictions(values: np.ndarray) -> dict:
    """`values` is [rows]."""
    return {"rows": len(values), "value": numeric_statistics(values)}


def numeric_statistics(values: np.ndarray) -> dict:
    """`values` is [rows]; NaN counts as missing. The standard deviation is the population's."""
    present = values[~np.isnan(values)]
    edges = np.unique(np.quantile(present, DECILES).round(DECIMALS))
    counts = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(edges) + 1)
    return {
        "count": len(present),
        "missing": len(values) - len(present),
        "minimum": _rounded(present.min()),
        "maximum": _rounded(present.max()),
        "mean": _rounded(present.mean()),
        "standard_deviation": _rounded(present.std()),
        "quantile_edges": edges.tolist(),
        "bin_probabilities": [_rounded(count / len(present)) for count in counts],
    }


def _feature_baseline(spec: dict, inputs: list[dict]) -> dict:
    values = [row[spec["name"]] for row in inputs]
    if spec["type"] == "category":
        return {"type": "category", **_category_statistics(spec["categories"], values)}
    if spec["type"] == "boolean":
        words = [None if value is None else str(value).lower() for value in values]
        return {"type": "boolean", **_category_statistics(["false", "true"], words)}
    numbers = np.array(values, dtype=np.float64)
    if "shape" in spec:
        return _array_baseline(spec, numbers)
    return {"type": spec["type"], **numeric_statistics(numbers)}


def _array_baseline(spec: dict, numbers: np.ndarray) -> dict:
    """The statistics are those of the mean of each row's elements; `elements` are those of all elements together."""
    return {
        "type": spec["type"],
        "shape": spec["shape"],
        "reduction": "mean",
        **numeric_statistics(numbers.mean(axis=1)),
        "elements": numeric_statistics(numbers.ravel()),
    }


def _category_statistics(known: list[str], values: list[str | None]) -> dict:
    present = [value for value in values if value is not None]
    return {"count": len(present), "missing": len(values) - len(present), "categories": _shares(known, present)}


def _shares(known: list[str], values: list[str]) -> dict[str, float]:
    return {value: _rounded(values.count(value) / len(values)) for value in known}


def _rounded(number) -> float:
    return round(float(number), DECIMALS)
