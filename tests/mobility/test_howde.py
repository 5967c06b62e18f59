"""HoWDe's published rule."""

import polars as pl
import pytest
from month import DAYS, HOME, WORKDAYS, commuter, located, place, row

from solarnet_assets.mobility.homework import rule_named
from solarnet_assets.mobility.howde import HowdeRule, best_homes, best_works
from solarnet_assets.mobility.robust import Rule

RULE = HowdeRule()


def shares(rows):
    return pl.DataFrame(rows, schema=["device", "target", "day", "place", "share"], orient="row")


def days(count, workdays=None):
    workdays = count if workdays is None else workdays
    return pl.DataFrame(
        {
            "device": [1] * count,
            "target": [0] * count,
            "day": range(count),
            "is_workday": [n < workdays for n in range(count)],
        }
    )


def test_home_has_the_largest_mean_share_of_night_hours():
    nights = shares([(1, 0, n, "a", 0.75) for n in range(10)] + [(1, 0, n, "b", 0.25) for n in range(10)])
    assert best_homes(days(10), nights, RULE).select("home", "nights", "seen").row(0) == ("a", 10, 10)
    below = nights.with_columns(share=pl.when(pl.col("place") == "a").then(0.69).otherwise(0.31))
    assert best_homes(days(10), below, RULE).is_empty()


@pytest.mark.parametrize(("nights", "found"), [(4, 0), (5, 1)])
def test_home_needs_more_than_two_fifths_of_the_days(nights, found):
    assert best_homes(days(10), shares([(1, 0, n, "a", 1.0) for n in range(nights)]), RULE).height == found


def test_work_is_visited_often_or_else_long():
    often = [(1, 0, n, "often", 0.1) for n in range(6)]
    long = [(1, 0, n, "long", 0.9) for n in range(5, 10)]
    assert best_works(days(10), shares(often + long), RULE)["work"].item() == "often"
    assert best_works(days(10), shares(often[1:] + long), RULE)["work"].item() == "long"
    assert best_works(days(10), shares([(1, 0, n, str(n), 0.3) for n in range(10)]), RULE).is_empty()


@pytest.mark.parametrize(("away", "found"), [(3, 0), (4, 1)])
def test_days_at_home_speak_against_work(away, found):
    """Of ten days seen, eight are working days; fewer than half may be spent at home."""
    works = shares([(1, 0, n, "a", 1.0) for n in range(away)])
    assert best_works(days(10, workdays=8), works, RULE).height == found


def test_a_well_seen_commuter_has_home_and_work():
    rows = [{**r, "night_slots": 3 * r["night_slots"]} for r in commuter(1)]
    found = located(rows, rule=HowdeRule())
    assert place(found, 1, "home") == (0, 0)
    assert place(found, 1, "work") == (20, 0)
    assert found["workdays"].item() == sum(day in WORKDAYS for day in DAYS)
    assert found["stay_slots"].null_count() == 1


def test_cells_that_touch_are_one_place():
    rows = [{**r, "cell_x": r["cell_x"] + n % 2} if r["cell_x"] == 20 else r for n, r in enumerate(commuter(1))]
    assert located(rows, rule=HowdeRule())["workdays"].item() == sum(day in WORKDAYS for day in DAYS)


def test_home_looks_back_four_weeks_and_work_six():
    moved = [row(1, day, *HOME, night=9, slots=9) for day in DAYS[:2]]
    assert located([*moved, row(1, DAYS[-1], 50, 0, slots=2)], rule=HowdeRule(window_home=20)).is_empty()


def test_the_configuration_names_the_rule():
    assert rule_named("robust", 0.3) == Rule(min_stay=0.3)
    assert rule_named("howde", 0.3) == HowdeRule()
    assert (rule_named("howde", 0.3).window, rule_named("robust", 0.3).window) == (42, 28)


def test_home_is_no_workplace():
    rows = [row(1, day, *HOME, night=9, work=20, slots=40) for day in DAYS]
    found = located(rows, rule=HowdeRule())
    assert place(found, 1, "home") == (0, 0)
    assert found["work_lat"].null_count() == 1
    assert found["work_confidence"].null_count() == 1
