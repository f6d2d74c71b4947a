"""Trains models/churn: whether a customer of a telephone company is about to leave.

python3 training/churn.py --commit <commit>
"""

import reproducible  # noqa: F401, isort: skip

import numpy as np
from onnx import ModelProto, TensorProto
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from arguments import parse_arguments
from churn_data import CHANNELS, CONTRACTS, PLANS, generate
from dataset import describe_data
from evidence import Rows, Trained, classifier_evidence
from features import NAN_POLICY, feature, to_inputs, to_tensors
from onnx_graphs import GraphBuilder, concat, impute, linear, one_hot, softmax, standard_scaler
from version_folder import ModelVersion, write_version

ROWS = 12_000
SEED = 20_261_122
LABELS = ["stays", "churns"]

NUMERIC_FEATURES = [
    feature(
        "tenure_months",
        "integer",
        tensor="numbers",
        unit="months",
        description="Full months since the customer signed the first contract.",
        minimum=0,
        maximum=240,
        example=14,
    ),
    feature(
        "monthly_charge",
        "number",
        tensor="numbers",
        unit="EUR a month",
        description="Average of the last three bills.",
        minimum=0,
        maximum=250,
        example=54.9,
        sensitive=True,
    ),
    feature(
        "support_contacts",
        "integer",
        tensor="numbers",
        unit="contacts",
        description="Calls, chats and letters to the support in the last 90 days.",
        minimum=0,
        maximum=50,
        example=2,
    ),
    feature(
        "satisfaction",
        "number",
        tensor="numbers",
        unit="points, 1 to 10",
        description="Answer to the last survey, 10 is best; null for customers who did not answer.",
        missing={
            "policy": NAN_POLICY,
            "description": (
                "The graph takes the median answer of the training data instead, and takes into account that there "
                "was no answer."
            ),
        },
        minimum=1,
        maximum=10,
        example=6,
    ),
    feature(
        "age",
        "integer",
        tensor="numbers",
        unit="years",
        description="Age of the customer.",
        minimum=18,
        maximum=120,
        example=41,
        sensitive=True,
    ),
    feature(
        "autopay",
        "boolean",
        tensor="numbers",
        description="Whether bills are paid by direct debit.",
        example=True,
    ),
]
CATEGORY_FEATURES = [
    feature(
        "contract",
        "category",
        tensor="contract",
        description="Term of the contract.",
        categories=CONTRACTS,
        example="monthly",
    ),
    feature(
        "plan",
        "category",
        tensor="plan",
        description="Tariff that the customer pays for.",
        categories=PLANS,
        example="standard",
    ),
    feature(
        "channel",
        "category",
        tensor="channel",
        description="Where the customer signed.",
        categories=CHANNELS,
        example="web",
    ),
]
FEATURES = NUMERIC_FEATURES + CATEGORY_FEATURES
NAMES = [spec["name"] for spec in FEATURES]


def load_rows() -> Rows:
    columns, left = generate(ROWS, SEED)
    return Rows(to_inputs(FEATURES, columns), left)


def split(rows: Rows) -> tuple[Rows, Rows]:
    """75 % to train on and 25 % to test on, with the same share of leavers in both."""
    parts = train_test_split(rows.inputs, rows.truth, test_size=0.25, stratify=rows.truth, random_state=0)
    return Rows(parts[0], parts[2]), Rows(parts[1], parts[3])


def matrix(inputs: list[dict]) -> np.ndarray:
    """[rows, 9] of objects in the order of the features: six numbers, rounded to float32, and three strings."""
    tensors = to_tensors(FEATURES, inputs)
    numbers = tensors["numbers"].astype(np.float64).astype(object)
    return np.hstack([numbers, *(tensors[spec["tensor"]] for spec in CATEGORY_FEATURES)])


def fit(train: Rows) -> Pipeline:
    """Numbers: median for NaN, a column that says where NaN was, standard scale. Categories: one column a value."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(categories=[spec["categories"] for spec in CATEGORY_FEATURES], sparse_output=False)
    split_at = len(NUMERIC_FEATURES)
    columns = ColumnTransformer(
        [("numbers", numbers, slice(0, split_at)), ("categories", categories, slice(split_at, len(FEATURES)))]
    )
    classifier = LogisticRegression(tol=1e-10, max_iter=10_000)
    return make_pipeline(columns, classifier).fit(matrix(train.inputs), train.truth)


def to_graph(pipeline: Pipeline) -> ModelProto:
    """numbers [N, 6], contract, plan, channel [N, 1] -> probabilities [N, 2]."""
    columns, classifier = pipeline[0], pipeline[1]
    imputer, scaler = columns.named_transformers_["numbers"]
    builder = GraphBuilder("churn")
    numbers = builder.input("numbers", TensorProto.FLOAT, len(NUMERIC_FEATURES))
    categories = [builder.input(spec["tensor"], TensorProto.STRING, 1) for spec in CATEGORY_FEATURES]
    scaled = standard_scaler(builder, impute(builder, numbers, imputer), scaler)
    encoded = [
        one_hot(builder, name, spec["categories"]) for name, spec in zip(categories, CATEGORY_FEATURES, strict=True)
    ]
    # The softmax of (0, x) is the logistic function of x.
    weights = np.column_stack([np.zeros_like(classifier.coef_[0]), classifier.coef_[0]])
    bias = np.array([0, classifier.intercept_[0]])
    logits = linear(builder, concat(builder, [scaled, *encoded], "encoded"), weights, bias, "logits")
    return builder.finish(softmax(builder, logits), len(LABELS))


def main() -> None:
    arguments = parse_arguments(__doc__)
    rows = load_rows()
    train, test = split(rows)
    pipeline = fit(train)
    graph = to_graph(pipeline)
    trained = Trained(pipeline, graph, matrix)
    model = ModelVersion(
        name="churn",
        version="1.0.0",
        title="Customer churn",
        description=(
            "Says whether a customer of a telephone company stays or leaves within 90 days, from the contract, the "
            "bills, contacts with the support and a survey that not everybody answers. Logistic regression; the named "
            "label is the more probable one. The customers are invented by a seeded generator, so the figures "
            "say nothing about real ones."
        ),
        script="training/churn.py",
        data=describe_data(
            name="Invented telephone customers",
            license="Apache-2.0",
            source=f"training/churn_data.py: generate(rows={ROWS}, seed={SEED})",
            header=[*NAMES, "outcome"],
            rows=[[*row.values(), LABELS[truth]] for row, truth in zip(rows.inputs, rows.truth, strict=True)],
        ),
        features=FEATURES,
        outputs={
            "task": "classification",
            "tensor": "probabilities",
            "labels": LABELS,
            "score": "Probability of the named label, 0.5 to 1; `probabilities.churns` is the risk of leaving.",
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
