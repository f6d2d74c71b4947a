"""Facts about the data that a model was trained on."""

import csv
import hashlib
import io
from dataclasses import dataclass


@dataclass(frozen=True)
class DataFacts:
    """The manifest's `training.data`."""

    name: str
    sha256: str
    rows: int
    license: str
    source: str


def describe_data(name: str, license: str, source: str, header: list[str], rows: list[list]) -> DataFacts:
    """`rows` hold Python values; the hash is that of their canonical CSV."""
    return DataFacts(name, hashlib.sha256(canonical_csv(header, rows)).hexdigest(), len(rows), license, source)


def canonical_csv(header: list[str], rows: list[list]) -> bytes:
    """UTF-8, a header line, commas, LF line ends, numbers in Python's shortest exact form, null as an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
