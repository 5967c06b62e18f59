"""Events: a place that leaves what it showed in the weeks before raises one, whatever the others do."""

from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from solarnet_assets.sql.folder import load_project, sql_folder

MODEL = load_project().model("marts.recovery_events")
SETTINGS = sql_folder() / "seeds" / "settings.csv"
FIRST = date(2020, 1, 1)
NONE = (
    "select null::varchar as {key}, null::date as day, 1::double as {value}, 1::double as lower, 1::double as upper, "
    "1 as n_obs {more} limit 0"
)


def rows(units: dict[str, list[float | None]], half: float = 3.0) -> list[dict]:
    """Rows of units by their values from the first day on; None is a day without a figure."""
    return [
        {"key": name, "day": FIRST + timedelta(days=n), "value": value, "n_obs": 2,
         "lower": None if value is None else value - half, "upper": None if value is None else value + half}
        for name, values in units.items() for n, value in enumerate(values)
    ]  # fmt: skip


@pytest.fixture
def events():
    """A function from mills' values by day, limits 3 off, and rows of other tables to the model's rows."""

    def run(mills: dict[str, list[float | None]], **tables: pl.DataFrame) -> pl.DataFrame:
        picture = pl.format("steel/{}/{}.png", "site_id", pl.col("day").dt.ordinal_day() - 1)
        columns = {"key": pl.String, "day": pl.Date, "value": pl.Float64, "n_obs": pl.Int64, "lower": pl.Float64}
        frame = pl.DataFrame(rows(mills), schema=columns | {"upper": pl.Float64}).rename({"key": "site_id"})
        with duckdb.connect() as con:
            con.execute("create schema marts; create schema seeds")
            con.execute(f"create table seeds.settings as from read_csv('{SETTINGS}', all_varchar = true)")
            con.register("mills", frame.with_columns(signal=pl.lit("steel"), evidence=picture))
            con.execute("create table marts.site_daily as from mills")
            areas = NONE.format(key="region", value="value", more=", 'steel' as signal, 'country' as level")
            growth = NONE.format(key="sector", value="growth_pct", more=", 'all' as lang")
            con.execute(f"create table marts.recovery_daily as {areas}")
            con.execute(f"create table marts.sector_growth as {growth}")
            for name, table in tables.items():
                con.register("given", table)
                con.execute(f"insert into marts.{name} by name from given")
            return con.sql(f"from ({MODEL.sql}) order by level, key, day").pl()

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
    assert first["score"] < -3.6
    assert first["rows_in"] == "marts.site_daily"
    assert first["n_obs"] == 2
    assert first["reason"] == "60 % (57 to 63) where 102 (98 to 104) was usual over 28 days before: 42 points below."


def test_the_way_back_is_an_event_above_when_low_has_become_usual(events):
    found = events({"back": [100.0] * 15 + [60.0] * 45 + [95.0]})
    assert found.filter(direction="above")["day"].to_list() == [FIRST + timedelta(days=60)]


def test_what_is_a_little_too_far_counts_only_when_the_figure_before_it_agrees(events):
    values = calm()
    values[40] = 94.0  # some three standard deviations below
    assert events({"once": values}).is_empty()
    values[41] = 94.0
    assert events({"twice": values})["day"].to_list() == [FIRST + timedelta(days=41)]
    values[41], values[44] = 101.5, 94.0
    assert events({"four days later": values}).is_empty()
    values[41] = 109.0
    assert events({"other side": values}).is_empty()


def test_an_event_goes_on_until_the_new_level_is_usual(events):
    found = events({"low": [100.0] * 40 + [60.0] * 60})
    last = (found["day"].max() - FIRST).days
    assert 40 + 14 <= last <= 40 + 24
    assert found["is_new"].sum() == 1


def test_one_bad_day_does_not_widen_what_is_usual(events):
    values = calm()
    values[20] = 20.0
    values[45] = 80.0
    assert events({"mill": values})["day"].to_list() == [FIRST + timedelta(days=20), FIRST + timedelta(days=45)]


def test_too_few_days_and_days_without_a_figure_raise_nothing(events):
    assert events({"young": [100.0] * 15 + [50.0]}).is_empty()
    gaps = [value if n % 4 == 0 else None for n, value in enumerate(calm())]
    gaps[40] = 50.0
    assert events({"gaps": gaps}).is_empty()


def test_areas_and_sectors_raise_events_too_and_point_at_their_rows(events):
    fallen = pl.DataFrame(rows({"CN": [100.0] * 40 + [70.0] * 3}))
    areas = [
        fallen.rename({"key": "region"}).with_columns(signal=pl.lit("commuting"), level=pl.lit(level))
        for level in ("country", "city")
    ]
    grown = pl.DataFrame(rows({"gaming": [0.0] * 40 + [50.0] * 3}))
    sector = grown.rename({"key": "sector", "value": "growth_pct"}).with_columns(lang=pl.lit("all"))
    other = sector.with_columns(lang=pl.lit("zh"), sector=pl.lit("unseen"))
    found = events({}, recovery_daily=pl.concat(areas), sector_growth=pl.concat([sector, other]))
    first = found.filter("is_new").select("signal", "level", "key", "direction", "evidence", "rows_in", "value").rows()
    assert first == [
        ("commuting", "city", "CN", "below", None, "marts.recovery_daily", 70.0),
        ("commuting", "country", "CN", "below", None, "marts.recovery_daily", 70.0),
        ("sector", "sector", "gaming", "above", None, "marts.sector_growth", 150.0),
    ]


def test_places_to_which_nothing_happens_raise_hardly_any(events):
    """Figures of 110 unit months, as noisy as their intervals say: one in 100 of them may be wrong."""
    rng = np.random.default_rng(5)
    quiet = {f"mill{n}": list(100 + 3 / 1.645 * rng.normal(size=90)) for n in range(60)}
    assert events(quiet)["is_new"].sum() <= 2
