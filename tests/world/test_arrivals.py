"""When the simulated country's files are delivered: in time, but for a few."""

import re
from datetime import date, timedelta

from solarnet_assets.sources.arrivals import known_day
from solarnet_assets.world import arrivals
from solarnet_assets.world.scenario import load_scenario

FIRST, DAYS = date(2019, 9, 1), 300


def delivered(scenario, kind, names, tmp_path):
    """Return day and day of knowledge of each file, and the bytes that say so."""
    found, told = [], b""
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        folder = tmp_path / kind / f"{day}"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
        arrivals.write_arrivals(scenario, kind, day, folder)
        text = (folder / "arrivals.csv").read_text()
        found += [(day, name, known_day(when, "Asia/Shanghai")) for name, when in re.findall(r"(\S+),(2\S+)", text)]
        told += text.encode()
    return found, told


def test_most_files_come_in_time_and_a_few_days_later(tmp_path):
    scenario = load_scenario("published")
    for kind, names in {"steel_scenes": [f"{n}.tif" for n in range(6)], "pings": ["pings-0.parquet"]}.items():
        found, _ = delivered(scenario, kind, names, tmp_path)
        late = [(known - day).days for day, _, known in found if known != day]
        assert 0.005 < len(late) / len(found) < 0.05
        assert min(late) >= 1
        assert max(late) <= 6


def test_the_files_of_a_delivery_come_together_and_the_same_way_every_time(tmp_path):
    scenario = load_scenario("published")
    names = ["s.json", "s.tif", "s_SCL.tif"]
    one, told = delivered(scenario, "steel_scenes", names, tmp_path / "one")
    _, again = delivered(scenario, "steel_scenes", names, tmp_path / "two")
    assert told == again
    assert len({(day, known) for day, _, known in one}) == DAYS


def test_a_day_without_files_stays_empty(tmp_path):
    arrivals.write_arrivals(load_scenario("published"), "posts", FIRST, tmp_path)
    assert list(tmp_path.iterdir()) == []
