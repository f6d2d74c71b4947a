"""What a trained model has to show: metrics, the graph's agreement with scikit-learn, a baseline, golden examples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto
from sklearn.model_selection import cross_val_predict

from baseline import build_baseline, class_predictions, value_predictions
from evaluation import classification_metrics, max_abs_difference, regression_metrics
from features import Feature, to_tensors
from golden import classification_output, corner_inputs, example_input, golden_examples, regression_output
from onnx_runtime import run_graph

FOLDS = 5
"""A model is too sure of rows that it learned from, so the baseline holds predictions of models that saw the others."""


@dataclass(frozen=True)
class Rows:
    """Inputs as clients send them, and the true answers: [rows] of label indices or of values."""

    inputs: list[dict]
    truth: np.ndarray


@dataclass(frozen=True)
class Trained:
    """A fitted scikit-learn estimator, the graph made from it, and `matrix`, which turns inputs into its [rows, F]."""

    estimator: object
    graph: ModelProto
    matrix: Callable[[list[dict]], np.ndarray]


@dataclass(frozen=True)
class Evidence:
    evaluation: dict[str, float]
    baseline: dict
    golden: list[dict]


def classifier_evidence(
    trained: Trained, features: list[Feature], labels: list[str], train: Rows, test: Rows, tolerance: float
) -> Evidence:
    """`tolerance` holds for probabilities: for the graph on all test rows, and for the golden examples."""
    inputs = golden_inputs(features, [row for index in range(len(labels)) for row in _some_of_class(test, index)])
    expected = trained.estimator.predict_proba(trained.matrix(inputs))
    _assert_all_labels(labels, expected)
    _difference(trained, features, inputs, expected, tolerance)

    on_test = trained.estimator.predict_proba(trained.matrix(test.inputs))
    unseen = cross_val_predict(
        trained.estimator, trained.matrix(train.inputs), train.truth, cv=FOLDS, method="predict_proba"
    )
    return Evidence(
        evaluation={
            **classification_metrics(test.truth, on_test),
            **_row_counts(train, test),
            "max_abs_difference_to_sklearn": _difference(trained, features, test.inputs, on_test, tolerance),
        },
        baseline=build_baseline(features, train.inputs, class_predictions(labels, unseen)),
        golden=golden_examples(inputs, [classification_output(labels, row) for row in expected], tolerance),
    )


def regressor_evidence(
    trained: Trained, features: list[Feature], train: Rows, test: Rows, tolerance: float
) -> Evidence:
    """`tolerance` is in the unit of the value."""
    inputs = golden_inputs(features, test.inputs[:20])
    expected = trained.estimator.predict(trained.matrix(inputs))
    _difference(trained, features, inputs, expected[:, np.newaxis], tolerance)

    on_test = trained.estimator.predict(trained.matrix(test.inputs))
    unseen = cross_val_predict(trained.estimator, trained.matrix(train.inputs), train.truth, cv=FOLDS)
    return Evidence(
        evaluation={
            **regression_metrics(test.truth, on_test),
            **_row_counts(train, test),
            "max_abs_difference_to_sklearn": _difference(
                trained, features, test.inputs, on_test[:, np.newaxis], tolerance
            ),
        },
        baseline=build_baseline(features, train.inputs, value_predictions(unseen)),
        golden=golden_examples(inputs, [regression_output(value) for value in expected], tolerance),
    )


def golden_inputs(features: list[Feature], rows: list[dict]) -> list[dict]:
    """The given rows, then the manifest's example, then variations of it at the corners of the ranges."""
    example = example_input(features)
    return [*rows, example, *corner_inputs(features, example)]


def _some_of_class(rows: Rows, index: int, count: int = 8) -> list[dict]:
    return [row for row, truth in zip(rows.inputs, rows.truth, strict=True) if truth == index][:count]


def _assert_all_labels(labels: list[str], probabilities: np.ndarray) -> None:
    missing = set(range(len(labels))) - set(probabilities.argmax(axis=1).tolist())
    if missing:
        raise ValueError(f"no golden example answers {', '.join(labels[index] for index in sorted(missing))}")


def _row_counts(train: Rows, test: Rows) -> dict[str, int]:
    return {"train_rows": len(train.inputs), "test_rows": len(test.inputs)}


def _difference(trained: Trained, features: list[Feature], inputs: list[dict], expected: np.ndarray, limit: float):
    outputs = run_graph(trained.graph.SerializeToString(), to_tensors(features, inputs))
    return max_abs_difference(outputs[trained.graph.graph.output[0].name], expected, limit)
