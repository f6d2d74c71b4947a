"""Trains models/iris: the species of an iris flower from four measurements.

python3 training/iris.py --commit <commit>
"""

import reproducible  # noqa: F401, isort: skip

import numpy as np
from onnx import ModelProto, TensorProto
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from arguments import parse_arguments
from dataset import describe_data
from evidence import Rows, Trained, classifier_evidence
from features import feature, to_inputs, to_tensors
from onnx_graphs import GraphBuilder, linear, softmax, standard_scaler
from version_folder import ModelVersion, write_version

LABELS = ["setosa", "versicolor", "virginica"]
FEATURES = [
    feature(
        "sepal_length",
        "number",
        unit="cm",
        description="Length of a sepal, one of the leaves below the petals.",
        minimum=3,
        maximum=10,
        example=5.9,
    ),
    feature(
        "sepal_width",
        "number",
        unit="cm",
        description="Width of the same sepal at its widest.",
        minimum=1,
        maximum=6,
        example=3,
    ),
    feature(
        "petal_length",
        "number",
        unit="cm",
        description="Length of a petal.",
        minimum=0.5,
        maximum=9,
        example=4.2,
    ),
    feature(
        "petal_width",
        "number",
        unit="cm",
        description="Width of the same petal at its widest.",
        minimum=0,
        maximum=4,
        example=1.3,
    ),
]
NAMES = [spec["name"] for spec in FEATURES]


def load_rows() -> Rows:
    """All 150 flowers, in the order of the data set."""
    data = load_iris()
    return Rows(to_inputs(FEATURES, dict(zip(NAMES, data.data.T, strict=True))), data.target)


def split(rows: Rows) -> tuple[Rows, Rows]:
    """70 % to train on and 30 % to test on, each with the three species in equal parts."""
    parts = train_test_split(rows.inputs, rows.truth, test_size=0.3, stratify=rows.truth, random_state=0)
    return Rows(parts[0], parts[2]), Rows(parts[1], parts[3])


def matrix(inputs: list[dict]) -> np.ndarray:
    """[rows, 4] in cm, rounded to float32 as the graph will see them."""
    return to_tensors(FEATURES, inputs)["features"].astype(np.float64)


def fit(train: Rows) -> Pipeline:
    """A tight tolerance, so that the solver ends at the one optimum wherever it runs."""
    classifier = LogisticRegression(multi_class="multinomial", tol=1e-10, max_iter=10_000)
    return make_pipeline(StandardScaler(), classifier).fit(matrix(train.inputs), train.truth)


def to_graph(pipeline: Pipeline) -> ModelProto:
    """features [N, 4] -> probabilities [N, 3]."""
    scaler, classifier = pipeline[0], pipeline[1]
    builder = GraphBuilder("iris")
    features = builder.input("features", TensorProto.FLOAT, len(FEATURES))
    scaled = standard_scaler(builder, features, scaler)
    logits = linear(builder, scaled, classifier.coef_.T, classifier.intercept_, "logits")
    return builder.finish(softmax(builder, logits), len(LABELS))


def main() -> None:
    arguments = parse_arguments(__doc__)
    rows = load_rows()
    train, test = split(rows)
    pipeline = fit(train)
    graph = to_graph(pipeline)
    trained = Trained(pipeline, graph, matrix)
    model = ModelVersion(
        name="iris",
        version="1.0.0",
        title="Iris species",
        description=(
            "Names the species of an iris flower from the length and width of a sepal and of a petal, in centimetres. "
            "Multinomial logistic regression on standardised measurements. The score is the probability of the named "
            "species, given that the flower is one of the three; flowers of other species get one of the three names "
            "too."
        ),
        script="training/iris.py",
        data=describe_data(
            name="Iris plants (Fisher, 1936)",
            license="BSD-3-Clause as part of scikit-learn; the original is CC-BY-4.0 at the UCI repository",
            source="sklearn.datasets.load_iris; https://archive.ics.uci.edu/dataset/53/iris",
            header=[*NAMES, "species"],
            rows=[[*row.values(), LABELS[truth]] for row, truth in zip(rows.inputs, rows.truth, strict=True)],
        ),
        features=FEATURES,
        outputs={
            "task": "classification",
            "tensor": "probabilities",
            "labels": LABELS,
            "score": "Probability of the named species, 0 to 1, given that the flower is one of the three.",
        },
        graph=graph,
        evidence=classifier_evidence(trained, FEATURES, LABELS, train, test, tolerance=1e-5),
        max_batch_size=256,
        timeout_ms=1000,
        monitored=NAMES,
    )
    write_version(model, arguments)


if __name__ == "__main__":
    main()
