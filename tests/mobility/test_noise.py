from datetime import date

import numpy as np
import polars as pl
import pytest

from solarnet_assets.mobility.commute import city_commuters
from solarnet_assets.mobility.noise import Noise, Sums, noise_of
from solarnet_assets.mobility.presence import TALLY
from solarnet_assets.storage.schemas import SCHEMAS

DAY, KEY = date(2020, 2, 9), b"secret"


def tallies(panel=4000, share=0.6, city="here"):
    per = panel / 64
    rows = [(city, bucket, per, 0.9 * per, share * 0.9 * per, 0.05 * per, 0.8 * share * per) for bucket in range(64)]
    return pl.DataFrame(rows, schema=dict.fromkeys(TALLY, pl.Float64) | {"city": pl.String}, orient="row").cast(TALLY)


def sums(panel=4000.0):
    return Sums(panel, 0.9 * panel, 0.5 * panel, 0.1 * panel, 0.4 * panel)


def draws(epsilon, n=3000):
    found = [Noise(epsilon, KEY, DAY).add(f"city{number}", sums())[0] for number in range(n)]
    return np.array([[x.heard - 3600, x.weight - 2000, x.commuters_seen - 1600] for x in found])


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_noise_is_laplace_with_the_scale_that_the_budget_asks_for(epsilon):
    noise = draws(epsilon)
    expected = Noise(epsilon, KEY, DAY).variance
    assert expected == pytest.approx(2 * (6 / epsilon) ** 2, rel=0.05)  # Laplace: 2 b^2, b = sensitivity / epsilon
    assert noise.var(axis=0) == pytest.approx(np.full(3, expected), rel=0.2)
    assert abs(noise.mean(axis=0)).max() < 0.1 * np.sqrt(expected)
    assert abs(np.corrcoef(noise.T)[np.triu_indices(3, 1)]).max() < 0.06
    near, far = (abs(noise[:, 0]) <= 1).mean(), (abs(noise[:, 0]) > 12 / epsilon).mean()
    assert near > 0.2 * epsilon / 2
    assert far == pytest.approx(np.exp(-2), rel=0.25)


def test_the_same_data_give_the_same_row_and_changed_data_fresh_noise():
    noise = Noise(1.0, KEY, DAY)
    first, again = (city_commuters(tallies(), noise=noise) for _ in range(2))
    assert first.equals(again)
    more = noise.add("here", sums(4001.0))[0].panel - noise.add("here", sums(4000.0))[0].panel
    others = [
        noise.add("here", sums(4000.0 + n))[0].panel - n - noise.add("here", sums(4000.0))[0].panel for n in range(8)
    ]
    assert len(set(others)) > 3, more
    other = [Noise(1.0, key, day).add("here", sums())[0].heard for key, day in ((b"x", DAY), (KEY, date(2020, 2, 10)))]
    assert noise.add("here", sums())[0].heard not in other


def test_rows_say_their_budget_and_intervals_hold_the_truth():
    held = []
    for number in range(200):
        noise = Noise(1.0, KEY, date.fromordinal(DAY.toordinal() + number))
        (row,) = city_commuters(tallies(640), noise=noise).rows(named=True)
        held.append(abs(row["commuters"] - 384) <= 1.645 * row["commuters_sd"])
        assert row["epsilon"] == 1.0
    exact = city_commuters(tallies(640)).row(0, named=True)
    assert exact["epsilon"] is None
    assert row["commuters_sd"] > 2 * exact["commuters_sd"]
    assert row["share_sd"] > exact["share_sd"]
    assert 0.85 <= np.mean(held) <= 0.99


def test_small_cities_stay_in_range_and_are_suppressed_by_what_is_published():
    frames = [
        city_commuters(tallies(64), k=60, noise=Noise(0.2, KEY, date.fromordinal(DAY.toordinal() + n)))
        for n in range(80)
    ]
    for frame in frames:
        SCHEMAS["city_commuters"].validate(frame)
    suppressed = [frame["suppressed"].item() for frame in frames]
    assert 0.1 < np.mean(suppressed) < 0.9


def test_no_budget_means_no_noise():
    assert noise_of(None, KEY, DAY) is None
    assert noise_of(0.5, KEY, DAY).key != KEY
