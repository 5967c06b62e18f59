from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.nowcast import festival, panel
from solarnet_assets.storage.schemas import Festival


@pytest.mark.parametrize("day", [date(2019, 2, 5), date(2020, 1, 25), date(2021, 2, 12)])
def test_the_festival_moves(day):
    assert festival.spring_festival(day.year) == day


def test_days_are_compared_by_their_distance_from_it():
    assert festival.partner(date(2020, 1, 29), "CN") == date(2019, 2, 9)
    assert festival.partner(date(2020, 1, 10), "CN") is None
    assert festival.partner(date(2020, 2, 16), "CN") is None
    assert festival.partner(date(2020, 1, 29), "DE") is None


def test_what_is_read_is_the_season_and_the_weeks_on_both_sides():
    days = list(festival.days(date(2020, 1, 29), "CN"))
    assert (days[0], days[-1], len(days)) == (date(2018, 12, 17), date(2019, 3, 19), 93)
    before, after = festival.ordinary_weeks(2019)
    assert (before[1], after[0]) == (date(2019, 1, 21), date(2019, 2, 27))
    assert list(festival.days(date(2020, 3, 1), "CN")) == []


def dip(seed, depth, n_sites=20, clear=0.57):
    """Passes every five days over a season in which all sites dip, each relative to its ordinary weeks."""
    rng = np.random.default_rng(seed)
    first, last = festival.reach(2019)
    rows, truth = [], {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        offset = (day - festival.spring_festival(2019)).days
        truth[day] = 100 - depth * float(np.interp(offset, [-12, -2, 5, 17], [0, 1, 1, 0]))
    for site in range(n_sites):
        days = [first + timedelta(days=int(d)) for d in range(site % 5, 93, 5) if rng.random() < clear]
        noise = np.exp(0.13 * rng.standard_normal(len(days)))
        for day, factor in zip(days, noise, strict=True):
            level = truth[day] / 100
            rows.append((f"s{site:02d}", f"r{site % 5}", "mill", 1.0, day, level * factor, 0.13 * level + 0.02))
    names = ["key", "region", "group", "weight", "date", "ratio", "sd"]
    return pl.DataFrame(rows, schema=names, orient="row"), truth


def season_of(frame):
    last, window = festival.reach(2019)[1], 92
    return panel.levels(frame, last, "CN", window, window=window, spans=festival.ordinary_weeks(2019))


@pytest.mark.parametrize("depth", [0.0, 20.0])
def test_the_ordinary_dip_is_found_and_held(depth):
    held, errors = [], []
    for seed in range(4):
        frame, truth = dip(seed, depth)
        season = season_of(frame)
        for n in range(36):
            day = date(2020, 1, 11) + timedelta(days=n)
            rows = festival.ordinary(day, "CN", season)
            Festival.validate(rows)
            country = rows.filter(pl.col("level") == "country").row(0, named=True)
            known = truth[country["partner"]]
            held.append(country["lower"] <= known <= country["upper"])
            errors.append(country["ordinary"] - known)
    assert np.sqrt(np.mean(np.square(errors))) <= 4.0
    assert abs(np.mean(errors)) <= 2.0
    assert np.mean(held) >= 0.8


def test_few_passes_shrink_a_site_to_the_others():
    """A site with hardly a pass in the season takes the common dip, with a wider interval."""
    frame, truth = dip(3, 20.0)
    (_, early), (late, _) = festival.ordinary_weeks(2019)
    hidden = (pl.col("key") == "s04") & pl.col("date").is_between(early + timedelta(1), late - timedelta(1))
    day, site = date(2020, 1, 26), pl.col("key") == "s04"
    unseen, seen = (
        festival.ordinary(day, "CN", season_of(passes)).filter(site).row(0, named=True)
        for passes in (frame.filter(~hidden), frame)
    )
    assert unseen["ordinary"] == pytest.approx(truth[date(2019, 2, 6)], abs=6)
    assert unseen["upper"] - unseen["lower"] > seen["upper"] - seen["lower"]


def test_outside_the_season_ordinary_is_a_hundred_and_unobserved_seasons_have_no_row():
    nothing = panel.ROWS_SCHEMA.to_frame()
    rows = festival.ordinary(date(2020, 3, 10), "CN", nothing)
    assert rows.select("level", "key", "ordinary", "lower", "upper").rows() == [("country", "CN", 100, 100, 100)]
    Festival.validate(rows)
    assert festival.ordinary(date(2020, 1, 26), "CN", nothing).is_empty()
