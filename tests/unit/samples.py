"""The sample runs that earlier versions saved."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
SAMPLES = sorted(DATA.glob("sample-report-*.json"))
