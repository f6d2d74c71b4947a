"""Metrics on rows that the training did not see, and the proof that a graph computes what scikit-learn computes."""

import numpy as np
from sklearn import metrics


def classification_metrics(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """`truth` is [rows] of label indices; `probabilities` is [rows, labels]. ROC AUC is one-vs-rest, macro average."""
    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return {
        "accuracy": rounded(metrics.accuracy_score(truth, probabilities.argmax(axis=1))),
        "log_loss": rounded(metrics.log_loss(truth, probabilities)),
        "roc_auc": rounded(metrics.roc_auc_score(truth, scores, multi_class="ovr")),
    }


def regression_metrics(truth: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Both are [rows], in the unit of the target."""
    return {
        "mae": rounded(metrics.mean_absolute_error(truth, values)),
        "rmse": rounded(metrics.mean_squared_error(truth, values, squared=False)),
        "r2": rounded(metrics.r2_score(truth, values)),
    }


def rounded(number: float) -> float:
    return round(float(number), 6)


def max_abs_difference(actual: np.ndarray, expected: np.ndarray, limit: float) -> float:
    """The largest absolute difference, to two digits.

    Raises ArithmeticError above `limit`, or where one of the two is not a number.
    """
    if actual.shape != expected.shape:
        raise ArithmeticError(f"the graph answers {actual.shape}, scikit-learn {expected.shape}")
    difference = float(np.abs(actual - expected).max())
    if not difference <= limit:
        raise ArithmeticError(f"the graph is {difference} away from scikit-learn; the limit is {limit}")
    return float(f"{difference:.1e}")
