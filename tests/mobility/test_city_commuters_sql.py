"""The SQL of commuting on frames with a known answer, on a plain DuckDB connection."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.storage.schemas import SCHEMAS

SQL = Path(__file__).parents[2] / "dbt_like_sql"
MODELS = [
    "staging/stg_city_commuters",
    "intermediate/int_commuting_variants",
    "intermediate/int_commuting_aligned",
    "intermediate/int_commuting_dispersion",
    "intermediate/int_commuting_base",
    "intermediate/int_commuting_ratio",
    "intermediate/int_commuting_figures",
    "marts/city_commuters",
    "marts/commuting_corrections",
]
CALENDAR = calendar_frame("CN", date(2018, 12, 1), date(2020, 12, 31))
WORKING = dict(CALENDAR.select("date", "is_workday").rows())
NEW_YEAR = {2018: date(2019, 2, 5), 2019: date(2019, 2, 5), 2020: date(2020, 1, 25)}
SPAN = pl.date_range(date(2018, 12, 10), date(2019, 4, 5), eager=True).to_list()
SPAN += pl.date_range(date(2019, 12, 10), date(2020, 3, 25), eager=True).to_list()


def daily(asset, rows):
    types = {name: column.dtype for name, column in SCHEMAS[asset].columns().items() if name != "known_on"}
    frame = pl.DataFrame(
        rows, schema={**types, "day": pl.Date}, orient="row" if rows and isinstance(rows[0], tuple) else None
    )
    return frame.with_columns(known_on=pl.lit(None, pl.Date))


def run(commuters=(), index=(), calendar=CALENDAR, settings=()):
    con = duckdb.connect()
    for schema in ("lake", "staging", "intermediate", "marts", "seeds"):
        con.execute(f"create schema {schema}")
    con.execute(f"create table seeds.settings as from read_csv('{SQL / 'seeds/settings.csv'}')")
    for name, value in settings:
        con.execute("update seeds.settings set value = $2 where name = $1", [name, value])
    inputs = {
        "city_commuters": daily("city_commuters", list(commuters)),
        "mobility_index": daily("mobility_index", list(index)),
        "calendar": calendar,
    }
    for name, content in inputs.items():
        con.register(f"in_{name}", content)
        con.execute(f"create view lake.{name} as select * from in_{name}")  # noqa: S608
    for model in MODELS:
        con.execute(f"create table {model.replace('/', '.')} as {(SQL / f'{model}.sql').read_text()}")
    return con


def mart(**inputs):
    return run(**inputs).sql("select * from marts.city_commuters order by city, day").pl()


def normal(day):
    """Share that commutes in a year without events: fewer on days off, and a festival that empties the city."""
    near = (day - NEW_YEAR[day.year]).days
    return (0.8 if WORKING[day] else 0.25) * (1 - 0.4 * np.exp(-0.5 * (near / 7) ** 2))


def index(level=lambda day: 1.0, drift=1.2, days=SPAN, noise=0.0, city="here"):
    rng = np.random.default_rng(3)
    for day in days:
        factor = drift if day > date(2019, 9, 1) else 1.0
        yield (city, 5 * factor * level(day) * normal(day) * float(np.exp(noise * rng.normal())), "p", day)


def counted(rng, panel=400, level=lambda day: 1.0, days=SPAN, city="here", drift=0.9):
    for day in days:
        share = normal(day) * level(day) * (drift if day > date(2019, 9, 1) else 1.0)
        seen = int(rng.binomial(panel, share))
        found = seen / panel
        sd = float(np.sqrt(found * (1 - found) / panel + (0.5 / panel) ** 2))
        known = {"city": city, "panel": panel, "day": day, "detection": 0.9, "suppressed": False}
        counts = {"commuters": float(seen), "commuters_sd": 0.0, "commuters_seen": round(0.9 * seen)}
        yield {**known, **counts, "share": found, "share_sd": sd}


def closed(day):
    return float(np.interp((day - date(2020, 1, 20)).days, [0, 7, 20, 50], [1.0, 0.2, 0.25, 0.75]))


def test_a_year_like_the_last_is_normal_whatever_the_drift():
    frame = mart(index=index()).filter(pl.col("day") >= date(2020, 1, 2))
    away = frame.filter((pl.col("day") - date(2020, 1, 25)).dt.total_days().abs() > 12)
    assert away["value"].to_list() == pytest.approx([100.0] * away.height, abs=3.0)
    assert frame["base"].to_list() == pytest.approx([1.2] * frame.height, rel=0.02)
    assert frame["route"].unique().to_list() == ["index"]
    assert frame["panel"].null_count() == frame.height


def test_the_days_before_the_festival_are_not_compared_with_fuller_ones():
    frame = mart(index=index()).filter(pl.col("day").is_between(date(2020, 1, 17), date(2020, 1, 23)))
    working = frame.filter(pl.col("day").replace_strict(WORKING))
    assert working["value"].to_list() == pytest.approx([100.0] * working.height, abs=6.0)


def test_a_day_whose_normal_days_all_lie_before_it_is_less_sure():
    """18 January 2020, a Saturday: of 2019 only 26 and 27 January are days off near its partner, both fuller."""
    frame = mart(index=index()).filter(pl.col("day").is_between(date(2020, 1, 10), date(2020, 1, 18)))
    row = frame.row(-1, named=True)
    assert row["value"] < 92
    assert row["lower"] < 100 < row["upper"]
    assert frame.filter((pl.col("upper") / pl.col("lower")) > 1.25).height == 1


def test_a_known_fall_is_found_and_days_off_are_compared_with_days_off():
    frame = mart(index=index(closed)).filter(pl.col("day").is_between(date(2020, 2, 3), date(2020, 3, 10)))
    truth = np.array([100 * closed(day) for day in frame["day"]])
    assert np.abs(frame["value"].to_numpy() - truth).max() < 4.0


@pytest.mark.parametrize("level", [lambda day: 1.0, closed])
def test_nine_intervals_in_ten_hold_the_truth(level):
    rng = np.random.default_rng(8)
    rows = [row for city in range(12) for row in counted(rng, level=level, city=f"c{city}")]
    frame = mart(commuters=rows).filter(pl.col("day").is_between(date(2020, 1, 2), date(2020, 3, 15)))
    truth = pl.Series([100 * level(day) for day in frame["day"]])
    held = ((frame["lower"] <= truth) & (truth <= frame["upper"])).mean()
    assert 0.85 <= held <= 0.97
    error = frame["value"] - truth
    assert abs(error.mean()) < 1.0


def test_few_commuters_lean_on_the_days_beside_them():
    rng = np.random.default_rng(8)
    rows = [row for city in range(20) for row in counted(rng, panel=150, level=closed, city=f"c{city}")]
    sunday = mart(commuters=rows).filter(pl.col("day") == date(2020, 2, 9))
    truth = 100 * closed(date(2020, 2, 9))
    alone, pooled = ((sunday[c] - truth).pow(2).mean() for c in ("value_day", "value"))
    assert pooled < 0.5 * alone


def test_without_a_base_window_the_drift_stays_and_says_so():
    days = [d for d in SPAN if not date(2019, 12, 1) < d < date(2020, 1, 14)]
    frame = mart(index=index(days=days)).filter(pl.col("day") == date(2020, 3, 10))
    assert frame["base"].item() is None
    assert frame["value"].item() == pytest.approx(120, abs=2)
    with_base = mart(index=index()).filter(pl.col("day") == date(2020, 3, 10))
    width = [(f["upper"] / f["lower"]).item() for f in (frame, with_base)]
    assert width[0] > width[1]


def test_a_day_without_a_partner_is_compared_beside_its_neighbour():
    row = mart(index=index()).filter(pl.col("day") == date(2020, 3, 23)).row(0, named=True)
    assert (row["baseline_day"], row["baseline_kind"]) == (date(2019, 4, 5), "interpolated")
    assert row["value"] == pytest.approx(100, abs=3)


def test_a_day_without_a_year_before_has_no_value_but_stays():
    frame = mart(index=index()).filter(pl.col("day") == date(2019, 1, 8))
    assert frame["value"].item() is None
    assert frame["commuters"].item() > 0


def test_pings_come_before_an_index_and_the_index_fills_in():
    few = [d for d in SPAN if d != date(2020, 3, 4)]
    frame = mart(commuters=counted(np.random.default_rng(1), days=few), index=index())
    routes = dict(frame.select("day", "route").rows())
    assert (routes[date(2020, 3, 3)], routes[date(2020, 3, 4)]) == ("pings", "index")
    assert frame.select("city", "day").is_unique().all()


def test_suppressed_panels_give_no_figure():
    rows = [{**row, "suppressed": True} for row in counted(np.random.default_rng(1))]
    assert mart(commuters=rows).is_empty()


def test_nobody_at_work_is_a_small_share_and_not_an_error():
    nobody = {"commuters": 0.0, "commuters_seen": 0, "detection": None, "share": 0.0, "share_sd": 0.5 / 400}
    rows = [{**row, **(nobody if row["day"] >= date(2020, 2, 3) else {})} for row in counted(np.random.default_rng(1))]
    frame = mart(commuters=rows).filter(pl.col("day") >= date(2020, 2, 6))
    assert frame["value"].max() < 2.0
    assert (frame["lower"] <= frame["value"]).all()
    assert (frame["upper"] > frame["value"]).all()


def test_without_any_data_the_mart_is_empty_with_its_columns():
    frame = mart()
    assert frame.is_empty()
    contract = {"city", "day", "commuters", "panel", "baseline_day", "baseline_commuters", "value", "lower", "upper"}
    assert contract | {"n_obs", "route"} <= set(frame.columns)


def test_other_countries_are_compared_by_weekday():
    calendar = calendar_frame("DE", date(2018, 12, 1), date(2020, 12, 31))
    rows = [(*row[:1], 3.0 * (1.2 if row[3] > date(2019, 9, 1) else 1.0), *row[2:]) for row in index()]
    row = mart(index=rows, calendar=calendar).filter(pl.col("day") == date(2020, 3, 10)).row(0, named=True)
    assert (row["baseline_kind"], row["baseline_day"]) == ("weekday", date(2020, 3, 10) - timedelta(days=364))
    assert row["value"] == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("changed", [date(2019, 1, 20), date(2019, 3, 23), date(2020, 3, 10)])
def test_a_changed_day_reaches_no_further_than_the_front_comment_says(changed):
    rows = list(index(noise=0.03))
    query = "select variant, day, baseline_level, level from intermediate.int_commuting_aligned"
    before = run(index=rows).sql(query).pl()
    after = run(index=[(*r[:1], r[1] * 2, *r[2:]) if r[3] == changed else r for r in rows]).sql(query).pl()
    joined = before.join(after, on=["variant", "day"])
    moved = joined.filter(
        (pl.col("baseline_level") != pl.col("baseline_level_right")) | (pl.col("level") != pl.col("level_right"))
    )["day"]
    front = (SQL / "intermediate/int_commuting_aligned.sql").read_text()
    assert moved.min() == changed
    assert moved.max() <= changed + timedelta(days=int(front.split("lookahead: ")[1].split()[0]))


def switched(correction, value="0", **inputs):
    rows = run(settings=[(correction, value)], **inputs).sql("select * from marts.city_commuters").pl()
    return dict(rows.filter(pl.col("value").is_not_null()).select("day", "value_day").rows())


CORRECTIONS = ("align_lunar", "match_working_days", "remove_base", "correct_detection", "per_panel")


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_the_effect_of_a_correction_is_what_leaving_it_out_changes(correction):
    rows = list(counted(np.random.default_rng(4), level=closed, drift=0.8))
    made = run(commuters=rows)
    effects = made.sql(f"select * from marts.commuting_corrections where correction = '{correction}'").pl()  # noqa: S608
    published = dict(mart(commuters=rows).select("day", "value_day").rows())
    without = switched(correction, commuters=rows)
    assert effects.filter(pl.col("value_without").is_not_null()).height >= len(without) > 0
    for row in effects.iter_rows(named=True):
        assert row["is_on"]
        assert row["value_with"] == pytest.approx(published[row["day"]])
        assert row["value_without"] == pytest.approx(without.get(row["day"]))
        if row["effect"] is not None:
            assert row["effect"] == pytest.approx(row["value_with"] - row["value_without"])


def test_a_correction_that_is_off_is_shown_too():
    rows = list(index(drift=1.2))
    off = run(index=rows, settings=[("remove_base", "0")]).sql(
        "select * from marts.commuting_corrections where correction = 'remove_base' and day = '2020-03-10'"
    ).pl()  # fmt: skip
    row = off.row(0, named=True)
    assert not row["is_on"]
    assert (row["value_with"], row["value_without"]) == pytest.approx((100, 120), abs=2)


def test_each_correction_does_what_it_is_for():
    """Weekends, a drifting base, a panel that grew and phones that report less: each alone would be a false change."""
    rng = np.random.default_rng(4)
    rows = [
        {**row, "commuters_seen": round(row["commuters"] * (0.9 if row["day"].year == 2019 else 0.7))}
        for row in counted(rng, panel=20_000, drift=1.0)
    ]
    quiet = run(commuters=rows).sql(
        "select correction, avg(value_without) as mean, stddev(value_without) as sd from marts.commuting_corrections "
        "where day between '2020-01-02' and '2020-01-14' group by correction"
    ).pl()  # fmt: skip
    found = {row["correction"]: row for row in quiet.iter_rows(named=True)}
    assert found["match_working_days"]["sd"] > 20
    assert found["align_lunar"]["sd"] < 12
    index_rows = run(index=index(drift=1.2)).sql("select distinct correction from marts.commuting_corrections").pl()
    assert set(index_rows["correction"]) == {"align_lunar", "match_working_days", "remove_base"}


def test_other_baseline_days_would_give_another_baseline():
    """Days that scatter by themselves widen the interval, though each was measured without an error."""
    calm = mart(index=index(noise=0.0)).filter(pl.col("day") == date(2020, 3, 10))
    rows = [
        (r[0], r[1] * (1.15 if r[3].day % 2 and r[3] < date(2019, 9, 1) else 1.0), *r[2:]) for r in index(noise=0.0)
    ]
    rough = mart(index=rows).filter(pl.col("day") == date(2020, 3, 10))
    widths = [(frame["upper"] / frame["lower"]).item() for frame in (calm, rough)]
    assert widths[1] > 1.05 * widths[0]


@pytest.mark.parametrize(("year", "country"), [(2018, "CN"), (2024, "CN"), (2021, "US"), (2023, "FR")])
def test_other_years_and_countries_are_normal_when_nothing_happens(year, country):
    """2018 is compared with 2017, 2024 with 2023: other lunar years, other holidays, other make-up days."""
    calendar = calendar_frame(country, date(year - 2, 12, 1), date(year, 12, 31))
    working = dict(calendar.select("date", "is_workday").rows())
    level = {True: 5.0, False: 3.0}
    days = pl.date_range(date(year - 2, 12, 5), date(year, 4, 20), eager=True).to_list()
    rows = [("here", level[working[d]] * (1.1 if d.year == year else 1.0), "p", d) for d in days]
    frame = mart(index=rows, calendar=calendar).filter(pl.col("day") >= date(year, 1, 1), pl.col("value").is_not_null())
    assert frame.height >= 90
    assert frame["value"].to_list() == pytest.approx([100.0] * frame.height, abs=1e-6)
    assert frame["baseline_kind"].unique().is_in(["lunar", "interpolated"] if country == "CN" else ["weekday"]).all()


def test_gaps_and_short_files_leave_figures_where_there_is_something_to_compare():
    few = [d for d in SPAN if d.day % 3]
    frame = mart(index=index(days=few)).filter(pl.col("day").is_between(date(2020, 2, 20), date(2020, 3, 20)))
    assert frame["value"].to_list() == pytest.approx([100.0] * frame.height, abs=4)
    short = [date(2019, 3, 3), date(2019, 3, 4), date(2020, 2, 20), date(2020, 2, 21)]
    row = mart(index=index(days=short)).filter(pl.col("day") == date(2020, 2, 20)).row(0, named=True)
    assert row["base"] is None
    assert row["lower"] < row["value"] < row["upper"]
