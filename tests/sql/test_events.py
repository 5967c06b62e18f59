"""Events: a place that leaves what it showed in the weeks before raises one, whatever the others do."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from solarnet_assets.sql.folder import load_project

MODEL = load_project().model("marts.recovery_events")
FIRST = date(2020, 1, 1)
NONE = "select null::varchar as {key}, null::date as day, 1.0 as {value}, 1.0 as lower, 1.0 as upper {more} limit 0"


@pytest.fixture
def events():
    """A function from mills' values by day (half width of the intervals 3) to the rows of the model."""

    def run(mills: dict[str, list[float | None]]) -> pl.DataFrame:
        rows = [
            {"signal": "steel", "site_id": name, "day": FIRST + timedelta(days=n), "value": value,
             "lower": None if value is None else value - 3, "upper": None if value is None else value + 3,
             "evidence": f"steel/{name}/{n}.png"}
            for name, values in mills.items() for n, value in enumerate(values)
        ]  # fmt: skip
        with duckdb.connect() as con:
            con.execute("create schema marts")
            con.register("rows", pl.DataFrame(rows))
            con.execute("create table marts.site_daily as from rows")
            con.execute(f"create table marts.city_commuters as {NONE.format(key='city', value='value', more='')}")
            growth = NONE.format(key="sector", value="growth_pct", more=", 'all' as lang")
            con.execute(f"create table marts.sector_growth as {growth}")
            return con.sql(f"from ({MODEL.sql}) order by key, day").pl()

    return run


def calm(days=50):
    return [100.0 + (1.5 if n % 3 else -1.5) for n in range(days)]


def test_who_stays_in_the_own_interval_raises_nothing(events):
    assert events({"calm": calm()}).is_empty()


def test_a_fall_is_new_once_and_points_at_its_picture(events):
    falling = calm()
    falling[40:45] = [60.0] * 5
    found = events({"falling": falling, "calm": calm()})
    assert found["key"].unique().to_list() == ["falling"]
    assert found["day"].to_list() == [FIRST + timedelta(days=n) for n in range(40, 45)]
    assert found["direction"].unique().to_list() == ["below"]
    assert found["is_new"].to_list() == [True, False, False, False, False]
    first = found.row(0, named=True)
    assert first["evidence"] == "steel/falling/40.png"
    assert first["usual"] == pytest.approx(101.5)
    assert first["upper"] < first["usual_lower"] == pytest.approx(98.5)
    assert first["usual_days"] == 28


def test_the_way_back_is_an_event_above_when_low_has_become_usual(events):
    found = events({"back": [100.0] * 15 + [60.0] * 45 + [95.0]})
    assert found.filter(direction="above")["day"].to_list() == [FIRST + timedelta(days=60)]


def test_an_interval_that_still_touches_is_no_event(events):
    values = calm()
    values[40] = 95.6  # up to 98.6, just above 98.5
    assert events({"near": values}).is_empty()


def test_too_few_days_and_days_without_a_figure_raise_nothing(events):
    assert events({"young": [100.0] * 15 + [50.0]}).is_empty()
    gaps = [value if n % 4 == 0 else None for n, value in enumerate(calm())]
    gaps[40] = 50.0
    assert events({"gaps": gaps}).is_empty()
