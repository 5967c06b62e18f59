"""The composite: weighted where everything is there, filled by the model where it is not, and always adding up."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.nowcast.index import recovery_index

WEIGHTS = {"commuting": 0.6, "steel": 0.25, "parking": 0.15}
NAMES = ("commuting", "steel", "parking")
FIRST = date(2020, 1, 1)
DAYS = 90
SD = 1.5


def components(seed=0, shared=1.0):
    """Three components that fall together by 60, 45 and 40 points within five days and come half way back."""
    rng = np.random.default_rng(seed)
    t = np.arange(DAYS)
    path = -np.clip((t - 40) / 5, 0, 1) + 0.5 * np.clip((t - 50) / 30, 0, 1)
    own = np.cumsum(rng.normal(0, 0.4, (DAYS, 3)), axis=0)
    return 100 + shared * path[:, None] * (60, 45, 40) + own


def table(values, missing=()):
    rows = [
        ("country", "CN", name, FIRST + timedelta(days=day), values[day, k], values[day, k] - 1.645 * SD,
         values[day, k] + 1.645 * SD)
        for k, name in enumerate(NAMES)
        for day in range(len(values))
        if (day, name) not in missing
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["level", "region", "signal", "day", "value", "lower", "upper"], orient="row")


def made(known, day=DAYS - 1, kind="weights"):
    frame = recovery_index(known, WEIGHTS, FIRST + timedelta(days=day))
    return frame.filter(pl.col("kind") == kind).sort("date")


def weighted(values, day):
    return float(values[day] @ [WEIGHTS[name] for name in NAMES])


def test_a_complete_day_is_the_weighted_mean_with_the_errors_of_its_parts():
    values = components()
    row = made(table(values)).row(-1, named=True)
    assert row["date"] == FIRST + timedelta(days=DAYS - 1)
    assert row["value"] == pytest.approx(weighted(values, DAYS - 1))
    sd = SD * np.sqrt(sum(weight**2 for weight in WEIGHTS.values()))
    assert row["upper"] - row["value"] == pytest.approx(1.645 * sd, rel=1e-3)


@pytest.mark.parametrize("kind", ["weights", "factor"])
def test_contributions_add_up(kind):
    known = table(components(), {(DAYS - 1, "commuting"), (DAYS - 5, "steel")})
    rows = made(known, kind=kind)
    assert rows.height == 22
    for row in rows.iter_rows(named=True):
        parts = row["parts"]
        assert sum(part["contribution"] for part in parts) == pytest.approx(row["value"] - 100)
        assert [part["signal"] for part in parts] == sorted(NAMES)
        assert sum(part["weight"] for part in parts) == pytest.approx(1.0)


def test_a_gap_in_the_fall_is_filled_from_the_others_and_not_carried_forward():
    values = components()
    gap = {(day, "commuting") for day in range(41, 46)}
    rows = made(table(values, gap), day=60).filter(pl.col("date") < FIRST + timedelta(days=46))
    assert rows.height == 7
    for row in rows.iter_rows(named=True):
        day = (row["date"] - FIRST).days
        carried = weighted(np.array([[values[min(day, 40), 0], *values[day, 1:]]]), 0)
        error = abs(row["value"] - weighted(values, day))
        assert error <= abs(carried - weighted(values, day)) / 2 + 0.5
        assert row["lower"] < weighted(values, day) < row["upper"]


def test_a_missing_component_widens_the_interval_and_is_marked():
    values = components()
    whole, part = made(table(values)).row(-1, named=True), made(table(values, {(89, "commuting")})).row(-1, named=True)
    assert part["upper"] - part["lower"] > whole["upper"] - whole["lower"]
    assert {p["signal"]: p["observed"] for p in part["parts"]} == {"commuting": False, "parking": True, "steel": True}


def test_a_day_on_which_nothing_was_seen_has_no_row():
    rows = made(table(components(), {(80, name) for name in NAMES}))
    assert rows.height == 21
    assert FIRST + timedelta(days=80) not in rows["date"].to_list()


def test_what_is_known_later_changes_nothing():
    values = components()
    changed = values.copy()
    changed[71:] -= 30
    assert made(table(values), day=70).equals(made(table(changed), day=70))


def test_the_factor_leaves_out_what_one_component_does_alone():
    values = components()
    values[80:, 2] -= 40
    as_weighted, common = made(table(values)), made(table(values), kind="factor")
    before = as_weighted["date"].to_list().index(FIRST + timedelta(days=79))
    assert as_weighted["value"][-1] < as_weighted["value"][before] - 4
    assert common["value"][-1] > common["value"][before] - 0.5
    assert all(part["loading"] > 0 for part in common["parts"][-1])


def test_a_short_history_gives_complete_days_only():
    known = table(components(), {(10, "steel")})
    rows = made(known, day=20)
    assert rows["date"].to_list() == [FIRST + timedelta(days=n) for n in range(21) if n != 10]
    assert rows["parts"][0][0]["loading"] is None
    assert made(known, day=20, kind="factor").is_empty()


def test_components_that_never_move_and_areas_that_lack_one():
    flat = np.full((DAYS, 3), 100.0)
    rows = made(table(flat, {(85, "steel")}))
    assert rows["value"].to_list() == pytest.approx([100.0] * 22)
    lacking = table(components()).filter(pl.col("signal") != "parking")
    assert recovery_index(lacking, WEIGHTS, FIRST + timedelta(days=DAYS)).is_empty()


def test_an_area_that_has_lost_a_component_since_the_others_began_has_none():
    known = table(components()).filter((pl.col("signal") != "steel") | (pl.col("day") < FIRST + timedelta(days=10)))
    late = known.filter((pl.col("signal") != "parking") | (pl.col("day") >= FIRST + timedelta(days=20)))
    assert recovery_index(late, WEIGHTS, FIRST + timedelta(days=DAYS)).is_empty()


def test_a_gap_in_a_fall_is_wider_than_one_of_a_calm_day():
    values = components()
    values[41:48] += 8 * np.random.default_rng(3).normal(size=(7, 3))  # they part on the way down
    gaps = {(day, "commuting") for day in (30, 31, 43, 44)}
    rows = {row["date"]: row for row in made(table(values, gaps), day=50).iter_rows(named=True)}
    calm, fall = (rows[FIRST + timedelta(days=day)] for day in (31, 43))
    assert fall["upper"] - fall["lower"] > 1.3 * (calm["upper"] - calm["lower"])


def test_a_fall_that_has_just_begun_takes_the_component_that_is_late_along():
    values = np.full((DAYS, 3), 100.0) + np.random.default_rng(1).normal(0, 0.5, (DAYS, 3))
    values[88:] -= 30
    row = made(table(values, {(88, "commuting"), (89, "commuting")})).row(-1, named=True)
    assert row["value"] < 78
    assert row["lower"] < weighted(values, 89) < row["upper"]


def test_the_factor_stays_down_with_components_that_stay_down():
    days = np.arange(110)
    fall = np.interp(days, [0, 50, 56], [100.0, 100.0, 40.0])[:, None]
    values = fall + 3 * np.random.default_rng(0).normal(size=(110, 3))
    rows = made(table(values), day=109, kind="factor")
    assert rows["value"].to_numpy() == pytest.approx(np.full(22, 40.0), abs=4.0)


def test_nothing_is_below_zero_and_contributions_say_so_too():
    values = np.full((DAYS, 3), 100.0) + np.random.default_rng(1).normal(0, 0.5, (DAYS, 3))
    values[40:] -= (96, 50, 50)
    values[88:, 1:] -= 45
    for kind in ("weights", "factor"):
        rows = made(table(values, {(88, "commuting"), (89, "commuting")}), kind=kind)
        assert rows["parts"].explode().struct.field("value").min() == 0
        assert (rows["lower"] <= rows["value"]).all()
        added = rows["parts"].list.eval(pl.element().struct.field("contribution")).list.sum()
        assert added.to_numpy() == pytest.approx(rows["value"].to_numpy() - 100)


def test_intervals_hold_values_that_were_hidden():
    held = []
    for seed in range(12):
        values = components(seed, shared=0.5 + seed / 12)
        hidden = {(day, name) for day, name in zip(range(70, 90), NAMES * 7, strict=False)}
        for row in made(table(values, hidden)).iter_rows(named=True):
            truth = weighted(values, (row["date"] - FIRST).days)
            held.append(row["lower"] <= truth <= row["upper"])
    assert np.mean(held) > 0.9
