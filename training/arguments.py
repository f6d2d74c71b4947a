"""Command-line arguments that every training script takes."""

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parse_arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--commit", required=True, help="the commit of this repository that holds the script")
    parser.add_argument("--created-at", default="2026-11-22T00:00:00Z", help="RFC 3339, UTC; part of the manifest")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the folder that gets <name>/<version>")
    return parser.parse_args()
