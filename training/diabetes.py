"""Trains models/diabetes: how far diabetes will have progressed in a year, from an examination today.

python3 training/diabetes.py --commit <commit>
"""

import reproducible  # noqa: F401, isort: skip

import numpy as np
from onnx import ModelProto, TensorProto
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from arguments import parse_arguments
from dataset import describe_data
from evidence import Rows, Trained, regressor_evidence
from features import Feature, feature, to_inputs, to_tensors
from onnx_graphs import GraphBuilder, linear, standard_scaler
from version_folder import ModelVersion, write_version

TARGET_DESCRIPTION = (
    "Progression of the disease one year after the examination, in points on the scale of the study (25 to 346, higher "
    "is worse). The graph does not clip: unusual inputs can leave the scale, even downwards."
)
ALPHAS = np.logspace(-2, 3, 21)
"""Strengths of the ridge penalty to choose from, by cross-validation on the training rows."""


def measurement(
    name: str, unit: str | None, minimum: float, maximum: float, example: float, description: str
) -> Feature:
    """One figure from the examination of a patient; all of them are data about a person's health."""
    return feature(
        name,
        "number",
        unit=unit,
        description=description,
        minimum=minimum,
        maximum=maximum,
        example=example,
        sensitive=True,
    )


FEATURES = [
    measurement("age", "years", 18, 100, 50, "Age of the patient."),
    feature(
        "sex",
        "integer",
        description="Sex as the data codes it, 1 or 2; the publication does not say which code is which.",
        minimum=1,
        maximum=2,
        example=1,
        sensitive=True,
    ),
    measurement("body_mass_index", "kg/m2", 10, 70, 25.7, "Body weight over the square of the height."),
    measurement("blood_pressure", "mmHg", 40, 200, 93, "Average blood pressure."),
    measurement("total_cholesterol", "mg/dL", 50, 500, 186, "Total serum cholesterol (tc, s1)."),
    measurement("ldl_cholesterol", "mg/dL", 20, 400, 113, "Low-density lipoproteins (ldl, s2)."),
    measurement("hdl_cholesterol", "mg/dL", 10, 150, 48, "High-density lipoproteins (hdl, s3)."),
    measurement("cholesterol_ratio", None, 1, 15, 4, "Total cholesterol over HDL cholesterol (tch, s4)."),
    measurement(
        "log_triglycerides",
        "ln(mg/dL)",
        2.5,
        8,
        4.62,
        "Natural logarithm of the serum triglycerides level, as far as is known (ltg, s5).",
    ),
    measurement("blood_sugar", "mg/dL", 40, 400, 91, "Blood sugar level (glu, s6)."),
]
NAMES = [spec["name"] for spec in FEATURES]


def load_rows() -> Rows:
    """All 442 patients in the units of the study, in the order of the data set."""
    data = load_diabetes(scaled=False)
    return Rows(to_inputs(FEATURES, dict(zip(NAMES, data.data.T, strict=True))), data.target)


def split(rows: Rows) -> tuple[Rows, Rows]:
    """75 % to train on and 25 % to test on."""
    parts = train_test_split(rows.inputs, rows.truth, test_size=0.25, random_state=0)
    return Rows(parts[0], parts[2]), Rows(parts[1], parts[3])


def matrix(inputs: list[dict]) -> np.ndarray:
    """[rows, 10] in the units of the study, rounded to float32 as the graph will see them."""
    return to_tensors(FEATURES, inputs)["features"].astype(np.float64)


def fit(train: Rows) -> Pipeline:
    return make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(matrix(train.inputs), train.truth)


def to_graph(pipeline: Pipeline) -> ModelProto:
    """features [N, 10] -> value [N, 1]."""
    scaler, ridge = pipeline[0], pipeline[1]
    builder = GraphBuilder("diabetes")
    features = builder.input("features", TensorProto.FLOAT, len(FEATURES))
    scaled = standard_scaler(builder, features, scaler)
    return builder.finish(linear(builder, scaled, ridge.coef_[:, np.newaxis], [ridge.intercept_], "value"), 1)


def main() -> None:
    arguments = parse_arguments(__doc__)
    rows = load_rows()
    train, test = split(rows)
    pipeline = fit(train)
    graph = to_graph(pipeline)
    evidence = regressor_evidence(Trained(pipeline, graph, matrix), FEATURES, train, test, tolerance=1e-3)
    model = ModelVersion(
        name="diabetes",
        version="1.0.0",
        title="Diabetes progression",
        description=(
            "Estimates how far a patient's diabetes will have progressed one year after an examination, on the scale "
            "of the study (25 to 346, higher is worse), from ten figures of that examination in their usual units. "
            "Ridge regression on standardised figures. On patients that it had not seen it explains "
            f"{evidence.evaluation['r2']:.0%} of the variance and is wrong by {evidence.evaluation['mae']:.0f} points "
            "on average: an example of a regression, not a medical device."
        ),
        script="training/diabetes.py",
        data=describe_data(
            name="Diabetes (Efron, Hastie, Johnstone and Tibshirani, 2004)",
            license="BSD-3-Clause as part of scikit-learn; the authors published it without a licence text",
            source=(
                "sklearn.datasets.load_diabetes(scaled=False); "
                "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html"
            ),
            header=[*NAMES, "progression"],
            rows=[[*row.values(), truth] for row, truth in zip(rows.inputs, rows.truth.tolist(), strict=True)],
        ),
        features=FEATURES,
        outputs={"task": "regression", "tensor": "value", "unit": "points", "description": TARGET_DESCRIPTION},
        graph=graph,
        evidence=evidence,
        max_batch_size=256,
        timeout_ms=1000,
        monitored=NAMES,
    )
    write_version(model, arguments)


if __name__ == "__main__":
    main()
