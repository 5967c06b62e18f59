from datetime import date, timedelta

import polars as pl
import pytest

from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.homework import home_work, known_places, snapshot_days
from solarnet_assets.mobility.places import METRES_PER_DEGREE
from solarnet_assets.storage.schemas import SCHEMAS

LAST = date(2019, 12, 20)
DAYS = [LAST - timedelta(days=n) for n in range(27, -1, -1)]
CALENDAR = calendar_frame("CN", date(2019, 9, 1), date(2020, 3, 31))
WORKDAYS = CALENDAR.filter("is_workday")["date"].to_list()
HOME = (0, 0)


def row(device, day, x, y, night=0, work=0, slots=None):
    """One device-day in a cell of 250 m; positions are the middles of cells, on the equator's scale."""
    return {
        "day": day,
        "city": "here",
        "device": device,
        "bucket": device % 64,
        "cell_x": x,
        "cell_y": y,
        "lat": (y + 0.5) * 250 / METRES_PER_DEGREE,
        "lon": (x + 0.5) * 250 / METRES_PER_DEGREE,
        "night_slots": night,
        "work_slots": work,
        "work_mask": (1 << work) - 1,
        "slots": night + work if slots is None else slots,
        "pings": 9,
    }


def frame(rows):
    types = {name: column.dtype for name, column in SCHEMAS["device_days"].columns().items()}
    return pl.DataFrame(rows, schema={"day": pl.Date, **types})


def commuter(device, at=(20, 0), days=DAYS, share=1.0):
    """Nights and evenings at home; working days at ``at`` for a share of the hours."""
    rows = []
    for day in days:
        working = day in WORKDAYS
        rows.append(row(device, day, *HOME, night=3, work=round(4 * (1 - share)) if working else 3, slots=9))
        if working and share:
            rows.append(row(device, day, *at, work=round(4 * share), slots=round(5 * share)))
    return rows


def located(rows, **options):
    return SCHEMAS["home_work"].validate(home_work(frame(rows), LAST, CALENDAR, **options))


def place(found, device, what):
    one = found.filter(pl.col("device") == device)
    lat, lon = one[f"{what}_lat"].item(), one[f"{what}_lon"].item()
    return None if lat is None else (int(lon * METRES_PER_DEGREE // 250), int(lat * METRES_PER_DEGREE // 250))


def test_a_commuter_has_home_and_work():
    found = located(commuter(1))
    assert place(found, 1, "home") == (0, 0)
    assert place(found, 1, "work") == (20, 0)
    record = found.row(0, named=True)
    working = sum(day in WORKDAYS for day in DAYS)
    assert (record["nights"], record["workdays"], record["observed_workdays"]) == (28, working, working)
    assert record["confidence"] == 1.0


def test_nobody_works_in_the_neighbouring_cell():
    found = located(commuter(1, at=(1, 1)) + commuter(2, at=(0, 2)))
    assert found["home_lat"].null_count() == 0
    assert found["work_lat"].null_count() == 2


def test_an_errand_is_not_a_workplace():
    assert located(commuter(1, at=(5, 0), share=0.25))["work_lat"].null_count() == 1


def test_a_few_days_are_not_a_workplace():
    days = commuter(1, share=0) + [row(1, day, 20, 0, work=9) for day in DAYS if day in WORKDAYS][:2]
    assert located(days)["work_lat"].null_count() == 1


def test_weekends_do_not_count_as_work():
    rows = commuter(1, share=0) + [row(1, day, 20, 0, work=9) for day in DAYS if day not in WORKDAYS]
    assert located(rows)["work_lat"].null_count() == 1


def test_half_the_days_are_enough():
    working = [day for day in DAYS if day in WORKDAYS]
    rows = [r for r in commuter(1) if r["cell_x"] == 0 or r["day"] in working[::2]]
    rows += [row(1, day, *HOME, work=4) for day in working[1::2]]
    assert place(located(rows), 1, "work") == (20, 0)


def test_noise_over_cell_borders_is_one_place():
    rows = [{**r, "cell_x": r["cell_x"] + n % 2} if r["cell_x"] == 20 else r for n, r in enumerate(commuter(1))]
    record = located(rows).row(0, named=True)
    assert record["workdays"] == record["observed_workdays"]


def test_a_night_shift_has_no_daytime_workplace():
    at_night = [row(1, day, 20, 0, night=3, slots=4) for day in DAYS if day in WORKDAYS]
    by_day = [row(1, day, *HOME, work=5, slots=11, night=3 * (day not in WORKDAYS)) for day in DAYS]
    assert located(at_night + by_day)["work_lat"].null_count() == 1


def test_a_phone_that_is_off_at_night_has_its_evenings():
    rows = [{**r, "night_slots": 0} for r in commuter(1)]
    found = located(rows)
    assert place(found, 1, "home") == (0, 0)
    assert place(found, 1, "work") == (20, 0)
    assert found["nights"].item() == 0


def test_only_the_window_counts():
    before = commuter(1, at=(40, 0), days=[LAST - timedelta(days=n) for n in range(60, 28, -1)])
    assert place(located(before + commuter(1)), 1, "work") == (20, 0)
    assert located(before).is_empty()


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_buckets_do_not_change_the_result(at_once):
    rows = [r for device in range(1, 30) for r in commuter(device, at=(10 + device, 3))]
    assert located(rows, buckets_at_once=at_once).equals(located(rows))


def test_an_empty_window_is_empty():
    assert located([]).is_empty()


def test_a_month_at_home_does_not_forget_the_workplace():
    now, before = located(commuter(1, share=0)), located(commuter(1))
    assert known_places([now]).is_empty()
    assert known_places([now, before]).height == 1


def test_newcomers_wait_until_the_oldest_table_knows_them():
    now = located([r for device in range(1, 6) for r in commuter(device)])
    before = now.head(4)
    assert known_places([now, before])["device"].to_list() == [1, 2, 3, 4]
    first_days = now.head(3)
    assert known_places([now, before, first_days])["device"].to_list() == [1, 2, 3, 4]


def test_without_any_table_nobody_is_known():
    assert known_places([]).is_empty()
    assert known_places([located([]), located([])]).is_empty()


def test_snapshots_go_back_three_windows():
    assert snapshot_days(LAST)[0] == LAST
    assert (LAST - snapshot_days(LAST)[-1]).days == 84
