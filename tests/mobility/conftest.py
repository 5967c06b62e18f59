import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from solarnet_assets.landing import RawFile

sys.path.append(str(Path(__file__).parent))  # test modules share month.py

DAY = date(2020, 1, 8)


@pytest.fixture
def cities():
    rows = [
        ("here", "Here", "A", 116.4, 39.9, 15.0, "Asia/Shanghai", 1e6),
        ("there", "There", "B", -0.1, 51.5, 20.0, "Europe/London", 1e6),
    ]
    names = ["city", "name", "region", "lon", "lat", "radius_km", "timezone", "workforce"]
    return pl.DataFrame(rows, schema=names, orient="row")


@pytest.fixture
def put(tmp_path):
    """Write a file (text, bytes or frame) and return it as a source would offer it."""

    def _put(name, content, whole=False, owns_undated=True):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return RawFile(path, name, whole, owns_undated)

    return _put
