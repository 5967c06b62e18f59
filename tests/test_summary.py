import io
from datetime import date

import duckdb
import polars as pl
import pytest
from rich.console import Console

from solarnet_assets.config import Config, SourceConfig
from solarnet_assets.defs.shown import reasons
from solarnet_assets.landing import Landing, reject, rejects_frame
from solarnet_assets.progress import show_comparison
from solarnet_assets.storage.lake import Lake
from solarnet_assets.summary import show_landing, show_report, show_results

DAY = date(2020, 2, 9)


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=120)


def test_what_came_in_and_what_was_refused_is_told_without_markup(tmp_path, console):
    config = Config(home=tmp_path, sources={"mobility_index": SourceConfig(type="files", path=tmp_path)})
    row = pl.DataFrame({"city": ["a"], "intensity": [1.0], "provider": ["p"]})
    bad = [reject("[/red]\x1b[2J.csv", "the intensity is not a number", n) for n in range(3)]
    Lake(tmp_path / "lake", tmp_path / "quarantine").write("mobility_index", DAY, Landing(row, rejects_frame(bad), 4))
    show_landing(config, DAY, DAY, console)
    text = console.file.getvalue()
    assert "1 of 1" in text
    assert "3 x [/red]?[2J.csv: the intensity is not a number" in text
    assert "\x1b" not in text


def test_a_file_that_cannot_be_read_is_told_before_thousands_of_rows(tmp_path, console):
    config = Config(home=tmp_path, sources={"mobility_index": SourceConfig(type="files", path=tmp_path)})
    row = pl.DataFrame({"city": ["a"], "intensity": [1.0], "provider": ["p"]})
    bad = [reject(f"{n}.csv", "outside every city", 0, records=9000) for n in range(9)] + [
        reject("z.csv", "is truncated")
    ]
    lake = Lake(tmp_path / "lake", tmp_path / "quarantine")
    lake.write("mobility_index", DAY, Landing(row, rejects_frame(bad), 81_002))
    show_landing(config, DAY, DAY, console)
    told = console.file.getvalue().splitlines()
    assert (
        told[told.index(next(line for line in told if line.startswith("Quarantined"))) + 1]
        == "  1 x z.csv: is truncated"
    )
    assert reasons(lake.rejects("mobility_index", DAY)).splitlines()[0] == "- `z.csv`: `is truncated`"


def test_marts_with_rows_are_counted(tmp_path, console):
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.recovery_daily as select unnest(range(1234)) as n")
        con.execute("create table marts.site_daily as select 1 as n limit 0")
        con.execute(
            "create table marts.published_comparison as select 'x' as item, 1.0 as published, 1 as position, "
            "null::double as measured, null::double as lower, null::double as upper, null::double as truth, "
            "null::boolean as within"
        )
    show_results(Config(home=tmp_path), file, console)
    show_comparison(file, console)
    text = console.file.getvalue()
    assert "recovery_daily 1,234" in text
    assert "site_daily" not in text
    assert "Published 2020" not in text, "nothing of it was measured"


def test_the_report_is_named_on_a_line_of_its_own(tmp_path, console):
    page = tmp_path / ("a-long-name" * 12) / "[b]index.html"
    show_report(page, console)
    assert console.file.getvalue() == f"Report: {page}\n"


def test_published_figures_are_told_in_their_units(tmp_path, console):
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.published_comparison as "
            "select *, 1 as position, true as within, date '2020-03-10' as day from (values "
            "('full recovery', 'day of the year', 86.0, 88.0, 83.0, 95.0, 86.0), "
            "('parcels', '% since 1 January', -1.0, -5.4, -14.9, 3.7, -2.5), "
            "('farms', 'farms', 439.0, 20.0, null, null, null)"
            ") as t(item, unit, published, measured, lower, upper, truth)"
        )
    show_comparison(file, console)
    lines = [" ".join(line.replace("│", " ").split()) for line in console.file.getvalue().splitlines()]
    assert "full recovery 26 March 28 March 23 March to 4 April 26 March yes" in lines
    assert "parcels -1 % -5.4 % -15 to +3.7 -2.5 % yes" in lines
    assert "farms 439 farms 20 farms yes" in lines
