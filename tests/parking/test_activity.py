from datetime import date, timedelta

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
            "capacity": [120.0] * len(names),
        }
    )


def _counts(site, work, rest, after, every=5, noise=0.05):
    rng = np.random.default_rng(4)
    rows = []
    for day in DAYS[::every]:
        level = (work if day.weekday() < 5 else rest) * (after if day >= date(2020, 1, 24) else 1.0)
        rows.append(
            {"day": day, "site_id": site, "image_id": f"{site}{day}", "valid": True,
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
