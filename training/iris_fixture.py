"""Writes training/fixtures/iris-150.jsonl: every flower of the iris data with the species that scikit-learn predicts.

python3 training/iris_fixture.py
"""

import reproducible  # noqa: F401, isort: skip

import argparse
from pathlib import Path

from iris import LABELS, fit, load_rows, matrix, split
from version_folder import to_json_lines

FIXTURE = Path(__file__).parent / "fixtures" / "iris-150.jsonl"


def build_fixture() -> list[dict]:
    rows = load_rows()
    train, _ = split(rows)
    predicted = fit(train).predict(matrix(rows.inputs))
    return [{"input": row, "label": LABELS[index]} for row, index in zip(rows.inputs, predicted, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=FIXTURE)
    output = parser.parse_args().output
    output.write_bytes(to_json_lines(build_fixture()))
    print(output)


if __name__ == "__main__":
    main()
