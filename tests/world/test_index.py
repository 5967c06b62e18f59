"""The published index: a ratio of two years that moves with drift, day type and curve as meant."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.world.almanac import is_workday
from solarnet_assets.world.index import normal_level, write_index
from solarnet_assets.world.scenario import City, Scenario, Signals

NORMAL = [(date(2020, 1, 1), 100.0)]
SLUMP = [(date(2020, 2, 1), 100.0), (date(2020, 2, 2), 50.0)]


def scenario(curve=NORMAL, seed=3):
    cities = [City(id=k, name=k, region=k, lon=110, lat=30, panel=0, index=k != "c") for k in "abc"]
    signals = Signals(steel=NORMAL, parking=NORMAL, commuting=curve, sectors={})
    return Scenario(
        name="t", seed=seed, start=date(2020, 1, 1), end=date(2020, 3, 15), signals=signals, cities=cities, mills=[],
        lots=[], farms=[],
    )  # fmt: skip


def intensities(world, days, folder):
    frames = []
    for day in days:
        write_index(world, day, folder)
        frames.append(pl.read_csv(folder / "index.csv", try_parse_dates=True))
    return pl.concat(frames)


def test_columns_bytes_and_cities(tmp_path):
    write_index(scenario(), date(2020, 1, 8), tmp_path)
    first = (tmp_path / "index.csv").read_bytes()
    frame = pl.read_csv(tmp_path / "index.csv", try_parse_dates=True)
    assert frame.columns == ["city", "day", "intensity"]
    assert frame["city"].to_list() == ["a", "b"]
    assert frame["day"].unique().to_list() == [date(2020, 1, 8)]
    write_index(scenario(), date(2020, 1, 8), tmp_path)
    assert (tmp_path / "index.csv").read_bytes() == first
    write_index(scenario(seed=4), date(2020, 1, 8), tmp_path)
    assert (tmp_path / "index.csv").read_bytes() != first


def test_base_drifts_by_a_fifth_a_year_and_the_curve_halves_it(tmp_path):
    days = [date(2020, 2, 20) + timedelta(days=k) for k in range(14)]
    quiet, slump = (intensities(scenario(c), days, tmp_path)["intensity"] for c in (NORMAL, SLUMP))
    assert (slump / quiet).to_numpy() == pytest.approx(0.5, rel=1e-3)
    before = intensities(scenario(), [d - timedelta(days=364) for d in days], tmp_path)["intensity"]
    assert quiet.mean() / before.mean() == pytest.approx(1.2, abs=0.06)


def test_noise_is_three_percent(tmp_path):
    world = scenario()
    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(74)]
    seen = intensities(world, days, tmp_path)["intensity"].to_numpy().reshape(-1, 2)
    normal = np.array([[normal_level(world, c, d) for c in world.cities[:2]] for d in days])
    assert np.log(seen / normal).std() == pytest.approx(0.03, abs=0.007)


def test_days_off_and_festival_are_lower_and_smooth():
    world = scenario()
    level = {
        d: normal_level(world, world.cities[0], d) for d in (date(2020, 3, 1) + timedelta(days=k) for k in range(14))
    }
    work, off = (np.mean([v for d, v in level.items() if is_workday(d) == w]) for w in (True, False))
    assert 0.7 < off / work < 0.9
    festival = normal_level(world, world.cities[0], date(2020, 1, 26))
    assert 0.4 < festival / off < 0.7


def test_truth_details(tmp_path):
    truth = write_index(scenario(SLUMP), date(2020, 2, 20), tmp_path)
    assert truth.filter(quantity="index_percent_of_normal")["value"].to_list() == [50.0, 50.0]


def test_without_cities_nothing_is_written(tmp_path):
    world = scenario()
    truth = write_index(world.model_copy(update={"cities": world.cities[2:]}), date(2020, 1, 8), tmp_path)
    assert truth.is_empty()
    assert not list(tmp_path.iterdir())
