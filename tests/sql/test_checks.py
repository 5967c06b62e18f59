"""Checks: rows that fail on days that somebody should look at, and on no others."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from solarnet_assets.sql.folder import load_project

CHECKS = {check.name: check for check in load_project().checks}
FIRST = date(2020, 3, 1)


@pytest.fixture
def missing():
    """A function from days with files, by kind, of ten days to the rows that the check on them returns."""

    def run(**there: str) -> list[tuple[str, date]]:
        rows = [
            {"kind": kind, "day": FIRST + timedelta(days=n), "file": "a.csv" if sign == "x" else ""}
            for kind, signs in there.items() for n, sign in enumerate(signs)
        ]  # fmt: skip
        frame = pl.DataFrame(rows)
        with duckdb.connect() as con:
            con.execute("create schema marts")
            con.register("rows", frame)
            con.execute("create table marts.raw_files as from rows")
            return con.sql(f"from ({CHECKS['files_arrived'].sql}) order by all").fetchall()

    return run


def test_a_day_without_files_of_what_comes_every_day_is_told(missing):
    told = missing(pings="xxxxxxx.xx", posts="xxxxxxxxxx", mobility_index="xxxxxxx...")
    assert told == [("mobility_index", date(2020, 3, d)) for d in (8, 9, 10)] + [("pings", date(2020, 3, 8))]


def test_what_comes_now_and_then_or_has_just_begun_is_not(missing):
    assert missing(pings=".xx.x.x.x.", posts="...xxxxxxx", steel_scenes="xxxxxxx.xx") == []
