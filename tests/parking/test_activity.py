from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.parking.activity import RATIOS, ratios

AS_OF = date(2020, 2, 20)
DAYS = [date(2019, 9, 2) + timedelta(days=n) for n in range((AS_OF - date(2019, 9, 2)).days + 1)]
CALENDAR = pl.DataFrame({"date": DAYS, "is_workday": [d.weekday() < 5 for d in DAYS]})


def _sites(*names, group="factory"):
    return pl.DataFrame(
        {
            "site_id": list(names),
            "signal": "parking",
            "region": "Shanghai",
            "group": group,
            "lon": 120.0,
            "capacity": [120.0] * len(names),
        }
    )


def _counts(site, work, rest, after, every=5, noise=0.05, hour=10.75, begin=0):
    """Counts every few days at an hour of local solar time (120 degrees east: UTC + 8)."""
    at = time(int(hour) - 8, int(hour % 1 * 60), tzinfo=UTC)
    rng = np.random.default_rng(4)
    rows = []
    for day in DAYS[begin::every]:
        level = (work if day.weekday() < 5 else rest) * (after if day >= date(2020, 1, 24) else 1.0)
        rows.append(
            {"day": day, "site_id": site, "image_id": f"{site}{day}{hour}", "valid": True,
             "time": datetime.combine(day, at),
             "vehicles": level * (1 + noise * rng.normal()), "sd": 2.0, "evidence": f"{day}.png"}
        )  # fmt: skip
    return pl.DataFrame(rows)


def test_ratio_is_one_in_the_baseline_and_falls_with_the_lot():
    found = ratios(_counts("a", 100, 30, 0.4), _sites("a"), CALENDAR, AS_OF)
    assert found.frame.schema == RATIOS
    before = found.frame.filter(pl.col("date") <= date(2019, 12, 31))
    after = found.frame.filter(pl.col("date") >= date(2020, 1, 24))
    assert before["ratio"].median() == pytest.approx(1.0, abs=0.03)
    assert after["ratio"].mean() == pytest.approx(0.4, abs=0.04)
    assert found.frame["weight"].unique().to_list() == [120.0]


def test_days_off_have_their_own_normal():
    found = ratios(_counts("a", 100, 30, 1.0, every=3), _sites("a"), CALENDAR, AS_OF)
    rest = found.frame.filter(pl.col("date").dt.weekday() > 5)
    assert rest.height > 10
    assert rest["ratio"].mean() == pytest.approx(1.0, abs=0.06)


def test_intervals_cover_the_spread_about_the_level():
    found = ratios(_counts("a", 100, 90, 1.0, every=2, noise=0.15), _sites("a"), CALENDAR, AS_OF).frame
    inside = ((found["ratio"] - 1).abs() < 1.645 * found["sd"]).mean()
    assert 0.8 < inside <= 1.0


def test_the_future_is_not_known():
    counts = _counts("a", 100, 30, 0.4)
    early = ratios(counts, _sites("a"), CALENDAR, date(2020, 1, 10)).frame
    assert early["date"].max() <= date(2020, 1, 10)


def test_lots_without_a_normal_are_left_out_and_said_so():
    counts = pl.concat(
        [_counts("a", 100, 1.0, 1.0, every=3), _counts("empty", 1.0, 1.0, 1.0), _counts("b", 80, 20, 1.0)[-3:]]
    )
    found = ratios(counts, _sites("a", "b", "empty"), CALENDAR, AS_OF)
    assert set(found.frame["key"]) == {"a"}
    assert (found.frame["date"].dt.weekday() <= 5).all()
    assert "are needed" in found.left_out["a on days off"]
    assert "counts between" in found.left_out["b"]
    assert "vehicles are normal" in found.left_out["empty on working days"]


def test_a_day_type_with_few_counts_borrows_from_the_group():
    weekdays = _counts("b", 100, 30, 1.0, every=3)
    few = weekdays.filter((pl.col("day").dt.weekday() <= 5) | (pl.col("day") > date(2019, 12, 31)))
    counts = pl.concat([_counts("a", 60, 18, 1.0, every=3), few])
    found = ratios(counts, _sites("a", "b"), CALENDAR, AS_OF).frame
    rest = found.filter(pl.col("key") == "b", pl.col("date").dt.weekday() > 5)
    assert rest["ratio"].mean() == pytest.approx(1.0, abs=0.12)


def test_no_count_gives_an_empty_frame():
    found = ratios(_counts("a", 10, 5, 1.0).clear(), _sites("a"), CALENDAR, AS_OF)
    assert found.frame.schema == RATIOS
    assert "0 counts" in found.left_out["a"]


def test_lots_that_are_seen_at_different_hours_have_a_normal_for_each():
    """The lot is half as full in the afternoon; in 2020 it is seen in the afternoon only, and nothing has happened."""
    morning = _counts("a", 100, 90, 1.0, every=4).filter(pl.col("day") <= date(2019, 12, 31))
    counts = pl.concat([morning, _counts("a", 50, 45, 1.0, every=4, hour=13.5, begin=2)])
    found = ratios(counts, _sites("a"), CALENDAR, AS_OF).frame
    after = found.filter(pl.col("date") >= date(2020, 1, 1))
    assert after.height > 5
    assert after["ratio"].mean() == pytest.approx(1.0, abs=0.06)
    assert found.filter(pl.col("date") < date(2020, 1, 1))["ratio"].std() < 0.12


def test_an_hour_without_counts_in_the_baseline_borrows_from_the_group_or_is_left_out():
    morning = _counts("a", 100, 90, 1.0, every=4)
    afternoon = _counts("a", 50, 45, 1.0, every=4, hour=13.5, begin=2)
    new = afternoon.filter(pl.col("day") > date(2020, 1, 10))
    alone = ratios(pl.concat([morning, new]), _sites("a"), CALENDAR, AS_OF)
    assert alone.frame["date"].n_unique() == alone.frame.height == morning.height
    assert alone.left_out["a on working days at 12-15 h"] == "too few counts"
    other = pl.concat([_counts("b", 80, 70, 1.0, every=4), _counts("b", 40, 35, 1.0, every=4, hour=13.5, begin=2)])
    found = ratios(pl.concat([morning, new, other]), _sites("a", "b"), CALENDAR, AS_OF).frame
    borrowed = found.filter(pl.col("key") == "a").join(new.select(date="day"), on="date", how="semi")
    assert borrowed.height == new.height
    assert borrowed["ratio"].mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("level", [1.0, 0.1])
def test_the_sd_is_that_of_stalls_that_are_taken_or_not(level):
    """120 stalls, three of four taken on a normal day: drawn ratios scatter as much as the sd says, also near zero."""
    rng, z = np.random.default_rng(1), []
    for _ in range(12):
        counts = _counts("a", 90, 90, 1.0, every=2).with_columns(sd=pl.lit(0.5))
        now = pl.Series([0.75 * (1.0 if d <= date(2019, 12, 31) else level) for d in counts["day"]])
        drawn = rng.binomial(120, now * np.exp(0.04 * rng.standard_normal(counts.height)))
        counts = counts.with_columns(vehicles=pl.Series(drawn.astype(float)))
        found = ratios(counts, _sites("a"), CALENDAR, AS_OF).frame.filter(pl.col("date") > date(2019, 12, 31))
        z += [((found["ratio"] - level) / found["sd"]).to_numpy()]
    assert np.concatenate(z).std() == pytest.approx(1.0, abs=0.25)
