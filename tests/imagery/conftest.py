import sys
from pathlib import Path

import polars as pl
import pytest

sys.path.append(str(Path(__file__).parent))  # test modules share chips.py

from chips import Drop, site


@pytest.fixture
def sites():
    return pl.DataFrame([site(), site("lot", signal="parking", half=30.0), site("area", signal="solar", half=500.0)])


@pytest.fixture
def drop(tmp_path):
    return Drop(tmp_path / "drop")
