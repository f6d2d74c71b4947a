"""Trains models/digits: which digit an 8x8 image of a handwritten one shows.

python3 training/digits.py --commit <commit>
"""

import reproducible  # noqa: F401, isort: skip

import warnings
from dataclasses import replace

import numpy as np
from onnx import ModelProto, TensorProto
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from arguments import parse_arguments
from dataset import describe_data
from evidence import Rows, Trained, classifier_evidence
from features import feature, to_inputs, to_tensors
from onnx_graphs import GraphBuilder, linear, softmax
from version_folder import ModelVersion, write_version

PIXELS = 64
INK = 16
"""The greatest grey level: the data counts the inked points of 4x4 blocks of a finer image."""

LABELS = [str(digit) for digit in range(10)]
HIDDEN_LAYERS = (640, 512, 512)
"""Far more than the task needs: the sizes are chosen to cost 1 to 2 million FLOP a row, a load worth measuring."""
EPOCHS = 20

EXAMPLE = [
    *(0, 0, 5, 13, 9, 1, 0, 0),
    *(0, 0, 13, 15, 10, 15, 5, 0),
    *(0, 3, 15, 2, 0, 11, 8, 0),
    *(0, 4, 12, 0, 0, 8, 8, 0),
    *(0, 5, 8, 0, 0, 9, 8, 0),
    *(0, 4, 11, 0, 1, 12, 7, 0),
    *(0, 2, 14, 5, 10, 12, 0, 0),
    *(0, 0, 6, 13, 10, 0, 0, 0),
]
"""The first image of the data set, a zero."""

FEATURES = [
    feature(
        "pixels",
        "number",
        shape=[PIXELS],
        unit="grey level, 0 to 16",
        description="An image of 8x8 pixels, row by row from the top left corner; 0 is paper, 16 is ink.",
        minimum=0,
        maximum=INK,
        example=EXAMPLE,
    )
]


def load_rows() -> Rows:
    """All 1797 images, in the order of the data set."""
    data = load_digits()
    return Rows(to_inputs(FEATURES, {"pixels": data.data}), data.target)


def split(rows: Rows) -> tuple[Rows, Rows]:
    """80 % to train on and 20 % to test on, with the ten digits in equal parts. Writers occur in both."""
    parts = train_test_split(rows.inputs, rows.truth, test_size=0.2, stratify=rows.truth, random_state=0)
    return Rows(parts[0], parts[2]), Rows(parts[1], parts[3])


def matrix(inputs: list[dict]) -> np.ndarray:
    """[rows, 64] of grey levels, 0 to 16."""
    return to_tensors(FEATURES, inputs)["features"].astype(np.float64)


def to_unit_range(grey_levels: np.ndarray) -> np.ndarray:
    return grey_levels / INK


def fit(train: Rows) -> Pipeline:
    """A fixed number of epochs, chosen beforehand, instead of training until the loss stands still."""
    network = MLPClassifier(HIDDEN_LAYERS, alpha=0.01, batch_size=64, max_iter=EPOCHS, random_state=0)
    return make_pipeline(FunctionTransformer(to_unit_range), network).fit(matrix(train.inputs), train.truth)


def to_graph(pipeline: Pipeline) -> ModelProto:
    """features [N, 64] -> probabilities [N, 10]."""
    network = pipeline[1]
    builder = GraphBuilder("digits")
    features = builder.input("features", TensorProto.FLOAT, PIXELS)
    values = builder.node("Div", [features, builder.floats("ink", INK)], "scaled")
    *hidden, last = zip(network.coefs_, network.intercepts_, strict=True)
    for index, (weights, bias) in enumerate(hidden, start=1):
        values = builder.node("Relu", [linear(builder, values, weights, bias, f"layer_{index}")], f"relu_{index}")
    return builder.finish(softmax(builder, linear(builder, values, *last, "logits")), len(LABELS))


def flop_per_row(pipeline: Pipeline) -> int:
    """Floating-point operations of the matrix products for one image; a multiply-add counts as two."""
    return sum(2 * weights.size for weights in pipeline[1].coefs_)


def main() -> None:
    arguments = parse_arguments(__doc__)
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = load_rows()
    train, test = split(rows)
    pipeline = fit(train)
    graph = to_graph(pipeline)
    trained = Trained(pipeline, graph, matrix)
    evidence = classifier_evidence(trained, FEATURES, LABELS, train, test, tolerance=1e-5)
    flops = flop_per_row(pipeline)
    model = ModelVersion(
        name="digits",
        version="1.0.0",
        title="Handwritten digits",
        description=(
            "Reads a handwritten digit from an image of 8x8 grey levels. A network of three hidden layers, larger than "
            f"the task needs: {flops / 1e6:.2f} million floating-point operations a row, so that it can stand for "
            "heavier models in measurements. The score is the probability of the named digit, given that the image "
            "shows one; an empty image gets a digit too."
        ),
        script="training/digits.py",
        data=describe_data(
            name="Optical recognition of handwritten digits, test part (Alpaydin and Kaynak, 1998)",
            license="BSD-3-Clause as part of scikit-learn; the original is CC-BY-4.0 at the UCI repository",
            source=(
                "sklearn.datasets.load_digits; "
                "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
            ),
            header=[*(f"pixel_{index}" for index in range(PIXELS)), "digit"],
            rows=[[*row["pixels"], LABELS[truth]] for row, truth in zip(rows.inputs, rows.truth, strict=True)],
        ),
        features=FEATURES,
        outputs={
            "task": "classification",
            "tensor": "probabilities",
            "labels": LABELS,
            "score": "Probability of the named digit, 0 to 1, given that the image shows a digit.",
        },
        graph=graph,
        evidence=replace(evidence, evaluation={**evidence.evaluation, "flop_per_row": flops}),
        max_batch_size=128,
        timeout_ms=1000,
        monitored=["pixels"],
    )
    write_version(model, arguments)


if __name__ == "__main__":
    main()
