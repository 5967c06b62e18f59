"""A small warehouse with the marts' columns, made of drawn curves."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

sys.path.append(str(Path(__file__).parent))  # test modules share drawn_days.py, drawn_tables.py and made_home.py

from drawn_days import CURVES, NASTY, curve, days
from drawn_tables import stacked, tables
from made_home import make_home, make_warehouse


@pytest.fixture(scope="session")
def browser():
    """A function that starts a headless browser and gives one tab of it; see ``devtools.py``."""
    import devtools

    return devtools.browser


@pytest.fixture(scope="session")
def truth():
    rows = [pl.DataFrame({"signal": s, "key": "CN", "day": days(), "value": curve(s)}) for s in CURVES]
    golmud = {"signal": "solar", "key": "golmud", "day": days(), "value": 3.1}
    return pl.concat([*rows, pl.DataFrame(golmud)])


@pytest.fixture(scope="session")
def nasty():
    return NASTY


@pytest.fixture(scope="session")
def frames():
    return tables(np.random.default_rng(5))


@pytest.fixture(scope="session")
def write_warehouse():
    return make_warehouse


@pytest.fixture(scope="session")
def fill_home():
    return make_home


@pytest.fixture(scope="session")
def stack():
    return stacked
