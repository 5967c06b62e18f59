from datetime import date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from solarnet_assets.evaluation.commuting_pings import Asked, count_folder
from solarnet_assets.evaluation.commuting_pings_command import print_pings
from solarnet_assets.landing import BadInputError

START, DEVICES, WORKERS = date(2020, 1, 2), 60, 40
HOURS = np.array([1.0, 3.0, 5.0, 10.0, 11.0, 14.0, 15.0, 20.0])


def fixes(days, zone="Asia/Shanghai", lat=39.9, lon=116.4):
    """Forty people who work five kilometres east, and twenty who stay at home."""
    rng = np.random.default_rng(4)
    for day in days:
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
        away = (HOURS > 9) & (HOURS < 16) & (day.weekday() < 5)
        device, slot = np.divmod(np.arange(DEVICES * len(HOURS)), len(HOURS))
        east = np.where((device < WORKERS) & away[slot], 0.05, 0.0) + rng.normal(0, 1e-4, len(device))
        yield pl.DataFrame(
            {"device_id": device.astype(str), "timestamp": midnight + (3600 * HOURS[slot]).astype(int)}
        ).with_columns(lat=pl.Series(lat + 0.001 * device), lon=pl.Series(lon + east))


@pytest.fixture
def folder(tmp_path):
    """Ten days in one file, as a stranger would bring them."""
    days = [START + timedelta(days=n) for n in range(10)]
    target = tmp_path / "pings"
    target.mkdir()
    pl.concat(list(fixes(days))).write_csv(target / "all.csv")
    return target


def test_a_stranger_gets_counts_of_short_data_and_is_told_whose(folder):
    found = count_folder(Asked(folder))
    assert found.read == found.used == 10 * DEVICES * len(HOURS)
    assert found.cities["timezone"].to_list() == ["Etc/GMT-8"]
    assert found.places == (DEVICES, WORKERS)
    monday = found.counts.filter(pl.col("day") == date(2020, 1, 6)).row(0, named=True)
    assert (monday["panel"], monday["commuters_seen"]) == (WORKERS, WORKERS)
    assert monday["commuters"] == pytest.approx(WORKERS, abs=1)
    sunday = found.counts.filter(pl.col("day") == date(2020, 1, 5)).row(0, named=True)
    assert sunday["commuters"] == 0
    assert found.counts["panel_day"].unique().to_list() == [date(2020, 1, 11)]


def test_the_command_says_what_was_read_and_what_was_refused(folder):
    (folder / "broken.parquet").write_bytes(b"PAR1 but no more")
    far = next(iter(fixes([START]))).with_columns(pl.col("lat") - 30)
    far.write_csv(folder / "far.csv")
    console = Console(width=160, record=True, file=StringIO())
    print_pings(Asked(folder), console)
    text = console.export_text()
    assert f"{10 * DEVICES * len(HOURS):,} pings used" in text
    assert "outside every city" in text
    assert "Parquet file is damaged" in text
    assert "younger than 28 days" in text
    assert "2020-01-06" in text


def test_small_panels_are_withheld(folder):
    console = Console(width=160, record=True, file=StringIO())
    print_pings(Asked(folder, k=50), console)
    text = console.export_text()
    assert "Every panel is smaller than 50 devices" in text
    assert "40" not in text.split("Commuters of the panel")[1].split("younger")[0].replace("2020-01", "")


def test_where_nobody_works_what_was_seen_is_shown(tmp_path):
    (tmp_path / "pings").mkdir()
    pl.concat(list(fixes([START, START + timedelta(days=1)]))).write_parquet(tmp_path / "pings" / "two.parquet")
    console = Console(width=160, record=True, file=StringIO())
    print_pings(Asked(tmp_path / "pings"), console)
    text = console.export_text()
    assert "nobody's commuting can be counted" in text
    assert "2020-01-03" in text
    assert "480" in text


def test_cities_come_from_a_file_and_days_from_paths(tmp_path):
    days = [START + timedelta(days=n) for n in range(8)]
    for day, frame in zip(days, fixes(days, "Europe/Paris", 48.9, 2.3), strict=True):
        path = tmp_path / "pings" / day.isoformat() / "p.parquet"
        path.parent.mkdir(parents=True)
        frame.write_parquet(path)
    (tmp_path / "cities.csv").write_text("city,lon,lat,timezone\nparis,2.3,48.9,Europe/Paris\nelsewhere,9,45,\n")
    found = count_folder(Asked(tmp_path / "pings", tmp_path / "cities.csv", country="FR"))
    assert found.cities["city"].to_list() == ["paris", "elsewhere"]
    assert found.cities["timezone"].to_list() == ["Europe/Paris", "Etc/GMT-1"]
    weekday = found.counts.filter(pl.col("day") == date(2020, 1, 7)).row(0, named=True)
    assert (weekday["city"], weekday["commuters_seen"]) == ("paris", WORKERS)


def test_four_weeks_and_more_are_counted_with_the_panel_that_was_known(tmp_path):
    days = [START + timedelta(days=n) for n in range(32)]
    (tmp_path / "pings").mkdir()
    pl.concat(list(fixes(days))).write_parquet(tmp_path / "pings" / "all.parquet")
    found = count_folder(Asked(tmp_path / "pings"))
    known = dict(found.counts.select("day", "panel_day").iter_rows())
    full = START + timedelta(days=27)
    assert known[START] == known[full] == full
    assert known[days[-1]] in {full, days[-1]}


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n"])
def test_a_folder_without_pings_is_one_sentence(tmp_path, content):
    if content is not None:
        (tmp_path / "x.csv").write_text(content)
    with pytest.raises(BadInputError, match=r"\w+"):
        count_folder(Asked(tmp_path))


def test_times_without_a_zone_are_refused_with_what_to_do(tmp_path):
    (tmp_path / "x.csv").write_text("device_id,timestamp,lat,lon\na,2020-01-02 10:00:00,39.9,116.4\n")
    with pytest.raises(BadInputError, match="zone"):
        count_folder(Asked(tmp_path))
    assert count_folder(Asked(tmp_path, naive_timezone="Asia/Shanghai")).used == 1


def test_bad_lists_of_cities_are_one_sentence(tmp_path, folder):
    for text, reason in (("city,lon\nx,1\n", "lat"), ("city,lon,lat\nx,500,1\n", "does not fit")):
        (tmp_path / "cities.csv").write_text(text)
        with pytest.raises(BadInputError, match=reason):
            count_folder(Asked(folder, tmp_path / "cities.csv"))
